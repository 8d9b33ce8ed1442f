"""The order of groups, and the next open one."""

import numpy as np
import pytest

from lookalike.errors import UsageError
from lookalike.groups.grouped import Outline
from lookalike.model import Tier
from lookalike.reviewing.route import Route

MADE = Outline(
    np.array([Tier.EXACT, Tier.EDIT, Tier.COPY, Tier.EDIT, Tier.NONE], np.uint8),
    np.array([1000, 800, 900, 700, 0], np.int64),
    np.full(5, 2, np.int64),
    np.array([10, 30, 30, 50, 0], np.int64),
)


def test_the_least_certain_group_or_the_one_that_frees_most_comes_first() -> None:
    assert Route(MADE).sequence.tolist() == [4, 3, 1, 2, 0]
    assert Route(MADE, "space").sequence.tolist() == [3, 1, 2, 0, 4]
    with pytest.raises(UsageError, match="use one of risk, space"):
        Route(MADE, "name")


@pytest.mark.parametrize("order", ["risk", "space"])
def test_neighbours_follow_the_order_and_end_at_both_ends(order: str) -> None:
    route = Route(MADE, order)
    for place, at in enumerate(route.sequence.tolist()):
        assert route.rank(at) == place
        assert route.neighbour(at, 1) == (route.sequence[place + 1] if place < 4 else None)
        assert route.neighbour(at, -1) == (route.sequence[place - 1] if place else None)
    assert route.neighbour(int(route.sequence[0]), 5) is None


def test_the_next_open_group_is_looked_for_beyond_the_last_one_too() -> None:
    route = Route(MADE)
    assert route.next_open([]) == 4
    assert route.next_open([4]) == 3
    assert route.next_open([], 4) == 3
    assert route.next_open([2, 1], 3) == 0
    assert route.next_open([], 0) == 4
    assert route.next_open([4, 3], 0) == 1
    assert route.next_open(range(1, 5), 0) == 0  # none but the one that it is at
    assert route.next_open(range(5)) is None


def test_where_there_is_no_group_there_is_none_left() -> None:
    none = np.zeros(0, np.int64)
    assert Route(Outline(none.astype(np.uint8), none, none, none)).next_open([]) is None
