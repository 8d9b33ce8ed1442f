"""Two exposures of one camera: what the camera wrote may say that two pictures are not the same, never that they are."""

import re
from calendar import timegm
from collections.abc import Sequence
from time import strptime

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Facts

Column = NDArray[np.int64]

HOUR = 3600
SETTINGS = {"exposure": 0.1, "aperture": 0.1, "iso": 0.1, "distance": 0.1}
"""Settings of a shot, and by which share they must differ; less may come of rounding."""
LEAST_BIAS = 0.2
"""Difference of exposure bias, in stops, that tells two exposures apart."""


class Exposures:
    """When and how contents were taken, ready to be compared in pairs.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.

    Examples
    --------
    >>> from lookalike.verify.exposures import Exposures  # doctest: +SKIP
    >>> Exposures(facts).differ(left, right)  # doctest: +SKIP
    array([False,  True])
    """

    def __init__(self, facts: Facts) -> None:
        def text(name: str) -> list[str]:
            return [str(exif.get(name, "")) for exif in facts.exif]

        makers, models = text("make"), text("model")
        self._camera = _codes(
            [f"{make}\n{model}" if make and model else "" for make, model in zip(makers, models, strict=True)]
        )
        self._serial, self._shot, self._unique = (_codes(text(name)) for name in ("serial", "shot", "unique"))
        when = [_moment(captured) for captured in facts.captured]
        self._second = np.array([second for second, _ in when], np.int64)
        self._fraction = np.array([fraction for _, fraction in when], np.float64)
        self._settings = {name: _numbers(text(name)) for name in (*SETTINGS, "bias")}

    def differ(self, left: Column, right: Column) -> NDArray[np.bool_]:
        """Say of which pairs the camera itself says that they are two exposures.

        What only one of the two has says nothing. Times that differ by whole hours may be one time in two zones; a second
        may be lost to rounding.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Rows of the facts.

        Returns
        -------
        ndarray of bool, shape (n,)
            Whether both come from one camera, at another time, with another setting, or with another number.
        """

        def other(codes: Column) -> NDArray[np.bool_]:
            found: NDArray[np.bool_] = (codes[left] >= 0) & (codes[right] >= 0) & (codes[left] != codes[right])
            return found

        one_camera = (self._camera[left] >= 0) & (self._camera[left] == self._camera[right]) & ~other(self._serial)
        timed = (self._second[left] >= 0) & (self._second[right] >= 0)
        apart = np.abs(self._second[left] - self._second[right])
        fraction = np.abs(self._fraction[left] - self._fraction[right])  # NaN where one has none
        differ = timed & (apart % HOUR != 0) & ((apart > 1) | ~np.isnan(fraction))
        differ |= timed & (apart == 0) & (fraction > 0)
        differ |= other(self._shot) | other(self._unique)
        for name, share in SETTINGS.items():
            one, two = self._settings[name][left], self._settings[name][right]
            differ |= np.abs(one - two) > share * np.maximum(one, two)
        differ |= np.abs(self._settings["bias"][left] - self._settings["bias"][right]) > LEAST_BIAS
        found: NDArray[np.bool_] = one_camera & differ
        return found


def _codes(values: Sequence[str]) -> Column:
    """Give equal texts equal numbers, and -1 to those that are empty."""
    known: dict[str, int] = {"": -1}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def _numbers(values: Sequence[str]) -> NDArray[np.float64]:
    """Read numbers; NaN for what is none."""
    return np.array(
        [float(value) if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", value) else np.nan for value in values], np.float64
    )


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
