"""One entry of the journal against the file system: do it, take it back, or find out after a crash which of the two it is.

Each of these may be interrupted at any instruction and called again: what the names on the disk say decides, and the last name
of a file is only ever removed by a purge.
"""

import contextlib
import os
import stat
from collections.abc import Iterable
from dataclasses import replace

from lookalike.errors import UnsafeError
from lookalike.files import Disk, Seen, digest_of, is_temporary, lies_at, look_at, make_folders, move
from lookalike.journal import Entry
from lookalike.plan import LINKS
from lookalike.removal.shelving import NOT_THERE, is_there

SHARING = ("hardlink", "reflink")
"""Kinds that leave the same bytes in place of a file: they are not given up for a damaged one."""
NAME_BYTES = 255
"""How long a name can be on the file systems of today."""
LOST = "it is neither where it was nor in the quarantine: somebody moved it from there"
TAKEN = (
    "it is not in the quarantine any more: somebody moved it from there, and what has its name now is something else"
)
INSIDE = "its folder leads into the quarantine now, so that both names are one: make it a folder of its own"


def act(disk: Disk, entry: Entry, content: bytes | None = None) -> None:
    """Do what an entry says.

    Parameters
    ----------
    disk : Disk
        Operations.
    entry : Entry
        What to do.
    content : bytes, optional
        Of a write: what to write.

    Raises
    ------
    OSError, UnsafeError
        If it could not be done; `settle` takes back what was, however far it got.
    """
    if entry.kind == "trash":
        disk.trash(entry.origin)
        return
    if entry.place is not None:
        _take_out(disk, entry, entry.place)
    if entry.kind in LINKS:
        _put_link(disk, entry)
    elif entry.kind == "write":
        assert content is not None
        disk.write(entry.origin, content)


def _take_out(disk: Disk, entry: Entry, place: str) -> None:
    """Move a file into the quarantine; raise if it turns out to be another than the one that was looked at."""
    before = look_at(entry.origin)
    renamed = move(disk, entry.origin, place, exact=True)
    after = look_at(place)
    if not _is(after, entry) or (renamed and not before.moved_to(after)):
        raise UnsafeError("it was replaced while it was being moved")


def _put_link(disk: Disk, entry: Entry) -> None:
    assert entry.keeper is not None
    if entry.kind == "hardlink":
        disk.hardlink(entry.keeper, entry.origin)
    elif entry.kind == "symlink":
        disk.symlink(link_text(entry), entry.origin)
    else:
        disk.reflink(entry.keeper, entry.origin)


def link_text(entry: Entry) -> str:
    """Return what the symlink says that an entry leaves behind.

    Parameters
    ----------
    entry : Entry
        Of the kind symlink.

    Returns
    -------
    str
        The keeper, relative to the folder of the link, so that both can be moved together.
    """
    assert entry.keeper is not None
    return os.path.relpath(entry.keeper, os.path.dirname(entry.origin))


def take_back(disk: Disk, entry: Entry) -> str | None:
    """Undo what an entry did, as far as it did it.

    Parameters
    ----------
    disk : Disk
        Operations.
    entry : Entry
        What to undo.

    Returns
    -------
    str or None
        Where the file is now, if its place is taken by something that has appeared since; None where it is back.

    Raises
    ------
    OSError, UnsafeError
        If it cannot be; nothing is lost then.
    """
    if entry.kind == "trash":
        raise UnsafeError("it is in the trash of the desktop: restore it there")
    if entry.place is None:  # a file was written where there was none
        _unwrite(disk, entry)
        return None
    at_origin, at_place = _names(entry, entry.place)
    if not at_place:
        if at_origin and _is_back(entry):
            return None
        raise UnsafeError(NOT_THERE if not is_there(entry.place) else TAKEN if at_origin else LOST)
    if at_origin:
        if _is_ours(entry) and (entry.kind not in SHARING or _holds(entry.place, entry)):
            disk.remove(entry.origin)
        elif _is_copy(entry.origin, entry.place):  # it was on its way back already, or somebody copied it there
            disk.flush([entry.origin])
            disk.remove(entry.place)
            return None
        elif entry.kind == "write":
            raise UnsafeError("it was changed since, so it stays as it is; what was there before is in the quarantine")
    make_folders(disk, os.path.dirname(entry.origin))
    try:
        move(disk, entry.place, entry.origin)
    except FileExistsError:
        return _put_beside(disk, entry)
    return None


def give_back(disk: Disk, entry: Entry) -> tuple[Entry, str | None]:
    """Undo what an entry did, if that can be done.

    Parameters
    ----------
    disk : Disk
        Operations.
    entry : Entry
        What to undo.

    Returns
    -------
    Entry
        As the journal is to keep it: undone, or else still done, with the reason.
    str or None
        As from `take_back`.
    """
    try:
        where = take_back(disk, entry)
    except (OSError, UnsafeError) as error:
        return replace(entry, state="done", step="undo", reason=str(getattr(error, "strerror", None) or error)), None
    return replace(entry, state="undone", step="undo", reason=beside(where)), where


def beside(where: str | None) -> str:
    """Say where a file is that could not get its place back; nothing where it could.

    Parameters
    ----------
    where : str or None
        From `take_back`.

    Returns
    -------
    str
        A clause.
    """
    return "" if where is None else f"its place was taken: restored as {where}"


def _unwrite(disk: Disk, entry: Entry) -> None:
    if not lies_at(entry.origin):
        return
    if not _is_ours(entry):
        raise UnsafeError("it was changed since, so it stays as it is")
    disk.remove(entry.origin)


