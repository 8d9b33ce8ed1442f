"""Programs that are killed at any step of any action: nothing is lost then, and the next command puts all in order."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lookalike.plan import Action
from lookalike.tables import plan_to_json
from removal_trees import Example, Steps, die, example, in_child, scratch, states, take_road, trash_in

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

ACTIONS: tuple[Action, ...] = ("quarantine", "hardlink", "symlink", "delete", "trash")
ROADS = ("rename", "link", "copy")


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    folder = scratch(tmp_path)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def killed(made: Example, command: Callable[..., object], at: int, road: str) -> bool:
    """Run a command in a process that dies at one of its steps; return whether it died before its end."""

    def body() -> None:
        steps = Steps(at, die)
        take_road(road)
        trash_in(f"{made.base}/trash")
        command(steps.everywhere())

    code = in_child(body)
    assert code in (0, -9)
    return code != 0


def storm(command: Callable[..., object], made: Example, road: str, stride: int) -> int:
    """Run a command over and over, each time dying some steps later, until it comes to its end; return how often it died."""
    times = 0
    while killed(made, command, 1 + times * stride, road):
        made.check_nothing_lost()
        times += 1
    return times


def sweep(base: Path, action: Action, road: str, command: str, stride: int = 1) -> int:
    """Kill a command at every step, each time on a new tree, and have the next commands put all in order; return how often."""
    faults = 0
    at = 1
    while True:
        made = example(base / f"{command}-{at}", action, inodes=road != "copy")  # a copy is a file of its own
        if command != "apply":
            assert not made.apply().refused
        died = killed(made, getattr(made, command), at, road)
        made.check_nothing_lost()
        if died:
            faults += 1
            if at // stride % 4 == 2:  # the recovery is killed at its own steps, too
                faults += storm(made.settle, made, road, stride)
            else:
                made.settle()
        check_recovered(made, action, command)
        shutil.rmtree(made.base)
        if not died:
            return faults
        at += stride


def check_recovered(made: Example, action: Action, command: str) -> None:
    """Check that a tree and its journal are in order after a recovery, and that an undo brings all back."""
    made.check_settled()
    made.check_nothing_lost()
    if action == "trash" or command == "purge":
        made.check_nothing_lost(quarantined=action == "trash")
        for undone in made.undo():
            assert not [why for why in undone.refused if "trash" not in why.reason and "purged" not in why.reason]
    elif action == "delete" and "purged" in states(made.ledger):
        made.undo()
        made.check_nothing_lost(quarantined=False)
    else:
        for undone in made.undo():
            assert not undone.refused
            assert not undone.beside
        made.check_identical()


STRIDES = {"rename": 11, "link": 23, "copy": 29}
"""How many steps are passed over between two faults here; `benchmarks/faults.py` passes over none."""


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("action", ACTIONS)
def test_an_apply_may_be_killed_at_any_step(base: Path, action: Action, road: str) -> None:
    if action == "trash" and road != "rename":
        pytest.skip("the trash has roads of its own")
    assert sweep(base, action, road, "apply", STRIDES[road]) > 5


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
def test_an_undo_may_be_killed_at_any_step(base: Path, action: Action, road: str) -> None:
    assert sweep(base, action, road, "undo", STRIDES[road]) > 5


@pytest.mark.parametrize("action", ["quarantine", "symlink"])
def test_a_purge_may_be_killed_at_any_step(base: Path, action: Action) -> None:
    assert sweep(base, action, "rename", "purge", 5) > 10


CALLS = "rename,renameat2,link,linkat,unlink,unlinkat,symlink,symlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,ftruncate,pwrite64"
"""System calls that change files, those of SQLite too; the kernel does not always have all of them."""
COMMAND = """
import sys
from lookalike import cleaning, tables
cleaning.apply(tables.plan_from_json(sys.stdin.read()), ledger=sys.argv[1], workers=1)
"""


def traced(made: Example, options: list[str]) -> subprocess.CompletedProcess[str]:
    """Apply the plan of an example in a process whose system calls are watched, and the same each time: it compiles nothing."""
    command = ["strace", "-f", "-qq", "-o", f"{made.base}/trace", *options, sys.executable, "-Bc", COMMAND, made.ledger]
    return subprocess.run(command, input=plan_to_json(made.plan), capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("action", ["quarantine", "delete"])
def test_an_apply_may_be_killed_between_system_calls(base: Path, action: Action) -> None:
    first = example(base / "whole", action)
    whole = traced(first, ["-e", f"trace={CALLS}"])
    if "ptrace" in whole.stderr.lower():
        pytest.skip("this system does not let strace watch a process")
    assert whole.returncode == 0, whole.stderr
    names = re.findall(r"^\d+ +(\w+)\(", Path(first.base, "trace").read_text("utf-8"), re.MULTILINE)
    faults = [(name, names[:number].count(name) + 1) for number, name in enumerate(names)]
    assert len(faults) > 60
    for name, when in faults[5 :: len(faults) // 3]:
        made = example(base / f"{name}-{when}", action)
        done = traced(made, ["-e", f"inject={name}:signal=KILL:when={when}"])
        assert done.returncode != 0
        made.check_nothing_lost()
        made.settle()
        check_recovered(made, action, "apply")
