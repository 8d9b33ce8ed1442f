"""What templates show: plain values made of the review, nothing decided here."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lookalike.model import Member, Tier
from lookalike.plan import Decision, Plan
from lookalike.planning.agreeing import over_half
from lookalike.report import amount, counted, plain
from lookalike.report.plans import DOES, WHEN_FREE
from lookalike.reviewing.choosing import in_order
from lookalike.reviewing.session import Review
from lookalike.showing.facts import facts_of, side_by_side
from lookalike.stores.choices import Choice

GROUPS_A_PAGE = 50
SHOWN_IN_LIST = 4
"""Pictures of a group in the list."""
IMAGES_A_PAGE = 60
SHOWN_HELD = 50
"""How many images a summary names of those that stay although they were chosen to go."""
GONE = "it is gone since it was found"
"""As a plan says it of an image that is to stay; on a page it would look as if it did."""
TIERS = {"all": Tier.NONE, "exact": Tier.EXACT, "copy": Tier.COPY, "edit": Tier.EDIT, "similar": Tier.SIMILAR}


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of a group as a page shows it.

    Attributes
    ----------
    position : int
        Among the members by path; what forms and addresses name it by.
    key : int
        Which key chooses it as the keeper: 1..9, 0 for none.
    name, folder : str
        Of its path, safe to be shown.
    facts : str
        Size, format, bytes.
    tier, relation, score, distance : str
        How it is like the keeper that it was found with; empty for that keeper.
    parts : list of str
        Other files of its shot.
    word, reason : str
        What becomes of it, and why.
    is_keeper, is_marked : bool
        Whether it is the keeper now; whether it was chosen to go, or is proposed to.
    """

    position: int
    key: int
    name: str
    folder: str
    facts: str
    tier: str
    relation: str
    score: str
    distance: str
    parts: list[str]
    word: str
    reason: str
    is_keeper: bool
    is_marked: bool


@cache
def environment() -> Environment:
    """Return the templates; every value in them is escaped.

    Returns
    -------
    Environment
        Of Jinja2.
    """
    folder = os.path.join(os.path.dirname(__file__), "templates")
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"amount": amount, "plain": plain, "number": lambda value: f"{value:,}"}
    made.globals |= {"counted": counted}
    return made


