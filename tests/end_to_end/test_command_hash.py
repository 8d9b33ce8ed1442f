"""`lookalike hash` as a user runs it: what it prints and writes, what it remembers, how it ends."""

import base64
import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from album import fill, jpeg
from command import MTIME, Argument, Result, environment, found, line, run, start, write

import lookalike as la
from conftest import encode, scene
from hash_forms import as_text
from lookalike.batches import make_specs
from lookalike.hashes import ALGORITHMS

PHASH = "phash-8-lanczos3-full-v1"
BROKEN = b"\x89PNG\r\n\x1a\nnothing"
JOINABLE = [name for name, row in ALGORITHMS.items() if row.joinable]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four images in two folders, one of them under two names, a broken one, and words."""
    root = tmp_path / "photos"
    write(root / "b.jpg", jpeg(scene(1, 300, 220)))
    write(root / "a.png", encode(scene(2, 300, 220), "PNG"))
    write(root / "in" / "c.webp", encode(scene(3, 300, 220), "WEBP"))
    write(root / "in" / "again.jpg", jpeg(scene(1, 300, 220)))
    write(root / "broken.png", BROKEN)
    write(root / "notes.txt", b"words")
    return root


IMAGES = ["photos/a.png", "photos/b.jpg", "photos/in/again.jpg", "photos/in/c.webp"]


def hashed(*arguments: Argument, cwd: Path, catalog: Path | None = None, code: int = 0) -> Result:
    """Run `hash`, which must end with `code`; unless told otherwise with one worker and without a catalog."""
    place: tuple[Argument, ...] = ("--no-catalog",) if catalog is None else ("--catalog", catalog)
    workers = () if "--workers" in arguments else ("--workers", "1")
    result = run("hash", *arguments, *place, *workers, cwd=cwd)
    assert result.code == code, result.errors
    assert "Traceback" not in result.errors
    return result


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))


def by_path(data: bytes) -> dict[str, dict[str, str]]:
    return {row["path"]: row for row in rows(data)}


def stale_bytes(path: Path) -> None:
    """Put other bytes under the old size and time: whoever reads the file fails."""
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, (MTIME, MTIME))


def test_csv_on_stdout_with_failures_as_rows(photos: Path) -> None:
    result = hashed("photos", cwd=photos.parent)
    found_rows = rows(result.out)
    assert list(found_rows[0]) == ["path", "path_bytes", "digest", PHASH, "stage", "failure", "reason"]
    assert [row["path"] for row in found_rows] == [*IMAGES, "photos/broken.png"]
    for row in found_rows[:4]:
        assert row[PHASH] == str(la.phash(photos.parent / row["path"]))
        assert len(row["digest"]) == 64
        assert row["stage"] == row["failure"] == row["reason"] == row["path_bytes"] == ""
    assert found_rows[1]["digest"] == found_rows[2]["digest"] != found_rows[0]["digest"]
    failure = found_rows[4]
    assert (failure["stage"], failure["failure"], failure["digest"], failure[PHASH]) == ("decode", "damaged", "", "")
    assert failure["reason"]
    assert result.errors == "4 images hashed, 1 could not be read (rows with a failure), 1 skipped\n"
    quiet = hashed("photos", "--quiet", cwd=photos.parent)
    assert (quiet.out, quiet.errors) == (result.out, "")


def test_several_algorithms_in_one_row(photos: Path) -> None:
    names = "ahash,mhash,dhash, dhash_vertical,phash,phash_simple,whash,whash8,pdq,colorhash,crop_resistant"
    table = by_path(hashed("photos", "--algorithm", names, cwd=photos.parent).out)
    for path in IMAGES:
        place, row = photos.parent / path, table[path]
        value, quality = la.pdq(place)
        assert (row["pdq-16-tent-pdq-v1"], row["pdq_quality"]) == (str(value), str(quality))
        assert row["colorhash-3-none-full-v1"] == str(la.colorhash(place))
        parts = ",".join(map(str, la.crop_resistant(place)))
        assert row["crop_resistant-8-lanczos3-full-v1"] == parts
        for name in ("ahash", "mhash", "dhash", "dhash_vertical", "phash", "phash_simple", "whash", "whash8"):
            one = la.hash_image(place, name)
            assert row[one.spec.id] == str(one), name
    assert table["photos/broken.png"]["pdq_quality"] == ""


@pytest.mark.parametrize("decode", ["full", "fast", "imgdd"])
def test_decoding_size_and_filter(photos: Path, decode: str) -> None:
    row = by_path(hashed("photos", "--decode", decode, "--algorithm", "phash,dhash", cwd=photos.parent).out)[IMAGES[0]]
    for name in ("phash", "dhash"):
        one = la.hash_image(photos / "a.png", name, decode=decode)
        assert row[one.spec.id] == str(one)
    if decode == "full":
        options = ("--size", "16", "--filter", "triangle", "--algorithm", "dhash")
        row = by_path(hashed("photos", *options, cwd=photos.parent).out)[IMAGES[0]]
        one = la.dhash(photos / "a.png", size=16, filter="triangle")
        assert row["dhash-16-triangle-full-v1"] == str(one)


def test_every_form_says_the_same(photos: Path) -> None:
    base = photos.parent
    out = hashed("photos", "--algorithm", "phash,pdq", cwd=base).out
    for name in ("x.csv", "x.jsonl", "x.parquet", "X.JSONL"):
        result = hashed("photos", "--algorithm", "phash,pdq", "--output", name, cwd=base)
        assert result.out == b""
        assert not list(base.glob(".lookalike-*"))
    expected = rows(out)
    assert (base / "x.csv").read_bytes() == out
    lines = (base / "x.jsonl").read_bytes()
    assert lines == (base / "X.JSONL").read_bytes()
    assert lines == hashed("photos", "--algorithm", "phash,pdq", "--json", cwd=base).out
    table = as_text(pq.read_table(base / "x.parquet").to_pylist(), make_specs(("phash", "pdq")))
    for read in ([json.loads(text) for text in lines.splitlines()], table):
        told = [{name: str(row[name]) if row.get(name) is not None else "" for name in expected[0]} for row in read]
        assert told == expected


def test_an_output_is_replaced_whole_or_not_at_all(photos: Path) -> None:
    base = photos.parent
    output = write(base / "x.csv", b"old")
    link = base / "link.csv"
    link.symlink_to("x.csv")
    hashed("missing", "--output", output, cwd=base, code=3)
    assert output.read_bytes() == b"old"
    hashed("photos", "--output", link, cwd=base)
    assert link.is_symlink()
    assert len(rows(output.read_bytes())) == 5
    assert not list(base.glob(".lookalike-*"))


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "algorithm": (("--algorithm", "fhash"), "ahash, mhash"),
    "an algorithm twice": (("--algorithm", "phash,phash"), "different"),
    "size": (("--size", "1"), "2 to 64"),
    "size that is none": (("--size", "eight"), "--size"),
    "filter": (("--filter", "lanczos"), "lanczos3, catmullrom"),
    "decoding": (("--decode", "slow"), "full, fast, imgdd"),
    "output": (("--output", "x.txt"), ".csv, .jsonl, .parquet"),
    "folder of the output": (("--output", "no/such/x.csv"), "does not exist"),
    "workers": (("--workers", "0"), "at least 1"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_usage_is_told_before_any_work(photos: Path, kind: str) -> None:
    options, told = WRONG[kind]
    before = sorted(photos.parent.rglob("*"))
    result = run("hash", "photos", "--catalog", "catalog.sqlite", *options, cwd=photos.parent)
    assert (result.code, result.out) == (2, b"")
    assert told in result.errors
    assert "Traceback" not in result.errors
    assert sorted(photos.parent.rglob("*")) == before


def test_no_path_is_wrong_usage(tmp_path: Path) -> None:
    assert run("hash", cwd=tmp_path).code == 2


def test_a_missing_root_is_told_and_the_rest_is_written(photos: Path) -> None:
    result = hashed("gone\x1b[2J", "photos", cwd=photos.parent, code=3)
    assert [row["path"] for row in rows(result.out)] == [*IMAGES, "photos/broken.png"]
    assert "gone\\x1b[2J" in result.errors
    assert "\x1b" not in result.errors, "a name cannot write to the terminal"


@pytest.mark.parametrize("output", [(), ("--json",), ("--output", "x.csv"), ("--output", "x.parquet")])
def test_nothing_to_read(tmp_path: Path, output: tuple[str, ...]) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "words" / "notes.txt", b"words")
    result = hashed("missing", *output, cwd=tmp_path, code=3)
    assert result.out == b""
    assert "missing" in result.errors
    assert not list(tmp_path.glob("x.*"))
    for root in ("empty", "words"):
        assert rows(hashed(root, cwd=tmp_path, code=3).out) == []


def test_images_that_all_fail_are_an_answer(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "broken.png", BROKEN)
    (row,) = rows(hashed("photos", cwd=tmp_path).out)
    assert row["failure"] == "damaged"


STRANGE = (
    b"caf\xe9.jpg", b"\xff\xfe.jpg", b"line\nbreak.jpg", b"return\r.jpg", b"-rf.jpg", b"--json", b" lead ", b"q\"'`$(id).jpg",
    "\u202egpj.exe.jpg".encode(), "\u65e5\u672c.jpg".encode(), b"comma,semicolon;.jpg", "\U0001f600.jpg".encode(), b"=1+2.jpg",
)  # fmt: skip


def test_any_bytes_are_a_name(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "strange")
    content = jpeg(scene(1, 160, 120))
    for name in STRANGE:
        write(os.path.join(folder, name), content)
    write(os.path.join(folder, b"bad\xfe\n.png"), b"")
    expected = sorted([b"strange/" + name for name in STRANGE] + [b"strange/bad\xfe\n.png"])

    def names(read: list[dict[str, Any]]) -> list[bytes]:
        return sorted(
            base64.b64decode(row["path_bytes"]) if row.get("path_bytes") else row["path"].encode() for row in read
        )

    result = hashed("strange", cwd=tmp_path)
    assert names(list(rows(result.out))) == expected
    lines = hashed("strange", "--json", cwd=tmp_path).out.splitlines()
    assert names([json.loads(text) for text in lines]) == expected
    hashed("strange", "--output", "x.parquet", cwd=tmp_path)
    assert names(as_text(pq.read_table(tmp_path / "x.parquet").to_pylist(), make_specs("phash"))) == expected
    ascii_only = run("hash", "strange", "--no-catalog", "--workers", "1", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (ascii_only.code, ascii_only.out) == (0, result.out), "CSV is UTF-8 whatever the terminal is"
    root = hashed(b"strange/line\nbreak.jpg", "--quiet", cwd=tmp_path)
    assert names(list(rows(root.out))) == [b"strange/line\nbreak.jpg"]
    dash = run("hash", "--no-catalog", "--workers", "1", "--", "-rf.jpg", "--json", cwd=tmp_path / "strange")
    assert (dash.code, names(list(rows(dash.out)))) == (0, [b"--json", b"-rf.jpg"])


def test_the_same_bytes_for_any_number_of_workers_and_with_a_catalog(tmp_path: Path) -> None:
    fill(tmp_path / "photos", range(0), range(100, 106))
    for at in range(6):
        write(tmp_path / "photos" / f"{at}" / "a.png", encode(scene(at, 200, 150), "PNG"))
        write(tmp_path / "photos" / f"{at}" / f"broken{at}.png", BROKEN)
        (tmp_path / "photos" / f"{at}" / "lost.jpg").symlink_to("nowhere")
    names = ("--algorithm", "phash,pdq,crop_resistant")
    catalog = tmp_path / "catalog.sqlite"
    alone = hashed("photos", *names, cwd=tmp_path).out
    assert hashed("photos", *names, "--workers", "3", cwd=tmp_path).out == alone
    assert hashed("photos", *names, "--workers", "2", cwd=tmp_path, catalog=catalog).out == alone
    assert hashed("photos", *names, "--workers", "2", cwd=tmp_path, catalog=catalog).out == alone
    assert hashed("photos", *names, cwd=tmp_path, catalog=catalog).out == alone
    hashed("photos", *names, "--workers", "1", "--output", "1.parquet", cwd=tmp_path)
    hashed("photos", *names, "--workers", "3", "--output", "3.parquet", cwd=tmp_path)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "3.parquet").read_bytes()


@pytest.mark.parametrize("decode", ["full", "fast"])
def test_a_second_run_reads_no_image(photos: Path, tmp_path: Path, decode: str) -> None:
    catalog = tmp_path / "new" / "catalog.sqlite"
    options = ("--algorithm", "phash,dhash", "--decode", decode)
    first = hashed("photos", *options, cwd=tmp_path, catalog=catalog).out
    stale_bytes(photos / "b.jpg")
    assert hashed("photos", *options, cwd=tmp_path, catalog=catalog).out == first
    assert by_path(hashed("photos", *options, cwd=tmp_path).out)[IMAGES[1]]["failure"], "it is read without a catalog"
    write(photos / "b.jpg", jpeg(scene(9, 300, 220)), MTIME + 1)
    changed = hashed("photos", *options, cwd=tmp_path, catalog=catalog).out
    assert changed == hashed("photos", *options, cwd=tmp_path).out != first


def test_find_after_hash_and_hash_after_find(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    full = hashed("photos", cwd=tmp_path, catalog=catalog).out
    document = found("photos", cwd=tmp_path, catalog=catalog)
    assert (document["stats"]["hashed"], document["stats"]["cached"]) == (4, 0), "thumbnails were not made"
    assert len(document["groups"]) == 1
    stale_bytes(photos / "a.png")
    assert hashed("photos", cwd=tmp_path, catalog=catalog).out == full, "hashes of decoding full survive a find"
    fast = hashed("photos", "--decode", "fast", "--algorithm", "dhash,pdq", cwd=tmp_path, catalog=catalog).out
    assert rows(fast)[0]["dhash-8-lanczos3-fast-v1"], "its thumbnails serve other hashes"
    again = found("photos", cwd=tmp_path, catalog=catalog)
    assert again["stats"]["cached"] == again["stats"]["hashed"] == 4
    other = tmp_path / "other.sqlite"
    write(photos / "a.png", encode(scene(2, 300, 220), "PNG"))
    assert hashed("photos", "--decode", "fast", "--algorithm", "dhash,pdq", cwd=tmp_path, catalog=other).out == fast
    after = found("photos", cwd=tmp_path, catalog=other)
    assert after["stats"]["cached"] == after["stats"]["hashed"] == 4, "find reads nothing after hash --decode fast"


def test_without_a_catalog_nothing_is_left(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    before = sorted(tmp_path.rglob("*"))
    assert run("hash", "photos", "--no-catalog", "--workers", "1", cwd=tmp_path).code == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert run("hash", "photos", "--workers", "1", cwd=tmp_path).code == 0
    assert list(home.rglob("*.sqlite"))


def test_rules_of_the_walk_hold(photos: Path) -> None:
    def names(*options: str) -> list[str]:
        return [row["path"] for row in rows(hashed("photos", *options, cwd=photos.parent).out)]

    assert names("--exclude", "in/", "--exclude", "broken.png") == IMAGES[:2]
    assert names("--include", "*.webp") == IMAGES[3:]
    (photos / "link").symlink_to(shutil.copytree(photos / "in", photos.parent / "elsewhere"))
    assert len(names()) == 5
    assert len(names("--follow-symlinks")) == 7


def test_files_that_end_early_and_large_ones(photos: Path) -> None:
    write(photos / "cut.jpg", jpeg(scene(5, 300, 220))[:-2000])
    refused = by_path(hashed("photos", cwd=photos.parent).out)["photos/cut.jpg"]
    assert refused["failure"] == "damaged"
    assert by_path(hashed("photos", "--truncated", "accept", cwd=photos.parent).out)["photos/cut.jpg"][PHASH]
    limited = by_path(hashed("photos", "--max-pixels", "65999", cwd=photos.parent).out)
    assert limited[IMAGES[0]]["failure"] == "limit"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_goes_away_is_no_error(photos: Path, options: tuple[str, ...]) -> None:
    for at in range(300):
        write(photos / "many" / f"{at}.png", BROKEN)
    process = subprocess.Popen(
        line("hash", "photos", "--no-catalog", "--workers", "1", "--quiet", *options), cwd=photos.parent,
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (0, b"")


@pytest.mark.parametrize("name", ["pdq", "whash8"])
def test_find_joins_by_other_algorithms(photos: Path, name: str) -> None:
    """Every one of them: tests/test_batches.py."""
    write(photos / "low.jpg", jpeg(scene(1, 300, 220), 60))
    document = found("photos", "--algorithm", name, cwd=photos.parent)
    (group,) = document["groups"]
    assert {row["path"] for row in group["members"]} == {"photos/b.jpg", "photos/in/again.jpg", "photos/low.jpg"}


@pytest.mark.parametrize("name", ["colorhash", "crop_resistant", "fhash"])
def test_find_refuses_what_is_not_for_joining(photos: Path, name: str) -> None:
    result = run("find", "photos", "--algorithm", name, "--no-catalog", cwd=photos.parent)
    assert (result.code, result.out) == (2, b"")
    assert ", ".join(JOINABLE) in result.errors


FILES = 1200


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many files that differ in what follows the picture."""
    base = tmp_path_factory.mktemp("large")
    pictures = [jpeg(scene(seed, 640, 480), 80) for seed in range(4)]
    for at in range(FILES):
        write(base / "photos" / f"{at % 3}" / f"{at:04}.jpg", pictures[at % 4] + b"%d" % at)
    return base


