"""One hash as a value that knows what it is."""

import operator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.errors import UsageError
from lookalike.model import HashSpec


@dataclass(frozen=True, slots=True, repr=False)
class ImageHash:
    """A hash: immutable, usable as a key, and comparable with its own kind only.

    Two are equal if bits and spec are. ``a - b`` is the distance in bits, ``str(a)`` the padded hexadecimal text that
    ``imagehash``, PDQ and (without the padding) ``imgdd`` print, ``len(a)`` the number of bits, ``int(a)`` the bits as a
    number.

    Parameters
    ----------
    value : int
        The bits as a number, the first one most significant.
    spec : HashSpec
        Which hash it is.
    length : int
        Number of bits; 0 for what the spec says (wavelets longer than haar give more).

    Raises
    ------
    UsageError
        If the number is negative, has more bits, or is no integer.

    Examples
    --------
    >>> from lookalike.model import HashSpec
    >>> spec = HashSpec("dhash", 8, "lanczos3", "full")
    >>> one, other = ImageHash.from_hex("ff00000000000000", spec), ImageHash.from_hex("0f00000000000001", spec)
    >>> one - other
    5
    >>> str(one)
    'ff00000000000000'
    """

    value: int
    spec: HashSpec
    length: int = 0

    def __post_init__(self) -> None:
        try:  # NumPy's own integers know neither to_bytes nor lengths beyond 64 bits
            object.__setattr__(self, "value", operator.index(self.value))
            object.__setattr__(self, "length", operator.index(self.length) or self.spec.bits)
        except TypeError as error:
            raise UsageError(f"the bits of a hash are an integer: {error}") from error
        if self.length < 1:
            raise UsageError(f"a hash has at least 1 bit, got {self.length}")
        if not 0 <= self.value < 1 << self.length:
            raise UsageError(f"a hash of {self.length} bits lies in 0..2**{self.length} - 1, got {self.value}")

    def __sub__(self, other: object) -> int:
        if not isinstance(other, ImageHash):
            return NotImplemented
        if (self.spec, self.length) != (other.spec, other.length):
            raise UsageError(f"hashes of unlike specs do not compare: {self.spec.id} and {other.spec.id}")
        return (self.value ^ other.value).bit_count()

    def __repr__(self) -> str:
        length = f", {self.length}" if self.length != self.spec.bits else ""
        return f"ImageHash.from_hex({str(self)!r}, {self.spec}{length})"

    def __str__(self) -> str:
        return bits.to_hex(self.value, self.length)

    def __int__(self) -> int:
        return self.value

    def __len__(self) -> int:
        return self.length

    @classmethod
    def from_hex(cls, text: str, spec: HashSpec, length: int = 0) -> Self:
        """Read the text of a hash: of this class, of ``imagehash`` (since 4.0) or of PDQ.

        Parameters
        ----------
        text : str
            Hexadecimal digits, padded.
        spec : HashSpec
            Which hash it is; the text does not say.
        length : int
            Number of bits; 0 for what the spec says.

        Returns
        -------
        ImageHash
            The hash.

        Raises
        ------
        UsageError
            If the text has another length or holds anything but hexadecimal digits.

        Examples
        --------
        >>> int(ImageHash.from_hex("00000000000000ff", HashSpec()))
        255
        """
        try:
            return cls(bits.from_hex(text, length or spec.bits), spec, length)
        except ValueError as error:
            raise UsageError(str(error)) from error

    @classmethod
    def from_imgdd(cls, text: str, spec: HashSpec) -> Self:
        """Read the text of a hash of ``imgdd``, which has no leading zeros.

        Parameters
        ----------
        text : str
            1 to 16 hexadecimal digits.
        spec : HashSpec
            Which hash it is, of decoding imgdd.

        Returns
        -------
        ImageHash
            The hash.

        Raises
        ------
        UsageError
            If the text is anything else.

        Examples
        --------
        >>> str(ImageHash.from_imgdd("ff", HashSpec("dhash", 8, "nearest", "imgdd")))
        '00000000000000ff'
        """
        digits = -(-spec.bits // 4)
        if not 1 <= len(text) <= digits:
            raise UsageError(f"a hash of imgdd is 1 to {digits} hexadecimal digits, got {text!r}")
        return cls.from_hex(text.rjust(digits, "0"), spec)

    def to_imgdd(self) -> str:
        """Return the text as ``imgdd`` prints it.

        Returns
        -------
        str
            Hexadecimal digits without leading zeros.

        Examples
        --------
        >>> ImageHash(255, HashSpec("dhash", 8, "nearest", "imgdd")).to_imgdd()
        'ff'
        """
        return f"{self.value:x}"

    @classmethod
    def from_array(cls, array: NDArray[np.bool_], spec: HashSpec) -> Self:
        """Take the bits of an array, such as the attribute ``hash`` of an ``imagehash.ImageHash``.

        Parameters
        ----------
        array : ndarray of bool, any shape
            The bits in row-major order.
        spec : HashSpec
            Which hash it is.

        Returns
        -------
        ImageHash
            The hash, as long as the array.

        Raises
        ------
        UsageError
            If the array is empty.

        Examples
        --------
        >>> str(ImageHash.from_array(np.eye(8, dtype=bool), HashSpec()))
        '8040201008040201'
        """
        flat = np.asarray(array, np.bool_).reshape(1, -1)
        if not flat.size:
            raise UsageError("a hash has at least 1 bit, got an empty array")
        return cls(bits.to_int(bits.pack(flat)[0], flat.size), spec, flat.size)

    def to_array(self) -> NDArray[np.bool_]:
        """Return the bits, as rows where they fill a square.

        Returns
        -------
        ndarray of bool, shape (side, side) or (length / size, size)
            What ``imagehash.ImageHash`` and `lookalike.imagehash.ImageHash` are made from.

        Examples
        --------
        >>> ImageHash(1 << 63, HashSpec()).to_array()[0, :2]
        array([ True, False])
        """
        flat = bits.unpack(self.to_row()[np.newaxis], self.length)[0]
        side = round(self.length**0.5)
        matrix: NDArray[np.bool_] = flat.reshape(-1, side if side * side == self.length else self.spec.size)
        return matrix

    @classmethod
    def from_row(cls, row: NDArray[np.uint64], spec: HashSpec) -> Self:
        """Take one row of a hash block.

        Parameters
        ----------
        row : ndarray of uint64, shape (words,)
            The row.
        spec : HashSpec
            Which hash the block holds.

        Returns
        -------
        ImageHash
            The hash.

        Examples
        --------
        >>> int(ImageHash.from_row(np.array([3], np.uint64), HashSpec()))
        3
        """
        return cls(bits.to_int(row, spec.bits), spec)

    def to_row(self) -> NDArray[np.uint64]:
        """Return the hash as one row of a hash block.

        Returns
        -------
        ndarray of uint64, shape (words,)
            The row.

        Examples
        --------
        >>> ImageHash(3, HashSpec()).to_row()
        array([3], dtype=uint64)
        """
        return bits.from_int(self.value, self.length)
