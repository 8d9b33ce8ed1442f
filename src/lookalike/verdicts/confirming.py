"""Two files to a verdict before one of them goes: bytes, all pixels, planes ever finer, and every frame.

Thumbnails, and planes of 256 pixels, show what is the same picture. That a digit of an invoice differs, or a box of a form
is ticked, shows only where it is large enough; the last look is at the size of the smaller file, where a single changed tile
means that they are no copies.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from lookalike import decode, verify
from lookalike.candidates.hinting import hints_between
from lookalike.columns import Facts
from lookalike.errors import DecodeError
from lookalike.hashes.borders import trimmed
from lookalike.limiting import File, SecondLooks, told_by
from lookalike.model import LOSSES, MAX_PIXELS, MIN_DETAIL, Orient, Thumbnail, Tier
from lookalike.scan.variants import TURNS
from lookalike.verdicts.judging import PIXEL_SIDE, finer, pictures_of, settle
from lookalike.verdicts.tracing import enlarges
from lookalike.verify.exposures import Exposures
from lookalike.verify.thresholds import THRESHOLDS, by_side
from lookalike.verify.views import WHOLE, Pictures

Lacks = tuple[tuple[str, ...], tuple[str, ...]]
TURNED: dict[Orient, tuple[int, ...]] = {"upright": (), "mirror": TURNS[:1], "all": TURNS}
"""By option: the EXIF orientations that are tried; those that files carry are applied when they are decoded."""
SIDES = (2048, 1024, 512, 256)
MOST, MOST_OF_PAGES = 1024, 2048
"""Pixels a side that are looked at, of photos and of what looks like a page or a screen."""
GROUND, GROUND_LEVELS = 0.4, 3
"""Share of a page or a screen that has one brightness, give or take so many levels."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """What two files show at the size of the smaller one.

    Attributes
    ----------
    side : int
        Pixels a side of the planes that were compared.
    tiles, changed : int
        Tiles that lie in both, and how many of these show something else.
    same : bool
        Whether no tile changed.
    """

    side: int
    tiles: int
    changed: int
    same: bool


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What two files show of each other when all of both was looked at.

    Attributes
    ----------
    tier : Tier
        EXACT for equal bytes or equal pixels; NONE where they are not alike.
    score : float
        0..1, from verification; of several frames the least.
    relation : str
        What was done to the first to make the second, in words.
    lacks : tuple of two tuples of str
        What the first lacks of the second, and the second of the first, of `lookalike.model.LOSSES`.
    evidence : record of `lookalike.verify.EVIDENCE` or None
        Of the first frames; None where these are equal, or one is flat.
    left : int
        Which of the two, 0 or 1, is the left one of the evidence.
    last : LastLook or None
        Of the first frames; None where there was none.
    """

    tier: Tier
    score: float
    relation: str
    lacks: Lacks = ((), ())
    evidence: Any = None
    left: int = 0
    last: LastLook | None = None


def confirm(first: File, second: File, *, orient: Orient = "upright", max_pixels: int = MAX_PIXELS) -> Confirmed:
    """Look at two whole files and say whether they are the same picture, and what each lacks of the other.

    Parameters
    ----------
    first, second : tuple of (bytes, str)
        Contents and name of each; the name tells camera raw files from the TIFF they are built on.
    orient : str
        Turns that count as the same picture: upright (none but those of EXIF), mirror (left for right) or all.
    max_pixels : int
        Most pixels of a frame that are decoded, inclusive.

    Returns
    -------
    Confirmed
        The other order gives the same tier and score, and what each lacks the other way round. A flat picture is the same
        as one with the same pixels only.

    Raises
    ------
    DecodeError
        If a file, or a frame of one that the other has, too, cannot be decoded.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> files = [io.BytesIO(), io.BytesIO()]
    >>> picture = Image.effect_mandelbrot((320, 320), (-2, -1.5, 1, 1.5), 50)
    >>> for file, size in zip(files, (320, 160)):
    ...     picture.resize((size, size)).save(file, "PNG")
    >>> found = confirm((files[0].getvalue(), "large.png"), (files[1].getvalue(), "small.png"))
    >>> found.tier, found.relation, found.lacks
    (<Tier.COPY: 1>, 'half size', ((), ('pixels',)))
    """
    files = first, second
    if first[0] == second[0]:
        return Confirmed(Tier.EXACT, 1.0, "identical bytes")
    made = [decode.decode(data, name, max_pixels=max_pixels) for data, name in files]
    facts = facts_of(files, made)
    if _have_equal_pixels(files, facts, max_pixels):
        return Confirmed(Tier.EXACT, 1.0, verify.equality(facts, 0, 1), _lacks(facts, Tier.EXACT))
    if min(thumbnail.detail for thumbnail in made) < MIN_DETAIL:
        return Confirmed(Tier.NONE, 0.0, "too little detail to compare")
    seen = _seen(files, made, facts, TURNED[orient], max_pixels)
    return _with_frames(seen, files, min(thumbnail.frames for thumbnail in made), orient, max_pixels)


