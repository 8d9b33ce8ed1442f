"""Which roots need more than a yes."""

import os
from dataclasses import replace

import pytest

from lookalike.errors import UsageError
from lookalike.model import Tier
from lookalike.plan import Decision, KeepOptions, Plan, PlanRoot
from lookalike.planning.agreeing import only_files, over_half
from lookalike.planning.standing import OUTSIDE


def planned(roots: dict[str, int], gone: list[str]) -> Plan:
    """Return a plan made in /home/me that removes some images, of roots that hold so many."""
    facts = 1, 10, 1, bytes(32)
    decisions = [Decision("keeper.png", "keep", *facts, "first")]
    decisions += [Decision(path, "remove", *facts, "why", "keeper.png", Tier.EXACT, 1.0) for path in gone]
    folder = "/home/me"
    made = tuple(PlanRoot(path, os.path.normpath(os.path.join(folder, path)), images) for path, images in roots.items())
    return Plan("2026-01-01T00:00:00+00:00", folder, made, KeepOptions(), "upright", tuple(decisions))


def told(roots: dict[str, int], gone: list[str]) -> dict[str, int]:
    return {root.path: count for root, count in over_half(planned(roots, gone))}


def test_exactly_half_is_not_over_half() -> None:
    gone = ["p/1.png", "p/2.png"]
    assert told({"p": 4}, gone) == {}
    assert told({"p": 3}, gone) == {"p": 2}
    assert told({"p": 0}, []) == {}


@pytest.mark.parametrize("inner", ["p/sub", "/home/me/p/sub", "./p/sub/"])
@pytest.mark.parametrize("outer", ["p", "/home/me/p", "../me/p"])
def test_the_innermost_root_counts_however_it_is_given(outer: str, inner: str) -> None:
    gone = [f"{outer.rstrip('/')}/sub/{number}.png" for number in range(3)]
    assert told({outer: 100, inner: 5}, gone) == {inner: 3}
    assert told({outer: 5, inner: 100}, gone) == {}
    assert told({outer: 5, inner: 100}, [path.replace("/sub/", "/subs/") for path in gone]) == {outer: 3}


def test_a_root_that_is_a_file_is_over_half_when_it_goes() -> None:
    assert told({"p": 9, "q.png": 1}, ["q.png"]) == {"q.png": 1}


def test_by_a_plan_that_is_acted_on_only_ordinary_files_go() -> None:
    plan = planned({"p": 9}, ["p/1.png", "p/2.png"])
    only_files(plan)
    outside, elsewhere = (replace(plan.decisions[0], path=path, reason=OUTSIDE) for path in ("q/a.png", "r/b.png"))
    inside, held = replace(outside, path="p/c.png"), replace(outside, reason="protected")
    only_files(replace(plan, decisions=(*plan.decisions, inside, held)))
    for more, said in (
        ((outside,), r"^q/a\.png is a duplicate"),
        ((outside, elsewhere), r"^q/a\.png \(and 1 more\) is"),
    ):
        with pytest.raises(UsageError, match=said):
            only_files(replace(plan, decisions=(*plan.decisions, *more)))
    member = replace(plan.decisions[-1], path="p.zip/3.png", source="archive")
    with pytest.raises(UsageError, match=r"^1 of the 3 images that would go are no ordinary files.*: p\.zip/3\.png"):
        only_files(replace(plan, decisions=(*plan.decisions, member)))