def _stored(catalog: Path) -> int:
    if not catalog.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True, timeout=5)) as database:
            return int(database.execute("SELECT count(*) FROM hash").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGKILL", -signal.SIGKILL)])
def test_what_was_hashed_before_an_interrupt_is_kept(large: Path, tmp_path: Path, sent: str, code: int) -> None:
    catalog, output = tmp_path / "catalog.sqlite", write(tmp_path / "x.csv", b"old")
    command = ("hash", "photos", "--catalog", catalog, "--output", output, "--workers", "2")
    process = start(*command, cwd=large)
    try:
        while _stored(catalog) == 0:
            assert process.poll() is None, "it ended before it stored anything"
            time.sleep(0.01)
        (os.killpg if sent == "SIGINT" else os.kill)(process.pid, signal.Signals[sent])
        _, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == code, errors
    assert output.read_bytes() == b"old", "the output is replaced whole or not at all"
    if code == 130:
        assert b"Traceback" not in errors
        assert b"interrupted" in errors
        assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".lookalike")) == []
    kept = _stored(catalog)
    assert 0 < kept < FILES
    # What is in the catalog is not read again: other bytes under the old size and time go unnoticed.
    with closing(sqlite3.connect(catalog)) as database:
        name = database.execute("SELECT name FROM location ORDER BY name LIMIT 1").fetchone()[0]
    (place,) = (large / "photos").glob(f"*/{os.fsdecode(name)}")
    content = place.read_bytes()
    stale_bytes(place)
    try:
        assert run(*command, cwd=large).code == 0
    finally:
        write(place, content)
    written = rows(output.read_bytes())
    assert len(written) == FILES
    assert not any(row["failure"] for row in written)
    assert _stored(catalog) == FILES
