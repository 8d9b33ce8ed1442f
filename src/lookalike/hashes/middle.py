"""The two middle values of a row as Rust's standard library leaves them after a partial sort.

``imgdd`` takes for the median the mean of entry 32 and entry 31 after ``select_nth_unstable(32)``. Entry 32 is the one
of the sorted row. Entry 31 is any smaller value: where a pivot happened to land on entry 32, the values before it are not
sorted. To give the same bits, the selection is followed here step by step.

Source: the behaviour of ``core::slice::sort::select`` in Rust 1.84 (MIT or Apache-2.0): pivots by the median of three or
of three such medians, a Lomuto partition by cyclic moves, an insertion sort for 16 values or fewer.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SHORT = 16
"""Values that Rust sorts by insertion, rather than parting them once more."""
NINTHER = 64
"""Values from which its pivot is a median of three medians."""
ROUNDS = 16
"""Partitions after which it takes another algorithm."""

Number = TypeVar("Number", np.uint8, np.float32)


def middles(rows: NDArray[Number]) -> tuple[NDArray[Number], NDArray[Number]]:
    """Return what stands at and just before the middle of each row after Rust's partial sort.

    Parameters
    ----------
    rows : ndarray of uint8 or float32, shape (n, k)
        Rows of at least two values, without NaN.

    Returns
    -------
    before, middle : ndarray of the type of `rows`, shape (n,)
        Entries ``k // 2 - 1`` and ``k // 2``. The second is always the sorted row's; the first is at most that.

    Examples
    --------
    >>> middles(np.array([[4, 1, 3, 2]], np.uint8))
    (array([2], dtype=uint8), array([3], dtype=uint8))
    """
    at = rows.shape[1] // 2
    selected = [_selected(row, at) for row in rows.tolist()]
    pairs = np.array(selected, rows.dtype).reshape(len(rows), 2)
    return pairs[:, 0], pairs[:, 1]


def _selected(values: list[float], at: int) -> list[float]:
    begin, end = 0, len(values)
    floor: float | None = None  # the pivot just before `begin`, where there is one: nothing from there on is smaller
    for _ in range(ROUNDS):  # no picture is known to need as many
        if end - begin <= SHORT:
            break
        part = values[begin:end]
        chosen = _pivot(part)
        pivot = part[chosen]
        if floor is not None and not floor < pivot:
            # The pivot is the smallest value left: all its equals go to the front in one round.
            cut = begin + _partition(part, chosen, pivot.__ge__)
            values[begin:end] = part
            if cut >= at:
                return [pivot, pivot]
            begin, floor = cut + 1, None
            continue
        cut = begin + _partition(part, chosen, pivot.__gt__)
        values[begin:end] = part
        if cut == at:
            return values[at - 1 : at + 1]
        if cut < at:
            begin, floor = cut + 1, pivot
        else:
            end = cut
    values[begin:end] = sorted(values[begin:end])
    return values[at - 1 : at + 1]


def _partition(part: list[float], chosen: int, goes_first: Callable[[float], bool]) -> int:
    """Move the values that go first before the pivot, the others behind it; return where the pivot ends up."""
    part[0], part[chosen] = part[chosen], part[0]
    # One value is in hand, so there is a gap that each step fills and opens again elsewhere.
    gap, border, held = 1, 1, part[1]
    for at in range(2, len(part)):
        value = part[at]
        part[gap] = part[border]
        part[border] = value
        gap = at
        border += goes_first(value)
    part[gap] = part[border]
    part[border] = held
    border += goes_first(held)
    part[0], part[border - 1] = part[border - 1], part[0]
    return border - 1


def _pivot(part: list[float]) -> int:
    eighth = len(part) // 8
    places = (0, 4 * eighth, 7 * eighth)
    if len(part) < NINTHER:
        return _median(part, *places)
    step = eighth // 8  # rows of hundreds would need a third level; hashes have 64 values
    first, second, third = (_median(part, place, place + 4 * step, place + 7 * step) for place in places)
    return _median(part, first, second, third)


def _median(part: list[float], a: int, b: int, c: int) -> int:
    below_b, below_c = part[a] < part[b], part[a] < part[c]
    if below_b != below_c:
        return a
    return c if (part[b] < part[c]) != below_b else b
