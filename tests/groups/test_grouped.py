"""Groups that are made only when looked at, and their outline beside the plain one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import lookalike as la
from conftest import encode, scene
from lookalike.groups.grouped import briefs, outline
from lookalike.model import Tier


def _findings(put: Callable[..., Path], tmp_path: Path) -> la.Findings:
    for seed in range(3):
        put(f"p/{seed}.png", encode(scene(seed), "PNG"))
        put(f"p/{seed}-small.jpg", encode(scene(seed).resize((240, 180)), quality=70))
    put("p/0-again.png", encode(scene(0), "PNG"))
    put("p/1-gray.jpg", encode(scene(1).convert("L")))
    put("p/alone.png", encode(scene(9), "PNG"))
    return la.find(tmp_path / "p", workers=1)


def test_groups_are_those_of_the_findings(put: Callable[..., Path], tmp_path: Path) -> None:
    findings = _findings(put, tmp_path)
    grouped = findings.grouped
    assert tuple(grouped) == findings.groups
    assert len(grouped) == 3
    assert grouped[-1] == findings.groups[2]
    assert tuple(grouped[1:]) == findings.groups[1:]


def test_the_outline_is_that_of_the_groups(put: Callable[..., Path], tmp_path: Path) -> None:
    findings = _findings(put, tmp_path)
    quick, plain = findings.grouped.outline(), outline(findings.groups)
    for name in ("tier", "score", "images", "saving"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(plain, name), err_msg=name)
    assert sorted(quick.images.tolist()) == [2, 3, 3]
    assert quick.tier.max() == Tier.EDIT


def test_briefs_are_those_of_the_members(put: Callable[..., Path], tmp_path: Path) -> None:
    grouped = _findings(put, tmp_path).grouped
    for at, group in enumerate(grouped):
        assert grouped.briefs(at) == briefs(group)
    tiers = {one.path.rpartition("/")[2]: one.tier for at in range(3) for one in grouped.briefs(at)}
    assert [tiers[name] for name in ("0.png", "0-again.png", "0-small.jpg", "1-gray.jpg")] == [
        Tier.NONE, Tier.EXACT, Tier.COPY, Tier.EDIT,
    ]  # fmt: skip


def test_the_riskiest_group_comes_first(put: Callable[..., Path], tmp_path: Path) -> None:
    made = _findings(put, tmp_path).grouped.outline()
    tiers = made.tier[made.by_risk()].tolist()
    assert tiers == sorted(tiers, reverse=True)
    assert tiers[0] == Tier.EDIT


def test_nothing_found_has_an_empty_outline(put: Callable[..., Path], tmp_path: Path) -> None:
    put("p/alone.png", encode(scene(9), "PNG"))
    made = la.find(tmp_path / "p", workers=1).grouped.outline()
    assert made.images.tolist() == []
    assert made.by_risk().tolist() == []
