"""Pairs of images in CSV and Parquet files, read row by row, and what is known of them written the same way."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from lookalike.errors import UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.tables.files import ending_of, path_fields, printable

Row = dict[str, Any]
SIDES = ("path_a", "path_b")
ROWS_AT_ONCE = 1024
ENDINGS = (".csv", ".jsonl", ".parquet")
ARROW: dict[type, str] = {int: "int64", float: "float64", str: "string", bool: "bool_"}


class PairFile:
    """A file with a pair of images in each row; only its columns are read at first.

    Parameters
    ----------
    path : str
        A CSV file or, by its ending, a Parquet file.

    Attributes
    ----------
    path : str
        As given.
    columns : list of str
        Names of its columns.

    Raises
    ------
    UsageError
        If it cannot be read, or what reads it is not installed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._schema: Any = None
        if path.lower().endswith(".parquet"):
            self._parquet = optional("pyarrow.parquet")
            try:
                self._schema = self._parquet.read_schema(path)
                self.columns: list[str] = list(self._schema.names)
            except arrow_errors(OSError) as error:
                raise self._unread(error) from error
        else:
            with self._reader() as reader:
                self.columns = list(reader.fieldnames or ())

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        """Yield the number of each line (of each row, in Parquet) and its values by column."""
        if self._schema is not None:
            yield from enumerate(self._rows(), 1)
            return
        with self._reader() as reader:
            for row in reader:
                if None in row or None in row.values():  # what is missing is None, what is too much has the name None
                    raise UsageError(
                        f"{self.path}, line {reader.line_num}: a row needs a value for each column, and no more"
                    )
                yield reader.line_num, row

    def _rows(self) -> Iterator[Row]:
        """Yield the rows of a Parquet file."""
        try:
            with self._parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(ROWS_AT_ONCE):
                    yield from batch.to_pylist()
        except arrow_errors(OSError) as error:
            raise self._unread(error) from error

    def _unread(self, error: Exception) -> UsageError:
        return UsageError(f"cannot read {self.path}: {getattr(error, 'strerror', None) or error}")

    def check(self, *needed: str) -> None:
        """Check that columns are there.

        Parameters
        ----------
        *needed : str
            Their names.

        Raises
        ------
        UsageError
            If one is not.
        """
        lacking = [name for name in needed if name not in self.columns]
        if lacking:
            had = ", ".join(self.columns) or "none"
            raise UsageError(
                f"{self.path} lacks the column {', '.join(lacking)}: it needs {', '.join(needed)}, got {had}"
            )

    def where(self, number: int) -> str:
        """Say where a row is, for messages.

        Parameters
        ----------
        number : int
            As `__iter__` gives it.

        Returns
        -------
        str
            Such as ``pairs.csv, line 7``.
        """
        return f"{self.path}, {'line' if self._schema is None else 'row'} {number}"

    def beside(self, name: str) -> str:
        """Return a path that the file names.

        Parameters
        ----------
        name : str
            Absolute or relative to the folder of the file.

        Returns
        -------
        str
            The path.
        """
        return os.path.join(os.path.dirname(self.path), name)

    def kinds(self) -> dict[str, Any]:
        """Return what its columns hold, for `write_rows`.

        Returns
        -------
        dict
            By column: str, or an Arrow type.
        """
        return {name: str if self._schema is None else self._schema.field(name).type for name in self.columns}

    def _reader(self) -> "_Reader":
        return _Reader(self.path)


class _Reader:
    """A CSV file while it is open; what is wrong with it is an error in words."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> "csv.DictReader[str]":
        try:
            self._file = open(self._path, encoding="utf-8-sig", errors="surrogateescape", newline="")
        except OSError as error:
            raise UsageError(f"cannot read {self._path}: {error.strerror or error}") from error
        return csv.DictReader(self._file, strict=True)

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        self._file.close()
        if isinstance(error, csv.Error):
            raise UsageError(f"{self._path} is not a CSV file: {error}") from error
        if isinstance(error, OSError):
            raise UsageError(f"cannot read {self._path}: {error.strerror or error}") from error


def read_candidates(path: str) -> tuple[str, Iterator[tuple[str, str]]]:
    """Read pairs that somebody else proposes.

    Parameters
    ----------
    path : str
        A CSV or Parquet file with the columns path_a and path_b, or digest_a and digest_b (in hex).

    Returns
    -------
    by : str
        path or digest.
    pairs : iterator of (str, str)
        Row by row.

    Raises
    ------
    UsageError
        If it cannot be read, or has other columns; a row without a value, when it is reached.
    """
    file = PairFile(path)
    by = "digest" if {"digest_a", "digest_b"} <= set(file.columns) else "path"
    needed = f"{by}_a", f"{by}_b"
    file.check(*needed)

    def pairs() -> Iterator[tuple[str, str]]:
        for number, row in file:
            one, other = (row[name] for name in needed)
            if not (one and other and isinstance(one, str) and isinstance(other, str)):
                raise UsageError(f"{file.where(number)}: {needed[0]} and {needed[1]} must be texts that are not empty")
            yield one, other

    return by, pairs()


def check_rows_file(path: str) -> None:
    """Check that rows can be written to a file of that name.

    Parameters
    ----------
    path : str
        An output file.

    Raises
    ------
    UsageError
        If its ending is unknown, or what writes it is not installed.
    """
    if ending_of(path, ENDINGS) == ".parquet":
        optional("pyarrow.parquet")


def write_rows(rows: Iterable[Row], columns: Mapping[str, Any], file: BinaryIO, ending: str) -> None:
    """Write rows as they come.

    Parameters
    ----------
    rows : iterable of dict
        Values by column; what is missing or None stays empty.
    columns : mapping of str to type
        In their order, with what they hold: int, float, str, bool, or an Arrow type.
    file : file
        To write bytes to.
    ending : str
        One of `ENDINGS`.
    """
    {".csv": _write_csv, ".jsonl": _write_jsonl, ".parquet": _write_parquet}[ending](rows, columns, file)


def _write_csv(rows: Iterable[Row], columns: Mapping[str, Any], file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="", write_through=True)
    writer = csv.DictWriter(text, list(columns))
    try:
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            text.flush()
    finally:
        text.detach()  # else it would close the file


def _write_jsonl(rows: Iterable[Row], columns: Mapping[str, Any], file: BinaryIO) -> None:
    for row in rows:
        plain = {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}
        for name in SIDES:
            if isinstance(row.get(name), str):
                plain |= path_fields(row[name], name)
        ordered = {name: plain.get(name) for name in columns} | plain
        file.write((json.dumps(ordered, default=str) + "\n").encode("ascii"))
        file.flush()


def _write_parquet(rows: Iterable[Row], columns: Mapping[str, Any], file: BinaryIO) -> None:
    arrow, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    kinds = {name: getattr(arrow, ARROW[kind])() if kind in ARROW else kind for name, kind in columns.items()}
    schema = arrow.schema(list(kinds.items()))
    with parquet.ParquetWriter(file, schema) as writer:
        for part in _parts(rows):
            plain = [
                {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}
                for row in part
            ]
            writer.write_table(arrow.Table.from_pylist(plain, schema=schema))


def _parts(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part
