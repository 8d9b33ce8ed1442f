"""Leaks as values: lists without them, counts, decisions that accept them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lookalike as la
from lookalike.labels import Root
from lookalike.leakage.leaked import Leaks
from lookalike.leakage.splits import Pair, Placed, Split
from lookalike.model import ImageRef, Member, Tier
from lookalike.tables import leaks_to_csv

SEARCH: dict[str, Any] = {
    "options": {"tier": "edit", "against": []}, "environment": {}, "failures": [], "warnings": [],
    "stats": {"images": 9, "hashed": 9, "cached": 0, "failed": 0, "failed_folders": 0, "skipped": {}, "seconds": 1.0},
}  # fmt: skip
NAMES = ("train", "val", "test")


def placed(path: str, *, content: str | None = None, parts: tuple[str, ...] = ()) -> Placed:
    split, label, _ = path.split("/")
    digest = sha256((content or path).encode()).digest()
    return Placed(
        Member(ImageRef(path, "", "", 1, 0, 0, 0, digest), 8, 6, "PNG", None, "duplicate", parts=parts), split, label
    )


def pair(group: int, image: Placed, keeper: Placed, tier: Tier = Tier.COPY) -> Pair:
    return Pair(group, image, keeper, tier, 0.9, 3, 3 / 64, "half size")


def made(groups: Sequence[Sequence[Placed]], others: Sequence[str] = (), pairs: Sequence[Pair] = ()) -> Leaks:
    paths = [path for group in groups for one in group for path in (one.path, *one.member.parts)] + list(others)
    splits = tuple(
        Split(name, (Root(name, 1, depth=1),), tuple(sorted(path for path in paths if path.startswith(name + "/"))))
        for name in NAMES
    )  # fmt: skip
    return Leaks(splits, tuple(map(tuple, groups)), tuple(pairs), (), SEARCH)


@st.composite
def sets(draw: st.DrawFn) -> Leaks:
    numbers = iter(range(1000))
    image = st.sampled_from(NAMES).map(lambda name: f"{name}/cat/{next(numbers)}.png")
    groups = draw(st.lists(st.lists(image, min_size=2, max_size=5), max_size=5))
    whole = [
        [placed(path, parts=(path + ".raw",) if draw(st.booleans()) else ()) for path in group]
        for group in groups
        if len({path.split("/")[0] for path in group}) > 1
    ]
    return made(whole, draw(st.lists(image, max_size=5)))


@given(sets(), st.sampled_from(["first", "last", *NAMES]))
def test_after_a_fix_no_group_lies_in_two_splits_and_nothing_else_is_lost(leaks: Leaks, keep: str) -> None:
    lists = leaks.fix(keep)
    assert list(lists) == list(NAMES)
    order = {"first": NAMES, "last": NAMES[::-1]}.get(keep, (keep, *(name for name in NAMES[::-1] if name != keep)))
    of = {path: name for name, paths in lists.items() for path in paths}
    grouped: set[str] = set()
    for group in leaks.groups:
        paths = {path: one.split for one in group for path in (one.path, *one.member.parts)}
        grouped |= paths.keys()
        stays = min(paths.values(), key=order.index)
        assert {path for path in paths if path in of} == {path for path, name in paths.items() if name == stays}
    for split in leaks.splits:
        assert set(split.images) - grouped <= set(lists[split.name]) <= set(split.images)
        assert list(lists[split.name]) == sorted(lists[split.name])


def test_whose_images_stay_is_one_of_the_splits() -> None:
    with pytest.raises(la.UsageError, match="no split is called 'dev': use first, last or one of train, val, test"):
        made([]).fix("dev")


def three() -> Leaks:
    one = [placed("train/cat/1.png"), placed("test/dog/1.png")]
    two = [placed("train/cat/2.png"), placed("train/cat/3.png"), placed("val/cat/2.png"), placed("test/cat/2.png")]
    pairs = [
        pair(1, one[1], one[0], Tier.EDIT), pair(2, two[2], two[0]), pair(2, two[3], two[0]),
        replace(pair(2, two[1], two[2]), through="train/cat/2.png", distance=None, share=None, relation=""),
    ]  # fmt: skip
    return made([one, two], ["train/dog/9.png", "test/cat/9.png", "test/cat/8.png"], pairs)


def test_counts_by_tier_by_splits_and_by_class() -> None:
    leaks = three()
    assert leaks.by_tier == {"exact": 0, "copy": 3, "edit": 1}
    rows = {tuple(row["splits"]): row for row in leaks.between}
    assert {splits: (row["pairs"], row["images"], row["of"]) for splits, row in rows.items()} == {
        ("train", "val"): (2, [2, 1], [4, 1]),
        ("train", "test"): (2, [2, 2], [4, 4]),
        ("val", "test"): (0, [0, 0], [1, 4]),
    }
    assert rows["train", "test"]["by_tier"] == {"exact": 0, "copy": 1, "edit": 1}
    assert [(row["class"], row["splits"], row["pairs"], row["images"], row["of"]) for row in leaks.by_class] == [
        ("cat", ["train", "val"], 2, [2, 1], [3, 1]),
        ("cat", ["train", "test"], 2, [2, 1], [3, 3]),
        ("dog", ["train", "test"], 1, [0, 1], [1, 1]),
    ]


def test_a_pair_that_was_never_verified_has_no_tier() -> None:
    leaks = three()
    loose = replace(leaks, pairs=(replace(leaks.pairs[0], tier=None, score=None), *leaks.pairs[1:]))
    assert loose.by_tier == {"exact": 0, "copy": 3, "edit": 0, "not verified": 1}
    assert [row["tier"] for row in loose.to_dict()["pairs"]] == [None, "copy", "copy", "copy"]


def test_what_accepts_new_pairs_is_a_decision_per_group_and_one_per_content_that_is_twice() -> None:
    again = [placed("train/cat/1.png", content="x"), placed("test/cat/1.png", content="x"), placed("test/cat/2.png")]
    leaks = made([again], pairs=[pair(1, again[1], again[0], Tier.EXACT), pair(1, again[2], again[0])])
    keep, different = leaks.accept()
    assert (keep["kind"], keep["note"], [row["path"] for row in keep["images"]]) == (
        "keep", "leaks: train, test", ["train/cat/1.png"],
    )  # fmt: skip
    assert different["kind"] == "different"
    assert sorted(row["digest"] for row in different["images"]) == sorted({one.digest.hex() for one in again})
    known = replace(leaks, pairs=tuple(replace(one, known=True) for one in leaks.pairs))
    assert known.accept() == []
    assert (len(known.new), known.to_dict()["stats"]["new"], len(known.pairs)) == (0, 0, 2)


def test_the_document_is_json_and_a_table() -> None:
    leaks = three()
    document = json.loads(leaks.to_json())
    assert document == leaks.to_dict()
    assert [len(group["members"]) for group in document["groups"]] == [2, 4]
    assert document["splits"][0] == {
        "name": "train",
        "paths": [{"path": "train"}],
        "images": 4,
        "failed": 0,
        "classes": 2,
    }
    assert document["pairs"][3]["through"] == "train/cat/2.png"
    lines = leaks_to_csv(document | {"failures": [{"path": "a", "path_bytes": "Yf8=", "stage": "decode", "kind": "damaged",
                                                  "reason": "r"}]}).splitlines()  # fmt: skip
    assert len(lines) == 1 + 4 + 1
    assert lines[1].startswith("1,edit,0.9,3,0.046875,half size,,,no,test/dog/1.png,,test,dog,")
    assert lines[5].startswith(",,,,,,,,,a,Yf8=,")
    assert lines[5].endswith(",decode,damaged,r")
    assert repr(leaks) == "<Leaks: 4 pairs in 2 groups across train, val, test>"
