"""Columns of Arrow tables: which one holds images, and the cells of it. No data but a few first rows is looked at."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.sources.cells import check_column, find_column

SAMPLED_ROWS = 256
"""Rows among which some of each column are looked for that are not empty."""
SAMPLED_AT_ONCE = 4
"""Images may be large."""


class Column(NamedTuple):
    """A column of images.

    Attributes
    ----------
    name : str
        What it is called.
    data, path : str or None
        Dotted names of what holds bytes, and paths; at least one of these.
    """

    name: str
    data: str | None
    path: str | None


def column_of(schema: Any, column: str | None, batches: Iterable[Any], where: str) -> Column | None:
    """Find the column of images of a table.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the table.
    column : str or None
        What the user named; None for the one that holds images.
    batches : iterable of pyarrow.RecordBatch
        First rows, of the columns that `candidates` says; taken only as far as they are needed.
    where : str
        What the table is called.

    Returns
    -------
    Column or None
        None for a table without rows, of which nothing can be said.

    Raises
    ------
    UsageError
        If there is no such column, none, or more than one.
    """
    known = _candidates(schema)
    if column is not None:
        check_column(column, schema.names, where)
        if column not in known:
            raise UsageError(
                f"column {column!r} of {where} holds neither bytes nor paths; those are {', '.join(known) or 'none'}"
            )
        return known[column]
    said = [name for name in _said(schema) if name in known]
    if len(said) == 1:
        return known[said[0]]
    samples = _samples(batches, known)
    if samples is None:
        return None
    return known[find_column({name: samples.get(name, []) for name in schema.names}, where)]


def candidates(schema: Any) -> list[str]:
    """Return the columns that may hold images, by their types.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the table.

    Returns
    -------
    list of str
        Names.
    """
    return list(_candidates(schema))


def validated(values: Any) -> Any:
    """Check that values of Arrow lie within their file: what files say is mapped as it is, and a wrong offset leads anywhere.

    Parameters
    ----------
    values : pyarrow.Array or pyarrow.ChunkedArray
        As a file has them.

    Returns
    -------
    pyarrow.Array or pyarrow.ChunkedArray
        The same. Texts need not be UTF-8, but for those in lists.

    Raises
    ------
    pyarrow.ArrowException
        If one does not.
    """
    for array in getattr(values, "chunks", [values]):
        _validate(array)
    return values


def _validate(array: Any) -> None:
    arrow = optional("pyarrow", "tables")
    array.validate()
    as_bytes = {
        arrow.string(): arrow.binary(), arrow.large_string(): arrow.large_binary(), arrow.string_view(): arrow.binary_view(),
    }  # fmt: skip
    if arrow.types.is_struct(array.type):
        for at in range(array.type.num_fields):
            _validate(array.field(at))
    elif arrow.types.is_dictionary(array.type):
        _validate(array.indices)
        _validate(array.dictionary)
        arrow.DictionaryArray.from_arrays(
            array.indices, arrow.nulls(len(array.dictionary))
        )  # raises where one leads outside
    else:
        bare = as_bytes.get(array.type)
        (array if bare is None else array.view(bare)).validate(full=True)


def plain(values: Any) -> list[Any]:
    """Return the values of Arrow as those of Python.

    Parameters
    ----------
    values : pyarrow.Array or pyarrow.ChunkedArray
        As a file has them, whose texts need not be UTF-8.

    Returns
    -------
    list
        None for a text that is none.
    """
    try:
        return list(values.to_pylist())
    except UnicodeDecodeError:
        return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return None


def cell(value: Any) -> Any:
    """Return a value of Arrow as one of Python.

    Parameters
    ----------
    value : pyarrow.Scalar
        The value.

    Returns
    -------
    object
        The same.

    Raises
    ------
    OSError
        If it is a text that is not UTF-8.
    """
    try:
        return value.as_py()
    except UnicodeDecodeError as error:
        raise OSError(0, f"the row holds a text that is not UTF-8: {error}") from error


def _candidates(schema: Any) -> dict[str, Column]:
    names = schema.names  # of several columns of one name none can be asked for
    found = (_column(field) for field in schema if names.count(field.name) == 1)
    return {column.name: column for column in found if column is not None}


def _column(field: Any) -> Column | None:
    arrow = optional("pyarrow.types", "tables")
    name, kind = field.name, field.type
    if arrow.is_struct(kind):
        children = {kind.field(at).name: kind.field(at).type for at in range(kind.num_fields)}
        data = f"{name}.bytes" if "bytes" in children and _is_bytes(children["bytes"]) else None
        path = f"{name}.path" if "path" in children and _is_text(children["path"]) else None
        return Column(name, data, path) if data or path else None
    if _is_bytes(kind):
        return Column(name, name, None)
    return Column(name, None, name) if _is_text(kind) else None


def _is_bytes(kind: Any) -> bool:
    arrow = optional("pyarrow.types", "tables")
    kind = kind.value_type if arrow.is_dictionary(kind) else kind  # as pandas writes its categories
    return bool(arrow.is_binary(kind) or arrow.is_large_binary(kind) or arrow.is_binary_view(kind))


def _is_text(kind: Any) -> bool:
    arrow = optional("pyarrow.types", "tables")
    kind = kind.value_type if arrow.is_dictionary(kind) else kind
    return bool(arrow.is_string(kind) or arrow.is_large_string(kind) or arrow.is_string_view(kind))


def _said(schema: Any) -> Iterator[str]:
    """Yield the columns of images that Hugging Face noted in the schema."""
    try:
        noted = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = noted["info"]["features"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # no such note
        return
    for name, feature in features:
        if isinstance(feature, dict) and feature.get("_type") == "Image":
            yield name


def _samples(batches: Iterable[Any], known: dict[str, Column]) -> dict[str, list[Any]] | None:
    """Return some values of each column; None where there are no rows."""
    samples: dict[str, list[Any]] = {name: [] for name in known}
    rows = 0
    for batch in batches:
        for name, values in samples.items():
            values += [value for value in plain(batch.column(name)) if value is not None]
        rows += len(batch)
        if rows >= SAMPLED_ROWS or (rows > SAMPLED_AT_ONCE and all(samples.values())):
            break
    return samples if rows else None
