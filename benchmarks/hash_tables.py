"""Measure how long hash tables take to load.

Usage: python benchmarks/hash_tables.py [--rows 1000000] [--thumbnails]

Writes a table of random hashes of that many images to a temporary folder, loads it twice as `lookalike find` does, into an
empty catalog and into one that knows it, and prints seconds, rows a second, and the sizes of table and catalog.
"""

import argparse
import os
import resource
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import numpy as np

from lookalike import decode
from lookalike.model import THUMBNAIL_BYTES, HashSpec
from lookalike.opening import open_catalog
from lookalike.options import ScanOptions
from lookalike.scan.loading import hash_file, load
from lookalike.tables.hash_files import write_parquet
from lookalike.tables.hashes import HashTable, Refs
from lookalike.tables.schema import FACTS

ROWS = 8192
USUAL = {
    "width": 640, "height": 480, "format": "JPEG", "frames": 1, "alpha": False, "depth": 8, "colour": True, "detail": 100,
    "quality": 85, "lossless": False, "captured": None, "exif": None, "truncated": False, "decoder": "pillow",
}  # fmt: skip


def tables(rows: int, *, thumbnails: bool) -> Iterator[HashTable]:
    """Yield random tables."""
    random = np.random.default_rng(1)
    for start in range(0, rows, ROWS):
        count = min(ROWS, rows - start)
        names = [f"shards/{start // ROWS:06}/{at:08}.jpg".encode() for at in range(start, start + count)]
        refs = Refs(
            b"".join(names), np.cumsum([len(name) for name in names]), random.integers(10_000, 10**6, count),
            random.integers(1, 10**18, count), random.integers(0, 256, (count, 32), dtype=np.uint8),
        )  # fmt: skip
        pixels = random.integers(0, 256, (count, THUMBNAIL_BYTES), dtype=np.uint8) if thumbnails else None
        words = random.integers(0, 1 << 64, (count, 1), dtype=np.uint64)
        facts = {name: [USUAL[name]] * count for name in FACTS}
        yield HashTable((HashSpec(),), refs, {"phash": words}, facts=facts, thumbnails=pixels, decode=decode.VERSION)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--thumbnails", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        path, catalog = os.path.join(folder, "h.parquet"), os.path.join(folder, "catalog.sqlite")
        with open(path, "wb") as file:
            write_parquet(tables(given.rows, thumbnails=given.thumbnails), (HashSpec(),), file)
        table = hash_file(path)
        assert table is not None
        print(f"table: {os.path.getsize(path) / 1e6:,.0f} MB, {os.path.getsize(path) / given.rows:.0f} bytes a row")
        for what in ("empty catalog", "catalog that knows it"):
            with open_catalog(catalog) as store:
                started = time.perf_counter()
                found = load([table], [], store, HashSpec(), ScanOptions())
                seconds = time.perf_counter() - started
            assert len(found.images) == given.rows
            print(f"{what}: {seconds:.1f} s, {given.rows / seconds:,.0f} rows a second")
        print(f"catalog: {os.path.getsize(catalog) / 1e6:,.0f} MB")
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
