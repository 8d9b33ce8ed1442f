"""Masks: a column that says of each row of a table whether it is kept, beside the table, which is never written to."""

import numpy as np

from lookalike.errors import UsageError
from lookalike.sources.reading import Reader
from lookalike.sources.rows import Rows, Splits
from lookalike.sources.tabular import Tabular
from lookalike.tables.kept import KeepTable, write_masks


def mask_tables(table: KeepTable, path: str, reader: Reader) -> list[str]:
    """Write a mask of each table that images come from; needs the extra ``tables``.

    Parameters
    ----------
    table : KeepTable
        What is kept.
    path : str
        A ``.parquet`` file for a single table; a folder for any number, made if it is missing.
    reader : Reader
        Who knows tables that are not on a disk.

    Returns
    -------
    list of str
        The files, in the order of the tables. Each has one column, ``keep``, and as many rows as its table, in the same
        order; rows that were not looked at are kept.

    Raises
    ------
    UsageError
        If no image comes from a table, there are several and `path` is one file, or a file cannot be written.
    SourceError
        If a table cannot be read.
    UnsafeError
        If something else than a mask would be overwritten.
    """
    shards = [table.shards[at] for at in np.unique(table.shard[table.number >= 0]).tolist()]
    if not shards:
        raise UsageError("a mask is for rows of tables, and no image comes from one: use --keep-table or --keep-lists")
    return write_masks(table, {shard: _rows(shard, reader) for shard in shards}, path)


def _rows(shard: str, reader: Reader) -> int:
    source: object = reader.source(f"{shard}/0")
    table = source.tables.get(shard) if isinstance(source, Splits) else source
    return table.count if isinstance(table, Rows) else Tabular(shard).rows
