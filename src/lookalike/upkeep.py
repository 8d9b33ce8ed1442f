"""A catalog as a whole: what it holds, whether it is sound, what it may forget, and the way out to a hash table and in."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookalike import bits, decode, hashes, verify
from lookalike.errors import SourceError, UsageError
from lookalike.matches.frames import FRAMES_VERSION
from lookalike.model import DIGEST_BYTES, THUMBNAIL_BYTES, Failure, HashSpec, ImageRef
from lookalike.opening import default_catalog, open_catalog
from lookalike.scan.loading import AGAIN, HashFile, batches, hash_file, store_batch
from lookalike.scan.variants import VARIANTS, hash_words, stored_name
from lookalike.sources.urls import url_of
from lookalike.sources.volumes import mounted, path_on
from lookalike.stores.catalog import Catalog
from lookalike.tables.files import replacing
from lookalike.tables.hash_files import write_parquet
from lookalike.tables.hashes import HashTable, Refs
from lookalike.tables.schema import FACTS, names

ROWS_AT_ONCE = 1 << 13
SAMPLE = 1024
"""Thumbnails that are hashed again."""


def existing(catalog: str | None, *, alone: bool = False) -> Catalog:
    """Open a catalog that is there.

    Parameters
    ----------
    catalog : str or None
        Its file; None for the one in the cache folder of the platform.
    alone : bool
        Whether nobody else may have it open meanwhile.

    Returns
    -------
    Catalog
        To be used as a context.

    Raises
    ------
    SourceError
        If there is none.
    CatalogError
        If it cannot be used.
    """
    place = catalog or default_catalog()
    if not os.path.isfile(place):
        raise SourceError(f"there is no catalog {place}: name one with --catalog, or scan something first")
    return open_catalog(place, alone=alone)


def info(store: Catalog) -> dict[str, Any]:
    """Say what a catalog holds.

    Parameters
    ----------
    store : Catalog
        The catalog.

    Returns
    -------
    dict
        JSON: its path and bytes, and what there is of each kind.
    """
    return {"version": 1, "path": store.path, "bytes": _bytes(store), **store.counts()}


def verify_catalog(store: Catalog) -> int:
    """Look through a catalog, page by page and by what its rows must hold; some thumbnails are hashed again.

    Parameters
    ----------
    store : Catalog
        The catalog.

    Returns
    -------
    int
        How many hashes were made again and found equal.

    Raises
    ------
    CatalogError
        If something is damaged.
    """
    store.check()
    specs = [spec for spec in map(spec_of, store.specs()) if spec is not None]
    widths = {spec.id: bits.words(spec.bits) * 8 for spec in specs}
    faults = store.faults(widths, decode.VERSION)
    if not faults:
        store.check_all_seals()
    checked = 0
    ids = store.decoded(version=decode.VERSION, detail=0)
    ids = ids[np.unique(np.linspace(0, len(ids) - 1, SAMPLE).astype(np.int64))] if len(ids) else ids
    if not faults and len(ids):
        luma, _ = store.thumbnails(ids)
        for spec in specs:
            if spec.decoding != "fast":
                continue
            words = dict(zip(ids.tolist(), bits.to_bytes(hashes.hash_block(luma, spec)), strict=True))
            kept = store.words(ids, spec)
            wrong = sum(words[content] != one for content, one in kept.items())
            checked += len(kept)
            if wrong:
                faults.append(f"{wrong:,} of {len(kept):,} hashes {spec.id} are not those of their thumbnails")
    if faults:
        raise store.damaged("; ".join(faults))
    return checked


def spec_of(text: str) -> HashSpec | None:
    """Return the spec of an id.

    Parameters
    ----------
    text : str
        As `HashSpec.id` writes it.

    Returns
    -------
    HashSpec or None
        None for one that this version does not know.

    Examples
    --------
    >>> spec_of("phash-8-lanczos3-fast-v1") == HashSpec("phash")
    True
    """
    parts = text.split("-", 5)
    try:
        spec = HashSpec(parts[0], int(parts[1]), parts[2], parts[3], int(parts[4][1:]), *parts[5:])
        hashes.way(spec)
    except (IndexError, ValueError):
        return None
    return spec


def prune(catalog: str | None, *, dry_run: bool = False) -> tuple[dict[str, int], int]:
    """Forget names whose files are gone, contents that lie nowhere, and what was found in other ways than now.

    Parameters
    ----------
    catalog : str or None
        As for `existing`. A search holds ids of contents, so nothing is forgotten while anybody else has the catalog open.
    dry_run : bool
        Whether everything stays as it is.

    Returns
    -------
    rows : dict of str to int
        What was forgotten, by table.
    freed : int
        Bytes that the file is smaller by; 0 for a dry run.

    Raises
    ------
    SourceError
        If there is none.
    CatalogError
        If it cannot be used, or is in use.
    """
    with existing(catalog) as store:
        gone = _gone(store)
        if dry_run:
            with store.rehearsal():
                return _forget(store, gone), 0
    with existing(catalog, alone=True) as store:
        before = _bytes(store)
        with store.transaction():
            rows = _forget(store, gone)
        store.compact()
        return rows, max(0, before - _bytes(store))


def _gone(store: Catalog) -> dict[int, list[str]]:
    """Return the names whose files are gone, by id of their folder."""
    gone: dict[int, list[str]] = {}
    for number, path, inside in _places(store):
        if path is None or (inside and os.path.lexists(path)):
            continue
        for part in store.names_in(number, ROWS_AT_ONCE):
            lost = [name for name, *_ in part if inside or not os.path.lexists(os.path.join(path, name))]
            if lost:
                gone.setdefault(number, []).extend(lost)
    return gone


def _forget(store: Catalog, gone: dict[int, list[str]]) -> dict[str, int]:
    """Forget names and what else is of no use, and count it by table."""
    steps = [
        ("frame", f"{FRAMES_VERSION}/{decode.VERSION}/{decode.decoders()}/%"),
        ("pair", f"%-{verify.STEP}/{decode.VERSION}/%"),
        ("pixels", f"{decode.PIXELS_VERSION}/{decode.decoders()}"),
        ("origin", f"%/{decode.PIXELS_VERSION}/{decode.decoders()}"),
    ]
    kept = {stored_name(variant) for variant in VARIANTS} | {decode.decoders()}
    kept |= {f"quality {variant}" for variant in ("plain", decode.decoders())}
    for number, lost in gone.items():
        store.prune(number, lost)
    rows = {"location": sum(map(len, gone.values())), **store.tidy(steps, sorted(kept))}
    return {table: count for table, count in rows.items() if count}


def _bytes(store: Catalog) -> int:
    return sum(os.path.getsize(f"{store.path}{end}") for end in ("", "-wal") if Path(f"{store.path}{end}").exists())


def _places(store: Catalog) -> Iterator[tuple[int, str | None, bool]]:
    """Yield the id of each folder, where it is now (None where its volume is away), and whether it is one file."""
    here = mounted()
    for number, source, volume, key, _ in store.shelves():
        yield number, path_on(here, volume, key), source != "files"


def export(store: Catalog, path: str, specs: Sequence[HashSpec], *, thumbnails: bool = True) -> int:
    """Write what a catalog knows as a hash table.

    Parameters
    ----------
    store : Catalog
        The catalog.
    path : str
        The Parquet file.
    specs : sequence of HashSpec
        Hashes of decoding fast; those that are missing are made of thumbnails.
    thumbnails : bool
        Whether thumbnails go along.

    Returns
    -------
    int
        How many images were written.
    """
    written = 0

    def counted() -> Iterator[HashTable]:
        nonlocal written
        for table in _tables(store, tuple(specs), thumbnails=thumbnails):
            written += len(table)
            yield table

    with replacing(path) as file:
        write_parquet(counted(), specs, file)
    return written


def _tables(store: Catalog, specs: tuple[HashSpec, ...], *, thumbnails: bool) -> Iterator[HashTable]:
    here, skipped = mounted(), Counter[str]()
    for number, source, volume, key, _ in store.shelves():
        place = path_on(here, volume, key) or url_of(volume, key) or f"{volume}:/{key}"
        for part in store.names_in(number, ROWS_AT_ONCE):
            rows = [(name, size, mtime_ns, content) for name, size, mtime_ns, content in part if content is not None]
            skipped["not an image"] += len(part) - len(rows)
            ids = np.array(sorted({row[3] for row in rows}), np.int64)
            facts = store.facts_of(ids, ("digest", "version", "failure", "reason", *FACTS))
            if len(facts) < len(ids):
                raise store.damaged("contents are missing")
            sound = [row for row in rows if facts[row[3]][2] is None and facts[row[3]][1] == decode.VERSION]
            failed = [row for row in rows if facts[row[3]][2] is not None]
            skipped["without a thumbnail"] += len(rows) - len(sound) - len(failed)
            failures = [
                Failure(
                    ImageRef(f"{place}/{name}", volume, f"{key}/{name}", size, mtime_ns, 0, 0, source=source),
                    "decode", facts[content][2], facts[content][3] or "",
                )
                for name, size, mtime_ns, content in failed
            ]  # fmt: skip
            paths = [os.fsencode(f"{place}/{row[0]}") for row in sound]
            content = np.array([row[3] for row in sound], np.int64)
            refs = Refs(
                b"".join(paths), np.cumsum([len(path) for path in paths], dtype=np.int64),
                np.array([row[1] for row in sound], np.int64), np.array([row[2] for row in sound], np.int64),
                np.frombuffer(b"".join(facts[one][0] for one in content.tolist()), np.uint8).reshape(len(sound), DIGEST_BYTES),
                [source] * len(sound),
            )  # fmt: skip
            own, at = np.unique(content, return_inverse=True)
            columns = list(zip(*(facts[one][4:] for one in content.tolist()), strict=True)) or [()] * len(FACTS)
            pixels = None
            if thumbnails:
                held = store.thumbnail_bytes(own)
                if len(held) < len(own):
                    raise store.damaged("thumbnails are missing")
                whole = np.frombuffer(b"".join(held[one] for one in content.tolist()), np.uint8)
                pixels = whole.reshape(len(sound), THUMBNAIL_BYTES)
            yield HashTable(
                specs, refs, {spec.algorithm: hash_words(own, store, spec)[1][at] for spec in specs}, failures=failures,
                facts={name: list(column) for name, column in zip(FACTS, columns, strict=True)}, thumbnails=pixels,
                decode=decode.VERSION,
            )  # fmt: skip
    nothing = np.zeros(0, np.int64)
    yield HashTable(
        specs, Refs(b"", nothing, nothing, nothing, np.zeros((0, DIGEST_BYTES), np.uint8)),
        {spec.algorithm: np.zeros((0, bits.words(spec.bits)), np.uint64) for spec in specs}, skipped=+skipped,
        facts={name: [] for name in FACTS},
        thumbnails=np.zeros((0, THUMBNAIL_BYTES), np.uint8) if thumbnails else None, decode=decode.VERSION,
    )  # fmt: skip


def read_tables(store: Catalog, paths: Sequence[str]) -> int:
    """Take what hash tables know into a catalog; where their images lie is not remembered.

    Parameters
    ----------
    store : Catalog
        The catalog.
    paths : sequence of str
        Hash tables of decoding fast.

    Returns
    -------
    int
        How many rows were read.

    Raises
    ------
    UsageError
        If one is no hash table, or of another decoding.
    """
    tables: list[HashFile] = []
    for path in paths:
        table = hash_file(path)
        if table is None:
            raise UsageError(f"{path} is no hash table: {AGAIN}")
        if not table.header.facts or all(spec.decoding != "fast" for spec in table.header.specs):
            raise UsageError(f"{path} holds {names(table.header.specs)}, of another decoding: {AGAIN}")
        tables.append(table)
    count = 0
    for table in tables:
        specs = [spec for spec in table.header.specs if spec.decoding == "fast"]
        for batch in batches(table, specs):
            good = batch.filter(batch["failure"].is_null())
            count += good.num_rows
            if good.num_rows:
                store_batch(good, table, store, specs)
    return count
