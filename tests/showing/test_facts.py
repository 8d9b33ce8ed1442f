import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3
from PIL import ExifTags, Image, ImageCms

from conftest import encode, scene
from lookalike.limiting import SecondLooks
from lookalike.model import ImageRef, Member
from lookalike.options import ScanOptions
from lookalike.showing.facts import facts_of, side_by_side

Put = Callable[..., Path]
PICTURE = scene(3, 96, 64)


def member(path: Path, **changes: object) -> Member:
    data = path.read_bytes()
    status = path.stat()
    ref = ImageRef(
        str(path), "", "", status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino, blake3(data).digest()
    )
    made = Member(ref, 96, 64, "JPEG", 92, "keeper")
    return replace(made, **changes)  # type: ignore[arg-type]


def test_what_is_known_and_what_the_file_says(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = put("a.jpg", encode(PICTURE, quality=92, exif=exif, icc_profile=profile))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    size = path.stat().st_size
    assert facts_of(member(path)) == {
        "Size": "96 x 64", "File size": f"{size / 1000:.1f} kB ({size:,} bytes)", "Format": "JPEG", "Quality": "about 92",
        "Frames": "1", "Modified": "2020-09-13 12:26:40 UTC", "Mode": "RGB", "Colour profile": "embedded", "EXIF Make": "Canon",
    }  # fmt: skip
    monkeypatch.undo()
    time.tzset()


def test_without_a_profile_or_a_quality(put: Put) -> None:
    found = facts_of(member(put("a.png", encode(PICTURE.convert("L"), "PNG")), quality=None, format="PNG", frames=3))
    assert {name: found[name] for name in ("Quality", "Frames", "Mode", "Colour profile")} == {
        "Quality": "lossless or unknown", "Frames": "3", "Mode": "L", "Colour profile": "none",
    }  # fmt: skip


@pytest.mark.parametrize("seconds", [-1, 0, -(10**10), 2**33, 2**36, 2**55, 253402300800])
def test_a_time_of_any_size(put: Put, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """File systems keep more than calendars do; most tell so of few, so it is said here what they would."""
    asked = member(put("a.jpg", encode(PICTURE)))
    status = os.stat(asked.ref.path)
    told = os.stat_result((*status[:7], seconds, seconds, seconds), {"st_mtime": float(seconds)})
    monkeypatch.setattr(os, "stat", lambda *_args, **_options: told)
    when = facts_of(asked)["Modified"]
    assert when.endswith(" UTC") or when == f"{seconds} seconds after 1970"


@pytest.mark.parametrize("change", ["gone", "changed", "same size", "a pipe", "a folder", "a device"])
def test_a_file_that_is_not_what_was_found_is_not_read(put: Put, change: str) -> None:
    path = put("a.jpg", encode(PICTURE))
    asked = member(path)
    content = path.read_bytes()
    path.unlink()
    if change == "changed":
        put("a.jpg", b"something else")
    if change == "same size":
        put("a.jpg", content[:-1] + b"!")
    if change == "a pipe":
        os.mkfifo(path)
    if change == "a folder":
        path.mkdir()
    if change == "a device":
        path.symlink_to("/dev/zero")
    found = facts_of(asked)
    assert found["File"].startswith("cannot be read: ")
    assert list(found) == ["Size", "File size", "Format", "Quality", "Frames", "File"]


def test_what_cannot_be_decoded_says_why(put: Put) -> None:
    assert facts_of(member(put("a.jpg", b"<svg onload=alert(1)>")))["File"].startswith("cannot be decoded: ")
    path = put("b.png", encode(PICTURE, "PNG"))
    assert "limit" in facts_of(member(path), SecondLooks(ScanOptions(max_pixels=96 * 64 - 1)))["File"]
    assert "File" not in facts_of(member(path), SecondLooks(ScanOptions(max_pixels=96 * 64)))


def test_names_come_in_the_order_of_the_first_that_has_them() -> None:
    assert side_by_side([]) == []
    assert side_by_side([{"a": "1", "b": "2"}, {"c": "3", "a": "1"}, {"b": ""}]) == [
        ("a", ["1", "1", ""], True), ("b", ["2", "", ""], True), ("c", ["", "3", ""], True),
    ]  # fmt: skip
    assert side_by_side([{"a": "1"}, {"a": "1"}]) == [("a", ["1", "1"], False)]
