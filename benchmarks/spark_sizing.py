"""Say on paper what a search on Spark takes: shuffled bytes, core hours, memory and money, by settings and number of images.

Usage: python benchmarks/spark_sizing.py [--images 100000000 1000000000 5000000000] [--price 0.05]

Bytes are counted from what is sent; the work of a core is what benchmarks on one machine measured (`spark_scale.py`, and for
hashing and verifying docs/performance.md), so that a core is one of theirs. Candidates are those that random hashes have by
chance: real sets have as many more as they have near pairs. Nothing of this size was run.
"""

import argparse
import math
from dataclasses import dataclass, replace

from lookalike import bits
from lookalike.candidates import chances
from lookalike.join.bands import MOST_ROWS
from lookalike.model import HashSpec
from lookalike.options import FindOptions
from lookalike.scan.variants import sorts
from lookalike.spark.hashed import joined
from timing import table

HASH_SECONDS = 1.5e-3
"""Of a core for an image of half a megapixel, reading it included."""
RECORD_SECONDS = 2e-6
"""Of a core for a hash in a bucket: dealt, sent, joined. So do joins grow from a million hashes, in 1 bucket, to 5, in 9."""
ROW_SECONDS = 80e-6
"""Of a core for a hash in a search: made, on its way to its class, and back to images."""
IMAGE_SECONDS = 5e-4
"""Of a core for an image beside its hashes: read, tied by name and content, labelled, grouped. With the hashes of an image it
is what searches grow by from 30,000 images to 100,000."""
PAIR_SECONDS = 250e-6
"""Of a core for a candidate: two thumbnails joined and compared."""
RECORD_BYTES, ROW_BYTES, THUMBNAIL_BYTES = 16, 90, 4_300
BORDERS = 0.1
"""Share of pictures with a border, which have a hash of what it surrounds."""


@dataclass(frozen=True)
class Way:
    """Settings of a search."""

    said: str
    options: FindOptions
    parts: bool = True
    second: tuple[HashSpec, int] | None = None


USUAL = FindOptions()
WAYS = (
    Way("as on one machine, radius 10", USUAL),
    Way("radius 6", replace(USUAL, radius=6)),
    Way("--no-parts --radius 8", replace(USUAL, radius=8), parts=False),
    Way(
        "--no-parts --radius 8 --second dhash:12", replace(USUAL, radius=8), parts=False, second=(HashSpec("dhash"), 12)
    ),
)


def rows_of(way: Way) -> list[tuple[float, int]]:
    """Return how many hashes an image has in each join, and its radius."""
    second = None if way.second is None else way.second[0]
    found = []
    for one in joined(sorts(way.options), parts=way.parts, second=second):
        own = 1 + BORDERS if "trimmed" in one.own else 1
        found.append((own + (one.hashes if one.made is not None else 0), one.radius))
    return found


def candidates(way: Way, images: int) -> float:
    """Return how many candidates an image has by chance."""
    if way.parts:
        return chances.by_chance(way.options, images)
    alone = images * bits.chance(64, way.options.radius, balanced=True)
    return alone if way.second is None else alone * bits.chance(64, way.second[1])


def sizing(way: Way, images: int) -> dict[str, float]:
    """Return what a search takes."""
    words = 16 if way.second is not None else 8
    rows = sum(count for count, _ in rows_of(way)) * images
    records = sum(count * (radius + 1) * _parts(count * images, radius) for count, radius in rows_of(way)) * images
    each = candidates(way, images)
    pairs = each * images / 2
    shown = min(2 * pairs, images)
    shuffled = rows * ROW_BYTES + records * (RECORD_BYTES + words - 8) + THUMBNAIL_BYTES * (2 * shown + pairs)
    work = {
        "hash": images * HASH_SECONDS,
        "join": images * IMAGE_SECONDS + rows * ROW_SECONDS + records * RECORD_SECONDS,
        "verify": pairs * PAIR_SECONDS,
    }
    return {"candidates": each, "TB": shuffled / 1e12, **{name: seconds / 3600 for name, seconds in work.items()}}


def _parts(rows: float, radius: int) -> int:
    """Return into how many parts a bucket is cut, each of its hashes being sent to as many tasks."""
    return math.ceil(rows / 2 ** (bits.WORD / (radius + 1)) / MOST_ROWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="*", default=[100_000_000, 1_000_000_000, 5_000_000_000])
    parser.add_argument("--price", type=float, default=0.05, help="dollars for a core and hour")
    options = parser.parse_args()
    head = ("images", "settings", "candidates each", "shuffled TB", "hash h", "join h", "verify h", "find $", "hash $")
    cells: list[list[object]] = []
    for images in options.images:
        for way in WAYS:
            made = sizing(way, images)
            find = (made["join"] + made["verify"]) * options.price
            cells.append(
                [f"{images:.0e}", way.said, made["candidates"], made["TB"], made["hash"], made["join"], made["verify"], find,
                 made["hash"] * options.price]
            )  # fmt: skip
    print(table(head, cells))
    print(f"\nA join task holds {MOST_ROWS * 2 * 16 / 1e6:,.0f} MB of hashes at most, some 1 GB while it joins them.")


if __name__ == "__main__":
    main()
