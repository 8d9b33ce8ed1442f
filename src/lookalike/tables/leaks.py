"""Leaks as objects of JSON, and as CSV."""

import csv
import io
from typing import Any

from lookalike.splits import Pair, Placed, Split
from lookalike.tables.files import path_fields, printable
from lookalike.tables.findings import image_row

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


def split_row(split: Split) -> dict[str, Any]:
    """Return a split as a JSON object.

    Parameters
    ----------
    split : Split
        A split.

    Returns
    -------
    dict
        Keys name, paths, images, failed.
    """
    return {
        "name": printable(split.name), "paths": [path_fields(root.path) for root in split.roots],
        "images": len(split.images), "failed": split.failed,
    }  # fmt: skip


def placed_row(placed: Placed) -> dict[str, Any]:
    """Return an image of a group as a JSON object.

    Parameters
    ----------
    placed : Placed
        The image.

    Returns
    -------
    dict
        Keys of `image_row`, split, class and, where it has any, parts.
    """
    parts = {"parts": [path_fields(path) for path in placed.member.parts]} if placed.member.parts else {}
    return {**image_row(placed.member), **_where(placed), **parts}


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return a pair across splits as a JSON object.

    Parameters
    ----------
    pair : Pair
        The pair.

    Returns
    -------
    dict
        Keys group, image, keeper, tier, score, distance, distance_share, relation, through, known.
    """
    sides = {
        name: {**path_fields(side.path), **_where(side), "digest": side.digest.hex()}
        for name, side in zip(SIDES, pair.sides, strict=True)
    }
    return {
        "group": pair.group, **sides, "tier": None if pair.tier is None else pair.tier_name, "score": pair.score,
        "distance": pair.distance, "distance_share": pair.share, "relation": pair.relation,
        **({"through": None} if pair.through is None else path_fields(pair.through, "through")),
        "known": pair.known,
    }  # fmt: skip


def _where(placed: Placed) -> dict[str, str]:
    return {"split": printable(placed.split), "class": printable(placed.label)}
