"""Hash tables as sources: what `hash` wrote in several places, `find` searches in one, as if it had read the images."""

import json
import os
import shutil
import signal
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from album import jpeg
from command import Result, run, start, write

import lookalike
from conftest import encode, scene
from lookalike.errors import UsageError

BROKEN = b"\x89PNG\r\n\x1a\nnothing"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, a ZIP and a TAR that share pictures, at other sizes and qualities; a broken image, flat ones, and words."""
    base = tmp_path_factory.mktemp("shards")
    pictures = [scene(seed, 420, 300) for seed in range(5)]
    flat = encode(scene(1, 64, 64).convert("L").point(lambda _: 200), "PNG")
    write(base / "one" / "a.jpg", jpeg(pictures[0]))
    write(base / "one" / "b.png", encode(pictures[1], "PNG"))
    write(base / "one" / "deep" / "c.jpg", jpeg(pictures[2]))
    write(base / "one" / "deep" / "flat.png", flat)
    write(base / "one" / "broken.png", BROKEN)
    write(base / "one" / "notes.txt", b"words")
    with zipfile.ZipFile(base / "two.zip", "w") as archive:
        archive.writestr("a-small.jpg", jpeg(pictures[0].resize((210, 150))))
        archive.writestr("b.png", encode(pictures[1], "PNG"))
        archive.writestr("d.jpg", jpeg(pictures[3]))
        archive.writestr("flat.png", flat)
    with tarfile.open(base / "three.tar", "w") as archive:
        for name, content in (("c.webp", encode(pictures[2], "WEBP")), ("e.jpg", jpeg(pictures[4]))):
            write(base / "member", content)
            archive.add(base / "member", name)
    (base / "member").unlink()
    for name in ("one", "two.zip", "three.tar"):
        for options, folder in (((), "h"), (("--thumbnails",), "t")):
            (base / folder).mkdir(exist_ok=True)
            assert hashed(name, f"{folder}/{name}.parquet", *options, cwd=base).code == 0
    return base


def hashed(path: str, output: str, *options: str, cwd: Path) -> Result:
    return run(
        "hash", path, "--decode", "fast", "--output", output, "--no-catalog", "--workers", "1", *options, cwd=cwd
    )  # fmt: skip


def found(*arguments: str, cwd: Path, code: int = 0) -> Result:
    result = run("find", *arguments, "--json", "--no-catalog", "--workers", "1", cwd=cwd)
    assert result.code == code, result.errors
    return result


def told(result: Result) -> dict[str, Any]:
    """Return what must not depend on how the images were come by."""
    document = result.document
    for name in ("roots", "by_root"):
        document.pop(name)
    document["options"].pop("against", None)
    for name in ("seconds", "cached"):
        document["stats"].pop(name)
    return document


def tables(folder: str) -> list[str]:
    return [f"{folder}/{name}.parquet" for name in ("one", "two.zip", "three.tar")]


@pytest.mark.parametrize("folder", ["h", "t"])
def test_tables_are_searched_as_the_images_would_be(shards: Path, folder: str) -> None:
    images = told(found("one", "two.zip", "three.tar", cwd=shards))
    assert [len(group["members"]) for group in images["groups"]] == [2, 2, 2, 2]
    result = found(*tables(folder), cwd=shards)
    assert told(result) == images
    assert "lookalike:" not in result.errors
    mixed = found("one", *tables(folder)[1:], cwd=shards)
    assert told(mixed) == images


@pytest.mark.parametrize("folder", ["h", "t"])
def test_tables_are_references(shards: Path, folder: str) -> None:
    images = told(found("one", "--against", "two.zip", cwd=shards))
    one, two, _ = tables(folder)
    assert told(found(one, "--against", two, cwd=shards)) == images
    assert told(found("one", "--against", two, cwd=shards)) == images


def test_globs_are_relative_to_what_was_hashed(shards: Path) -> None:
    result = found(*tables("t"), "--exclude", "deep/", cwd=shards).document
    assert result["stats"]["skipped"] == {"excluded": 2, "not an image": 1}
    assert all("deep" not in member["path"] for group in result["groups"] for member in group["members"])
    small = found(*tables("t"), "--min-size", "300x0", cwd=shards).document
    assert small["stats"]["skipped"]["smaller than 300x0"] == 3


def test_thumbnails_need_no_image(shards: Path, tmp_path: Path) -> None:
    shutil.copytree(shards / "t", tmp_path / "t")
    images = told(found("one", "two.zip", "three.tar", cwd=shards))["groups"]
    result = found(*tables("t"), cwd=tmp_path)
    assert told(result)["groups"] == images
    assert "lookalike:" not in result.errors


def test_images_that_cannot_be_read_again_are_counted(shards: Path, tmp_path: Path) -> None:
    shutil.copytree(shards / "h", tmp_path / "h")
    shutil.copytree(shards / "one", tmp_path / "one")
    write(tmp_path / "one" / "a.jpg", jpeg(scene(9)))
    result = found(*tables("h"), cwd=tmp_path)
    tiers = sorted(member.get("tier", "") for group in result.document["groups"] for member in group["members"])
    assert tiers == ["", "", "exact", "exact"], "equal digests need no picture"
    assert "3 of 4 images that tables know by hash alone" in result.errors


REFUSED: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "another decoding": (("--decode", "full"), (), "--decode fast --output FILE.parquet"),
    "another algorithm": (("--decode", "fast", "--algorithm", "dhash"), (), "add --algorithm dhash --size 8"),
    "another size": (("--decode", "fast", "--size", "16"), (), "add --algorithm phash --size 16"),
    "mixed": (("--decode", "fast", "--algorithm", "dhash"), ("t/one.parquet",), "hashes of different kinds"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_hashes_are_refused_with_a_hint(shards: Path, tmp_path: Path, kind: str) -> None:
    options, others, hint = REFUSED[kind]
    output = str(tmp_path / "x.parquet")
    assert run("hash", "one", *options, "--output", output, "--no-catalog", cwd=shards).code == 0
    result = found(output, *others, cwd=shards, code=2)
    assert result.out == b""
    assert hint in result.errors


def test_the_hash_that_a_table_has_is_found_when_asked_for(shards: Path, tmp_path: Path) -> None:
    output = str(tmp_path / "x.parquet")
    hashed("one", output, "--algorithm", "phash,dhash", "--size", "16", cwd=shards)
    options = ("--algorithm", "dhash", "--size", "16")
    assert told(found(output, *options, cwd=shards)) == told(found("one", *options, cwd=shards))


@pytest.mark.parametrize("damage", ["cut", "column", "hash", "newer"])
def test_a_table_that_is_not_what_it_says_is_refused(shards: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.parquet"
    table = pq.read_table(shards / "t" / "one.parquet")
    if damage == "column":
        table = table.drop_columns(["detail"])
    elif damage == "hash":
        at = table.schema.get_field_index("phash-8-lanczos3-fast-v1")
        table = table.set_column(at, table.schema.field(at), pa.nulls(len(table), table.schema.field(at).type))
    elif damage == "newer":
        mark = json.loads(table.schema.metadata[b"lookalike"]) | {"version": 99}
        table = table.replace_schema_metadata({"lookalike": json.dumps(mark)})
    pq.write_table(table, path)
    if damage == "cut":
        content = bytearray(path.read_bytes())
        content[200:2200] = bytes(2000)
        path.write_bytes(content)
    result = found(str(path), cwd=shards, code=2)
    assert "x.parquet" in result.errors
    assert "Traceback" not in result.errors


def test_thumbnails_of_another_version_are_not_used(shards: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pq.read_table(shards / "t" / "one.parquet")
    mark = json.loads(table.schema.metadata[b"lookalike"]) | {"decode": 1}
    pq.write_table(table.replace_schema_metadata({"lookalike": json.dumps(mark)}), path)
    result = found(str(path), "two.zip", cwd=shards)
    assert told(result)["groups"] == told(found("one", "two.zip", cwd=shards))["groups"]
    assert "thumbnails of another version" in result.errors


def test_a_finished_table_is_not_made_again(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path / "in" / f"{seed}.jpg", jpeg(scene(seed)))
    first = hashed("in", "in/x.parquet", cwd=tmp_path)
    assert first.code == 0
    made = (tmp_path / "in" / "x.parquet").stat()
    again = hashed("in", "in/x.parquet", cwd=tmp_path)
    assert (again.code, again.errors) == (0, "in/x.parquet was finished before\n")
    assert (tmp_path / "in" / "x.parquet").stat().st_mtime_ns == made.st_mtime_ns
    other = hashed("in", "in/x.parquet", "--thumbnails", cwd=tmp_path)
    assert (other.code, "other options" in other.errors, "--overwrite" in other.errors) == (2, True, True)
    write(tmp_path / "in" / "3.jpg", jpeg(scene(3)))
    changed = hashed("in", "in/x.parquet", cwd=tmp_path)
    assert (changed.code, "was changed" in changed.errors) == (2, True)
    assert hashed("in", "in/x.parquet", "--overwrite", cwd=tmp_path).code == 0
    assert pq.read_metadata(tmp_path / "in" / "x.parquet").num_rows == 4
    write(tmp_path / "y.parquet", b"of somebody else")
    assert hashed("in", "y.parquet", cwd=tmp_path).code == 2
    assert (tmp_path / "y.parquet").read_bytes() == b"of somebody else"


def test_what_was_not_seen_whole_is_made_again(tmp_path: Path) -> None:
    write(tmp_path / "in" / "0.jpg", jpeg(scene(0)))
    for _ in range(2):
        result = run("hash", "in", "away", "--decode", "fast", "--output", "x.parquet", "--no-catalog", cwd=tmp_path)
        assert (result.code, "finished before" in result.errors) == (3, False)


def test_a_kill_leaves_no_half_table(tmp_path: Path) -> None:
    for seed in range(300):
        write(tmp_path / "in" / f"{seed}.webp", encode(scene(seed, 240, 180), "WEBP"))
    process = start(
        "hash", "in", "--decode", "fast", "--output", "x.parquet", "--catalog", "c.sqlite", "--workers", "2", cwd=tmp_path
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".lookalike-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "x.parquet").exists()
    again = run("hash", "in", "--decode", "fast", "--output", "x.parquet", "--catalog", "c.sqlite", cwd=tmp_path)
    assert again.code == 0, again.errors
    assert pq.read_metadata(tmp_path / "x.parquet").num_rows == 300


@pytest.mark.parametrize("name", ["path", "bytes", "truncated", "decoder", "text"])
def test_a_table_that_lacks_what_each_image_has_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").write_bytes(encode(scene(1)))
    path = str(tmp_path / "a.parquet")
    assert run("hash", str(tmp_path / "photos"), "--decode", "fast", "--no-catalog", "--output", path).code == 0
    table = pq.read_table(path)
    at = table.schema.get_field_index("path" if name == "text" else name)
    wrong = pa.nulls(1, table.schema.field(at).type)
    if name == "text":
        wrong = pa.Array.from_buffers(pa.utf8(), 1, pa.array([b"\xff.jpg"]).buffers())
    pq.write_table(table.set_column(at, table.schema.field(at), wrong), path)
    with pytest.raises(UsageError, match="UTF8" if name == "text" else f"without {name}"):
        lookalike.find([path], use_catalog=False, workers=1)


def test_images_of_tables_count_with_their_table_and_are_listed_by_what_was_hashed(tmp_path: Path) -> None:
    for name, seed in (("a.jpg", 1), ("in/b.jpg", 1), ("in/deep/c.jpg", 2), ("other/d.jpg", 3)):
        write(tmp_path / "photos" / name, jpeg(scene(seed, 420, 300)))
    write(tmp_path / "more" / "e.jpg", jpeg(scene(1, 420, 300), 70))
    write(tmp_path / "new" / "f.jpg", jpeg(scene(2, 420, 300), 70))
    for name in ("photos", "more"):
        assert hashed(name, f"{name}.parquet", "--thumbnails", cwd=tmp_path).code == 0
    listing = ("--keep-lists", "lists")
    alone = found("photos.parquet", "more.parquet", *listing, cwd=tmp_path).document["by_root"]
    assert {row["path"]: row["images"] for row in alone} == {"photos.parquet": 4, "more.parquet": 1}
    shards = json.loads((tmp_path / "lists" / "manifest.json").read_text())["shards"]
    assert {row["path"]: row["images"] for row in shards} == {"photos": 4, "more": 1}
    names = found("photos", "more", "--keep-lists", "same", cwd=tmp_path)
    assert names.code == 0
    for file in (tmp_path / "same").iterdir():
        if file.name != "manifest.json":
            assert (tmp_path / "lists" / file.name).read_bytes() == file.read_bytes()
    mixed = found("new", "more.parquet", "--against", "photos.parquet", cwd=tmp_path).document["by_root"]
    assert {row["path"]: row["images"] for row in mixed} == {"new": 1, "more.parquet": 1, "photos.parquet": 4}


def test_what_only_tables_tell_of_is_never_acted_on(tmp_path: Path) -> None:
    for name, side in (("a.jpg", 480), ("b.jpg", 240)):
        write(tmp_path / "photos" / name, encode(scene(1, 640, 480).resize((side, side * 3 // 4)), quality=90))
    assert hashed("photos", "h.parquet", "--thumbnails", cwd=tmp_path).code == 0
    found("h.parquet", "--output", "found.json", cwd=tmp_path)
    for root in ("h.parquet", "found.json"):
        shown = run("clean", root, "--plan", "plan.json", cwd=tmp_path)
        assert (shown.code, "outside the folders that were searched" in shown.text) == (0, True)
        for asked in (
            ("clean", root, "--apply", "--yes"),
            ("clean", root, "--script", "do.sh"),
            ("apply", "plan.json", "--yes"),
        ):
            result = run(*asked, cwd=tmp_path)
            assert (result.code, "photos/b.jpg is a duplicate that lies in no folder" in result.errors) == (2, True)
    assert not (tmp_path / "do.sh").exists()
    assert sorted(os.listdir(tmp_path / "photos")) == ["a.jpg", "b.jpg"]
