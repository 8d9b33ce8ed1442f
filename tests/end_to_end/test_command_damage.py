"""Where a catalog cannot be what it should: one message says what to do, the exit code is 5, and nothing is lost."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from album import fill, jpeg
from command import comparable, environment, found, line, run, write

import lookalike
from conftest import scene
from lookalike.errors import CatalogError
from lookalike.opening import open_catalog
from lookalike.stores import database

LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""
SIZES = (0, 40_000, 300_000)
"""Bytes at which a file must not grow: as the catalog is made, as its tables are, within a commit."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures with their copies, and others: more than a megabyte of catalog."""
    base = tmp_path_factory.mktemp("damage")
    fill(base / "photos", range(1, 3), range(100, 104))
    for seed in range(200, 320):
        write(base / "photos" / "many" / f"{seed}.jpg", jpeg(scene(seed, 64, 48)))
    return base / "photos"


@pytest.fixture(scope="module")
def clean(photos: Path) -> str:
    """What a search without a catalog finds."""
    return comparable(found("photos", cwd=photos.parent))


def refused(photos: Path, catalog: Path, *expected: str) -> None:
    """Search with a catalog that cannot be used."""
    result = run("find", "photos", "--catalog", catalog, "--workers", "1", "--json", cwd=photos.parent)
    check_refused(result.code, result.out, result.errors, catalog, *expected)


def check_refused(code: int, out: bytes, errors: str, catalog: Path, *expected: str) -> None:
    """Check that one message says what is wrong with a catalog, and nothing else is said."""
    assert (code, out) == (5, b"")
    assert errors.count("\n") == 1
    assert errors.startswith(f"lookalike: catalog {catalog}")
    for words in (*expected, "--catalog", "--no-catalog"):
        assert words in errors


def works(photos: Path, catalog: Path, clean: str) -> None:
    """Search with a catalog that can be used again."""
    assert comparable(found("photos", cwd=photos.parent, catalog=catalog)) == clean
    assert run("catalog", "verify", "--catalog", catalog).code == 0


