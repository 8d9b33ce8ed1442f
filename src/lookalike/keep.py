"""Which image of a group stays: keep rules as sort keys, and the first difference in words.

A rule list such as ``intact,resolution,oldest`` is a total order: `shortest-path` and `name` break every remaining tie.
Larger keys come first.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Images, Origins, Units, apart, first_hand
from lookalike.errors import UsageError

Column = NDArray[np.int64] | NDArray[np.bool_]
Text = Callable[[int], str]

NAMES = (
    "intact", "resolution", "original", "quality", "exif", "bytes", "oldest", "newest", "shortest-path", "name",
)  # fmt: skip
"""Rules without an argument."""
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


@dataclass(frozen=True, slots=True)
class Ranking:
    """A keep order over images.

    Attributes
    ----------
    order : ndarray of int64, shape (n,)
        Rows of the images, the best first; those of one unit follow each other.
    keys : tuple of Key
        What was compared, first difference first.
    best : ndarray of int64, shape (n,)
        For each image the best of its unit, which is what was compared.
    origins : Origins
        What was found to hold no more than another content.
    """

    order: NDArray[np.int64]
    keys: tuple[Key, ...]
    best: NDArray[np.int64]
    origins: Origins

    def reason(self, better: int, worse: int) -> str:
        """Return the first difference between two images in words.

        Parameters
        ----------
        better, worse : int
            Rows of two units; the first comes earlier in the order.

        Returns
        -------
        str
            Such as ``resolution 800x600 > 400x300``.
        """
        better, worse = int(self.best[better]), int(self.best[worse])
        for key in self.keys:
            if key.values[better] != key.values[worse]:
                return f"{key.name} {key.text(better)} {key.sign} {key.text(worse)}"
        return "same name"


def rank(
    images: Images,
    rules: str,
    stay: Mapping[str, NDArray[np.bool_]] | None = None,
    units: Units | None = None,
    origins: Origins | None = None,
) -> Ranking:
    """Put images in keep order.

    Parameters
    ----------
    images : Images
        What to rank.
    rules : str
        Comma list of keep rules, first difference wins: ``folder:PATH``, intact, resolution, original, quality,
        ``format:png>webp>jpeg``, exif, bytes, oldest, newest, shortest-path, name. References always come first, camera raw
        files after all others, a symlink after what is not one, and a mask after everything.
    stay : mapping of str to ndarray of bool, shape (n,), optional
        Images that never go, by why, such as ``protected``: they come next, so that others can go in their favour.
    units : Units, optional
        What is of one shot ranks together, by its best image; with the rule intact more images of a shot are better. None for
        images that are each for themselves.
    origins : Origins, optional
        What was found to hold no more than another content: an enlargement resolves what its source does and comes after it,
        and a lossless file saved from a lossy one is of unknown quality, so that any lossy file that tells its quality comes
        before it. None where nothing was looked at.

    Returns
    -------
    Ranking
        A total order that does not depend on the order of rows.

    Raises
    ------
    UsageError
        If a rule is unknown; the message lists the rules.
    """
    names = parse_rules(rules)
    origins = first_hand(len(images.facts.id)) if origins is None else origins
    names += [name for name in ("shortest-path", "name") if name not in names]
    units = apart(images.path) if units is None else units
    raw = np.array([format_ == "RAW" for format_ in images.facts.format], np.bool_)[images.content]
    fixed = (
        Key("mask", ~units.mask, lambda row: "of other images" if units.mask[row] else "image of its own"),
        Key(
            "reference",
            images.reference,
            lambda row: "to compare against" if images.reference[row] else "under test",
        ),
        Key("file", ~images.symlink, lambda row: "symlink" if images.symlink[row] else "itself"),
        # Nothing can go in favour of a raw file but its like, so that others had better gather around another image.
        Key("picture", ~raw, lambda row: "preview of a raw file" if raw[row] else "finished"),
    )
    staying = (_staying(why, values) for why, values in (stay or {}).items())
    ruled = (key for name in names for key in (*_parts(units, name), *_keys(images, name, origins)))
    keys = (*fixed, *staying, *ruled)
    telling = [key.values for key in reversed(keys) if (key.values[1:] != key.values[:-1]).any()]
    alone = np.lexsort([-values.astype(np.int64) for values in telling]) if telling else np.arange(len(images))
    place = np.empty(len(alone), np.int64)
    place[alone] = np.arange(len(alone))
    # What always comes first or last does so within a unit, too: there a symlink never comes along with a file.
    kind = ((units.unit * 2 + units.mask) * 2 + images.reference) * 2 + images.symlink
    _, same = np.unique(kind, return_inverse=True)
    first = np.full(len(place), len(place))
    np.minimum.at(first, same, place)
    return Ranking(np.lexsort((place, first[same])), keys, alone[first[same]], origins)


def _parts(units: Units, rule: str) -> list[Key]:
    if rule != "intact":
        return []
    count = np.array([len(paths) for paths in units.paths], np.int64)[units.unit]
    return [Key("parts", count, lambda row: str(count[row]))]


def parse_rules(rules: str) -> list[str]:
    """Split and check a list of keep rules.

    Parameters
    ----------
    rules : str
        Comma list.

    Returns
    -------
    list of str
        Its rules.

    Raises
    ------
    UsageError
        If one is unknown or lacks its argument.

    Examples
    --------
    >>> parse_rules("resolution, oldest")
    ['resolution', 'oldest']
    """
    names = [name.strip() for name in rules.split(",") if name.strip()]
    allowed = [*NAMES, "folder:PATH", "format:A>B"]
    for name in names:
        head, _, argument = name.partition(":")
        known = name in NAMES if head not in ("folder", "format") else bool(argument.strip())
        if not known:
            raise UsageError(f"unknown keep rule {name!r}: use a comma list of {', '.join(allowed)}")
    if not names:
        raise UsageError(f"no keep rule given: use a comma list of {', '.join(allowed)}")
    return names


def _staying(why: str, values: NDArray[np.bool_]) -> Key:
    return Key(why, values, lambda row: "yes" if values[row] else "no")


def _keys(images: Images, name: str, origins: Origins) -> list[Key]:
    head, _, argument = name.partition(":")
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
