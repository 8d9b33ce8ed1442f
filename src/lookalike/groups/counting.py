"""Counts of everything that a search saw, and what became of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Matches, Units
from lookalike.groups.grouped import Grouped
from lookalike.model import Tier
from lookalike.scan.listing import Scan


def counts(
    scan: Scan,
    units: Units,
    matches: Matches,
    grouped: Grouped,
    tier: Tier,
    *,
    against: bool,
    failed: Sequence[bool],
    failures: int,
) -> dict[str, Any]:
    """Count what was seen; images of one shot count once.

    Parameters
    ----------
    scan : Scan
        What was scanned.
    units, matches, grouped : Units, Matches, Grouped
        What came of it.
    tier : Tier
        Loosest tier that is reported.
    against : bool
        Whether there were references.
    failed : sequence of bool
        Of each image that could not be read, whether it is a reference.
    failures : int
        How many images and folders could not be read.

    Returns
    -------
    dict
        The object ``stats`` of the findings, without the time it took.
    """

    def count(rows: NDArray[np.bool_]) -> int:
        return len(np.unique(units.unit[rows]))

    rows, own = grouped.rows, ~units.mask
    shown = np.array([row for part in rows for row in part[1:]], np.int64)
    tiers = matches.tier[shown]
    tiers = tiers[grouped.members.duplicate[shown] | (tiers == int(Tier.SIMILAR))]
    read = count(own)
    stats: dict[str, Any] = {
        "images": read + len(failed),
        "hashed": read,
        "cached": read - count(own & ~scan.cached),
        "failed": len(failed),
        "failed_folders": failures - len(failed),
        "skipped": dict(scan.skipped),
        "groups": len(rows),
        "duplicates": count(grouped.members.duplicate),
        "bytes_in_duplicates": sum(grouped.saving),
        "by_tier": {level.name.lower(): int((tiers == level).sum()) for level in Tier if level <= tier},
    }
    if against:
        mine = ~scan.images.reference & own
        matched = count(mine & grouped.members.matched)
        stats["against"] = {
            "matched": matched,
            "unmatched": count(mine) - matched,
            "unreadable": list(failed).count(False),
        }
    return stats
