"""The hashes of the package ``imgdd`` 0.1.5 (Rust), bit for bit.

Source: the behaviour of imgdd 0.1.5 with image 0.25.5, rustdct 0.7.1 and dwt 0.5.2.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import bits
from lookalike.hashes.resampled import Pixels, resample


def pixels_of(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., np.newaxis]
    if image.mode in {"1", "L", "LA", "La", "F"}:
        return np.asarray(image.convert("L"))[..., np.newaxis]
    return np.asarray(image.convert("RGB"))


def gray(pixels: Pixels, width: int, height: int, filter_: str) -> NDArray[np.uint8]:
    small = resample(pixels, width, height, filter_).astype(np.uint32)
    luma = small[..., 0]
    if small.shape[2] >= 3:
        luma = (2126 * small[..., 0] + 7152 * small[..., 1] + 722 * small[..., 2]) // 10000
    if pixels.dtype == np.uint16:
        luma = (luma + 128) // 257
    return luma.astype(np.uint8)


def prepare(image: Image.Image, width: int, height: int, filter_: str) -> NDArray[np.uint8]:
    return gray(pixels_of(image), width, height, filter_)


def ahash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    flat = block.reshape(len(block), -1)
    return bits.pack(flat > flat.sum(axis=1, keepdims=True, dtype=np.int64) // 64)


def mhash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    flat = block.reshape(len(block), -1)
    middle = np.sort(flat, axis=1)[:, 31:33].sum(axis=1, keepdims=True, dtype=np.int64) // 2
    return bits.pack(flat > middle)


def dhash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    return bits.pack((block[:, :, 1:] > block[:, :, :-1]).reshape(len(block), -1))


def coefficients(block):
    k = np.arange(8)[:, None]
    i = np.arange(32)[None, :]
    m = np.cos(np.pi * k * (2 * i + 1) / 64)
    return m @ block.astype(np.float64) @ m.T


def phash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    c = coefficients(block).reshape(len(block), 64)
    median = np.sort(c[:, 1:], axis=1)[:, 31:32]
    return bits.pack(c > median)


def haar(flat):
    v = flat.astype(np.float32) / np.float32(255)
    return v


def whash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    raise NotImplementedError
