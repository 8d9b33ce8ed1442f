import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.keep import parse_rules
from lookalike.model import (
    DEFAULT_KEEP,
    Group,
    HashSpec,
    ImageRef,
    Member,
    Tier,
)
from lookalike.options import FindOptions, ScanOptions

REF = ImageRef("photos/a.jpg", "uuid:1", "a.jpg", 10, 20, 1, 2)


@pytest.mark.parametrize("tier", [Tier.EXACT, Tier.COPY, Tier.EDIT, Tier.SIMILAR])
def test_a_tier_is_parsed_from_its_name(tier: Tier) -> None:
    assert Tier.parse(tier.name.lower()) is tier


@pytest.mark.parametrize("text", ["none", "COPY", "", "0", "copy "])
def test_what_is_no_tier_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(UsageError, match="exact, copy, edit, similar") as caught:
        Tier.parse(text)
    assert repr(text) in str(caught.value)


def test_tiers_are_ordered_from_tight_to_loose() -> None:
    assert list(Tier) == sorted(Tier) == [Tier.EXACT, Tier.COPY, Tier.EDIT, Tier.SIMILAR, Tier.NONE]


@given(size=st.integers(1, 64), version=st.integers(0, 99))
def test_a_spec_has_size_squared_bits_and_an_id_of_its_own(size: int, version: int) -> None:
    spec = HashSpec(size=size, version=version)
    assert spec.bits == size**2
    assert spec.id == f"phash-{size}-lanczos3-fast-v{version}"
    others = [
        dataclasses.replace(spec, algorithm="dhash"), dataclasses.replace(spec, size=size + 1),
        dataclasses.replace(spec, filter="box"), dataclasses.replace(spec, decoding="full"),
        dataclasses.replace(spec, version=version + 1),
    ]  # fmt: skip
    assert len({spec.id, *(other.id for other in others)}) == 6


@pytest.mark.parametrize("value", [REF, HashSpec(), ScanOptions(), FindOptions()])
def test_values_are_frozen_and_without_a_dict(value: object) -> None:
    assert dataclasses.is_dataclass(value)
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")
    assert not hasattr(value, "__dict__")


def test_the_keeper_of_a_group_is_its_first_member() -> None:
    members = tuple(Member(dataclasses.replace(REF, path=path), 1, 1, "PNG", None, "keeper") for path in "ab")
    assert Group(1, members, "star", 0, 0).keeper.ref.path == "a"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"truncated": "ignore"}, "refuse or accept, got 'ignore'"),
        ({"min_size": (-1, 0)}, r"not be negative, got \(-1, 0\)"),
        ({"min_size": (0, -1)}, "not be negative"),
        ({"max_pixels": 0}, "at least 1, got 0"),
    ],
)
def test_wrong_scan_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ScanOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tier": Tier.NONE}, "exact, copy, edit, similar"),
        ({"radius": -1}, r"0\.\.64 bits.*got -1"),
        ({"radius": 65}, r"0\.\.64 bits.*got 65"),
        ({"radius": 17, "spec": HashSpec(size=4)}, r"0\.\.16 bits"),
        ({"group": "cluster"}, "'cluster'.*star, clique, component"),
    ],
)
def test_wrong_find_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        FindOptions(**options)  # type: ignore[arg-type]


def test_limits_of_options_are_inclusive() -> None:
    assert FindOptions(radius=0).radius == 0
    assert FindOptions(radius=64).radius == 64
    assert ScanOptions(max_pixels=1, min_size=(0, 0)).max_pixels == 1


def test_options_take_keywords_only() -> None:
    with pytest.raises(TypeError):
        ScanOptions(("*.png",))  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        FindOptions(Tier.COPY)  # type: ignore[call-arg]


def test_the_default_keep_rules_are_rules() -> None:
    assert parse_rules(DEFAULT_KEEP) == [
        "intact", "resolution", "original", "quality", "exif", "bytes", "oldest", "shortest-path", "name",
    ]  # fmt: skip
