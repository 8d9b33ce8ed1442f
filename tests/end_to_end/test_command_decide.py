"""What was decided holds: through renames, moves, new scans, other tiers, hashes and rules, until it is taken back."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from album import jpeg
from command import comparable, found, groups, members, run, write
from PIL import Image

from conftest import encode, scene


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two forms of one picture, one of them with a twin of equal bytes, and another picture."""
    folder = tmp_path / "photos"
    write(folder / "a.png", encode(scene(1), "PNG"))
    write(folder / "b.jpg", jpeg(scene(1), 80))
    write(folder / "sub" / "b twin.jpg", jpeg(scene(1), 80))
    write(folder / "other.jpg", jpeg(scene(2), 80))
    return folder


ALL = frozenset({"photos/a.png", "photos/b.jpg", "photos/sub/b twin.jpg"})
TWINS = frozenset({"photos/b.jpg", "photos/sub/b twin.jpg"})


def decide(*arguments: str, cwd: Path, code: int = 0) -> str:
    done = run("decide", *arguments, cwd=cwd)
    assert done.code == code, done.errors
    return done.text if code == 0 else done.errors


def test_different_holds_whatever_becomes_of_the_files_and_however_one_looks(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    before = found("photos", cwd=tmp_path, catalog=catalog)
    assert members(before) == {ALL}
    said = decide("add", "different", "photos/a.png", "photos/b.jpg", "--note", "two takes", cwd=tmp_path)
    assert said == "decision 1: different   (lookalike decide remove 1 takes it back)\n"
    for options in (
        (), ("--tier", "exact"), ("--tier", "similar"), ("--radius", "64"), ("--algorithm", "dhash"), ("--size", "16"),
        ("--group", "clique"), ("--group", "component"), ("--orient", "all"), ("--crops",), ("--verify", "pixels"),
        ("--keep", "name"), ("--protect", "b.jpg"),
    ):  # fmt: skip
        document = found("photos", *options, cwd=tmp_path, catalog=catalog)
        assert members(document) == {TWINS}, options
        assert document["stats"]["by_tier"]["exact"] == 1, "names of equal bytes stay duplicates"
    (photos / "a.png").rename(photos / "renamed.png")
    shutil.move(photos / "b.jpg", photos / "sub" / "moved.jpg")
    assert members(found("photos", cwd=tmp_path)) == {frozenset({"photos/sub/b twin.jpg", "photos/sub/moved.jpg"})}
    photos.rename(tmp_path / "elsewhere")
    assert len(found("elsewhere", cwd=tmp_path)["groups"]) == 1
    (tmp_path / "elsewhere").rename(photos)
    (photos / "renamed.png").rename(photos / "a.png")
    shutil.move(photos / "sub" / "moved.jpg", photos / "b.jpg")
    decide("remove", "1", cwd=tmp_path)
    after = found("photos", cwd=tmp_path, catalog=catalog)
    assert comparable(after) == comparable(before), "the catalog took no notice of it"


def test_keep_holds_for_copies_of_equal_bytes_too_and_others_go_in_favour(photos: Path, tmp_path: Path) -> None:
    decide("add", "keep", "photos/b.jpg", cwd=tmp_path)
    for rule in ("star", "clique", "component"):
        document = found("photos", "--group", rule, cwd=tmp_path)
        (group,) = document["groups"]
        assert (group["keeper"], group["members"][0]["reason"]) == ("photos/b.jpg", "decided to keep yes > no")
        assert [row["path"] for row in group["members"][1:]] == ["photos/a.png"]
    assert found("photos", "--tier", "exact", cwd=tmp_path)["groups"] == []
    decide("add", "keep", "photos/a.png", cwd=tmp_path)
    assert found("photos", cwd=tmp_path)["groups"] == []


def test_equal_pixels_are_set_apart_and_what_else_is_equal_stays_with_the_better(tmp_path: Path) -> None:
    for name, level in (("a", 1), ("b", 6), ("c", 9)):
        write(tmp_path / "photos" / f"{name}.png", encode(scene(1), "PNG", compress_level=level))
        write(
            tmp_path / "photos" / f"flat {name}.png",
            encode(Image.new("RGB", (90, 90), "red"), "PNG", compress_level=level, dpi=(level, 9)),
        )
    assert sorted(map(len, members(found("photos", cwd=tmp_path)))) == [3, 3]
    decide("add", "different", "photos/a.png", "photos/b.png", cwd=tmp_path)
    decide("add", "keep", "photos/flat a.png", "photos/flat b.png", cwd=tmp_path)
    document = found("photos", cwd=tmp_path)
    picture, flat = sorted(document["groups"], key=lambda group: "flat" in group["keeper"])
    assert [row["tier"] for row in picture["members"][1:]] == ["exact"]
    assert not {"photos/a.png", "photos/b.png"} <= {row["path"] for row in picture["members"]}
    assert (flat["keeper"], [row["path"] for row in flat["members"][1:]]) == (
        "photos/flat a.png",
        ["photos/flat c.png"],
    )


@pytest.mark.parametrize("kind", ["different", "keep"])
def test_against_references(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "have" / "best.png", encode(scene(1), "PNG"))
    write(tmp_path / "have" / "two.png", encode(scene(2), "PNG"))
    for name, seed, quality in (("one.jpg", 1, 80), ("one more.jpg", 1, 60), ("two.jpg", 2, 80)):
        write(tmp_path / "new" / name, jpeg(scene(seed), quality))
    options = ("new", "--against", "have", "--unmatched", "left.txt")
    found(*options, cwd=tmp_path)
    assert (tmp_path / "left.txt").read_text() == ""
    decide("add", kind, "have/best.png", "new/one.jpg", cwd=tmp_path)
    document = found(*options, cwd=tmp_path)
    assert (tmp_path / "left.txt").read_text() == "new/one.jpg\n"
    assert members(document) == {
        frozenset({"have/best.png", "new/one more.jpg"}),
        frozenset({"have/two.png", "new/two.jpg"}),
    }
    shutil.copy(tmp_path / "new" / "one.jpg", tmp_path / "have" / "the same.jpg")
    found(*options, cwd=tmp_path)
    left = (tmp_path / "left.txt").read_text()
    assert left == ("" if kind == "different" else "new/one.jpg\n"), (
        "of equal bytes only what is to be kept is set apart"
    )


def test_no_star_holds_what_is_set_apart_and_a_component_only_through_others(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "best.png", encode(scene(1), "PNG"))
    for quality in (90, 70):
        write(tmp_path / "photos" / f"{quality}.jpg", jpeg(scene(1), quality))
    decide("add", "different", "photos/90.jpg", "photos/70.jpg", cwd=tmp_path)
    assert members(found("photos", cwd=tmp_path)) == {frozenset({"photos/best.png", "photos/90.jpg"})}
    decide("remove", "1", cwd=tmp_path)
    decide("add", "different", "photos/best.png", "photos/70.jpg", cwd=tmp_path)
    assert members(found("photos", "--group", "clique", cwd=tmp_path)) == {
        frozenset({"photos/best.png", "photos/90.jpg"})
    }
    catalog = tmp_path / "catalog.sqlite"
    for _ in range(2):
        document = found("photos", "--group", "component", cwd=tmp_path, catalog=catalog)
        row = groups(document)["photos/best.png"]["photos/70.jpg"]
        assert (row["tier"], row["role"], row["relation"]) == (None, "similar", "connected through others only")
        assert document["stats"]["duplicates"] == 1


def test_a_group_of_findings(photos: Path, tmp_path: Path) -> None:
    assert run("find", "photos", "--no-catalog", "--output", "findings.json", cwd=tmp_path).code == 0
    decide("add", "different", "findings.json", "--group", "1", cwd=tmp_path)
    assert members(found("photos", cwd=tmp_path)) == {TWINS}
    told = decide("add", "different", "a", "b", "--group", "1", cwd=tmp_path, code=2)
    assert told == "lookalike: --group takes one file of findings, got 2\n"
    assert "is not JSON" in decide("add", "keep", "photos/a.png", "--group", "1", cwd=tmp_path, code=2)


def test_list_export_and_import(photos: Path, tmp_path: Path) -> None:
    assert decide("list", cwd=tmp_path) == "nothing is decided\n"
    decide("add", "different", "photos/a.png", "photos/b.jpg", "--note", "two\ttakes", cwd=tmp_path)
    decide("add", "keep", "photos/other.jpg", cwd=tmp_path)
    lines = decide("list", cwd=tmp_path).splitlines()
    assert [line.split()[:2] for line in lines if not line.startswith(" ")] == [["1", "different"], ["2", "keep"]]
    assert sorted(line.split()[1] for line in lines if line.startswith(" ")) == [
        "photos/a.png", "photos/b.jpg", "photos/other.jpg",
    ]  # fmt: skip
    document = json.loads(decide("list", "--json", cwd=tmp_path))
    assert decide("export", "all.json", cwd=tmp_path) == "2 decisions written to all.json\n"
    assert json.loads((tmp_path / "all.json").read_text()) == document
    assert decide("import", "all.json", cwd=tmp_path) == "0 new decisions\n"
    assert decide("import", "all.json", "--ledger", "mine.sqlite", cwd=tmp_path) == "2 new decisions\n"
    assert json.loads(decide("list", "--json", "--ledger", "mine.sqlite", cwd=tmp_path)) == document
    decide("remove", "1", cwd=tmp_path)
    assert members(found("photos", cwd=tmp_path)) == {ALL}
    assert members(found("photos", "--ledger", "mine.sqlite", cwd=tmp_path)) == {TWINS}
    assert "there is no decision 1" in decide("remove", "1", cwd=tmp_path, code=2)


def test_a_search_makes_no_ledger_and_a_damaged_one_is_said(photos: Path, tmp_path: Path) -> None:
    home = tmp_path / "state"
    usual = ("find", "photos", "--no-catalog", "--workers", "1")
    assert run(*usual, cwd=tmp_path, XDG_STATE_HOME=str(home)).code == 0
    assert run("decide", "list", cwd=tmp_path, XDG_STATE_HOME=str(home)).code == 0
    assert not home.exists()
    assert run("decide", "add", "keep", "photos/a.png", cwd=tmp_path, XDG_STATE_HOME=str(home)).code == 0
    (ledger,) = home.rglob("ledger.sqlite")
    whole = ledger.read_bytes()
    for damaged in (b"no database" * 900, whole[:100] + b"\xff" * (len(whole) - 100)):
        ledger.write_bytes(damaged)
        for command in (usual, ("decide", "list"), ("decide", "add", "keep", "photos/b.jpg")):
            done = run(*command, cwd=tmp_path, XDG_STATE_HOME=str(home))
            assert (done.code, done.out) == (5, b"")
            assert "damaged" in done.errors
            assert "lookalike history --repair" in done.errors
        assert ledger.read_bytes() == damaged
    ledger.unlink()
    with closing(sqlite3.connect(ledger)) as other, other:
        other.execute("CREATE TABLE theirs (a)")
    done = run(*usual, cwd=tmp_path, XDG_STATE_HOME=str(home))
    assert (done.code, "is an SQLite file of another program: name another file with --ledger" in done.errors) == (
        5,
        True,
    )