def overview(review: Review, tier: str, page: int) -> dict[str, Any]:
    """Return what the list of groups shows.

    Parameters
    ----------
    review : Review
        The review.
    tier : str
        A name of `TIERS`: groups of which the loosest member is of that tier.
    page : int
        Which part of the list, from 0.

    Returns
    -------
    dict
        For the template ``overview.html``.
    """
    made = review.subject.outline
    sequence = review.route.sequence
    if tier != "all":
        sequence = sequence[made.tier[sequence] == TIERS[tier]]
    rows = sequence[page * GROUPS_A_PAGE : (page + 1) * GROUPS_A_PAGE].tolist()
    quick = [(name, review.acceptable(TIERS[name])) for name in ("exact", "copy")]
    return {
        "roots": [plain(root.path) for root in review.subject.roots],
        "order": review.route.order,
        "tier": tier,
        "tiers": [(name, int((made.tier == TIERS[name]).sum()) if name != "all" else len(review)) for name in TIERS],
        "page": page,
        "pages": -(-len(sequence) // GROUPS_A_PAGE),
        "found": len(sequence),
        "rows": [_row(review, at) for at in rows],
        "next": review.route.next_open(review.choices.taken()),
        "quick": [(name, len(found), int(made.saving[found].sum())) for name, found in quick],
        "chosen_to_go": sum(len(choice.going) for choice in review.choices.all().values()),
        "saving": int(made.saving.sum()),
        "applied": bool(review.applied),
        "failures": [
            (plain(one.ref.path), one.stage, one.kind, plain(one.reason))
            for one in review.subject.failures[:SHOWN_HELD]
        ],
        "failed": len(review.subject.failures),
        "incomplete": [plain(line) for line in review.subject.incomplete],
    }


def group(review: Review, at: int, focus: int | None, page: int) -> dict[str, Any]:
    """Return what the page of a group shows.

    Parameters
    ----------
    review : Review
        The review.
    at : int
        Position of the group.
    focus : int or None
        Position, among the members by path, of the image that is compared with the keeper; None for the one least
        certain to be the same picture.
    page : int
        Which part of a large group, from 0.

    Returns
    -------
    dict
        For the template ``group.html``.

    Raises
    ------
    UsageError
        If there is no such group.
    """
    found, choice = review.group(at), review.choices.get(at)
    ordered, decided = in_order(found), review.decisions(at)
    now = choice if choice is not None and choice.keeper is not None else Choice(ordered.index(found.keeper))
    positions = {member.ref.path: position for position, member in enumerate(ordered)}
    shown = found.members[page * IMAGES_A_PAGE : (page + 1) * IMAGES_A_PAGE]
    pictures = [
        _picture(member, positions[member.ref.path], key, choice, now, decided)
        for key, member in enumerate(shown, 1 + page * IMAGES_A_PAGE)
    ]
    others = [picture.position for picture in pictures if picture.position != now.keeper]
    riskiest = max(others, key=lambda position: _risk(ordered[position]), default=now.keeper or 0)
    second = focus if focus in others else riskiest
    pair = [now.keeper or 0, second]
    taken = review.choices.taken()
    ahead = review.route.neighbour(at, 1)
    return {
        "at": at,
        "number": found.id,
        "place": review.route.rank(at) + 1,
        "count": len(found.members),
        "saving": found.saving,
        "diameter": found.diameter,
        "status": _status(review, at),
        "pictures": pictures,
        "page": page,
        "pages": -(-len(found.members) // IMAGES_A_PAGE),
        "pair": pair,
        "names": [plain(ordered[position].ref.path) for position in pair],
        "before": _near(others, second, -1),
        "after": _near(others, second, 1),
        "rows": side_by_side([facts_of(ordered[position], review.second) for position in pair]),
        "previous": review.route.neighbour(at, -1),
        "next": ahead,
        "ahead": [] if ahead is None else _pair_of(review, ahead),
        "open": review.route.next_open(taken, at),
        "frees": sum(one.size for one in decided.values() if one.verdict == "remove"),
    }


def part_of(review: Review, at: int, position: int) -> int:
    """Return which part of a large group an image is in.

    Parameters
    ----------
    review : Review
        The review.
    at : int
        Position of the group.
    position : int
        Of the image, among the members by path.

    Returns
    -------
    int
        From 0; 0 also where there is no such image.
    """
    found = review.group(at)
    ordered = in_order(found)
    return found.members.index(ordered[position]) // IMAGES_A_PAGE if 0 <= position < len(ordered) else 0


def _pair_of(review: Review, at: int) -> list[int]:
    """Return the positions of the images that the page of a group shows first."""
    found = review.group(at)
    ordered = in_order(found)
    riskiest = max(
        found.members[1:IMAGES_A_PAGE], key=_risk, default=found.keeper
    )  # findings of others may hold anything
    return [ordered.index(found.keeper), ordered.index(riskiest)]


def summary(plan: Plan, path: str, free: int) -> dict[str, Any]:
    """Return what the last page before acting shows.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : str
        The file that it was written to.
    free : int
        Bytes that become free.

    Returns
    -------
    dict
        For the template ``plan.html``.
    """
    removals = plan.removals
    held = [
        one
        for one in plan.decisions
        if one.verdict == "keep" and one.reason != "kept in review" and one.keeper is None and one.tier is not None
    ]
    tiers = [(tier.name.lower(), sum(one.tier is tier for one in removals)) for tier in Tier if tier < Tier.SIMILAR]
    return {
        "images": len(removals),
        "parts": sum(len(one.parts) for one in removals),
        "size": sum(one.size for one in removals),
        "free": free,
        "when": WHEN_FREE[plan.options.action],
        "does": DOES[plan.options.action].format(counted(len(removals), "image")),
        "action": plan.options.action,
        "tiers": [(name, count) for name, count in tiers if count],
        "held": [(plain(one.path), plain(one.reason)) for one in held[:SHOWN_HELD]],
        "held_count": len(held),
        "most": [(plain(root.path), going, root.images) for root, going in over_half(plan)],
        "file": plain(path),
    }


def _row(review: Review, at: int) -> dict[str, Any]:
    found = review.group(at)
    ordered = in_order(found)
    worst = Tier(int(review.subject.outline.tier[at]))
    return {
        "at": at,
        "number": found.id,
        "name": plain(found.keeper.ref.path),
        "count": len(found.members),
        "saving": found.saving,
        "tier": _tier(worst),
        "relation": plain(max(found.members[1:], key=_risk).relation) if len(found.members) > 1 else "",
        "pictures": [ordered.index(member) for member in found.members[:SHOWN_IN_LIST]],
        "status": _status(review, at),
    }


def _risk(member: Member) -> tuple[int, float]:
    return int(Tier.NONE if member.tier is None else member.tier), -(member.score or 0)


def _status(review: Review, at: int) -> str:
    if at in review.choices.removed:
        return "removed"
    choice = review.choices.get(at)
    if choice is None:
        return "open"
    if choice.keeper is None:
        return "no duplicates"
    return f"{len(choice.going)} to go" if choice.going else "all stay"


def _picture(
    member: Member, position: int, key: int, choice: Choice | None, now: Choice, decided: dict[str, Decision]
) -> Picture:
    decision = decided.get(member.ref.path)
    stays = decision is None or decision.verdict == "keep"
    is_keeper = position == now.keeper and (choice is None or choice.keeper is not None)
    marked = not stays if choice is None else position in choice.going
    if choice is not None and choice.keeper is None:
        word, reason = "stays", "no duplicate: decided in review"
    elif is_keeper:
        word, reason = "keeper", decision.reason if decision is not None else ""
    elif stays:
        word, reason = ("held" if marked else "stays"), decision.reason if decision is not None else ""
    else:
        word, reason = "goes", decision.reason if decision is not None else ""
    if reason.endswith("only (--tier edit)"):
        reason = "an edit: goes only where you mark it"
    if reason == GONE and not is_keeper:
        word, reason = "gone", ""
    quality = "" if member.quality is None else f", quality {member.quality}"
    frames = "" if member.frames == 1 else f", {member.frames} frames"
    folder, name = os.path.split(member.ref.path)
    relation = decision.relation if decision is not None and decision.relation else member.relation
    tier = decision.tier if decision is not None and decision.tier is not None else member.tier
    against = is_keeper or tier is None
    return Picture(
        position, key if key <= 9 else 0, plain(name), plain(folder),
        f"{member.width}x{member.height} {member.format}, {amount(member.ref.size)}{quality}{frames}",
        "" if against else _tier(tier), "" if is_keeper else plain(relation),
        "" if against or member.score is None else f"{member.score:.3f}",
        "" if against or member.distance is None else f"{member.distance} bits ({member.share or 0:.0%})",
        [plain(os.path.basename(path)) for path in member.parts], word, plain(reason), is_keeper, marked,
    )  # fmt: skip


def _tier(tier: Tier | None) -> str:
    return "not verified" if tier is None or tier is Tier.NONE else tier.name.lower()


def _near(positions: Sequence[int], one: int, step: int) -> int | None:
    if len(positions) < 2 or one not in positions:
        return None
    return positions[int(np.mod(positions.index(one) + step, len(positions)))]
