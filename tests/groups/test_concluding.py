"""Increments: images under test group with what was searched before and among themselves, and the old ones with nothing."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3

from conftest import encode, scene
from lookalike.candidates.proposing import propose
from lookalike.errors import UsageError
from lookalike.grouping import Candidates, Layer, Listed, group
from lookalike.groups.concluding import conclude
from lookalike.groups.findings import Findings
from lookalike.keep import rank
from lookalike.model import Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.gathering import gather
from lookalike.scan.listing import Scan
from lookalike.stores.catalog import Catalog
from lookalike.stores.decisions import Decided
from lookalike.verdicts.judging import Judge

Put = Callable[..., Path]


@pytest.fixture
def album(put: Put) -> Path:
    """Old and new pictures: equal ones on either side and on both, and edits that some are near and others are not."""
    base = put("old/twice.jpg", encode(scene(0), quality=90)).parents[1]
    put("old/again.jpg", encode(scene(0), quality=90))
    for number, (name, seed, cut, side, quality) in enumerate([
        ("old", 0, 0, 300, 80), ("new", 0, 0, 480, 90), ("new", 0, 0, 240, 70), ("new", 0, 14, 480, 90),
        ("old", 1, 0, 480, 90), ("old", 1, 40, 480, 80), ("old", 1, 10, 400, 80), ("new", 1, 20, 400, 80),
        ("new", 1, 30, 480, 95), ("new", 2, 0, 480, 90), ("new", 2, 0, 240, 70), ("new", 2, 16, 480, 80),
        ("old", 3, 0, 480, 90), ("old", 3, 0, 240, 90), ("old", 4, 0, 480, 90), ("new", 5, 0, 480, 90), ("new", 6, 0, 200, 60),
        ("old", 6, 0, 480, 90), ("new", 6, 24, 480, 90),
    ]):  # fmt: skip
        picture = scene(seed).crop((cut, cut, 480 - cut, 360 - cut)).resize((side, side * 3 // 4))
        put(f"{name}/{number}.jpg", encode(picture, quality=quality))
    return base


@contextmanager
def scanned(base: Path, options: FindOptions) -> Iterator[tuple[Catalog, Scan]]:
    with open_catalog(None) as store:
        yield store, gather([f"{base}/new"], [f"{base}/old"], store, options.spec, ScanOptions(), workers=1)


def concluded(
    base: Path, options: FindOptions, decided: tuple[Decided, ...] = (), *, increment: bool = True
) -> Findings:
    def again(keep: str) -> Findings:
        raise AssertionError(keep)

    with scanned(base, options) as (store, found):
        return conclude(
            found, store, options, ScanOptions(), roots=[f"{base}/new"], references=[f"{base}/old"], decided=decided,
            workers=1, again=again, started=time.monotonic(), increment=increment,
        )  # fmt: skip


def names(findings: Findings) -> set[frozenset[str]]:
    return {frozenset(_name(member.ref.path) for member in one.members) for one in findings.groups}


def _name(path: str) -> str:
    return "/".join(Path(path).parts[-2:])


def by_definition(base: Path, options: FindOptions) -> set[frozenset[str]]:
    """Verify every candidate of all images, take the pairs that touch a new one, and group by these, the old ones first."""
    with scanned(base, options) as (store, found), ThreadPoolExecutor(1) as threads:
        images = found.images
        order = rank(images, options.keep).order
        _, first = np.unique(images.content[order], return_index=True)
        content = images.content[order[np.sort(first)]]  # in keep order
        image = order[np.sort(first)]
        joined = np.ones(len(content), np.bool_)
        proposals = propose(content, joined, images.facts.id, store, options, threads=1)
        judge = Judge(images, content, image, proposals, store, options, threads, reader=found.reader)
        left, right = np.triu_indices(len(content), 1)
        near = np.array(
            [other in proposals.candidates.near(one) for one, other in zip(left.tolist(), right.tolist(), strict=True)]
        )
        touches = ~(images.reference[image[left]] & images.reference[image[right]])
        left, right = left[near & touches].astype(np.int64), right[near & touches].astype(np.int64)
        pairs = Listed(len(content), left, right)
        items = np.arange(len(content))
        matched = group(Candidates(len(content), [Layer(items, items, pairs)]), judge, options.tier)
        of_content = dict(zip(content.tolist(), matched.group.tolist(), strict=True))
        groups: dict[int, set[str]] = {}
        for row, path in enumerate(images.path):
            if not images.reference[row] or row in image:  # of equal old ones the first
                groups.setdefault(of_content[int(images.content[row])], set()).add(_name(path))
        judge.flush()
    return {frozenset(one) for one in groups.values() if len(one) > 1}


@pytest.mark.parametrize("tier", [Tier.COPY, Tier.EDIT, Tier.SIMILAR])
def test_an_increment_groups_by_the_pairs_that_touch_what_is_new(album: Path, tier: Tier) -> None:
    options = FindOptions(tier=tier)
    expected = by_definition(album, options)
    findings = concluded(album, options)
    assert names(findings) == expected
    assert frozenset({"new/1.jpg", "new/2.jpg"}) < max(expected, key=lambda one: "new/1.jpg" in one)
    assert any(all(name.startswith("new/") for name in one) for one in expected), "new ones among themselves"
    for one in findings.groups:
        assert sum("/old/" in member.ref.path for member in one.members) <= 1
        assert not any("/old/" in member.ref.path for member in one.members[1:])
    assert not any("/old/" in path for path in findings.duplicate_paths)
    assert {"old/12.jpg", "old/13.jpg"}.isdisjoint(name for one in expected for name in one), (
        "old ones that nothing new is like"
    )


def different(album: Path, number: int, *named: str) -> Decided:
    digests = [(blake3((album / name).read_bytes()).digest(), name) for name in named]
    return Decided(number, "different", "", "", tuple(sorted(digests)))


def test_decisions_are_given_as_values(album: Path) -> None:
    groups = names(concluded(album, FindOptions(), (different(album, 1, "new/9.jpg", "new/10.jpg"),)))
    assert not any({"new/9.jpg", "new/10.jpg"} <= one for one in groups)


def test_an_old_one_that_another_old_one_is_like_is_a_keeper_all_the_same(album: Path) -> None:
    assert frozenset({"old/4.jpg", "new/7.jpg"}) in names(concluded(album, FindOptions()))
    decided = [different(album, at, "new/7.jpg", f"old/{at}.jpg") for at in (4, 5)]
    groups = names(concluded(album, FindOptions(), tuple(decided)))
    assert frozenset({"old/6.jpg", "new/7.jpg"}) in groups


def test_an_increment_is_in_stars(album: Path) -> None:
    with pytest.raises(UsageError, match="leave it at star"):
        concluded(album, FindOptions(group="clique"))
