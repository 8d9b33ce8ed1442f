"""Parquet files of images: one column of bytes or paths, read batch by batch where it lies."""

import contextlib
import io
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lookalike.errors import UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.sources.arrow import SAMPLED_AT_ONCE, Column, candidates, cell, column_of, plain
from lookalike.sources.blobs import Blob
from lookalike.sources.rows import Place, Rows

OF_HASHES = b"lookalike"
"""Key of the schema metadata of tables that hold hashes; whoever knows these opens them before they get here."""
BATCH_BYTES = 4 << 20
"""What a batch of rows may hold, one row at least."""
KEPT_BYTES = 16 << 20
"""What the batches may hold that were read last."""
BUFFER_BYTES = 1 << 20
"""Read from the file at a time; else all of a row group is."""


def open_parquet(blob: Blob, column: str | None) -> Rows:
    """Open a Parquet file.

    Parameters
    ----------
    blob : Blob
        The file.
    column : str or None
        Which column holds the images; None for the one that does.

    Returns
    -------
    Rows
        A source; paths in it are relative to the folder of the file.

    Raises
    ------
    OSError
        If it cannot be read, or is no Parquet file.
    UsageError
        If pyarrow is not installed, or there is no such column, none, or more than one.
    """
    values = _Batches(blob, column)
    place = Place(
        blob.volume, blob.key, f"{blob.stamp} {'' if column is None else column}", blob.changed_ns, os.path.dirname(blob.path)
    )  # fmt: skip
    return Rows(blob.path, "parquet", place, values, files=values.files)


