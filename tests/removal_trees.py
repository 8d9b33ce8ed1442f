"""Trees of files, plans over them made by hand, programs that die on the way, and what must be the same afterwards."""

import os
import shutil
import signal
import stat
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookalike import cleaning
from lookalike.errors import UsageError
from lookalike.files import Disk, calls, digest_of
from lookalike.journal import QUARANTINE, Entry
from lookalike.model import Tier
from lookalike.opening import open_ledger
from lookalike.plan import Action, Decision, KeepOptions, Part, Plan, PlanRoot
from lookalike.removal.applying import Applied
from lookalike.removal.undoing import Undone
from lookalike.stores.ledger import Ledger

OPERATIONS = [name for name in vars(Disk) if not name.startswith("_")]
DEEP = ("link", "unlink", "rename", "symlink", "mkdir", "rmdir", "fsync", "fchown")
"""What operations on files are made of, as named in `os`; not what shutil looks up in `os.supports_follow_symlinks`."""
MEMORY = "/dev/shm"
"""A file system where syncs cost nothing."""


def scratch(fallback: Path) -> Path:
    """Return a new folder, in memory where that can be."""
    if os.access(MEMORY, os.W_OK):
        return Path(os.path.realpath(tempfile.mkdtemp(dir=MEMORY, prefix="lookalike-test-")))
    return fallback


def snapshot(top: str | Path, *, inodes: bool = True) -> dict[str, tuple[Any, ...]]:
    """Return what is to be the same after an undo: names, bytes, times, modes, hard links and what symlinks say."""
    found: dict[str, tuple[Any, ...]] = {}
    first: dict[tuple[int, int], str] = {}
    for folder, folders, files in os.walk(os.fspath(top)):
        folders[:] = sorted(name for name in folders if name != QUARANTINE)
        for name in sorted([*folders, *files]):
            path = os.path.join(folder, name)
            here, status = os.path.relpath(path, top), os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                found[here] = "symlink", os.readlink(path), status.st_mtime_ns
            elif stat.S_ISDIR(status.st_mode):
                found[here] = "folder", stat.S_IMODE(status.st_mode)
            else:
                twin = first.setdefault((status.st_dev, status.st_ino), here) if inodes else here
                found[here] = digest_of(path), status.st_mtime_ns, status.st_mode, twin
    return found


def pictures(*tops: str | Path, quarantined: bool = True) -> set[bytes]:
    """Return the digests of all files below some folders."""
    found = set()
    for top in tops:
        for folder, folders, files in os.walk(os.fspath(top)):
            folders[:] = [name for name in folders if quarantined or name != QUARANTINE]
            paths = [os.path.join(folder, name) for name in files]
            found |= {digest_of(path) for path in paths if not os.path.islink(path)}
    return found


def put(path: str, content: bytes, *, mode: int = 0o644, mtime_ns: int = 1_600_000_000_123_456_789) -> None:
    """Write a file with all that an undo must bring back."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).write_bytes(content)
    os.chmod(path, mode)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def plan_of(
    base: str | Path,
    roots: Sequence[str],
    removals: Mapping[str, str],
    *,
    parts: Mapping[str, Sequence[tuple[str, str | None]]] | None = None,
    tier: Tier = Tier.EXACT,
    **options: Any,
) -> Plan:
    """Return a plan of removals, path to keeper, all relative to a folder."""
    base = os.fspath(base)

    def facts(path: str) -> tuple[int, int, bytes]:
        status = os.stat(os.path.join(base, path))
        return status.st_size, status.st_mtime_ns, digest_of(os.path.join(base, path))

    decisions = [
        Decision(path, "keep", 1, *facts(path), "first of its group") for path in dict.fromkeys(removals.values())
    ]
    for path, keeper in removals.items():
        along = tuple(Part(part, *facts(part), stays) for part, stays in (parts or {}).get(path, ()))
        link = os.path.islink(os.path.join(base, path))
        decisions.append(
            Decision(path, "remove", 1, *facts(path), "the same", keeper, tier, 1.0, parts=along, symlink=link)
        )
    absolute = [PlanRoot(root, os.path.realpath(os.path.join(base, root)), 1) for root in roots]
    return Plan("2026-01-01T00:00:00+00:00", base, tuple(absolute), KeepOptions(**options), "upright", tuple(decisions))


def nothing(base: str | Path) -> Plan:
    """Return a plan that has nothing to do but settles what was interrupted."""
    return plan_of(base, ["photos"], {})


def states(ledger: str) -> dict[str, list[Entry]]:
    """Return the entries of a journal by state."""
    found: dict[str, list[Entry]] = {}
    if os.path.exists(ledger):
        with open_ledger(ledger) as store:
            for entry in store.entries():
                found.setdefault(entry.state, []).append(entry)
    return found


@dataclass
class Steps:
    """A count of the steps of a program, and what happens at one of them."""

    at: int
    action: Callable[[str], None]
    count: int = 0
    names: list[str] = field(default_factory=list)

    def tick(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        if self.count == self.at:
            self.action(name)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            self.tick(f"before {name}")
            value = function(*args, **options)
            self.tick(f"after {name}")
            return value

        return call

    def disk(self) -> Disk:
        """Return a disk each of whose operations is two steps."""
        disk = Disk()
        for name in OPERATIONS:
            vars(disk)[name] = self.around(name, getattr(disk, name))
        return disk

    def everywhere(self) -> Disk:
        """Count commits of the ledger and what operations are made of, too; only in a process that is to end."""
        transaction = Ledger.transaction

        @contextmanager
        def counted(store: Ledger) -> Iterator[None]:
            self.tick("before a transaction")
            with transaction(store):
                yield
                self.tick("before a commit")
            self.tick("after a commit")

        vars_of: Any = Ledger
        vars_of.transaction = counted
        disk = self.disk()
        for name in DEEP:
            setattr(os, name, self.around(name, getattr(os, name)))
        for module, name in ((calls, "_system_rename"), (shutil, "copyfileobj"), (shutil, "copystat")):
            setattr(module, name, self.around(name, getattr(module, name)))
        return disk


def die(_: str) -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(body: Callable[[], object]) -> int:
    """Run something in a process of its own; return its exit code, the negative signal where one ended it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other threads of this process hold nothing that the child asks for
        child = os.fork()
    if child == 0:
        code = 1
        try:
            body()
            code = 0
        except BaseException:  # noqa: BLE001 - the parent is told by the exit code
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def trash_in(folder: str) -> None:
    """Have the trash of the desktop be in a folder; only in a process that is to end."""
    os.environ["XDG_DATA_HOME"] = folder
    for name in [name for name in sys.modules if name.startswith("send2trash")]:
        del sys.modules[name]


