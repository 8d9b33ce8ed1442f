"""Find on Spark against `lookalike.find`: the same groups, pairs and failures of the same files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3
from PIL import Image

import lookalike as la
from lookalike import bits
from lookalike.errors import UsageError
from lookalike.findings import Findings
from lookalike.hashes import make_spec
from lookalike.opening import open_catalog
from lookalike.spark.columns import column_name, read_variant
from lookalike.spark.finding import Found, find
from lookalike.stores.decisions import Decided, Kind
from spark_albums import album, crowd, shots
from spark_rows import Groups, column, failures, hashed, names, of_one_machine, of_spark, pairs

pytest.importorskip("pyspark")


class Set:
    """Files, and their hash rows on Spark."""

    def __init__(self, folder: Path, spark: Any, **options: Any) -> None:
        self.folder = folder
        self.given = [folder, *sorted(folder.glob("*.tar"))]
        self.rows = spark.read.parquet(str(hashed(folder.with_name(f"{folder.name}.parquet"), *self.given, **options)))

    def both(
        self, rows: Any = None, decided: Sequence[Decided] = (), **options: Any
    ) -> tuple[Groups, Groups, Findings, Found]:
        """Find on one machine and on Spark."""
        findings = la.find(self.given, use_catalog=False, workers=1, **options)
        found = find(self.rows if rows is None else rows, roots=[str(self.folder)], decisions=decided, **options)
        groups = of_spark(found.groups)
        found.release()
        return of_one_machine(findings), groups, findings, found


@pytest.fixture(scope="module")
def photos(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Set:
    return Set(album(tmp_path_factory.mktemp("photos") / "album"), spark, algorithms=("phash", "dhash"))


@pytest.fixture(scope="module")
def usual(photos: Set) -> Found:
    return find(photos.rows, roots=[str(photos.folder)])


def test_groups_and_failures_are_those_of_one_machine(photos: Set, usual: Found) -> None:
    findings = la.find(photos.folder, use_catalog=False, workers=1)
    one, groups = of_one_machine(findings), of_spark(usual.groups)
    assert groups == one
    assert failures(usual.failures.toArrow().to_pylist()) == failures(findings.to_dict()["failures"])
    assert len(findings.to_dict()["failures"]) >= 3
    assert {"exact", "copy", "edit"} <= set(column(groups, "tier"))
    assert {"flat/0.png", "flat/copy.png", "flat/0.bmp"} in names(groups)
    assert any({"pixels/20.png", "pixels/20.bmp", "pixels/20.tiff"} <= one for one in names(groups))


@pytest.mark.parametrize("options", [
    {"tier": "similar", "orient": "all", "crops": True, "group": "clique"},
    {"tier": "copy", "keep": "shortest-path,name", "protect": ["b/", "!3.jpg"], "verify": "pixels", "radius": 0},
    {"algorithm": "dhash", "orient": "mirror", "group": "component"},
    {"algorithm": "dhash", "size": 16, "truncated": "accept", "max_pixels": 100_000},
], ids=lambda options: "-".join(map(str, options.values())))  # fmt: skip
def test_options_mean_what_they_mean_on_one_machine(
    photos: Set, options: dict[str, Any], spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = None
    decided = [_decided(photos, "different", "a/1.jpg", "b/1.jpg"), _decided(photos, "keep", "b/2.jpg")]
    monkeypatch.setattr("lookalike.finding.decisions", lambda **_: decided)
    if "truncated" in options:  # plain tables without variant columns: these are made of thumbnails
        file = hashed(
            tmp_path / "x.parquet", photos.folder, variants=False, algorithms="dhash", size=16, truncated="accept"
        )
        rows = spark.read.parquet(str(file))
    one, groups, findings, found = photos.both(rows, decided, **options)
    assert groups == one
    assert len(groups) > 3
    assert not any({"a/1.jpg", "b/1.jpg"} <= one for one in names(groups))
    told = failures(findings.to_dict()["failures"])
    # What is large was hashed here; on one machine it was not decoded, and another reason says so.
    assert [row[:3] for row in failures(found.failures.toArrow().to_pylist())] == [row[:3] for row in told]
    if "max_pixels" in options:
        assert sum(row[2] == "limit" for row in told) > 10


def _decided(photos: Set, kind: Kind, *named: str) -> Decided:
    images = [(blake3((photos.folder / name).read_bytes()).digest(), name) for name in named]
    return Decided(1 + (kind == "keep"), kind, "", "", tuple(sorted(images)))


def test_how_the_work_is_dealt_out_changes_nothing(photos: Set, usual: Found) -> None:
    found = find(photos.rows.repartition(7), roots=[str(photos.folder)], most=16, driver_edges=1, bin_images=20)
    assert pairs(found.pairs) == pairs(usual.pairs)
    assert of_spark(found.groups) == of_spark(usual.groups)
    found.release()


def test_pairs_are_those_of_a_catalog(photos: Set, tmp_path: Path) -> None:
    place = tmp_path / "catalog.sqlite"
    la.find(photos.folder, catalog=place, workers=1)
    expected = []
    with open_catalog(str(place)) as store:
        for block in la.iter_verified_pairs(place, tier="similar"):
            digest = [store.contents(np.unique(side)) for side in (block.left, block.right)]
            left, right = (
                [facts.digest[np.searchsorted(facts.id, one)] for one in side.tolist()]
                for facts, side in zip(digest, (block.left, block.right), strict=True)
            )
            tiers = [la.Tier(number).name.lower() for number in block.tier.tolist()]
            ends = map(sorted, zip(left, right, strict=True))
            rest = zip(block.distance.tolist(), tiers, block.score.tolist(), strict=True)
            expected += [(*end, *one) for end, one in zip(ends, rest, strict=True)]
    found = find(photos.rows, tier="similar", parts=False)
    rows = pairs(found.pairs)
    # A catalog's whole pictures alone are joined; find joins what borders surround, too, whose whole pictures are far apart.
    near = [(*row[:4], round(row[4] * 1000)) for row in rows if row[2] <= 10 and row[3] != "none"]
    assert sorted(near) == sorted(expected)
    assert len(rows) > len(near) > 10
    second = find(photos.rows, tier="similar", parts=False, second=("dhash", SECOND))
    both = pairs(second.pairs)
    assert both == [row for row in rows if _near_by_both(photos.rows, row)]
    assert 0 < len(both) < len(rows)


_known: dict[int, dict[bytes, list[tuple[Any, Any]]]] = {}


def _near_by_both(frame: Any, pair: tuple[Any, ...]) -> bool:
    """Say whether whole pictures, or what borders surround, are near by both hashes at once."""
    hashes = _known.get(id(frame))
    if hashes is None:
        table = frame.where("failure is null").toArrow()
        hashes = _known[id(frame)] = {}
        for variant in ("plain", "trimmed"):
            sides = [read_variant(table[column_name(spec, variant)], spec) for spec in _SPECS]
            assert np.array_equal(sides[0][0], sides[1][0])
            for row, *both in zip(sides[0][0].tolist(), sides[0][1], sides[1][1], strict=True):
                hashes.setdefault(table["digest"][row].as_py(), []).append(tuple(both))
    return any(
        bits.distance(one[0], other[0]) <= 10 and bits.distance(one[1], other[1]) <= SECOND
        for one in hashes[pair[0]]
        for other in hashes[pair[1]]
    )


SECOND = 2
_SPECS = [make_spec(name, None, None, "fast") for name in ("phash", "dhash")]


def test_files_of_one_shot(spark: Any, tmp_path: Path) -> None:
    given = Set(shots(tmp_path / "shots"), spark)
    one = of_one_machine(la.find(given.given, use_catalog=False, workers=1))
    # A sample of a shard is told by the other ones, wherever these are.
    groups = of_spark(find(given.rows, roots=[str(given.folder)], bin_images=3).groups)
    assert groups == one
    assert any(column(groups, "parts"))
    assert "tar" in column(groups, "source")


def test_a_crowd_of_forms(spark: Any, tmp_path: Path) -> None:
    given = Set(crowd(tmp_path / "crowd"), spark)
    one, groups, _, _ = given.both()
    assert groups == one
    assert names(groups)


def test_real_photos(spark: Any, tmp_path: Path, shared_data: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    for name in ("pairs", "formats", "exif"):
        (folder / name).symlink_to(shared_data / name, target_is_directory=True)
    for at, path in enumerate(sorted((shared_data / "photos").glob("*.jpg"))[:120]):
        (folder / f"{at}.jpg").write_bytes(path.read_bytes())
        if at % 4 == 0:
            _edited(path, folder / f"{at} edit.jpg", at // 4)
    rows = spark.read.parquet(str(hashed(tmp_path / "real.parquet", folder, follow_symlinks=True)))
    findings = la.find(folder, use_catalog=False, follow_symlinks=True)
    found = find(rows, roots=[str(folder)])
    assert of_spark(found.groups) == of_one_machine(findings)
    assert failures(found.failures.toArrow().to_pylist()) == failures(findings.to_dict()["failures"])
    assert len(findings.groups) > 20


def _edited(path: Path, to: Path, way: int) -> None:
    with Image.open(path) as image:
        width, height = image.size
        edited = [
            image.resize((width // 2, height // 2)), image.crop((width // 20, 0, width, height)), image.convert("L")
        ][way % 3]  # fmt: skip
        edited.save(to, quality=70)


def test_what_does_not_fit_is_said(photos: Set, spark: Any) -> None:
    rows = photos.rows
    cases: list[tuple[str, Any, dict[str, Any]]] = [
        ("lack the column detail", rows.drop("detail"), {}),
        ("lack the column phash-8", rows.drop("phash-8-lanczos3-fast-v1"), {}),
        ("lack the column dhash-16", rows, {"algorithm": "dhash", "size": 16}),
        ("radius must lie in 0..64 bits", rows, {"radius": 65}),
        ("leave parts out", rows, {"second": ("dhash", 12)}),
        ("must have 64 bits|pdq", rows, {"second": ("pdq", 12), "parts": False}),
        ("second hash", rows.drop("thumbnail").drop("dhash-8-lanczos3-fast-v1"), {"second": ("dhash", 9), "parts": False}),
        ("leave it at star", rows, {"against": rows, "group": "clique"}),
        ("unknown group rule", rows, {"group": "ring"}),
        ("thumbnails must be", rows, {"thumbnails": "maybe"}),
        ("list of globs", rows, {"protect": "b/"}),
        ("tier", rows, {"tier": "close"}),
        ("keep rule", rows, {"keep": "prettiest"}),
    ]  # fmt: skip
    for message, frame, options in cases:
        with pytest.raises(UsageError, match=message):
            find(frame, **options)
    with pytest.raises(UsageError, match="lack the column detail"):
        find(rows, against=rows.drop("detail"))
