"""A plan as text for a terminal: per group who stays, who goes and why; then how much that is, and what holds the rest."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from lookalike.plan import Decision, Part, Plan
from lookalike.report import SHOWN_GROUPS, amount, counted, plain

CONFLICT = "label conflict"
SHOWN_CONFLICTS = 20
DOES = {
    "quarantine": "Move {} to the quarantine", "hardlink": "Replace {} by hardlinks", "symlink": "Replace {} by symlinks",
    "reflink": "Replace {} by reflinks", "trash": "Move {} to the trash", "delete": "Remove {} for good",
}  # fmt: skip
"""What an action does to images, in words."""
WHEN_FREE = {
    "quarantine": " once purged", "hardlink": " once purged", "symlink": " once purged", "reflink": " once purged",
    "trash": " once the trash is emptied", "delete": "",
}  # fmt: skip
"""By action, when the space of what goes is free."""


def lines(
    plan: Plan, gained: Mapping[str, int], *, seen: Sequence[str] = (), show: int | None = SHOWN_GROUPS
) -> Iterator[str]:
    """Render a plan.

    Parameters
    ----------
    plan : Plan
        The plan.
    gained : mapping of str to int
        Bytes that become free with each file once it is purged, from `lookalike.planning.making.freed`.
    seen : sequence of str
        What was searched and found, a line each, from `lookalike.report.summary`.
    show : int or None
        Most groups to show; None for all.

    Yields
    ------
    str
        One line without its end.
    """
    groups = [list(decisions) for _, decisions in groupby(plan.decisions, key=lambda decision: decision.group)]
    for group in groups[:show]:
        yield from _group(group, gained)
        yield ""
    hidden = len(groups) - len(groups[:show])
    if hidden:
        yield f"... and {counted(hidden, 'more group')}: --show all, or --plan FILE.json"
        yield ""
    held = [decision for group in groups for decision in group[1:] if decision.verdict == "keep"]
    yield from _conflicts(held)
    yield from seen
    yield from _held(held)
    yield _total(plan, gained)
    yield from _others(plan)


def _group(group: list[Decision], gained: Mapping[str, int]) -> Iterator[str]:
    free = sum(gained.get(path, 0) for decision in group for path in _paths(decision))
    yield f"Group {group[0].group}: {counted(len(group), 'image')}" + (f", {amount(free)} become free" if free else "")
    keepers = {decision.keeper for decision in group} | {group[0].path}
    for decision in group:
        size = f"({amount(decision.size)})"
        if decision.verdict == "keep":
            word = "keep" if decision.path in keepers else "stays"
            yield f"  {word:<5} {plain(decision.path)}  {size}  {plain(decision.reason)}"
            continue
        tier = "" if decision.tier is None else decision.tier.name.lower()
        of = "" if decision.keeper == group[0].path else f" of {plain(str(decision.keeper))}"
        link = "symlink, " if decision.symlink else ""
        yield f"  goes  {plain(decision.path)}  {size}  {link}{tier}: {plain(decision.relation)}{of}; {plain(decision.reason)}"
        yield from (_part(part) for part in decision.parts)
        if decision.metadata:
            yield f"        first to the keeper: its {', '.join(decision.metadata)}"


def _part(part: Part) -> str:
    stays = "nothing stays of it" if part.keeper is None else f"{plain(part.keeper)} stays"
    return f"        with {plain(part.path)}  ({amount(part.size)})  {stays}"


def _conflicts(held: list[Decision]) -> Iterator[str]:
    found = [decision for decision in held if decision.reason.startswith(CONFLICT)]
    if not found:
        return
    yield f"{counted(len(found), CONFLICT)}, the same picture in two classes:"
    for decision in found[:SHOWN_CONFLICTS]:
        yield f"  {plain(decision.path)}: {plain(decision.reason.removeprefix(f'{CONFLICT}: '))}"
    if len(found) > SHOWN_CONFLICTS:
        yield f"  ... and {len(found) - SHOWN_CONFLICTS:,} more"
    yield ""


def _held(held: list[Decision]) -> Iterator[str]:
    """Yield what stays by reason, most first, with the options that would let it go."""
    reasons = Counter(_in_general(decision.reason) for decision in held)
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        yield f"{counted(count, 'image')} {'stays' if count == 1 else 'stay'}: {plain(reason)}"


def _in_general(reason: str) -> str:
    """Return a reason without what is about one image only: that follows a colon, and options follow it in brackets."""
    general, _, particular = reason.partition(": ")
    options = particular.rfind(" (--")
    return general if options < 0 else general + particular[options:]


def _total(plan: Plan, gained: Mapping[str, int]) -> str:
    removals = plan.removals
    if not removals:
        return "nothing goes"
    if all(decision.source != "files" for decision in removals):
        return f"{counted(len(removals), 'image')} {'goes' if len(removals) == 1 else 'go'}"
    parts = sum(len(decision.parts) for decision in removals)
    beside = f" and {counted(parts, 'file')} beside them" if parts else ""
    free = sum(gained.get(path, 0) for decision in removals for path in _paths(decision))
    verb = "goes" if len(removals) + parts == 1 else "go"
    return (
        f"{counted(len(removals), 'image')}{beside} {verb}; {amount(free)} become free{WHEN_FREE[plan.options.action]}"
    )


def _others(plan: Plan) -> Iterator[str]:
    """Yield what can be done about images that are no ordinary files."""
    count = sum(decision.source != "files" for decision in plan.removals)
    if count:
        yield (
            f"{counted(count, 'image')} of them {'lies' if count == 1 else 'lie'} in an archive, a table or a bucket, where "
            "nothing is removed in place: write keep lists (--keep-lists DIR) or a copy without them (lookalike export)"
        )


def _paths(decision: Decision) -> list[str]:
    return [decision.path, *(part.path for part in decision.parts)] if decision.verdict == "remove" else []
