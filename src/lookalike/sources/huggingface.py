"""Datasets of Hugging Face: objects of the package `datasets`, and what it saved; their pictures are not decoded by it."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from blake3 import blake3

from lookalike.errors import LookalikeError, SourceError
from lookalike.extras import arrow_errors, optional
from lookalike.sources.arrow import SAMPLED_AT_ONCE, Column, candidates, cell, column_of, plain, validated
from lookalike.sources.blobs import Blob, blob
from lookalike.sources.folders import Source
from lookalike.sources.rows import Place, Rows, Splits

EXTRA = "huggingface"
ROWS_AT_ONCE = 16
"""Rows that are taken from a dataset together: each take costs as much as several images."""
ONE, SPLITS = ("state.json", "dataset_info.json"), ("dataset_dict.json",)
"""Files by which a folder that `save_to_disk` wrote is known."""


def is_saved(path: str) -> bool:
    """Return whether a folder is one that `datasets` saved.

    Parameters
    ----------
    path : str
        Any path.

    Returns
    -------
    bool
        By the names of files in it.
    """
    return any(all(os.path.isfile(os.path.join(path, name)) for name in names) for names in (SPLITS, ONE))


def is_dataset(value: Any) -> bool:
    """Return whether a value is a `Dataset`.

    Parameters
    ----------
    value : object
        Any value; `datasets` is not imported for it.

    Returns
    -------
    bool
        False for those that have no length.
    """
    package = sys.modules.get("datasets")
    return package is not None and isinstance(value, package.Dataset)


def open_dataset(dataset: Any, path: str, column: str | None) -> Rows:
    """Open a dataset in memory, or what it maps to memory.

    Parameters
    ----------
    dataset : datasets.Dataset
        As it is: a format or transform that is set on it does not count.
    path : str
        What to call it.
    column : str or None
        Which column holds the images; None for the one that does.

    Returns
    -------
    Rows
        A source; a later run knows a dataset of the same fingerprint.

    Raises
    ------
    UsageError
        If there is no such column, none, or more than one.
    SourceError
        If it maps a file that is damaged.
    """
    fingerprint = str(dataset._fingerprint)  # noqa: SLF001 - what the package itself knows a dataset by
    place = Place(
        "", f"{path}/{column or ''}/{fingerprint}", fingerprint
    )  # each name by itself, as the same may have two
    try:
        return _rows(dataset, path, column, place, ())
    except OSError as error:  # it may map a file
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error


def open_saved(path: str, column: str | None) -> Source:
    """Open a folder that `save_to_disk` wrote.

    Parameters
    ----------
    path : str
        The folder.
    column : str or None
        Which column holds the images; None for the one that does.

    Returns
    -------
    Source
        Of a dict of datasets, each is one folder in it.

    Raises
    ------
    OSError
        If it cannot be read.
    UsageError
        If `datasets` is not installed, or there is no such column, none, or more than one.
    """
    found = _loaded(lambda package: package.load_from_disk(path))
    if is_dataset(found):
        return _saved(found, path, column)
    if not found:
        raise OSError(0, "a dataset without splits")
    return Splits(path, [_saved(part, f"{path}/{split}", column) for split, part in found.items()])


def open_arrow(file: Blob, column: str | None) -> Source:
    """Open an Arrow file of a dataset.

    Parameters
    ----------
    file : Blob
        The file.
    column : str or None
        Which column holds the images; None for the one that does.

    Returns
    -------
    Source
        Its rows.

    Raises
    ------
    OSError
        If it cannot be read.
    UsageError
        As for `open_saved`.
    """
    found = _loaded(lambda package: package.Dataset.from_file(file.path))
    place = Place(file.volume, file.key, f"{file.stamp} {column or ''}", file.changed_ns, os.path.dirname(file.path))
    return _rows(found, file.path, column, place, (file,))


def _loaded(load: Any) -> Any:
    package = optional("datasets", EXTRA)
    try:
        return load(package)
    except LookalikeError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise OSError(0, f"not a dataset that can be read: {error}") from error


def _saved(dataset: Any, path: str, column: str | None) -> Rows:
    names = [os.path.join(path, "state.json"), *(file["filename"] for file in dataset.cache_files)]
    files = [blob(name) for name in names]
    stamp = blake3("\n".join(file.stamp for file in files).encode()).hexdigest()
    place = Place(
        files[0].volume, os.path.dirname(files[0].key), f"{stamp} {column or ''}", max(file.changed_ns for file in files), path
    )  # fmt: skip
    return _rows(dataset, path, column, place, files)


def _rows(dataset: Any, path: str, column: str | None, place: Place, files: Sequence[Blob]) -> Rows:
    values = _Dataset(dataset, path, column, files)
    return Rows(path, "huggingface", place, values, files=values.files)


class _Dataset:
    """One column of a dataset, as Arrow has it."""

    def __init__(self, dataset: Any, path: str, column: str | None, files: Sequence[Blob]) -> None:
        schema = dataset.features.arrow_schema
        names = candidates(schema)
        try:
            for name in names:
                for chunk in dataset.data.column(name).chunks:
                    chunk.validate()  # that it is as long as it says; what is in it when it is read
            first = dataset.select_columns(names).with_format("arrow")
            self._column = column_of(schema, column, _sound(_slices(first, SAMPLED_AT_ONCE)), path)
        except arrow_errors() as error:
            raise OSError(0, f"not a dataset that can be read: {error}") from error
        if names and self._column is None and len(dataset):
            raise OSError(0, "the dataset is damaged: none of its rows can be read")
        self._dataset, self._files, self._lock = dataset, files, threading.Lock()
        self._block, self._cells = -1, None
        self.files = False
        if self._column is not None:
            self._rows = dataset.select_columns([self._column.name]).with_format("arrow")
            self.files = self._column.path is not None and _may_be_empty(dataset.data, self._column)

    def __len__(self) -> int:
        return 0 if self._column is None else len(self._rows)

    def paths(self) -> Iterator[str | None]:
        """Yield the paths in rows, without their bytes."""
        assert self._column is not None
        try:
            for part in _slices(self._rows, ROWS_AT_ONCE):
                for chunk in validated(part.column(0)).chunks:
                    yield from plain(chunk if self._column.path == self._column.name else chunk.field("path"))
        except arrow_errors() as error:
            raise OSError(0, f"the dataset is damaged: {error}") from error

    def value(self, number: int) -> Any:
        """Return the cell of a row."""
        block, at = divmod(number, ROWS_AT_ONCE)
        with self._lock:
            if block != self._block:
                start = block * ROWS_AT_ONCE
                try:
                    self._cells = validated(self._rows[start : start + ROWS_AT_ONCE].column(0))
                except arrow_errors(ValueError) as error:
                    raise OSError(0, f"the dataset is damaged there: {error}") from error
                self._block = block
            cells = self._cells
        return None if cells is None else cell(cells[at])

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._dataset.column_names)

    def column(self, name: str, numbers: Sequence[int]) -> list[Any]:
        """Return what a column holds in some rows."""
        try:
            validated(self._dataset.data.column(name))
            rows = self._dataset.select_columns([name]).with_format("arrow")
            return plain(rows[list(numbers)].column(0)) if numbers else []
        except arrow_errors() as error:
            raise OSError(0, f"column {name!r} of the dataset cannot be read: {error}") from error

    def is_there(self) -> bool:
        """Return whether its files are unchanged."""
        return all(file.is_there() for file in self._files)

    def close(self) -> None:
        """Let go of the rows that were taken last; files are mapped, not open."""
        with self._lock:
            self._block, self._cells = -1, None


def _slices(rows: Any, count: int) -> Iterator[Any]:
    return (rows[start : start + count] for start in range(0, len(rows), count))


def _sound(parts: Iterable[Any]) -> Iterator[Any]:
    """Yield parts of which all lies where it should; what does not is a failure of its rows, when they are read."""
    for part in parts:
        try:
            for values in part.columns:
                validated(values)
        except arrow_errors():
            continue
        yield part


def _may_be_empty(table: Any, column: Column) -> bool:
    """Return whether a row may have no bytes, and a path instead."""
    if column.data is None:
        return True
    chunks = table.column(column.name).chunks
    return any(chunk.null_count or chunk.field("bytes").null_count for chunk in chunks)
