"""Which image of a group stays: keep rules as sort keys, and the first difference in words.

A rule list such as ``intact,resolution,oldest`` is a total order: `shortest-path` and `name` break every remaining tie.
Larger keys come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Images, Origins, Units, apart, first_hand
from lookalike.errors import UsageError
from lookalike.keep.keys import Key, column_of, keys_of, staying_key

NAMES = (
    "intact", "resolution", "original", "quality", "exif", "bytes", "oldest", "newest", "shortest-path", "name",
)  # fmt: skip
"""Rules without an argument."""


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
        differing = (key for key in self.keys if key.values[better] != key.values[worse])
        return _said(next(differing, None), better, worse)

    def reasons(self, better: NDArray[np.int64], worse: NDArray[np.int64]) -> list[str]:
        """Return what `reason` says of many pairs; keys are compared for all of them at once.

        Parameters
        ----------
        better, worse : ndarray of int64, shape (m,)
            Rows of two units each.

        Returns
        -------
        list of str
            One for each pair.
        """
        better, worse = self.best[better], self.best[worse]
        deciding = np.full(len(better), -1)
        left = np.arange(len(better))
        for number, key in enumerate(self.keys):
            differs = key.values[better[left]] != key.values[worse[left]]
            deciding[left[differs]] = number
            left = left[~differs]
        keys = (*self.keys, None)  # number -1: none differs
        return [
            _said(keys[number], one, other)
            for number, one, other in zip(deciding.tolist(), better.tolist(), worse.tolist(), strict=True)
        ]


def _said(key: Key | None, better: int, worse: int) -> str:
    return "same name" if key is None else f"{key.name} {key.text(better)} {key.sign} {key.text(worse)}"


def rank(
    images: Images,
    rules: str,
    stay: Mapping[str, NDArray[np.bool_]] | None = None,
    units: Units | None = None,
    origins: Origins | None = None,
    columns: Mapping[str, Sequence[object]] | None = None,
) -> Ranking:
    """Put images in keep order.

    Parameters
    ----------
    images : Images
        What to rank.
    rules : str
        Comma list of keep rules, first difference wins: ``folder:PATH``, intact, resolution, original, quality,
        ``format:png>webp>jpeg``, ``column:NAME`` (the largest value first) and ``column:NAME:min`` (the least), exif, bytes,
        oldest, newest, shortest-path, name. References always come first, a
        symlink always comes after what is not one, and a mask after everything.
    stay : mapping of str to ndarray of bool, shape (n,), optional
        Images that never go, by why, such as ``protected``: they come next, so that others can go in their favour.
    units : Units, optional
        What is of one shot ranks together, by its best image; with the rule intact more images of a shot are better. None for
        images that are each for themselves.
    origins : Origins, optional
        What was found to hold no more than another content: an enlargement resolves what its source does and comes after it,
        and a lossless file saved from a lossy one is of unknown quality, so that any lossy file that tells its quality comes
        before it. None where nothing was looked at.
    columns : mapping of str to sequence, optional
        By name, the values that rules ``column:NAME`` are about, one per image. What is no number comes last.

    Returns
    -------
    Ranking
        A total order that does not depend on the order of rows.

    Raises
    ------
    UsageError
        If a rule is unknown; the message lists the rules. If a column holds no numbers.
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
    staying = (staying_key(why, values) for why, values in (stay or {}).items())
    ruled = (key for name in names for key in (*_parts(units, name), *keys_of(images, name, origins, columns)))
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
    allowed = [*NAMES, "folder:PATH", "format:A>B", "column:NAME", "column:NAME:min"]
    for name in names:
        head, _, argument = name.partition(":")
        argument = column_of(name) or "" if head == "column" else argument
        known = name in NAMES if head not in ("folder", "format", "column") else bool(argument.strip())
        if not known:
            raise UsageError(f"unknown keep rule {name!r}: use a comma list of {', '.join(allowed)}")
    if not names:
        raise UsageError(f"no keep rule given: use a comma list of {', '.join(allowed)}")
    return names


def columns_of(rules: str) -> list[str]:
    """Return the columns that keep rules are about.

    Parameters
    ----------
    rules : str
        Comma list.

    Returns
    -------
    list of str
        Their names, each once.

    Raises
    ------
    UsageError
        As `parse_rules`.

    Examples
    --------
    >>> columns_of("column:aesthetic,resolution,column:nsfw:min")
    ['aesthetic', 'nsfw']
    """
    named = (column_of(name) for name in parse_rules(rules))
    return list(dict.fromkeys(name for name in named if name is not None))
