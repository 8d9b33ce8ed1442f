"""Previews: decoded and encoded again whatever a file says it is, kept on disk for nobody else, and never an error."""

import io
import os
import stat
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from PIL import ExifTags, Image

import lookalike as la
from conftest import encode, scene
from lookalike.errors import DecodeError
from lookalike.limiting import SecondLooks
from lookalike.model import ImageRef
from lookalike.opening import open_catalog
from lookalike.options import ScanOptions
from lookalike.showing import previews as previews_module
from lookalike.showing.previews import SMALL, Previews, encoded, of_file, of_thumbnail
from removals import as_nobody, passable
from reviews import transparent

Put = Callable[..., Path]


def shown(data: bytes | None) -> Image.Image:
    """Return the picture of a preview, which must be a WebP file."""
    assert data is not None
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        return image.convert("RGB")


def far(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures in levels."""
    return float(np.abs(np.asarray(one, np.int64) - np.asarray(other.resize(one.size), np.int64)).mean())


def ref(path: Path, content: bytes | None = None) -> ImageRef:
    """Return where an image is, as it is now or with other content."""
    data = path.read_bytes() if content is None else content
    return ImageRef(str(path), "v", path.name, len(data), 1, 1, 1, blake3(data).digest())


# Of files


@pytest.mark.parametrize(
    ("most", "size"), [(SMALL, (128, 96)), (200, (200, 150)), (480, (480, 360)), (4000, (480, 360))]
)
def test_a_preview_is_as_large_as_asked_and_never_larger_than_the_picture(
    put: Put, most: int, size: tuple[int, int]
) -> None:
    path = put("a.jpg", encode(scene(1), quality=95))
    made = shown(of_file(str(path), None, most))
    assert made.size == size
    assert far(made, scene(1)) < 8


def test_pictures_lie_as_exif_says(put: Put) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = 6
    made = shown(of_file(str(put("a.jpg", encode(scene(1), quality=95, exif=tags))), None, SMALL))
    assert made.size == (96, 128)
    assert far(made, scene(1).transpose(Image.Transpose.ROTATE_270)) < 12


def test_what_is_transparent_is_white(put: Put) -> None:
    made = shown(
        of_file(str(put("a.png", encode(transparent(Image.new("RGB", (480, 360), "black")), "PNG"))), None, 480)
    )
    assert made.getpixel((240, 130)) == (255, 255, 255)
    assert made.getpixel((20, 20)) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "F"])
def test_pictures_of_every_mode_are_shown(put: Put, mode: str) -> None:
    image = (
        Image.fromarray(np.asarray(scene(1).convert("L"), np.uint16) * 257)
        if mode == "I;16"
        else scene(1).convert(mode)
    )
    path = put("a", encode(image, "TIFF"))
    assert shown(of_file(str(path), None, SMALL)).size == (128, 96)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is as large as that, and has next to no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def test_a_decompression_bomb_is_not_decoded(put: Put) -> None:
    with pytest.raises(DecodeError) as caught:
        of_file(str(put("a.png", bomb(60000, 60000))), None, SMALL)
    assert caught.value.kind == "limit"
    path = put("b.png", encode(scene(1), "PNG"))
    fewer, as_many = (SecondLooks(ScanOptions(max_pixels=480 * 360 - less)) for less in (1, 0))
    with pytest.raises(DecodeError):
        of_file(str(path), None, SMALL, looks=fewer)
    assert of_file(str(path), None, SMALL, looks=as_many)
    assert Previews(None, looks=fewer).get(ref(path)) is None


HOSTILE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "behind a picture": encode(scene(1), quality=80) + b"<script>alert(1)</script>",
    "in a comment": encode(scene(1), quality=80, comment=b"<script>alert(1)</script>"),
    "in exif": encode(scene(1), "PNG", exif=Image.Exif(), pnginfo=None).replace(
        b"IEND", b"IEND<script>alert(1)</script>"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_the_bytes_of_a_file_comes_out(put: Put, tmp_path: Path, name: str) -> None:
    path = put("a.jpg", HOSTILE[name])
    made = Previews(None, str(tmp_path / "kept")).get(ref(path))
    assert made is None or (shown(made).size == (128, 96) and b"script" not in made)
    assert (made is None) == (name in ("svg", "html"))


# Of thumbnails


@pytest.fixture
def known(put: Put, tmp_path: Path) -> tuple[Path, Path]:
    """Return an image that a catalog knows of, and that catalog."""
    path = put("p/a.jpg", encode(scene(1), quality=95))
    la.find(tmp_path / "p", catalog=tmp_path / "catalog", workers=1)
    return path, tmp_path / "catalog"


@pytest.mark.parametrize("what", ["gone", "changed", "damaged", "a folder"])
def test_where_a_file_is_not_what_was_found_its_thumbnail_is_shown(known: tuple[Path, Path], what: str) -> None:
    path, catalog = known
    asked = ref(path)
    path.unlink()
    if what == "changed":
        path.write_bytes(encode(scene(2)))
    elif what == "a folder":
        path.mkdir()
    elif what == "damaged":
        path.write_bytes(b"\xff\xd8\xff nothing")
    with open_catalog(str(catalog)) as store:
        for most, size in ((SMALL, (128, 96)), (64, (64, 48)), (2000, (128, 96))):
            made = shown(Previews(store).get(asked, most))
            assert made.size == size
            assert far(made, scene(1)) < 25 < far(made, scene(2))
    assert Previews(None).get(asked) is None


def test_what_the_catalog_does_not_know_has_no_preview(known: tuple[Path, Path], put: Put, tmp_path: Path) -> None:
    other = put("other.jpg", encode(scene(2)))
    asked = ref(other)
    other.unlink()
    with open_catalog(str(known[1])) as store:
        assert Previews(store).get(asked) is None
        assert Previews(store).of_thumbnail(ImageRef(str(other), "", "", 1, 1, 1, 1)) is None
        store.db.execute("DROP TABLE thumbnail")  # as if it were damaged
        assert Previews(store).of_thumbnail(ref(known[0])) is None
    assert Previews(None, str(tmp_path / "kept")).get(ImageRef(str(other), "", "", 1, 1, 1, 1)) is None


@pytest.mark.parametrize(("width", "height", "size"), [(9000, 3, (128, 1)), (1, 1, (128, 128)), (3, 4, (96, 128))])
def test_thumbnails_of_any_shape_are_shown(width: int, height: int, size: tuple[int, int]) -> None:
    made = of_thumbnail(np.full((64, 64), 80, np.uint8), np.full((8, 8, 2), 128, np.uint8), width, height)
    assert shown(made).size == size
    assert shown(made).getpixel((0, 0)) == pytest.approx((80, 80, 80), abs=3)


# Kept on disk


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_preview_is_kept_for_nobody_else_to_read(put: Put, tmp_path: Path) -> None:
    path, folder = put("a.png", encode(scene(1), "PNG")), tmp_path / "cache" / "previews"
    asked, previews = ref(path), Previews(None, str(folder))
    made = previews.get(asked)
    previews.get(asked, 200)
    path.unlink()
    assert previews.get(asked) == Previews(None, str(folder)).get(asked) == made
    assert previews.get(asked, 300) is None
    assert len(kept(folder)) == 2
    for one in kept(folder):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
        assert stat.S_IMODE(one.parent.stat().st_mode) == 0o700


def test_what_is_kept_is_of_the_content_whatever_its_name(put: Put, tmp_path: Path) -> None:
    path, previews = put("a.png", encode(scene(1), "PNG")), Previews(None, str(tmp_path / "kept"))
    first = previews.get(ref(path))
    path.write_bytes(encode(scene(2), "PNG"))
    assert previews.get(ref(path)) != first
    assert shown(previews.get(ref(path))).size == (128, 96)


@pytest.mark.parametrize("content", [b"", b"<html>", None, b"RIFF\x04\0\0\0WEBP<script>"])
def test_what_was_kept_and_is_no_longer_whole_is_made_again(put: Put, tmp_path: Path, content: bytes | None) -> None:
    path, folder = put("a.png", encode(scene(1), "PNG")), tmp_path / "kept"
    made = Previews(None, str(folder)).get(ref(path))
    (one,) = kept(folder)
    one.write_bytes(one.read_bytes()[:-20] if content is None else content)
    assert Previews(None, str(folder)).get(ref(path)) == made
    assert one.read_bytes() == made


def test_a_folder_that_cannot_be_used_is_no_error(put: Put, tmp_path: Path) -> None:
    path = put("a.png", encode(scene(1), "PNG"))
    asked, made = ref(path), of_file(str(path), None, SMALL)
    file = put("file", b"no folder")
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / asked.digest.hex()[:2] if asked.digest else shut).write_bytes(b"in the way")
    for folder in (file, file / "below", shut):
        previews = Previews(None, str(folder))
        assert previews.get(asked) == made
        previews.trim(0)
    assert file.read_bytes() == b"no folder"


def test_a_folder_of_another_user_is_no_error(put: Put, tmp_path: Path) -> None:
    path = put("a.png", encode(scene(1), "PNG"))
    asked, folder = ref(path), tmp_path / "theirs"
    made = Previews(None, str(folder)).get(asked)
    folder.chmod(0o700)

    def do() -> None:
        previews = Previews(None, str(folder))
        assert previews.get(asked) == made
        previews.trim(0)

    with passable(str(path)):
        as_nobody(do)
    assert len(kept(folder)) == 1


def test_the_oldest_previews_go_first(put: Put, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    previews = Previews(None, str(folder))
    previews.trim()  # nothing was kept yet
    for seed in range(4):
        previews.get(ref(put(f"{seed}.png", encode(scene(seed), "PNG"))))
    by_name = {path: path.stat().st_size for path in kept(folder)}
    order = sorted(by_name)
    for number, path in enumerate(order):
        os.utime(path, (number, number))
    previews.trim(sum(by_name.values()))
    assert sorted(kept(folder)) == order
    previews.trim(by_name[order[2]] + by_name[order[3]])
    assert sorted(kept(folder)) == order[2:]
    previews.trim(0)
    assert kept(folder) == []
    Previews(None).trim(0)


def test_one_that_cannot_be_put_in_its_place_leaves_nothing_behind(put: Put, tmp_path: Path) -> None:
    path, folder = put("a.png", encode(scene(1), "PNG")), tmp_path / "kept"
    made = Previews(None, str(folder)).get(ref(path))
    (one,) = kept(folder)
    one.unlink()
    one.mkdir()  # in the way
    assert Previews(None, str(folder)).get(ref(path)) == made
    assert os.listdir(one.parent) == [one.name]


def test_a_long_session_does_not_fill_the_disk(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "kept"
    monkeypatch.setattr(previews_module, "TRIM_EVERY", 20_000)
    monkeypatch.setattr(Previews.trim, "__defaults__", (20_000,))
    previews = Previews(None, str(folder))
    sizes = [len(previews.get(ref(put(f"{seed}.png", encode(scene(seed), "PNG")))) or b"") for seed in range(20)]
    assert sum(sizes) > 45_000
    assert 0 < sum(path.stat().st_size for path in kept(folder)) < 40_000


def test_several_threads_get_the_same(known: tuple[Path, Path], put: Put, tmp_path: Path) -> None:
    paths = [put(f"{seed}.png", encode(scene(seed, 320, 240), "PNG")) for seed in range(3)]
    wanted = [of_file(str(path), None, SMALL) for path in paths]
    asked, gone = [ref(path) for path in paths], ref(known[0])
    known[0].unlink()
    with open_catalog(str(known[1])) as store, ThreadPoolExecutor(8) as threads:
        previews = Previews(store, str(tmp_path / "kept"))
        made = list(threads.map(previews.get, asked * 8))
        thumbnails = set(threads.map(previews.get, [gone] * 16))
    assert made == wanted * 8
    assert len(thumbnails) == 1
    assert shown(thumbnails.pop()).size == (128, 96)
    assert len(kept(tmp_path / "kept")) == 3


def test_small_previews_are_small() -> None:
    assert len(encoded(scene(1).resize((128, 96)))) < 6000
