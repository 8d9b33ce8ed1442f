"""Matched images as groups, in the order of a report; a group becomes values only when somebody looks at it."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, verify
from lookalike.columns import Images, Matches, Units
from lookalike.folders import FolderPair
from lookalike.keep import Ranking
from lookalike.members import Members, members
from lookalike.model import LOSSES, Group, ImageRef, Member, Tier
from lookalike.options import FindOptions


@dataclass(frozen=True, slots=True)
class Outline:
    """What a list of groups shows of each; one row per group.

    Attributes
    ----------
    tier : ndarray of uint8, shape (n,)
        Loosest `Tier` of a member; NONE where one was never verified against its keeper.
    score : ndarray of int64, shape (n,)
        Least score of a member in thousandths.
    images, saving : ndarray of int64, shape (n,)
        How many members, and bytes in duplicates.
    """

    tier: NDArray[np.uint8]
    score: NDArray[np.int64]
    images: NDArray[np.int64]
    saving: NDArray[np.int64]

    def by_risk(self) -> NDArray[np.int64]:
        """Return the rows in order of risk: the loosest tier first, then the lowest score.

        Returns
        -------
        ndarray of int64, shape (n,)
            Rows; of two alike the one that comes first anyway.
        """
        return np.lexsort((self.score, -self.tier.astype(np.int64)))


class Brief(NamedTuple):
    """What is known of a member of a group without making the group.

    Attributes
    ----------
    path : str
        Where it is.
    digest : bytes or None
        BLAKE3 of its content.
    tier : int
        The `Tier` of a duplicate; NONE for what is none.
    """

    path: str
    digest: bytes | None
    tier: int


def briefs(group: Group) -> list[Brief]:
    """Return what is known of each member of a group.

    Parameters
    ----------
    group : Group
        A group.

    Returns
    -------
    list of Brief
        The keeper first.
    """
    return [
        Brief(one.ref.path, one.ref.digest, Tier.NONE if one.tier is None or one.role != "duplicate" else one.tier)
        for one in group.members
    ]


def outline(groups: Sequence[Group]) -> Outline:
    """Return the outline of groups.

    Parameters
    ----------
    groups : sequence of Group
        Groups.

    Returns
    -------
    Outline
        One row per group.
    """
    others = [group.members[1:] for group in groups]
    return Outline(
        np.array(
            [
                max(Tier.NONE if one.tier is None else one.tier for one in part) if part else Tier.EXACT
                for part in others
            ],
            np.uint8,
        ),
        np.array([min((round(1000 * (one.score or 0)) for one in part), default=1000) for part in others], np.int64),
        np.array([len(group.members) for group in groups], np.int64),
        np.array([group.saving for group in groups], np.int64),
    )


class Grouped(Sequence[Group]):
    """Groups of two or more images, the one that would free most bytes first.

    Parameters
    ----------
    images : Images
        What was read.
    units : Units
        What counts as one image.
    ranking : Ranking
        The keep order.
    matches : Matches
        Of images.
    block : ndarray of uint64, shape (contents, words)
        Hash of each content.
    options : FindOptions
        What counts as a match.

    Attributes
    ----------
    members : Members
        Which images stand for their units in groups.
    """

    def __init__(
        self, images: Images, units: Units, ranking: Ranking, matches: Matches, block: NDArray[np.uint64], options: FindOptions
    ) -> None:  # fmt: skip
        self._images, self._units, self._ranking, self._matches = images, units, ranking, matches
        self._block, self._options = block, options
        self.members: Members = members(matches, units, ranking.order)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Group: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Group]: ...
    def __getitem__(self, at: int | slice) -> Group | Sequence[Group]:
        if isinstance(at, slice):
            return [self[one] for one in range(len(self))[at]]
        at = range(len(self))[at]
        return self._group(at + 1, self.rows[at], self.saving[at])

    @property
    def rows(self) -> list[list[int]]:
        """Rows of images of each group: the keeper first, then by tier and keep order."""
        return self._parts[0]

    @property
    def saving(self) -> list[int]:
        """Bytes in the duplicates of each group: names of one file count once, of a keeper's file not at all."""
        return self._parts[1]

    def briefs(self, at: int) -> list[Brief]:
        """Return what is known of each member of a group, without making it.

        Parameters
        ----------
        at : int
            Position of the group.

        Returns
        -------
        list of Brief
            The keeper first.
        """
        path, digest, (content, tier) = self._images.path, self._images.facts.digest, self._listed
        return [Brief(path[row], digest[content[row]], tier[row]) for row in self.rows[at]]

    def outline(self) -> Outline:
        """Return the outline of these groups, without making them.

        Returns
        -------
        Outline
            As `outline` gives it.
        """
        if not self.rows:
            return outline(())
        images = np.array([len(rows) for rows in self.rows], np.int64)
        row = np.concatenate([rows[1:] for rows in self.rows])
        starts = np.cumsum(images - 1) - (images - 1)
        tier = self._matches.tier[row]
        score = np.where(tier == Tier.NONE, 0, self._matches.score[row].astype(np.int64))
        return Outline(
            np.maximum.reduceat(tier, starts).astype(np.uint8), np.minimum.reduceat(score, starts), images,
            np.array(self.saving, np.int64),
        )  # fmt: skip

    def folder_pairs(self) -> list[FolderPair]:
        """Return folders of which at least half is found again in another folder.

        Returns
        -------
        list of FolderPair
            Most bytes first.
        """
        folders = [os.path.dirname(path) for path in self._images.path]
        images = Counter(folders[row] for row in np.unique(self._ranking.best[~self._units.mask]).tolist())
        contained: Counter[tuple[str, str]] = Counter()
        size: Counter[tuple[str, str]] = Counter()
        unit_size = np.bincount(self._units.unit, self._images.size * ~self._units.mask, len(self._units.paths)).astype(
            np.int64
        )
        duplicate = self.members.duplicate.tolist()
        for part in self.rows:
            for row in part[1:]:
                pair = folders[row], folders[part[0]]
                if duplicate[row] and pair[0] != pair[1]:
                    contained[pair] += 1
                    size[pair] += unit_size[int(self._units.unit[row])]
        pairs = [
            FolderPair(*pair, count, images[pair[0]], size[pair])
            for pair, count in contained.items()
            if count > 1 and 2 * count >= images[pair[0]]
        ]
        return sorted(pairs, key=lambda pair: (-pair.size, pair.folder, pair.other))

    @cached_property
    def _parts(self) -> tuple[list[list[int]], list[int]]:
        place = np.empty(len(self._images), np.int64)
        place[self._ranking.order] = np.arange(len(self._images))
        rows = np.flatnonzero(self.members.shown)
        saving = self._saving()
        group, tier = self.members.group[rows], self._matches.tier[rows]
        order = np.lexsort((place[rows], tier, group != rows, place[group], -saving[group]))
        rows, group = rows[order], group[order]
        parts = np.split(rows, np.flatnonzero(np.diff(group)) + 1) if len(rows) else []
        return [part.tolist() for part in parts], [int(saving[part[0]]) for part in parts]

    def _saving(self) -> NDArray[np.int64]:
        """Return the bytes in duplicates by group keeper."""
        images, group = self._images, self.members.group
        rows = np.flatnonzero(np.isin(group, group[self.members.shown]))
        files = np.stack([images.device[rows], images.inode[rows]], axis=1)
        _, file = np.unique(files, axis=0, return_inverse=True)
        name = group[rows] * (int(file.max(initial=0)) + 1) + file.reshape(-1)
        duplicate = self.members.duplicate[rows]
        names, first = np.unique(name[duplicate], return_index=True)
        freed = rows[duplicate][first[~np.isin(names, name[~duplicate])]]
        saving = np.zeros(len(images), np.int64)
        np.add.at(saving, group[freed], images.size[freed])
        return saving

    @cached_property
    def distance(self) -> NDArray[np.int64]:
        """Distance of each image to its own keeper in bits."""
        content = self._images.content
        return bits.distance(self._block[content], self._block[content[self._matches.keeper]])

    @cached_property
    def _listed(self) -> tuple[list[int], list[int]]:
        """Content of each image, and its tier as a duplicate; single values of lists cost less than those of arrays."""
        tier = np.where(self.members.duplicate, self._matches.tier, Tier.NONE)
        return self._images.content.tolist(), tier.tolist()

    @cached_property
    def _pixels(self) -> NDArray[np.int64]:
        return self._images.facts.width * self._images.facts.height

    def _file(self, row: int) -> tuple[int, int]:
        return int(self._images.device[row]), int(self._images.inode[row])

    def _group(self, number: int, rows: list[int], saving: int) -> Group:
        members = tuple(self._member(row, rows) for row in rows)
        words = np.unique(self._block[self._images.content[rows]], axis=0)
        diameter = max(int(bits.distance(words, word).max()) for word in words) if len(words) > 1 else 0
        return Group(number, members, self._options.group, saving, diameter)

    def _member(self, row: int, rows: list[int]) -> Member:
        images, facts, at = self._images, self._images.facts, int(self._images.content[row])
        known = int(facts.width[at]), int(facts.height[at]), facts.format[at], int(facts.quality[at]) or None
        detail, frames = int(facts.detail[at]), int(facts.frames[at])
        ref = ImageRef(
            images.path[row], images.volume[row], images.key[row], int(images.size[row]), int(images.mtime_ns[row]),
            *self._file(row), facts.digest[at], images.source_of(row),
        )  # fmt: skip
        parts = tuple(path for path in self._units.paths[self._units.unit[row]] if path != images.path[row])
        if row == rows[0]:
            reason = self._ranking.reason(row, rows[1])
            return Member(ref, *known, "keeper", reason=reason, detail=detail, parts=parts, frames=frames)
        keeper = int(self._matches.keeper[row])
        tier = Tier(int(self._matches.tier[row]))
        distance = int(self.distance[row])
        verified = tier is not Tier.NONE
        duplicate = bool(self.members.duplicate[row])
        apart = "" if duplicate or tier >= Tier.SIMILAR else "not all images of its unit have a keeper; "
        return Member(
            ref, *known, "duplicate" if duplicate else "similar", keeper=images.path[keeper],
            distance=distance, share=distance / self._options.spec.bits,
            score=int(self._matches.score[row]) / 1000 if verified else None, tier=tier if verified else None,
            relation=self.relation(row), reason=apart + self._ranking.reason(keeper, row),
            keeper_lacks=self._lacking(row, keeper, tier), detail=detail, parts=parts, frames=frames,
        )  # fmt: skip

    def relation(self, row: int) -> str:
        """Say what was done to an image, compared with the one that it was attached to.

        Parameters
        ----------
        row : int
            Of the image.

        Returns
        -------
        str
            In words.
        """
        keeper, tier = int(self._matches.keeper[row]), Tier(int(self._matches.tier[row]))
        one, other = int(self._images.content[keeper]), int(self._images.content[row])
        if self._file(row) == self._file(keeper):
            return "same file"
        if one == other:
            return "identical bytes"
        if tier is Tier.NONE:
            return "connected through others only"
        if tier is Tier.EXACT:
            return verify.equality(self._images.facts, one, other)
        matches, at = self._matches, int(self._matches.verdict[row])
        if matches.frames[at].any():
            return _frames(matches.frames[at].tolist(), self._images.path[keeper], self._images.path[row])
        return verify.relation(
            self._images.facts, one, other, tier, matches.evidence[at], left=bool(matches.keeper_left[at])
        )

    def _lacking(self, row: int, keeper: int, tier: Tier) -> tuple[str, ...]:
        one, other = int(self._images.content[keeper]), int(self._images.content[row])
        matches, at = self._matches, int(self._matches.verdict[row])
        evidence = None if tier is Tier.EXACT else matches.evidence[at]  # which is of the two items, not within one
        facts, left = self._images.facts, bool(matches.keeper_left[at])
        enlarged = self._ranking.origins.no_finer(other, one, self._pixels)
        lacks = verify.lacking(facts, one, other, tier, evidence, left=left, enlarged=enlarged)
        if tier is Tier.EDIT and matches.frames[at].any():  # each holds a first frame that the other does not
            lacks = tuple(name for name in LOSSES if name in {*lacks, "frames"})
        return lacks


def _frames(numbers: list[int], *paths: str) -> str:
    """Say which frames of two images are the same picture, counted from one; of a still, that it is."""
    said = [
        f"frame {number + 1} of {os.path.basename(path)}" if number else os.path.basename(path)
        for number, path in zip(numbers, paths, strict=True)
    ]
    return " and ".join(said) + " are the same picture"
