"""Bad input: each ends as a clear row or count, and everything else is still done."""

import importlib.util
import os
import re
import struct
import zlib
from pathlib import Path

import pytest
from album import copies, jpeg
from command import failures, found, groups, members, run, write

from conftest import encode, scene


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two good copies, which every test must still find."""
    write(tmp_path / "photos" / "a.jpg", jpeg(scene(1, 320, 240), 90))
    write(tmp_path / "photos" / "b.jpg", jpeg(scene(1, 320, 240), 70))
    return tmp_path / "photos"


PAIR = {frozenset({"photos/a.jpg", "photos/b.jpg"})}


def _bomb(width: int, height: int) -> bytes:
    """Return a small PNG whose header claims a huge picture."""
    chunks = b""
    packed = zlib.compress(bytes(4096))
    for name, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", packed),
        (b"IEND", b""),
    ):
        chunks += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("find", "empty", "--no-catalog", "--workers", "1", cwd=tmp_path)
    assert result.code == 3, "3 is also for nothing to read"
    assert "nothing to read" in result.errors + result.text
    assert "Traceback" not in result.errors


def test_a_path_that_is_empty_is_shown_as_one(tmp_path: Path) -> None:
    result = run("find", "", "--no-catalog", "--workers", "1", cwd=tmp_path)
    assert (result.code, "nothing to read: '': " in result.errors) == (3, True)


def test_an_empty_folder_beside_a_full_one_is_no_error(photos: Path) -> None:
    (photos.parent / "empty").mkdir()
    (photos / "nothing here").mkdir()
    assert members(found("photos", "empty", cwd=photos.parent)) == PAIR


def test_a_folder_named_like_an_image_is_entered(photos: Path) -> None:
    write(photos / "x.jpg" / "c.jpg", jpeg(scene(2, 320, 240)))
    (photos / "y.png").mkdir()
    document = found("photos", cwd=photos.parent)
    assert members(document) == PAIR
    assert (document["stats"]["images"], document["stats"]["failed"]) == (3, 0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFO on this system")
def test_a_fifo_is_never_opened(photos: Path) -> None:
    os.mkfifo(photos / "pipe.jpg")
    os.mkfifo(photos.parent / "root.jpg")
    document = found("photos", cwd=photos.parent)
    assert members(document) == PAIR
    assert document["stats"]["skipped"] == {"not a regular file": 1}
    alone = run("find", "root.jpg", "--no-catalog", "--workers", "1", cwd=photos.parent, timeout=30)
    assert alone.code == 3
    assert "root.jpg" in alone.errors
    both = run("find", "root.jpg", "photos", "--no-catalog", "--workers", "1", cwd=photos.parent, timeout=30)
    assert both.code == 3
    assert "Group 1" in both.text
    assert "incomplete: root.jpg" in both.text


def test_what_claims_to_be_an_image_fails_and_other_files_are_skipped(photos: Path) -> None:
    write(photos / "zero.png", b"")
    write(photos / "text.png", b"only a few words, whatever the name says\n")
    write(photos / "zero.txt", b"")
    write(photos / "notes.txt", b"words")
    write(photos / "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    write(photos / "film.mp4", b"\0\0\0\x18ftypmp42" + bytes(100))
    write(photos / "._a.jpg", b"\x00\x05\x16\x07" + bytes(200))
    document = found("photos", cwd=photos.parent)
    assert members(document) == PAIR
    rows = failures(document)
    assert rows.keys() == {"photos/zero.png", "photos/text.png"}
    assert all(row["kind"] in ("damaged", "unsupported") and row["reason"] for row in rows.values())
    assert rows["photos/zero.png"]["kind"] == "damaged"
    assert (document["stats"]["failed"], document["stats"]["hashed"]) == (2, 2)
    assert sum(document["stats"]["skipped"].values()) == 5
    assert document["stats"]["skipped"]["video"] == document["stats"]["skipped"]["vector graphic"] == 1
    text = run("find", "photos", "--no-catalog", "--workers", "1", cwd=photos.parent)
    assert text.code == 0
    assert "not read" in text.text
    assert "skipped:" in text.text


def test_the_bytes_decide_not_the_name(photos: Path) -> None:
    files = copies(9)
    for name, source in {
        "no extension": "best.png",
        "really-a-jpeg.png": "high.jpg",
        "really-a-png.jpg": "quarter.png",
        "notes.txt": "low.jpg",
        "UPPER.JPG": "half.jpg",
        ".hidden": "palette.gif",
        "film.mp4": "right.jpg",
    }.items():
        write(photos / name, files[source])
    document = found("photos", cwd=photos.parent)
    assert document["stats"]["skipped"] == {}
    assert document["failures"] == []
    nine = groups(document)["photos/no extension"]
    assert len(nine) == 7
    assert nine["photos/really-a-jpeg.png"]["format"] == "JPEG"
    assert nine["photos/really-a-png.jpg"]["format"] == "PNG"


def test_a_truncated_jpeg_is_refused_then_accepted_then_refused(photos: Path) -> None:
    whole = jpeg(scene(1, 320, 240), 80)
    write(photos / "cut.jpg", whole[: len(whole) * 9 // 10])
    catalog = photos.parent / "catalog.sqlite"
    all_three = {frozenset({"photos/a.jpg", "photos/b.jpg", "photos/cut.jpg"})}
    for accept, again in ((False, False), (False, True), (True, False), (True, True), (False, False)):
        options = ("--truncated", "accept") if accept else ()
        document = found("photos", *options, cwd=photos.parent, catalog=catalog)
        if accept:
            assert members(document) == all_three
            assert document["failures"] == []
        else:
            assert members(document) == PAIR
            assert failures(document)["photos/cut.jpg"]["kind"] == "damaged"
            assert "truncated" in failures(document)["photos/cut.jpg"]["reason"]
        assert document["stats"]["failed"] == int(not accept)
        if again:
            assert document["stats"]["cached"] == document["stats"]["hashed"]


def test_truncated_files_of_every_kind_are_refused(photos: Path) -> None:
    image = scene(5, 320, 240)
    for name, content in (("c.png", encode(image, "PNG")), ("d.jpg", jpeg(image)), ("e.gif", encode(image, "GIF"))):
        write(photos / name, content[: len(content) // 2])
    document = found("photos", cwd=photos.parent)
    rows = failures(document)
    assert {path: row["kind"] for path, row in rows.items()} == dict.fromkeys(
        ("photos/c.png", "photos/d.jpg", "photos/e.gif"), "damaged"
    )
    assert members(document) == PAIR


@pytest.mark.parametrize("size", [(40_000, 40_000), (2_000_000_000, 2_000_000_000), (1, 2_000_000_000)])
def test_a_decompression_bomb_is_not_decoded(photos: Path, size: tuple[int, int]) -> None:
    write(photos / "bomb.png", _bomb(*size))
    document = found("photos", cwd=photos.parent)
    assert members(document) == PAIR
    assert failures(document)["photos/bomb.png"]["kind"] == "limit"


def test_the_pixel_limit_can_be_lifted_on_the_same_catalog(photos: Path) -> None:
    catalog = photos.parent / "catalog.sqlite"
    write(photos / "large.png", encode(scene(1, 640, 480), "PNG"))
    limited = found("photos", "--max-pixels", "100000", cwd=photos.parent, catalog=catalog)
    row = failures(limited)["photos/large.png"]
    assert row["kind"] == "limit"
    assert members(limited) == PAIR
    lifted = found("photos", cwd=photos.parent, catalog=catalog)
    assert lifted["failures"] == []
    assert members(lifted) == {frozenset({"photos/a.jpg", "photos/b.jpg", "photos/large.png"})}
    again = found("photos", "--max-pixels", "100000", cwd=photos.parent, catalog=catalog)
    assert failures(again)["photos/large.png"]["kind"] == "limit"
    assert members(again) == PAIR
    assert failures(found("photos", "--max-pixels", "1", cwd=photos.parent))["photos/a.jpg"]["kind"] == "limit"


def test_one_line_per_kind_of_failure(photos: Path) -> None:
    for at in range(5):
        write(photos / f"bad{at}.png", b"\x89PNG\r\n\x1a\n" + bytes([at]) * 50)
    result = run("find", "photos", "--no-catalog", "--workers", "1", cwd=photos.parent)
    assert result.code == 0
    lines = [text for text in result.text.splitlines() if "not read" in text]
    assert len(lines) == 1
    assert lines[0].startswith("5 ")


def test_a_format_that_needs_an_extra_names_it(photos: Path) -> None:
    if importlib.util.find_spec("pi_heif") is not None:
        pytest.skip("the HEIF decoder is installed")
    write(photos / "c.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    row = failures(found("photos", cwd=photos.parent))["photos/c.heic"]
    assert row["kind"] == "unsupported"
    assert "lookalike[formats]" in row["reason"]
    text = run("find", "photos", "--no-catalog", "--workers", "1", cwd=photos.parent).text
    assert re.search(r"^1 HEI[CF] not read: pip install 'lookalike\[formats\]'", text, re.MULTILINE)
