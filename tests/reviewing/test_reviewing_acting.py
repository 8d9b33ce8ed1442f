"""Where plans of a review lie, and what it may not do."""

import os
from pathlib import Path

import pytest

from lookalike.errors import UsageError
from lookalike.model import Tier
from lookalike.plan import Decision, KeepOptions, Plan, PlanRoot
from lookalike.reviewing.acting import check_action, write_plan
from lookalike.tables import read_plan

PLAN = Plan(
    "2026-01-02T03:04:05+00:00", "/", (PlanRoot("/p", "/p", 2),), KeepOptions(), "upright",
    (
        Decision("/p/a.png", "keep", 1, 8, 0, b"a" * 32, "larger"),
        Decision("/p/b.png", "remove", 1, 8, 0, b"b" * 32, "larger", "/p/a.png", Tier.COPY, 0.99, "half size"),
    ),
)  # fmt: skip


def test_a_plan_lies_beside_the_ledger_and_takes_the_place_of_none(tmp_path: Path) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    paths = [write_plan(PLAN, ledger) for _ in range(3)]
    assert len({*paths}) == 3
    assert [read_plan(path) for path in paths] == [PLAN] * 3
    assert {os.path.dirname(path) for path in paths} == {str(tmp_path / "plans")}
    assert os.stat(tmp_path / "plans").st_mode & 0o077 == 0  # names of files are nobody else's business


def test_a_plan_is_written_where_one_says(tmp_path: Path) -> None:
    path = str(tmp_path / "mine.json")
    assert write_plan(PLAN, str(tmp_path / "ledger.sqlite"), path) == path
    assert read_plan(path) == PLAN
    with pytest.raises(UsageError):
        write_plan(PLAN, str(tmp_path / "ledger.sqlite"), str(tmp_path / "no" / "such" / "folder.json"))


def test_a_place_where_no_folder_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("in the way")
    with pytest.raises(UsageError, match="--plan"):
        write_plan(PLAN, str(tmp_path / "ledger.sqlite"))


def test_nothing_goes_for_good() -> None:
    with pytest.raises(UsageError, match="purge the batch later"):
        check_action(KeepOptions(action="delete"))
    for action in ("quarantine", "trash", "hardlink", "symlink", "reflink"):
        check_action(KeepOptions(action=action))