def confirmer(found: Mapping[str, Any], orient: Orient) -> Callable[[File, File], Confirmed]:
    """Return `confirm` as a second look, held to the limits of a search.

    Parameters
    ----------
    found : mapping
        Options of the search, as findings and plans carry them along.
    orient : str
        As for `confirm`.

    Returns
    -------
    callable
        ``(first, second) -> Confirmed``; what takes more than it may is a `DecodeError`, too.
    """
    told = told_by(found)
    return partial(SecondLooks(told), confirm, orient=orient, max_pixels=told.max_pixels)


def look(files: tuple[File, File], small: Pictures, turn: int, *, max_pixels: int = MAX_PIXELS) -> LastLook:
    """Compare two whole pictures at the size of the smaller one.

    Parameters
    ----------
    files : tuple of (bytes, str)
        Contents and name of the left and of the right file.
    small : Pictures
        Thumbnails of the two.
    turn : int
        EXIF orientation that makes the right picture lie like the left one.
    max_pixels : int
        Most pixels that are decoded, inclusive.

    Returns
    -------
    LastLook
        Of the luma of all pixels, up to 1,024 a side; 2,048 where both look like pages or screens.

    Raises
    ------
    DecodeError
        If a file cannot be decoded.
    """
    lengths = np.maximum(small.width, small.height)
    length = int(lengths.min())
    side = own_side(length, MOST)
    planes = [decode.planes(data, name, side, max_pixels=max_pixels) for data, name in files]
    if own_side(length, MOST_OF_PAGES) > side and all(is_page(luma) for luma, _ in planes):
        side = own_side(length, MOST_OF_PAGES)
        planes = [decode.planes(data, name, side, max_pixels=max_pixels) for data, name in files]
    luma, chroma = (np.stack([both[which] for both in planes]) for which in (0, 1))
    box = np.broadcast_to(WHOLE, small.box.shape)
    fine = Pictures(luma, chroma, lengths, lengths, box, trimmed(luma, box))
    first, second = np.array([0]), np.array([1])
    whole = np.broadcast_to(WHOLE, (1, 4))
    hints = None if turn == 1 else verify.Hints(first, np.array([turn], np.uint8), whole, whole)
    (seen,) = verify.verify(fine, first, second, hints).evidence
    compared = int(seen["side"])  # coarser than the planes where the pictures show no more
    close = seen["unexplained"] <= by_side(THRESHOLDS.copy_unexplained, seen["side"])
    same = bool(seen["finished"] and not seen["changed"] and close)
    return LastLook(compared, int(seen["tiles"]), int(seen["changed"]), same)


def own_side(length: int, most: int) -> int:
    """Return the side of planes for a picture: about as many pixels as it has, along its longer side.

    Parameters
    ----------
    length : int
        Pixels of the longer side.
    most : int
        Greatest side.

    Returns
    -------
    int
        A power of two from 256 on.

    Examples
    --------
    >>> own_side(800, 1024), own_side(700, 1024), own_side(9000, 1024), own_side(90, 1024)
    (1024, 512, 1024, 256)
    """
    return next((side for side in SIDES if side <= most and 4 * length >= 3 * side), SIDES[-1])


def is_page(luma: NDArray[np.uint8]) -> bool:
    """Say whether a picture looks like a page, a form or a screen: much of it is ground of one brightness.

    Parameters
    ----------
    luma : ndarray of uint8, shape (side, side)
        Its luma.

    Returns
    -------
    bool
        Whether it does; photos on a plain ground do too.

    Examples
    --------
    >>> is_page(np.full((4, 4), 250, np.uint8)), is_page(np.arange(256, dtype=np.uint8).reshape(16, 16))
    (True, False)
    """
    counts = np.bincount(luma.ravel(), minlength=256)
    near = np.convolve(counts, np.ones(2 * GROUND_LEVELS + 1, np.int64), "same")
    return bool(near.max() >= GROUND * luma.size)


def facts_of(files: Sequence[File], made: Sequence[Thumbnail]) -> Facts:
    """Return what is known of some files, as columns.

    Parameters
    ----------
    files : sequence of (bytes, str)
        Contents and name of each.
    made : sequence of Thumbnail
        What they were decoded to.

    Returns
    -------
    Facts
        Numbered from 0.
    """
    columns = {
        name: np.array([getattr(thumbnail, name) or 0 for thumbnail in made])
        for name in ("width", "height", "frames", "depth", "detail", "alpha", "colour", "lossless", "quality")
    }
    return Facts(
        id=np.arange(len(made)), size=np.array([len(data) for data, _ in files]), **columns,
        format=[thumbnail.format for thumbnail in made], captured=[thumbnail.captured or "" for thumbnail in made],
        exif=[thumbnail.exif for thumbnail in made], digest=[blake3(data).digest() for data, _ in files],
    )  # fmt: skip


