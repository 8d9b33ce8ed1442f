"""Which pictures are in more than one split of a data set: as values, as JSON, as lists without them, as a page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import tables
from lookalike.errors import UsageError
from lookalike.leakage.splits import NOT_VERIFIED, Pair, Placed, Split, pair_row, placed_row, split_row
from lookalike.model import Tier
from lookalike.showing.illustrating import leaks_page
from lookalike.sources.reading import Reader
from lookalike.tables import NO_MAP, PathMap


@dataclass(frozen=True, repr=False)
class Leaks:
    """What of one split is in another, too. Made by `lookalike.leaks` only.

    Attributes
    ----------
    splits : tuple of Split
        In the order given.
    groups : tuple of tuple of Placed
        All images of each group that lies in several splits; number 1 is the first.
    pairs : tuple of Pair
        Pairs across splits, the least certain first. Each image of a group is in one at least.
    contradictions : tuple of tuple of Placed
        Images that are the same picture at tier exact, copy or edit and lie in different classes, within splits and across.
    search : dict
        The document of the search, without its groups.
    incomplete : tuple of str
        What could not be seen, one line each.
    within : int or None
        How many folder names make a class; None for as the tree looks.
    catalog : str or None
        Where thumbnails are.
    reader : Reader or None
        Who reads the images again; None for one that goes by their paths.
    """

    splits: tuple[Split, ...]
    groups: tuple[tuple[Placed, ...], ...]
    pairs: tuple[Pair, ...]
    contradictions: tuple[tuple[Placed, ...], ...]
    search: Mapping[str, Any]
    incomplete: tuple[str, ...] = ()
    within: int | None = None
    catalog: str | None = None
    reader: Reader | None = None

    def __repr__(self) -> str:
        names = ", ".join(split.name for split in self.splits)
        return f"<Leaks: {len(self.pairs)} pairs in {len(self.groups)} groups across {names}>"

    @property
    def new(self) -> tuple[Pair, ...]:
        """The pairs that the baseline has not; all of them where there is none."""
        return tuple(pair for pair in self.pairs if not pair.known)

    @property
    def unread(self) -> int:
        """How many images and folders could not be read: nothing is known of these."""
        return len(self.search["failures"])

    @cached_property
    def by_tier(self) -> dict[str, int]:
        """How many pairs there are of each tier."""
        return self._by_tier(self.pairs)

    @cached_property
    def between(self) -> list[dict[str, Any]]:
        """For each two splits how many pairs there are, by tier, and how many images of each are in the other."""
        rows = []
        for one, other in combinations(self.splits, 2):
            pairs = self._across(one, other)
            rows.append(
                {
                    "splits": [tables.printable(one.name), tables.printable(other.name)],
                    "pairs": len(pairs),
                    "by_tier": self._by_tier(pairs),
                    "images": _concerned(pairs, (one, other)),
                    "of": [len(one.images), len(other.images)],
                }
            )
        return rows

    @cached_property
    def by_class(self) -> list[dict[str, Any]]:
        """For each class and each two splits how many of its images in each are in the other; where there are none, no row."""
        totals = {split.name: split.labels(self.within) for split in self.splits}
        rows = []
        for one, other in combinations(self.splits, 2):
            by_label: dict[str, list[Pair]] = defaultdict(list)
            for pair in self._across(one, other):
                for label in {side.label for side in pair.sides} - {""}:
                    by_label[label].append(pair)
            for label, own in sorted(by_label.items()):
                rows.append(
                    {
                        "class": tables.printable(label),
                        "splits": [tables.printable(one.name), tables.printable(other.name)],
                        "pairs": len(own),
                        "images": _concerned(own, (one, other), label),
                        "of": [totals[one.name][label], totals[other.name][label]],
                    }
                )
        return sorted(rows, key=lambda row: row["class"])

    def fix(self, keep: str = "last") -> dict[str, tuple[str, ...]]:
        """Return lists of images such that no group lies in two splits. Nothing is done to any file.

        Parameters
        ----------
        keep : str
            Whose images stay where a group lies in several splits: last (of the splits in the order given), first, or the name
            of a split, which then comes before the others. Of what is twice within a split, both stay.

        Returns
        -------
        dict of str to tuple of str
            Split -> paths of its images that stay, sorted. Images that could not be read are in none.

        Raises
        ------
        UsageError
            If no split is called `keep`.
        """
        names = [split.name for split in self.splits]
        if keep not in ("first", "last", *names):
            raise UsageError(f"no split is called {keep!r}: use first, last or one of {', '.join(names)}")
        order = names if keep == "first" else names[::-1]
        order = sorted(order, key=lambda name: name != keep)  # stable
        gone: set[str] = set()
        for group in self.groups:
            stays = min((placed.split for placed in group), key=order.index)
            for placed in group:
                if placed.split != stays:
                    gone.update((placed.path, *placed.member.parts))
        return {split.name: tuple(path for path in split.images if path not in gone) for split in self.splits}

    def fix_rows(self, keep: str = "last") -> dict[str, NDArray[np.int64]]:
        """Return `fix` as the numbers of rows, for ``dataset.select`` and ``frame.iloc``.

        Parameters
        ----------
        keep : str
            As for `fix`.

        Returns
        -------
        dict of str to ndarray of int64
            For each table, dataset, data frame or sequence the rows that stay, sorted. A split that is one of these in
            memory has its own name.

        Raises
        ------
        UsageError
            If no split is called `keep`.
        """
        found: dict[str, list[int]] = {table: [] for table in (self.reader or Reader()).tables}
        for paths in self.fix(keep).values():
            for path in paths:
                table, _, number = path.rpartition("/")
                if table in found:
                    found[table].append(int(number))
        return {table: np.sort(np.array(numbers, np.int64)) for table, numbers in found.items()}

    def accept(self) -> list[dict[str, Any]]:
        """Return decisions that accept the groups of all new pairs.

        Returns
        -------
        list of dict
            As `lookalike.import_decisions` takes them from a file: for each group that its contents are different, and to keep
            those that are in several splits with equal bytes.
        """
        rows = []
        for number in sorted({pair.group for pair in self.new}):
            held: dict[bytes, dict[str, str]] = defaultdict(dict)
            for placed in self.groups[number - 1]:
                held[placed.digest].setdefault(placed.split, placed.path)
            rows += [
                _decision("keep", [(digest, next(iter(paths.values())))], paths)
                for digest, paths in sorted(held.items())
                if len(paths) > 1
            ]
            if len(held) > 1:
                contents = [(digest, next(iter(paths.values()))) for digest, paths in sorted(held.items())]
                rows.append(
                    _decision("different", contents, dict.fromkeys(name for paths in held.values() for name in paths))
                )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values: the object of ``leaks --json``.

        Returns
        -------
        dict
            Keys version, options, environment, splits, between, by_class, groups, pairs, contradictions, accept, failures,
            incomplete, warnings, stats; see docs/leaks.md.
        """
        search, stats = self.search, self.search["stats"]
        options = {name: value for name, value in search["options"].items() if name != "against"}
        return {
            "version": 1,
            "options": options | {"within": self.within},
            "environment": search["environment"],
            "splits": [split_row(split, self.within) for split in self.splits],
            "between": self.between,
            "by_class": self.by_class,
            "groups": [
                {"id": number, "members": [placed_row(placed) for placed in group]}
                for number, group in enumerate(self.groups, 1)
            ],
            "pairs": [pair_row(pair) for pair in self.pairs],
            "contradictions": [
                {
                    "classes": sorted({tables.printable(placed.label) for placed in group} - {""}),
                    "members": [placed_row(placed) for placed in group],
                }
                for group in self.contradictions
            ],
            "accept": self.accept(),
            "failures": search["failures"],
            "incomplete": [tables.printable(line) for line in self.incomplete],
            "warnings": search["warnings"],
            "stats": {
                **{name: stats[name] for name in ("images", "hashed", "cached", "failed", "failed_folders", "skipped")},
                "groups": len(self.groups), "pairs": len(self.pairs), "new": len(self.new),
                "contradictions": len(self.contradictions), "by_tier": self.by_tier, "seconds": stats["seconds"],
            },
        }  # fmt: skip

    def to_json(self) -> str:
        """Return all of it as JSON text, ASCII only, one trailing newline.

        Returns
        -------
        str
            The object of `to_dict`.
        """
        return tables.to_json(self.to_dict())

    def html_parts(self, *, full_pictures: bool = False, shown: PathMap = NO_MAP) -> Iterator[str]:
        """Return all of it as one self-contained HTML page, part by part.

        Parameters
        ----------
        full_pictures : bool
            Whether all pictures are made of the files, and the page may be larger than 40 MB.
        shown : PathMap
            What paths are called on the page.

        Returns
        -------
        iterator of str
            Tables, then groups with pictures, the least certain first.
        """
        reader = self.reader or Reader(named=[root.path for split in self.splits for root in split.roots])
        return leaks_page(self.to_dict(), self.catalog, full=full_pictures, reader=reader, shown=shown)

    def to_html(self, *, full_pictures: bool = False) -> str:
        """Return all of it as one self-contained HTML page.

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

    def _by_tier(self, pairs: Iterable[Pair]) -> dict[str, int]:
        loosest = Tier.parse(self.search["options"]["tier"])
        counts = Counter(pair.tier_name for pair in pairs)
        names = [tier.name.lower() for tier in Tier if tier <= loosest]
        return {name: counts[name] for name in (*names, NOT_VERIFIED) if name in counts or name != NOT_VERIFIED}

    def _across(self, one: Split, other: Split) -> list[Pair]:
        wanted = {one.name, other.name}
        return [pair for pair in self.pairs if {side.split for side in pair.sides} == wanted]


def _concerned(pairs: Iterable[Pair], splits: Iterable[Split], label: str | None = None) -> list[int]:
    """Return how many images of each split are in pairs, of one class or of all."""
    sides = {side.path: side for pair in pairs for side in pair.sides if label in (None, side.label)}
    counts = Counter(side.split for side in sides.values())
    return [counts[split.name] for split in splits]


def _decision(kind: str, contents: Iterable[tuple[bytes, str]], splits: Iterable[str]) -> dict[str, Any]:
    note = f"leaks: {', '.join(tables.printable(name) for name in splits)}"
    return {
        "kind": kind,
        "note": note,
        "images": [{"digest": digest.hex(), **tables.path_fields(path)} for digest, path in contents],
    }
