"""Hash rows: the columns of a hash table in types that Spark has, with the variant columns at the end."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lookalike.extras import optional
from lookalike.model import HashSpec
from lookalike.spark.columns import variant_names
from lookalike.tables.schema import Header, arrow_schema

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

ROWS_AT_ONCE = 2048
"""Most rows that go to Spark together; one with a thumbnail is 5 KB."""
TYPES = {
    "string": "StringType", "binary": "BinaryType", "int64": "LongType", "int32": "IntegerType", "int16": "ShortType",
    "bool": "BooleanType",
}  # fmt: skip
"""By what Arrow calls them."""


def row_schema(specs: Sequence[HashSpec], *, thumbnails: bool = True) -> Any:
    """Return the columns of hash rows for Arrow.

    Parameters
    ----------
    specs : sequence of HashSpec
        Their hashes, of decoding fast.
    thumbnails : bool
        Whether there is a column of thumbnails.

    Returns
    -------
    pyarrow.Schema
        Of the types that Spark has: bytes are of any length, small numbers have a sign.
    """
    arrow = optional("pyarrow")

    def plain(kind: Any) -> Any:
        if arrow.types.is_fixed_size_binary(kind):
            return arrow.binary()
        return arrow.int16() if kind == arrow.uint8() else kind

    columns = {one.name: plain(one.type) for one in arrow_schema(Header(tuple(specs), True, thumbnails))}
    return arrow.schema([*columns.items(), *((name, arrow.binary()) for name in variant_names(specs))])


def struct_of(schema: Any) -> "StructType":
    """Return columns for Spark.

    Parameters
    ----------
    schema : pyarrow.Schema
        From `row_schema`, or some of it.

    Returns
    -------
    pyspark.sql.types.StructType
        The same; all may be null.
    """
    types = optional("pyspark.sql.types", "spark")
    fields = [types.StructField(one.name, getattr(types, TYPES[str(one.type)])()) for one in schema]
    made: StructType = types.StructType(fields)
    return made


def batches_of(table: Any, schema: Any) -> Iterator[Any]:
    """Yield a table as batches of some columns; those it lacks are null.

    Parameters
    ----------
    table : pyarrow.Table or pyarrow.RecordBatch
        What there is.
    schema : pyarrow.Schema
        What is wanted.

    Yields
    ------
    pyarrow.RecordBatch
        Of that schema, at most `ROWS_AT_ONCE` rows.
    """
    arrow = optional("pyarrow")
    have = set(table.schema.names)
    columns = [
        table[one.name].cast(one.type) if one.name in have else arrow.nulls(table.num_rows, one.type) for one in schema
    ]
    yield from arrow.table(columns, schema=schema).to_batches(max_chunksize=ROWS_AT_ONCE)
