"""Single operations on files: nothing is overwritten, and nothing of them is left where they fail."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.files import calls, look_at
from removals import elsewhere

__all__ = ["elsewhere"]


@pytest.fixture(params=["renameat2", "link and unlink", "look first"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Take away, as older file systems do, the call that renames without replacing, and then links too."""
    if request.param != "renameat2":
        monkeypatch.setattr(calls, "_system_rename", lambda _source, _target: errno.EINVAL)
    if request.param == "look first":

        def no_links(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", no_links)
    return str(request.param)


def kinds(folder: Path) -> dict[str, Callable[[Path], None]]:
    """Return ways to take a name."""
    return {
        "file": lambda path: path.write_bytes(b"there") and None,
        "empty": Path.touch,
        "folder": lambda path: path.mkdir(),
        "link": lambda path: path.symlink_to(folder / "somewhere"),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
    }


@pytest.mark.parametrize("kind", ["file", "empty", "folder", "link", "dangling", "pipe"])
def test_a_rename_never_overwrites(tmp_path: Path, way: str, kind: str) -> None:
    (tmp_path / "somewhere").write_bytes(b"else")
    (tmp_path / "a").write_bytes(b"mine")
    kinds(tmp_path)[kind](tmp_path / "b")
    before = look_at(str(tmp_path / "b"))
    with pytest.raises(FileExistsError):
        calls.rename_new(str(tmp_path / "a"), str(tmp_path / "b"))
    assert look_at(str(tmp_path / "b")) == before
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert (tmp_path / "somewhere").read_bytes() == b"else"


def test_a_rename_keeps_all_of_a_file(tmp_path: Path, way: str) -> None:
    for make in ("file", "dangling"):
        kinds(tmp_path)[make](tmp_path / "a")
        before = look_at(str(tmp_path / "a"))
        calls.rename_new(str(tmp_path / "a"), str(tmp_path / "b"))
        assert before.moved_to(look_at(str(tmp_path / "b")))
        assert not os.path.lexists(tmp_path / "a")
        (tmp_path / "b").unlink()
    with pytest.raises(FileNotFoundError):
        calls.rename_new(str(tmp_path / "a"), str(tmp_path / "b"))


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        calls.copy_new(str(tmp_path / "a"), str(tmp_path / "b"))
    assert os.listdir(tmp_path) == []


def test_a_written_file_is_new_and_whole(tmp_path: Path) -> None:
    calls.write_new(str(tmp_path / "a"), b"one")
    with pytest.raises(FileExistsError):
        calls.write_new(str(tmp_path / "a"), b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["a"]


def test_a_clone_shares_data_or_leaves_nothing(tmp_path: Path, elsewhere: Path) -> None:
    for folder in (tmp_path, elsewhere):
        (folder / "a").write_bytes(b"mine" * 2000)
        os.utime(folder / "a", ns=(5, 10**18 + 7))
        try:
            calls.clone_new(str(folder / "a"), str(folder / "b"))
        except OSError as error:
            assert "cannot share" in str(error)  # noqa: PT017 - it may also succeed
            assert os.listdir(folder) == ["a"]
        else:
            assert (folder / "b").read_bytes() == b"mine" * 2000
            assert (folder / "b").stat().st_mtime_ns == 10**18 + 7
    with pytest.raises(OSError, match="cannot share") as caught:  # never between two file systems
        calls.clone_new(str(tmp_path / "a"), str(elsewhere / "c"))
    assert caught.value.errno == errno.ENOTSUP
    assert not (elsewhere / "c").exists()


def test_an_append_is_whole_or_undone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    calls.append(str(path), b"one\n")
    calls.append(str(path), b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    code = (
        "import resource, signal, sys; from lookalike.files import calls\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: calls.append(sys.argv[1], b'x' * 200)\n"
        "except OSError as error: print(error.errno)\n"
        "calls.append(sys.argv[1], b'three')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout == f"{errno.EFBIG}\n"
    assert path.read_bytes() == b"one\ntwo\nthree"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no file system here whose folders cannot be synced")
def test_folders_are_synced_where_the_system_can(tmp_path: Path) -> None:
    calls.sync_folder(str(tmp_path))
    calls.sync_folder("/proc/self")
    with pytest.raises(FileNotFoundError):
        calls.sync_folder(str(tmp_path / "missing"))


def test_links_take_free_names_only_and_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    calls.symlink("a", str(tmp_path / "b"))
    calls.hardlink(str(tmp_path / "b"), str(tmp_path / "c"))
    calls.hardlink(str(tmp_path / "a"), str(tmp_path / "d"))
    assert (tmp_path / "c").is_symlink()
    assert (tmp_path / "d").samefile(tmp_path / "a")
    for make in (calls.symlink, calls.hardlink):
        with pytest.raises(FileExistsError):
            make(str(tmp_path / "a"), str(tmp_path / "d"))
    assert (tmp_path / "a").stat().st_nlink == 2
