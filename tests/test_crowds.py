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
        fine[row, : value // 2] = np.uint64((1 << crowds.FINER_RADIUS) - 1)  # the radius for each two steps
        fine[row, 3] = value % 2
    item = np.arange(len(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "MOST_EQUAL", 4)
        made, near, crowded = crowds.parted(item, node, NEAR, lambda some: fine[some], threads=1)
    crowd = np.bincount(node, minlength=4)[node] > 4
    found = grouping.Candidates(len(rows), [grouping.Layer(item, made, near)])
    for one in item.tolist():
        coarse = (node == node[one]) | np.isin(node, NEAR.near(int(node[one])))
        finer = bits.distance(fine, fine[one]) <= crowds.FINER_RADIUS
        both = crowd & crowd[one]
        near_one = np.isin(item, found.near(one)) | (item == one)
        assert near_one[both].tolist() == finer[both].tolist()
        assert near_one[coarse & ~both].all()  # and, where two crowds share a finer hash, the neighbours of either
        assert not near_one[~coarse & ~crowd].any() or crowd[one]
        left_out = crowd[one] & (node == node[one]) & ~finer
        assert one in crowded or not left_out.any()
    assert crowd[crowded].all()


def woven(number: int) -> Image.Image:
    """Draw a picture whose coarse shapes are those of all others."""
    place = (np.arange(256) + 0.5) * np.pi / 256
    waves = np.random.default_rng(0).normal(0, 1, (18, 18)) / np.hypot(*np.mgrid[1:19, 1:19])
    own = np.random.default_rng(number).normal(0, 0.2, (18, 18))
    waves = np.where(np.maximum(*np.mgrid[:18, :18]) >= 9, own, waves)
    basis = np.cos(place[:, np.newaxis] * np.arange(18))
    values = basis @ waves @ basis.T
    return Image.fromarray(np.clip(128 + 24 * values / values.std(), 0, 255).astype(np.uint8))


def test_findings_name_a_crowd_and_still_find_its_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def findings() -> la.Findings:
        return la.find(str(tmp_path), catalog=str(tmp_path / "catalog.sqlite"), ledger=str(tmp_path / "ledger"))

    for name in range(4):
        (tmp_path / f"{name}.jpg").write_bytes(encode(woven(name), quality=90))
        (tmp_path / f"{name}-again.jpg").write_bytes(encode(woven(name), quality=70))
    alone = findings()
    assert alone.stats["duplicates"] == 4
    assert not any("finer hash" in said for said in alone.warnings)
    monkeypatch.setattr(crowds, "MOST_EQUAL", 1)
    found = findings()
    (said,) = [said for said in found.warnings if "finer hash" in said]
    assert "8 images" in said
    assert "--size 16" in said
    assert found.to_dict(10)["groups"] == alone.to_dict(10)["groups"]


def test_a_crowd_of_copies_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for quality in (60, 70, 80, 90):
        (tmp_path / f"{quality}.jpg").write_bytes(encode(scene(3, 400, 400), quality=quality))
    monkeypatch.setattr(crowds, "MOST_EQUAL", 1)
    found = la.find(str(tmp_path), catalog=str(tmp_path / "catalog.sqlite"), ledger=str(tmp_path / "ledger"))
    assert found.stats["duplicates"] == 3
    assert not any("finer hash" in said for said in found.warnings)
