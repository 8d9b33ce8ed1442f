"""Hashes of what can be made of a picture: without its border, turned; from the catalog or from thumbnails."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike import bits, hashes
from lookalike.decode import decode
from lookalike.errors import CatalogError
from lookalike.hashes import borders, crops
from lookalike.hashes.borders import WHOLE, trim_boxes, trimmed, within
from lookalike.model import HashSpec, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions
from lookalike.scan import variants
from lookalike.stores.catalog import Catalog
from lookalike.turns import BACK, NAMES, turned


def thumbnail(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return decode(encode(picture, "PNG")).luma


def fill(store: Catalog, pictures: list[Image.Image]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    rows = [(bytes([number]) * 32, 1, decode(encode(picture, "PNG"))) for number, picture in enumerate(pictures, 1)]
    with store.transaction():
        return np.array(store.add_contents(rows, decoder="test", version=1), np.int64)


@pytest.mark.parametrize("name", ["phash", "dhash", "whash", "pdq"])
def test_every_variant_comes_from_thumbnails_once_and_is_kept(name: str) -> None:
    spec = HashSpec(algorithm=name, size=hashes.algorithm(name).size)
    pictures = [scene(1), ImageOps.expand(scene(2), 30, "white"), scene(3)]
    luma = np.stack([thumbnail(picture) for picture in pictures])
    with open_catalog(None) as store:
        ids = fill(store, pictures)
        owner, block = variants.hash_words(ids, store, spec)
        assert owner.tolist() == [0, 1, 2]
        assert np.array_equal(block, hashes.hash_block(luma, spec))
        owner, block = variants.hash_words(ids, store, spec, "trimmed")
        assert owner.tolist() == [1]
        bare = hashes.hash_block(thumbnail(scene(2))[np.newaxis], spec)
        framed = hashes.hash_block(luma[1:2], spec)
        assert bits.distance(block, bare)[0] < bits.distance(framed, bare)[0] - spec.bits // 16
        owner, block = variants.hash_words(ids, store, spec, "turned")
        assert owner.tolist() == [0] * 7 + [1] * 7 + [2] * 7
        for at, orientation in enumerate(variants.TURNS):
            assert np.array_equal(block[at::7], hashes.hash_block(turned(luma, orientation), spec)), orientation
        for variant, boxes in (("parts", crops.PARTS), ("edges", crops.EDGES), ("crops", crops.CROPS)):
            owner, block = variants.hash_words(ids, store, crops.SPEC, variant)
            assert owner.tolist() == np.arange(3).repeat(len(boxes)).tolist()
            assert np.array_equal(block, crops.hash_boxes(luma, boxes).reshape(-1, 1))
        store.db.execute("DELETE FROM thumbnail")
        for variant in variants.VARIANTS:  # nothing is made again
            variants.hash_words(ids, store, crops.SPEC if variant in ("parts", "edges", "crops") else spec, variant)


@pytest.mark.parametrize("variant", ["trimmed", "parts", "edges", "crops"])
def test_hashes_of_other_boxes_are_made_again(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in the catalog tell tables of boxes apart, and no two variants share one."""
    names = [variants.stored_name(name) for name in variants.VARIANTS]
    assert len(set(names)) == len(names)
    with open_catalog(None) as store:
        ids = fill(store, [ImageOps.expand(scene(1), 30, "white")])
        _, block = variants.hash_words(ids, store, crops.SPEC, variant)
        store.add_hashes(
            ids.tolist(), np.zeros((1, 1), np.uint64), crops.SPEC, variant
        )  # as an older version would name them
        assert np.array_equal(variants.hash_words(ids, store, crops.SPEC, variant)[1], block)
        monkeypatch.setitem(variants.STORED, variant, f"{variant}-other")
        store.db.execute("UPDATE hash SET words = zeroblob(8)")
        assert np.array_equal(variants.hash_words(ids, store, crops.SPEC, variant)[1], block)


