"""What an interrupted command left half done is completed or taken back, before anything else happens."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby

from lookalike.errors import UnsafeError
from lookalike.files import Disk, lies_at, sync_all
from lookalike.journal import Entry
from lookalike.removal.acting import LOST, beside, give_back, settle, state_of, sweep
from lookalike.removal.shelving import folder_of, gone_root, is_there, roots_of, tidy
from lookalike.stores.ledger import Ledger

TAKEN_BACK = "taken back after an interruption"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of files that were being acted on when a program ended.

    Attributes
    ----------
    completed, taken_back : int
        Files.
    stuck : tuple of (str, str)
        Paths of files that could not be settled, and why; the next command tries again.
    """

    completed: int = 0
    taken_back: int = 0
    stuck: tuple[tuple[str, str], ...] = ()


def settle_all(ledger: Ledger, disk: Disk) -> Settled:
    """Settle every batch; the caller holds the lock, so nobody is at work.

    Parameters
    ----------
    ledger : Ledger
        Whose journal it is.
    disk : Disk
        Operations on files.

    Returns
    -------
    Settled
        What was done.
    """
    doing = ledger.entries(states=("doing",))
    sweep(disk, folders_of(doing))
    changed: list[Entry] = []
    stuck: list[tuple[str, str]] = []
    batches = {batch.id: batch for batch in ledger.batches()} if doing else {}
    roots = {number: roots_of(batches[number]) for number in {entry.batch for entry in doing}}
    for _, found in groupby(doing, key=lambda entry: (entry.batch, entry.unit, entry.step)):
        unit = list(found)
        missing = next(filter(None, (gone_root(entry.origin, roots[entry.batch]) for entry in unit)), None)
        if missing is not None and unit[0].step != "purge":  # a drive that went; an undo finds out what lies where
            changed += (replace(entry, state="done", reason=missing) for entry in unit)
            continue
        try:
            changed += _SETTLERS[unit[0].step](disk, unit)
        except (OSError, UnsafeError) as error:
            stuck.append((unit[0].origin, str(getattr(error, "strerror", None) or error)))
    if changed:
        sync_all(disk, folders_of(changed))
        with ledger.transaction():
            ledger.mark(changed)
        tidy(disk, {folder_of(entry, batches[entry.batch].name) for entry in changed})
    completed = sum(entry.state in ("done", "purged") for entry in changed)
    return Settled(completed, len(changed) - completed, tuple(stuck))


@contextmanager
def settled_at_once(ledger: Ledger, disk: Disk) -> Iterator[None]:
    """Settle every batch where somebody interrupts the body, so that what is said of it then is so.

    Parameters
    ----------
    ledger : Ledger
        Whose journal it is.
    disk : Disk
        Operations on files.

    Yields
    ------
    None
        To the body.
    """
    try:
        yield
    except KeyboardInterrupt:
        settle_all(ledger, disk)
        raise


def folders_of(entries: Iterable[Entry]) -> set[str]:
    """Return the folders whose names entries change.

    Parameters
    ----------
    entries : iterable of Entry
        Entries.

    Returns
    -------
    set of str
        Absolute paths.
    """
    return {os.path.dirname(path) for entry in entries for path in (entry.origin, entry.place) if path is not None}


def _settle_act(disk: Disk, unit: Sequence[Entry]) -> list[Entry]:
    states = [state_of(entry) for entry in unit]
    if any(entry.kind == "trash" for entry in unit):  # what is in the trash cannot be taken back from here
        return [
            _with(entry, "done" if state == "done" else "undone") for entry, state in zip(unit, states, strict=True)
        ]
    if all(state == "done" for state in states):
        return [_with(entry, "done") for entry in unit]
    settled = []
    for entry, state in reversed(list(zip(unit, states, strict=True))):
        if state == "lost" or (entry.kind == "write" and "lost" in states):  # what was written has its metadata
            settled.append(replace(entry, state="done", reason=LOST))
            continue
        try:
            where = settle(disk, entry, state)
        except UnsafeError as error:  # somebody changed it since, so it stays as it is
            settled.append(replace(entry, state="done", reason=str(error)))
        else:
            settled.append(replace(entry, state="undone", reason=beside(where) or TAKEN_BACK))
    return settled


def _settle_undo(disk: Disk, unit: Sequence[Entry]) -> list[Entry]:
    return [give_back(disk, entry)[0] for entry in reversed(unit)]


def _settle_purge(_disk: Disk, unit: Sequence[Entry]) -> list[Entry]:
    return [
        replace(
            entry,
            state="done"
            if entry.place is not None and (lies_at(entry.place) or not is_there(entry.place))
            else "purged",
        )
        for entry in unit
    ]


def _with(entry: Entry, state: str) -> Entry:
    if state == "undone":
        return replace(entry, state="undone", reason=TAKEN_BACK)
    return replace(entry, state="done")


_SETTLERS = {"act": _settle_act, "undo": _settle_undo, "purge": _settle_purge}
