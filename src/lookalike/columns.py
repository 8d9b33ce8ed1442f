"""Blocks: the same nouns as in `lookalike.model`, many at a time, as columns; row i of every column belongs together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
"""Whole numbers, one for each row of something."""
EXIF_NUMBERS = ("orientation", "tags", "video")
"""EXIF facts that are never texts, and fit 64 bits; where cameras write texts, files may have numbers of any size."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of contents without their pixels; one row per distinct content, ascending by id.

    Attributes
    ----------
    id, size, width, height, frames, depth, detail : ndarray of int64, shape (n,)
        Catalog id; bytes; upright pixels; frames or pages; bits per channel; structure 0..100.
    alpha, colour, lossless : ndarray of bool, shape (n,)
        As in `lookalike.model.Thumbnail`.
    quality : ndarray of int64, shape (n,)
        Encoder quality, 0 where unknown or lossless.
    format, captured : list of str
        Container; capture date as sortable text, empty where unknown.
    exif : list of dict
        EXIF facts.
    digest : list of bytes
        BLAKE3 digests.
    """

    id: NDArray[np.int64]
    size: NDArray[np.int64]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    frames: NDArray[np.int64]
    depth: NDArray[np.int64]
    detail: NDArray[np.int64]
    alpha: NDArray[np.bool_]
    colour: NDArray[np.bool_]
    lossless: NDArray[np.bool_]
    quality: NDArray[np.int64]
    format: list[str]
    captured: list[str]
    exif: list[dict[str, str | int]]
    digest: list[bytes]


@dataclass(frozen=True, slots=True)
class Images:
    """Images that were read, one row per name.

    Attributes
    ----------
    path : list of str
        The root as given, plus the path within it.
    volume, key : list of str
        Identity: volume and path within it.
    size, mtime_ns, device, inode : ndarray of int64, shape (n,)
        As listed.
    symlink, reference : ndarray of bool, shape (n,)
        Whether the name is a symlink; whether it comes from a root to compare against.
    content : ndarray of int64, shape (n,)
        Row of `facts`; equal exactly where the bytes are equal.
    facts : Facts
        What is known of the contents.
    source : list of str
        Which kind of source each comes from; empty where all are ordinary files.
    """

    path: list[str]
    volume: list[str]
    key: list[str]
    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]
    device: NDArray[np.int64]
    inode: NDArray[np.int64]
    symlink: NDArray[np.bool_]
    reference: NDArray[np.bool_]
    content: NDArray[np.int64]
    facts: Facts
    source: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.path)

    def source_of(self, row: int) -> str:
        """Return the kind of source an image comes from.

        Parameters
        ----------
        row : int
            Of the image.

        Returns
        -------
        str
            files for ordinary ones.
        """
        return self.source[row] if self.source else "files"


@dataclass(frozen=True, slots=True)
class Units:
    """Which images are of one shot and count as one image; one row per image that was read.

    Attributes
    ----------
    unit : ndarray of int64, shape (n,)
        Number of its unit.
    mask : ndarray of bool, shape (n,)
        Whether it is a mask of other images and none in its own right; then `unit` is the first of theirs.
    paths : list of tuple of str
        All images of each unit, read or not, without masks.
    unread : dict of str to int
        Unit of each image that could not be read.
    """

    unit: NDArray[np.int64]
    mask: NDArray[np.bool_]
    paths: list[tuple[str, ...]]
    unread: dict[str, int] = field(default_factory=dict)


def apart(paths: Sequence[str], unread: Sequence[str] = ()) -> Units:
    """Return units of one image each.

    Parameters
    ----------
    paths : sequence of str
        Images that were read.
    unread : sequence of str
        Images that could not be read.

    Returns
    -------
    Units
        One for each path.

    Examples
    --------
    >>> apart(["a.jpg", "b.jpg"], ["lost.jpg"]).paths
    [('a.jpg',), ('b.jpg',), ('lost.jpg',)]
    """
    rows = np.arange(len(paths))
    alone: list[tuple[str, ...]] = [(path,) for path in (*paths, *unread)]
    return Units(rows, np.zeros(len(rows), np.bool_), alone, {path: len(rows) + at for at, path in enumerate(unread)})


@dataclass(frozen=True, slots=True)
class Origins:
    """What contents come from that hold no more than another one of the same picture does; one row per content.

    Attributes
    ----------
    enlarged : ndarray of int64, shape (n,)
        The smallest content that it was found to be an enlargement of; itself where there is none.
    saved : ndarray of int64, shape (n,)
        The lossy content whose pixels this lossless one holds; itself where there is none.
    """

    enlarged: NDArray[np.int64]
    saved: NDArray[np.int64]

    def no_finer(self, content: int, other: int, pixels: NDArray[np.int64]) -> bool:
        """Say whether a content is an enlargement that resolves no more than another one.

        Parameters
        ----------
        content, other : int
            The two.
        pixels : ndarray of int64, shape (n,)
            Pixels of each content.

        Returns
        -------
        bool
            Whether it is.
        """
        source = self.enlarged[content]
        return bool(source != content and pixels[source] <= pixels[self.enlarged[other]])


def first_hand(count: int) -> Origins:
    """Return origins of contents that come from nothing else.

    Parameters
    ----------
    count : int
        How many contents.

    Returns
    -------
    Origins
        Each of itself.
    """
    return Origins(np.arange(count), np.arange(count))


@dataclass(frozen=True, slots=True)
class Grouped:
    """Which items belong together, numbered in keep order; one row per item.

    Attributes
    ----------
    keeper : ndarray of int64, shape (n,)
        The item this one was attached to, at `tier`; itself where it was attached to none.
    group : ndarray of int64, shape (n,)
        The keeper of its whole group.
    tier : ndarray of uint8, shape (n,)
        `lookalike.model.Tier` of the item with its keeper; EXACT for keepers, NONE where the two were never verified.
    score : ndarray of int64, shape (n,)
        Verification score in thousandths.
    """

    keeper: NDArray[np.int64]
    group: NDArray[np.int64]
    tier: NDArray[np.uint8]
    score: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matches:
    """Who was matched with whom; one row per image, and one of what a verdict was made from per item that was attached.

    Attributes
    ----------
    keeper : ndarray of int64, shape (n,)
        The image this one was attached to, at `tier`; itself where it was attached to none.
    group : ndarray of int64, shape (n,)
        The keeper of its whole group.
    tier : ndarray of uint8, shape (n,)
        `lookalike.model.Tier` of the image with its keeper; EXACT for keepers, NONE where the two were never verified.
    score : ndarray of int64, shape (n,)
        Verification score in thousandths.
    verdict : ndarray of int64, shape (n,)
        Row of the following of each image; most images are attached to none, and share the first one, all zero.
    evidence : ndarray of `lookalike.verify.EVIDENCE`, shape (m,)
        What the verdict on the image and its keeper was made from.
    keeper_left : ndarray of bool, shape (m,)
        Whether the keeper is the left picture of the evidence.
    frames : ndarray of int64, shape (m, 2)
        Which frames of the keeper and of the image were found alike; 0 for the first.
    passed : int
        Pairs of nearly equal hashes that were passed over, in crowds of different pictures.
    """

    keeper: NDArray[np.int64]
    group: NDArray[np.int64]
    tier: NDArray[np.uint8]
    score: NDArray[np.int64]
    verdict: NDArray[np.int64]
    evidence: NDArray[np.void]
    keeper_left: NDArray[np.bool_]
    frames: NDArray[np.int64]
    passed: int = 0


def exif_from_json(text: str) -> dict[str, str | int]:
    """Read EXIF facts that were kept as JSON.

    Parameters
    ----------
    text : str
        An object.

    Returns
    -------
    dict
        As `lookalike.metadata.exif` gives it, and ``video``.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> exif_from_json('{"make": "Canon", "tags": 7}')
    {'make': 'Canon', 'tags': 7}
    """
    facts = json.loads(text)
    if not isinstance(facts, dict):
        raise ValueError("EXIF facts are an object")  # noqa: TRY004 - of a text
    for name, value in facts.items():
        sound = type(value) is int and abs(value) < 1 << 63 if name in EXIF_NUMBERS else type(value) in (int, str)
        if not sound:
            raise ValueError(f"{name} is no EXIF fact")
    return facts
