"""What a run would take, before it starts: everything is listed, some of it is tried in a catalog that is thrown away."""

import io
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from tempfile import TemporaryDirectory

import numpy as np

from lookalike.extras import optional
from lookalike.model import HashSpec
from lookalike.options import ScanOptions
from lookalike.pool import default_workers
from lookalike.scan.loading import hash_file
from lookalike.scan.scanning import scan
from lookalike.scan.streaming import stream
from lookalike.scan.tabling import Wanted
from lookalike.sources.files import Walk
from lookalike.sources.folders import Entry, Folder, Source, Unreadable
from lookalike.sources.roots import open_roots
from lookalike.stores.catalog import Catalog
from lookalike.tables.hash_files import Writer

SAMPLE, FIRST = 200, 16
"""Files that are tried at most, and in the first of two rounds, which tells what starting costs."""
SECONDS = 10.0
"""How long archives are listed, and about how long files are tried."""
MEMBER_BYTES = 800
"""Of an image in findings as JSON."""
ROWS_A_SECOND = 50_000
"""Of hash tables."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take.

    Attributes
    ----------
    files, size : int
        What is listed, and its bytes; for archives of which there was no time to list all, by the others.
    images : int
        About how many of the files are images; rows of hash tables among them.
    sampled : int
        How many files were tried.
    seconds : float
        About how long reading, decoding and hashing take, if the catalog knows nothing.
    catalog, output : int
        About how many bytes the catalog grows by, and the output has; of findings at most, as JSON.
    listed_all : bool
        Whether everything was listed.
    """

    files: int
    size: int
    images: int
    sampled: int
    seconds: float
    catalog: int
    output: int
    listed_all: bool


@dataclass(slots=True)
class _Listing:
    """Everything that was listed, and some of it picked at random."""

    files: int = 0
    size: int = 0
    picked: list[tuple[Folder, Entry]] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, folder: Folder) -> None:
        for entry in folder.entries:
            self.files += 1
            self.size += max(entry.size, 0)
            if len(self.picked) < SAMPLE:
                self.picked.append((folder, entry))
            elif (at := int(self.random.integers(self.files))) < SAMPLE:
                self.picked[at] = folder, entry

    def shuffled(self) -> list[tuple[Folder, Entry]]:
        return [self.picked[at] for at in self.random.permutation(len(self.picked)).tolist()]


