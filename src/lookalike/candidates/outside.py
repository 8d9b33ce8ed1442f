"""Pairs that somebody else proposes, such as another index: which images they name."""

import os
from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Images
from lookalike.errors import UsageError
from lookalike.tables.files import printable
from lookalike.tables.pairs import read_candidates

StrPath = str | os.PathLike[str]
Name = StrPath | int | np.int64 | bytes
"""A path, the number of a path or row that `find` was given, or a digest."""
Given = StrPath | Sequence[tuple[Name, Name]]
Rows = NDArray[np.int64]


class Outside:
    """Pairs from elsewhere, read when the images are known.

    Parameters
    ----------
    given : path, or sequence of pairs
        A CSV or Parquet file with the columns path_a and path_b, or digest_a and digest_b (BLAKE3 in hex); or pairs of
        paths, of numbers of `paths`, or of digests as bytes.
    paths : sequence of str
        What `find` was given.
    table : str, optional
        What the images of the only table are called that was given as a value; numbers are those of its rows then.

    Raises
    ------
    UsageError
        If a file cannot be read or has other columns, or a pair is none.

    Attributes
    ----------
    label : str or int
        The file, or how many pairs.
    """

    def __init__(self, given: Given, paths: Sequence[str], table: str | None = None) -> None:
        self.label: str | int
        self._pairs: Iterable[tuple[str | bytes, str | bytes]]
        self._folder = ""
        if isinstance(given, (str, os.PathLike)):
            self.label = os.fspath(given)
            self._folder = os.path.dirname(self.label)
            by, pairs = read_candidates(self.label)
            self._pairs = pairs if by == "path" else ((_digest(one), _digest(other)) for one, other in pairs)
        else:
            self._pairs = [(_name(one, paths, table), _name(other, paths, table)) for one, other in map(_two, given)]
            self.label = len(self._pairs)

    def rows(self, images: Images) -> tuple[tuple[Rows, Rows], list[str]]:
        """Find the images that the pairs name; call once.

        Parameters
        ----------
        images : Images
            What was read.

        Returns
        -------
        pairs : tuple of two ndarray of int64, shape (n,)
            Rows of `images`.
        notes : list of str
            What could not be found, one line, or none.
        """
        find = _Finder(images, self._folder)
        sides = array("q"), array("q")
        unknown, count, example = 0, 0, ""
        for pair in self._pairs:
            count += 1
            found = [find(name) for name in pair]
            if None in found:
                unknown += 1
                missed = pair[found.index(None)]
                example = example or (missed.hex() if isinstance(missed, bytes) else missed)
                continue
            for side, row in zip(sides, found, strict=True):
                side.append(row or 0)
        left, right = (np.frombuffer(side, np.int64) if side else np.empty(0, np.int64) for side in sides)
        if not unknown:
            return (left, right), []
        note = f"{unknown:,} of {count:,} candidates name no image that was read, such as {printable(example)}: "
        return (left, right), [f"{note}they need the paths that find reports, absolute ones, or digests"]


class _Finder:
    """Looks up images by what pairs call them."""

    def __init__(self, images: Images, folder: str) -> None:
        self._images, self._folder = images, folder
        self._by_path = {path: row for row, path in enumerate(images.path)}
        self._by_place: dict[str, int] | None = None
        self._by_digest: dict[bytes, int] | None = None

    def __call__(self, name: str | bytes) -> int | None:
        """Return a row; None for what was not read."""
        if isinstance(name, bytes):
            if self._by_digest is None:
                digest = self._images.facts.digest
                self._by_digest = {digest[content]: row for row, content in enumerate(self._images.content.tolist())}
            return self._by_digest.get(name)
        row = self._by_path.get(name)
        if row is not None:
            return row
        if self._by_place is None:
            self._by_place = {os.path.abspath(path): at for at, path in enumerate(self._images.path)}
        places = (os.path.abspath(name), os.path.abspath(os.path.join(self._folder, name)))
        return next((self._by_place[place] for place in places if place in self._by_place), None)


def _two(pair: object) -> tuple[object, object]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # a text of two letters is no pair, either
        raise UsageError(f"a candidate is a pair of paths, numbers of the paths given, or digests, got {pair!r}")
    return pair[0], pair[1]


def _name(name: object, paths: Sequence[str], table: str | None) -> str | bytes:
    if isinstance(name, (str, os.PathLike)):
        return os.fspath(name)
    if isinstance(name, bytes):
        return name
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        if table is not None:
            return f"{table}/{name}"
        if not 0 <= name < len(paths):
            raise UsageError(f"candidates count the paths given from 0 to {len(paths) - 1}, got {name}")
        return paths[int(name)]
    raise UsageError(f"a candidate is a pair of paths, numbers of the paths given, or digests, got {name!r}")


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UsageError(f"digest_a and digest_b are hex, got {text!r}") from error
