"""Archives, tables and other files of many images: what the catalog knows of a whole one is not opened again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from lookalike.listing import Row
from lookalike.model import READ_AHEAD
from lookalike.shortcut import CHUNK_BYTES, CHUNK_FILES
from lookalike.sources.files import Walk
from lookalike.sources.folders import PART_NAMES, UNKNOWN_SIZE, Entry, Folder, Unread
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import Known

T = TypeVar("T")


class Shards:
    """Which files of many images are listed, and which of these are done with.

    Parameters
    ----------
    catalog : Catalog or None
        Where that is kept; None for nowhere.
    whole : bool
        Whether all entries are wanted: with globs, what was seen of a file is not all of it.
    """

    def __init__(self, catalog: Catalog | None, *, whole: bool) -> None:
        self._catalog, self._whole = catalog, whole
        self._left: Counter[int] = Counter()
        """Entries by catalog id of their folder that are to be read still."""
        self._listed: set[int] = set()

    def look_up(self, folder: Folder, number: int) -> bool:
        """Say whether the catalog knows all of a folder as it is now; what it knows of an earlier state is forgotten.

        Parameters
        ----------
        folder : Folder
            The folder.
        number : int
            Its catalog id.

        Returns
        -------
        bool
            False for what has to be listed.
        """
        return folder.stamp is not None and self._catalog is not None and self._catalog.open_shard(number, folder.stamp)

    def parts(self, folder: Folder, walk: Walk, number: int, known: Mapping[str, Known] | None) -> Iterator[Folder]:
        """Yield a folder part by part.

        Parameters
        ----------
        folder : Folder
            As the walk yields it.
        walk : Walk
            Who lists.
        number : int
            Its catalog id.
        known : mapping of str to Known or None
            All of its entries as they were stored; None where they have to be listed.

        Yields
        ------
        Folder
            With entries.
        """
        if known is not None:
            entries = [Entry(name, was.size, was.mtime_ns, 0, was.inode) for name, was in known.items()]
            entries.sort(key=lambda entry: entry.inode)
            for start in range(0, max(1, len(entries)), PART_NAMES):
                part = folder.next_part() if start else folder
                part.entries = entries[start : start + PART_NAMES]
                walk.pass_over(part)
                yield part
            return
        sound = self._whole and folder.stamp is not None
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

    def expect(self, number: int, count: int) -> None:
        """Note that entries of a folder are to be read.

        Parameters
        ----------
        number, count : int
            Catalog id of the folder, and how many.
        """
        self._left[number] += count

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
    if folder.source is None or not waiting:
        yield waiting
        return
    if not waiting:  # no reason to open it
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
