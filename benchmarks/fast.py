"""Measure how far the fast hashes lie from the full ones, what that does to recall, and from what size block means are enough.

Usage: python benchmarks/fast.py [--photos FOLDER] [--limit 700]

Prints three markdown tables: distance from full by algorithm and short side; recall at the default radius between a photo and
an edited copy, by decoding; recall and distance between a photo and a small copy that is decoded by block means or in full.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from lookalike import bits, decode
from lookalike.decode import thumbnails
from lookalike.hashes import ALGORITHMS, default_radius, hash_block, hash_picture, make_spec
from lookalike.model import MIN_BLOCKS, HashSpec
from photos import photos_folder

SHORT_SIDES = (80, 120, 160, 184, 192, 240, 320, 400, 640)
COPY_SIDES = (64, 96, 128, 160, 184, 192, 224, 256, 320)
EDITS: dict[str, Callable[[Image.Image], bytes]] = {
    "quality 30": lambda image: encode(image, 30),
    "half size": lambda image: encode(scaled(image, 0.5), 85),
    "0.3 of the size": lambda image: encode(scaled(image, 0.3), 85),
    "twice the size": lambda image: encode(scaled(image, 2.0), 85),
    "brightness 1.3": lambda image: encode(ImageEnhance.Brightness(image).enhance(1.3), 85),
    "crop 5 % off": lambda image: encode(image.crop((0, 0, int(image.width * 0.95), int(image.height * 0.95))), 85),
}


def encode(image: Image.Image, quality: int) -> bytes:
    """Return a picture as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """Return a picture at another size."""
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def fast_block(files: list[bytes], spec: HashSpec) -> NDArray[np.uint64]:
    """Hash files by decoding fast."""
    return hash_block(np.stack([decode.decode(data).luma for data in files]), spec)


def full_block(files: list[bytes], spec: HashSpec) -> NDArray[np.uint64]:
    """Hash files by decoding full."""
    rows = []
    for data in files:
        with Image.open(io.BytesIO(data)) as image:
            rows.append(hash_picture(image, spec)[0][0][0])
    return np.stack(rows)


def distances(photos: list[Image.Image]) -> None:
    """Print how far fast lies from full."""
    names = [name for name, row in ALGORITHMS.items() if {"fast", "full"} <= row.ways.keys()]
    print("| short side, px (blocks) | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for side in SHORT_SIDES:
        files = [encode(scaled(photo, side / min(photo.size)), 90) for photo in photos]
        cells = []
        for name in names:
            off = bits.distance(
                fast_block(files, make_spec(name, None, None, "fast")), full_block(files, make_spec(name))
            )
            cells.append(f"{off.mean():.2f} / {100 * (off == 0).mean():.0f} %")
        print(f"| {side} ({-(-side // 8)}) | " + " | ".join(cells) + " |", flush=True)


def recall(photos: list[Image.Image]) -> None:
    """Print which share of edited copies is found, by decoding."""
    print(
        "\n| edit | "
        + " | ".join(f"{name} fast, full" for name in ("phash", "dhash", "ahash"))
        + " |\n|---|---|---|---|"
    )
    originals = [encode(photo, 90) for photo in photos]
    for edit, make in EDITS.items():
        copies = [make(photo) for photo in photos]
        cells = []
        for name in ("phash", "dhash", "ahash"):
            spec = make_spec(name, None, None, "fast")
            radius = default_radius(spec)
            found = [
                bits.distance(block(originals, own), block(copies, own)) <= radius
                for block, own in ((fast_block, spec), (full_block, make_spec(name)))
            ]
            cells.append(f"{found[0].mean():.3f}, {found[1].mean():.3f}")
        print(f"| {edit} | " + " | ".join(cells) + " |", flush=True)


def threshold(photos: list[Image.Image]) -> None:
    """Print recall and distance between a photo and its small copy, decoded by block means and in full."""
    print(
        "\n| short side of the copy, px (blocks) | phash by block means: bits, recall | in full | dhash by means | in full |"
    )
    print("|---|---|---|---|---|")
    originals = [encode(photo, 90) for photo in photos]
    specs = [make_spec(name, None, None, "fast") for name in ("phash", "dhash")]
    blocks = {spec: fast_block(originals, spec) for spec in specs}
    for side in COPY_SIDES:
        copies = [encode(scaled(photo, side / min(photo.size)), 85) for photo in photos]
        cells = []
        for spec in specs:
            for least in (0, 10**6):
                thumbnails.MIN_BLOCKS = least  # type: ignore[attr-defined]
                off = bits.distance(blocks[spec], fast_block(copies, spec))
                cells.append(f"{off.mean():.2f}, {(off <= default_radius(spec)).mean():.3f}")
        thumbnails.MIN_BLOCKS = MIN_BLOCKS  # type: ignore[attr-defined]
        print(f"| {side} ({-(-side // 8)}) | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="photos to start from")
    parser.add_argument("--limit", type=int, default=700)
    options = parser.parse_args()
    paths = sorted(path for path in Path(photos_folder(options.photos)).rglob("*") if path.suffix == ".jpg")
    photos = [Image.open(path).convert("RGB") for path in paths[: options.limit]]
    print(f"{len(photos)} photos; mean differing bits / share of identical hashes\n")
    distances(photos)
    recall(photos)
    threshold(photos)


if __name__ == "__main__":
    main()