def take_road(road: str) -> None:
    """Have renames answer like another file system: "copy" as if each were across devices, "link" without renameat2."""
    if road == "rename":
        return
    system = calls._system_rename

    def answer(source: bytes, target: bytes) -> int:
        if road == "link":
            return 38  # ENOSYS
        return system(source, target) if os.fsencode(calls.TEMPORARY) in source else 18  # EXDEV

    calls._system_rename = answer


@dataclass(frozen=True)
class Example:
    """A tree with all kinds of duplicates, a plan for it, and what it was before."""

    base: str
    plan: Plan
    before: dict[str, tuple[Any, ...]]
    pictures: set[bytes]
    inodes: bool

    @property
    def ledger(self) -> str:
        return os.path.join(self.base, "state", "ledger.sqlite")

    @property
    def photos(self) -> str:
        return os.path.join(self.base, "photos")

    def apply(self, disk: Disk | None = None) -> Applied:
        return cleaning.apply(self.plan, ledger=self.ledger, workers=1, disk=disk)

    def settle(self, disk: Disk | None = None) -> None:
        cleaning.apply(nothing(self.base), ledger=self.ledger, workers=1, disk=disk)

    def undo(self, disk: Disk | None = None) -> list[Undone]:
        done = []
        while "done" in states(self.ledger):
            try:
                done.append(cleaning.undo(ledger=self.ledger, disk=disk))
            except UsageError:  # what is left lies in the trash
                break
            if not done[-1].files:
                break
        return done

    def purge(self, disk: Disk | None = None) -> None:
        for row in cleaning.history(ledger=self.ledger):
            cleaning.purge(row.name, ledger=self.ledger, disk=disk)

    def check_nothing_lost(self, *, quarantined: bool = True) -> None:
        assert self.pictures <= pictures(self.base, quarantined=quarantined)

    def check_identical(self) -> None:
        assert snapshot(self.photos, inodes=self.inodes) == self.before

    def check_settled(self) -> None:
        assert "doing" not in states(self.ledger)


def example(base: str | Path, action: Action, *, inodes: bool = True) -> Example:
    """Make a tree with nested roots, sidecars, hard links, a symlink and strange names, and a plan that takes all it may."""
    base = os.fspath(base)
    photos = os.path.join(base, "photos")
    put(f"{photos}/a.png", b"first picture")
    put(f"{photos}/-b.png", b"first picture", mode=0o600, mtime_ns=1)
    put(f"{photos}/inner/c\n.png", b"first picture", mode=0o444)
    put(f"{photos}/inner/d.png", b"first picture")
    os.link(f"{photos}/inner/d.png", f"{photos}/inner/e.png")
    put(f"{photos}/deep/er/f\udcff.jpg", b"second picture")
    put(f"{photos}/deep/er/f.xmp", b"sidecar")
    put(f"{photos}/g.jpg", b"second picture")
    put(f"{photos}/g.xmp", b"sidecar")
    put(f"{photos}/alone.jpg", b"third picture")
    removals = {
        "photos/-b.png": "photos/a.png",
        "photos/inner/c\n.png": "photos/a.png",
        "photos/inner/d.png": "photos/a.png",
        "photos/inner/e.png": "photos/a.png",
        "photos/g.jpg": "photos/deep/er/f\udcff.jpg",
    }
    if action in ("quarantine", "delete"):
        os.symlink("../alone.jpg", f"{photos}/inner/link.jpg")
        put(f"{photos}/again.jpg", b"third picture")
        removals["photos/inner/link.jpg"] = "photos/again.jpg"
    parts: dict[str, list[tuple[str, str | None]]] = {"photos/g.jpg": [("photos/g.xmp", "photos/deep/er/f.xmp")]}
    plan = plan_of(base, ["photos", "photos/inner"], removals, parts=parts, action=action)
    return Example(base, plan, snapshot(photos, inodes=inodes), pictures(photos), inodes)
