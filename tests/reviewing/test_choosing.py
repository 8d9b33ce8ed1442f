"""Choices and groups: what is proposed, what a group becomes, what it is known by."""

import os
from dataclasses import replace

import pytest

from lookalike.groups.grouped import briefs
from lookalike.model import Group, ImageRef, Member, Role, Tier
from lookalike.plan import Decision, Part
from lookalike.reviewing.choosing import DIFFERENT, as_chosen, as_decided, fits, in_order, key_of, proposal
from lookalike.stores.choices import Choice
from lookalike.verdicts.confirming import Confirmed


def member(path: str, tier: Tier | None = None, keeper: str | None = None) -> Member:
    ref = ImageRef(path, "v", path, 10, 1, 1, 1, path.encode() * 8)
    role: Role = "keeper" if keeper is None else "duplicate" if tier is not None and tier < Tier.SIMILAR else "similar"
    return Member(
        ref, 8, 8, "PNG", None, role, keeper=keeper, tier=tier, score=None if tier is None else 0.9, reason="found"
    )


GROUP = Group(
    4, (member("c"), member("a", Tier.EXACT, "c"), member("e", Tier.COPY, "a"), member("b", Tier.EDIT, "c"),
        member("d", Tier.SIMILAR, "c"), member("f", None, "c")), "star", 30, 3,
)  # fmt: skip
"""By path: the keeper is at 2."""
GONE = (Confirmed(Tier.COPY, 0.8, "seen", (("alpha",), ())), Confirmed(Tier.SIMILAR, 0.4, "alike"), None)


def no_look(keeper: Member, other: Member) -> Confirmed | None:
    raise AssertionError(f"{keeper.ref.path} and {other.ref.path} need no look")


def test_choices_count_members_by_path_however_they_were_ranked() -> None:
    assert [one.ref.path for one in in_order(GROUP)] == list("abcdef")
    turned = replace(GROUP, members=GROUP.members[::-1])
    assert in_order(turned) == in_order(GROUP)


def test_a_proposal_is_what_the_tier_allows() -> None:
    members = briefs(GROUP)
    assert proposal(members, Tier.EXACT) == Choice(2, (0,))
    assert proposal(members, Tier.COPY) == Choice(2, (0, 4))
    assert proposal(members, Tier.EDIT) == Choice(2, (0, 1, 4))
    assert proposal(members[:1], Tier.EDIT) == Choice(0)


def test_what_a_plan_says_becomes_a_choice_with_what_goes_along() -> None:
    facts = 4, 10, 1, bytes(32)
    removal = Decision("a", "remove", *facts, "why", "c", Tier.EXACT, 1.0, parts=(Part("e", 1, 1, bytes(32), None),))
    assert as_decided(GROUP, [Decision("c", "keep", *facts, "first"), removal]) == Choice(2, (0, 4))
    assert as_decided(GROUP, []) == Choice(2)


def test_only_what_was_chosen_can_go() -> None:
    made = as_chosen(GROUP, Choice(2, (1,)), no_look)
    assert made.keeper == GROUP.keeper
    assert {one.ref.path for one in made.members if one.role != "keeper"} == {"b"}
    assert {one.reason for one in made.members} == {"found", "kept in review"}
    assert sorted(one.ref.path for one in made.members) == list("abcdef")
    assert all(one.keeper is None and one.tier is None for one in made.members if one.role == "keeper")
    assert (made.id, made.saving) == (GROUP.id, GROUP.saving)


def test_duplicates_keep_the_keeper_that_they_were_found_with() -> None:
    made = {one.ref.path: one for one in as_chosen(GROUP, Choice(2, (0, 1, 4)), no_look).members}
    assert {path: one.keeper for path, one in made.items() if one.role == "duplicate"} == {"a": "c", "e": "a", "b": "c"}


@pytest.mark.parametrize("found", GONE)
def test_the_keeper_that_was_proposed_is_looked_at_beside_the_one_that_was_chosen(found: Confirmed | None) -> None:
    looked = []

    def look(keeper: Member, other: Member) -> Confirmed | None:
        looked.append((keeper.ref.path, other.ref.path))
        return found

    made = as_chosen(GROUP, Choice(1, (2, 3, 5)), look)
    assert looked == [("b", "c"), ("b", "d"), ("b", "f")]
    assert (made.keeper.ref.path, made.keeper.role, made.keeper.reason, made.keeper.tier) == (
        "b",
        "keeper",
        "chosen in review",
        None,
    )
    other = next(one for one in made.members if one.ref.path == "c")
    assert other.keeper == "b"
    if found is None:
        assert (other.tier, other.score) == (None, None)  # which no plan removes
    else:
        assert (other.tier, other.score, other.relation) == (found.tier, found.score, found.relation)
        assert other.keeper_lacks == found.lacks[0]
        assert other.role == ("duplicate" if found.tier <= Tier.EDIT else "similar")


def test_other_pictures_are_similar_at_most() -> None:
    made = as_chosen(GROUP, Choice(3, (2,)), lambda *_: Confirmed(Tier.NONE, 0.0, "not alike"))
    assert next(one.tier for one in made.members if one.ref.path == "c") is Tier.SIMILAR


def test_a_choice_fits_where_all_that_it_names_is_there() -> None:
    assert fits(3, DIFFERENT)
    assert fits(3, Choice(2, (0, 1)))
    assert not any(
        fits(3, one)
        for one in (Choice(3), Choice(-1), Choice(0, (3,)), Choice(0, (-1,)), Choice(0, (0,)), Choice(None, (0,)))
    )


def test_a_group_is_known_by_its_files_and_what_they_hold() -> None:
    contents = [(one.ref.path, one.ref.digest) for one in GROUP.members]
    assert contents[0] == ("c", b"c" * 8)
    others = [
        contents[1:], contents[::-1], [("x", b"c" * 8), *contents[1:]], [("c", b"x" * 8), *contents[1:]],
        [("c", None), *contents[1:]],
        [("ca", b"c" * 7), *contents[1:]], [*contents, ("g", b"")], [],
    ]  # fmt: skip
    keys = {key_of(one) for one in (contents, *others)}
    assert len(keys) == len(others) + 1
    assert {len(key) for key in keys} == {16}
    assert key_of([(os.fsdecode(b"\xff"), None)]) != key_of([("\xff", None)])
