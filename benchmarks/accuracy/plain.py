"""What hashes alone can do: recall at the best radius, and ROC area. The hashes equal those of imagehash and pdqhash."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, hash_images, join

Column = NDArray[np.int64]

HASHES = (("phash", 8), ("phash", 16), ("dhash", 8), ("dhash", 16), ("whash", 8), ("whash", 16), ("pdq", 16))
RANDOM_PAIRS = 1_000_000


@dataclass(frozen=True)
class Plain:
    """How one hash does: its best radius, recall by transform, and ROC area by transform."""

    name: str
    radius: int
    recall: dict[str, float]
    area: dict[str, float]


def plain_hash(
    algorithm: str,
    size: int,
    folder: Path,
    owner: NDArray[np.int64],
    transform: NDArray[np.int64],
    names: list[str],
    rate: float,
) -> Plain:
    """Measure one hash on files ordered by name; `owner` and `transform` say what each is, `rate` bounds false pairs."""
    table = hash_images(folder, algorithms=(algorithm,), size=size, decode="pdq" if algorithm == "pdq" else "full")
    order = np.argsort([table.refs.path(row) for row in range(len(table.refs))])
    block = next(iter(table.blocks.values()))[order]
    most = block.shape[1] * bits.WORD // 4
    total = join.count_pairs(block, most).astype(np.int64)
    own = np.zeros(most + 1, np.int64)
    for photo in np.unique(owner):
        own += join.count_pairs(block[owner == photo], most).astype(np.int64)
    count = np.bincount(owner)
    pairs = (len(owner) ** 2 - int((count**2).sum())) // 2
    false = np.cumsum(total - own)
    radius = int(np.flatnonzero(false <= rate * pairs)[-1]) if false[0] <= rate * pairs else -1
    random = np.random.default_rng(0)
    one, other = (random.integers(len(owner), size=RANDOM_PAIRS) for _ in range(2))
    apart = owner[one] != owner[other]
    negative = np.sort(bits.distance(block[one[apart]], block[other[apart]]).astype(np.int64))
    original = np.flatnonzero(transform == 0)
    recall, area = {}, {}
    for number, name in enumerate(names, 1):
        rows = np.flatnonzero(transform == number)
        distance = bits.distance(block[original[owner[rows]]], block[rows]).astype(np.int64)
        recall[name] = float((distance <= radius).mean())
        below, equal = np.searchsorted(negative, distance), np.searchsorted(negative, distance, "right")
        area[name] = float(1 - ((below + equal) / 2).mean() / len(negative))
    return Plain(f"{algorithm} {size * size}", radius, recall, area)
