"""The fast hashes in plain Python integers, written from docs/hash-spec.md alone: slow and obvious.

Nothing here imports the library. A picture is a list of rows, each a list of gray levels or of (R, G, B) or
(R, G, B, A) tuples.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache

Plane = list[list[int]]
Picture = Sequence[Sequence[int | tuple[int, ...]]]

SIDE = 64
ONE = 16384
SIZES: dict[str, tuple[int, ...]] = {
    "ahash": (8, 4, 16),
    "mhash": (8, 4, 16),
    "dhash": (8, 4, 16),
    "dhash_vertical": (8, 4, 16),
    "phash": (8, 4, 16),
    "phash_simple": (8, 4, 16),
    "whash": (8, 4, 16),
    "whash8": (8,),
    "pdq": (16,),
}
"""Sizes of every algorithm, the default first."""


def clip(value: int) -> int:
    """Limit a level to 0..255."""
    return min(255, max(0, value))


# 1. Luma


def over_white(level: int, alpha: int) -> int:
    """Lay one channel over white."""
    t = level * alpha + 128
    m = ((t >> 8) + t) >> 8
    return clip(m + 255 - alpha)


def gray(pixel: int | tuple[int, ...]) -> int:
    """Return the luma of one pixel."""
    if isinstance(pixel, int):
        return pixel
    red, green, blue = pixel[:3] if len(pixel) == 3 else (over_white(level, pixel[3]) for level in pixel[:3])
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16


def block_means(plane: Plane) -> Plane:
    """Return the mean of every 8x8 block, rounded."""
    height, width = len(plane), len(plane[0])
    means = []
    for top in range(0, height, 8):
        row = []
        for left in range(0, width, 8):
            block = [level for line in plane[top : top + 8] for level in line[left : left + 8]]
            row.append((2 * sum(block) + len(block)) // (2 * len(block)))
        means.append(row)
    return means


def plane_of(picture: Picture) -> tuple[Plane, int]:
    """Return the plane of a picture of a lossless format, and its unit."""
    plane = [[gray(pixel) for pixel in row] for row in picture]
    blocks = -(-min(len(plane), len(plane[0])) // 8)
    return (block_means(plane), 8) if blocks >= 24 else (plane, 1)


# 2. Resampling


def sinc(x: float) -> float:
    """Return sin(pi x) / (pi x)."""
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


@cache
def kernel() -> list[int]:
    """Return K."""
    table = [round(65536 * sinc(k / 1024) * sinc(k / 3072)) for k in range(3073)]
    assert table[3072] == 0
    return table


@cache
def weights(length: int, extent: int, unit: int, side: int) -> list[list[int]]:
    """Return one row of `length` weights for each of the `side` outputs."""
    wide = max(extent, side * unit)
    rows = []
    for o in range(side):
        raw = [
            kernel()[min(3072, (1024 * abs((2 * i + 1) * side * unit - (2 * o + 1) * extent) + wide) // (2 * wide))]
            for i in range(length)
        ]
        total = sum(raw)
        row = [(2 * ONE * r + total) // (2 * total) for r in raw]
        row[row.index(max(row))] += ONE - sum(row)
        rows.append(row)
    return rows


def along(lines: Plane, table: list[list[int]]) -> Plane:
    """Return every line resampled: one rounded sum for each output."""
    sparse = [[(i, w) for i, w in enumerate(row) if w] for row in table]
    return [[(sum(w * line[i] for i, w in row) + 8192) // ONE for row in sparse] for line in lines]


def turned_over(rows: Plane) -> Plane:
    """Exchange rows and columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def resample(plane: Plane, extent: tuple[int, int], unit: int, size: tuple[int, int]) -> Plane:
    """Resample a plane to (width, height) in two passes: along the rows, then along the columns."""
    across = along(plane, weights(len(plane[0]), extent[0], unit, size[0]))
    down = along(turned_over(across), weights(len(plane), extent[1], unit, size[1]))
    return [[clip(level) for level in row] for row in turned_over(down)]


def thumbnail(picture: Picture, orientation: int = 1) -> Plane:
    """Return the 64x64 luma of a picture, upright."""
    plane, unit = plane_of(picture)
    return upright(resample(plane, (len(picture[0]), len(picture)), unit, (SIDE, SIDE)), orientation)


def upright(rows: Plane, orientation: int) -> Plane:
    """Turn a square plane as EXIF orientation says."""
    n = len(rows) - 1
    source: Callable[[int, int], tuple[int, int]] = {
        1: lambda y, x: (y, x),
        2: lambda y, x: (y, n - x),
        3: lambda y, x: (n - y, n - x),
        4: lambda y, x: (n - y, x),
        5: lambda y, x: (x, y),
        6: lambda y, x: (n - x, y),
        7: lambda y, x: (n - x, n - y),
        8: lambda y, x: (x, n - y),
    }[orientation]
    return [[rows[source(y, x)[0]][source(y, x)[1]] for x in range(n + 1)] for y in range(n + 1)]


