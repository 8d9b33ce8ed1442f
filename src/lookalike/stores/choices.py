"""Choices of a review: what a person chose for each group, in steps that can be taken back one by one."""

import os
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lookalike.stores.database import Database


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose for a group.

    Attributes
    ----------
    keeper : int or None
        Position of the image that stays; None where the images were decided to be no duplicates.
    going : tuple of int
        Positions of the images that go, ascending; all others stay.
    """

    keeper: int | None
    going: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What was taken back.

    Attributes
    ----------
    groups : tuple of bytes
        Keys of the groups that it was about.
    decision : int or None
        Number of the decision that it had added to the ledger.
    created : str
        When it was made.
    """

    groups: tuple[bytes, ...]
    decision: int | None
    created: str


class Choices(Database):
    """The table choice of the ledger."""

    def add_choices(
        self, place: str, chosen: Iterable[tuple[bytes, Choice]], *, created: str, decision: int | None = None
    ) -> None:
        """Store choices as one step; call inside a transaction.

        Parameters
        ----------
        place : str
            Which review.
        chosen : iterable of (bytes, Choice)
            Key of each group, and what was chosen for it.
        created : str
            When, ISO 8601 with the offset from UTC.
        decision : int, optional
            Number of the decision that was added with it.
        """
        last = self.db.execute("SELECT max(step) FROM choice WHERE place = ?", (os.fsencode(place),)).fetchone()[0]
        self.db.executemany(
            "INSERT INTO choice (place, step, key, keeper, going, decision, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (os.fsencode(place), (last or 0) + 1, key, one.keeper, ",".join(map(str, one.going)), decision, created)
                for key, one in chosen
            ),
        )

    def choices(self, place: str) -> Mapping[bytes, Choice]:
        """Return what was chosen last for each group.

        Parameters
        ----------
        place : str
            Which review.

        Returns
        -------
        mapping of bytes to Choice
            By key, in the order of the steps.
        """
        query = "SELECT key, keeper, going FROM choice WHERE place = ? ORDER BY step"
        found: dict[bytes, Choice] = {}
        with self.explained():
            for key, keeper, going in self.db.execute(query, (os.fsencode(place),)):
                found.pop(key, None)
                found[key] = choice_of((keeper, going))
        return found

    def take_back(self, place: str) -> Step | None:
        """Remove the last step; call inside a transaction.

        Parameters
        ----------
        place : str
            Which review.

        Returns
        -------
        Step or None
            What it was; None where there is none.
        """
        query = """SELECT step, key, decision, created FROM choice WHERE place = ?1
            AND step = (SELECT max(step) FROM choice WHERE place = ?1)"""
        rows = self.db.execute(query, (os.fsencode(place),)).fetchall()
        if not rows:
            return None
        self.db.execute("DELETE FROM choice WHERE place = ? AND step = ?", (os.fsencode(place), rows[0][0]))
        return Step(tuple(key for _, key, _, _ in rows), *rows[0][2:])

    def forget_choices(self, place: str, keys: Collection[bytes]) -> None:
        """Forget what was chosen for some groups; call inside a transaction.

        Parameters
        ----------
        place : str
            Which review.
        keys : collection of bytes
            Of the groups.
        """
        known = self.db.execute("SELECT place, step, key FROM choice WHERE place = ?", (os.fsencode(place),)).fetchall()
        gone = set(keys)
        self.db.executemany(  # by the whole key: to look for each group by its own would go through all rows each time
            "DELETE FROM choice WHERE place = ? AND step = ? AND key = ?", (row for row in known if row[2] in gone)
        )


def choice_of(row: Sequence[Any]) -> Choice:
    """Return the choice of a row.

    Parameters
    ----------
    row : sequence
        Its keeper and what goes.

    Returns
    -------
    Choice
        What it says.

    Raises
    ------
    sqlite3.DatabaseError
        If it is garbled: SQLite knows damaged pages, not damaged values.

    Examples
    --------
    >>> choice_of((1, "0,2"))
    Choice(keeper=1, going=(0, 2))
    """
    keeper, going = row
    try:
        return Choice(keeper, tuple(int(at) for at in going.split(",") if at))
    except (AttributeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"a choice is garbled: {going!r} go") from error
