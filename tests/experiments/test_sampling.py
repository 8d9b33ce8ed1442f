"""Which images of a collection are different, how near their hashes are, and what is made of some of them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import encode, scene
from lookalike import bits, hashes
from lookalike.experiments import sampling
from lookalike.experiments.sampling import (
    Collection,
    degrees_of,
    different_images,
    proposed_among,
    sample_of,
    write_edits,
)
from lookalike.model import HashSpec
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.stores.catalog import Catalog
from lookalike.transforms import TRANSFORMS

SPECS = [HashSpec("phash", 8), HashSpec("dhash", 16)]


@contextmanager
def collected(folder: Path, catalog: Path | None = None) -> Iterator[tuple[Collection, Catalog]]:
    with open_catalog(None if catalog is None else str(catalog)) as store:
        images = scan([str(folder)], [], store, HashSpec(), ScanOptions(), workers=1).images
        yield different_images(images, store, SPECS, workers=2), store


def names(found: Collection) -> list[str]:
    return [Path(found.images.path[row]).name for row in found.row.tolist()]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    for seed in range(8):
        (folder / f"{seed}.jpg").write_bytes(encode(scene(seed, 320, 240), quality=92))
    for seed in range(3):
        (folder / f"{seed}-again.jpg").write_bytes((folder / f"{seed}.jpg").read_bytes())
        (folder / f"{seed}-small.png").write_bytes(encode(scene(seed, 320, 240).resize((160, 120)), "PNG"))
    (folder / "flat.png").write_bytes(encode(Image.new("RGB", (90, 90), "navy"), "PNG"))
    return folder


def tags(folder: Path, count: int) -> Path:
    """Write pictures that are near each other in every hash, and yet different: signs on one ground."""
    folder.mkdir()
    for number in range(count):
        picture = scene(99, 320, 240)
        draw, random = ImageDraw.Draw(picture), np.random.default_rng(number)
        for _ in range(7):
            left, top = random.integers(0, (260, 180)).tolist()
            colour = tuple(random.integers(0, 256, 3).tolist())
            draw.rectangle((left, top, left + 90, top + 70), fill=colour)
        (folder / f"{number}.jpg").write_bytes(encode(picture, quality=92))
    return folder


def test_one_image_of_each_picture_is_left(album: Path) -> None:
    with collected(album) as (found, _):
        assert (found.contents, found.joinable, found.compared, found.same) == (12, 11, 11, 3)
        assert {name[0] for name in names(found)} == set("01234567")
        assert len(found.row) == 8
        assert found.scale == pytest.approx((11 * 10) / (8 * 7))
        files = {name: album / name for name in names(found)}
        digests = [found.images.facts.digest[found.images.content[row]] for row in found.row.tolist()]
        assert digests == sorted(digests), "chosen by content, whatever the names"
        assert len(files) == 8


def test_of_many_images_those_of_the_least_digests_are_compared(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_COMPARED", 5)
    with collected(album) as (found, _):
        assert (found.joinable, found.compared) == (11, 5)
        assert found.same == 5 - len(found.row)


def test_the_same_picture_is_looked_for_among_the_nearest_too(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the join of the defaults leaves apart is found among the nearest pairs, and its verdict is not kept."""
    monkeypatch.setattr(sampling, "FindOptions", lambda: FindOptions(spec=HashSpec("ahash", 4), radius=0))
    monkeypatch.setattr(sampling, "NEAREST", 0)
    for seed in range(3, 8):
        framed = scene(seed, 320, 240).resize((160, 240))
        (album / f"{seed}-narrow.jpg").write_bytes(encode(framed, quality=40))
    with collected(album) as (apart, _):
        before = apart.same
    monkeypatch.setattr(sampling, "NEAREST", 100)
    catalog = album.parent / "catalog.sqlite"
    with collected(album, catalog) as (found, store):
        assert found.same == 8
        assert {name[0] for name in names(found)} == set("01234567")
        stored = store.db.execute("SELECT count(*) FROM pair").fetchone()[0]
    assert before <= found.same
    with collected(album, catalog) as (again, store):
        assert names(again) == names(found)
        assert store.db.execute("SELECT count(*) FROM pair").fetchone()[0] == stored


