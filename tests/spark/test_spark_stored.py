"""Stored hash tables as DataFrames."""

import json
from pathlib import Path
from typing import Any

import pytest
from spark_inputs import folder, same_columns, settle, single

from conftest import encode, scene
from lookalike.batches import hash_batches, make_specs
from lookalike.errors import UsageError
from lookalike.model import HashSpec
from lookalike.spark import read_hashes
from lookalike.spark.columns import variant_names
from lookalike.spark.results import holds_tables
from lookalike.tables.hash_files import write_parquet


def store(path: Path, images: Path, algorithms: str | tuple[str, ...] = "phash", **options: Any) -> str:
    """Write a hash table as `lookalike hash` does."""
    specs = make_specs(algorithms, decoding=options.pop("decode", "fast"))
    tables = hash_batches(
        str(images), algorithms=algorithms, decode=specs[0].decoding, use_catalog=False, workers=1, **options
    )
    with path.open("wb") as file:
        write_parquet(tables, specs, file)
    return str(path)


def test_tables_of_a_single_machine_lack_variants_and_some_lack_thumbnails(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    one = folder(tmp_path / "one")
    other = settle(tmp_path / "other" / "x.jpg", encode(scene(9))).parent
    store(tmp_path / "h" / "1.parquet", one, thumbnails=True)
    second = store(tmp_path / "h" / "2.parquet", other, ("dhash", "phash"), facts=True)
    assert [holds_tables(path) for path in (second, str(tmp_path / "h"), str(one), f"{one}/notes.txt")] == [
        True, True, False, False,
    ]  # fmt: skip
    settle(tmp_path / "h" / ".lookalike-abc", b"half")
    rows = {row["path"]: row.asDict() for row in read_hashes(spark, str(tmp_path / "h")).collect()}
    added = list(variant_names(make_specs("phash", decoding="fast")))
    assert all(row.pop(name) is None for row in rows.values() for name in added)
    expected = single(str(one))
    lone = rows.pop(f"{other}/x.jpg")
    assert lone["thumbnail"] is None
    assert lone["width"] == 480
    same_columns(rows, expected)


def test_only_what_is_wanted_is_read_and_thumbnails_of_another_version_are_null(spark: Any, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = store(tmp_path / "1.parquet", folder(tmp_path / "one"), thumbnails=True)
    table = parquet.read_table(path)
    told = json.loads(table.schema.metadata[b"lookalike"])
    told["decode"] += 1
    old = str(tmp_path / "2.parquet")
    parquet.write_table(table.replace_schema_metadata({b"lookalike": json.dumps(told).encode()}), old, row_group_size=2)
    columns = ["thumbnail", "path"]
    frame = read_hashes(spark, [path, old], columns=columns)
    assert frame.columns == columns
    rows = frame.collect()
    assert sorted(row["path"] for row in rows) == sorted(table["path"].to_pylist() * 2)
    assert sum(row["thumbnail"] is not None for row in rows) == 6
    assert all(row["thumbnail"] is None for row in read_hashes(spark, old).collect())
    for some in (["digest"], ["failure"], ["bytes", "width"]):
        assert len(read_hashes(spark, path, columns=some).collect()) == len(table)


def test_what_cannot_be_joined_by_is_refused(spark: Any, tmp_path: Path) -> None:
    photos = settle(tmp_path / "one" / "x.jpg", encode(scene(9))).parent
    dhash = store(tmp_path / "d.parquet", photos, "dhash", facts=True)
    full = store(tmp_path / "f.parquet", photos, decode="full")
    bare = store(tmp_path / "b.parquet", photos)
    with pytest.raises(UsageError, match="phash-8-lanczos3-fast-v1 was asked for: add --algorithm dhash"):
        read_hashes(spark, dhash, spec=HashSpec())
    with pytest.raises(UsageError, match="of another decoding than find joins by"):
        read_hashes(spark, full)
    with pytest.raises(UsageError, match="hashes without facts"):
        read_hashes(spark, bare)
    with pytest.raises(UsageError, match="no column 'colour of the sky'"):
        read_hashes(spark, dhash, columns=["colour of the sky"])
    with pytest.raises(UsageError, match="no hash table in"):
        read_hashes(spark, str(tmp_path / "one"))
    with pytest.raises(UsageError, match="is no hash table"):
        read_hashes(spark, str(settle(tmp_path / "n.parquet", b"nonsense")))
    with pytest.raises(UsageError, match="cannot be read"):
        read_hashes(spark, str(tmp_path / "gone.parquet"))
    late = pytest.importorskip("pyspark.errors").PythonException
    with pytest.raises(late, match="phash-8-lanczos3-fast-v1"):
        read_hashes(spark, [store(tmp_path / "p.parquet", photos, facts=True), dhash]).collect()
