"""What is digested is an ordinary file that stays as it is."""

import hashlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from blake3 import blake3

from lookalike.files import contents_of, digest_of, sums_of


def test_only_ordinary_files_are_digested(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "to-pipe").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(tmp_path)  # names of sockets are short
        server.bind("socket")
        os.chdir(here)
        for name in ("pipe", "folder", "loop", "to-pipe", "socket", "gone"):
            with pytest.raises(OSError):  # noqa: PT011 - any will do, what matters is that none hangs
                digest_of(str(tmp_path / name))
    with pytest.raises(OSError, match="not an ordinary file"):
        digest_of("/dev/zero")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_all_readers_agree_on_a_file(tmp_path: Path, size: int) -> None:
    path, content = tmp_path / "a", b"x" * size
    path.write_bytes(content)
    digest = blake3(content).digest()
    assert digest_of(str(path)) == digest
    assert contents_of(str(path)) == (content, digest)
    assert sums_of(str(path)) == (hashlib.sha256(content).digest(), digest)


def test_a_file_that_changes_while_it_is_read_is_not_digested(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * (64 << 20))
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            os.utime(path, ns=(time.time_ns(), time.time_ns()))

    thread = threading.Thread(target=change)
    thread.start()
    try:
        with pytest.raises(OSError, match="changed while it was read"):
            contents_of(str(path))
    finally:
        stop.set()
        thread.join()
    assert contents_of(str(path))[1] == digest_of(str(path))
