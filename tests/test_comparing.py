"""Two images side by side: distances as the hashes give them, and the verdict that `find` would give."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike import comparing
from lookalike.comparing import STRETCH, panels, side_by_side
from lookalike.errors import DecodeError, UsageError
from lookalike.hashes import ALGORITHMS
from lookalike.limiting import File, SecondLooks
from lookalike.model import Tier


def test_distances_are_those_of_the_hashes(tmp_path: Path) -> None:
    one, other = tmp_path / "a.png", tmp_path / "b.jpg"
    one.write_bytes(encode(scene(1), "PNG"))
    other.write_bytes(encode(ImageEnhance.Brightness(scene(1)).enhance(0.6), quality=60))
    for decoding in ("full", "fast"):
        found = la.compare(one, other, decoding=decoding)
        assert [row.algorithm for row in found.distances] == [
            name for name, row in ALGORITHMS.items() if not row.several
        ]
        for row in found.distances:
            own = decoding if decoding in ALGORITHMS[row.algorithm].ways else None
            hashes = [la.hash_image(path, row.algorithm, decode=own) for path in (one, other)]
            assert (row.distance, row.bits) == (hashes[0] - hashes[1], hashes[0].spec.bits)
            assert row.share == row.distance / row.bits
    assert found.tier is Tier.EDIT
    assert "darker" in found.relation
    assert found.evidence["brightness"]["inner"] != found.evidence["brightness"]["outer"]


@pytest.mark.parametrize("turn", [None, Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT])
def test_the_verdict_holds_in_both_orders_and_for_pixels_in_memory(turn: Image.Transpose | None) -> None:
    whole = scene(2, 640, 480)
    small = whole.resize((320, 240))
    small = small if turn is None else small.transpose(turn)
    for one, other in (
        (whole, small),
        (np.asarray(whole), encode(small, "PNG")),
        (encode(whole, "PNG"), np.asarray(small)),
    ):
        there, back = la.compare(one, other, algorithms=["phash"]), la.compare(other, one, algorithms=["phash"])
        assert there.tier is back.tier is Tier.COPY
        assert "half size" in there.relation
        assert "2x size" in back.relation
        assert there.score == back.score
    if turn is not None:
        assert there.relation.startswith(("rotated 270", "mirrored"))


def test_what_was_cut_off_is_said_of_the_second() -> None:
    whole = scene(3, 640, 480)
    part = whole.crop((0, 0, 576, 432))
    found = la.compare(whole, part, algorithms=["dhash"])
    assert found.relation == "cropped to 90% at the upper left"
    assert found.evidence["inner"] == "second"
    assert np.abs(np.array(found.evidence["map"])[:, :2] - 0.9 * np.eye(2)).max() < 0.01
    assert la.compare(part, whole, algorithms=["dhash"]).evidence["inner"] == "first"


def test_equal_different_and_empty_pictures() -> None:
    data = encode(scene(4))
    assert (la.compare(data, data).tier, la.compare(data, data).relation) == (Tier.EXACT, "identical bytes")
    other = la.compare(data, encode(scene(50)))
    assert other.tier in (Tier.SIMILAR, Tier.NONE)
    flat = encode(Image.new("RGB", (200, 200), "white"))
    found = la.compare(data, flat)
    assert (found.tier, found.relation, found.evidence) == (Tier.NONE, "too little detail to compare", {})


def test_bad_input_is_refused(tmp_path: Path) -> None:
    data = encode(scene(1))
    with pytest.raises(UsageError, match="decoding must be full or fast"):
        la.compare(data, data, decoding="pdq")
    with pytest.raises(UsageError, match="hash of each part"):
        la.compare(data, data, algorithms=["crop_resistant"])
    with pytest.raises(DecodeError):
        la.compare(data, data[:200])
    with pytest.raises(OSError, match="absent"):
        la.compare(data, tmp_path / "absent.jpg")


def test_the_picture_shows_both_and_their_difference() -> None:
    whole = scene(5, 400, 300)
    drawn = whole.copy()
    drawn.paste((255, 0, 0), (100, 100, 200, 200))
    page = side_by_side(panels(whole, ImageOps.exif_transpose(drawn)))
    assert (page.mode, page.height) == ("RGB", 400)
    width = (page.width - 20) // 3
    difference = np.asarray(page.crop((2 * width + 20, 0, page.width, 400)).convert("L")).astype(int)
    inside, outside = difference[150:250, 150:250], difference[:100]
    assert outside.max() <= STRETCH
    assert inside.mean() > 50


@pytest.mark.parametrize(
    ("size", "shown"),
    [((10_000, 1), (1600, 1)), ((8000, 1000), (1600, 200)), ((1, 10_000), (1, 400)), ((80, 20), (1600, 400))],
)
def test_a_drawn_row_is_not_wider_than_a_page(size: tuple[int, int], shown: tuple[int, int]) -> None:
    row = side_by_side(panels(Image.new("RGB", size, "red"), Image.new("RGB", (40, 40), "red")))
    assert row.size == (2 * shown[0] + 400 + 20, 400)
    first = np.asarray(row.crop((0, 0, shown[0], 400)))
    top = (400 - shown[1]) // 2
    assert (first[top : top + shown[1]] == (255, 0, 0)).all()
    assert (first[:top] == 255).all()
    assert (first[top + shown[1] :] == 255).all()
    assert not np.asarray(row.crop((shown[0] + 420, top, row.width, top + shown[1]))).any()


def test_the_table_in_the_docs_is_what_the_command_says() -> None:
    pytest.importorskip("skimage")
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "examples/compare_table.py"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    text = (root / "docs" / "compare.md").read_text("utf-8")
    written = text[text.index("| original against") :].partition("\n\n")[0].splitlines()
    for there, here in zip(written, done.stdout.splitlines(), strict=True):
        # Another version of Pillow may write another JPEG: a few bits are no error.
        bits = np.array([[int(number) for number in re.findall(r"(\d+) \(", row)] for row in (there, here)])
        assert np.abs(bits[0] - bits[1]).max(initial=0) <= 6, here
        words = [re.sub(r"\d+ \(\d+%\)", "", row) for row in (there, here)]
        assert words[0] == words[1] or here.startswith("| what was done")
    assert "| **edit** | **edit** | **different** |" in written[-2]


def test_an_image_is_hashed_once_however_many_it_is_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    one, others = encode(scene(1), "PNG"), [encode(scene(seed), "PNG") for seed in (1, 2, 3)]
    seen: list[bytes] = []
    real = comparing.hashed

    def counted(file: File, **told: Any) -> comparing.Hashed:
        seen.append(file[0])
        return real(file, **told)

    monkeypatch.setattr(comparing, "hashed", counted)
    specs = comparing.specs_of(["phash"], "full")
    found = list(comparing.compared(one, others, specs, SecondLooks(workers=1)))
    assert [made.distances[0].distance == 0 for made in found] == [True, False, False]
    assert seen == [one, *others]
