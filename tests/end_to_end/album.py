"""A folder of pictures made by rule, and what must be found in it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from command import write
from PIL import Image

from conftest import encode, scene

WIDTH, HEIGHT = 640, 480
QUARTER_TURN = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}


def jpeg(image: Image.Image, quality: int = 90, orientation: int | None = None) -> bytes:
    """Return a JPEG; with an EXIF orientation it is stored turned and shown upright."""
    if orientation is None:
        return encode(image, "JPEG", quality=quality)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image.transpose(QUARTER_TURN[orientation]), "JPEG", quality=quality, exif=exif.tobytes())


@cache
def copies(seed: int) -> Mapping[str, bytes]:
    """Return files that all show one picture; the first is the best of them."""
    image = scene(seed, WIDTH, HEIGHT)
    half, quarter = (image.resize((WIDTH // by, HEIGHT // by), Image.Resampling.LANCZOS) for by in (2, 4))
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=256, dither=Image.Dither.NONE)
    return {
        "best.png": encode(image, "PNG"),
        "high.jpg": jpeg(image, 92),
        "low.jpg": jpeg(image, 60),
        "half.jpg": jpeg(half, 85),
        "quarter.png": encode(quarter, "PNG"),
        "right.jpg": jpeg(image, 88, 6),
        "left.jpg": jpeg(image, 88, 8),
        "down.jpg": jpeg(image, 88, 3),
        "palette.gif": encode(palette, "GIF"),
    }


def fill(root: Path, seeds: range, others: range) -> dict[int, set[str]]:
    """Write the copies of some pictures, nested, and other pictures; return paths relative to `root` by seed."""
    expected: dict[int, set[str]] = {}
    for seed in seeds:
        own = set()
        for at, (name, content) in enumerate(copies(seed).items()):
            folder = ("", "2019", "2019/May", "backup/old/phone")[at % 4]
            path = root / folder / f"{seed}-{name}"
            write(path, content)
            own.add(str(path.relative_to(root)))
        twin = root / "backup" / f"{seed} (copy).png"
        write(twin, copies(seed)["best.png"])
        own.add(str(twin.relative_to(root)))
        expected[seed] = own
    for seed in others:
        write(root / "other" / f"{seed}.jpg", jpeg(scene(seed, 320, 240)))
    return expected
