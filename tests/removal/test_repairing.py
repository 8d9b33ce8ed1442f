"""Damaged ledgers: nothing is moved with one, and a repair saves all that can still be read."""

import os
import random
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lookalike import cleaning
from lookalike.errors import LedgerError, LookalikeError, UnsafeError
from lookalike.files.lock import only_one
from lookalike.journal import Entry
from lookalike.removal.repairing import Repaired, repair, save
from lookalike.stores import database
from lookalike.stores.choices import Choice
from lookalike.stores.ledger import Ledger
from removals import Album, album, quick_folder, tree

__all__ = ["album", "quick_folder"]
ITEMS = 40
PAGE = 4096


def applied(album: Album, **options: Any) -> tuple[str, str]:
    """Apply a plan of many files; return the name of the batch and its folder in the quarantine."""
    album.put("k.png")
    for number in range(ITEMS):
        album.put(f"sub/{number:04d}-{'x' * 150}.png")
    names = sorted(os.listdir(album.at("sub")))
    removals = [album.decide(f"sub/{name}", "k.png") for name in names]
    done = cleaning.apply(album.plan(album.decide("k.png"), *removals, **options), ledger=album.ledger)
    assert done.files == ITEMS
    assert done.batch is not None
    return done.batch, done.places[0]


def damage(path: str, at: int, content: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(content)


def pages(path: str) -> int:
    return os.path.getsize(path) // PAGE


def refuses_everything(album: Album) -> None:
    """Check that each command says what is wrong, and leaves all files where they are."""
    before = tree(album.folder)
    album_plan = album.plan(album.decide("k.png"), album.decide("new.png", "k.png"))
    for command in (
        lambda: cleaning.apply(album_plan, ledger=album.ledger),
        lambda: cleaning.undo(ledger=album.ledger),
        lambda: cleaning.purge("some", ledger=album.ledger),
    ):
        with pytest.raises(LedgerError) as caught:
            command()
        assert caught.value.exit_code == 5
    changed = {name for name, what in tree(album.folder).items() if before.get(name) != what}
    assert not {name for name in changed if not name.startswith(b"state")}


def test_whichever_page_is_damaged_nothing_is_moved_and_the_manifest_is_enough(album: Album) -> None:
    _, folder = applied(album)
    album.put("new.png")
    whole = Path(album.ledger).read_bytes()
    assert pages(album.ledger) > 8
    for number in range(pages(album.ledger)):
        Path(album.ledger).write_bytes(whole)
        damage(album.ledger, number * PAGE, b"\xa5" * 200)
        refuses_everything(album)
    undone = cleaning.undo(from_folder=folder, ledger=album.ledger)
    assert (undone.files, undone.refused) == (ITEMS, ())
    assert len(os.listdir(album.at("sub"))) == ITEMS


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bits_never_end_in_anything_but_words(album: Album, seed: int) -> None:
    applied(album)
    album.put("new.png")
    whole = Path(album.ledger).read_bytes()
    chance = random.Random(seed)
    for _ in range(6):
        Path(album.ledger).write_bytes(whole)
        for _ in range(chance.choice((1, 10, 100))):
            at = chance.randrange(len(whole) if chance.random() < 0.7 else 100)
            damage(album.ledger, at, bytes([whole[at] ^ 1 << chance.randrange(8)]))
        for leftover in ("-journal", "-wal", "-shm"):
            Path(album.ledger + leftover).unlink(missing_ok=True)
        for command in (
            lambda: cleaning.history(ledger=album.ledger),
            lambda: cleaning.purge("no such batch", ledger=album.ledger),
            lambda: repair(album.ledger),
            lambda: cleaning.purge("no such batch", ledger=album.ledger),
        ):
            try:
                command()
            except LookalikeError:
                continue
        assert os.path.exists(album.at("k.png"))


def test_truncated_files_and_empty_leftovers(album: Album) -> None:
    batch, _ = applied(album)
    album.put("new.png")
    whole = Path(album.ledger).read_bytes()
    for leftover in ("-journal", "-wal", "-shm"):
        Path(album.ledger + leftover).touch()
    assert [row.name for row in cleaning.history(ledger=album.ledger)] == [batch]
    for size in (50, 100, PAGE, PAGE * 3 + 7, len(whole) - PAGE, len(whole) - PAGE + 20):
        Path(album.ledger).write_bytes(whole[:size])
        refuses_everything(album)


def test_an_sqlite_file_of_another_program_is_neither_used_nor_repaired(album: Album) -> None:
    album.put("k.png")
    album.put("new.png")
    os.makedirs(os.path.dirname(album.ledger))
    with closing(sqlite3.connect(album.ledger)) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    before = Path(album.ledger).read_bytes()
    refuses_everything(album)
    with pytest.raises(LedgerError, match="another program"):
        repair(album.ledger)
    assert Path(album.ledger).read_bytes() == before


def test_a_ledger_of_a_newer_version_is_not_repaired(album: Album) -> None:
    with Ledger(album.ledger) as store, store.transaction():
        store.db.execute("INSERT INTO migration VALUES ('colours', 1.0)")
    before = Path(album.ledger).read_bytes()
    with pytest.raises(LedgerError, match="newer"):
        repair(album.ledger)
    assert Path(album.ledger).read_bytes() == before


def test_a_ledger_that_lost_its_mark_alone_is_repaired(album: Album) -> None:
    batch, _ = applied(album)
    with closing(sqlite3.connect(album.ledger, isolation_level=None)) as db:
        db.execute("PRAGMA application_id = 7")
    assert repair(album.ledger).saved["entry"] == ITEMS
    assert cleaning.undo(batch, ledger=album.ledger).files == ITEMS


def test_a_ledger_of_which_no_error_can_be_read_is_repaired(album: Album) -> None:
    batch, _ = applied(album)
    whole = Path(album.ledger).read_bytes()
    assert b"sqlite_autoindex_batch_1" in whole
    Path(album.ledger).write_bytes(whole.replace(b"sqlite_autoindex_batch_1", b"sqlite_autoin\xffex_batch_1"))
    assert repair(album.ledger).saved["entry"] == ITEMS
    assert cleaning.undo(batch, ledger=album.ledger).files == ITEMS


def test_a_ledger_that_somebody_holds_is_not_repaired(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    applied(album)
    before = Path(album.ledger).read_bytes()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    connect = partial(sqlite3.connect, timeout=0.1)
    with closing(connect(album.ledger, isolation_level=None)) as db:
        monkeypatch.setattr(sqlite3, "connect", connect)
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerError):
            repair(album.ledger)
    assert Path(album.ledger).read_bytes() == before
    assert sorted(os.listdir(os.path.dirname(album.ledger))) == ["ledger.sqlite", "ledger.sqlite.lock"]


def test_a_whole_ledger_stays_as_it_is(album: Album) -> None:
    applied(album)
    before = Path(album.ledger).read_bytes()
    done = repair(album.ledger)
    assert done == Repaired(
        album.ledger, None, {"batch": 1, "entry": ITEMS, "decision": 0, "decided": 0, "choice": 0}, ()
    )
    assert Path(album.ledger).read_bytes() == before
    for path in (album.ledger + "-other", None):  # a test has a home of its own, and no ledger there
        with pytest.raises(LedgerError, match="no ledger"):
            repair(path)


def test_a_repair_saves_what_undo_needs_and_never_overwrites_what_was_put_aside(album: Album) -> None:
    batch, _ = applied(album)
    with Ledger(album.ledger) as store, store.transaction():
        store.db.execute("INSERT INTO decision VALUES (7, 'different', '2026', 'mine')")
        store.db.executemany("INSERT INTO decided VALUES (?, 7, ?)", ((bytes([i]) * 32, b"p") for i in range(200)))
        store.add_choices("p", [(b"k", Choice(1, (0, 2))), (b"l", Choice(None))], created="2026", decision=7)
        wanted = {
            table: store.db.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("entry", "decision", "decided", "choice")
        }
    Path(album.ledger).chmod(0o640)
    for number in (1, 2):
        damaged = b"\xa5" * 100
        damage(album.ledger, 0, damaged)
        done = repair(album.ledger)
        assert done.aside == f"{album.ledger}.damaged-{number}"
        assert Path(done.aside).read_bytes().startswith(damaged)
        assert {stat.S_IMODE(os.stat(path).st_mode) for path in (album.ledger, done.aside)} == {0o640}
        assert (done.saved, done.rescued) == (
            {"batch": 1, "entry": ITEMS, "decision": 1, "decided": 200, "choice": 2},
            (),
        )
        with Ledger(album.ledger) as store:
            for table, content in wanted.items():
                assert store.db.execute(f"SELECT * FROM {table}").fetchall() == content
    assert sorted(os.listdir(os.path.dirname(album.ledger))) == [
        "ledger.sqlite", "ledger.sqlite.damaged-1", "ledger.sqlite.damaged-2", "ledger.sqlite.lock",
    ]  # fmt: skip
    assert cleaning.undo(batch, ledger=album.ledger).files == ITEMS


def test_each_damaged_page_costs_its_rows_and_the_manifest_brings_back_the_rest(album: Album) -> None:
    batch, folder = applied(album)
    whole = Path(album.ledger).read_bytes()
    saved: dict[int, Repaired] = {}
    for number in range(pages(album.ledger)):
        Path(album.ledger).write_bytes(whole[: number * PAGE] + b"\xa5" * PAGE + whole[(number + 1) * PAGE :])
        with Ledger(None) as store, store.transaction():
            saved[number] = save(store, Path(album.ledger).read_bytes())
    assert all(0 <= ITEMS - done.saved["entry"] < 20 for done in saved.values())
    assert sum(ITEMS - done.saved["entry"] for done in saved.values()) == ITEMS  # each is on one page
    assert [done.rescued for done in saved.values() if done.rescued] == [("rescued-1",)]  # and so is the batch
    costly = next(number for number, done in saved.items() if done.saved["entry"] < ITEMS)
    Path(album.ledger).write_bytes(whole[: costly * PAGE] + b"\xa5" * PAGE + whole[(costly + 1) * PAGE :])
    done = repair(album.ledger)
    assert (done.saved, done.rescued) == (saved[costly].saved, saved[costly].rescued)
    some = cleaning.undo(batch, ledger=album.ledger)
    rest = cleaning.undo(from_folder=folder, ledger=album.ledger)
    assert some.files == done.saved["entry"]
    assert some.files + rest.files == ITEMS
    assert len(os.listdir(album.at("sub"))) == ITEMS


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
def test_a_batch_whose_row_is_lost_gets_a_name_and_can_be_undone(album: Album, action: str) -> None:
    applied(album, action=action)
    with closing(sqlite3.connect(album.ledger, isolation_level=None)) as db:
        db.execute("DELETE FROM batch")
    damage(album.ledger, 0, b"\xa5" * 100)
    done = repair(album.ledger)
    assert done.rescued == ("rescued-1",)
    (row,) = cleaning.history(ledger=album.ledger)
    assert (row.name, row.action, row.files) == ("rescued-1", action, {"done": ITEMS})
    assert datetime.now(UTC) - datetime.fromisoformat(row.created) < timedelta(hours=1)
    assert cleaning.undo("rescued-1", ledger=album.ledger).files == ITEMS


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("batch", "name = x'ff'"),
        ("batch", "name = '../elsewhere'"),
        ("batch", "name = '..'"),
        ("batch", "plan = x'00'"),
        ("decision", "kind = 'same'"),
        ("decision", "note = x'ff'"),
        ("decided", "digest = x'ff' || substr(digest, 1, 3)"),
        ("decided", "path = NULL"),
    ],
)
def test_batches_and_decisions_that_are_garbled_are_damage(album: Album, table: str, change: str) -> None:
    applied(album)
    with Ledger(album.ledger) as ledger, ledger.transaction():
        ledger.add_decision("different", [(bytes(32), "a"), (bytes([1] * 32), "b")], note="", created="2026")
    with closing(sqlite3.connect(album.ledger, isolation_level=None)) as db:
        assert db.execute(f"UPDATE OR IGNORE {table} SET {change}").rowcount > 0
    with Ledger(album.ledger) as ledger, pytest.raises(LedgerError, match="damaged"):
        ledger.batches() if table == "batch" else ledger.decisions()
    repair(album.ledger)
    with Ledger(album.ledger) as ledger:
        assert len(ledger.batches()) == 1
        ledger.decisions()
    assert cleaning.undo(ledger=album.ledger).files == ITEMS


