"""Increments on Spark against those of one machine, and rows without thumbnails against rows that have them."""

import os
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import encode, scene
from lookalike.concluding import conclude
from lookalike.findings import Findings
from lookalike.gathering import gather
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.spark.finding import find
from spark_albums import album
from spark_rows import NAMES, Groups, column, hashed, names, of_one_machine, of_spark, pairs

pytest.importorskip("pyspark")


def increment(new: Sequence[str], old: Sequence[str]) -> Groups:
    """Find on one machine."""

    def again(keep: str) -> Findings:
        raise AssertionError(keep)

    options = FindOptions()
    with open_catalog(None) as store:
        found = gather(list(new), list(old), store, options.spec, ScanOptions(), workers=1)
        return of_one_machine(conclude(
            found, store, options, ScanOptions(), roots=list(new), references=list(old), decided=(), workers=1,
            again=again, started=time.monotonic(), increment=True,
        ))  # fmt: skip


def test_new_images_find_what_a_full_run_finds_of_them(spark: Any, tmp_path: Path) -> None:
    folder = album(tmp_path / "album")
    rows = spark.read.parquet(str(hashed(tmp_path / "rows.parquet", folder)))
    good = rows.where("failure is null").select("path", "digest").toArrow().to_pylist()
    lot = np.random.default_rng(4).random(len(good)) < 0.5
    new = [row["path"] for row, drawn in zip(good, lot, strict=True) if drawn]
    old = [row["path"] for row, drawn in zip(good, lot, strict=True) if not drawn]
    old += new[:3]  # these are on both sides
    found = find(rows.where(rows["path"].isin(new)), against=rows.where(rows["path"].isin(old)))
    groups = of_spark(found.groups)
    assert groups == increment(new, old)
    assert len(groups) > 5
    touched = {row["digest"] for row in good if row["path"] in new}
    full = pairs(find(rows).pairs)
    assert pairs(found.pairs) == [row for row in full if row[0] in touched or row[1] in touched]
    assert len(full) > len(pairs(found.pairs)) > 5
    at, role = NAMES.index("path"), NAMES.index("role")
    for members in groups.values():
        assert not all(one[at] in old for one in members)
        assert not any(one[at] in old and one[role] != "keeper" for one in members)


def test_thumbnails_are_made_of_candidates_alone(spark: Any, tmp_path: Path) -> None:
    folder = album(tmp_path / "album")
    alone = [folder / f"alone/{seed}.jpg" for seed in range(200, 204)]
    alone[0].parent.mkdir()
    for seed, path in zip(range(200, 204), alone, strict=True):
        path.write_bytes(encode(scene(seed)))
    with tarfile.open(folder / "shard.tar", "w") as tar:
        for name in ("a/0.jpg", "b/1.jpg", "b/2.jpg", "pixels/21.bmp", "flat/200.bmp"):
            tar.add(folder / name, f"again {name.replace('/', ' ')}")
    for path in folder.rglob("*.*"):
        if path.is_file():
            os.utime(path, (0, time.time() - 60))  # a read is seen by the time of access
    _read(probe := folder / "broken/none.jpg")
    if probe.stat().st_atime == 0:
        pytest.skip("this file system keeps no times of access")
    given = [folder, folder / "shard.tar"]
    rows = spark.read.parquet(str(hashed(tmp_path / "rows.parquet", *given)))
    expected = find(rows, roots=list(map(str, given)))
    groups, near = of_spark(expected.groups), pairs(expected.pairs)
    for path in folder.rglob("*.*"):
        if path.is_file():
            os.utime(path, (0, path.stat().st_mtime))
    bare = rows.drop("thumbnail")
    found = find(bare, roots=list(map(str, given)))
    assert pairs(found.pairs) == near
    assert of_spark(found.groups) == groups
    assert all(path.stat().st_atime == 0 for path in alone), "what has no candidate is not read"
    assert (folder / "b/0.jpg").stat().st_atime > 0
    assert "tar" in column(groups, "source")
    found.release()
    # Only equal bytes are left where nothing is read.
    unread = find(bare, thumbnails="none")
    none = of_spark(unread.groups)
    unread.release()
    digest = NAMES.index("digest")
    assert none
    assert all(len({member[digest] for member in members}) == 1 for members in none.values())
    # What has vanished, or is another picture now, is compared with nothing, and the rest is as it was.
    gone = {str(folder / "b/0.jpg"), str(folder / "b/3.jpg"), str(folder / "copies/b3.jpg"), str(folder / "a/5.jpg")}
    for name in gone:
        os.unlink(name)
    Path(min(gone)).write_bytes(encode(scene(300)))
    left = of_spark(find(bare, roots=list(map(str, given))).groups)
    at = NAMES.index("path")
    whole = [members for members in groups.values() if gone.isdisjoint(one[at] for one in members)]
    assert len(whole) > 3
    assert all(members in left.values() for members in whole)
    assert not any({"a/0.jpg", "b/0.jpg"} <= one for one in names(left))
    assert any({"b/3.jpg", "copies/b3.jpg"} <= one for one in names(left)), "equal bytes need no look"


def _read(path: Path) -> bytes:
    return path.read_bytes()
