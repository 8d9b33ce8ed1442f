"""What of a picture is compared: the whole of it or what a box holds, turned or as it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen
from lookalike.model import BLOCK, MIN_BLOCKS, THUMBNAIL_SIDE
from lookalike.turns import MIRRORED, TRANSPOSED, UPENDED, turned
from lookalike.verify.alignment import VALUE_BITS, Map, sample
from lookalike.verify.measuring import KERNELS

if IS_COMPILED:
    from lookalike._native import show as _show_native

Boxes = NDArray[np.int64]
WHOLE = np.array([0, 0, THUMBNAIL_SIDE, THUMBNAIL_SIDE])


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures to verify, one row each.

    Attributes
    ----------
    luma : ndarray of uint8, shape (n, side, side)
        Brightness, upright; `side` a power of two, 64 for thumbnails.
    chroma : ndarray of uint8, shape (n, 8, 8, 2)
        Cb and Cr.
    width, height : ndarray of int64, shape (n,)
        Upright size in pixels.
    box : ndarray of int64, shape (n, 4)
        Left, top, right and bottom (exclusive) of what a border surrounds, in 1/64 of the side.
    within : ndarray of uint8, shape (n, side, side)
        What the box holds; `luma` itself where there is no border.
    """

    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    width: Column
    height: Column
    box: Boxes
    within: NDArray[np.uint8]

    def take(self, rows: Column) -> "Pictures":
        """Return some of them.

        Parameters
        ----------
        rows : ndarray of int64, shape (m,)
            Which.

        Returns
        -------
        Pictures
            Row i is row ``rows[i]`` of these.
        """
        return Pictures(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Views:
    """One side of some pairs: of each a picture, and what of it is compared.

    Attributes
    ----------
    pictures : Pictures
        The pictures, as they are compared: turned, where a hint says so.
    row : ndarray of int64, shape (n,)
        Which of them each pair has.
    planes : ndarray of uint8, shape (m, side, side)
        What is measured,
    plane : ndarray of int64, shape (n,)
        and which of these each pair has.
    box : ndarray of int64, shape (n, 4)
        What of the picture that is, in 1/64 of its side.
    """

    pictures: Pictures
    row: Column
    planes: NDArray[np.uint8]
    plane: Column
    box: Boxes

    @property
    def width(self) -> Column:
        """Of the pictures, in pixels."""
        return self.pictures.width[self.row]

    @property
    def height(self) -> Column:
        """Of the pictures, in pixels."""
        return self.pictures.height[self.row]


def whole(pictures: Pictures, row: Column) -> Views:
    """Return views of whole pictures.

    Parameters
    ----------
    pictures : Pictures
        The pictures.
    row : ndarray of int64, shape (n,)
        Which of them.

    Returns
    -------
    Views
        Nothing is copied.
    """
    return Views(pictures, row, pictures.luma, row, np.broadcast_to(WHOLE, (len(row), 4)))


def bordered(pictures: Pictures, row: Column) -> Views:
    """Return views of what borders surround.

    Parameters
    ----------
    pictures : Pictures
        The pictures.
    row : ndarray of int64, shape (n,)
        Which of them.

    Returns
    -------
    Views
        Nothing is copied.
    """
    return Views(pictures, row, pictures.within, row, pictures.box[row])


def hinted(pictures: Pictures, row: Column, orientation: NDArray[np.integer], box: Boxes) -> Views:
    """Return views of pictures that are turned first and then cropped.

    Parameters
    ----------
    pictures : Pictures
        The pictures.
    row : ndarray of int64, shape (n,)
        Which of them.
    orientation : ndarray of int, shape (n,)
        EXIF orientation, 1..8.
    box : ndarray of int64, shape (n, 4)
        What of the turned picture is wanted.

    Returns
    -------
    Views
        Of each picture, turn and box once.
    """
    turns, at = np.unique(np.stack([row, orientation], axis=1), axis=0, return_inverse=True)
    made = turn(pictures.take(turns[:, 0]), turns[:, 1])
    cuts, plane = np.unique(np.concatenate([at.reshape(-1, 1), box], axis=1), axis=0, return_inverse=True)
    return Views(made, at.reshape(-1), crop(made.luma[cuts[:, 0]], cuts[:, 1:]), plane.reshape(-1), box)


def resolved(views: Views) -> Column:
    """Return how many values of a short side the luma plane of a picture really resolves.

    Parameters
    ----------
    views : Views
        Of thumbnails, or of larger planes.

    Returns
    -------
    ndarray of int64, shape (n,)
        The short side in pixels or, where a thumbnail was made from block means (see `lookalike.decode`), in blocks; at
        most the side of the planes.
    """
    short, side = np.minimum(views.width, views.height), views.planes.shape[1]
    blocks = -(-short // BLOCK)
    return np.minimum(np.where((blocks >= MIN_BLOCKS) & (side == THUMBNAIL_SIDE), blocks, short), side)


def turn(pictures: Pictures, orientation: NDArray[np.integer]) -> Pictures:
    """Turn pictures.

    Parameters
    ----------
    pictures : Pictures
        Pictures.
    orientation : ndarray of int, shape (n,)
        EXIF orientation, 1..8.

    Returns
    -------
    Pictures
        Turned as `lookalike.turns` says.
    """
    if (orientation == 1).all():
        return pictures
    luma, chroma, box, within = (getattr(pictures, name).copy() for name in ("luma", "chroma", "box", "within"))
    for value in np.unique(orientation[orientation != 1]).tolist():
        rows = np.flatnonzero(orientation == value)
        for planes in (luma, chroma, within):
            planes[rows] = turned(planes[rows], value)
        box[rows] = _turned_box(box[rows], value)
    transposed = np.isin(orientation, TRANSPOSED)
    width = np.where(transposed, pictures.height, pictures.width)
    height = np.where(transposed, pictures.width, pictures.height)
    return Pictures(luma, chroma, width, height, box, within)


def _turned_box(box: Boxes, orientation: int) -> Boxes:
    if orientation in TRANSPOSED:
        box = box[:, [1, 0, 3, 2]]
    if orientation in MIRRORED:
        box = np.stack([THUMBNAIL_SIDE - box[:, 2], box[:, 1], THUMBNAIL_SIDE - box[:, 0], box[:, 3]], axis=1)
    if orientation in UPENDED:
        box = np.stack([box[:, 0], THUMBNAIL_SIDE - box[:, 3], box[:, 2], THUMBNAIL_SIDE - box[:, 1]], axis=1)
    return box


def crop(luma: NDArray[np.uint8], box: Boxes, *, kernel: str | None = None) -> NDArray[np.uint8]:
    """Cut boxes out of planes and bring them to the side of the planes.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, side, side)
        Planes.
    box : ndarray of int64, shape (n, 4)
        As in `Pictures`.
    kernel : str, optional
        One of `lookalike.verify.measuring.KERNELS`; None means the first. It changes no value.

    Returns
    -------
    ndarray of uint8, shape (n, side, side)
        What the boxes hold, interpolated.

    Examples
    --------
    >>> crop(np.arange(64, dtype=np.uint8).repeat(64).reshape(1, 64, 64), np.array([[0, 32, 64, 64]]))[0, ::21, 0].tolist()
    [32, 42, 53, 63]
    """
    cut = np.flatnonzero((box != WHOLE).any(axis=1))
    if not len(cut):
        return luma
    made = luma.copy()
    if chosen(kernel, KERNELS) != REFERENCE:
        made[cut] = _show_native(luma[cut], placed(box[cut]))
        return made
    values, _ = sample(luma[cut].astype(np.int64) << VALUE_BITS, placed(box[cut]), luma.shape[1])
    made[cut] = (values + (1 << (VALUE_BITS - 1))) >> VALUE_BITS
    return made


def placed(box: Boxes) -> Map:
    """Return the maps from positions in what boxes hold to positions in the pictures.

    Parameters
    ----------
    box : ndarray of int64, shape (n, 4)
        As in `Pictures`.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        As `lookalike.verify.alignment` takes them; exact.

    Examples
    --------
    >>> placed(np.array([[0, 32, 64, 64]])).tolist()
    [[[1.0, 0.0, 0.0], [0.0, 0.5, 16.0]]]
    """
    maps = np.zeros((len(box), 2, 3))
    for axis in (0, 1):
        maps[:, axis, axis] = (box[:, axis + 2] - box[:, axis]) / THUMBNAIL_SIDE
        maps[:, axis, 2] = (box[:, axis + 2] + box[:, axis] - THUMBNAIL_SIDE) / 2
    return maps
