"""Camera raw files by their embedded preview: which way it lies, what is told of the sensor, and what a failure says."""

import importlib

import numpy as np
import pytest
from PIL import ExifTags, Image

from conftest import encode, scene
from lookalike import decode, installed
from lookalike.decode import raw
from lookalike.errors import DecodeError
from lookalike.model import MAX_PIXELS
from raw_writer import dng

PICTURE = scene(1, 320, 240)


def failure(data: bytes, name: str = "a.dng") -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode.decode(data, name)
    return caught.value


def test_the_preview_is_the_picture_and_the_sensor_is_its_size_and_depth() -> None:
    pytest.importorskip("rawpy", reason="the extra formats is not installed")
    found = decode.decode(dng(PICTURE, (640, 480), captured="2020:01:02 03:04:05"), "a.dng")
    assert np.array_equal(found.luma, decode.decode(encode(PICTURE, "JPEG", quality=92)).luma)
    assert (found.format, found.width, found.height, found.depth) == ("RAW", 640, 480, 12)
    assert (found.quality, found.lossless, found.frames) == (None, True, 1)
    assert (found.captured, found.exif["make"]) == ("2020-01-02 03:04:05", "Rule")


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_preview_is_turned_as_the_sensor_is_unless_it_was_turned_before(orientation: int) -> None:
    pytest.importorskip("rawpy", reason="the extra formats is not installed")
    upright = decode.decode(encode(PICTURE, "JPEG", quality=92)).luma
    lying = decode.decode(dng(PICTURE, (640, 480), orientation=orientation), "a.dng")
    assert np.array_equal(lying.luma, decode.turn(upright, orientation))
    size = (640, 480) if orientation == 3 else (480, 640)
    assert (lying.width, lying.height) == size
    if orientation != 3:
        standing = scene(1, 240, 320)
        found = decode.decode(dng(standing, (640, 480), orientation=orientation), "a.dng")
        assert np.array_equal(found.luma, decode.decode(encode(standing, "JPEG", quality=92)).luma)
        assert (found.width, found.height) == (480, 640)


def test_what_a_preview_says_of_its_own_orientation_counts() -> None:
    pytest.importorskip("rawpy", reason="the extra formats is not installed")
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = 3
    plain = encode(PICTURE, "JPEG", quality=92)
    exif = tags.tobytes()  # right at the start, where cameras put it
    own = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + plain[20:]
    found = decode.decode(dng(PICTURE, preview=own), "a.dng")
    assert np.array_equal(found.luma, decode.decode(own).luma)
    assert not np.array_equal(found.luma, decode.decode(encode(PICTURE, "JPEG", quality=92)).luma)


def test_all_looks_at_a_raw_file_are_upright() -> None:
    pytest.importorskip("rawpy", reason="the extra formats is not installed")
    data = dng(PICTURE, (640, 480), orientation=6)
    shown = decode.picture(data, "a.dng", 100)
    assert shown.size == (75, 100)
    luma, _ = decode.planes(data, "a.dng", 64)
    near = decode.decode(data, "a.dng").luma.astype(int)
    assert np.abs(luma - near).mean() < 15 < np.abs(decode.turn(luma, 3) - near).mean()
    assert decode.whole_luma(data, "a.dng").size == (240, 320)


def test_the_pixels_of_a_raw_file_are_never_said_to_be_known() -> None:
    pytest.importorskip("rawpy", reason="the extra formats is not installed")
    with pytest.raises(DecodeError) as caught:
        decode.pixels_of(dng(PICTURE), "a.dng")
    assert caught.value.kind == "unsupported"


def test_failures_say_what_is_wrong_and_of_which_kind() -> None:
    pytest.importorskip("rawpy", reason="the extra formats is not installed")
    whole = dng(PICTURE, (640, 480))
    bare, cut = failure(dng(None)), failure(whole[: len(whole) // 2])
    assert (bare.kind, bare.reason) == ("unsupported", "a camera raw file without a preview that can be read")
    assert cut.kind == "damaged"
    assert cut.reason.startswith("camera raw file: ")
    other = failure(encode(PICTURE, "TIFF"), "a.nef")
    assert (other.kind, other.reason[:27]) == ("unsupported", "no camera raw file that Lib")
    broken = failure(dng(PICTURE, preview=b"\xff\xd8\xff\xd9" + bytes(400)))
    assert broken.kind in ("damaged", "unsupported")
    with pytest.raises(DecodeError) as caught:
        decode.decode(whole, "a.dng", max_pixels=1000)
    assert (caught.value.kind, caught.value.size) == ("limit", (320, 240))
    assert decode.decode(whole, "a.dng", max_pixels=MAX_PIXELS).format == "RAW"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> object:
        if name == installed.RAW:
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(raw, "import_module", without)
    monkeypatch.setattr(installed, "import_module", without)
    installed.decoders.cache_clear()
    try:
        assert not decode.can_read_raw()
        assert installed.RAW not in decode.decoders()
        error = failure(dng(PICTURE))
        assert (error.kind, error.reason) == (
            "unsupported", "camera raw files need a decoder: pip install 'lookalike[formats]'",
        )  # fmt: skip
    finally:
        installed.decoders.cache_clear()
