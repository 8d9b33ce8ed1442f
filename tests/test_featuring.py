"""Features of pairs are what comparing says of them, whatever the pairs come in."""

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike import featuring, hashes
from lookalike.decode import decode
from lookalike.errors import UsageError
from lookalike.featuring import MEASURED, feature_columns
from lookalike.model import HashSpec
from lookalike.turns import BACK, turned


def files(folder: Path) -> Path:
    whole = scene(7, 640, 480)
    (folder / "a.png").write_bytes(encode(whole, "PNG"))
    (folder / "small.jpg").write_bytes(encode(whole.resize((320, 240)), quality=40))
    (folder / "dark.jpg").write_bytes(encode(ImageEnhance.Brightness(whole).enhance(0.6), quality=90))
    (folder / "crop.png").write_bytes(encode(whole.crop((0, 0, 576, 432)), "PNG"))
    (folder / "turned.png").write_bytes(encode(ImageOps.mirror(whole), "PNG"))
    (folder / "other.jpg").write_bytes(encode(scene(70, 640, 480)))
    (folder / "white.png").write_bytes(encode(Image.new("L", (640, 480), 255), "PNG"))
    (folder / "broken.jpg").write_bytes(encode(whole)[:150])
    return folder


@pytest.mark.parametrize("decoding", ["full", "fast"])
def test_features_are_what_compare_says(tmp_path: Path, decoding: str) -> None:
    folder = files(tmp_path)
    names = ["small.jpg", "dark.jpg", "crop.png", "turned.png", "other.jpg", "white.png", "a.png"]
    pairs = [(folder / "a.png", folder / name) for name in names] + [(folder / "crop.png", folder / "a.png")]
    rows = list(la.features(pairs, decoding=decoding, workers=2))
    for (one, other), row in zip(pairs, rows, strict=True):
        said = la.compare(one, other, decoding=decoding)
        assert (row["path_a"], row["path_b"]) == (str(one), str(other))
        assert list(row) == ["path_a", "path_b", *feature_columns()]
        assert {f"{found.algorithm}_distance": found.distance for found in said.distances}.items() <= row.items()
        assert (row["tier"], row["score"], row["relation"]) == (said.tier.name.lower(), said.score, said.relation)
        assert row["failure"] is row["reason"] is None
        if said.evidence and said.evidence.get("tiles"):
            assert (row["turn"], row["unexplained"]) == (said.evidence["turn"], said.evidence["unexplained"])
            assert row["changed"] == said.evidence["changed"] / said.evidence["tiles"]
            assert row["a_lacks"] == ",".join(said.evidence["first_lacks"])
            assert row["b_lacks"] == ",".join(said.evidence["second_lacks"])
    small, dark, crop, turned, another, white, same, back = rows
    assert (small["pixels_ratio"], small["aspect_ratio"], small["quality_b"], small["b_lacks"]) == (
        0.25,
        1,
        40,
        "pixels",
    )
    assert small["bytes_b"] == (folder / "small.jpg").stat().st_size
    assert small["bytes_ratio"] == small["bytes_b"] / small["bytes_a"]
    assert dark["brightness_change"] < -10
    assert dark["contrast_ratio"] < 0.9
    assert dark["correlation"] > 0.99
    assert crop["covered"] == pytest.approx(0.81, abs=0.02)
    assert back["covered"] == crop["covered"]
    assert (back["b_lacks"], crop["b_lacks"]) == ("", "crop")
    assert turned["turn"] == 2
    assert abs(another["correlation"]) < 0.5
    assert white["correlation"] is None
    assert all(white[name] is None for name in MEASURED)
    assert (same["tier"], same["correlation"], same["unexplained"], same["covered"]) == (
        "exact",
        pytest.approx(1),
        0,
        1,
    )


