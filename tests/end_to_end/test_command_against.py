"""Comparing with a reference: what is on this drive that I do not have yet."""

from pathlib import Path

import pytest
from album import copies, jpeg
from command import found, groups, run, write
from PIL import Image

from conftest import scene


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A reference and a drive: pictures 1 and 2 are in both, 3 only on the drive (twice), 4 only in the reference."""
    one, two, three, four = (copies(seed) for seed in range(1, 5))
    write(tmp_path / "have" / "1.jpg", one["low.jpg"])
    write(tmp_path / "have" / "1 again.png", one["quarter.png"])
    write(tmp_path / "have" / "in" / "2.jpg", two["half.jpg"])
    write(tmp_path / "have" / "4.jpg", four["high.jpg"])
    write(tmp_path / "have" / "4 again.jpg", four["low.jpg"])
    write(tmp_path / "drive" / "1 best.png", one["best.png"])
    write(tmp_path / "drive" / "1 same.jpg", one["low.jpg"])
    write(tmp_path / "drive" / "2 high.jpg", two["high.jpg"])
    write(tmp_path / "drive" / "2 turned.jpg", two["right.jpg"])
    write(tmp_path / "drive" / "3.jpg", three["high.jpg"])
    write(tmp_path / "drive" / "3 again.jpg", three["low.jpg"])
    write(tmp_path / "drive" / "broken.jpg", three["high.jpg"][:2000])
    write(tmp_path / "drive" / "notes.txt", b"words")
    return tmp_path


UNMATCHED = ["drive/3 again.jpg", "drive/3.jpg"]


def test_references_stay_and_only_pairs_across_count(drive: Path) -> None:
    document = found("drive", "--against", "have", cwd=drive)
    rows = groups(document)
    duplicates = {
        path: row["keeper"] for group in rows.values() for path, row in group.items() if row["role"] != "keeper"
    }
    assert duplicates.keys() == {"drive/1 best.png", "drive/1 same.jpg", "drive/2 high.jpg", "drive/2 turned.jpg"}
    assert all(keeper.startswith("have/") for keeper in duplicates.values())
    assert all(keeper.startswith("have/") for keeper in rows)
    assert duplicates["drive/1 same.jpg"] == "have/1.jpg", "the tightest tier is named"
    assert rows["have/1.jpg"]["drive/1 same.jpg"]["tier"] == "exact"
    members = [row for group in document["groups"] for row in group["members"]]
    assert all(row["role"] == "keeper" for row in members if row["path"].startswith("have/"))
    assert document["stats"]["duplicates"] == 4
    assert document["options"]["against"] == ["have"]


def test_the_three_counts_and_unmatched(drive: Path) -> None:
    for name, end in (("list.txt", b"\n"), ("list.nul", b"\0")):
        result = run(
            "find",
            "drive",
            "--against",
            "have",
            "--unmatched",
            name,
            "--no-catalog",
            "--workers",
            "1",
            "--json",
            cwd=drive,
        )
        assert (result.code, result.errors) == (0, "")
        assert result.document["stats"]["against"] == {"matched": 4, "unmatched": 2, "unreadable": 1}
        assert (drive / name).read_bytes() == b"".join(path.encode() + end for path in UNMATCHED)
    text = run("find", "drive", "--against", "have", "--no-catalog", "--workers", "1", cwd=drive).text
    assert "4 are in the reference" in text
    assert "2 are not" in text
    assert "1 could not be read" in text


def test_the_tier_decides_what_is_matched(drive: Path) -> None:
    run(
        "find",
        "drive",
        "--against",
        "have",
        "--tier",
        "exact",
        "--unmatched",
        "list",
        "--no-catalog",
        "--workers",
        "1",
        cwd=drive,
    )
    assert (drive / "list").read_text().splitlines() == [
        "drive/1 best.png", "drive/2 high.jpg", "drive/2 turned.jpg", *UNMATCHED
    ]  # fmt: skip


def test_several_references(drive: Path) -> None:
    options = ("--against", "have/1.jpg", "--against", "have/in")
    document = found("drive", *options, cwd=drive)
    assert document["stats"]["against"] == {"matched": 4, "unmatched": 2, "unreadable": 1}
    assert groups(document).keys() == {"have/1.jpg", "have/in/2.jpg"}


def test_unreadable_references_are_no_images_under_test(drive: Path) -> None:
    write(drive / "have" / "broken.png", b"\x89PNG\r\n\x1a\n")
    document = found("drive", "--against", "have", cwd=drive)
    assert document["stats"]["against"] == {"matched": 4, "unmatched": 2, "unreadable": 1}
    assert document["stats"]["failed"] == 2


def test_a_path_inside_the_reference_is_reference(drive: Path) -> None:
    document = found("have/in", "drive", "--against", "have", cwd=drive)
    assert document["stats"]["images"] == 12
    assert document["stats"]["against"] == {"matched": 4, "unmatched": 2, "unreadable": 1}
    assert all(keeper.startswith("have/") for keeper in groups(document))
    inside = found("have/in", "--against", "have", cwd=drive)
    assert inside["groups"] == []
    assert inside["stats"]["duplicates"] == 0


def test_a_reference_inside_the_path_is_reference(drive: Path) -> None:
    write(drive / "drive" / "kept" / "3 kept.png", copies(3)["half.jpg"])
    document = found("drive", "--against", "drive/kept", cwd=drive)
    assert groups(document).keys() == {"drive/kept/3 kept.png"}
    assert groups(document)["drive/kept/3 kept.png"].keys() == {"drive/kept/3 kept.png", *UNMATCHED}
    assert document["stats"]["against"] == {"matched": 2, "unmatched": 4, "unreadable": 1}


def test_a_reference_file_inside_the_path_is_reference(drive: Path) -> None:
    document = found("drive", "--against", "drive/3 again.jpg", cwd=drive)
    assert groups(document).keys() == {"drive/3 again.jpg"}
    assert document["stats"]["duplicates"] == 1
    assert document["stats"]["images"] == 7


def test_a_second_name_of_a_reference_is_matched(drive: Path) -> None:
    (drive / "drive" / "4 link.jpg").hardlink_to(drive / "have" / "4.jpg")
    document = found("drive", "--against", "have", cwd=drive)
    row = groups(document)["have/4.jpg"]["drive/4 link.jpg"]
    assert (row["tier"], row["relation"]) == ("exact", "same file")
    assert document["stats"]["against"]["matched"] == 5


def test_a_missing_reference_is_said(drive: Path) -> None:
    result = run(
        "find", "drive", "--against", "gone", "--unmatched", "list", "--no-catalog", "--workers", "1", cwd=drive
    )
    assert result.code == 3
    assert "incomplete: gone" in result.text


def test_flat_images_are_matched_by_bytes_only(tmp_path: Path) -> None:
    white, gray = (Image.new("RGB", (300, 200), (level,) * 3) for level in (255, 254))
    write(tmp_path / "have" / "white.jpg", jpeg(white))
    write(tmp_path / "new" / "white same.jpg", jpeg(white))
    write(tmp_path / "new" / "almost.jpg", jpeg(gray))
    write(tmp_path / "new" / "picture.jpg", jpeg(scene(1, 320, 240)))
    document = found("new", "--against", "have", cwd=tmp_path)
    assert document["stats"]["against"] == {"matched": 1, "unmatched": 2, "unreadable": 0}


def test_rules_of_grouping_have_no_meaning_here(drive: Path) -> None:
    assert (
        run("find", "drive", "--against", "have", "--group", "clique", "--no-catalog", "--workers", "1", cwd=drive).code
        == 2
    )


def test_a_list_for_standard_output_is_alone_there(drive: Path) -> None:
    asked = ("find", "drive", "--against", "have", "--unmatched", "-", "--no-catalog", "--workers", "1")
    result = run(*asked, cwd=drive)
    assert (result.code, result.text.splitlines()) == (0, UNMATCHED)
    assert not (drive / "-").exists()
    both = run(*asked, "--json", cwd=drive)
    assert (both.code, both.out) == (2, b"")
    assert "--unmatched - and --json both mean standard output" in both.errors


@pytest.mark.parametrize(
    "asked",
    [("clean", "drive", "--plan", "-"), ("clean", "drive", "--script", "-"), ("leaks", "drive", "have", "--fix", "-")],
)
def test_a_dash_is_no_other_file(drive: Path, asked: tuple[str, ...]) -> None:
    result = run(*asked, "--no-catalog", "--workers", "1", cwd=drive)
    assert result.code == 2
    assert "write ./- for that, or /dev/stdout" in result.errors
    assert not (drive / "-").exists()


def test_all_that_a_catalog_knows_is_a_reference(drive: Path) -> None:
    assert run("find", "have", "--catalog", "c.sqlite", cwd=drive).code == 0
    (drive / "have").rename(drive / "away")
    for _ in range(2):  # the second time, it knows the drive as well
        done = run("find", "drive", "--against", "catalog:c.sqlite", "--unmatched", "new.txt", cwd=drive)
        assert done.code == 0
        assert (drive / "new.txt").read_text().splitlines() == UNMATCHED
        assert "reference to compare against > under test\n  exact drive/1 same.jpg" in done.text
        assert f"keep  {drive / 'have' / '1.jpg'}" in done.text
        assert "lookalike clean" not in done.text, "whose keepers nobody has looked at"
    refused = run("clean", "drive", "--against", "catalog:c.sqlite", cwd=drive)
    assert (refused.code, "name their folders to clean them" in refused.errors) == (2, True)
    twice = run("find", "catalog:c.sqlite", "--against", "catalog:c.sqlite", cwd=drive)
    assert (twice.code, "one catalog is searched at a time" in twice.errors) == (2, True)
