"""Hashes read back from hexadecimal text, as ``imagehash`` reads it.

Source: the interface and the conventions of ``imagehash``. Text says nothing of the shape of a hash, so each reader
guesses it from the number of digits.
"""

from math import isqrt
from string import hexdigits

import numpy as np

from lookalike.imagehash.multihash import ImageMultiHash
from lookalike.imagehash.singlehash import ImageHash, NDArray
from lookalike.model import COLOUR_BINS


def hex_to_hash(hexstr: str) -> ImageHash:
    """Read the text of a square hash of at least 2x2 bits, or of a colour hash.

    Where both have as many digits (1, 2, 6, 7 bits per colour and some others), the text is taken for a square hash.

    Parameters
    ----------
    hexstr : str
        What ``str`` made of the hash.

    Returns
    -------
    ImageHash
        The hash; its matrix is square except for a colour hash.

    Raises
    ------
    ValueError
        If the text is no hexadecimal number, or has more bits than that hash.

    Examples
    --------
    >>> hex_to_hash("8421")
    array([[ True, False, False, False],
           [False,  True, False, False],
           [False, False,  True, False],
           [False, False, False,  True]])
    """
    value = int(hexstr, 16)
    digits = len(hexstr.strip().lower().removeprefix("0x"))
    side, colour = isqrt(4 * digits), 4 * digits // COLOUR_BINS
    fits = value.bit_length() <= COLOUR_BINS * colour
    if fits and _digits(side * side) != digits == _digits(COLOUR_BINS * colour):
        columns = side if COLOUR_BINS * colour % side == 0 else colour
        return ImageHash(_flat(value, COLOUR_BINS * colour).reshape(-1, columns))
    # As imagehash does, line ends and prefixes are counted with the digits: the next size is far enough but for 3x3.
    side = isqrt(4 * len(hexstr))
    flat = _flat(value, side * side)
    if flat.size % side:
        raise ValueError(f"{hexstr!r} is not the text of a square hash: {side}x{side} bits are the nearest")
    return ImageHash(flat.reshape(-1, side))


def hex_to_flathash(hexstr: str, hashsize: int) -> ImageHash:
    """Read the text of a hash that is not square, such as a colour hash.

    Parameters
    ----------
    hexstr : str
        What ``str`` made of the hash.
    hashsize : int
        A divisor of the number of bits: for a colour hash, the bits per colour.

    Returns
    -------
    ImageHash
        The hash; its matrix has one row.

    Raises
    ------
    ValueError
        If the text is no hexadecimal number.

    Examples
    --------
    >>> len(hex_to_flathash("38000000000", 3))
    42
    """
    value = int(hexstr, 16)
    rows = int(len(hexstr) * 4 / hashsize)
    return ImageHash(_flat(value, rows * hashsize)[np.newaxis])


def hex_to_multihash(hexstr: str) -> ImageMultiHash:
    """Read the text of a multi-hash.

    Parameters
    ----------
    hexstr : str
        What ``str`` made of it: the texts of its segments with commas between them.

    Returns
    -------
    ImageMultiHash
        The multi-hash; without segments if the text is empty.

    Raises
    ------
    ValueError
        As `hex_to_hash`.

    Examples
    --------
    >>> len(hex_to_multihash("8421,ffff").segment_hashes)
    2
    """
    return ImageMultiHash([hex_to_hash(text) for text in hexstr.split(",")] if hexstr else [])


def old_hex_to_hash(hexstr: str, hash_size: int = 8) -> ImageHash:
    """Read the text of a square hash that a version of ``imagehash`` before 4.0 made.

    Parameters
    ----------
    hexstr : str
        Two digits for each eight bits, the first bit being the least significant one.
    hash_size : int
        Side of the hash, a multiple of 4; of others those versions did not write the last bits.

    Returns
    -------
    ImageHash
        The hash.

    Raises
    ------
    ValueError
        If the text has another length or anything but digits, or the side is no multiple of 4.

    Examples
    --------
    >>> old_hex_to_hash("2184", 4)
    array([[ True, False, False, False],
           [False,  True, False, False],
           [False, False,  True, False],
           [False, False, False,  True]])
    """
    if hash_size < 4 or hash_size % 4:
        raise ValueError(f"versions before 4.0 wrote hashes of 4, 8, 12, ... rows in full, got {hash_size}")
    if len(hexstr) != hash_size * hash_size // 4 or not set(hexstr) <= set(hexdigits):
        raise ValueError(f"such a hash has {hash_size * hash_size // 4} hexadecimal digits, got {hexstr!r}")
    octets = np.frombuffer(bytes.fromhex(hexstr), np.uint8)
    return ImageHash(np.unpackbits(octets, bitorder="little").astype(np.bool_).reshape(hash_size, hash_size))


def _digits(bits: int) -> int:
    """Return how many hexadecimal digits hold so many bits."""
    return -(-bits // 4)


def _flat(value: int, width: int) -> NDArray:
    """Return the binary digits of a number, at least `width` of them."""
    if value < 0:
        raise ValueError(f"a hash is no negative number, got {value:x}")
    count = max(width, value.bit_length(), 1)
    octets = np.frombuffer(value.to_bytes(-(-count // 8)), np.uint8)
    return np.unpackbits(octets)[-count:].astype(np.bool_)
