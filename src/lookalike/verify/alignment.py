"""Where one picture lies in the other: an affine map between two planes, found by least squares.

The map is refined from coarse to fine by Gauss-Newton steps (Lucas and Kanade, *An Iterative Image Registration Technique*,
1981; with the mean of both gradients, Benhimane and Malis, *Real-time image-based tracking of planes*, 2004), blind to
brightness and contrast, and with differences clipped so that what was put over a picture does not pull. All sums are
of integers. The few steps in between, the solution of six equations and the composition of two maps, use only the four basic
operations on doubles in a written order, which every machine rounds alike; so any two implementations agree to the bit.
"""

import numpy as np
from numpy.typing import NDArray

from lookalike.model import THUMBNAIL_SIDE

Plane = NDArray[np.int64]
Map = NDArray[np.float64]

COARSEST = 16
"""Side of the smallest plane of a pyramid."""
VALUE_BITS = 6
"""Bits behind the point of a value."""
POSITION_BITS = 17
"""Bits behind the point of a position in pixels."""
UNIT = 64
"""One standard deviation of a plane in a step."""
MOST_VALUE = 255
"""How far off zero values of a step may be: about four standard deviations."""
MOST_DIFFERENCE = 64
"""Where differences are clipped: one standard deviation."""
MOST_TURN, MOST_SHIFT = 0.3, 8.0
"""What one step may change: factors, and pixels of a thumbnail."""
STEPS = {16: 6, 32: 4, 64: 1, 128: 2, 256: 2}
"""Most steps on planes of a side."""
STILL = 1 / 32
"""Pixels of the plane; where the corners move less than this, they are left alone."""
DAMPING = 1 + 1 / 256
"""Factor on the diagonal of the equations."""
BOUNDS = np.array([4.0, 4.0, 128.0])
"""Factors, and shifts in pixels of a thumbnail, that no map exceeds."""
IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def pyramid(luma: NDArray[np.uint8]) -> dict[int, Plane]:
    """Return planes at their side and at every half of it down to `COARSEST`.

    Each halving weighs four neighbours per axis by 1, 3, 3, 1: unlike a plain mean, that leaves little of the detail
    above the new resolution, which only the sharper of two planes has.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, side, side)
        Planes of a power of two a side.

    Returns
    -------
    dict of int to ndarray of int64, shape (n, side, side)
        By side; values in 1/64 of a level.

    Examples
    --------
    >>> pyramid(np.full((1, 32, 32), 3, np.uint8))[16][0, 0, 0] / 64
    np.float64(3.0)
    """
    planes = {luma.shape[1]: luma.astype(np.int64) << VALUE_BITS}
    side = luma.shape[1]
    while side > COARSEST:
        wide = np.pad(planes[side], ((0, 0), (1, 1), (0, 0)), mode="edge")
        rows = 3 * (wide[:, 1:-1:2] + wide[:, 2::2]) + wide[:, :-2:2] + wide[:, 3::2]
        wide = np.pad(rows, ((0, 0), (0, 0), (1, 1)), mode="edge")
        both = 3 * (wide[:, :, 1:-1:2] + wide[:, :, 2::2]) + wide[:, :, :-2:2] + wide[:, :, 3::2]
        side //= 2
        planes[side] = (both + 32) >> 6
    return planes


def sample(plane: Plane, maps: Map, side: int) -> tuple[Plane, NDArray[np.bool_]]:
    """Look up planes where maps say.

    Parameters
    ----------
    plane : ndarray of int64, shape (n, s, s)
        Where to look.
    maps : ndarray of float64, shape (n, 2, 3)
        From positions in a plane of `side` to positions in `plane`, both from the middle and in units of
        1/64 of the side: ``x' = maps[0, 0] * x + maps[0, 1] * y + maps[0, 2]``.
    side : int
        Side of the results.

    Returns
    -------
    values : ndarray of int64, shape (n, side, side)
        Interpolated between four neighbours.
    inside : ndarray of bool, shape (n, side, side)
        Where the position lies in the plane.

    Examples
    --------
    >>> values, inside = sample(np.full((1, 16, 16), 64), IDENTITY[np.newaxis], 16)
    >>> int(values.min()), bool(inside.all())
    (64, True)
    """
    size = plane.shape[1]
    factor = np.rint(maps[:, :, :2] * (size / side) * (1 << (POSITION_BITS - 1))).astype(np.int64)
    shift = np.rint((maps[:, :, 2] * (size / THUMBNAIL_SIDE) + (size / 2 - 0.5)) * (1 << POSITION_BITS)).astype(
        np.int64
    )
    middle = 2 * np.arange(side) + 1 - side
    x, y = (
        factor[:, axis, 0, None, None] * middle
        + factor[:, axis, 1, None, None] * middle[:, None]
        + shift[:, axis, None, None]
        for axis in (0, 1)
    )
    last, half = (size - 1) << POSITION_BITS, 1 << (POSITION_BITS - 1)
    inside = (x >= -half) & (x <= last + half) & (y >= -half) & (y <= last + half)
    x, y = np.clip(x, 0, last - 1), np.clip(y, 0, last - 1)
    right, below = x >> (POSITION_BITS - 8) & 255, y >> (POSITION_BITS - 8) & 255
    at = ((y >> POSITION_BITS) * size + (x >> POSITION_BITS)).reshape(len(plane), side * side)
    flat = plane.reshape(len(plane), size * size)
    four = [np.take_along_axis(flat, at + step, axis=1).reshape(x.shape) for step in (0, 1, size, size + 1)]
    upper = four[0] * (256 - right) + four[1] * right
    lower = four[2] * (256 - right) + four[3] * right
    return (upper * (256 - below) + lower * below + (1 << 15)) >> 16, inside


