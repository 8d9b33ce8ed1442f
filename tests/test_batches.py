"""Hashes of many images: tables in order, of bounded size and memory, the same whatever is done first."""

import contextlib
import os
import sqlite3
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.batches import make_specs
from lookalike.errors import SourceError, UsageError
from lookalike.hashes import ALGORITHMS, hash_block
from lookalike.scan import shortcut, streaming
from lookalike.scan.examining import Task
from lookalike.scan.shortcut import Shortcut
from lookalike.sources import files
from lookalike.tables.hashes import HashTable

MANY = 3000


def png(number: int) -> bytes:
    """Return the smallest gray PNG there is, 2x2 pixels from a number."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixels = struct.pack(">I", number * 2654435761 % 2**32)
    rows = b"\0" + pixels[:2] + b"\0" + pixels[2:]
    header = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def old(path: Path, content: bytes) -> Path:
    """Write a file whose time is settled."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thousands of tiny images in a few folders, every fifth one damaged, and some other files."""
    root = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        content = b"\x89PNG\r\n\x1a\nnothing" if number % 5 == 3 else png(number)
        old(root / f"{number // 700}" / f"{number:04}.png", content)
        if number % 500 == 0:
            old(root / f"{number // 700}" / f"{number:04}.txt", b"words")
            (root / f"{number // 700}" / f"{number:04}-lost.png").symlink_to("nowhere")
    return root


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Four pictures in two folders, a damaged one, and words."""
    root = tmp_path / "album"
    for seed, name in enumerate(("b.jpg", "a.png", "in/d.webp", "in/c.bmp")):
        form = {"jpg": "JPEG", "bmp": "BMP"}.get(name[-3:], name.rpartition(".")[2].upper())
        old(root / name, encode(scene(seed, 300, 220), form))
    old(root / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    old(root / "notes.txt", b"words")
    return root


def told(table: HashTable) -> list[dict[str, Any]]:
    return list(table.rows())


def paths_of(table: HashTable, root: Path) -> list[str]:
    return [os.path.relpath(path, root) for path in table.refs.paths]


def test_a_table_says_what_hash_image_says(album: Path) -> None:
    whole = [name for name, row in ALGORITHMS.items() if not row.several]
    table = la.hash_images(album, algorithms=[*whole, "crop_resistant"], use_catalog=False, workers=1)
    assert paths_of(table, album) == ["a.png", "b.jpg", "in/c.bmp", "in/d.webp"]
    for row, path in enumerate(table.refs.paths):
        for name in whole:
            assert table.hash(row, name) == la.hash_image(path, name)
        assert table.hash(row, "crop_resistant") == la.crop_resistant(path)
        assert table.quality["pdq"][row] == la.pdq(path)[1]
        status = Path(path).stat()
        assert (table.refs.size[row], table.refs.mtime_ns[row]) == (status.st_size, status.st_mtime_ns)
    (failure,) = table.failures
    assert (os.path.basename(failure.ref.path), failure.stage, failure.kind) == ("broken.png", "decode", "damaged")
    assert table.skipped == {"not an image": 1}
    assert table.incomplete == []


@pytest.mark.parametrize("decode", ["fast", "imgdd"])
def test_other_decodings_in_a_table(album: Path, decode: str) -> None:
    names = [name for name, row in ALGORITHMS.items() if decode in row.ways]
    table = la.hash_images(album, algorithms=names, decode=decode, use_catalog=False, workers=1)
    assert len(table) == 4
    for row, path in enumerate(table.refs.paths):
        for name in names:
            assert table.hash(row, name) == la.hash_image(path, name, decode=decode)


def test_one_path_one_file_and_several(album: Path) -> None:
    one = la.hash_images(album / "b.jpg", use_catalog=False, workers=1)
    assert one.refs.paths == [str(album / "b.jpg")]
    both = la.hash_images([str(album / "in"), album / "b.jpg"], use_catalog=False, workers=1)
    assert paths_of(both, album) == ["in/c.bmp", "in/d.webp", "b.jpg"]
    twice = la.hash_images([album, album / "in", album], use_catalog=False, workers=1)
    assert len(twice) == 4


def test_size_and_filter_reach_the_hashes(album: Path) -> None:
    table = la.hash_images(album, algorithms="dhash", size=16, filter="box", use_catalog=False, workers=1)
    assert table.specs[0].id == "dhash-16-box-full-v1"
    assert table.hash(0) == la.dhash(table.refs.path(0), size=16, filter="box")


WRONG: dict[str, dict[str, Any]] = {
    "algorithm": {"algorithms": "fhash"},
    "no algorithm": {"algorithms": ()},
    "an algorithm twice": {"algorithms": ("phash", "phash")},
    "size": {"size": 65},
    "size of one of them": {"algorithms": ("phash", "pdq"), "size": 8},
    "filter": {"filter": "lanczos"},
    "decoding": {"decode": "slow"},
    "decoding of one of them": {"algorithms": ("phash", "colorhash"), "decode": "fast"},
    "workers": {"workers": 0},
    "truncated": {"truncated": "maybe"},
    "pixels": {"max_pixels": 0},
    "readers": {"readers": 0},
    "exclude": {"exclude": "*.png"},
    "include": {"include": "*.png"},
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_options_are_refused_before_any_table_is_asked_for(album: Path, kind: str) -> None:
    with pytest.raises(UsageError):
        la.hash_batches(album, **WRONG[kind])
    with pytest.raises(UsageError):
        la.hash_images(album, **WRONG[kind])


def test_no_path_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        la.hash_batches([])
    with pytest.raises(SourceError, match="nothing to read"):
        la.hash_images(tmp_path / "missing", use_catalog=False)


def test_a_missing_root_among_others_is_told_by_the_last_table(album: Path, tmp_path: Path) -> None:
    *_, last = la.hash_batches([tmp_path / "missing", album], use_catalog=False, workers=1)
    assert len(last) == 4
    (line,) = last.incomplete
    assert "missing" in line


def test_an_empty_folder_is_one_empty_table(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (table,) = la.hash_batches(tmp_path / "empty", algorithms=("phash", "crop_resistant"), use_catalog=False, workers=1)
    assert (len(table), table.failures, table.incomplete) == (0, [], [])
    assert table.blocks["phash"].shape == (0, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_tables_come_in_order_and_of_bounded_size(many: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(streaming, "TABLE_IMAGES", 256)
    tables = list(la.hash_batches(many, algorithms="dhash", use_catalog=False, workers=workers))
    good = [number for number in range(MANY) if number % 5 != 3]
    rows = [len(table) + len(table.failures) for table in tables]
    assert set(rows[:-1]) == {256}
    assert rows[-1] < 256
    assert sum(map(len, tables)) == len(good)
    found = [path for table in tables for path in table.refs.paths]
    assert found == [str(many / f"{number // 700}" / f"{number:04}.png") for number in good]
    failed = [failure.ref.path for table in tables for failure in table.failures]
    lost = MANY // 500
    assert len(failed) == MANY - len(good) + lost
    for table in tables[:-1]:
        assert not table.skipped
        assert table.incomplete == []
    assert tables[-1].skipped == {"not an image": lost}


def test_a_table_that_is_just_full_is_followed_by_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "TABLE_IMAGES", 5)
    for number in range(10):
        old(tmp_path / "set" / f"{number}.png", png(number))
    old(tmp_path / "set" / "z.txt", b"words")
    tables = list(la.hash_batches(tmp_path / "set", use_catalog=False, workers=1))
    assert [len(table) for table in tables] == [5, 5, 0]
    assert [table.skipped.total() for table in tables] == [0, 0, 1]


def test_tables_are_at_most_8192_images() -> None:
    assert streaming.TABLE_IMAGES == 8192


def test_the_same_tables_for_any_number_of_workers_and_from_the_catalog(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "TABLE_IMAGES", 100)
    catalog = tmp_path / "catalog.sqlite"

    def run(workers: int, **options: Any) -> list[list[dict[str, Any]]]:
        return [told(table) for table in la.hash_batches(many, algorithms="dhash", workers=workers, **options)]

    alone = run(1, use_catalog=False)
    assert run(3, use_catalog=False) == alone
    assert run(2, catalog=catalog) == alone
    assert run(2, catalog=catalog) == alone
    assert run(1, catalog=catalog) == alone


def test_failures_keep_the_order_of_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that lists a failure comes after one whose images take their time."""
    slow = old(tmp_path / "set" / "a" / "slow.png", b"\x89PNG\r\n\x1a\nnothing")
    lost = tmp_path / "set" / "b" / "lost.jpg"
    lost.parent.mkdir()
    lost.symlink_to("nowhere")
    for workers in (1, 2):
        table = la.hash_images(tmp_path / "set", use_catalog=False, workers=workers)
        assert [failure.ref.path for failure in table.failures] == [str(slow), str(lost)]


