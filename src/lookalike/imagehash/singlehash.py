"""One hash, as ``imagehash.ImageHash`` holds it: a matrix of booleans."""

from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike import bits

NDArray = npt.NDArray[np.bool_]


class ImageHash:
    """One hash: compare it, subtract it, print it, or use it as a key.

    Source: the interface of ``imagehash.ImageHash``.

    Parameters
    ----------
    binary_array : ndarray of bool, any shape
        The bits; the hash keeps this array, it makes no copy.

    Attributes
    ----------
    hash : ndarray of bool
        The bits.

    Examples
    --------
    >>> import numpy as np
    >>> left, right = ImageHash(np.eye(4, dtype=bool)), ImageHash(np.ones((4, 4), bool))
    >>> str(left), left - right, left == right, len(left)
    ('8421', 12, False, 16)
    """

    def __init__(self, binary_array: NDArray) -> None:
        self.hash: NDArray = binary_array

    def __str__(self) -> str:
        flat = self.hash.ravel()
        if not flat.size or (flat.dtype != np.bool_ and not ((flat == 0) | (flat == 1)).all()):
            raise ValueError(f"only a hash of zeros and ones can be written as hexadecimal digits, got {self!r}")
        return bits.to_hex(_number(self.hash), flat.size)

    def __repr__(self) -> str:
        return repr(self.hash)

    def __sub__(self, other: "ImageHash") -> int:
        if other is None:
            raise TypeError("cannot subtract None from a hash")
        theirs = _matrix(other)
        if theirs is None:
            return NotImplemented
        if self.hash.size != theirs.size:
            raise TypeError(f"hashes of {self.hash.shape} and {theirs.shape} bits have no distance")
        return int(np.count_nonzero(self.hash.ravel() != theirs.ravel()))

    def __eq__(self, other: object) -> bool:
        theirs = _matrix(other)
        if theirs is None:
            return NotImplemented
        return np.array_equal(self.hash.ravel(), theirs.ravel())

    def __hash__(self) -> int:
        # Of numbers only, so it is the same in every process.
        return hash((self.hash.size, _number(self.hash)))

    def __len__(self) -> int:
        return self.hash.size


def _matrix(other: Any) -> NDArray | None:
    """Return the bits of anything made like an `ImageHash`, that of ``imagehash`` itself included."""
    value = getattr(other, "hash", None)
    return value if isinstance(value, np.ndarray) else None


def _number(matrix: NDArray) -> int:
    """Return the bits read as binary digits, whatever the shape and type of the array."""
    packed = np.packbits(matrix.ravel().astype(np.bool_, copy=False))
    return int.from_bytes(packed.tobytes()) >> -matrix.size % 8
