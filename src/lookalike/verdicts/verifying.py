"""Pairs to verdicts in threads, while the pictures of the next pairs are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike import verify
from lookalike.columns import Column
from lookalike.model import Tier
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import Pictures

T = TypeVar("T")
Verdict = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Tier and score of pairs."""
Shown = Callable[[NDArray[np.int64]], Pictures]
"""Pictures of some rows."""


PAIRS_PER_THREAD = 1024


def precedence(pixels: Column, digest: Sequence[bytes]) -> Column:
    """Return in which order pictures are verified, so that no verdict depends on which of two comes first elsewhere.

    Parameters
    ----------
    pixels : ndarray of int64, shape (n,)
        Of each picture.
    digest : sequence of bytes
        Of each file.

    Returns
    -------
    ndarray of int64, shape (n,)
        Place of each: more pixels first, of equals the lesser digest.

    Examples
    --------
    >>> precedence(np.array([4, 9, 9]), [b"c", b"b", b"a"])
    array([2, 1, 0])
    """
    rank = np.empty(len(pixels), np.int64)
    by_digest = np.argsort(np.array(digest, np.bytes_), kind="stable")
    rank[by_digest[np.argsort(-pixels[by_digest], kind="stable")]] = np.arange(len(pixels))
    return rank


def in_order(rank: Column, left: Column, right: Column) -> tuple[Column, Column]:
    """Return pairs in the order in which they are verified.

    Parameters
    ----------
    rank : ndarray of int64, shape (n,)
        From `precedence`.
    left, right : ndarray of int64, shape (m,)
        Rows of it.

    Returns
    -------
    left, right : ndarray of int64, shape (m,)
        The same pairs, each turned where its right picture comes first.
    """
    swap = rank[left] > rank[right]
    return np.where(swap, right, left), np.where(swap, left, right)


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


def judge_thumbnails(
    shown: Shown, left: Column, right: Column, exposures: Exposures, facts: tuple[Column, Column],
    threads: ThreadPoolExecutor, hints: Callable[[slice], verify.Hints | None] | None = None,
) -> Callable[[], verify.Verdicts]:  # fmt: skip
    """Begin to verify pairs on what is shown of them, and on what cameras wrote: two exposures are similar at most.

    Parameters
    ----------
    shown : callable
        Returns the pictures of some rows, ascending.
    left, right : ndarray of int64, shape (n,)
        Rows, in the order of `in_order`; at least one pair.
    exposures : Exposures
        When and how the pictures were taken.
    facts : tuple of two ndarray of int64, shape (n,)
        The same pairs, as rows of these.
    threads : ThreadPoolExecutor
        Who does the work.
    hints : callable, optional
        Returns the hints of some of the pairs.

    Returns
    -------
    callable
        Waits for the verdicts, one row per pair; their evidence says which are two exposures.
    """
    verified = verify_parts(shown, left, right, threads, hints=hints)

    def finish() -> verify.Verdicts:
        found = verified()
        alike = np.flatnonzero((found.tier < Tier.NONE) | (found.doubt > verify.Doubt.NONE))  # most pairs are not
        rows = alike[exposures.differ(facts[0][alike], facts[1][alike])]
        found.evidence["two_exposures"][rows] = True
        found.tier[rows] = np.maximum(found.tier[rows], Tier.SIMILAR)
        return found

    return finish
