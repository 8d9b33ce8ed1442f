"""A plan is carried out: checked again, written down, done, image by image; what is refused says why and harms nothing else."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from lookalike import events, tables
from lookalike.errors import SourceError, UnsafeError
from lookalike.files import Disk, sync_all
from lookalike.files.quarantine import shelves
from lookalike.journal import Batch, Entry
from lookalike.plan import Plan
from lookalike.removal.acting import act, beside, give_back, settle, state_of
from lookalike.removal.readying import Readier, Unit, planned
from lookalike.removal.rechecking import check_folder
from lookalike.removal.settling import settled_at_once
from lookalike.removal.shelving import Shelving, folder_of, tidy
from lookalike.stores.decisions import Standing
from lookalike.stores.ledger import Ledger

UNITS_AT_ONCE = 256
"""Images that are checked, written down and acted on together: what a crash leaves to be settled at most."""
OnProgress = Callable[[int, int, bool], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was to be done and was not.

    Attributes
    ----------
    path, reason : str
        To what, and why not.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan.

    Attributes
    ----------
    batch : str or None
        Name to undo it by; None where nothing was to be done.
    action : str
        As planned.
    images, files, size : int
        What went: images, files with those that went along, and their bytes, of delete those that became free. Symlinks
        have none.
    refused : tuple of Refusal
        What stays although it was to go, in the order of the plan.
    places : tuple of str
        Folders of the quarantine where it lies now.
    inside : tuple of str
        Roots whose quarantine is within them.
    """

    batch: str | None
    action: str
    images: int = 0
    files: int = 0
    size: int = 0
    refused: tuple[Refusal, ...] = ()
    places: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


def carry_out(
    plan: Plan, ledger: Ledger, *, workers: int = 1, progress: OnProgress | None = None, disk: Disk | None = None
) -> Applied:
    """Do what a plan says. The caller holds the lock, and has settled earlier batches.

    Parameters
    ----------
    plan : Plan
        The plan.
    ledger : Ledger
        Where it is written down.
    workers : int
        How many images are checked at a time; it changes no result.
    progress : callable, optional
        ``(images done, images in all, True)``, called often.
    disk : Disk, optional
        Operations on files.

    Returns
    -------
    Applied
        What came of it.

    Raises
    ------
    SourceError
        If none of the roots is there.
    LedgerError
        If nothing can be written down any more; what was done until then is, and can be undone.
    """
    if not plan.removals:
        return Applied(None, plan.options.action)
    return _Run(plan, ledger, disk or Disk()).run(workers, progress or (lambda _done, _all, _finished: None))


