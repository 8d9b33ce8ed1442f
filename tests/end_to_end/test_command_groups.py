"""The main job: copies are found, grouped around the best of them, and reported in full."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from album import copies, fill, jpeg
from blake3 import blake3
from command import comparable, found, groups, members, run, write

from conftest import encode, scene

SEEDS = range(1, 5)
OTHERS = range(100, 108)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, set[str]]]:
    base = tmp_path_factory.mktemp("album")
    return base, fill(base / "photos", SEEDS, OTHERS)


def test_every_copy_is_found_and_nothing_else(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, expected = album
    document = found("photos", "--workers", "2", cwd=base)
    assert members(document) == {frozenset(f"photos/{name}" for name in names) for names in expected.values()}
    stats = document["stats"]
    total = sum(map(len, expected.values()))
    assert stats["images"] == stats["hashed"] == total + len(OTHERS)
    assert (stats["failed"], stats["cached"], stats["skipped"], document["failures"]) == (0, 0, {}, [])
    assert stats["duplicates"] == total - len(SEEDS) == sum(stats["by_tier"].values())
    assert stats["by_tier"] == {"exact": len(SEEDS), "copy": total - 2 * len(SEEDS), "edit": 0}
    duplicates = [row for group in document["groups"] for row in group["members"] if row["role"] == "duplicate"]
    assert stats["bytes_in_duplicates"] == sum(row["bytes"] for row in duplicates)
    savings = [sum(row["bytes"] for row in group["members"][1:]) for group in document["groups"]]
    assert savings == sorted(savings, reverse=True)
    assert [group["id"] for group in document["groups"]] == list(range(1, len(SEEDS) + 1))


def test_roles_tiers_and_relations(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, _ = album
    found_groups = groups(found("photos", cwd=base))
    for seed in SEEDS:
        keeper = f"photos/{seed}-best.png"
        rows = found_groups[keeper]
        by_name = {os.path.basename(path).partition("-")[2]: row for path, row in rows.items()}
        assert rows[keeper]["role"] == "keeper"
        assert rows[keeper]["reason"]
        twin = rows[f"photos/backup/{seed} (copy).png"]
        assert (twin["tier"], twin["relation"], twin["distance"], twin["score"]) == ("exact", "identical bytes", 0, 1.0)
        for path, row in rows.items():
            if path == keeper:
                continue
            assert (row["role"], row["keeper"]) == ("duplicate", keeper)
            assert row["tier"] == ("exact" if row is twin else "copy"), path
            assert row["relation"]
            assert row["reason"]
        assert "half size" in by_name["half.jpg"]["relation"]
        assert "EXIF-turned" in by_name["right.jpg"]["relation"]
        assert "EXIF-turned" in by_name["left.jpg"]["relation"]
        assert "EXIF-turned" in by_name["down.jpg"]["relation"]
        assert "EXIF" not in by_name["high.jpg"]["relation"]


def test_json_has_every_documented_key(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, _ = album
    document = found("photos", cwd=base)
    assert document["version"] == 1
    assert document["roots"] == ["photos"]
    assert {"version", "options", "roots", "environment", "groups", "failures", "stats"} <= document.keys()
    assert {"lookalike", "kernel", "pillow"} <= document["environment"].keys()
    assert not {"workers", "show", "quiet"} & document["options"].keys()
    stats = {
        "images",
        "hashed",
        "cached",
        "failed",
        "skipped",
        "groups",
        "duplicates",
        "bytes_in_duplicates",
        "by_tier",
    }
    assert stats | {"seconds"} <= document["stats"].keys()
    image = {"path", "width", "height", "bytes", "format", "quality", "digest", "role", "reason"}
    duplicate = image | {"keeper", "distance", "distance_share", "score", "tier", "relation"}
    for group in document["groups"]:
        assert {"id", "keeper", "members"} <= group.keys()
        assert [row["role"] for row in group["members"]].count("keeper") == 1
        for row in group["members"]:
            assert (image if row["role"] == "keeper" else duplicate) <= row.keys()
            content = (base / row["path"]).read_bytes()
            assert row["bytes"] == len(content)
            assert row["digest"] in (blake3(content).hexdigest(), hashlib.sha256(content).hexdigest())
            assert (row["quality"] is None) == (row["format"] != "JPEG")
            if row["role"] == "duplicate":
                assert isinstance(row["distance"], int)
                assert row["distance_share"] == row["distance"] / 64
                assert 0 <= row["score"] <= 1


def test_sizes_are_upright_and_quality_is_estimated(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, _ = album
    rows = groups(found("photos", cwd=base))["photos/1-best.png"]
    sizes = {os.path.basename(path): (row["width"], row["height"]) for path, row in rows.items()}
    assert sizes.pop("1-half.jpg") == (320, 240)
    assert sizes.pop("1-quarter.png") == (160, 120)
    assert set(sizes.values()) == {(640, 480)}
    quality = {os.path.basename(path): row["quality"] for path, row in rows.items()}
    assert abs(quality["1-high.jpg"] - 92) <= 1
    assert abs(quality["1-low.jpg"] - 60) <= 1


def test_tier_exact_reports_equal_pictures_only(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, _ = album
    document = found("photos", "--tier", "exact", cwd=base)
    assert members(document) == {
        frozenset({f"photos/{seed}-best.png", f"photos/backup/{seed} (copy).png"}) for seed in SEEDS
    }
    assert document["stats"]["by_tier"] == {"exact": len(SEEDS)}


@pytest.mark.parametrize("rule", ["star", "clique", "component"])
@pytest.mark.parametrize("size", ["8", "16"])
def test_rules_and_sizes_agree_on_clear_copies(album: tuple[Path, dict[int, set[str]]], rule: str, size: str) -> None:
    base, expected = album
    document = found("photos", "--group", rule, "--size", size, cwd=base)
    assert members(document) == {frozenset(f"photos/{name}" for name in names) for names in expected.values()}


def test_keep_rules_choose_the_keeper(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, _ = album
    keepers = {rules: groups(found("photos", "--keep", rules, cwd=base)).keys() for rules in (
        "folder:photos/2019/May,name", "format:jpeg>png,quality",
    )}  # fmt: skip
    assert all(path.startswith("photos/2019/May/") for path in keepers["folder:photos/2019/May,name"])
    assert keepers["format:jpeg>png,quality"] == {f"photos/2019/{seed}-high.jpg" for seed in SEEDS}


def test_several_roots_and_single_files(tmp_path: Path) -> None:
    files = copies(7)
    write(tmp_path / "a" / "best.png", files["best.png"])
    write(tmp_path / "b" / "half.jpg", files["half.jpg"])
    write(tmp_path / "b" / "other.jpg", jpeg(scene(8, 320, 240)))
    write(tmp_path / "low.jpg", files["low.jpg"])
    write(tmp_path / "stranger.jpg", files["high.jpg"])
    document = found("a", "b", "low.jpg", cwd=tmp_path)
    assert document["roots"] == ["a", "b", "low.jpg"]
    assert members(document) == {frozenset({"a/best.png", "b/half.jpg", "low.jpg"})}
    assert document["stats"]["images"] == 4
    alone = found("low.jpg", "./stranger.jpg", tmp_path / "a" / "best.png", cwd=tmp_path)
    assert members(alone) == {frozenset({"low.jpg", "./stranger.jpg", str(tmp_path / "a" / "best.png")})}


@pytest.mark.parametrize(
    "roots",
    [
        ("photos", "photos"),
        ("photos", "photos/in"),
        ("photos/in", "photos"),
        ("photos", "photos/in/a.jpg"),
        ("photos/in/a.jpg", "photos"),
        ("photos/in/a.jpg", "./photos/in/a.jpg", "photos"),
        ("photos", "link"),
        ("link", "photos"),
        ("photos", "photos/../photos/in"),
    ],
)
def test_overlapping_roots_count_once(tmp_path: Path, roots: tuple[str, ...]) -> None:
    write(tmp_path / "photos" / "in" / "a.jpg", jpeg(scene(1, 320, 240)))
    write(tmp_path / "photos" / "b.jpg", jpeg(scene(2, 320, 240)))
    (tmp_path / "link").symlink_to("photos")
    document = found(*roots, cwd=tmp_path)
    assert document["stats"]["images"] == 2
    assert document["groups"] == []


def test_a_root_that_is_a_symlink_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "a.jpg", jpeg(scene(1, 320, 240)))
    (tmp_path / "link").symlink_to(tmp_path / "photos", target_is_directory=True)
    (tmp_path / "one.jpg").symlink_to(tmp_path / "photos" / "a.jpg")
    assert found("link", cwd=tmp_path)["stats"]["images"] == 1
    assert found("one.jpg", cwd=tmp_path)["stats"]["images"] == 1


def test_edits_and_similar_pictures_keep_apart(tmp_path: Path) -> None:
    image = scene(3, 640, 480)
    write(tmp_path / "a.png", encode(image, "PNG"))
    write(tmp_path / "gray.jpg", jpeg(image.convert("L")))
    write(tmp_path / "dark.jpg", jpeg(image.point([int(40 + 0.7 * value) for value in range(256)] * 3)))
    write(tmp_path / "other.jpg", jpeg(scene(4, 640, 480)))
    rows = groups(found(".", cwd=tmp_path))["./a.png"]
    assert {path: row["tier"] for path, row in rows.items() if row["role"] == "duplicate"} == {
        "./gray.jpg": "edit",
        "./dark.jpg": "edit",
    }
    assert found(".", "--tier", "copy", cwd=tmp_path)["groups"] == []


def test_the_same_findings_whatever_the_place(album: tuple[Path, dict[int, set[str]]], tmp_path: Path) -> None:
    base, _ = album
    shutil.copytree(base / "photos", tmp_path / "photos")
    assert comparable(found("photos", cwd=base)) == comparable(found("photos", cwd=tmp_path))


def test_terminal_text(album: tuple[Path, dict[int, set[str]]]) -> None:
    base, expected = album
    result = run("find", "photos", "--no-catalog", cwd=base)
    assert (result.code, result.errors) == (0, "")
    total = sum(map(len, expected.values()))
    assert f"{len(SEEDS)} groups with {total - len(SEEDS)} duplicates" in result.text
    assert f"{total + len(OTHERS)} images" in result.text
    for seed in SEEDS:
        assert f"photos/{seed}-best.png" in result.text
    lines = result.text.splitlines()
    first_group = next(at for at, text in enumerate(lines) if text.startswith("Group 1:"))
    folders = [at for at, text in enumerate(lines) if " contained, " in text]
    assert folders
    assert max(folders) < first_group
    assert "lookalike" in lines[-1], "the next command to type comes last"
