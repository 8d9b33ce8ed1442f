"""Files to hashes in bounded memory: a window over the listing, whose head leaves as soon as it is done."""

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from lookalike import bits, decode, events
from lookalike.hashes import hash_block
from lookalike.limiting import limits
from lookalike.model import Failure, HashSpec, Thumbnail
from lookalike.options import ScanOptions
from lookalike.pool import Limits, Pool
from lookalike.scan.examining import Outcome, Task, carried_by
from lookalike.scan.listing import Row, unlisted
from lookalike.scan.scanning import OnProgress
from lookalike.scan.shards import Shards, fetch
from lookalike.scan.shortcut import CHUNK_FILES, chunk_length, open_pool
from lookalike.scan.storing import BATCH_FILES, BATCH_SECONDS, location, log, store
from lookalike.scan.tabling import Item, Wanted, recall, table_of, variant_of
from lookalike.sources.files import Walk
from lookalike.sources.folders import Folder, Source
from lookalike.sources.roots import Root, open_roots
from lookalike.stores.catalog import Catalog
from lookalike.tables.hashes import HashTable

TABLE_IMAGES = 8192
"""Most rows of one table, images and failures together."""
AHEAD = 2048
"""Files that may be listed beyond what the next table is filled from."""


def stream(
    paths: Sequence[str | Source],
    wanted: Wanted,
    catalog: Catalog | None,
    options: ScanOptions,
    *,
    workers: int,
    readers: int | None = None,
    progress: OnProgress | None = None,
) -> Iterator[HashTable]:
    """Hash the images under some paths, table by table.

    Parameters
    ----------
    paths : sequence of (str or Source)
        What to look at.
    wanted : Wanted
        What goes into the tables.
    catalog : Catalog or None
        Where hashes are looked up and kept; None hashes everything and keeps nothing.
    options : ScanOptions
        How to walk and read.
    workers : int
        How many images are decoded at a time; 1 decodes all in this thread.
    readers : int, optional
        How many files are read at a time; None for what suits the volumes.
    progress : callable, optional
        Told about progress.

    Yields
    ------
    HashTable
        In the order of listing; the last one, which may be empty, says what was skipped and what could not be seen.

    Raises
    ------
    SourceError
        If none of the paths can be read.
    """
    found, unseen = open_roots(paths, options.column)
    yield from stream_roots(
        [root for _, root in found], wanted, catalog, options, workers=workers, readers=readers, progress=progress,
        incomplete=[f"{path}: {reason}" for path, reason in unseen.items()],
    )  # fmt: skip


def stream_roots(
    roots: list[Root],
    wanted: Wanted,
    catalog: Catalog | None,
    options: ScanOptions,
    *,
    workers: int,
    readers: int | None = None,
    isolated: bool = False,
    progress: OnProgress | None = None,
    incomplete: Sequence[str] = (),
) -> Iterator[HashTable]:
    """Hash the images under roots that were looked at before.

    Parameters
    ----------
    roots : list of Root
        What to read; their sources are closed at the end.
    wanted, catalog, options, workers, readers, progress
        As for `stream`.
    isolated : bool
        Whether a single worker is a thread with a process for what may crash, too.
    incomplete : sequence of str
        What could not be seen before.

    Yields
    ------
    HashTable
        As `stream` does.
    """
    may = limits(options) if workers > 1 or isolated or options.held else None
    run = _Run(
        catalog, wanted, options, roots, may, progress or (lambda _done, _listed, _finished: None), [*incomplete]
    )
    with open_pool(roots, options, workers=workers, readers=readers, isolated=isolated) as pool:
        try:
            yield from run.tables(pool)
        finally:
            run.commit()
            for root in roots:
                if root.source is not None:
                    root.source.close()


def _is_done(head: Item | Failure) -> bool:
    return isinstance(head, Failure) or head.done


