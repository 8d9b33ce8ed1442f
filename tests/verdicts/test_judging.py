"""Verdicts on items: remembered, the same in either order, and looked at in the files where thumbnails leave doubts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lookalike as la
from conftest import encode, scene
from lookalike.candidates.proposing import propose
from lookalike.limiting import SecondLooks
from lookalike.model import HashSpec, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.verdicts.judging import PIXEL_SIDE, Judge


def tag(amount: str) -> bytes:
    """Draw a photo with a price tag on it."""
    picture = scene(8, 400, 533)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((200, 420, 350, 480), fill="white")
    draw.text((212, 428), amount, fill="black", font_size=40)
    return encode(picture, quality=90)


@contextmanager
def judging(
    folder: Path, catalog: Path | None = None, *, scanned: ScanOptions | None = None, **options: Any
) -> Iterator[tuple[Judge, list[str]]]:
    """Scan a folder; offer a judge of its items and their names, in the order of the items."""
    find, scanned = FindOptions(**options), scanned or ScanOptions()
    with open_catalog(None if catalog is None else str(catalog)) as store, ThreadPoolExecutor(1) as threads:
        images = scan([str(folder)], [], store, find.spec, scanned, workers=1).images
        content, first = np.unique(images.content, return_index=True)
        joined = np.ones(len(content), np.bool_)
        proposals = propose(content, joined, images.facts.id, store, find, threads=1)
        judge = Judge(
            images, content, first, proposals, store, find, threads, looks=SecondLooks(scanned)
        )  # fmt: skip
        yield judge, [Path(images.path[row]).name for row in first.tolist()]
        judge.flush()


def pairs(
    names: list[str],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    left, right = np.triu_indices(len(names), 1)
    return left.astype(np.int64), right.astype(np.int64)


def test_another_price_is_seen_in_the_files_and_not_without_them(tmp_path: Path) -> None:
    for name, amount in (("a.jpg", "61.99"), ("b.jpg", "67.99")):
        (tmp_path / name).write_bytes(tag(amount))
    one, other = np.array([0]), np.array([1])
    with judging(tmp_path) as (judge, _):
        tier, _ = judge(one, other)
        assert tier.tolist() == [Tier.EDIT]
        assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [PIXEL_SIDE]
    with judging(tmp_path) as (judge, _):
        (tmp_path / "b.jpg").unlink()  # it went away after the scan: what thumbnails said stands
        tier, _ = judge(one, other)
        assert tier[0] <= Tier.EDIT
        assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [64]


def test_what_thumbnails_say_of_a_file_that_is_away_stands_until_the_next_run(tmp_path: Path) -> None:
    folder, catalog = tmp_path / "photos", tmp_path / "catalog.sqlite"
    folder.mkdir()
    for name, amount in (("a.jpg", "61.99"), ("b.jpg", "67.99")):
        (folder / name).write_bytes(tag(amount))
    one, other = np.array([0]), np.array([1])
    with judging(folder, catalog) as (judge, _):
        (folder / "b.jpg").rename(tmp_path / "b.jpg")
        first = judge(one, other)
        judge.flush()
        assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [64]
        (tmp_path / "b.jpg").rename(folder / "b.jpg")
        assert np.array_equal(judge(other, one), first)
        assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [64]
    for _ in range(2):
        with judging(folder, catalog) as (judge, _):
            tier, _ = judge(one, other)
            assert tier.tolist() == [Tier.EDIT]
            assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [PIXEL_SIDE]


@pytest.mark.parametrize("change", ["another", "longer", "folder", "too large for memory"])
def test_only_what_was_scanned_is_looked_at(change: str, tmp_path: Path) -> None:
    for name, amount in (("a.jpg", "61.99"), ("b.jpg", "67.99")):
        (tmp_path / name).write_bytes(tag(amount))
    one, other = np.array([0]), np.array([1])
    with judging(tmp_path) as (judge, names):
        file = tmp_path / "b.jpg"
        if change == "another":
            file.write_bytes(tag("61.99"))
        elif change == "longer":
            file.write_bytes(file.read_bytes() + b"\0")
        elif change == "folder":
            file.unlink()
            file.mkdir()
        else:
            judge._size[names.index("b.jpg")] = 1 << 62
        judge(one, other)
        assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [64]


def test_files_that_end_early_are_looked_at_again_where_they_are_accepted(tmp_path: Path) -> None:
    for name, amount in (("a.jpg", "61.99"), ("b.jpg", "67.99")):
        (tmp_path / name).write_bytes(tag(amount)[:-200])
    one, other = np.array([0]), np.array([1])
    with judging(tmp_path, scanned=ScanOptions(truncated="accept")) as (judge, _):
        judge(one, other)
        assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [PIXEL_SIDE]
    (pair,) = la.find(tmp_path, verify="pixels", truncated="accept", use_catalog=False).groups
    assert pair.members[1].tier is Tier.EDIT
    assert not la.find(tmp_path, verify="pixels", use_catalog=False).groups


def test_files_are_looked_at_again_up_to_the_limit_of_pixels(tmp_path: Path) -> None:
    for name, amount in (("a.jpg", "61.99"), ("b.jpg", "67.99")):
        (tmp_path / name).write_bytes(tag(amount))
    one, other = np.array([0]), np.array([1])
    for less, side in ((0, PIXEL_SIDE), (1, 64)):
        with judging(tmp_path) as (judge, _):
            judge._looks = SecondLooks(ScanOptions(max_pixels=400 * 533 - less))
            judge(one, other)
            assert judge.evidence(*judge.ordered(one, other))["side"].tolist() == [side]


@pytest.mark.parametrize("verify", ["thumbnail", "pixels"])
def test_verdicts_are_remembered_and_do_not_depend_on_the_order(verify: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in (1, 2):
        whole = scene(seed, 640, 480)
        (folder / f"{seed}.png").write_bytes(encode(whole, "PNG"))
        (folder / f"{seed}.jpg").write_bytes(encode(whole.resize((320, 240)), quality=60))
        (folder / f"{seed}-cut.jpg").write_bytes(encode(whole.crop((0, 0, 600, 450)), quality=80))
    with judging(folder, tmp_path / "catalog.sqlite", verify=verify) as (judge, names):
        left, right = pairs(names)
        there, back = judge(left, right), judge(right, left)
        assert np.array_equal(there, back)
        ordered = judge.ordered(left, right)
        assert np.array_equal(ordered, judge.ordered(right, left))
        evidence = judge.evidence(*ordered)
        same = [names[a][0] == names[b][0] for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        assert ((there[0] <= Tier.EDIT) == same).all()
        assert (evidence["finished"][there[0] < Tier.NONE] == 1).all()
        sides = set(evidence["side"][there[0] <= Tier.EDIT].tolist())
        assert sides <= {PIXEL_SIDE, 128} if verify == "pixels" else {64, 32} & sides
    for file in folder.iterdir():
        file.touch()
    with judging(folder, tmp_path / "catalog.sqlite", verify=verify) as (judge, names):
        again = judge(*pairs(names))
        assert np.array_equal(again, there)
        assert not judge._fresh
        assert np.array_equal(judge.evidence(*judge.ordered(*pairs(names))), evidence)


@pytest.mark.parametrize(
    "other", [{"radius": 0}, {"spec": HashSpec(algorithm="dhash", size=8), "radius": 0}, {"orient": "upright"}]
)
def test_a_verdict_is_not_remembered_where_another_hash_or_radius_gives_other_hints(
    other: dict[str, Any], tmp_path: Path
) -> None:
    folder, catalog = tmp_path / "photos", tmp_path / "catalog.sqlite"
    folder.mkdir()
    whole = scene(1, 640, 480)
    mirrored = whole.crop((8, 8, 640, 480)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)  # its hash is some bits away
    (folder / "a.png").write_bytes(encode(whole, "PNG"))
    (folder / "b.jpg").write_bytes(encode(mirrored, quality=80))
    usual: dict[str, Any] = {"orient": "mirror", "radius": 10}
    one, two = np.array([0]), np.array([1])
    with judging(folder, **usual) as (judge, _):
        fresh = judge(one, two)
        assert fresh[0][0] <= Tier.EDIT
    with judging(folder, catalog, **(usual | other)) as (judge, _):
        assert judge(one, two)[0].tolist() == [Tier.NONE]
    with judging(folder, catalog, **usual) as (judge, _):
        assert np.array_equal(judge(one, two), fresh)


def test_a_verdict_does_not_depend_on_the_order_where_pictures_are_turned_and_cropped(tmp_path: Path) -> None:
    for seed in (1, 2):
        whole = scene(seed, 640, 480)
        (tmp_path / f"{seed}.png").write_bytes(encode(whole, "PNG"))
        (tmp_path / f"{seed}-left.jpg").write_bytes(encode(whole.transpose(Image.Transpose.ROTATE_90), quality=80))
        (tmp_path / f"{seed}-flip.jpg").write_bytes(encode(whole.transpose(Image.Transpose.TRANSVERSE), quality=70))
        (tmp_path / f"{seed}-crop.jpg").write_bytes(encode(whole.crop((0, 0, 480, 360)), quality=80))
        (tmp_path / f"{seed}-right.jpg").write_bytes(encode(whole.crop((160, 120, 640, 480)), quality=90))
    options: dict[str, Any] = {"orient": "all", "crops": True}
    with judging(tmp_path, **options) as (judge, names):
        left, right = pairs(names)
        assert judge._proposals.hints(left, right) is not None
        there, evidence = judge(left, right), judge.evidence(*judge.ordered(left, right))
    with judging(tmp_path, **options) as (judge, _):
        assert np.array_equal(judge(right[::-1], left[::-1]), [column[::-1] for column in there])
        assert np.array_equal(judge.evidence(*judge.ordered(right, left)), evidence)
    found = {
        (names[a], names[b]) for a, b in zip(left[there[0] <= Tier.EDIT], right[there[0] <= Tier.EDIT], strict=True)
    }
    whole_with = {frozenset(pair) for pair in found}
    for name in "12":
        for kind in ("left", "flip", "crop", "right"):
            assert frozenset((f"{name}.png", f"{name}-{kind}.jpg")) in whole_with


def test_no_pairs_are_no_verdicts(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode(Image.new("RGB", (90, 90), "red")))
    with judging(tmp_path) as (judge, _):
        none = np.zeros(0, np.int64)
        assert [len(column) for column in judge(none, none)] == [0, 0]
        assert len(judge.evidence(none, none)) == 0
