"""Boxes and chunks are found in any bytes: in order, within the file, and without end only where the file has none."""

import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.containers import Part, boxes, chunks

FREE = b"\0\0\0\x0bfreeabc"


@pytest.mark.parametrize(
    ("box", "found"),
    [
        (struct.pack(">I4sQ", 1, b"mdat", 20) + b"wide", [(b"mdat", 27, 31)]),
        (struct.pack(">I4s", 0, b"mdat") + b"to the end", [(b"mdat", 19, 29)]),
        (struct.pack(">I4s", 1 << 30, b"mdat") + b"cut off", [(b"mdat", 19, 26)]),
        (struct.pack(">I4sQ", 1, b"mdat", 1 << 63) + b"cut off", [(b"mdat", 27, 34)]),
        (struct.pack(">I4s", 7, b"mdat") + bytes(20), []),
        (struct.pack(">I4sQ", 1, b"mdat", 15) + bytes(20), []),
        (struct.pack(">I4s", 1, b"mdat") + bytes(4), []),
        (b"\0\0\0\x08", []),
    ],
)
def test_sizes_of_boxes(box: bytes, found: list[Part]) -> None:
    data = FREE + box
    assert list(boxes(data, 0, len(data))) == [(b"free", 8, 11), *found]


@pytest.mark.parametrize("walk", [boxes, chunks])
@given(
    st.binary(max_size=200), st.lists(st.tuples(st.sampled_from([0, 1, 7, 8, 9, 30, 1 << 31]), st.binary(max_size=20)))
)
def test_any_bytes(
    walk: Callable[[bytes, int, int], Iterator[Part]], noise: bytes, parts: list[tuple[int, bytes]]
) -> None:
    head = struct.Struct(">I4s" if walk is boxes else "<4sI")
    heads = (head.pack(*((size, b"kind") if walk is boxes else (b"kind", size))) + inside for size, inside in parts)
    data = b"".join(heads) + noise
    at = 0
    for kind, start, stop in walk(data, 0, len(data)):
        assert at + 8 <= start <= stop <= len(data)
        assert kind in (
            data[at : at + 4],
            data[at + 4 : at + 8],
            data[at + 1 : at + 5],
        )  # the last after a byte of padding
        at = stop
