"""Leaks on Spark are those of one machine."""

from pathlib import Path
from typing import Any

import pytest
from PIL import ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike.errors import UsageError
from lookalike.spark import leaks
from spark_rows import hashed

NAMES = ("train", "val", "test")


def _splits(base: Path) -> dict[str, Path]:
    """Write splits that share pictures: as they are, coded again, mirrored, and through a picture in between."""
    for at, name in enumerate(NAMES):
        folder = base / name
        folder.mkdir(parents=True)
        for seed in range(8):
            (folder / f"{seed}.jpg").write_bytes(encode(scene(100 * at + seed), quality=90))
    (base / "test" / "same.jpg").write_bytes((base / "train" / "1.jpg").read_bytes())
    (base / "val" / "again.jpg").write_bytes(encode(scene(2), quality=50))
    (base / "test" / "half.jpg").write_bytes(encode(scene(2).resize((240, 180)), quality=80))
    (base / "test" / "mirror.jpg").write_bytes(encode(ImageOps.mirror(scene(3)), quality=85))
    (base / "train" / "twice.jpg").write_bytes(encode(scene(4), quality=70))
    (base / "val" / "crop.jpg").write_bytes(encode(scene(5).crop((20, 10, 470, 350)), quality=85))
    (base / "val" / "broken.jpg").write_bytes(b"no image")
    return {name: base / name for name in NAMES}


def test_pairs_across_splits_are_those_of_one_machine(spark: Any, tmp_path: Path) -> None:
    splits = _splits(tmp_path / "set")
    rows = {name: spark.read.parquet(str(hashed(tmp_path / f"{name}.parquet", path))) for name, path in splits.items()}
    alone = la.leaks(splits=dict(splits), within=0, use_catalog=False)
    expected = {
        (one.image.path, one.image.split, one.keeper.path, one.keeper.split, None if one.tier is None else one.tier_name,
         one.score, one.distance, one.share, one.relation, one.through)
        for one in alone.pairs
    }  # fmt: skip
    found = leaks(rows)
    columns = ("image", "image_split", "keeper", "keeper_split", "tier", "score", "distance", "distance_share", "relation",
        "through")  # fmt: skip
    told = found.pairs.toArrow().to_pylist()
    assert {tuple(map(row.get, columns)) for row in told} == expected
    assert len(told) == len(expected) >= 5
    assert {row["group"] for row in told} == {min(one.path for one in group) for group in alone.groups}
    assert [(row["split"], row["path"]) for row in found.failures.toArrow().to_pylist()] == [
        ("val", str(splits["val"] / "broken.jpg"))
    ]
    found.release()


def test_one_split_is_none(spark: Any) -> None:
    with pytest.raises(UsageError, match="name two at least"):
        leaks({"train": spark.range(1)})
