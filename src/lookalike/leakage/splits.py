"""Splits of a data set, such as train and test: what lies in them, and pairs across them; as values and as JSON."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lookalike import tables
from lookalike.labels import Root, class_of, root_of
from lookalike.model import Member, Tier

NOT_VERIFIED = "not verified"
"""In the place of a tier: the two are in one group through others only."""


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a data set, such as what a model is trained with.

    Attributes
    ----------
    name : str
        What it is called.
    roots : tuple of Root
        What it is made of, and which folders there are classes.
    images : tuple of str
        Paths of its images that were read, sorted.
    failed : int
        How many could not be.
    beside : tuple of Root
        What its hash tables were made of, likewise.
    """

    name: str
    roots: tuple[Root, ...]
    images: tuple[str, ...] = ()
    failed: int = 0
    beside: tuple[Root, ...] = ()

    def label(self, path: str, within: int | None = None) -> str:
        """Return the class of an image of this split.

        Parameters
        ----------
        path : str
            The image.
        within : int, optional
            How many folder names below a root make a class; None for what the tree looks like.

        Returns
        -------
        str
            Folder names joined by slashes; empty where it has none.
        """
        return "" if path in self._roots else self._label(os.path.dirname(path), within)

    def labels(self, within: int | None = None) -> Counter[str]:
        """Count the images of each class.

        Parameters
        ----------
        within : int, optional
            As for `label`.

        Returns
        -------
        Counter of str
            Class -> how many images; without those that have none.
        """
        roots = self._roots
        folders = Counter(os.path.dirname(path) for path in self.images if path not in roots)
        counts: Counter[str] = Counter()
        for folder, count in folders.items():
            counts[self._label(folder, within)] += count
        del counts[""]
        return counts

    @property
    def _roots(self) -> dict[str, Root]:
        return {root.path: root for root in (*self.roots, *self.beside)}

    def _label(self, folder: str, within: int | None) -> str:
        by_path = self._roots
        root = root_of(folder, by_path)
        return "" if root is None else "/".join(class_of(folder, by_path[root], within))


@dataclass(frozen=True, slots=True)
class Placed:
    """An image and where it belongs.

    Attributes
    ----------
    member : Member
        The image, as `lookalike.find` found it.
    split : str
        Name of its split.
    label : str
        Its class; empty where it has none.
    """

    member: Member
    split: str
    label: str

    @property
    def path(self) -> str:
        """Where it is."""
        return self.member.ref.path

    @property
    def digest(self) -> bytes:
        """BLAKE3 of its content."""
        return self.member.ref.digest or b""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images of different splits that are the same picture.

    Attributes
    ----------
    group : int
        Number of their group.
    image, keeper : Placed
        The two; relation says what was done to `keeper` to make `image`.
    tier : Tier or None
        How close they are; None where they were never verified against each other or what lies between them.
    score : float or None
        Verification score, 0..1.
    distance, share : int, float or None
        Hamming distance in bits, and as a share of the hash; None where they meet through others.
    relation : str
        In words.
    through : str or None
        Where they were not held against each other: the image through which they meet.
    known : bool
        Whether a baseline has them.
    """

    group: int
    image: Placed
    keeper: Placed
    tier: Tier | None
    score: float | None
    distance: int | None
    share: float | None
    relation: str
    through: str | None = None
    known: bool = False

    @property
    def sides(self) -> tuple[Placed, Placed]:
        """Both."""
        return self.image, self.keeper

    @property
    def tier_name(self) -> str:
        """The tier in words."""
        return NOT_VERIFIED if self.tier is None else self.tier.name.lower()


def split_names(paths: Sequence[str]) -> list[str]:
    """Name splits by where they lie: by the last name of each path, and by as many more as tell them apart.

    Parameters
    ----------
    paths : sequence of str
        One for each split, absolute and without anything redundant; no two equal.

    Returns
    -------
    list of str
        A name for each.

    Examples
    --------
    >>> split_names(["/data/train", "/data/test"])
    ['train', 'test']
    >>> split_names(["/old/train", "/new/train", "/test"])
    ['old/train', 'new/train', 'test']
    """
    parts = [[name for name in path.split(os.sep) if name] or [path] for path in paths]
    depths = [1] * len(paths)
    while True:
        names = ["/".join(names[-depth:]) for names, depth in zip(parts, depths, strict=True)]
        shared = {name for name in names if names.count(name) > 1}
        longer = [at for at, name in enumerate(names) if name in shared and depths[at] < len(parts[at])]
        if not longer:
            return names
        for at in longer:
            depths[at] += 1


def split_row(split: Split, within: int | None = None) -> dict[str, Any]:
    """Return a split as a JSON object.

    Parameters
    ----------
    split : Split
        A split.
    within : int, optional
        As for `Split.label`.

    Returns
    -------
    dict
        Keys name, paths, images, failed, classes.
    """
    return {
        "name": tables.printable(split.name), "paths": [tables.path_fields(root.path) for root in split.roots],
        "images": len(split.images), "failed": split.failed, "classes": len(split.labels(within)),
    }  # fmt: skip


def placed_row(placed: Placed) -> dict[str, Any]:
    """Return an image of a group as a JSON object.

    Parameters
    ----------
    placed : Placed
        The image.

    Returns
    -------
    dict
        Keys of `lookalike.tables.image_row`, split, class and, where it has any, parts.
    """
    parts = {"parts": [tables.path_fields(path) for path in placed.member.parts]} if placed.member.parts else {}
    return {**tables.image_row(placed.member), **_where(placed), **parts}


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return a pair across splits as a JSON object.

    Parameters
    ----------
    pair : Pair
        The pair.

    Returns
    -------
    dict
        Keys group, image, keeper, tier, score, distance, distance_share, relation, through, known.
    """
    sides = {
        name: {**tables.path_fields(side.path), **_where(side), "digest": side.digest.hex()}
        for name, side in zip(("image", "keeper"), pair.sides, strict=True)
    }
    return {
        "group": pair.group, **sides, "tier": None if pair.tier is None else pair.tier_name, "score": pair.score,
        "distance": pair.distance, "distance_share": pair.share, "relation": pair.relation,
        **({"through": None} if pair.through is None else tables.path_fields(pair.through, "through")),
        "known": pair.known,
    }  # fmt: skip


def _where(placed: Placed) -> dict[str, str]:
    return {"split": tables.printable(placed.split), "class": tables.printable(placed.label)}