class _Run:
    """The state of one run."""

    def __init__(self, plan: Plan, ledger: Ledger, disk: Disk) -> None:
        self._plan, self._ledger, self._disk = plan, ledger, disk
        check_folder(plan)
        there = [root.absolute for root in plan.roots if os.path.lexists(root.absolute)]
        if not there:
            raise SourceError(f"nothing to act on: {plan.roots[0].path} is not there")
        chosen = plan.options.quarantine
        self._shelves = shelves(there, None if chosen is None else os.path.join(plan.folder, chosen))
        self._refused: list[Refusal] = []
        self._went: list[Unit] = []
        self._stayed: list[Entry] = []

    def run(self, workers: int, progress: OnProgress) -> Applied:
        """Do all of it."""
        batch, shelving, units = self._begin()
        events.BATCH_STARTED(batch=batch.name, action=batch.action, images=len(units))
        digests = {decision.digest for decision in self._plan.decisions}
        digests.update(part.digest for decision in self._plan.removals for part in decision.parts)
        decided = Standing.of(self._ledger.decisions(), digests)
        ready = Readier(self._plan, self._shelves, decided)
        done = 0
        try:
            with settled_at_once(self._ledger, self._disk), ThreadPoolExecutor(workers) as threads:
                for chunk in _chunks(units):
                    found: list[Unit | str] = []
                    for one in threads.map(lambda unit: ready(unit, shelving), chunk):  # takes far longer than to act
                        found.append(one)
                        progress(done + len(found), len(units), True)
                    self._refuse([(unit, why) for unit, why in zip(chunk, found, strict=True) if isinstance(why, str)])
                    self._go(batch, shelving, [unit for unit in found if not isinstance(unit, str)])
                    done += len(chunk)
        except KeyboardInterrupt as stopped:
            done_units = {entry.unit for entry in self._ledger.entries(batch, ("done",))}
            self._went = [unit for number, unit in enumerate(units) if number in done_units]
            where = f", and are in batch {batch.name}" if self._went else ""
            stopped.add_note(
                f"{len(self._went):,} of {len(units):,} images went{where}; the others are where they were"
            )
            raise
        finally:  # also on Ctrl-C: what was not reached stays as well
            self._return_shared(ready)
        tidy(self._disk, {folder_of(entry, batch.name) for entry in self._stayed})
        moved = [entry for unit in self._went for entry in unit.entries if entry.kind != "write"]
        size = sum(entry.size for entry in moved if entry.target is None)
        used = [shelf for shelf in shelving.used if os.path.isdir(shelf.batch(batch.name))]
        places = tuple(dict.fromkeys(shelf.batch(batch.name) for shelf in used))
        inside = tuple(dict.fromkeys(os.path.dirname(shelf.folder) for shelf in used if shelf.inside))
        return Applied(
            batch.name, batch.action, len(self._went), len(moved), size, tuple(self._refused), places, inside
        )

    def _begin(self) -> tuple[Batch, Shelving, list[Unit]]:
        """Write down what is planned; the name of the batch is free in the ledger and in every quarantine."""
        name = free = time.strftime("%Y-%m-%d-%H%M%S")
        created = datetime.now().astimezone().isoformat(timespec="seconds")
        about = tables.plan_to_json(replace(self._plan, decisions=()))
        number = 1
        with self._ledger.transaction():
            taken = {batch.name for batch in self._ledger.batches()}
            while free in taken or any(os.path.lexists(shelf.batch(free)) for shelf in self._shelves):
                number += 1
                free = f"{name}-{number}"
            batch = self._ledger.add_batch(free, created, self._plan.options.action, about)
            shelving = Shelving(self._disk, self._shelves, batch)
            units = [
                Unit(decision, self._ledger.add_entries(batch, planned(self._plan, number, decision, shelving)))
                for number, decision in enumerate(self._plan.removals)
            ]
        return batch, shelving, units

    def _refuse(self, refused: Sequence[tuple[Unit, str]]) -> None:
        """Write down what stays, and why."""
        if refused:
            with self._ledger.transaction():
                self._ledger.mark(
                    replace(entry, state="planned", reason=why) for unit, why in refused for entry in unit.entries
                )
            self._stayed += (entry for unit, _ in refused for entry in unit.entries)
            self._refused += (Refusal(unit.decision.path, why) for unit, why in refused)

    def _go(self, batch: Batch, shelving: Shelving, units: Sequence[Unit]) -> None:
        """Write down what is about to happen, have it happen, and write down what did."""
        units = self._with_room(shelving, units)
        if not units:
            return
        with self._ledger.transaction():
            for unit in units:
                if unit.content is not None:
                    unit.entries[:1] = self._ledger.add_entries(batch, unit.entries[:1])
            self._ledger.mark(entry for unit in units for entry in unit.entries)
        try:
            shelving.note(entry for unit in units for entry in unit.entries)
        except OSError as error:
            why = f"nothing can be put into the quarantine: {error.strerror or error}"
            self._refuse([(unit, why) for unit in units])
            return
        acted: list[tuple[Unit, str]] = []
        try:
            acted.extend((unit, self._act(unit)) for unit in units)
        finally:  # also on Ctrl-C: what happened has happened
            self._conclude(acted)

    def _return_shared(self, ready: Readier) -> None:
        """Bring back what went along with one image and belongs to another, too, that was to go and did not."""
        shared: list[tuple[Unit, str, Entry]] = []
        for unit in self._went:
            parts = unit.decision.parts if len(unit.ready) > 1 else ()
            for part, entry in zip(parts, unit.entries[len(unit.entries) - len(parts) :], strict=True):
                if image := next(filter(os.path.lexists, ready.owners(entry.origin)), None):
                    why = f"it also belongs to {image}, which stays"
                    shared.append((unit, part.path, replace(entry, state="doing", step="undo", reason=why)))
        if not shared:
            return
        with self._ledger.transaction():
            self._ledger.mark(entry for _, _, entry in shared)
        given = [(unit, path, entry, *give_back(self._disk, entry)) for unit, path, entry in shared]
        sync_all(
            self._disk, (os.path.dirname(name) for *_, now, _ in given for name in (now.origin, now.place) if name)
        )
        told = [(unit, path, replace(now, reason=_returned(entry, now))) for unit, path, entry, now, _ in given]
        with self._ledger.transaction():
            self._ledger.mark(now for *_, now in told)
        for unit, path, now in told:
            self._refused.append(Refusal(path, now.reason))
            if now.state == "undone":
                self._stayed.append(now)
                unit.entries = [one for one in unit.entries if one.id != now.id]

    def _with_room(self, shelving: Shelving, units: Sequence[Unit]) -> list[Unit]:
        """Return those for whose files the quarantine has room."""
        roomy, refused = [], []
        for unit in units:
            try:
                shelving.make_room(unit.entries)
                roomy.append(unit)
            except OSError as error:
                refused.append((unit, f"nothing can be put into the quarantine: {error.strerror or error}"))
        self._refuse(refused)
        return roomy

    def _act(self, unit: Unit) -> str:
        """Have all of a unit happen, or nothing; return why not, empty where it did."""
        begun = []
        try:
            for one in unit.ready:
                one.still()
            for entry in unit.entries:
                begun.append(entry)
                act(self._disk, entry, unit.content)
            unit.ready[0].stays()  # of a part it may be a sidecar that was just written
        except (OSError, UnsafeError) as error:
            why = str(getattr(error, "strerror", None) or error)
            try:
                for entry in reversed(begun):
                    if restored := beside(settle(self._disk, entry, state_of(entry))):
                        why = f"{why}; {restored}"
            except (OSError, UnsafeError) as stuck:
                unit.entries = []  # the journal goes on saying that they are being done, until a later command settles it
                return f"{why}; what was done to it cannot be taken back now ({stuck}): any later command tries again"
            return why
        return ""

    def _conclude(self, acted: Sequence[tuple[Unit, str]]) -> None:
        """Bring what happened to the disk, then write it down."""
        went = [unit for unit, why in acted if not why]
        names = [name for unit in went for entry in unit.entries for name in (entry.origin, entry.place) if name]
        sync_all(self._disk, (os.path.dirname(name) for name in names))
        with self._ledger.transaction():
            self._ledger.mark(replace(entry, state="done") for unit in went for entry in unit.entries)
        self._went += went
        self._refuse([(unit, why) for unit, why in acted if why])


def _returned(before: Entry, now: Entry) -> str:
    """Say why a file was to be brought back, and what came of it."""
    did = "so it was brought back" if now.state == "undone" else "and could not be brought back"
    return f"{before.reason}, {did}{': ' if now.reason else ''}{now.reason}"


def _chunks(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """Yield units some at a time; one that writes a sidecar is alone, since the next may write to the same."""
    start = 0
    while start < len(units):
        end = start + 1
        if not units[start].decision.metadata:
            while end < len(units) and end - start < UNITS_AT_ONCE and not units[end].decision.metadata:
                end += 1
        yield units[start:end]
        start = end
