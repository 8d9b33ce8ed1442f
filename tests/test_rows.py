"""Rows that grow hold what was appended, in order."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.rows import Rows


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 3))
def test_rows_are_all_that_was_appended(lengths: list[int], words: int) -> None:
    random = np.random.default_rng(len(lengths))
    rows = Rows(words)
    parts = [(random.integers(0, 9, n), random.integers(0, 1 << 64, (n, words), np.uint64)) for n in lengths]
    for owner, block in parts:
        rows.append(owner, block)
    assert rows.owner.tolist() == [value for owner, _ in parts for value in owner.tolist()]
    assert rows.block.shape == (sum(lengths), words)
    assert rows.block.tolist() == [row for _, block in parts for row in block.tolist()]
