"""Decisions that stick: which contents are not duplicates of each other, whatever a search finds.

A decision is about digests of contents: names, places and times mean nothing to it, and neither does how a search looks.
"""

import os
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from lookalike.errors import UsageError, check_known
from lookalike.model import DIGEST_BYTES
from lookalike.stores.database import Database

Kind = Literal["different", "keep"]
"""different: no two of the contents are duplicates of each other. keep: none is a duplicate of anything, so all of them stay,
under all their names."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision.

    Attributes
    ----------
    id : int
        Number within its ledger.
    kind : str
        different or keep.
    created : str
        When it was made, ISO 8601 with the offset from UTC.
    note : str
        Why, for people; may be empty.
    images : tuple of (bytes, str)
        BLAKE3 digest of each content, ascending, and a path it once had, for people.
    """

    id: int
    kind: Kind
    created: str
    note: str
    images: tuple[tuple[bytes, str], ...]

    @property
    def digests(self) -> frozenset[bytes]:
        """What it is about."""
        return frozenset(digest for digest, _ in self.images)


@dataclass(frozen=True, slots=True)
class Standing:
    """What decisions say about some contents.

    Attributes
    ----------
    different : mapping of bytes to frozenset of int
        By digest, the decisions that set it apart from others of these contents.
    kept : frozenset of bytes
        Digests of those that are never duplicates of anything.
    """

    different: Mapping[bytes, frozenset[int]] = field(default_factory=dict)
    kept: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, decisions: Iterable[Decided], digests: Collection[bytes]) -> "Standing":
        """Find what decisions say about some contents.

        Parameters
        ----------
        decisions : iterable of Decided
            What was decided.
        digests : collection of bytes
            The contents; how many there are costs little where few were decided upon.

        Returns
        -------
        Standing
            Nothing of decisions that do not concern them.
        """
        known = [(decision, decision.digests) for decision in decisions]
        present = frozenset[bytes]().union(*(about for _, about in known)).intersection(digests)
        different: dict[bytes, set[int]] = {}
        kept: set[bytes] = set()
        for decision, about in known:
            here = about & present
            if decision.kind == "keep":
                kept |= here
            elif len(here) > 1:
                for digest in here:
                    different.setdefault(digest, set()).add(decision.id)
        return cls({digest: frozenset(ids) for digest, ids in different.items()}, frozenset(kept))

    def apart(self, keeper: bytes, other: bytes) -> bool:
        """Tell whether a content is not to be called a duplicate of another.

        Parameters
        ----------
        keeper, other : bytes
            Digests; equal ones are names of one content.

        Returns
        -------
        bool
            Whether a decision says so.

        Examples
        --------
        >>> Standing({b"a": frozenset({1}), b"b": frozenset({1})}, frozenset({b"c"})).apart(b"a", b"b")
        True
        """
        if other in self.kept:
            return True
        none: frozenset[int] = frozenset()
        return keeper != other and not self.different.get(keeper, none).isdisjoint(self.different.get(other, none))


