"""Tables of hashes: columns in memory, and the rows they become."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.hashes import way
from lookalike.hashes.value import ImageHash
from lookalike.model import Failure, HashSpec
from lookalike.tables.files import path_fields, printable
from lookalike.tables.schema import FACTS, Header, arrow_schema


@dataclass(frozen=True, slots=True, eq=False)
class Refs:
    """Which images the rows of a table are: 56 bytes a row beside the bytes of the paths.

    Attributes
    ----------
    names : bytes
        The paths, one after the other.
    ends : ndarray of int64, shape (n,)
        Where each ends in `names`.
    size, mtime_ns : ndarray of int64, shape (n,)
        Bytes; modification time in nanoseconds since 1970.
    digest : ndarray of uint8, shape (n, 32)
        BLAKE3 of the content.
    source : list of str
        Which kind of source each comes from; empty where all are ordinary files.
    """

    names: bytes
    ends: NDArray[np.int64]
    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]
    digest: NDArray[np.uint8]
    source: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ends)

    def path(self, row: int) -> str:
        """Return the path of a row.

        Parameters
        ----------
        row : int
            0 to ``len(self) - 1``.

        Returns
        -------
        str
            The root as given, plus the path within it; as `os.fsdecode` gives it.
        """
        start = int(self.ends[row - 1]) if row else 0
        return self.names[start : int(self.ends[row])].decode("utf-8", "surrogateescape")

    @property
    def paths(self) -> list[str]:
        """All paths, in order."""
        return [self.path(row) for row in range(len(self))]


@dataclass(frozen=True, slots=True, eq=False)
class HashTable:
    """Hashes of images, by columns.

    Attributes
    ----------
    specs : tuple of HashSpec
        Which hashes; no two of the same algorithm.
    refs : Refs
        The image of each row.
    blocks : dict of str to ndarray of uint64, shape (m, words)
        By algorithm. m is the number of images; of an algorithm that hashes parts, that of all their parts.
    parts : dict of str to ndarray of int64, shape (n,)
        Of algorithms that hash parts: where the rows of each image end in its block.
    quality : dict of str to ndarray of uint8, shape (n,)
        0..100, of algorithms that have a quality.
    failures : list of Failure
        Images and folders that could not be read.
    skipped : Counter
        Files passed over, by kind.
    incomplete : list of str
        What could not be seen at all, one line each.
    facts : dict of str to list
        By name of the column (docs/hash-table.md), a value for each image; empty where nobody asked for them.
    thumbnails : ndarray of uint8, shape (n, 4224), or None
        Luma of 64 x 64, then chroma of 8 x 8 x 2; None where nobody asked for them.
    decode : int
        Version of the thumbnails that facts and fast hashes were made of; 0 where there were none.
    """

    specs: tuple[HashSpec, ...]
    refs: Refs
    blocks: dict[str, NDArray[np.uint64]]
    parts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    quality: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)
    facts: dict[str, list[Any]] = field(default_factory=dict)
    thumbnails: NDArray[np.uint8] | None = None
    decode: int = 0

    def __len__(self) -> int:
        return len(self.refs)

    def hash(self, row: int, algorithm: str | None = None) -> ImageHash | tuple[ImageHash, ...]:
        """Return the hash of one image.

        Parameters
        ----------
        row : int
            0 to ``len(self) - 1``.
        algorithm : str, optional
            None for the first one of the table.

        Returns
        -------
        ImageHash or tuple of ImageHash
            A tuple where the algorithm hashes parts.
        """
        spec = next((spec for spec in self.specs if algorithm in (None, spec.algorithm)), None)
        if spec is None:
            raise UsageError(f"no {algorithm!r} in this table: it has {', '.join(self.blocks)}")
        block = self.blocks[spec.algorithm]
        if spec.algorithm not in self.parts:
            return ImageHash.from_row(block[row], spec)
        ends = self.parts[spec.algorithm]
        rows = block[int(ends[row - 1]) if row else 0 : int(ends[row])]
        return tuple(ImageHash.from_row(part, spec) for part in rows)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each image, then one for each failure.

        Yields
        ------
        dict
            Keys path (and path_bytes where it is not UTF-8), digest, the id of each spec with the hash as hexadecimal
            text (parts joined by commas), pdq_quality; of failures path, stage, failure (the kind) and reason.
        """
        columns = [(spec, *self._texts(spec)) for spec in self.specs]
        for row in range(len(self)):
            values: dict[str, Any] = {
                **path_fields(self.refs.path(row)),
                "digest": self.refs.digest[row].tobytes().hex(),
            }
            for spec, texts, quality in columns:
                values[spec.id] = texts[row]
                if quality is not None:
                    values[f"{spec.algorithm}_quality"] = int(quality[row])
            yield values
        for failure in self.failures:
            reason = printable(failure.reason)
            yield {**path_fields(failure.ref.path), "stage": failure.stage, "failure": failure.kind, "reason": reason}

    def _texts(self, spec: HashSpec) -> tuple[list[str], NDArray[np.uint8] | None]:
        texts = [bits.to_hex(bits.to_int(row, spec.bits), spec.bits) for row in self.blocks[spec.algorithm]]
        if spec.algorithm in self.parts:
            ends = [0, *self.parts[spec.algorithm].tolist()]
            texts = [",".join(texts[start:end]) for start, end in pairwise(ends)]
        return texts, self.quality.get(spec.algorithm)

    @property
    def header(self) -> Header:
        """What its Parquet form says of itself."""
        return Header(self.specs, bool(self.facts), self.thumbnails is not None, self.decode)

    def to_arrow(self) -> Any:
        """Return the table for Arrow, of the schema that Parquet files have; needs the extra ``tables``.

        Returns
        -------
        pyarrow.Table
            Hashes in binary; failures are rows without a hash.

        Raises
        ------
        UsageError
            If pyarrow is not installed.
        """
        arrow = optional("pyarrow")
        schema, refs, failures = arrow_schema(self.header), self.refs, self.failures

        def fixed(octets: NDArray[np.uint8]) -> Any:
            data = arrow.py_buffer(np.ascontiguousarray(octets))
            return arrow.FixedSizeBinaryArray.from_buffers(arrow.binary(octets.shape[1]), len(octets), [None, data])

        paths = [*refs.paths, *(failure.ref.path for failure in failures)]
        texts = [printable(path) for path in paths]
        raw = [None if text == path else os.fsencode(path) for text, path in zip(texts, paths, strict=True)]
        sources = [*(refs.source or ["files"] * len(refs)), *(failure.ref.source for failure in failures)]
        whole: dict[str, Any] = {"path": texts, "path_bytes": raw, "source": sources}
        images: dict[str, Any] = {
            "bytes": refs.size, "mtime_ns": refs.mtime_ns, "digest": fixed(refs.digest), **self.facts,
        }  # fmt: skip
        if self.thumbnails is not None:
            images["thumbnail"] = fixed(self.thumbnails)
        for spec in self.specs:
            made = fixed(bits.to_octets(self.blocks[spec.algorithm], spec.bits))
            if spec.algorithm in self.parts:
                ends = np.concatenate([[0], self.parts[spec.algorithm]]).astype(np.int32)
                made = arrow.ListArray.from_arrays(ends, made, type=schema.field(spec.id).type)
            images[spec.id] = made
            if spec.algorithm in self.quality:
                images[f"{spec.algorithm}_quality"] = self.quality[spec.algorithm]
        columns = {name: arrow.array(values, schema.field(name).type) for name, values in whole.items()}
        for name, values in images.items():
            kind = schema.field(name).type
            made = values if isinstance(values, arrow.Array) else arrow.array(values, kind)
            columns[name] = arrow.concat_arrays([made, arrow.nulls(len(failures), kind)])
        for name in ("stage", "failure", "reason"):
            told = [printable(getattr(failure, "kind" if name == "failure" else name)) for failure in failures]
            columns[name] = arrow.array([None] * len(refs) + told, arrow.string())
        return arrow.table([columns[name] for name in schema.names], schema)

    def to_pandas(self) -> Any:
        """Return the table for pandas; needs the extra ``tables``.

        Returns
        -------
        pandas.DataFrame
            The columns of `columns_of`; failures are rows without a hash.

        Raises
        ------
        UsageError
            If pandas is not installed.
        """
        return optional("pandas").DataFrame(list(self.rows()), columns=columns_of(self.specs))


