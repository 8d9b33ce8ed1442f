"""Pictures to compare hashes on: made by rule in every mode, those of scikit-image, and the shared ones."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import skimage
from PIL import Image

from conftest import scene

MAX_PIXELS = 20_000_000


def _noise(mode: str, width: int = 97, height: int = 61) -> Image.Image:
    """Return random bytes in a mode, so that every value of a channel occurs."""
    source = np.random.default_rng(len(mode)).integers(0, 256, (height, width, 4), dtype=np.uint8)
    if mode == "I;16":
        return Image.frombytes(mode, (width, height), source[..., :2].tobytes())
    if mode in ("I", "F"):
        return Image.fromarray(source[..., 0].astype(np.int32 if mode == "I" else np.float32) * 3 - 200)
    if mode in ("1", "P"):
        return Image.fromarray(source[..., :3]).convert(mode)
    return Image.frombytes(mode, (width, height), source[..., : len(Image.new(mode, (1, 1)).getbands())].tobytes())


MODES = (
    "1",
    "L",
    "P",
    "RGB",
    "RGBA",
    "LA",
    "PA",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "I;16",
    "RGBX",
    "RGBa",
    "La",
)


@cache
def made() -> dict[str, Image.Image]:
    """Return pictures made by rule, by name."""
    half = np.zeros((120, 160), np.uint8)
    half[:, 80:] = 255
    dot = np.zeros((64, 64), np.uint8)
    dot[::7, ::5] = 255
    hues = np.stack(np.meshgrid(np.arange(256), np.arange(256)), axis=-1).astype(np.uint8)
    hues = np.dstack([hues, np.full((256, 256), 200, np.uint8)])
    board = (np.indices((100, 100)).sum(axis=0) % 2 * 255).astype(np.uint8)
    pictures = {
        "black": Image.new("RGB", (50, 40)),
        "white": Image.new("RGB", (50, 40), "white"),
        "gray": Image.new("RGB", (33, 77), (128, 128, 128)),
        "green": Image.new("RGB", (31, 31), (10, 200, 40)),
        "checkerboard": Image.fromarray(board),
        "coarse checkerboard": Image.fromarray(board[:8, :8]).resize((256, 256), Image.Resampling.NEAREST),
        "halves": Image.fromarray(half),
        "halves upside": Image.fromarray(half.T.copy()),
        "one-pixel noise": Image.fromarray(dot),
        "every hue and saturation": Image.fromarray(hues, "HSV").convert("RGB"),
        "every hue and saturation, HSV": Image.fromarray(hues, "HSV"),
        "gradient": Image.linear_gradient("L"),
        "radial": Image.radial_gradient("L"),
        "1x1": Image.new("RGB", (1, 1), (200, 30, 90)),
        "2x2": Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)),
        "1x500": scene(3, 1, 500),
        "500x1": scene(4, 500, 1),
        "3x200": scene(5, 3, 200),
        "palette": scene(6).convert("P", palette=Image.Palette.ADAPTIVE),
        "RGBA": scene(7).convert("RGBA"),
        "16-bit": Image.fromarray(np.asarray(scene(8).convert("L")).astype(np.uint16) * 257),
    }
    pictures["RGBA"].putalpha(Image.radial_gradient("L").resize((480, 360)))
    pictures["palette with a transparent colour"] = pictures["palette"].copy()
    pictures["palette with a transparent colour"].info["transparency"] = 3
    pictures |= {f"noise {mode}": _noise(mode) for mode in MODES}
    pictures |= {f"scene {seed}": scene(seed, *size) for seed, size in enumerate([(480, 360), (200, 333), (640, 100)])}
    return pictures


@cache
def samples() -> dict[str, Image.Image]:
    """Return the pictures that come with scikit-image, by name."""
    folder = Path(skimage.__file__).parent / "data"
    names = sorted(name for name in os.listdir(folder) if name.endswith((".png", ".jpg", ".gif")))
    return {name: read(folder / name) for name in names}


def read(path: Path) -> Image.Image:
    """Return a file's first frame as Pillow opens it, warnings left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(path)
        image.load()
    return image


def formats(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that Pillow recognises and that is not over-large."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with warnings.catch_warnings(), contextlib.suppress(Exception):
                warnings.simplefilter("ignore")
                with Image.open(path) as image:  # some are broken on purpose, each in its own way
                    size = image.width * image.height
                if size <= MAX_PIXELS:
                    yield path


def outcome(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return what a hash function gives as nested lists of its bits, or the class of the error that it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*arguments, **options)
        except Exception as error:  # noqa: BLE001 - any, to be compared
            return type(error)
    if isinstance(result, (list, Image.Image)):
        return result
    if hasattr(result, "segment_hashes"):
        return [segment.hash.tolist() for segment in result.segment_hashes]
    return result.hash.tolist()
