"""Plans written by hand, and trees compared, for tests of removal."""

import ctypes
import multiprocessing
import os
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lookalike import cleaning
from lookalike.files import digest_of
from lookalike.model import Tier
from lookalike.plan import Decision, KeepOptions, Part, Plan, PlanRoot

MEMORY = "/dev/shm"
NOBODY = 65534
CLONE_NEWNS = 0x00020000
NO_MOUNTS = 77
"""Exit code of a child that may not mount."""


class Album:
    """A folder with a root ``photos`` in it, and plans about what lies there."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.root = os.path.join(self.folder, "photos")
        self.ledger = os.path.join(self.folder, "state", "ledger.sqlite")
        os.makedirs(self.root)

    def at(self, name: str) -> str:
        """Return the whole path of a name below the root."""
        return os.path.join(self.root, name)

    def put(self, name: str, content: bytes = b"a picture") -> str:
        """Write a file below the root, some time in the past; return its path."""
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.utime(path, ns=(10**18 + 123_456_789, 10**18 + 987_654_321))
        return path

    def link(self, name: str, text: str) -> str:
        """Make a symlink below the root."""
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(text, path)
        return path

    def decide(self, name: str, keeper: str | None = None, *, parts: tuple[Part, ...] = ()) -> Decision:
        """Return what a plan would say of a name below the root as it is now."""
        path = os.path.join("photos", name)
        status = os.stat(self.at(name))
        return Decision(
            path, "keep" if keeper is None else "remove", 1, status.st_size, status.st_mtime_ns, digest_of(self.at(name)),
            "because", None if keeper is None else os.path.join("photos", keeper), None if keeper is None else Tier.EXACT,
            None if keeper is None else 1.0, parts=parts, symlink=os.path.islink(self.at(name)),
        )  # fmt: skip

    def part(self, name: str, keeper: str | None) -> Part:
        """Return what goes along with an image."""
        status = os.stat(self.at(name))
        stays = None if keeper is None else os.path.join("photos", keeper)
        return Part(os.path.join("photos", name), status.st_size, status.st_mtime_ns, digest_of(self.at(name)), stays)

    def plan(self, *decisions: Decision, roots: tuple[str, ...] = ("photos",), **options: Any) -> Plan:
        """Return a plan of decisions."""
        found = tuple(PlanRoot(root, os.path.join(self.folder, root), 0) for root in roots)
        return Plan("2026-01-01T00:00:00+00:00", self.folder, found, KeepOptions(**options), "upright", decisions)


def tree(folder: str) -> dict[bytes, tuple[object, ...]]:
    """Return all that lies below a folder: what each name is, what it holds, and of files the time and the mode."""
    return dict(_tree(os.fsencode(folder), b""))


def _tree(folder: bytes, below: bytes) -> Iterator[tuple[bytes, tuple[object, ...]]]:
    for entry in os.scandir(os.path.join(folder, below)):
        name = os.path.join(below, entry.name)
        status = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            yield name, ("link", os.readlink(entry.path))
        elif entry.is_dir():
            yield name, ("folder",)
            yield from _tree(folder, name)
        elif stat.S_ISREG(status.st_mode):
            content = Path(os.fsdecode(entry.path)).read_bytes()
            yield name, ("file", content, status.st_mtime_ns, status.st_mode, status.st_nlink)
        else:
            yield name, (stat.S_IFMT(status.st_mode),)


def refused(album: Album, *decisions: Decision, **options: Any) -> dict[str, str]:
    """Apply a plan of which everything must be refused; return why by path."""
    before = tree(album.root)
    done = cleaning.apply(album.plan(*decisions, **options), ledger=album.ledger)
    assert done.files == 0
    assert tree(album.root) == before
    return {item.path: item.reason for item in done.refused}


def apart(do: Callable[[], None]) -> int | None:
    """Run a function in a process of its own; return its exit code."""
    process = multiprocessing.get_context("fork").Process(target=do)
    process.start()
    process.join(120)
    return process.exitcode


def with_mounts(do: Callable[[], None]) -> None:
    """Run a function in a process that sees mounts of its own."""

    def child() -> None:
        library = ctypes.CDLL(None, use_errno=True)
        if library.unshare(CLONE_NEWNS) or subprocess.run(["mount", "--make-rprivate", "/"], check=False).returncode:
            os._exit(NO_MOUNTS)
        do()

    code = apart(child)
    if code == NO_MOUNTS:
        pytest.skip("no mounts of one's own are allowed here")
    assert code == 0


def mount(*arguments: str) -> None:
    """Mount something in such a process; end it where that is not allowed."""
    if subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode:
        os._exit(NO_MOUNTS)


def as_nobody(do: Callable[[], None]) -> None:
    """Run a function as a user whom permission bits bind."""
    if os.geteuid() != 0:
        do()
        return

    def child() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        do()

    assert apart(child) == 0


@contextmanager
def passable(folder: str) -> Iterator[None]:
    """Let anybody pass through the folders above one."""
    above = [path for path in Path(folder).parents if not path.stat().st_mode & 0o001]
    modes = [path.stat().st_mode for path in above]
    for path in above:
        path.chmod(path.stat().st_mode | 0o011)
    yield
    for path, mode in zip(above, modes, strict=True):
        path.chmod(mode)


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is such a file system: what is synced there is not waited for."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="lookalike-", dir=MEMORY))
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)  # deeper than `shutil.rmtree` goes


@pytest.fixture
def album(quick_folder: Path) -> Album:
    """Return an empty album."""
    return Album(quick_folder)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on another file system than that of `tmp_path`."""
    if not os.access(MEMORY, os.W_OK) or os.stat(MEMORY).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("no second file system here")
    folder = Path(tempfile.mkdtemp(prefix="lookalike-", dir=MEMORY))
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)
