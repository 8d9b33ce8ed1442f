"""What of a plan needs more than a yes."""

import os
from collections import Counter

from lookalike.files.quarantine import is_within
from lookalike.plan import Plan, PlanRoot


def over_half(plan: Plan) -> list[tuple[PlanRoot, int]]:
    """Return the roots of which over half of the images would go.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    list of (PlanRoot, int)
        Each with how many would go, in the order of the plan.
    """
    going = Counter(_root_of(plan, decision.path) for decision in plan.removals)
    return [(root, going[root.absolute]) for root in plan.roots if 2 * going[root.absolute] > root.images]


def _root_of(plan: Plan, path: str) -> str:
    """Return the innermost root that a path lies in."""
    absolute = os.path.normpath(os.path.join(plan.folder, path))
    tops = {os.path.normpath(os.path.join(plan.folder, root.path)): root.absolute for root in plan.roots}
    inside = [top for top in tops if absolute == top or is_within(absolute, top)]
    return tops[max(inside, key=len)] if inside else ""
