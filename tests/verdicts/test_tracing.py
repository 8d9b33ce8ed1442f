"""Enlargements and lossless files saved from JPEG go, their sources stay, and words say why."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

import lookalike as la
from conftest import encode
from lookalike.opening import open_catalog
from lookalike.verdicts import tracing
from lookalike.verdicts.confirming import confirm
from test_resolved import photo

BICUBIC = Image.Resampling.BICUBIC


def reread(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


CAMERA = Image.Exif()
CAMERA[ExifTags.Base.Make] = "Camera"
SOURCE = encode(photo(1), quality=92, exif=CAMERA.tobytes())
SAVED = encode(reread(SOURCE), "PNG")
LARGE = encode(reread(SOURCE).resize((960, 720), BICUBIC), "PNG")
LARGER = encode(reread(SOURCE).resize((1440, 1080), BICUBIC), quality=97)


def found(folder: Path, **options: Any) -> dict[str, Any]:
    """Return members by name, looked for twice: with what the catalog remembers the answer is the same."""
    documents = [
        la.find(folder, catalog=folder.parent / "catalog.sqlite", workers=workers, **options).to_dict()
        for workers in (1, 3)
    ]
    assert documents[0]["groups"] == documents[1]["groups"]
    return {Path(member["path"]).name: member for group in documents[0]["groups"] for member in group["members"]}


def test_the_source_stays_and_its_enlargements_go(put: Callable[..., Path]) -> None:
    for name, data in (("a.jpg", SOURCE), ("large.png", LARGE), ("larger.jpg", LARGER)):
        put(f"photos/{name}", data)
    folder = put("photos/small.png", encode(photo(1).resize((240, 180)), "PNG")).parent
    members = found(folder)
    assert {name: member["role"] for name, member in members.items()} == {
        "a.jpg": "keeper", "large.png": "duplicate", "larger.jpg": "duplicate", "small.png": "duplicate",
    }  # fmt: skip
    assert members["large.png"]["reason"] == "resolution 480x360 > 960x720, which is an enlargement"
    assert all("pixels" not in member.get("keeper_lacks", ()) for member in members.values())
    plan = la.find(folder, use_catalog=False).plan()
    assert {Path(row.path).name for row in plan.removals} >= {"large.png", "larger.jpg"}
    batch = la.apply(plan, ledger=folder.parent / "ledger.sqlite")
    assert not batch.refused
    assert (folder / "a.jpg").exists()
    assert not (folder / "large.png").exists()


def test_a_picture_of_more_detail_stays(put: Callable[..., Path]) -> None:
    own = photo(2, 960, 720)
    put("photos/large.png", encode(own, "PNG"))
    folder = put("photos/small.png", encode(own.resize((480, 360), BICUBIC), "PNG")).parent
    members = found(folder)
    assert members["large.png"]["role"] == "keeper"
    assert members["small.png"]["reason"] == "resolution 960x720 > 480x360"


def test_without_their_source_the_smaller_of_two_enlargements_stays(put: Callable[..., Path]) -> None:
    put("photos/large.png", LARGE)
    folder = put("photos/larger.jpg", encode(reread(LARGE).resize((1920, 1440), BICUBIC), "PNG")).parent
    assert found(folder)["large.png"]["role"] == "keeper"


def test_a_small_keeper_lacks_no_pixels_of_enlargements(put: Callable[..., Path]) -> None:
    put("photos/b/large.png", LARGE)
    folder = put("photos/a/source.jpg", SOURCE).parent.parent
    members = found(folder, keep=f"folder:{folder}/a")
    assert members["large.png"].get("keeper_lacks", []) == []


def test_the_jpeg_stays_and_the_png_made_from_it_goes(put: Callable[..., Path]) -> None:
    put("photos/a.png", SAVED)
    folder = put("photos/b.jpg", SOURCE).parent
    members = found(folder)
    assert members["b.jpg"]["role"] == "keeper"
    assert members["a.png"]["reason"] == "quality 92 > lossless, but saved from JPEG"


@pytest.mark.parametrize("picture", [photo(1), reread(SOURCE)])
def test_a_lossless_file_stays_of_which_a_jpeg_was_made(picture: Image.Image, put: Callable[..., Path]) -> None:
    put("photos/a.png", encode(picture, "PNG"))
    folder = put("photos/b.jpg", encode(picture, quality=60)).parent
    members = found(folder)
    assert members["a.png"]["role"] == "keeper"
    assert members["b.jpg"]["reason"] == "quality lossless > 60"


def test_what_is_remembered_is_not_looked_at_again(put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    put("photos/large.png", LARGE)
    folder = put("photos/a.jpg", SOURCE).parent
    members = found(folder)
    monkeypatch.setattr(tracing, "enlarges", None)  # would raise when called
    assert found(folder) == members
    with open_catalog(str(folder.parent / "catalog.sqlite")) as store:
        assert store.db.execute("SELECT count(*) FROM origin WHERE found").fetchone() == (1,)


def test_the_last_look_agrees() -> None:
    seen = confirm((SOURCE, "a.jpg"), (LARGE, "large.png"))
    assert seen.lacks == ((), ())
    own = photo(2, 960, 720)
    seen = confirm((encode(own.resize((480, 360), BICUBIC), "PNG"), ""), (encode(own, "PNG"), ""))
    assert seen.lacks == (("pixels",), ())


@pytest.mark.parametrize("name", ["protect", "exclude", "include"])
def test_globs_as_a_text_are_refused(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {name: "*.jpg"}
    with pytest.raises(la.UsageError, match=rf"{name} is a list of globs, got the text '\*\.jpg': write \['\*\.jpg'\]"):
        la.find(tmp_path, **options)
