"""What lies in a quarantine is removed for good, as far as something of it stays elsewhere."""

import contextlib
import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lookalike.errors import UnsafeError
from lookalike.files import Disk, Seen, digest_of, look_at, sync_all
from lookalike.journal import Batch, Entry, units_of
from lookalike.removal.acting import as_put
from lookalike.removal.applying import Refusal
from lookalike.removal.settling import settled_at_once
from lookalike.removal.shelving import NOT_THERE, folder_of, is_there, tidy
from lookalike.stores.decisions import Standing
from lookalike.stores.ledger import Ledger

UNITS_AT_ONCE = 256
REPLACED = "what lies in its place in the quarantine is another file, or was changed"


@dataclass(frozen=True, slots=True)
class Purged:
    """What came of purging a batch.

    Attributes
    ----------
    batch : str
        Its name.
    files, size : int
        Files that are gone, and the bytes that became free: none with a symlink, or while a file has another name.
    held : tuple of Refusal
        What still lies in the quarantine, and why.
    """

    batch: str
    files: int = 0
    size: int = 0
    held: tuple[Refusal, ...] = ()


def purge_batch(ledger: Ledger, batch: Batch, disk: Disk) -> Purged:
    """Remove the files of a batch whose keepers are there, byte for byte. The caller holds the lock.

    Parameters
    ----------
    ledger : Ledger
        The ledger.
    batch : Batch
        The batch.
    disk : Disk
        Operations on files.

    Returns
    -------
    Purged
        What came of it.
    """
    # What was written without a trace in the quarantine is purged as well: only it has the metadata then, and no undo takes it.
    entries = [entry for entry in ledger.entries(batch, ("done",)) if entry.place is not None or entry.kind == "write"]
    stays = _Stays(ledger, (entry.place for entry in entries if entry.place is not None))
    units = units_of(entries)
    held: list[Refusal] = []
    gone: list[Entry] = []
    size = 0
    with settled_at_once(ledger, disk):
        for start in range(0, len(units), UNITS_AT_ONCE):
            chunk: list[Entry] = []
            kept: set[str] = set()
            for unit in units[start : start + UNITS_AT_ONCE]:
                try:
                    for entry in unit:
                        _check_intact(entry)
                    kept.update(filter(None, [stays.check(entry) for entry in unit]))
                    chunk += unit
                except UnsafeError as error:
                    held.append(Refusal(unit[0].origin, str(error)))
            disk.flush(sorted(kept))  # a keeper written a moment ago may be in memory alone, and names go at once
            with ledger.transaction():
                ledger.mark(replace(entry, state="doing", step="purge") for entry in chunk)
            left, freed = _remove(disk, chunk, stays)
            size += freed
            sync_all(disk, (os.path.dirname(entry.place) for entry in chunk if entry.place is not None))
            held += (Refusal(entry.origin, entry.reason) for entry in left)
            held_back = {entry.id for entry in left}
            purged = [
                replace(entry, state="purged", step="purge", reason="") for entry in chunk if entry.id not in held_back
            ]
            with ledger.transaction():
                ledger.mark([*purged, *left])
            gone += purged
    tidy(disk, {folder_of(entry, batch.name) for entry in gone})
    return Purged(batch.name, sum(entry.kind != "write" for entry in gone), size, tuple(held))


def _remove(disk: Disk, entries: Iterable[Entry], stays: "_Stays") -> tuple[list[Entry], int]:
    """Remove files, each after one more look at what stays of it; return those that could not be, and the bytes freed."""
    left, freed = [], 0
    for entry in entries:
        if entry.place is None:
            continue
        try:
            status = os.lstat(entry.place)
            _check_again(entry, stays)
            disk.remove(entry.place)
            stays.gone(status)
            if status.st_nlink == 1 and stat.S_ISREG(status.st_mode):
                freed += status.st_size
        except FileNotFoundError:
            if not is_there(entry.place):
                left.append(replace(entry, state="done", step="purge", reason=NOT_THERE))
        except (OSError, UnsafeError) as error:
            why = str(getattr(error, "strerror", None) or error)
            left.append(replace(entry, state="done", step="purge", reason=why))
    return left, freed


