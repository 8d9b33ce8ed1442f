"""One picture against those that its hash is near to: verified on thumbnails and, where these leave doubts, on the files."""

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import decode, limiting, verify
from lookalike.candidates.hinting import hints_between
from lookalike.columns import Column, Facts
from lookalike.errors import DecodeError
from lookalike.limiting import File, SecondLooks
from lookalike.model import MIN_DETAIL, HashSpec, Orient, Thumbnail, Tier
from lookalike.pictures import ImageSource, contents
from lookalike.scan.variants import VARIANTS
from lookalike.sources.reading import Reader
from lookalike.turns import BACK
from lookalike.verdicts.confirming import TURNED, facts_of, may_have_equal_pixels
from lookalike.verdicts.judging import PIXEL_PAIRS, PIXEL_SIDE, finer, pictures_of, settle
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import Pictures

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8]]
DIFFERENT = "not alike"


@dataclass(frozen=True, slots=True)
class Hit:
    """One image that a search found.

    Attributes
    ----------
    path : str
        Where it is, or the name that it was added by.
    distance : int
        Bits by which the hashes differ, of the whole pictures, or of what borders surround, as `share` of all bits.
    share : float
        0..1.
    tier : Tier
        How sure and how close; NONE where verification does not accept what the hash proposed.
    score : float
        0..1, from verification.
    relation : str
        What was done to the picture that was searched for to make this one, in words.
    width, height : int
        Upright size in pixels.
    """

    path: str
    distance: int
    share: float
    tier: Tier
    score: float
    relation: str
    width: int
    height: int


class Query:
    """A picture that is searched for.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The picture.
    looks : SecondLooks
        Who looks at files; its options say which are accepted.

    Raises
    ------
    UsageError, DecodeError, OSError
        As for `lookalike.pictures.contents`, and if it cannot be decoded.
    """

    def __init__(self, image: ImageSource, looks: SecondLooks) -> None:
        self.file: tuple[bytes, str] = contents(image)
        self.looks: SecondLooks = looks
        self._accepted = {
            "truncated": looks.options.truncated == "accept", "max_pixels": looks.options.max_pixels
        }  # fmt: skip
        self.thumbnail: Thumbnail = looks(limiting.thumbnail, self.file, **self._accepted)
        self.facts: Facts = facts_of([self.file], [self.thumbnail])
        self.is_flat: bool = self.thumbnail.detail < MIN_DETAIL

    def hashes(self, spec: HashSpec, orient: Orient) -> tuple[NDArray[np.uint64], Column]:
        """Return the hashes to search by.

        Parameters
        ----------
        spec : HashSpec
            Which hash.
        orient : str
            upright, mirror (also mirrored pictures are the same) or all (also rotated ones).

        Returns
        -------
        block : ndarray of uint64, shape (n, words)
            Of the whole picture and of what borders surround, as it is and turned; of a flat picture only the first.
        turn : ndarray of int64, shape (n,)
            The EXIF orientation that each was turned by.
        """
        luma = self.thumbnail.luma[np.newaxis]
        wanted = [("plain", (1,)), ("trimmed", (1,)), ("turned", TURNED[orient])][: 1 if self.is_flat else 3]
        blocks = [VARIANTS[variant](luma, spec)[1][: len(turns)] for variant, turns in wanted]
        turn = [way for (_, turns), block in zip(wanted, blocks, strict=True) for way in turns[: len(block)]]
        return np.concatenate(blocks), np.array(turn, np.int64)

    @cached_property
    def planes(self) -> Planes | None:
        """Luma and chroma finer than those of the thumbnail; None where the file cannot be decoded to them."""
        return self._planes(self.file)

    def planes_at(self, paths: Sequence[str], facts: Facts, row: int, reader: Reader) -> Planes | None:
        """Decode a file to planes, if it is still what is known of it.

        Parameters
        ----------
        paths : sequence of str
            Where it may be.
        facts : Facts
            What is known,
        row : int
            and which of these it is.
        reader : Reader
            Who reads.

        Returns
        -------
        tuple of ndarray or None
            None where it is gone, was changed, or cannot be decoded.
        """
        data = read(paths, facts, row, reader)
        return None if data is None else self._planes((data, paths[0]))

    @cached_property
    def pixels(self) -> bytes | None:
        """Digest of all pixels; None where they cannot all be decoded: what cannot is equal to nothing."""
        return self._pixels(self.file)

    def shows_the_same(self, file: File) -> bool:
        """Say whether all pixels of a file are those of the picture.

        Parameters
        ----------
        file : tuple of (bytes, str)
            Contents and name.

        Returns
        -------
        bool
            By a full decode of both.
        """
        return self.pixels is not None and self.pixels == self._pixels(file)

    def _pixels(self, file: File) -> bytes | None:
        try:
            return self.looks(_digest_of_pixels, file, max_pixels=self.looks.options.max_pixels)
        except (DecodeError, MemoryError):
            return None

    def _planes(self, file: File) -> Planes | None:
        try:
            return self.looks(limiting.planes, file, side=PIXEL_SIDE, **self._accepted)
        except (DecodeError, MemoryError):
            return None


