"""Bit order, packing, hex and distance: the only module that knows how the bits of a hash lie in memory.

A hash of *b* bits is a row of ``ceil(b / 64)`` unsigned 64-bit words. Bit 0, the first in row-major order of the
algorithm's own matrix, is the most significant bit of word 0, so the hexadecimal form reads like the one
``imagehash`` prints. Bits past *b* in the last word are zero.
"""

import numpy as np
from numpy.typing import NDArray

WORD = 64


def words(bits: int) -> int:
    """Return how many 64-bit words hold `bits` bits.

    Parameters
    ----------
    bits : int
        Number of bits, at least 1.

    Returns
    -------
    int
        Number of words.

    Examples
    --------
    >>> words(64), words(65), words(256)
    (1, 2, 4)
    """
    return -(-bits // WORD)


def pack(matrix: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack rows of booleans into rows of words.

    Parameters
    ----------
    matrix : ndarray of bool, shape (n, bits)
        Row i holds the bits of hash i, first bit first.

    Returns
    -------
    ndarray of uint64, shape (n, ceil(bits / 64))
        The hash block, C order.

    Examples
    --------
    >>> pack(np.array([[True] + [False] * 63]))[0, 0] == 1 << 63
    np.True_
    """
    count, bits = matrix.shape
    octets = np.zeros((count, words(bits) * 8), np.uint8)
    packed = np.packbits(matrix, axis=1)
    octets[:, : packed.shape[1]] = packed
    return octets.view(">u8").astype(np.uint64)


def unpack(block: NDArray[np.uint64], bits: int) -> NDArray[np.bool_]:
    """Undo `pack`.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words)
        A hash block.
    bits : int
        Number of bits per hash.

    Returns
    -------
    ndarray of bool, shape (n, bits)
        The bits, first bit first.

    Examples
    --------
    >>> unpack(pack(np.eye(3, 64, dtype=bool)), 64).argmax(axis=1)
    array([0, 1, 2])
    """
    octets = np.ascontiguousarray(block).astype(">u8").view(np.uint8)
    return np.unpackbits(octets, axis=1)[:, :bits].astype(np.bool_)


def to_bytes(block: NDArray[np.uint64]) -> list[bytes]:
    """Return each row as big-endian bytes, the form stored in the catalog.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words)
        A hash block.

    Returns
    -------
    list of bytes
        One value of 8 * words bytes per row.

    Examples
    --------
    >>> to_bytes(np.array([[258]], np.uint64))
    [b'\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x02']
    """
    octets = np.ascontiguousarray(block).astype(">u8")
    return [row.tobytes() for row in octets]


def from_bytes(rows: list[bytes], bits: int) -> NDArray[np.uint64]:
    """Undo `to_bytes`.

    Parameters
    ----------
    rows : list of bytes
        Values of 8 * words(bits) bytes.
    bits : int
        Number of bits per hash.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block.

    Raises
    ------
    ValueError
        If the rows do not all have that length.

    Examples
    --------
    >>> from_bytes([b"\\x00" * 7 + b"\\x05"], 64)
    array([[5]], dtype=uint64)
    """
    joined = b"".join(rows)
    width = words(bits)
    if len(joined) != len(rows) * width * 8:
        raise ValueError(f"hash rows must have {width * 8} bytes each, got {len(joined)} bytes in {len(rows)} rows")
    return np.frombuffer(joined, ">u8").reshape(len(rows), width).astype(np.uint64)


def to_hex(row: NDArray[np.uint64], bits: int) -> str:
    """Return one hash as padded hexadecimal text, most significant first.

    Parameters
    ----------
    row : ndarray of uint64, shape (words,)
        One row of a hash block.
    bits : int
        Number of bits of the hash.

    Returns
    -------
    str
        ``ceil(bits / 4)`` lower-case digits.

    Examples
    --------
    >>> to_hex(np.array([255], np.uint64), 64)
    '00000000000000ff'
    """
    return to_bytes(row[np.newaxis])[0].hex()[: -(-bits // 4)]


def distance(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Count the differing bits of rows, with broadcasting.

    Parameters
    ----------
    left, right : ndarray of uint64, shape (..., words)
        Hash rows of the same number of words.

    Returns
    -------
    ndarray of int64, shape (...)
        Hamming distances in bits.

    Examples
    --------
    >>> distance(np.array([[7, 0]], np.uint64), np.array([[4, 1]], np.uint64))
    array([3])
    """
    count: NDArray[np.int64] = np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.int64)
    return count
