"""Operations on files: nothing is overwritten, nothing is lost, and nothing of them is left where they fail."""

import errno
import multiprocessing
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lookalike.errors import LedgerError, UnsafeError
from lookalike.files import Disk, calls, contents_of, digest_of, look_at, make_folders, move, sync_all
from lookalike.files.lock import only_one
from lookalike.files.quarantine import is_within, probe, shelf_of, shelves
from lookalike.journal import QUARANTINE

SHM = Path("/dev/shm")


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


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Return a folder on another file system than that of `tmp_path`."""
    if not SHM.is_dir() or os.stat(SHM).st_dev == os.stat("/tmp").st_dev:  # noqa: S108
        pytest.skip("no second file system here")
    folder = SHM / f"lookalike-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


def kinds(folder: Path) -> dict[str, Callable[[Path], None]]:
    """Return ways to take a name."""
    return {
        "file": lambda path: path.write_bytes(b"there") and None,
        "empty": lambda path: path.touch(),
        "folder": lambda path: path.mkdir(),
        "link": lambda path: path.symlink_to(folder / "somewhere"),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "pipe": lambda path: os.mkfifo(path),
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
        try:
            assert os.getxattr(target, "user.note") == b"mine"
        except OSError as error:
            assert error.errno in (errno.ENOTSUP, errno.EPERM, errno.ENODATA)  # the other file system has none
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

    def copy(self, source: str, target: str) -> None:  # type: ignore[override]
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
            assert error.errno == errno.ENOTSUP
            assert "cannot share" in error.strerror
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


def test_folders_are_made_at_any_depth_and_synced_once(tmp_path: Path) -> None:
    synced: list[str] = []

    class Watched(Disk):
        def sync(self, folder: str) -> None:  # type: ignore[override]
            synced.append(folder)

    deep = os.path.join(tmp_path, *"d" * 1010)
    make_folders(Watched(), deep)
    assert os.path.isdir(deep)
    assert len(synced) == 1010
    make_folders(Watched(), deep)
    assert len(synced) == 1010
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folders(Watched(), str(tmp_path / "file" / "below" / "it"))
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


def test_folders_that_are_gone_need_no_sync(tmp_path: Path) -> None:
    sync_all(Disk(), [str(tmp_path), str(tmp_path / "gone"), str(tmp_path)])
    with pytest.raises(FileNotFoundError):
        calls.sync_folder(str(tmp_path / "gone"))


def test_a_probe_leaves_nothing_and_says_what_it_met(tmp_path: Path) -> None:
    probe(str(tmp_path))
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        probe(str(tmp_path / "gone"))
    if Path("/proc/self").is_dir():
        with pytest.raises(OSError):  # noqa: PT011 - whatever it is, nothing can be made there
            probe("/proc/self")


def test_a_probe_without_nameless_files_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    probe(str(tmp_path))
    assert os.listdir(tmp_path) == []


def as_somebody(do: Callable[[], None], code: int = 0) -> None:
    """Run a function as a user without rights in a process of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")

    def child() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        do()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == code


@contextmanager
def open_above(path: Path) -> Iterator[None]:
    """Let anybody pass through the folders of pytest."""
    above = [folder for folder in path.parents if folder.owner() == "root" and not folder.stat().st_mode & 0o001]
    modes = [folder.stat().st_mode for folder in above]
    for folder in above:
        folder.chmod(0o755)
    yield
    for folder, mode in zip(above, modes, strict=True):
        folder.chmod(mode)


def test_the_quarantine_is_inside_where_the_parent_is_not_writable(tmp_path: Path) -> None:
    root = tmp_path / "above" / "photos"
    root.mkdir(parents=True)
    os.chown(root, 65534, 65534)
    (tmp_path / "above").chmod(0o755)

    def look() -> None:
        (shelf,) = shelves([str(root)], None)
        assert shelf.inside
        assert shelf.folder == str(root / QUARANTINE)
        probe(str(root))
        try:
            probe(str(tmp_path / "above"))
        except PermissionError:
            return
        raise AssertionError

    with open_above(root):
        as_somebody(look)


def test_the_quarantine_is_inside_where_the_parent_is_another_file_system() -> None:
    if not SHM.is_dir() or os.stat(SHM).st_dev == os.stat("/dev").st_dev:
        pytest.skip("no folder here where another file system begins")
    (shelf,) = shelves([str(SHM)], None)
    assert (shelf.inside, shelf.folder) == (True, str(SHM / QUARANTINE))


def test_quarantines_of_several_roots(tmp_path: Path) -> None:
    for name in ("a/photos", "b/photos", "b/photos-2", "a/photos/inner", "a/photos-2"):
        (tmp_path / name).mkdir(parents=True)
    names = ["a/photos", "b/photos", "b/photos-2", "a/photos/inner"]
    roots = [str(tmp_path / name) for name in names]
    beside = shelves(roots, None)
    above = {names[0]: "a", names[1]: "b", names[2]: "b", names[3]: "a"}  # of what lies in another, beside that
    assert {shelf.root: shelf.folder for shelf in beside} == {
        str(tmp_path / name): str(tmp_path / folder / QUARANTINE) for name, folder in above.items()
    }
    chosen = shelves(roots, str(tmp_path / "q"))
    assert {shelf.folder for shelf in chosen} == {str(tmp_path / "q")}
    assert len({shelf.label for shelf in chosen}) == len(roots)  # equal base names do not meet
    places = {shelf.place("x", os.path.join(shelf.root, "1.png")) for shelf in chosen}
    assert len(places) == len(roots)
    for found in (beside, chosen):
        inner = shelf_of(found, str(tmp_path / "a/photos/inner/x.png"))
        assert inner is not None
        assert inner.root == str(tmp_path / "a/photos/inner")
        assert shelf_of(found, str(tmp_path / "a/photos-2/x.png")) is None
        assert shelf_of(found, str(tmp_path / "a/photos")) is None


def test_quarantines_of_a_file_of_the_top_and_of_a_chosen_symlink(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").touch()
    (shelf,) = shelves([str(tmp_path / "photos" / "a.png")], None)
    assert (shelf.root, shelf.folder) == (str(tmp_path / "photos"), str(tmp_path / QUARANTINE))
    (top,) = shelves(["/"], None)
    assert (top.inside, top.folder, top.label) == (True, f"/{QUARANTINE}", "root")
    assert top.place("x", "/a/b") == f"/{QUARANTINE}/x/root/a/b"
    assert is_within("/a", "/")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    (chosen,) = shelves([str(tmp_path / "photos")], str(tmp_path / "link" / "q"))
    assert chosen.folder == str(tmp_path / "photos" / "q")


def _hold(path: str, ready: str) -> None:
    with only_one(path):
        Path(ready).touch()
        time.sleep(60)


def test_one_process_at_a_time_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    lock, ready = str(tmp_path / "state" / "lock"), str(tmp_path / "ready")
    process = multiprocessing.get_context("fork").Process(target=_hold, args=(lock, ready))
    process.start()
    while not os.path.exists(ready):
        time.sleep(0.01)
    with pytest.raises(UnsafeError, match=f"process {process.pid}"), only_one(lock):
        pass
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    for _ in range(2):
        with only_one(lock):
            assert Path(lock).read_text() == str(os.getpid())
            with pytest.raises(UnsafeError, match=str(os.getpid())), only_one(lock):
                pass


def test_a_lock_that_cannot_be_made_is_a_fault_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="without a lock"), only_one(str(tmp_path / "file" / "lock")):
        pass
    with pytest.raises(LedgerError, match="without a lock"), only_one(str(tmp_path)):
        pass


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
