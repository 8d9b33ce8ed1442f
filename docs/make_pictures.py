"""Draw the pictures of how-hashes-work.md: ``python docs/make_pictures.py`` (needs scikit-image).

Each strip shows what an algorithm sees. What is drawn is checked: the bits are those of the program.
"""

import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pywt
import scipy.fft
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

import lookalike as la

FOLDER = Path(__file__).with_name("images")
SIDE, GAP, LINE = 176, 24, 26
"""Of a square and between squares, and the height of a line of text, in pixels."""
INK, PAPER, RED = (30, 30, 30), (255, 255, 255), (214, 60, 50)

Values = NDArray[np.float64]
Bits = NDArray[np.bool_]
Tile = tuple[str, Image.Image]


def reduced(gray: Image.Image, width: int, height: int) -> Values:
    """Return a gray picture in few pixels."""
    return np.asarray(gray.resize((width, height), Image.Resampling.LANCZOS), np.float64)


def average(gray: Image.Image) -> tuple[Values, Bits]:
    """Return pixels, and which are brighter than their mean."""
    small = reduced(gray, 8, 8)
    return small, small > small.mean()


def median(gray: Image.Image) -> tuple[Values, Bits]:
    """Return pixels, and which are brighter than their median."""
    small = reduced(gray, 8, 8)
    return small, small > np.median(small)


def difference(gray: Image.Image) -> tuple[Values, Bits]:
    """Return pixels, and which are brighter than their left neighbour."""
    small = reduced(gray, 9, 8)
    return small, small[:, 1:] > small[:, :-1]


def frequencies(gray: Image.Image) -> tuple[Values, Bits]:
    """Return the lowest frequencies, and which are above their median."""
    low = scipy.fft.dct(scipy.fft.dct(reduced(gray, 32, 32), axis=0), axis=1)[:8, :8]
    return low, low > np.median(low)


def wavelet(gray: Image.Image) -> tuple[Values, Bits]:
    """Return the lowest band of a Haar transform without its mean, and what of it is above its median."""
    side = 2 ** int(np.log2(min(gray.size)))
    coefficients = pywt.wavedec2(reduced(gray, side, side) / 255, "haar", level=int(np.log2(side)))
    coefficients[0] = np.zeros_like(coefficients[0])
    band = pywt.wavedec2(pywt.waverec2(coefficients, "haar"), "haar", level=int(np.log2(side)) - 3)[0]
    return band, band > np.median(band)


def tile(values: NDArray[np.float64] | Bits, *, signed: bool = False) -> Image.Image:
    """Return values as squares: black the least, white the greatest; signed ones by the root of their size, gray for zero."""
    shown = np.asarray(values, np.float64)
    if signed:
        shown = np.sign(shown) * np.sqrt(np.abs(shown))
        shown = np.clip(shown / np.sort(np.abs(shown).ravel())[-4], -1, 1)
        shown = (shown + 1) / 2
    else:
        shown = (shown - shown.min()) / (np.ptp(shown) or 1)
    picture = Image.fromarray((shown * 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return framed(picture.convert("RGB"))


def framed(picture: Image.Image) -> Image.Image:
    """Return a picture with a thin border, so that white ends somewhere."""
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width - 1, picture.height - 1), outline=(160, 160, 160))
    return picture


def differing(bits: Bits, reference: Bits) -> Image.Image:
    """Return bits as squares, red where they are not those of the reference."""
    colours = np.where(bits[..., np.newaxis], 255, 0).astype(np.uint8).repeat(3, axis=-1)
    colours[bits != reference] = RED
    return framed(Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.NEAREST))


