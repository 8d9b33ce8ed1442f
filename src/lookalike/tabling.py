"""Images with their hashes, to a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookalike import bits
from lookalike.hashes import algorithm, way
from lookalike.listing import Row
from lookalike.model import Failure, HashSpec
from lookalike.tables.hashes import HashTable, Refs


@dataclass(slots=True)
class Item:
    """One listed image on its way into a table.

    Attributes
    ----------
    row : Row
        What was listed.
    words : list of (bytes or None)
        Its hash of each spec, once it has one.
    quality : list of (int or None)
        The quality beside each, where there is one.
    digest : bytes
        BLAKE3 of its content; empty until it is read.
    failure : Failure or None
        Why it could not be read.
    done : bool
        Whether nothing more will come.
    """

    row: Row
    words: list[bytes | None]
    quality: list[int | None]
    digest: bytes = b""
    failure: Failure | None = None
    done: bool = False


def table_of(rows: Sequence[Item | Failure], specs: tuple[HashSpec, ...]) -> HashTable:
    """Make a table.

    Parameters
    ----------
    rows : sequence of (Item or Failure)
        In the order of listing.
    specs : tuple of HashSpec
        Which hashes the items have.

    Returns
    -------
    HashTable
        A row for each item, and the failures.
    """
    items = [row for row in rows if isinstance(row, Item)]
    names = [item.row.path.encode("utf-8", "surrogateescape") for item in items]
    refs = Refs(
        b"".join(names),
        np.cumsum([len(name) for name in names], dtype=np.int64),
        np.array([item.row.entry.size for item in items], np.int64),
        np.array([item.row.entry.mtime_ns for item in items], np.int64),
        np.frombuffer(b"".join(item.digest for item in items), np.uint8).reshape(len(items), 32),
    )
    table = HashTable(specs, refs, {}, failures=[row for row in rows if isinstance(row, Failure)])
    for at, spec in enumerate(specs):
        words = [item.words[at] or b"" for item in items]
        width = bits.words(spec.bits) * 8
        block = np.frombuffer(b"".join(words), ">u8").reshape(-1, width // 8)
        table.blocks[spec.algorithm] = block.astype(np.uint64)
        if algorithm(spec.algorithm).several:
            table.parts[spec.algorithm] = np.cumsum([len(part) // width for part in words], dtype=np.int64)
        if way(spec).quality is not None:
            table.quality[spec.algorithm] = np.array([item.quality[at] or 0 for item in items], np.uint8)
    return table
