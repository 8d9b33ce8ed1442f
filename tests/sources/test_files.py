"""The walk over real folders: order, identity, cycles, links, what is passed over and what could not be listed."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.options import ScanOptions
from lookalike.sources import files
from lookalike.sources.files import Walk
from lookalike.sources.folders import Folder
from lookalike.sources.roots import open_root
from lookalike.sources.volumes import volume_of

NOBODY = 65534
Put = Callable[..., Path]
needs_posix = pytest.mark.skipif(os.name == "nt", reason="POSIX names and permissions")


def walk(*paths: str | Path, **options: object) -> list[Folder]:
    roots = [open_root(str(path)) for path in paths]
    walker = Walk(ScanOptions(**options), roots)  # type: ignore[arg-type]
    return [folder for position, root in enumerate(roots) for folder in walker.folders(root, position)]


def names(folders: list[Folder]) -> list[str]:
    """Return the path of every file, in the order of listing."""
    return [os.path.join(folder.path, entry.name) for folder in folders for entry in folder.entries]


def skipped(folders: list[Folder]) -> dict[str, int]:
    return {kind: sum(folder.skipped[kind] for folder in folders) for folder in folders for kind in folder.skipped}


def test_a_folder_of_many_names_comes_in_parts(tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        put(f"{number}.png", b"x")
        put(f"below {number}/a.png", b"x")
    (tmp_path / "lost.png").symlink_to("nowhere")
    (tmp_path / "pipes").symlink_to("nowhere")
    whole = walk(tmp_path)
    assert all(folder.first for folder in whole)
    monkeypatch.setattr(files, "PART_NAMES", 3)
    parts = walk(tmp_path)
    here = [part for part in parts if part.path == str(tmp_path)]
    assert [part.first for part in here] == [True] + 5 * [False]
    assert [len(part.entries) + len(part.failures) for part in here] == [3, 3, 1, 0, 1, 0]
    assert here[0].present == set(os.listdir(tmp_path))
    assert names(parts) == names(whole)
    assert skipped(parts) == skipped(whole) == {"broken symlink": 1}
    assert [unread.path for part in parts for unread in part.failures] == [str(tmp_path / "lost.png")]
    assert [part.listed_ns for part in here] == sorted(part.listed_ns for part in here)


def test_a_part_is_listed_only_when_its_turn_comes(tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that reading a folder starts before all of it was looked at, and its times say when it was looked at."""
    monkeypatch.setattr(files, "PART_NAMES", 1)
    put("a.png", b"x")
    later = put("b.png", b"x")
    root = open_root(str(tmp_path))
    parts = Walk(ScanOptions(), [root]).folders(root, 0)
    first = next(parts)
    assert [entry.name for entry in first.entries] == ["a.png"]
    later.write_bytes(b"more")
    (part,) = parts
    assert [(entry.name, entry.size) for entry in part.entries] == [("b.png", 4)]
    assert first.listed_ns < part.listed_ns >= later.stat().st_mtime_ns


@contextlib.contextmanager
def powerless() -> Iterator[Path]:
    """Give a folder, and no more rights than anybody has."""
    with tempfile.TemporaryDirectory() as folder:
        root = os.geteuid() == 0
        if root:
            os.chmod(folder, 0o777)
            os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)


def test_parents_come_before_what_they_contain_and_names_are_sorted(tmp_path: Path, put: Put) -> None:
    for name in ("b/2.png", "b/10.png", "a.png", "c.png", "B/x.png", "b/a/z.png", "b-/y.png", "é.png"):
        put(name, b"x")
    folders = walk(tmp_path)
    assert [os.path.relpath(folder.path, tmp_path) for folder in folders] == [".", "B", "b", "b/a", "b-"]
    assert [[entry.name for entry in folder.entries] for folder in folders] == [
        ["a.png", "c.png", "é.png"], ["x.png"], ["10.png", "2.png"], ["z.png"], ["y.png"],
    ]  # fmt: skip
    assert all(folder.complete and folder.root == 0 for folder in folders)


