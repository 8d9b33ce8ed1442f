"""Rows of a real SQLite file, damaged: values of another kind, and rows that are gone."""

import sqlite3
from contextlib import closing, suppress
from os import unlink
from pathlib import Path
from typing import Any

from targets.target import HOSTILE, Choices

VALUES = (*(value for value in HOSTILE if not isinstance(value, (list, dict)) and value not in (1 << 63, 1 << 64, 10**30)),
          b"", b"\xff", b"..", b"/etc/passwd", b"a\0b", bytes(4224), bytes(8), bytes(32), bytes(7))  # fmt: skip


KINDS: dict[str, type[Any]] = {"INTEGER": int, "TEXT": str, "BLOB": bytes, "REAL": float}


class Damaged:
    """A file of SQLite as it was sound, and what is done to it.

    Parameters
    ----------
    path : str
        The file, with nobody at it.

    Attributes
    ----------
    edits : list
        What the last input did to it.
    """

    def __init__(self, path: str) -> None:
        self.path, self.edits = path, list[Any]()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            tables = db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
            self._columns = {name: db.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in tables.fetchall()}
        self._sound = Path(path).read_bytes()

    def renew(self) -> None:
        """Make the file what it was."""
        for end in ("-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                unlink(self.path + end)
        Path(self.path).write_bytes(self._sound)
        self.edits = []

    def apply(self, choices: Choices) -> bool:
        """Renew the file, then change bytes of it, cut it, or change some values and rows.

        Parameters
        ----------
        choices : Choices
            What decides.

        Returns
        -------
        bool
            Whether the result may be mistaken for a sound file: a value is there that its column may have, with the length
            of the right one if it is bytes, or bytes were changed anywhere.
        """
        self.renew()
        if choices.below(3) == 2:
            made = bytearray(self._sound)
            for _ in range(1 + choices.below(20)):
                at = (choices.below(1 << 16) * 256 + choices.below(256)) % len(made)
                made[at] = choices.below(256)
            Path(self.path).write_bytes(made[: len(made) // 2] if choices.below(16) == 1 else made)
            return True
        shaped = [self._edit(choices) for _ in range(1 + choices.below(3))]
        return any(shaped)

    def _edit(self, choices: Choices) -> bool:
        table = choices.of([name for name in self._columns if name != "migration"])
        names = [row[1] for row in self._columns[table]]
        _, column, kind, needed, _, key = choices.of(self._columns[table])
        value = choices.of(VALUES)
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        which = " AND ".join(f'"{name}" IS ?' for name in names)
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            rows = db.execute(f"SELECT * FROM {table}").fetchall()
            if not rows:
                return True
            row = choices.of(rows)
            self.edits.append((table, column, row, value))
            before = row[names.index(column)]
            try:
                if choices.below(4) == 3:
                    self.edits.append("deleted")
                    db.execute(f"DELETE FROM {table} WHERE {which}", row)
                    return False
                db.execute(f'UPDATE {table} SET "{column}" = ? WHERE {which}', (value, *row))
            except sqlite3.Error:
                return True
            after = [new for new in db.execute(f"SELECT * FROM {table}") if new not in rows]
            made = after[0][names.index(column)] if after else before
        if made is None and not needed and not key:
            return True
        if type(made) is not KINDS[kind]:
            return False
        return not (isinstance(made, bytes) and isinstance(before, bytes)) or len(made) == len(before)
