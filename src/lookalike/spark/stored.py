"""Stored hash tables as DataFrames: a row names a file, tasks read what is wanted of it."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lookalike.errors import UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.model import HashSpec
from lookalike.scan.loading import AGAIN, ENDING, HashFile, check_spec
from lookalike.spark.inputs import expanded
from lookalike.spark.lineage import MOST_TASKS
from lookalike.spark.places import open_table, tables_in
from lookalike.spark.rows import ROWS_AT_ONCE, batches_of, row_schema, struct_of
from lookalike.tables.checking import checked
from lookalike.tables.schema import Header, header_of, parse_header

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TURNS_A_CORE = 2
"""Tasks for each core where there are fewer files: each of them reads some row groups of a file."""


def read_hashes(
    spark: "SparkSession",
    paths: str | Sequence[str],
    *,
    spec: HashSpec | None = None,
    columns: Sequence[str] | None = None,
) -> "DataFrame":
    """Read stored hash tables.

    Parameters
    ----------
    spark : SparkSession
        Where to run.
    paths : str or sequence of str
        Hash tables (.parquet), as ``lookalike spark hash`` and ``lookalike hash --decode fast`` write them; folders and
        prefixes of buckets that hold some; patterns.
    spec : HashSpec, optional
        The hash that is wanted, which all tables must have; None for all those of the first table.
    columns : sequence of str, optional
        What is wanted of the columns below, in this order; only that is read. None for everything.

    Returns
    -------
    DataFrame
        Hash rows, images and failures: path, path_bytes (where the path is not UTF-8), source, bytes, mtime_ns, digest, what is
        known of the picture (width to decoder), a hash for each spec, thumbnail, stage, failure and reason, and the variant
        columns at the end. What a table lacks is null: thumbnails that were not kept or are of another version, variant columns
        of tables that a single machine wrote.

    Raises
    ------
    UsageError
        If there is no table, one is not of hashes that `find` can join by, or there is no such column. What is wrong with any
        but the first table shows when the rows are read.
    """
    files = table_files(paths)
    first = HashFile(files[0], header_of_table(files[0]))
    specs = (spec,) if spec is not None else first.header.specs
    for one in specs:
        check_spec([first], one)
    schema = row_schema(specs)
    if columns is not None:
        unknown = [name for name in columns if name not in schema.names]
        if unknown:
            raise UsageError(f"hash tables have no column {unknown[0]!r}: they have {', '.join(schema.names)}")
        arrow = optional("pyarrow")
        schema = arrow.schema([schema.field(name) for name in columns])
    cores = spark.sparkContext.defaultParallelism
    turns = max(1, -(-cores * TURNS_A_CORE // len(files)))
    rows = [(path, turn, turns) for path in files for turn in range(turns)]
    given = spark.createDataFrame(rows, "path string, turn int, turns int").repartition(min(len(rows), MOST_TASKS))
    return given.mapInArrow(partial(_read, specs=specs, schema=schema), struct_of(schema))


def table_files(paths: str | Sequence[str]) -> list[str]:
    """Return the hash tables that paths lead to.

    Parameters
    ----------
    paths : str or sequence of str
        As for `read_hashes`.

    Returns
    -------
    list of str
        At least one, each once.

    Raises
    ------
    UsageError
        If there is none.
    """
    given = [paths] if isinstance(paths, str) else list(paths)
    found: list[str] = []
    for path in expanded(given):
        found += [path] if path.lower().endswith(ENDING) else [f"{path.rstrip('/')}/{name}" for name in tables_in(path)]
    if not found:
        raise UsageError(f"no hash table in {', '.join(given) or 'nothing'}: make some with lookalike spark hash")
    return list(dict.fromkeys(found))


def header_of_table(path: str) -> Header:
    """Return what a hash table says of itself.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    Header
        Its specs, and what it holds beside.

    Raises
    ------
    UsageError
        If it is not there, or no hash table.
    """
    try:
        with open_table(path) as file:
            header = header_of(file, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if header is None:
        raise UsageError(f"{path} is no hash table: {AGAIN}")
    return header


def _read(batches: Iterator[Any], specs: Sequence[HashSpec], schema: Any) -> Iterator[Any]:
    """Yield what is wanted of the tables that rows name; runs in tasks."""
    for batch in batches:
        for row in batch.to_pylist():
            yield from _rows(row["path"], row["turn"], row["turns"], specs, schema)


def _rows(path: str, turn: int, turns: int, specs: Sequence[HashSpec], schema: Any) -> Iterator[Any]:
    """Yield some row groups of a table: every one whose number, divided by `turns`, leaves `turn`."""
    try:
        with open_table(path) as stream, optional("pyarrow.parquet").ParquetFile(stream) as file:
            header = parse_header(file.schema_arrow.metadata or {}, path)
            if header is None:
                raise UsageError(f"{path} is no hash table: {AGAIN}")
            for spec in specs:
                check_spec([HashFile(path, header)], spec)
            groups = list(range(turn, file.num_row_groups, turns))
            stale = not HashFile(path, header).thumbnails
            if "path" in schema.names and "path" not in file.schema_arrow.names:
                raise UsageError(f"{path} lacks the column path: {AGAIN}")
            wanted = [
                one.name
                for one in schema
                if one.name in file.schema_arrow.names and not (stale and one.name == "thumbnail")
            ]
            for part in file.iter_batches(ROWS_AT_ONCE, row_groups=groups, columns=wanted) if groups else ():
                part.validate(full=True)  # texts need not be UTF-8
                yield from batches_of(checked(part, header, path), schema)
    except arrow_errors(OSError) as error:
        raise UsageError(f"{path} cannot be read ({error}): {AGAIN} --overwrite") from error
