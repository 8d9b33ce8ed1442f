"""What the walk does when names change under it, lie, lead nowhere or hide; beside `sources/test_files.py`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.options import ScanOptions
from lookalike.sources.files import Walk
from lookalike.sources.folders import Folder
from lookalike.sources.roots import open_root
from lookalike.sources.volumes import Volume, choose_mount, parse_mountinfo, volume_of

Put = Callable[..., Path]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX names, links and pipes")

PARTS = st.lists(st.sampled_from(["a", "b", " ", "é", "c.d", "\udcff", "new\nline"]), max_size=4)


def walk(*paths: str | Path, options: ScanOptions | None = None) -> list[Folder]:
    roots = [open_root(str(path)) for path in paths]
    walker = Walk(options or ScanOptions(), roots)
    return [folder for position, root in enumerate(roots) for folder in walker.folders(root, position)]


def names(folders: list[Folder]) -> list[str]:
    """Return every file but ignore files, in the order of listing."""
    found = [os.path.join(folder.path, entry.name) for folder in folders for entry in folder.entries]
    return [name for name in found if not name.endswith(".lookalikeignore")]


def inside(root: Path, folders: list[Folder]) -> list[str]:
    return [os.path.relpath(name, root) for name in names(folders)]


def test_every_name_is_present_whatever_became_of_it(tmp_path: Path, put: Put) -> None:
    for name in ("a.png", "b.txt", "out.png", "sub/c.png", ".git/d.png", b"no\xff.png"):
        put(name, b"x")
    put(".lookalikeignore", b"out.png\n")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    (tmp_path / "linked").symlink_to("sub", target_is_directory=True)
    top = walk(tmp_path)[0]
    assert top.present == set(os.listdir(tmp_path))
    assert top.complete
    assert [entry.name for entry in top.entries] == [".lookalikeignore", "a.png", "b.txt", "no\udcff.png"]
    assert dict(top.skipped) == {"excluded": 1, "not a regular file": 1, "symlinked folder": 1, "version control": 1}
    assert [os.path.basename(unread.path) for unread in top.failures] == ["gone.png"]


def test_a_folder_that_goes_away_before_its_turn_is_incomplete_and_the_walk_goes_on(tmp_path: Path, put: Put) -> None:
    for name in ("a/x.png", "b/y.png", "c/z.png"):
        put(name, b"x")
    root = open_root(str(tmp_path))
    folders = Walk(ScanOptions(), [root]).folders(root, 0)
    assert next(folders).present == {"a", "b", "c"}
    (tmp_path / "a" / "x.png").unlink()
    (tmp_path / "a").rmdir()
    (tmp_path / "b").rename(tmp_path / "elsewhere")
    (tmp_path / "b").touch()  # a file where a folder was
    gone, changed, last = folders
    assert [folder.complete for folder in (gone, changed, last)] == [False, False, True]
    assert [(unread.path, unread.image) for unread in gone.failures + changed.failures] == [
        (str(tmp_path / "a"), False),
        (str(tmp_path / "b"), False),
    ]
    assert (gone.entries, changed.present) == ([], set())
    assert inside(tmp_path, [last]) == ["c/z.png"]


def test_a_single_file_that_goes_away_before_its_turn_is_a_failure(tmp_path: Path, put: Put) -> None:
    path = put("a.png", b"x")
    root = open_root(str(path))
    path.unlink()
    (folder,) = Walk(ScanOptions(), [root]).folders(root, 0)
    assert folder.entries == []
    assert [(unread.path, unread.image) for unread in folder.failures] == [(str(path), True)]
    assert not folder.complete


@pytest.mark.parametrize("target", ["nowhere", "a.png/below", "self"])
def test_a_link_that_leads_nowhere_counts_by_its_name(tmp_path: Path, put: Put, target: str) -> None:
    put("a.png", b"x")
    for ending in (".png", ".txt"):
        (tmp_path / f"link{ending}").symlink_to(target if target != "self" else f"link{ending}")
    (folder,) = walk(tmp_path)
    assert inside(tmp_path, [folder]) == ["a.png"]
    # What claims to be an image is a failure; a link named .txt is no image that could not be read.
    assert [os.path.basename(unread.path) for unread in folder.failures if unread.image] == ["link.png"]


def test_a_folder_that_cannot_be_looked_at_is_no_image(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(17):  # 17 names of 250 bytes are more than a path may have
            os.mkdir("d" * 250, dir_fd=here)
            below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        folders = walk(tmp_path)
    finally:
        os.close(here)
    failures = [unread for folder in folders for unread in folder.failures]
    assert [(unread.kind, unread.image) for unread in failures] == [("limit", False)]


def test_a_folder_by_the_name_of_an_ignore_file_is_a_folder(tmp_path: Path, put: Put) -> None:
    put(".lookalikeignore/a.png", b"x")
    put("b.png", b"x")
    assert inside(tmp_path, walk(tmp_path)) == ["b.png", ".lookalikeignore/a.png"]


def test_an_ignore_file_that_leads_nowhere_is_told(tmp_path: Path, put: Put) -> None:
    put("b.png", b"x")
    (tmp_path / ".lookalikeignore").symlink_to("nowhere")
    (folder,) = walk(tmp_path)
    assert inside(tmp_path, [folder]) == ["b.png"]
    # What it would have kept out is read, so somebody has to hear of it.
    assert [(os.path.basename(unread.path), unread.image) for unread in folder.failures] == [
        (".lookalikeignore", False)
    ]


def test_an_ignore_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path, put: Put) -> None:
    put("b.png", b"x")
    os.mkfifo(tmp_path / ".lookalikeignore")
    code = (
        "import sys\n"
        "from lookalike.options import ScanOptions\n"
        "from lookalike.sources.files import Walk\nfrom lookalike.sources.roots import open_root\n"
        "root = open_root(sys.argv[1])\n"
        "print([entry.name for folder in Walk(ScanOptions(), [root]).folders(root, 0) for entry in folder.entries])\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True, timeout=60
        )
    except subprocess.TimeoutExpired:
        pytest.fail("the walk waits for somebody to write into the pipe")
    assert done.stdout == "['b.png']\n"


def test_the_deepest_ignore_file_decides_and_one_beside_it_has_no_say(tmp_path: Path, put: Put) -> None:
    for name in ("a.png", "x/a.png", "x/y/a.png", "x/y/z/a.png", "w/a.png", "w/only.png"):
        put(name, b"x")
    put(".lookalikeignore", b"a.png\n")
    put("x/y/.lookalikeignore", b"!a.png\n")
    put("x/y/z/.lookalikeignore", b"/a.png\n")
    put("w/.lookalikeignore", b"*\n!only.png\n")
    assert inside(tmp_path, walk(tmp_path)) == ["w/only.png", "x/y/a.png"]


def test_an_ignore_file_may_name_any_bytes(tmp_path: Path, put: Put) -> None:
    put(b"no\xff.png", b"x")
    put(b"no\xfe.png", b"x")
    put(".lookalikeignore", b"no\xff.png\n")
    assert inside(tmp_path, walk(tmp_path)) == ["no\udcfe.png"]


def test_a_folder_that_is_ignored_is_not_opened_again_by_what_is_in_it(tmp_path: Path, put: Put) -> None:
    put("raw/a.png", b"x")
    put("raw/.lookalikeignore", b"!a.png\n")
    put(".lookalikeignore", b"/raw/\n!raw/a.png\n")
    assert inside(tmp_path, walk(tmp_path)) == []


def test_globs_start_at_each_root_however_it_is_written(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one/raw/a.png", "one/b.png", "two/raw/c.png", "two/deep/raw/d.png"):
        put(name, b"x")
    monkeypatch.chdir(tmp_path)
    found = names(walk("one/", str(tmp_path / "two"), options=ScanOptions(exclude=("/raw/",))))
    assert found == ["one/b.png", str(tmp_path / "two/deep/raw/d.png")]


def test_links_to_one_folder_enter_it_once_and_exclude_holds_for_links(tmp_path: Path, put: Put) -> None:
    put("outside/a.png", b"x")
    (tmp_path / "photos").mkdir()
    for name in ("one", "two", "out"):
        (tmp_path / "photos" / name).symlink_to("../outside", target_is_directory=True)
    options = ScanOptions(follow_symlinks=True, exclude=("/one/",))
    folders = walk(tmp_path / "photos", options=options)
    assert inside(tmp_path, folders) == ["photos/out/a.png"]
    volume = volume_of(str(tmp_path))
    assert [folder.key for folder in folders] == [
        volume.key(os.path.realpath(tmp_path / part)) for part in ("photos", "outside")
    ]
    assert folders[0].skipped["excluded"] == 1


def test_a_file_named_twice_as_a_root_is_listed_once_and_a_link_is_a_name_of_its_own(tmp_path: Path, put: Put) -> None:
    path = put("photos/a.png", b"x")
    (tmp_path / "link.png").symlink_to(path)
    (tmp_path / "linked").symlink_to("photos", target_is_directory=True)
    folders = walk(path, tmp_path / "linked" / "a.png", path, tmp_path / "link.png")
    assert names(folders) == [str(path), str(tmp_path / "link.png")]
    assert [entry.symlink for folder in folders for entry in folder.entries] == [False, True]


def test_a_root_through_a_link_is_the_same_root(tmp_path: Path, put: Put) -> None:
    put("photos/a.png", b"x")
    (tmp_path / "linked").symlink_to("photos", target_is_directory=True)
    assert open_root(str(tmp_path / "linked")).identity == open_root(str(tmp_path / "photos")).identity
    assert names(walk(tmp_path / "linked", tmp_path / "photos")) == [str(tmp_path / "linked" / "a.png")]
    assert volume_of(str(tmp_path / "linked")) == volume_of(str(tmp_path / "photos"))


def test_the_key_leads_back_to_the_path(tmp_path: Path) -> None:
    real = os.path.realpath(tmp_path)
    volume = volume_of(real)
    key = volume.key(real)
    assert key.startswith(volume.prefix)
    assert os.path.join(volume.point, key[len(volume.prefix) :].lstrip("/")) == real


@given(prefix=PARTS, parts=PARTS)
def test_a_bind_mount_of_a_folder_has_the_keys_of_the_whole_drive(prefix: list[str], parts: list[str]) -> None:
    whole = Volume("uuid:1", "/mnt/drive", "", network=False)
    part = Volume("uuid:1", "/mnt/part", "/".join(prefix), network=False)
    assert part.key("/".join(["/mnt/part", *parts])) == whole.key("/".join(["/mnt/drive", *prefix, *parts]))


def test_a_mount_hidden_by_a_later_one_above_it_is_not_chosen() -> None:
    table = parse_mountinfo(
        "20 1 8:1 / / rw - ext4 /dev/root rw\n"
        "21 20 8:2 / /mnt/a/b rw - ext4 /dev/hidden rw\n"
        "22 20 8:3 / /mnt/a rw - ext4 /dev/above rw\n"
        "23 22 8:4 / /mnt/a/c rw - ext4 /dev/inner rw\n"
    )
    chosen = {path: choose_mount(table, path) for path in ("/mnt/a/b/x.png", "/mnt/a/c/x.png", "/mnt/x.png")}
    assert {path: mount and mount.origin for path, mount in chosen.items()} == {
        "/mnt/a/b/x.png": "/dev/above",
        "/mnt/a/c/x.png": "/dev/inner",
        "/mnt/x.png": "/dev/root",
    }


def test_what_was_mounted_before_the_root_is_not_hidden_by_it() -> None:
    # Early boot mounts these and moves them into the real root, whose line then comes after theirs.
    table = parse_mountinfo(
        "23 28 0:21 / /proc rw - proc proc rw\n"
        "26 28 0:23 / /run rw - tmpfs tmpfs rw\n"
        "28 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
        "31 26 8:17 / /run/media/usb rw - vfat /dev/sdb1 rw\n"
    )
    chosen = {path: choose_mount(table, path) for path in ("/run/a.png", "/run/media/usb/a.png", "/home/a.png")}
    assert {path: mount and mount.type for path, mount in chosen.items()} == {
        "/run/a.png": "tmpfs",
        "/run/media/usb/a.png": "vfat",
        "/home/a.png": "ext4",
    }


def test_a_root_that_is_its_own_parent_is_a_root() -> None:
    # Systems that stay on their first root file system (initramfs only) list it like this.
    table = parse_mountinfo("1 1 0:2 / / rw - rootfs rootfs rw\n20 1 0:45 / /mnt/nas rw - nfs4 nas:/photos rw\n")
    chosen = [choose_mount(table, path) for path in ("/mnt/nas/a.png", "/a.png")]
    assert [mount and mount.type for mount in chosen] == ["nfs4", "rootfs"]
