"""Parquet files of images: which column, which rows are failures, what is read again, and how much is held."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import encode, scene
from lookalike import find, hash_batches
from lookalike.errors import UsageError
from lookalike.groups.findings import Findings
from lookalike.model import EMPTY
from lookalike.opening import default_catalog, open_catalog
from lookalike.scan import shards
from lookalike.sources import parquet
from lookalike.sources.blobs import blob
from lookalike.sources.folders import Unreadable
from lookalike.sources.kinds import open_source
from lookalike.sources.reading import Reader
from lookalike.sources.rows import Rows

Write = Callable[..., str]
PICTURES = [encode(scene(seed), quality=quality) for seed, quality in ((1, 90), (2, 90), (1, 50), (3, 90), (2, 90))]
"""Rows 0 and 2 are the same picture, and rows 1 and 4."""
KEPT = [0, 1, 3]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a table, long enough ago to be trusted not to change."""

    def write(columns: dict[str, Any], name: str = "t.parquet", **options: Any) -> str:
        path = str(tmp_path / name)
        pq.write_table(pa.table(columns), path, **options)
        os.utime(path, (1_600_000_000, 1_600_000_000))
        return path

    return write


def cells(pictures: Sequence[bytes | None]) -> list[dict[str, Any] | None]:
    return [None if data is None else {"bytes": data, "path": "a.jpg"} for data in pictures]


def kinds(findings: Findings) -> dict[str, tuple[str, str]]:
    return {row.ref.path.rpartition("/")[2]: (row.kind, row.reason) for row in findings.failures}


@pytest.mark.parametrize("form", ["struct", "binary", "large_binary", "dictionary"])
@pytest.mark.parametrize("workers", [1, 2])
def test_rows_are_images(write: Write, form: str, workers: int) -> None:
    images: Any = cells(PICTURES)
    if form == "dictionary":
        images = pa.array(PICTURES, pa.binary()).dictionary_encode()
    elif form != "struct":
        images = pa.array(PICTURES, getattr(pa, form)())
    path = write({"label": ["a"] * 5, "photo": images, "features": [b"\1\2\3"] * 5}, row_group_size=2)
    found = find(path, use_catalog=False, workers=workers)
    assert found.keep_indices.tolist() == KEPT
    assert found.keep_indices.dtype == np.int64
    assert found.duplicate_indices.tolist() == [2, 4]
    assert found.keep_paths == [f"{path}/{row}" for row in KEPT]
    assert {member.ref.source for group in found.groups for member in group.members} == {"parquet"}


def test_broken_and_empty_rows_are_failures_and_the_others_are_read(write: Write) -> None:
    pictures = [PICTURES[0], None, PICTURES[2][:500], b"", PICTURES[2]]
    found = find(write({"image": cells(pictures)}, row_group_size=2), use_catalog=False)
    assert found.keep_indices.tolist() == [0]
    assert found.duplicate_indices.tolist() == [4]
    assert {row: kind for row, (kind, _) in kinds(found).items()} == {"1": "not-here", "2": "damaged", "3": "damaged"}
    assert kinds(found)["1"][1] == "the row holds no image: it is empty"
    assert found.stats["images"] == 5
    assert found.incomplete == []


def test_a_broken_row_group_costs_its_rows_only(write: Write) -> None:
    path = write({"image": pa.array(PICTURES, pa.binary())}, row_group_size=2, compression="zstd", use_dictionary=False)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    with open(path, "r+b") as file:
        file.seek(column.data_page_offset)
        file.write(b"\xff" * 200)
    found = find(path, use_catalog=False)
    assert list(kinds(found)) == ["2", "3"]
    assert all(kind == "damaged" and "row group 1" in reason for kind, reason in kinds(found).values())
    assert found.keep_indices.tolist() == [0, 1]


