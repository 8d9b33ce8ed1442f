"""Tables of hashes: columns in memory, and the rows they become in CSV, JSON Lines and Parquet."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.errors import UsageError
from lookalike.hashes import way
from lookalike.hashes.value import ImageHash
from lookalike.model import Failure, HashSpec
from lookalike.tables.files import path_fields, printable


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
    """

    names: bytes
    ends: NDArray[np.int64]
    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]
    digest: NDArray[np.uint8]

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
    """

    specs: tuple[HashSpec, ...]
    refs: Refs
    blocks: dict[str, NDArray[np.uint64]]
    parts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    quality: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)

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

    def to_arrow(self) -> Any:
        """Return the table for Arrow; needs the extra ``tables``.

        Returns
        -------
        pyarrow.Table
            The columns of `columns_of`; failures are rows without a hash.

        Raises
        ------
        UsageError
            If pyarrow is not installed.
        """
        arrow = _extra("pyarrow")
        names = columns_of(self.specs)
        kinds = {name: arrow.uint8() if name.endswith("_quality") else arrow.string() for name in names}
        rows = list(self.rows())
        return arrow.table({name: arrow.array([row.get(name) for row in rows], kinds[name]) for name in names})

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
        return _extra("pandas").DataFrame(list(self.rows()), columns=columns_of(self.specs))


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
    )


def columns_of(specs: Sequence[HashSpec]) -> list[str]:
    """Name the columns of a table.

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


def write_parquet(tables: Iterable[HashTable], specs: Sequence[HashSpec], file: BinaryIO) -> None:
    """Write tables as Parquet, a row group for each; needs the extra ``tables``.

    Parameters
    ----------
    tables : iterable of HashTable
        Written one by one.
    specs : sequence of HashSpec
        Their hashes.
    file : file
        To write bytes to.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    parquet = _extra("pyarrow.parquet")
    none = np.zeros(0, np.int64)
    nothing = Refs(b"", none, none, none, np.zeros((0, 32), np.uint8))
    empty = {spec.algorithm: np.zeros((0, bits.words(spec.bits)), np.uint64) for spec in specs}
    schema = HashTable(tuple(specs), nothing, empty).to_arrow().schema
    with parquet.ParquetWriter(file, schema) as writer:
        for table in tables:
            writer.write_table(table.to_arrow())


WRITERS: dict[str, Callable[[Iterable[HashTable], Sequence[HashSpec], BinaryIO], None]] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}
"""File name ending -> form."""


def writer_of(path: str) -> Callable[[Iterable[HashTable], Sequence[HashSpec], BinaryIO], None]:
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
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise UsageError(f"cannot tell what to write to {path}: let the name end in {', '.join(WRITERS)}")
    if ending == ".parquet":
        _extra("pyarrow.parquet")
    return WRITERS[ending]


def _extra(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(f"{module.partition('.')[0]} is not installed: pip install 'lookalike[tables]'") from error
