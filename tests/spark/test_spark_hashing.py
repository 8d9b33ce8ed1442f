"""Hash rows in DataFrames: those of the single machine, whatever is wrong with some."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spark_inputs import folder, parquet, same_columns, settle, shard, single

from conftest import encode, scene
from lookalike.batches import make_specs
from lookalike.errors import UsageError
from lookalike.options import ScanOptions
from lookalike.scan.tabling import Wanted
from lookalike.scan.variants import VARIANTS
from lookalike.sources.roots import look_at_roots
from lookalike.sources.tars import Tar
from lookalike.spark import hash_images, hashing
from lookalike.spark.columns import read_variant, variant_names
from lookalike.spark.hashing import hash_paths

ALGORITHMS = ("phash", "dhash")
WANTED = Wanted(make_specs("phash", decoding="fast"), facts=True, thumbnails=True)


def frame(spark: Any, paths: list[str], column: str = "path") -> Any:
    return spark.createDataFrame([(path,) for path in paths], f"`{column}` string").repartition(2)


def test_rows_are_those_of_the_single_machine_and_hold_what_find_joins_by(spark: Any, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    photos = folder(tmp_path / "photos")
    settle(tmp_path / "bordered.png", encode(scene(8, 160, 120).crop((-30, -30, 190, 150)), "PNG"))
    paths = [str(photos), str(tmp_path / "bordered.png"), str(shard(tmp_path / "a.tar", 10))]
    paths += [str(parquet(tmp_path / "b.parquet", 20)), str(photos / "broken.jpg")]
    expected = single(paths, ALGORITHMS)
    gone = [str(tmp_path / name) for name in ("gone.jpg", "gone.tar")]
    rows = {
        row["path"]: row.asDict()
        for row in hash_images(
            frame(spark, [*paths[:-1], *gone], "a.file"), column="a.file", algorithms=ALGORITHMS
        ).collect()
    }
    for path in gone:
        row = rows.pop(path)
        assert (row["stage"], row["failure"], row["reason"]) == ("list", "transient", "No such file or directory")
        assert row["thumbnail"] is None
    same_columns(rows, expected)
    images = [row for row in rows.values() if row["thumbnail"] is not None]
    assert len(images) == 13
    luma = np.stack([np.frombuffer(row["thumbnail"][:4096], np.uint8).reshape(64, 64) for row in images])
    borders = 0
    for name, (spec, variant) in variant_names(make_specs(ALGORITHMS, decoding="fast")).items():
        made = read_variant(arrow.array([row[name] for row in images], arrow.binary()), spec)
        for mine, theirs in zip(made, VARIANTS[variant](luma, spec), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        borders += len(made[0]) if variant == "trimmed" else 0
    assert borders >= 2  # the one with a border, by both hashes


def test_real_photos(spark: Any, shared_data: Path) -> None:
    paths = sorted(str(path) for path in (shared_data / "formats").rglob("*") if path.is_file())[:40]
    rows = {row["path"]: row.asDict() for row in hash_images(frame(spark, paths)).collect()}
    same_columns(rows, single(paths))


def test_without_thumbnails_and_with_options(spark: Any, tmp_path: Path) -> None:
    photos = folder(tmp_path / "photos")
    made = hash_images(frame(spark, [str(photos)]), thumbnails=False, include=("/0/",), max_pixels=160 * 120, size=16)
    assert "thumbnail" not in made.columns
    assert "phash-16-lanczos3-fast-v1" in made.columns
    assert {row["failure"] for row in made.collect()} == {"limit"}


def test_what_does_not_fit_is_said_before_anything_runs(spark: Any) -> None:
    paths = frame(spark, ["a.jpg"])
    with pytest.raises(UsageError, match="no column 'file': it has path"):
        hash_images(paths, column="file")
    with pytest.raises(UsageError, match="pdq"):
        hash_images(paths, algorithms="nonsense")
    with pytest.raises(UsageError, match="truncated must be"):
        hash_images(paths, truncated="maybe")  # type: ignore[arg-type]


def failures(paths: list[str], *, loose: bool) -> tuple[list[tuple[str, str, str]], list[str], int]:
    tables = list(hash_paths(paths, WANTED, ScanOptions(), loose=loose))
    told: list[tuple[str, str, str]] = [
        (one.ref.path, one.kind, one.reason) for table in tables for one in table.failures
    ]
    return told, [line for table in tables for line in table.incomplete], sum(map(len, tables))


@pytest.mark.parametrize("error", [KeyError("x"), sqlite3.Error("y"), MemoryError(), RecursionError("deep")])
def test_whatever_a_reader_raises_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    path = str(shard(tmp_path / "a.tar", 1))
    parts = Tar.parts

    def failing(self: Tar, folder: Any) -> Iterator[Any]:
        yield from parts(self, folder)
        raise error

    monkeypatch.setattr(Tar, "parts", failing)
    told, lines, _ = failures([path], loose=False)
    assert [one[0] for one in told] == [path]
    assert told[0][1] == ("limit" if isinstance(error, MemoryError) else "damaged")
    assert lines == [f"{path}: {told[0][2]}"]


def test_one_file_among_many_that_raises_takes_no_other_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(settle(tmp_path / f"{number}.jpg", encode(scene(number)))) for number in range(3)]
    looked = look_at_roots

    def failing(given: list[str], column: str | None) -> Any:
        if paths[1] in given:
            raise ValueError("a name that nobody can bear")
        return looked(given, column)

    monkeypatch.setattr(hashing, "look_at_roots", failing)
    told, _, images = failures(paths, loose=True)
    assert told == [(paths[1], "damaged", "ValueError: a name that nobody can bear")]
    assert images == 2


def test_tables_and_archives_that_are_none(tmp_path: Path) -> None:
    garbage = str(settle(tmp_path / "a.parquet", b"PAR1 and nothing more"))
    short = str(settle(tmp_path / "b.tar", shard(tmp_path / "c.tar", 1).read_bytes()[:2000]))
    for path in (garbage, short):
        told, lines, images = failures([path], loose=False)
        assert [one[0] for one in told][:1] == [path]
        assert lines[0].startswith(f"{path}: ")
        assert images == 0
