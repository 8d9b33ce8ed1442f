"""Find on Spark against `lookalike.find`: the same groups, pairs and failures of the same files."""

import logging
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3
from PIL import Image

import lookalike as la
from lookalike import bits
from lookalike.errors import UsageError
from lookalike.hashes import make_spec
from lookalike.opening import open_catalog
from lookalike.spark.columns import column_name, read_variant
from lookalike.spark.finding import Found, find
from lookalike.stores.decisions import Decided, Kind
from spark_albums import crowd, shots
from spark_rows import Set, column, failures, hashed, names, of_one_machine, of_spark, pairs

pytest.importorskip("pyspark")


def test_groups_and_failures_are_those_of_one_machine(spark_album: Set, spark_found: Found) -> None:
    findings = la.find(spark_album.given, use_catalog=False, workers=1)
    one, groups = of_one_machine(findings), of_spark(spark_found.groups)
    assert groups == one
    assert failures(spark_found.failures.toArrow().to_pylist()) == failures(findings.to_dict()["failures"])
    assert len(findings.to_dict()["failures"]) >= 3
    assert {"exact", "copy", "edit"} <= set(column(groups, "tier"))
    assert {"flat/0.png", "flat/copy.png", "flat/0.bmp"} in names(groups)
    assert any({"pixels/20.png", "pixels/20.bmp", "pixels/20.tiff"} <= one for one in names(groups))


LOOSE: dict[str, Any] = {"tier": "similar", "orient": "all", "crops": True, "group": "clique"}
STRICT: dict[str, Any] = {
    "tier": "copy", "algorithm": "dhash", "size": 16, "group": "component", "verify": "pixels", "keep": "shortest-path,name",
    "protect": ["b/", "!3.jpg"], "truncated": "accept", "max_pixels": 100_000,
}  # fmt: skip
DEALT: dict[str, Any] = {"most": 16, "driver_edges": 1}


@pytest.fixture
def decided(spark_album: Set, monkeypatch: pytest.MonkeyPatch) -> list[Decided]:
    told = [_decided(spark_album, "different", "a/1.jpg", "b/1.jpg"), _decided(spark_album, "keep", "b/2.jpg")]
    monkeypatch.setattr("lookalike.finding.decisions", lambda **_: told)
    return told


def test_options_mean_what_they_mean_on_one_machine_however_the_work_is_dealt_out(
    spark_album: Set, decided: list[Decided]
) -> None:
    rows = spark_album.rows.repartition(7)
    one, groups, _, _ = spark_album.both(rows, decided, {**DEALT, "bin_images": 20}, **LOOSE)
    assert groups == one
    assert len(groups) > 10
    assert not any({"a/1.jpg", "b/1.jpg"} <= one for one in names(groups))


@pytest.mark.parametrize(
    "options",
    [
        {"tier": "copy", "radius": 0, "verify": "pixels", "keep": "shortest-path,name", "protect": ["b/", "!3.jpg"]},
        {"algorithm": "dhash", "orient": "mirror", "group": "component"},
        {"tier": "exact", "units": False},
    ],
    ids=["equal hashes alone", "mirrored by dhash", "exact"],
)
def test_other_options(
    spark_album: Set, decided: list[Decided], options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "lookalike"):
        one, groups, _, _ = spark_album.both(decided=decided, **options)
    assert groups == one
    assert len(groups) > 5
    assert any({"a/6.jpg", "b/6.jpg"} <= one for one in names(groups)) == ("orient" in options)
    told = [record.fields for record in caplog.records if record.event == "stage.ended" and "steps" in record.pathname]  # type: ignore[attr-defined]
    counts = {one["stage"]: one["count"] for one in told}
    assert counts["read"] == spark_album.rows.where("failure is null").count()
    if options.get("tier") == "exact":
        assert list(counts) == ["read", "units", "twins", "components"]
    else:
        assert list(counts) == ["read", "samples", "units", "twins", "classes", "join", "verify", "components"]
        assert counts["join"] >= counts["verify"] >= len(groups) - 4  # some are of equal bytes or pixels


def test_strict_options_on_plain_tables(spark_album: Set, decided: list[Decided], spark: Any, tmp_path: Path) -> None:
    # Without variant columns the hashes are made of thumbnails.
    file = hashed(
        tmp_path / "x.parquet", *spark_album.given, variants=False, algorithms="dhash", size=16, truncated="accept"
    )
    one, groups, findings, found = spark_album.both(spark.read.parquet(str(file)), decided, **STRICT)
    assert groups == one
    assert len(groups) > 3
    told = failures(findings.to_dict()["failures"])
    # What is large was hashed here; on one machine it was not decoded, and another reason says so.
    assert [row[:3] for row in failures(found.failures.toArrow().to_pylist())] == [row[:3] for row in told]
    assert sum(row[2] == "limit" for row in told) > 10