def test_something_else_in_its_place(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    refused(photos, tmp_path / "folder", "cannot be opened")
    (tmp_path / "file").touch()
    refused(photos, tmp_path / "file" / "c.sqlite", "cannot be opened")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(photos, tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "no" / "folder" / "c.sqlite")
    assert run("find", photos, "--catalog", tmp_path / "link", "--workers", "1").code in (0, 5)
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith("link")) == ["link"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of the system")
@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_must_not_grow(photos: Path, tmp_path: Path, clean: str, size: int) -> None:
    catalog = tmp_path / "c.sqlite"
    words = line("find", "photos", "--catalog", catalog, "--workers", "1", "--quiet")
    uncounted = environment() | {"COVERAGE_PROCESS_CONFIG": ""}  # its own file would have to grow as well
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *words],
        cwd=photos.parent,
        env=uncounted,
        capture_output=True,
        check=False,
    )
    check_refused(done.returncode, done.stdout, done.stderr.decode(), catalog, "full")
    works(photos, catalog, clean)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Callable[[str], None]]:
    """Mount a file system in memory; yield a function that mounts it anew with other options."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", options, "none", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let the test mount a file system")

    def again(other: str) -> None:
        subprocess.run([mount, "-o", f"remount,{other}", str(folder)], check=True)

    try:
        yield again
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("size", ["4k", "100k", "500k"])
def test_a_disk_that_is_full(photos: Path, tmp_path: Path, clean: str, size: str) -> None:
    with mounted(tmp_path / "small", f"size={size}") as again:
        catalog = tmp_path / "small" / "c.sqlite"
        refused(photos, catalog, "full", "free some space")
        again("size=20m")
        works(photos, catalog, clean)


def test_a_disk_that_is_full_when_the_log_goes_into_the_file(photos: Path, tmp_path: Path, clean: str) -> None:
    with mounted(tmp_path / "small", "size=20m") as again:
        catalog = tmp_path / "small" / "c.sqlite"
        with open_catalog(str(catalog)) as other:
            other.db.execute("SELECT count(*) FROM content").fetchone()
            found("photos", cwd=photos.parent, catalog=catalog)  # stays in the log, since another one has the file open
            used = sum(entry.stat().st_size for entry in catalog.parent.iterdir())
            again(f"size={used + 65536}")
        assert comparable(found("photos", cwd=photos.parent, catalog=catalog)) == clean
        again("size=20m")
        works(photos, catalog, clean)


def test_a_file_system_that_is_read_only(photos: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "card", "size=20m") as again:
        catalog = tmp_path / "card" / "c.sqlite"
        found("photos", cwd=photos.parent, catalog=catalog)
        again("ro")
        refused(photos, catalog, "can be written")
        refused(photos, catalog.with_name("d.sqlite"), "cannot be opened")
        refused(photos, catalog.parent / "new" / "d.sqlite", "Read-only")


def test_a_lock_of_another_program(photos: Path, tmp_path: Path, clean: str, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = tmp_path / "c.sqlite"
    found("photos/2019", cwd=photos.parent, catalog=catalog)
    with closing(sqlite3.connect(catalog, isolation_level=None, check_same_thread=False)) as theirs:
        theirs.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
        with pytest.raises(CatalogError, match="locked: end the program that has it locked, or name another file"):
            lookalike.find(photos, catalog=catalog, ledger=tmp_path / "l.sqlite", workers=1)
        monkeypatch.undo()
        timer = threading.Timer(1, theirs.execute, ["COMMIT"])
        timer.start()
        assert comparable(found("photos", cwd=photos.parent, catalog=catalog)) == clean, "a short one is waited for"
        timer.join()


def _cut(path: Path) -> None:
    os.truncate(path, 4096)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))


@pytest.mark.parametrize("end", ["", "-wal"])
@pytest.mark.parametrize("act", [Path.unlink, _cut, _overwrite])
def test_what_happens_to_it_while_a_scan_runs(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], Any], end: str
) -> None:
    """The answer is right, or there is none; the next search says what is to be done, or has a new catalog."""
    monkeypatch.setattr("lookalike.scan.scanning.BATCH_FILES", 20)
    catalog = tmp_path / "c.sqlite"
    seen: list[int] = []
    told: list[str] = []

    def disturb(done: int, _listed: int, _finished: bool) -> None:
        if done >= 60 and not seen:
            seen.append(done)
            act(Path(f"{catalog}{end}"))

    def search(**more: Any) -> str:
        findings = lookalike.find(photos, catalog=catalog, ledger=tmp_path / "l.sqlite", workers=1, **more)
        return comparable(findings.to_dict())

    clean = lookalike.find(photos, use_catalog=False, ledger=tmp_path / "l.sqlite", workers=1)
    for how in ({"progress": disturb}, {}):
        try:
            assert search(**how) == comparable(clean.to_dict())
        except CatalogError as error:
            told.append(str(error))
    assert seen
    assert all(str(catalog) in one and "--no-catalog" in one for one in told)


@pytest.mark.parametrize("what", ["a name", "a thumbnail", "hashes", "a verdict"])
def test_what_a_catalog_says_wrongly_removes_nothing(tmp_path: Path, what: str) -> None:
    """Whatever it says, with sound seals even: files are looked at again before anything happens to them."""
    for seed in (1, 2, 3):
        write(tmp_path / "photos" / f"{seed}.jpg", jpeg(scene(seed, 160, 120)))
    write(tmp_path / "photos" / "1 again.jpg", jpeg(scene(1, 160, 120)))
    stores = ("--catalog", "c.sqlite", "--ledger", "l.sqlite")
    assert run("find", "photos", "--workers", "1", *stores, cwd=tmp_path).code == 0
    with open_catalog(str(tmp_path / "c.sqlite")) as store, store.transaction():
        number = "(SELECT content FROM location WHERE name = CAST('{}.jpg' AS BLOB))".format
        for statement in {
            "a name": [f"UPDATE location SET content = {number(1)} WHERE content = {number(2)}"],
            "a thumbnail": [
                f"UPDATE {table} SET ({column}) = (SELECT {column} FROM {table} AS t WHERE t.content = {number(1)} {more}) "
                f"WHERE content = {number(2)}"
                for table, column, more in (
                    ("thumbnail", "pixels", ""),
                    ("hash", "words", "AND t.spec = hash.spec AND t.variant = hash.variant"),
                )
            ],
            "hashes": [f"UPDATE hash SET words = zeroblob(length(words)) WHERE content IN ({number(1)}, {number(2)})"],
            "a verdict": ["UPDATE pair SET tier = 1, score = 1000"],
        }[what]:
            store.db.execute(statement)
        store.seal_all()
    before = {path.name: path.read_bytes() for path in (tmp_path / "photos").iterdir()}
    result = run("clean", "photos", "--workers", "1", "--apply", "--yes", "--yes-most", *stores, cwd=tmp_path)
    after = {path.name: path.read_bytes() for path in (tmp_path / "photos").iterdir()}
    assert set(after.values()) == set(before.values()), "every picture is still there"
    assert result.code == (4 if what in ("a name", "a thumbnail") else 0)
    assert ("refused: " in result.errors) == (result.code == 4)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which makes system calls fail")
@pytest.mark.parametrize("call", ["pread64", "pwrite64", "fdatasync", "ftruncate"])
def test_a_disk_that_fails(photos: Path, tmp_path: Path, clean: str, call: str) -> None:
    catalog = tmp_path / "c.sqlite"
    found("photos/2019", cwd=photos.parent, catalog=catalog)
    words = line("find", "photos", "--catalog", catalog, "--workers", "1", "--json")
    paths = [word for end in ("", "-wal") for word in ("-P", f"{catalog}{end}")]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *paths, "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when=3+",
         *words], cwd=photos.parent, env=environment(), capture_output=True, check=False,
    )  # fmt: skip
    if b"ptrace" in done.stderr:
        pytest.skip("this system does not let strace look at a process")
    if done.returncode == 0:  # it was not asked, or SQLite could do without
        assert comparable(json.loads(done.stdout)) == clean
    else:
        check_refused(done.returncode, done.stdout, done.stderr.decode(), catalog)
    works(photos, catalog, clean)