def test_paths_are_relative_to_the_folder_of_the_file(write: Write, put: Callable[..., Path]) -> None:
    put("set/a.jpg", PICTURES[0])
    far = put("b.png", PICTURES[2])
    paths = ["set/a.jpg", str(far), "set/none.jpg", "https://example.com/c.jpg", None, "set"]
    found = find(write({"file_name": paths, "label": ["x"] * 6}), use_catalog=False)
    assert found.duplicate_indices.tolist() == [1]
    assert kinds(found) == {
        "2": ("not-here", "the row names set/none.jpg, which is not there"),
        "3": ("unsupported", "the row holds a URL, and nothing is fetched"),
        "4": ("not-here", "the row holds no image: it is empty"),
        "5": ("unsupported", "the row names set, which is no ordinary file"),
    }


def test_a_file_that_a_row_names_is_read_again_once_it_changes(write: Write, put: Callable[..., Path]) -> None:
    files = [put(f"{row}.jpg", PICTURES[row]) for row in range(3)]
    for file in files:
        os.utime(file, (1_600_000_000, 1_600_000_000))
    path = write({"image": [file.name for file in files]})
    assert find(path).keep_indices.tolist() == [0, 1]
    again = find(path)
    assert again.stats["cached"] == 3
    put("2.jpg", PICTURES[1])
    changed = find(path)
    assert changed.stats["cached"] == 2
    assert changed.duplicate_indices.tolist() == [2]


def test_a_path_is_read_where_the_bytes_are_missing(write: Write, put: Callable[..., Path]) -> None:
    put("a.jpg", PICTURES[0])
    path = write({"image": [{"bytes": PICTURES[2], "path": "b.jpg"}, {"bytes": None, "path": "a.jpg"}]})
    assert find(path).stats["duplicates"] == 1
    put("a.jpg", PICTURES[1])
    assert find(path).stats["duplicates"] == 0


@pytest.mark.parametrize("where", ["find", "open_source"])
def test_columns_that_are_not_clear_are_asked_for(write: Write, where: str) -> None:
    path = write({"image": cells(PICTURES), "mask": PICTURES, "label": [1] * 5})
    with pytest.raises(UsageError, match=r"images in several columns \(image, mask\): .*--column NAME"):
        find(path) if where == "find" else open_source(path)
    assert find(path, column="mask", use_catalog=False).keep_indices.tolist() == KEPT
    with pytest.raises(UsageError, match="has no column 'photo'; it has image, mask, label"):
        find(path, column="photo")
    with pytest.raises(UsageError, match=r"column 'label' of .* holds neither bytes nor paths; those are image, mask"):
        find(path, column="label")
    with pytest.raises(UsageError, match=r"no column of .* seems to hold images; it has x"):
        find(write({"x": [1.5]}))


def test_what_hugging_face_noted_in_the_file_settles_it(write: Write) -> None:
    note = {"info": {"features": {"image": {"_type": "Image"}, "thumbnail": {"_type": "Value", "dtype": "binary"}}}}
    path = write({"thumbnail": PICTURES, "image": cells(PICTURES)})
    table = pq.read_table(path).replace_schema_metadata({"huggingface": json.dumps(note)})
    pq.write_table(table, path)
    assert find(path, use_catalog=False).keep_indices.tolist() == KEPT


def test_a_table_of_hashes_has_no_images(write: Write) -> None:
    path = write({"path": ["a.jpg"]})
    pq.write_table(pq.read_table(path).replace_schema_metadata({"lookalike": "{}"}), path)
    with pytest.raises(UsageError, match="holds hashes, not images"):
        open_source(path)


def test_sound_is_no_image(write: Write) -> None:
    sound = [{"bytes": b"RIFF\0\0\0\0WAVEfmt ", "path": "a.wav"}] * 5
    assert find(write({"audio": sound, "image": cells(PICTURES)})).keep_indices.tolist() == KEPT


def test_a_table_without_rows_has_no_images(write: Write) -> None:
    path = write({"image": pa.array([], pa.binary()), "text": pa.array([], pa.string())})
    found = find(path)
    assert found.keep_indices.tolist() == []
    assert found.stats["images"] == 0


