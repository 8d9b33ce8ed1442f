"""The files of the accuracy bench: photos, every transform of each, and hard negatives; made once and kept."""

import hashlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from accuracy.impostors import FAMILIES
from lookalike.transforms import TRANSFORMS
from photos import made_folder

VERSION = 3
ORIGINAL = "original"
PAIRS = 300  # of each family of hard negatives


@dataclass(frozen=True)
class Corpus:
    """Where the files are; of transforms ``photo-transform`` by number, of negatives ``family-pair-side``."""

    photos: int
    edits: Path
    negatives: Path


def part_of(photos: Path, part: str, limit: int | None) -> list[Path]:
    """Return the photos to fit by, or those to report on; names decide which is which.

    To fit by are, in the first half of the alphabet, those of every second digest.
    """
    found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    even = [path for path in found if hashlib.sha256(path.name.encode()).digest()[0] % 2 == 0]
    fit = set(even[: len(even) // 2])
    return [path for path in found if (path in fit) == (part == "fit")][:limit]


def corpus_of(photos: list[Path], pairs: int = PAIRS) -> Corpus:
    """Make the files of some photos, unless they are there."""
    if not photos:
        sys.exit("no photos in this part: name a folder with more of them (--photos)")
    names = hashlib.sha256("".join(path.name for path in photos).encode()).hexdigest()[:8]
    key = f"accuracy-{len(photos)}-{names}-{VERSION}"
    edits = made_folder(f"{key}-edits", _edits(photos))
    return Corpus(len(photos), edits, made_folder(f"{key}-negatives-{pairs}", _negatives(photos, pairs)))


def _edits(photos: list[Path]) -> Iterator[tuple[str, bytes]]:
    for number, path in enumerate(photos):
        data = path.read_bytes()
        yield f"{number:04d}-00.jpg", data
        with Image.open(io.BytesIO(data)) as opened:
            picture = opened.convert("RGB")
        for at, transform in enumerate(TRANSFORMS.values(), 1):
            yield f"{number:04d}-{at:02d}.jpg", transform.apply(picture, np.random.default_rng((number, at)))


def _negatives(photos: list[Path], pairs: int) -> Iterator[tuple[str, bytes]]:
    pictures = []
    for path in photos:
        with Image.open(path) as opened:
            pictures.append(opened.convert("RGB"))
    for at, (family, make) in enumerate(FAMILIES.items()):
        for number in range(pairs):
            for side, picture in enumerate(make(pictures, np.random.default_rng((at, number)))):
                buffer = io.BytesIO()
                picture.save(buffer, "JPEG", quality=90)
                yield f"{family}-{number:04d}-{side}.jpg", buffer.getvalue()