def photo(picture: Image.Image) -> Image.Image:
    """Return a picture as a square, as hashes see it: stretched."""
    return framed(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def strip(*tiles: Tile) -> Image.Image:
    """Return squares beside each other, with text below each."""
    lines = max(text.count("\n") + 1 for text, _ in tiles)
    canvas = Image.new("RGB", (len(tiles) * (SIDE + GAP) - GAP, SIDE + 6 + lines * (LINE - 4)), PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, (text, picture) in enumerate(tiles):
        at = number * (SIDE + GAP)
        canvas.paste(picture, (at, 0))
        draw.multiline_text((at, SIDE + 4), text, INK, font_size=15, spacing=4)
    return canvas


ALGORITHMS: dict[str, tuple[Callable[[Image.Image], tuple[Values, Bits]], str, str, bool]] = {
    "ahash": (average, "8 x 8 pixels", "brighter than\nthe mean", False),
    "mhash": (median, "8 x 8 pixels", "brighter than\nthe median", False),
    "dhash": (difference, "9 x 8 pixels", "brighter than the\nleft neighbour", False),
    "phash": (frequencies, "8 x 8 frequencies\nof 32 x 32 pixels", "above the median", True),
    "whash": (wavelet, "lowest band of a\nHaar transform", "above the median", True),
}
"""By name: what is compared and the bits, both in words, and whether values have a sign."""


def bits_of(picture: Image.Image, algorithm: str) -> Bits:
    """Return the bits of the program."""
    return np.asarray(la.hash_image(picture, algorithm).to_array(), np.bool_)


def steps(picture: Image.Image, algorithm: str) -> tuple[Values, Bits]:
    """Return what an algorithm compares, and its bits, which must be those of the program."""
    values, bits = ALGORITHMS[algorithm][0](picture.convert("L"))
    if not np.array_equal(bits, bits_of(picture, algorithm)):
        raise AssertionError(f"{algorithm} is drawn otherwise than it is made")
    return values, bits


def page(*lines: str) -> Image.Image:
    """Return a printed form, of which only a few words differ from others of its kind."""
    paper = Image.new("RGB", (480, 480), PAPER)
    draw = ImageDraw.Draw(paper)
    draw.rectangle((30, 30, 450, 90), fill=(70, 90, 130))
    draw.text((46, 42), "INVOICE", PAPER, font_size=32)
    for number, line in enumerate(lines):
        draw.text((40, 120 + 44 * number), line, INK, font_size=26)
    draw.rectangle((30, 400, 450, 404), fill=INK)
    return paper


def main() -> None:
    """Write the pictures."""
    cat = Image.fromarray(skimage.data.chelsea())
    cup = Image.fromarray(skimage.data.coffee())
    for name, (_, compared, said, signed) in ALGORITHMS.items():
        values, bits = steps(cat, name)
        gray = cat.convert("L")
        made = strip(
            ("the picture", photo(cat)),
            ("in gray", photo(gray)),
            (compared, tile(values, signed=signed)),
            (said, tile(bits)),
        )
        made.save(FOLDER / f"hash-{name}.webp", quality=82, method=6)
    write_distance(cat, cup)
    write_limits()


def write_distance(cat: Image.Image, cup: Image.Image) -> None:
    """Draw one picture, copies of it and another one, with the bits that differ."""
    small = cat.resize((60, 40)).filter(ImageFilter.GaussianBlur(1))
    bright = cat.point(lambda level: min(255, round(level * 1.7 + 25)))
    written = cat.copy()
    ImageDraw.Draw(written).text((20, 215), "Chelsea, 2007", PAPER, font_size=60)
    reference = bits_of(cat, "phash")
    others = {
        "the picture": cat,
        "small and blurred": small,
        "brighter": bright,
        "with words": written,
        "another picture": cup,
    }
    rows = []
    for words, picture in others.items():
        bits = bits_of(picture, "phash")
        rows.append(
            (words, photo(picture), f"{np.count_nonzero(bits != reference)} of 64 bits", differing(bits, reference))
        )
    above = strip(*((words, picture) for words, picture, _, _ in rows))
    below = strip(*((distance, bits) for _, _, distance, bits in rows))
    canvas = Image.new("RGB", (above.width, above.height + below.height + 4), PAPER)
    canvas.paste(above, (0, 0))
    canvas.paste(below, (0, above.height + 4))
    canvas.save(FOLDER / "hash-distance.webp", quality=82, method=6)


def write_limits() -> None:
    """Draw two forms that a hash takes for one, and a picture with its crop that a hash takes for two."""
    one = page("Ann Miller", "12 May 2026", "3 chairs", "1 table", "Total  420.00")
    other = page("Ben Carter", "30 June 2026", "7 lamps", "2 sofas", "Total  975.50")
    cat = Image.fromarray(skimage.data.chelsea())
    crop = cat.crop((60, 30, 330, 240))
    tiles: list[Tile] = []
    for left, right in ((one, other), (cat, crop)):
        told = la.compare(left, right)
        tier = told.tier.name.lower() if told.tier else "different"
        bits = la.phash(left) - la.phash(right)
        said = textwrap.fill(f"{tier}: {told.relation}", 22)
        tiles += [("", photo(left)), (f"{bits} of 64 bits apart,\n{said}", photo(right))]
    strip(*tiles).save(FOLDER / "hash-limits.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
