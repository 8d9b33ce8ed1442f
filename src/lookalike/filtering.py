"""Keep lists at the other end: what a WebDataset or PyTorch pipeline asks, sample by sample or by position.

Nothing here needs either package. A filter is plain data: it goes to the workers of a loader, and each reads the lists of the
shards that it comes across.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.sources.members import safe_name
from lookalike.sources.places import ARCHIVES, sample_of
from lookalike.tables import printable
from lookalike.tables.lists import Name, Shard, read_list, read_manifest

SHOWN_SHARDS = 3


class _List(NamedTuple):
    """The list of one shard."""

    kept: list[Name]
    dropped: frozenset[Name]
    gone: frozenset[str]
    """Samples of which all images are dropped."""


class KeepFilter:
    """What keep lists say, as a predicate for pipelines.

    Parameters
    ----------
    folder : str
        Where the lists are.
    unknown : str
        What to do with a shard that has no list: error or keep.
    by_name : bool
        Whether the file name alone tells which shard is meant; else a folder name has to agree, too.

    Notes
    -----
    What was not looked at when the lists were made stays: a filter drops duplicates and nothing else.
    """

    def __init__(self, folder: str, *, unknown: Literal["error", "keep"] = "error", by_name: bool = False) -> None:
        if unknown not in ("error", "keep"):
            raise UsageError(f"unknown must be error or keep, got {unknown!r}")
        self._folder, self._unknown, self._by_name = os.path.abspath(folder), unknown, by_name
        self._shards = read_manifest(folder)
        self._by_file: dict[str, list[Shard]] = {}
        for shard in self._shards:
            self._by_file.setdefault(_parts(shard.path)[-1], []).append(shard)
        self._known: dict[str, Shard | None] = {}
        self._lists: dict[str, _List] = {}

    def __repr__(self) -> str:
        dropped = sum(shard.dropped for shard in self._shards)
        return f"<KeepFilter: {len(self._shards)} shards, {dropped} images dropped>"

    @property
    def shards(self) -> list[str]:
        """Paths of the shards that have a list."""
        return [shard.path for shard in self._shards]

    def __call__(self, sample: Mapping[str, Any]) -> bool:
        """Return whether a sample of a WebDataset stays: it goes only if all its images are duplicates.

        Parameters
        ----------
        sample : mapping
            With ``__url__`` and ``__key__``.

        Returns
        -------
        bool
            For ``.select(keep)``.

        Raises
        ------
        UsageError
            If its shard has no list, or was changed since the list was made.
        """
        shard = self._find(str(sample["__url__"]))
        return shard is None or safe_name(str(sample["__key__"])) not in self._list(shard).gone

    def keeps(self, shard: str, name: Name) -> bool:
        """Return whether one image stays.

        Parameters
        ----------
        shard : str
            Path of the archive, table or root.
        name : str or int
            Its path below the root, its name as a member, or the number of its row.

        Returns
        -------
        bool
            True for what the list does not name.

        Raises
        ------
        UsageError
            As when called.
        """
        found = self._find(shard)
        return found is None or name not in self._list(found).dropped

    def indices(self, shard: str, count: int | None = None) -> NDArray[np.int64]:
        """Return the rows of a table that stay, for ``torch.utils.data.Subset`` or ``Dataset.select``.

        Parameters
        ----------
        shard : str
            Path of the table.
        count : int, optional
            How many rows it has: then rows that were not looked at are among them. Needed where the table has no list.

        Returns
        -------
        ndarray of int64
            Ascending.

        Raises
        ------
        UsageError
            As when called, or if the shard is no table.
        """
        found = self._find(shard)
        if found is None:
            if count is None:
                raise UsageError(f"{shard} has no keep list: give count, its number of rows")
            return np.arange(count, dtype=np.int64)
        own = self._list(found)
        if any(isinstance(name, str) for name in (*own.kept[:1], *list(own.dropped)[:1])):
            raise UsageError(
                f"{shard} has names, not rows: use positions(paths), keeps(shard, name) or the filter itself"
            )
        if count is None:
            return np.sort(np.array(own.kept, np.int64))
        return np.setdiff1d(np.arange(count, dtype=np.int64), np.array(sorted(own.dropped), np.int64))

    def positions(self, paths: Sequence[str | os.PathLike[str]]) -> NDArray[np.int64]:
        """Return which of some files stay, for ``torch.utils.data.Subset`` of a data set over a folder.

        Parameters
        ----------
        paths : sequence of path
            In the order of the data set, such as ``[path for path, _ in ImageFolder(...).samples]``.

        Returns
        -------
        ndarray of int64
            Ascending positions in `paths`.

        Raises
        ------
        UsageError
            If one of them lies in no root that has a list.
        """
        roots = {os.path.abspath(shard.path): shard for shard in self._shards if shard.kind == "files"}
        stays = [self._stays(os.fspath(path), roots) for path in paths]
        return np.flatnonzero(np.array(stays, np.bool_))

    def _stays(self, path: str, roots: Mapping[str, Shard]) -> bool:
        whole = os.path.abspath(path)
        top = os.path.dirname(whole)
        inside = None
        while inside is None and top != (above := os.path.dirname(top)):
            inside = roots.get(top)
            top = top if inside is not None else above
        if inside is None:
            self._lack(path)
            return True
        return os.path.relpath(whole, top) not in self._list(inside).dropped

    def _find(self, name: str) -> Shard | None:
        if name not in self._known:
            self._known[name] = self._look(name)
        return self._known[name]

    def _look(self, name: str) -> Shard | None:
        """Return the shard that a path or URL means: the one whose path ends most like it."""
        asked = _parts(name)
        best: list[Shard] = []
        most = 0
        for shard in self._by_file.get(asked[-1], ()) if asked else ():
            own = _parts(shard.path)
            alike = _common_tail(own, asked)
            if not self._by_name and alike == 1 and min(len(own), len(asked)) > 1:
                continue  # of another folder
            if alike >= most:
                best = [*(best if alike == most else ()), shard]
                most = alike
        if len(best) > 1:
            which = ", ".join(printable(shard.path) for shard in best[:SHOWN_SHARDS])
            raise UsageError(f"{name} could be any of {which}: open it by more of its path")
        if not best:
            self._lack(name)
            return None
        _check_unchanged(best[0], name)
        return best[0]

    def _lack(self, name: str) -> None:
        if self._unknown == "keep":
            return
        some = ", ".join(map(printable, self.shards[:SHOWN_SHARDS])) or "none"
        raise UsageError(
            f"{printable(name)} has no keep list in {printable(self._folder)}, which has {len(self._shards):,} ({some} ...): "
            'make lists of all shards, or use keep_filter(..., unknown="keep")'
        )

    def _list(self, shard: Shard) -> _List:
        if shard.file not in self._lists:
            kept, dropped = read_list(self._folder, shard)
            gone = _samples(dropped) - _samples(kept) if shard.kind in ARCHIVES else set()
            self._lists[shard.file] = _List(kept, frozenset(dropped), frozenset(gone))
        return self._lists[shard.file]


def keep_filter(
    folder: str | os.PathLike[str], *, unknown: Literal["error", "keep"] = "error", by_name: bool = False
) -> KeepFilter:
    """Open keep lists for a pipeline, so that no shard need be written again.

    Parameters
    ----------
    folder : path
        What ``lookalike find --keep-lists`` wrote.
    unknown : str
        What to do with a shard that has no list: error or keep.
    by_name : bool
        Whether the file name alone tells which shard is meant; else a folder name has to agree, too.

    Returns
    -------
    KeepFilter
        Call it with samples of a WebDataset; `KeepFilter.indices` and `KeepFilter.positions` are for map-style data sets.

    Raises
    ------
    UsageError
        If there are no keep lists.

    Examples
    --------
    >>> keep = keep_filter("lists")  # doctest: +SKIP
    >>> data = webdataset.WebDataset("set/{000..099}.tar").select(keep)  # doctest: +SKIP
    >>> part = torch.utils.data.Subset(rows, keep.indices("train.parquet"))  # doctest: +SKIP
    """
    return KeepFilter(os.fspath(folder), unknown=unknown, by_name=by_name)


def _samples(names: Iterable[Name]) -> set[str]:
    return {sample_of(str(name)) for name in names}


def _parts(name: str) -> list[str]:
    """Return the names of a path, of a URL or of the command that reads one."""
    if name.startswith("pipe:"):
        name = name.rsplit(maxsplit=1)[-1].strip("'\"")
    name = name.removeprefix("file:").replace("://", "/")
    return [part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".")]


def _common_tail(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def _check_unchanged(shard: Shard, name: str) -> None:
    path = name.removeprefix("file:")
    try:
        size = os.path.getsize(path) if os.path.isfile(path) else shard.size
    except OSError:
        return
    if shard.size is not None and size != shard.size:
        raise UsageError(
            f"{printable(name)} has {size:,} bytes, and had {shard.size:,} when its keep list was made: make it again"
        )
