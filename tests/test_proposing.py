"""Neighbours of hashes: listed, or looked for when there are too many to list."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookalike as la
from conftest import encode, scene
from lookalike import join, proposing


@given(st.lists(st.integers(0, 2**14), max_size=60), st.integers(0, 6))
@settings(deadline=None, max_examples=60)
def test_looked_for_and_listed_neighbours_are_the_same(values: list[int], radius: int) -> None:
    distinct, _ = join.collapse(np.array(values, np.uint64))
    listed = proposing.near_hashes(distinct, radius, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposing, "MOST_PAIRS", -1)
        sought = proposing.near_hashes(distinct, radius, threads=2)
    pairs = len(join.distinct_pairs(distinct, radius)[0])
    assert isinstance(sought, proposing._Sought) == (pairs > 0)
    assert listed.count == sought.count == len(distinct)
    assert np.array_equal(listed.labels(), sought.labels())
    for number in range(len(distinct)):
        assert sorted(listed.near(number).tolist()) == sorted(sought.near(number).tolist())


def test_findings_do_not_depend_on_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("album")
    for seed in range(4):
        for quality in (50, 70, 90):
            (folder / f"{seed}-{quality}.jpg").write_bytes(encode(scene(seed, 400, 300), quality=quality))
    listed = la.find(folder, use_catalog=False, workers=1).to_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposing, "MOST_PAIRS", 0)
        sought = la.find(folder, use_catalog=False, workers=1).to_dict()
    assert listed["stats"]["groups"] == 4
    assert sought["groups"] == listed["groups"]


def test_a_clique_is_grouped_without_its_pairs() -> None:
    distinct = np.arange(12_000, dtype=np.uint64)[:, np.newaxis]  # 72 million pairs within 14 bits
    found = proposing.near_hashes(distinct, 14, threads=2)
    assert isinstance(found, proposing._Sought)
    assert not found.labels().any()
    assert len(found.near(5)) == 11_999
