"""What a target is, and what targets share."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

Run = Callable[[bytes], None]


class Wrong(AssertionError):  # noqa: N818 - an answer, not an error
    """The program gave an answer, and not the right one."""


def require(holds: object, what: object) -> None:
    """Raise `Wrong` where something does not hold.

    Parameters
    ----------
    holds : object
        Anything true.
    what : object
        What should hold, or what came instead.
    """
    if not holds:
        raise Wrong(what)


@dataclass(frozen=True)
class Target:
    """A reader of what others wrote, and what must hold of it.

    Attributes
    ----------
    holds : str
        The oracle, for people.
    make : callable
        Takes an empty folder and returns what runs one input; it raises for a finding: `Wrong` for a wrong answer,
        anything
        else for a crash.
    seeds : callable
        Returns what to start from; the same at every call.
    words : sequence of bytes
        What is worth putting into an input.
    """

    holds: str
    make: Callable[[str], Run]
    seeds: Callable[[], Sequence[bytes]]
    words: Sequence[bytes] = ()


class Choices:
    """Bytes that decide: each answer takes some, and where none are left it is the first of what there is to choose from.

    Parameters
    ----------
    data : bytes
        An input.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def below(self, count: int) -> int:
        """Return a number from 0 to `count` - 1.

        Parameters
        ----------
        count : int
            At most 65,536.
        """
        size = 1 if count <= 256 else 2
        part = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part, "little") % max(count, 1)

    def of(self, values: Sequence[T]) -> T:
        """Return one of some values.

        Parameters
        ----------
        values : sequence
            At least one.
        """
        return values[self.below(len(values))]

    def some(self, most: int = 40) -> bytes:
        """Return some bytes, as they stand in the input.

        Parameters
        ----------
        most : int
            How many at most.
        """
        count = self.below(most + 1)
        part = self._data[self._at : self._at + count]
        self._at += count
        return part

    def text(self, most: int = 40) -> str:
        """Return some text, which may be none that UTF-8 has.

        Parameters
        ----------
        most : int
            How many bytes at most.
        """
        return self.some(most).decode("utf-8", "surrogateescape")

    def rest(self) -> bytes:
        """Return all that is left."""
        part = self._data[self._at :]
        self._at = len(self._data)
        return part


HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 1 << 31, 1 << 63, -(1 << 63), 1 << 64, 10**30, 0.5, -0.0, 1e308, float("nan"),
    float("inf"),
    "", "\0", ".", "..", "../outside.txt", "/", "/etc/passwd", "a" * 300, "\udcff", "\ud800", "\u202e", "\r\n", "%s",
    "{}", "\x1b[2J",
    "00" * 32, "ff" * 32, "zz", "L2V0Yy9wYXNzd2Q=", "exact", "keep", "remove", [], {}, [[]], [None], {"": None}, ["",
    1], {"path": "x"},
)  # fmt: skip
"""What a value of JSON or of a database may be instead of what belongs there."""


def edited(document: Any, choices: Choices, values: Sequence[Any] = HOSTILE) -> Any:
    """Return a copy of a document of JSON with some of its parts changed, as the choices say.

    Parameters
    ----------
    document : object
        Plain values.
    choices : Choices
        What decides.
    values : sequence
        What may take the place of a part.

    Returns
    -------
    object
        The document, changed in at most eight places.
    """
    made = json.loads(json.dumps(document))
    for _ in range(1 + choices.below(8)):
        if not choices:
            break
        made = _changed(made, choices, values)
    return made


def _changed(made: Any, choices: Choices, values: Sequence[Any]) -> Any:
    places = [(None, None), *_places(made)]
    holder, key = places[choices.below(len(places))]
    value = json.loads(json.dumps(choices.of(values) if choices.below(4) else choices.text()))  # a list of its own
    if holder is None:
        return value if choices.below(16) == 1 else made
    others = [other[name] for other, name in places[1:]]
    match choices.below(6):
        case 0:
            del holder[key]
        case 1 if others:
            holder[key] = json.loads(json.dumps(choices.of(others)))
        case 2 if isinstance(holder, list):
            holder.append(json.loads(json.dumps(holder[key])))
        case 3 if isinstance(holder, dict):
            holder[choices.text(12) or "extra"] = value
        case _:
            holder[key] = value
    return made


def _places(made: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    todo = [made]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            todo.append(holder[key])
    return found


def written(document: Any) -> bytes:
    """Return a document as JSON text, halves of surrogates and numbers that are none included.

    Parameters
    ----------
    document : object
        Plain values.
    """
    return json.dumps(document).encode("ascii")
