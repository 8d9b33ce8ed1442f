"""What a scan settles in its own process, against what a worker makes of the same files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from conftest import encode, scene
from lookalike import decode
from lookalike.decode import can_read_raw
from lookalike.options import ScanOptions
from lookalike.scan import shortcut
from lookalike.scan.examining import Outcome, Task, examine
from lookalike.scan.shortcut import Shortcut, open_pool
from lookalike.sources.roots import open_root

Put = Callable[..., Path]
PHOTO = encode(scene(1, 320, 240), "JPEG", quality=90)
PICTURE = encode(scene(1, 96, 64), "PNG")
needs_reader = pytest.mark.skipif(
    decode.read_files([b"/dev/null"], [0], [0], [False]) != [None] or os.name == "nt", reason="no compiled reader here"
)


def task(path: Path, **changed: Any) -> Task:
    status = path.stat()
    listed = Task(7, str(path), status.st_size, status.st_mtime_ns, (), truncated=False, max_pixels=10**8)
    return listed._replace(**changed)


def settle(chunk: list[Task], *, everything: bool = False) -> list[Outcome | None]:
    way = Shortcut(everything=everything)
    return way.settle(chunk, way.read(chunk))


def same(one: Outcome, other: Outcome) -> bool:
    if (one.thumbnail is None) != (other.thumbnail is None):
        return False
    if one.thumbnail is None or other.thumbnail is None:
        return one == other
    planes = [
        np.array_equal(getattr(one.thumbnail, name), getattr(other.thumbnail, name)) for name in ("luma", "chroma")
    ]
    names = [name for name in type(one.thumbnail).__slots__ if name not in ("luma", "chroma")]
    facts = all(getattr(one.thumbnail, name) == getattr(other.thumbnail, name) for name in names)
    return all(planes) and facts and one._replace(thumbnail=None) == other._replace(thumbnail=None)


FILES = {
    "photo.jpg": PHOTO,
    "gray.jpg": encode(scene(2, 400, 300).convert("L"), "JPEG"),
    "picture.png": PICTURE,
    "no ending": PHOTO,
    "wrong.txt": PICTURE,
    "other.webp": encode(scene(3, 96, 64), "WEBP"),
    "moving.gif": encode(scene(3, 96, 64), "GIF"),
    "cut.jpg": PHOTO[:-2000],
    "cut.png": PICTURE[:-500],
    "empty.jpg": b"",
    "a.txt": b"hello",
    "movie.mp4": b"\0\0\0\x14ftypqt  " + bytes(5000),
    "._photo.jpg": b"\x00\x05\x16\x07" + bytes(100),
    "raw.nef": b"II*\0\x08\0\0\0" + bytes(100),
}


@pytest.mark.parametrize("everything", [False, True])
def test_a_chunk_of_every_kind(put: Put, *, everything: bool) -> None:
    chunk = [task(put(name, content), row=at) for at, (name, content) in enumerate(FILES.items())]
    outcomes = dict(zip(FILES, settle(chunk, everything=everything), strict=True))
    expected = dict(zip(FILES, map(examine, chunk), strict=True))
    for name, outcome in outcomes.items():
        assert outcome is None or same(outcome, expected[name]), name
    left = {name for name, outcome in outcomes.items() if outcome is None}
    settled_without_kernels = {"a.txt", "movie.mp4", "._photo.jpg", *([] if can_read_raw() else ["raw.nef"])}
    assert not settled_without_kernels & left
    assert {"other.webp", "moving.gif", "cut.jpg", "cut.png", "empty.jpg"} <= left


@needs_reader
def test_jpeg_and_png_need_no_worker(put: Put) -> None:
    chunk = [
        task(put(name, FILES[name])) for name in ("photo.jpg", "gray.jpg", "picture.png", "no ending", "wrong.txt")
    ]
    assert None not in settle(chunk)


@needs_reader
def test_a_known_digest_is_not_decoded_again(put: Put) -> None:
    (outcome,) = settle([task(put("a.jpg", PHOTO), known=(b"x" * 32, blake3(PHOTO).digest()))])
    assert outcome == Outcome(7, blake3(PHOTO).digest())


def test_over_the_pixel_limit_is_left_to_the_worker(put: Put) -> None:
    assert settle([task(put("a.jpg", PHOTO), max_pixels=320 * 240 - 1)]) == [None]


def test_other_decodings_are_left_to_the_worker(put: Put) -> None:
    listed = task(put("a.jpg", PHOTO))
    assert settle([listed._replace(thumbnail=False)]) == [None]


@pytest.mark.parametrize("change", ["longer", "shorter", "later"])
def test_a_file_that_is_not_as_listed_is_left_to_the_worker(put: Put, change: str) -> None:
    path = put("a.jpg", PHOTO)
    listed = task(path)
    path.write_bytes({"longer": PHOTO + b"x", "shorter": PHOTO[:-1], "later": PHOTO}[change])
    os.utime(path, ns=(0, listed.mtime_ns + (change == "later")))
    assert settle([listed]) == [None]


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_what_is_not_a_regular_file_is_not_waited_for(tmp_path: Path, put: Put) -> None:
    listed = task(put("a.jpg", PHOTO))
    (tmp_path / "a.jpg").unlink()
    os.mkfifo(tmp_path / "a.jpg")
    (outcome,) = settle([listed])
    assert outcome is not None
    assert outcome.skipped == "not a regular file"
    (tmp_path / "a.jpg").unlink()
    (outcome,) = settle([listed])
    assert outcome is not None
    assert (outcome.kind, outcome.gone) == ("transient", True)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files as Linux shows them")
def test_nothing_stays_open(put: Put) -> None:
    chunk = [task(put(name, content)) for name, content in FILES.items()]
    before = len(os.listdir("/proc/self/fd"))
    settle(chunk, everything=True)
    assert len(os.listdir("/proc/self/fd")) == before


def test_large_files_are_left_to_the_worker_and_cost_nothing(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = [task(put("a.jpg", PHOTO)), task(put("b.jpg", PHOTO + b"x"))]
    monkeypatch.setattr(shortcut, "MAX_BYTES", len(PHOTO))
    way = Shortcut()
    assert way.cost(chunk) == len(PHOTO)
    assert way.read(chunk)[1] is None


def test_names_of_any_bytes(put: Put) -> None:
    if os.name == "nt" or os.uname().sysname == "Darwin":
        pytest.skip("names are Unicode here")
    path = put(b"no\xff.jpg", PHOTO)
    (outcome,) = settle([task(path)])
    assert outcome is None or outcome.digest == blake3(PHOTO).digest()


@pytest.mark.parametrize(("readers", "threads"), [(None, 2), (1, 1), (5, 5)])
def test_readers_are_as_many_as_asked_for(tmp_path: Path, readers: int | None, threads: int) -> None:
    root = open_root(str(tmp_path))
    usual = threads if root.readers is None or readers is not None else root.readers
    with open_pool([root], ScanOptions(), workers=2, readers=readers) as pool:
        assert len(pool._readers) == usual
