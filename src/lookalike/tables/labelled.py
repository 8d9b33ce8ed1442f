"""Labelled pairs: a file that says of pairs of images whether they are the same picture."""

import os
from dataclasses import dataclass
from typing import Any

from lookalike.errors import UsageError
from lookalike.tables.pairs import PairFile

COLUMNS = ("path_a", "path_b", "same")
SAME = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
"""What may stand in the column same, in any case."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """One row.

    Attributes
    ----------
    left, right : str
        Paths of two images, as `os.fsdecode` gives them.
    same : bool
        Whether they show the same picture.
    """

    left: str
    right: str
    same: bool


def read_labelled(path: str) -> list[LabelledPair]:
    """Read labelled pairs.

    Parameters
    ----------
    path : str
        A CSV or Parquet file with the columns path_a, path_b and same; others are passed over. Paths are absolute or relative
        to its folder. The third says 1, true or yes, or 0, false or no.

    Returns
    -------
    list of LabelledPair
        Row by row.

    Raises
    ------
    UsageError
        If the file cannot be read, lacks a column, has no row or one that is not whole, or names a file that is not there.
    """
    file = PairFile(path)
    file.check(*COLUMNS)
    pairs = [_pair(file, number, row) for number, row in file]
    if not pairs:
        raise UsageError(f"{path} has no pairs: below its first line it needs a row for each")
    return pairs


def _pair(file: PairFile, number: int, row: dict[str, Any]) -> LabelledPair:
    left, right, label = ("" if row[name] is None else str(row[name]) for name in COLUMNS)
    if not (left and right and label):
        raise UsageError(f"{file.where(number)}: a row needs a value for each column, and no more")
    same = SAME.get(label.strip().lower())
    if same is None:
        raise UsageError(f"{file.where(number)}: same must be one of {', '.join(SAME)}, got {label!r}")
    sides = [file.beside(name) for name in (left, right)]
    for side in sides:
        if not os.path.isfile(side):
            raise UsageError(f"{file.where(number)}: there is no file {side}")
    return LabelledPair(sides[0], sides[1], same)