class _Picked:
    """Members of sources as one source: read where they lie."""

    path, kind = "sample", "sample"

    def __init__(self, picked: Sequence[tuple[Folder, Entry]]) -> None:
        self._entries = [entry._replace(name=f"{at}/{entry.name}") for at, (_, entry) in enumerate(picked)]
        self._where = {
            f"{self.path}/{entry.name}": (folder, one.name)
            for entry, (folder, one) in zip(self._entries, picked, strict=True)
        }
        self._claimed = any(folder.images_only for folder, _ in picked)

    def folders(self, root: int) -> Iterator[Folder]:
        yield Folder(root, self.path, self.kind, "", source=self, images_only=self._claimed, lasting=False)

    def parts(self, folder: Folder) -> Iterator[Folder]:
        part = folder.next_part()
        part.entries = list(self._entries)
        yield part

    def read(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        for path in paths:
            folder, name = self._where[path]
            assert folder.source is not None
            yield from folder.source.read([folder.path_of(name)])

    def is_there(self) -> bool:
        return True

    def close(self) -> None:
        for folder, _ in self._where.values():
            assert folder.source is not None
            folder.source.close()


def estimate(
    paths: Sequence[str], options: ScanOptions, *, spec: HashSpec | None = None, wanted: Wanted | None = None,
    write: Writer | None = None, use_catalog: bool = True, workers: int | None = None, readers: int | None = None,
) -> Estimate:  # fmt: skip
    """Say what a run would take; nothing is written.

    Parameters
    ----------
    paths : sequence of str
        Roots; for a search also what it compares against.
    options : ScanOptions
        How to walk and read.
    spec : HashSpec, optional
        Of a search: the hash to join by.
    wanted, write : Wanted and callable, optional
        Of `hash`: what goes into its tables, and what writes these.
    use_catalog : bool
        Whether anything is to be remembered.
    workers, readers : int, optional
        As for the run itself.

    Returns
    -------
    Estimate
        What it would take.

    Raises
    ------
    SourceError
        If none of the paths can be read.
    """
    tables = [table for path in paths if spec is not None and (table := hash_file(path)) is not None]
    others = [path for path in paths if path not in {table.path for table in tables}]
    rows = sum(optional("pyarrow.parquet").read_metadata(table.path).num_rows for table in tables)
    listing, whole = _listed(others, options) if others or not tables else (_Listing(), True)
    picked = listing.shuffled()
    trial = _Trial(options, spec, wanted, write, workers or default_workers(), readers)
    first = trial.run(picked[:FIRST])
    rest = picked[FIRST : FIRST + int(SECONDS / max(first.seconds / max(first.files, 1), 1e-6))]
    second = trial.run(rest) if rest else first
    each = (second.seconds - first.seconds) / (second.files - first.files) if second.files > first.files else 0.0
    if each <= 0:  # what starting costs is all there is to see
        each = second.seconds / max(second.files, 1)
    share = listing.files / max(second.files, 1)
    images = rows + round(share * second.images)
    return Estimate(
        listing.files + rows, listing.size + sum(os.path.getsize(table.path) for table in tables), images,
        len(picked[:FIRST]) + len(rest), each * listing.files + rows / ROWS_A_SECOND,
        round(share * second.catalog) if use_catalog else 0,
        images * MEMBER_BYTES if wanted is None else round(share * second.output), whole,
    )  # fmt: skip


def _listed(paths: Sequence[str], options: ScanOptions) -> tuple[_Listing, bool]:
    """List roots; of archives as many as there is time for, and the others are taken to be like these."""
    found, _ = open_roots(paths, options.column)
    walk, listing = Walk(options, [root for _, root in found]), _Listing()
    deadline = time.monotonic() + SECONDS
    inside, listed, unlisted = _Listing(random=listing.random), 0, 0
    for position, root in found:
        if root.source is not None and listed and time.monotonic() > deadline:
            unlisted += 1
            continue
        listed += root.source is not None
        for folder in walk.folders(root, position):
            for part in walk.parts(folder):
                (listing if root.source is None else inside).add(part)
    more = (listed + unlisted) / max(listed, 1)
    files, size = round(inside.files * more), round(inside.size * more)
    share = round(SAMPLE * files / max(files + listing.files, 1))
    few = inside.shuffled()[: max(share, SAMPLE - len(listing.picked))]
    picked = few + listing.shuffled()[: max(SAMPLE - share, SAMPLE - len(inside.picked))]
    return _Listing(files + listing.files, size + listing.size, picked, listing.random), not unlisted


@dataclass(frozen=True, slots=True)
class _Tried:
    files: int
    images: int
    seconds: float
    catalog: int
    output: int


@dataclass(frozen=True, slots=True)
class _Trial:
    """One small run after the other, each with a catalog of its own."""

    options: ScanOptions
    spec: HashSpec | None
    wanted: Wanted | None
    write: Writer | None
    workers: int
    readers: int | None

    def run(self, picked: Sequence[tuple[Folder, Entry]]) -> _Tried:
        if not picked:
            return _Tried(0, 0, 0.0, 0, 0)
        inside = [(folder, entry) for folder, entry in picked if folder.source is not None]
        roots: list[str | Source] = [folder.path_of(entry.name) for folder, entry in picked if folder.source is None]
        if inside:
            roots.append(_Picked(inside))
        options = replace(self.options, exclude=(), include=())  # the listing has heeded them
        with TemporaryDirectory(prefix="lookalike-") as place, Catalog(os.path.join(place, "catalog.sqlite")) as store:
            empty, started = _size(store), time.monotonic()
            if self.wanted is None:
                assert self.spec is not None
                found = scan(roots, [], store, self.spec, options, workers=self.workers, readers=self.readers)
                images, output = len(found.images), 0
            else:
                tables = list(stream(roots, self.wanted, store, options, workers=self.workers, readers=self.readers))
                images, file = sum(map(len, tables)), io.BytesIO()
                if self.write is not None:
                    self.write(iter(tables), self.wanted.specs, file)
                output = len(file.getvalue())
            return _Tried(len(picked), images, time.monotonic() - started, _size(store) - empty, output)


def _size(store: Catalog) -> int:
    with store.explained():
        pages, size = (store.db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
    return int(pages * size)


def lines(made: Estimate, *, search: bool) -> list[str]:
    """Return an estimate in words.

    Parameters
    ----------
    made : Estimate
        What was found.
    search : bool
        Whether the run is a search, so that its output depends on what it finds.

    Returns
    -------
    list of str
        One line each.

    Examples
    --------
    >>> print(lines(Estimate(1000, 4_000_000, 900, 200, 90.0, 5_000_000, 70_000, True), search=False)[1])
    time     about 1.5 minutes to read, decode and hash, 200 files tried; less where the catalog knows some of it
    """
    part = "" if made.listed_all else "about "
    size = f"{made.size / 1e6:,.1f} MB"
    most = "at most " if search else "about "
    rest = "less where the catalog knows some of it"
    return [
        f"files    {part}{made.files:,} ({size}), about {made.images:,} of them images",
        f"time     about {duration(made.seconds)} to read, decode and hash, {made.sampled:,} files tried; {rest}",
        f"catalog  about {made.catalog / 1e6:,.1f} MB",
        f"output   {most}{made.output / 1e6:,.1f} MB",
    ]


def duration(seconds: float) -> str:
    """Return a time in words.

    Parameters
    ----------
    seconds : float
        At least 0.

    Returns
    -------
    str
        In seconds, minutes or hours.

    Examples
    --------
    >>> duration(5.2), duration(300), duration(9000)
    ('5.2 seconds', '5.0 minutes', '2.5 hours')
    """
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} seconds"
