"""Two images side by side: distances by every algorithm, and what verification says of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageOps

from lookalike import bits, decode, hashes
from lookalike.errors import UsageError
from lookalike.limiting import File, SecondLooks
from lookalike.model import MAX_PIXELS, HashSpec, Thumbnail, Tier
from lookalike.options import ScanOptions
from lookalike.pictures import ImageSource, contents
from lookalike.verdicts.confirming import Confirmed, confirm
from lookalike.verify.evidence import MAP_BITS

ROW_HEIGHT, MOST_WIDTH = 400, 1600
"""Height in pixels of the pictures that are shown side by side, and the width up to which they have it."""
STRETCH = 4
"""How much a difference map is brightened."""
NAMES = ("first", "second")


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two images are apart by one algorithm.

    Attributes
    ----------
    algorithm : str
        Its name.
    bits : int
        Bits of the hash.
    distance : int
        How many of them differ.
    """

    algorithm: str
    bits: int
    distance: int

    @property
    def share(self) -> float:
        """The distance as a share of the bits, 0..1."""
        return self.distance / self.bits


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known of one image against another.

    Attributes
    ----------
    tier : Tier
        EXACT for equal bytes or equal pixels; NONE where they are not alike.
    score : float
        0..1, from verification.
    relation : str
        What was done to the first to make the second, in words.
    distances : tuple of Distance
        One per algorithm.
    evidence : dict
        What verification measured; empty where bytes are equal or too little is to be seen, and only what each lacks where all
        pixels are equal.
    """

    tier: Tier
    score: float
    relation: str
    distances: tuple[Distance, ...]
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hashed:
    """What is known of one image by itself.

    Attributes
    ----------
    thumbnail : Thumbnail
        Its facts and its thumbnail.
    size : int
        Bytes of the file.
    words : tuple of ndarray of uint64, shape (1, words)
        Its hashes, one for each spec.
    """

    thumbnail: Thumbnail
    size: int
    words: tuple[NDArray[np.uint64], ...]


def compare(
    first: ImageSource,
    second: ImageSource,
    *,
    algorithms: Sequence[str] | None = None,
    decoding: str = "full",
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
) -> Comparison:
    """Compare two images.

    Parameters
    ----------
    first, second : path, bytes, file object, PIL.Image.Image or ndarray
        The images; pixels in memory count as a file that keeps them as they are.
    algorithms : sequence of str, optional
        Whose distances to give; None for all that make one hash of an image.
    decoding : str
        full (as ``imagehash``) or fast (as `find`); algorithms that do not know it use their own.
    max_pixels : int
        Images with more pixels are not decoded.
    max_seconds, max_memory : optional
        As for `lookalike.find`; None for no limit: then the files are decoded in this process.

    Returns
    -------
    Comparison
        Distances, tier with evidence, and the relation in words.

    Raises
    ------
    UsageError
        If an option does not fit, or what was given is no image.
    DecodeError
        If a file or bytes cannot be decoded.
    OSError
        If a path cannot be read.

    Examples
    --------
    >>> from PIL import Image
    >>> ramp = Image.linear_gradient("L")
    >>> compare(ramp, ramp.rotate(180), algorithms=["dhash_vertical"]).distances[0].share
    1.0
    """
    options = ScanOptions(max_pixels=max_pixels, max_seconds=max_seconds, max_memory=max_memory)
    return next(compared(first, [second], specs_of(algorithms, decoding), SecondLooks(options, workers=1)))


def compared(
    first: ImageSource, others: Iterable[ImageSource], specs: Sequence[HashSpec], looks: SecondLooks
) -> Iterator[Comparison]:
    """Compare an image with others.

    Parameters
    ----------
    first : path, bytes, file object, PIL.Image.Image or ndarray
        The image.
    others : iterable of the same
        The others.
    specs : sequence of HashSpec
        Hashes whose distances to give.
    looks : SecondLooks
        Who looks at the files.

    Yields
    ------
    Comparison
        With each of them, as of `compare`.
    """
    most, mine = looks.options.max_pixels, contents(first)
    one = looks(hashed, mine, specs=specs, max_pixels=most)
    for image in others:
        files = mine, contents(image)
        other = looks(hashed, files[1], specs=specs, max_pixels=most)
        found = looks(confirm, *files, orient="all", max_pixels=most)
        yield Comparison(found.tier, found.score, found.relation, distances(specs, one, other), described(found, files))


def specs_of(algorithms: Sequence[str] | None, decoding: str) -> list[HashSpec]:
    """Return the hashes by which images are compared.

    Parameters
    ----------
    algorithms : sequence of str, optional
        Their names; None for `usual`.
    decoding : str
        full or fast; algorithms that do not know it use their own.

    Returns
    -------
    list of HashSpec
        One for each name.

    Raises
    ------
    UsageError
        If an algorithm or the decoding is unknown, or an algorithm makes several hashes of an image.

    Examples
    --------
    >>> [spec.id for spec in specs_of(["phash", "colorhash"], "fast")]
    ['phash-8-lanczos3-fast-v1', 'colorhash-3-none-full-v1']
    """
    if decoding not in ("full", "fast"):
        raise UsageError(f"decoding must be full or fast, got {decoding!r}")
    rows = [hashes.algorithm(name) for name in (usual() if algorithms is None else algorithms)]
    for row in rows:
        if row.several:
            raise UsageError(f"{row.name} makes a hash of each part of an image, which have no distance of their own")
    return [hashes.make_spec(row.name, None, None, decoding if decoding in row.ways else None) for row in rows]


def hashed(file: File, *, specs: Sequence[HashSpec], max_pixels: int = MAX_PIXELS) -> Hashed:
    """Hash a file, and make its thumbnail.

    Parameters
    ----------
    file : tuple of (bytes, str)
        Contents and name.
    specs : sequence of HashSpec
        Which hashes, each one of an image.
    max_pixels : int
        Most pixels that are decoded, inclusive.

    Returns
    -------
    Hashed
        What is known of it.

    Raises
    ------
    DecodeError
        If it cannot be decoded.
    """
    thumbnail = decode.decode(*file, max_pixels=max_pixels)
    with decode.opened(*file, truncated=False, max_pixels=max_pixels) as opened:
        made = iter(hashes.hash_picture(opened, *(spec for spec in specs if spec.decoding != "fast")))
    luma = thumbnail.luma[np.newaxis]
    words = [hashes.hash_block(luma, spec) if spec.decoding == "fast" else next(made)[0] for spec in specs]
    return Hashed(thumbnail, len(file[0]), tuple(words))


def distances(specs: Sequence[HashSpec], one: Hashed, other: Hashed) -> tuple[Distance, ...]:
    """Return how far two images are apart by each of their hashes.

    Parameters
    ----------
    specs : sequence of HashSpec
        What they were hashed by.
    one, other : Hashed
        The two.

    Returns
    -------
    tuple of Distance
        One for each spec.
    """
    words = zip(specs, one.words, other.words, strict=True)
    return tuple(Distance(spec.algorithm, spec.bits, int(bits.distance(left, right)[0])) for spec, left, right in words)


def described(found: Confirmed, files: Sequence[File]) -> dict[str, Any]:
    """Return what verification measured as plain values.

    Parameters
    ----------
    found : Confirmed
        What two files show of each other.
    files : sequence of (bytes, str)
        The two.

    Returns
    -------
    dict
        As `Comparison.evidence`.
    """
    evidence = {} if found.evidence is None else _plain(found.evidence, swapped=found.left == 1)
    if evidence or (found.tier is Tier.EXACT and files[0][0] != files[1][0]):
        evidence |= {f"{name}_lacks": list(lacks) for name, lacks in zip(NAMES, found.lacks, strict=True)}
    if found.last is not None:
        evidence["last_look"] = {"side": found.last.side, "tiles": found.last.tiles, "changed": found.last.changed}
    return evidence


def panels(
    first: ImageSource, second: ImageSource, looks: SecondLooks | None = None
) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Return what shows how two images differ.

    Parameters
    ----------
    first, second : path, bytes, file object, PIL.Image.Image or ndarray
        The images.
    looks : SecondLooks, optional
        Who looks at the files; None for this process.

    Returns
    -------
    tuple of PIL.Image.Image
        Both upright, 400 pixels high (pictures more than four times as wide as high are 1,600 wide and lower), and the
        difference of their brightness, four times as bright, in the frame of the first; RGB.
    """
    looks = looks or SecondLooks(workers=1)
    one, other = (looks(_panel, contents(image), max_pixels=looks.options.max_pixels) for image in (first, second))
    gray = [one.convert("L"), other.resize(one.size).convert("L")]
    off = ImageChops.difference(*gray).point([min(level * STRETCH, 255) for level in range(256)])
    return one, other, off.convert("RGB")


