"""Catalog to groups: join, verify, group, and the findings that come of it."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, decode, grouping, hashes, join, tables, verify
from lookalike.catalog import Catalog
from lookalike.columns import Images, Matches
from lookalike.errors import SourceError, UsageError
from lookalike.keep import Ranking, parse_rules, rank
from lookalike.model import (
    DEFAULT_KEEP,
    MAX_PIXELS,
    MIN_DETAIL,
    Failure,
    FindOptions,
    Group,
    GroupRule,
    HashSpec,
    ImageRef,
    Member,
    ScanOptions,
    Tier,
)
from lookalike.pool import default_workers
from lookalike.scanning import OnProgress, Scan, default_catalog, open_catalog, scan

StrPath = str | os.PathLike[str]

VERIFY_STEP = f"{verify.STEP}/{decode.VERSION}"
PAIRS_AT_ONCE = 4096
THUMBNAILS_AT_ONCE = 4096
FLUSH_PAIRS = 1 << 16


@dataclass(frozen=True, slots=True)
class FolderPair:
    """How much of one folder is found again in another.

    Attributes
    ----------
    folder, other : str
        The folder whose images have their keeper elsewhere, and where that is.
    contained, images : int
        Images of `folder` with a keeper in `other`, and all its images.
    size : int
        Bytes of those contained.
    """

    folder: str
    other: str
    contained: int
    images: int
    size: int


def find(
    paths: StrPath | Sequence[StrPath],
    *,
    against: StrPath | Sequence[StrPath] = (),
    tier: str = "edit",
    algorithm: str = "phash",
    size: int = 8,
    radius: int | None = None,
    group: GroupRule = "star",
    keep: str = DEFAULT_KEEP,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    min_size: tuple[int, int] = (0, 0),
    follow_symlinks: bool = False,
    truncated: Literal["refuse", "accept"] = "refuse",
    max_pixels: int = MAX_PIXELS,
    catalog: StrPath | None = None,
    use_catalog: bool = True,
    workers: int | None = None,
    progress: OnProgress | None = None,
) -> "Findings":
    """Find the images that are the same picture.

    Parameters
    ----------
    paths : path or sequence of paths
        Folders, entered recursively, and files.
    against : path or sequence of paths
        References: only pairs between `paths` and these are looked for, and these are always keepers.
    tier : str
        Loosest tier to report: exact, copy, edit or similar.
    algorithm : str
        Hash that proposes candidate pairs.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    radius : int, optional
        Largest Hamming distance of a candidate pair in bits, inclusive; None for the algorithm's own.
    group : str
        star, clique or component.
    keep : str
        Keep rules, first difference wins.
    exclude, include : sequence of str
        Globs in gitignore syntax, relative to each root.
    min_size : tuple of int
        Smallest width and height in pixels, inclusive.
    follow_symlinks : bool
        Whether symlinked folders are entered.
    truncated : str
        refuse or accept files that end early.
    max_pixels : int
        Images with more pixels are not decoded.
    catalog : path, optional
        Catalog file; None for the one in the cache folder of the platform.
    use_catalog : bool
        False scans everything and remembers nothing.
    workers : int, optional
        Worker processes; None for one per core, 1 to decode in this process.
    progress : callable, optional
        ``(done, listed, listing finished)``, called often.

    Returns
    -------
    Findings
        Groups, failures and statistics.

    Raises
    ------
    UsageError
        If an option does not fit.
    SourceError
        If none of the paths can be read. Where only some cannot, the rest is done and `Findings.incomplete` says so.
    CatalogError
        If the catalog cannot be used.

    Examples
    --------
    >>> find("photos", tier="copy").stats["groups"]  # doctest: +SKIP
    410
    """
    roots, references = _as_list(paths), _as_list(against)
    if not roots:
        raise UsageError("no path given: name at least one folder or file")
    spec = HashSpec(algorithm=algorithm, size=size)
    usual = hashes.default_radius(spec)
    options = FindOptions(
        tier=Tier.parse(tier), spec=spec, radius=usual if radius is None else radius, group=group, keep=keep
    )
    if references and group != "star":
        raise UsageError(f"group {group!r} has no meaning with references: leave it at star")
    scan_options = ScanOptions(
        exclude=tuple(exclude), include=tuple(include), min_size=min_size, follow_symlinks=follow_symlinks,
        truncated=truncated, max_pixels=max_pixels,
    )  # fmt: skip
    parse_rules(options.keep)
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, got {workers}")
    place = (os.fspath(catalog) if catalog is not None else default_catalog()) if use_catalog else None
    started = time.monotonic()
    with open_catalog(place) as store:
        found = scan(
            roots, references, store, spec, scan_options, workers=workers or default_workers(), progress=progress
        )
        ranking = rank(found.images, options.keep)
        block = _hash_words(found.images.facts.id, store, spec)
        matches = _match(found.images, ranking.order, block, store, options, against=bool(references))
    seconds = time.monotonic() - started
    return Findings(roots, references, options, scan_options, found, ranking, matches, block, seconds)


def _as_list(paths: StrPath | Sequence[StrPath]) -> list[str]:
    given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    return [os.fspath(path) for path in given]


# -- join and verify ---------------------------------------------------------------------------------------------------


def _match(
    images: Images,
    order: NDArray[np.int64],
    block: NDArray[np.uint64],
    store: Catalog,
    options: FindOptions,
    *,
    against: bool,
) -> Matches:
    """Match images; rows of the result are rows of `images`, rows of `block` are contents."""
    units = _Units(images, order, against=against)
    judge = _Judge(images, units.content, store)
    detail = images.facts.detail[units.content]
    joined = (detail >= MIN_DETAIL) & (len(units.content) > 1) & (options.tier > Tier.EXACT)
    distinct, classes_joined = join.collapse(block[units.content[joined]])
    classes = np.full(len(units.content), -1, np.int64)
    classes[joined] = classes_joined
    left, right, _ = join.distinct_pairs(distinct, options.radius)
    candidates = grouping.Candidates(classes, left, right)
    if against:
        matched = grouping.match_references(candidates, judge, options.tier, units.reference, units.has_both)
    else:
        matched = grouping.group(candidates, judge, options.tier, options.group)
    judge.flush()
    return units.spread(matched)


class _Units:
    """Distinct contents as the items of matching, numbered in keep order; images with equal bytes are one item."""

    def __init__(self, images: Images, order: NDArray[np.int64], *, against: bool) -> None:
        ranked = images.content[order]
        contents, first = np.unique(ranked, return_index=True)
        by_order = np.argsort(first)
        self.content: NDArray[np.int64] = contents[by_order]
        self.image = order[first[by_order]]
        """The best image of each item."""
        item_of_content = np.zeros(len(images.facts.id), np.int64)
        item_of_content[self.content] = np.arange(len(self.content))
        self._item = item_of_content[images.content]
        self._images, self._against = images, against
        self.reference = images.reference[self.image]
        under_test = np.zeros(len(self.content), np.bool_)
        under_test[self._item[~images.reference]] = True
        self.has_both = self.reference & under_test

    def spread(self, items: Matches) -> Matches:
        """Turn matches of items into matches of images."""
        rows = np.arange(len(self._images))
        best = self.image[self._item]
        keeper = np.where(rows == best, self.image[items.keeper[self._item]], best)
        group = self.image[items.group[self._item]]
        tier = np.where(rows == best, items.tier[self._item], Tier.EXACT).astype(np.uint8)
        score = np.where(rows == best, items.score[self._item], 1000)
        if self._against:
            # References stand for themselves; each image under test names its reference, never another image under test.
            test = ~self._images.reference & ~self.has_both[self._item]
            keeper = np.where(test, self.image[items.keeper[self._item]], best)
            tier = np.where(test, items.tier[self._item], Tier.EXACT).astype(np.uint8)
            score = np.where(test, items.score[self._item], 1000)
            alone = self._images.reference | (test & (items.keeper[self._item] == self._item))
            keeper, group = np.where(alone, rows, keeper), np.where(alone, rows, group)
        return Matches(keeper, group, tier, score)


class _Judge:
    """Verify pairs of items on their thumbnails, remembering verdicts in the catalog."""

    def __init__(self, images: Images, content: NDArray[np.int64], store: Catalog) -> None:
        self._ids = images.facts.id[content]
        self._sizes = (images.facts.width[content], images.facts.height[content])
        self._store = store
        self._fresh: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]] = []
        self._waiting = 0

    def __call__(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        tier, score = np.zeros(len(left), np.uint8), np.zeros(len(left), np.int64)
        for start in range(0, len(left), PAIRS_AT_ONCE):
            rows = slice(start, start + PAIRS_AT_ONCE)
            tier[rows], score[rows] = self._judge(left[rows], right[rows])
        return tier, score

    def _judge(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        tier, score = np.zeros(len(left), np.uint8), np.zeros(len(left), np.int64)
        known, tier_known, score_known = self._store.pairs(self._ids[left], self._ids[right], VERIFY_STEP)
        tier[known], score[known] = tier_known, score_known
        new = np.setdiff1d(np.arange(len(left)), known)
        if len(new):
            one, other = left[new], right[new]
            ids = np.unique(self._ids[np.concatenate([one, other])])
            luma, chroma = self._store.thumbnails(ids)
            at = [np.searchsorted(ids, self._ids[side]) for side in (one, other)]
            side = verify.common_side(*((self._sizes[0][items], self._sizes[1][items]) for items in (one, other)))
            tier[new], score[new] = verify.verify(
                (luma[at[0]], luma[at[1]]), (chroma[at[0]], chroma[at[1]]), side
            )
            self._fresh.append((self._ids[one], self._ids[other], tier[new], score[new]))
            self._waiting += len(new)
            if self._waiting >= FLUSH_PAIRS:
                self.flush()
        return tier, score

    def flush(self) -> None:
        """Store the verdicts made since the last flush."""
        if self._fresh:
            left, right, tier, score = (np.concatenate(column) for column in zip(*self._fresh, strict=True))
            with self._store.transaction():
                self._store.add_pairs(left, right, tier.astype(np.uint8), score, VERIFY_STEP)
        self._fresh, self._waiting = [], 0


def _hash_words(ids: NDArray[np.int64], store: Catalog, spec: HashSpec) -> NDArray[np.uint64]:
    """Return the hashes of contents; those the catalog lacks are made from its thumbnails."""
    found, words = store.hashes(ids, spec)
    block = np.zeros((len(ids), bits.words(spec.bits)), np.uint64)
    block[np.searchsorted(ids, found)] = words
    missing = np.setdiff1d(ids, found)
    for start in range(0, len(missing), THUMBNAILS_AT_ONCE):
        part = missing[start : start + THUMBNAILS_AT_ONCE]
        made = hashes.hash_block(store.thumbnails(part)[0], spec)
        with store.transaction():
            store.add_hashes(part.tolist(), made, spec)
        block[np.searchsorted(ids, part)] = made
    return block


# -- findings ----------------------------------------------------------------------------------------------------------


class Findings:
    """What `find` found. Made by `find` only.

    Attributes
    ----------
    roots, references : list of str
        As given.
    incomplete : list of str
        What could not be seen, one line each; empty when everything was.
    missing_roots : list of str
        Roots that could not be read, or went away.
    failures : list of Failure
        Every image or folder that could not be read.
    """

    def __init__(
        self,
        roots: list[str],
        references: list[str],
        options: FindOptions,
        scan_options: ScanOptions,
        found: Scan,
        ranking: Ranking,
        matches: Matches,
        block: NDArray[np.uint64],
        seconds: float,
    ) -> None:
        self.roots, self.references = roots, references
        self.options, self.scan_options = options, scan_options
        self.incomplete, self.missing_roots = found.incomplete, found.missing_roots
        self.failures: list[Failure] = found.failures
        self._scan, self._images, self._ranking = found, found.images, ranking
        self._matches, self._block, self._seconds = matches, block, seconds
        if not len(found.images) and not found.failures and not found.skipped and found.missing_roots:
            raise SourceError("nothing to read: " + "; ".join(found.incomplete))

    def __repr__(self) -> str:
        stats = self.stats
        return f"<Findings: {stats['images']} images, {stats['groups']} groups, {stats['duplicates']} duplicates>"

    @cached_property
    def _rows(self) -> list[list[int]]:
        """Rows of each group: the keeper, then by tier and keep order; largest saving first."""
        place = np.empty(len(self._images), np.int64)
        place[self._ranking.order] = np.arange(len(self._images))
        own = np.arange(len(self._images))
        grouped = np.flatnonzero(np.isin(self._matches.group, self._matches.group[self._matches.group != own]))
        group, tier = self._matches.group[grouped], self._matches.tier[grouped]
        order = np.lexsort((place[grouped], tier, group != grouped, place[group]))
        sorted_rows, sorted_group = grouped[order], group[order]
        parts = np.split(sorted_rows, np.flatnonzero(np.diff(sorted_group)) + 1) if len(sorted_rows) else []
        rows = [part.tolist() for part in parts]
        return sorted(rows, key=lambda part: (-self._saving(part), place[part[0]]))

    def _saving(self, rows: list[int]) -> int:
        """Return the bytes in duplicates of a group; names of one file count once, names of a keeper's file not at all."""
        images, tier = self._images, self._matches.tier
        duplicates = [row for row in rows[1:] if tier[row] < Tier.SIMILAR]
        kept = {rows[0], *(row for row in rows[1:] if tier[row] >= Tier.SIMILAR)}
        files = {self._file(row): int(images.size[row]) for row in duplicates}
        return sum(size for file, size in files.items() if file not in {self._file(row) for row in kept})

    def _file(self, row: int) -> tuple[int, int]:
        return int(self._images.device[row]), int(self._images.inode[row])

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of two or more images, the one that would free most bytes first."""
        return tuple(self._group(number, rows) for number, rows in enumerate(self._rows, 1))

    def _group(self, number: int, rows: list[int]) -> Group:
        members = tuple(self._member(row, rows) for row in rows)
        words = np.unique(self._block[self._images.content[rows]], axis=0)
        diameter = max(int(bits.distance(words, word).max()) for word in words)
        return Group(number, members, self.options.group, self._saving(rows), diameter)

    def _member(self, row: int, rows: list[int]) -> Member:
        images, facts, at = self._images, self._images.facts, int(self._images.content[row])
        known = int(facts.width[at]), int(facts.height[at]), facts.format[at], int(facts.quality[at]) or None
        ref = ImageRef(
            images.path[row], images.volume[row], images.key[row], int(images.size[row]), int(images.mtime_ns[row]),
            *self._file(row), facts.digest[at],
        )  # fmt: skip
        if row == rows[0]:
            return Member(ref, *known, "keeper", reason=self._ranking.reason(row, rows[1]))
        keeper = int(self._matches.keeper[row])
        tier = Tier(int(self._matches.tier[row]))
        distance = int(bits.distance(self._block[at], self._block[int(self._images.content[keeper])]))
        verified = tier is not Tier.NONE
        return Member(
            ref, *known, "duplicate" if tier < Tier.SIMILAR else "similar", keeper=images.path[keeper],
            distance=distance, share=distance / self.options.spec.bits,
            score=int(self._matches.score[row]) / 1000 if verified else None, tier=tier if verified else None,
            relation=self._relation(row, keeper, tier), reason=self._ranking.reason(keeper, row),
        )  # fmt: skip

    def _relation(self, row: int, keeper: int, tier: Tier) -> str:
        one, other = int(self._images.content[keeper]), int(self._images.content[row])
        if self._file(row) == self._file(keeper):
            return "same file"
        if one == other:
            return "identical bytes"
        if tier is Tier.NONE:
            return "connected through others only"
        return verify.relation(self._images.facts, one, other, tier)

    @cached_property
    def stats(self) -> dict[str, Any]:
        """Counts of everything that was seen, and what became of it."""
        rows = np.array([row for part in self._rows for row in part[1:]], np.int64)
        tier = self._matches.tier[rows]
        levels = [level for level in Tier if level <= self.options.tier]
        stats: dict[str, Any] = {
            "images": self._scan.hashed + len(self.failures) - self._scan.failed_folders,
            "hashed": self._scan.hashed,
            "cached": self._scan.cached,
            "failed": len(self.failures) - self._scan.failed_folders,
            "failed_folders": self._scan.failed_folders,
            "skipped": dict(self._scan.skipped),
            "groups": len(self._rows),
            "duplicates": int((tier < Tier.SIMILAR).sum()),
            "bytes_in_duplicates": sum(map(self._saving, self._rows)),
            "by_tier": {level.name.lower(): int((tier == level).sum()) for level in levels},
        }
        if self.references:
            mine = ~self._images.reference
            unreadable = len(self.failures) - self._scan.failed_reference
            stats["against"] = {
                "matched": int(mine.sum()) - len(self.unmatched),
                "unmatched": len(self.unmatched),
                "unreadable": unreadable,
            }
        stats["seconds"] = round(self._seconds, 3)
        return stats

    @cached_property
    def unmatched(self) -> list[str]:
        """Paths under test that no reference matches at the chosen tier, sorted; unreadable images are not among them.

        Raises
        ------
        UsageError
            If `find` was not given anything to compare against.
        """
        if not self.references:
            raise UsageError("unmatched images exist only against something: give find a folder to compare against")
        alone = (self._matches.group == np.arange(len(self._images))) & ~self._images.reference
        return sorted(self._images.path[row] for row in np.flatnonzero(alone).tolist())

    @cached_property
    def duplicate_paths(self) -> list[str]:
        """Paths of all duplicates, sorted."""
        return sorted(
            self._images.path[row]
            for part in self._rows
            for row in part[1:]
            if self._matches.tier[row] < Tier.SIMILAR
        )

    @cached_property
    def keep_paths(self) -> list[str]:
        """Paths of all images that are not duplicates, sorted."""
        duplicates = {row for part in self._rows for row in part[1:] if self._matches.tier[row] < Tier.SIMILAR}
        return sorted(path for row, path in enumerate(self._images.path) if row not in duplicates)

    @cached_property
    def folder_pairs(self) -> list[FolderPair]:
        """Folders of which at least half is found again in another folder, most bytes first."""
        folders = [os.path.dirname(path) for path in self._images.path]
        images = Counter(folders)
        contained: Counter[tuple[str, str]] = Counter()
        size: Counter[tuple[str, str]] = Counter()
        for part in self._rows:
            for row in part[1:]:
                pair = folders[row], folders[part[0]]
                if self._matches.tier[row] < Tier.SIMILAR and pair[0] != pair[1]:
                    contained[pair] += 1
                    size[pair] += int(self._images.size[row])
        pairs = [
            FolderPair(*pair, count, images[pair[0]], size[pair])
            for pair, count in contained.items()
            if count > 1 and 2 * count >= images[pair[0]]
        ]
        return sorted(pairs, key=lambda pair: (-pair.size, pair.folder, pair.other))

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as plain values: the object of ``find --json``.

        Returns
        -------
        dict
            Keys version, options, roots, environment, groups, failures, stats. Equal for equal input and options but for
            ``stats.seconds`` and ``stats.cached``, for any number of workers.
        """
        options, scan_options = self.options, self.scan_options
        return {
            "version": 1,
            "options": {
                "tier": options.tier.name.lower(),
                "hash": options.spec.id,
                "radius": options.radius,
                "group": options.group,
                "keep": options.keep,
                "exclude": list(scan_options.exclude),
                "include": list(scan_options.include),
                "min_size": "{}x{}".format(*scan_options.min_size),
                "follow_symlinks": scan_options.follow_symlinks,
                "truncated": scan_options.truncated,
                "max_pixels": scan_options.max_pixels,
                "against": [tables.printable(path) for path in self.references],
            },
            "roots": [tables.printable(path) for path in self.roots],
            "environment": {
                "lookalike": version("lookalike"),
                "kernel": join.kernel(),
                "decoders": decode.decoders(),
            },
            "groups": [tables.group_row(group) for group in self.groups],
            "failures": [tables.failure_row(failure) for failure in self.failures],
            "stats": self.stats,
        }

    def to_json(self) -> str:
        """Return the findings as JSON text, ASCII only, one trailing newline.

        Returns
        -------
        str
            The object of `to_dict`.
        """
        return tables.to_json(self.to_dict())
