"""What is kept, one row per image, by columns: for tables that other programs read."""

import base64
import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UnsafeError, UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.model import Tier
from lookalike.tables.files import check_folder, ending_of, make_folder, printable, replacing, write_paths
from lookalike.tables.mapped import NO_MAP, PathMap

ROLES = ("keeper", "duplicate", "similar", "single", "failure")
"""What an image is: a failure could not be read, and a single image is in no group."""
LISTS = (".txt", ".nul")
"""Endings of lists of the paths that are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class KeepTable:
    """One row per image that was looked at: first those that were read, as listed, then those that could not be.

    Attributes
    ----------
    path, source : list of str
        Where each image is, and the kind of its source.
    size, mtime_ns : ndarray of int64, shape (n,)
        Bytes; modification time in nanoseconds since 1970. Of what could not be read as it was listed.
    digest : list of bytes or None
        BLAKE3 of the content; None for what could not be read.
    shards : list of str
        Archives, tables and roots, as they come.
    shard : ndarray of int64, shape (n,)
        Which of `shards` each lies in.
    key : list of str
        Its name there: a path below the root, the name of a member, the number of a row.
    number : ndarray of int64, shape (n,)
        Row of a table; -1 for what is none.
    group : ndarray of int64, shape (n,)
        Number of its group in the findings; 0 for none.
    role : ndarray of uint8, shape (n,)
        Which of `ROLES` it is.
    keep : ndarray of bool, shape (n,)
        Whether it stays; what could not be read does.
    tier : ndarray of uint8, shape (n,)
        `lookalike.model.Tier` of the image and its keeper; NONE where it has none.
    distance : ndarray of int64, shape (n,)
        Bits between the two; -1 where it has none.
    score : ndarray of float64, shape (n,)
        0..1; NaN where it has none.
    keeper : list of str or None
        Path of the image that it was verified against.
    relation, reason : list of str
        What was done to the picture; why it stays, or why its keeper comes before it.
    """

    path: list[str]
    source: list[str]
    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]
    digest: list[bytes | None]
    shards: list[str]
    shard: NDArray[np.int64]
    key: list[str]
    number: NDArray[np.int64]
    group: NDArray[np.int64]
    role: NDArray[np.uint8]
    keep: NDArray[np.bool_]
    tier: NDArray[np.uint8]
    distance: NDArray[np.int64]
    score: NDArray[np.float64]
    keeper: list[str | None]
    relation: list[str]
    reason: list[str]

    def __len__(self) -> int:
        return len(self.path)

    def by_shard(self) -> list[NDArray[np.int64]]:
        """Return the rows of each shard that has some.

        Returns
        -------
        list of ndarray of int64
            In the order of the shards, and of the rows within each.
        """
        order = np.argsort(self.shard, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.shard[order])) + 1) if len(order) else []

    def decided(self, keep: NDArray[np.bool_], reason: list[str]) -> "KeepTable":
        """Return the same rows with another decision.

        Parameters
        ----------
        keep : ndarray of bool, shape (n,)
            Whether each stays.
        reason : list of str
            Why.

        Returns
        -------
        KeepTable
            A new one.
        """
        return replace(self, keep=keep, reason=reason)

    def columns(self) -> dict[str, Sequence[Any]]:
        """Return the columns as plain values; None where there is nothing to say.

        Returns
        -------
        dict of str to sequence
            Names and values. Paths that are not UTF-8 have their bytes in base64 beside them.
        """
        some = (self.distance >= 0).tolist()
        tiers = [None if tier is Tier.NONE else tier.name.lower() for tier in Tier]
        return {
            "path": _texts(self.path),
            "path_bytes": _bytes(self.path),
            "source": self.source,
            "shard": [printable(self.shards[at]) for at in self.shard.tolist()],
            "key": _texts(self.key),
            "row": [None if number < 0 else number for number in self.number.tolist()],
            "bytes": self.size.tolist(),
            "digest": [None if digest is None else digest.hex() for digest in self.digest],
            "group": [number or None for number in self.group.tolist()],
            "role": [ROLES[role] for role in self.role.tolist()],
            "keep": self.keep.tolist(),
            "tier": [tiers[tier] for tier in self.tier.tolist()],
            "distance": [value if one else None for value, one in zip(self.distance.tolist(), some, strict=True)],
            "score": [None if value != value else value for value in self.score.tolist()],  # noqa: PLR0124 - NaN
            "keeper": [None if path is None else printable(path) for path in self.keeper],
            "relation": self.relation,
            "reason": _texts(self.reason),
        }

    def to_arrow(self) -> Any:
        """Return the table for Arrow; needs the extra ``tables``.

        Returns
        -------
        pyarrow.Table
            Columns as in `columns`; those of few different values as dictionaries.

        Raises
        ------
        UsageError
            If pyarrow is not installed.
        """
        arrow = optional("pyarrow")
        words = arrow.dictionary(arrow.int32(), arrow.string())
        types = {
            "source": words, "shard": words, "role": words, "tier": words, "row": arrow.int64(),
            "bytes": arrow.int64(), "group": arrow.int64(),
            "keep": arrow.bool_(), "distance": arrow.int64(), "score": arrow.float64(),
        }  # fmt: skip
        columns = self.columns()
        return arrow.table(
            {name: arrow.array(values, types.get(name, arrow.string())) for name, values in columns.items()}
        )

    def to_pandas(self) -> Any:
        """Return the table for pandas; needs the extra ``tables``.

        Returns
        -------
        pandas.DataFrame
            Columns as in `columns`; numbers that may be missing as Int64, columns of few different values as categories.

        Raises
        ------
        UsageError
            If pandas is not installed.
        """
        pandas = optional("pandas")
        types = {
            "source": "category", "shard": "category", "role": "category", "tier": "category", "row": "Int64",
            "bytes": "int64", "group": "Int64",
            "keep": "bool", "distance": "Int64", "score": "float64",
        }  # fmt: skip
        series = pandas.Series
        return pandas.DataFrame(
            {name: series(values, dtype=types.get(name, "object")) for name, values in self.columns().items()}
        )

    def write(self, path: str, shown: PathMap = NO_MAP) -> None:
        """Write the table to a file whose ending says in which form.

        Parameters
        ----------
        path : str
            ``.parquet`` or ``.csv`` for all of it, ``.txt`` or ``.nul`` for the paths that stay.
        shown : PathMap
            What paths in it are called; `path` is a file here.

        Raises
        ------
        UsageError
            If the ending is unknown, the file cannot be written, or an optional package is not installed.
        UnsafeError
            If the images come from that file.
        """
        check_keep_output(path)
        if any(
            os.path.exists(shard) and os.path.samefile(path, shard) for shard in self.shards if os.path.exists(path)
        ):
            raise UnsafeError(f"{path} holds the images, and is not overwritten: name another file")
        ending = Path(path).suffix.lower()
        if ending in LISTS:
            write_paths((shown.path(self.path[row]) for row in np.flatnonzero(self.keep).tolist()), path)
            return
        with replacing(path) as file:
            WRITERS[ending](shown(self), file)


def check_keep_output(path: str) -> None:
    """Check that a keep table can be written to a file of that name, before any work is done.

    Parameters
    ----------
    path : str
        An output file.

    Raises
    ------
    UsageError
        If its ending is unknown, its folder is missing, or what writes it is not installed.
    """
    if ending_of(path, (*WRITERS, *LISTS)) == ".parquet":
        optional("pyarrow.parquet")
    check_folder(path)


def write_masks(table: KeepTable, rows: dict[str, int], path: str) -> list[str]:
    """Write a column ``keep`` for each table, in the order of its rows; needs the extra ``tables``.

    Parameters
    ----------
    table : KeepTable
        What is kept.
    rows : dict of str to int
        Tables, and how many rows each has. A row that was not looked at stays.
    path : str
        A ``.parquet`` file for a single table; a folder for any number.

    Returns
    -------
    list of str
        The files, in the order of the tables.

    Raises
    ------
    UsageError
        If a file cannot be written, or there are several tables and no folder.
    UnsafeError
        If something else than a mask is there, such as the table itself; then nothing is written.
    """
    arrow, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    single = Path(path).suffix.lower() == ".parquet"
    if single and len(rows) != 1:
        raise UsageError(f"--mask {path} is one file, and there are {len(rows):,} tables: name a folder")
    if not single:
        make_folder(path)
    number = {shard: at for at, shard in enumerate(table.shards)}
    targets = [path] if single else [os.path.join(path, name) for name in _names(list(rows))]
    for target in targets:
        _check_mask(target)
    for target, (shard, count) in zip(targets, rows.items(), strict=True):
        keep = np.ones(count, np.bool_)
        own = np.flatnonzero(table.shard == number[shard]) if shard in number else np.zeros(0, np.int64)
        keep[table.number[own]] = table.keep[own]
        with replacing(target) as file:
            parquet.write_table(arrow.table({"keep": keep}), file)
    return targets


def _check_mask(path: str) -> None:
    """Refuse to overwrite what is no mask: in the folder of the tables, masks have their names."""
    if not os.path.lexists(path):
        return
    try:
        is_mask = optional("pyarrow.parquet").read_schema(path).names == ["keep"]
    except arrow_errors(OSError):
        is_mask = False
    if not is_mask:
        raise UnsafeError(
            f"{path} is there and no mask, and is not overwritten: name another file or folder for --mask"
        )


def _names(shards: Sequence[str]) -> list[str]:
    """Return names of files for tables: their own, with numbers where several have one."""
    own = [f"{Path(shard.rstrip('/')).stem}.parquet" for shard in shards]
    return [name if own.count(name) == 1 else f"{at:05}-{name}" for at, name in enumerate(own)]


def _write_csv(table: KeepTable, file: BinaryIO) -> None:
    columns = table.columns()
    columns["keep"] = ["true" if keep else "false" for keep in columns["keep"]]
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    text.detach()  # which writes what is left, and leaves the file to who opened it


def _write_parquet(table: KeepTable, file: BinaryIO) -> None:
    optional("pyarrow.parquet").write_table(table.to_arrow(), file)


WRITERS: dict[str, Callable[[KeepTable, BinaryIO], None]] = {".parquet": _write_parquet, ".csv": _write_csv}
"""File name ending -> form."""


def _texts(texts: list[str]) -> list[str]:
    return [text if text.isascii() else printable(text) for text in texts]


def _bytes(paths: list[str]) -> list[str | None]:
    return [
        None if path.isascii() or printable(path) == path else base64.b64encode(os.fsencode(path)).decode("ascii")
        for path in paths
    ]
