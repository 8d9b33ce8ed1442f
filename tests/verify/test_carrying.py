"""What a keeper lacks of what a duplicate carries, named before anything could be lost."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lookalike as la
from conftest import encode, scene
from lookalike import metadata
from lookalike.decode import decode
from pixel_files import motion

PICTURE = scene(3, 480, 400)


def with_alpha() -> bytes:
    alpha = Image.new("L", PICTURE.size, 255)
    alpha.paste(200, (0, 0, 40, 40))
    picture = PICTURE.copy()
    picture.putalpha(alpha)
    return encode(picture, "PNG")


def deep() -> bytes:
    levels = np.asarray(PICTURE.convert("L")).astype(np.uint16) * 257
    return encode(Image.fromarray(levels), "PNG")


def moving() -> bytes:
    frames = [PICTURE, *(scene(seed, 480, 400) for seed in (4, 5))]
    made = io.BytesIO()
    frames[0].save(made, "WEBP", save_all=True, append_images=frames[1:], duration=100, quality=90)
    return made.getvalue()


def frames_as(form: str, **options: object) -> bytes:
    frames = [PICTURE, *(scene(seed, 480, 400) for seed in (4, 5))]
    made = io.BytesIO()
    frames[0].save(made, form, save_all=True, append_images=frames[1:], **options)
    return made.getvalue()


def cropped() -> bytes:
    return encode(PICTURE.crop((20, 20, 480, 400)), quality=90)


@pytest.mark.parametrize(
    ("more", "less", "lost"),
    [
        (with_alpha, lambda: encode(PICTURE, "PNG"), ["alpha"]),
        (deep, lambda: encode(PICTURE.convert("L"), "PNG"), ["depth"]),
        (lambda: encode(PICTURE, "PNG"), lambda: encode(PICTURE.convert("L"), "PNG"), ["colour"]),
        (moving, lambda: encode(PICTURE, quality=90), ["frames"]),
        (lambda: frames_as("WEBP", duration=100, lossless=True), lambda: frames_as("TIFF"), ["timing"]),
        (lambda: frames_as("PNG", duration=100), lambda: frames_as("TIFF"), ["timing"]),
        (motion, lambda: encode(PICTURE, quality=90), ["video"]),
        (lambda: encode(PICTURE, quality=90), lambda: encode(PICTURE.resize((240, 200)), quality=90), ["pixels"]),
        (lambda: encode(PICTURE, quality=90), cropped, ["crop"]),
    ],
)
def test_what_is_lost_is_named_and_only_in_that_direction(
    more: Callable[[], bytes], less: Callable[[], bytes], lost: list[str]
) -> None:
    there, back = la.compare(less(), more()), la.compare(more(), less())
    assert there.tier <= la.Tier.EDIT
    assert (there.evidence["first_lacks"], there.evidence["second_lacks"]) == (lost, [])
    assert (back.evidence["first_lacks"], back.evidence["second_lacks"]) == ([], lost)


def test_findings_name_it(tmp_path: Path) -> None:
    (tmp_path / "large.jpg").write_bytes(encode(scene(3, 960, 800), quality=90))
    (tmp_path / "small.png").write_bytes(with_alpha())
    (tmp_path / "again.png").write_bytes(with_alpha())
    findings = la.find(tmp_path, use_catalog=False, keep="resolution")
    keeper, *members = findings.groups[0].members
    assert Path(keeper.ref.path).name == "large.jpg"
    assert keeper.keeper_lacks == ()
    lacking = {Path(member.ref.path).name: member.keeper_lacks for member in members}
    assert ("alpha",) in lacking.values()
    assert () in lacking.values()  # the one with equal bytes
    document = findings.to_dict()["groups"][0]["members"]
    assert ["alpha"] in [member.get("keeper_lacks") for member in document]
    # The usual rules put what is intact before what is large.
    found = la.find(tmp_path, use_catalog=False).groups[0].members
    assert sorted(member.keeper_lacks for member in found) == [(), (), ("pixels",)]


@pytest.mark.parametrize(
    ("data", "carries"),
    [
        (motion(), True),
        (motion(b"GCamera:MicroVideo='1'"), True),
        (motion(b"Camera:MotionPhoto='0'"), False),
        (encode(PICTURE, quality=90), False),
        (encode(PICTURE, quality=90) + b"MotionPhoto_Data" + bytes(50) + b"SEFT", True),
        (encode(PICTURE, "AVIF"), False),
        (encode(PICTURE, "AVIF") + b"\0\0\0\x10mpvd" + bytes(8), True),
        (b"", False),
        (b"\0\0\0\0ftyp", False),
        (b"\0\0\0\x01ftyp" + (2**64 - 1).to_bytes(8, "big"), False),
    ],
)
def test_motion_photos(data: bytes, carries: bool) -> None:
    assert metadata.has_video(data) is carries


def test_both_ways_of_decoding_tell_of_it() -> None:
    assert decode(motion()).exif["video"] == 1
    assert "video" not in decode(encode(PICTURE, quality=90)).exif
    assert decode(encode(PICTURE, "AVIF") + b"\0\0\0\x10mpvd" + bytes(8)).exif["video"] == 1
