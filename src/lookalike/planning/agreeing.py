"""What of a plan needs more than a yes."""

import os
from collections import Counter
from collections.abc import Iterable

from lookalike.errors import UsageError
from lookalike.files.quarantine import is_within
from lookalike.plan import Plan, PlanRoot
from lookalike.planning.standing import OUTSIDE
from lookalike.scan.recalling import is_catalog
from lookalike.tables import printable


def only_seen(roots: Iterable[str]) -> None:
    """Refuse to plan what goes after a search of which some root was not looked at.

    Parameters
    ----------
    roots : iterable of str
        What was searched, and what it was compared against.

    Raises
    ------
    UsageError
        If one of them is all that a catalog knows.
    """
    for root in filter(is_catalog, roots):
        raise UsageError(
            f"{printable(root)} was searched without a look at the files: name their folders to clean them"
        )


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


def only_files(plan: Plan) -> None:
    """Refuse to act on a plan by which anything but ordinary files would go.

    Parameters
    ----------
    plan : Plan
        The plan.

    Raises
    ------
    UsageError
        If something would go out of an archive, a table or a bucket, or is known by a hash table alone; then nothing of the
        plan is done.
    """
    told = [one.path for one in plan.decisions if one.reason == OUTSIDE and not _root_of(plan, one.path)]
    if told:
        more = f" (and {len(told) - 1:,} more)" if len(told) > 1 else ""
        raise UsageError(
            f"{printable(told[0])}{more} is a duplicate that lies in no folder that was searched, as do all images that are "
            "known by a hash table: nothing is done, name the folders themselves"
        )
    others = [decision.path for decision in plan.removals if decision.source != "files"]
    if others:
        raise UsageError(
            f"{len(others):,} of the {len(plan.removals):,} images that would go are no ordinary files, and only those can be "
            f"acted on: {printable(others[0])}. Write keep lists (--keep-lists DIR) or a copy without them (lookalike export), "
            "or name folders only"
        )


def _root_of(plan: Plan, path: str) -> str:
    """Return the innermost root that a path lies in."""
    absolute = os.path.normpath(os.path.join(plan.folder, path))
    tops = {os.path.normpath(os.path.join(plan.folder, root.path)): root.absolute for root in plan.roots}
    inside = [top for top in tops if absolute == top or is_within(absolute, top)]
    return tops[max(inside, key=len)] if inside else ""