@dataclass(frozen=True, slots=True)
class Others:
    """Contents that a picture is held against.

    Attributes
    ----------
    facts : Facts
        What is known of them.
    luma, chroma : ndarray of uint8, shape (n, 64, 64) and (n, 8, 8, 2)
        Their thumbnails.
    paths : list of list of str
        Where each may be read.
    turns : list of list of int
        The EXIF orientations that bring the hash of the picture near to that of each.
    """

    facts: Facts
    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    paths: list[list[str]]
    turns: list[list[int]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a picture and one other.

    Attributes
    ----------
    tier : Tier
        How sure and how close.
    score : float
        0..1.
    relation : str
        What was done to the picture to make the other one.
    """

    tier: Tier
    score: float
    relation: str


def judge(query: Query, others: Others, threads: Executor) -> list[Verdict]:
    """Verify a picture against others.

    Parameters
    ----------
    query : Query
        The picture.
    others : Others
        What its hash is near to.
    threads : Executor
        Who decodes files.

    Returns
    -------
    list of Verdict
        One each. EXACT for equal bytes and, where the file is there to be decoded, equal pixels; a flat picture is nothing
        else.
    """
    count = len(others.paths)
    found = [Verdict(Tier.NONE, 0.0, DIFFERENT)] * count
    facts = _joined(query.facts, others.facts)
    same = [digest == query.facts.digest[0] for digest in others.facts.digest]
    flat = (others.facts.detail < MIN_DETAIL) | query.is_flat
    # One reader for all: archives stay open, and compressed ones are read on from where they are.
    with closing(Reader(named=chain.from_iterable(others.paths))) as reader:
        if rows := [row for row in range(count) if not (same[row] or flat[row])]:
            for row, verdict in zip(
                rows, _verified(query, others, facts, np.array(rows), threads, reader), strict=True
            ):
                found[row] = verdict
        for row, verdict in enumerate(found):
            if same[row]:
                found[row] = Verdict(Tier.EXACT, 1.0, "identical bytes")
            elif flat[row] or verdict.tier is Tier.COPY:
                alike = not flat[row] or np.array_equal(others.luma[row], query.thumbnail.luma)
                alike = alike and may_have_equal_pixels(facts, 0, 1 + row)
                data = read(others.paths[row], others.facts, row, reader) if alike else None
                if data is not None and query.shows_the_same((data, others.paths[row][0])):
                    found[row] = Verdict(Tier.EXACT, 1.0, verify.equality(facts, 0, 1 + row))
                elif flat[row]:
                    found[row] = Verdict(Tier.NONE, 0.0, "too little detail to compare")
    return found


def read(paths: Sequence[str], facts: Facts, row: int, reader: Reader) -> bytes | None:
    """Read a file, if it is still what is known of it.

    Parameters
    ----------
    paths : sequence of str
        Where it may be.
    facts : Facts
        What is known,
    row : int
        and which of these it is.
    reader : Reader
        Who reads.

    Returns
    -------
    bytes or None
        None where no path leads to a file with these bytes.
    """
    held = (reader.same(path, int(facts.size[row]), facts.digest[row]) for path in paths)
    return next((data for data in held if data is not None), None)


def _verified(
    query: Query, others: Others, facts: Facts, rows: Column, threads: Executor, reader: Reader
) -> list[Verdict]:
    """Verify some of the others; the picture itself is number 0 of everything here."""
    luma = np.concatenate([query.thumbnail.luma[np.newaxis], others.luma[rows]])
    chroma = np.concatenate([query.thumbnail.chroma[np.newaxis], others.chroma[rows]])
    at = np.concatenate([[0], 1 + rows])
    small = pictures_of(luma, chroma, facts.width[at], facts.height[at])
    # The order in which two files are verified is that of `find` and `compare`.
    ranks = [(-int(facts.width[row] * facts.height[row]), facts.digest[row]) for row in at.tolist()]
    first = np.array([ranks[0] <= rank for rank in ranks[1:]])
    number, none = np.arange(1, len(at)), np.zeros(len(rows), np.int64)
    left, right = np.where(first, none, number), np.where(first, number, none)
    turns = [
        [BACK[turn] if of_left else turn for turn in others.turns[row]]
        for row, of_left in zip(rows.tolist(), first.tolist(), strict=True)
    ]
    found = verify.verify(small, left, right, hints_between(luma, left, right, turns))
    two_exposures = Exposures(facts).differ(none, at[1:])
    doubtful = np.flatnonzero(~two_exposures & (found.doubt > verify.Doubt.NONE))
    _look_closer(query, others, (small, left, right, turns), found, (doubtful, rows), threads, reader)
    found.evidence["two_exposures"] = two_exposures
    tiers = np.where(two_exposures, np.maximum(found.tier, Tier.SIMILAR), found.tier)
    made = []
    for row, tier in enumerate(map(Tier, tiers.tolist())):
        said = DIFFERENT
        if tier < Tier.NONE:
            said = verify.relation(facts, 0, int(at[1 + row]), tier, found.evidence[row], left=bool(first[row]))
        made.append(Verdict(tier, int(found.score[row]) / 1000, said))
    return made


def _look_closer(
    query: Query,
    others: Others,
    seen: tuple[Pictures, Column, Column, list[list[int]]],
    found: verify.Verdicts,
    which: tuple[Column, Column],
    threads: Executor,
    reader: Reader,
) -> None:
    """Verify again those of which the file can be decoded; the others keep their verdict."""
    (small, left, right, turns), (doubtful, rows) = seen, which
    if not len(doubtful) or query.planes is None:
        return

    def planes(pair: int) -> Planes | None:
        row = int(rows[pair])
        return query.planes_at(others.paths[row], others.facts, row, reader)

    for start in range(0, len(doubtful), PIXEL_PAIRS):  # so many planes are held at once
        part = doubtful[start : start + PIXEL_PAIRS].tolist()
        for pair, both in zip(part, threads.map(planes, part), strict=True):
            if both is None:
                continue
            luma, chroma = (np.stack([query.planes[which], both[which]]) for which in (0, 1))
            two = np.array([0, pair + 1])
            one, other = (np.searchsorted(two, side[[pair]]) for side in (left, right))
            hints = hints_between(small.luma[two], one, other, [turns[pair]])
            closer = verify.verify(finer(small.take(two), luma, chroma), one, other, hints)
            settle(found, np.array([pair]), closer)


def _digest_of_pixels(file: File, *, max_pixels: int) -> bytes:
    return decode.pixels_of(*file, max_pixels=max_pixels).digest


def _joined(one: Facts, more: Facts) -> Facts:
    columns: dict[str, Any] = {}
    for field in fields(Facts):
        first, rest = getattr(one, field.name), getattr(more, field.name)
        columns[field.name] = [*first, *rest] if isinstance(first, list) else np.concatenate([first, rest])
    return Facts(**columns)
