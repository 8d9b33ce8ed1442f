"""Groups to a plan: what goes, what stays and why, as the files stand now. Nothing is written."""

import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

from lookalike import collector, events
from lookalike.errors import SourceError
from lookalike.labels import Root
from lookalike.model import Group, Orient, Tier
from lookalike.plan import Decision, KeepOptions, Plan
from lookalike.planning.agreeing import only_seen
from lookalike.planning.beside import Beside
from lookalike.planning.fates import Apart, Asked, Confirm, Fate, fates_of
from lookalike.planning.rescuing import Rescue
from lookalike.planning.standing import Surroundings
from lookalike.planning.wholes import Wholes, hold_names
from lookalike.sources.reading import Reader
from lookalike.tables import Document, printable
from lookalike.verdicts.confirming import confirmer

Tiers = Mapping[int, Tier]
"""Loosest tier that goes of a group, by its number."""


def make_plan(
    groups: Sequence[Group],
    roots: Sequence[Root],
    *,
    options: KeepOptions,
    orient: Orient = "upright",
    found: dict[str, Any] | None = None,
    confirm: Confirm | None = None,
    apart: Apart | None = None,
    tiers: Tiers | None = None,
    reader: Reader | None = None,
) -> Plan:
    """Decide about every image of some groups.

    An image goes only if it is a duplicate within the tier of the plan, its keeper stays and carries at least what it does,
    nothing protects it, and everything that belongs to it can go as well. Everything else stays, and says why.

    Parameters
    ----------
    groups : sequence of Group
        As found.
    roots : sequence of Root
        What was searched and what it was compared against, from `lookalike.labels.survey`.
    options : KeepOptions
        What may go, and how.
    orient : str
        Which turns count as the same picture.
    found : dict, optional
        Options of the search, kept with the plan.
    confirm : callable, optional
        A full look at two files; None for `lookalike.verdicts.confirming.confirm`, held to the limits of the search.
    apart : callable, optional
        What was decided of two contents, such as `lookalike.stores.decisions.Standing.apart`; None for nothing.
    tiers : mapping of int to Tier, optional
        Loosest tier that goes of a group, by its number, where that is tighter than the tier of the options.
    reader : Reader, optional
        Who reads what is no ordinary file; None for one that finds it by its path.

    Returns
    -------
    Plan
        The same for the same groups, options and files, but for `Plan.created`.

    Raises
    ------
    UsageError
        If a glob is malformed, or there is no root but references.
    """
    confirm = confirm or confirmer(found or {}, orient)
    apart = apart or (lambda _keeper, _other: False)
    asked = Asked(confirm, apart, reader or Reader(named=[root.path for root in roots]))
    around = Surroundings(roots, options)
    started = time.monotonic()
    with collector.paused():
        made = Plan(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            folder=os.getcwd(),
            roots=around.plan_roots(),
            options=options,
            orient=orient,
            decisions=_decided(groups, around, options, asked, tiers or {}),
            found=found or {},
        )
    if events.PLAN_DECIDED.wanted:
        for one in made.decisions:
            events.PLAN_DECIDED(path=one.path, verdict=one.verdict, reason=one.reason, keeper=one.keeper)
    going = len(made.removals)
    events.PLAN_MADE(
        remove=going, keep=len(made.decisions) - going, action=options.action, seconds=events.since(started)
    )
    return made


def plan_document(
    document: Document, *, options: KeepOptions, confirm: Confirm | None = None, apart: Apart | None = None
) -> Plan:
    """Decide about every image of findings that were read back.

    Parameters
    ----------
    document : Document
        From `lookalike.tables.read_document`. Its relative paths start from the working directory, as they did when it was
        written.
    options : KeepOptions
        What may go, and how.
    confirm, apart : callable, optional
        As for `make_plan`.

    Returns
    -------
    Plan
        As `make_plan`. Findings hold sizes and digests: sizes are compared now, digests before anything is done.

    Raises
    ------
    SourceError
        If none of its images is there.
    UsageError
        As `make_plan` and `lookalike.planning.agreeing.only_seen`.
    """
    only_seen(root.path for root in document.roots)
    if document.groups and not any(
        member.ref.source != "files" or os.path.lexists(member.ref.path)
        for group in document.groups
        for member in group.members
    ):
        raise SourceError(
            "none of the images in these findings is there: run the command in the folder where they were found, with the "
            "same --map if there was one, or find again"
        )
    return make_plan(
        document.groups, document.roots, options=options, orient=document.orient, found=document.options,
        confirm=confirm, apart=apart,
    )  # fmt: skip


