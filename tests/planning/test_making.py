"""What goes, what stays and why: real files, found and planned."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike
from conftest import encode, scene
from lookalike.errors import SourceError, UsageError
from lookalike.model import Group, Tier
from lookalike.plan import Decision, KeepOptions, Plan
from lookalike.planning.making import freed, make_plan, plan_document
from lookalike.tables import document_from_json, plan_from_json, plan_to_json
from lookalike.verdicts.confirming import Confirmed

Put = Callable[..., Path]
BIG = encode(scene(1, 640, 480), "PNG")
SMALL = encode(scene(1, 640, 480).resize((320, 240)), quality=90)
"""A copy of BIG, of half the size."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(*roots: str, **options: Any) -> lookalike.Findings:
    return lookalike.find(list(roots) or ["."], use_catalog=False, workers=1, **options)


def verdicts(plan: Plan) -> dict[str, str | None]:
    """Return the reason of each image that stays, and None for what goes; parts included."""
    told = {decision.path: decision.reason if decision.verdict == "keep" else None for decision in plan.decisions}
    return told | {part.path: None for decision in plan.removals for part in decision.parts}


def gone(plan: Plan) -> set[str]:
    return {path.removeprefix("./") for path, reason in verdicts(plan).items() if reason is None}


def stays(plan: Plan, path: str) -> str:
    reason = verdicts(plan)[path]
    assert reason is not None, f"{path} goes"
    return reason


def one(plan: Plan) -> Decision:
    (decision,) = plan.removals
    return decision


