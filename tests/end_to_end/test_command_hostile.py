"""Hostile trees and bombs: beside them all that is sound is found, every file is accounted for, and memory is bounded."""

import bz2
import io
import lzma
import os
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from album import jpeg
from command import failures, members, observed, run, write

import bombs
from bombs import BOMBS
from conftest import encode, scene

MB = 1 << 20
PAIR = frozenset({"set/a.jpg", "set/b.jpg"})
KINDS = {"damaged", "unsupported", "limit"}
PAIRED = (
    "png-pixels.png", "png-frames.png", "tiff-lzw.tif", "mpo-claimed.jpg", "ico-bomb.ico",
)  # fmt: skip
needs_linux = pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the files of Linux")


@pytest.fixture
def around(tmp_path: Path) -> Path:
    """A folder with two good copies, which every test must still find."""
    for name, quality in (("a.jpg", 90), ("b.jpg", 70)):
        write(tmp_path / "set" / name, jpeg(scene(1, 320, 240), quality))
    return tmp_path / "set"


def search(folder: Path, *told: str, code: int = 0) -> tuple[dict[str, Any], int]:
    """Find what is in the folder; return the findings and the bytes of the largest process."""
    done, most = observed("find", folder.name, "--no-catalog", "--json", *told, cwd=folder.parent)
    assert (done.code, done.errors if code == 0 else "") == (code, "")
    document = done.document
    stats = document["stats"]
    assert stats["images"] == stats["hashed"] + stats["failed"]
    assert any(group >= PAIR for group in members(document))
    return document, most


@needs_linux
def test_bombs(around: Path) -> None:
    for name, make in BOMBS.items():
        write(around / name, make())
    limits = ("--max-pixels", "16000000", "--max-memory", "256M", "--max-seconds", "1")
    document, most = search(around, *limits, "--frames", "all", "--workers", "2")
    stats = document["stats"]
    assert stats["images"] + sum(stats["skipped"].values()) == len(BOMBS) + 2
    assert {row["kind"] for row in document["failures"]} <= KINDS
    assert most < 320 * MB, "a worker has 256 MB, and the program no more of any picture"
    unread = {os.path.basename(path): row["reason"] for path, row in failures(document).items()}
    assert unread["png-header.png"] == "65535x65535 pixels, more than the limit of 16,000,000"
    assert unread["jpeg-scans.jpg"] == "its decoder took longer than 1 s: raise --max-seconds"
    for name in ("png-profile.png", "png-text.png", "png-international.png"):
        assert "too large" in unread[name]
    read = set(BOMBS) - set(unread)
    assert {"png-pixels.png", "gif-frames.gif", "tiff-loop.tif", "tiff-pages.tif", "mpo-claimed.jpg"} <= read


@needs_linux
def test_bombs_that_look_like_each_other(around: Path) -> None:
    """So that they are looked at again, in full and with all frames; of each pair one ends in a byte of its own."""
    for name in PAIRED:
        data = BOMBS[name]()
        write(around / name, data)
        write(around / f"2-{name}", data + b"x")
    document, most = search(
        around, "--max-memory", "256M", "--max-seconds", "1", "--verify", "pixels", "--workers", "1"
    )
    assert document["stats"]["images"] == 2 * len(PAIRED) + 2
    assert most < 320 * MB


