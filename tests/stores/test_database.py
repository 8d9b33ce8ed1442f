"""One SQLite file under lookalike's rules, with real files, real threads and real processes."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from lookalike.errors import CatalogError
from lookalike.stores import database
from lookalike.stores.catalog import Catalog
from lookalike.stores.database import Database
from lookalike.stores.ledger import Ledger


class Notes(Database):
    APPLICATION_ID = 0x7E57
    MIGRATIONS: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "notes",
            "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL); CREATE INDEX note_text ON note (text)",
        ),
    )


class NewerNotes(Notes):
    MIGRATIONS: ClassVar[tuple[tuple[str, str], ...]] = (
        *Notes.MIGRATIONS,
        ("dates", "ALTER TABLE note ADD COLUMN date TEXT"),
    )


class BrokenNotes(Notes):
    MIGRATIONS: ClassVar[tuple[tuple[str, str], ...]] = (
        *Notes.MIGRATIONS,
        ("halves", "CREATE TABLE half (id INTEGER); CREATE TABLE note (id INTEGER)"),
    )


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "sub" / "notes.sqlite")


def write(notes: Notes, text: str) -> None:
    with notes.transaction():
        notes.db.execute("INSERT INTO note (text) VALUES (?)", (text,))


def read(notes: Notes) -> list[str]:
    return [row[0] for row in notes.db.execute("SELECT text FROM note ORDER BY id")]


def migrations(notes: Database) -> list[str]:
    return [row[0] for row in notes.db.execute("SELECT name FROM migration ORDER BY rowid")]


def test_a_file_is_made_with_its_folder_and_kept(path: str) -> None:
    with Notes(path) as notes:
        write(notes, "a")
        assert notes.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with Notes(path) as notes:
        assert read(notes) == ["a"]
        assert migrations(notes) == ["notes"]
    with pytest.raises(sqlite3.ProgrammingError):
        read(notes)


@pytest.fixture
def permissive() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(path: Path) -> dict[str, str]:
    """Return the modes of a file and of what lies beside it, by their endings."""
    found = path.parent.glob(f"{path.name}*")
    return {name.name.removeprefix(path.name): oct(name.stat().st_mode & 0o777) for name in found}


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.usefixtures("permissive")
@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("kind", [Catalog, Ledger])
def test_a_new_file_is_for_its_owner_alone(tmp_path: Path, kind: type[Database], link: bool) -> None:
    path = tmp_path / "store.sqlite"
    if link:
        (tmp_path / "named").symlink_to(path)
    with kind(str(tmp_path / "named" if link else path)) as store, store.transaction():
        store.db.execute("CREATE TABLE note (text TEXT)")
        assert modes(path) == dict.fromkeys(("", "-wal", "-shm") if kind is Catalog else ("", "-journal"), "0o600")
    assert modes(path) == {"": "0o600"}


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.usefixtures("permissive")
def test_one_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with Notes(str(path)) as notes:
        write(notes, "a")
    path.chmod(0o660)
    with Notes(str(path)) as notes:
        write(notes, "b")
        assert modes(path) == {"": "0o660", "-wal": "0o660", "-shm": "0o660"}


def test_who_wants_a_file_alone_waits_until_it_is_and_then_has_it(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Notes(path) as idle:
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
        with pytest.raises(CatalogError, match="is in use: try again when nobody else uses it"):
            Notes(path, alone=True)
        write(idle, "a")
        monkeypatch.undo()
        closing = threading.Timer(0.3, idle.db.close)
        closing.start()
        with Notes(path, alone=True) as alone:
            closing.join()
            write(alone, "b")
            monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
            with pytest.raises(CatalogError, match="locked: end the program"):
                Notes(path)
    with Notes(path) as notes:
        assert read(notes) == ["a", "b"]


def test_without_a_path_nothing_is_kept() -> None:
    for _ in range(2):
        with Notes(None) as notes:
            assert read(notes) == []
            write(notes, "a")


def test_migrations_run_once_and_add_to_what_is_there(path: str) -> None:
    with Notes(path) as notes:
        write(notes, "a")
        (before,) = notes.db.execute("SELECT applied FROM migration").fetchone()
    for _ in range(2):
        with NewerNotes(path) as notes:
            assert migrations(notes) == ["notes", "dates"]
            assert notes.db.execute("SELECT text, date FROM note").fetchall() == [("a", None)]
            assert notes.db.execute("SELECT applied FROM migration WHERE name = 'notes'").fetchone() == (before,)


def test_a_migration_that_fails_leaves_nothing_behind(path: str) -> None:
    Notes(path).db.close()
    with pytest.raises(CatalogError, match="note"):
        BrokenNotes(path)
    with NewerNotes(path) as notes:
        assert migrations(notes) == ["notes", "dates"]
        tables = {row[0] for row in notes.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "half" not in tables


def test_a_file_of_a_newer_version_is_left_alone(path: str) -> None:
    NewerNotes(path).db.close()
    content = Path(path).read_bytes()
    with pytest.raises(CatalogError, match=r"newer lookalike.*dates.*--catalog") as caught:
        Notes(path)
    assert path in str(caught.value)
    assert Path(path).read_bytes() == content


def test_a_file_of_another_program_is_left_alone(path: str) -> None:
    Path(path).parent.mkdir()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
    content = Path(path).read_bytes()
    with pytest.raises(CatalogError, match=r"another program.*--catalog"):
        Notes(path)
    assert Path(path).read_bytes() == content
    assert sorted(entry.name for entry in Path(path).parent.iterdir()) == ["notes.sqlite"]


@pytest.mark.parametrize("content", [b"hello, world\n" * 200, b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 4080])
def test_garbage_is_refused_in_words_and_left_alone(path: str, content: bytes) -> None:
    Path(path).parent.mkdir()
    Path(path).write_bytes(content)
    with pytest.raises(CatalogError, match=r"notes\.sqlite"):
        Notes(path)
    assert Path(path).read_bytes() == content


def test_an_empty_file_becomes_a_database(path: str) -> None:
    Path(path).parent.mkdir()
    Path(path).touch()
    with Notes(path) as notes:
        write(notes, "a")


def test_damage_met_later_is_explained(path: str) -> None:
    with Notes(path) as notes:
        for number in range(500):
            write(notes, f"{number}" * 50)
    raw = bytearray(Path(path).read_bytes())
    raw[8192:] = b"\xff" * (len(raw) - 8192)
    Path(path).write_bytes(bytes(raw))
    with pytest.raises(CatalogError, match="--no-catalog"), Notes(path) as notes, notes.explained():
        read(notes)


def test_a_folder_in_the_way_or_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "notes.sqlite"):
        with pytest.raises(CatalogError, match="cannot be opened"):
            Notes(str(place))


def test_a_transaction_is_whole_or_not_at_all(path: str) -> None:
    with Notes(path) as notes:
        write(notes, "a")
        with pytest.raises(KeyError), notes.transaction():  # noqa: PT012
            notes.db.execute("INSERT INTO note (text) VALUES ('b')")
            raise KeyError
        assert read(notes) == ["a"]
        with pytest.raises(CatalogError), notes.transaction():  # noqa: PT012
            notes.db.execute("INSERT INTO note (text) VALUES ('c')")
            notes.db.execute("INSERT INTO note (text) VALUES (NULL)")
        assert read(notes) == ["a"]
        write(notes, "d")  # the connection is still good
        assert read(notes) == ["a", "d"]


def test_another_connection_sees_whole_transactions_only(path: str) -> None:
    with Notes(path) as one, Notes(path) as other:
        with one.transaction():
            one.db.execute("INSERT INTO note (text) VALUES ('a')")
            assert read(other) == []
        assert read(other) == ["a"]


def test_writers_wait_for_each_other(path: str) -> None:
    Notes(path).db.close()

    def many(name: str) -> None:
        with Notes(path) as notes:
            for number in range(50):
                write(notes, f"{name}{number}")

    threads = [threading.Thread(target=many, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Notes(path) as notes:
        assert sorted(read(notes)) == sorted(f"{name}{number}" for name in "abcd" for number in range(50))


def test_processes_that_make_the_file_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from lookalike.stores.catalog import Catalog\n"
        "sys.stdin.readline()\n"
        "with Catalog(sys.argv[1]) as catalog:\n"
        "    print([row[0] for row in catalog.db.execute('SELECT name FROM migration')])\n"
    )
    for attempt in range(3):
        path = str(tmp_path / f"{attempt}.sqlite")
        started = [
            subprocess.Popen(
                [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True,
            )
            for _ in range(4)
        ]  # fmt: skip
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=60) for process in started]
        assert len({answer for answer, _ in answers}) == 1, answers
        assert [error for _, error in answers] == [""] * 4


def test_wanted_offers_ids_and_takes_them_back() -> None:
    with Notes(None) as notes:
        for text in "abc":
            write(notes, text)
        for _ in range(2):
            with notes.wanted(np.array([1, 3, 99])):
                rows = notes.db.execute("SELECT text FROM note WHERE id IN wanted ORDER BY id").fetchall()
            assert rows == [("a",), ("c",)]
        with pytest.raises(KeyError), notes.wanted(np.array([1])):
            raise KeyError
        write(notes, "d")  # no transaction was left open
        with notes.wanted(np.zeros(0, np.int64)):
            assert notes.db.execute("SELECT count(*) FROM wanted").fetchone() == (0,)
