"""Compare lookalike's imgdd hashes with those of imgdd itself, bit by bit.

    python benchmarks/imgdd_parity.py FOLDER [--limit N]

Prints two Markdown tables, for the JPEG photos directly inside FOLDER. Lossless: each is saved as PNG first, so both
sides hash the same pixels. JPEG: the files as they are, read by Pillow here and by imgdd's own decoder there.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import imgdd as oracle
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import bits
from lookalike.hashes import imgdd
from lookalike.hashes.resampled import FILTERS

HASHES = {
    "ahash": imgdd.ahash,
    "mhash": imgdd.mhash,
    "dhash": imgdd.dhash,
    "phash": imgdd.phash,
    "whash": imgdd.whash,
}
BITS = 64


def blocks(files: list[Path]) -> dict[tuple[str, str], NDArray[np.uint64]]:
    """Return the hash block of the files for each algorithm and filter; each file is read once."""
    sizes = sorted(set(imgdd.SIZES.values()))
    small: dict[tuple[tuple[int, int], str], list[NDArray[np.uint8]]] = {
        (size, filter_): [] for size in sizes for filter_ in FILTERS
    }
    for file in files:
        with Image.open(file) as image:
            pixels = imgdd.pixels_of(image)
        for (size, filter_), pictures in small.items():
            pictures.append(imgdd.gray(pixels, *size, filter_))
    return {
        (name, filter_): function(np.stack(small[imgdd.SIZES[name], filter_]), 8)
        for name, function in HASHES.items()
        for filter_ in FILTERS
    }


def expected(folder: Path, names: list[str], name: str, filter_: str) -> NDArray[np.uint64]:
    """Return imgdd's hashes of the named files."""
    found = oracle.hash(os.fspath(folder), filter=filter_, algo=name)  # type: ignore[arg-type]  # any case is taken
    by_name = {os.path.basename(path): int(text, 16) for path, text in found.items()}
    return np.stack([bits.from_int(by_name[name], BITS) for name in names])


def table(folder: Path) -> str:
    """Return the table of one folder."""
    files = sorted(folder.iterdir())
    names = [file.name for file in files]
    rows = ["| hash | filter | differing bits, mean | bits equal | hashes equal |", "|---|---|---|---|---|"]
    for (name, filter_), block in blocks(files).items():
        distance = bits.distance(block, expected(folder, names, name, filter_))
        mean = float(distance.mean())
        same = float((distance == 0).mean())
        rows.append(f"| {name} | {filter_} | {mean:.4f} | {1 - mean / BITS:.3%} | {same:.2%} |")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="JPEG photos")
    parser.add_argument("--limit", type=int, default=None, help="the first N photos only")
    options = parser.parse_args()
    photos = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg"})
    photos = photos[: options.limit]
    if not photos:
        print(f"no JPEG photos in {options.folder}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        lossless, originals = Path(temporary, "png"), Path(temporary, "jpeg")
        lossless.mkdir()
        originals.mkdir()
        for photo in photos:
            # Copies, because imgdd follows no links and hashes all it finds.
            (originals / photo.name).write_bytes(photo.read_bytes())
            with Image.open(photo) as image:
                kept = image if image.mode == "L" else image.convert("RGB")
                kept.save(lossless / f"{photo.stem}.png", compress_level=1)
        print(f"## Lossless: {len(photos)} photos as PNG\n\n{table(lossless)}\n")
        print(f"## JPEG: the same {len(photos)} photos as they are\n\n{table(originals)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