def join_tables(tables: Sequence[HashTable]) -> HashTable:
    """Put tables of the same specs one below the other.

    Parameters
    ----------
    tables : sequence of HashTable
        At least one.

    Returns
    -------
    HashTable
        Rows and failures of all; counts added up.
    """
    first = tables[0]

    def ends(columns: list[NDArray[np.int64]], lengths: list[int]) -> NDArray[np.int64]:
        before = np.cumsum([0, *lengths[:-1]])
        return np.concatenate([column + start for column, start in zip(columns, before, strict=True)])

    refs = Refs(
        b"".join(table.refs.names for table in tables),
        ends([table.refs.ends for table in tables], [len(table.refs.names) for table in tables]),
        np.concatenate([table.refs.size for table in tables]),
        np.concatenate([table.refs.mtime_ns for table in tables]),
        np.concatenate([table.refs.digest for table in tables]),
        [kind for table in tables for kind in table.refs.source or ["files"] * len(table)]
        if any(table.refs.source for table in tables)
        else [],
    )
    return HashTable(
        first.specs,
        refs,
        {name: np.concatenate([table.blocks[name] for table in tables]) for name in first.blocks},
        {
            name: ends([table.parts[name] for table in tables], [len(table.blocks[name]) for table in tables])
            for name in first.parts
        },
        {name: np.concatenate([table.quality[name] for table in tables]) for name in first.quality},
        [failure for table in tables for failure in table.failures],
        sum((table.skipped for table in tables), Counter()),
        [line for table in tables for line in table.incomplete],
        {name: [value for table in tables for value in table.facts[name]] for name in FACTS if first.facts},
        None if first.thumbnails is None else np.concatenate([table.thumbnails for table in tables]),
        first.decode,
    )


def columns_of(specs: Sequence[HashSpec]) -> list[str]:
    """Name the columns of a table as CSV; Parquet has those of `lookalike.tables.schema`.

    Parameters
    ----------
    specs : sequence of HashSpec
        Its hashes.

    Returns
    -------
    list of str
        The id of a spec names its column, so that no hash is ever parted from what it is.

    Examples
    --------
    >>> columns_of([HashSpec("dhash")])
    ['path', 'path_bytes', 'digest', 'dhash-8-lanczos3-fast-v1', 'stage', 'failure', 'reason']
    """
    names = ["path", "path_bytes", "digest"]
    for spec in specs:
        names.append(spec.id)
        if way(spec).quality is not None:
            names.append(f"{spec.algorithm}_quality")
    return [*names, "stage", "failure", "reason"]
