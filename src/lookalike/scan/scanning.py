"""Source to catalog: list, read, decode, hash, store. Resumable, because only what is committed counts as done."""

import itertools
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lookalike import decode, events
from lookalike.errors import FailureKind
from lookalike.limiting import limits
from lookalike.model import Failure, HashSpec, ImageRef, Stage
from lookalike.options import ScanOptions
from lookalike.pool import Limits, Pool
from lookalike.scan import variants
from lookalike.scan.examining import Outcome, Task, carried_by
from lookalike.scan.listing import Row, Scan, unlisted, wanted_of
from lookalike.scan.shards import Shards, fetch
from lookalike.scan.shortcut import CHUNK_FILES, chunk_length, open_pool
from lookalike.scan.storing import BATCH_FILES, BATCH_SECONDS, kept, location, log, store
from lookalike.sources.files import Walk
from lookalike.sources.folders import Folder, Source
from lookalike.sources.reading import Reader
from lookalike.sources.roots import Root, open_roots
from lookalike.stores.catalog import Catalog

KNOWN_AT_MOST = 64
"""Known digests of one file size that go along with a task; where more share a size, decoding again costs less."""
OnProgress = Callable[[int, int, bool], None]
"""``(images done, images listed, listing finished)``; called often."""


def scan(
    roots: Sequence[str | Source],
    references: Sequence[str | Source],
    catalog: Catalog,
    spec: HashSpec,
    options: ScanOptions,
    *,
    workers: int,
    readers: int | None = None,
    progress: OnProgress | None = None,
) -> Scan:
    """Bring the catalog up to date with what lies under some roots.

    Parameters
    ----------
    roots, references : sequence of (str or Source)
        What to look at, and what to compare against. What lies under both is a reference.
    catalog : Catalog
        Where results are kept.
    spec : HashSpec
        Which hash to make of new images.
    options : ScanOptions
        How to walk and read.
    workers : int
        How many images are decoded at a time; 1 decodes all in this thread.
    readers : int, optional
        How many files are read at a time; None for what suits the volumes.
    progress : callable, optional
        Told about progress.

    Returns
    -------
    Scan
        What there is now.

    Raises
    ------
    SourceError
        If no root at all can be read.
    """
    found, unseen = open_roots([*references, *roots], options.column)
    opened = [(root, position < len(references)) for position, root in found]
    missing = list(unseen)
    incomplete = [f"{path}: {reason}" for path, reason in unseen.items()]
    may = limits(options) if workers > 1 or options.held else None
    run = _Run(catalog, spec, options, opened, may, progress or (lambda _done, _listed, _finished: None))
    with open_pool([root for root, _ in opened], options, workers=workers, readers=readers) as pool:
        run.list_and_read(pool)
    missing += [root.path for root, _ in opened if root.path in run.lost]
    incomplete += run.incomplete
    return run.result(missing, incomplete)


