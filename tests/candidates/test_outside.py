"""Candidates from elsewhere: found however they are named, verified like all others, and nothing else changes."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import lookalike as la
from conftest import encode, scene
from lookalike.candidates.outside import Outside
from lookalike.candidates.proposing import propose
from lookalike.errors import UsageError
from lookalike.model import HashSpec
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan

NAMES = ("crop.jpg", "other.jpg", "whole.png")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return a folder with a picture, three quarters of each side of it, and another picture; no hash is near another."""
    folder = tmp_path / "album"
    folder.mkdir()
    whole = scene(1)
    (folder / "whole.png").write_bytes(encode(whole, "PNG"))
    (folder / "crop.jpg").write_bytes(encode(whole.crop((60, 45, 420, 315)), quality=90))
    (folder / "other.jpg").write_bytes(encode(scene(50), quality=90))
    return folder


def test_numbers_are_rows_of_a_sequence_in_memory(album: Path) -> None:
    rows = [(album / name).read_bytes() for name in ("other.jpg", "whole.png", "crop.jpg")]
    assert la.find(rows, use_catalog=False, workers=1).keep_indices.tolist() == [0, 1, 2]
    findings = la.find(rows, use_catalog=False, workers=1, candidates=[(1, 2), (0, 7)])
    assert findings.keep_indices.tolist() == [0, 1]
    (note,) = findings.warnings
    assert "1 of 2 candidates name no image that was read, such as images/7" in note


def found(folder: Path, **options: Any) -> list[tuple[str, str, str]]:
    findings = la.find(folder, use_catalog=False, workers=1, **options)
    return [
        (os.path.basename(group.keeper.ref.path), os.path.basename(member.ref.path), member.relation)
        for group in findings.groups
        for member in group.members[1:]
    ]


def test_a_pair_that_no_hash_proposes_is_found_and_a_false_one_is_not(album: Path) -> None:
    assert found(album) == []
    right, false = (
        (str(album / "whole.png"), str(album / "crop.jpg")),
        (str(album / "other.jpg"), str(album / "crop.jpg")),
    )
    assert found(album, candidates=[false]) == []
    ((keeper, member, relation),) = found(album, candidates=[false, right, (right[1], right[0]), (right[0], right[0])])
    assert (keeper, member) == ("whole.png", "crop.jpg")
    assert relation.startswith("cropped to 75%")
    assert found(album, candidates=[right], tier="copy") == []
    assert found(album, candidates=[right], tier="exact") == []
    assert len(found(album / "crop.jpg", candidates=[right], against=album / "whole.png")) == 1


def test_verdicts_are_remembered_whoever_proposed(album: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    pair = [(str(album / "whole.png"), str(album / "crop.jpg"))]
    groups = [
        la.find(album, catalog=catalog, workers=1, candidates=candidates).stats["groups"]
        for candidates in (None, pair, None, pair)
    ]
    assert groups == [0, 1, 0, 1]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("by", ["path", "relative path", "digest"])
def test_a_file_names_them_by_path_or_digest(album: Path, ending: str, by: str) -> None:
    sides = [album / "whole.png", album / "crop.jpg"]
    if by == "digest":
        members = [la.find(side, use_catalog=False, workers=1)._images.facts.digest[0].hex() for side in sides]
        row = dict(zip(("digest_a", "digest_b"), members, strict=True))
    else:
        names = [side.name if by == "relative path" else str(side) for side in sides]
        row = dict(zip(("path_a", "path_b"), names, strict=True)) | {"score": "0.9"}
    path = album / f"pairs.{ending}"
    if ending == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerow(row)
    else:
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist([row]), path)
    findings = la.find(album, use_catalog=False, workers=1, candidates=path)
    assert (findings.stats["groups"], findings.warnings) == (1, [])
    assert findings.to_dict()["options"]["candidates"] == str(path)
    assert findings.plan(tier="edit", keep="name").decisions  # which searches again


def test_numbers_count_the_paths_given(album: Path) -> None:
    paths = [album / name for name in NAMES]
    numbers: list[tuple[int, np.int64]] = [(0, np.int64(2))]
    findings = la.find(paths, use_catalog=False, workers=1, candidates=numbers)
    assert (findings.stats["groups"], findings.to_dict()["options"]["candidates"]) == (1, 1)
    assert la.find(paths, use_catalog=False, workers=1, candidates=[(0, 1)]).stats["groups"] == 0


def test_what_was_not_read_is_counted(album: Path) -> None:
    known = str(album / "whole.png")
    pairs: list[tuple[str | bytes, str | bytes]] = [
        (known, str(album / "crop.jpg")), (known, "nowhere.jpg"), ("nowhere.jpg", "too.jpg"), (b"\1" * 32, b"\2" * 32),
    ]  # fmt: skip
    findings = la.find(album, use_catalog=False, workers=1, candidates=pairs)
    (told,) = findings.warnings
    assert told.startswith("3 of 4 candidates name no image that was read, such as nowhere.jpg: ")
    assert findings.stats["groups"] == 1
    assert findings.to_dict()["warnings"] == [told]


def test_flat_pictures_are_never_joined(tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, level in zip(paths, (250, 255), strict=True):
        Image.new("L", (90, 60), level).save(path)
    assert la.find(paths, use_catalog=False, workers=1, tier="similar", candidates=[(0, 1)]).stats["groups"] == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([("a",)], "a candidate is a pair"), (["ab"], "a candidate is a pair"), ([(0, 9)], "from 0 to 0, got 9"),
        ([(0, -1)], "got -1"), ([(0.5, 1)], r"got 0\.5"), ([(True, 0)], "got True"), ("absent.csv", "cannot read absent.csv"),
    ],
)  # fmt: skip
def test_what_is_no_candidate_is_refused_before_anything_is_read(tmp_path: Path, wrong: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        la.find(tmp_path / "absent", candidates=wrong, use_catalog=False)


def test_digests_in_files_are_hex(tmp_path: Path, album: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("digest_a,digest_b\nxx,yy\n")
    with pytest.raises(UsageError, match="digest_a and digest_b are hex, got 'xx'"):
        la.find(album, candidates=path, use_catalog=False, workers=1)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12), joined=st.integers(0, 255))
def test_what_is_listed_is_proposed_beside_what_is_near(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]], joined: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "listed"
    if not folder.exists():
        folder.mkdir()
        for seed in range(8):
            (folder / f"{seed}.jpg").write_bytes(
                encode(scene(seed // 2 if seed < 4 else seed, 96, 72), quality=50 + seed)
            )
    with open_catalog(None) as store:
        images = scan([str(folder)], [], store, HashSpec(), ScanOptions(), workers=1).images
        may = np.array([joined >> at & 1 for at in range(8)], np.bool_)
        named, notes = Outside([(images.path[one], images.path[other]) for one, other in pairs], []).rows(images)
        assert notes == []
        listed = [
            propose(images.content, may, images.facts.id, store, FindOptions(), threads=1, listed=one).candidates
            for one in (None, (images.content[named[0]], images.content[named[1]]))
        ]
    near = [{(item, other) for item in range(8) for other in made.near(item).tolist()} for made in listed]
    sides = [(int(images.content[one]), int(images.content[other])) for one, other in pairs]
    more = {
        pair
        for one, other in sides
        if one != other and may[one] and may[other]
        for pair in ((one, other), (other, one))
    }
    assert near[1] == near[0] | more
    for component in listed[1].components():
        assert len(component) > 1
    together = {int(item) for component in listed[1].components() for item in component}
    assert together == {item for pair in near[1] for item in pair}
