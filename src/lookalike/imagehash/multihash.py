"""Hashes of the segments of one picture, as ``imagehash.ImageMultiHash`` holds them."""

from collections.abc import Iterable
from typing import Any

from lookalike.imagehash.singlehash import ImageHash

BIT_ERROR_RATE = 0.25


class ImageMultiHash:
    """Hashes of the segments of one picture; equal means that at least one segment matches.

    Two that are equal need not have the same ``hash()``, because matching is not transitive: sets and dictionaries
    tell multi-hashes apart unless all their segments are the same. Source: the interface of
    ``imagehash.ImageMultiHash``.

    Parameters
    ----------
    hashes : list of ImageHash
        One hash per segment; the multi-hash keeps this list, it makes no copy.

    Attributes
    ----------
    segment_hashes : list of ImageHash
        The same list.

    Examples
    --------
    >>> import numpy as np
    >>> left, right = (ImageMultiHash([ImageHash(np.eye(4, k=k, dtype=bool))]) for k in (0, 1))
    >>> str(left), left == right, left - right
    ('8421', False, 1)
    """

    def __init__(self, hashes: list[ImageHash]) -> None:
        self.segment_hashes: list[ImageHash] = hashes

    def __eq__(self, other: object) -> bool:
        theirs = getattr(other, "segment_hashes", None)
        if theirs is None:
            return NotImplemented
        if len({len(segment) for segment in [*self.segment_hashes, *theirs]}) > 1:
            return False
        return self.matches(other)

    def __sub__(
        self, other: "ImageMultiHash", hamming_cutoff: float | None = None, bit_error_rate: float | None = None
    ) -> float:
        matches, distance = self.hash_diff(other, hamming_cutoff, bit_error_rate)
        most = len(self.segment_hashes)
        if matches == 0:
            return most
        # The order of these roundings decides the last digits that users store and sort by.
        return most - (matches + (0 - float(distance) / (matches * len(self.segment_hashes[0]))))

    def __hash__(self) -> int:
        return hash(tuple(map(hash, self.segment_hashes)))

    def __str__(self) -> str:
        return ",".join(map(str, self.segment_hashes))

    def __repr__(self) -> str:
        return repr(self.segment_hashes)

    def hash_diff(
        self, other_hash: Any, hamming_cutoff: float | None = None, bit_error_rate: float | None = None
    ) -> tuple[int, int]:
        """Count the segments that match one of another picture, and sum their distances.

        Parameters
        ----------
        other_hash : ImageMultiHash
            The other picture's.
        hamming_cutoff : float, optional
            Largest distance of matching segments in bits.
        bit_error_rate : float, optional
            The same as a share of the bits, where `hamming_cutoff` is not given; 0.25 unless told.

        Returns
        -------
        tuple of int
            How many segments match, and the sum of their distances in bits.

        Raises
        ------
        TypeError
            If the other is no multi-hash, or segments have unlike sizes.

        Examples
        --------
        >>> import numpy as np
        >>> one = ImageMultiHash([ImageHash(np.eye(4, dtype=bool))])
        >>> one.hash_diff(one)
        (1, 0)
        """
        theirs = getattr(other_hash, "segment_hashes", None)
        if theirs is None:
            raise TypeError(f"a multi-hash can be compared with another one only, got {type(other_hash).__name__}")
        if not self.segment_hashes or not theirs:
            return 0, 0
        if hamming_cutoff is None:
            rate = BIT_ERROR_RATE if bit_error_rate is None else bit_error_rate
            hamming_cutoff = len(self.segment_hashes[0]) * rate
        nearest = [min(segment - other for other in theirs) for segment in self.segment_hashes]
        within = [distance for distance in nearest if not distance > hamming_cutoff]
        return len(within), sum(within)

    def matches(
        self,
        other_hash: Any,
        region_cutoff: int = 1,
        hamming_cutoff: float | None = None,
        bit_error_rate: float | None = None,
    ) -> bool:
        """Tell whether enough segments match.

        Parameters
        ----------
        other_hash : ImageMultiHash
            The other picture's.
        region_cutoff : int
            How many segments must match.
        hamming_cutoff, bit_error_rate : float, optional
            As in `hash_diff`.

        Returns
        -------
        bool
            Whether that many match.

        Raises
        ------
        TypeError
            As `hash_diff`.

        Examples
        --------
        >>> import numpy as np
        >>> one = ImageMultiHash([ImageHash(np.eye(4, dtype=bool))])
        >>> one.matches(one), one.matches(one, region_cutoff=2)
        (True, False)
        """
        return self.hash_diff(other_hash, hamming_cutoff, bit_error_rate)[0] >= region_cutoff

    def best_match(
        self,
        other_hashes: Iterable["ImageMultiHash"],
        hamming_cutoff: float | None = None,
        bit_error_rate: float | None = None,
    ) -> "ImageMultiHash":
        """Return the one of many that is nearest.

        Parameters
        ----------
        other_hashes : iterable of ImageMultiHash
            At least one.
        hamming_cutoff, bit_error_rate : float, optional
            As in `hash_diff`.

        Returns
        -------
        ImageMultiHash
            The nearest one, the first of them where several are equally near.

        Raises
        ------
        TypeError
            As `hash_diff`.
        ValueError
            If there are none.

        Examples
        --------
        >>> import numpy as np
        >>> one, two = (ImageMultiHash([ImageHash(np.eye(4, k=k, dtype=bool))]) for k in (0, 1))
        >>> one.best_match([two, one]) is one
        True
        """
        return min(other_hashes, key=lambda other: self.__sub__(other, hamming_cutoff, bit_error_rate))
