"""Hash tables that others wrote or changed: what the schema does not allow is refused, with its name."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.decode import decode
from lookalike.tables.checking import checked
from lookalike.tables.schema import parse_header

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three images, two of them one picture, and one that is damaged."""
    folder = tmp_path_factory.mktemp("photos")
    for name, content in {
        "a.png": encode(scene(1)), "b.jpg": encode(scene(1), quality=80), "c.png": encode(scene(2)),
        "d.png": encode(scene(3))[:90],
    }.items():  # fmt: skip
        (folder / name).write_bytes(content)
    return la.hash_images(folder, decode="fast", facts=True, thumbnails=True, use_catalog=False).to_arrow()


def find(rows: Any, folder: Path) -> Any:
    pq.write_table(rows, folder / "t.parquet")
    return la.find(folder / "t.parquet", use_catalog=False, workers=1).to_dict()


def put(rows: Any, name: str, row: int, value: object) -> Any:
    at = rows.column_names.index(name)
    values = rows.column(at).to_pylist()
    values[row] = value
    return rows.set_column(at, name, pa.array(values, rows.schema.field(at).type))


WRONG: dict[tuple[str, int, object], str] = {
    ("path", 0, None): "rows without path",
    ("path", 3, ""): "rows with an empty path",
    ("path_bytes", 0, b"a\0b"): "rows with a path that no file can have",
    ("source", 1, None): "images without source",
    ("bytes", 0, -1): "an image with bytes -1",
    ("mtime_ns", 0, None): "images without mtime_ns",
    ("digest", 0, None): "images without digest",
    ("width", 2, 0): "an image with width 0",
    ("height", 2, -5): "an image with height -5",
    ("format", 0, None): "images without format",
    ("frames", 0, 0): "an image with frames 0",
    ("lossless", 0, None): "images without lossless",
    ("exif", 0, "[]"): "an image with exif that is none",
    ("exif", 0, '{"tags": "many"}'): "tags is no EXIF fact",
    ("exif", 0, "[" * 100_000): "an image with exif that is none",
    ("thumbnail", 0, None): "images without thumbnail",
    ("stage", 3, "later"): "a failure that is none: stage later, failure damaged",
    ("failure", 3, "broken"): "a failure that is none: stage decode, failure broken",
    ("failure", 0, "damaged"): "a failure that is none: stage None, failure damaged",
    ("reason", 3, None): "a failure that is none: stage decode, failure damaged, reason None",
}


@pytest.mark.parametrize(("name", "row", "value"), WRONG)
def test_a_value_that_the_schema_does_not_allow_is_refused(
    sound: Any, tmp_path: Path, name: str, row: int, value: object
) -> None:
    with pytest.raises(la.UsageError) as caught:
        find(put(sound, name, row, value), tmp_path)
    assert WRONG[name, row, value] in str(caught.value)
    assert str(tmp_path / "t.parquet") in str(caught.value)


@pytest.mark.parametrize(
    "name", ["path", "bytes", "digest", "phash-8-lanczos3-fast-v1", "width", "thumbnail", "failure"]
)
def test_a_column_of_another_type_is_refused(sound: Any, tmp_path: Path, name: str) -> None:
    at = sound.column_names.index(name)
    with pytest.raises(la.UsageError, match=f"something else in the column {name} "):
        find(sound.set_column(at, name, pa.array([{"no": "value"}] * len(sound))), tmp_path)
    with pytest.raises(la.UsageError, match=f"lacks the column {name}"):
        find(sound.remove_column(at), tmp_path)
    with pytest.raises(la.UsageError, match=f"several columns {name}: write it again"):
        find(sound.append_column(name, sound[name]), tmp_path)


def test_numbers_where_cameras_write_texts_are_facts_of_any_size(tmp_path: Path) -> None:
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x10F, 16, 1, 26) + bytes(4) + b"\xff" * 8
    photos = tmp_path / "photos"
    photos.mkdir()
    buffer = io.BytesIO()
    scene(1).save(buffer, "JPEG", exif=b"Exif\0\0" + tiff)
    (photos / "a.jpg").write_bytes(buffer.getvalue())
    (photos / "b.jpg").write_bytes(encode(scene(1), quality=60))
    assert decode(buffer.getvalue()).exif["make"] == (1 << 64) - 1
    for _ in range(2):
        assert la.find(photos, catalog=tmp_path / "c.sqlite", workers=1).to_dict()["groups"]
    rows = la.hash_images(photos, decode="fast", facts=True, thumbnails=True, use_catalog=False).to_arrow()
    assert find(rows, tmp_path)["groups"]


@pytest.mark.parametrize(
    "names", [["digest"], ["width", "exif"], ["failure"], ["path", "failure"], ["stage", "reason"]]
)
def test_some_columns_are_looked_at_by_themselves(sound: Any, names: list[str]) -> None:
    header = parse_header(sound.schema.metadata, "t")
    assert header is not None
    (batch,) = sound.select(names).combine_chunks().to_batches()
    assert checked(batch, header, "t").to_pylist() == batch.to_pylist()


def test_other_types_of_the_same_values_are_read(sound: Any, tmp_path: Path) -> None:
    wider = {pa.string(): pa.large_string(), pa.int32(): pa.int64(), pa.uint8(): pa.int16(), pa.binary(32): pa.binary()}
    rows = sound
    for at, one in enumerate(sound.schema):
        if one.type in wider:
            rows = rows.set_column(at, one.name, rows.column(at).cast(wider[one.type]))
    rows = rows.set_column(2, "source", rows["source"].dictionary_encode())
    assert rows.schema != sound.schema
    found, expected = find(rows, tmp_path), find(sound, tmp_path)
    assert (found["groups"], found["failures"]) == (expected["groups"], expected["failures"])
    assert len(found["groups"][0]["members"]) == 2
    assert len(found["failures"]) == 1


@pytest.mark.parametrize(
    ("key", "change", "told"),
    [
        ("lookalike", {"specs": [{"algorithm": "phash", "size": 1 << 40}]}, "spec 1 lacks the field filter"),
        ("lookalike", {"specs": 7}, "specs must be a list, got 7"),
        ("lookalike", {"facts": None}, "facts must be true or false"),
        ("lookalike", {"decode": "now"}, "decode must be a whole number"),
        ("lookalike.run", {"skipped": {"video": "many"}}, "video must be a whole number"),
        ("lookalike.run", {"incomplete": 7}, "incomplete must be a list"),
        ("lookalike.run", {"made": []}, "made must be an object"),
        ("lookalike.run", {"made": {"roots": [None]}}, "roots must be a list of texts"),
    ],
)
def test_metadata_of_another_kind_are_refused(sound: Any, tmp_path: Path, key: str, change: Any, told: str) -> None:
    about = dict(sound.schema.metadata)
    before = json.loads(about.get(key.encode(), b"{}"))
    about[key.encode()] = json.dumps(before | change).encode()
    with pytest.raises(la.UsageError) as caught:
        find(sound.replace_schema_metadata(about), tmp_path)
    assert told in str(caught.value)
    assert str(caught.value).endswith("write it again")


def test_a_hash_that_nobody_makes_is_refused(sound: Any, tmp_path: Path) -> None:
    about = json.loads(sound.schema.metadata[b"lookalike"])
    about["specs"][0]["size"] = 1 << 40
    with pytest.raises(la.UsageError, match="no size 1099511627776"):
        find(sound.replace_schema_metadata({"lookalike": json.dumps(about)}), tmp_path)
