"""Rows of hash tables, which others may have written: of the types and values that the schema says, or refused."""

from collections.abc import Iterator
from typing import Any, get_args

from lookalike.columns import exif_from_json
from lookalike.errors import FailureKind, UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.model import Stage
from lookalike.tables.schema import FACTS, FAILURE, PLACE, Header, arrow_schema

NULLABLE = ("path_bytes", "quality", "captured", "exif")
"""Columns in which an image may have nothing; the others, but for those of `FAILURE`, are the schema's own."""
NUMBERS = {"bytes": 0, "width": 1, "height": 1, "frames": 1, "depth": 0, "detail": 0}
"""Columns of numbers that count something, and the least of each."""


def checked(batch: Any, header: Header, path: str) -> Any:
    """Return rows of a hash table with the types of the schema.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Rows with some of its columns. What an image has is looked at where the columns of failures say which rows are images.
    header : Header
        What the file says of itself.
    path : str
        What it is called.

    Returns
    -------
    pyarrow.RecordBatch
        The same rows. Hashes and thumbnails may be null.

    Raises
    ------
    UsageError
        If a value or a type is none that the schema allows, or two columns have one name.
    """
    schema, names = arrow_schema(header), batch.schema.names
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{path} has several columns {twice}: write it again")
    made = optional("pyarrow").record_batch({name: _typed(batch[name], name, schema, path) for name in names})
    wrong = next(_wrong(made), None)
    if wrong is not None:
        raise UsageError(f"{path} has {wrong}: write it again")
    return made


def _typed(column: Any, name: str, schema: Any, path: str) -> Any:
    """Return a column with the type of the schema; those that it does not have stay as they are."""
    if name not in schema.names:
        return column
    try:
        return column.cast(schema.field(name).type)
    except arrow_errors() as error:
        raise UsageError(f"{path} has something else in the column {name} ({error}): write it again") from error


def _wrong(rows: Any) -> Iterator[str]:
    """Yield what is wrong with rows, as far as their columns tell."""
    names = rows.schema.names
    if "path" in names and rows["path"].null_count:
        yield "rows without path"
    yield from _wrong_paths([rows[name] for name in ("path", "path_bytes") if name in names])
    if set(FAILURE) <= set(names):
        failed = rows["failure"].is_valid()
        yield from _wrong_failures(rows.select(list(FAILURE)).filter(failed))
        known = rows.select([name for name in (*PLACE, "digest", *FACTS) if name in names])
        yield from _wrong_images(known.filter(optional("pyarrow.compute").invert(failed)))


def _wrong_paths(columns: list[Any]) -> Iterator[str]:
    compute = optional("pyarrow.compute")
    for column in columns:
        if compute.any(compute.equal(compute.binary_length(column), 0)).as_py():
            yield "rows with an empty path"
        if compute.any(compute.match_substring(column, "\0")).as_py():
            yield "rows with a path that no file can have"


def _wrong_failures(rows: Any) -> Iterator[str]:
    for row in rows.to_pylist():
        if row["stage"] not in get_args(Stage) or row["failure"] not in get_args(FailureKind) or row["reason"] is None:
            yield f"a failure that is none: stage {row['stage']}, failure {row['failure']}, reason {row['reason']}"


def _wrong_images(rows: Any) -> Iterator[str]:
    for name in rows.schema.names:
        if name not in NULLABLE and rows[name].null_count:
            yield f"images without {name}"
        least = optional("pyarrow.compute").min(rows[name]).as_py() if name in NUMBERS else None
        if least is not None and least < NUMBERS[name]:
            yield f"an image with {name} {least}"
    for text in rows["exif"].unique().drop_null().to_pylist() if "exif" in rows.schema.names else ():
        try:
            exif_from_json(text)
        except (ValueError, RecursionError) as error:
            yield f"an image with exif that is none: {error}"
