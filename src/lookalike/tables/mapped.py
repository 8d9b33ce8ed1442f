"""Paths as others call them: what a container has at /photos is /volume1/photos on its host."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from lookalike.errors import UsageError
from lookalike.tables.files import path_fields, path_of, printable

T = TypeVar("T")
TEXTS = ("reason", "relation", "warnings", "incomplete")
"""Fields that are sentences: paths may stand anywhere in them."""
UNTOUCHED = ("protect", "exclude", "include", "keep", "environment", "target")
"""Fields with globs, rules and what symlinks hold, which may look like paths."""


@dataclass(frozen=True, slots=True)
class PathMap:
    """What stands for what at the beginning of absolute paths; the longest beginning counts, of whole names only.

    Attributes
    ----------
    pairs : tuple of (str, str)
        What it is here, and what it is called elsewhere; without a slash at the end.

    Examples
    --------
    >>> there = PathMap.parse(["/photos=/volume1/photos", "/photos/old=/volume2/old"])
    >>> there(["/photos/a.jpg", "/photos/old/b.jpg", "/photosynthesis.jpg", "a.jpg"])
    ['/volume1/photos/a.jpg', '/volume2/old/b.jpg', '/photosynthesis.jpg', 'a.jpg']
    >>> there.back("/volume1/photos/a.jpg")
    '/photos/a.jpg'
    """

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "PathMap":
        """Read what a command line says.

        Parameters
        ----------
        texts : iterable of str
            ``FROM=TO`` each.

        Returns
        -------
        PathMap
            All of them.

        Raises
        ------
        UsageError
            If one is of another form, or two have the same FROM or TO.
        """
        pairs = []
        for text in texts:
            here, equals, there = text.partition("=")
            if not equals or not here.startswith("/") or not there.startswith("/"):
                raise UsageError(
                    f"--map takes FROM=TO, two absolute paths such as /photos=/volume1/photos, got {text!r}"
                )
            pairs.append((here.rstrip("/"), there.rstrip("/")))
        for side, name in ((0, "FROM"), (1, "TO")):
            known = [pair[side] for pair in pairs]
            if twice := [path for path in known if known.count(path) > 1]:
                raise UsageError(f"--map has {twice[0] or '/'} twice as {name}: each path stands for one other")
        return cls(tuple(sorted(pairs, key=lambda pair: -len(pair[0]))))

    @property
    def back(self) -> "PathMap":
        """The other way round."""
        return PathMap(tuple(sorted(((there, here) for here, there in self.pairs), key=lambda pair: -len(pair[0]))))

    def path(self, path: str) -> str:
        """Return what a path is called elsewhere.

        Parameters
        ----------
        path : str
            Any.

        Returns
        -------
        str
            The same where nothing stands for it.

        Raises
        ------
        UsageError
            If another path would be called the same.
        """
        called = _moved(path, self.pairs)
        other = _moved(called, self.back.pairs)
        if other.rstrip("/") != path.rstrip("/"):
            raise UsageError(f"--map is ambiguous: {path} and {other} would both be called {called}")
        return called

    def covers(self, path: str) -> bool:
        """Return whether something stands for a path.

        Parameters
        ----------
        path : str
            Any.

        Returns
        -------
        bool
            False where it would be called the same because nothing was said of it.
        """
        return any(_is_in(path, here) for here, _ in self.pairs)

    def text(self, text: str) -> str:
        """Return a sentence with paths as they are called elsewhere.

        Parameters
        ----------
        text : str
            Paths in it begin after a space, quotation mark, bracket, colon, comma or equals sign.

        Returns
        -------
        str
            The same but for these.
        """
        if not self.pairs:
            return text
        ends = r"(?=/|$|[\s:;,'\"\)\]])"
        begins = "|".join(re.escape(here) + (ends if here else "(?=/)") for here, _ in self.pairs)
        there = dict(self.pairs)
        return re.sub(rf"(?:(?<=[\s'\"(\[:,=])|^)(?:{begins})", lambda found: there[found[0]], text)

    def __call__(self, value: T) -> T:
        """Return a value with all paths in it as they are called elsewhere.

        Parameters
        ----------
        value : str, list, tuple, dict or dataclass
            Dicts are JSON objects: beside a path that is not UTF-8 are its bytes.

        Returns
        -------
        as `value`
            The very same where nothing stands for anything.
        """
        made: T = self._value(value, "") if self.pairs else value
        return made

    def _value(self, value: Any, name: str) -> Any:
        if name in UNTOUCHED:
            return value
        if isinstance(value, str):
            return self.text(value) if name in TEXTS else self.path(value)
        if isinstance(value, dict):
            return self._row(value)
        if type(value) in (list, tuple):
            return type(value)(self._value(one, name) for one in value)
        if is_dataclass(value) and not isinstance(value, type):
            own = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
            return replace(value, **{one: self._value(inner, one) for one, inner in own.items()})
        return value

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in row.items():
            text = name.removesuffix("_bytes")
            if text in UNTOUCHED:
                made[name] = value
            elif text != name and text in row:
                continue  # made anew with the text
            elif isinstance(value, str) and name not in TEXTS:
                made |= path_fields(self.path(path_of(row, name)), name)
            else:
                made[name] = self._value(value, name)
                if isinstance(value, list):
                    made[name] = [printable(one) if isinstance(one, str) else one for one in made[name]]
        return made


NO_MAP = PathMap()
"""Each path is called what it is."""


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _moved(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    for here, there in pairs:
        if _is_in(path, here):
            return there + (path[len(here) :] if path != "/" else "") or "/"
    return path
