"""Choices in the ledger: steps by place, taken back one by one; older, damaged and garbled ledgers."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lookalike.errors import LedgerError
from lookalike.removal.repairing import repair
from lookalike.stores.choices import Choice, Step
from lookalike.stores.ledger import MIGRATIONS, Ledger

ONE, TWO, THREE = (bytes([number]) * 16 for number in range(3))
WHEN = "2026-01-01T00:00:00+00:00"
STAYS, GOES, DIFFERENT = Choice(0), Choice(2, (0, 1, 13)), Choice(None)


def add(ledger: Ledger, place: str, *chosen: tuple[bytes, Choice], decision: int | None = None) -> None:
    with ledger.transaction():
        ledger.add_choices(place, chosen, created=WHEN, decision=decision)


def take_back(ledger: Ledger, place: str) -> Step | None:
    with ledger.transaction():
        return ledger.take_back(place)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.sqlite")


def test_the_last_choice_counts_and_each_place_has_its_own(path: str) -> None:
    strange = os.fsdecode(b"/caf\xe9\0/more")
    with Ledger(path) as ledger:
        assert ledger.choices("a") == {}
        add(ledger, "a", (ONE, STAYS), (TWO, GOES))
        add(ledger, "a", (ONE, DIFFERENT))
        add(ledger, strange, (ONE, GOES))
    with Ledger(path) as ledger:
        assert ledger.choices("a") == {TWO: GOES, ONE: DIFFERENT}
        assert list(ledger.choices("a")) == [TWO, ONE]
        assert ledger.choices(strange) == {ONE: GOES}
        assert ledger.choices("b") == {}


def test_steps_are_taken_back_whole_and_from_the_last_on(path: str) -> None:
    with Ledger(path) as ledger:
        add(ledger, "b", (THREE, STAYS))
        add(ledger, "a", (ONE, STAYS), (TWO, GOES))
        add(ledger, "a", (ONE, DIFFERENT), decision=7)
        assert take_back(ledger, "a") == Step((ONE,), 7, WHEN)
        assert ledger.choices("a") == {ONE: STAYS, TWO: GOES}
        add(ledger, "a", (TWO, STAYS))
        assert take_back(ledger, "a") == Step((TWO,), None, WHEN)
        assert take_back(ledger, "a") == Step((ONE, TWO), None, WHEN)
        assert take_back(ledger, "a") is None
        assert ledger.choices("b") == {THREE: STAYS}


def test_what_is_forgotten_is_gone_from_every_step_and_cannot_be_taken_back(path: str) -> None:
    with Ledger(path) as ledger:
        add(ledger, "a", (ONE, STAYS), (TWO, GOES))
        add(ledger, "a", (ONE, GOES))
        add(ledger, "b", (ONE, GOES))
        with ledger.transaction():
            ledger.forget_choices("a", [ONE, THREE])
        assert ledger.choices("a") == {TWO: GOES}
        assert ledger.choices("b") == {ONE: GOES}
        assert take_back(ledger, "a") == Step((TWO,), None, WHEN)
        assert take_back(ledger, "a") is None


def test_a_step_that_fails_leaves_no_choice(path: str) -> None:
    with Ledger(path) as ledger:
        with pytest.raises(LedgerError):  # the same group twice in one step
            add(ledger, "a", (TWO, GOES), (ONE, STAYS), (ONE, GOES))
        assert ledger.choices("a") == {}


def test_a_ledger_from_before_there_were_choices_gets_them_and_keeps_what_it_has(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tuple(step for step in MIGRATIONS if step[0] != "choices")
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "MIGRATIONS", older)
        with Ledger(path) as ledger, ledger.transaction():
            ledger.add_decision("keep", [(bytes(32), "a.jpg")], note="mine", created=WHEN)
    with closing(sqlite3.connect(path)) as db:
        assert not db.execute("SELECT * FROM sqlite_master WHERE name = 'choice'").fetchall()
    with Ledger(path) as ledger:
        assert ledger.choices("a") == {}
        add(ledger, "a", (ONE, GOES))
        assert [one.note for one in ledger.decisions()] == ["mine"]
    with Ledger(path) as ledger:
        assert ledger.choices("a") == {ONE: GOES}


def test_a_repair_keeps_choices_and_leaves_out_what_is_garbled(path: str) -> None:
    rows = [(number.to_bytes(16, "big"), Choice(0, tuple(range(1, number % 300)))) for number in range(1000)]
    with Ledger(path) as ledger:
        add(ledger, "a", *rows)
        add(ledger, "a", (ONE, DIFFERENT), decision=3)
        add(ledger, "b", (TWO, GOES))
        wanted = {place: dict(ledger.choices(place)) for place in "ab"}
        ledger.db.execute("INSERT INTO choice VALUES (?, 9, ?, 0, '1,x', NULL, 'now')", (b"b", THREE))
        with pytest.raises(LedgerError, match="garbled"):
            ledger.choices("b")
    with open(path, "r+b") as file:
        file.write(b"\xa5" * 100)
    done = repair(path)
    assert done.saved["choice"] == 1002
    with Ledger(path) as ledger:
        ledger.check()
        assert {place: dict(ledger.choices(place)) for place in "ab"} == wanted
        assert take_back(ledger, "a") == Step((ONE,), 3, WHEN)
