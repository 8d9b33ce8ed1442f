"""Plans as JSON: what is written is read back, and what was edited wrongly is refused with its place."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UnsafeError, UsageError
from lookalike.model import LOSSES, Tier
from lookalike.plan import NEVER_LOST, Decision, KeepOptions, Part, Plan, PlanRoot
from lookalike.tables import plan_from_json, plan_to_json, read_plan, write_plan

NAMES = st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name).map(os.fsdecode)
DIGESTS = st.binary(min_size=32, max_size=32)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
WHOLE = st.integers(0, 1 << 62)
OPTIONS = st.builds(
    KeepOptions,
    tier=st.just(Tier.EDIT),
    action=st.sampled_from(["quarantine", "hardlink", "delete"]),
    quarantine=st.none() | NAMES,
    allow_loss=st.lists(st.sampled_from([loss for loss in LOSSES if loss not in NEVER_LOST])).map(tuple),
    flat=st.booleans(),
    within=st.none() | st.integers(0, 9),
    across_folders=st.booleans(),
    protect=st.lists(NAMES).map(tuple),
    metadata=st.just("merge"),
    units=st.booleans(),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return any sound plan: each group keeps its first image and lets some of the others go, with parts or without."""
    names = iter(draw(st.lists(NAMES, unique=True, min_size=1, max_size=24)))
    decisions = []
    for group, keeper in enumerate(names, 1):
        decisions.append(Decision(keeper, "keep", group, draw(WHOLE), draw(WHOLE), draw(DIGESTS), draw(WORDS)))
        for path, part in zip(names, names, strict=False):
            along = Part(part, draw(WHOLE), draw(WHOLE), draw(DIGESTS), draw(st.none() | st.just(keeper)))
            decisions.append(
                Decision(
                    path, "remove", group, draw(WHOLE), draw(WHOLE), draw(DIGESTS), draw(WORDS), keeper,
                    draw(st.sampled_from([Tier.EXACT, Tier.COPY, Tier.EDIT])), draw(st.none() | st.floats(0, 1)),
                    draw(st.text("abc", max_size=5)), draw(st.sampled_from([(), (along,)])),
                    draw(st.sampled_from([(), ("date", "gps")])), draw(st.booleans()),
                )
            )  # fmt: skip
            if draw(st.booleans()):
                break
    roots = tuple(draw(st.lists(st.builds(PlanRoot, NAMES, NAMES.map("/{}".format), WHOLE), min_size=1, max_size=3)))
    return Plan(draw(WORDS), "/" + draw(NAMES), roots, draw(OPTIONS), "mirror", tuple(decisions), {"tier": "copy"})


@given(plans())
def test_what_is_written_is_read_back(plan: Plan) -> None:
    text = plan_to_json(plan)
    assert text.isascii()
    assert plan_from_json(text) == plan
    assert plan_to_json(plan_from_json(text)) == text


def example() -> dict[str, Any]:
    """Return a plan as plain values: b.jpg goes with its sidecar in favour of a.png."""
    keep = Decision("p/a.png", "keep", 1, 9, 1, b"a" * 32, "resolution 800x600 > 400x300")
    gone = Decision(
        "p/b.jpg", "remove", 1, 5, 2, b"b" * 32, "resolution 800x600 > 400x300", "p/a.png", Tier.COPY, 0.99,
        "half size", (Part("p/b.xmp", 3, 4, b"c" * 32, None),), ("gps",),
    )  # fmt: skip
    options = KeepOptions(metadata="merge")
    plan = Plan("2026-01-02T03:04:05+00:00", "/x", (PlanRoot("p", "/x/p", 2),), options, "upright", (keep, gone))
    document: dict[str, Any] = json.loads(plan_to_json(plan))
    return document


def test_an_image_that_a_person_lets_stay_stays_with_its_sidecar() -> None:
    document = example()
    document["decisions"][1]["verdict"] = "keep"
    plan = plan_from_json(json.dumps(document))
    assert plan.removals == ()
    assert (plan.decisions[1].parts, plan.decisions[1].metadata) == ((), ())


