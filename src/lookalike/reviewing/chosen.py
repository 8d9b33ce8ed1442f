"""What was chosen so far: in memory to be asked, on the disk at once, step by step, for the next review of the same images."""

import os
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property

from lookalike.opening import open_ledger
from lookalike.reviewing.choosing import BY_PATH, DIFFERENT, fits, key_of
from lookalike.reviewing.subject import Subject
from lookalike.stores.choices import Choice

NOTE = "review"
"""Beside the decisions that a review adds to the ledger."""


class Chosen:
    """Choices for groups by position; its methods may be called by several threads.

    Parameters
    ----------
    subject : Subject
        What is reviewed.
    ledger : str
        Ledger file; made with the first choice.

    Attributes
    ----------
    removed : dict of int to str
        Groups of which all went that was chosen to go, each with the batch that holds it now.
    lock : RLock
        For those who look before they choose, so that nobody chooses in between.

    Raises
    ------
    LedgerError
        If the ledger is there and cannot be used.
    """

    def __init__(self, subject: Subject, ledger: str) -> None:
        self.removed: dict[int, str] = {}
        self._subject, self._ledger = subject, ledger
        self.lock = threading.RLock()
        self._choices: dict[int, Choice] = {}
        self._folders: dict[str, str] = {}
        self._keys: dict[int, bytes] = {}
        if os.path.exists(ledger):
            self._load()

    def __len__(self) -> int:
        return len(self._choices)

    def get(self, at: int) -> Choice | None:
        """Return what was chosen for a group.

        Parameters
        ----------
        at : int
            Its position.

        Returns
        -------
        Choice or None
            None where nothing was.
        """
        return self._choices.get(at)

    def all(self) -> dict[int, Choice]:
        """Return what was chosen for each group.

        Returns
        -------
        dict of int to Choice
            By position.
        """
        with self.lock:
            return dict(self._choices)

    def taken(self) -> list[int]:
        """Return the groups that nobody needs to look at again.

        Returns
        -------
        list of int
            Positions.
        """
        with self.lock:
            return [*self._choices, *self.removed]

    def add(self, made: Mapping[int, Choice]) -> None:
        """Choose for some groups, as one step.

        Parameters
        ----------
        made : mapping of int to Choice
            By position.
        """
        if made:
            with self.lock, open_ledger(self._ledger) as store, store.transaction():
                rows = [(self._key(at), choice) for at, choice in made.items()]
                store.add_choices(self._subject.place, rows, created=_now())
                self._choices |= made

    def differ(self, at: int) -> None:
        """Decide that the images of a group are no duplicates of each other, for every later search, too.

        Parameters
        ----------
        at : int
            Position of the group.
        """
        contents = [(one.digest, one.path) for one in self._subject.briefs(at) if one.digest is not None]
        kind = "different" if len({digest for digest, _ in contents}) > 1 else "keep"  # equal bytes are one content
        with self.lock, open_ledger(self._ledger) as store, store.transaction():
            last, now = store.last_decision(), _now()
            number = store.add_decision(kind, contents, note=NOTE, created=now)
            added = number if number > last else None  # else it was decided before
            store.add_choices(self._subject.place, [(self._key(at), DIFFERENT)], created=now, decision=added)
            self._choices[at] = DIFFERENT

    def take_back(self) -> list[int] | None:
        """Take the last step back, with the decision that it added to the ledger.

        Returns
        -------
        list of int or None
            The groups that it was about, as far as they are here; None where there is no step.
        """
        if not os.path.exists(self._ledger):
            return None
        with self.lock, open_ledger(self._ledger) as store, store.transaction():
            step = store.take_back(self._subject.place)
            if step is None:
                return None
            for one in () if step.decision is None else store.decisions():
                # Else that one was removed by another command, and what was decided next got its number.
                if (one.id, one.created, one.note) == (step.decision, step.created, NOTE):
                    store.remove_decision(one.id)
            known = store.choices(self._subject.place)
            rows = [self._rows[key] for key in step.groups if key in self._rows]
            for at in rows:
                self._choices.pop(at, None)
                if (earlier := known.get(self._key(at))) is not None:
                    self._choices[at] = earlier
            return rows

    def remove(self, rows: Iterable[int], batch: str) -> None:
        """Note that all of some groups went that was chosen to go; what was chosen for them is in the journal now.

        Parameters
        ----------
        rows : iterable of int
            Their positions.
        batch : str
            Name of the batch.
        """
        with self.lock, open_ledger(self._ledger) as store, store.transaction():
            gone = list(rows)
            store.forget_choices(self._subject.place, [self._key(at) for at in gone])
            for at in gone:
                self._choices.pop(at, None)
                self.removed[at] = batch

    def restore(self, batch: str) -> None:
        """Note that a batch was undone; its groups are open again.

        Parameters
        ----------
        batch : str
            Its name.
        """
        with self.lock:
            self.removed = {at: name for at, name in self.removed.items() if name != batch}

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        """Positions by key; of a hundred thousand groups it takes a moment, so only where somebody asks."""
        return {self._key(at): at for at in range(len(self._subject.groups))}

    def _key(self, at: int) -> bytes:
        key = self._keys.get(at)
        if key is None:
            members = sorted(self._subject.briefs(at), key=BY_PATH)
            key = self._keys[at] = key_of([(self._absolute(one.path), one.digest) for one in members])
        return key

    def _absolute(self, path: str) -> str:
        """Return where a path leads however its root was given; each folder is looked at once."""
        cut = path.rfind(os.sep) + 1
        folder = self._folders.get(path[:cut])
        if folder is None:
            folder = self._folders[path[:cut]] = os.path.join(os.path.realpath(path[:cut]), "")
        return folder + path[cut:]

    def _load(self) -> None:
        """Take up what was chosen in an earlier review of the same images."""
        with open_ledger(self._ledger) as store:
            known = store.choices(self._subject.place)
            batches = {batch.id: batch.name for batch in store.batches()}
            gone = {entry.origin: batches.get(entry.batch, "") for entry in store.entries(states=("done", "purged"))}
        if gone:  # of findings that were made before, whose images may have gone since
            for at in range(len(self._subject.groups)):
                for path, *_ in self._subject.briefs(at):
                    origin = self._absolute(path)
                    if origin in gone and not os.path.lexists(origin):
                        self.removed[at] = gone[origin]
        for key, choice in known.items():
            row = self._rows.get(key)
            if row is not None and row not in self.removed and fits(len(self._subject.briefs(row)), choice):
                self._choices[row] = choice


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
