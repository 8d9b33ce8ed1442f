"""SQLite files read page by page: the same rows as SQLite reads, and of a damaged file all but those of its damaged pages."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.stores.pages import rows

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.binary(max_size=300),
)


def written(tmp_path: Path, values: Sequence[tuple[object, ...]], page: int = 4096) -> Path:
    path = tmp_path / "a.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {page}")
        db.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, a, b)")
        db.execute("CREATE TABLE keyed (a BLOB, b INTEGER, c, d, PRIMARY KEY (a, b)) WITHOUT ROWID")
        db.execute("BEGIN")
        db.executemany("INSERT INTO plain VALUES (?, ?, ?)", ((i * 3 - 40, *row) for i, row in enumerate(values)))
        db.executemany(
            "INSERT INTO keyed VALUES (?, ?, ?, ?)", ((b"k%06d" % i, i, *row) for i, row in enumerate(values))
        )
        db.execute("COMMIT")
    return path


def read(path: Path) -> tuple[list[Any], list[Any]]:
    """Return the rows of the two tables as the pages tell them."""
    found = list(rows(path.read_bytes()))
    plain = sorted(
        (number, *row[1:]) for number, row in found if number is not None and len(row) == 3 and row[0] is None
    )
    keyed = sorted(row for number, row in found if number is None and len(row) == 4)
    return plain, keyed


@pytest.mark.parametrize("page", [512, 4096, 65536])
def test_the_pages_tell_the_rows_that_sqlite_tells(tmp_path: Path, page: int) -> None:
    chance = random.Random(page)
    kinds = (None, 0, 1, -1, 300, -70_000, 2**31, 2**40, -(2**62), 1.5, "", "é" * 50, b"", b"\0" * 7)
    values = [
        (chance.choice(kinds), chance.randbytes(chance.choice((0, 5, 120, 3000, 90_000)) // 3)) for _ in range(400)
    ]
    path = written(tmp_path, values, page)
    with closing(sqlite3.connect(path)) as db:
        plain, keyed = (db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in ("plain", "keyed"))
    assert read(path) == (plain, keyed)
    assert len(plain) == len(keyed) == 400


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20))
def test_any_values_are_read(tmp_path_factory: pytest.TempPathFactory, values: list[tuple[object, object]]) -> None:
    path = written(tmp_path_factory.mktemp("pages"), values, 512)
    plain = sorted((i * 3 - 40, *row) for i, row in enumerate(values))
    assert [row[0] for row in read(path)[0]] == [row[0] for row in plain]
    assert [repr(row) for row in read(path)[0]] == [repr(row) for row in plain]


def test_each_damaged_page_costs_its_own_rows_at_most(tmp_path: Path) -> None:
    path = written(tmp_path, [(i, "x" * 100) for i in range(200)])
    whole = path.read_bytes()
    every = set(read(path)[0])
    lost = {}
    for number in range(len(whole) // 4096):
        path.write_bytes(whole[: number * 4096] + b"\xa5" * 4096 + whole[(number + 1) * 4096 :])
        lost[number] = every - set(read(path)[0])
    assert set().union(*lost.values()) == every  # each row is in one of the pages
    assert sum(map(len, lost.values())) == len(every)
    assert max(map(len, lost.values())) < 50
    assert not lost[0]  # nor is the first page needed, with the roots of all tables


def test_garbage_gives_no_rows_and_no_error() -> None:
    chance = random.Random(1)
    for size in (0, 1, 99, 4096, 50_000):
        list(rows(chance.randbytes(size)))
    for kind in (0x0D, 0x0A, 0x02):
        for _ in range(12):
            page = bytearray(chance.randbytes(4096) * 2)
            page[4096] = kind
            list(rows(bytes(page)))


def test_rows_that_were_removed_with_their_pages_stay_so(tmp_path: Path) -> None:
    path = written(tmp_path, [(i, "x" * 100) for i in range(600)])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("DELETE FROM plain")
    assert b"x" * 100 in path.read_bytes()
    assert read(path)[0] == []
