"""Values from Python that are no image, or one that nobody could hold: each is a failure of its own row."""

import io
import tracemalloc
from typing import Any

import numpy as np
import pytest
from PIL import Image

import bombs
import lookalike as la
from conftest import encode, scene
from lookalike.errors import DecodeError
from lookalike.sources.pixels import MOST_PIXELS

PICTURE = scene(1, 320, 240)
LEVEL = np.uint8(7)
SHAPES = "an array must be uint8 or uint16 of shape"
WRONG: dict[str, tuple[Any, str, str]] = {
    "nothing": (b"", "damaged", "the file is empty"),
    "noise": (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged", "cannot be read"),
    "bomb": (bombs.png_of_header(bombs.WIDE, bombs.WIDE), "limit", "65535x65535 pixels"),
    "view": (memoryview(bombs.gif(bombs.WIDE, bombs.WIDE, 1)), "limit", "65535x65535 pixels"),
    "no rows": (np.zeros((0, 5), np.uint8), "unsupported", "no pixels"),
    "no columns": (np.zeros((5, 0, 3), np.uint8), "unsupported", "no pixels"),
    "number": (np.array(5, np.uint8), "unsupported", SHAPES),
    "line": (np.zeros(10, np.uint8), "unsupported", SHAPES),
    "four axes": (np.zeros((1, 1, 1, 1), np.uint8), "unsupported", SHAPES),
    "many channels": (np.zeros((4, 4, 100_000), np.uint8), "unsupported", SHAPES),
    "not a number": (np.full((4, 4), np.nan), "unsupported", SHAPES),
    "objects": (np.array([[None] * 4] * 4), "unsupported", SHAPES),
    "texts": (np.array([["a", "b"]]), "unsupported", SHAPES),
    "square": (
        np.broadcast_to(LEVEL, (200_000, 200_000)),
        "limit",
        "200000x200000 pixels, more than an array may have",
    ),
    "coloured": (np.broadcast_to(LEVEL, (100_000, 100_000, 3)), "limit", "100000x100000 pixels"),
    "wide": (np.broadcast_to(LEVEL, (1, 1 << 31)), "limit", "2147483648x1 pixels"),
    "largest": (np.broadcast_to(LEVEL, ((1 << 62), 1)), "limit", "pixels, more than an array may have"),
}


def test_values_that_are_no_images_cost_their_rows() -> None:
    values = [PICTURE, *(value for value, _, _ in WRONG.values()), encode(PICTURE)]
    tracemalloc.start()
    found = la.find(values, use_catalog=False)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 64 << 20
    assert found.stats["images"] == found.stats["hashed"] + found.stats["failed"] == len(values)
    assert found.stats["failed"] == len(WRONG)
    (group,) = found.groups
    assert len(group.members) == 2
    seen = sorted(found.failures, key=lambda failure: int(failure.ref.path.rpartition("/")[2]))
    for (name, (_, kind, reason)), failure in zip(WRONG.items(), seen, strict=True):
        assert (name, failure.kind) == (name, kind)
        assert reason in failure.reason


@pytest.mark.parametrize("name", ["square", "wide", "bomb"])
def test_a_single_value_is_refused_in_words(name: str) -> None:
    with pytest.raises(DecodeError) as caught:
        la.phash(WRONG[name][0])
    assert caught.value.kind == "limit"


def test_a_picture_that_was_opened_and_not_read_is_a_failure_where_it_cannot_be() -> None:
    opened = Image.open(io.BytesIO(encode(PICTURE, "TIFF")[:-1000]))
    found = la.find([PICTURE, opened, encode(PICTURE)], use_catalog=False)
    assert [failure.kind for failure in found.failures] == ["damaged"]
    assert found.stats["hashed"] == 2


def test_a_real_array_is_read_up_to_the_limit_of_pixels() -> None:
    array = np.asarray(PICTURE)
    few = la.find([array, array], use_catalog=False, max_pixels=320 * 240 - 1)
    assert [failure.kind for failure in few.failures] == ["limit", "limit"]
    assert la.find([array, array], use_catalog=False, max_pixels=320 * 240).stats["groups"] == 1
    assert MOST_PIXELS > 178_956_970, "files have the tighter limit"
