"""The names of the package ``imagehash``, version 4.3.2: the same bits, without its faults.

``import lookalike.imagehash as imagehash`` is all that a program has to change. What is kept and what is mended is in
docs/imagehash.md; the code is written anew.
"""

from PIL import Image

from lookalike.imagehash.functions import (
    HashFunc,
    MeanFunc,
    WhashMode,
    average_hash,
    colorhash,
    crop_resistant_hash,
    dhash,
    dhash_vertical,
    phash,
    phash_simple,
    whash,
)
from lookalike.imagehash.multihash import ImageMultiHash
from lookalike.imagehash.singlehash import ImageHash, NDArray
from lookalike.imagehash.texts import hex_to_flathash, hex_to_hash, hex_to_multihash, old_hex_to_hash

__version__ = "4.3.2"
"""Of the interface."""

ANTIALIAS = Image.Resampling.LANCZOS

__all__ = [
    "ANTIALIAS",
    "HashFunc",
    "ImageHash",
    "ImageMultiHash",
    "MeanFunc",
    "NDArray",
    "WhashMode",
    "__version__",
    "average_hash",
    "colorhash",
    "crop_resistant_hash",
    "dhash",
    "dhash_vertical",
    "hex_to_flathash",
    "hex_to_hash",
    "hex_to_multihash",
    "old_hex_to_hash",
    "phash",
    "phash_simple",
    "whash",
]

# Pickles name the module of a class: they should not break when a file in this folder is renamed.
ImageHash.__module__ = ImageMultiHash.__module__ = __name__
