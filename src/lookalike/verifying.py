"""Pairs to verdicts in threads, while the pictures of the next pairs are read."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike import verify
from lookalike.verify.views import Pictures

T = TypeVar("T")
Verdict = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Tier and score of pairs."""
Shown = Callable[[NDArray[np.int64]], Pictures]
"""Pictures of some rows."""

PAIRS_PER_THREAD = 1024


def one_ahead(begun: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Finish each of some tasks once the one after it has begun, so that there is work while the next is prepared.

    Parameters
    ----------
    begun : iterable of callable
        Each begins a task when it is asked for, and finishes it when it is called.

    Yields
    ------
    object
        What each returns, in order.

    Examples
    --------
    >>> list(one_ahead(lambda number=number: number for number in range(3)))
    [0, 1, 2]
    """
    before = None
    for finish in begun:
        if before is not None:
            yield before()
        before = finish
    if before is not None:
        yield before()


def verify_parts(
    shown: Shown, left: NDArray[np.int64], right: NDArray[np.int64], threads: ThreadPoolExecutor,
    size: int = PAIRS_PER_THREAD, hints: Callable[[slice], verify.Hints | None] | None = None,
) -> Callable[[], verify.Verdicts]:  # fmt: skip
    """Begin to verify pairs in threads, which also prepare the pictures.

    Parameters
    ----------
    shown : callable
        Returns the pictures of some rows, ascending.
    left, right : ndarray of int64, shape (n,)
        Rows; at least one pair.
    threads : ThreadPoolExecutor
        Who does the work.
    size : int
        How many pairs a thread verifies at a time.
    hints : callable, optional
        Returns the hints of some of the pairs.

    Returns
    -------
    callable
        Waits for the verdicts, one row per pair.
    """

    def verify_part(start: int) -> verify.Verdicts:
        some = slice(start, start + size)
        rows, at = np.unique(np.concatenate([left[some], right[some]]), return_inverse=True)
        one, other = at[: len(at) // 2], at[len(at) // 2 :]
        return verify.verify(shown(rows), one, other, None if hints is None else hints(some))

    parts = threads.map(verify_part, range(0, len(left), size))

    def finish() -> verify.Verdicts:
        found = list(parts)
        return verify.Verdicts(
            *(np.concatenate([getattr(part, name) for part in found]) for name in verify.Verdicts.__slots__)
        )

    return finish