def _names(entry: Entry, place: str) -> tuple[bool, bool]:
    """Say whether something lies where a file was, and where it went; raise where the two are one name, or nobody can tell."""
    found = lies_at(entry.origin), lies_at(place)
    # No name may be given up for the other then, by way of a folder that somebody replaced by a symlink.
    if all(found) and os.path.samefile(os.path.dirname(entry.origin), os.path.dirname(place)):
        raise UnsafeError(INSIDE)
    return found


def _is_back(entry: Entry) -> bool:
    """Say whether what lies at the origin is the file itself, and not what was left or written in its place."""
    with contextlib.suppress(OSError):
        now = look_at(entry.origin)
        if _is(now, entry):
            return entry.kind != "hardlink" or entry.keeper is None or not _same_file(entry.origin, entry.keeper)
        return entry.kind == "move" and now.target is None and digest_of(entry.origin) == entry.digest
    return False


def _put_beside(disk: Disk, entry: Entry) -> str:
    """Move a file back under a name that is free: what has appeared in its place is not touched."""
    assert entry.place is not None
    folder, name = os.path.split(entry.origin)
    stem, ending = os.path.splitext(name)
    number = 1
    while True:
        tail = os.fsencode(f".restored{'' if number == 1 else f'-{number}'}{ending}")
        free = os.path.join(folder, os.fsdecode(os.fsencode(stem)[: NAME_BYTES - len(tail)] + tail))
        try:
            move(disk, entry.place, free)
        except FileExistsError:
            number += 1
        else:
            return free


def _is_ours(entry: Entry) -> bool:
    """Say whether what lies at the origin is what the entry put there: a link, or a file that it wrote."""
    try:
        now = look_at(entry.origin)
        if entry.kind == "symlink":
            return now.target == link_text(entry)
        # The bytes decide: where they are those of the file that comes back, nothing is lost with them.
        return now.target is None and entry.kind != "move" and digest_of(entry.origin) == entry.digest
    except OSError:
        return False


def state_of(entry: Entry) -> str:
    """Find out how far an entry got that was being acted on when the program ended.

    Parameters
    ----------
    entry : Entry
        Of the step act.

    Returns
    -------
    str
        done, undone, half where something has to be taken back, copied where the file is in both places; lost where it is
        in neither, or its quarantine is not there to say.

    Raises
    ------
    OSError, UnsafeError
        If that cannot be told.
    """
    if entry.kind == "trash":
        return "undone" if lies_at(entry.origin) else "done"
    if entry.place is None:
        return "half" if lies_at(entry.origin) and _is_ours(entry) else "undone"
    at_origin, at_place = _names(entry, entry.place)
    if not at_place:
        return "undone" if at_origin and (is_there(entry.place) or _is_back(entry)) else "lost"
    if not at_origin:
        return "done" if entry.kind == "move" and _is(look_at(entry.place), entry) else "half"
    if entry.kind == "hardlink" and entry.keeper is not None and _same_file(entry.origin, entry.keeper):
        return "done"
    if _holds(entry.origin, entry):  # what lies in its place else is not ours
        return "copied" if _is_copy(entry.origin, entry.place) else "undone"
    return "done" if entry.kind == "move" or _is_ours(entry) else "half"


def settle(disk: Disk, entry: Entry, state: str) -> str | None:
    """Bring an entry back to what was before it began, however far it got.

    Parameters
    ----------
    disk : Disk
        Operations.
    entry : Entry
        Of the step act.
    state : str
        From `state_of`.

    Returns
    -------
    str or None
        As from `take_back`.

    Raises
    ------
    OSError, UnsafeError
        If that cannot be done; nothing is lost then.
    """
    if state in ("undone", "lost"):
        return None
    if state == "copied":
        assert entry.place is not None
        disk.remove(entry.place)  # the copy; the file itself has not gone yet
        return None
    return take_back(disk, entry)


def sweep(disk: Disk, folders: Iterable[str]) -> None:
    """Remove what interrupted copies left behind, as far as that can be done.

    Parameters
    ----------
    disk : Disk
        Operations.
    folders : iterable of str
        Folders that files were being moved to.
    """
    for folder in folders:
        names: list[str] = []
        with contextlib.suppress(OSError):
            names = os.listdir(folder)
        for name in filter(is_temporary, names):
            with contextlib.suppress(OSError):  # such as a folder that is being exported to
                disk.remove(os.path.join(folder, name))


def _is(seen: Seen, entry: Entry) -> bool:
    """Say whether a name is what the journal says of an entry."""
    if stat.S_ISLNK(entry.mode):
        return seen.target == entry.target
    return (seen.size, seen.mtime_ns, seen.mode) == (entry.size, entry.mtime_ns, entry.mode)


def as_put(entry: Entry) -> bool:
    """Say whether what lies in the quarantine looks like what was put there, without reading it.

    Parameters
    ----------
    entry : Entry
        An entry that is done.

    Returns
    -------
    bool
        Whether size, time and mode, or the text of a symlink, are those of the journal.

    Raises
    ------
    OSError
        If nothing is there.
    """
    assert entry.place is not None
    return _is(look_at(entry.place), entry)


def _same_file(one: str, other: str) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samefile(one, other)
    return False


def _is_copy(one: str, other: str) -> bool:
    """Say whether two names are the same file, or one a copy of the other with its time."""
    with contextlib.suppress(OSError):
        here, there = look_at(one), look_at(other)
        if here.target is not None:
            return here.target == there.target
        return (here.size, here.mtime_ns) == (there.size, there.mtime_ns) and digest_of(one) == digest_of(other)
    return False


def _holds(path: str, entry: Entry) -> bool:
    """Say whether a name still holds the file of an entry, byte for byte."""
    with contextlib.suppress(OSError):
        seen = look_at(path)
        return _is(seen, entry) and (seen.target is not None or digest_of(path) == entry.digest)
    return False
