"""Bit order, packing, hex and distance: the only module that knows how the bits of a hash lie in memory.

A hash of *b* bits is a row of ``ceil(b / 64)`` unsigned 64-bit words. Bit 0, the first in row-major order of the
algorithm's own matrix, is the most significant bit of word 0, so the hexadecimal form reads like the one
``imagehash`` prints. Bits past *b* in the last word are zero.
"""

from collections.abc import Sequence
from math import comb
from string import hexdigits

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


def from_bytes(rows: Sequence[bytes], bits: int) -> NDArray[np.uint64]:
    """Undo `to_bytes`.

    Parameters
    ----------
    rows : sequence of bytes
        Values of 8 * words(bits) bytes, or several of these one after another.
    bits : int
        Number of bits per hash.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block, a row a hash.

    Raises
    ------
    ValueError
        If one does not have such a length.

    Examples
    --------
    >>> from_bytes([b"\\x00" * 7 + b"\\x05"], 64)
    array([[5]], dtype=uint64)
    """
    width = words(bits)
    odd = [length for length in set(map(len, rows)) if length % (width * 8)]
    if odd:
        raise ValueError(f"hashes must have {width * 8} bytes each, got {min(odd)} bytes")
    return np.frombuffer(b"".join(rows), ">u8").reshape(-1, width).astype(np.uint64)


def to_octets(block: NDArray[np.uint64], bits: int) -> NDArray[np.uint8]:
    """Return each hash in as few bytes as hold its bits, the form of Parquet files.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words)
        A hash block.
    bits : int
        Number of bits per hash.

    Returns
    -------
    ndarray of uint8, shape (n, ceil(bits / 8))
        The first bit is the highest of the first byte; of a last byte that is not full the lowest are 0.

    Examples
    --------
    >>> to_octets(np.array([[0x0102 << 48]], np.uint64), 14).tolist()
    [[1, 2]]
    """
    octets = np.ascontiguousarray(block).astype(">u8").view(np.uint8).reshape(len(block), words(bits) * 8)
    return np.ascontiguousarray(octets[:, : -(-bits // 8)])


def from_octets(octets: NDArray[np.uint8], bits: int) -> NDArray[np.uint64]:
    """Undo `to_octets`.

    Parameters
    ----------
    octets : ndarray of uint8, shape (n, ceil(bits / 8))
        A row a hash.
    bits : int
        Number of bits per hash.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block.

    Examples
    --------
    >>> hex(from_octets(np.array([[1, 2]], np.uint8), 14)[0, 0])
    '0x102000000000000'
    """
    whole = np.zeros((len(octets), words(bits) * 8), np.uint8)
    whole[:, : octets.shape[1]] = octets
    return whole.view(">u8").astype(np.uint64)


def to_int(row: NDArray[np.uint64], bits: int) -> int:
    """Return one hash as a number: its bits read as binary digits, the first one most significant.

    Parameters
    ----------
    row : ndarray of uint64, shape (words,)
        One row of a hash block.
    bits : int
        Number of bits of the hash.

    Returns
    -------
    int
        0 to ``2 ** bits - 1``.

    Examples
    --------
    >>> to_int(np.array([1 << 63], np.uint64), 42) == 1 << 41
    True
    """
    return int.from_bytes(to_bytes(row[np.newaxis])[0]) >> (words(bits) * WORD - bits)


def from_int(value: int, bits: int) -> NDArray[np.uint64]:
    """Undo `to_int`.

    Parameters
    ----------
    value : int
        0 to ``2 ** bits - 1``.
    bits : int
        Number of bits of the hash.

    Returns
    -------
    ndarray of uint64, shape (words,)
        One row of a hash block.

    Raises
    ------
    ValueError
        If the value does not fit.

    Examples
    --------
    >>> from_int(1, 64)
    array([1], dtype=uint64)
    """
    if not 0 <= value < 1 << bits:
        raise ValueError(f"a hash of {bits} bits lies in 0..2**{bits} - 1, got {value}")
    width = words(bits) * WORD
    row: NDArray[np.uint64] = from_bytes([(value << (width - bits)).to_bytes(width // 8)], bits)[0]
    return row


def to_hex(value: int, bits: int) -> str:
    """Return a hash as padded hexadecimal text, as ``str`` of an imagehash or PDQ prints it.

    Parameters
    ----------
    value : int
        The hash as a number, see `to_int`.
    bits : int
        Number of bits of the hash.

    Returns
    -------
    str
        ``ceil(bits / 4)`` lower-case digits.

    Examples
    --------
    >>> to_hex(255, 64)
    '00000000000000ff'
    """
    return f"{value:0{-(-bits // 4)}x}"


def from_hex(text: str, bits: int) -> int:
    """Undo `to_hex`; upper case is read too.

    Parameters
    ----------
    text : str
        Exactly ``ceil(bits / 4)`` hexadecimal digits.
    bits : int
        Number of bits of the hash.

    Returns
    -------
    int
        The hash as a number.

    Raises
    ------
    ValueError
        If the text is anything else, or its number has more bits.

    Examples
    --------
    >>> from_hex("00000000000000FF", 64)
    255
    """
    digits = -(-bits // 4)
    if len(text) != digits or not set(text) <= set(hexdigits):
        raise ValueError(f"a hash of {bits} bits is {digits} hexadecimal digits, got {text!r}")
    value = int(text, 16)
    if value >> bits:
        raise ValueError(f"a hash of {bits} bits is at most {to_hex((1 << bits) - 1, bits)}, got {text!r}")
    return value


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


def chance(bits: int, radius: int, *, balanced: bool = False) -> float:
    """Return how likely two unrelated hashes are within a radius: the volume of the Hamming ball.

    Parameters
    ----------
    bits : int
        Bits of a hash.
    radius : int
        In bits, inclusive.
    balanced : bool
        Whether half of the bits of every hash are set: then fewer hashes are possible, and more of them near.

    Returns
    -------
    float
        0..1; of hashes that are otherwise random. Those of real pictures are nearer to each other.

    Examples
    --------
    >>> chance(4, 1)
    0.3125
    >>> f"{chance(64, 10, balanced=True):.2g}"
    '2.3e-08'
    """
    half = bits // 2
    if balanced:
        near = sum(comb(half, moved) * comb(bits - half, moved) for moved in range(min(radius // 2, half) + 1))
        return near / comb(bits, half)
    near = sum(comb(bits, flipped) for flipped in range(min(radius, bits) + 1))
    return near / int(2**bits)