def test_near_images_are_counted_as_by_brute_force(tmp_path: Path) -> None:
    with collected(tags(tmp_path / "tags", 20)) as (found, store):
        made = degrees_of(found, store, SPECS)
        ids = found.images.facts.id[found.images.content[found.row]]
        luma = store.thumbnails(np.sort(ids))[0][np.argsort(np.argsort(ids))]
    for spec, degree in zip(SPECS, made, strict=True):
        block = hashes.hash_block(luma, spec)
        expected = np.zeros((spec.bits * 3 // 8 + 1, len(block)), np.int64)
        for one, other in combinations(range(len(block)), 2):
            distance = int(bits.distance(block[one], block[other]))
            if distance < len(expected):
                expected[distance, [one, other]] += 1
        assert np.array_equal(degree, expected)
        assert expected.any()


def test_hashes_that_are_all_near_have_a_shorter_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with collected(tags(tmp_path / "tags", 20)) as (found, store):
        whole = degrees_of(found, store, SPECS)
        monkeypatch.setattr(sampling, "MOST_PAIRS", 9)
        for degree, full in zip(degrees_of(found, store, SPECS), whole, strict=True):
            assert 1 <= len(degree) < len(full)
            assert np.array_equal(degree, full[: len(degree)])
            assert degree.sum() <= 2 * 9 < full[: len(degree) + 1].sum()


@pytest.mark.parametrize("options", [FindOptions(radius=24), FindOptions(radius=24, crops=True, orient="all")], ids=str)
def test_candidates_are_all_that_find_proposes_in_the_whole(tmp_path: Path, options: FindOptions) -> None:
    """Scaled by what was left out: a second file of each of some pictures."""
    folder = tags(tmp_path / "tags", 20)
    for number in range(5):
        Image.open(folder / f"{number}.jpg").save(folder / f"{number}.png")
    with collected(folder) as (found, store):
        assert found.same == 5
        assert found.scale == pytest.approx(25 * 24 / (20 * 19))
        near = [proposed_among(found, store, replace(options, radius=radius), workers=1) for radius in range(0, 25, 4)]
        assert near == sorted(near)
        plain = degrees_of(found, store, [options.spec])[0].sum() / 2 * found.scale
        assert near[-1] >= plain > 0
        options = replace(options, radius=64)
        assert proposed_among(found, store, options, workers=2) == pytest.approx(25 * 24 / 2), "every pair"


def test_images_to_edit_are_large_enough_and_do_not_depend_on_names(album: Path) -> None:
    strip = scene(50, 800, 40).resize((1600, 20))
    (album / "strip.png").write_bytes(encode(strip, "PNG"))
    with collected(album) as (found, _):
        edited, others = sample_of(found, 5)
        chosen = {Path(found.images.path[row]).name for row in edited.tolist()}
        assert len(chosen) == 5
        assert "strip.png" not in chosen
        assert sorted([*edited.tolist(), *others.tolist()]) == sorted(found.row.tolist())
        digests = [found.images.facts.digest[found.images.content[row]] for row in found.row.tolist()]
        digest = dict(zip(names(found), digests, strict=True))
        digest.pop("strip.png")
        assert chosen == set(sorted(digest, key=digest.__getitem__)[:5])


def test_edits_depend_on_content_alone_and_what_went_away_is_left_out(album: Path, tmp_path: Path) -> None:
    transforms = [TRANSFORMS[name] for name in ("noise", "crop 10 % anywhere", "png")]
    steps: list[tuple[int, int, bool]] = []

    def written(paths: list[str], where: str, workers: int) -> dict[tuple[str, str], bytes]:
        (tmp_path / where).mkdir()
        given = [(path, hashlib.sha256(Path(path).name.encode()).digest()) for path in paths]
        made = write_edits(
            given, transforms, str(tmp_path / where), workers=workers, progress=lambda *step: steps.append(step)
        )
        return {(paths[edit.original], edit.transform.name): Path(edit.path).read_bytes() for edit in made}

    paths = [str(album / f"{seed}.jpg") for seed in range(4)]
    first = written(paths, "first", 1)
    assert len(first) == 12
    assert steps[-1] == (12, 12, True)
    second = written([*paths[::-1], str(album / "absent.jpg")], "second", 3)
    assert second == first
    assert len({first[path, "noise"] for path in paths}) == 4


@pytest.mark.parametrize("size", [(16, 16), (640, 16), (16, 640), (17, 300)], ids=str)
def test_every_edit_can_be_made_of_the_smallest_pictures(size: tuple[int, int]) -> None:
    picture = scene(1, 640, 640).resize(size)
    for transform in TRANSFORMS.values():
        assert transform.apply(picture, np.random.default_rng(0))
