"""Camera raw files among others: joined by their previews, part of their shot, never removed for other bytes."""

import shutil
from pathlib import Path

import pytest
from album import jpeg
from command import found, groups, members, run, write

import lookalike
from conftest import encode, scene
from lookalike.errors import UsageError
from lookalike.model import Tier
from lookalike.plan import Plan
from lookalike.verdicts.confirming import confirm
from raw_writer import dng

pytestmark = pytest.mark.skipif(
    "rawpy" not in lookalike.decode.decoders().split("+"), reason="the extra formats is not installed"
)
PICTURE = scene(1, 640, 480)
LOOSEST = ("--tier", "edit", "--allow-loss", "pixels,crop,colour,alpha,depth,frames,video", "--drop-metadata")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def plan(tier: str = "edit") -> Plan:
    losses = ("pixels", "crop", "colour", "alpha", "depth", "frames", "video")
    findings = lookalike.find("photos", use_catalog=False, workers=1)
    return findings.plan(tier=tier, allow_loss=losses, metadata="drop", within=0)


def test_a_raw_file_alone_joins_by_its_preview_and_stays(photos: Path) -> None:
    write(photos / "a.dng", dng(PICTURE))
    write(photos / "b.jpg", jpeg(PICTURE, 95))
    write(photos / "c.jpg", jpeg(PICTURE.resize((320, 240)), 80))
    ((keeper, own),) = groups(found("photos")).items()
    assert keeper == "photos/b.jpg", "a raw file comes last, so that others may go for each other"
    assert (own["photos/a.dng"]["tier"], own["photos/a.dng"]["role"]) == ("copy", "duplicate")
    assert own["photos/a.dng"]["relation"] == "JPEG -> RAW"
    assert own["photos/a.dng"]["keeper_lacks"] == ["depth", "raw"]
    made = plan()
    assert [decision.path for decision in made.removals] == ["photos/c.jpg"]
    said = {decision.path: decision.reason for decision in made.decisions}
    assert said["photos/a.dng"] == "keeper carries less: raw"
    assert "keeper carries less" in run("clean", "photos", "--no-catalog", "--dry-run", *LOOSEST).text


def test_a_raw_file_that_stays_is_a_duplicate_that_fails_a_check_all_the_same(photos: Path) -> None:
    write(photos / "a.dng", dng(PICTURE))
    write(photos / "b.jpg", jpeg(PICTURE, 95))
    assert lookalike.find("photos", use_catalog=False, workers=1).duplicate_paths == []
    checked = run("find", "photos", "--no-catalog", "--fail-on-duplicates")
    assert (checked.code, "1 group with 1 duplicate " in checked.text) == (1, True), checked.text


def test_no_option_lets_a_raw_file_go_or_anything_go_for_one(photos: Path) -> None:
    raw, finished = (dng(PICTURE), "a.dng"), (jpeg(PICTURE, 95), "b.jpg")
    assert confirm(raw, finished).lacks == (("finish",), ("depth", "raw"))
    assert confirm(finished, raw).lacks == (("depth", "raw"), ("finish",))
    assert confirm(raw, (dng(PICTURE, quality=90), "c.dng")).lacks == (("raw",), ("raw",))
    write(photos / "a.dng", raw[0])
    write(photos / "b.jpg", finished[0])
    for name in ("raw", "finish"):
        assert run("clean", "photos", "--no-catalog", "--dry-run", "--allow-loss", name).code == 2
        with pytest.raises(UsageError, match="unknown loss"):
            lookalike.find("photos", use_catalog=False, workers=1).plan(allow_loss=(name,))


def test_equal_raw_files_go_for_each_other(photos: Path) -> None:
    write(photos / "a.dng", dng(PICTURE))
    shutil.copy(photos / "a.dng", photos / "b.dng")
    assert [decision.path for decision in plan("exact").removals] == ["photos/b.dng"]


def test_raw_and_jpeg_of_one_shot_are_one_image_as_before(photos: Path) -> None:
    for folder in ("a", "b"):
        write(photos / folder / "1.dng", dng(PICTURE))
        write(photos / folder / "1.jpg", jpeg(PICTURE, 95))
    write(photos / "c.jpg", jpeg(PICTURE, 95))
    document = found("photos")
    assert (document["stats"]["images"], document["stats"]["duplicates"], document["stats"]["failed"]) == (3, 2, 0)
    assert members(document) == {frozenset({"photos/a/1.jpg", "photos/b/1.jpg", "photos/c.jpg"})}
    ((keeper, own),) = groups(document).items()
    assert own[keeper]["parts"] == [{"path": "photos/a/1.dng"}]
    made = plan("copy")
    assert {decision.path: [part.path for part in decision.parts] for decision in made.removals} == {
        "photos/b/1.jpg": ["photos/b/1.dng"],
        "photos/c.jpg": [],
    }