def small(luma: Plane, width: int, height: int) -> Plane:
    """Return the thumbnail as a smaller picture."""
    return resample(luma, (SIDE, SIDE), 1, (width, height))


# 3. Bits


def text(bits: list[bool]) -> str:
    """Return bits as hexadecimal digits, the first bit most significant."""
    number = 0
    for bit in bits:
        number = 2 * number + bit
    return f"{number:0{len(bits) // 4}x}"


def flat(rows: Plane) -> list[int]:
    """Return all values, row by row."""
    return [value for row in rows for value in row]


def above_median(values: list[int]) -> list[bool]:
    """Return which values lie above the mean of the two middle ones."""
    ordered = sorted(values)
    a, b = ordered[len(values) // 2 - 1], ordered[len(values) // 2]
    return [2 * value > a + b for value in values]


def above_mean(values: list[int]) -> list[bool]:
    """Return which values lie above the mean."""
    return [len(values) * value > sum(values) for value in values]


@cache
def cosine(u: int, x: int, points: int) -> int:
    """Return B(u, x) for `points` points."""
    return round(1024 * math.cos(math.pi * u * (2 * x + 1) / (2 * points)))


def spectrum(luma: Plane) -> dict[tuple[int, int], int]:
    """Return C(u, v) of a thumbnail for 0 <= u, v <= 16."""
    across = [[sum(cosine(v, x, SIDE) * row[x] for x in range(SIDE)) for v in range(17)] for row in luma]
    return {(u, v): sum(cosine(u, y, SIDE) * across[y][v] for y in range(SIDE)) for u in range(17) for v in range(17)}


def turned(values: dict[tuple[int, int], int], orientation: int) -> dict[tuple[int, int], int]:
    """Return C of the thumbnail turned as EXIF orientation says."""
    if orientation >= 5:
        values = {(v, u): value for (u, v), value in values.items()}
    if orientation in (2, 3, 6, 7):
        values = {(u, v): -value if v % 2 else value for (u, v), value in values.items()}
    if orientation in (3, 4, 7, 8):
        values = {(u, v): -value if u % 2 else value for (u, v), value in values.items()}
    return values


def phash_bits(values: dict[tuple[int, int], int], s: int) -> list[bool]:
    """Return the bits of phash from C."""
    return above_median([values[u, v] for u in range(s) for v in range(s)])


def pdq_bits(values: dict[tuple[int, int], int]) -> list[bool]:
    """Return the bits of pdq from C."""
    chosen = [values[u, v] for u in range(1, 17) for v in range(1, 17)]
    m = sorted(chosen)[128 - 1]
    return [value > m for value in chosen][::-1]


def simple_bits(luma: Plane, s: int) -> list[bool]:
    """Return the bits of phash_simple."""
    n = 4 * s
    rows = small(luma, n, n)[:s]
    return above_mean([sum(cosine(v, x, n) * row[x] for x in range(n)) for row in rows for v in range(1, s + 1)])


def square_sums(luma: Plane, s: int) -> list[int]:
    """Return the sums of s rows of s squares."""
    k = SIDE // s
    return [sum(sum(row[k * j : k * j + k]) for row in luma[k * i : k * i + k]) for i in range(s) for j in range(s)]


def bits_of(luma: Plane, algorithm: str, s: int) -> list[bool]:
    """Return the bits of a thumbnail's hash."""
    if algorithm == "ahash":
        return above_mean(flat(small(luma, s, s)))
    if algorithm in ("mhash", "whash8"):
        return above_median(flat(small(luma, s, s)))
    if algorithm == "dhash":
        return [row[x + 1] > row[x] for row in small(luma, s + 1, s) for x in range(s)]
    if algorithm == "dhash_vertical":
        rows = small(luma, s, s + 1)
        return [rows[y + 1][x] > rows[y][x] for y in range(s) for x in range(s)]
    if algorithm == "whash":
        return above_median(square_sums(luma, s))
    if algorithm == "phash_simple":
        return simple_bits(luma, s)
    values = spectrum(luma)
    return phash_bits(values, s) if algorithm == "phash" else pdq_bits(values)


def hash_of(luma: Plane, algorithm: str, s: int) -> str:
    """Return the hexadecimal text of a thumbnail's hash."""
    return text(bits_of(luma, algorithm, s))


def turned_hashes(luma: Plane, algorithm: str, s: int) -> list[str]:
    """Return the texts of phash or pdq of the thumbnail turned eight ways, from one transform."""
    values = spectrum(luma)
    ways = [turned(values, orientation) for orientation in range(1, 9)]
    return [text(phash_bits(way, s) if algorithm == "phash" else pdq_bits(way)) for way in ways]


# 4. Detail


def detail(luma: Plane) -> int:
    """Return how much structure a thumbnail has, 0..100."""
    total = 0
    for lines in (luma, turned_over(luma)):
        for line in lines:
            for p, q, r in zip(line, line[1:], line[2:], strict=False):
                total += abs(p - 2 * q + r) * 100 // 255
    return min(100, total // 90)