def _check_again(entry: Entry, stays: "_Stays") -> None:
    """Raise UnsafeError where an entry or what stays of it changed since both were read."""
    if not as_put(entry):
        raise UnsafeError(REPLACED)
    stays.check(entry)


def _check_intact(entry: Entry) -> None:
    """Raise UnsafeError where another file lies in the place of an entry: nobody looked whether anything stays of that.

    Also where the whole quarantine is missing, so that nobody can say whether the file is.
    """
    if entry.place is None:
        return
    if not os.path.lexists(entry.place):
        if not is_there(entry.place):
            raise UnsafeError(NOT_THERE)
        return
    if entry.kind == "write":
        return
    try:
        target = look_at(entry.place).target
        same = target == entry.target and (target is not None or digest_of(entry.place) == entry.digest)
    except OSError as error:
        raise UnsafeError(REPLACED) from error
    if not same:
        raise UnsafeError(REPLACED)


class _Stays:
    """Find out whether something stays of a file."""

    def __init__(self, ledger: Ledger, places: Iterable[str]) -> None:
        self._ledger = ledger
        decided = ledger.decisions()
        self._decided = Standing.of(decided, frozenset[bytes]().union(*(one.digests for one in decided)))
        self._going: Counter[tuple[int, int]] = Counter()
        """Names that each file has in the quarantine, by device and inode."""
        for place in places:
            with contextlib.suppress(OSError):
                status = os.lstat(place)
                self._going[status.st_dev, status.st_ino] += 1
        self._known: dict[str, tuple[Seen, bytes]] = {}

    def gone(self, status: os.stat_result) -> None:
        """Note that a name of a file was removed from the quarantine."""
        self._going[status.st_dev, status.st_ino] -= 1

    def check(self, entry: Entry) -> str | None:
        """Return what stays of the file of an entry, None where nothing needs to; raise UnsafeError where nothing does."""
        if entry.kind == "write" or entry.keeper is None:
            return None  # an older version of what was written; something that the user gave up
        path, digest, seen = entry.keeper, entry.keeper_digest, {entry.origin}
        while path not in seen:
            seen.add(path)
            now = self._digest(path)
            if now is not None and (now == digest or self._was_merged(path, now, entry)):
                if self._decided.apart(now, entry.digest):  # since it went, maybe at the sight of the two
                    raise UnsafeError(
                        f"somebody decided that it is no duplicate of its keeper {path} (`lookalike decide list`): undo "
                        "brings it back"
                    )
                return path
            # Its keeper may have gone later, in favour of another one.
            later = (
                one for one in self._ledger.by_origin(path) if one.state in ("done", "purged") and one.digest == digest
            )
            after = next(later, None)
            if after is None or after.keeper is None:
                break
            path, digest = after.keeper, after.keeper_digest
        raise UnsafeError(
            f"its keeper {path} is not there any more, or has changed, so this may be the last one: undo brings it back"
        )

    def _was_merged(self, path: str, digest: bytes, entry: Entry) -> bool:
        """Say whether a keeper is a sidecar that was written later in the same batch: with all that it said before."""
        return any(
            one.kind == "write" and one.digest == digest and one.batch == entry.batch and one.unit >= entry.unit
            and one.state in ("done", "purged")
            for one in self._ledger.by_origin(path)
        )  # fmt: skip

    def _digest(self, path: str) -> bytes | None:
        try:
            status = os.stat(path)
            if 0 < status.st_nlink <= self._going[status.st_dev, status.st_ino]:
                return None  # whatever it is called here, all its names lie in the quarantine: it leads there
            seen = look_at(path)
            known = self._known.get(path)
            if known is None or known[0] != seen or seen.target is not None:
                known = self._known[path] = seen, digest_of(path)
        except OSError:
            return None
        return known[1]
