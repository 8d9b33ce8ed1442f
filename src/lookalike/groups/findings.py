"""What a search found: groups, failures, statistics."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

import lookalike
from lookalike import decode, join, tables
from lookalike.candidates.chances import passed_over, wide
from lookalike.columns import Matches, Units
from lookalike.errors import UsageError
from lookalike.folders import FolderPair
from lookalike.groups.counting import counts
from lookalike.groups.grouped import Grouped
from lookalike.groups.keeping import Found, going, keep_table, planned_table
from lookalike.groups.numbered import numbers_of, only
from lookalike.keep import Ranking
from lookalike.labels import Root, root_of, survey
from lookalike.model import Failure, Group, Tier
from lookalike.options import FindOptions, ScanOptions
from lookalike.plan import KeepKeywords, KeepOptions, Plan
from lookalike.planning.agreeing import only_seen
from lookalike.planning.making import make_plan
from lookalike.scan.listing import Scan
from lookalike.showing.illustrating import Shown, findings_page
from lookalike.tables import NO_MAP, PathMap
from lookalike.tables.kept import KeepTable

if TYPE_CHECKING:
    from lookalike.sources.reading import Reader

SHOWN_IN_NOTEBOOK = 5


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
    reader : Reader
        Who reads the images again.
    failures : list of Failure
        Every image or folder that could not be read. What nothing here can decode is no failure where another image of
        its unit tells of it: the raw file beside a JPEG.
    """

    def __init__(
        self,
        roots: list[str],
        references: list[str],
        options: FindOptions,
        scan_options: ScanOptions,
        found: Scan,
        units: Units,
        ranking: Ranking,
        matches: Matches,
        block: NDArray[np.uint64],
        seconds: float,
        again: Callable[[str], "Findings"],
        catalog: str | None,
        *,
        candidates: str | int | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.roots: list[str] = roots
        self.references: list[str] = references
        self.options: FindOptions = options
        self.scan_options: ScanOptions = scan_options
        self.incomplete: list[str] = found.incomplete
        self.missing_roots: list[str] = found.missing_roots
        self.reader: Reader = found.reader
        self._scan, self._images, self._units, self._ranking = found, found.images, units, ranking
        told = self._failed()
        self.failures: list[Failure] = [row for row, _, _ in told]
        self._failed_images = [reference for _, reference, image in told if image]
        self._matches, self._block, self._seconds = matches, block, seconds
        self._again, self._catalog = again, catalog
        self._candidates = tables.printable(candidates) if isinstance(candidates, str) else candidates
        self._notes = notes

    def __repr__(self) -> str:
        stats = self.stats
        return f"<Findings: {stats['images']} images, {stats['groups']} groups, {stats['duplicates']} duplicates>"

    def _repr_html_(self) -> str:
        return self.show()._repr_html_()

    def _failed(self) -> list[tuple[Failure, bool, bool]]:
        """Return failures with whether each lies in a reference and is an image; without parts that another one tells of."""
        scan, unread = self._scan, self._units.unread
        rows = list(zip(scan.failures, scan.failed_reference, scan.failed_image, strict=True))
        known = set(self._units.unit.tolist())
        known |= {unread[row.ref.path] for row, _, image in rows if image and row.kind != "unsupported"}
        told = []
        for row, reference, image in rows:
            if image and row.kind == "unsupported":
                unit = unread[row.ref.path]
                if unit in known:
                    continue
                known.add(unit)
            told.append((row, reference, image))
        return told

    @cached_property
    def grouped(self) -> Grouped:
        """The same groups as `groups`, each made only when it is looked at."""
        return Grouped(self._images, self._units, self._ranking, self._matches, self._block, self.options)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of two or more images, the one that would free most bytes first."""
        return self.first_groups(None)

    def first_groups(self, count: int | None) -> tuple[Group, ...]:
        """Return the first groups only, which costs less than all of them.

        Parameters
        ----------
        count : int or None
            Most groups to return; None for all.

        Returns
        -------
        tuple of Group
            The groups that would free most bytes.
        """
        return tuple(self.grouped[at] for at in range(len(self.grouped))[:count])

    @cached_property
    def stats(self) -> dict[str, Any]:
        """Counts of everything that was seen, and what became of it."""
        stats = counts(
            self._scan, self._units, self._matches, self.grouped, self.options.tier, against=bool(self.references),
            failed=self._failed_images, failures=len(self.failures),
        )  # fmt: skip
        return {**stats, "seconds": round(self._seconds, 3)}

    @cached_property
    def warnings(self) -> list[str]:
        """What about the options, candidates and tables may mislead, one line each, with what to do instead."""
        crowded = passed_over(self._matches.passed)
        return [*self._notes, *wide(self.options, len(self._images)), *crowded, *self._scan.warnings]

    @cached_property
    def unmatched(self) -> list[str]:
        """Paths under test that no reference matches at the chosen tier, sorted; failures are not among them.

        Raises
        ------
        UsageError
            If `find` was not given anything to compare against.
        """
        if not self.references:
            raise UsageError("unmatched images exist only against something: give find a folder to compare against")
        mine = ~self._images.reference
        found = np.zeros(len(self._units.paths), np.bool_)
        found[self._units.unit[self.grouped.members.matched]] = True
        # Of a unit that is found only in part, the images that are not; of others all, also what could not be read.
        rows = np.flatnonzero(mine & ~np.where(self._units.mask, found[self._units.unit], self.grouped.members.matched))
        alone = set(self._units.unit[mine & ~found[self._units.unit]].tolist())
        return sorted({self._images.path[row] for row in rows.tolist()} | self._unread_parts(alone))

    def _unread_parts(self, units: set[int]) -> set[str]:
        """Return the images of some units that could not be read and are no failure."""
        failed = {failure.ref.path for failure in self.failures}
        return {path for path, unit in self._units.unread.items() if unit in units and path not in failed}

    @property
    def _found(self) -> Found:
        rows = zip(self._scan.failures, self._scan.failed_reference, self._scan.failed_image, strict=True)
        failures = [failure for failure, reference, image in rows if image and not reference]
        roots = [*self.roots, *self._scan.globs_below]
        return Found(self._images, self._units, self._ranking, self._matches, self.grouped, failures, roots)

    @cached_property
    def _going(self) -> NDArray[np.bool_]:
        return going(self._found)

    @cached_property
    def duplicate_paths(self) -> list[str]:
        """Paths of all duplicates that go, sorted: of each unit all images that were read; no raw file for another picture."""
        return sorted(self._images.path[row] for row in np.flatnonzero(self._going).tolist())

    @cached_property
    def keep_paths(self) -> list[str]:
        """Paths of all other images, sorted; also masks, and parts of units that nothing here can decode, but no failures."""
        rows = np.flatnonzero(~self._going).tolist()
        parts = self._unread_parts(set(self._units.unit.tolist()))
        return sorted(parts.union(self._images.path[row] for row in rows))

    @cached_property
    def keep_rows(self) -> dict[str, NDArray[np.int64]]:
        """Numbers of the rows that were read and do not go, sorted, by table; without references."""
        return self._numbers(~self._going)

    @cached_property
    def duplicate_rows(self) -> dict[str, NDArray[np.int64]]:
        """Numbers of the rows that go, sorted, by table."""
        return self._numbers(self._going)

    @property
    def keep_indices(self) -> NDArray[np.int64]:
        """The `keep_rows` of the only table, for ``dataset.select`` and ``frame.iloc``; a UsageError unless there is one."""
        return only(self.keep_rows, "keep_rows")

    @property
    def duplicate_indices(self) -> NDArray[np.int64]:
        """The `duplicate_rows` of the only table; a UsageError unless there is one."""
        return only(self.duplicate_rows, "duplicate_rows")

    def _numbers(self, rows: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        tables = [table for table in self._scan.reader.tables if root_of(table, self.roots) is not None]
        return numbers_of(self._images, rows & ~self._images.reference, tables)

    @cached_property
    def by_root(self) -> list[Root]:
        """How many images each root holds, a hash table those it tells of, and what its folders look like; references last."""
        given, tables = {*self.roots, *self.references}, self._scan.tables
        told_by = self._scan.told_by.tolist() if tables else [-1] * len(self._images)
        folders = Counter(
            tables[at] if at >= 0 else path if path in given else os.path.dirname(path)
            for path, at in zip(self._images.path, told_by, strict=True)
        )
        return survey(folders, self.roots, self.references)

    @cached_property
    def folder_pairs(self) -> list[FolderPair]:
        """Folders of which at least half is found again in another folder, most bytes first."""
        return self.grouped.folder_pairs()

    def plan(self, *, keep: str | None = None, tier: str = "copy", **options: Unpack[KeepKeywords]) -> Plan:
        """Decide which duplicates go and which stay, as the files stand now. Nothing is done to them.

        Parameters
        ----------
        keep : str, optional
            Keep rules; others than those of `find` search again, with what the catalog knows. None for the same.
        tier : str
            Loosest tier that goes: exact, copy or edit.
        **options
            Further fields of `lookalike.plan.KeepOptions`, such as ``action="hardlink"``; `protect` and `units` are as
            `find` was told unless they are given.

        Returns
        -------
        Plan
            A decision for every image of every group, each with a reason.

        Raises
        ------
        UsageError
            If an option does not fit.
        """
        only_seen((*self.roots, *self.references))
        told: KeepKeywords = {"protect": self.options.protect, "units": self.options.units, **options}
        wanted = KeepOptions(tier=Tier.parse(tier), **told)
        found = self if keep in (None, self.options.keep) else self._again(str(keep))
        return make_plan(
            found.groups,
            found.by_root,
            options=wanted,
            orient=self.options.orient,
            found=found.to_dict(0)["options"],
            reader=self._scan.reader,
        )

    def keep_table(self, plan: Plan | None = None, *, relations: bool = True) -> KeepTable:
        """Return what is kept: one row per image under test.

        Parameters
        ----------
        plan : Plan, optional
            From `plan`: what it would remove goes. None for all duplicates.
        relations : bool
            Whether to say what was done to each duplicate, which takes most of the time.

        Returns
        -------
        KeepTable
            Columns; what could not be read is kept, too.
        """
        found = self._found
        if plan is not None:
            return planned_table(found, plan, relations=relations)
        return keep_table(found, relations=relations)

    def to_pandas(self) -> Any:
        """Return `keep_table` for pandas; needs the extra ``tables``.

        Returns
        -------
        pandas.DataFrame
            One row per image: path, group, role, keep, tier, distance, score, keeper, relation, reason and others.
        """
        return self.keep_table().to_pandas()

    def to_dict(self, groups: int | None = None) -> dict[str, Any]:
        """Return the findings as plain values: the object of ``find --json``.

        Parameters
        ----------
        groups : int or None
            Most groups to include; None for all.

        Returns
        -------
        dict
            Keys version, options, roots, by_root, environment, groups, failures, warnings, stats. Equal for equal input and
            options but for ``stats.seconds`` and ``stats.cached``, for any number of workers.
        """
        return {
            "version": 1,
            "options": tables.option_row(self.options, self.scan_options, self.references, candidates=self._candidates),
            "roots": [tables.printable(path) for path in self.roots],
            "by_root": tables.root_rows(self.by_root),
            "environment": {
                "lookalike": lookalike.__version__,
                "kernel": join.KERNELS[0],
                **decode.environment(),
            },
            "groups": [tables.group_row(group) for group in self.first_groups(groups)],
            "failures": [tables.failure_row(failure) for failure in self.failures],
            "warnings": self.warnings,
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

    def html_parts(self, *, full_pictures: bool = False, shown: PathMap = NO_MAP) -> Iterator[str]:
        """Return the findings as one self-contained HTML page, part by part.

        Parameters
        ----------
        full_pictures : bool
            Whether the pictures of all groups are made of the files, and the page may be larger than 40 MB.
        shown : PathMap
            What paths are called on the page.

        Returns
        -------
        iterator of str
            Groups with pictures, the least certain first.
        """
        return findings_page(
            self.to_dict(), self._catalog, incomplete=self.incomplete, folders=self.folder_pairs, full=full_pictures,
            reader=self._scan.reader, shown=shown,
        )  # fmt: skip

    def to_html(self, *, full_pictures: bool = False) -> str:
        """Return the findings as one self-contained HTML page.

        Parameters
        ----------
        full_pictures : bool
            As for `html_parts`.

        Returns
        -------
        str
            All of `html_parts`.
        """
        return "".join(self.html_parts(full_pictures=full_pictures))

    def show(self, groups: int | None = SHOWN_IN_NOTEBOOK) -> Shown:
        """Return the first groups for a notebook, which shows them with pictures.

        Parameters
        ----------
        groups : int or None
            Most groups to show, those that would free most bytes; None for all.

        Returns
        -------
        Shown
            Elsewhere it prints as text.
        """
        return Shown(self.to_dict(groups), self._catalog, self._scan.reader)
