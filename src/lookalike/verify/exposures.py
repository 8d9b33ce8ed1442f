"""Two exposures of one camera: what the camera wrote may say that two pictures are not the same, never that they are."""

import re
from calendar import timegm
from time import strptime

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column, Facts

ZONE = 900
"""Seconds of which the offsets of all time zones are multiples."""
SETTINGS = {"exposure": 0.1, "aperture": 0.1, "iso": 0.1, "distance": 0.1}
"""Settings of a shot, and by which share they must differ; less may come of rounding."""
LEAST_BIAS = 0.2
"""Difference of exposure bias, in stops, that tells two exposures apart."""
TAKEN = np.dtype([
    *((name, np.int64) for name in ("camera", "serial", "shot", "unique", "second")),
    *((name, np.float64) for name in ("fraction", *SETTINGS, "bias")),
])  # fmt: skip
"""When and how a content was taken: texts as codes, equal ones alike; -1 and NaN where nothing is said."""
_UNTOLD: tuple[int | float, ...] = (*[-1] * 5, *[np.nan] * (2 + len(SETTINGS)))
"""A row of `TAKEN` for what no camera took: whatever else it says is compared with nothing."""


class Exposures:
    """When and how contents were taken, read when first asked for.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._codes = {"": -1}
        self._taken, self._count = np.array([_UNTOLD], TAKEN), 1
        self._place = np.full(len(facts.id), -1, np.int64)
        """Row of each content in that table; -1 for what was not read yet, 0 for all that no camera took."""

    def differ(self, left: Column, right: Column) -> NDArray[np.bool_]:
        """Say of which pairs the camera itself says that they are two exposures.

        What only one of the two has says nothing. Times that differ by whole quarters of an hour may be one time in two
        zones; a second may be lost to rounding.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Rows of the facts.

        Returns
        -------
        ndarray of bool, shape (n,)
            Whether both come from one camera, at another time, with another setting, or with another number.
        """
        rows = np.unique(np.concatenate([left, right]))
        read: list[tuple[int | float, ...]] = []
        for row in rows[self._place[rows] < 0].tolist():
            taken = self._read(row)
            self._place[row] = 0 if taken is _UNTOLD else self._count + len(read)
            if taken is not _UNTOLD:
                read.append(taken)
        self._keep(read)
        one, two = self._taken[self._place[left]], self._taken[self._place[right]]

        def other(code: str) -> NDArray[np.bool_]:
            found: NDArray[np.bool_] = (one[code] >= 0) & (two[code] >= 0) & (one[code] != two[code])
            return found

        one_camera = (one["camera"] >= 0) & (one["camera"] == two["camera"]) & ~other("serial")
        timed = (one["second"] >= 0) & (two["second"] >= 0)
        apart = np.abs(one["second"] - two["second"])
        off = np.minimum(apart % ZONE, -apart % ZONE)
        fraction = np.abs(one["fraction"] - two["fraction"])  # NaN where one has none
        differ = timed & (off != 0) & ((off > 1) | ~np.isnan(fraction))
        differ |= timed & (apart == 0) & (fraction > 0)
        differ |= other("shot") | other("unique")
        for name, share in SETTINGS.items():
            differ |= np.abs(one[name] - two[name]) > share * np.maximum(one[name], two[name])
        differ |= np.abs(one["bias"] - two["bias"]) > LEAST_BIAS
        found: NDArray[np.bool_] = one_camera & differ
        return found

    def _keep(self, read: list[tuple[int | float, ...]]) -> None:
        """Append to the table, which doubles when it is full, so that no row is moved often."""
        end = self._count + len(read)
        if end > len(self._taken):
            self._taken = np.concatenate([self._taken, np.zeros(end, TAKEN)])
        self._taken[self._count : end] = np.array(read, TAKEN)
        self._count = end

    def _read(self, row: int) -> tuple[int | float, ...]:
        """Return a row of `TAKEN`."""
        exif = self._facts.exif[row]

        def text(name: str) -> str:
            return str(exif.get(name, ""))

        if not (text("make") and text("model")):
            return _UNTOLD
        camera = f"{text('make')}\n{text('model')}"
        codes = [
            self._codes.setdefault(said, len(self._codes))
            for said in (camera, *map(text, ("serial", "shot", "unique")))
        ]
        return *codes, *_moment(self._facts.captured[row]), *(_number(text(name)) for name in (*SETTINGS, "bias"))


def _number(said: str) -> float:
    """Read a number; NaN for what is none."""
    return float(said) if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", said) else np.nan


def _moment(captured: str) -> tuple[int, float]:
    """Return second and fraction of a capture time; -1 and NaN where there is none."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?", captured)
    if found is None:
        return -1, np.nan
    try:
        second = timegm(strptime(found[1], "%Y-%m-%d %H:%M:%S"))
    except ValueError:  # the 31st of June
        return -1, np.nan
    return second, float(found[2]) if found[2] else np.nan
