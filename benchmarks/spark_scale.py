"""Measure the stages of Spark on this machine beside the same work without it, and say what larger sets would take.

Usage: python benchmarks/spark_scale.py [--hashes 100000 1000000 5000000] [--images 10000 100000] [--master local[2]]
       [--json FILE]

Hashes are random, with planted neighbours; images are drawn by rule (`synthetic.py`), as hash tables with thumbnails. Task
seconds are those of all cores together. The exponent says how they grow from the row above: 1 is linear, 2 quadratic. What is
said of larger sets is the growth of the last rows, drawn out further; nothing larger was run.
"""

import argparse
import json
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

import lookalike
from lookalike import bits, decode, hashes
from lookalike.decode.thumbnails import detail
from lookalike.spark import find, near_pairs, read_hashes
from lookalike.spark.columns import variant_columns
from lookalike.spark.near import octets_array
from lookalike.spark.session import open_session
from lookalike.tables.schema import FACTS, Header, arrow_schema
from photos import cache
from spark_measures import shuffled, task_seconds
from synthetic import SPEC, Shares, pictures
from timing import save, table

RADIUS = 8
PARTS = 8
BEYOND = (100_000_000, 1_000_000_000, 5_000_000_000)


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yield a folder that gets its name once all is in it."""
    made = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    yield made
    made.rename(folder)


def hashes_of(count: int) -> Path:
    """Return a folder of Parquet with ids and hashes, a tenth of them within five bits of another one; made once."""
    folder = cache() / f"spark-hashes-{count}"
    if not folder.exists():
        random = np.random.default_rng(count)
        block = random.integers(0, 1 << 63, (count, 1), np.uint64) << np.uint64(1)
        near = count // 10
        block[-near:] = block[:near]
        for _ in range(5):
            block[-near:] ^= np.uint64(1) << random.integers(0, 64, (near, 1)).astype(np.uint64)
        with _whole(folder) as made:
            for part, rows in enumerate(np.array_split(random.permutation(count), PARTS)):
                pq.write_table(pa.table({"id": rows, "hash": octets_array(block[rows])}), made / f"{part}.parquet")
    return folder


def images_of(count: int) -> Path:
    """Return a folder of hash tables with thumbnails; made once. No file belongs to them."""
    folder = cache() / f"spark-images-{count}"
    if not folder.exists():
        with _whole(folder) as made:
            _draw(made, count)
    return folder


def _draw(folder: Path, count: int) -> None:
    schema = arrow_schema(Header((SPEC,), facts=True, thumbnails=True, decode=decode.VERSION))
    for start, luma, chroma, _copy in pictures(count, Shares(names=0)):
        number = len(luma)
        octets = np.concatenate([luma.reshape(number, -1), chroma.reshape(number, -1)], axis=1)
        names = [f"set/{(start + at) // 1000:06}/{start + at:010}.jpg" for at in range(number)]
        told: dict[str, Any] = {
            "path": names, "source": ["files"] * number, "bytes": [100_000 + start + at for at in range(number)],
            "mtime_ns": [0] * number, "digest": [blake3(name.encode()).digest() for name in names],
            "width": [640] * number, "height": [480] * number, "format": ["JPEG"] * number, "frames": [1] * number,
            "alpha": [False] * number, "depth": [8] * number, "colour": [True] * number,
            "detail": [int(detail(one)) for one in luma], "quality": [90] * number, "lossless": [False] * number,
            "truncated": [False] * number, "decoder": [decode.decoders()] * number,
            SPEC.id: list(map(bytes, bits.to_octets(hashes.hash_block(luma, SPEC), SPEC.bits))),
            "thumbnail": list(map(bytes, octets)),
        }  # fmt: skip
        assert {*FACTS} - {*told} <= {"captured", "exif"}
        columns = [pa.array(told.get(name, [None] * number), schema.field(name).type) for name in schema.names]
        made = pa.table(columns, schema)
        for name, column in variant_columns(luma, (SPEC,)).items():
            made = made.append_column(name, column)
        pq.write_table(made, folder / f"{start:010}.parquet")


def on_spark(spark: Any, action: Any) -> dict[str, Any]:
    """Run something and return what it cost, and what it said."""
    before, tasks, started = shuffled(spark), task_seconds(spark), time.perf_counter()
    found = action()
    wall = time.perf_counter() - started
    written, _ = (after - was for after, was in zip(shuffled(spark), before, strict=True))
    return {"wall": wall, "tasks": task_seconds(spark) - tasks, "shuffled": written, "found": found}


def join_on_spark(spark: Any, count: int) -> int:
    """Count pairs."""
    found: int = near_pairs(spark.read.parquet(str(hashes_of(count))), RADIUS).count()
    return found


def join_alone(count: int) -> int:
    """Count pairs, without Spark."""
    octets = pq.read_table(hashes_of(count), columns=["hash"])["hash"].combine_chunks()
    block = bits.from_octets(np.frombuffer(octets.buffers()[2], np.uint8).reshape(-1, 8), 64)
    return sum(len(left) for left, _, _ in lookalike.iter_near_pairs(block, RADIUS))


def find_on_spark(spark: Any, count: int) -> int:
    """Count duplicates."""
    found = find(read_hashes(spark, str(images_of(count))))
    duplicates: int = found.groups.where("role = 'duplicate'").count()
    found.release()
    return duplicates


def find_alone(count: int) -> int:
    """Count duplicates, without Spark."""
    paths = sorted(map(str, images_of(count).glob("*.parquet")))
    duplicates: int = lookalike.find(paths, use_catalog=False).stats["duplicates"]
    return duplicates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hashes", type=int, nargs="*", default=[100_000, 300_000, 1_000_000, 5_000_000])
    parser.add_argument("--images", type=int, nargs="*", default=[10_000, 30_000, 100_000])
    parser.add_argument("--master", default=None, help="such as local[2]; default: all cores")
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    spark = open_session(options.master)
    spark.sparkContext.setLogLevel("ERROR")
    cases = [("join", join_on_spark, join_alone, rows) for rows in options.hashes]
    cases += [("find", find_on_spark, find_alone, rows) for rows in options.images]
    for clustered in dict.fromkeys(case[1] for case in cases):
        clustered(spark, 10_000)  # workers are up, code is compiled
    figures: list[dict[str, Any]] = []
    for what, clustered, alone, rows in cases:
        spent = on_spark(spark, lambda clustered=clustered, rows=rows: clustered(spark, rows))
        started = time.perf_counter()
        found = alone(rows)
        figures.append(
            {
                "what": what,
                "rows": rows,
                **spent,
                "alone": time.perf_counter() - started,
                "same": found == spent["found"],
            }
        )
        print(json.dumps(figures[-1]), flush=True)
    print("\n" + scale_table(figures) + "\n\n" + beyond_table(figures))
    save(options.json, "spark", figures)
    spark.stop()


def scale_table(figures: list[dict[str, Any]]) -> str:
    """Return what was measured."""
    head = ("what", "rows", "wall s", "task s", "exponent", "shuffled MB", "without Spark s", "found", "the same")
    cells: list[list[object]] = []
    before: dict[str, dict[str, Any]] = {}
    for row in figures:
        last = before.get(row["what"])
        grown = "" if last is None else f"{growth(last, row, 'tasks'):.2f}"
        cells.append(
            [row["what"], row["rows"], row["wall"], row["tasks"], grown, row["shuffled"] / 1e6, row["alone"], row["found"],
             "yes" if row["same"] else "NO"]
        )  # fmt: skip
        before[row["what"]] = row
    return table(head, cells)


def growth(one: dict[str, Any], other: dict[str, Any], what: str) -> float:
    """Return the exponent by which something grows with the number of rows."""
    return math.log(other[what] / one[what], other["rows"] / one["rows"])


def beyond_table(figures: list[dict[str, Any]]) -> str:
    """Return the growth of the last two rows, drawn out."""
    cells: list[list[object]] = []
    for what in dict.fromkeys(row["what"] for row in figures):
        rows = [row for row in figures if row["what"] == what]
        if len(rows) < 2:
            continue
        one, last = rows[-2:]
        for count in BEYOND:
            ratio = count / last["rows"]
            hours = last["tasks"] * ratio ** max(growth(one, last, "tasks"), 1) / 3600
            size = last["shuffled"] * ratio ** max(growth(one, last, "shuffled"), 1) / 1e12
            cells.append([what, count, hours, size])
    return table(("what", "rows", "core hours", "shuffled TB"), cells)


if __name__ == "__main__":
    main()
