"""A batch is undone: every file gets its name back, and what has appeared in its place meanwhile stays."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lookalike.errors import UnsafeError
from lookalike.files import Disk, sync_all
from lookalike.files.quarantine import is_within
from lookalike.journal import Batch, Entry, units_of
from lookalike.removal.acting import LOST, give_back, sweep
from lookalike.removal.applying import Refusal
from lookalike.removal.settling import folders_of, settled_at_once
from lookalike.removal.shelving import folder_of, gone_root, roots_of, tidy
from lookalike.stores.ledger import Ledger
from lookalike.tables.manifest import MANIFEST, ManifestRoot, read_manifest

UNITS_AT_ONCE = 256
SOURCE_LOST = "the image whose metadata it has did not come back, so it stays"


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of undoing a batch.

    Attributes
    ----------
    batch : str
        Its name.
    files, size : int
        Files that are back, and their bytes; symlinks have none.
    beside : tuple of (str, str)
        Files whose place was taken, and where they are now.
    refused : tuple of Refusal
        What could not be brought back, and why.
    """

    batch: str
    files: int = 0
    size: int = 0
    beside: tuple[tuple[str, str], ...] = ()
    refused: tuple[Refusal, ...] = ()


def undo_batch(ledger: Ledger, batch: Batch, disk: Disk) -> Undone:
    """Undo what the ledger knows of a batch, the last act first. The caller holds the lock.

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
    Undone
        What came of it.
    """
    done = ledger.entries(batch, ("done",))
    refused = [
        Refusal(entry.origin, "it was purged: nothing of it is left") for entry in ledger.entries(batch, ("purged",))
    ]
    refused += [
        Refusal(entry.origin, "it is in the trash of the desktop: restore it there")
        for entry in done
        if entry.kind == "trash"
    ]
    roots = roots_of(batch)
    waiting: list[list[Entry]] = []
    for unit in units_of(entry for entry in done if entry.kind != "trash")[::-1]:
        missing = next(filter(None, (gone_root(entry.origin, roots) for entry in unit)), None)
        if missing is None:
            waiting.append(unit)
        else:
            refused += (Refusal(entry.origin, missing) for entry in unit)
    back: list[Entry] = []
    beside: list[tuple[str, str]] = []
    try:
        with settled_at_once(ledger, disk):
            for start in range(0, len(waiting), UNITS_AT_ONCE):
                chunk = [entry for unit in waiting[start : start + UNITS_AT_ONCE] for entry in reversed(unit)]
                with ledger.transaction():
                    ledger.mark(replace(entry, state="doing", step="undo") for entry in chunk)
                returned = _return(disk, chunk, beside, refused)
                sync_all(disk, folders_of(chunk))
                with ledger.transaction():
                    ledger.mark(returned)
                back += (entry for entry in returned if entry.state == "undone")
    except KeyboardInterrupt as stopped:
        left = len(ledger.entries(batch, ("done",)))
        files = f"{left:,} files of batch {batch.name} are" if left != 1 else f"1 file of batch {batch.name} is"
        told = f"{files} not back yet: run the same command to continue"
        stopped.add_note(told if left else f"all files of batch {batch.name} are back")
        raise
    tidy(disk, {folder_of(entry, batch.name) for entry in back})
    return _undone(batch.name, back, beside, refused)


