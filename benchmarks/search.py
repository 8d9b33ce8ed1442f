"""Measure a search in a large catalog.

    python benchmarks/search.py [--rows 1000000 10000000] [--queries 200] [--json FILE]

Each case makes a catalog by rule in a temporary folder: contents with random hashes and a name each, one in twenty with a
hash of what a border surrounds, and among them pictures with a thumbnail, of which the queries are smaller copies. What a
query hits by chance has a thumbnail, too. Loading and searching run in a process of their own, so that the peak is theirs;
the time of a query is all of it: decoding the picture, hashing, searching, reading what was hit, and verification.
"""

import argparse
import concurrent.futures
import io
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from join import peak_megabytes
from lookalike import bits, decode, join
from lookalike.hashes import default_radius, hash_block
from lookalike.indexing import Index
from lookalike.model import HashSpec, Orient
from lookalike.scan.variants import stored_name
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import Location
from timing import save

SPEC = HashSpec()
PER_FOLDER, AT_ONCE = 1000, 200_000
TRIMMED = 20
"""One in so many pictures has a border."""
ORIENTATIONS = get_args(Orient)


def picture(seed: int) -> Image.Image:
    """Draw a picture by rule: smooth light of a few waves, and discs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:360, 0:480] / 480
    plane = np.zeros((360, 480, 3))
    for _ in range(6):
        frequency = random.uniform(2, 14, 2)
        wave = np.sin(frequency[0] * x * 6.3 + frequency[1] * y * 6.3 + random.uniform(0, 6.3))
        plane += wave[..., np.newaxis] * random.uniform(10, 40, 3)
    for _ in range(9):
        centre, radius = random.uniform(0, 1, 2) * (1, 0.75), random.uniform(0.03, 0.16)
        plane[(x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2] = random.uniform(-120, 120, 3)
    return Image.fromarray(np.clip(plane + 128, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, quality: int) -> bytes:
    """Return a picture as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def make(path: str, rows: int, queries: int) -> None:
    """Write a catalog, of which the first contents are pictures."""
    random = np.random.default_rng(0)
    block = random.integers(0, 1 << 64, (rows, 1), np.uint64)
    border = random.integers(0, 1 << 64, (rows, 1), np.uint64)
    decoded = [decode.decode(encoded(picture(seed), 90)) for seed in range(queries)]
    block[:queries] = hash_block(np.stack([one.luma for one in decoded]), SPEC)
    pixels = {number: one.luma.tobytes() + one.chroma.tobytes() for number, one in enumerate(decoded, 1)}
    for number in hit_by_chance(np.concatenate([block, border]), rows, queries):
        pixels.setdefault(number, random.integers(0, 256, 4224, np.uint8).tobytes())
    with Catalog(path) as store:
        store.db.execute("PRAGMA synchronous = OFF")
        folders = [store.folder("files", "uuid:none", f"photos/{at:06}") for at in range(1 + rows // PER_FOLDER)]
        for start in range(0, rows, AT_ONCE):
            ids = range(start + 1, min(start + AT_ONCE, rows) + 1)
            words, around = (
                bits.to_bytes(block[start : start + AT_ONCE]),
                bits.to_bytes(border[start : start + AT_ONCE]),
            )
            trimmed = (one if number % TRIMMED == 0 else b"" for number, one in zip(ids, around, strict=True))
            names = (
                Location(folders[number // PER_FOLDER], f"DSC{number:08}.jpg", 20_000, 0, 1, number, number)
                for number in ids
            )
            with store.transaction():
                store.db.executemany(
                    "INSERT INTO content (id, digest, size, width, height, format, frames, alpha, depth, colour, detail,"
                    " quality, lossless, decoder, version, seal)"
                    " VALUES (?, ?, ?, 480, 360, 'JPEG', 1, 0, 8, 1, 50, 90, 0, '', ?, ?)",
                    (
                        (number, number.to_bytes(32, "big"), 20_000 + number, decode.VERSION, seal)
                        for number, seal in zip(ids, _seals(store, ids), strict=True)
                    ),
                )
                store.add_words(zip(ids, words, strict=True), SPEC)
                store.add_words(zip(ids, trimmed, strict=True), SPEC, stored_name("trimmed"))
                store.remember(names, version=decode.VERSION)
                shown = [number for number in ids if number in pixels]
                store.add_thumbnails(shown, [pixels[number] for number in shown])


def _seals(store: Catalog, ids: Sequence[int]) -> list[int]:
    same = {
        "width": 480,
        "height": 360,
        "format": "JPEG",
        "frames": 1,
        "alpha": 0,
        "depth": 8,
        "colour": 1,
        "detail": 50,
    }
    same |= {"quality": 90, "lossless": 0, "version": decode.VERSION}
    columns: dict[str, Any] = {name: [value] * len(ids) for name, value in same.items()}
    columns |= {"digest": [number.to_bytes(32, "big") for number in ids], "size": [20_000 + number for number in ids]}
    return store.seals_of(columns, len(ids))


def hit_by_chance(block: NDArray[np.uint64], rows: int, queries: int) -> list[int]:
    """Return the contents that queries come near to, turned in any way."""
    wanted = [decode.decode(encoded(picture(seed).resize((240, 180)), 70)).luma for seed in range(queries)]
    turned = [
        np.ascontiguousarray(np.rot90(flipped, turn))
        for luma in wanted for flipped in (luma, luma[:, ::-1]) for turn in range(4)
    ]  # fmt: skip
    _, hit, _ = join.search(block, hash_block(np.stack(turned), SPEC), radius=default_radius(SPEC))
    return [1 + int(row) for row in np.unique(hit % rows)]


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """Load an index and search in it."""
    before = peak_megabytes()
    started = time.perf_counter()
    index = Index.open(case["path"])
    row: dict[str, Any] = {"rows": len(index), "load_seconds": time.perf_counter() - started}
    row["load_megabytes"] = peak_megabytes() - before
    wanted = [encoded(picture(seed).resize((240, 180)), 70) for seed in range(case["queries"])]
    for orient in ORIENTATIONS:
        taken, busy, found = [], [], 0
        for number, data in enumerate(wanted):
            started, began = time.perf_counter(), time.process_time()
            hits = index.search(data, orient=orient)
            taken.append(1000 * (time.perf_counter() - started))
            busy.append(1000 * (time.process_time() - began))
            found += any(hit.path.endswith(f"DSC{number + 1:08}.jpg") for hit in hits)
        row[orient] = {
            "median": statistics.median(taken), "p99": sorted(taken)[len(taken) * 99 // 100], "worst": max(taken),
            "cpu": statistics.median(busy), "found": found,
        }  # fmt: skip
    row["peak_megabytes"] = peak_megabytes()
    index.close()
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    results = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "catalog.sqlite")
            started = time.perf_counter()
            make(place, rows, options.queries)
            seconds, size = time.perf_counter() - started, os.path.getsize(place) / 1e9
            print(f"{rows:,} contents: catalog of {size:.1f} GB made in {seconds:.0f} s")
            context = multiprocessing.get_context("spawn")
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as process:
                row = process.submit(measure, {"path": place, "queries": options.queries}).result()
        results.append(row)
        print(
            f"  loaded in {row['load_seconds']:.1f} s with {row['load_megabytes']:.0f} MB; peak {row['peak_megabytes']:.0f} MB"
        )
        for orient in ORIENTATIONS:
            one = row[orient]
            print(
                f"  {orient:<8} median {one['median']:.1f} ms, p99 {one['p99']:.1f} ms, worst {one['worst']:.1f} ms, "
                f"CPU of all threads {one['cpu']:.1f} ms, {one['found']} of {options.queries} found"
            )
    save(options.json, "search", results)


if __name__ == "__main__":
    main()
