"""Where the command line takes hash rows from, and where results go: folders of Parquet that Spark writes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import UsageError
from lookalike.sources.urls import is_url
from lookalike.spark.places import header_at, names_in, tables_in
from lookalike.spark.steps import Steps

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CHECKPOINTS = "checkpoints"
OWN = ("part-", "_", ".")
"""What the names of files begin with that Spark writes."""


def holds_tables(path: str) -> bool:
    """Say whether a path leads to hash tables, rather than to images.

    Parameters
    ----------
    path : str
        Path or URL of a file or folder.

    Returns
    -------
    bool
        Whether it is one, or the first table in it is.
    """
    with suppress(OSError):
        if path.lower().endswith(".parquet"):
            return header_at(path) is not None
        names = tables_in(path)
        return bool(names) and header_at(f"{path.rstrip('/')}/{names[0]}") is not None
    return False


def write(frames: "Mapping[str, DataFrame]", output: str) -> "dict[str, DataFrame]":
    """Write results, each into a folder of its own; what an earlier run wrote there is replaced.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By name of the folder.
    output : str
        Folder or URL where these are.

    Returns
    -------
    dict of str to DataFrame
        The same, as they were written.

    Raises
    ------
    UsageError
        If something else lies there.
    """
    written, steps = {}, Steps()
    for name, frame in frames.items():
        place = spark_path(f"{output.rstrip('/')}/{name}")
        frame.write.mode("overwrite").parquet(place)
        written[name] = frame.sparkSession.read.schema(frame.schema).parquet(place)
        steps.ended(name, "rows", written[name].count)
    return written


def check_output(output: str, names: Sequence[str]) -> None:
    """Refuse an output whose folders hold anything that Spark has not written: all in them is replaced.

    Parameters
    ----------
    output : str
        Folder or URL.
    names : sequence of str
        Folders in it.

    Raises
    ------
    UsageError
        If something else lies there.
    """
    for name in names:
        folder = f"{output.rstrip('/')}/{name}"
        try:
            others = [one for one in names_in(folder) if not one.startswith(OWN)]
        except OSError as error:
            raise UsageError(f"results cannot go to {folder}: {error.strerror or error}") from error
        if others:
            raise UsageError(f"{folder} holds {others[0]}, which is no result of an earlier run: name another --output")


@contextmanager
def checkpoints(spark: "SparkSession", output: str) -> Iterator[None]:
    """Let stages cut their lineage in a folder of the output, unless somebody has said where; it is gone in the end.

    Parameters
    ----------
    spark : SparkSession
        Where they run.
    output : str
        Folder or URL.

    Yields
    ------
    None
        While they run.
    """
    context = spark.sparkContext
    if context.getCheckpointDir() is not None:
        yield
        return
    place = spark_path(f"{output.rstrip('/')}/{CHECKPOINTS}")
    context.setCheckpointDir(place)
    try:
        yield
    finally:
        jvm: Any = context._jvm  # noqa: SLF001 - PySpark has no way of its own to take a folder away
        java = context._jsc  # noqa: SLF001
        path = jvm.org.apache.hadoop.fs.Path(place)
        path.getFileSystem(java.hadoopConfiguration()).delete(path, True)
        java.sc().setCheckpointDir(None)  # or whatever else the session does would put it there again


def spark_path(path: str) -> str:
    """Return what Spark calls a path, whatever file system is its usual one.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    str
        URL.

    Examples
    --------
    >>> spark_path("s3://found/groups"), spark_path("/found")
    ('s3a://found/groups', 'file:///found')
    """
    if path.startswith("s3://"):
        return f"s3a://{path.removeprefix('s3://')}"
    return path if is_url(path) else Path(os.path.abspath(path)).as_uri()
