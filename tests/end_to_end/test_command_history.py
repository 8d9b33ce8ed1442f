"""`lookalike history`: what it says of each state, and how a damaged ledger is repaired."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from command import Result, run, write

from conftest import encode, scene
from lookalike.cleaning import BatchRow
from lookalike.cli.history import told
from lookalike.stores.ledger import Ledger


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with pictures that are there twice, in the folder `photos`."""
    for seed in range(3):
        for name in ("a", "b"):
            write(tmp_path / "photos" / f"{seed}{name}.png", encode(scene(seed, 160, 120), "PNG"))
    return tmp_path


def _history(place: Path, *words: str) -> Result:
    return run("history", "--ledger", "ledger.sqlite", *words, cwd=place)


def _clean(place: Path) -> None:
    done = run("clean", "photos", "--no-catalog", "--apply", "--yes", "--ledger", "ledger.sqlite", cwd=place)
    assert done.code == 0, done.errors


def test_before_anything_was_done(place: Path) -> None:
    assert _history(place).text == "Nothing was ever removed.\n"
    assert _history(place, "--json").document == {"version": 1, "batches": []}
    assert not (place / "ledger.sqlite").exists()


def test_a_batch_on_its_way(place: Path) -> None:
    _clean(place)
    line, where = _history(place).text.splitlines()
    batch = line.split()[0]
    assert line.startswith(f"{batch}  quarantine: 3 files in the quarantine (")
    assert where == f"  in {place / '.lookalike-quarantine' / batch}"
    assert run("undo", "--ledger", "ledger.sqlite", cwd=place).code == 0
    (line,) = _history(place).text.splitlines()
    assert line.startswith(f"{batch}  quarantine: 3 files restored (")


def test_of_what_was_interrupted_it_says_what_comes_next(place: Path) -> None:
    _clean(place)
    with Ledger(str(place / "ledger.sqlite")) as store, store.transaction():
        store.mark(replace(entry, state="doing", step="undo") for entry in store.entries())
    first, *_, last = _history(place).text.splitlines()
    assert "3 files interrupted (" in first
    assert last == "What was interrupted is put in order by the next apply, undo or purge; nothing of it is lost."


@pytest.mark.parametrize(
    ("action", "files", "expected"),
    [
        ("trash", {"done": 1}, ["1 file in the trash (5 B)"]),
        ("hardlink", {"undone": 2, "done": 1}, ["1 file in the quarantine (5 B)", "2 files restored (5 B)"]),
        ("quarantine", {"doing": 1, "purged": 1000}, ["1,000 files purged (5 B)", "1 file interrupted (5 B)"]),
        ("quarantine", {"done": 1, "planned": 3}, ["1 file in the quarantine (5 B)", "3 files never begun (5 B)"]),
        ("quarantine", {"planned": 3}, ["nothing was done (3 refused)"]),
        ("quarantine", {}, ["no files"]),
    ],
)
def test_each_state_in_words(action: str, files: dict[str, int], expected: list[str]) -> None:
    assert told(BatchRow("b", "", action, files, dict.fromkeys(files, 5), ())) == expected


def test_a_whole_ledger_is_left_alone(place: Path) -> None:
    _clean(place)
    before = (place / "ledger.sqlite").read_bytes()
    done = _history(place, "--repair")
    assert (done.code, done.errors) == (0, f"{place}/ledger.sqlite is whole: nothing was done to it\n")
    assert done.text == _history(place).text
    assert (place / "ledger.sqlite").read_bytes() == before


def test_a_damaged_one_is_put_aside_and_what_is_saved_is_said(place: Path) -> None:
    _clean(place)
    ledger = place / "ledger.sqlite"
    before, whole = _history(place).text, ledger.read_bytes()
    ledger.write_bytes(b"\xa5" * 100 + whole[100:])
    assert _history(place).code == 5
    done = _history(place, "--repair")
    assert (done.code, done.text) == (0, before)
    assert done.errors.startswith(f"{ledger} was damaged, and lies now at {ledger}.damaged")
    assert done.errors.endswith("; saved of it: 1 batch, 3 files, 0 decisions\n")


def test_files_of_a_batch_that_is_lost_come_back_under_a_name_that_is_said(place: Path) -> None:
    _clean(place)
    ledger = place / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as database:
        database.execute("DELETE FROM batch")
        database.commit()
        database.execute("VACUUM")
    ledger.write_bytes(b"\xa5" * 100 + ledger.read_bytes()[100:])
    done = _history(place, "--repair")
    assert done.errors.endswith("of rescued-1 only its files are known\n")
    assert done.text.startswith("rescued-1  quarantine: 3 files in the quarantine (")
    assert run("undo", "rescued-1", "--ledger", "ledger.sqlite", cwd=place).code == 0
    assert len(list((place / "photos").iterdir())) == 6


def test_a_purge_that_nobody_answers_ends_its_question_and_removes_nothing(place: Path) -> None:
    _clean(place)
    (batch,) = [row["name"] for row in _history(place, "--json").document["batches"]]
    done = run("purge", batch, "--ledger", "ledger.sqlite", cwd=place)
    assert (done.code, "add --yes" in done.errors) == (4, True)
    assert done.text.endswith("Type the name of the batch to go on: \n")
    assert "3 files in the quarantine" in _history(place).text
