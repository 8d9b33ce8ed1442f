"""`catalog:FILE`: what a catalog knows is found as a search of its folders finds it, and no file is touched."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike as la
from conftest import scene
from lookalike.errors import SourceError, UsageError
from lookalike.opening import open_catalog


def saved(path: Path, seed: int, size: tuple[int, int] = (240, 160), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scene(seed, 240, 160).resize(size).save(path, **options)
    return aged(path)


def aged(path: Path) -> Path:
    """Make a file an hour old: of one that has only just been written, the catalog keeps no name."""
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for seed in range(6):
        saved(root / "a" / f"{seed}.png", seed)
    for seed in range(3):
        saved(root / "b" / f"{seed}.jpg", seed, (120, 80), quality=85)
    aged(Path(shutil.copy(root / "a" / "5.png", root / "b" / "same.png")))
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (root / "words.txt").write_text("no image")
    for name in ("broken.jpg", "words.txt"):
        aged(root / name)
    return root


def tiers(findings: la.Findings) -> dict[str, tuple[str, Any]]:
    """Return keeper and tier of each member by path."""
    return {
        member.ref.path: (member.keeper or "", member.tier) for group in findings.groups for member in group.members
    }


def test_a_catalog_gives_what_its_folders_gave(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    scanned = la.find(folder, catalog=catalog, ledger=ledger)
    recalled = la.find(f"catalog:{catalog}", ledger=ledger)
    assert len(scanned.groups) == 4
    assert tiers(recalled) == tiers(scanned), "the paths are those of the files, too"
    assert [row.ref for row in recalled.failures] == [row.ref for row in scanned.failures]
    same = ("images", "hashed", "failed", "groups", "duplicates", "by_tier", "bytes_in_duplicates")
    assert {name: recalled.stats[name] for name in same} == {name: scanned.stats[name] for name in same}
    assert recalled.stats["cached"] == recalled.stats["hashed"] == 10


def test_files_that_are_gone_are_found_all_the_same(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    before = tiers(la.find(folder, catalog=catalog, ledger=ledger))
    shutil.rmtree(folder)
    assert tiers(la.find(f"catalog:{catalog}", ledger=ledger)) == before


def test_a_volume_that_is_not_mounted_goes_by_its_name(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    with open_catalog(str(catalog)) as store:
        store.db.execute("UPDATE folder SET volume = ?", (b"uuid:elsewhere",))
    paths = list(tiers(la.find(f"catalog:{catalog}", ledger=ledger)))
    assert len(paths) == 8
    assert all(path.startswith(f"catalog:{catalog}/uuid:elsewhere/") for path in paths)


@pytest.mark.parametrize(
    ("options", "images", "skipped"),
    [
        ({"min_size": (200, 100)}, 7, {"smaller than 200x100": 3}),
        ({"exclude": ["b/"]}, 6, {"excluded": 4}),
        ({"include": ["*.jpg"]}, 3, {"excluded": 7}),
        ({"max_pixels": 10_000}, 3, {}),
    ],
)
def test_what_is_not_wanted_is_left_out(
    options: dict[str, Any], images: int, skipped: dict[str, int], folder: Path, tmp_path: Path
) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    stats = la.find(f"catalog:{catalog}", ledger=ledger, **options).stats
    assert stats["hashed"] == images
    assert {name: count for name, count in stats["skipped"].items() if name in skipped} == skipped


def test_a_protected_path_is_relative_to_its_volume(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    keepers = {
        group.members[0].ref.path for group in la.find(f"catalog:{catalog}", ledger=ledger, protect=["b/"]).groups
    }
    assert {Path(path).parent.name for path in keepers} == {"b"}


def test_a_content_without_a_thumbnail_is_a_failure_that_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    la.hash_images(folder, catalog=catalog)
    with pytest.raises(SourceError, match="nothing to read"):
        la.find(f"catalog:{tmp_path / 'other.sqlite'}")
    found = la.find(f"catalog:{catalog}", ledger=tmp_path / "ledger.sqlite")
    assert found.stats["hashed"] == 0
    assert "run find on its folder" in {row.reason for row in found.failures}.pop()


def test_what_was_not_looked_at_is_not_cleaned(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    with pytest.raises(UsageError, match="name their folders to clean them"):
        la.find(f"catalog:{catalog}", ledger=ledger).plan()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda at: {"paths": [f"catalog:{at}", str(at.parent)]}, "must be the only path, got 2"),
        (lambda at: {"paths": [str(at.parent)], "against": f"catalog:{at}"}, "must be the only path"),
        (lambda at: {"paths": f"catalog:{at}", "use_catalog": False}, "leave --no-catalog out"),
        (lambda at: {"paths": f"catalog:{at}", "catalog": at.parent / "other.sqlite"}, "leave --catalog out"),
    ],
)
def test_what_cannot_be_combined_is_refused(
    arguments: Callable[[Path], dict[str, Any]], message: str, folder: Path, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog.sqlite"
    la.find(folder, catalog=catalog, ledger=tmp_path / "ledger.sqlite")
    with pytest.raises(UsageError, match=message):
        la.find(**arguments(catalog))


def test_the_verified_pairs_of_a_catalog_are_those_that_a_search_finds(tmp_path: Path) -> None:
    catalog, root = tmp_path / "catalog.sqlite", tmp_path / "set"
    for seed in range(8):
        saved(root / f"{seed}.png", seed)
        saved(root / f"{seed}-small.jpg", seed, (200, 133), quality=90)
    for name, side in ("white.png", 100), ("white-too.png", 90):
        Image.new("RGB", (side, side), "white").save(root / name)
        aged(root / name)
    findings = la.find(root, catalog=catalog, ledger=tmp_path / "ledger.sqlite")
    expected = {
        (frozenset((group.members[0].ref.digest, member.ref.digest)), member.tier)
        for group in findings.groups
        for member in group.members[1:]
    }
    assert len(expected) == 8
    for workers in (1, 2):
        blocks = list(la.iter_verified_pairs(catalog, tier="copy", workers=workers))
        with open_catalog(str(catalog)) as store:
            found = set()
            for block in blocks:
                assert (block.left < block.right).all()
                assert (block.distance <= 10).all()
                digests = store.digests(np.unique(np.concatenate([block.left, block.right])))
                for left, right, tier in zip(
                    block.left.tolist(), block.right.tolist(), block.tier.tolist(), strict=True
                ):
                    found.add((frozenset((digests[left], digests[right])), la.Tier(tier)))
        assert found == expected
    with pytest.raises(SourceError, match="there is no catalog"):
        la.iter_verified_pairs(tmp_path / "missing.sqlite")
