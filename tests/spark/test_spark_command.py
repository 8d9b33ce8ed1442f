"""`lookalike spark find` and `leaks` as commands."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import lookalike as la
from conftest import encode, scene
from lookalike.cli.spark import spark as verbs
from lookalike.errors import UsageError


def _run(*words: str) -> Any:
    return CliRunner().invoke(verbs, words, catch_exceptions=False)


def _photos(base: Path, *seeds: int) -> Path:
    base.mkdir(parents=True)
    for seed in seeds:
        (base / f"{seed}.jpg").write_bytes(encode(scene(seed), quality=90))
    return base


def test_find_hashes_first_then_joins_what_is_new(spark: Any, tmp_path: Path) -> None:
    old, new = _photos(tmp_path / "old", 1, 2, 3), _photos(tmp_path / "new", 11, 12)
    (old / "again.jpg").write_bytes(encode(scene(1), quality=60))
    (old / "broken.jpg").write_bytes(b"no image")
    (new / "of 2.jpg").write_bytes(encode(scene(2).resize((240, 180)), quality=80))
    found, more = tmp_path / "found", tmp_path / "more"
    first = _run("find", "--input", str(old), "--output", str(found), "--json")
    assert first.exit_code == 0
    told = json.loads(first.stdout)
    names = ("groups", "duplicates", "by_tier", "pairs", "failed")
    assert [told[name] for name in names] == [1, 1, {"copy": 1}, 1, 1]
    assert "1 group, 1 duplicate" in first.stderr
    assert sorted(path.name for path in found.iterdir()) == ["failures", "groups", "hashes", "pairs"]
    groups = pq.read_table(found / "groups").to_pylist()
    alone = la.find(old, use_catalog=False).to_dict()["groups"]
    assert {row["path"]: row["role"] for row in groups} == {
        one["path"]: one["role"] for group in alone for one in group["members"]
    }
    # The tables that it made are searched before; what an earlier run wrote is replaced, and nothing else.
    for name in ("groups/part-0.parquet", "mine.txt"):
        (more / name).parent.mkdir(parents=True, exist_ok=True)
        (more / name).write_bytes(b"earlier")
    words = ("--input", str(new), "--against", str(found / "hashes"), "--output", str(more))
    assert _run("find", *words, "--quiet").exit_code == 0
    rows = pq.read_table(more / "groups").to_pylist()
    assert {Path(row["path"]).name: row["role"] for row in rows} == {"2.jpg": "keeper", "of 2.jpg": "duplicate"}
    assert (more / "mine.txt").exists()


def test_leaks_of_folders(spark: Any, tmp_path: Path) -> None:
    train, test = _photos(tmp_path / "train", 1, 2), _photos(tmp_path / "test", 3)
    (test / "leak.jpg").write_bytes(encode(scene(2), quality=50))
    done = _run("leaks", "--input", str(train), "--split", f"test={test}", "--output", str(tmp_path / "out"), "--json",
        "--fail-on-duplicates")  # fmt: skip
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["splits"], told["pairs"], told["by_tier"]) == (["train", "test"], 1, {"copy": 1})
    (row,) = pq.read_table(tmp_path / "out" / "pairs").to_pylist()
    assert {Path(row["image"]).name, Path(row["keeper"]).name} == {"2.jpg", "leak.jpg"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("find", "--input", "x"), "no --output given"),
        (("find", "--input", "x", "--output", "{out}"), "which is no result of an earlier run"),
        (("find", "--input", "x", "--output", "{new}", "--thumbnails", "some"), "--thumbnails must be"),
        (("find", "--input", "x", "--output", "{new}", "--second", "dhash"), "--second takes NAME:RADIUS"),
        (("leaks", "--input", "x", "--output", "{new}"), "name two at least"),
    ],
)
def test_refusals(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    mine = tmp_path / "out" / "groups" / "mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.touch()
    with pytest.raises(UsageError, match=said):
        _run(*(word.format(out=tmp_path / "out", new=tmp_path / "new") for word in words))
    assert mine.exists()
