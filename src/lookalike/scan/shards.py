"""What the catalog has on the folder being listed; archives and tables that it knows as a whole are not opened again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from lookalike import decode
from lookalike.limiting import known_limits
from lookalike.model import READ_AHEAD
from lookalike.options import ScanOptions
from lookalike.pool import Limits
from lookalike.scan.listing import Row
from lookalike.scan.shortcut import CHUNK_BYTES, CHUNK_FILES
from lookalike.sources.files import Walk
from lookalike.sources.folders import PART_NAMES, UNKNOWN_SIZE, Entry, Folder, Unread
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import Known

T = TypeVar("T")


class Shards:
    """The folder that is being listed, and the files of many images that were: which of these are done with.

    Parameters
    ----------
    catalog : Catalog or None
        Where that is kept; None for nowhere.
    options : ScanOptions
        How to walk and read. With globs, what is seen of a file is not all of it.
    limits : Limits or None
        What decoders are held to; None for nothing.
    thumbnails : bool
        Whether an image is only known if the catalog has its thumbnail.

    Attributes
    ----------
    number : int
        Catalog id of the folder that is being listed; 0 for what nobody remembers.
    """

    def __init__(
        self, catalog: Catalog | None, options: ScanOptions, limits: Limits | None, *, thumbnails: bool = True
    ) -> None:
        self._catalog, self._options, self._limits, self._thumbnails = catalog, options, limits, thumbnails
        self.number: int = 0
        self._known: dict[str, Known] = {}
        """What the catalog has on the names of that folder that are still to come."""
        self._left: Counter[int] = Counter()
        """Entries by catalog id of their folder that are to be read still."""
        self._listed: set[int] = set()

    def parts(self, folder: Folder, walk: Walk) -> Iterator[Folder]:
        """Yield a folder part by part; of what the catalog knows as a whole, its entries as they were stored.

        Parameters
        ----------
        folder : Folder
            As the walk yields it.
        walk : Walk
            Who lists.

        Yields
        ------
        Folder
            With entries.
        """
        is_known, number = folder.first and self._open(folder), self.number
        if is_known:
            entries = [Entry(name, was.size, was.mtime_ns, 0, was.inode) for name, was in self._known.items()]
            entries.sort(key=lambda entry: entry.inode)
            for start in range(0, max(1, len(entries)), PART_NAMES):
                part = folder.next_part() if start else folder
                part.entries = entries[start : start + PART_NAMES]
                walk.pass_over(part)
                yield part
            return
        sound = folder.stamp is not None and not (self._options.exclude or self._options.include)
        for part in walk.parts(folder):
            sound = sound and part.complete
            yield part
        if folder.stamp is not None and folder.source is not None and not folder.source.is_there():
            sound, part = False, folder.next_part()
            part.failures.append(
                Unread(folder.path, "transient", "it changed or went away while it was read", image=False)
            )
            yield part
        if sound:
            self._listed.add(number)

    def _open(self, folder: Folder) -> bool:
        """Ask the catalog what it knows of a folder, and say whether that is all of it; names that are gone are forgotten."""
        self.number, self._known = 0, {}
        if self._catalog is None or not folder.lasting:
            return False
        self.number = self._catalog.folder(folder.kind, folder.volume, folder.key)
        is_known = folder.stamp is not None and self._catalog.open_shard(self.number, folder.stamp)
        self._known = self._catalog.locations(
            self.number, decoder=decode.decoders(), version=decode.VERSION,
            truncated=self._options.truncated == "accept", max_pixels=self._options.max_pixels,
            thumbnails=self._thumbnails, names=few_names(folder), limits=known_limits(self._limits),
        )  # fmt: skip
        gone = self._known.keys() - folder.present
        if gone and folder.complete and folder.stamp is None:
            with self._catalog.transaction():
                self._catalog.prune(self.number, gone)
        return is_known

    def recall(self, row: Row) -> Known | None:
        """Let a row of the folder take over what the catalog has on it.

        Parameters
        ----------
        row : Row
            A name that was just listed.

        Returns
        -------
        Known or None
            What that is; None for what has to be read.
        """
        before = self._known.pop(row.entry.name, None)
        if before is None or before.stale or not row.unchanged_since(before):
            return None
        row.recall(before)
        return before

    def expect(self, count: int) -> None:
        """Note that entries of the folder are to be read.

        Parameters
        ----------
        count : int
            How many.
        """
        self._left[self.number] += count

    def conclude(self, number: int) -> None:
        """Note that an entry was read and is remembered.

        Parameters
        ----------
        number : int
            Catalog id of its folder.
        """
        self._left[number] -= 1

    def finish(self) -> None:
        """Tell the catalog which folders it knows as a whole by now; call inside a transaction."""
        done = [number for number in self._listed if not self._left[number]]
        if self._catalog is not None:
            self._catalog.finish_shards(done)
        self._listed.difference_update(done)


def few_names(folder: Folder) -> Collection[str] | None:
    """Return the names to ask the catalog for, where a folder stands for a few of its names, as files that are roots do.

    Parameters
    ----------
    folder : Folder
        As the walk yields it.

    Returns
    -------
    collection of str or None
        None for all.
    """
    return folder.present if not folder.complete and 0 < len(folder.present) <= PART_NAMES else None


def fetch(
    folder: Folder, waiting: Sequence[T], row_of: Callable[[T], Row], read_ahead: int = READ_AHEAD
) -> Iterator[Sequence[T]]:
    """Yield what is to be read of a folder, some at a time; what comes from a source has its bytes by then.

    Parameters
    ----------
    folder : Folder
        Where it lies.
    waiting : sequence
        What is to be read.
    row_of : callable
        The row of each of these; what a source gave goes there.
    read_ahead : int
        Bytes that may be read ahead; fewer than `CHUNK_BYTES` make for smaller parts.

    Yields
    ------
    sequence
        Everything at once for ordinary files, which workers read; else as much as goes to a worker together.
    """
    if folder.source is None or not waiting:  # no reason to open it
        yield waiting
        return
    start = held = 0
    for at, data in enumerate(folder.source.read([row_of(one).path for one in waiting])):
        row = row_of(waiting[at])
        row.data = data
        if isinstance(data, bytes):
            if row.entry.size == UNKNOWN_SIZE:
                row.entry = row.entry._replace(size=len(data))
            held += len(data)
        if held >= min(CHUNK_BYTES, read_ahead) or at + 1 - start >= CHUNK_FILES:
            yield waiting[start : at + 1]
            start, held = at + 1, 0
    if start < len(waiting):
        yield waiting[start:]