@pytest.mark.parametrize("variant", variants.VARIANTS)
@pytest.mark.parametrize("words", ["CAST(words || words AS BLOB)", "substr(words, 1, 8 * ({count} - 1))"])
def test_another_number_of_hashes_than_there_can_be_is_damage(variant: str, words: str) -> None:
    count = variants.COUNTS[variant]
    with open_catalog(None) as store:
        ids = fill(store, [ImageOps.expand(scene(1), 30, "white")])
        before = variants.hash_words(ids, store, crops.SPEC, variant)
        assert len(before[1]) == count
        with store.transaction():
            store.db.execute(f"UPDATE hash SET words = {words.format(count=count)}")
            store.seal_all()
        if variant == "trimmed" and words.startswith("substr"):  # as of a picture without a border
            assert len(variants.hash_words(ids, store, crops.SPEC, variant)[1]) == 0
            return
        with pytest.raises(CatalogError, match="another number of hashes"):
            variants.hash_words(ids, store, crops.SPEC, variant)


def test_names_of_boxes_follow_from_the_boxes() -> None:
    assert variants.box_names({"edges": crops.EDGES}) == {"edges": variants.STORED["edges"]}
    assert variants.box_names({"edges": crops.EDGES + 1}) != variants.box_names({"edges": crops.EDGES})


@pytest.mark.parametrize(
    ("algorithm", "size", "radius", "part"),
    [("phash", 8, 10, 10), ("phash", 8, 7, 7), ("phash", 8, 64, 64), ("ahash", 8, 3, 10), ("ahash", 8, 0, 0),
     ("dhash", 16, 40, 10), ("dhash", 8, 4, 5), ("dhash", 8, 64, 64), ("ahash", 4, 0, 0), ("ahash", 4, 2, 8)],
)  # fmt: skip
def test_radii_of_parts_follow_the_usual_one_of_their_own_hash(
    algorithm: str, size: int, radius: int, part: int
) -> None:
    options = FindOptions(spec=HashSpec(algorithm, size), radius=radius, orient="mirror", crops=True)
    assert {sort.variant: (sort.hashes, sort.radius, sort.crossed) for sort in variants.sorts(options)} == {
        "plain": (1, radius, False), "parts": (4, part, False), "turned": (1, radius, True), "edges": (4, part, True),
        "crops": (len(crops.CROPS), min(part + variants.CROP_MORE, 64), True),
    }  # fmt: skip


def test_parts_have_one_hash_only() -> None:
    with open_catalog(None) as store:
        ids = fill(store, [scene(1)])
        with pytest.raises(ValueError, match=r"hashed by phash-.* only, not by dhash-"):
            variants.hash_words(ids, store, HashSpec("dhash"), "parts")


@pytest.mark.parametrize(
    ("frame", "box"),
    [
        ((0, 0, 0, 0), (0, 0, 64, 64)),
        ((60, 60, 60, 60), (6, 8, 58, 56)),
        ((0, 90, 0, 90), (0, 10, 64, 54)),
        ((0, 0, 120, 0), (0, 0, 51, 64)),
    ],
)
@pytest.mark.parametrize("colour", ["black", "white", (90, 120, 60)])
def test_borders_are_found(frame: tuple[int, int, int, int], box: tuple[int, ...], colour: str) -> None:
    for seed in (11, 12, 13):
        found = trim_boxes(thumbnail(ImageOps.expand(scene(seed), frame, colour))[np.newaxis])[0]
        assert np.abs(found - box).max() <= 1, seed


def test_a_caption_with_text_is_a_border_and_a_plain_picture_is_none() -> None:
    picture = Image.new("RGB", (480, 440), "white")
    picture.paste(scene(5))
    ImageDraw.Draw(picture).text((120, 385), "some words", fill="black", font_size=30)
    left, top, right, bottom = trim_boxes(thumbnail(picture)[np.newaxis])[0].tolist()
    assert (left, top, right) == (0, 0, 64)
    assert 51 <= bottom <= 54
    flat = np.full((1, 64, 64), 200, np.uint8)
    assert tuple(trim_boxes(flat)[0]) == WHOLE
    assert np.array_equal(trimmed(flat, trim_boxes(flat)), flat)
    assert within(np.array([WHOLE])).tolist() == [list(WHOLE)]