def test_a_shot_with_a_raw_file_stays_beside_a_better_jpeg(photos: Path) -> None:
    write(photos / "a" / "1.dng", dng(PICTURE))
    write(photos / "a" / "1.jpg", jpeg(PICTURE.resize((320, 240)), 80))
    write(photos / "b.jpg", jpeg(PICTURE, 95))
    document = found("photos", "--keep", "resolution")
    ((keeper, _),) = groups(document).items()
    assert keeper == "photos/b.jpg"
    findings = lookalike.find("photos", use_catalog=False, workers=1, keep="resolution")
    made = findings.plan(tier="edit", allow_loss=("pixels", "depth"), metadata="drop", within=0)
    assert not made.removals


def test_a_raw_reference_holds_what_is_under_test(photos: Path) -> None:
    write(photos / "have" / "a.dng", dng(PICTURE))
    write(photos / "new" / "b.png", encode(PICTURE, "PNG"))
    findings = lookalike.find("photos/new", against="photos/have", use_catalog=False, workers=1)
    (member,) = findings.groups[0].members[1:]
    assert (member.tier, member.keeper_lacks) == (Tier.COPY, ("finish",))
    assert not findings.plan(tier="edit", within=0).removals


def test_no_list_drops_a_raw_file_that_has_no_equal(photos: Path) -> None:
    for name in ("a.dng", "again.dng"):
        write(photos / name, dng(PICTURE))
    write(photos / "b.jpg", jpeg(PICTURE, 95))
    write(photos / "c.jpg", jpeg(PICTURE.resize((320, 240)), 80))
    for folder in ("x", "y"):
        write(photos / folder / "1.dng", dng(scene(2, 640, 480)))
        write(photos / folder / "1.jpg", jpeg(scene(2, 640, 480), 95))
    findings = lookalike.find("photos", use_catalog=False, workers=1, tier="copy")
    table = findings.keep_table()
    kept = {path for path, stays in zip(table.path, table.keep.tolist(), strict=True) if stays}
    assert kept == {"photos/a.dng", "photos/b.jpg", "photos/x/1.dng", "photos/x/1.jpg"}
    assert dict(zip(table.path, table.reason, strict=True))["photos/a.dng"] == "keeper carries less: raw"
    lookalike.export(findings, copy_to="out")
    assert {str(path.relative_to("out")) for path in Path("out").rglob("*.*")} == {
        "a.dng", "b.jpg", "x/1.dng", "x/1.jpg",
    }  # fmt: skip


def test_all_outputs_agree_on_what_goes(photos: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    raw, finished = dng(PICTURE), jpeg(PICTURE, 95)
    data = [raw, finished, jpeg(PICTURE.resize((320, 240)), 80), finished[:900], None, raw]
    parquet.write_table(arrow.table({"image": arrow.array(data, arrow.binary())}), "t.parquet")
    for number, one in enumerate(data):
        write(photos / f"{number}.{'dng' if one is raw else 'jpg'}", one or b"")
    written = ("--output", "keep.txt", "--keep-lists", "lists", "--no-catalog", "--workers", "1", "--tier", "copy")
    # A row of a table has no name that would tell a raw file from another TIFF: there it is a failure.
    for root, goes, failed, more in (
        ("t.parquet", {2}, {0, 3, 4, 5}, ("--mask", "mask.parquet")),
        ("photos", {2, 5}, {3, 4}, ()),
    ):
        assert run("find", root, *written, *more).code == 0
        findings = lookalike.find(root, use_catalog=False, workers=1, tier="copy")
        table = findings.keep_table()
        names = sorted(table.path)
        stays = [number for number in range(6) if number not in goes]
        assert {names.index(failure.ref.path) for failure in findings.failures} == failed
        assert {names.index(path) for path in findings.duplicate_paths} == goes
        assert [names.index(path) for path in findings.keep_paths] == [one for one in stays if one not in failed]
        assert {names.index(path) for path, keep in zip(table.path, table.keep, strict=True) if not keep} == goes
        assert sorted(Path("keep.txt").read_text().splitlines()) == [names[number] for number in stays]
        keep = lookalike.keep_filter("lists")
        if root == "photos":
            assert keep.positions(names).tolist() == stays
            continue
        assert (findings.keep_indices.tolist(), findings.duplicate_indices.tolist()) == ([1], [2])
        assert keep.indices(root).tolist() == stays
        mask = parquet.read_table("mask.parquet").column("keep").to_pylist()
        assert [number for number, keep in enumerate(mask) if keep] == stays