def test_a_copy_goes_and_says_why_and_in_favour_of_whom(put: Put) -> None:
    put("p/a.png", BIG)
    path = put("p/b.jpg", SMALL)
    plan = found("p").plan()
    decision = one(plan)
    assert (decision.path, decision.keeper, decision.tier) == ("p/b.jpg", "p/a.png", Tier.COPY)
    assert (decision.size, decision.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert decision.reason == "resolution 640x480 > 320x240"
    assert stays(plan, "p/a.png") == "resolution 640x480 > 320x240"
    assert plan.folder == str(Path.cwd())
    (root,) = plan.roots
    assert (root.path, root.absolute, root.images) == ("p", os.path.realpath("p"), 2)
    assert plan_from_json(plan_to_json(plan)) == plan
    assert path.exists()


def test_findings_that_were_written_give_the_same_plan(put: Put) -> None:
    for name, content in {"a.png": BIG, "b.jpg": SMALL, "c.png": BIG, os.fsdecode(b"\xff.png"): BIG}.items():
        os.utime(put("p/" + name, content), (1, 1))
    findings = found("p")
    document = document_from_json(findings.to_json())
    read = plan_document(document, options=KeepOptions())
    plan = findings.plan()
    assert replace(read, created=plan.created) == plan
    assert len(gone(plan)) == 3


def test_findings_read_elsewhere_find_nothing_and_say_so(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("p/a.png", BIG)
    put("p/c.png", BIG)
    document = document_from_json(found("p").to_json())
    monkeypatch.chdir("p")
    with pytest.raises(SourceError, match="run the command in the folder where they were found"):
        plan_document(document, options=KeepOptions())


def test_other_keep_rules_search_again(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.jpg", SMALL)
    findings = found("p")
    assert gone(findings.plan(keep="folder:x,format:jpeg>png")) == set()  # the small one lacks pixels
    plan = findings.plan(keep="format:jpeg>png", allow_loss=("pixels",))
    assert one(plan).path == "p/a.png"
    assert plan.found["keep"] == "format:jpeg>png"


def transparent() -> Image.Image:
    image = scene(1).convert("RGBA")
    alpha = np.full((360, 480), 255, np.uint8)
    alpha[100:140, 200:240] = 128
    image.putalpha(Image.fromarray(alpha))
    return image


def deep() -> bytes:
    luma = np.asarray(scene(1).convert("L"), np.uint16) * 257
    return encode(Image.fromarray(luma), "PNG")


LARGE = scene(1, 960, 720)
LESS: dict[str, tuple[str, Callable[[], bytes], Callable[[], bytes]]] = {
    "frames": (
        "gif",
        lambda: encode(scene(1), "GIF", save_all=True, append_images=[scene(2)]),
        lambda: encode(LARGE, "PNG"),
    ),
    "pages": (
        "tiff",
        lambda: encode(scene(1), "TIFF", save_all=True, append_images=[scene(2)]),
        lambda: encode(LARGE, "PNG"),
    ),
    "alpha": ("png", lambda: encode(transparent(), "PNG"), lambda: encode(LARGE, "PNG")),
    "depth": ("png", deep, lambda: encode(LARGE.convert("L"), "PNG")),
    "colour": ("png", lambda: encode(scene(1), "PNG"), lambda: encode(LARGE.convert("L"), "PNG")),
}
"""What the larger picture lacks, the ending of the smaller, and the two."""


@pytest.mark.parametrize("loss", LESS)
def test_a_keeper_that_carries_less_removes_nothing_unless_that_loss_is_allowed(put: Put, loss: str) -> None:
    ending, whole, large = LESS[loss]
    put(f"p/a.{ending}", whole())
    put("p/b.png", large())
    findings = found("p", keep="resolution")
    named = "frames" if loss == "pages" else loss
    why = f"keeper carries less: {named} (--allow-loss {named})"
    assert stays(findings.plan(tier="edit"), f"p/a.{ending}") == why
    assert gone(findings.plan(tier="edit", allow_loss=(named,))) == {f"p/a.{ending}"}
    assert stays(findings.plan(tier="edit", allow_loss=("video",)), f"p/a.{ending}") == why


SAVED: dict[str, dict[str, Any]] = {"TIFF": {"compression": "tiff_deflate"}, "GIF": {}, "WEBP": {"quality": 90}}


@pytest.mark.parametrize("format_", SAVED)
def test_files_of_several_frames_are_held_against_each_other_frame_by_frame(put: Put, format_: str) -> None:
    """A search sees the first frame of each; that a later one differs is known before anything is acted on."""
    for name, side, second in (("a", 480, 2), ("b", 240, 2), ("c", 240, 3)):
        frames = [scene(seed).resize((side, side * 3 // 4)) for seed in (1, second)]
        options = {"save_all": True, "append_images": frames[1:], **SAVED[format_]}
        put(f"p/{name}.{format_.lower()}", encode(frames[0], format_, **options))
    findings = found("p", keep="resolution")
    plans = findings.plan(), plan_document(document_from_json(findings.to_json()), options=KeepOptions())
    for plan in plans:
        assert gone(plan) == {f"p/b.{format_.lower()}"}
        assert stays(plan, f"p/c.{format_.lower()}") == "keeper carries less: frames (--allow-loss frames)"


def test_files_of_several_frames_that_are_equal_to_the_pixel_need_no_look(put: Put) -> None:
    for name, compression in (("a", "tiff_deflate"), ("b", "tiff_lzw")):
        options: dict[str, Any] = {"save_all": True, "append_images": [scene(2)], "compression": compression}
        put(f"p/{name}.tif", encode(scene(1), "TIFF", **options))
    findings = found("p")
    document = document_from_json(findings.to_json())

    def confirm(_one: object, _other: object) -> Confirmed:
        raise AssertionError("it was looked at")

    assert len(gone(plan_document(document, options=KeepOptions(), confirm=confirm))) == 1


@pytest.mark.parametrize("flat", [False, True])
def test_flat_images_stay_unless_they_may_go(put: Put, flat: bool) -> None:
    put("p/a.png", encode(Image.new("RGB", (64, 64), "white"), "PNG"))
    put("p/b.png", encode(Image.new("RGB", (64, 64), "white"), "PNG"))
    plan = found("p").plan(flat=flat)
    assert verdicts(plan)["p/b.png"] == (None if flat else "flat or nearly blank (--flat)")


def test_what_is_protected_or_a_reference_stays(put: Put) -> None:
    put("ref/a.png", BIG)
    put("ref/b.png", BIG)
    put("new/c.png", BIG)
    put("new/keep/d.png", BIG)
    findings = found("new", against=["ref"])
    plan = findings.plan(protect=("keep/",))
    assert gone(plan) == {"new/c.png"}
    assert stays(plan, "new/keep/d.png") == "protected"
    assert [root.path for root in plan.roots] == ["new"]
    with pytest.raises(UsageError, match="malformed glob"):
        findings.plan(protect=("!",))


def test_what_is_protected_by_the_outer_of_two_roots_stays(put: Put) -> None:
    for name in ("a.png", "b.png"):
        put("p/q/" + name, BIG)
    plan = found("p", "p/q", protect=["q/*.png"]).plan()
    assert stays(plan, "p/q/b.png") == "protected"


def test_what_changed_or_is_gone_stays_and_so_does_what_has_lost_its_keeper(put: Put) -> None:
    for name in ("a", "b", "c", "d"):
        put(f"p/{name}.png", BIG)
    findings = found("p")
    os.utime("p/b.png", (1, 1))
    Path("p/c.png").unlink()
    plan = findings.plan()
    assert stays(plan, "p/b.png") == "it has changed since it was found"
    assert stays(plan, "p/c.png") == "it is gone since it was found"
    assert gone(plan) == {"p/d.png"}
    Path("p/a.png").unlink()
    assert stays(findings.plan(), "p/d.png") == "its keeper is gone since it was found: p/a.png"


def test_duplicates_in_two_classes_conflict(put: Put) -> None:
    for name in ("train/cat/a.png", "train/dog/b.png", "val/cat/c.png"):
        put(f"set/{name}", BIG)
    findings = found("set")
    plan = findings.plan()
    assert gone(plan) == {"set/val/cat/c.png"} or gone(plan) == {"set/train/cat/a.png"}
    assert stays(plan, "set/train/dog/b.png").startswith("label conflict: dog here, cat there (--across-folders)")
    assert len(gone(findings.plan(across_folders=True))) == len(gone(findings.plan(within=0))) == 2


@pytest.mark.parametrize("folder", ["My.photoslibrary/originals", "x.lrlibrary", "Work.cocatalog/a/b"])
def test_inside_the_library_of_an_application_nothing_goes(put: Put, folder: str) -> None:
    put("p/a.png", BIG)
    put(f"p/{folder}/b.png", BIG)
    put("p/sub/long name.png", BIG)
    plan = found("p", keep="shortest-path").plan()
    assert stays(plan, f"p/{folder}/b.png") == "inside the library of an application"
    assert gone(plan) == {"p/sub/long name.png"}


def test_outside_the_roots_nothing_goes(put: Put) -> None:
    put("p/a.png", BIG)
    put("other/b.png", BIG)
    os.symlink("../other", "p/linked")
    plan = found("p", follow_symlinks=True).plan()
    assert stays(plan, "p/linked/b.png") == "outside the folders that were searched"


def test_names_of_one_file_go_together_or_not_at_all(put: Put) -> None:
    put("p/a.png", BIG)
    os.link("p/a.png", "p/b.png")
    put("p/c.jpg", SMALL)
    os.link("p/c.jpg", "p/d.jpg")
    os.symlink("d.jpg", "p/e.jpg")
    findings = found("p")
    plan = findings.plan()
    assert stays(plan, "p/b.png") == "same file as its keeper: p/a.png"
    assert gone(plan) == {"p/c.jpg", "p/d.jpg", "p/e.jpg"}
    order = [decision.verdict for decision in plan.decisions]
    assert order == sorted(order)
    assert plan.removals[0].path == "p/e.jpg"  # the symlink first, while it leads somewhere
    assert one(replace(plan, decisions=plan.decisions[:3])).symlink
    gained = freed(plan)
    assert sum(gained.values()) == len(SMALL)
    assert gained["p/e.jpg"] == 0
    held = findings.plan(protect=("d.jpg",))
    assert stays(held, "p/c.jpg") == stays(held, "p/e.jpg") == "same file as a name that stays: p/d.jpg"
    os.link("p/c.jpg", "elsewhere.jpg")
    assert sum(freed(plan).values()) == 0


def test_a_symlink_goes_but_never_in_favour_of_its_own_target(put: Put) -> None:
    put("store/x.png", BIG)
    put("store/y.jpg", SMALL)
    Path("p").mkdir()
    for name, target in {"a.png": "x.png", "b.png": "x.png", "c.jpg": "y.jpg"}.items():
        os.symlink(f"../store/{target}", f"p/{name}")
    plan = found("p").plan()  # as git-annex and the Hugging Face cache lay out their trees
    assert one(plan).path == "p/c.jpg"
    assert one(plan).symlink
    assert stays(plan, "p/b.png") == "same file as its keeper: p/a.png"
    assert freed(plan) == {"p/c.jpg": 0}


def edit_chain(put: Put) -> None:
    """Write a picture, a gray copy of it, and a small copy of the gray one."""
    gray = scene(1, 640, 480).convert("L")
    put("p/a.png", BIG)
    put("p/b.png", encode(gray, "PNG"))
    put("p/c.jpg", encode(gray.resize((320, 240)), quality=90))


def test_cleaning_looser_findings_at_a_tighter_tier_removes_what_the_tighter_findings_do(put: Put) -> None:
    edit_chain(put)
    loose, tight = found("p", tier="edit").plan(tier="copy"), found("p", tier="copy").plan(tier="copy")
    assert gone(loose) == gone(tight) == {"p/c.jpg"}
    assert one(loose).keeper == "p/b.png"
    assert stays(loose, "p/b.png") == "of tier edit only (--tier edit)"


def test_where_the_keeper_goes_too_the_pair_with_the_one_that_stays_is_verified(put: Put) -> None:
    edit_chain(put)
    plan = found("p", tier="edit").plan(tier="edit")
    assert {decision.path: decision.keeper for decision in plan.removals} == {
        "p/b.png": "p/a.png",
        "p/c.jpg": "p/a.png",
    }
    followed = next(decision for decision in plan.removals if decision.path == "p/c.jpg")
    assert followed.tier is Tier.EDIT
    assert "; then " in followed.reason


def test_a_pair_that_is_not_verified_stays_although_both_its_neighbours_are(put: Put) -> None:
    edit_chain(put)
    findings = found("p", tier="edit")
    looked: list[str] = []

    def confirm(first: tuple[bytes, str], second: tuple[bytes, str]) -> Any:
        from lookalike.verdicts.confirming import Confirmed  # noqa: PLC0415

        looked.append(f"{first[1]} {second[1]}")
        return Confirmed(Tier.SIMILAR, 0.1, "another picture")

    options = KeepOptions(tier=Tier.EDIT)
    plan = make_plan(findings.groups, findings.by_root, options=options, confirm=confirm)
    assert gone(plan) == {"p/b.png"}
    assert stays(plan, "p/c.jpg") == "not verified against what stays: p/a.png, another picture"
    assert looked == ["a.png c.jpg"]
    shutil.copyfile("p/b.png", "p/c.jpg")
    again = found("p", tier="edit")
    assert len(gone(make_plan(again.groups, again.by_root, options=options, confirm=confirm))) == 2
    assert len(looked) == 1  # equal bytes inherit


def test_links_need_equal_bytes(put: Put) -> None:
    for name, content in {"a.png": BIG, "b.png": BIG, "c.jpg": SMALL}.items():
        put("p/" + name, content)
    plan = found("p").plan(action="hardlink")
    assert gone(plan) == {"p/b.png"}
    assert stays(plan, "p/c.jpg") == "not the same bytes as its keeper, so no hardlink can stand in its place"


def tagged(make: str) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = make
    exif.get_ifd(0x8769)[0x9003] = "2019:05:01 10:00:00"
    return encode(scene(1, 640, 480).resize((320, 240)), quality=90, exif=exif.tobytes())


def test_metadata_that_the_keeper_lacks_holds_an_image(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.jpg", tagged("Canon"))
    findings = found("p", keep="resolution")
    assert stays(findings.plan(), "p/b.jpg") == "keeper lacks metadata: date (--merge-metadata or --drop-metadata)"
    assert one(findings.plan(metadata="drop")).metadata == ()
    assert one(findings.plan(metadata="merge")).metadata == ("date",)
    put("p/a.xmp", xmp(rating=3, date="2019-05-01T10:00:00"))  # what lies beside the keeper is its own
    assert gone(findings.plan()) == {"p/b.jpg"}


def test_metadata_of_sidecars_count_with_their_image_alone(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.png", BIG)
    put("p/c.jpg", SMALL)
    for name in "bc":
        put(f"p/{name}.xmp", xmp(4))
    findings = found("p")
    plan = findings.plan()
    assert stays(plan, "p/b.png").startswith("not all of its shot can go: its b.xmp has no equal")
    assert stays(plan, "p/c.jpg").startswith("keeper lacks metadata: rating")
    assert gone(findings.plan(units=False)) == {"p/b.png", "p/c.jpg"}
    os.symlink("nowhere", "p/a.xmp")
    assert stays(findings.plan(units=False), "p/c.jpg").startswith("its metadata cannot be read: ")


def test_nothing_is_written_beside_a_keeper_that_is_not_to_be_touched(put: Put) -> None:
    put("ref/a.png", BIG)
    put("p/b.jpg", tagged("Canon"))
    plan = found("p", against="ref").plan(metadata="merge")
    assert "nothing is written beside it: date; it is a reference" in stays(plan, "p/b.jpg")


def xmp(rating: int, date: str | None = None) -> bytes:
    told = f' xmp:Rating="{rating}"' + (f' exif:DateTimeOriginal="{date}"' if date else "")
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmlns:exif="http://ns.adobe.com/exif/1.0/"{told}/></rdf:RDF></x:xmpmeta>'
    ).encode()


def test_a_sidecar_goes_with_its_image_only_if_it_has_an_equal_beside_the_keeper(put: Put) -> None:
    for folder in ("a", "b-folder"):
        put(f"p/{folder}/x.png", BIG)
        put(f"p/{folder}/x.xmp", xmp(3))
    put("p/b-folder/x.pp3", b"one")
    findings = found("p")
    assert stays(findings.plan(within=0), "p/b-folder/x.png") == (
        "not all of its shot can go: its x.pp3 has no equal beside the keeper (--units off)"
    )
    put("p/a/x.pp3", b"one")
    decision = one(findings.plan(within=0))
    assert {part.path: part.keeper for part in decision.parts} == {
        "p/b-folder/x.pp3": "p/a/x.pp3",
        "p/b-folder/x.xmp": "p/a/x.xmp",
    }
    put("p/a/x.pp3", b"two")
    assert {part.keeper for part in one(findings.plan(within=0, metadata="drop")).parts} == {None, "p/a/x.xmp"}
    assert one(findings.plan(within=0, units=False)).parts == ()


def test_an_xmp_sidecar_is_merged_into_that_of_the_keeper(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.png", BIG)
    put("p/b.xmp", xmp(4))
    decision = one(found("p").plan(metadata="merge"))
    assert decision.metadata == ("rating",)
    assert [(part.path, part.keeper) for part in decision.parts] == [("p/b.xmp", None)]


def test_a_sidecar_of_two_images_stays_while_one_of_them_does(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.png", BIG)
    put("p/b.txt", b"a caption")
    put("p/b.webp", encode(scene(7), "WEBP", lossless=True))
    assert one(found("p").plan()).parts == ()


def test_a_part_that_is_protected_linked_or_outside_holds_its_image(put: Put) -> None:
    for name in ("a", "b"):
        put(f"set/images/{name}.png", BIG)
        put(f"set/labels/{name}.txt", b"0 1 2")
    findings = found("set")
    assert gone(findings.plan(within=0)) == {"set/images/b.png", "set/labels/b.txt"}
    assert stays(findings.plan(within=0, protect=("labels/",)), "set/images/b.png") == (
        "not all of its shot can go: its b.txt is protected"
    )
    inner = found("set/images").plan(within=0)
    assert stays(inner, "set/images/b.png") == (
        "not all of its shot can go: its b.txt is outside the folders that were searched"
    )
    Path("set/labels/b.txt").unlink()
    os.symlink("a.txt", "set/labels/b.txt")
    assert "its b.txt is a symlink" in stays(findings.plan(within=0), "set/images/b.png")


def test_the_images_of_one_shot_go_as_one_or_stay(put: Put) -> None:
    other = encode(scene(5, 640, 480), "TIFF")
    for folder in ("a", "b-folder"):
        put(f"p/{folder}/x.jpg", encode(scene(1, 640, 480), quality=95))
        put(f"p/{folder}/x.dng", other)
    put("p/b-folder/x.xmp", xmp(3))
    put("p/a/x.xmp", xmp(3))
    findings = found("p", tier="copy")
    decision = one(findings.plan(within=0))
    assert decision.path == "p/b-folder/x.jpg"
    assert {part.path: part.keeper for part in decision.parts} == {
        "p/b-folder/x.dng": "p/a/x.dng",
        "p/b-folder/x.xmp": "p/a/x.xmp",
    }
    plan = findings.plan(within=0, protect=("b-folder/*.dng",))
    assert gone(plan) == set()
    assert "x.dng" in stays(plan, "p/b-folder/x.jpg")
    put("p/a/x.dng", encode(scene(6, 640, 480), "TIFF"))
    apart = found("p", tier="copy").plan(within=0)
    assert gone(apart) == set()
    assert len(gone(found("p", tier="copy").plan(within=0, units=False))) == 1


@pytest.mark.parametrize("seed", range(6))
def test_any_plan_is_sound(put: Put, seed: int) -> None:
    """Random trees and options: nothing protected goes, each removal names what stays, and the same plan comes again."""
    random = np.random.default_rng(seed)
    gray = scene(1, 640, 480).convert("L")
    contents = [BIG, SMALL, encode(gray, "PNG"), encode(gray.resize((320, 240)), quality=80), tagged("Canon")]
    folders = ["p/a", "p/b/c", "ref", "p/keep", "p/x.lrlibrary"]
    for number in range(24):
        content = int(random.integers(len(contents)))
        path = f"{folders[int(random.integers(len(folders)))]}/{number}"
        ending = ".png" if contents[content].startswith(b"\x89") else ".jpg"
        put(path + ending, contents[content])
        kind = random.integers(6)
        if kind == 0:
            os.link(path + ending, f"{path}-linked{ending}")
        elif kind == 1:
            os.symlink(f"{number}{ending}", f"{path}-symlink{ending}")
        elif kind == 2:
            put(path + ".xmp", xmp(3))
    findings = found("p", against=["ref"]) if seed % 2 else found("p", "ref")
    options: dict[str, Any] = {
        "tier": "edit", "within": 0, "protect": ("keep/",), "metadata": ("stay", "merge", "drop")[seed % 3],
        "allow_loss": ("colour",), "units": seed % 4 != 0,
    }  # fmt: skip
    plan = findings.plan(**options)  # checked by plan.check
    again = findings.plan(**options)
    assert replace(again, created=plan.created) == plan
    names = {decision.path for decision in plan.decisions}
    parts = {part.path for decision in plan.removals for part in decision.parts}
    members = {member.ref.path for group in findings.groups for member in group.members}
    assert names <= members
    assert members <= names | parts
    for decision in plan.removals:
        for path in (decision.path, *(part.path for part in decision.parts)):
            assert not path.startswith("p/keep/")
            assert ".lrlibrary" not in path
            assert not (seed % 2 and path.startswith("ref/"))
        assert not os.path.samefile(decision.path, str(decision.keeper))
    for decision in plan.decisions:
        if decision.verdict == "keep" and os.path.islink(decision.path):
            assert os.path.realpath(decision.path) not in {os.path.realpath(path) for path in gone(plan)}
    assert plan.removals


def test_what_was_decided_to_be_different_stays(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.jpg", SMALL)
    put("p/c.png", BIG)
    findings = found("p")
    small = next(member.ref.digest for member in findings.groups[0].members if member.ref.path == "p/b.jpg")
    plan = make_plan(
        findings.groups, findings.by_root, options=KeepOptions(), apart=lambda keeper, other: small in (keeper, other)
    )
    assert gone(plan) == {"p/c.png"}
    assert stays(plan, "p/b.jpg") == "decided to be no duplicate (lookalike decide)"


def test_a_keeper_outside_its_group_holds(put: Put) -> None:
    put("p/a.png", BIG)
    put("p/b.png", BIG)
    findings = found("p")
    (group,) = findings.groups
    odd = Group(1, (group.members[0], replace(group.members[1], keeper="p/none.png")), "star", 0, 0)
    plan = make_plan([odd], findings.by_root, options=KeepOptions())
    assert stays(plan, "p/b.png") == "its keeper is not in its group"


def test_of_images_that_are_said_to_keep_themselves_or_each_other_one_stays(put: Put) -> None:
    for name in "abc":
        put(f"p/{name}.png", BIG)
    findings = found("p")
    ((first, second, third),) = (group.members for group in findings.groups)
    for keepers, goes in ((("p/b.png", "p/c.png"), set()), (("p/c.png", "p/b.png"), {"p/b.png"})):
        edited = replace(second, keeper=keepers[0]), replace(third, keeper=keepers[1])
        plan = make_plan([Group(1, (first, *edited), "star", 0, 0)], findings.by_root, options=KeepOptions())
        assert (gone(plan), plan.orient) == (goes, "upright")
        assert stays(plan, "p/c.png") == "its keeper is not in its group"