class Decisions(Database):
    """The tables decision and decided of the ledger."""

    def add_decision(self, kind: str, images: Sequence[tuple[bytes, str]], *, note: str, created: str) -> int:
        """Store a decision; call inside a transaction.

        Parameters
        ----------
        kind : str
            different or keep.
        images : sequence of (bytes, str)
            Digest of each content, and a path it has; names of one content count once.
        note : str
            Why, for people.
        created : str
            When, ISO 8601 with the offset from UTC.

        Returns
        -------
        int
            Its number; that of the one which says the same of the same contents, if there is one already.

        Raises
        ------
        UsageError
            If the kind is unknown, or there are too few contents for it.
        """
        check_known("decision", kind, get_args(Kind))
        paths = dict(reversed(images))
        least = 2 if kind == "different" else 1
        if len(paths) < least:
            told = "files of equal bytes are one (to keep them all, decide keep)" if len(images) > 1 else "name more"
            raise UsageError(f"{kind} needs at least {least} contents, got {len(paths)}: {told}")
        if wrong := [digest for digest in paths if len(digest) != DIGEST_BYTES]:
            raise UsageError(f"a digest has {DIGEST_BYTES} bytes, got {wrong[0].hex()}")
        known = self._same(kind, paths)
        if known is not None:
            return known
        note, created = (
            text.encode("utf-8", "replace").decode() for text in (note, created)
        )  # SQLite takes UTF-8 alone
        added = self.db.execute(
            "INSERT INTO decision (kind, created, note) VALUES (?, ?, ?)", (kind, created, note)
        ).lastrowid
        assert added is not None
        self.db.executemany(
            "INSERT INTO decided VALUES (?, ?, ?)",
            ((digest, added, os.fsencode(path)) for digest, path in paths.items()),
        )
        return added

    def decisions(self) -> list[Decided]:
        """Return all decisions.

        Returns
        -------
        list of Decided
            By number.
        """
        images: dict[int, list[tuple[bytes, str]]] = {}
        with self.explained():
            rows = self.db.execute("SELECT id, kind, created, note FROM decision ORDER BY id").fetchall()
            for digest, decision, path in self.db.execute("SELECT * FROM decided ORDER BY digest, decision"):
                images.setdefault(decision, []).append(content_of((digest, path)))
            return [decided_of(row, images.get(row[0], ())) for row in rows]

    def last_decision(self) -> int:
        """Return the number of the last decision: what is added gets a higher one.

        Returns
        -------
        int
            0 where there is none.
        """
        return int(self.db.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()[0])

    def remove_decision(self, number: int) -> None:
        """Forget a decision; call inside a transaction.

        Parameters
        ----------
        number : int
            Which one.

        Raises
        ------
        UsageError
            If there is none of that number.
        """
        possible = 0 < number <= self.last_decision()  # SQLite takes no number of more than 64 bits
        if possible:
            self.db.execute("DELETE FROM decided WHERE decision = ?", (number,))
        if not possible or not self.db.execute("DELETE FROM decision WHERE id = ?", (number,)).rowcount:
            raise UsageError(f"there is no decision {number}: `lookalike decide list` shows those there are")

    def _same(self, kind: str, paths: Collection[bytes]) -> int | None:
        """Return the decision of a kind that is about exactly these contents."""
        found = self.db.execute(
            """SELECT d.id FROM decision AS d JOIN decided AS c ON c.decision = d.id
            WHERE d.kind = ? AND c.digest = ? ORDER BY d.id""",
            (kind, next(iter(paths))),
        ).fetchall()
        for (number,) in found:
            about = {row[0] for row in self.db.execute("SELECT digest FROM decided WHERE decision = ?", (number,))}
            if about == set(paths):
                return int(number)
        return None


def content_of(row: Sequence[Any]) -> tuple[bytes, str]:
    """Return the content that a row is about.

    Parameters
    ----------
    row : sequence
        Its digest and its path.

    Returns
    -------
    tuple of (bytes, str)
        The same.

    Raises
    ------
    sqlite3.DatabaseError
        If it is garbled: SQLite knows damaged pages, not damaged values.
    """
    digest, path = row
    if type(digest) is not bytes or len(digest) != DIGEST_BYTES or type(path) is not bytes:
        raise sqlite3.DatabaseError("a decision is garbled: it is about no content")
    return digest, os.fsdecode(path)


def decided_of(row: Sequence[Any], images: Sequence[tuple[bytes, str]]) -> Decided:
    """Return the decision of a row.

    Parameters
    ----------
    row : sequence
        Its columns.
    images : sequence of (bytes, str)
        What it is about.

    Returns
    -------
    Decided
        What it says.

    Raises
    ------
    sqlite3.DatabaseError
        If it is garbled.
    """
    number, *texts = row
    if set(map(type, texts)) != {str} or texts[0] not in get_args(Kind):
        raise sqlite3.DatabaseError(f"decision {number} is garbled: {texts[0]!r}")
    kind, created, note = texts
    return Decided(number, kind, created, note, tuple(images))
