"""What a catalog says, whatever the ids of its rows: two catalogs of the same files must say the same."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

IDENTITY = {"content": "digest", "folder": "source || '|' || hex(volume) || '|' || hex(key)", "spec": "text"}
"""What a row of each table is known by outside of the catalog."""
UNORDERED = {"pair": ("left", "right")}
"""Columns whose order is that of ids."""
PASSING = {"applied", "seal"}
"""Columns that say when something was done, or hang together with ids."""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def rows_of(catalog: Path) -> dict[str, NDArray[np.void]]:
    """Return a digest of every row, by table, sorted; ids are replaced by what they stand for."""
    with closing(sqlite3.connect(catalog)) as db:
        tables = [row[0] for row in db.execute(TABLES)]
        return {table: _digests(_rows(db, table)) for table in tables}


def differences(one: Path, other: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many rows the first catalog has, and how many only one of the two has; both by table."""
    ours, theirs = rows_of(one), rows_of(other)
    differ = {
        table: len(np.setxor1d(ours.get(table, _NOTHING), theirs.get(table, _NOTHING)))
        + abs(len(ours.get(table, _NOTHING)) - len(theirs.get(table, _NOTHING)))
        for table in ours.keys() | theirs.keys()
    }
    return {table: len(rows) for table, rows in ours.items()}, +Counter(differ)


_DIGEST = np.dtype("V16")
_NOTHING: NDArray[np.void] = np.zeros(0, _DIGEST)


def _digests(rows: Iterator[tuple[Any, ...]]) -> NDArray[np.void]:
    whole = b"".join(blake2b(repr(row).encode("utf-8", "surrogateescape"), digest_size=16).digest() for row in rows)
    return np.sort(np.frombuffer(whole, "V16"))


def _rows(db: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    columns = [(row[1], row[5] and row[2] == "INTEGER") for row in db.execute(f"PRAGMA table_info({table})")]
    refers = {row[3]: row[2] for row in db.execute(f"PRAGMA foreign_key_list({table})")}
    wanted = []
    for name, is_key in columns:
        if name in refers:
            wanted.append(f'(SELECT {IDENTITY[refers[name]]} FROM {refers[name]} WHERE id = "{table}"."{name}")')
        elif not (is_key and name == "id") and name not in PASSING:
            wanted.append(f'"{name}"')
    names = [name for name, is_key in columns if not (is_key and name == "id") and name not in PASSING]
    swapped = [names.index(name) for name in UNORDERED.get(table, ())]
    for row in db.execute(f'SELECT {", ".join(wanted)} FROM "{table}"'):
        if swapped:
            low, high = swapped
            yield (*sorted((row[low], row[high])), *(value for at, value in enumerate(row) if at not in swapped))
        else:
            yield row
