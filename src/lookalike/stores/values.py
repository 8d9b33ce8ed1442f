"""Columns of what SQLite gives: it holds any value in any column, so a damaged page may, too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def whole(values: Sequence[Any]) -> NDArray[np.int64]:
    """Return a column of whole numbers; NumPy alone would cut off fractions, and read digits.

    Parameters
    ----------
    values : sequence
        As SQLite gives them.

    Returns
    -------
    ndarray of int64, shape (n,)
        The numbers.

    Raises
    ------
    TypeError
        If a value is something else.
    """
    column = np.array(values)
    if len(column) and column.dtype.kind != "i":
        raise TypeError("a value that is no whole number")
    return column.astype(np.int64)


def octets(values: Sequence[Any], length: int) -> NDArray[np.uint8]:
    """Return a column of bytes.

    Parameters
    ----------
    values : sequence
        As SQLite gives them.
    length : int
        Bytes of each.

    Returns
    -------
    ndarray of uint8, shape (n, length)
        The bytes.

    Raises
    ------
    TypeError, ValueError
        If a value is something else, or of another length.
    """
    if set(map(len, values)) - {length}:
        raise ValueError("a value of another length")
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), length)


def texts(values: Sequence[Any]) -> Sequence[str | None]:
    """Return a column of texts.

    Parameters
    ----------
    values : sequence
        As SQLite gives them.

    Returns
    -------
    sequence of (str or None)
        The same.

    Raises
    ------
    TypeError
        If a value is something else.
    """
    if set(map(type, values)) - {str, type(None)}:
        raise TypeError("a value that is no text")
    return values
