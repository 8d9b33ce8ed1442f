"""What a person chooses for a group, and the group as it is planned then."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter

from blake3 import blake3

from lookalike.groups.grouped import Brief
from lookalike.model import Group, Member, Tier
from lookalike.plan import Decision
from lookalike.stores.choices import Choice
from lookalike.verdicts.confirming import Confirmed

KEY_BYTES = 16
Look = Callable[[Member, Member], Confirmed | None]
"""``(keeper, other) -> Confirmed``: a full look at two files; None where one of them cannot be read."""

BY_PATH = attrgetter("path")
"""In which order choices count members, however they were ranked."""
DIFFERENT = Choice(None)
"""The images are no duplicates of each other."""


def in_order(group: Group) -> tuple[Member, ...]:
    """Return members in the order that choices count them.

    Parameters
    ----------
    group : Group
        A group.

    Returns
    -------
    tuple of Member
        Its members.
    """
    return tuple(sorted(group.members, key=attrgetter("ref.path")))


def key_of(contents: Sequence[tuple[str, bytes | None]]) -> bytes:
    """Return what a group is known by in a later search: the same images in the same places.

    Parameters
    ----------
    contents : sequence of (str, bytes or None)
        Absolute path and digest of each member, in the order that choices count them.

    Returns
    -------
    bytes
        16 bytes.

    Examples
    --------
    >>> key_of([("/a", b"1"), ("/b", b"2")]) == key_of([("/b", b"2"), ("/a", b"1")])
    False
    """
    text = "\0".join(f"{path}\0{'' if digest is None else digest.hex()}" for path, digest in contents)
    return blake3(os.fsencode(text)).digest(KEY_BYTES)


def proposal(members: Sequence[Brief], tier: Tier) -> Choice:
    """Return what a search proposes for a group: its keeper stays, and duplicates within a tier go.

    Parameters
    ----------
    members : sequence of Brief
        Members of a group, the keeper first.
    tier : Tier
        Loosest tier that goes.

    Returns
    -------
    Choice
        Whether something else holds an image is for the plan to say.

    Examples
    --------
    >>> proposal([Brief("b", b"1", Tier.NONE), Brief("a", b"2", Tier.COPY), Brief("c", b"3", Tier.EDIT)], Tier.COPY)
    Choice(keeper=1, going=(0,))
    """
    ordered = sorted(members, key=BY_PATH)
    return Choice(ordered.index(members[0]), tuple(at for at, one in enumerate(ordered) if one.tier <= tier))


def loosest(members: Sequence[Brief], choice: Choice, tier: Tier) -> Tier:
    """Return the loosest tier that goes by a choice, should a look at the files show something else than the search did.

    Parameters
    ----------
    members : sequence of Brief
        Members of the group, the keeper first.
    choice : Choice
        What was chosen; with a keeper.
    tier : Tier
        Loosest tier that is proposed to go.

    Returns
    -------
    Tier
        EDIT where somebody chose another keeper, or an image that is a duplicate of nothing; else that of what goes, so that
        no edit goes with copies that were accepted unseen.

    Examples
    --------
    >>> members = [Brief("a", b"1", Tier.NONE), Brief("b", b"2", Tier.EXACT), Brief("c", b"3", Tier.EDIT)]
    >>> [loosest(members, Choice(0, going), Tier.COPY).name for going in ((1,), (1, 2))]
    ['COPY', 'EDIT']
    """
    ordered = sorted(members, key=BY_PATH)
    assert choice.keeper is not None
    if ordered[choice.keeper] != members[0]:
        return Tier.EDIT
    return min(Tier.EDIT, max([tier, *(Tier(ordered[at].tier) for at in choice.going)]))


def as_decided(group: Group, decisions: Iterable[Decision]) -> Choice:
    """Return the choice that a plan of a group comes to.

    Parameters
    ----------
    group : Group
        A group.
    decisions : iterable of Decision
        What was decided about its images; of one that goes along with another, only that it does.

    Returns
    -------
    Choice
        With what really goes.
    """
    removals = [one for one in decisions if one.verdict == "remove"]
    gone = {one.path for one in removals}.union(part.path for one in removals for part in one.parts)
    ordered = in_order(group)
    return Choice(ordered.index(group.keeper), tuple(at for at, one in enumerate(ordered) if one.ref.path in gone))


def fits(count: int, choice: Choice) -> bool:
    """Say whether a choice can be one about a group.

    Parameters
    ----------
    count : int
        How many members the group has.
    choice : Choice
        What was read from somewhere.

    Returns
    -------
    bool
        Whether all its positions are members, and the keeper does not go.

    Examples
    --------
    >>> fits(2, DIFFERENT), fits(2, Choice(0, (1,))), fits(2, Choice(2)), fits(2, Choice(0, (0,)))
    (True, True, False, False)
    """
    if choice.keeper is None:
        return not choice.going
    return all(0 <= at < count for at in (choice.keeper, *choice.going)) and choice.keeper not in choice.going


def as_chosen(group: Group, choice: Choice, look: Look) -> Group:
    """Return a group as it is planned after a choice: only what was chosen can go, and each in favour of what stays.

    Parameters
    ----------
    group : Group
        As found.
    choice : Choice
        What was chosen; with a keeper.
    look : callable
        A full look at two files: for the keeper that was proposed, and for images that are a duplicate of nothing.

    Returns
    -------
    Group
        The keeper first. What was not chosen to go has the role keeper, too: it stays whatever else is said of it.
    """
    ordered = in_order(group)
    assert choice.keeper is not None
    keeper = ordered[choice.keeper]
    going = {ordered[at].ref.path for at in choice.going}
    members = [_staying(keeper, keeper.reason if keeper is group.keeper else "chosen in review")]
    for member in group.members:
        if member is not keeper:
            goes = member.ref.path in going
            members.append(_against(keeper, member, look) if goes else _staying(member, "kept in review"))
    return replace(group, members=tuple(members))


def _staying(member: Member, reason: str) -> Member:
    return replace(
        member, role="keeper", keeper=None, distance=None, share=None, score=None, tier=None, relation="", keeper_lacks=(),
        reason=reason,
    )  # fmt: skip


def _against(keeper: Member, member: Member, look: Look) -> Member:
    """Return a member that goes: with the keeper that it has, or as it stands to the one that was chosen.

    Where the keeper that it has goes, too, the plan looks at it and what stays for that.
    """
    if member.role == "duplicate" and member.tier is not None:
        return member
    found = look(keeper, member)
    if found is None:
        return replace(member, role="duplicate", keeper=keeper.ref.path, tier=None, relation="", score=None)
    return replace(
        member, role="duplicate" if found.tier <= Tier.EDIT else "similar", keeper=keeper.ref.path,
        tier=min(found.tier, Tier.SIMILAR), score=found.score, relation=found.relation, keeper_lacks=found.lacks[0],
        reason="chosen in review",
    )  # fmt: skip
