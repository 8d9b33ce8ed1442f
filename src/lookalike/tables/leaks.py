"""Leaks as CSV."""

import csv
import io
from typing import Any

SIDES = ("image", "keeper")
OF_SIDE = ("", "_bytes", "_split", "_class", "_digest")
COLUMNS = (
    "group", "tier", "score", "distance", "distance_share", "relation", "through", "through_bytes", "known",
    *(side + name for side in SIDES for name in OF_SIDE), "stage", "kind", "reason",
)  # fmt: skip
"""Columns of the CSV form: one row per pair across splits, then one per failure, whose path is in ``image``."""


def leaks_to_csv(document: dict[str, Any]) -> str:
    """Return leaks as CSV with the columns `COLUMNS`.

    Parameters
    ----------
    document : dict
        From `lookalike.Leaks.to_dict`.

    Returns
    -------
    str
        Header and rows, RFC 4180 quoting.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for pair in document["pairs"]:
        sides = {f"{side}{name}": value for side in SIDES for name, value in _side(pair[side]).items()}
        writer.writerow(pair | sides | {"known": "yes" if pair["known"] else "no"})
    for failure in document["failures"]:
        writer.writerow(failure | {f"image{name}": value for name, value in _side(failure).items()})
    return text.getvalue()


def _side(row: dict[str, Any]) -> dict[str, Any]:
    named = {"": "path", "_bytes": "path_bytes", "_split": "split", "_class": "class", "_digest": "digest"}
    return {name: row[key] for name, key in named.items() if key in row}