def standard(values: Plane, inside: NDArray[np.bool_]) -> Plane:
    """Centre planes and scale them to one contrast.

    Parameters
    ----------
    values : ndarray of int64, shape (n, side, side)
        Planes.
    inside : ndarray of bool, shape (n, side, side)
        Which values count.

    Returns
    -------
    ndarray of int64, shape (n, side, side)
        `UNIT` for one standard deviation, at most `MOST_VALUE` off zero.

    Examples
    --------
    >>> standard(np.array([[[0, 640]]]), np.ones((1, 1, 2), np.bool_)).tolist()
    [[[-64, 63]]]
    """
    count = np.maximum(inside.sum(axis=(1, 2)), 1)
    held = values * inside
    total, squares = held.sum(axis=(1, 2)), (held * held).sum(axis=(1, 2))
    spread = np.maximum(roots(count * squares - total * total) // count, 1 << VALUE_BITS)
    gain = (UNIT << 16) // spread
    centred = values - (total // count)[:, None, None]
    scaled: Plane = np.clip(centred * gain[:, None, None] >> 16, -MOST_VALUE, MOST_VALUE)
    return scaled


def roots(squares: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return whole square roots, rounded down.

    Parameters
    ----------
    squares : ndarray of int64
        0 to 2**62.

    Returns
    -------
    ndarray of int64
        Of the same shape.

    Examples
    --------
    >>> roots(np.array([15, 16, (1 << 62) - 1])).tolist()
    [3, 4, 2147483647]
    """
    root: NDArray[np.int64] = np.sqrt(squares.astype(np.float64)).astype(np.int64)
    root -= root * root > squares  # a double may round up
    root += (root + 1) * (root + 1) <= squares
    return root


def step(left: Plane, right: Plane, maps: Map) -> tuple[Map, NDArray[np.float64]]:
    """Improve maps once.

    Parameters
    ----------
    left, right : ndarray of int64, shape (n, side, side)
        Planes of one side.
    maps : ndarray of float64, shape (n, 2, 3)
        From positions in `right` to positions in `left`, as `sample` takes them.

    Returns
    -------
    maps : ndarray of float64, shape (n, 2, 3)
        The better maps.
    moved : ndarray of float64, shape (n,)
        How far at most a corner moved, in pixels of a thumbnail.
    """
    count, side = len(left), left.shape[1]
    seen, inside = sample(left, maps, side)
    one, other = standard(seen, inside), standard(right, inside)
    inner = np.zeros_like(inside)
    inner[:, 1:-1, 1:-1] = (
        inside[:, 1:-1, 1:-1] & inside[:, 1:-1, 2:] & inside[:, 1:-1, :-2] & inside[:, 2:, 1:-1] & inside[:, :-2, 1:-1]
    )
    both = one + other
    along, down = np.zeros_like(both), np.zeros_like(both)
    along[:, :, 1:-1] = both[:, :, 2:] - both[:, :, :-2] >> 2
    down[:, 1:-1] = both[:, 2:] - both[:, :-2] >> 2
    off = np.clip(other - one, -MOST_DIFFERENCE, MOST_DIFFERENCE) * inner
    along, down = along * inner, down * inner

    place = np.arange(side) - side // 2
    x, y = np.broadcast_to(place, (side, side)), np.broadcast_to(place[:, None], (side, side))
    powers = np.stack([x * x, x * y, y * y, x, y, np.ones_like(x)]).reshape(6, -1).T.astype(np.float64)

    def products(one: Plane, other: Plane) -> NDArray[np.float64]:
        return (one * other).reshape(count, side * side).astype(
            np.float64
        ) @ powers  # integers below 2**53: exact in any order

    sums = [products(along, along), products(along, down), products(down, down)]
    rest = [products(along, off)[:, 3:], products(down, off)[:, 3:]]
    change = _solve(sums, rest)

    # The sums took positions from the corner of the middle pixel; maps take them from the middle itself.
    change[:, :, 2] = change[:, :, 2] - 0.5 * (change[:, :, 0] + change[:, :, 1])
    change[:, :, :2] = np.clip(change[:, :, :2], -MOST_TURN, MOST_TURN)
    change[:, :, 2] = np.clip(change[:, :, 2] * (THUMBNAIL_SIDE / side), -MOST_SHIFT, MOST_SHIFT)
    size = np.abs(change)
    moved = (size[:, 0, 0] + size[:, 0, 1] + (size[:, 1, 0] + size[:, 1, 1])) * 32.0 + (size[:, 0, 2] + size[:, 1, 2])
    return composed(maps, change), moved


def composed(maps: Map, change: Map) -> Map:
    """Return what maps become when a small change comes before them.

    Parameters
    ----------
    maps, change : ndarray of float64, shape (n, 2, 3)
        Maps, and what is added to the identity to make the other.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        ``maps(position + change(position))``.

    Examples
    --------
    >>> float(composed(IDENTITY[np.newaxis], np.full((1, 2, 3), 0.5))[0, 0, 2])
    0.5
    """
    first, second = maps[:, :, :1], maps[:, :, 1:2]
    made = maps + (first * change[:, :1] + second * change[:, 1:])
    return np.clip(made, -BOUNDS, BOUNDS)


def _solve(sums: list[NDArray[np.float64]], rest: list[NDArray[np.float64]]) -> Map:
    """Solve the six equations of each pair by an LDL factorisation, damped."""
    count = len(rest[0])
    # Unknowns: what x gains for each x, y and 1; what y gains for each x, y and 1.
    cell = np.array([[0, 1, 3], [1, 2, 4], [3, 4, 5]])
    rows: list[list[NDArray[np.float64]]] = [
        [sums[i // 3 + j // 3][:, cell[i % 3, j % 3]] for j in range(6)] for i in range(6)
    ]
    wanted = [rest[i // 3][:, i % 3] for i in range(6)]
    for i in range(6):
        rows[i][i] = rows[i][i] * DAMPING + 1.0
    lower: list[list[NDArray[np.float64]]] = [[np.zeros(count)] * 6 for _ in range(6)]
    pivot = [np.zeros(count)] * 6
    for j in range(6):
        value = rows[j][j]
        for k in range(j):
            value = value - lower[j][k] * lower[j][k] * pivot[k]
        pivot[j] = np.maximum(value, 1.0)
        for i in range(j + 1, 6):
            value = rows[i][j]
            for k in range(j):
                value = value - lower[i][k] * lower[j][k] * pivot[k]
            lower[i][j] = value / pivot[j]
    found = list(wanted)
    for i in range(6):
        for k in range(i):
            found[i] = found[i] - lower[i][k] * found[k]
    for i in range(6):
        found[i] = found[i] / pivot[i]
    for i in reversed(range(6)):
        for k in range(i + 1, 6):
            found[i] = found[i] - lower[k][i] * found[k]
    return np.stack(found, axis=1).reshape(count, 2, 3)


def align(left: dict[int, Plane], right: dict[int, Plane], maps: Map, sides: tuple[int, ...]) -> Map:
    """Refine maps from coarse planes to fine ones.

    Parameters
    ----------
    left, right : dict of int to ndarray of int64, shape (n, side, side)
        Pyramids.
    maps : ndarray of float64, shape (n, 2, 3)
        Where to begin.
    sides : tuple of int
        Sides to go through, in that order.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        From positions in the right planes to positions in the left ones.

    Examples
    --------
    >>> luma = np.random.default_rng(0).integers(0, 256, (1, 8, 8), np.uint8).repeat(8, 1).repeat(8, 2)
    >>> planes = pyramid(luma)
    >>> bool(np.abs(align(planes, planes, IDENTITY[np.newaxis], (16, 32)) - IDENTITY).max() < 0.01)
    True
    """
    maps = maps.copy()
    for side in sides:
        going = np.arange(len(maps))
        for _ in range(STEPS[side]):
            maps[going], moved = step(left[side][going], right[side][going], maps[going])
            going = going[moved > STILL * (THUMBNAIL_SIDE / side)]
            if not len(going):
                break
    return maps