@dataclass(slots=True)
class _Run:
    """The state of one stream."""

    catalog: Catalog | None
    wanted: Wanted
    options: ScanOptions
    roots: list[Root]
    limits: Limits | None
    """What decoders are held to."""
    progress: OnProgress
    incomplete: list[str]
    window: deque[Item | Failure] = field(default_factory=deque)
    """What was listed, in order; items that are not done are under way."""
    ready: list[Item | Failure] = field(default_factory=list)
    """Images and failures for the next table, in order, so that tables do not depend on what was done first."""
    under_way: dict[int, Item] = field(default_factory=dict)
    batch: list[tuple[Outcome, Item]] = field(default_factory=list)
    """What is not in the catalog yet."""
    committed: float = field(default_factory=time.monotonic)
    lost: set[str] = field(default_factory=set)
    """Roots that went away."""
    skipped: Counter[str] = field(default_factory=Counter)
    shards: Shards = field(init=False)
    submitted: int = 0
    listed: int = 0
    finished: int = 0

    def __post_init__(self) -> None:
        self.shards = Shards(self.catalog, self.options, self.limits, thumbnails=len(self.whole) < len(self.specs))

    @property
    def specs(self) -> tuple[HashSpec, ...]:
        """Which hashes."""
        return self.wanted.specs

    @property
    def whole(self) -> tuple[HashSpec, ...]:
        """The hashes that are made of the whole picture; the others are made of its thumbnail."""
        return tuple(spec for spec in self.specs if spec.decoding != "fast")

    def tables(self, pool: Pool[Task, Outcome]) -> Iterator[HashTable]:
        """Yield tables while listing and reading go on."""
        waiting: list[Item] = []
        for found in self._listing():
            waiting += found
            in_memory = bool(waiting) and waiting[-1].row.data is not None
            if in_memory or len(waiting) >= CHUNK_FILES or len(self.window) >= AHEAD:  # many roots may hold a file each
                while in_memory and not pool.room:
                    self._collect(pool, wait=True)
                self._submit(pool, waiting)
                waiting = []
                self._collect(pool, wait=False)
            while len(self.window) >= AHEAD:
                self._collect(pool, wait=True)
            self.progress(self.finished, self.listed, False)
            while len(self.ready) >= TABLE_IMAGES:
                yield self._table()
        self._submit(pool, waiting)
        while self.window:
            self._collect(pool, wait=True)
            self.progress(self.finished, self.listed, True)
            while len(self.ready) >= TABLE_IMAGES:
                yield self._table()
        self.progress(self.finished, self.listed, True)
        yield self._table(last=True)

    def _listing(self) -> Iterator[list[Item]]:
        """Put what is listed into the window, some files at a time; yield those that must be read."""
        walk = Walk(self.options, self.roots)
        for position, root in enumerate(self.roots):
            for folder in walk.folders(root, position):
                if folder.failures and root.folder and self._is_lost(root):
                    break
                for part in self.shards.parts(folder, walk):
                    for some in fetch(part, self._look_up(part), lambda item: item.row, self.options.read_ahead):
                        yield list(some)

    def _look_up(self, folder: Folder) -> list[Item]:
        """Put what a folder holds into the window; return what must be read."""
        self.skipped += folder.skipped
        for unread in folder.failures:
            self.window.append(unlisted(folder, unread))
            if unread.hides_files:
                self.incomplete.append(f"{unread.path}: {unread.reason}")
        items = []
        for entry in folder.entries:
            item = Item(Row(folder, self.shards.number, entry), [None] * len(self.specs), [None] * len(self.specs))
            before = self.shards.recall(item.row)
            if before is not None and before.failure is not None:
                self._finish(item, Failure(item.row.ref(), before.stage, before.failure, before.reason))
            elif before is not None and before.content is None:
                self._skip(item, before.skipped or "not an image")
            items.append(item)
        self.listed += len(items)
        self.window.extend(items)
        if self.catalog is not None:
            known = [item for item in items if item.row.content is not None and not item.done]
            for item in recall(self.catalog, known, self.wanted):
                self._finish(item)
        waiting = [item for item in items if not item.done]
        self.shards.expect(len(waiting))
        return waiting

    def _submit(self, pool: Pool[Task, Outcome], waiting: list[Item]) -> None:
        """Hand files to the workers."""
        whole, limit = self.whole, self.options.max_pixels
        accept, thumbnail = self.options.truncated == "accept", len(whole) < len(self.specs)
        start = 0
        while start < len(waiting):
            ahead = waiting[start : start + CHUNK_FILES]
            ahead = ahead[: chunk_length([item.row.entry.size for item in ahead])]
            start += len(ahead)
            chunk = []
            for item in ahead:
                self.submitted += 1
                self.under_way[self.submitted] = item
                entry = item.row.entry
                chunk.append(
                    Task(
                        self.submitted, item.row.path, entry.size, entry.mtime_ns, (), accept, limit, whole, thumbnail,
                        item.row.data, item.row.folder.images_only,
                    )
                )  # fmt: skip
                item.row.data = None
            pool.submit(chunk, carried=carried_by(chunk))

    def _collect(self, pool: Pool[Task, Outcome], *, wait: bool) -> None:
        """Take finished chunks; move the done head of the window to where the next table is filled from."""
        head_is_done = bool(self.window) and _is_done(self.window[0])
        for _, outcomes in pool.results(wait=wait and not head_is_done):
            self._note([(outcome, self.under_way.pop(outcome.row)) for outcome in outcomes])
            if len(self.batch) >= BATCH_FILES or time.monotonic() - self.committed > BATCH_SECONDS:
                self.commit()
        while self.window and _is_done(self.window[0]):
            head = self.window.popleft()
            if isinstance(head, Failure):
                self.ready.append(head)
            elif head.failure is not None:
                self.ready.append(head.failure)
            elif head.digest:
                self.ready.append(head)

    def _note(self, outcomes: list[tuple[Outcome, Item]]) -> None:
        """Note what became of some files; hashes of decoding fast are made here, a block at a time."""
        self._see([(outcome.thumbnail, item) for outcome, item in outcomes if outcome.thumbnail is not None])
        positions = [self.specs.index(spec) for spec in self.whole]
        for outcome, item in outcomes:
            if outcome.gone and self._is_lost(self.roots[item.row.folder.root]):
                self._finish(item)  # what was not read is no failure
                continue
            log(outcome, item.row)
            item.digest = outcome.digest or b""
            if outcome.hashed is not None:
                for at, words, quality in zip(positions, outcome.hashed.words, outcome.hashed.quality, strict=True):
                    item.words[at], item.quality[at] = words, quality
            if outcome.skipped is not None:
                self._skip(item, outcome.skipped)
            elif outcome.kind is not None:
                self._finish(item, Failure(item.row.ref(), outcome.stage, outcome.kind, outcome.reason))
            else:
                self._finish(item)
            self.batch.append((outcome, item))

    def _see(self, thumbnails: list[tuple[Thumbnail, Item]]) -> None:
        if not thumbnails:
            return
        for thumbnail, item in thumbnails:
            item.see(thumbnail, self.wanted)
        luma = np.stack([thumbnail.luma for thumbnail, _ in thumbnails])
        for at, spec in enumerate(self.specs):
            if spec.decoding == "fast":
                for (_, item), words in zip(thumbnails, bits.to_bytes(hash_block(luma, spec)), strict=True):
                    item.words[at] = words

    def _is_lost(self, root: Root) -> bool:
        """Return whether a root went away, and note that once."""
        if root.path not in self.lost and not root.is_there():
            self.lost.add(root.path)
            self.incomplete.append(
                f"{root.path} went away; what was read of it is kept: connect it and run the same command to continue"
            )
        return root.path in self.lost

    def _skip(self, item: Item, kind: str) -> None:
        self.skipped[kind] += 1
        self._finish(item)

    def _finish(self, item: Item, failure: Failure | None = None) -> None:
        item.failure, item.done = failure, True
        self.finished += 1

    def commit(self) -> None:
        """Store what was read since the last time."""
        batch, self.batch = self.batch, []
        catalog = self.catalog
        if not batch or catalog is None:
            return
        with catalog.transaction():
            outcomes = [(outcome, item.row) for outcome, item in batch]
            # Of what cannot be decoded in full, a thumbnail may be had.
            ids = store(catalog, outcomes, {}, failures=not self.whole)
            locations = []
            for (outcome, row), content in zip(outcomes, ids, strict=True):
                row.content = content
                if (place := location(outcome, row)) is not None:
                    locations.append(place)
                    self.shards.conclude(row.number)
            for at, spec in enumerate(self.specs):
                made = [item for _, item in batch if item.row.content is not None and item.words[at] is not None]
                catalog.add_words(
                    ((item.row.content or 0, item.words[at] or b"") for item in made), spec, variant_of(spec)
                )
                rated = [(item.row.content or 0, item.quality[at]) for item in made]
                rows = ((content, bytes([quality])) for content, quality in rated if quality is not None)
                catalog.add_words(rows, spec, f"quality {variant_of(spec)}")
            catalog.remember(locations, version=decode.VERSION)
            self.shards.finish()
        self.committed = time.monotonic()
        events.SCAN_COMMITTED(results=len(batch), done=self.finished, listed=self.listed)

    def _table(self, *, last: bool = False) -> HashTable:
        """Make a table of what is ready."""
        rows, self.ready = self.ready[:TABLE_IMAGES], self.ready[TABLE_IMAGES:]
        table = table_of(rows, self.wanted)
        if last:
            table.skipped.update(self.skipped)
            table.incomplete.extend(self.incomplete)
        return table
