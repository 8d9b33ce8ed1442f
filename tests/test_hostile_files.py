"""Names and bytes made to upset a worker or a terminal."""

import os
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.model import MAX_PIXELS
from lookalike.report import plain
from lookalike.scan.examining import Task, examine

HEADS = (
    b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8 ", b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08", b"BM" + bytes(12) + b"(\0\0\0", b"8BPS\0\x01", b"\0\0\x01\0\x01\0", b"icns",
    b"P6\n2 2\n255\n", b"P1\n9 9\n", b"qoif", b"DDS ", b"\x01\xda\0\x01\0", b"\x59\xa6\x6a\x95", b"\x0a\x05\x01\x08",
    b"\xb1\x68\xde\x3a", b"SIMPLE  =", b"BLP2", b"FTEX", b"aaaa\x12\xafaaaaaa\x08\0\0", b"/* XPM */",
    b"#define a_width 5\n", b"\0\0\0\x14ftypavif", b"\0\0\0\x14ftypheic", b"\xff\x0a", b"\xff\x4f\xff\x51",
    b"\0\0\0\x0cjP  \r\n\x87\n",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    content=st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary(max_size=300)),
    name=st.sampled_from(["a", "a.png", "a.tga", "a.im", "a.msp", "a.tif", "a.nef", "a.heic"]),
    truncated=st.booleans(),
)
def test_any_bytes_become_exactly_one_thing(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str, truncated: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    status = path.stat()
    task = Task(1, str(path), status.st_size, status.st_mtime_ns, (), truncated=truncated, max_pixels=MAX_PIXELS)
    outcome = examine(task)
    assert [outcome.skipped, outcome.kind, outcome.thumbnail].count(None) == 2
    assert examine(task)[:2] == outcome[:2]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux shows them")
def test_a_folder_is_no_image_and_leaves_nothing_open(tmp_path: Path) -> None:
    folder = tmp_path / "a.png"
    folder.mkdir()
    status = folder.stat()
    task = Task(1, str(folder), status.st_size, status.st_mtime_ns, (), truncated=False, max_pixels=100)
    before = len(os.listdir("/proc/self/fd"))
    outcomes = [examine(task) for _ in range(5)]
    assert len(os.listdir("/proc/self/fd")) == before
    assert {outcome.skipped for outcome in outcomes} == {"not a regular file"}


def test_no_sign_that_moves_or_turns_text_is_left_plain() -> None:
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    marks = {"\u061c", "\u200e", "\u200f"}
    signs = [
        sign
        for sign in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(sign) in turning
        or sign in marks
    ]
    assert [f"U+{ord(sign):04X}" for sign in signs if plain(sign) == sign] == []
