"""The catalog: what is known is not read again, what changed is, and nothing is forgotten that was not looked at."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from album import copies, fill, jpeg
from command import MTIME, comparable, found, groups, members, run, write

from conftest import encode, scene
from lookalike.model import HashSpec
from lookalike.scan.variants import at_scan


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures with their copies, in two folders, and others."""
    fill(tmp_path / "photos", range(1, 3), range(100, 104))
    return tmp_path / "photos"


def _rows(catalog: Path, table: str) -> int:
    with closing(sqlite3.connect(catalog)) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _all_cached(document: dict[str, Any]) -> bool:
    stats = document["stats"]
    return bool(stats["cached"] == stats["hashed"] == stats["images"] > 0)


def test_a_second_run_reads_nothing_again(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "new" / "folder" / "catalog.sqlite"
    write(photos / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    write(photos / "notes.txt", b"words")
    first = found("photos", cwd=tmp_path, catalog=catalog)
    again = found("photos", cwd=tmp_path, catalog=catalog)
    assert first["stats"]["cached"] == 0
    assert again["stats"]["cached"] == again["stats"]["hashed"] == first["stats"]["hashed"]
    assert comparable(first) == comparable(again)
    # Known files are not even opened: other bytes under the old size and time go unnoticed.
    path = photos / "other" / "100.jpg"
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, (MTIME, MTIME))
    assert comparable(found("photos", cwd=tmp_path, catalog=catalog)) == comparable(first)
    assert len(found("photos", cwd=tmp_path)["failures"]) == len(first["failures"]) + 1


def test_the_catalog_has_the_tables_of_the_design(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    document = found("photos", cwd=tmp_path, catalog=catalog)
    with closing(sqlite3.connect(catalog)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert database.execute("SELECT count(*) FROM migration").fetchone()[0] >= 1
        digests = {row[0].hex() for row in database.execute("SELECT digest FROM content")}
    assert {row["digest"] for group in document["groups"] for row in group["members"]} <= digests
    assert _rows(catalog, "location") == document["stats"]["images"]
    assert _rows(catalog, "thumbnail") == _rows(catalog, "content") == len(digests)
    assert _rows(catalog, "hash") == len(at_scan(HashSpec())) * len(digests)


def test_options_of_matching_need_no_second_scan(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    found("photos", cwd=tmp_path, catalog=catalog)
    for options in (
        ("--size", "16"),
        ("--tier", "similar"),
        ("--group", "clique"),
        ("--radius", "0"),
        ("--size", "16"),
    ):
        known = found("photos", *options, cwd=tmp_path, catalog=catalog)
        assert _all_cached(known), options
        assert comparable(known) == comparable(found("photos", *options, cwd=tmp_path)), options


def test_moved_and_copied_files_are_known_by_digest(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    found("photos", cwd=tmp_path, catalog=catalog)
    contents, hashes = _rows(catalog, "content"), _rows(catalog, "hash")
    (photos / "moved").mkdir()
    (photos / "1-best.png").rename(photos / "moved" / "elsewhere.png")
    (photos / "other").rename(photos / "renamed")
    write(photos / "copied without its time.png", (photos / "2-best.png").read_bytes(), MTIME + 9)
    document = found("photos", cwd=tmp_path, catalog=catalog)
    assert comparable(document) == comparable(found("photos", cwd=tmp_path))
    assert (_rows(catalog, "content"), _rows(catalog, "hash")) == (contents, hashes)
    with closing(sqlite3.connect(catalog)) as database:
        assert database.execute("SELECT count(*) FROM location WHERE name = ?", (b"1-best.png",)).fetchone()[0] == 0
    assert _all_cached(found("photos", cwd=tmp_path, catalog=catalog))


@pytest.mark.parametrize("what", ["time", "size", "both"])
def test_a_changed_file_is_read_again(tmp_path: Path, what: str) -> None:
    catalog = tmp_path / "catalog.sqlite"
    one, two = (encode(scene(seed, 200, 160), "BMP") for seed in (1, 2))
    write(tmp_path / "photos" / "a.bmp", one)
    write(tmp_path / "photos" / "b.bmp", one)
    assert len(found("photos", cwd=tmp_path, catalog=catalog)["groups"]) == 1
    new = two if what == "time" else two + b"more"
    write(tmp_path / "photos" / "b.bmp", new, MTIME if what == "size" else MTIME + 0.001)
    document = found("photos", cwd=tmp_path, catalog=catalog)
    assert document["groups"] == []
    assert (document["stats"]["images"], document["stats"]["cached"]) == (2, 1)


def test_a_replaced_file_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    one, two = (encode(scene(seed, 200, 160), "BMP") for seed in (1, 2))
    write(tmp_path / "photos" / "a.bmp", one)
    write(tmp_path / "photos" / "b.bmp", two)
    assert found("photos", cwd=tmp_path, catalog=catalog)["groups"] == []
    write(tmp_path / "photos" / "new", one).replace(tmp_path / "photos" / "b.bmp")
    assert len(found("photos", cwd=tmp_path, catalog=catalog)["groups"]) == 1, "another inode is another file"


def test_a_deleted_file_disappears(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    before = found("photos", cwd=tmp_path, catalog=catalog)
    (photos / "1-best.png").unlink()
    shutil.rmtree(photos / "other")
    document = found("photos", cwd=tmp_path, catalog=catalog)
    assert document["stats"]["images"] == before["stats"]["images"] - 5
    assert "photos/1-best.png" not in {path for group in members(document) for path in group}
    assert comparable(document) == comparable(found("photos", cwd=tmp_path))


def test_only_folders_that_were_read_are_pruned(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    write(tmp_path / "drive" / "in" / "x.jpg", jpeg(scene(200, 320, 240)))
    write(tmp_path / "drive" / "y.jpg", jpeg(scene(201, 320, 240)))
    found("photos", "drive", cwd=tmp_path, catalog=catalog)
    rows = _rows(catalog, "location")
    (tmp_path / "drive").rename(tmp_path / "unplugged")
    assert run("find", "photos", "drive", "--catalog", catalog, cwd=tmp_path).code == 3
    found("photos", cwd=tmp_path, catalog=catalog)
    found("photos/2019", "photos/1-best.png", cwd=tmp_path, catalog=catalog)
    assert _rows(catalog, "location") == rows
    (tmp_path / "unplugged").rename(tmp_path / "drive")
    assert _all_cached(found("drive", cwd=tmp_path, catalog=catalog))
    (tmp_path / "drive" / "y.jpg").unlink()
    found("drive", cwd=tmp_path, catalog=catalog)
    assert _rows(catalog, "location") == rows - 1


def test_what_is_excluded_today_is_not_forgotten(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    found("photos", cwd=tmp_path, catalog=catalog)
    rows = _rows(catalog, "location")
    found("photos", "--exclude", "*.png", "--exclude", "other/", cwd=tmp_path, catalog=catalog)
    assert _rows(catalog, "location") == rows
    assert _all_cached(found("photos", cwd=tmp_path, catalog=catalog))


def test_another_way_to_the_same_folder_costs_nothing(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    found("photos", cwd=tmp_path, catalog=catalog)
    (tmp_path / "link").symlink_to("photos")
    for root in (str(photos), "./photos/", "photos/../photos", "link", "photos/2019", "photos/1-best.png"):
        assert _all_cached(found(root, cwd=tmp_path, catalog=catalog)), root


def test_another_mount_point_costs_nothing(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    first = found("photos", cwd=tmp_path, catalog=catalog)
    point = tmp_path / "mounted"
    point.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "--bind", photos, point], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let the test mount a folder")
    try:
        document = found("mounted", cwd=tmp_path, catalog=catalog)
        both = found("photos", "mounted", cwd=tmp_path, catalog=catalog)
    finally:
        subprocess.run(["umount", point], check=True)
    assert _all_cached(document)
    assert {len(group) for group in members(document)} == {len(group) for group in members(first)}
    assert _rows(catalog, "location") == first["stats"]["images"]
    assert both["stats"]["images"] == first["stats"]["images"], "one folder under two names is one folder"


def test_no_catalog_leaves_nothing_behind(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    assert run("find", "photos", "--no-catalog", "--workers", "1", cwd=tmp_path).code == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert run("find", "photos", cwd=tmp_path).code == 0
    assert list(home.rglob("*.sqlite")), "without either option the catalog lives in the cache folder"
    assert run("find", "photos", "--json", cwd=tmp_path).document["stats"]["cached"] > 0


def test_a_read_only_folder_is_only_read(photos: Path, tmp_path: Path) -> None:
    def look() -> dict[Path, tuple[int, int, int]]:
        return {path: (s.st_mtime_ns, s.st_size, s.st_mode) for path in photos.rglob("*") for s in [path.lstat()]}

    before = look()
    found("photos", cwd=tmp_path, catalog=tmp_path / "catalog.sqlite")
    assert look() == before


def test_truncated_content_known_as_accepted_is_not_shared_with_refused(tmp_path: Path) -> None:
    """A second name of a truncated file must not slip in by its digest."""
    catalog = tmp_path / "catalog.sqlite"
    cut = copies(1)["high.jpg"][:-4000]
    write(tmp_path / "photos" / "cut.jpg", cut)
    found("photos", "--truncated", "accept", cwd=tmp_path, catalog=catalog)
    write(tmp_path / "photos" / "cut again.jpg", cut)
    refused = found("photos", cwd=tmp_path, catalog=catalog)
    assert (refused["stats"]["failed"], refused["groups"]) == (2, [])
    accepted = found("photos", "--truncated", "accept", cwd=tmp_path, catalog=catalog)
    (rows,) = groups(accepted).values()
    assert {row.get("tier") for row in rows.values()} == {None, "exact"}
