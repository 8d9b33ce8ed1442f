"""The same input and options give the same findings, however they come about."""

import random
from pathlib import Path

import pytest
from album import copies, fill, jpeg
from command import comparable, found, run, write
from PIL import ImageOps

from conftest import scene


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies, near copies with many equal ranks, failures and skipped files."""
    base = tmp_path_factory.mktemp("same")
    fill(base / "photos", range(1, 4), range(100, 140))
    write(base / "photos" / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    write(base / "photos" / "zero.jpg", b"")
    write(base / "photos" / "notes.txt", b"words")
    for at in range(40):
        write(base / "photos" / "twins" / f"{at}.jpg", jpeg(scene(9, 320, 240), 60 + at))
    return base


@pytest.fixture(scope="module")
def expected(album: Path) -> str:
    return comparable(found("photos", "--tier", "similar", "--workers", "1", cwd=album))


def test_any_number_of_workers(album: Path, expected: str) -> None:
    for workers in ("2", "3"):
        assert comparable(found("photos", "--tier", "similar", "--workers", workers, cwd=album)) == expected


def test_with_and_without_a_catalog(album: Path, expected: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert comparable(found("photos", "--tier", "similar", cwd=album, catalog=tmp_path / "catalog")) == expected


def test_a_catalog_filled_in_another_order(album: Path, expected: str, tmp_path: Path) -> None:
    for part in ("photos/twins", "photos/other", "photos/2019"):
        found(part, cwd=album, catalog=tmp_path / "catalog")
    assert comparable(found("photos", "--tier", "similar", cwd=album, catalog=tmp_path / "catalog")) == expected


def test_files_created_in_another_order(album: Path, expected: str, tmp_path: Path) -> None:
    files = sorted(path for path in (album / "photos").rglob("*") if path.is_file())
    random.Random(5).shuffle(files)
    for path in files:
        write(tmp_path / path.relative_to(album), path.read_bytes())
    assert comparable(found("photos", "--tier", "similar", cwd=tmp_path)) == expected


@pytest.mark.parametrize("rule", ["star", "clique", "component"])
def test_every_way_of_grouping(album: Path, rule: str, tmp_path: Path) -> None:
    one, other = (
        comparable(found("photos", "--group", rule, "--workers", workers, cwd=album)) for workers in ("1", "3")
    )
    assert one == other


def test_the_order_of_roots_does_not_change_groups(album: Path) -> None:
    roots = ("photos/2019", "photos/backup", "photos/twins", "photos/1-best.png")
    one, other = found(*roots, cwd=album), found(*reversed(roots), cwd=album)
    for name in ("roots", "by_root"):
        assert other.pop(name) == list(reversed(one.pop(name)))
    assert comparable(one) == comparable(other)


def test_written_files_are_byte_equal(album: Path, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        names = [f"{tmp_path}/{workers}{ending}" for ending in (".json", ".jsonl", ".csv")]
        options = [part for name in names for part in ("--output", name)]
        assert run("find", "photos", "--no-catalog", "--workers", workers, "--quiet", *options, cwd=album).code == 0
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    for ending in (".json", ".jsonl"):
        one, other = ((tmp_path / f"{at}{ending}").read_text().splitlines() for at in (1, 2))
        differing = [line for line, twin in zip(one, other, strict=True) if line != twin]
        assert all("seconds" in line for line in differing)


def test_against_does_not_depend_on_workers(tmp_path: Path) -> None:
    for seed in range(6):
        for name, content in copies(seed).items():
            place = "reference" if name in ("best.png", "low.jpg") and seed % 2 else "new"
            write(tmp_path / place / f"{seed}-{name}", content)
    texts = {
        comparable(found("new", "--against", "reference", "--workers", workers, cwd=tmp_path))
        for workers in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_every_option_that_asks_for_more_does_not_depend_on_workers(tmp_path: Path) -> None:
    for seed in range(4):
        picture = scene(seed, 480, 360)
        for name, changed in {
            "whole": picture, "mirrored": ImageOps.mirror(picture), "turned": picture.rotate(90, expand=True),
            "cut": picture.crop((60, 40, 440, 340)), "thin": picture.crop((20, 0, 480, 345)),
            "framed": ImageOps.expand(picture, 30, "white"),
        }.items():  # fmt: skip
            write(tmp_path / "photos" / f"{seed}-{name}.jpg", jpeg(changed, 80))
    options = ("--orient", "all", "--crops", "--verify", "pixels")
    one, two = (found("photos", *options, "--workers", workers, cwd=tmp_path) for workers in ("1", "2"))
    relations = {member["relation"].split(",")[0] for group in one["groups"] for member in group["members"][1:]}
    assert one["stats"]["duplicates"] >= 12
    assert any("mirrored" in relation for relation in relations), relations
    assert any("cropped" in relation for relation in relations), relations
    assert comparable(one) == comparable(two)
