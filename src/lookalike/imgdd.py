"""The functions of ``imgdd`` 0.1.5, with its arguments, results and hashes: ``import lookalike.imgdd as imgdd``.

What differs is written down in docs/imgdd-parity.md. Nothing is remembered in a catalog, as nothing is there.
"""

import os
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from lookalike.batches import hash_batches
from lookalike.cleaning import apply
from lookalike.errors import UsageError
from lookalike.finding import find
from lookalike.hashes.value import ImageHash

FILTERS = {name.lower(): name for name in ("Nearest", "Triangle", "CatmullRom", "Gaussian", "Lanczos3")}
ALGOS = {name.lower(): name for name in ("aHash", "mHash", "dHash", "pHash", "wHash")}
"""Names as imgdd writes them, by what they are compared as: case does not matter."""


def hash(
    path: str | os.PathLike[str], filter: str | None = None, algo: str | None = None, sort: bool = False
) -> dict[str, str]:
    """Hash all images below a folder.

    Parameters
    ----------
    path : path
        A folder.
    filter : str, optional
        Nearest, Triangle, CatmullRom, Gaussian or Lanczos3, in any case; None for Nearest.
    algo : str, optional
        aHash, mHash, dHash, pHash or wHash, in any case; None for dHash. This wHash is one-dimensional and offered for the
        sake of stored hashes only; `lookalike.whash` is the sound one.
    sort : bool
        Whether the result is in the order of the hashes.

    Returns
    -------
    dict of str to str
        Path to hash, as hexadecimal text without leading zeros. Files that cannot be read are left out, with one
        `UserWarning` that counts them.

    Raises
    ------
    UsageError
        A `ValueError`: the path is no folder, or a name is unknown; the message lists the valid ones.

    Examples
    --------
    >>> hash("photos", filter="triangle", algo="dHash")["photos/lake.png"]
    '8383a3773a25766e'
    """
    found = list(_hashes(path, filter, algo))
    if sort:
        found.sort(key=lambda row: row[1].value)
    return {name: value.to_imgdd() for name, value in found}


def dupes(
    path: str | os.PathLike[str], filter: str | None = None, algo: str | None = None, remove: bool = False
) -> dict[str, list[str]]:
    """Group all images below a folder that have equal hashes.

    Parameters
    ----------
    path : path
        A folder.
    filter, algo : str, optional
        As for `hash`.
    remove : bool
        Whether duplicates go: not what has an equal hash, but what `lookalike.find` verifies to be a copy of an image with an
        equal hash. They are moved to a quarantine beside the folder, and a `UserWarning` says how to get them back; another
        one counts what had to stay.

    Returns
    -------
    dict of str to list of str
        Hash to two or more paths, each path once.

    Raises
    ------
    UsageError
        As for `hash`.
    UnsafeError
        If `remove` is true and another process is moving files.

    Examples
    --------
    >>> dupes("photos/2019", algo="pHash", filter="triangle")
    {'b81cb8728e76aac6': ['photos/2019/beach (1).jpg', 'photos/2019/beach-small.jpg']}
    """
    groups = defaultdict(list)
    for name, value in _hashes(path, filter, algo):
        groups[value.to_imgdd()].append(name)
    found = {text: names for text, names in groups.items() if len(names) > 1}
    if remove:
        _remove(path, found)
    return found


def _remove(path: str | os.PathLike[str], groups: dict[str, list[str]]) -> None:
    """Move verified duplicates within groups to a quarantine."""
    group = {name: text for text, names in groups.items() for name in names}
    plan = find(path, tier="copy").plan()
    decisions = [
        replace(one, verdict="keep", keeper=None, tier=None, parts=(), reason="its keeper has another hash")
        if one.verdict == "remove" and group.get(one.path, one.path) != group.get(str(one.keeper))
        else one
        for one in plan.decisions
    ]
    done = apply(replace(plan, decisions=tuple(decisions)))
    if done.batch is not None:
        warnings.warn(
            f"{done.files} files were moved to {', '.join(done.places)}. lookalike.undo({done.batch!r}) brings them back",
            stacklevel=3,
        )
    if done.refused:
        first = done.refused[0]
        warnings.warn(
            f"{len(done.refused)} duplicates stay, such as {first.path!r}: {first.reason}",
            stacklevel=3,
        )


def _hashes(path: str | os.PathLike[str], filter_: str | None, algo: str | None) -> Iterator[tuple[str, ImageHash]]:
    """Yield path and hash of every image; say once how many could not be read."""
    chosen = _choice("filter", filter_ or "Nearest", FILTERS), _choice("algo", algo or "dHash", ALGOS)
    if not os.path.exists(path):
        raise UsageError(f"Path does not exist: {os.fspath(path)}")
    if not os.path.isdir(path):
        raise UsageError(f"Path is not a directory: {os.fspath(path)}")
    failures = []
    for table in hash_batches(path, algorithms=chosen[1], filter=chosen[0], decode="imgdd", use_catalog=False):
        for row, name in enumerate(table.refs.paths):
            value = table.hash(row)
            assert isinstance(value, ImageHash)
            yield name, value
        failures += table.failures
    if failures:
        first = failures[0]
        warnings.warn(
            f"{len(failures)} files could not be read, such as {first.ref.path!r}: {first.reason}", stacklevel=3
        )


def _choice(what: str, name: str, table: dict[str, str]) -> str:
    if name.lower() not in table:
        raise UsageError(f"unknown {what} {name!r}: use one of {', '.join(table.values())}")
    return name.lower()
