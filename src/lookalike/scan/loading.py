"""Hash tables as sources: their rows become images, failures and contents of the catalog, without a look at the images."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, decode, formats
from lookalike.columns import Images
from lookalike.errors import FailureKind, UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.globs import matching
from lookalike.model import Failure, HashSpec, ImageRef, Stage
from lookalike.options import ScanOptions
from lookalike.scan.listing import Scan
from lookalike.stores.bulk import LOADED
from lookalike.stores.catalog import Catalog
from lookalike.tables.checking import checked
from lookalike.tables.schema import Header, names, read_header

ENDING = ".parquet"
ROWS_AT_ONCE = 1 << 13
AGAIN = "hash again with: lookalike hash PATH --decode fast --output FILE.parquet"
CUT_SHORT: tuple[Stage, FailureKind, str] = "decode", "damaged", "ends early: --truncated accept takes it as it is"


@dataclass(frozen=True, slots=True)
class HashFile:
    """A file that holds a hash table.

    Attributes
    ----------
    path : str
        As given.
    header : Header
        What it says of itself.
    """

    path: str
    header: Header

    @property
    def thumbnails(self) -> bool:
        """Whether it has thumbnails that are what would be made now."""
        return self.header.thumbnails and self.header.decode == decode.VERSION


def hash_file(path: object) -> HashFile | None:
    """Return a hash table that a path leads to.

    Parameters
    ----------
    path : object
        What was given as a path.

    Returns
    -------
    HashFile or None
        None for anything else, also for what cannot be read at all.

    Raises
    ------
    UsageError
        If it is one that cannot be read here.
    """
    if not isinstance(path, str) or not path.lower().endswith(ENDING) or not os.path.isfile(path):
        return None
    try:
        header = read_header(path)
    except OSError:  # of the file, or of Arrow about one that is damaged; whoever reads its images says so
        return None
    return None if header is None else HashFile(path, header)


def check_spec(tables: Sequence[HashFile], spec: HashSpec) -> None:
    """Refuse tables that lack what is joined by.

    Parameters
    ----------
    tables : sequence of HashFile
        The tables.
    spec : HashSpec
        The hash that all must have.

    Raises
    ------
    UsageError
        If one has no such hash; the message says how to come by it.
    """
    for table in tables:
        have = table.header.specs
        if spec in have and table.header.facts:
            continue
        if all(own.decoding != "fast" for own in have):
            raise UsageError(f"{table.path} holds {names(have)}, of another decoding than find joins by: {AGAIN}")
        if spec in have:
            raise UsageError(f"{table.path} has hashes without facts, which find needs: {AGAIN}")
        if any(spec in other.header.specs for other in tables):
            raise UsageError(f"hashes of different kinds: {table.path} holds {names(have)}, others {spec.id}: {AGAIN}")
        fast = next(own for own in have if own.decoding == "fast")
        raise UsageError(
            f"{table.path} holds {names(have)}, and {spec.id} was asked for: "
            f"add --algorithm {fast.algorithm} --size {fast.size}, or {AGAIN} --algorithm {spec.algorithm} --size {spec.size}"
        )


@dataclass(slots=True)
class _Rows:
    """What was read of tables so far."""

    path: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    columns: list[NDArray[np.int64]] = field(default_factory=lambda: [np.zeros((4, 0), np.int64)])
    """Size, mtime_ns, number of the table and content, each."""
    failures: list[tuple[Failure, int]] = field(default_factory=list)


def load(
    tables: Sequence[HashFile], references: Sequence[HashFile], store: Catalog, spec: HashSpec, options: ScanOptions
) -> Scan:
    """Load tables into the catalog.

    Parameters
    ----------
    tables, references : sequence of HashFile
        What to look at, and what to compare against. An image that several name counts once, as a reference first.
    store : Catalog
        Where contents, hashes and thumbnails go; where images lie is not remembered.
    spec : HashSpec
        The hash that is wanted.
    options : ScanOptions
        Which images count. Globs are relative to the roots that the tables were made of.

    Returns
    -------
    Scan
        What they hold.

    Raises
    ------
    UsageError
        As for `check_spec`; if a table does not hold what it says.
    """
    order = [*references, *tables]
    check_spec(order, spec)
    rows = _Rows()
    for number, table in enumerate(order):
        for batch in batches(table, [spec]):
            _take(rows, number, table, batch, store, spec, accept=options.truncated == "accept")
    incomplete = [f"{table.path}: {line}" for table in order for line in table.header.run.get("incomplete", ())]
    skipped = Counter[str]()
    for table in order:
        skipped.update(table.header.run.get("skipped", {}))
    old = [table.path for table in order if table.header.thumbnails and not table.thumbnails]
    warnings = [
        f"{path} holds thumbnails of another version: its hashes count, images of candidate pairs are read again"
        for path in old
    ]
    made = _scan(rows, len(references), store, options, made_roots(order), skipped, incomplete, warnings)
    made.tables = [table.path for table in order]
    return made


def batches(table: HashFile, specs: Sequence[HashSpec]) -> Iterator[Any]:
    """Read a table some thousand rows at a time.

    Parameters
    ----------
    table : HashFile
        The table.
    specs : sequence of HashSpec
        Hashes that are wanted, of those it has.

    Yields
    ------
    pyarrow.RecordBatch
        Without columns that nobody wants.

    Raises
    ------
    UsageError
        If it is damaged, or lacks columns.
    """
    wanted = [
        "path",
        "path_bytes",
        "source",
        "bytes",
        "mtime_ns",
        *LOADED[:1],
        *LOADED[2:],
        *(spec.id for spec in specs),
    ]
    wanted += ["stage", "failure", "reason", *(["thumbnail"] if table.thumbnails else [])]
    yield from _read(table, wanted)


def paths_of(table: HashFile) -> Iterator[str]:
    """Read what a table tells of, failures included.

    Parameters
    ----------
    table : HashFile
        The table.

    Yields
    ------
    str
        Paths of its rows.

    Raises
    ------
    UsageError
        If it is damaged, or lacks columns.
    """
    for batch in _read(table, ["path", "path_bytes"]):
        yield from _paths(batch)


def made_roots(tables: Sequence[HashFile]) -> list[str]:
    """Return what tables were made of, as far as they say.

    Parameters
    ----------
    tables : sequence of HashFile
        The tables.

    Returns
    -------
    list of str
        Roots, sorted.
    """
    return sorted({root for table in tables for root in table.header.run.get("made", {}).get("roots", ())})


def _read(table: HashFile, wanted: Sequence[str]) -> Iterator[Any]:
    try:
        with optional("pyarrow.parquet").ParquetFile(table.path) as file:
            lacking = [name for name in wanted if name not in file.schema_arrow.names]
            if lacking:
                raise UsageError(f"{table.path} lacks the column {lacking[0]}: {AGAIN}")
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=wanted):
                batch.validate(full=True)  # texts need not be UTF-8
                yield checked(batch, table.header, table.path)
    except arrow_errors(OSError) as error:
        raise UsageError(f"{table.path} cannot be read ({error}): {AGAIN} --overwrite") from error


def _paths(batch: Any) -> list[str]:
    paths: list[str] = batch["path"].to_pylist()
    if batch["path_bytes"].null_count == len(paths):
        return paths
    raw = batch["path_bytes"].to_pylist()
    return [path if own is None else os.fsdecode(own) for path, own in zip(paths, raw, strict=True)]


def _take(
    rows: _Rows, number: int, table: HashFile, batch: Any, store: Catalog, spec: HashSpec, *, accept: bool
) -> None:
    """Take the rows of a batch; what ends early is a failure, unless it is accepted."""
    failed = batch["failure"].is_valid().to_numpy(zero_copy_only=False)
    short = batch["truncated"].fill_null(False).to_numpy(zero_copy_only=False)
    cut = np.zeros(len(short), np.bool_) if accept else short.astype(np.bool_)
    arrow = optional("pyarrow")
    for row in batch.filter(arrow.array(failed | cut)).to_pylist():
        path = os.fsdecode(row["path_bytes"]) if row["path_bytes"] is not None else row["path"]
        ref = ImageRef(path, "", path, row["bytes"] or 0, row["mtime_ns"] or 0, 0, 0, source=row["source"])
        told = (row["stage"], row["failure"], row["reason"]) if row["failure"] else CUT_SHORT
        rows.failures.append((Failure(ref, *told), number))
    good = batch.filter(arrow.array(~(failed | cut))) if (failed | cut).any() else batch
    if not good.num_rows:
        return
    ids = store_batch(good, table, store, [spec])
    rows.path += _paths(good)
    rows.source += good["source"].to_pylist()
    numbers = [good[name].to_numpy(zero_copy_only=False).astype(np.int64) for name in ("bytes", "mtime_ns")]
    rows.columns.append(np.stack([*numbers, np.full(len(ids), number), ids]))


def store_batch(batch: Any, table: HashFile, store: Catalog, specs: Sequence[HashSpec]) -> NDArray[np.int64]:
    """Store what rows of a table say of contents.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Of `batches`, without failures.
    table : HashFile
        Where it comes from.
    store : Catalog
        Where it goes.
    specs : sequence of HashSpec
        Which hashes go along.

    Returns
    -------
    ndarray of int64, shape (n,)
        Catalog ids of the contents.

    Raises
    ------
    UsageError
        If a row has no hash, or no thumbnail.
    """
    needed = [*(spec.id for spec in specs), *(["thumbnail"] if table.thumbnails else [])]  # the others were checked
    lacking = [name for name in needed if batch[name].null_count]
    if lacking:
        raise UsageError(f"{table.path} has images without {lacking[0]}: {AGAIN} --overwrite")
    named = {"size": "bytes"}
    columns = [batch[named.get(name, name)].to_pylist() for name in LOADED]
    with store.transaction():
        made = store.load(columns, version=table.header.decode if table.thumbnails else 0, present=decode.VERSION)
        ids = made.ids[made.taken]
        for spec in specs:
            words = bits.from_octets(octets_of(batch[spec.id])[made.taken], spec.bits)
            store.add_hashes(ids.tolist(), words, spec)
        if table.thumbnails:
            store.load_thumbnails(ids, octets_of(batch["thumbnail"])[made.taken])
    return made.ids


def octets_of(column: Any) -> NDArray[np.uint8]:
    """Return a column of bytes of one length without a copy.

    Parameters
    ----------
    column : pyarrow.FixedSizeBinaryArray
        Without nulls.

    Returns
    -------
    ndarray of uint8, shape (n, length)
        A row a value.
    """
    width = column.type.byte_width
    flat = np.frombuffer(column.buffers()[1], np.uint8)
    return flat[column.offset * width : (column.offset + len(column)) * width].reshape(len(column), width)


def _scan(
    rows: _Rows, references: int, store: Catalog, options: ScanOptions, roots: list[str], skipped: Counter[str],
    incomplete: list[str], warnings: list[str],
) -> Scan:  # fmt: skip
    """Make columns of rows, without those that are not wanted and those that were named before."""
    numbers = np.concatenate(rows.columns, axis=1)
    first = {path: at for at, path in reversed(list(enumerate(rows.path)))}
    kept = np.zeros(len(rows.path), np.bool_)
    kept[list(first.values())] = True
    twice = len(rows.path) - len(first)
    facts = store.contents(np.unique(numbers[3]))
    content = np.searchsorted(facts.id, numbers[3])
    width, height = options.min_size
    small = kept & ((facts.width < width) | (facts.height < height))[content]
    excluded = matching(options.exclude, rows.path, roots)
    if options.include:
        excluded |= ~matching(options.include, rows.path, roots)
    excluded &= kept & ~small
    large = kept & ~small & ~excluded & (facts.width * facts.height > options.max_pixels)[content]
    for at in np.flatnonzero(large).tolist():
        path, (size, mtime_ns) = rows.path[at], numbers[:2, at].tolist()
        ref = ImageRef(path, "", path, size, mtime_ns, 0, 0, source=rows.source[at])
        why = f"more than {options.max_pixels:,} pixels: raise --max-pixels"
        rows.failures.append((Failure(ref, "decode", "limit", why), int(numbers[2, at])))
    skipped += Counter({f"smaller than {width}x{height}": int(small.sum()), "excluded": int(excluded.sum()),
        "named by several tables": twice})  # fmt: skip
    kept &= ~small & ~excluded & ~large
    if not kept.all():
        chosen = np.flatnonzero(kept).tolist()
        rows.path, rows.source = [rows.path[at] for at in chosen], [rows.source[at] for at in chosen]
        numbers = numbers[:, kept]
        facts = store.contents(np.unique(numbers[3]))
        content = np.searchsorted(facts.id, numbers[3])
    count = len(rows.path)
    # No two rows are names of one file: nothing is known of that.
    images = Images(
        rows.path, [""] * count, rows.path, numbers[0], numbers[1], np.full(count, -1), np.arange(count),
        np.zeros(count, np.bool_), numbers[2] < references, content, facts,
        rows.source if any(kind != "files" for kind in set(rows.source)) else [],
    )  # fmt: skip
    failures = sorted(rows.failures, key=lambda row: (row[0].ref.path, row[0].stage))
    return Scan(
        images, [row[0] for row in failures], [row[1] < references for row in failures],
        [row[0].stage != "list" or formats.claims_image(row[0].ref.path) for row in failures],
        Counter({kind: number for kind, number in sorted(skipped.items()) if number}), incomplete, [],
        np.ones(count, np.bool_), 0, [], warnings=warnings, globs_below=roots, told_by=numbers[2],
    )  # fmt: skip
