"""Increments on Spark against those of one machine, and rows without thumbnails against rows that have them."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from conftest import encode, scene
from lookalike.groups.concluding import conclude
from lookalike.groups.findings import Findings
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.gathering import gather
from lookalike.spark.finding import Found, find
from spark_albums import ALONE
from spark_rows import NAMES, Groups, Set, column, names, of_one_machine, of_spark, pairs

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


@pytest.fixture
def hide(spark_album: Set) -> Iterator[Callable[[str], Path]]:
    """Yield a function that takes files of the album away until the test ends."""
    moved: list[Path] = []

    def hide(name: str) -> Path:
        moved.append(spark_album.folder / name)
        moved[-1].rename(f"{moved[-1]} hidden")
        return moved[-1]

    yield hide
    for path in moved:
        Path(f"{path} hidden").replace(path)


def test_new_images_find_what_a_full_run_finds_of_them(spark_album: Set, spark_found: Found) -> None:
    rows = spark_album.rows.where("source = 'files'")
    good = rows.where("failure is null").select("path", "digest").toArrow().to_pylist()
    lot = np.random.default_rng(4).random(len(good)) < 0.5
    new = [row["path"] for row, drawn in zip(good, lot, strict=True) if drawn]
    old = [row["path"] for row, drawn in zip(good, lot, strict=True) if not drawn]
    old += new[:3]  # these are on both sides
    found = find(rows.where(rows["path"].isin(new)), against=rows.where(rows["path"].isin(old)))
    groups, near = of_spark(found.groups), pairs(found.pairs)
    found.release()
    assert groups == increment(new, old)
    assert len(groups) > 5
    touched = {row["digest"] for row in good if row["path"] in new}
    full = pairs(spark_found.pairs)
    assert near == [row for row in full if row[0] in touched or row[1] in touched]
    assert len(full) > len(near) > 5
    at, role = NAMES.index("path"), NAMES.index("role")
    for members in groups.values():
        assert not all(one[at] in old for one in members)
        assert not any(one[at] in old and one[role] != "keeper" for one in members)


def test_candidates_alone_are_read_again(spark_album: Set, spark_found: Found, hide: Callable[[str], Path]) -> None:
    folder = spark_album.folder
    for path in filter(Path.is_file, folder.rglob("*")):
        os.utime(path, (0, path.stat().st_mtime))  # a read is seen by the time of access
    (folder / "broken/none.jpg").read_bytes()
    if (folder / "broken/none.jpg").stat().st_atime == 0:
        pytest.skip("this file system keeps no times of access")
    # What has vanished, or is another picture now, is compared with nothing, and the rest is as it was.
    gone = [hide(name) for name in ("b/0.jpg", "b/3.jpg", "a/5.jpg")]
    (folder / "a/5.jpg").write_bytes(encode(scene(300)))
    digests = {row["digest"] for row in spark_album.rows.toArrow().to_pylist() if row["path"] in map(str, gone)}
    found = find(spark_album.rows.drop("thumbnail"), roots=spark_album.roots)
    groups, near = of_spark(found.groups), pairs(found.pairs)
    found.release()
    assert near == [row for row in pairs(spark_found.pairs) if digests.isdisjoint(row[:2])]
    assert all((folder / f"alone/{seed}.jpg").stat().st_atime == 0 for seed in ALONE), "no candidate, not read"
    assert (folder / "b/1.jpg").stat().st_atime > 0
    at = NAMES.index("path")
    lost = set(map(str, gone))
    whole = [
        members for members in of_spark(spark_found.groups).values() if lost.isdisjoint(one[at] for one in members)
    ]
    assert len(whole) > 3
    assert all(members in groups.values() for members in whole)
    assert "tar" in column({"": [one for members in whole for one in members]}, "source")
    assert not any({"a/0.jpg", "b/0.jpg"} <= one for one in names(groups))
    assert any({"b/3.jpg", "copies/b3.jpg"} <= one for one in names(groups)), "equal bytes need no look"


def test_nothing_is_read_again(spark_album: Set) -> None:
    found = find(spark_album.rows.drop("thumbnail"), thumbnails="none")
    groups = of_spark(found.groups)
    found.release()
    digest = NAMES.index("digest")
    assert groups
    assert all(len({member[digest] for member in members}) == 1 for members in groups.values())
