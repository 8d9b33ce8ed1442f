"""Sort keys of keep rules: what a rule compares, as one value per image, and each value in words."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Images, Origins
from lookalike.errors import UsageError

Column = NDArray[np.int64] | NDArray[np.bool_]
Text = Callable[[int], str]

LEAST = ":min"
"""Ending of a rule that prefers the least value of a column."""
UNKNOWN = -(1 << 63)
"""No date."""

MESSENGER = re.compile(
    r"-WA\d{4}|^signal-|^photo_\d{4}-|^FB_IMG|^received_|^Screenshot|\(\d{1,2}\)\.\w+$|(?<![a-z])copy(?![a-z])",
    re.IGNORECASE,
)
"""File names that messengers, screenshots and copying give."""
EDITORS = re.compile(
    r"photoshop|lightroom|gimp|snapseed|picasa|instagram|facebook|whatsapp|affinity|paint", re.IGNORECASE
)
"""EXIF Software of programs that write exports rather than originals."""


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key of a rule.

    Attributes
    ----------
    name : str
        What differs, in words.
    values : ndarray, shape (n,)
        Larger is better.
    text : callable
        ``row -> str``: the value of a row in words.
    sign : str
        What stands between the better and the worse value in words.
    """

    name: str
    values: Column
    text: Text
    sign: str = ">"


def column_of(rule: str) -> str | None:
    """Return the name of the column that a rule is about.

    Parameters
    ----------
    rule : str
        A keep rule.

    Returns
    -------
    str or None
        None for rules about something else.

    Examples
    --------
    >>> column_of("column:aesthetic:min"), column_of("oldest")
    ('aesthetic', None)
    """
    head, _, argument = rule.partition(":")
    return argument.removesuffix(LEAST).strip() if head == "column" else None


def _column(rule: str, columns: Mapping[str, Sequence[object]]) -> Key:
    """Return the key of a column: numbers in order, and before all of them what is none."""
    name = column_of(rule) or ""
    given = columns[name]
    numbers = np.array([_number(value) for value in given], np.float64)
    known = ~np.isnan(numbers)
    if len(given) and not known.any():
        some = next((value for value in given if value is not None), None)
        raise UsageError(f"the column {name!r} holds no numbers, such as {some!r}: a keep rule needs some to compare")
    values = np.full(len(numbers), -1, np.int64)
    least = rule.endswith(LEAST)
    _, values[known] = np.unique(-numbers[known] if least else numbers[known], return_inverse=True)

    def text(row: int) -> str:
        return f"{numbers[row]:.10g}" if known[row] else "none"

    return Key(f"column {name}", values, text, "<" if least else ">")


def _number(value: object) -> float:
    """Return a value as a number; NaN where it is none."""
    try:
        return float(value)  # type: ignore[arg-type]  # whatever a table holds
    except (TypeError, ValueError, OverflowError):
        return np.nan


def staying_key(why: str, values: NDArray[np.bool_]) -> Key:
    """Return the key of images that never go.

    Parameters
    ----------
    why : str
        Why.
    values : ndarray of bool, shape (n,)
        Which.

    Returns
    -------
    Key
        They come first.
    """
    return Key(why, values, lambda row: "yes" if values[row] else "no")


def keys_of(
    images: Images, name: str, origins: Origins, columns: Mapping[str, Sequence[object]] | None = None
) -> list[Key]:
    """Return the keys of a rule.

    Parameters
    ----------
    images : Images
        What to rank.
    name : str
        The rule, with its argument.
    origins : Origins
        What was found to hold no more than another content.
    columns : mapping of str to sequence, optional
        Values by column, one per image.

    Returns
    -------
    list of Key
        The first difference decides.

    Raises
    ------
    UsageError
        If a column holds no numbers.
    """
    head, _, argument = name.partition(":")
    if head == "column":
        return [_column(name, columns or {})]
    if head == "folder":
        inside = argument.strip().rstrip("/") + "/"
        values = np.array([path.startswith(inside) for path in images.path], np.bool_)
        return [Key("folder", values, lambda row: f"in {argument}" if values[row] else "elsewhere")]
    if head == "format":
        ranks = {part.strip().upper().replace("JPG", "JPEG"): -at for at, part in enumerate(argument.split(">"))}
        per_content = np.array([ranks.get(text, -len(ranks)) for text in images.facts.format], np.int64)
        return [_fact(images, "format", per_content, lambda at: images.facts.format[at])]
    return _MEASURED[name](images, origins) if name in _MEASURED else _RULES[name](images)


def _fact(images: Images, name: str, values: Column, text: Text) -> Key:
    """Return a key over contents as a key over images."""
    return Key(name, values[images.content], lambda row: text(int(images.content[row])))


