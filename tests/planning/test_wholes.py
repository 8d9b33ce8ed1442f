"""The names of one file go together or not at all, and so do the files of one shot."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import lookalike
from conftest import encode, scene
from lookalike.model import ImageRef, Member
from lookalike.plan import Metadata, Plan
from lookalike.planning.fates import Fate
from lookalike.planning.standing import Standing
from lookalike.planning.wholes import hold_names

Put = Callable[..., Path]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fate(path: str, file: tuple[int, int] | None, stays: str | None = None) -> Fate:
    ref = ImageRef(path, "v", path, 9, 5, 1, 2, bytes(32))
    standing = Standing(9, 5, file, symlink=False, altered=None, apart=None, label=())
    return Fate(path, bytes(32), Member(ref, 8, 8, "PNG", None, "duplicate"), 1, standing, stays)


def test_a_name_that_stays_holds_the_others_of_its_file() -> None:
    for count in (2, 3):
        names = [fate(f"{number}.png", (1, 2)) for number in range(count - 1)]
        kept, other, gone = (
            fate("kept.png", (1, 2), "protected"),
            fate("other.png", (1, 3)),
            fate("gone.png", None, "it is gone"),
        )
        every = [*names, kept, other, gone, fate("lost.png", None)]
        assert hold_names(every)
        assert {name.stays for name in names} == {"same file as a name that stays: kept.png"}
        assert (kept.stays, other.stays, gone.stays, every[-1].stays) == ("protected", None, "it is gone", None)
        assert not hold_names(every)


def told(plan: Plan) -> dict[str, str | None]:
    """Return why each image stays; of what goes and of its parts, what stays in their place."""
    kept: dict[str, str | None] = {one.path: one.reason for one in plan.decisions if one.verdict == "keep"}
    gone = {one.path: one.keeper for one in plan.removals}
    return kept | gone | {part.path: part.keeper for one in plan.removals for part in one.parts}


def test_the_other_picture_of_a_shot_goes_where_that_of_the_keeper_holds_all_of_it(put: Put) -> None:
    for folder in ("a", "b-folder"):
        put(f"p/{folder}/x.jpg", encode(scene(1, 640, 480), quality=95))
        put(f"p/{folder}/x.heic", b"")
    findings = lookalike.find(
        ["p"], exclude=["*.heic"], use_catalog=False, workers=1
    )  # so they are looked at only here
    lacking = "not all of its shot can go: its x.heic has no equal beside the keeper (--units off)"
    both: dict[str, str | None] = {"p/b-folder/x.jpg": "p/a/x.jpg", "p/b-folder/x.heic": "p/a/x.heic"}
    stays: dict[str, str | None] = {"p/b-folder/x.jpg": lacking}

    def check(stay: bytes, go: bytes, expected: dict[str, str | None], **options: Any) -> None:
        put("p/a/x.heic", stay)
        put("p/b-folder/x.heic", go)
        plan = findings.plan(within=0, **options)
        assert {path: why for path, why in told(plan).items() if path != "p/a/x.jpg"} == expected

    plain, packed = (encode(scene(5), "TIFF", compression=how) for how in ("raw", "tiff_deflate"))
    gray, dated = encode(scene(5).convert("L"), "TIFF"), Image.Exif()
    dated.get_ifd(0x8769)[0x9003] = "2019:05:01 10:00:00"
    with_date = encode(scene(5), "PNG", exif=dated.tobytes())
    check(plain, plain, both, action="hardlink")
    check(plain, packed, both, tier="exact")
    check(plain, packed, stays, action="hardlink")
    check(plain, encode(scene(6), "TIFF"), stays, tier="edit")
    check(plain, encode(scene(6), "TIFF"), stays, metadata="drop")
    check(plain, packed[:2000], stays)
    check(gray, plain, stays, tier="edit")
    check(gray, plain, both, tier="edit", allow_loss=("colour",))
    check(plain, gray, both, tier="edit")
    check(plain, with_date, stays)
    check(plain, with_date, both, metadata="drop")


def test_pictures_of_a_shot_that_were_found_one_by_one_go_as_one(put: Put) -> None:
    for folder in ("a", "b-folder"):
        put(f"p/{folder}/x.jpg", encode(scene(1), quality=95))
        put(f"p/{folder}/x.heic", encode(scene(5), "TIFF"))
    findings = lookalike.find(["p"], use_catalog=False, workers=1, units=False)
    plan = findings.plan(within=0, units=True)
    (decision,) = plan.removals
    assert (decision.path, decision.keeper) == ("p/b-folder/x.heic", "p/a/x.heic")
    assert [(part.path, part.keeper) for part in decision.parts] == [("p/b-folder/x.jpg", "p/a/x.jpg")]
    assert len(findings.plan(within=0, units=False).removals) == 2
    held = told(findings.plan(within=0, units=True, protect=("b-folder/*.jpg",)))
    assert held["p/b-folder/x.jpg"] == "protected"
    assert held["p/b-folder/x.heic"] == "not all of its shot can go: p/b-folder/x.jpg stays, protected"


def test_where_a_shot_cannot_go_whole_other_names_of_its_files_stay_too(put: Put) -> None:
    for name in ("a/x.png", "b/x.png"):
        put(f"p/{name}", encode(scene(1), "PNG"))
    put("p/b/x.pp3", b"settings")
    os.link("p/b/x.png", "p/c.png")
    found = told(lookalike.find(["p"], use_catalog=False, workers=1, keep="folder:p/a").plan(within=0))
    assert str(found["p/b/x.png"]).startswith("not all of its shot can go: its x.pp3 has no equal")
    assert found["p/c.png"] == "same file as a name that stays: p/b/x.png"


def test_a_mask_goes_only_with_its_image(put: Put) -> None:
    for name, image, mask in (("a", 1, 9), ("b", 2, 9), ("c", 1, 9)):
        put(f"set/images/{name}.png", encode(scene(image), "PNG"))
        put(f"set/masks/{name}.png", encode(scene(mask), "PNG"))
    os.link("set/masks/b.png", "set/other.png")
    findings = lookalike.find(["set"], use_catalog=False, workers=1, units=False, keep="folder:set/masks")
    found = told(findings.plan(within=0, units=True))
    assert found["set/masks/b.png"] == "goes only with the image it belongs to: set/images/b.png"
    assert found["set/other.png"] == "same file as a name that stays: set/masks/b.png"


@pytest.mark.parametrize("metadata", ["stay", "merge", "drop"])
def test_only_what_can_be_merged_goes_without_an_equal(put: Put, metadata: Metadata) -> None:
    for name in "ab":
        put(f"p/{name}.png", encode(scene(1), "PNG"))
    findings = lookalike.find(["p"], use_catalog=False, workers=1)
    for ending, ways in ((".pp3", {"drop"}), (".XMP", {"drop", "merge"})):
        put(f"p/b{ending}", b"<x/>")
        removals = findings.plan(metadata=metadata).removals
        assert [part.path for one in removals for part in one.parts] == [f"p/b{ending}"] * (metadata in ways)
        assert bool(removals) == (metadata in ways)
        assert findings.plan(metadata=metadata, action="hardlink").removals == ()
        os.unlink(f"p/b{ending}")


def test_an_equal_beside_the_keeper_is_another_plain_file_of_the_same_bytes(put: Put) -> None:
    for folder in "ab":
        put(f"p/{folder}/x.png", encode(scene(1), "PNG"))
    findings = lookalike.find(["p"], use_catalog=False, workers=1)
    put("p/b/x.txt", b"a caption")

    def parts() -> list[str]:
        return [part.path for one in findings.plan(within=0).removals for part in one.parts]

    put("p/a/x.txt", b"a caption")
    assert parts() == ["p/b/x.txt"]
    for other in (b"a captiom", b"a caption too"):
        put("p/a/x.txt", other)
        assert parts() == []
    for link in (os.link, os.symlink):
        os.unlink("p/a/x.txt")
        link(os.path.abspath("p/b/x.txt"), "p/a/x.txt")
        assert parts() == []
    os.unlink("p/b/x.txt")
    os.symlink(".", "p/b/x.txt")  # also one that leads to a folder is a name
    assert findings.plan(within=0).removals == ()