def test_brightness_is_told_from_the_first_to_the_second(tmp_path: Path) -> None:
    folder = files(tmp_path)
    pairs = [(folder / one, folder / other) for one, other in (("a.png", "dark.jpg"), ("dark.jpg", "a.png"))]
    there, back = la.features(pairs, algorithms=["phash"])
    assert there["brightness_change"] == pytest.approx(-back["brightness_change"], abs=0.5)
    assert there["contrast_ratio"] == pytest.approx(1 / back["contrast_ratio"], rel=0.02)
    assert there["correlation"] == back["correlation"]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_the_turn_makes_the_second_lie_like_the_first(orientation: int) -> None:
    plane = np.asarray(scene(5, 256, 256))
    other = turned(plane[np.newaxis], BACK[orientation])[0]
    small = np.asarray(Image.fromarray(other).resize((200, 200)))
    there, back = la.features([(plane, small), (small, plane)], algorithms=["phash"])
    assert there["tier"] == back["tier"] == "copy"
    assert (there["turn"], back["turn"]) == (orientation, BACK[orientation])
    assert np.array_equal(turned(other[np.newaxis], there["turn"])[0], plane)


def test_correlation_is_that_of_numpy() -> None:
    one, other = scene(3), ImageEnhance.Contrast(scene(3)).enhance(0.4)
    (row,) = la.features([(one, other)], algorithms=["ahash"])
    luma = [decode(encode(image, "PNG")).luma.ravel() for image in (one, other)]
    assert math.isclose(row["correlation"], np.corrcoef(luma[0], luma[1])[0, 1], rel_tol=1e-9)


def test_what_cannot_be_read_is_a_row(tmp_path: Path) -> None:
    folder = files(tmp_path)
    wanted = [("a.png", "broken.jpg"), ("absent.jpg", "a.png"), ("a.png", "small.jpg")]
    rows = list(la.features([{"path_a": folder / a, "path_b": folder / b, "kind": a} for a, b in wanted]))
    assert [row["failure"] for row in rows] == ["damaged", "transient", None]
    assert [row["kind"] for row in rows] == ["a.png", "absent.jpg", "a.png"]
    assert rows[0]["reason"].startswith("path_b: ")
    assert rows[1]["reason"] == "path_a: No such file or directory"
    assert rows[0]["score"] is rows[0]["phash_distance"] is rows[0]["width_a"] is None


def test_pixels_in_memory_are_pairs_too() -> None:
    whole = scene(2)
    row, again = la.features(
        [(np.asarray(whole), encode(whole.resize((240, 180)))), (whole, whole)], algorithms=["phash"]
    )
    assert (row["tier"], row["width_b"], again["tier"]) == ("copy", 240, "exact")
    assert "path_a" not in row


def test_each_image_is_hashed_once_and_nothing_is_read_ahead_of_need(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [encode(scene(seed, 96, 72)) for seed in range(4)]
    calls = []
    real = hashes.hash_picture

    def counted(image: Image.Image, *specs: HashSpec) -> list[Any]:
        calls.append(image.size)
        return list(real(image, *specs))

    monkeypatch.setattr(hashes, "hash_picture", counted)
    taken = []

    def endless() -> Iterator[tuple[bytes, bytes]]:
        for at in range(1000):
            taken.append(at)
            yield images[at % 4], images[(at + 1) % 4]

    rows = la.features(endless(), algorithms=["phash", "dhash"], workers=2)
    assert len(list(islice(rows, 12))) == 12
    rows.close()
    assert len(calls) == 4
    assert len(taken) <= 12 + featuring.AHEAD * 2


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    for options, said in (
        ({"algorithms": ["nohash"]}, "nohash"), ({"algorithms": ["crop_resistant"]}, "hash of each part"),
        ({"decoding": "pdq"}, "decoding must be full or fast"), ({"workers": 0}, "workers must be at least 1"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            la.features([], **options)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("path_a,path_b,score\na,b,1\n")
    with pytest.raises(UsageError, match="has a column score, which features add: rename it"):
        la.features(pairs)
    pairs.write_text("path_a,other\na,b\n")
    with pytest.raises(UsageError, match="lacks the column path_b"):
        la.features(pairs)
    pairs.write_text("path_a,path_b\na,\n")
    with pytest.raises(UsageError, match="line 2: path_a and path_b must be texts that are not empty"):
        list(la.features(pairs))
    with pytest.raises(UsageError, match="lacks path_b"):
        list(la.features([{"path_a": "a"}]))
    assert list(la.features([])) == []