@dataclass(slots=True)
class _Run:
    """The state of one scan."""

    catalog: Catalog
    spec: HashSpec
    options: ScanOptions
    roots: list[tuple[Root, bool]]
    limits: Limits | None
    progress: OnProgress
    rows: list[Row] = field(default_factory=list)
    failures: list[tuple[Failure, bool, bool]] = field(default_factory=list)
    """Each with whether it lies in a reference, and whether it is an image."""
    skipped: Counter[str] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    bytes_read: int = 0
    started: float = field(default_factory=time.monotonic)
    storing: float = 0.0
    """When the scan began, and the seconds that results took to be hashed and stored."""
    finished: bool = False
    done: int = 0
    unsure: int = 0  # of these, whose commit is under way
    new: int = 0
    batch: list[Outcome] = field(default_factory=list)
    committed: float = field(default_factory=time.monotonic)
    sizes: dict[int, dict[bytes, int]] = field(default_factory=dict)
    waiting: deque[int] = field(default_factory=deque)
    """Rows to be read."""
    names: dict[tuple[int | str, ...], list[int]] = field(default_factory=dict)
    """Rows of one file; the first is read for all of them."""
    shards: Shards = field(init=False)
    beside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shards = Shards(self.catalog, self.options, self.limits)

    def list_and_read(self, pool: Pool[Task, Outcome]) -> None:
        """Walk all roots while workers read; then read the rest. What is finished is stored, also on Ctrl-C."""
        try:
            self._list_and_read(pool)
        except KeyboardInterrupt as stopped:
            stopped.add_note(kept(self.catalog, self.done - self.unsure, len(self.rows)))
            raise
        finally:
            self._commit()
        self.progress(self.done, len(self.rows), True)

    def _list_and_read(self, pool: Pool[Task, Outcome]) -> None:
        walk = Walk(self.options, [root for root, _ in self.roots])
        for position, (root, _) in enumerate(self.roots):
            for folder in walk.folders(root, position):
                if folder.failures and root.folder and not root.is_there():
                    self._commit()  # what was read of it counts
                    self._lose(root)
                    break
                for part in self.shards.parts(folder, walk):
                    self._read_part(part, pool)
        self.finished = True
        events.SCAN_LISTED(files=len(self.rows), new=self.new, seconds=events.since(self.started))
        while True:
            while self.waiting:
                self._submit(pool)
                self._collect(pool, wait=not pool.room)
            while self._collect(pool, wait=True):
                continue
            self._commit()  # which may find a root gone, and names of its files elsewhere
            if not self.waiting:
                return

    def _read_part(self, folder: Folder, pool: Pool[Task, Outcome]) -> None:
        """Have workers read what is new in a folder; what comes from a source is in memory, and not much of it at a time."""
        for some in fetch(folder, self._compare(folder), self.rows.__getitem__, self.options.read_ahead):
            self.waiting += some
            while self.waiting and folder.source is not None:
                self._collect(pool, wait=not pool.room)
                self._submit(pool)
            while len(self.waiting) >= CHUNK_FILES and pool.room:
                self._submit(pool)
            self._collect(pool, wait=False)
            self.progress(self.done, len(self.rows), False)

    def _compare(self, folder: Folder) -> list[int]:
        """Compare a folder with the catalog; return the rows that must be read."""
        if folder.first and folder.source is None:
            self.beside += (os.path.join(folder.path, name) for name in folder.present if name[-4:].lower() == ".aae")
        self.skipped += folder.skipped
        for unread in folder.failures:
            self.failures.append((unlisted(folder, unread), self.roots[folder.root][1], unread.image))
            if unread.hides_files:
                self.incomplete.append(f"{unread.path}: {unread.reason}")
        to_read = []
        for entry in folder.entries:
            row = Row(folder, self.shards.number, entry)
            at = len(self.rows)
            self.rows.append(row)
            before = self.shards.recall(row)
            if before is None:
                others = self.names.setdefault(row.file, [])
                others.append(at)
                if others[0] == at:
                    to_read.append(at)
                continue
            self.done += 1
            if before.failure is not None:
                self._fail(row.ref(), before.stage, before.failure, before.reason, folder.root)
                row.state = "failed"
            elif before.content is None:
                self._skip(row, before.skipped or "not an image")
            else:
                row.state = "image"
                row.cached = True
        self.shards.expect(len(to_read))
        self.new += len(to_read)
        events.FOLDER_LISTED(path=folder.path, files=len(folder.entries), new=len(to_read))
        return to_read

    def _submit(self, pool: Pool[Task, Outcome]) -> None:
        """Hand the first waiting rows to the pool."""
        chunk: list[Task] = []
        ahead = [self.rows[at].entry.size for at in itertools.islice(self.waiting, CHUNK_FILES)]
        ahead = ahead[: chunk_length(ahead)]
        if unseen := {size for size in ahead if size not in self.sizes}:
            most = self.options.max_pixels
            self.sizes |= self.catalog.digests_of_sizes(unseen, version=decode.VERSION, max_pixels=most)
        for size in ahead:
            at = self.waiting.popleft()
            row = self.rows[at]
            if row.state == "lost":
                continue
            known = self.sizes[size]
            accept = self.options.truncated == "accept"
            few = tuple(known) if len(known) <= KNOWN_AT_MOST else ()
            task = Task(
                at, row.path, size, row.entry.mtime_ns, few, accept, self.options.max_pixels, data=row.data,
                claimed=row.folder.images_only,
            )  # fmt: skip
            chunk.append(task)
            row.data = None
        if chunk:
            pool.submit(chunk, carried=carried_by(chunk))

    def _collect(self, pool: Pool[Task, Outcome], *, wait: bool) -> bool:
        """Take finished chunks; return whether there were any."""
        taken = False
        for _, outcomes in pool.results(wait=wait):
            taken = True
            self.batch += outcomes
            self.done += len(outcomes)
            self.progress(self.done, len(self.rows), self.finished)
            if len(self.batch) >= BATCH_FILES or time.monotonic() - self.committed > BATCH_SECONDS:
                self._commit()
        return taken

    def _commit(self) -> None:
        """Store the outcomes so far."""
        outcomes, self.batch = self.batch, []
        if not outcomes:
            return
        began = time.monotonic()
        # What was read of a root counts, also where it went away before the whole batch was through.
        parts = [outcome for outcome in outcomes if not outcome.gone], [outcome for outcome in outcomes if outcome.gone]
        self.unsure = len(outcomes)
        with self.catalog.transaction():
            for part in parts:
                self._store_part([(outcome, self.rows[outcome.row]) for outcome in part if self._counts(outcome)])
            self.shards.finish()
        self.unsure, self.committed = 0, time.monotonic()
        self.storing += self.committed - began
        events.SCAN_COMMITTED(results=len(outcomes), done=self.done, listed=len(self.rows))

    def _store_part(self, outcomes: list[tuple[Outcome, Row]]) -> None:
        locations = []
        for (outcome, row), content in zip(outcomes, self._store(outcomes), strict=True):
            names = self.names.pop(row.file, [])
            self.done += len(names) - 1
            for at in names:
                name = self.rows[at]
                name.content = content
                self._conclude(outcome, name)
                if (place := location(outcome, name)) is not None:
                    locations.append(place)
                    self.shards.conclude(name.number)
        self.catalog.remember(locations, version=decode.VERSION)

    def _counts(self, outcome: Outcome) -> bool:
        """Return whether an outcome says anything of its file; not where its root went away."""
        row = self.rows[outcome.row]
        return row.state != "lost" and (not outcome.gone or self._root_is_there(row))

    def _store(self, outcomes: list[tuple[Outcome, Row]]) -> list[int | None]:
        """Store outcomes and hash new thumbnails; return the ids of their contents, None for those that have none."""
        ids = store(self.catalog, outcomes, self.sizes)
        new, luma = [], []
        for (outcome, row), content in zip(outcomes, ids, strict=True):
            if outcome.digest is not None:
                self.bytes_read += row.entry.size
            if outcome.digest is None or outcome.thumbnail is None or content is None:
                continue
            new.append(content)
            luma.append(outcome.thumbnail.luma)
            if not outcome.thumbnail.truncated:
                self.sizes.setdefault(row.entry.size, {})[outcome.digest] = content
        for spec, variant in variants.at_scan(self.spec) if new else ():
            variants.add(self.catalog, np.array(new, np.int64), np.stack(luma), spec, variant)
        return ids

    def _conclude(self, outcome: Outcome, row: Row) -> None:
        """Note what became of one name."""
        log(outcome, row)
        if outcome.skipped is not None:
            self._skip(row, outcome.skipped)
        elif outcome.kind is not None:
            row.state = "failed"
            self._fail(row.ref(), outcome.stage, outcome.kind, outcome.reason, row.folder.root)
        else:
            row.state = "image"

    def _root_is_there(self, row: Row) -> bool:
        root, _ = self.roots[row.folder.root]
        if root.path not in self.lost and not root.is_there():
            self._lose(root)
        return root.path not in self.lost

    def _lose(self, root: Root) -> None:
        """Stop asking a root that went away; what was read of it stays, and its files are read by their other names."""
        if root.path in self.lost:
            return
        self.lost.add(root.path)
        left = 0
        for row in self.rows:
            if self.roots[row.folder.root][0] is root and row.state == "listed":
                row.state = "lost"
                left += 1
        for file, names in list(self.names.items()):
            here = [at for at in names if self.rows[at].state == "listed"]
            if here and here[0] != names[0]:
                self.waiting.append(here[0])
            self.names[file] = here
        events.ROOT_LOST(path=root.path, left=left)
        self.incomplete.append(
            f"{root.path} went away during the scan; {left:,} listed files were not read. "
            "What was read is kept: connect it and run the same command to continue"
        )

    def _fail(self, ref: ImageRef, stage: Stage, kind: FailureKind, reason: str, root: int) -> None:
        self.failures.append((Failure(ref, stage, kind, reason), self.roots[root][1], True))

    def _skip(self, row: Row, kind: str) -> None:
        row.state = "skipped"
        self.skipped[kind] += 1

    def result(self, missing: list[str], incomplete: list[str]) -> Scan:
        """Turn the rows into columns."""
        assert all(row.state != "listed" for row in self.rows), "each ends as image, failure, skipped or lost"
        rows = [row for row in self.rows if row.state == "image"]
        facts = self.catalog.contents(np.unique(np.array([row.content for row in rows], np.int64)))
        references = [reference for _, reference in self.roots]
        rows, images = wanted_of(rows, references, facts, self.options.min_size, self.skipped)
        failures = sorted(self.failures, key=lambda row: (row[0].ref.path, row[0].stage))
        cached = np.array([row.cached for row in rows], np.bool_)
        events.SCAN_ENDED(
            images=len(rows), cached=int(cached.sum()), failed=len(failures), skipped=self.skipped.total(),
            bytes=self.bytes_read, storing=round(self.storing, 3), seconds=events.since(self.started),
        )  # fmt: skip
        return Scan(
            images, [row[0] for row in failures], [row[1] for row in failures], [row[2] for row in failures],
            Counter({kind: count for kind, count in sorted(self.skipped.items()) if count}), incomplete, missing,
            cached, self.bytes_read, self.beside,
            Reader(root.source for root, _ in self.roots if root.source is not None),
        )  # fmt: skip
