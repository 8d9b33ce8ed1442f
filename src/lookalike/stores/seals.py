"""A seal beside each row: SQLite has no checksums, so what a disk or memory changes by itself is noticed by ours.

A seal is a sum of all values of a row, each times an odd number of its own, of which the upper half is kept. It is made for
thousands of rows at a time, by columns, since a call for each row would cost as much as reading it.
"""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import deflate
import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

KEPT = np.uint64(32)
"""Lower bits of the sum that are dropped."""
WORD, MOST_WORDS = 8, 8
"""Bytes of a word, and so many words at most are summed up; longer texts go by their CRC-32, and so do odd ones."""
LONG = 512
"""Bytes from which the CRC-32 of libdeflate takes less time than the call."""
Column = Sequence[Any] | NDArray[np.int64] | int
"""Values of one kind, int, str or bytes, beside None."""


def _odd(name: str, count: int) -> NDArray[np.uint64]:
    whole = b"".join(blake3(f"seal {name} {at}".encode()).digest(WORD) for at in range(count))
    return np.frombuffer(whole, "<u8").astype(np.uint64) | np.uint64(1)


_COLUMNS, _WORDS = _odd("column", 24), _odd("word", MOST_WORDS)


def seals(salt: int, *columns: Column) -> list[int]:
    """Return the seals of rows.

    Parameters
    ----------
    salt : int
        A number of the file, so that no row of another one passes.
    *columns : sequence of int, str, bytes or None
        Of equal length; each holds values of one kind beside None, which counts as nothing at all. From the second on, one int
        or str stands for as many of it.

    Returns
    -------
    list of int
        One for each row, below ``2 ** 32``.

    Examples
    --------
    >>> seals(7, [1, 2], [b"abc", None]) == seals(7, [1], [b"abc"]) + seals(7, [2], [None])
    True
    """
    total = np.full(_count(columns[0]), salt, np.uint64) * _COLUMNS[-1]
    for column, key in zip(columns, _COLUMNS[:-1], strict=False):
        total += _numbers(column) * key
    found: list[int] = (total >> KEPT).tolist()
    return found


def broken(found: Sequence[int], salt: int, *columns: Column) -> bool:
    """Return whether any row is not what was sealed.

    Parameters
    ----------
    found : sequence of int
        The seal of each row.
    salt, *columns
        As `seals` takes them.

    Returns
    -------
    bool
        True if the catalog is damaged.
    """
    return bool(found) and seals(salt, *columns) != list(found)


def _count(column: Column) -> int:
    assert not isinstance(column, int)
    return len(column)


def _numbers(column: Column) -> NDArray[np.uint64]:
    """Return a number for each value, which depends on nothing but the value; one for all where there are none."""
    if isinstance(column, np.ndarray):
        return column.view(np.uint64)
    if isinstance(column, int):
        return np.array([column], np.int64).view(np.uint64)  # as SQLite has them
    if isinstance(column, str):
        return np.array([crc32(column.encode())], np.uint64)
    if not any(column):
        return np.zeros(1, np.uint64)
    first = next(value for value in column if value is not None)
    if isinstance(first, str):
        known = {value: crc32(value.encode()) if value else 0 for value in set(column)}
        return np.array([known[value] for value in column], np.uint64)
    if isinstance(first, bytes):
        return _texts(column)
    return np.array([value or 0 for value in column], np.int64).view(np.uint64)


def _texts(column: Sequence[bytes | None]) -> NDArray[np.uint64]:
    texts = [value or b"" for value in column]
    lengths = set(map(len, texts))
    if len(lengths) == 1:
        return _of_length(texts, lengths.pop())
    found = np.zeros(len(texts), np.uint64)
    for length in lengths:
        rows = [row for row, value in enumerate(texts) if len(value) == length]
        found[rows] = _of_length([texts[row] for row in rows], length)
    return found


def _of_length(texts: list[bytes], length: int) -> NDArray[np.uint64]:
    words, rest = divmod(length, WORD)
    if rest == 0 and words <= MOST_WORDS:
        block = np.frombuffer(b"".join(texts), "<u8").reshape(len(texts), words)
        found: NDArray[np.uint64] = (block * _WORDS[:words]).sum(axis=1, dtype=np.uint64) + np.uint64(length)
        return found
    count = deflate.crc32 if length >= LONG else crc32
    return np.array([count(value) for value in texts], np.uint64)
