"""Labelled pairs: a CSV file that says of pairs of images whether they are the same picture."""

import csv
import os
from dataclasses import dataclass

from lookalike.errors import UsageError

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
        A CSV file with the columns path_a, path_b and same; others are passed over. Paths are absolute or relative to its
        folder. The third says 1, true or yes, or 0, false or no.

    Returns
    -------
    list of LabelledPair
        Row by row.

    Raises
    ------
    UsageError
        If the file cannot be read, lacks a column, has no row or one that is not whole, or names a file that is not there.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                had = ", ".join(reader.fieldnames or ()) or "none"
                raise UsageError(
                    f"{path} lacks the column {', '.join(lacking)}: it needs {', '.join(COLUMNS)}, got {had}"
                )
            pairs = [_pair(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except csv.Error as error:
        raise UsageError(f"{path} is not a CSV file: {error}") from error
    if not pairs:
        raise UsageError(f"{path} has no pairs: below its first line it needs a row for each")
    return pairs


def _pair(path: str, line: int, row: dict[str, str]) -> LabelledPair:
    cells = [row[name] for name in COLUMNS]
    if not all(cells) or None in row:  # what is missing is None, and what is too much has the name None
        raise UsageError(f"{path}, line {line}: a row needs a value for each column, and no more")
    same = SAME.get(cells[2].strip().lower())
    if same is None:
        raise UsageError(f"{path}, line {line}: same must be one of {', '.join(SAME)}, got {cells[2]!r}")
    sides = [os.path.join(os.path.dirname(path), name) for name in cells[:2]]
    for side in sides:
        if not os.path.isfile(side):
            raise UsageError(f"{path}, line {line}: there is no file {side}")
    return LabelledPair(sides[0], sides[1], same)
