"""What is proposed: neighbours of hashes, by parts and by crops too, and how to look at a pair."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageDraw, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike import join, proposing
from lookalike.model import FindOptions, ScanOptions
from lookalike.opening import open_catalog
from lookalike.scanning import scan


@given(st.lists(st.integers(0, 2**14), max_size=60), st.integers(0, 6))
@settings(deadline=None, max_examples=60)
def test_looked_for_and_listed_neighbours_are_the_same(values: list[int], radius: int) -> None:
    distinct, _ = join.collapse(np.array(values, np.uint64))
    listed = proposing.near_hashes(distinct, radius, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposing, "MOST_PAIRS", -1)
        sought = proposing.near_hashes(distinct, radius, threads=2)
    pairs = len(join.distinct_pairs(distinct, radius)[0])
    assert isinstance(sought, proposing._Sought) == (pairs > 0)
    assert listed.count == sought.count == len(distinct)
    assert np.array_equal(listed.labels(), sought.labels())
    for number in range(len(distinct)):
        assert sorted(listed.near(number).tolist()) == sorted(sought.near(number).tolist())


def test_findings_do_not_depend_on_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("album")
    for seed in range(4):
        for quality in (50, 70, 90):
            (folder / f"{seed}-{quality}.jpg").write_bytes(encode(scene(seed, 400, 300), quality=quality))
    listed = la.find(folder, use_catalog=False, workers=1).to_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposing, "MOST_PAIRS", 0)
        sought = la.find(folder, use_catalog=False, workers=1).to_dict()
    assert listed["stats"]["groups"] == 4
    assert sought["groups"] == listed["groups"]


def test_a_clique_is_grouped_without_its_pairs() -> None:
    distinct = np.arange(12_000, dtype=np.uint64)[:, np.newaxis]  # 72 million pairs within 14 bits
    found = proposing.near_hashes(distinct, 14, threads=2)
    assert isinstance(found, proposing._Sought)
    assert not found.labels().any()
    assert len(found.near(5)) == 11_999


def cut(share: float, across: float, down: float, seed: int) -> bytes:
    picture = scene(seed, 480, 400)
    width, height = round(480 * share), round(400 * share)
    left, top = round((480 - width) * across), round((400 - height) * down)
    return encode(picture.crop((left, top, left + width, top + height)).resize((300, 250)), quality=70)


def test_large_crops_are_found_with_crops_and_not_without(tmp_path: Path) -> None:
    for seed, (share, across, down) in enumerate([(0.72, 0, 0), (0.75, 0.9, 0.4), (0.8, 0.5, 0.5), (0.85, 1, 1)]):
        (tmp_path / f"{seed}-whole.png").write_bytes(encode(scene(seed, 480, 400), "PNG"))
        (tmp_path / f"{seed}-cut.jpg").write_bytes(cut(share, across, down, seed))
    assert la.find(tmp_path, use_catalog=False).stats["groups"] == 0
    found = la.find(tmp_path, use_catalog=False, crops=True)
    assert found.to_dict()["options"]["crops"] is True
    assert [
        sorted(Path(member.ref.path).name for member in group.members)
        for group in sorted(found.groups, key=lambda group: group.members[0].ref.path)
    ] == [[f"{seed}-cut.jpg", f"{seed}-whole.png"] for seed in range(4)]
    said = {Path(group.members[1].ref.path).name: group.members[1].relation or "" for group in found.groups}
    assert "cropped to 72% at the upper left" in said["0-cut.jpg"]
    assert "cropped to 75% at the right" in said["1-cut.jpg"]
    assert re.search("cropped to (80|81)% in the middle", said["2-cut.jpg"])
    assert "cropped to 85% at the lower right" in said["3-cut.jpg"]


def test_crops_are_found_by_whichever_hash_joins(tmp_path: Path) -> None:
    (tmp_path / "whole.png").write_bytes(encode(scene(1, 480, 400), "PNG"))
    (tmp_path / "cut.jpg").write_bytes(cut(0.75, 0.9, 0.4, 1))
    for algorithm, size in (("dhash", 8), ("phash", 16)):
        assert la.find(tmp_path, use_catalog=False, crops=True, algorithm=algorithm, size=size).stats["groups"] == 1


def test_a_picture_under_a_large_logo_is_proposed_by_a_corner(tmp_path: Path) -> None:
    found = 0
    for seed in range(6):
        picture = scene(seed, 480, 400)
        (tmp_path / "plain.png").write_bytes(encode(picture, "PNG"))
        ImageDraw.Draw(picture).ellipse((350, 270, 470, 390), "red", "white", 6)
        (tmp_path / "logo.png").write_bytes(encode(picture, "PNG"))
        both = [la.hash_image(tmp_path / name, "phash", decode="fast") for name in ("plain.png", "logo.png")]
        far = both[0] - both[1] > FindOptions().radius
        findings = la.find(tmp_path, use_catalog=False)
        assert findings.stats["groups"] == 1, seed
        found += far
    assert found  # by the whole picture, at least one would have been missed


def test_a_strip_cut_off_at_two_edges_needs_no_option(tmp_path: Path) -> None:
    far = 0
    for seed in range(6):
        (tmp_path / "whole.png").write_bytes(encode(scene(seed, 480, 400), "PNG"))
        (tmp_path / "cut.jpg").write_bytes(cut(0.94, seed % 2, seed // 2 % 2, seed))
        both = [la.hash_image(tmp_path / name, "phash", decode="fast") for name in ("whole.png", "cut.jpg")]
        far += both[0] - both[1] > FindOptions().radius
        assert la.find(tmp_path, use_catalog=False).stats["by_tier"]["edit"] == 1, seed
    assert far  # by the whole picture, at least one would have been missed


def test_hints_name_the_turn_and_the_box_of_the_right_side(tmp_path: Path) -> None:
    names = ["whole.png", "cut.jpg", "mirrored.png"]
    (tmp_path / names[0]).write_bytes(encode(scene(1, 480, 400), "PNG"))
    (tmp_path / names[1]).write_bytes(cut(0.75, 1, 1, 1))
    (tmp_path / names[2]).write_bytes(encode(ImageOps.mirror(scene(1, 480, 400)), "PNG"))
    options = FindOptions(orient="all", crops=True)
    with open_catalog(None) as store:
        images = scan([str(tmp_path)], [], store, options.spec, ScanOptions(), workers=1).images
        item = {Path(path).name: row for row, path in enumerate(images.path)}
        everything = np.ones(3, np.bool_)
        proposals = proposing.propose(images.content, everything, images.facts.id, store, options, threads=1)
        whole, part, mirrored = (item[name] for name in names)
        for left, right in ((whole, part), (part, whole)):
            hints = proposals.hints(np.array([left]), np.array([right]))
            assert hints is not None
            boxes = hints.left_box if left == whole else hints.right_box
            assert np.abs(boxes[hints.turn == 1] - [16, 16, 64, 64]).max(axis=1).min() <= 3
        for left, right in ((whole, mirrored), (mirrored, whole)):
            hints = proposals.hints(np.array([left]), np.array([right]))
            assert hints is not None
            assert 2 in hints.turn.tolist()
        assert proposals.hints(np.array([whole]), np.array([whole])) is None
