"""Paths to hash rows: the single-machine code in a task of Spark, in which nothing that is wrong with an image ends a job."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lookalike.batches import make_specs
from lookalike.errors import DecodeError, FailureKind, UsageError, failure_kind
from lookalike.globs import listed
from lookalike.model import MAX_PIXELS, Failure, ImageRef, Truncated
from lookalike.options import ScanOptions
from lookalike.scan.streaming import stream_roots
from lookalike.scan.tabling import Wanted, table_of
from lookalike.sources.objects import Objects, store_of
from lookalike.sources.roots import Root, look_at_roots
from lookalike.sources.rules import Rules
from lookalike.spark.columns import with_variants
from lookalike.spark.inputs import is_file
from lookalike.spark.rows import batches_of, row_schema, struct_of
from lookalike.tables.hashes import HashTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lookalike.sources.folders import Source


class Looked(NamedTuple):
    """What paths lead to: roots with their positions, and those that cannot be read, with the reason of each."""

    found: list[tuple[int, Root]]
    missing: dict[str, OSError]


def hash_images(
    df: "DataFrame",
    *,
    column: str = "path",
    algorithms: str | Sequence[str] = ("phash",),
    size: int | None = None,
    thumbnails: bool = True,
    column_of_images: str | None = None,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    truncated: Truncated = "refuse",
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
) -> "DataFrame":
    """Hash the images that the rows of a DataFrame name.

    A task reads what the rows of its partition name, so make partitions of about the same work: ``df.repartition(n)``. Name
    each file once. Hashes are of the decoding fast. What cannot be read, or what a decoder crashes on, is a row with `failure`.

    Parameters
    ----------
    df : DataFrame
        With a column of paths: images, archives, tables, folders, URLs of these. Executors read them, by absolute paths.
    column : str
        Name of that column; texts, or bytes where names are not UTF-8.
    algorithms : str or sequence of str
        Names of algorithms; all come from one decode.
    size : int, optional
        Side of the hashes; None for the default of each algorithm.
    thumbnails : bool
        Whether there is a column of thumbnails, 4 KB each, so that stages after this one need not read images again.
    column_of_images : str, optional
        Which column of Parquet and Arrow files holds the images; None for the one that does.
    exclude, include : sequence of str
        Globs in gitignore syntax, for what lies in folders and archives that are named.
    truncated : str
        refuse or accept files that end early.
    max_pixels : int
        Images with more pixels are not decoded.
    max_seconds, max_memory
        As for `lookalike.find`; decoders run in processes beside the executors.

    Returns
    -------
    DataFrame
        Hash rows: the columns of a hash table (docs/hash-table.md) and its variant columns, one row for each image or failure.
        It is lazy: each action on it hashes anew, so write it to Parquet first.

    Raises
    ------
    UsageError
        If an option does not fit, or there is no such column.

    Examples
    --------
    >>> paths = spark.createDataFrame([("s3://photos/0001.tar",)], "path string")  # doctest: +SKIP
    >>> hash_images(paths).write.parquet("s3a://hashes/0001")  # doctest: +SKIP
    """
    if column not in df.columns:
        raise UsageError(f"the DataFrame has no column {column!r}: it has {', '.join(df.columns)}")
    wanted = Wanted(make_specs(algorithms, size, None, "fast"), facts=True, thumbnails=True)
    options = ScanOptions(
        exclude=listed("exclude", exclude), include=listed("include", include), truncated=truncated, max_pixels=max_pixels,
        max_seconds=max_seconds, max_memory=max_memory, column=column_of_images,
    )  # fmt: skip
    Rules.of(options.exclude, options.include)  # a malformed glob is no reason for rows
    schema = row_schema(wanted.specs, thumbnails=thumbnails)
    rows = partial(_rows, wanted=wanted, options=options, thumbnails=thumbnails)
    named = df.select(df[f"`{column.replace('`', '``')}`"].alias("path"))
    return named.mapInArrow(rows, struct_of(schema))


def _rows(batches: Iterator[Any], wanted: Wanted, options: ScanOptions, *, thumbnails: bool) -> Iterator[Any]:
    """Hash what the rows of some batches name; runs in tasks."""
    schema = row_schema(wanted.specs, thumbnails=thumbnails)
    for batch in batches:
        given = [os.fsdecode(path) for path in batch.column(0).to_pylist() if path is not None]
        files = [path for path in given if is_file(path)]
        others = [path for path in given if not is_file(path)]
        groups = [(files, True), *(([path], False) for path in others)]
        for paths, loose in groups:
            for table in hash_paths(paths, wanted, options, loose=loose):
                yield from batches_of(with_variants(table, thumbnails=thumbnails), schema)


def look(paths: Sequence[str], options: ScanOptions, *, loose: bool) -> Looked:
    """Look at what paths lead to.

    Parameters
    ----------
    paths : sequence of str
        Loose images, or what holds others.
    options : ScanOptions
        Which column holds the images.
    loose : bool
        Whether they are loose images: objects of one store are looked at together.

    Returns
    -------
    Looked
        What can be read, and what cannot.

    Raises
    ------
    UsageError
        If a package is missing, or a table is not one of images.
    """
    stores: dict[str, list[str]] = {}
    alone: list[str | Source] = []
    for path in paths:
        store = store_of(path) if loose else None
        if store is None:
            alone.append(path)
        else:
            stores.setdefault(store, []).append(path)
    return Looked(*look_at_roots([*alone, *map(Objects, stores.values())], options.column))


def hash_paths(
    paths: Sequence[str], wanted: Wanted, options: ScanOptions, *, loose: bool, looked: Looked | None = None
) -> Iterator[HashTable]:
    """Hash what paths lead to; whatever is wrong with one of them becomes a failure, and a line of what could not be seen.

    Parameters
    ----------
    paths : sequence of str
        Loose images, or what holds others.
    wanted : Wanted
        What goes into the tables.
    options : ScanOptions
        How to read.
    loose : bool
        Whether they are loose images. Globs are not for these: whoever names a file wants it.
    looked : Looked, optional
        What they lead to, from `look`; None to look now.

    Yields
    ------
    HashTable
        As of `lookalike.hash_batches`.
    """
    if not paths:
        return
    alone = replace(options, exclude=(), include=()) if loose else options
    try:
        tables = _tables(looked or look(paths, alone, loose=loose), wanted, alone)
        yield from list(tables) if len(paths) > 1 else tables
    except Exception as error:  # noqa: BLE001 - whatever a reader raises of a file, it must not end the job
        if len(paths) > 1:  # who is to blame shows when each goes alone
            for path in paths:
                yield from hash_paths([path], wanted, options, loose=loose)
            return
        kind, reason = explained(error)
        yield failed([Failure(_ref(paths[0]), "read", kind, reason)], wanted, [f"{paths[0]}: {reason}"])


def failed(failures: Sequence[Failure], wanted: Wanted, incomplete: Sequence[str] = ()) -> HashTable:
    """Return a table of failures.

    Parameters
    ----------
    failures : sequence of Failure
        Its rows.
    wanted : Wanted
        What the tables beside it hold.
    incomplete : sequence of str
        What could not be seen.

    Returns
    -------
    HashTable
        Without images.
    """
    table = table_of(failures, wanted)
    table.incomplete.extend(incomplete)
    return table


def unseen(path: str, kind: FailureKind, reason: str) -> Failure:
    """Return the failure of what could not even be listed.

    Parameters
    ----------
    path, kind, reason : str
        What, and why.

    Returns
    -------
    Failure
        Of the stage list.
    """
    return Failure(_ref(path), "list", kind, reason)


def explained(error: Exception) -> tuple[FailureKind, str]:
    """Return what kind of failure an exception is, and what to say of it.

    Parameters
    ----------
    error : Exception
        Of any reader.

    Returns
    -------
    kind, reason : str
        As of `lookalike.model.Failure`.

    Examples
    --------
    >>> explained(KeyError("x"))
    ('damaged', "KeyError: 'x'")
    """
    if isinstance(error, DecodeError):
        return error.kind, error.reason
    if isinstance(error, OSError):
        return failure_kind(error), error.strerror or str(error)
    if isinstance(error, UsageError):
        return "unsupported", str(error)
    if isinstance(error, MemoryError):
        return "limit", "not enough memory to read it"
    return "damaged", f"{type(error).__name__}: {error}"


def _tables(looked: Looked, wanted: Wanted, options: ScanOptions) -> Iterator[HashTable]:
    roots = [root for _, root in looked.found]
    told = set(looked.missing)
    if looked.missing:
        why = {path: explained(error) for path, error in looked.missing.items()}
        failures = [unseen(path, *reason) for path, reason in why.items()]
        yield failed(failures, wanted, [f"{path}: {reason}" for path, (_, reason) in why.items()])
    if not roots:
        return
    # A decoder has a process of its own: what it does to that is a failure, not the end of this one.
    for table in stream_roots(roots, wanted, None, options, workers=1, isolated=True):
        told.update(failure.ref.path for failure in table.failures)
        for line in table.incomplete:  # of a root that went away; what else is not seen has a row already
            path = next((root.path for root in roots if line.startswith(f"{root.path} ")), None)
            if path is not None and path not in told:
                told.add(path)
                table.failures.append(unseen(path, "transient", line.removeprefix(path).strip()))
        yield table


def _ref(path: str) -> ImageRef:
    return ImageRef(path, "", path, 0, 0, 0, 0)