def undo_from(folder: str, disk: Disk) -> tuple[Undone, list[Entry]]:
    """Undo the batch that lies in a folder by its manifest alone.

    Parameters
    ----------
    folder : str
        Folder of a batch.
    disk : Disk
        Operations on files.

    Returns
    -------
    Undone
        What came of it.
    list of Entry
        What is back, for a ledger that knows of it.

    Raises
    ------
    UnsafeError
        If there is no manifest, or the root is nowhere.
    """
    folder = os.path.realpath(folder)
    path = _manifest_in(folder)
    manifest = read_manifest(path)
    there = {root.label: (root, _found(root, folder)) for root in manifest.roots}
    if not any(found for _, found in there.values()):
        raise UnsafeError(
            f"{folder} holds files of {manifest.roots[0].absolute}, which is not there: make that folder first"
            if manifest.roots
            else f"{path} names no root"
        )
    entries, refused = [], []
    lost: set[int] = set()
    if manifest.unread:
        refused.append(Refusal(path, f"{manifest.unread} of its lines are damaged: what they name stays in {folder}"))
    for entry in manifest.entries:
        label, _, inner = entry.origin.partition(os.sep)
        root, found = there[label]
        if found is None:
            refused.append(
                Refusal(os.path.join(root.absolute, inner), f"{root.absolute} is not there: make that folder first")
            )
            continue
        origin = os.path.join(found, inner)
        place = None if entry.place is None else os.path.join(folder, entry.place)
        if not _stays_in(origin, found) or (place is not None and not _stays_in(place, folder)):
            refused.append(Refusal(origin, "a symlink in its folder leads out of its root or the quarantine"))
            continue
        keeper = entry.keeper
        if keeper is not None:  # as seen from the file: that is what a symlink says, wherever the two are now
            seen = os.path.relpath(keeper, os.path.dirname(os.path.join(root.absolute, inner)))
            keeper = os.path.normpath(os.path.join(os.path.dirname(origin), seen))
        if place is None or os.path.lexists(place):
            entries.append(replace(entry, origin=origin, place=place, keeper=keeper))
        elif not os.path.lexists(origin):
            lost.add(entry.unit)
            refused.append(Refusal(origin, LOST))
    entries = [entry for entry in entries if entry.kind != "write" or entry.unit not in lost]
    sweep(disk, folders_of(entries))
    beside: list[tuple[str, str]] = []
    returned = _return(disk, entries[::-1], beside, refused)
    sync_all(disk, folders_of(returned))
    back = [entry for entry in returned if entry.state == "undone"]
    tidy(disk, {folder})
    return _undone(manifest.batch, back, beside, refused), back


def _found(root: ManifestRoot, folder: str) -> str | None:
    """Return where a root is now: as far from the folder of the batch as it was, or else where it was."""
    places = (os.path.normpath(os.path.join(folder, root.relative)), root.absolute)
    return next((os.path.realpath(place) for place in places if os.path.isdir(place)), None)


def _stays_in(path: str, folder: str) -> bool:
    return is_within(os.path.realpath(os.path.dirname(path)) + os.sep, folder)


def _manifest_in(folder: str) -> str:
    path = os.path.join(folder, MANIFEST)
    if os.path.isfile(path):
        return path
    try:
        below = sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, MANIFEST)))
    except OSError as error:
        raise UnsafeError(f"{folder} cannot be read: {error.strerror}") from error
    if below:
        raise UnsafeError(f"{folder} holds {len(below)} batches: name one of {', '.join(below)} in it")
    raise UnsafeError(f"{folder} is no batch of a quarantine: there is no {MANIFEST} in it")


def _return(disk: Disk, entries: Sequence[Entry], beside: list[tuple[str, str]], refused: list[Refusal]) -> list[Entry]:
    """Take entries back, each for itself; return what became of each.

    A sidecar that was written is the last of its unit. It stays where something of that does not come back, since only it has
    the metadata then.
    """
    returned = []
    missing: set[int] = set()
    for entry in entries:
        if entry.kind == "write" and entry.unit in missing:
            now, where = replace(entry, state="done", step="undo", reason=SOURCE_LOST), None
        else:
            now, where = give_back(disk, entry)
        if now.state == "done":
            missing.add(entry.unit)
            refused.append(Refusal(entry.origin, now.reason))
        if where is not None:
            beside.append((entry.origin, where))
        returned.append(now)
    return returned


def _undone(name: str, back: Sequence[Entry], beside: Sequence[tuple[str, str]], refused: Sequence[Refusal]) -> Undone:
    files = [entry for entry in back if entry.kind != "write"]
    size = sum(entry.size for entry in files if entry.target is None)
    return Undone(name, len(files), size, tuple(beside), tuple(refused))
