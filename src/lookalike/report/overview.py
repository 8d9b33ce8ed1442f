"""Findings at a glance: their counts and charts of them, for a page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from lookalike.report import amount
from lookalike.report.charts import Bar, bars
from lookalike.report.html import safe

Row = Mapping[str, Any]

TIERS = ("exact", "copy", "edit")
"""Of duplicates."""
SIZES = ((2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 99), (100, None))
"""Least and most images of the groups of a bar."""
MOST_BARS = 12


def overview(document: Row) -> dict[str, Any]:
    """Return what a page says of all findings.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.

    Returns
    -------
    dict
        ``facts``, a list of what and how many; ``skipped``, in words; ``charts``, as titles and SVG.
    """
    skipped = document["stats"]["skipped"]
    return {
        "facts": _facts(document),
        "skipped": ", ".join(f"{count:,} {kind}" for kind, count in skipped.items()),
        "charts": _charts(document["groups"]),
    }


def _charts(groups: Sequence[Row]) -> list[tuple[str, str]]:
    members = list(chain.from_iterable(group["members"][1:] for group in groups))
    if not members:
        return []
    drawn = {
        "Groups by size": _sizes(groups),
        "Images by distance to their keeper, in bits": _distances(members),
        "Bytes of duplicates by tier": _space(members),
    }
    return [(title, safe(bars(f"chart{at}", title, rows))) for at, (title, rows) in enumerate(drawn.items())]


def _sizes(groups: Sequence[Row]) -> list[Bar]:
    sizes = [len(group["members"]) for group in groups]
    rows = []
    for least, most in SIZES:
        count = sum(least <= size <= (most or size) for size in sizes)
        label = f"{least} images" if least == most else f"{least}-{most}" if most else f"{least} or more"
        rows.append(Bar(label, count, f"{count:,}"))
    return [row for row in rows if row.value]


def _space(members: Sequence[Row]) -> list[Bar]:
    space = dict.fromkeys(TIERS, 0)
    for row in members:
        if row["role"] == "duplicate" and row["relation"] != "same file":
            space[row["tier"]] += row["bytes"]
    return [Bar(tier, size, amount(size), tier) for tier, size in space.items()]


def _distances(members: Sequence[Row]) -> list[Bar]:
    distances = Counter(row["distance"] for row in members)
    step = max(distances) // MOST_BARS + 1
    binned = Counter(distance // step for distance in distances.elements())
    return [
        Bar(f"{at * step}" if step == 1 else f"{at * step}-{at * step + step - 1}", binned[at], f"{binned[at]:,}")
        for at in range(max(binned) + 1)
    ]


def _facts(document: Row) -> list[tuple[str, str]]:
    stats = document["stats"]
    facts = [
        ("images", f"{stats['images']:,}"),
        ("groups", f"{stats['groups']:,}"),
        ("duplicates", f"{stats['duplicates']:,}"),
        ("in duplicates", amount(stats["bytes_in_duplicates"])),
    ]
    facts += [(tier, f"{count:,}") for tier, count in stats["by_tier"].items()]
    if "against" in stats:
        facts += [(f"{name}, against the reference", f"{count:,}") for name, count in stats["against"].items()]
    return [*facts, ("not read", f"{len(document['failures']):,}")]
