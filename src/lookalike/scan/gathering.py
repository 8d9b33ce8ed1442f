"""Whatever paths lead to, as one scan: what is read, what hash tables say, and what the catalog remembers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lookalike.columns import Images
from lookalike.errors import SourceError
from lookalike.model import HashSpec
from lookalike.options import ScanOptions
from lookalike.scan.listing import Scan
from lookalike.scan.loading import HashFile, check_spec, hash_file, load
from lookalike.scan.recalling import is_catalog, recall
from lookalike.scan.scanning import OnProgress, scan
from lookalike.sources.folders import Source
from lookalike.stores.catalog import Catalog


def gather(
    roots: Sequence[str | Source],
    references: Sequence[str | Source],
    catalog: Catalog,
    spec: HashSpec,
    options: ScanOptions,
    *,
    workers: int,
    readers: int | None = None,
    progress: OnProgress | None = None,
) -> Scan:
    """Bring together what paths lead to; as `lookalike.scan.scanning.scan`, but hash tables and the catalog are sources, too.

    Parameters
    ----------
    roots, references : sequence of (str or Source)
        What to look at, and what to compare against.
    catalog : Catalog
        Where results are kept.
    spec : HashSpec
        Which hash to make of new images, and which tables must have.
    options : ScanOptions
        How to walk and read.
    workers, readers, progress
        As for `lookalike.scan.scanning.scan`.

    Returns
    -------
    Scan
        What there is now. What is read counts before what a table says of the same path, and either before what the catalog
        remembers of the same name.

    Raises
    ------
    SourceError
        If no root at all can be read.
    UsageError
        If a table lacks that hash, or was made of another decoding.
    """
    tables, paths = _parted(roots)
    against, others = _parted(references)
    check_spec([*against, *tables], spec)
    named = [path for path in (*roots, *references) if isinstance(path, str) and is_catalog(path)]
    scans, missing = [], None
    seen: list[str] = []
    if paths or others or not (tables or against or named):
        try:
            scans.append(
                scan(paths, others, catalog, spec, options, workers=workers, readers=readers, progress=progress)
            )
        except SourceError as error:
            if not (tables or against or named):
                raise
            missing = str(error)
        else:
            lost = scans[0].missing_roots
            seen = [path for path in (*paths, *others) if isinstance(path, str) and path not in lost]
    if tables or against:
        scans.append(load(tables, against, catalog, spec, options))
    for root in named:  # one at most
        beside = merged(scans, catalog) if scans else None
        scans = [] if beside is None else [beside]
        scans.append(recall(root, catalog, options, beside=beside, scanned=seen, reference=root in references))
        if beside is None and progress is not None:  # nothing is read
            progress(len(scans[-1].images), len(scans[-1].images), True)
    found = merged(scans, catalog)
    if missing is not None:
        found.missing_roots += [path if isinstance(path, str) else path.path for path in (*others, *paths)]
        found.incomplete.append(missing)
    return found


def _parted(paths: Sequence[str | Source]) -> tuple[list[HashFile], list[str | Source]]:
    """Return the hash tables among paths, and the others; without a catalog."""
    found = [(path, hash_file(path)) for path in paths if not is_catalog(path)]
    return [table for _, table in found if table is not None], [path for path, table in found if table is None]


def merged(scans: Sequence[Scan], catalog: Catalog) -> Scan:
    """Put scans with one catalog together.

    Parameters
    ----------
    scans : sequence of Scan
        At least one. An image that several have counts where it comes first. What a catalog told of comes last.
    catalog : Catalog
        Where their contents are.

    Returns
    -------
    Scan
        Of all; the reader is that of the first.
    """
    if len(scans) == 1:
        return scans[0]
    taken: set[str] = set()
    kept = []
    for one in scans:
        kept.append([row for row, path in enumerate(one.images.path) if path not in taken])
        taken.update(one.images.path)
    parts = [(one.images, rows) for one, rows in zip(scans, kept, strict=True)]

    def texts(name: str) -> list[str]:
        return [getattr(images, name)[row] for images, rows in parts for row in rows]

    ids = np.concatenate([images.facts.id[images.content[rows]] for images, rows in parts])
    facts = catalog.contents(np.unique(ids))
    numbers: dict[str, Any] = {
        name: np.concatenate([getattr(images, name)[rows] for images, rows in parts])
        for name in ("size", "mtime_ns", "device", "inode", "symlink", "reference")
    }
    some = any(one.images.source for one in scans)
    kinds = [images.source_of(row) for images, rows in parts for row in rows] if some else []
    images = Images(
        path=texts("path"), volume=texts("volume"), key=texts("key"), content=np.searchsorted(facts.id, ids), facts=facts,
        source=kinds, **numbers,
    )  # fmt: skip
    numbered = [len(one.tables) for one in scans]
    before = np.cumsum([0, *numbered])
    told_by = [
        one.told_by[rows] + at if count else np.full(len(rows), -1)
        for one, rows, count, at in zip(scans, kept, numbered, before, strict=False)
    ]
    told = [row for one in scans for row in zip(one.failures, one.failed_reference, one.failed_image, strict=True)]
    failures = sorted(told, key=lambda row: (row[0].ref.path, row[0].stage))
    return Scan(
        images, [row[0] for row in failures], [row[1] for row in failures], [row[2] for row in failures],
        sum((one.skipped for one in scans), Counter()),
        [line for one in scans for line in one.incomplete], [path for one in scans for path in one.missing_roots],
        np.concatenate([one.cached[rows] for one, rows in zip(scans, kept, strict=True)]),
        sum(one.bytes_read for one in scans), [path for one in scans for path in one.beside], scans[0].reader,
        [line for one in scans for line in one.warnings], [root for one in scans for root in one.globs_below],
        [table for one in scans for table in one.tables], np.concatenate(told_by) if any(numbered) else scans[0].told_by,
        sum(len(rows) for one, rows in zip(scans, kept, strict=True) if one.recalled),
    )  # fmt: skip
