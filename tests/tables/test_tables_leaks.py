"""A baseline: which contents were together, in different splits."""

import json
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import UsageError
from lookalike.tables import Baseline, read_baseline

A, B, C = (bytes([at]) * 32 for at in range(3))


def test_a_baseline_holds_pairs_in_any_order_and_only_across_splits() -> None:
    before = Baseline.of([[(A, "train"), (B, "test"), (C, "train")], [(C, "train"), (C, "val")]])
    assert before.holds(A, B)
    assert before.holds(B, A)
    assert before.holds(B, C)
    assert before.holds(C, C), "equal bytes in two splits"
    assert not before.holds(A, C), "both were in one split"
    assert not before.holds(A, A)
    assert not before.holds(A, b"other")


def test_of_a_search_without_splits_any_two_of_a_group_are_known() -> None:
    before = Baseline.of([[(A, None), (B, None)], [(C, None)]])
    assert before.holds(B, A)
    assert not before.holds(A, A)
    assert not before.holds(C, C)
    assert not before.holds(A, C)


def row(digest: bytes, **more: Any) -> dict[str, Any]:
    return {"path": "a", "digest": digest.hex(), **more}


def test_documents_of_leaks_and_of_find_are_read(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    for more in ({"split": "train"}, {}):
        file.write_text(
            json.dumps({"version": 1, "groups": [{"members": [row(A, **more), row(B, **more), row(C, split="x")]}]})
        )
        before = read_baseline(str(file))
        assert before.holds(A, B) is (not more)
        assert before.holds(A, C)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is not JSON"),
        ({"version": 1, "decisions": []}, "holds no groups: name a .json that lookalike leaks or find --output wrote"),
        ({"version": 2, "groups": []}, "has version 2, and this program reads 1"),
        ({"version": 1, "groups": [{"members": [{"path": "a"}]}]}, "group 1, member 1 lacks the field digest"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, document: Any, message: str) -> None:
    file = tmp_path / "b.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(UsageError, match=message):
        read_baseline(str(file))
    with pytest.raises(UsageError, match="cannot read"):
        read_baseline(str(tmp_path / "none.json"))