def freed(plan: Plan) -> dict[str, int]:
    """Return how many bytes become free with each file of a plan, once it is purged.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    dict of str to int
        By path, parts included. Names of one file count once, and only if all its names go; symlinks free nothing.
    """
    names: dict[tuple[int, int], list[tuple[str, int, int]]] = defaultdict(list)
    gained: dict[str, int] = {}
    for decision in plan.removals:
        for path in (decision.path, *[part.path for part in decision.parts]):
            gained[path] = 0
            try:
                status = os.lstat(os.path.join(plan.folder, path))
            except OSError:
                continue
            size = 0 if stat.S_ISLNK(status.st_mode) else status.st_size
            names[status.st_dev, status.st_ino].append((path, size, status.st_nlink))
    for same in names.values():
        path, size, links = same[0]
        if links <= len(same):
            gained[path] = size
    return gained


def _decided(
    groups: Sequence[Group], around: Surroundings, options: KeepOptions, asked: Asked, tiers: Tiers
) -> tuple[Decision, ...]:
    """Return what becomes of each image; the fates that say so end here, before the collector looks at what is left."""
    by_tier = {tier: replace(options, tier=tier) for tier in {options.tier, *tiers.values()}}
    fates = [
        fate for group in groups for fate in fates_of(group, around, by_tier[tiers.get(group.id, options.tier)], asked)
    ]
    _hold(fates, around, options, asked.confirm)
    return tuple(_decisions(fates))


def _hold(fates: list[Fate], around: Surroundings, options: KeepOptions, confirm: Confirm) -> None:
    """Hold what must not go for the sake of something else, and put together what goes as one."""
    going = [fate for fate in fates if fate.stays is None and fate.is_file]  # nothing lies beside what is no file
    involved = dict.fromkeys(
        chain.from_iterable((fate.path, fate.keeper.path) for fate in going if fate.keeper is not None)
    )
    beside = Beside(involved, {fate.path for fate in fates})
    rescue = Rescue(beside, options)
    for fate in going:
        rescue.look(fate)
    wholes = Wholes(fates, beside, around, options, rescue, confirm) if options.units else None
    while hold_names(fates) or (wholes is not None and wholes.hold()):
        pass  # what stays now may hold others
    if wholes is not None:
        wholes.gather()


def _decisions(fates: list[Fate]) -> Iterator[Decision]:
    """Yield decisions by group: what stays, symlinks that go, which lead to what is still there, and the rest."""
    for _, group in groupby(fates, key=attrgetter("group")):
        for fate in sorted(group, key=_turn):
            if not fate.along:
                yield _decision(fate)


def _turn(fate: Fate) -> int:
    return 0 if fate.stays is not None else 1 if fate.standing.symlink else 2


def _decision(fate: Fate) -> Decision:
    member, standing = fate.member, fate.standing
    facts = fate.group, standing.size, standing.mtime_ns, fate.digest
    if fate.stays is not None or fate.keeper is None:
        return Decision(
            fate.path, "keep", *facts, printable(fate.stays or ""), tier=member.tier, score=member.score,
            relation=member.relation, symlink=standing.symlink, source=member.ref.source,
        )  # fmt: skip
    return Decision(
        fate.path, "remove", *facts, printable(fate.why), fate.keeper.path, fate.pair.tier, fate.pair.score, fate.pair.relation,
        fate.parts, fate.metadata, standing.symlink, member.ref.source,
    )  # fmt: skip
