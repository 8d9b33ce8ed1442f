"""Units in the findings: a shot of several files is one image, is a duplicate as a whole, and stands once in a group."""

import io
import json
from pathlib import Path

import pytest
from album import jpeg
from command import failures, found, groups, members, run, write
from PIL import Image

import lookalike
from conftest import encode, scene
from lookalike import finding
from lookalike.options import FindOptions

PICTURE, OTHER = scene(1, 640, 480), scene(2, 640, 480)
RAW = encode(scene(3, 64, 48), "TIFF")
"""The first bytes of a raw file are those of a TIFF; its ending tells them apart."""


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def test_a_raw_file_is_a_part_of_its_jpeg_and_no_failure(photos: Path) -> None:
    write(photos / "a" / "IMG_1.NEF", RAW)
    write(photos / "a" / "img_1.jpg", jpeg(PICTURE))
    write(photos / "b" / "1.jpg", jpeg(PICTURE))
    write(photos / "c" / "IMG_1.NEF", RAW + b"2")
    document = found("photos")
    stats = document["stats"]
    assert (stats["images"], stats["hashed"], stats["failed"], stats["duplicates"]) == (3, 2, 1, 1)
    assert set(failures(document)) == {"photos/c/IMG_1.NEF"}
    ((keeper, own),) = groups(document).items()
    assert keeper == "photos/a/img_1.jpg"
    assert own[keeper]["parts"] == [{"path": "photos/a/IMG_1.NEF"}]
    assert own[keeper]["reason"] == "parts 2 > 1"
    assert "parts" not in own["photos/b/1.jpg"]

    findings = lookalike.find("photos", use_catalog=False, workers=1)
    assert findings.duplicate_paths == ["photos/b/1.jpg"]
    assert findings.keep_paths == ["photos/a/IMG_1.NEF", "photos/a/img_1.jpg"]
    text = run("find", "photos", "--no-catalog", "--workers", "1", "--output", "found.csv").text
    assert "keep  photos/a/img_1.jpg" in text
    assert "with IMG_1.NEF" in text
    assert '"[""photos/a/IMG_1.NEF""]"' in Path("found.csv").read_text("utf-8")


def test_two_images_of_one_shot_are_one_image_and_no_duplicates_of_each_other(photos: Path) -> None:
    """HEIC cannot be written here; a file is what its first bytes say, so a PNG stands in for one."""
    for folder in ("a", "b"):
        write(photos / folder / "IMG_1.HEIC", encode(PICTURE, "PNG"))
        write(photos / folder / "IMG_1.JPG", jpeg(PICTURE, 80))
    document = found("photos")
    stats = document["stats"]
    assert (stats["images"], stats["duplicates"], stats["groups"]) == (2, 1, 1)
    assert stats["bytes_in_duplicates"] == sum(path.stat().st_size for path in (photos / "b").iterdir())
    assert stats["by_tier"] == {"exact": 1, "copy": 0, "edit": 0}
    assert [row["path"] for row in document["groups"][0]["members"]] == ["photos/a/IMG_1.HEIC", "photos/b/IMG_1.HEIC"]
    (photos / "b" / "IMG_1.HEIC").unlink()
    (photos / "b" / "IMG_1.JPG").unlink()
    alone = found("photos")
    assert (alone["groups"], alone["stats"]["images"]) == ([], 1)


