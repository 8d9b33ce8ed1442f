"""Where volumes are mounted now: from a volume and a path within it back to a path."""

import os
from collections.abc import Iterator

from lookalike.sources import volumes
from lookalike.sources.volumes import NETWORK, Volume, parse_mountinfo, volume_of


def mounts_of(volume: str) -> list[Volume]:
    """Return where a volume is mounted.

    Parameters
    ----------
    volume : str
        Its id.

    Returns
    -------
    list of Volume
        One for each mount point; none where it is not connected.
    """
    found = []
    for point in _points(volume):
        try:
            there = volume_of(point)
        except OSError:
            continue
        if there.id == volume:
            found.append(there)
    return found


def path_within(mounts: list[Volume], key: str) -> str | None:
    """Return the path of what lies on a volume.

    Parameters
    ----------
    mounts : list of Volume
        Where the volume is mounted.
    key : str
        Path within the volume.

    Returns
    -------
    str or None
        Absolute; where several mount points lead there, one that exists. None where none does.

    Examples
    --------
    >>> path_within([Volume("uuid:1", "/mnt/usb", "photos", False)], "photos/2019/a.jpg")
    '/mnt/usb/2019/a.jpg'
    """
    paths = []
    for mount in mounts:
        above = f"{mount.prefix}/" if mount.prefix else ""
        if f"{key}/".startswith(above):
            paths.append(os.path.join(mount.point, *key[len(above) :].split("/")) if key[len(above) :] else mount.point)
    return next((path for path in paths if os.path.exists(path)), paths[0] if paths else None)


def _points(volume: str) -> Iterator[str]:
    """Yield mount points that may be of a volume; shares of other servers, which may not answer, are left alone."""
    if not volumes.MOUNTINFO.exists():
        yield volume_of(os.sep).point
        return
    for mount in parse_mountinfo(os.fsdecode(volumes.MOUNTINFO.read_bytes())):
        if mount.type not in NETWORK or f"{mount.type}:{mount.origin}" == volume:
            yield mount.point
