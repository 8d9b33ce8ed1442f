"""What lies in a quarantine is removed for good, as far as something of it stays elsewhere."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lookalike.errors import UnsafeError
from lookalike.files import Disk, Seen, digest_of, look_at, sync_all
from lookalike.journal import Batch, Entry, units_of
from lookalike.removal.acting import as_put
from lookalike.removal.applying import Refusal
from lookalike.removal.shelving import folder_of, is_there, tidy
from lookalike.stores.ledger import Ledger

UNITS_AT_ONCE = 256
NOT_THERE = "the quarantine is not there now"
REPLACED = "what lies in its place in the quarantine is another file, or was changed"


@dataclass(frozen=True, slots=True)
class Purged:
    """What came of purging a batch.

    Attributes
    ----------
    batch : str
        Its name.
    files, size : int
        Files that are gone, and their bytes; symlinks have none.
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
    stays = _Stays(ledger, {entry.place for entry in entries if entry.place is not None})
    units = units_of(entries)
    held: list[Refusal] = []
    gone: list[Entry] = []
    for start in range(0, len(units), UNITS_AT_ONCE):
        chunk: list[Entry] = []
        for unit in units[start : start + UNITS_AT_ONCE]:
            try:
                for entry in unit:
                    _check_intact(entry)
                    stays.check(entry)
                chunk += unit
            except UnsafeError as error:
                held.append(Refusal(unit[0].origin, str(error)))
        with ledger.transaction():
            ledger.mark(replace(entry, state="doing", step="purge") for entry in chunk)
        left = _remove(disk, chunk)
        sync_all(disk, (os.path.dirname(entry.place) for entry in chunk if entry.place is not None))
        held += (Refusal(entry.origin, entry.reason) for entry in left)
        kept = {entry.id for entry in left}
        purged = [replace(entry, state="purged", step="purge", reason="") for entry in chunk if entry.id not in kept]
        with ledger.transaction():
            ledger.mark([*purged, *left])
        gone += purged
    tidy(disk, {folder_of(entry, batch.name) for entry in gone})
    files = [entry for entry in gone if entry.kind != "write"]
    return Purged(batch.name, len(files), sum(entry.size for entry in files if entry.target is None), tuple(held))


def _remove(disk: Disk, entries: Iterable[Entry]) -> list[Entry]:
    """Remove files; return those that could not be."""
    left = []
    for entry in entries:
        if entry.place is None:
            continue
        try:
            if not as_put(entry):
                left.append(replace(entry, state="done", step="purge", reason=REPLACED))
                continue
            disk.remove(entry.place)
        except FileNotFoundError:
            if not is_there(entry.place):
                left.append(replace(entry, state="done", step="purge", reason=NOT_THERE))
        except OSError as error:
            left.append(replace(entry, state="done", step="purge", reason=error.strerror or str(error)))
    return left


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

    def __init__(self, ledger: Ledger, going: set[str]) -> None:
        self._ledger, self._going = ledger, going
        self._known: dict[str, tuple[Seen, bytes]] = {}

    def check(self, entry: Entry) -> None:
        """Raise UnsafeError where nothing stays of the file of an entry."""
        if entry.kind == "write" or entry.keeper is None:
            return  # an older version of what was written; something that the user gave up
        path, digest, seen = entry.keeper, entry.keeper_digest, {entry.origin}
        while path not in seen:
            seen.add(path)
            now = self._digest(path)
            if digest is not None and now == digest:
                return
            if now is not None and self._was_merged(path, now, entry):
                return
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
            if os.path.realpath(path) in self._going:  # a symlink into the quarantine goes with what it leads to
                return None
            seen = look_at(path)
            known = self._known.get(path)
            if known is None or known[0] != seen or seen.target is not None:
                known = self._known[path] = seen, digest_of(path)
        except OSError:
            return None
        return known[1]
