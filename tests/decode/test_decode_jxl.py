"""The beginning of JPEG XL files: sizes in every way to write them, and animations, which the plug-in takes for stills."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import encode, scene
from lookalike import decode
from lookalike.decode import jxl
from lookalike.errors import DecodeError
from lookalike.verdicts.confirming import confirm

needs_plugin = pytest.mark.skipif(
    "pillow_jxl" not in decode.decoders().split("+"), reason="the extra jxl is not installed"
)


def codestream(*fields: tuple[int, int]) -> bytes:
    """Write fields of (value, bits) behind the signature."""
    value = at = 0
    for number, bits in fields:
        value |= number << at
        at += bits
    return b"\xff\x0a" + value.to_bytes(-(-at // 8) + 4, "little")


SIZE = ((0, 1), (0, 2), (47, 9), (0, 3), (0, 2), (63, 9))
"""64x48 pixels."""


@needs_plugin
@pytest.mark.parametrize("size", [(64, 48), (8, 8), (37, 500), (400, 300), (1, 1), (256, 256), (3000, 20)])
@pytest.mark.parametrize("container", [False, True])
def test_sizes_are_those_of_the_plug_in(size: tuple[int, int], container: bool) -> None:
    made = io.BytesIO()
    scene(1, *size).save(made, "JXL", use_container=container, effort=1)
    found = jxl.header(made.getvalue())
    assert found == jxl.Header(*size, animated=False)
    with Image.open(made) as image:
        assert image.size == size


def test_an_animation_is_told_from_a_still() -> None:
    still = ((0, 1), (1, 1), (0, 3), (0, 1), (0, 1))
    assert jxl.header(codestream(*SIZE, *still, (0, 1))) == jxl.Header(64, 48, animated=False)
    assert jxl.header(codestream(*SIZE, *still, (1, 1))) == jxl.Header(64, 48, animated=True)
    assert jxl.header(codestream(*SIZE, (1, 1))) == jxl.Header(64, 48, animated=False)
    # With an intrinsic size and a preview before it.
    preview = ((1, 1), (2, 2), (9, 5), (1, 3))
    both = ((0, 1), (1, 1), (0, 3), (1, 1), *SIZE, (1, 1), *preview, (1, 1))
    assert jxl.header(codestream(*SIZE, *both)) == jxl.Header(64, 48, animated=True)
    wide = ((1, 1), (3, 5), (5, 3))
    assert jxl.header(codestream(*wide, (1, 1))) == jxl.Header(56, 32, animated=False)


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\1jxlp"]),
)
def test_any_bytes_are_a_header_or_none(data: bytes, start: bytes) -> None:
    found = jxl.header(start + data)
    assert found is None or min(found.width, found.height) >= 1


@needs_plugin
def test_a_picture_beyond_the_limit_is_not_decoded_to_find_out() -> None:
    made = io.BytesIO()
    scene(1, 64, 48).save(made, "JXL", effort=1)
    with pytest.raises(DecodeError) as caught:
        decode.decode(made.getvalue(), "a.jxl", max_pixels=3000)
    assert (caught.value.kind, caught.value.size) == ("limit", (64, 48))


@needs_plugin
def test_an_animation_carries_more_than_its_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-in writes no animation, so a still that says it is one stands in."""
    made = io.BytesIO()
    scene(1, 320, 240).save(made, "JXL", effort=1)
    data = made.getvalue()
    monkeypatch.setattr(jxl, "header", lambda _data: jxl.Header(320, 240, animated=True))
    monkeypatch.setattr(decode, "header", jxl.header)
    assert decode.decode(data, "a.jxl").frames == 2
    found = confirm((encode(scene(1, 320, 240), "PNG"), "a.png"), (data, "a.jxl"))
    assert "frames" in found.lacks[0]
    with pytest.raises(DecodeError, match="after the first"):
        next(decode.frames_of(data, "a.jxl", 1))
