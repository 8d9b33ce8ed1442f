"""What lies where an image was found may be something else by now, or never was what its name says."""

import io
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from house import Answer, House, fill, house, open_house
from PIL import Image

from conftest import encode, scene
from lookalike.reviewing.choosing import in_order

__all__ = ["house"]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)" width="9" height="9"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
PHP = encode(scene(1, 128, 96)) + HTML  # a sound picture with something behind it


def png_bomb() -> bytes:
    """Return a small PNG of 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(6251 * 1000)))
        + chunk(b"IEND", b"")
    )


def pixels(answer: Answer) -> np.ndarray:
    assert answer["content-type"] == "image/webp"
    with Image.open(io.BytesIO(answer.body)) as image:
        return np.asarray(image.convert("L"), np.int16)


def test_what_is_no_image_is_never_served(tmp_path: Path) -> None:
    album = fill(tmp_path / "photos", (1,))
    for name, content in (
        ("a.jpg", SVG),
        ("b.jpg", SVG),
        ("c.jpg", HTML),
        ("d.jpg", HTML),
        ("e.png", png_bomb()),
        ("f.png", png_bomb()),
    ):
        (album / name).write_bytes(content)
    (album / "g.jpg").write_bytes(PHP)
    (album / "h.jpg").write_bytes(PHP)
    with open_house(album, tmp_path) as house:
        for at in range(len(house.desk.review)):
            for position, member in enumerate(in_order(house.desk.review.group(at))):
                assert os.path.basename(member.ref.path) not in {"a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.png", "f.png"}
                for size in ("small", "view", "full"):
                    answer = house.get(f"/pictures/{at}/{position}/{size}")
                    assert answer["content-type"] == "image/webp"
                    assert b"alert" not in answer.body
        assert "50000x50000 pixels, more than the limit" in house.get("/").text


def _html(path: Path) -> None:
    path.write_bytes(HTML)


def _svg(path: Path) -> None:
    path.write_bytes(SVG)


def _bomb(path: Path) -> None:
    path.write_bytes(png_bomb())


def _other(path: Path) -> None:
    path.write_bytes(encode(scene(77, 128, 96)))


def _same_size(path: Path) -> None:
    """Write another picture of as many bytes, at the same time."""
    status = path.stat()
    content = encode(scene(77, 128, 96), quality=30)
    path.write_bytes(content + bytes(status.st_size - len(content)))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _passwd(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _zero(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _socket(path: Path) -> None:
    path.unlink()
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _gone(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _huge(path: Path) -> None:
    os.truncate(path, 1 << 40)


def _secret(path: Path) -> None:
    """Lead to a picture elsewhere, which nobody asked to be looked at."""
    place = path.parent.parent / "secret.jpg"
    place.write_bytes(encode(scene(77, 128, 96)))
    path.unlink()
    path.symlink_to(place)


SWAPS = [
    _html,
    _svg,
    _bomb,
    _other,
    _same_size,
    _passwd,
    _zero,
    _pipe,
    _socket,
    _folder,
    _loop,
    _gone,
    _empty,
    _huge,
    _secret,
]


@pytest.mark.parametrize("swap", SWAPS)
def test_something_else_is_there_by_now(house: House, swap: Callable[[Path], None]) -> None:
    ordered = in_order(house.desk.review.group(0))
    names = [os.path.basename(member.ref.path) for member in ordered]
    low = next(at for at, name in enumerate(names) if "low" in name)
    before = pixels(house.get(f"/pictures/0/{low}/small"))  # kept; the larger ones are not
    other = pixels(house.get(f"/pictures/0/{1 - min(low, 1)}/small"))
    swap(Path(ordered[low].ref.path))
    for size in ("small", "view", "full"):
        answer = house.get(f"/pictures/0/{low}/{size}")
        assert answer.code == 200  # as it was: from what was seen before, or its thumbnail
        seen = pixels(answer)
        assert size != "small" or np.array_equal(seen, before)
        if seen.shape == other.shape:
            assert np.abs(seen - other).mean() < 20  # and not the other picture
    for path in (
        f"/differences/0/{low}/{1 - min(low, 1)}",
        f"/differences/0/{1 - min(low, 1)}/{low}",
        f"/differences/0/{low}/{low}",
    ):
        assert house.get(path).code == 404
    answer = house.get(f"/groups/0?with={low}")
    assert answer.code == 200
    assert "cannot be read" in answer.text
    for word in ("root:", "alert(1)"):
        assert word not in answer.text
    assert house.get("/").code == 200


@pytest.mark.parametrize("swap", [_html, _same_size, _passwd, _pipe, _folder, _gone, _huge, _secret])
def test_such_a_file_stays(house: House, swap: Callable[[Path], None]) -> None:
    """The plan and the road of `apply` look again."""
    ordered = in_order(house.desk.review.group(0))
    place = Path(next(member.ref.path for member in ordered if "low" in member.ref.path))
    assert house.post("/groups/0/accept").code == 303
    swap(place)
    house.post("/plan")
    house.done()
    assert house.desk.plan is not None
    planned = {decision.path for decision in house.desk.plan[0].removals}
    house.post("/apply", plan=house.desk.plans, most="yes")
    house.done()
    result = house.desk.result
    if str(place) in planned:
        assert str(place) in {one.path for one in getattr(result, "refused", ())}
    assert os.path.lexists(place) or swap is _gone


@pytest.mark.parametrize("swap", [_pipe, _zero, _socket, _secret, _gone])
def test_such_a_file_is_no_keeper(house: House, swap: Callable[[Path], None]) -> None:
    """Chosen to stay, it is to be looked at beside the others; where it cannot be, none goes for its sake."""
    best = Path(house.desk.review.group(0).keeper.ref.path)
    ordered = in_order(house.desk.review.group(0))
    low = next(at for at, member in enumerate(ordered) if "low" in member.ref.path)
    swap(Path(ordered[low].ref.path))
    assert house.post("/groups/0/keeper", image=low).code == 303
    assert house.get("/groups/0").code == 200
    house.post("/plan")
    house.done()
    assert house.desk.plan is not None
    assert {decision.keeper for decision in house.desk.plan[0].removals} <= {str(best)}
    house.post("/apply", plan=house.desk.plans, most="yes")
    house.done()
    assert best.is_file()  # what was found to be a duplicate of this one may still go


def test_a_time_of_no_calendar_is_shown_as_a_number(house: House) -> None:
    path = in_order(house.desk.review.group(0))[0].ref.path
    try:
        os.utime(path, ns=(0, 10**18 * 9))
    except (OSError, OverflowError):
        pytest.skip("this file system has no such times")
    assert house.get("/groups/0?with=0").code == 200


def test_a_picture_with_something_behind_it_is_a_picture_alone(tmp_path: Path) -> None:
    album = tmp_path / "photos"
    album.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (album / name).write_bytes(PHP)
    with open_house(album, tmp_path) as house:
        for path in ("/pictures/0/0/full", "/pictures/0/1/small", "/differences/0/0/1"):
            assert b"script" not in house.get(path).body