def test_two_turns_undo_each_other() -> None:
    plane = np.arange(16).reshape(1, 4, 4)
    for orientation in range(1, 9):
        assert np.array_equal(turned(turned(plane, orientation), BACK[orientation]), plane)


@pytest.mark.parametrize(
    ("orient", "joined"),
    [("upright", set()), ("mirror", {"mirrored"}), ("all", {"mirrored", "rotated", "upside down"})],
)
@pytest.mark.parametrize("algorithm", ["phash", "dhash"])
def test_find_joins_turned_pictures_on_request(orient: str, joined: set[str], algorithm: str, tmp_path: Path) -> None:
    for seed in (21, 22):
        whole = scene(seed, 640, 480)
        turns = {
            "mirrored": ImageOps.mirror(whole), "rotated": whole.transpose(Image.Transpose.ROTATE_90),
            "upside down": whole.transpose(Image.Transpose.ROTATE_180),
        }  # fmt: skip
        for name, picture in {"whole": whole, **turns}.items():
            (tmp_path / f"{name} {seed}.jpg").write_bytes(encode(picture, quality=85))
    catalog = tmp_path / "catalog.sqlite"
    for _ in range(2):  # verdicts made and verdicts remembered
        found = la.find(tmp_path, orient=orient, algorithm=algorithm, keep="name", catalog=catalog, workers=1)  # type: ignore[arg-type]
        groups = [{Path(member.ref.path).stem for member in group.members} for group in found.groups]
        seeds = [{name.rpartition(" ")[2] for name in group} for group in groups]
        assert all(len(group) == 1 for group in seeds)
        assert sorted(map(len, groups)) == ([1 + len(joined)] * 2 if joined else [])
        members = [member for group in found.groups for member in group.members[1:]]
        assert {member.tier for member in members} <= {Tier.COPY}
    assert {member.relation.split(",")[0] for member in members} <= {*NAMES[2:]}


def test_against_and_bordered_copies(tmp_path: Path) -> None:
    for folder in ("mine", "theirs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "theirs" / "a.jpg").write_bytes(encode(scene(31, 640, 480)))
    (tmp_path / "mine" / "framed.jpg").write_bytes(
        encode(ImageOps.expand(scene(31, 640, 480), 60, "black"), quality=80)
    )
    (tmp_path / "mine" / "other.jpg").write_bytes(encode(scene(32, 640, 480)))
    found = la.find(tmp_path / "mine", against=tmp_path / "theirs", use_catalog=False, workers=1)
    ((keeper, member),) = (group.members for group in found.groups)
    assert (Path(keeper.ref.path).name, Path(member.ref.path).name) == ("a.jpg", "framed.jpg")
    assert "border added" in member.relation
    assert [Path(path).name for path in found.unmatched] == ["other.jpg"]


@pytest.mark.parametrize("seed", range(20))
def test_pictures_without_a_plain_edge_are_not_looked_at_closer(seed: int) -> None:
    random = np.random.default_rng(seed)
    luma = random.integers(0, 256, (12, 64, 64)).astype(np.uint8)
    for picture in luma:  # a band at an edge: of one level, of a few, or of as many as are too many
        level, spread, width = (int(random.integers(*bounds)) for bounds in ((0, 200), (1, 40), (0, 12)))
        np.rot90(picture, int(random.integers(0, 4)))[:width] = random.integers(level, level + spread, (width, 64))
    found = trim_boxes(luma)
    assert np.array_equal(found, borders._boxes(luma))
    assert (found != np.array(WHOLE)).any()
