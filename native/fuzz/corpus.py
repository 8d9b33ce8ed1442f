"""Write small inputs of many kinds into a folder, for the fuzzer to start from: python corpus.py KIND FOLDER."""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SEPARATOR = b"--next--"


def picture(width: int, height: int, mode: str) -> Image.Image:
    """Draw smooth light with some noise; the same at every call."""
    random = np.random.default_rng(width * 1000 + height)
    y, x = np.mgrid[0:height, 0:width]
    levels = np.stack([128 + 90 * np.sin(x / (9 + k) + y / (14 - 3 * k)) for k in range(4)], axis=-1)
    levels += random.normal(0, 8, levels.shape)
    pixels = np.clip(levels, 0, 255).astype(np.uint8)
    if mode == "L":
        return Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3])) if mode == "RGB" else Image.fromarray(pixels, "CMYK")


def encoded(width: int, height: int, mode: str = "RGB", **options: object) -> bytes:
    """Encode such a picture as JPEG."""
    buffer = io.BytesIO()
    picture(width, height, mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def png(image: Image.Image, **options: object) -> bytes:
    """Encode a picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def png_files() -> dict[str, bytes]:
    """Return the PNG seeds by name."""
    found: dict[str, bytes] = {}
    for size in ((1, 1), (17, 33), (190, 200)):
        name = "x".join(map(str, size))
        colours = picture(*size, "RGB")
        deep = Image.fromarray(np.asarray(picture(*size, "L")).astype(np.uint16) * 257)
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
            found[f"{name}-{mode}"] = png(colours.convert(mode))
        found[f"{name}-deep"] = png(deep)
        found[f"{name}-clear-colour"] = png(colours, transparency=(128, 128, 128))
        found[f"{name}-clear-palette"] = png(colours.convert("P"), transparency=b"\xff\x80\0")
        found[f"{name}-few-colours"] = png(colours.quantize(4), bits=2)
    exif = Image.Exif()
    exif[0x0112] = 6
    found["exif"] = png(picture(24, 24, "RGB"), exif=exif)
    return found


def jpeg_files() -> dict[str, bytes]:
    """Return the JPEG seeds by name."""
    found: dict[str, bytes] = {}
    for size in ((8, 8), (17, 33), (64, 64), (190, 200)):
        name = "x".join(map(str, size))
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            found[f"{name}-{subsampling.replace(':', '')}"] = encoded(*size, subsampling=subsampling, quality=40)
        found[f"{name}-gray"] = encoded(*size, mode="L", quality=30)
        found[f"{name}-cmyk"] = encoded(*size, mode="CMYK", quality=20)
        found[f"{name}-progressive"] = encoded(*size, progressive=True, quality=30)
        found[f"{name}-gray-progressive"] = encoded(*size, mode="L", progressive=True, quality=20)
        found[f"{name}-optimised"] = encoded(*size, optimize=True, quality=70)
        found[f"{name}-rgb"] = encoded(*size, keep_rgb=True, quality=20)
        for every in (1, 2, 7):
            found[f"{name}-restart-{every}"] = encoded(*size, restart_marker_blocks=every, quality=30)
    for orientation in (0, 1, 6, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x010F] = "Maker"
        exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
        found[f"exif-{orientation}"] = encoded(24, 24, exif=exif)
    found["quality-100"] = encoded(64, 40, quality=100, subsampling=0)
    found["quality-1"] = encoded(200, 192, quality=1)
    found["wide"] = encoded(1200, 8, quality=10)
    found["group"] = SEPARATOR.join(
        found[name] for name in ("190x200-420", "64x64-420", "190x200-restart-7", "8x8-gray")
    )
    found["group-large"] = SEPARATOR.join(found[name] for name in found if name.startswith("190x200"))
    return found


def exif_files() -> dict[str, bytes]:
    """Return TIFF structures by name."""
    found: dict[str, bytes] = {}
    for order in ("<", ">"):
        for orientation in (0, 1, 6, 9):
            exif = Image.Exif()
            exif.endian = order
            exif[0x0112] = orientation
            exif[0x010F] = "Maker"
            exif[0x011A] = 72.0
            exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
            found[f"{'little' if order == '<' else 'big'}-{orientation}"] = exif.tobytes()[6:]
    return found


def drawn(kind: str) -> dict[str, bytes]:
    """Return bytes of every length up to some hundreds: kinds that make an input of any."""
    random = np.random.default_rng(len(kind))
    return {f"{length}": random.bytes(length) for length in (8, 16, 40, 100, 250, 700)}


MAKERS = {"jpeg": jpeg_files, "png": png_files, "exif": exif_files}

if __name__ == "__main__":
    kind, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (MAKERS[kind]() if kind in MAKERS else drawn(kind)).items():
        (folder / f"{name}.{kind}").write_bytes(data)
