"""Crowds: what is proposed of more pictures of one hash than are all held against each other."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import lookalike as la
from conftest import encode, scene
from lookalike import bits, crowds, grouping

HASHES = np.array([[0], [1], [3], [0xFFFF]], np.uint64)
NEAR = grouping.Listed(4, np.array([0, 1]), np.array([1, 2]))
"""Of four hashes each is near the next one, but for the last."""


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30))
def test_crowds_are_parted_by_the_finer_hash_and_nothing_else_is(rows: list[tuple[int, int]]) -> None:
    node, far = np.array(rows).T
    fine = np.zeros((len(rows), 4), np.uint64)
    for row, value in enumerate(far.tolist()):
        fine[row, : value // 2] = ~np.uint64(0)  # 64 bits, the radius, for each two steps
        fine[row, 3] = value % 2
    item = np.arange(len(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "MOST_EQUAL", 4)
        made, near, crowded = crowds.parted(item, node, NEAR, lambda some: fine[some], threads=1)
    crowd = np.bincount(node, minlength=4)[node] > 4
    assert crowded.tolist() == np.flatnonzero(crowd).tolist()
    found = grouping.Candidates(len(rows), [grouping.Layer(item, made, near)])
    for one in item.tolist():
        coarse = (node == node[one]) | np.isin(node, NEAR.near(int(node[one])))
        finer = bits.distance(fine, fine[one]) <= crowds.FINER_RADIUS
        both = crowd & crowd[one]
        wanted = np.flatnonzero(np.where(both, finer, coarse) & (item != one))
        assert found.near(one).tolist() == wanted.tolist()


def test_findings_name_a_crowd_and_still_find_its_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = scene(3, 400, 400)
    for name in range(4):
        other = picture.copy()
        random = np.random.default_rng(name)
        other.paste(Image.fromarray(random.integers(0, 256, (24, 24, 3), np.uint8)), (8 + 90 * name, 300))
        (tmp_path / f"{name}.jpg").write_bytes(encode(other, quality=90))
        (tmp_path / f"{name}-again.jpg").write_bytes(encode(other, quality=70))
    alone = la.find(str(tmp_path), catalog=str(tmp_path / "catalog.sqlite"), ledger=str(tmp_path / "ledger"))
    assert not any("finer hash" in said for said in alone.warnings)
    monkeypatch.setattr(crowds, "MOST_EQUAL", 1)
    found = la.find(str(tmp_path), catalog=str(tmp_path / "catalog.sqlite"), ledger=str(tmp_path / "ledger"))
    (said,) = [said for said in found.warnings if "finer hash" in said]
    assert "--size 16" in said
    assert found.to_dict(10)["groups"] == alone.to_dict(10)["groups"]