def test_an_entry_is_what_the_system_says(tmp_path: Path, put: Put) -> None:
    path = put("sub/a.png", b"12345")
    (folder,) = walk(tmp_path / "sub")
    (entry,) = folder.entries
    status = path.stat()
    assert (entry.name, entry.size, entry.mtime_ns) == ("a.png", 5, status.st_mtime_ns)
    assert (entry.device, entry.inode, entry.symlink) == (status.st_dev, status.st_ino, False)
    volume = volume_of(str(tmp_path))
    assert (folder.volume, folder.key) == (volume.id, volume.key(str((tmp_path / "sub").resolve())))
    assert folder.present == {"a.png"}


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c.d", " ", "é"]), min_size=1, max_size=4), max_size=12))
@settings(deadline=None, max_examples=25)
def test_every_file_of_any_tree_is_listed_once(paths: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        for path in paths:
            with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                Path(root, *path[:-1]).mkdir(parents=True, exist_ok=True)
                Path(root, *path).touch()
        expected = sorted(str(path) for path in Path(root).rglob("*") if path.is_file())
        found = names(walk(root))
        assert sorted(found) == expected
        assert names(walk(root, root)) == found
        assert names(walk(*(Path(root) / part for part in sorted(os.listdir(root))))) == [
            name for part in sorted(os.listdir(root)) for name in names(walk(Path(root) / part))
        ]


@needs_posix
def test_names_may_be_any_bytes(tmp_path: Path, put: Put) -> None:
    for raw in (b"no\xff.png", b"line\nbreak.png", b"sub\xfe/\x80.png", b" .png", b"-rf.png"):
        put(raw, b"x")
    found = {os.fsencode(os.path.relpath(name, tmp_path)) for name in names(walk(tmp_path))}
    assert found == {b"no\xff.png", b"line\nbreak.png", b"sub\xfe/\x80.png", b" .png", b"-rf.png"}


def test_paths_are_as_the_root_was_given(tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("photos/sub/a.png", b"x")
    monkeypatch.chdir(tmp_path)
    assert names(walk("photos")) == ["photos/sub/a.png"]
    assert names(walk("./photos/")) == ["./photos/sub/a.png"]
    assert names(walk("photos/sub/a.png")) == ["photos/sub/a.png"]
    keys = {
        (folder.volume, folder.key)
        for root in ("photos/sub", "./photos/sub/", tmp_path / "photos" / "sub")
        for folder in walk(root)
    }
    assert len(keys) == 1


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_what_two_roots_share_is_listed_once(tmp_path: Path, put: Put, order: tuple[int, ...]) -> None:
    put("a/b/x.png", b"x")
    put("a/y.png", b"x")
    roots = [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "y.png", tmp_path / "a" / "b" / "x.png"]
    found = names(walk(*(roots[at] for at in order)))
    assert sorted(map(os.path.realpath, found)) == sorted(os.path.realpath(path) for path in (roots[2], roots[3]))


def test_a_single_file_says_nothing_of_its_folder(put: Put) -> None:
    path = put("a.png", b"x")
    put("b.png", b"x")
    (folder,) = walk(path)
    assert [entry.name for entry in folder.entries] == ["a.png"]
    assert not folder.complete


@needs_posix
def test_links_to_files_are_read_and_links_to_folders_are_not_entered(tmp_path: Path, put: Put) -> None:
    put("photos/a.png", b"12345")
    (tmp_path / "photos" / "b.png").symlink_to("a.png")
    (tmp_path / "photos" / "deep").symlink_to(tmp_path / "photos", target_is_directory=True)
    (tmp_path / "photos" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "photos" / "gone.txt").symlink_to("nowhere.txt")
    (folder,) = walk(tmp_path / "photos")
    one, other = folder.entries
    assert (one.symlink, other.symlink) == (False, True)
    assert (one.device, one.inode, one.size) == (other.device, other.inode, other.size)
    assert folder.skipped == {"symlinked folder": 1, "broken symlink": 1}
    assert [(Path(unread.path).name, unread.kind) for unread in folder.failures] == [("gone.png", "not-here")]
    assert folder.complete
    assert "gone.png" in folder.present
    (tmp_path / "root").symlink_to(tmp_path / "photos", target_is_directory=True)
    assert names(walk(tmp_path / "root")) == [str(tmp_path / "root" / name) for name in ("a.png", "b.png")]


@needs_posix
def test_cycles_end_when_links_are_followed(tmp_path: Path, put: Put) -> None:
    put("photos/a.png", b"x")
    put("outside/b.png", b"x")
    (tmp_path / "photos" / "self").symlink_to(".", target_is_directory=True)
    (tmp_path / "photos" / "up").symlink_to("..", target_is_directory=True)
    (tmp_path / "outside" / "back").symlink_to(tmp_path / "photos", target_is_directory=True)
    folders = walk(tmp_path / "photos", follow_symlinks=True)
    assert sorted(os.path.basename(name) for name in names(folders)) == ["a.png", "b.png"]
    keys = {Path(folder.path).resolve(): folder.key for folder in folders}
    volume = volume_of(str(tmp_path))
    assert keys[tmp_path.resolve() / "outside"] == volume.key(str(tmp_path.resolve() / "outside"))


@needs_posix
def test_what_is_neither_file_nor_folder_is_counted(tmp_path: Path, put: Put) -> None:
    put("a.png", b"x")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    put("x.jpg/inside.png", b"x")  # a folder by the name of an image
    folders = walk(tmp_path)
    assert [os.path.relpath(name, tmp_path) for name in names(folders)] == ["a.png", "x.jpg/inside.png"]
    assert skipped(folders) == {"not a regular file": 1}
    assert [Path(unread.path).name for unread in folders[0].failures] == ["loop.png"]


def test_skipped_folders_are_counted_by_kind_and_entered_as_roots(tmp_path: Path, put: Put) -> None:
    for name in (
        "a.png",
        "@eaDir/t.png",
        "x/.git/t.png",
        "Cat.lrdata/t.png",
        "$RECYCLE.BIN/t.png",
        ".lookalike-quarantine/t.png",
    ):
        put(name, b"x")
    folders = walk(tmp_path)
    assert names(folders) == [str(tmp_path / "a.png")]
    assert skipped(folders) == {
        "preview cache": 2, "version control": 1, "trash or history": 1, "lookalike's own quarantine": 1,
    }  # fmt: skip
    assert names(walk(tmp_path / "@eaDir")) == [str(tmp_path / "@eaDir" / "t.png")]


def test_globs_and_ignore_files(tmp_path: Path, put: Put) -> None:
    for name in ("a.png", "a.jpg", "raw/b.png", "raw/deep/c.png", "raw/deep/keep.png"):
        put(name, b"x")
    assert len(names(walk(tmp_path))) == 5
    assert [Path(name).name for name in names(walk(tmp_path, include=("*.jpg",)))] == ["a.jpg"]
    excluded = walk(tmp_path, exclude=("/raw",))
    assert [Path(name).name for name in names(excluded)] == ["a.jpg", "a.png"]
    assert skipped(excluded) == {"excluded": 1}
    put(".lookalikeignore", b"*.png\n!a.png\n")
    put("raw/deep/.lookalikeignore", b"!keep.png\n")
    folders = walk(tmp_path)
    images = [os.path.relpath(name, tmp_path) for name in names(folders) if not name.endswith("ignore")]
    assert images == ["a.jpg", "a.png", "raw/deep/keep.png"]
    assert skipped(folders) == {"excluded": 2}


def test_a_line_of_an_ignore_file_that_is_no_glob_is_a_failure_of_its_own(tmp_path: Path, put: Put) -> None:
    put(".lookalikeignore", b"a.png\n!\n")
    put("a.png", b"x")
    put("b.png", b"x")
    (folder,) = walk(tmp_path)
    assert [entry.name for entry in folder.entries if entry.name.endswith("png")] == ["b.png"]
    assert [(unread.kind, unread.image) for unread in folder.failures] == [("damaged", False)]


@needs_posix
def test_only_a_line_feed_ends_a_line_of_an_ignore_file(tmp_path: Path, put: Put) -> None:
    for name in ("a\u2028b.png", "a\x0cb.png", "b.png", "c.png"):
        put(name, b"x")
    put(".lookalikeignore", "a\u2028b.png\na\x0cb.png\r\nc.png\r\n".encode())
    (folder,) = walk(tmp_path)
    assert [entry.name for entry in folder.entries if entry.name.endswith("png")] == ["b.png"]


@needs_posix
def test_an_unreadable_folder_is_a_failure_and_incomplete() -> None:
    with powerless() as root:
        for name in ("closed/a.png", "open/b.png"):
            (root / name).parent.mkdir()
            (root / name).touch()
        (root / "closed").chmod(0)
        try:
            top, closed, opened = walk(root)
        finally:
            (root / "closed").chmod(0o700)
    assert (top.complete, closed.complete, opened.complete) == (True, False, True)
    assert [(unread.kind, unread.image) for unread in closed.failures] == [("denied", False)]
    assert closed.entries == []
    assert [entry.name for entry in opened.entries] == ["b.png"]


@needs_posix
def test_a_folder_that_lists_but_may_not_be_entered_keeps_its_names() -> None:
    with powerless() as root:
        (root / "photos").mkdir()
        (root / "photos" / "a.png").touch()
        (root / "photos").chmod(0o400)
        try:
            (folder,) = walk(root / "photos")
        finally:
            (root / "photos").chmod(0o700)
    assert folder.present == {"a.png"}
    assert [(Path(unread.path).name, unread.kind) for unread in folder.failures] == [("a.png", "denied")]


@needs_posix
def test_roots_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_root(str(tmp_path / "missing"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="neither a folder nor an ordinary file"):
        open_root(str(tmp_path / "pipe"))
    with powerless() as root:
        (root / "closed").mkdir(0)
        with pytest.raises(PermissionError):
            open_root(str(root / "closed"))
        (root / "closed").chmod(0o700)


def test_a_root_knows_whether_it_is_still_there(tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    root = open_root(str(drive))
    assert root.is_there()
    drive.rename(tmp_path / "away")
    assert not root.is_there()
    drive.mkdir()
    assert not root.is_there()  # the mount point alone is not the drive
    drive.rmdir()
    (tmp_path / "away").rename(drive)
    assert root.is_there()
