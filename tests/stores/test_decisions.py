"""Decisions in a real ledger: what is stored comes back, the same is stored once, and few among many cost little."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from blake3 import blake3

from lookalike.errors import LedgerError, UsageError
from lookalike.stores.decisions import Decided, Standing
from lookalike.stores.ledger import Ledger

WHEN = "2024-05-01T12:00:00+00:00"


def digest(name: str) -> bytes:
    return blake3(name.encode()).digest()


A, B, C = (digest(name) for name in "abc")


def contents(*names: str) -> list[tuple[bytes, str]]:
    return [(digest(name), f"photos/{name}.jpg") for name in names]


def add(ledger: Ledger, kind: str, *names: str, note: str = "") -> int:
    with ledger.transaction():
        return ledger.add_decision(kind, contents(*names), note=note, created=WHEN)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "ledger.sqlite")


def test_what_is_stored_comes_back(path: str) -> None:
    with Ledger(path) as ledger:
        assert ledger.decisions() == []
        assert add(ledger, "different", "b", "a", note="two shots\n") == 1
        with ledger.transaction():
            strange = [(C, os.fsdecode(b"caf\xe9\n.jpg")), (C, "its other name")]
            assert ledger.add_decision("keep", strange, note="", created=WHEN) == 2
    with Ledger(path) as ledger:
        first, second = ledger.decisions()
    assert first == Decided(1, "different", WHEN, "two shots\n", tuple(sorted(contents("a", "b"))))
    assert first.digests == {A, B}
    assert second == Decided(2, "keep", WHEN, "", ((C, "caf\udce9\n.jpg"),))


def test_the_same_is_stored_once_and_what_differs_is_not_the_same(path: str) -> None:
    with Ledger(path) as ledger:
        assert [add(ledger, "different", *names) for names in ("ab", "ba", "abc", "bc", "cba", "bba")] == [
            1,
            1,
            2,
            3,
            2,
            1,
        ]
        assert [add(ledger, "keep", *names) for names in ("ab", "a", "ab")] == [4, 5, 4]
        assert len(ledger.decisions()) == 5


def test_what_is_removed_is_gone_and_nothing_else(path: str) -> None:
    with Ledger(path) as ledger:
        for names in ("ab", "bc"):
            add(ledger, "different", *names)
        with ledger.transaction():
            ledger.remove_decision(1)
        assert [one.digests for one in ledger.decisions()] == [{B, C}]
        with pytest.raises(UsageError, match="no decision 1: `lookalike decide list`"), ledger.transaction():
            ledger.remove_decision(1)
        for number in (0, -1, 3, 2**63, -(2**63) - 1):
            with pytest.raises(UsageError, match=f"no decision {number}:"), ledger.transaction():
                ledger.remove_decision(number)
        assert ledger.db.execute("SELECT count(*) FROM decided").fetchone() == (2,)


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("equal", contents("a", "b"), "unknown decision 'equal': use one of different, keep"),
        ("different", contents("a"), "different needs at least 2 contents, got 1: name more"),
        ("different", contents("a", "a"), "different needs at least 2 contents, got 1: files of equal bytes are one"),
        ("keep", [], "keep needs at least 1 contents, got 0: name more"),
        ("keep", [(b"short", "a")], "a digest has 32 bytes, got 73686f7274"),
    ],
)
def test_what_is_no_decision_leaves_nothing_behind(
    path: str, kind: str, given: list[tuple[bytes, str]], message: str
) -> None:
    with Ledger(path) as ledger:
        with pytest.raises(UsageError) as caught, ledger.transaction():
            ledger.add_decision(kind, given, note="", created=WHEN)
        assert message in str(caught.value)
        assert ledger.decisions() == []


def decided(kind: str, *names: str, number: int = 1) -> Decided:
    assert kind in ("different", "keep")
    return Decided(number, "keep" if kind == "keep" else "different", WHEN, "", tuple(contents(*names)))


def test_different_sets_apart_those_that_share_a_decision() -> None:
    known = [decided("different", "a", "b", number=1), decided("different", "b", "c", number=2)]
    standing = Standing.of(known, [A, B, C, digest("d")])
    assert standing == Standing({A: frozenset({1}), B: frozenset({1, 2}), C: frozenset({2})})
    pairs = {(one, other) for one in (A, B, C) for other in (A, B, C) if standing.apart(one, other)}
    assert pairs == {(A, B), (B, A), (B, C), (C, B)}
    assert Standing.of(known, [A, C]) == Standing()


def test_what_is_kept_is_a_duplicate_of_nothing_and_may_have_some() -> None:
    standing = Standing.of([decided("keep", "a", "b")], [A, C])
    assert standing == Standing({}, frozenset({A}))
    assert standing.apart(C, A)
    assert standing.apart(A, A), "names of equal bytes"
    assert not standing.apart(A, C)


def test_a_million_contents_take_moments_where_little_is_decided() -> None:
    digests = [number.to_bytes(32) for number in range(1_000_000)]
    known = [Decided(at, "different", WHEN, "", tuple((digests[7 * at + i], "") for i in (0, 1))) for at in range(1000)]
    plain = time.process_time()
    assert len(set(digests)) == 1_000_000
    plain = time.process_time() - plain
    started = time.process_time()
    standing = Standing.of(known, digests)
    assert time.process_time() - started < 5 * plain + 0.1
    assert len(standing.different) == 2000


def test_a_damaged_ledger_says_how_it_is_repaired(path: str) -> None:
    with Ledger(path) as ledger:
        add(ledger, "different", "a", "b")
    file = Path(path)
    with closing(sqlite3.connect(path)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'decided'").fetchone()[0]
    data = bytearray(file.read_bytes())
    data[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    file.write_bytes(data)
    with Ledger(path) as ledger, pytest.raises(LedgerError, match=r"is damaged .*history --repair"):
        ledger.decisions()
