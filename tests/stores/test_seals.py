"""Seals: any bit that changes is seen, and rows are sealed alike one by one and by the thousand."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import CatalogError
from lookalike.stores.catalog import MIGRATIONS, SEALED, Catalog
from lookalike.stores.seals import broken, seals
from lookalike.stores.upkeep import SEALS

NUMBERS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
BYTES = st.one_of(st.none(), st.binary(max_size=80))


@given(st.lists(st.tuples(NUMBERS, TEXTS, BYTES), min_size=1, max_size=20), st.integers(0, 2**31))
def test_a_row_has_the_same_seal_alone_and_among_others(
    rows: list[tuple[int | None, str | None, bytes | None]], salt: int
) -> None:
    whole = seals(salt, *zip(*rows, strict=True))
    assert whole == [seals(salt, *([value] for value in row))[0] for row in rows]
    assert not broken(whole, salt, *zip(*rows, strict=True))
    assert all(0 <= one < 2**32 for one in whole)


def test_arrays_are_sealed_as_lists_are() -> None:
    numbers = np.array([1, -5, 2**62], np.int64)
    assert seals(3, numbers) == seals(3, numbers.tolist())
    assert seals(3, numbers, -5) == seals(3, numbers, [-5] * 3), "and any number that stands for a whole column"


def test_every_flipped_bit_is_seen() -> None:
    row: list[Any] = [7, 2**40, -1, b"12345678" * 4, b"odd", "text", random.Random(1).randbytes(4224)]
    sealed = seals(9, *([value] for value in row))
    assert not broken(sealed, 9, *([value] for value in row))
    for at, value in enumerate(row):
        size = 63 if isinstance(value, int) else 8 * len(value)
        for bit in range(0, size, 1 if size < 1000 else 97):
            changed: Any = value
            if isinstance(value, int):
                changed = value ^ 1 << bit
            else:
                raw = bytearray(value.encode() if isinstance(value, str) else value)
                raw[bit // 8] ^= 1 << bit % 8
                changed = raw.decode("latin-1") if isinstance(value, str) else bytes(raw)
            assert broken(sealed, 9, *([one] for one in (*row[:at], changed, *row[at + 1 :]))), (at, bit)
    assert broken(sealed, 8, *([value] for value in row)), "of another catalog"


def test_values_do_not_change_places() -> None:
    assert seals(1, [5], [6]) != seals(1, [6], [5])
    assert seals(1, [b"12345678abcdefgh"]) != seals(1, [b"abcdefgh12345678"])
    assert seals(1, [b""]) != seals(1, [bytes(8)])


def test_each_table_of_the_catalog_but_those_without_facts_has_seals(tmp_path: Path) -> None:
    with Catalog(str(tmp_path / "c.sqlite")) as catalog:
        tables = {row[0] for row in catalog.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables - {"migration", "spec"} == set(SEALED) == set(SEALS)


def test_two_catalogs_have_two_salts_and_keep_them(tmp_path: Path) -> None:
    salts = []
    for name in ("a", "b", "a"):
        with Catalog(str(tmp_path / name)) as catalog:
            salts.append(catalog.salt)
    assert salts[0] == salts[2] != salts[1]
    assert 0 not in salts


def test_a_catalog_from_before_is_sealed_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "c.sqlite")
    with monkeypatch.context() as then:
        then.setattr(Catalog, "MIGRATIONS", MIGRATIONS[:-1])
        with Catalog(path) as old:
            old.db.execute("INSERT INTO folder VALUES (1, 'files', x'61', x'62')")
            old.db.execute("INSERT INTO location VALUES (1, x'63', 5, 6, 7, 8, NULL, 'not an image', 1)")
    with Catalog(path) as catalog:
        catalog.check_all_seals()
        assert catalog.shelves() == [(1, "files", "a", "b", "")]
        catalog.db.execute("UPDATE location SET size = 6")
    with Catalog(path) as catalog, pytest.raises(CatalogError, match="table location"):
        catalog.check_all_seals()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version = 1")
    with Catalog(path) as catalog, pytest.raises(CatalogError, match="table folder"):
        catalog.shelves()
