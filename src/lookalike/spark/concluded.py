"""Whole components of images to groups: a bin of them at a time goes through the search of one machine, as hash tables."""

import json
import os
import time
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lookalike import decode, tables
from lookalike.concluding import conclude
from lookalike.extras import optional
from lookalike.findings import Findings
from lookalike.listing import Scan
from lookalike.loading import hash_file, load
from lookalike.model import Failure, ImageRef, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.sources.reading import Reader
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


def concluded(images: "DataFrame", told: Told, *, images_in_bin: int = BIN_IMAGES) -> "DataFrame":
    """Group images of whole components.

    Parameters
    ----------
    images : DataFrame
        Rows of hash tables without failures, with the columns component (what of one component share), old (bool) and kinds
        (`lookalike.spark.contents.sample_kinds`); read twice. Where thumbnail is null, images can only be exact.
    told : Told
        What is looked for.
    images_in_bin : int
        About how many images are concluded together. A component is never parted, however large.

    Returns
    -------
    DataFrame
        Columns `MEMBERS`.
    """
    functions = optional("pyspark.sql.functions", "spark")
    count = images.count()
    cores = images.sparkSession.sparkContext.defaultParallelism
    bins = max(1, -(-count // images_in_bin), min(2 * cores, count // FEWEST_IMAGES))
    home = functions.pmod(functions.xxhash64("component"), functions.lit(bins))
    binned = images.withColumn("bin", home).drop("component")

    def members(rows: Any) -> Any:
        return conclude_rows(rows, told)

    return binned.groupBy("bin").applyInArrow(members, MEMBERS)


def conclude_rows(rows: Any, told: Told) -> Any:
    """Group images.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of hash tables with the columns old and kinds: all images of some components.
    told : Told
        What is looked for. Contents without thumbnails can only be exact.

    Returns
    -------
    pyarrow.Table
        Columns `MEMBERS`.
    """
    arrow = optional("pyarrow")
    digests, own = rows["digest"].to_pylist(), rows["thumbnail"].to_pylist()
    known = {digest: thumbnail for digest, thumbnail in zip(digests, own, strict=True) if thumbnail is not None}
    thumbnails = arrow.array(list(map(known.get, digests)), arrow.binary())
    rows = rows.set_column(rows.schema.names.index("thumbnail"), "thumbnail", thumbnails)
    exact = replace(told, options=replace(told.options, tier=Tier.EXACT))
    halves = (rows.filter(thumbnails.is_valid()), told, True), (rows.filter(thumbnails.is_null()), exact, False)
    return arrow.concat_tables([_conclude(part, what, shown=shown) for part, what, shown in halves])


def _conclude(rows: Any, told: Told, *, shown: bool) -> Any:
    """Group images that all have thumbnails, or of which none has one."""
    if not rows.num_rows:
        return _schema().empty_table()
    with TemporaryDirectory(prefix="lookalike-") as folder, open_catalog(None) as store:
        written = [_written(rows, folder, told, shown=shown, old=old) for old in (False, True)]
        new, known = ([] if (file := hash_file(path)) is None else [file] for path in written)
        found = load(new, known, store, told.options.spec, told.scan_options)
        found.reader = Reader(named=told.roots) if shown else _Unread()
        _stand_for_shards(found, rows)
        findings = conclude(
            found, store, told.options, told.scan_options, roots=list(told.roots), references=[], decided=told.decided,
            workers=1, again=_never, started=time.monotonic(), increment=told.increment,
        )  # fmt: skip
        return _members(findings)


def _stand_for_shards(found: Scan, rows: Any) -> None:
    """Add what stands for the other samples of shards: how many have what decides which images are of one sample."""
    columns = (rows[name].to_pylist() for name in ("path", "old", "kinds"))
    held = Counter(
        (path.rpartition("/")[0], old, tuple(kinds)) for path, old, kinds in zip(*columns, strict=True) if kinds
    )
    for (folder, old, kinds), count in held.items():
        for number in range(count + 1):  # more samples than are here
            for kind in kinds:
                path = f"{folder}/\0{number}.{kind}"
                ref = ImageRef(path, "", path, 0, 0, 0, 0, source="tar")
                found.failures.append(Failure(ref, "read", "denied", "only to be counted"))
                found.failed_reference.append(old)
                found.failed_image.append(True)


class _Unread(Reader):
    """Read nothing: what has no thumbnail is not to be read, or could not be."""

    def read(self, path: str, size: int = -1) -> bytes:  # noqa: ARG002 - as its base
        """Refuse, whatever is asked for."""
        raise FileNotFoundError(path)


def _never(_keep: str) -> Findings:
    raise NotImplementedError("groups are formed by one list of keep rules")


def _written(rows: Any, folder: str, told: Told, *, shown: bool, old: bool) -> str:
    """Write the old rows or the new ones as a hash table and return its path; nothing where there are none."""
    arrow, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    path = os.path.join(folder, f"{'old' if old else 'new'}.parquet")
    mine = rows.filter(arrow.array([value is old for value in rows["old"].to_pylist()]))
    if mine.num_rows:
        schema = arrow_schema(Header((told.options.spec,), facts=True, thumbnails=shown, decode=decode.VERSION))
        run = {RUN_KEY: json.dumps({"made": {"roots": list(told.roots)}}).encode("ascii")}
        have = {name: mine[name] for name in schema.names if name in mine.column_names}
        columns = [have.get(name, arrow.nulls(len(mine))).cast(schema.field(name).type) for name in schema.names]
        table = arrow.table(columns, schema.with_metadata({**schema.metadata, **run}))
        parquet.write_table(table, path, compression="none")
    return path


def _members(findings: Findings) -> Any:
    """Return the members of groups as rows."""
    arrow = optional("pyarrow")
    rows: list[dict[str, Any]] = []
    for group in findings.groups:
        told = tables.group_row(group)
        for row in told["members"]:
            texts = {name: b64decode(row[name]) for name in ("path_bytes", "keeper_bytes") if name in row}
            digest = None if row["digest"] is None else bytes.fromhex(row["digest"])
            parts = [part["path"] for part in row.get("parts", ())]
            rows.append(
                {
                    "source": "files",
                    "frames": 1,
                    **row,
                    **texts,
                    "digest": digest,
                    "parts": parts,
                    "group": told["keeper"],
                }
            )
    return arrow.Table.from_pylist([{name: row.get(name) for name in _TYPES} for row in rows], _schema())


_TYPES = dict(column.split(" ") for column in MEMBERS.split(", "))


def _schema() -> Any:
    arrow = optional("pyarrow")
    kinds = {
        "string": arrow.string(), "binary": arrow.binary(), "int": arrow.int32(), "long": arrow.int64(),
        "double": arrow.float64(), "array<string>": arrow.list_(arrow.string()),
    }  # fmt: skip
    return arrow.schema([(name, kinds[kind]) for name, kind in _TYPES.items()])