def test_a_garbled_row_is_told_apart_though_sqlite_reads_it(album: Album) -> None:
    applied(album)
    with closing(sqlite3.connect(album.ledger, isolation_level=None)) as db:
        db.execute("UPDATE entry SET mode = 'often' WHERE id = 5")
        db.execute("UPDATE entry SET state = 'dona' WHERE id = 6")
        db.execute("INSERT INTO choice VALUES (x'70', 1, x'6b', 1, '0,2', NULL, '2026')")
        db.execute("INSERT INTO choice VALUES (x'70', 1, x'6c', 1, 'some', NULL, '2026')")
    album.put("new.png")
    with Ledger(album.ledger) as ledger, pytest.raises(LedgerError, match="garbled"):
        ledger.entries()
    done = repair(album.ledger)
    assert (done.saved["entry"], done.saved["choice"]) == (ITEMS - 2, 1)
    assert cleaning.undo(ledger=album.ledger).files == ITEMS - 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("origin", b"b.png"), ("origin", b""), ("place", b"../q/b.png"), ("keeper", b"/a/../b.png"), ("origin", b"/a\0b"),
     ("digest", b"short"), ("mode", 1 << 40), ("size", -1)],
)  # fmt: skip
def test_a_row_that_nobody_wrote_moves_nothing(album: Album, column: str, value: object) -> None:
    applied(album)
    with closing(sqlite3.connect(album.ledger, isolation_level=None)) as db:
        db.execute(f"UPDATE entry SET {column} = ? WHERE id = 5", (value,))
    before = tree(album.folder)
    with pytest.raises(LedgerError, match="entry 5 is garbled"):
        cleaning.undo(ledger=album.ledger)
    after = tree(album.folder)
    lock = os.fsencode(os.path.relpath(f"{album.ledger}.lock", album.folder))
    assert after.pop(lock)[:2] == before.pop(lock)[:2]  # written anew by whoever takes it
    assert after == before


