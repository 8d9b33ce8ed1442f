"""`lookalike spark find` and `leaks` as commands."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from conftest import encode, scene
from lookalike.cli.logs import close_logs
from lookalike.cli.spark import spark as verbs
from lookalike.errors import UsageError


def _run(*words: str) -> Any:
    return CliRunner().invoke(verbs, words, catch_exceptions=False)


def _photos(base: Path, *seeds: int) -> Path:
    base.mkdir(parents=True)
    for seed in seeds:
        (base / f"{seed}.jpg").write_bytes(encode(scene(seed), quality=90))
    return base


def test_find_hashes_what_is_new_and_joins_it_with_tables(spark: Any, tmp_path: Path) -> None:
    old, new = _photos(tmp_path / "old", 1, 2, 3), _photos(tmp_path / "new", 11, 12)
    (old / "again.jpg").write_bytes(encode(scene(1), quality=60))  # of two old images nothing is said
    (new / "broken.jpg").write_bytes(b"no image")
    (new / "of 2.jpg").write_bytes(encode(scene(2).resize((240, 180)), quality=80))
    (new / "of 12.jpg").write_bytes(encode(scene(12), quality=60))
    hashes, found, log = tmp_path / "tables", tmp_path / "found", tmp_path / "log.jsonl"
    assert _run("hash", "--input", str(old), "--output", str(hashes), "--quiet").exit_code == 0
    # What an earlier run wrote is replaced, nothing else; and its tables of other images are not read.
    for name in ("groups/part-0.parquet", "mine.txt"):
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_bytes(b"earlier")
    other = _photos(tmp_path / "other", 11, 12)
    assert _run("hash", "--input", str(other), "--output", str(found / "hashes"), "--quiet").exit_code == 0
    words = ("--input", str(new), "--against", str(hashes), "--output", str(found), "--json", "--log-json", str(log))
    done = _run("find", *words)
    close_logs()
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    names = ("groups", "duplicates", "by_tier", "pairs", "failed")
    assert [told[name] for name in names] == [2, 2, {"copy": 2}, 2, 1]
    assert "2 groups, 2 duplicates" in done.stderr
    assert sorted(path.name for path in found.iterdir()) == ["failures", "groups", "hashes", "mine.txt", "pairs"]
    rows = pq.read_table(found / "groups").to_pylist()
    assert {"/".join(Path(row["path"]).parts[-2:]): row["role"] for row in rows} == {
        "old/2.jpg": "keeper", "new/of 2.jpg": "duplicate", "new/12.jpg": "keeper", "new/of 12.jpg": "duplicate",
    }  # fmt: skip
    assert spark.sparkContext.getCheckpointDir() is None
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["master"] for line in lines if line["event"] == "spark.opened"] == ["local[2]"]
    assert [(line["state"], line["images"], line["done"]) for line in lines if line["event"] == "shard.ended"] == [
        ("hashed", 4, 1)
    ]
    counts = {line["stage"]: line["count"] for line in lines if line["event"] == "stage.ended"}
    assert {name: counts[name] for name in ("hash", "read", "groups", "pairs", "failures")} == {
        "hash": 4, "read": 8, "groups": 4, "pairs": 2, "failures": 1,
    }  # fmt: skip


def test_shards_that_are_left_alone_end_a_search_with_what_to_do(spark: Any, tmp_path: Path) -> None:
    photos, output = _photos(tmp_path / "photos", 1), tmp_path / "found"
    assert _run("hash", "--input", str(photos), "--output", str(output / "hashes"), "--quiet").exit_code == 0
    (photos / "2.jpg").write_bytes(encode(scene(2)))
    with pytest.raises(UsageError, match="lookalike spark hash --overwrite makes it anew, or name another --output"):
        _run("find", "--input", str(photos), "--output", str(output))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("find", "--input", "x"), "no --output given"),
        (("find", "--input", "x", "--output", "{out}"), "which is no result of an earlier run"),
        (("find", "--input", "x", "--output", "{out}/groups/mine.jpg"), "results cannot go to .*mine.jpg/groups"),
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
