"""Measure verification by thumbnail on one core: pairs a second, and what of that is the kernels.

    python benchmarks/verify.py [--photos FOLDER] [--limit 60] [--pairs 20000] [--repeat 5] [--json FILE]

True pairs are two edits of one photo, or a photo and an edit of it (every row of `lookalike.transforms`); false candidates are
pairs of different photos that the default hash proposes, or the nearest ones where it proposes too few. "aligned" are the
true pairs that do not agree as they lie, so that where the one lies in the other is searched for. Pairs are judged by
parts, as `find` does it; pictures are prepared once. Medians of the repeats, all kinds in turns.
"""

import argparse
import cProfile
import io
import pstats
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import bits, hashes, verify
from lookalike.decode import decode
from lookalike.model import Tier
from lookalike.options import FindOptions
from lookalike.transforms import TRANSFORMS
from lookalike.verdicts.judging import pictures_of
from lookalike.verdicts.verifying import PAIRS_PER_THREAD
from lookalike.verify.alignment import IDENTITY
from lookalike.verify.evidence import MAP_BITS
from photos import cache, photos_folder
from timing import Cost, cost_of, save, table, take_turns

Column = NDArray[np.int64]
KERNELS = ("measure", "texture", "colour")
VERSION = 1  # of the thumbnails that are kept


def thumbnails(photos: list[Path]) -> verify.Pictures:
    """Return the thumbnails of photos, each followed by its edits; made once and kept."""
    file = cache() / f"verify-{len(photos)}-{len(TRANSFORMS)}-{VERSION}.npz"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = []
        for number, path in enumerate(photos):
            data = path.read_bytes()
            with Image.open(io.BytesIO(data)) as opened:
                picture = opened.convert("RGB")
            edits = [
                transform.apply(picture, np.random.default_rng((number, at)))
                for at, transform in enumerate(TRANSFORMS.values(), 1)
            ]
            made += [decode(edit) for edit in (data, *edits)]
        luma, chroma, width, height = (
            np.stack([getattr(one, name) for one in made]) for name in ("luma", "chroma", "width", "height")
        )
        np.savez(file, luma=luma, chroma=chroma, width=width, height=height)
    with np.load(file) as kept:
        return pictures_of(kept["luma"], kept["chroma"], kept["width"], kept["height"])


def true_pairs(rows: int, count: int, random: np.random.Generator) -> tuple[Column, Column]:
    """Draw pairs of one photo: a third are the photo and an edit of it, the others mostly two edits."""
    each = len(TRANSFORMS) + 1
    photo, one, other = (random.integers(0, most, count) for most in (rows // each, each, each))
    one[::3] = 0
    differ = one != other
    return (photo * each + one)[differ], (photo * each + other)[differ]


def false_pairs(pictures: verify.Pictures, count: int, random: np.random.Generator) -> tuple[Column, Column]:
    """Draw pairs of different photos whose hashes are near."""
    each = len(TRANSFORMS) + 1
    block = hashes.hash_block(pictures.luma, FindOptions().spec)
    parts = []
    for first in range(0, len(block), each):
        near = np.stack([bits.distance(row, block[first + each :]) for row in block[first : first + each]])
        left, right = np.nonzero(near <= 2 * FindOptions().radius)
        parts.append(np.stack([near[left, right], first + left, first + each + right], axis=1))
    found = random.permutation(np.concatenate(parts).astype(np.int64))
    found = found[np.argsort(found[:, 0] > FindOptions().radius, kind="stable")][:count]
    return found[:, 1], found[:, 2]


def by_parts(pictures: verify.Pictures, left: Column, right: Column) -> NDArray[np.uint8]:
    """Verify pairs; return their tiers."""
    parts = [slice(start, start + PAIRS_PER_THREAD) for start in range(0, len(left), PAIRS_PER_THREAD)]
    return np.concatenate([verify.verify(pictures, left[part], right[part]).tier for part in parts])


def kernel_share(pictures: verify.Pictures, left: Column, right: Column) -> float:
    """Return the share of CPU time that the calls of kernels take, each within a function of its name."""
    profile = cProfile.Profile(time.process_time)
    profile.runcall(by_parts, pictures, left, right)
    stats = pstats.Stats(profile).get_stats_profile()
    return sum(stats.func_profiles[name].tottime for name in KERNELS) / stats.total_tt


def searched(pictures: verify.Pictures, left: Column, right: Column) -> NDArray[np.bool_]:
    """Say which pairs were aligned."""
    maps = verify.verify(pictures, left, right).evidence["map"]
    moved: NDArray[np.bool_] = (maps != np.rint(IDENTITY * (1 << MAP_BITS))).any(axis=(1, 2))
    return moved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="folder of .jpg photos to start from")
    parser.add_argument("--limit", type=int, default=60, help="photos")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    pictures = thumbnails(sorted(photos_folder(options.photos).rglob("*.jpg"))[: options.limit])
    random = np.random.default_rng(0)
    kinds = {"true pairs": true_pairs(len(pictures.luma), options.pairs, random)}
    moved = searched(pictures, *kinds["true pairs"])
    kinds |= {name: (pair[0][rows], pair[1][rows]) for name, rows, pair in (
        ("as they lie", ~moved, kinds["true pairs"]), ("aligned", moved, kinds["true pairs"]))}  # fmt: skip
    kinds["false candidates"] = false_pairs(pictures, options.pairs, random)

    def way(pair: tuple[Column, Column], _turn: int) -> Cost:
        return cost_of(partial(by_parts, pictures, *pair))

    ways = take_turns({name: partial(way, pair) for name, pair in kinds.items()}, options.repeat)
    rows, figures = [], {}
    for name, pair in kinds.items():
        tier = by_parts(pictures, *pair)
        figures[name] = {
            "pairs": len(tier), "pairs a second": len(tier) / ways[name]["cpu"], "kernels": kernel_share(pictures, *pair)
        } | {level.name.lower(): float((tier == level).mean()) for level in Tier if level > Tier.EXACT}  # fmt: skip
        rows.append([name, *figures[name].values()])
    print(table(["kind", *figures["true pairs"]], rows))
    save(options.json, "verify", figures)


if __name__ == "__main__":
    main()