def test_what_is_no_parquet_file_is_said(put: Callable[..., Path], write: Write) -> None:
    bad = put("bad.parquet", b"PAR1 and so on")
    found = find([str(bad), write({"image": PICTURES})], use_catalog=False)
    assert found.missing_roots == [str(bad)]
    assert "not a Parquet file that can be read" in found.incomplete[0]


def test_a_shard_that_is_known_is_not_read_again(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = [write({"image": cells([picture, PICTURES[0]])}, f"{at}.parquet") for at, picture in enumerate(PICTURES)]
    first = find(shards)

    def refuse(*_: object) -> None:
        raise AssertionError("a shard was read that is known as a whole")

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "parts", refuse)
        patch.setattr(Rows, "read", refuse)
        again = find(shards)
    assert again.stats["cached"] == first.stats["images"] == 10
    assert again.keep_rows.keys() == first.keep_rows.keys()
    assert again.keep_paths == first.keep_paths
    os.utime(shards[2], (1_600_000_001, 1_600_000_001))
    assert find(shards).stats["cached"] == 8


@pytest.mark.parametrize("form", ["struct", "binary", "unnamed"])
def test_empty_rows_are_not_read_again(write: Write, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [*PICTURES, None]
    unnamed = [{"bytes": data, "path": None} for data in pictures]
    path = write({"image": {"struct": cells(pictures), "binary": pictures, "unnamed": unnamed}[form]}, row_group_size=2)
    first = find(path)
    monkeypatch.setattr(Rows, "read", lambda *_: pytest.fail("read again"))
    if form != "struct":  # whose rows name files, which may be there one day
        monkeypatch.setattr(Rows, "parts", lambda *_: pytest.fail("listed again"))
    again = find(path)
    assert again.stats["cached"] == 5
    assert again.stats["failed"] == 1
    assert again.failures == first.failures
    assert kinds(again) == {"5": EMPTY}
    (part,) = hash_batches(path, algorithms="phash", decode="fast")
    assert part.failures == first.failures
    with open_catalog(default_catalog()) as store:
        store.db.execute("UPDATE location SET version = version - 1")
    with pytest.raises(pytest.fail.Exception):
        find(path)


def test_paths_may_come_as_a_dictionary(write: Write, tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(5)]
    for name, data in zip(names, PICTURES, strict=True):
        (tmp_path / name).write_bytes(data)
    found = find(write({"file": pa.array(names).dictionary_encode()}), use_catalog=False)
    assert found.keep_indices.tolist() == KEPT


def test_another_column_is_another_set_of_images(write: Write) -> None:
    path = write({"one": PICTURES, "other": [PICTURES[3]] * 5})
    assert find(path, column="one").keep_indices.tolist() == KEPT
    assert find(path, column="other").keep_indices.tolist() == [0]


@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("kept", [0, 1 << 30])
def test_any_order_gives_the_same_bytes(write: Write, rows: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is the whole table in memory."""
    data = [b"%d" % number * 50 for number in range(40)]
    path = write({"image": data}, row_group_size=rows)
    monkeypatch.setattr(parquet, "BATCH_BYTES", 500)
    monkeypatch.setattr(parquet, "KEPT_BYTES", kept)
    source = parquet.open_parquet(blob(path), "image")
    order = [*range(40), *range(39, -1, -1), *np.random.default_rng(0).integers(0, 40, 200).tolist()]
    assert list(source.read([f"{path}/{number}" for number in order])) == [data[number] for number in order]
    source.close()
    assert list(source.read([f"{path}/7"])) == [data[7]]
    source.close()
    assert list(source.read([f"{path}/40", f"{path}/x", f"{path}/07"])) == [Unreadable("not-here", "no such row")] * 3


def test_images_are_read_by_their_paths_after_a_scan(write: Write) -> None:
    path = write({"image": PICTURES, "label": [0] * 5})
    assert Reader().read(f"{path}/3") == PICTURES[3]
    unclear = write({"image": PICTURES, "mask": PICTURES}, "u.parquet")
    with pytest.raises(OSError, match="directory"):
        Reader().read(f"{unclear}/3")


MEASURE = """
import sys, pyarrow
from lookalike.sources.blobs import blob
from lookalike.sources.parquet import open_parquet
source = open_parquet(blob(sys.argv[1]), None)
(folder,) = source.folders(0)
total = sum(
    len(data) for part in source.parts(folder) for data in source.read([part.path_of(entry.name) for entry in part.entries])
)
print(total, pyarrow.default_memory_pool().max_memory())
"""


def test_what_is_held_does_not_grow_with_a_row_group(write: Write) -> None:
    noise = np.random.default_rng(0)
    data = [PICTURES[0] + noise.bytes(400_000) for _ in range(250)]
    path = write({"image": data}, compression="none", use_dictionary=False, write_batch_size=4)
    done = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True)
    total, most = map(int, done.stdout.split())
    assert total == sum(map(len, data)) > 100_000_000
    assert most < 40_000_000


def test_the_missing_package_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write({"image": PICTURES})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pyarrow is not installed: pip install 'lookalike\[tables\]'"):
        find(path)


def test_other_columns_are_had_by_name(write: Write) -> None:
    path = write({"image": cells(PICTURES), "label": [5, 6, 7, 8, 9]}, row_group_size=2)
    source: Any = open_source(path)
    assert source.column_names() == ["image", "label"]
    assert source.values("label", [f"{path}/4", f"{path}/0", f"{path}/x"]) == [9, 5, None]


def test_a_search_that_was_stopped_goes_on_with_the_rows_that_are_missing(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        {"image": [*(encode(scene(seed)) for seed in range(10, 40)), PICTURES[0], PICTURES[2]]}, row_group_size=5
    )

    def stop(done: int, _listed: int, _finished: bool) -> None:
        if done >= 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(shards, "CHUNK_FILES", 4)
    with pytest.raises(KeyboardInterrupt):
        find(path, workers=1, progress=stop)
    again = find(path, workers=1)
    assert 4 <= again.stats["cached"] < 32
    assert again.duplicate_indices.tolist() in ([30], [31])
    assert find(path).stats["cached"] == 32


def test_a_path_that_is_no_utf8_costs_only_its_own_row(tmp_path: Path) -> None:
    names = pa.array([b"\xff.jpg", b"a.jpg"])
    table = pa.table({"path": pa.Array.from_buffers(pa.utf8(), 2, names.buffers())})
    (tmp_path / "a.jpg").write_bytes(encode(scene(1)))
    path = str(tmp_path / "t.parquet")
    pq.write_table(table, path)
    source = open_source(path)
    assert source is not None
    (part,) = [part for folder in source.folders(0) for part in source.parts(folder)]
    wrong, read = source.read([f"{path}/{entry.name}" for entry in part.entries])
    assert isinstance(wrong, Unreadable)
    assert "UTF-8" in wrong.reason
    assert read == (tmp_path / "a.jpg").read_bytes()
    assert isinstance(source, Rows)
    assert source.values("path", [f"{path}/0", f"{path}/1"]) == [None, "a.jpg"]


def test_metadata_of_any_kind_and_columns_of_one_name_are_no_crash(tmp_path: Path) -> None:
    picture = pa.array([encode(scene(1))])
    deep = b"[" * 100_000
    for key, refused in ((b"huggingface", False), (b"lookalike", True)):
        path = str(tmp_path / f"{key.decode()}.parquet")
        pq.write_table(pa.table({"image": picture}).replace_schema_metadata({key: deep}), path)
        if refused:
            with pytest.raises(UsageError, match="mark of a hash table"):
                find([path], use_catalog=False, workers=1)
        else:
            assert find([path], use_catalog=False, workers=1).stats["images"] == 1
    path = str(tmp_path / "twice.parquet")
    pq.write_table(pa.table([picture, picture, picture], names=["image", "image", "other"]), path)
    assert find([path], use_catalog=False, workers=1).stats["images"] == 1
    pq.write_table(pa.table([picture, picture], names=["image", "image"]), path)
    with pytest.raises(UsageError, match="no column"):
        find([path], use_catalog=False, workers=1)
