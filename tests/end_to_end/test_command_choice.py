"""What is read and what is passed over: globs, ignore files, sizes, caches and trash; and what has nothing to compare."""

from pathlib import Path

import numpy as np
import pytest
from album import jpeg
from command import found, members, run, write
from PIL import Image

from conftest import encode, scene
from lookalike.decode import pixels_of


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One picture under many names; every name that is read turns up in the one group."""
    for at, name in enumerate(
        ("a.jpg", "b.png", "raw/a.jpg", "raw/keep.jpg", "raw/deep/b.png", "work/raw/c.jpg", "work/x.tmp.jpg", "UP.JPG")
    ):
        write(tmp_path / "photos" / name, jpeg(scene(1, 320, 240), 70 + at))
    return tmp_path / "photos"


ALL = {"a.jpg", "b.png", "raw/a.jpg", "raw/keep.jpg", "raw/deep/b.png", "work/raw/c.jpg", "work/x.tmp.jpg", "UP.JPG"}


def _read(photos: Path, *options: str) -> set[str]:
    (group,) = members(found("photos", *options, cwd=photos.parent))
    return {path.removeprefix("photos/") for path in group}


def test_without_options_all_is_read(photos: Path) -> None:
    assert _read(photos) == ALL


@pytest.mark.parametrize(
    ("options", "passed_over"),
    [
        (("--exclude", "*.png"), {"b.png", "raw/deep/b.png"}),
        (("--exclude", "raw/"), {"raw/a.jpg", "raw/keep.jpg", "raw/deep/b.png", "work/raw/c.jpg"}),
        (("--exclude", "/raw"), {"raw/a.jpg", "raw/keep.jpg", "raw/deep/b.png"}),
        (("--exclude", "*.png", "--exclude", "*.tmp.*"), {"b.png", "raw/deep/b.png", "work/x.tmp.jpg"}),
        (("--include", "*.jpg"), {"b.png", "raw/deep/b.png", "UP.JPG"}),
        (("--include", "*.png", "--include", "raw/a.jpg"), ALL - {"b.png", "raw/deep/b.png", "raw/a.jpg"}),
        (("--include", "*.jpg", "--exclude", "raw/"), {
            "b.png", "UP.JPG", "raw/a.jpg", "raw/keep.jpg", "raw/deep/b.png", "work/raw/c.jpg",
        }),
        (("--exclude", "raw/**", "--exclude", "!raw/keep.jpg"), {"raw/a.jpg", "raw/deep/b.png"}),
    ],
)  # fmt: skip
def test_globs(photos: Path, options: tuple[str, ...], passed_over: set[str]) -> None:
    assert _read(photos, *options) == ALL - passed_over


def test_what_globs_pass_over_is_counted(photos: Path) -> None:
    document = found("photos", "--exclude", "*.png", "--exclude", "/raw", cwd=photos.parent)
    assert document["stats"]["skipped"] == {"excluded": 2}, "a file and a folder"
    assert document["options"]["exclude"] == ["*.png", "/raw"]
    assert "2 excluded" in run("find", "photos", "--exclude", "*.png", "--exclude", "/raw", "--no-catalog", "--workers", "1",
                               cwd=photos.parent).text  # fmt: skip


def test_ignore_files(photos: Path) -> None:
    write(photos / ".lookalikeignore", b"# a comment\n*.png\n\nraw/*\n!raw/keep.jpg\n")
    assert _read(photos) == ALL - {"b.png", "raw/a.jpg", "raw/deep/b.png", "work/raw/c.jpg"} | {"work/raw/c.jpg"}
    write(photos / ".lookalikeignore", b"*.png\n*.tmp.jpg\n")
    write(photos / "raw" / ".lookalikeignore", b"!*.png\nkeep.jpg\n")
    assert _read(photos) == ALL - {"b.png", "work/x.tmp.jpg", "raw/keep.jpg"}
    write(photos / "raw" / ".lookalikeignore", b"*\n")
    assert _read(photos) == ALL - {"b.png", "work/x.tmp.jpg", "raw/a.jpg", "raw/keep.jpg", "raw/deep/b.png"}


def test_an_ignore_file_with_strange_bytes(photos: Path) -> None:
    write(photos / "caf\udce9.jpg", jpeg(scene(1, 320, 240)))
    write(photos / ".lookalikeignore", b"\xff\xfe\r\ncaf\xe9.jpg\r\n")
    assert _read(photos) == ALL


def test_a_malformed_line_does_not_switch_off_the_others(photos: Path) -> None:
    write(photos / ".lookalikeignore", b"*.png\n\\\n")
    assert _read(photos) == ALL - {"b.png", "raw/deep/b.png"}


def test_min_size(tmp_path: Path) -> None:
    for name, size in {"large": (400, 300), "even": (200, 150), "wide": (800, 100), "small": (100, 75)}.items():
        write(tmp_path / "photos" / f"{name}.png", encode(scene(1, 800, 600).resize(size), "PNG"))
    for minimum, left in (("200x150", {"large", "even"}), ("201x1", {"large", "wide"}), ("0x0", None)):
        document = found("photos", "--min-size", minimum, "--tier", "similar", cwd=tmp_path)
        count = 4 if left is None else len(left)
        assert document["stats"]["images"] == count
        assert sum(document["stats"]["skipped"].values()) == 4 - count
        names = {Path(path).stem for group in members(document) for path in group}
        assert left is None or names <= left
    (pair,) = members(found("photos", "--min-size", "200x150", cwd=tmp_path))
    assert pair == {"photos/large.png", "photos/even.png"}
    turned = Image.Exif()
    turned[0x0112] = 6
    write(tmp_path / "turned" / "a.jpg", encode(scene(2, 320, 240), "JPEG", exif=turned.tobytes()))
    assert found("turned", "--min-size", "240x320", cwd=tmp_path)["stats"]["images"] == 1, "sizes are upright"


def test_caches_trash_and_version_control_are_passed_over(photos: Path) -> None:
    kinds = {
        "preview cache": (".thumbnails", "@eaDir", "Lightroom Previews.lrdata"),
        "trash or history": ("#recycle", ".Trash", ".Trash-1000", ".Trashes", "$RECYCLE.BIN", ".stversions", ".snapshot",
                             ".snapshots"),
        "version control": (".git",),
    }  # fmt: skip
    for names in kinds.values():
        for name in names:
            write(photos / "deep" / name / "in" / "z.jpg", jpeg(scene(1, 320, 240)))
    document = found("photos", cwd=photos.parent)
    assert document["stats"]["skipped"] == {kind: len(names) for kind, names in kinds.items()}
    assert document["stats"]["images"] == len(ALL)
    text = run("find", "photos", "--no-catalog", "--workers", "1", cwd=photos.parent).text
    assert all(f"{len(names)} {kind}" in text for kind, names in kinds.items())
    named = found("photos/deep/.thumbnails", cwd=photos.parent)
    assert named["stats"]["images"] == 1, "naming one enters it"


def test_a_file_named_like_a_skipped_folder_is_read(photos: Path) -> None:
    write(photos / ".git", jpeg(scene(1, 320, 240), 50))
    assert _read(photos) == {*ALL, ".git"}


def _ramp(low: int, high: int) -> Image.Image:
    return Image.fromarray(np.broadcast_to(np.linspace(low, high, 400), (300, 400)).astype(np.uint8))


def _flat() -> dict[str, Image.Image]:
    clear = scene(1, 400, 300).convert("RGBA")
    clear.putalpha(0)
    dust = np.full((300, 400), 250, np.uint8)
    dust[::37, ::41] = 244
    return {
        "white": Image.new("RGB", (400, 300), "white"),
        "black": Image.new("RGB", (400, 300), "black"),
        "gray": Image.new("L", (400, 300), 128),
        "red": Image.new("RGB", (400, 300), "red"),
        "clear": clear,
        "none": Image.new("RGBA", (400, 300), (0, 0, 0, 0)),
        "soft": _ramp(120, 136),
        "dust": Image.fromarray(dust),
        "bit": Image.new("1", (400, 300), 1),
    }


def _write_forms(folder: Path, images: dict[str, Image.Image]) -> None:
    for name, image in images.items():
        write(folder / f"{name}.png", encode(image, "PNG"))
        write(folder / f"{name} half.png", encode(image.resize((image.width // 2, image.height // 2)), "PNG"))
        write(folder / f"{name}.jpg", encode(image.convert("RGB"), "JPEG", quality=80))


@pytest.mark.parametrize("tier", ["edit", "similar"])
def test_flat_images_are_never_joined_by_hash(tmp_path: Path, tier: str) -> None:
    _write_forms(tmp_path / "flat", _flat())
    write(tmp_path / "flat" / "white twin.png", encode(_flat()["white"], "PNG"))
    document = found("flat", "--tier", tier, "--radius", "64", cwd=tmp_path)
    for group in document["groups"]:
        paths = [row["path"] for row in group["members"]]
        assert len({pixels_of((tmp_path / path).read_bytes()).digest for path in paths}) == 1, paths
        assert {row["tier"] for row in group["members"][1:]} == {"exact"}
    assert any({"flat/white.png", "flat/white twin.png"} <= paths for paths in members(document))


@pytest.mark.parametrize("tier", ["edit", "similar"])
def test_gradients_are_never_joined_by_hash(tmp_path: Path, tier: str) -> None:
    ramps = {"full": _ramp(0, 255), "half": _ramp(64, 192), "back": _ramp(255, 0)}
    ramps["down"] = ramps["full"].transpose(Image.Transpose.ROTATE_90)
    _write_forms(tmp_path / "ramps", ramps)
    assert members(found("ramps", "--tier", tier, "--radius", "64", cwd=tmp_path)) == set()


def test_a_radius_too_wide_for_the_set_is_warned_of(tmp_path: Path) -> None:
    for seed in range(4):
        write(tmp_path / "photos" / f"{seed}.jpg", encode(scene(seed, 320, 240)))
    wide = run("find", "photos", "--no-catalog", "--radius", "30", "--json", cwd=tmp_path)
    assert (wide.code, len(wide.document["warnings"])) == (0, 1)
    assert wide.errors.startswith("lookalike: radius 30 is wide for 4 images and 64 bits: each has about ")
    advised = wide.errors.partition("use --radius ")[2].partition(",")[0]
    assert 10 <= int(advised) < 30
    usual = run("find", "photos", "--no-catalog", "--radius", advised, "--json", cwd=tmp_path)
    assert (usual.code, usual.errors, usual.document["warnings"]) == (0, "", [])


def test_a_protected_image_is_the_keeper_of_better_ones(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "best.png", encode(scene(1, 640, 480), "PNG"))
    write(tmp_path / "photos" / "album" / "small.jpg", jpeg(scene(1, 640, 480).resize((320, 240))))
    (group,) = found("photos", "--protect", "*.gif", "--protect", "/album/", cwd=tmp_path)["groups"]
    assert (group["keeper"], group["members"][0]["reason"]) == ("photos/album/small.jpg", "protected yes > no")
    (member,) = group["members"][1:]
    assert (member["path"], member["role"], "pixels" in member["keeper_lacks"]) == (
        "photos/best.png",
        "duplicate",
        True,
    )
    document = found("photos", "--protect", "photos/album/", "--units", "off", cwd=tmp_path)
    assert document["groups"][0]["keeper"] == "photos/best.png", "globs are relative to the root"
    assert (document["options"]["protect"], document["options"]["units"]) == (["photos/album/"], False)
    wrong = run("find", "photos", "--protect", "!", "--no-catalog", cwd=tmp_path)
    assert (wrong.code, "malformed glob" in wrong.errors) == (2, True)
