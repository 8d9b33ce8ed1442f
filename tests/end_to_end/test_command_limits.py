"""Limits that a user sets: they hold with one worker and with several, say which they are, and are tried again when raised."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from album import jpeg
from command import failures, found, members, observed, run, write

import bombs
from conftest import aged, scene

PAIR = {frozenset({"photos/a.jpg", "photos/b.jpg"})}
SLOW = bombs.scans_jpeg(3000, 100)
MB = 1 << 20
needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of the system here")
needs_linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")
VERBS = ("find", "clean", "review", "leaks", "search", "hash", "tune", "export", "features")
TOO_LONG = "its decoder took longer than 0.05 s: raise --max-seconds"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, quality in (("a.jpg", 90), ("b.jpg", 70)):
        write(tmp_path / "photos" / name, jpeg(scene(1, 320, 240), quality))
    return tmp_path / "photos"


@needs_timers
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_image_that_takes_too_long_costs_itself(photos: Path, workers: str) -> None:
    write(photos / "slow.jpg", SLOW)
    told = ("--max-seconds", "0.05", "--no-catalog", "--workers", workers, "--json")
    document = run("find", "photos", *told, cwd=photos.parent).document
    assert members(document) == PAIR
    row = failures(document)["photos/slow.jpg"]
    assert (row["kind"], row["reason"], row["stage"]) == ("limit", TOO_LONG, "decode")
    stats = document["stats"]
    assert (stats["images"], stats["hashed"], stats["failed"]) == (3, 2, 1)
    options = document["options"]
    assert (options["max_seconds"], options["max_memory"], options["max_pixels"]) == (0.05, None, 178_956_970)


@needs_timers
@pytest.mark.parametrize("verb", ["find", "hash"])
def test_a_failure_for_a_limit_is_tried_again_when_that_is_raised(photos: Path, verb: str, tmp_path: Path) -> None:
    slow, catalog = aged(write(photos / "slow.jpg", SLOW)), tmp_path / "catalog.db"

    def reason(*told: str) -> str | None:
        common = ("--catalog", str(catalog), "--workers", "2", *told)
        if verb == "hash":
            done = run("hash", "photos", "--decode", "fast", "--json", *common, cwd=tmp_path)
            rows = [line for line in done.text.splitlines() if "slow.jpg" in line]
            return None if '"failure": null' in rows[0] or "failure" not in rows[0] else rows[0]
        row = failures(run("find", "photos", "--json", *common, cwd=tmp_path).document).get("photos/slow.jpg")
        return None if row is None else str(row["reason"])

    assert TOO_LONG in (reason("--max-seconds", "0.05") or "")
    status = slow.stat()
    with slow.open("r+b") as file:  # whoever reads it again sees something else
        file.write(bytes(100))
    os.utime(slow, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert TOO_LONG in (reason("--max-seconds", "0.05") or ""), "it is remembered under the same limit"
    assert TOO_LONG in (reason("--max-seconds", "0.02") or ""), "and under a tighter one"
    with slow.open("r+b") as file:
        file.write(SLOW[:100])
    os.utime(slow, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert reason("--max-seconds", "60") is None


@needs_linux
def test_memory_that_is_not_enough_is_remembered_until_there_is_more(photos: Path, tmp_path: Path) -> None:
    aged(write(photos / "large.webp", bombs.webp(5000, 5000, 2)))
    aged(write(photos / "deep.png", bombs.png(5000, 5000, mode=6, depth=16)))
    told = ("find", "photos", "--json", "--catalog", tmp_path / "catalog.db", "--workers", "1")
    done, most = observed(*told, "--max-memory", "160M", cwd=tmp_path)
    too_much = "its decoder needed more than 0.156 GB: raise --max-memory"
    found_before = {path: row["reason"] for path, row in failures(done.document).items()}
    assert found_before["photos/large.webp"] == too_much
    assert members(done.document) == PAIR
    assert most < 220 * MB, "and the program itself does not inflate what its workers may not"
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as db, db:
        kept = db.execute(
            "SELECT limit_memory FROM content WHERE failure = 'limit' AND limit_seconds IS NULL"
        ).fetchall()
    assert {row[0] for row in kept} == {160 * MB}
    more = run(*told, "--max-memory", "1.5G", cwd=tmp_path).document
    assert failures(more) == {}
    assert more["stats"]["hashed"] == 4


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_decodes_has_the_limits(verb: str) -> None:
    text = run(verb, "--help", COLUMNS="200").text
    for option in ("--max-pixels", "--max-seconds", "--max-memory"):
        assert option in text
    assert ("--read-ahead" in text) is (verb != "features"), "which reads pairs as it looks at them"


@pytest.mark.parametrize(
    "told",
    [
        ("--max-seconds", "0"), ("--max-seconds", "nan"), ("--max-seconds", "-3"), ("--max-memory", "1M"),
        ("--max-memory", "much"), ("--max-memory", "-1"), ("--max-memory", ""), ("--read-ahead", "0"),
        ("--read-ahead", "1e9"),
    ],
)  # fmt: skip
def test_a_limit_that_is_none_is_refused(photos: Path, told: tuple[str, str]) -> None:
    result = run("find", "photos", "--no-catalog", *told, cwd=photos.parent)
    assert result.code == 2
    assert told[0].removeprefix("--").replace("-", "_") in result.errors.replace("-", "_")
    assert "Traceback" not in result.errors


def test_what_is_read_ahead_changes_no_result(photos: Path) -> None:
    run("export", "photos", "--tier", "exact", "--tar", "set.tar", "--no-catalog", cwd=photos.parent)
    usual, little = (found("photos", "set.tar", "--read-ahead", size, cwd=photos.parent) for size in ("256M", "1"))
    assert usual["groups"] == little["groups"]
    assert len(usual["groups"][0]["members"]) == 4


@needs_timers
def test_features_and_searches_are_held_to_limits(photos: Path) -> None:
    write(photos / "slow.jpg", SLOW)
    write(photos.parent / "pairs.csv", b"path_a,path_b\nphotos/a.jpg,photos/slow.jpg\nphotos/a.jpg,photos/b.jpg\n")
    done = run("features", "pairs.csv", "--decode", "fast", "--algorithm", "phash", "--json", "--max-seconds", "0.1",
               "--workers", "1", cwd=photos.parent)  # fmt: skip
    assert done.code == 0, done.errors
    assert "its decoder took longer than 0.2 s: raise --max-seconds" in done.text.splitlines()[0]
    assert '"failure": null' in done.text.splitlines()[1]
    told = ("--in", "photos", "--no-catalog", "--json", "--max-seconds", "0.05", "--workers", "1")
    done = run("search", "photos/a.jpg", "photos/slow.jpg", *told, cwd=photos.parent)
    one, slow = done.document["searched"]
    assert [hit["path"] for hit in one["hits"]] == ["photos/b.jpg"]
    assert (slow["failure"], "raise --max-seconds" in slow["reason"]) == ("limit", True)
