"""Files of hash tables: CSV, JSON Lines and Parquet."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from lookalike.extras import optional
from lookalike.model import HashSpec
from lookalike.tables.files import ending_of
from lookalike.tables.hashes import HashTable, columns_of
from lookalike.tables.schema import RUN_KEY, SHORT, Header, arrow_schema


def write_csv(tables: Iterable[HashTable], specs: Sequence[HashSpec], file: BinaryIO) -> None:
    """Write tables as CSV: a header, then a row per image and failure, RFC 4180 quoting.

    Parameters
    ----------
    tables : iterable of HashTable
        Written one by one, each as soon as it comes.
    specs : sequence of HashSpec
        Their hashes.
    file : file
        To write bytes to.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, columns_of(specs), restval="")
    try:
        for number, table in enumerate(tables):
            if not number:  # nothing at all is written where nothing could be read
                writer.writeheader()
            writer.writerows(table.rows())
            text.flush()
    finally:
        text.detach()  # else it would close the file


def write_jsonl(tables: Iterable[HashTable], _specs: Sequence[HashSpec], file: BinaryIO) -> None:
    """Write tables as JSON Lines: an object per image and failure.

    Parameters
    ----------
    tables : iterable of HashTable
        Written one by one, each as soon as it comes.
    _specs : sequence of HashSpec
        Their hashes.
    file : file
        To write bytes to.
    """
    for table in tables:
        file.write("".join(json.dumps(row) + "\n" for row in table.rows()).encode("ascii"))
        file.flush()


def write_parquet(
    tables: Iterable[HashTable], specs: Sequence[HashSpec], file: BinaryIO, run: Mapping[str, Any] | None = None,
    to_arrow: Callable[[HashTable], Any] = HashTable.to_arrow,
) -> None:  # fmt: skip
    """Write tables as Parquet, a row group for each; needs the extra ``tables``.

    Parameters
    ----------
    tables : iterable of HashTable
        Written one by one, all with the same columns.
    specs : sequence of HashSpec
        Their hashes.
    file : file
        To write bytes to.
    run : mapping, optional
        What else is to say of the run, at the end; what was skipped and what could not be seen is added.
    to_arrow : callable
        Makes an Arrow table of each, all of one schema; may add columns.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    parquet = optional("pyarrow.parquet")
    skipped: Counter[str] = Counter()
    incomplete: list[str] = []
    writer = None
    try:
        for table in tables:
            rows = to_arrow(table)
            if writer is None:
                writer = _writer(parquet, file, rows.schema)
            writer.write_table(rows)
            skipped += table.skipped
            incomplete += table.incomplete
        writer = writer or _writer(parquet, file, arrow_schema(Header(tuple(specs))))
        told = {**(run or {}), "skipped": dict(sorted(skipped.items())), "incomplete": incomplete}
        writer.add_key_value_metadata({RUN_KEY: json.dumps(told).encode("ascii")})
    finally:
        if writer is not None:
            writer.close()


def _writer(parquet: Any, file: BinaryIO, schema: Any) -> Any:
    small = [name for name in schema.names if name != "thumbnail"]
    return parquet.ParquetWriter(
        file, schema, compression="zstd", use_dictionary=[name for name in SHORT if name in schema.names],
        write_statistics=small,
    )  # fmt: skip


Writer = Callable[[Iterable[HashTable], Sequence[HashSpec], BinaryIO], None]
WRITERS: dict[str, Writer] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}
"""File name ending -> form."""


def writer_of(path: str) -> Writer:
    """Return what writes to a file of that name.

    Parameters
    ----------
    path : str
        An output file.

    Returns
    -------
    callable
        One of `WRITERS`.

    Raises
    ------
    UsageError
        If its ending is unknown, or what writes it is not installed.
    """
    ending = ending_of(path, WRITERS)
    if ending == ".parquet":
        optional("pyarrow.parquet")
    return WRITERS[ending]
