"""Two images side by side: distances by every algorithm, and what verification says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageOps

from lookalike import bits, decode, hashes, verify
from lookalike.columns import Facts
from lookalike.confirming import look
from lookalike.errors import DecodeError, UsageError
from lookalike.hashes import crops
from lookalike.hashing import hash_image
from lookalike.judging import PIXEL_SIDE, finer, pictures_of, settle
from lookalike.model import MIN_DETAIL, Thumbnail, Tier
from lookalike.pictures import ImageSource, contents, picture
from lookalike.verify.evidence import MAP_BITS
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import WHOLE, Pictures

ROW_HEIGHT, MOST_WIDTH = 400, 1600
"""Height in pixels of the pictures that are shown side by side, and the width up to which they have it."""
STRETCH = 4
"""How much a difference map is brightened."""


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


def compare(
    first: ImageSource, second: ImageSource, *, algorithms: Sequence[str] | None = None, decoding: str = "full"
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
    if decoding not in ("full", "fast"):
        raise UsageError(f"decoding must be full or fast, got {decoding!r}")
    files = [contents(image) for image in (first, second)]
    distances = tuple(_distance(name, files, decoding) for name in algorithms or _usual())
    if files[0][0] == files[1][0]:
        return Comparison(Tier.EXACT, 1.0, "identical bytes", distances, {})
    made = [decode.decode(data, name) for data, name in files]
    facts = _facts(files, made)
    if _have_equal_pixels(files, facts):
        lacks = {
            f"{name}_lacks": list(verify.lacking(facts, at, 1 - at, Tier.EXACT, None, left=True))
            for at, name in enumerate(("first", "second"))
        }
        return Comparison(Tier.EXACT, 1.0, verify.equality(facts, 0, 1), distances, lacks)
    if min(thumbnail.detail for thumbnail in made) < MIN_DETAIL:
        return Comparison(Tier.NONE, 0.0, "too little detail to compare", distances, {})
    small, found, left = _verdict(files, made, facts)
    tier = Tier(int(found.tier[0]))
    two = bool(Exposures(facts).differ(np.array([0]), np.array([1]))[0])
    found.evidence["two_exposures"] = two
    tier = max(tier, Tier.SIMILAR) if two else tier
    closest: dict[str, Any] = {}
    if tier is Tier.COPY:
        last = look(
            (files[left], files[1 - left]), small.take(np.array([left, 1 - left])), int(found.evidence["turn"][0])
        )
        closest = {"last_look": {"side": last.side, "tiles": last.tiles, "changed": last.changed}}
        tier = Tier.COPY if last.same else Tier.EDIT
    said = verify.relation(facts, 0, 1, tier, found.evidence[0], left=left == 0) if tier < Tier.NONE else "not alike"
    evidence = _plain(found.evidence[0], swapped=left == 1) | {
        f"{name}_lacks": list(verify.lacking(facts, at, 1 - at, tier, found.evidence[0], left=left == at))
        for at, name in enumerate(("first", "second"))
    }
    return Comparison(tier, int(found.score[0]) / 1000, said, distances, evidence | closest)


def side_by_side(first: ImageSource, second: ImageSource) -> Image.Image:
    """Draw two images beside each other, and how they differ.

    Parameters
    ----------
    first, second : path, bytes, file object, PIL.Image.Image or ndarray
        The images.

    Returns
    -------
    PIL.Image.Image
        Both upright, 400 pixels high (pictures more than four times as wide as high are 1,600 wide and lower), and the
        difference of their brightness, four times as bright, in the frame of the first; RGB.
    """
    shown = []
    for image in (first, second):
        with picture(image) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
        flat = Image.new("RGBA", upright.size, "white")
        flat.alpha_composite(upright)
        scale = min(ROW_HEIGHT / flat.height, MOST_WIDTH / flat.width)
        size = max(round(flat.width * scale), 1), max(round(flat.height * scale), 1)
        shown.append(flat.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    gray = [shown[0].convert("L"), shown[1].resize(shown[0].size).convert("L")]
    off = ImageChops.difference(*gray).point([min(level * STRETCH, 255) for level in range(256)])
    shown.append(off.convert("RGB"))
    row = Image.new("RGB", (sum(part.width for part in shown) + 20, ROW_HEIGHT), "white")
    left = 0
    for part in shown:
        row.paste(part, (left, (ROW_HEIGHT - part.height) // 2))
        left += part.width + 10
    return row


def _usual() -> list[str]:
    return [row.name for row in hashes.ALGORITHMS.values() if not row.several]


def _distance(name: str, files: list[tuple[bytes, str]], decoding: str) -> Distance:
    row = hashes.algorithm(name)
    if row.several:
        raise UsageError(f"{name} makes a hash of each part of an image, which have no distance of their own")
    made = [hash_image(data, name, decode=decoding if decoding in row.ways else None) for data, _ in files]
    return Distance(name, made[0].spec.bits, made[0] - made[1])


def _facts(files: list[tuple[bytes, str]], made: list[Thumbnail]) -> Facts:
    columns = {
        name: np.array([getattr(thumbnail, name) or 0 for thumbnail in made])
        for name in ("width", "height", "frames", "depth", "detail", "alpha", "colour", "lossless", "quality")
    }
    return Facts(
        id=np.arange(2), size=np.array([len(data) for data, _ in files]), **columns,
        format=[thumbnail.format for thumbnail in made], captured=[thumbnail.captured or "" for thumbnail in made],
        exif=[thumbnail.exif for thumbnail in made], digest=[blake3(data).digest() for data, _ in files],
    )  # fmt: skip


def _have_equal_pixels(files: list[tuple[bytes, str]], facts: Facts) -> bool:
    """Say whether a full decode of both comes to the same; it is spared where the facts already differ."""
    if any(
        len(np.unique(column)) > 1 for column in (facts.width, facts.height, facts.frames, facts.alpha, facts.depth)
    ):
        return False
    try:
        one, other = (decode.pixels_of(data, name).digest for data, name in files)
    except DecodeError:
        return False  # what cannot be decoded as a whole is equal to nothing
    return one == other


def _verdict(
    files: list[tuple[bytes, str]], made: list[Thumbnail], facts: Facts
) -> tuple[Pictures, verify.Verdicts, int]:
    """Verify two files on their thumbnails and on their pixels; say which of them is the left one."""
    left = min((0, 1), key=lambda at: (-made[at].width * made[at].height, facts.digest[at]))
    luma, chroma = (np.stack([getattr(thumbnail, name) for thumbnail in made]) for name in ("luma", "chroma"))
    small = pictures_of(luma, chroma, facts.width, facts.height)
    pair = np.array([left]), np.array([1 - left])
    hints = _hints(luma[[left, 1 - left]])
    found = verify.verify(small, *pair, hints)
    planes = [decode.planes(data, name, PIXEL_SIDE) for data, name in files]
    fine = finer(small, np.stack([luma for luma, _ in planes]), np.stack([chroma for _, chroma in planes]))
    settle(found, np.array([0]), verify.verify(fine, *pair, hints))
    return small, found, left


def _hints(luma: NDArray[np.uint8]) -> verify.Hints:
    """Return every turn, and of each of two pictures the crop whose hash is nearest to that of the other."""
    turns = np.arange(2, 9, dtype=np.uint8)
    crop = crops.hash_boxes(luma, crops.CROPS)
    other = crops.hash_boxes(luma[::-1], WHOLE[np.newaxis])
    nearest = crops.CROPS[bits.distance(crop, other).argmin(axis=1)]
    boxes = np.broadcast_to(WHOLE, (2, len(turns) + 2, 4)).copy()
    boxes[0, -2], boxes[1, -1] = nearest
    ways = np.concatenate([turns, np.ones(2, np.uint8)])
    return verify.Hints(np.zeros(len(ways), np.int64), ways, *boxes)


def _plain(evidence: Any, *, swapped: bool) -> dict[str, Any]:
    """Return the evidence as plain values: where the one picture lies in the other, and how tone and tiles compare."""
    sides = (1, 0) if swapped else (0, 1)
    names = ("first", "second")
    inner = names[sides[int(evidence["inner"])]]
    boxes = [evidence["left_box"].tolist(), evidence["right_box"].tolist()]
    unit = 1 << MAP_BITS
    level, contrast = ([int(value) / 64 for value in evidence[name]] for name in ("level", "contrast"))
    return {
        "inner": inner,
        "map": [[value / unit for value in row] for row in evidence["map"].tolist()],
        "turn": int(evidence["turn"]),
        "compared": {names[side]: boxes[side if not swapped else 1 - side] for side in (0, 1)},
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
