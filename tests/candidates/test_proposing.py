"""What is proposed: neighbours of hashes, by parts and by crops too, and how to look at a pair."""

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageDraw, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike import grouping, join
from lookalike.candidates import hinting, proposing, seeking
from lookalike.columns import Images
from lookalike.hashes import crops
from lookalike.model import HashSpec
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.scan.variants import Sort
from lookalike.stores.catalog import Catalog


@given(st.lists(st.integers(0, 2**14), max_size=60), st.integers(0, 6))
@settings(deadline=None, max_examples=60)
def test_looked_for_and_listed_neighbours_are_the_same(values: list[int], radius: int) -> None:
    distinct, _ = join.collapse(np.array(values, np.uint64))
    listed = seeking.near_hashes(distinct, radius, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeking, "MOST_PAIRS", -1)
        sought = seeking.near_hashes(distinct, radius, threads=2)
    pairs = len(join.distinct_pairs(distinct, radius)[0])
    assert isinstance(sought, seeking._Sought) == (pairs > 0)
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
        patch.setattr(seeking, "MOST_PAIRS", 0)
        sought = la.find(folder, use_catalog=False, workers=1).to_dict()
    assert listed["stats"]["groups"] == 4
    assert sought["groups"] == listed["groups"]


def test_a_clique_is_grouped_without_its_pairs() -> None:
    distinct = np.arange(12_000, dtype=np.uint64)[:, np.newaxis]  # 72 million pairs within 14 bits
    found = seeking.near_hashes(distinct, 14, threads=2)
    assert isinstance(found, seeking._Sought)
    assert not found.labels().any()
    assert len(found.near(5)) == 11_999


def crossed(plain: list[int], made: list[list[int]], radius: int, hashes: int = 2) -> proposing._Crossed:
    """Return hashes of items as they are, and of what is made of them."""
    block, count = np.array(plain, np.uint64).reshape(-1, 1), len(plain)
    own = proposing._Own.of(count, (np.arange(count), block))
    sort = Sort(crops.SPEC, "edges", hashes, radius, crossed=True)
    return proposing._Crossed(own, np.array(made, np.uint64).reshape(count, hashes, 1), sort)


hash_lists = st.lists(st.tuples(*[st.integers(0, 2**9)] * 3), max_size=30)


@given(hash_lists, st.integers(0, 3), st.integers(0, 4), st.booleans())
@settings(deadline=None, max_examples=150)
def test_hits_are_those_of_every_pair_however_they_are_found(
    rows: list[tuple[int, int, int]], known: int, radius: int, small: bool
) -> None:
    plain, made = [row[0] for row in rows], [list(row[1:]) for row in rows]
    known_layer = crossed(plain, [[one, one] for one in plain], known)
    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(proposing, "QUERIES_AT_ONCE", 7)
            patch.setattr(join, "LIMIT", 5)
        layers = [crossed(plain, made, radius).layer(known, threads=1)]
        patch.setattr(proposing, "MOST_PAIRS", -1)
        layers.append(crossed(plain, made, radius).layer(known, threads=2))
        plain_layer = known_layer.layer(0, threads=1)
    assert isinstance(layers[1]._neighbours, seeking.SoughtHits)
    everything = [grouping.Candidates(len(rows), [layer, plain_layer]) for layer in layers]
    for item, (own, *of_own) in enumerate(rows):
        near = [
            other
            for other, (its, *of_its) in enumerate(rows)
            if other != item
            and (
                (own ^ its).bit_count() <= known
                or any((its ^ one).bit_count() <= radius for one in of_own)
                or any((own ^ one).bit_count() <= radius for one in of_its)
            )
        ]
        assert [candidates.near(item).tolist() for candidates in everything] == [near, near]
    for candidates in everything:
        connected = {item: number for number, part in enumerate(candidates.components()) for item in part.tolist()}
        for item in range(len(rows)):
            assert {connected[other] for other in candidates.near(item).tolist()} <= {connected.get(item)}