def tar_of(size: int, name: str, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + data


def packed_tar(packer: Any) -> bytes:
    """Return a compressed archive: a picture, and a text that is a thousand times as large as anybody would wait for."""
    picture = encode(scene(2, 320, 240))
    first = tar_of(len(picture), "c.jpg", picture + bytes(-len(picture) % 512))
    return bytes(packer(first + tar_of(1 << 42, "endless.txt", b"") + bytes(8 * MB)))


def nested_zip(depth: int) -> bytes:
    data = bytes(MB)
    for level in range(depth):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for at in range(4):
                archive.writestr(f"{level}-{at}.zip" if level else f"{at}.png", data)
        data = buffer.getvalue()
    return data


@needs_linux
def test_archives_that_unpack_to_more_than_there_is_time_for(around: Path) -> None:
    archives = {
        "nested.zip": nested_zip(6), "endless.tar.bz2": packed_tar(bz2.compress),
        "endless.tar.xz": packed_tar(lzma.compress),
    }  # fmt: skip
    for name, data in archives.items():
        write(around.parent / name, data)
    told = ("find", "set", *archives, "--no-catalog", "--json", "--max-memory", "256M")
    done, most = observed(*told, cwd=around.parent)
    document = done.document
    assert done.code == 3, "archives that end early may hold more"
    stats, unread = document["stats"], failures(document)
    assert stats["images"] == stats["hashed"] + stats["failed"]
    assert PAIR in members(document)
    for name in ("endless.tar.bz2", "endless.tar.xz"):
        assert "after 2 members: it unpacks to more than" in unread[name]["reason"]
    assert most < 200 * MB


@needs_linux
def test_a_tree_of_everything_that_is_no_file(around: Path) -> None:
    os.mkfifo(around / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(around / "socket.png"))
    targets = (
        "/dev/zero",
        "/dev/full",
        "/dev/null",
        "/dev/tty",
        "/proc/self/mem",
        "/proc/cpuinfo",
        "/proc/self/pagemap",
    )
    for target in targets:
        (around / f"{target.replace('/', '-')}.jpg").symlink_to(target)
    for target in ("/proc/self/fdinfo", "/proc/sys/net", str(around)):
        (around / f"folder{target.replace('/', '-')}").symlink_to(target)
    document, most = search(around, "--follow-symlinks")
    skipped, unread = document["stats"]["skipped"], failures(document)
    assert skipped["not a regular file"] >= 6
    for name in ("-proc-cpuinfo.jpg", "-proc-self-pagemap.jpg"):
        assert (unread[f"set/{name}"]["kind"], unread[f"set/{name}"]["reason"]) == (
            "transient", "it changed while it was read"
        )  # fmt: skip
    assert unread["set/-proc-self-mem.jpg"]["kind"] == "transient", "its first byte gives an I/O error"
    assert most < 200 * MB


@contextmanager
def chain(top: Path, name: str, images: Sequence[int]) -> Iterator[None]:
    """Offer folders in each other, with an image at some depths, the last of which is how many there are."""
    at = os.open(top, os.O_RDONLY)
    for level in range(1, images[-1] + 1):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
        if level in images:
            with os.fdopen(os.open("c.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=at), "wb") as file:
                file.write(jpeg(scene(2, 320, 240)))
    os.close(at)
    try:
        yield
    finally:  # whoever removes it folder by folder from above has no stack for it
        first, second = top / name, top / "second"
        while (first / name).is_dir():
            (first / name).rename(second)
            (first / "c.jpg").unlink(missing_ok=True)
            first.rmdir()
            second.rename(first)


@needs_linux
def test_a_tree_that_is_deeper_than_a_path_may_be_long(around: Path) -> None:
    with chain(around, "d" * 9, [300, 1200]):
        done = run("find", "set", "--no-catalog", "--json", cwd=around.parent)
    assert done.code == 3
    document = done.document
    assert PAIR in members(document)
    assert (document["stats"]["images"], document["stats"]["hashed"]) == (3, 3), "what a path leads to is found"
    (row,) = document["failures"]
    assert (row["kind"], row["reason"]) == ("limit", "File name too long")


@needs_linux
def test_a_tree_of_a_thousand_levels(around: Path) -> None:
    with chain(around, "d", [1000]):
        document, _ = search(around)
    assert document["stats"]["hashed"] == 3
    assert document["failures"] == []


@needs_linux
def test_a_folder_of_fifty_thousand_names(around: Path) -> None:
    (around / "text").touch()
    (around / "many").mkdir()
    for number in range(50_000):
        os.link(around / "text", around / "many" / f"{number:05}.text")
    document, most = search(around)
    assert sum(document["stats"]["skipped"].values()) == 50_001
    assert most < 200 * MB


def test_names_of_every_byte(around: Path) -> None:
    data = jpeg(scene(2, 320, 240))
    names = [bytes([byte]) * 3 for byte in range(1, 256) if byte not in (0x2E, 0x2F)]
    folder = os.fsencode(around)
    try:
        for name in names:
            write(os.path.join(folder, name), data)
    except OSError:
        pytest.skip("names are Unicode here")
    document, _ = search(around)
    assert document["stats"]["hashed"] == len(names) + 2
    assert {len(group["members"]) for group in document["groups"]} == {2, len(names)}


@contextmanager
def restless(folder: Path, data: bytes) -> Iterator[None]:
    """Let files grow, shrink, go, come back and become others, as fast as it goes, while the body runs."""
    stop = threading.Event()

    def stir() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            path = folder / f"restless-{turn % 12}.jpg"
            match turn // 12 % 5:
                case 0:
                    path.write_bytes(data)
                case 1:
                    with path.open("ab") as file:
                        file.write(data)
                case 2 if path.exists():
                    os.truncate(path, len(data) // 2)
                case 3:
                    path.unlink(missing_ok=True)
                case 4:
                    (folder / "other").write_bytes(encode(scene(turn % 7, 64, 64), "PNG"))
                    (folder / "other").rename(path)

    thread = threading.Thread(target=stir)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_files_that_change_while_they_are_read(around: Path) -> None:
    for number in range(12):
        write(around / f"restless-{number}.jpg", jpeg(scene(3, 320, 240)))
    with restless(around, jpeg(scene(3, 320, 240))):
        for _ in range(3):
            document, _ = search(around, "--verify", "pixels")
            assert {row["kind"] for row in document["failures"]} <= {"transient", "damaged"}


@pytest.mark.parametrize("name", ["gif-frames.gif", "png-frames.png"])
def test_a_removal_of_a_bomb_is_refused_or_done_and_nothing_else_is_lost(around: Path, name: str) -> None:
    data = BOMBS[name]()
    write(around / name, data)
    write(around / f"2-{name}", data + b"x")
    told = ("--tier", "edit", "--flat", "--apply", "--yes", "--yes-most", "--max-seconds", "1", "--max-memory", "300M")
    done, most = observed("clean", "set", "--no-catalog", *told, cwd=around.parent)
    assert done.code in (0, 4), done.errors
    left = {path.name for path in around.iterdir() if path.is_file()}
    assert len(left & {"a.jpg", "b.jpg"}) == 1
    assert left & {name, f"2-{name}"}
    assert most < 360 * MB


def test_a_slow_bomb_is_no_reason_to_give_up_the_rest_of_a_removal(around: Path) -> None:
    slow = bombs.scans_jpeg(3000, 60)
    write(around / "slow.jpg", slow)
    write(around / "slow-2.jpg", slow + b"x")
    told = ("--flat", "--apply", "--yes", "--yes-most", "--max-seconds", "0.05")
    done = run("clean", "set", "--no-catalog", *told, cwd=around.parent)
    assert done.code == 0, done.errors
    assert sorted(path.name for path in around.iterdir() if path.is_file()) in (
        ["a.jpg", "slow-2.jpg", "slow.jpg"], ["b.jpg", "slow-2.jpg", "slow.jpg"]
    )  # fmt: skip