def _panel(file: File, *, max_pixels: int) -> Image.Image:
    with decode.opened(*file, truncated=False, max_pixels=max_pixels) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    flat = Image.new("RGBA", upright.size, "white")
    flat.alpha_composite(upright)
    scale = min(ROW_HEIGHT / flat.height, MOST_WIDTH / flat.width)
    size = max(round(flat.width * scale), 1), max(round(flat.height * scale), 1)
    return flat.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def side_by_side(shown: Sequence[Image.Image]) -> Image.Image:
    """Draw pictures beside each other.

    Parameters
    ----------
    shown : sequence of PIL.Image.Image
        From `panels`.

    Returns
    -------
    PIL.Image.Image
        A row 400 pixels high; RGB.
    """
    row = Image.new("RGB", (sum(part.width for part in shown) + 10 * (len(shown) - 1), ROW_HEIGHT), "white")
    left = 0
    for part in shown:
        row.paste(part, (left, (ROW_HEIGHT - part.height) // 2))
        left += part.width + 10
    return row


def usual() -> list[str]:
    """Return the algorithms that make one hash of an image.

    Returns
    -------
    list of str
        In the order of the table.

    Examples
    --------
    >>> usual()[:3]
    ['ahash', 'mhash', 'dhash']
    """
    return [row.name for row in hashes.ALGORITHMS.values() if not row.several]


def _plain(evidence: Any, *, swapped: bool) -> dict[str, Any]:
    """Return the evidence as plain values: where the one picture lies in the other, and how tone and tiles compare."""
    sides = (1, 0) if swapped else (0, 1)
    inner = NAMES[sides[int(evidence["inner"])]]
    boxes = [evidence["left_box"].tolist(), evidence["right_box"].tolist()]
    unit = 1 << MAP_BITS
    level, contrast = ([int(value) / 64 for value in evidence[name]] for name in ("level", "contrast"))
    return {
        "inner": inner,
        "map": [[value / unit for value in row] for row in evidence["map"].tolist()],
        "turn": int(evidence["turn"]),
        "compared": {NAMES[side]: boxes[side if not swapped else 1 - side] for side in (0, 1)},
        "side": int(evidence["side"]),
        "tiles": int(evidence["tiles"]),
        "changed": int(evidence["changed"]),
        "unexplained": int(evidence["unexplained"]) / 1024,
        "brightness": {"inner": level[0], "outer": level[1]},
        "contrast": {"inner": contrast[0], "outer": contrast[1]},
        "difference": int(evidence["difference"]) / 64,
        "colour": int(evidence["colour"]) / 64,
        "two_exposures": bool(evidence["two_exposures"]),
    }
