"""Moves, to another file system too, and folders of any depth: nothing is lost on the way."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.files import Disk, calls, digest_of, make_folders, move, sync_all
from removals import elsewhere, quick_folder

__all__ = ["elsewhere", "quick_folder"]


def _note(path: Path) -> bytes | None:
    try:
        os.setxattr(path, "user.other", b"")
    except OSError:
        return None
    return os.getxattr(path, "user.note")


def test_a_file_moves_to_another_file_system_with_all_it_has(tmp_path: Path, elsewhere: Path) -> None:
    source, target = tmp_path / "a", elsewhere / "b"
    source.write_bytes(os.urandom(3 << 20))
    source.chmod(0o4640)
    if os.geteuid() == 0:
        os.chown(source, 1234, 4321)
        source.chmod(0o4640)
    os.utime(source, ns=(10**18 + 1, 10**18 + 123_456_789))
    try:
        os.setxattr(source, "user.note", b"mine")
    except OSError:
        noted = False
    else:
        noted = True
    digest, before = digest_of(str(source)), source.lstat()
    move(Disk(), str(source), str(target))
    after = target.lstat()
    assert not source.exists()
    assert digest_of(str(target)) == digest
    for name in ("st_mode", "st_mtime_ns", "st_uid", "st_gid", "st_size"):
        assert getattr(after, name) == getattr(before, name), name
    if noted:
        assert _note(target) in (b"mine", None)  # None where the other file system has no such notes
    move(Disk(), str(target), str(source))
    assert source.lstat().st_mtime_ns == before.st_mtime_ns
    assert os.listdir(elsewhere) == []


def test_a_symlink_moves_to_another_file_system_as_it_is(tmp_path: Path, elsewhere: Path) -> None:
    link = tmp_path / "a"
    link.symlink_to("../no/such\nplace")
    os.utime(link, ns=(1, 10**18 + 5), follow_symlinks=False)
    move(Disk(), str(link), str(elsewhere / "a"))
    assert os.readlink(elsewhere / "a") == "../no/such\nplace"
    assert (elsewhere / "a").lstat().st_mtime_ns == 10**18 + 5
    assert not os.path.lexists(link)


def test_a_move_to_another_file_system_never_overwrites(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / "l").symlink_to("x")
    (elsewhere / "b").write_bytes(b"there")
    for name in ("a", "l"):
        with pytest.raises(FileExistsError):
            move(Disk(), str(tmp_path / name), str(elsewhere / "b"))
    assert (elsewhere / "b").read_bytes() == b"there"
    assert os.listdir(elsewhere) == ["b"]
    assert sorted(os.listdir(tmp_path)) == ["a", "l"]


class Spoiling(Disk):
    """Have something happen right after a copy was made."""

    def __init__(self, then: Callable[[str, str], None]) -> None:
        self._then = then

    def copy(self, source: str, target: str) -> None:
        """Copy, and then."""
        calls.copy_new(source, target)
        self._then(source, target)


def _append(path: str) -> None:
    with open(path, "ab") as file:
        file.write(b"!")


def test_a_file_that_changes_while_it_is_copied_stays(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    for then, code in (
        (lambda source, _: _append(source), errno.EIO),
        (lambda source, _: os.utime(source, ns=(0, 0)), errno.EAGAIN),
        (lambda _, target: _append(target), errno.EIO),
    ):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is what counts
            move(Spoiling(then), str(tmp_path / "a"), str(elsewhere / "b"))
        assert caught.value.errno == code
        assert os.listdir(elsewhere) == []
        assert (tmp_path / "a").read_bytes().startswith(b"mine")


def test_folders_are_made_at_any_depth_and_synced_once(quick_folder: Path) -> None:
    synced: list[str] = []

    class Watched(Disk):
        def sync(self, folder: str) -> None:
            synced.append(folder)

    deep = os.path.join(quick_folder, *"d" * 1010)
    make_folders(Watched(), deep)
    assert os.path.isdir(deep)
    assert len(synced) == 1010
    make_folders(Watched(), deep)
    assert len(synced) == 1010
    (quick_folder / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folders(Watched(), str(quick_folder / "file" / "below" / "it"))


def test_folders_that_are_gone_need_no_sync(tmp_path: Path) -> None:
    sync_all(Disk(), [str(tmp_path), str(tmp_path / "gone"), str(tmp_path)])
    with pytest.raises(FileNotFoundError):
        calls.sync_folder(str(tmp_path / "gone"))
