"""One file on its way through a worker, with real files."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from conftest import encode, scene
from lookalike.decode import decode
from lookalike.scan import examining
from lookalike.scan.examining import Outcome, Task, crashed, examine

PICTURE = encode(scene(1, 96, 64), "PNG")
Put = Callable[..., Path]


def task(path: Path, **changed: Any) -> Task:
    """Return the task for a file as it was listed."""
    status = path.stat()
    return Task(7, str(path), status.st_size, status.st_mtime_ns, (), truncated=False, max_pixels=10**8)._replace(
        **changed
    )


def kinds(outcome: Outcome) -> tuple[bool, bool, bool]:
    return outcome.skipped is not None, outcome.kind is not None, outcome.digest is not None and outcome.kind is None


def test_a_picture(put: Put) -> None:
    outcome = examine(task(put("a.png", PICTURE)))
    assert outcome.row == 7
    assert outcome.digest == blake3(PICTURE).digest()
    assert outcome.thumbnail is not None
    assert np.array_equal(outcome.thumbnail.luma, decode(PICTURE).luma)
    assert kinds(outcome) == (False, False, True)


@pytest.mark.parametrize("name", ["a.jpg", "no-ending", "a.txt", b"no\xff.png", " .png"])
def test_the_name_makes_no_difference(put: Put, name: str | bytes) -> None:
    outcome = examine(task(put(name, PICTURE)))
    assert outcome.thumbnail is not None
    assert outcome.thumbnail.format == "PNG"


def test_a_known_digest_is_not_decoded_again(put: Put) -> None:
    path = put("a.png", PICTURE)
    outcome = examine(task(path, known=(b"x" * 32, blake3(PICTURE).digest())))
    assert (outcome.digest, outcome.thumbnail) == (blake3(PICTURE).digest(), None)
    assert examine(task(path, known=(b"x" * 32,))).thumbnail is not None


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", b"hello", "not an image"),
        ("empty", b"", "not an image"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "vector graphic"),
        ("a.mov", b"\0\0\0\x14ftypqt  " + bytes(100), "video"),
        ("._a.jpg", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(100), "AppleDouble metadata"),
        ("._a", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(100), "AppleDouble metadata"),
    ],
)
def test_what_is_no_image_is_skipped_by_kind(put: Put, name: str, content: bytes, kind: str) -> None:
    outcome = examine(task(put(name, content)))
    assert outcome.skipped == kind
    assert kinds(outcome) == (True, False, False)


@pytest.mark.parametrize("content", [b"", b"hello, world", PICTURE[:-500], PICTURE[:30]])
def test_what_claims_to_be_an_image_and_is_none_is_damaged(put: Put, content: bytes) -> None:
    outcome = examine(task(put("a.png", content)))
    assert (outcome.stage, outcome.kind) == ("decode", "damaged")
    assert outcome.digest == blake3(content).digest()
    assert outcome.reason
    assert kinds(outcome) == (False, True, False)


def test_truncated_files_are_refused_or_accepted(put: Put) -> None:
    path = put("a.png", PICTURE[:-500])
    refused = examine(task(path))
    assert (refused.kind, refused.truncated) == ("damaged", True)
    accepted = examine(task(path, truncated=True))
    assert accepted.thumbnail is not None
    assert accepted.thumbnail.truncated


def test_the_pixel_limit_says_the_size(put: Put) -> None:
    outcome = examine(task(put("a.png", PICTURE), max_pixels=100))
    assert (outcome.kind, outcome.pixels) == ("limit", (96, 64))


def test_a_file_that_vanished(put: Put) -> None:
    path = put("a.png", PICTURE)
    listed = task(path)
    path.unlink()
    outcome = examine(listed)
    assert (outcome.stage, outcome.kind, outcome.gone) == ("read", "transient", True)
    assert outcome.digest is None


@pytest.mark.parametrize("content", [PICTURE + b"more", PICTURE[:-1], encode(scene(2, 96, 64), "PNG"), b""])
def test_a_file_that_changed_since_it_was_listed(put: Put, content: bytes) -> None:
    path = put("a.png", PICTURE)
    listed = task(path)
    path.write_bytes(content)
    os.utime(path, ns=(0, listed.mtime_ns + 1))
    outcome = examine(listed)
    assert (outcome.kind, outcome.digest, outcome.gone) == ("transient", None, False)
    assert "changed" in outcome.reason


def test_a_time_that_changed_alone_counts_as_a_change(put: Put) -> None:
    path = put("a.png", PICTURE)
    listed = task(path)
    os.utime(path, ns=(0, listed.mtime_ns + 1))
    assert examine(listed).kind == "transient"


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_a_name_that_became_something_else(tmp_path: Path, put: Put) -> None:
    path = put("a.png", PICTURE)
    listed = task(path)
    path.unlink()
    os.mkfifo(path)
    assert examine(listed).skipped == "not a regular file"  # and above all does not wait for a writer
    path.unlink()
    path.mkdir()
    outcome = examine(listed)
    assert kinds(outcome) != (False, False, True)
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert examine(listed._replace(path=str(tmp_path / "loop.png"))).kind == "transient"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives up the rights of root for a moment")
def test_a_file_that_may_not_be_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path("/tmp") / f"lookalike-test-{os.getpid()}"
    folder.mkdir(0o755)
    try:
        path = folder / "a.png"
        path.write_bytes(PICTURE)
        path.chmod(0o600)
        listed = task(path)
        os.seteuid(65534)
        try:
            outcome = examine(listed)
        finally:
            os.seteuid(0)
    finally:
        path.unlink()
        folder.rmdir()
    assert (outcome.stage, outcome.kind, outcome.gone) == ("read", "denied", False)


def test_a_name_that_is_too_long_is_a_limit(tmp_path: Path) -> None:
    assert examine(Task(1, str(tmp_path / ("a" * 300)), 1, 1, (), truncated=False, max_pixels=1)).kind == "limit"


def test_a_file_too_large_for_memory_is_not_read(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put("a.png", PICTURE)
    monkeypatch.setattr(examining, "MAX_FILE_BYTES", len(PICTURE) - 1)
    outcome = examine(task(path))
    assert (outcome.kind, outcome.digest) == ("limit", None)
    monkeypatch.setattr(examining, "MAX_FILE_BYTES", len(PICTURE))
    assert examine(task(path)).kind is None


def test_a_crash_is_a_failure_that_says_how(put: Put) -> None:
    listed = task(put("a.png", PICTURE))
    outcome = crashed(listed, "killed by SIGSEGV")
    assert (outcome.row, outcome.stage, outcome.kind) == (7, "decode", "damaged")
    assert "killed by SIGSEGV" in outcome.reason


def test_tasks_and_outcomes_cross_processes(put: Put) -> None:
    listed = task(put(b"no\xff.png", PICTURE))
    assert pickle.loads(pickle.dumps(listed)) == listed
    outcome = examine(listed)
    back = pickle.loads(pickle.dumps(outcome))
    assert back.digest == outcome.digest
    assert outcome.thumbnail is not None
    assert np.array_equal(back.thumbnail.luma, outcome.thumbnail.luma)
