"""The benchmark beside the peers runs from end to end and writes what it measured."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import encode, scene

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_a_quick_run_measures_everybody_who_is_installed(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(6):
        (photos / f"{seed}.jpg").write_bytes(encode(scene(seed, 640, 480), quality=95))
    figures = tmp_path / "figures.json"
    options = ["--quick", "--only", "progressive", "--photos", str(photos), "--json", str(figures)]
    command = [sys.executable, "peers.py", *options]
    done = subprocess.run(
        command,
        cwd=BENCHMARKS,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    case = json.loads(figures.read_text())["peers"]["progressive"]
    measured = {name for name, row in case["ways"].items() if "wall" in row}
    assert {
        "lookalike, 2 threads",
        "lookalike, 1 thread",
        "imgdd triangle, 2 threads",
        "imagehash, 1 thread",
    } <= measured
    assert all(case["ways"][name]["wall"] > 0 for name in measured)
    assert {bar["peer"] for bar in case["bars"]} == {"imagehash, 1 thread", "imgdd triangle, 2 threads"}
    assert "python-libphash" in done.stdout  # a row, whether it is installed or not


def test_the_accuracy_bench_counts_every_pair(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(8):
        (photos / f"{seed}.jpg").write_bytes(encode(scene(seed, 320, 240), quality=90))
    figures = tmp_path / "accuracy.json"
    options = ["--photos", str(photos), "--pairs", "2", "--no-plain", "--orient", "all", "--json", str(figures)]
    done = subprocess.run(
        [sys.executable, "-m", "accuracy", *options], cwd=BENCHMARKS, capture_output=True, text=True, check=False,
        env={**os.environ, "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())
    files = found["photos"] * (len(found["recall"]) + 1)
    assert 2 <= found["photos"] < 8
    assert found["random"]["pairs"] <= files * (files - 1) // 2
    assert (
        found["random"]["copy"] + found["random"]["edit"] + found["random"]["similar"] <= found["random"]["candidates"]
    )
    assert found["recall"]["jpeg 90"]["copy"] == found["recall"]["mirror"]["copy"] == 1
    for row in found["recall"].values():
        assert 0 <= row["copy"] <= row["edit"] <= row["similar"] <= row["candidates"] <= 1
    assert all(row["copy"] + row["edit"] + row["similar"] <= row["pairs"] == 2 for row in found["hard"].values())
    assert "random pairs" in done.stdout


def test_the_search_bench_finds_every_query(tmp_path: Path) -> None:
    figures = tmp_path / "search.json"
    done = subprocess.run(
        [sys.executable, "search.py", "--rows", "2000", "--queries", "3", "--json", str(figures)], cwd=BENCHMARKS,
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(figures.read_text())["search"]
    assert row["rows"] == 2000
    for orient in ("upright", "mirror", "all"):
        assert row[orient]["found"] == 3
        assert 0 < row[orient]["median"] <= row[orient]["worst"]
    assert "3 of 3 found" in done.stdout


def test_the_benchmark_of_scale_finds_what_was_planted(tmp_path: Path) -> None:
    figures = tmp_path / "scale.json"
    options = ["--rows", "300", "600", "--hard", "60", "--pairs", "5000", "--json", str(figures)]
    done = subprocess.run(
        [sys.executable, "scale.py", *options], cwd=BENCHMARKS, capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    small, large, copies, hashes, pairs = json.loads(figures.read_text())["scale"]
    assert [row["stats"]["hashed"] for row in (small, large, copies, hashes)] == [300, 600, 60, 60]
    assert small["stats"]["by_tier"]["exact"] == 12
    assert large["stats"]["by_tier"]["exact"] == 24
    assert large["stats"]["by_tier"]["copy"] >= 30
    assert copies["stats"]["groups"] == 1
    assert copies["stats"]["duplicates"] == 59
    assert hashes["stats"]["duplicates"] < 5
    assert pairs["planted"] == 49
    assert pairs["pairs"] >= 49
    assert "join + verify" in done.stdout
