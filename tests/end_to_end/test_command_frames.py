"""`--frames all`: any frame of an animation, any page of a document, joins; and nothing goes because of it."""

from pathlib import Path

import pytest
from album import jpeg
from command import found, groups, members, run, write
from PIL import Image

import lookalike
from conftest import encode, scene
from lookalike.matches import frames
from lookalike.model import Tier
from lookalike.opening import open_catalog
from lookalike.scan.examining import Scanned

SCENES = [scene(seed, 320, 240) for seed in range(1, 5)]
LOSSES = "pixels,crop,colour,alpha,depth,frames,timing,video"


def moving(*pictures: Image.Image, format_: str = "GIF") -> bytes:
    first, *rest = (picture.copy() for picture in pictures)  # a picture that was saved remembers how
    return encode(first, format_, save_all=True, append_images=rest)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "photos" / "moving.gif", moving(*SCENES[:3]))
    write(tmp_path / "photos" / "third.png", encode(SCENES[2], "PNG"))
    write(tmp_path / "photos" / "pages.tif", moving(SCENES[3], SCENES[1], format_="TIFF"))
    write(tmp_path / "photos" / "other.jpg", jpeg(scene(9, 320, 240)))
    return tmp_path / "photos"


def test_any_frame_joins_only_when_that_is_wanted(photos: Path) -> None:
    assert found("photos")["groups"] == []
    document = found("photos", "--frames", "all")
    assert document["options"]["frames"] == "all"
    assert members(document) == {frozenset({"photos/moving.gif", "photos/third.png", "photos/pages.tif"})}
    ((keeper, own),) = groups(document).items()
    assert keeper == "photos/moving.gif"
    assert {own[path]["tier"] for path in ("photos/third.png", "photos/pages.tif")} == {"edit"}
    assert own["photos/third.png"]["relation"] == "frame 3 of moving.gif and third.png are the same picture"
    assert own["photos/pages.tif"]["relation"] == "frame 2 of moving.gif and frame 2 of pages.tif are the same picture"
    assert all("frames" in own[path]["keeper_lacks"] for path in ("photos/third.png", "photos/pages.tif"))
    assert run("find", "photos", "--frames", "some").code == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_the_catalog_knows_frames_and_their_verdicts(
    photos: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lookalike.find("photos", catalog="c.sqlite", workers=workers, frames="all")
    with open_catalog("c.sqlite") as store:
        ids = [row[0] for row in store.db.execute("SELECT DISTINCT content FROM frame")]
    assert len(ids) == 2, "the animation and the document"

    def never(_task: object) -> None:
        raise AssertionError

    monkeypatch.setattr(frames, "examine_frames", never)
    again = lookalike.find("photos", catalog="c.sqlite", workers=1, frames="all")
    assert [group.members for group in again.groups] == [group.members for group in first.groups]
    assert lookalike.find("photos", catalog="c.sqlite", workers=1).groups == ()


def test_nothing_goes_for_the_sake_of_a_frame(photos: Path) -> None:
    findings = lookalike.find("photos", use_catalog=False, workers=1, frames="all")
    assert not findings.plan(tier="edit", within=0).removals
    allowed = run(
        "clean", "photos", "--no-catalog", "--workers", "1", "--frames", "all", "--tier", "edit", "--allow-loss", LOSSES,
        "--drop-metadata", "--apply", "--yes", "--yes-most", "--ledger", "l.sqlite",
    )  # fmt: skip
    assert "Traceback" not in allowed.errors
    assert {path.name for path in photos.iterdir()} >= {"moving.gif", "third.png", "pages.tif", "other.jpg"}


def test_first_frames_that_match_are_what_they_were(photos: Path) -> None:
    write(photos / "again.gif", moving(*SCENES[:3]))
    write(photos / "first.png", encode(SCENES[0], "PNG"))
    write(photos / "shorter.gif", moving(*SCENES[:2]))
    plain = lookalike.find("photos", use_catalog=False, workers=1)
    every = lookalike.find("photos", use_catalog=False, workers=1, frames="all")
    told = {member.ref.path: member for group in every.groups for member in group.members}
    for group in plain.groups:
        for member in group.members[1:]:
            now = told[member.ref.path]
            assert (now.tier, now.keeper, now.relation, now.keeper_lacks) == (
                member.tier, member.keeper, member.relation, member.keeper_lacks,
            )  # fmt: skip
    assert told["photos/again.gif"].tier in (None, Tier.EXACT)


def test_an_animation_that_begins_blank_joins_by_what_follows(photos: Path) -> None:
    write(photos / "fading.gif", moving(Image.new("RGB", (320, 240)), scene(7, 320, 240)))
    write(photos / "seven.jpg", jpeg(scene(7, 640, 480)))
    document = found("photos", "--frames", "all", "--include", "seven.jpg", "--include", "fading.gif")
    assert members(document) == {frozenset({"photos/fading.gif", "photos/seven.jpg"})}


def test_references_are_matched_by_their_frames(photos: Path) -> None:
    write(photos.parent / "have" / "moving.gif", moving(SCENES[0], scene(9, 320, 240)))
    findings = lookalike.find("photos", against="have", use_catalog=False, workers=1, frames="all")
    assert sorted(member.ref.path for group in findings.groups for member in group.members[1:]) == [
        "photos/moving.gif", "photos/other.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize("rule", ["clique", "component"])
def test_other_group_rules_ask_for_frames_too(photos: Path, rule: str) -> None:
    document = found("photos", "--frames", "all", "--group", rule, "--include", "moving.gif", "--include", "third.png")
    assert len(document["groups"]) == 1


def test_frames_that_repeat_or_are_too_many_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from blake3 import blake3  # noqa: PLC0415 - for this test alone

    def looked(data: bytes, max_pixels: int = 10**8) -> list[int]:
        path = tmp_path / "a.tif"
        path.write_bytes(data)
        task = frames.FrameTask(Scanned(0, str(path), len(data), blake3(data).digest(), max_pixels=max_pixels), 6)
        seen = frames.examine_frames(task)
        assert seen.settled
        assert frames.examine_frames(task._replace(file=task.file._replace(digest=bytes(32)))) == (0, False, ())
        return [number for number, _ in seen.frames]

    one, other, third, _ = SCENES
    pages = moving(one, other, one, other, Image.new("RGB", (320, 240)), third, format_="TIFF")
    assert looked(pages) == [1, 5]
    assert looked(pages, max_pixels=5 * 320 * 240 - 1) == [1]
    monkeypatch.setattr(frames, "MOST_FRAMES", 5)
    assert looked(pages) == [1]


@pytest.mark.parametrize("against", [False, True])
def test_frames_of_what_a_hash_table_tells_of_join_as_well(photos: Path, against: bool) -> None:
    pytest.importorskip("pyarrow")
    for name in ("moving.gif", "third.png", "pages.tif"):
        assert run("hash", photos / name, "--decode", "fast", "--output", f"{name}.parquet", "--no-catalog").code == 0
    first, *others = (f"{name}.parquet" for name in ("moving.gif", "third.png", "pages.tif"))
    beside = [word for other in others for word in ("--against", other)] if against else others
    document = found(first, *beside, "--frames", "all")
    (group,) = members(document)
    assert (str(photos / "moving.gif") in group, len(group)) == (True, 2 if against else 3)


def test_pruning_leaves_the_frames_of_what_is_there(photos: Path) -> None:
    catalog = ("--catalog", "c.sqlite")
    before = found("photos", "--frames", "all", catalog=Path("c.sqlite"))
    assert "there is nothing to forget" in run("catalog", "prune", *catalog).text
    assert found("photos", "--frames", "all", catalog=Path("c.sqlite"))["groups"] == before["groups"] != []
    (photos / "moving.gif").unlink()
    rows = run("catalog", "prune", "--json", *catalog).document["rows"]
    assert (rows["location"], rows["content"], rows["frame"]) == (1, 3, 3), "the animation and its frames"
    assert run("catalog", "verify", *catalog).code == 0
    assert run("catalog", "info", "--json", *catalog).document["frames"] == 1, "of the document"
    assert found("photos", "--frames", "all", catalog=Path("c.sqlite"))["groups"] == []


def test_frames_that_are_known_of_what_is_gone_join_nothing(photos: Path) -> None:
    pytest.importorskip("pyarrow")
    options = ("photos", "--frames", "all", "--catalog", "catalog.sqlite", "--workers", "1", "--quiet")
    assert run("hash", "photos", "--decode", "fast", "--output", "h.parquet", "--no-catalog").code == 0
    assert run("find", *options).code == 0
    (photos / "moving.gif").unlink()
    with open_catalog("catalog.sqlite") as store:  # as after another version made the thumbnails
        store.db.execute("UPDATE content SET version = 0 WHERE format = 'GIF' AND frames > 1")
        store.db.execute("DELETE FROM thumbnail WHERE content IN (SELECT id FROM content WHERE version = 0)")
    known = lookalike.find("h.parquet", frames="all", catalog="catalog.sqlite", workers=1)
    assert {member.ref.path for group in known.groups for member in group.members} == set()
    assert "compared with nothing, such as photos/moving.gif" in "".join(known.warnings)
