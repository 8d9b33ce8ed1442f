"""What must hold of every plan, each rule broken once; options of what may go."""

from dataclasses import replace
from typing import Any

import pytest

from lookalike.errors import LookalikeError, UnsafeError, UsageError
from lookalike.model import Tier
from lookalike.plan import Decision, KeepOptions, Part, Plan, PlanRoot, check, lost

ROOT = PlanRoot("p", "/home/p", 9)
KEEP = Decision("p/a.png", "keep", 1, 10, 5, bytes(32), "resolution 2x2 > 1x1")
GOES = Decision("p/b.png", "remove", 1, 8, 5, bytes(32), "resolution 2x2 > 1x1", "p/a.png", Tier.COPY, 0.9, "half size")
PART = Part("p/b.xmp", 3, 5, bytes(32), "p/a.xmp")


def plan(*decisions: Decision, roots: tuple[PlanRoot, ...] = (ROOT,), **options: Any) -> Plan:
    return Plan("2026-01-01T00:00:00+00:00", "/home", roots, KeepOptions(**options), "upright", decisions)


def test_a_sound_plan_is_taken_and_lists_what_goes() -> None:
    whole = replace(GOES, parts=(PART, replace(PART, path="p/b.txt", keeper=None)), metadata=("date",))
    made = plan(KEEP, whole, metadata="merge")
    assert made.removals == (whole,)
    check(made)


def test_names_that_are_not_utf_8_are_paths() -> None:
    odd = "p/\udcff\n-rf.png"
    assert plan(replace(KEEP, path=odd), replace(GOES, keeper=odd)).removals


def test_members_of_archives_go_in_favour_of_others() -> None:
    assert plan(replace(KEEP, source="archive"), replace(GOES, source="archive")).removals
    assert plan(KEEP, replace(GOES, source="archive")).removals


def with_parts(*parts: Part) -> tuple[Decision, Decision]:
    return KEEP, replace(GOES, parts=parts)


BROKEN: dict[str, tuple[type[LookalikeError], str, tuple[Decision, ...]]] = {
    "decided twice": (UsageError, "'p/a.png' is decided more than once", (KEEP, KEEP, GOES)),
    "a part that is decided": (UsageError, "more than once", with_parts(replace(PART, path="p/a.png"))),
    "a part twice": (UsageError, "'p/b.xmp' is decided more than once", with_parts(PART, PART)),
    "a part that is its own image": (UsageError, "more than once", with_parts(replace(PART, path="p/b.png"))),
    "no keeper": (UsageError, "needs a keeper", (KEEP, replace(GOES, keeper=None))),
    "no tier": (UsageError, "and a tier", (KEEP, replace(GOES, tier=None))),
    "no reason": (UsageError, "every decision has a reason", (KEEP, replace(GOES, reason=""))),
    "no reason to keep": (UsageError, "every decision has a reason", (replace(KEEP, reason=""),)),
    "another verdict": (UsageError, "keep or remove, got 'delete'", (replace(KEEP, verdict="delete"),)),  # type: ignore[arg-type]
    "a short digest": (UsageError, "a digest has 32 bytes", (replace(KEEP, digest=b"x"),)),
    "a short digest of a part": (UsageError, "a digest has 32 bytes", with_parts(replace(PART, digest=b""))),
    "an empty path": (UsageError, "'' is no path", (replace(KEEP, path=""),)),
    "a path with a zero": (UsageError, "is no path", (replace(KEEP, path="p/a\0b"),)),
    "half a surrogate pair": (UsageError, "is no path", (replace(KEEP, path="p/\ud800"),)),
    "a part without a path": (UsageError, "'' is no path", with_parts(replace(PART, path=""))),
    "a keeper of a part without a path": (UsageError, "'' is no path", with_parts(replace(PART, keeper=""))),
    "what stays takes parts along": (UsageError, "nothing can go along", (replace(KEEP, parts=(PART,)),)),
    "what stays loses metadata": (UsageError, "nothing can go along", (replace(KEEP, metadata=("date",)),)),
    "metadata merged unasked": (UsageError, "merged only where the plan says so", (KEEP, replace(GOES, metadata=("date",)))),
    "a keeper that is not decided": (UnsafeError, "which the plan does not keep", (GOES,)),
    "a keeper that goes": (
        UnsafeError, "'p/c.png' would go in favour of 'p/b.png'", (KEEP, GOES, replace(GOES, path="p/c.png", keeper="p/b.png")),
    ),
    "two that go for each other": (
        UnsafeError, "which the plan does not keep",
        (replace(GOES, keeper="p/c.png"), replace(GOES, path="p/c.png", keeper="p/b.png")),
    ),
    "its own keeper": (UnsafeError, "cannot be its own keeper", (replace(GOES, keeper="p/b.png"),)),
    "a keeper that is no file": (UnsafeError, "which is no ordinary file", (replace(KEEP, source="archive"), GOES)),
    "looser than the plan": (UnsafeError, "the plan is for copy at most", (KEEP, replace(GOES, tier=Tier.EDIT))),
    "the keeper of a part goes": (
        UnsafeError, "'p/b.xmp' would go in favour of 'p/b.png', which goes itself",
        with_parts(replace(PART, keeper="p/b.png")),
    ),
    "parts that go for each other": (
        UnsafeError, "which goes itself",
        with_parts(replace(PART, keeper="p/b.txt"), replace(PART, path="p/b.txt", keeper="p/b.xmp")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_plan_that_breaks_a_rule_cannot_be_made(what: str) -> None:
    error, message, decisions = BROKEN[what]
    with pytest.raises(error, match=message) as caught:
        plan(*decisions)
    assert type(caught.value) is error


def test_a_plan_needs_a_root() -> None:
    with pytest.raises(UsageError, match="at least one root"):
        plan(KEEP, roots=())


def test_the_tier_of_the_plan_may_go() -> None:
    assert plan(KEEP, replace(GOES, tier=Tier.EDIT), tier=Tier.EDIT).removals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tier": Tier.SIMILAR}, "tier similar never goes"),
        ({"action": "shred"}, "unknown action 'shred': use one of quarantine, trash, hardlink"),
        ({"metadata": "lose"}, "'lose': use one of stay, merge, drop"),
        ({"allow_loss": ("alpha", "soul")}, "unknown loss 'soul'"),
        ({"allow_loss": "alpha"}, r"write \('alpha',\)"),
        ({"protect": "*.jpg"}, r"protect is a tuple of texts, got the text '\*.jpg'"),
        ({"within": -1}, "at least 0 folders, got -1"),
        ({"action": "trash", "quarantine": "/q"}, "no meaning with action trash"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        KeepOptions(**options)


def test_options_of_all_kinds_are_taken() -> None:
    assert KeepOptions(tier=Tier.EXACT, action="trash", within=0, allow_loss=("alpha", "frames")).quarantine is None


@pytest.mark.parametrize(("folder", "absolute"), [(".", "/home/p"), ("/home", "p"), ("/home", "../p"), ("", "/home/p")])
def test_a_plan_does_the_same_wherever_it_is_applied(folder: str, absolute: str) -> None:
    with pytest.raises(UsageError, match="must be an absolute path"):
        Plan("2026-01-01T00:00:00+00:00", folder, (PlanRoot("p", absolute, 9),), KeepOptions(), "upright", ())


def test_what_a_keeper_lacks_is_said_with_the_option_that_allows_it() -> None:
    assert lost(["alpha", "depth"]) == "keeper carries less: alpha, depth (--allow-loss alpha,depth)"
    assert lost(["depth", "raw"]) == "keeper carries less: depth, raw"