def _decided(spark_album: Set, kind: Kind, *named: str) -> Decided:
    images = [(blake3((spark_album.folder / name).read_bytes()).digest(), name) for name in named]
    return Decided(1 + (kind == "keep"), kind, "", "", tuple(sorted(images)))


def test_pairs_are_those_of_a_catalog(spark_album: Set, spark_found: Found, tmp_path: Path) -> None:
    place = tmp_path / "catalog.sqlite"
    la.find(spark_album.given, catalog=place, workers=1)
    expected = []
    with open_catalog(str(place)) as store:
        for block in la.iter_verified_pairs(place, tier="edit"):
            digest = [store.contents(np.unique(side)) for side in (block.left, block.right)]
            left, right = (
                [facts.digest[np.searchsorted(facts.id, one)] for one in side.tolist()]
                for facts, side in zip(digest, (block.left, block.right), strict=True)
            )
            tiers = [la.Tier(number).name.lower() for number in block.tier.tolist()]
            ends = map(sorted, zip(left, right, strict=True))
            rest = zip(block.distance.tolist(), tiers, block.score.tolist(), strict=True)
            expected += [(*end, *one) for end, one in zip(ends, rest, strict=True)]
    rows = pairs(spark_found.pairs)
    # A catalog's whole pictures alone are joined; find joins parts and what borders surround, too.
    near = [(*row[:4], round(row[4] * 1000)) for row in rows if row[2] <= 10 and row[3] != "none"]
    assert sorted(near) == sorted(expected)
    assert len(rows) > len(near) > 10


def test_a_second_hash_however_the_work_is_dealt_out(spark_album: Set, spark_found: Found) -> None:
    found = find(
        spark_album.rows.repartition(7), parts=False, second=("dhash", SECOND), roots=spark_album.roots, **DEALT
    )
    both, rows = pairs(found.pairs), pairs(spark_found.pairs)
    found.release()
    hashes = _both_hashes(spark_album.rows)
    assert both == [row for row in rows if _near_by_both(hashes[row[0]], hashes[row[1]])]
    assert 0 < len(both) < len(rows)


def _both_hashes(rows: Any) -> dict[bytes, list[tuple[Any, Any]]]:
    """Return by digest the two hashes of whole pictures, and of what borders surround."""
    table = rows.where("failure is null").toArrow()
    found: dict[bytes, list[tuple[Any, Any]]] = {}
    for variant in ("plain", "trimmed"):
        sides = [read_variant(table[column_name(spec, variant)], spec) for spec in _SPECS]
        assert np.array_equal(sides[0][0], sides[1][0])
        for row, one, other in zip(sides[0][0].tolist(), sides[0][1], sides[1][1], strict=True):
            found.setdefault(table["digest"][row].as_py(), []).append((one, other))
    return found


def _near_by_both(left: Sequence[tuple[Any, Any]], right: Sequence[tuple[Any, Any]]) -> bool:
    return any(
        bits.distance(one[0], other[0]) <= 10 and bits.distance(one[1], other[1]) <= SECOND
        for one, other in product(left, right)
    )


SECOND = 2
_SPECS = [make_spec(name, None, None, "fast") for name in ("phash", "dhash")]


def test_shots_and_a_crowd_of_forms(spark: Any, tmp_path: Path) -> None:
    given = Set(crowd(shots(tmp_path / "shots")), spark)
    # A sample of a shard is told by the other ones, wherever these are.
    one, groups, _, _ = given.both(dealt={"bin_images": 150})
    assert groups == one
    assert any(column(groups, "parts"))
    assert "tar" in column(groups, "source")
    assert any("forms/0000 copy.png" in one for one in names(groups))


def test_real_photos(spark: Any, tmp_path: Path, shared_data: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    for name in ("exif", "formats/avif", "formats/image-rs"):
        (folder / Path(name).name).symlink_to(shared_data / name, target_is_directory=True)
    for at, path in enumerate(sorted((shared_data / "photos").glob("*.jpg"))[:40]):
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


def test_what_does_not_fit_is_said(spark_album: Set, spark: Any) -> None:
    rows = spark_album.rows
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
