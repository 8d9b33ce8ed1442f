"""The nouns of the journal: batches of acts on files, and one entry for each file."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

QUARANTINE = ".lookalike-quarantine"
"""Name of the folder that files are moved to; in one that was chosen, of a file that marks it."""

State = Literal["planned", "doing", "done", "undone", "purged"]
Step = Literal["act", "undo", "purge"]
Kind = Literal["move", "trash", "hardlink", "symlink", "reflink", "write"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one command did.

    Attributes
    ----------
    id : int
        Number in the ledger; later batches have higher ones.
    name : str
        What people call it.
    created : str
        When, ISO 8601 with the offset from UTC.
    action : str
        What was asked for, as in `lookalike.plan.Action`.
    plan : str
        Its roots and options, as JSON.
    """

    id: int
    name: str
    created: str
    action: str
    plan: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a batch, and how far it got.

    Attributes
    ----------
    unit : int
        Entries of one unit happen together or not at all.
    kind : str
        move (to a quarantine), trash, write (a sidecar), or a move that leaves a hardlink, symlink or reflink behind.
    origin : str
        Where the file was, absolute.
    place : str or None
        Where it lies in the quarantine; of a write the file that was there before, None where there was none.
    keeper : str or None
        What stays of it, absolute.
    digest, keeper_digest : bytes, bytes or None
        BLAKE3 of the two; of a write that of what is written.
    size, mtime_ns, mode : int
        Of the name itself, not of what a symlink leads to.
    target : str or None
        What the name says where it is a symlink.
    state : str
        planned, doing, done, undone (also where it was taken back at once) or purged.
    step : str
        What is being done to it, or was last: act, undo or purge.
    reason : str
        Why it got no further; empty where it did.
    id, batch : int
        Numbers in the ledger; 0 before it is there.
    """

    unit: int
    kind: Kind
    origin: str
    place: str | None
    keeper: str | None
    digest: bytes
    keeper_digest: bytes | None
    size: int
    mtime_ns: int
    mode: int
    target: str | None = None
    state: State = "planned"
    step: Step = "act"
    reason: str = ""
    id: int = 0
    batch: int = 0


def units_of(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Return entries of one batch unit by unit.

    Parameters
    ----------
    entries : iterable of Entry
        Entries of one batch.

    Returns
    -------
    list of list of Entry
        In the order in which the units went; in each the sidecar that was written comes first, as it did then.
    """
    ordered = sorted(entries, key=lambda entry: (entry.unit, entry.kind != "write", entry.id))
    return [list(unit) for _, unit in groupby(ordered, key=lambda entry: entry.unit)]
