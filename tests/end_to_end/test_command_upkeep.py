"""`lookalike catalog`: what it holds, whether it is sound, what it may forget, and the way out and in."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from album import jpeg
from command import MTIME, Result, run, write

from conftest import encode, scene

CATALOG = ("--catalog", "c.sqlite")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two copies and others, and the catalog of a search in it."""
    base = tmp_path_factory.mktemp("upkeep")
    for seed in range(4):
        write(base / "in" / f"{seed}.jpg", jpeg(scene(seed, 320, 240)))
    write(base / "in" / "small.jpg", jpeg(scene(0, 320, 240).resize((160, 120))))
    write(base / "in" / "b.png", encode(scene(5, 320, 240), "PNG"))
    write(base / "in" / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    write(base / "in" / "notes.txt", b"words")
    assert run("find", "in", "--workers", "1", *CATALOG, cwd=base).code == 0
    return base


@pytest.fixture
def base(scanned: Path, tmp_path: Path) -> Path:
    shutil.copytree(scanned, tmp_path / "b")
    return tmp_path / "b"


def catalog(*arguments: str, cwd: Path, code: int = 0) -> Result:
    result = run("catalog", *arguments, *CATALOG, cwd=cwd)
    assert result.code == code, result.errors
    return result


def test_info_counts_what_there_is(scanned: Path) -> None:
    told = catalog("info", "--json", cwd=scanned).document
    assert (told["version"], told["path"]) == (1, "c.sqlite")
    assert told["bytes"] >= (scanned / "c.sqlite").stat().st_size > 0
    assert (told["contents"], told["thumbnails"], told["locations"]) == (6, 6, 7)
    assert (told["failures"], told["skipped"], told["sources"]) == ({"damaged": 1}, {"not an image": 1}, {"files": 8})
    assert told["hashes"]["phash-8-lanczos3-fast-v1 plain"] == 6
    assert told["pairs"] >= 1
    text = catalog("info", cwd=scanned).text
    assert "contents: 6\n" in text
    assert "failures: damaged: 1\n" in text


def test_no_catalog_is_said_and_none_is_made(tmp_path: Path) -> None:
    for verb in (("info",), ("verify",), ("prune",), ("export", "x.parquet")):
        result = catalog(*verb, cwd=tmp_path, code=3)
        assert "there is no catalog c.sqlite" in result.errors
    assert not list(tmp_path.iterdir())


def test_a_sound_catalog_is_verified(scanned: Path) -> None:
    assert "is sound; 6 hashes were made again" in catalog("verify", cwd=scanned).text


DAMAGE = {
    "a thumbnail": "UPDATE thumbnail SET pixels = zeroblob(4224) WHERE content = 2",
    "a short thumbnail": "UPDATE thumbnail SET pixels = zeroblob(7) WHERE content = 2",
    "a missing thumbnail": "DELETE FROM thumbnail WHERE content = 2",
    "a hash": "UPDATE hash SET words = zeroblob(8) WHERE content = 2 AND variant = 'plain'",
    "a short hash": "UPDATE hash SET words = zeroblob(3) WHERE content = 2",
    "a hash of nothing": "UPDATE hash SET content = 99 WHERE content = 2",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_rows_that_are_not_what_they_must_be_are_found(base: Path, kind: str) -> None:
    with closing(sqlite3.connect(base / "c.sqlite")) as db, db:
        db.execute(DAMAGE[kind])
    result = catalog("verify", cwd=base, code=5)
    assert "is damaged" in result.errors
    assert "move it away" in result.errors


def test_flipped_bytes_are_found(base: Path) -> None:
    with closing(sqlite3.connect(base / "c.sqlite")) as db, db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("-wal", "-shm"):
        (base / f"c.sqlite{end}").unlink(missing_ok=True)
    content = bytearray((base / "c.sqlite").read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = bytes(byte ^ 0xFF for byte in content[page : page + 64])
    (base / "c.sqlite").write_bytes(content)
    assert "damaged" in catalog("verify", cwd=base, code=5).errors


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path / "in" / f"{seed}.jpg", jpeg(scene(seed, 320, 240)))
    write(tmp_path / "in" / "notes.txt", b"words")
    assert run("find", "in", "--workers", "1", *CATALOG, cwd=tmp_path).code == 0
    (tmp_path / "in" / "2.jpg").unlink()
    (tmp_path / "in" / "notes.txt").unlink()
    before = catalog("info", "--json", cwd=tmp_path).document
    tried = catalog("prune", "--dry-run", "--json", cwd=tmp_path).document
    assert catalog("info", "--json", cwd=tmp_path).document["contents"] == before["contents"] == 3
    done = catalog("prune", "--json", cwd=tmp_path).document
    assert done["rows"] == tried["rows"]
    assert (done["rows"]["location"], done["rows"]["content"], done["rows"]["thumbnail"]) == (2, 1, 1)
    after = catalog("info", "--json", cwd=tmp_path).document
    assert (after["contents"], after["thumbnails"], after["locations"]) == (2, 2, 2)
    catalog("verify", cwd=tmp_path)
    again = run("find", "in", "--workers", "1", "--json", *CATALOG, cwd=tmp_path).document
    assert again["stats"]["cached"] == again["stats"]["hashed"] == 2, "what is there is known still"
    assert "nothing to forget" in catalog("prune", cwd=tmp_path).text


def test_steps_of_older_versions_are_forgotten(base: Path) -> None:
    with closing(sqlite3.connect(base / "c.sqlite")) as db, db:
        pairs = db.execute("UPDATE pair SET step = 'thumbnail-0/1/x'").rowcount
        (whole,) = db.execute("SELECT count(*) FROM hash WHERE variant = 'plain'").fetchone()
        db.execute("UPDATE hash SET variant = 'parts-00000000' WHERE variant LIKE 'parts-%'")
    rows = catalog("prune", "--json", cwd=base).document["rows"]
    assert rows["pair"] == pairs > 0
    assert rows["hash"] >= 6
    assert catalog("info", "--json", cwd=base).document["hashes"]["phash-8-lanczos3-fast-v1 plain"] <= whole


@pytest.mark.parametrize("thumbnails", ["--thumbnails", "--no-thumbnails"])
def test_what_is_exported_is_a_source(scanned: Path, tmp_path: Path, thumbnails: str) -> None:
    out = str(tmp_path / "x.parquet")
    assert "6 images written" in catalog("export", out, thumbnails, cwd=scanned).text
    table = pq.read_table(out)
    assert ("thumbnail" in table.column_names) == (thumbnails == "--thumbnails")
    assert table["failure"].to_pylist().count("damaged") == 1
    assert set(table["mtime_ns"].to_pylist()) == {MTIME * 10**9, None}
    found = run("find", out, "--json", "--no-catalog", "--workers", "1", cwd=scanned)
    images = run("find", str(scanned / "in"), "--json", "--no-catalog", "--workers", "1", cwd=scanned)
    assert (found.code, "lookalike:" in found.errors) == (0, False)
    assert found.document["groups"] == images.document["groups"]
    assert len(found.document["groups"]) == 1


@pytest.mark.parametrize("table", ["thumbnail", "content"])
def test_what_is_missing_is_not_exported(base: Path, table: str) -> None:
    with closing(sqlite3.connect(base / "c.sqlite")) as db, db:
        db.execute(f"DELETE FROM {table} WHERE rowid = 2")
    assert "are missing" in catalog("export", "x.parquet", cwd=base, code=5).errors
    assert not (base / "x.parquet").exists()


def test_what_is_imported_is_not_read_again(scanned: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "x.parquet")
    catalog("export", out, "--algorithm", "phash,dhash", cwd=scanned)
    shutil.copytree(scanned / "in", tmp_path / "in")
    for _ in range(2):
        assert catalog("import", out, cwd=tmp_path).text == "6 images read\n"
        told = catalog("info", "--json", cwd=tmp_path).document
        assert (told["contents"], told["thumbnails"], told["locations"]) == (6, 6, 0)
        assert set(told["hashes"].values()) == {6}
    catalog("verify", cwd=tmp_path)
    assert run("find", "in", "--workers", "1", *CATALOG, cwd=tmp_path).code == 0
    assert catalog("info", "--json", cwd=tmp_path).document["contents"] == 6


def test_what_is_no_hash_table_is_not_imported(scanned: Path, tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", b"words")
    assert "is no hash table" in catalog("import", "x.parquet", cwd=tmp_path, code=2).errors
    assert run("hash", "in", "--no-catalog", "--output", str(tmp_path / "y.parquet"), cwd=scanned).code == 0
    assert "of another decoding" in catalog("import", "y.parquet", cwd=tmp_path, code=2).errors
    assert "a .parquet file" in catalog("export", "x.csv", cwd=scanned, code=2).errors