def may_have_equal_pixels(facts: Facts, one: int, other: int) -> bool:
    """Say whether a full decode of two contents may come to the same.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    one, other : int
        Rows of `facts`.

    Returns
    -------
    bool
        Whether they have the same size, frames, alpha and depth.
    """
    columns = facts.width, facts.height, facts.frames, facts.alpha, facts.depth
    return all(bool(column[one] == column[other]) for column in columns)


def _have_equal_pixels(files: Sequence[File], facts: Facts, max_pixels: int) -> bool:
    """Say whether a full decode of both comes to the same; it is spared where the facts already differ."""
    if not may_have_equal_pixels(facts, 0, 1):
        return False
    try:
        one, other = (decode.pixels_of(data, name, max_pixels=max_pixels).digest for data, name in files)
    except DecodeError:
        return False  # what cannot be decoded as a whole is equal to nothing
    return one == other


def _lacks(facts: Facts, tier: Tier, evidence: Any = None, left: int = 0) -> Lacks:
    one, other = (verify.lacking(facts, at, 1 - at, tier, evidence, left=left == at) for at in (0, 1))
    return one, other


def _without_enlargements(lacks: Lacks, files: Sequence[File], max_pixels: int) -> Lacks:
    """Return losses without the pixels of what is an enlargement of the other."""
    one, other = (
        tuple(
            loss
            for loss in lacks[at]
            if loss != "pixels" or not enlarges(files[1 - at], files[at], max_pixels=max_pixels)
        )
        for at in (0, 1)
    )
    return one, other


def _seen(
    files: Sequence[File], made: Sequence[Thumbnail], facts: Facts, turns: tuple[int, ...], max_pixels: int
) -> Confirmed:
    """Judge the first frames of two files."""
    small, found, left = _verdict(files, made, facts, turns, max_pixels)
    evidence, tier, last = found.evidence[0], Tier(int(found.tier[0])), None
    evidence["two_exposures"] = Exposures(facts).differ(np.array([0]), np.array([1]))[0]
    if evidence["two_exposures"]:
        tier = max(tier, Tier.SIMILAR)
    if tier is Tier.COPY:
        both, pictures = (files[left], files[1 - left]), small.take(np.array([left, 1 - left]))
        last = look(both, pictures, int(evidence["turn"]), max_pixels=max_pixels)
        tier = Tier.COPY if last.same else Tier.EDIT
    said = verify.relation(facts, 0, 1, tier, evidence, left=left == 0) if tier < Tier.NONE else "not alike"
    lacks = _without_enlargements(_lacks(facts, tier, evidence, left), files, max_pixels)
    return Confirmed(tier, int(found.score[0]) / 1000, said, lacks, evidence, left, last)


def _with_frames(seen: Confirmed, files: Sequence[File], count: int, orient: Orient, max_pixels: int) -> Confirmed:
    """Hold the other frames that two files have against each other, one by one; where two differ, each lacks the other's.

    An edit of any frame is an edit of the whole.
    """
    if seen.tier > Tier.EDIT:
        return seen
    frames = (decode.frames_of(*file, 1, max_pixels=max_pixels) for file in files)
    with closing(next(frames)) as one, closing(next(frames)) as other:
        for at, pages in zip(range(2, count + 1), zip(one, other, strict=False), strict=False):
            found = confirm((pages[0], ""), (pages[1], ""), orient=orient, max_pixels=max_pixels)
            if found.tier > Tier.EDIT:
                said = f"{seen.relation}, frame {at} is another picture"
                return replace(seen, relation=said, lacks=_merged(seen.lacks, (("frames",), ("frames",))))
            said = f"{seen.relation}, frame {at}: {found.relation}" if found.tier > seen.tier else seen.relation
            seen = replace(
                seen, tier=max(seen.tier, found.tier), score=min(seen.score, found.score), relation=said,
                lacks=_merged(seen.lacks, found.lacks),
            )  # fmt: skip
    return seen


def _merged(some: Lacks, more: Lacks) -> Lacks:
    one, other = (tuple(name for name in LOSSES if name in {*some[at], *more[at]}) for at in (0, 1))
    return one, other


def _verdict(
    files: Sequence[File], made: Sequence[Thumbnail], facts: Facts, turns: tuple[int, ...], max_pixels: int
) -> tuple[Pictures, verify.Verdicts, int]:
    """Verify two files on their thumbnails and on their pixels; say which of them is the left one."""
    left = min((0, 1), key=lambda at: (-made[at].width * made[at].height, facts.digest[at]))
    luma, chroma = (np.stack([getattr(thumbnail, name) for thumbnail in made]) for name in ("luma", "chroma"))
    small = pictures_of(luma, chroma, facts.width, facts.height)
    pair = np.array([left]), np.array([1 - left])
    hints = hints_between(luma, *pair, [turns])
    found = verify.verify(small, *pair, hints)
    planes = [decode.planes(data, name, PIXEL_SIDE, max_pixels=max_pixels) for data, name in files]
    fine = finer(small, np.stack([luma for luma, _ in planes]), np.stack([chroma for _, chroma in planes]))
    settle(found, np.array([0]), verify.verify(fine, *pair, hints))
    return small, found, left
