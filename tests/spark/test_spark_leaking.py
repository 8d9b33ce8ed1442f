"""Leaks on Spark are those of one machine."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import ImageOps
from typer.testing import CliRunner

import lookalike as la
from conftest import encode, scene
from lookalike.cli.spark import spark as verbs
from lookalike.errors import UsageError
from lookalike.spark import leaks

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
    splits, out = _splits(tmp_path / "set"), tmp_path / "out"
    alone = la.leaks(splits=dict(splits), within=0, use_catalog=False)
    expected = {
        (one.image.path, one.image.split, one.keeper.path, one.keeper.split, None if one.tier is None else one.tier_name,
         one.score, one.distance, one.share, one.relation, one.through)
        for one in alone.pairs
    }  # fmt: skip
    # Tables of one split are there, the images of the others are hashed first.
    assert (
        CliRunner().invoke(verbs, ["hash", "--input", str(splits["train"]), "--output", str(out / "train")]).exit_code
        == 0
    )
    words = ["--input", str(out / "train"), "--split", f"val={splits['val']}", "--split", f"test={splits['test']}"]
    done = CliRunner().invoke(verbs, ["leaks", *words, "--output", str(out), "--json", "--fail-on-duplicates"])
    assert done.exit_code == 1
    summary = json.loads(done.stdout)
    assert (summary["splits"], summary["pairs"], summary["failed"]) == (list(NAMES), len(expected), 1)
    assert f"{len(expected)} pairs across 3 splits" in done.stderr
    columns = ("image", "image_split", "keeper", "keeper_split", "tier", "score", "distance", "distance_share", "relation",
        "through")  # fmt: skip
    told = pq.read_table(out / "pairs").to_pylist()
    assert {tuple(map(row.get, columns)) for row in told} == expected
    assert len(told) == len(expected) >= 5
    assert Counter(row["tier"] or "not verified" for row in told) == summary["by_tier"]
    assert {row["group"] for row in told} == {min(one.path for one in group) for group in alone.groups}
    assert [(row["split"], row["path"]) for row in pq.read_table(out / "failures").to_pylist()] == [
        ("val", str(splits["val"] / "broken.jpg"))
    ]


def test_one_split_is_none(spark: Any) -> None:
    with pytest.raises(UsageError, match="name two at least"):
        leaks({"train": spark.range(1)})
