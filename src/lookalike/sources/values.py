"""What a search may be given: paths, sources, datasets, data frames, sequences of pictures, and these by name."""

import os
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

import numpy as np
from PIL import Image

from lookalike.errors import UsageError
from lookalike.sources.folders import Source
from lookalike.sources.huggingface import is_dataset, open_dataset
from lookalike.sources.memory import open_frame, open_sequence, open_series

UNNAMED = "images"
"""What values without a name of their own are called."""
Column = str | int | None
ALLOWED = (
    "a path, a Hugging Face Dataset or DatasetDict, a data frame, a sequence of PIL images, arrays or bytes, "
    "a dict of these by name, or a list of paths and datasets"
)


def as_sources(given: Any, column: Column = None, taken: Iterable[str | Source] = ()) -> list[str | Source]:
    """Turn what was given into paths and sources.

    Parameters
    ----------
    given : object
        A path; a source; a `Dataset` or `DatasetDict`; a data frame; a sequence of PIL images, arrays, bytes or rows; a mapping
        of names to any of these; a list of paths, sources, datasets and data frames.
    column : str, int or None
        Which column holds the images; None for the one that does.
    taken : iterable of (str or Source)
        Whose names are taken.

    Returns
    -------
    list of (str or Source)
        No two of the sources share a name.

    Raises
    ------
    UsageError
        If it is nothing of these, or has no such column.

    Examples
    --------
    >>> as_sources("photos"), [source.path for source in as_sources({"train": [b"GIF"], "test": [b"GIF"]})]
    (['photos'], ['train', 'test'])
    """
    names = set(map(path_of, taken))
    pieces = list(_pieces(given, UNNAMED))
    names |= {os.fspath(piece) for piece, _ in pieces if isinstance(piece, (str, os.PathLike))}
    found: list[str | Source] = []
    for piece, name in pieces:
        found.append(_open(piece, _free(name, names), column))
        names.add(path_of(found[-1]))
    return found


def path_of(root: str | Source) -> str:
    """Return what a root is called.

    Parameters
    ----------
    root : str or Source
        From `as_sources`.

    Returns
    -------
    str
        Its path.
    """
    return root if isinstance(root, str) else root.path


def _pieces(given: Any, name: str) -> Iterator[tuple[Any, str]]:
    """Yield what becomes one root each, and what to call it where it has no path."""
    if isinstance(given, Mapping):  # a DatasetDict too
        for key, value in given.items():
            yield from _pieces(value, str(key))
    elif isinstance(given, np.ndarray) and given.dtype.kind == "U":
        yield from _pieces(given.tolist(), name)
    elif isinstance(given, (Iterator, set, frozenset, KeysView, ValuesView)) and not isinstance(given, Source):
        yield from _pieces(list(given), name)
    elif isinstance(given, (list, tuple)) and all(map(_is_root, given)):
        for value in given:
            yield from _pieces(value, name)
    else:
        split = getattr(given, "split", None) if is_dataset(given) and name == UNNAMED else None
        yield given, name if split is None else str(split)


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "iloc")


def _is_series(value: Any) -> bool:
    return hasattr(value, "iloc")


def _is_sequence(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 4 or (value.ndim == 1 and value.dtype == object)
    single = isinstance(value, (bytes, bytearray, memoryview, Image.Image))
    return hasattr(value, "__getitem__") and hasattr(value, "__len__") and not single


def _is_root(value: Any) -> bool:
    """Return whether an item of a list is a root of its own, not one image of many."""
    return _is_path(value) or isinstance(value, Source) or is_dataset(value) or _is_frame(value)


Opener = Callable[[Any, str, Column], str | Source]
TABLE: tuple[tuple[Callable[[Any], bool], Opener], ...] = (
    (_is_path, lambda value, _name, _column: os.fspath(value)),
    (lambda value: isinstance(value, Source), lambda value, _name, _column: value),
    (is_dataset, lambda value, name, column: open_dataset(value, name, None if column is None else str(column))),
    (_is_frame, open_frame),
    (_is_series, lambda value, name, _column: open_series(value, name)),
    (_is_sequence, open_sequence),
)
"""What a value is, and who opens it; the first that fits."""


def _open(value: Any, name: str, column: Column) -> str | Source:
    for fits, opened in TABLE:
        if fits(value):
            return opened(value, name, column)
    raise UsageError(f"cannot look for images in {type(value).__name__}: give {ALLOWED}")


def _free(name: str, names: set[str]) -> str:
    """Return a name under which nothing else lies, and that is no row of another."""
    for number in range(1, len(names) + 2):
        free = name if number == 1 else f"{name}#{number}"
        table, _, row = free.rpartition("/")
        if not (row.isdecimal() and table in names) and not any(f"{other}/".startswith(f"{free}/") for other in names):
            return free
    raise AssertionError("of so many names one is free")
