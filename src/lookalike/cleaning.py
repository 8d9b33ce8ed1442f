"""Apply, undo, purge and history: each holds the lock and first settles what an interrupted command left half done."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lookalike import events
from lookalike.errors import LedgerError, UnsafeError, UsageError
from lookalike.files import Disk
from lookalike.files.lock import only_one
from lookalike.journal import Batch, Entry
from lookalike.opening import default_ledger, open_ledger
from lookalike.plan import Plan
from lookalike.planning.agreeing import only_files
from lookalike.pool import default_workers
from lookalike.removal.applying import Applied, OnProgress, Refusal, carry_out
from lookalike.removal.purging import Purged, purge_batch
from lookalike.removal.settling import Settled, settle_all
from lookalike.removal.shelving import folder_of, is_there
from lookalike.removal.undoing import Undone, undo_batch, undo_from
from lookalike.stores.ledger import Ledger

StrPath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One line of the history.

    Attributes
    ----------
    name, created, action : str
        Of the batch.
    files, size : dict of str to int
        How many files are in each state (planned, doing, done, undone, purged), and their bytes.
    places : tuple of str
        Folders of the quarantine where files lie now.
    """

    name: str
    created: str
    action: str
    files: dict[str, int]
    size: dict[str, int]
    places: tuple[str, ...]


def apply(
    plan: Plan,
    *,
    ledger: StrPath | None = None,
    workers: int | None = None,
    progress: OnProgress | None = None,
    disk: Disk | None = None,
) -> Applied:
    """Do what a plan says; every file is checked again before anything happens to it.

    Parameters
    ----------
    plan : Plan
        The plan. With the action delete, what goes is put into the quarantine first and then removed for good.
    ledger : path, optional
        The ledger; None for the one in the state folder of the platform.
    workers : int, optional
        How many images are checked at a time; None for one per core. It changes no result.
    progress : callable, optional
        ``(images done, images in all, True)``, called often.
    disk : Disk, optional
        Operations on files.

    Returns
    -------
    Applied
        What went, what stays although it was to go, and the name of the batch.

    Raises
    ------
    UsageError
        If something would go that is no ordinary file; then nothing is done.
    UnsafeError
        If another process is moving files.
    SourceError
        If none of the roots is there.
    LedgerError
        If the ledger cannot be used.

    Examples
    --------
    >>> from lookalike import find
    >>> batch = apply(find("photos").plan())
    >>> undo(batch).files
    3
    """
    only_files(plan)
    disk, started = disk or Disk(), time.monotonic()
    with _at_work(ledger, disk) as store:
        done = carry_out(plan, store, workers=workers or default_workers(), progress=progress, disk=disk)
        _report("apply", done.batch, done.files, done.refused, started)
        if plan.options.action == "delete" and done.batch is not None:
            purged = purge_batch(store, _named(store, done.batch), disk)
            _report("purge", done.batch, purged.files, purged.held, started)
            held = bool(purged.held)  # it lies in the quarantine, and undo brings it back
            return replace(
                done, files=purged.files, size=purged.size, refused=(*done.refused, *purged.held),
                places=done.places if held else (), inside=done.inside if held else (),
            )  # fmt: skip
        return done


def undo(
    batch: str | Applied | None = None,
    *,
    from_folder: StrPath | None = None,
    ledger: StrPath | None = None,
    disk: Disk | None = None,
) -> Undone:
    """Bring back what a batch put into a quarantine or replaced by links, with name, time, mode and links.

    Parameters
    ----------
    batch : str or Applied, optional
        Which batch; None for the last one of which something can be brought back.
    from_folder : path, optional
        The folder of a batch in a quarantine: its manifest is enough, without the ledger and on another machine.
    ledger : path, optional
        The ledger; None for the one in the state folder of the platform.
    disk : Disk, optional
        Operations on files.

    Returns
    -------
    Undone
        What is back, and what could not be. Nothing that has appeared since is overwritten.

    Raises
    ------
    UsageError
        If there is no such batch, or none at all.
    UnsafeError
        If another process is moving files, or the folder is no quarantine.
    LedgerError
        If the ledger cannot be used; the manifest does without.
    """
    disk, started = disk or Disk(), time.monotonic()
    if from_folder is not None:
        undone = _undo_from(os.fspath(from_folder), ledger, disk)
    else:
        with _at_work(ledger, disk) as store:
            name = batch.batch if isinstance(batch, Applied) else batch
            undone = undo_batch(store, _last(store) if name is None else _named(store, name), disk)
    _report("undo", undone.batch, undone.files, undone.refused, started)
    return undone


def _undo_from(folder: str, ledger: StrPath | None, disk: Disk) -> Undone:
    undone = None
    try:
        with _at_work(ledger, disk) as store:
            undone, back = undo_from(folder, disk)
            _note(store, undone.batch, back)
    except LedgerError:  # the manifest is enough; what is back is back although it could not be written down
        undone = undone or undo_from(folder, disk)[0]
    return undone