def test_units_can_be_parted(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(photos / "IMG_1.NEF", RAW)
    write(photos / "IMG_1.HEIC", encode(PICTURE, "PNG"))
    write(photos / "IMG_1.JPG", jpeg(PICTURE, 80))
    monkeypatch.setattr(finding, "FindOptions", lambda **options: FindOptions(**{**options, "units": False}))
    findings = lookalike.find("photos", use_catalog=False, workers=1)
    assert (findings.stats["images"], findings.stats["failed"], findings.stats["duplicates"]) == (3, 1, 1)
    assert findings.groups[0].keeper.parts == ()


def test_a_damaged_part_stays_a_failure(photos: Path) -> None:
    write(photos / "IMG_1.HEIC", encode(PICTURE, "PNG")[:5000])
    write(photos / "IMG_1.JPG", jpeg(PICTURE, 80))
    write(photos / "copy.jpg", jpeg(PICTURE, 80))
    write(photos / "IMG_2.JPG", jpeg(PICTURE, 80)[:2000])
    write(photos / "IMG_2.NEF", RAW)
    document = found("photos")
    assert {row["kind"] for row in document["failures"]} == {"damaged"}
    assert set(failures(document)) == {"photos/IMG_1.HEIC", "photos/IMG_2.JPG"}
    assert (document["stats"]["images"], document["stats"]["failed"]) == (4, 2)
    assert groups(document)["photos/IMG_1.JPG"]["photos/IMG_1.JPG"]["parts"] == [{"path": "photos/IMG_1.HEIC"}]


def test_edits_of_a_phone(photos: Path) -> None:
    for folder in ("a", "b"):
        write(photos / folder / "IMG_1234.HEIC", jpeg(PICTURE, 92))
        write(photos / folder / "IMG_E1234.JPG", jpeg(OTHER, 92))
    write(photos / "export.jpg", jpeg(OTHER.resize((320, 240)), 85))
    apart = found("photos")
    assert (apart["stats"]["images"], apart["stats"]["duplicates"], apart["stats"]["groups"]) == (5, 3, 2)
    for folder in ("a", "b"):
        write(photos / folder / "IMG_1234.AAE", b"<plist/>")
    document = found("photos")
    stats = document["stats"]
    assert (stats["images"], stats["duplicates"], stats["groups"]) == (3, 2, 1)
    ((keeper, own),) = groups(document).items()
    assert keeper == "photos/a/IMG_E1234.JPG", "of more bytes than its original"
    assert set(own) == {keeper, "photos/b/IMG_E1234.JPG", "photos/export.jpg"}
    assert own[keeper]["parts"] == [{"path": "photos/a/IMG_1234.HEIC"}]
    findings = lookalike.find("photos", use_catalog=False, workers=1)
    assert findings.keep_paths == ["photos/a/IMG_1234.HEIC", "photos/a/IMG_E1234.JPG"]
    assert len(findings.duplicate_paths) == 3
    freed = sum(Path(path).stat().st_size for path in findings.duplicate_paths)
    assert stats["bytes_in_duplicates"] == freed
    write(photos / "first.jpg", jpeg(PICTURE.resize((320, 240)), 85))
    ((keeper, own),) = groups(found("photos")).items()
    assert own["photos/first.jpg"]["keeper"] == "photos/a/IMG_1234.HEIC", "a part of the keeper"


def test_a_unit_of_which_a_part_has_no_keeper_is_no_duplicate(photos: Path) -> None:
    for folder, original in (("a", scene(7, 640, 480)), ("b", scene(8, 640, 480))):
        write(photos / folder / "IMG_1234.HEIC", jpeg(original, 92))
        write(photos / folder / "IMG_E1234.JPG", jpeg(OTHER, 92))
        write(photos / folder / "IMG_O1234.AAE", b"<plist/>")
    document = found("photos")
    assert document["stats"]["duplicates"] == document["stats"]["bytes_in_duplicates"] == 0
    assert document["stats"]["by_tier"]["exact"] == 0
    (first,) = groups(document).values()
    member = first["photos/b/IMG_E1234.JPG"]
    assert (member["role"], member["tier"]) == ("similar", "exact")
    assert member["reason"].startswith("not all images of its unit have a keeper")
    assert run("find", "photos", "--no-catalog", "--fail-on-duplicates").code == 0


def test_a_live_photo_and_what_takeout_adds_change_no_count(photos: Path) -> None:
    write(photos / "IMG_1.jpg", jpeg(PICTURE))
    write(photos / "IMG_1.MOV", b"\0\0\0\x14ftypqt  ")
    write(photos / "IMG_1.jpg.supplemental-metadata.json", b"{}")
    write(photos / "IMG_10.jpg", jpeg(PICTURE))
    document = found("photos")
    assert document["stats"]["skipped"] == {"not an image": 1, "video": 1}
    assert members(document) == {frozenset({"photos/IMG_1.jpg", "photos/IMG_10.jpg"})}


def test_equal_masks_make_no_duplicates_of_their_images(photos: Path) -> None:
    mask = io.BytesIO()
    Image.new("L", (64, 48)).save(mask, "PNG")
    for number in range(3):
        write(photos / "images" / f"{number}.jpg", jpeg(scene(number + 20, 640, 480)))
        write(photos / "masks" / f"{number}.png", mask.getvalue())
    write(photos / "images" / "copy.jpg", jpeg(scene(20, 640, 480)))
    write(photos / "masks" / "copy.png", mask.getvalue())
    document = found("photos")
    assert members(document) == {frozenset({"photos/images/0.jpg", "photos/images/copy.jpg"})}
    assert (document["stats"]["images"], document["stats"]["duplicates"]) == (4, 1)
    findings = lookalike.find("photos", use_catalog=False, workers=1)
    assert len(findings.keep_paths) == 7
    write(photos / "blank 1.png", mask.getvalue())
    write(photos / "blank 2.png", mask.getvalue())
    assert frozenset({"photos/blank 1.png", "photos/blank 2.png"}) in members(found("photos"))


def test_against_counts_units_and_lists_what_is_missing(photos: Path) -> None:
    write(photos / "have" / "1.jpg", jpeg(PICTURE))
    write(photos / "have" / "1.nef", RAW)
    write(photos / "new" / "1.jpg", jpeg(PICTURE, 80))
    write(photos / "new" / "1.NEF", RAW)
    write(photos / "new" / "2.jpg", jpeg(OTHER))
    write(photos / "new" / "2.NEF", RAW)
    write(photos / "new" / "3.NEF", RAW)
    document = found("photos/new", "--against", "photos/have", "--unmatched", "left.txt")
    assert document["stats"]["against"] == {"matched": 1, "unmatched": 1, "unreadable": 1}
    assert (document["stats"]["images"], document["stats"]["failed"]) == (4, 1)
    assert Path("left.txt").read_text("utf-8").splitlines() == ["photos/new/2.NEF", "photos/new/2.jpg"]


def test_known_units_are_known(photos: Path, tmp_path: Path) -> None:
    for name in ("IMG_1.HEIC", "IMG_1.JPG"):
        write(photos / name, jpeg(PICTURE))
    catalog = tmp_path / "catalog.sqlite"
    assert found("photos", catalog=catalog)["stats"]["cached"] == 0
    assert found("photos", catalog=catalog)["stats"]["cached"] == 1
    write(photos / "IMG_1.JPG", jpeg(OTHER))
    assert found("photos", catalog=catalog)["stats"]["cached"] == 0


def test_folders_are_compared_by_units(photos: Path) -> None:
    for folder in ("a", "b"):
        for number in range(2):
            write(photos / folder / f"{number}.HEIC", jpeg(scene(number + 40), 92))
            write(photos / folder / f"{number}.JPG", jpeg(scene(number + 40), 92))
    (pair,) = lookalike.find("photos", use_catalog=False, workers=1).folder_pairs
    size = sum(path.stat().st_size for path in (photos / "b").iterdir())
    assert (pair.folder, pair.other, pair.contained, pair.images, pair.size) == ("photos/b", "photos/a", 2, 2, size)


def test_parts_that_are_not_utf_8_keep_their_bytes(photos: Path) -> None:
    write(bytes(photos) + b"/\xff.jpg", jpeg(PICTURE))
    write(bytes(photos) + b"/\xff.NEF", RAW)
    write(photos / "x.jpg", jpeg(PICTURE))
    (group,) = found("photos")["groups"]
    (part,) = group["members"][0]["parts"]
    assert set(part) == {"path", "path_bytes"}
    json.dumps(part)