def _intact(images: Images) -> list[Key]:
    facts = images.facts
    return [
        _fact(images, "frames", facts.frames, lambda at: str(facts.frames[at])),
        _fact(images, "alpha", facts.alpha, lambda at: "transparent" if facts.alpha[at] else "opaque"),
        _fact(images, "depth", facts.depth, lambda at: f"{facts.depth[at]} bit"),
        _fact(images, "colour", facts.colour, lambda at: "colour" if facts.colour[at] else "gray"),
    ]


def _resolution(images: Images, origins: Origins) -> list[Key]:
    facts, source = images.facts, origins.enlarged
    enlarged = source != np.arange(len(source))
    # Twice, to let an enlargement come right after its source.
    values = 2 * (facts.width * facts.height)[source] - enlarged

    def text(at: int) -> str:
        return f"{facts.width[at]}x{facts.height[at]}{', which is an enlargement' * bool(enlarged[at])}"

    return [_fact(images, "resolution", values, text)]


def _original(images: Images) -> list[Key]:
    camera = [
        bool(exif.get("make")) and bool(captured) and not EDITORS.search(str(exif.get("software", "")))
        for exif, captured in zip(images.facts.exif, images.facts.captured, strict=True)
    ]
    from_camera = np.array(camera, np.bool_)[images.content]
    renamed = np.array([bool(MESSENGER.search(path.rpartition("/")[2])) for path in images.path], np.bool_)
    values = 2 * from_camera.astype(np.int64) - renamed
    words = {2: "camera file", 1: "camera file, copied", 0: "name of its own", -1: "name of a copy"}
    return [Key("original", values, lambda row: words[int(values[row])])]


def _quality(images: Images, origins: Origins) -> list[Key]:
    # Within one codec the estimate decides; codecs themselves come lossless first, then those that tell their quality.
    facts = images.facts
    saved = origins.saved != np.arange(len(origins.saved))
    few_colours = np.array([format_ == "GIF" for format_ in facts.format], np.bool_)
    values = np.where(saved | few_colours, 0, np.where(facts.lossless, 101, facts.quality))

    def text(at: int) -> str:
        if saved[at]:
            return f"lossless, but saved from {facts.format[origins.saved[at]]}"
        if few_colours[at]:
            return "256 colours"
        return "lossless" if facts.lossless[at] else str(facts.quality[at] or "unknown")

    return [_fact(images, "quality", values, text)]


def _exif(images: Images) -> list[Key]:
    tags = np.array([int(exif.get("tags", 0)) for exif in images.facts.exif], np.int64)
    return [_fact(images, "exif", tags, lambda at: f"{tags[at]} tags")]


def _bytes(images: Images) -> list[Key]:
    return [Key("bytes", images.size, lambda row: f"{images.size[row]:,}")]


def _oldest(images: Images) -> list[Key]:
    return [Key("older", -_taken(images), lambda row: _date(images, row), "<")]


def _newest(images: Images) -> list[Key]:
    return [Key("newer", _taken(images), lambda row: _date(images, row))]


def _shortest_path(images: Images) -> list[Key]:
    lengths = np.array([len(path) for path in images.path], np.int64)
    return [Key("shorter path", -lengths, lambda row: f"{lengths[row]} characters", "<")]


def _name(images: Images) -> list[Key]:
    # Identity breaks the tie of equal paths, which two roots of one name can give.
    order = sorted(range(len(images)), key=images.path.__getitem__)
    if any(images.path[one] == images.path[other] for one, other in pairwise(order)):
        order.sort(key=lambda row: (images.path[row], images.volume[row], images.key[row]))
    places = np.empty(len(images), np.int64)
    places[order] = np.arange(len(images))
    return [Key("name", -places, lambda row: images.path[row], "<")]


def _taken(images: Images) -> NDArray[np.int64]:
    """Return capture time, else modification time, in milliseconds since 1970 (camera clocks taken as UTC)."""
    captured = np.full(len(images.facts.captured), UNKNOWN, np.int64)
    for at, text in enumerate(images.facts.captured):
        if text:
            captured[at] = _milliseconds(text)
    own = captured[images.content]
    return np.where(own == UNKNOWN, images.mtime_ns // 1_000_000, own)


def _milliseconds(text: str) -> int:
    """Return milliseconds since 1970 of a capture date; a date no calendar has counts as unknown."""
    try:
        return int(np.datetime64(text.replace(" ", "T")[:23], "ms").astype(np.int64))
    except ValueError:
        return UNKNOWN


def _date(images: Images, row: int) -> str:
    captured = images.facts.captured[int(images.content[row])]
    if captured and _milliseconds(captured) != UNKNOWN:
        return captured
    return str(np.datetime64(int(images.mtime_ns[row]) // 1_000_000, "ms")).replace("T", " ")


_RULES: dict[str, Callable[[Images], list[Key]]] = {
    "intact": _intact,
    "original": _original,
    "exif": _exif,
    "bytes": _bytes,
    "oldest": _oldest,
    "newest": _newest,
    "shortest-path": _shortest_path,
    "name": _name,
}
_MEASURED: dict[str, Callable[[Images, Origins], list[Key]]] = {"resolution": _resolution, "quality": _quality}