def test_memory_does_not_grow_with_the_number_of_images(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "TABLE_IMAGES", 64)
    monkeypatch.setattr(streaming, "AHEAD", 128)
    monkeypatch.setattr(files, "PART_NAMES", 64)

    def peaks(root: Path) -> Iterator[int]:
        tracemalloc.start()
        try:
            for _ in la.hash_batches(root, algorithms="dhash", use_catalog=False, workers=1):
                yield tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    taken = list(peaks(many))
    assert len(taken) > 40
    # What stays is the catalog in memory's business and the listing of one folder, never the images seen.
    early, late = max(taken[5:15]), max(taken[-10:])
    assert late < early + 300_000, (early, late)


def test_a_row_takes_at_most_64_bytes_beside_path_and_hashes(many: Path) -> None:
    table = la.hash_images(many, algorithms=("dhash", "phash"), use_catalog=False, workers=1)
    refs = table.refs
    columns = sum(column.nbytes for column in (refs.ends, refs.size, refs.mtime_ns, refs.digest))
    assert columns <= 64 * len(table)
    assert sum(block.nbytes for block in table.blocks.values()) == 16 * len(table)
    assert len(refs.names) == sum(len(os.fsencode(path)) for path in refs.paths)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the path of every file that is examined in this process."""
    read: list[str] = []

    def counting(self: Shortcut, chunk: Sequence[Task]) -> list[bytes | None]:
        read.extend(os.path.basename(task.path) for task in chunk)
        return Shortcut.read(self, chunk)

    monkeypatch.setattr(shortcut, "Shortcut", type("Counting", (Shortcut,), {"read": counting}))
    return read


@pytest.mark.parametrize("decode", [None, "fast", "imgdd"])
def test_a_second_run_reads_no_image(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decode: Any) -> None:
    read = counted(monkeypatch)
    names = ("phash", "pdq", "crop_resistant", "colorhash") if decode is None else ("phash", "dhash")
    options: dict[str, Any] = {"algorithms": names, "decode": decode, "catalog": tmp_path / "c.sqlite", "workers": 1}
    first = la.hash_images(album, **options)
    assert {"a.png", "b.jpg", "c.bmp", "d.webp"} <= set(read)
    read.clear()
    again = la.hash_images(album, **options)
    assert set(read) <= {"broken.png"}
    assert told(again) == told(first)
    assert again.skipped == first.skipped
    read.clear()
    la.hash_images(album, **{**options, "algorithms": names[:1]})
    assert set(read) <= {"broken.png"}
    if decode is None:
        la.hash_images(album, **{**options, "algorithms": ("phash", "ahash")})
        assert {"a.png", "b.jpg", "c.bmp", "d.webp"} <= set(read), "another hash of the whole picture needs all of it"


def test_names_that_are_gone_are_forgotten(album: Path, tmp_path: Path) -> None:
    place = tmp_path / "c.sqlite"

    def known() -> set[str]:
        with contextlib.closing(sqlite3.connect(place)) as catalog:
            return {os.fsdecode(name) for (name,) in catalog.execute("SELECT name FROM location")}

    la.hash_images(album, catalog=place)
    assert "b.jpg" in known()
    (album / "b.jpg").unlink()
    la.hash_images(album, catalog=place, include=["*.bmp"])
    assert "a.png" in known(), "what globs pass over is there still"
    la.hash_images(album / "a.png", catalog=place)
    assert "c.bmp" in known(), "of a file nothing is known of its folder"
    la.hash_images(album, catalog=place)
    assert "b.jpg" not in known()
    assert {"a.png", "c.bmp"} <= known()


def test_other_fast_hashes_come_from_the_thumbnails(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counted(monkeypatch)
    options: dict[str, Any] = {"decode": "fast", "catalog": tmp_path / "c.sqlite", "workers": 1}
    la.hash_images(album, algorithms="phash", **options)
    read.clear()
    table = la.hash_images(album, algorithms=("whash", "pdq"), **options)
    assert read == []
    assert table.hash(1, "pdq") == la.hash_image(album / "b.jpg", "pdq", decode="fast")


@pytest.mark.parametrize("decode", ["full", "fast"])
def test_a_changed_file_is_hashed_again(album: Path, tmp_path: Path, decode: str) -> None:
    options: dict[str, Any] = {"decode": decode, "catalog": tmp_path / "c.sqlite", "workers": 1}
    before = la.hash_images(album, **options)
    path = album / "a.png"
    path.write_bytes(encode(scene(50, 300, 220), "PNG"))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    after = la.hash_images(album, **options)
    assert after.hash(0) == la.hash_image(path, decode=decode) != before.hash(0)
    assert [after.hash(row) for row in (1, 2, 3)] == [before.hash(row) for row in (1, 2, 3)]


def test_find_and_hash_share_a_catalog(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = tmp_path / "c.sqlite"
    read = counted(monkeypatch)
    full = la.hash_images(album, algorithms="phash", catalog=catalog, workers=1)
    found = la.find(album, catalog=catalog, workers=1)
    assert (found.stats["hashed"], found.stats["cached"]) == (4, 0), "it needs thumbnails, which were not made"
    assert la.find(album, catalog=catalog, workers=1).stats["cached"] == 4
    read.clear()
    assert told(la.hash_images(album, algorithms="phash", catalog=catalog, workers=1)) == told(full)
    assert set(read) <= {"broken.png"}, "hashes of decoding full survive"
    read.clear()
    la.hash_images(album, algorithms="dhash", decode="fast", catalog=catalog, workers=1)
    assert read == [], "find left thumbnails"


def test_hashes_of_whole_pictures_are_those_of_one_decoder_set(album: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "c.sqlite"
    before = la.hash_images(album, algorithms=("phash",), catalog=catalog, workers=1)
    with contextlib.closing(sqlite3.connect(catalog)) as db:
        db.execute("UPDATE hash SET variant = 'pillow 9.0.0', words = zeroblob(8)")
        db.commit()
    assert told(la.hash_images(album, algorithms=("phash",), catalog=catalog, workers=1)) == told(before)


def test_hash_of_decoding_fast_leaves_what_find_needs(album: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "c.sqlite"
    la.hash_images(album, algorithms="dhash", decode="fast", catalog=catalog, workers=1)
    found = la.find(album, catalog=catalog, workers=1)
    assert (found.stats["hashed"], found.stats["cached"], found.stats["failed"]) == (4, 4, 1)


@pytest.mark.parametrize("first", ["find", "full", "fast"])
@pytest.mark.parametrize("decode", ["full", "fast"])
def test_files_that_end_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, decode: str) -> None:
    """Refused or accepted as asked, whatever the catalog remembers of an earlier run; known from the second run on."""
    whole = encode(scene(1, 640, 480))
    old(tmp_path / "set" / "cut.jpg", whole[: len(whole) * 3 // 4])
    options: dict[str, Any] = {"catalog": tmp_path / "c.sqlite", "workers": 1}
    if first == "find":
        la.find(tmp_path / "set", **options)
    else:
        la.hash_images(tmp_path / "set", decode=first, **options)
    read = counted(monkeypatch)
    accepted = la.hash_images(tmp_path / "set", decode=decode, truncated="accept", **options)
    assert (len(accepted), accepted.failures) == (1, [])
    read.clear()
    assert told(la.hash_images(tmp_path / "set", decode=decode, truncated="accept", **options)) == told(accepted)
    assert read == [], "a second run reads no image"
    refused = la.hash_images(tmp_path / "set", decode=decode, **options)
    assert (len(refused), [failure.kind for failure in refused.failures]) == (0, ["damaged"])


def test_an_image_over_the_limit_is_a_failure_and_is_read_when_the_limit_rises(tmp_path: Path) -> None:
    old(tmp_path / "set" / "a.png", encode(scene(1, 100, 80), "PNG"))
    options: dict[str, Any] = {"catalog": tmp_path / "c.sqlite", "workers": 1}
    for decode in ("full", "fast"):
        small = la.hash_images(tmp_path / "set", decode=decode, max_pixels=7999, **options)
        assert (len(small), [failure.kind for failure in small.failures]) == (0, ["limit"])
        assert len(la.hash_images(tmp_path / "set", decode=decode, max_pixels=8000, **options)) == 1
        again = la.hash_images(tmp_path / "set", decode=decode, max_pixels=7999, **options)
        assert (len(again), [failure.kind for failure in again.failures]) == (0, ["limit"])


def test_a_stream_that_is_left_keeps_what_it_read(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "TABLE_IMAGES", 100)
    catalog = tmp_path / "c.sqlite"
    tables = la.hash_batches(many, algorithms="dhash", catalog=catalog, workers=1)
    first = next(tables)
    tables.close()  # type: ignore[attr-defined]
    read = counted(monkeypatch)
    again = la.hash_batches(many, algorithms="dhash", catalog=catalog, workers=1)
    assert told(next(again)) == told(first)
    again.close()  # type: ignore[attr-defined]
    assert not {os.path.basename(path) for path in first.refs.paths} & set(read)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_root_that_goes_away_is_incomplete_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(streaming, "CHUNK_FILES", 1)
    monkeypatch.setattr(files, "PART_NAMES", 4)
    monkeypatch.setattr(streaming, "AHEAD", 4)
    drive, away, catalog = tmp_path / "drive", tmp_path / "away", tmp_path / "catalog.sqlite"
    for number in range(40):
        old(drive / f"{number:02}.jpg", encode(scene(number, 320, 240)))

    def unplug(done: int, _listed: int, _finished: bool) -> None:
        if done >= 5 and drive.exists():
            drive.rename(away)

    table = la.hash_images(drive, catalog=catalog, workers=workers, progress=unplug)
    assert table.failures == []
    assert 5 <= len(table) < 40
    (line,) = table.incomplete
    assert "went away" in line
    away.rename(drive)
    again = la.hash_images(drive, catalog=catalog, workers=workers)
    assert (len(again), again.failures, again.incomplete) == (40, [], [])


def test_an_ignore_file_that_cannot_be_read_is_a_failure_and_nothing_unseen(tmp_path: Path) -> None:
    """As for find: it is told, but no image is missing."""
    old(tmp_path / "set" / "a.png", png(1))
    (tmp_path / "set" / ".lookalikeignore").mkdir()
    table = la.hash_images(tmp_path / "set", use_catalog=False, workers=1)
    found = la.find(tmp_path / "set", use_catalog=False, workers=1)
    assert [failure.reason for failure in table.failures] == [failure.reason for failure in found.failures]
    assert table.incomplete == found.incomplete


def test_progress_ends_with_everything_done(album: Path) -> None:
    seen: list[tuple[int, int, bool]] = []
    la.hash_images(
        album, use_catalog=False, workers=2, progress=lambda done, listed, ended: seen.append((done, listed, ended))
    )
    assert seen[-1] == (6, 6, True)
    assert all(done <= listed for done, listed, _ in seen)


def test_hashes_of_a_table_can_be_joined(album: Path) -> None:
    table = la.hash_images(album, algorithms="phash", decode="fast", use_catalog=False, workers=1)
    block = table.blocks["phash"]
    assert (block.dtype.name, block.flags.c_contiguous) == ("uint64", True)
    left, right, distance = la.near_pairs(block, radius=64)
    assert len(left) == len(right) == 6
    for a, b, apart in zip(left, right, distance, strict=True):
        one, other = table.hash(int(a)), table.hash(int(b))
        assert isinstance(one, la.ImageHash)
        assert isinstance(other, la.ImageHash)
        assert one - other == apart


def test_specs_are_completed() -> None:
    assert [spec.id for spec in make_specs(("pdq", "colorhash", "ahash"))] == [
        "pdq-16-tent-pdq-v1",
        "colorhash-3-none-full-v1",
        "ahash-8-lanczos3-full-v1",
    ]
    assert np.unique([spec.id for spec in make_specs(list(ALGORITHMS))]).size == len(ALGORITHMS)


@pytest.mark.parametrize("name", [name for name, row in ALGORITHMS.items() if row.joinable])
def test_find_joins_by_every_algorithm_that_can(album: Path, tmp_path: Path, name: str) -> None:
    old(album / "in" / "low.jpg", encode(scene(0, 300, 220), "JPEG", quality=50))
    found = la.find(album, algorithm=name, use_catalog=False, workers=1)
    (group,) = found.groups
    assert {os.path.basename(member.ref.path) for member in group.members} == {"b.jpg", "low.jpg"}
    spec = make_specs(name, decoding="fast")[0]
    apart = [la.hash_image(member.ref.path, name, decode="fast") for member in group.members]
    assert group.members[1].distance == apart[0] - apart[1]
    assert spec.bits == (256 if name == "pdq" else 64)


def test_facts_and_thumbnails_are_the_same_from_files_and_from_the_catalog(album: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"decode": "fast", "thumbnails": True, "catalog": tmp_path / "c.sqlite", "workers": 1}
    first, again = (la.hash_images(album, **options) for _ in range(2))
    assert first.facts == again.facts
    assert first.facts["format"] == ["PNG", "JPEG", "BMP", "WEBP"]
    assert first.facts["lossless"] == [True, False, True, False]
    assert set(first.facts["colour"]) == {True}
    assert first.thumbnails is not None
    assert again.thumbnails is not None
    assert np.array_equal(first.thumbnails, again.thumbnails)
    luma = first.thumbnails[:, :4096].reshape(-1, 64, 64)
    assert np.array_equal(hash_block(luma, first.specs[0]), first.blocks["phash"]), (
        "a fast hash is made of the thumbnail"
    )
    assert first.to_arrow().equals(again.to_arrow())


def test_facts_belong_to_the_decoding_of_find(album: Path) -> None:
    for what in ("facts", "thumbnails"):
        with pytest.raises(UsageError, match=f"{what} belong to the decoding fast, got phash-8-lanczos3-full-v1"):
            la.hash_batches(album, **{what: True})  # type: ignore[arg-type]
    assert la.hash_images(album, decode="fast", use_catalog=False, workers=1).facts == {}