EDITS: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "misspelt": (("decisions", 1, "part"), [], r"decision 2 \(p/b.jpg\): unknown field 'part'"),
    "version": (("version",), 2, "version 2, and this program reads 1"),
    "verdict": (("decisions", 1, "verdict"), "delete", r"decision 2 \(p/b.jpg\): verdict must be keep or remove"),
    "number": (("decisions", 0, "bytes"), "9", r"decision 1 \(p/a.png\): bytes must be a whole number, got \"9\""),
    "truth": (("decisions", 0, "mtime_ns"), True, "mtime_ns must be a whole number, got true"),
    "digest": (("decisions", 0, "digest"), "xy", r"decision 1 \(p/a.png\): digest must be a digest of 32 bytes in hex"),
    "no digest": (
        ("decisions", 0, "digest"),
        "",
        r"decision 1 \(p/a.png\): digest must be a digest of 32 bytes in hex",
    ),
    "short digest": (("decisions", 0, "digest"), "00", "a digest of 32 bytes"),
    "tier": (("decisions", 1, "tier"), "close", r"decision 2 \(p/b.jpg\): unknown tier 'close'"),
    "path": (("decisions", 1, "path"), "a\0", "decision 2: path must be a path"),
    "no text": (("decisions", 1, "path"), "\ud800", "decision 2: path must be text"),
    "bytes": (("decisions", 1, "path_bytes"), "YQ==", "path and path_bytes name different files"),
    "base64": (("decisions", 1, "path_bytes"), "?", "decision 2: path must be a path"),
    "part": (
        ("decisions", 1, "parts", 0, "bytes"),
        None,
        r"part 1 \(p/b.xmp\): bytes must be a whole number, got null",
    ),
    "metadata": (("decisions", 1, "metadata"), [1], "metadata must be a list of texts"),
    "options": (("options", "flat"), "no", "options: flat must be true or false"),
    "action": (("options", "action"), "burn", "options: unknown action 'burn'"),
    "orient": (("orient",), "down", "orient must be one of upright, mirror, all"),
    "roots": (("roots",), [], "at least one root"),
    "decisions": (("decisions",), {}, "decisions must be a list"),
    "a decision": (("decisions", 1), 7, "decision 2 must be an object, got 7"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_wrong_field_is_refused_with_its_place(name: str) -> None:
    way, value, message = EDITS[name]
    document = example()
    inner: Any = document
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value
    with pytest.raises(UsageError, match=message):
        plan_from_json(json.dumps(document))


def test_every_field_but_those_that_say_nothing_has_to_be_there() -> None:
    document = example()
    owners = {"the plan": document, "options": document["options"], "root 1": document["roots"][0]}
    owners |= {"decision 1": document["decisions"][0], "part 1": document["decisions"][1]["parts"][0]}
    for label, owner in owners.items():
        for name in [name for name in owner if name not in {"quarantine", "within"}]:
            value = owner.pop(name)
            with pytest.raises(UsageError, match=rf"{label}.* lacks the field {name}"):
                plan_from_json(json.dumps(document))
            owner[name] = value
    assert plan_from_json(json.dumps(document)).removals


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"version": 1, "version": 1}', '{"version": NaN}', b"\xff", "[" * 10**5]
)
def test_what_is_no_plan_is_refused(text: str | bytes) -> None:
    with pytest.raises(UsageError, match="the plan"):
        plan_from_json(text)


def test_a_removal_whose_keeper_was_edited_away_is_unsafe() -> None:
    document = example()
    del document["decisions"][0]
    with pytest.raises(UnsafeError, match=r"p/a\.png"):
        plan_from_json(json.dumps(document))


def test_a_plan_goes_through_a_file_whose_name_is_in_every_message(tmp_path: Path) -> None:
    plan = plan_from_json(json.dumps(example()))
    path = str(tmp_path / "plan.json")
    write_plan(plan, path)
    assert read_plan(path) == plan
    Path(path).write_text("{}")
    with pytest.raises(UsageError, match=r"the plan .*plan\.json lacks the field version"):
        read_plan(path)
    with pytest.raises(UsageError, match="cannot read"):
        read_plan(str(tmp_path / "none.json"))