def _note(store: Ledger, name: str, back: Sequence[Entry]) -> None:
    """Write down what came back by a manifest, if the ledger knows of it."""
    places = {entry.place for entry in back if entry.place is not None}
    for batch in store.batches():
        if batch.name == name:
            entries = [entry for entry in store.entries(batch, ("done",)) if entry.place in places]
            with store.transaction():
                store.mark(replace(entry, state="undone", step="undo") for entry in entries)


def purge(batch: str | Applied, *, ledger: StrPath | None = None, disk: Disk | None = None) -> Purged:
    """Remove for good what a batch put into a quarantine; what has lost its keeper meanwhile is held back.

    Parameters
    ----------
    batch : str or Applied
        Which batch.
    ledger : path, optional
        The ledger; None for the one in the state folder of the platform.
    disk : Disk, optional
        Operations on files.

    Returns
    -------
    Purged
        What is gone, and what is held back.

    Raises
    ------
    UsageError
        If there is no such batch.
    UnsafeError
        If another process is moving files.
    LedgerError
        If the ledger cannot be used.
    """
    disk, started = disk or Disk(), time.monotonic()
    with _at_work(ledger, disk) as store:
        name = batch.batch if isinstance(batch, Applied) else batch
        if name is None:
            raise UsageError("nothing was done, so there is nothing to purge")
        purged = purge_batch(store, _named(store, name), disk)
    _report("purge", name, purged.files, purged.held, started)
    return purged


def _report(step: str, batch: str | None, files: int, refused: Sequence[Refusal], started: float) -> None:
    """Log what came of a batch; nothing where there was none."""
    if batch is not None:
        for one in refused:
            events.BATCH_REFUSED(batch=batch, path=one.path, reason=one.reason)
        told = {"batch": batch, "step": step, "files": files, "refused": len(refused)}
        events.BATCH_ENDED(**told, seconds=events.since(started))


def history(*, ledger: StrPath | None = None) -> list[BatchRow]:
    """List all batches.

    Parameters
    ----------
    ledger : path, optional
        The ledger; None for the one in the state folder of the platform.

    Returns
    -------
    list of BatchRow
        The first one first.

    Raises
    ------
    LedgerError
        If the ledger cannot be used.
    """
    path = _path(ledger)
    if not os.path.exists(path):
        return []
    rows = []
    with open_ledger(path) as store:
        files: dict[int, Counter[str]] = {}
        size: dict[int, Counter[str]] = {}
        for number, state, count, amount in store.counts():
            files.setdefault(number, Counter())[state] = count
            size.setdefault(number, Counter())[state] = amount
        for batch in store.batches():
            lying = store.entries(batch, ("done",))
            places = {os.path.dirname(entry.place): entry for entry in lying if entry.place is not None}
            folders = {folder_of(entry, batch.name) for entry in places.values()} - {None}
            counts = dict(files.get(batch.id, {})), dict(size.get(batch.id, {}))
            rows.append(
                BatchRow(batch.name, batch.created, batch.action, *counts, tuple(sorted(filter(None, folders))))
            )
    return rows


@contextmanager
def _at_work(ledger: StrPath | None, disk: Disk) -> Iterator[Ledger]:
    """Hold the lock and the ledger while the body runs; whatever was interrupted before is settled first."""
    path = _path(ledger)
    with only_one(f"{path}.lock"), open_ledger(path) as store:
        store.check()
        try:
            settled = settle_all(store, disk)
            if settled != Settled():
                events.BATCH_SETTLED(
                    completed=settled.completed, taken_back=settled.taken_back, stuck=len(settled.stuck)
                )
            if settled.stuck:
                path, why = settled.stuck[0]
                raise UnsafeError(
                    f"an earlier command was interrupted, and {path} cannot be put in order: {why}. "
                    "Nothing else is done before that"
                )
            yield store
        except UsageError as error:
            if settled == Settled():
                raise
            raise UsageError(
                f"{error}. What an interrupted command had left was put in order first: files completed "
                f"{settled.completed:,}, taken back {settled.taken_back:,}"
            ) from error
        except OSError as error:
            raise UnsafeError(
                f"stopped, since the disk failed ({error}); what was done until then is written down, and any later command "
                "puts in order what was under way"
            ) from error


def _path(ledger: StrPath | None) -> str:
    return default_ledger() if ledger is None else os.path.realpath(os.fspath(ledger))  # one lock for all its names


def _named(store: Ledger, name: str) -> Batch:
    batches = store.batches()
    found = next((batch for batch in batches if batch.name == name), None)
    if found is None:
        known = ", ".join(batch.name for batch in batches[-5:]) or "none yet"
        raise UsageError(f"there is no batch {name!r}: the last ones are {known}; `lookalike history` lists all")
    return found


def _last(store: Ledger) -> Batch:
    for batch in reversed(store.batches()):
        places = (entry.place for entry in store.entries(batch, ("done",)))
        if any(place is not None and (os.path.lexists(place) or not is_there(place)) for place in places):
            return batch
    raise UsageError("there is nothing to undo in any quarantine: `lookalike history` lists what was done")
