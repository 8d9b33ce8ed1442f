"""A short run of the fuzz targets, each of which also has to find a fault that is planted; the runner; what fuzzing found."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "fuzz"))

import engines  # noqa: E402 - found there
from targets import NATIVE, TARGETS, target  # noqa: E402
from targets.target import Choices, edited  # noqa: E402

SECONDS = 1.2


def run(command: list[str], **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_finds_nothing_and_a_planted_fault(name: str, tmp_path: Path) -> None:
    if name == "sources":
        pytest.importorskip("pyarrow")
    done = run([str(ROOT / "tests" / "fuzz_target.py"), name, str(SECONDS), str(tmp_path)])
    assert done.returncode == 0, done.stderr[-4000:]
    sound, broken = map(int, done.stdout.split()[-2:])
    assert sound >= 1
    assert broken >= 1


def test_the_runner_says_what_was_tried_and_found(tmp_path: Path) -> None:
    done = run([str(ROOT / "fuzz" / "run.py"), "texts", "0.5", str(tmp_path)], FUZZ_ENGINE="mutations")
    assert done.returncode == 0, done.stderr
    assert re.match(r"texts +mutations +\d+ inputs +\d+\.\d s of CPU  nothing found\n", done.stdout), done.stdout


def test_a_wrong_command_line_names_the_targets() -> None:
    for words in ([], ["nothing", "1"], ["all"], ["all", "soon"]):
        done = run([str(ROOT / "fuzz" / "run.py"), *words])
        assert done.returncode == 2
        assert all(name in done.stderr for name in (*TARGETS, *NATIVE))


def test_every_target_says_what_must_hold_and_has_the_same_seeds_at_every_call() -> None:
    modules = {path.stem for path in (ROOT / "fuzz" / "targets").glob("*.py")}
    assert modules - {"__init__", "target", "trees", "pictures", "damage"} == set(TARGETS)
    for name in ("texts", "patterns", "web", "commands", "plans"):
        assert target(name).holds
        assert target(name).seeds() == target(name).seeds() != []


def test_the_loop_repeats_its_inputs_and_keeps_what_was_found() -> None:
    seen: list[list[bytes]] = []

    def breaks(data: bytes) -> None:
        seen[-1].append(data)
        if b"word" in data:
            raise RuntimeError("planted")

    for _ in range(2):
        seen.append([])
        found = engines.mutations(breaks, [b"abc", b"def"], [b"word"], 30)
        assert found.finding is not None
        assert b"word" in found.finding
        assert "RuntimeError: planted" in found.error
        assert found.inputs == len(seen[-1])
    assert seen[0] == seen[1]


def test_what_takes_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "TIMEOUT", 1)

    def hangs(_data: bytes) -> None:
        while True:
            pass

    found = engines.mutations(hangs, [b"a"], [], 30)
    assert (found.inputs, found.finding) == (1, b"a")
    assert "Hang" in found.error


def test_edits_of_a_document_leave_the_document_alone() -> None:
    document: dict[str, Any] = {"a": [1, {"b": None}], "c": "x"}
    made = [edited(document, Choices(bytes([7, first, second, 3, 1, 9, 5, 2] * 4))) for first in range(9) for second in range(9)]
    assert document == {"a": [1, {"b": None}], "c": "x"}
    assert sum(one != document for one in made) > len(made) // 2