@given(hash_lists, st.integers(0, 4))
@settings(deadline=None, max_examples=60)
def test_hints_are_the_nearest_hashes_of_a_pair(rows: list[tuple[int, int, int]], radius: int) -> None:
    count = len(rows)
    left, right = (column.reshape(-1) for column in np.mgrid[:count, :count])
    none = np.zeros(0, np.int64)
    hashes = crossed([row[0] for row in rows], [list(row[1:]) for row in rows], radius)
    found = next(hashes.ways(left, right), (none, none))
    expected = []
    for pair, (item, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        distance = [(rows[other][0] ^ one).bit_count() for one in rows[item][1:]]
        if item != other and min(distance) <= radius:
            expected.append((pair, hinting.CROPPED + distance.index(min(distance))))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@pytest.mark.parametrize("known", [0, 10])
def test_hits_of_a_clique_are_not_kept(known: int) -> None:
    """Frames of a still camera: 1,600 million hits."""
    plain = np.arange(20_000)
    dense = crossed(plain.tolist(), (plain[:, np.newaxis] ^ np.arange(4)).tolist(), 14, 4)
    tracemalloc.start()
    layer = dense.layer(known, threads=2)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(layer._neighbours, seeking.SoughtHits)
    assert most < 1.5e9
    assert len(np.unique(np.concatenate(layer.near(5)))) == 20_000


def test_a_hit_beside_pairs_that_are_near_anyway_is_not_kept() -> None:
    plain = np.arange(500)
    dense = crossed(plain.tolist(), (plain[:, np.newaxis] ^ np.arange(4)).tolist(), 10, 4)
    kept = [dense._hits(known, threads=1) for known in (0, 10)]
    assert [None if keys is None else len(keys) for keys in kept] == [500 * 499, 0]


@pytest.fixture(scope="module")
def strips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, Images]]:
    """Pictures, and what is left of them without a thin strip or without much."""
    folder = tmp_path_factory.mktemp("strips")
    for seed in range(8):
        (folder / f"{seed}-whole.png").write_bytes(encode(scene(seed, 480, 400), "PNG"))
        (folder / f"{seed}-thin.jpg").write_bytes(cut(0.95, seed % 2, seed // 2 % 2, seed))
        (folder / f"{seed}-much.jpg").write_bytes(cut(0.8, 0.5, seed % 2, seed))
    with open_catalog(None) as store:
        yield store, scan([str(folder)], [], store, HashSpec(), ScanOptions(), workers=1).images


@given(radius=st.integers(0, 16), algorithm=st.sampled_from(["phash", "dhash", "ahash"]))
@settings(deadline=None, max_examples=25)
def test_crops_propose_whatever_is_proposed_without(
    strips: tuple[Catalog, Images], radius: int, algorithm: str
) -> None:
    store, images = strips
    pairs = []
    for with_crops in (False, True):
        options = FindOptions(spec=HashSpec(algorithm, 8), radius=radius, crops=with_crops)
        joined = np.ones(len(images), np.bool_)
        found = proposing.propose(images.content, joined, images.facts.id, store, options, threads=1).candidates
        pairs.append({(item, other) for item in range(len(images)) for other in found.near(item).tolist()})
    assert pairs[0] <= pairs[1]


def test_slices_of_owners_are_put_together(strips: tuple[Catalog, Images], monkeypatch: pytest.MonkeyPatch) -> None:
    store, images = strips
    joined = np.arange(len(images)) % 5 != 1
    found = []
    for at_once in (100_000, 4):
        monkeypatch.setattr(proposing, "OWNERS_AT_ONCE", at_once)
        options = FindOptions(orient="mirror", crops=True)
        proposals = proposing.propose(images.content, joined, images.facts.id, store, options, threads=1)
        found.append(proposals)
    for one, other in zip(found[0].crossed, found[1].crossed, strict=True):
        assert np.array_equal(one.made, other.made)
        assert one.made[joined].any(axis=2).all()
        assert not one.made[~joined].any()


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
