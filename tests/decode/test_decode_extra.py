"""What a file that needs the extra `formats` says in a Python that does not have it; and that it is read with it."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest

from conftest import encode, scene
from lookalike import decode
from raw_writer import dng

WITHOUT = """
import json, sys
sys.modules.update(dict.fromkeys(("pi_heif", "pillow_jxl", "rawpy")))  # as if nothing of that name were installed
from lookalike import decode
from lookalike.errors import DecodeError

said = []
for name, data in json.load(sys.stdin):
    try:
        decode.decode(bytes.fromhex(data), name)
    except DecodeError as error:
        said.append([error.kind, error.reason])
print(json.dumps([decode.decoders().partition("+")[2], said]))
"""


def test_without_the_extra_each_format_names_it() -> None:
    files = [
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)),
        ("a.jxl", b"\xff\x0a\xcb\x06\0\x2d" + bytes(100)),
        ("a.dng", dng(scene(1, 64, 48))),
    ]
    given = json.dumps([(name, data.hex()) for name, data in files])
    done = subprocess.run([sys.executable, "-c", WITHOUT], input=given, capture_output=True, text=True, check=True)
    decoders, said = json.loads(done.stdout)
    assert decoders == ""
    assert said == [
        ["unsupported", f"{what} decoder: pip install 'lookalike[{extra}]'"]
        for what, extra in (
            ("HEIF needs a", "formats"),
            ("JPEG XL needs a", "jxl"),
            ("camera raw files need a", "formats"),
        )
    ]


def test_what_pillow_was_built_without_is_unsupported() -> None:
    bare = WITHOUT.replace('"pi_heif", "pillow_jxl", "rawpy"', '"PIL._avif", "PIL._webp"')
    files = [(f"a.{kind}", encode(scene(1, 64, 48), kind.upper())) for kind in ("avif", "webp", "gif")]
    given = json.dumps([(name, data.hex()) for name, data in files])
    done = subprocess.run([sys.executable, "-c", bare], input=given, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[1] == [
        ["unsupported", f"this Pillow was built without {kind}: install one that has it"] for kind in ("AVIF", "WEBP")
    ]


def test_jpeg_xl_is_read_with_it() -> None:
    if "pillow_jxl" not in decode.decoders().split("+"):
        pytest.skip("the extra jxl is not installed")
    made, picture = io.BytesIO(), scene(1, 320, 240)
    picture.save(made, "JXL", lossless=True)
    plain = io.BytesIO()
    picture.save(plain, "PNG")
    found = decode.decode(made.getvalue(), "a.jxl")
    assert np.array_equal(found.luma, decode.decode(plain.getvalue()).luma)
    assert (found.format, found.width, found.height, found.frames) == ("JXL", 320, 240, 1)
