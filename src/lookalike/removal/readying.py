"""Removals of a plan to entries of the journal: planned ones, and once they are checked those that are about to happen."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lookalike.errors import UnsafeError
from lookalike.files.quarantine import Shelf, probe, shelf_of
from lookalike.journal import Entry, Kind
from lookalike.plan import LINKS, Decision, Part, Plan
from lookalike.removal import inheriting
from lookalike.removal.rechecking import Ready, Rechecker, resolve
from lookalike.removal.shelving import Shelving
from lookalike.stores.decisions import Standing

KINDS: dict[str, Kind] = {
    "quarantine": "move", "delete": "move", "trash": "trash", "hardlink": "hardlink", "symlink": "symlink",
    "reflink": "reflink",
}  # fmt: skip
"""What happens to a file, by action; what is to be deleted is moved first."""


@dataclass(slots=True)
class Unit:
    """One image and what goes along with it, on its way; all of it happens, or nothing.

    Attributes
    ----------
    decision : Decision
        What the plan says.
    entries : list of Entry
        Its files in the order in which they go; a sidecar that is written before comes first.
    ready : list of Ready
        What was seen of the files that go, once they were checked.
    content : bytes or None
        Of that sidecar.
    """

    decision: Decision
    entries: list[Entry]
    ready: list[Ready] = field(default_factory=list)
    content: bytes | None = None


def planned(plan: Plan, number: int, decision: Decision, shelving: Shelving) -> list[Entry]:
    """Return the entries of a removal that nobody has looked at yet.

    Parameters
    ----------
    plan : Plan
        The plan.
    number : int
        Of the unit.
    decision : Decision
        The removal.
    shelving : Shelving
        Where files go.

    Returns
    -------
    list of Entry
        The image first. Where a link takes its place, what belongs to the image stays with the name.
    """
    action = plan.options.action
    entries = []
    files: list[Decision | Part] = [decision, *(() if action in LINKS else decision.parts)]
    for file in files:
        origin = _absolute(plan, file.path)
        keeper = None if file.keeper is None else _absolute(plan, file.keeper)
        place = None if action == "trash" else shelving.place(origin)
        entry = Entry(number, KINDS[action], origin, place, keeper, file.digest, None, file.size, file.mtime_ns, 0)
        entries.append(entry)
    return entries


def _absolute(plan: Plan, path: str) -> str:
    try:
        return resolve(plan.folder, path)
    except UnsafeError:
        return os.path.join(plan.folder, path)  # it will be refused


class Readier:
    """Check removals and say what is about to happen; may be called from several threads.

    Parameters
    ----------
    plan : Plan
        The plan.
    shelves : sequence of Shelf
        Quarantines of its roots; each root is probed.
    decided : Standing
        What people decided about contents.
    """

    def __init__(self, plan: Plan, shelves: Sequence[Shelf], decided: Standing) -> None:
        self._shelves = shelves
        self._check = Rechecker(plan, shelves, decided)
        self._read_only: dict[str, str] = {}
        for shelf in shelves:
            try:
                probe(shelf.root)
            except OSError as error:
                self._read_only[shelf.root] = error.strerror or str(error)

    def __call__(self, unit: Unit, shelving: Shelving) -> Unit | str:
        """Check one image and what goes along with it.

        Parameters
        ----------
        unit : Unit
            As planned.
        shelving : Shelving
            Where files go.

        Returns
        -------
        Unit or str
            With entries that are about to happen; or why it must stay.
        """
        try:
            ready = self._check(unit.decision)
            for one in ready:
                self._check_root(one.origin)
            entries = [
                replace(
                    entry, size=one.seen.size, mtime_ns=one.seen.mtime_ns, mode=one.seen.mode, target=one.seen.target,
                    keeper_digest=one.keeper_digest, state="doing",
                )
                for entry, one in zip(unit.entries, ready, strict=True)
            ]  # fmt: skip
            if not unit.decision.metadata:
                return Unit(unit.decision, entries, ready)
            write, content = self._write(entries[0], unit.decision, shelving)
            return Unit(unit.decision, [write, *entries], ready, content)
        except UnsafeError as error:
            return str(error)

    def owners(self, path: str) -> list[str]:
        """Return the images that a file belongs to; see `Rechecker.owners`.

        Parameters
        ----------
        path : str
            The file, absolute.

        Returns
        -------
        list of str
            Absolute paths.
        """
        return self._check.owners(path)

    def _check_root(self, path: str) -> None:
        shelf = shelf_of(self._shelves, path)
        if shelf is None:
            raise UnsafeError(f"{path} lies outside the roots of the plan, where nothing is written")
        if shelf.root in self._read_only:
            raise UnsafeError(
                f"{shelf.root} cannot be written to ({self._read_only[shelf.root]}); "
                "`clean --script FILE` writes what is to be done as a script"
            )

    def _write(self, image: Entry, decision: Decision, shelving: Shelving) -> tuple[Entry, bytes]:
        """Return what is to be written beside the keeper before the image goes."""
        assert image.keeper is not None
        found = inheriting.inherited(image.keeper, image.origin, decision.metadata)
        self._check.check_place(found.path)
        self._check_root(found.path)
        place = shelving.place_of_old(found.path, image.unit) if found.seen else None
        entry = Entry(
            image.unit,
            "write",
            found.path,
            place,
            image.keeper,
            found.digest,
            None,
            0,
            0,
            0,
            state="doing",
            batch=image.batch,
        )
        if found.seen is not None:
            seen = found.seen
            entry = replace(entry, size=seen.size, mtime_ns=seen.mtime_ns, mode=seen.mode, target=seen.target)
        return entry, found.content