class _Batches:
    """The rows of a Parquet file, by batches; those that follow each other cost least."""

    def __init__(self, blob: Blob, column: str | None) -> None:
        self._arrow, self._parquet = optional("pyarrow", "tables"), optional("pyarrow.parquet", "tables")
        self._blob = blob
        self._metadata: Any = None
        try:
            with self._opened() as file:
                self._metadata, self._names = file.metadata, file.schema_arrow.names
                if OF_HASHES in (file.schema_arrow.metadata or {}):
                    raise UsageError(f"{blob.path} holds hashes, not images: name what it was made of")
                self._column = column_of(file.schema_arrow, column, self._first_rows(file), blob.path)
            groups = [self._metadata.row_group(at) for at in range(self._metadata.num_row_groups)]
            self._starts = np.cumsum([0, *(group.num_rows for group in groups)])
            self._rows_at_once = [self._rows_of(group) for group in groups]
            self.files = self._column is not None and self._column.path is not None and self._may_be_empty(self._column)
        except arrow_errors() as error:
            raise OSError(0, f"not a Parquet file that can be read: {error}") from error
        if self._column is None and self._metadata.num_rows:
            raise OSError(0, "the Parquet file is damaged: none of its rows can be read")
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int], Any] = OrderedDict()
        self._broken: dict[int, str] = {}
        self._file: Any = None
        self._next: tuple[int, int, Iterator[Any]] | None = None
        """Row group, batch and who reads it."""

    def __len__(self) -> int:
        return 0 if self._column is None else int(self._starts[-1])

    def paths(self) -> Iterator[str | None]:
        """Yield the paths in rows; nothing else is read."""
        assert self._column is not None
        with self._opened() as file:
            try:
                for batch in file.iter_batches(batch_size=1024, columns=[self._column.path], use_threads=False):
                    for value in plain(batch.column(0)):
                        yield value["path"] if isinstance(value, dict) else value
            except arrow_errors(OSError) as error:
                raise OSError(0, f"the Parquet file is damaged: {error}") from error

    def value(self, number: int) -> Any:
        """Return the cell of a row."""
        group = int(np.searchsorted(self._starts, number, side="right")) - 1
        batch, at = divmod(number - int(self._starts[group]), self._rows_at_once[group])
        with self._lock:
            return cell(self._batch(group, batch)[at])

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._names)

    def column(self, name: str, numbers: Sequence[int]) -> list[Any]:
        """Return what a column holds in some rows; all of it is read."""
        with self._opened() as file:
            try:
                return plain(file.read(columns=[name], use_threads=False).column(0).take(list(numbers)))
            except arrow_errors() as error:
                raise OSError(0, f"column {name!r} of the Parquet file cannot be read: {error}") from error

    def is_there(self) -> bool:
        """Return whether the file is unchanged."""
        return self._blob.is_there()

    def close(self) -> None:
        """Let go of the file, and of the batches that were read last."""
        with self._lock:
            self._close()
            self._kept.clear()

    def _open(self) -> Any:
        file: Any = self._blob.open()
        raw = getattr(file, "raw", None)
        if isinstance(raw, io.FileIO):  # an ordinary file, which Arrow reads by itself with a copy less
            file.close()
            file = self._arrow.OSFile(raw.name)
        try:
            return self._parquet.ParquetFile(file, metadata=self._metadata, buffer_size=BUFFER_BYTES, pre_buffer=False)
        except BaseException:
            file.close()
            raise

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        file = self._open()
        try:
            yield file
        finally:
            file.close(force=True)

    def _first_rows(self, file: Any) -> Iterator[Any]:
        """Yield the first rows that can be read, some at a time."""
        names = candidates(file.schema_arrow)
        for group in range(file.metadata.num_row_groups):
            with contextlib.suppress(*arrow_errors(OSError)):  # a failure of its rows, when they are read
                yield from file.iter_batches(
                    batch_size=SAMPLED_AT_ONCE, row_groups=[group], columns=names, use_threads=False
                )

    def _leaves(self, group: Any, name: str) -> list[Any]:
        leaves = [group.column(at) for at in range(group.num_columns)]
        return [leaf for leaf in leaves if leaf.path_in_schema == name or leaf.path_in_schema.startswith(f"{name}.")]

    def _rows_of(self, group: Any) -> int:
        """Return how many rows of a group are read at a time."""
        if self._column is None or not group.num_rows:
            return 1
        held = sum(leaf.total_uncompressed_size for leaf in self._leaves(group, self._column.name))
        return int(max(1, min(group.num_rows, BATCH_BYTES * group.num_rows // max(1, held))))

    def _may_be_empty(self, column: Column) -> bool:
        """Return whether a row may have no bytes, and a path instead."""
        if column.data is None:
            return True
        groups = (self._metadata.row_group(at) for at in range(self._metadata.num_row_groups))
        known = [leaf.statistics for group in groups for leaf in self._leaves(group, column.data)]
        return any(one is None or not one.has_null_count or one.null_count for one in known)

    def _batch(self, group: int, batch: int) -> Any:
        """Return a batch of rows, kept or read: on from the last one, or else from the start of its row group."""
        if (group, batch) in self._kept:
            self._kept.move_to_end((group, batch))
            return self._kept[group, batch]
        if group in self._broken:
            raise OSError(0, self._broken[group])
        try:
            if self._next is None or self._next[0] != group or self._next[1] > batch:
                self._start(group)
            while (read := self._read_next()) < batch:
                pass
        except arrow_errors(OSError, StopIteration) as error:
            self._close()
            if self._blob.is_there():
                self._broken[group] = f"row group {group} of the Parquet file is damaged: {error}"
            raise OSError(0, f"row group {group} cannot be read: {error}") from error
        assert read == batch
        return self._kept[group, batch]

    def _start(self, group: int) -> None:
        self._close()
        assert self._column is not None
        self._file = self._open()
        batches = self._file.iter_batches(
            batch_size=self._rows_at_once[group], row_groups=[group], columns=[self._column.name], use_threads=False
        )
        self._next = group, 0, batches

    def _read_next(self) -> int:
        assert self._next is not None
        group, at, batches = self._next
        array = next(batches).column(0)
        self._next = group, at + 1, batches
        self._kept[group, at] = array
        while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        if (at + 1) * self._rows_at_once[group] >= self._starts[group + 1] - self._starts[group]:
            self._close()  # many files may be open for reading at a time, and few descriptors
        return at

    def _close(self) -> None:
        if self._file is not None:
            self._file.close(force=True)
        self._file = self._next = None
