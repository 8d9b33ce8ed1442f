"""Which volume a path lies on, so that a drive mounted elsewhere keeps its identity."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
UUIDS = Path("/dev/disk/by-uuid")
BLOCK_DEVICES = Path("/sys/dev/block")
NETWORK_READERS = 2
ROTATING_READERS = 1

NETWORK = frozenset(
    [
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.ceph",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb2",
        "smb3",
        "smbfs",
        "webdav",
    ]
)
"""File system types on which SQLite's shared memory cannot be trusted."""

KINDS = frozenset(["device", "fsid", "mount", "uuid"]) | NETWORK
"""What the id of a volume begins with, up to a colon; that of a bucket begins with its protocol."""

STABLE_INODES = frozenset(
    ["apfs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs", "reiserfs", "tmpfs", "ufs", "xfs", "zfs"]
)
"""File system types on which a file keeps its inode for life; on others (FAT, network) a new inode means nothing."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table.

    Attributes
    ----------
    device : str
        ``major:minor``.
    root : str
        The folder of the file system that is mounted.
    point : str
        Where it is mounted.
    type, origin : str
        File system type, and what is mounted (a device, a share).
    id, parent : int
        Number of the mount, and of the mount it lies on.
    """

    device: str
    root: str
    point: str
    type: str
    origin: str
    id: int
    parent: int


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system and the way from its mount point to its own root.

    Attributes
    ----------
    id : str
        The same wherever and whenever this file system is mounted, as far as the system tells.
    point : str
        Mount point.
    prefix : str
        What to put before a path below the mount point to get the path within the volume.
    network : bool
        Whether it is reached over a network.
    stable_inodes : bool
        Whether a file keeps its inode for life.
    """

    id: str
    point: str
    prefix: str
    network: bool
    stable_inodes: bool = False

    def key(self, path: str) -> str:
        """Return the path within the volume.

        Parameters
        ----------
        path : str
            An absolute path on this volume, without symlinks in its folders.

        Returns
        -------
        str
            Relative, with ``/`` between parts; empty for the root of the volume.

        Examples
        --------
        >>> Volume("uuid:1", "/mnt/usb", "photos", False).key("/mnt/usb/2019/a.jpg")
        'photos/2019/a.jpg'
        """
        inside = os.path.relpath(path, self.point)
        parts = [self.prefix, "" if inside == os.curdir else inside.replace(os.sep, "/")]
        return "/".join(part for part in parts if part)

    def path(self, key: str) -> str | None:
        """Undo `key`.

        Parameters
        ----------
        key : str
            Path within the volume.

        Returns
        -------
        str or None
            Absolute; None for what does not lie below this mount point.

        Examples
        --------
        >>> volume = Volume("uuid:1", "/mnt/usb", "photos", False)
        >>> volume.path("photos/2019/a.jpg"), volume.path("music/a.mp3")
        ('/mnt/usb/2019/a.jpg', None)
        """
        if key == self.prefix or not self.prefix:
            inside = key.removeprefix(self.prefix)
        elif key.startswith(f"{self.prefix}/"):
            inside = key[len(self.prefix) + 1 :]
        else:
            return None
        return os.path.join(self.point, *inside.split("/")) if inside else self.point


def parse_mountinfo(text: str) -> list[Mount]:
    """Parse the Linux mount table.

    Parameters
    ----------
    text : str
        Content of ``/proc/self/mountinfo`` (format: proc_pid_mountinfo(5)).

    Returns
    -------
    list of Mount
        In the order of the table; a later line hides an earlier one of the same mount point.

    Examples
    --------
    >>> parse_mountinfo("27 1 254:0 /a /mnt/my\\\\040usb rw - ext4 /dev/sdb rw")[0].point
    '/mnt/my usb'
    """
    mounts = []
    for line in text.split("\n"):  # names may hold what Unicode calls a line break
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) > 4 and len(right) > 1:
            names = [_unescape(text) for text in (left[3], left[4], right[1])]
            mounts.append(Mount(left[2], names[0], names[1], right[0], names[2], int(left[0]), int(left[1])))
    return mounts


def choose_mount(mounts: list[Mount], path: str) -> Mount | None:
    """Return the mount a path lies on.

    Parameters
    ----------
    mounts : list of Mount
        The mount table.
    path : str
        An absolute path without symlinks.

    Returns
    -------
    Mount or None
        The one that is seen there: what is mounted over a folder hides what was mounted below it before.
    """
    above = [mount for mount in mounts if path == mount.point or path.startswith(mount.point.rstrip("/") + "/")]
    known = {mount.id for mount in mounts}
    chosen = None
    # As the kernel walks a path: on each mount, the first mount point that is met leads on.
    steps = [mount for mount in above if mount.parent not in known or mount.parent == mount.id]
    while steps:
        chosen = min(steps, key=lambda mount: len(mount.point))
        steps = [mount for mount in above if mount.parent == chosen.id and mount is not chosen]
    return chosen


def volume_of(path: str) -> Volume:
    """Return the volume a path lies on.

    Parameters
    ----------
    path : str
        An existing file or folder.

    Returns
    -------
    Volume
        By the UUID of the file system where the system knows it; by server and share for network file systems; else by
        the file system's own id (statvfs) or, last, its mount point.

    Raises
    ------
    OSError
        If the path is not there.
    """
    real = os.path.realpath(path)
    os.stat(real)
    return _volume(real, _table())


def _table() -> bytes:
    """Return the mount table; empty where the system has none."""
    return MOUNTINFO.read_bytes() if MOUNTINFO.exists() else b""


def _volume(real: str, table: bytes) -> Volume:
    return _mounted(real, table) or _portable(real)


@lru_cache(maxsize=256)
def _mounted(real: str, table: bytes) -> Volume | None:
    """Return the volume of a path by a mount table; the same folder is asked for again and again."""
    mount = choose_mount(_parsed(table), real)
    if mount is None:
        return None
    prefix = mount.root.strip("/")
    if mount.type in NETWORK:
        return Volume(f"{mount.type}:{mount.origin}", mount.point, prefix, network=True)
    stable = mount.type in STABLE_INODES
    uuid = _uuid(mount.device)
    if uuid is not None:
        return Volume(f"uuid:{uuid}", mount.point, prefix, network=False, stable_inodes=stable)
    fsid = os.statvfs(real).f_fsid
    name = f"fsid:{fsid & 0xFFFFFFFFFFFFFFFF:016x}" if fsid else f"mount:{mount.type}:{mount.origin}:{mount.point}"
    return Volume(name, mount.point, prefix, network=False, stable_inodes=stable)


@lru_cache(maxsize=2)
def _parsed(table: bytes) -> list[Mount]:
    return parse_mountinfo(os.fsdecode(table))


def mounted() -> dict[str, list[Volume]]:
    """Return the volumes that are mounted now.

    Returns
    -------
    dict of str to list of Volume
        By id; of one that is mounted in several places, the one that shows most of it first. Where the system has no mount
        table, only the volume of the root folder is known.
    """
    found: dict[str, list[Volume]] = {}
    table = _table()
    for point in dict.fromkeys(mount.point for mount in _parsed(table)) or [os.path.abspath(os.sep)]:
        try:
            volume = _volume(point, table)
        except OSError:  # a mount that nobody may look at
            continue
        found.setdefault(volume.id, []).append(volume)
    for volumes in found.values():
        volumes.sort(key=lambda volume: (len(volume.prefix), volume.point))
    return found


def path_on(here: Mapping[str, Sequence[Volume]], volume: str, key: str) -> str | None:
    """Return the path of what lies on a volume; whether anything is there is not asked.

    Parameters
    ----------
    here : mapping of str to sequence of Volume
        From `mounted`.
    volume, key : str
        Id of the volume, and the path within it.

    Returns
    -------
    str or None
        Absolute; None where the volume is away, or what is mounted of it does not show that part.

    Examples
    --------
    >>> here = {"uuid:1": [Volume("uuid:1", "/mnt/usb", "photos", False)]}
    >>> path_on(here, "uuid:1", "photos/a.jpg"), path_on(here, "uuid:2", "photos/a.jpg")
    ('/mnt/usb/a.jpg', None)
    """
    found = (mount.path(key) for mount in here.get(volume, ()))
    return next((path for path in found if path is not None), None)


def readers_of(volume: Volume, device: int) -> int | None:
    """Say how many files should be read from a volume at a time.

    Parameters
    ----------
    volume : Volume
        The volume.
    device : int
        Its device number, ``st_dev``.

    Returns
    -------
    int or None
        Few for what is reached over a network, one for a rotating disk, None where it makes no difference.
    """
    if volume.network:
        return NETWORK_READERS
    if not hasattr(os, "major"):
        return None
    for place in ("queue", "../queue"):  # of a disk, or of the disk a partition is on
        try:
            flag = BLOCK_DEVICES.joinpath(f"{os.major(device)}:{os.minor(device)}", place, "rotational").read_bytes()
        except OSError:
            continue
        return ROTATING_READERS if flag.strip() == b"1" else None
    return None


def _unescape(text: str) -> str:
    raw = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), os.fsencode(text))
    return os.fsdecode(raw)


def _uuid(device: str) -> str | None:
    """Return the UUID of a block device ``major:minor``, where udev lists it."""
    if not UUIDS.is_dir():
        return None
    major, minor = map(int, device.split(":"))
    for link in sorted(UUIDS.iterdir()):
        try:
            number = link.stat().st_rdev
        except OSError:
            continue
        if (os.major(number), os.minor(number)) == (major, minor):
            return link.name
    return None


def _portable(path: str) -> Volume:
    """Walk up to the mount point; the device number is all that such systems tell."""
    point, device = path, os.stat(path).st_dev
    while os.path.dirname(point) != point and os.stat(os.path.dirname(point)).st_dev == device:
        point = os.path.dirname(point)
    return Volume(f"device:{device:x}", point, "", network=path.startswith(("\\\\", "//")))
