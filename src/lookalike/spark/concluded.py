"""Whole components of images to groups: a bin of them at a time goes through the search of one machine, as hash tables."""

import json
import os
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, product
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lookalike import decode, tables
from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.groups.concluding import conclude
from lookalike.groups.findings import Findings
from lookalike.model import Failure, ImageRef, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.listing import Scan
from lookalike.scan.loading import hash_file, load
from lookalike.sources.reading import Reader
from lookalike.spark.lineage import MOST_TASKS
from lookalike.stores.decisions import Decided
from lookalike.tables.schema import RUN_KEY, Header, arrow_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MEMBERS = (
    "group string, role string, path string, path_bytes binary, source string, digest binary, width int, height int, "
    "bytes long, format string, quality int, detail int, frames int, keeper string, keeper_bytes binary, tier string, "
    "score double, distance int, distance_share double, relation string, keeper_lacks array<string>, parts array<string>, "
    "reason string"
)
"""Columns of groups: those of ``find --json``, a row for each member. `group` is the path of its keeper."""
BIN_IMAGES = 20_000
"""About how many images a task concludes at a time: 5 KB each, twice."""
FEWEST_IMAGES = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What a task needs to know of a search.

    Attributes
    ----------
    options, scan_options : FindOptions, ScanOptions
        As on one machine.
    roots : tuple of str
        What was given: globs are relative to these, and of URLs nothing else is read.
    decided : tuple of Decided
        Decisions of people.
    increment : bool
        Whether old images are only there to be matched.
    """

    options: FindOptions
    scan_options: ScanOptions
    roots: tuple[str, ...] = ()
    decided: tuple[Decided, ...] = ()
    increment: bool = False


def in_bins(
    images: "DataFrame", conclude: Callable[[Any], Any], schema: str, *, images_in_bin: int = BIN_IMAGES
) -> "DataFrame":
    """Conclude images of whole components, some of these at a time.

    Parameters
    ----------
    images : DataFrame
        Rows of hash tables without failures, with the columns component (what of one component share) and kinds
        (`lookalike.spark.contents.sample_kinds`); read twice.
    conclude : callable
        Returns a pyarrow.Table for one of all rows of some components, of which either all have thumbnails or none has.
    schema : str
        Columns of these.
    images_in_bin : int
        About how many images are concluded together. A component is never parted, however large.

    Returns
    -------
    DataFrame
        All of these.
    """
    functions = optional("pyspark.sql.functions", "spark")
    number = images.count()
    cores = images.sparkSession.sparkContext.defaultParallelism
    bins = max(1, -(-number // images_in_bin), min(2 * cores, number // FEWEST_IMAGES))
    home = functions.pmod(functions.xxhash64("component"), functions.lit(bins))
    binned = images.withColumn("bin", home).drop("component")

    def concluded(rows: Any) -> Any:
        parts = [conclude(part) for part in halves(rows) if part.num_rows]
        return optional("pyarrow").concat_tables(parts)

    # An explicit number of partitions is kept: adaptive execution must not put small ones together, the work is to come.
    return binned.repartition(min(bins, MOST_TASKS), "bin").groupBy("bin").applyInArrow(concluded, schema)


def halves(rows: Any) -> tuple[Any, Any]:
    """Part rows whose contents have thumbnails, whichever row says so, from the others.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of hash tables.

    Returns
    -------
    tuple of two pyarrow.Table
        All rows of the first have one.
    """
    arrow = optional("pyarrow")
    digests, own = rows["digest"].to_pylist(), rows["thumbnail"].to_pylist()
    known = {digest: thumbnail for digest, thumbnail in zip(digests, own, strict=True) if thumbnail is not None}
    thumbnails = arrow.array(list(map(known.get, digests)), arrow.binary())
    rows = rows.set_column(rows.schema.names.index("thumbnail"), "thumbnail", thumbnails)
    return rows.filter(thumbnails.is_valid()), rows.filter(thumbnails.is_null())


def conclude_rows(rows: Any, told: Told) -> Any:
    """Group images.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of hash tables with the column old; all with thumbnails, or none.
    told : Told
        What is looked for. Images without thumbnails can only be exact.

    Returns
    -------
    pyarrow.Table
        Columns `MEMBERS`.
    """
    with opened(rows, told) as search:
        by_age = [rows.filter(optional("pyarrow.compute").equal(rows["old"], old)) for old in (False, True)]
        return _members(search(*by_age, increment=told.increment))


@contextmanager
def opened(rows: Any, told: Told) -> Iterator[Callable[..., Findings]]:
    """Let some rows be searched several times, remembering what was seen.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of hash tables; all with thumbnails, or none.
    told : Told
        What is looked for. Images without thumbnails can only be exact.

    Yields
    ------
    callable
        ``(rows, references, increment) -> Findings``: searches rows, which are some of the first.
    """
    shown = rows["thumbnail"].null_count == 0
    options = told.options if shown else replace(told.options, tier=Tier.EXACT)
    with TemporaryDirectory(prefix="lookalike-") as folder, open_catalog(None) as store:
        names = (os.path.join(folder, f"{number}.parquet") for number in count())

        def search(mine: Any, others: Any, *, increment: bool = False) -> Findings:
            parts = [
                [_written(part, next(names), told, shown=shown)] if part.num_rows else [] for part in (mine, others)
            ]
            tables_, references = ([file for path in part if (file := hash_file(path))] for part in parts)
            found = load(tables_, references, store, options.spec, told.scan_options)
            found.reader = Reader(named=told.roots) if shown else _Unread()
            for part, reference in ((mine, False), (others, True)):
                _stand_for_shards(found, part, reference=reference)
            wanted = replace(options, group="star") if references else options
            return conclude(
                found, store, wanted, told.scan_options, roots=list(told.roots), references=[file.path for file in references],
                decided=told.decided, workers=1, again=_never, started=time.monotonic(), increment=increment,
            )  # fmt: skip

        yield search


def _stand_for_shards(found: Scan, rows: Any, *, reference: bool) -> None:
    """Add what stands for the other samples of shards: how many have what decides which images are of one sample."""
    both = zip(rows["path"].to_pylist(), rows["kinds"].to_pylist(), strict=True)
    held = Counter((path.rpartition("/")[0], tuple(kinds)) for path, kinds in both if kinds)
    for (folder, kinds), number in held.items():
        for sample, kind in product(range(number + 1), kinds):  # more samples than are here
            path = f"{folder}/\0{sample}.{kind}"
            ref = ImageRef(path, "", path, 0, 0, 0, 0, source="tar")
            found.failures.append(Failure(ref, "read", "denied", "only to be counted"))
            found.failed_reference.append(reference)
            found.failed_image.append(True)


class _Unread(Reader):
    """Read nothing: what has no thumbnail is not to be read, or could not be."""

    def read(self, path: str, size: int = -1) -> bytes:  # noqa: ARG002 - as its base
        """Refuse, whatever is asked for."""
        raise FileNotFoundError(path)


def _never(_keep: str) -> Findings:
    raise UsageError("images are grouped by the keep rules of the search: search again with others")


def _written(rows: Any, path: str, told: Told, *, shown: bool) -> str:
    """Write rows as a hash table and return its path."""
    arrow, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    schema = arrow_schema(Header((told.options.spec,), facts=True, thumbnails=shown, decode=decode.VERSION))
    run = {RUN_KEY: json.dumps({"made": {"roots": list(told.roots)}}).encode("ascii")}
    have = {name: rows[name] for name in schema.names if name in rows.column_names}
    columns = [have.get(name, arrow.nulls(len(rows))).cast(schema.field(name).type) for name in schema.names]
    parquet.write_table(
        arrow.table(columns, schema.with_metadata({**schema.metadata, **run})), path, compression="none"
    )
    return path


def paths_of(rows: Any) -> list[str]:
    """Return paths as `os.fsdecode` gives them.

    Parameters
    ----------
    rows : pyarrow.RecordBatch or pyarrow.Table
        With the columns path and path_bytes.

    Returns
    -------
    list of str
        One for each row.
    """
    both = zip(rows["path"].to_pylist(), rows["path_bytes"].to_pylist(), strict=True)
    return [path if raw is None else os.fsdecode(raw) for path, raw in both]


def table_of(rows: Sequence[Mapping[str, Any]], columns: str) -> Any:
    """Return rows for Spark.

    Parameters
    ----------
    rows : sequence of mapping
        Values by column; what is missing is null.
    columns : str
        Names and types, as Spark writes them.

    Returns
    -------
    pyarrow.Table
        As many rows.
    """
    arrow = optional("pyarrow")
    kinds = {
        "string": arrow.string(), "binary": arrow.binary(), "int": arrow.int32(), "long": arrow.int64(),
        "double": arrow.float64(), "array<string>": arrow.list_(arrow.string()),
    }  # fmt: skip
    fields = [column.split(" ") for column in columns.split(", ")]
    schema = arrow.schema([(name, kinds[kind]) for name, kind in fields])
    return arrow.Table.from_pylist([{name: row.get(name) for name, _ in fields} for row in rows], schema)


def _members(findings: Findings) -> Any:
    """Return the members of groups as rows."""
    rows: list[dict[str, Any]] = []
    for group in findings.groups:
        told = tables.group_row(group)
        for row in told["members"]:
            texts = {name: b64decode(row[name]) for name in ("path_bytes", "keeper_bytes") if name in row}
            digest = None if row["digest"] is None else bytes.fromhex(row["digest"])
            parts = [part["path"] for part in row.get("parts", ())]
            more = {"digest": digest, "parts": parts, "group": told["keeper"]}
            rows.append({"source": "files", "frames": 1, **row, **texts, **more})
    return table_of(rows, MEMBERS)