def test_a_journal_that_lay_beside_the_damaged_file_is_not_played_into_the_new_one(album: Album) -> None:
    batch, _ = applied(album)
    damage(album.ledger, 0, b"\xa5" * 100)
    leftovers = {"-journal": bytes.fromhex("d9d505f920a163d7") + b"\1" * 9000, "-shm": b"\2" * 900}
    for ending, content in leftovers.items():
        Path(album.ledger + ending).write_bytes(content)
    done = repair(album.ledger)
    assert done.aside is not None
    assert not any(os.path.exists(album.ledger + ending) for ending in leftovers)
    assert Path(done.aside + "-shm").read_bytes() == leftovers["-shm"]  # SQLite itself puts an end to the journal
    assert [row.name for row in cleaning.history(ledger=album.ledger)] == [batch]


def test_a_repair_waits_for_nobody_at_work_and_needs_the_lock(album: Album) -> None:
    applied(album)
    damage(album.ledger, 0, b"\xa5" * 100)
    with only_one(f"{album.ledger}.lock"), pytest.raises(UnsafeError, match="another lookalike"):
        repair(album.ledger)
    assert Path(album.ledger).read_bytes().startswith(b"\xa5")


def test_an_entry_that_was_being_acted_on_is_settled_after_a_repair(album: Album) -> None:
    _, folder = applied(album)
    lying = os.path.join(folder, "photos", "sub")
    name = min(os.listdir(lying))
    with Ledger(album.ledger) as store, store.transaction():
        entry = next(entry for entry in store.entries() if entry.origin.endswith(name))
        store.db.execute("UPDATE entry SET state = 'doing' WHERE id = ?", (entry.id,))
    damage(album.ledger, 0, b"\xa5" * 100)
    repair(album.ledger)
    assert cleaning.undo(ledger=album.ledger).files == ITEMS
    with Ledger(album.ledger) as store:
        assert {entry.state for entry in store.entries()} == {"undone"}
        assert all(isinstance(entry, Entry) for entry in store.entries())
