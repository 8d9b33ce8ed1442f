"""Hashes with their owners, as many as there are and more to come."""

import numpy as np
from numpy.typing import NDArray


class Rows:
    """A hash block that grows.

    Parameters
    ----------
    words : int
        Words of a hash.

    Examples
    --------
    >>> rows = Rows(1)
    >>> rows.append(np.array([7, 9]), np.array([[1], [2]], np.uint64))
    >>> rows.append(np.array([8]), np.array([[3]], np.uint64))
    >>> rows.owner.tolist(), rows.block.tolist()
    ([7, 9, 8], [[1], [2], [3]])
    """

    def __init__(self, words: int) -> None:
        self._owner, self._block = np.empty(0, np.int64), np.empty((0, words), np.uint64)
        self._count = 0

    @property
    def owner(self) -> NDArray[np.int64]:
        """Whose hash each row is."""
        return self._owner[: self._count]

    @property
    def block(self) -> NDArray[np.uint64]:
        """The hashes."""
        return self._block[: self._count]

    def reserve(self, count: int) -> None:
        """Make room for more hashes.

        Parameters
        ----------
        count : int
            How many.
        """
        room = self._count + count
        if room > len(self._owner):
            owner, block = np.empty(room, np.int64), np.empty((room, self._block.shape[1]), np.uint64)
            owner[: self._count], block[: self._count] = self.owner, self.block
            self._owner, self._block = owner, block

    def append(self, owner: NDArray[np.int64], block: NDArray[np.uint64]) -> None:
        """Append hashes; where room runs out, some is made for an eighth more, so that adding costs little at any size.

        Parameters
        ----------
        owner : ndarray of int64, shape (n,)
            Whose they are.
        block : ndarray of uint64, shape (n, words)
            The hashes.
        """
        end = self._count + len(owner)
        if end > len(self._owner):
            self.reserve(len(owner) + self._count // 8)
        self._owner[self._count : end], self._block[self._count : end] = owner, block
        self._count = end
