"""Where contents were found: folders and the names in them."""

import math
import os
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import get_args

from lookalike.errors import FailureKind
from lookalike.model import EMPTY, EMPTY_ROW, Stage
from lookalike.stores.contents import Contents
from lookalike.stores.values import texts, whole

ROWS_AT_ONCE = 1 << 12
SEALED = ("folder", "name", "size", "mtime_ns", "device", "inode", "content", "skipped")
"""Columns of the table location that its seal is made of; the version is that of the rules by which it was looked at."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog has on one name of a folder.

    Attributes
    ----------
    size, mtime_ns, inode : int
        As of the last look; inodes as SQLite holds them, signed.
    content : int or None
        Id of its content; None where it was no image.
    skipped : str or None
        The kind it was skipped as.
    stale : bool
        Whether its content has to be looked at again: another decoder set, limit or version.
    failure : str or None
        Failure kind of its content, or of an empty row.
    reason : str
        Reason of that failure.
    """

    size: int
    mtime_ns: int
    inode: int
    content: int | None
    skipped: str | None
    stale: bool
    failure: FailureKind | None
    reason: str

    @property
    def stage(self) -> Stage:
        """Where it failed."""
        return "read" if self.content is None else "decode"


@dataclass(frozen=True, slots=True)
class Location:
    """What to remember of one name.

    Attributes
    ----------
    folder : int
        Id of its folder.
    name : str
        File name.
    size, mtime_ns, device, inode : int
        As listed.
    content : int or None
        Id of its content.
    skipped : str or None
        The kind it was skipped as, where it was no image.
    """

    folder: int
    name: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    content: int | None
    skipped: str | None = None


class Locations(Contents):
    """The tables folder and location of the catalog."""

    _whole = False
    """Whether the pages of the table location were looked at."""

    def folder(self, source: str, volume: str, key: str) -> int:
        """Return the id of a folder, made where missing.

        Parameters
        ----------
        source, volume, key : str
            Identity of the folder.

        Returns
        -------
        int
            Its id.
        """
        identity = (source, os.fsencode(volume), os.fsencode(key))
        find = "SELECT id FROM folder WHERE source = ? AND volume = ? AND key = ?"
        with self.explained():
            row = self.db.execute(find, identity).fetchone()
            if row is None:
                insert = "INSERT OR IGNORE INTO folder (source, volume, key, seal) VALUES (?, ?, ?, ?)"
                self.db.execute(insert, (*identity, *self.seals(*([part] for part in identity))))
                row = self.db.execute(find, identity).fetchone()
            return int(row[0])

    def locations(
        self,
        folder: int,
        *,
        decoder: str,
        version: int,
        truncated: bool,
        max_pixels: int,
        limits: tuple[float, float] = (math.inf, math.inf),
        thumbnails: bool = True,
        names: Collection[str] | None = None,
    ) -> dict[str, Known]:
        """Return what is known of the names in a folder.

        Parameters
        ----------
        folder : int
            Id of the folder.
        decoder, version : str, int
            Present decoder set and thumbnail version.
        truncated : bool
            Whether files that end early are accepted.
        max_pixels : int
            Present pixel limit.
        limits : tuple of float
            Present limits of processor time in seconds and of memory in bytes; what failed for the same ones is not looked at
            again.
        thumbnails : bool
            Whether contents without a thumbnail of the present version have to be looked at again; if not, those of which
            none could be made have to.
        names : collection of str, optional
            The only names that are asked for, few of them; None for all.

        Returns
        -------
        dict of str to Known
            By file name.
        """
        query = """
            SELECT l.folder, l.name, l.size, l.mtime_ns, l.device, l.inode, l.content, l.skipped, l.seal,
                l.content IS NOT NULL AND c.id IS NULL, c.failure, c.reason,
                (?6 OR c.id IS NULL OR c.failure IS NOT NULL) AND ifnull(c.version, l.version) != ?2
                OR (c.failure = 'unsupported' AND c.decoder != ?1)
                OR (c.truncated AND (c.failure IS NOT NULL) = ?3)
                OR (c.failure IS NOT NULL AND NOT ?6)
                OR (c.failure = 'limit' AND CASE
                    WHEN c.width IS NOT NULL THEN c.width * c.height <= ?4
                    WHEN c.decoder = ?1 AND c.limit_seconds IS NOT NULL THEN c.limit_seconds < ?7
                    WHEN c.decoder = ?1 AND c.limit_memory IS NOT NULL THEN c.limit_memory < ?8
                    ELSE 1 END)
                OR (c.failure IS NULL AND c.width * c.height > ?4)
            FROM location AS l LEFT JOIN content AS c ON c.id = l.content WHERE l.folder = ?5"""
        asked = [os.fsencode(name) for name in names or ()]
        if names is not None:
            query += f" AND l.name IN ({', '.join(f'?{at}' for at in range(9, 9 + len(asked)))})"
        with self.explained():
            options = (decoder, version, truncated, max_pixels, folder, thumbnails, *limits)
            rows = self.db.execute(query, (*options, *asked)).fetchall()
            columns = list(zip(*rows, strict=True)) or [()] * 13
            if set(columns[0]) - {folder}:
                raise self.damaged("names are not where they belong")
            if any(columns[9]):
                raise self.damaged("contents are missing")
            for numbers in (columns[2], columns[3], columns[5]):
                whole(numbers)
            for told in (columns[7], columns[10], columns[11]):
                texts(told)
            if strange := set(columns[10]) - {None, *get_args(FailureKind)}:
                raise ValueError(f"{strange} is no kind of failure")
            self.check_seals("location", columns[8], *columns[:8])
            self.check_contents({row[6] for row in rows if row[10] is not None})  # whose facts nobody else will read
            return {
                os.fsdecode(name): Known(
                    size,
                    mtime,
                    inode,
                    content,
                    skipped,
                    bool(stale),
                    *(EMPTY if skipped == EMPTY_ROW else (failure, reason or "")),
                )
                for _, name, size, mtime, _, inode, content, skipped, _, _, failure, reason, stale in rows
            }

    def remember(self, locations: Iterable[Location], *, version: int) -> None:
        """Store what names hold now; call inside a transaction.

        Parameters
        ----------
        locations : iterable of Location
            One per name.
        version : int
            Present thumbnail version; what another skipped is looked at again.
        """
        rows = [
            (
                at.folder, os.fsencode(at.name), at.size, at.mtime_ns, signed(at.device), signed(at.inode), at.content,
                at.skipped,
            )
            for at in locations
        ]  # fmt: skip
        if rows:
            self.db.executemany(
                f"INSERT OR REPLACE INTO location ({', '.join(SEALED)}, seal, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((*row, seal, version) for row, seal in zip(rows, self.seals(*zip(*rows, strict=True)), strict=True)),
            )

    def images(self, folder: int) -> list[tuple[bytes, int, int, int, int, int]]:
        """Return the names in a folder that hold contents.

        Parameters
        ----------
        folder : int
            Its id.

        Returns
        -------
        list of tuple
            File name as bytes, size, mtime_ns, device, inode and content, by name.
        """
        query = f"""SELECT {", ".join(SEALED)}, seal FROM location
            WHERE folder = ? AND content IS NOT NULL ORDER BY name"""
        with self.explained():
            rows = self.db.execute(query, (folder,)).fetchall()
        self.check_rows("location", rows)
        if any(row[0] != folder for row in rows):
            raise self.damaged("names are not where they belong")
        return [row[1:7] for row in rows]

    def skipped(self) -> dict[str, int]:
        """Count the names that are no images.

        Returns
        -------
        dict of str to int
            By the kind they were skipped as.
        """
        query = f"SELECT {', '.join(SEALED)}, seal FROM location WHERE +content IS NULL"  # not by what an index says
        found: Counter[str] = Counter()
        with self.explained():
            rows = self.db.execute(query)
            while part := rows.fetchmany(ROWS_AT_ONCE):
                self.check_rows("location", part)
                found.update(row[7] or "not an image" for row in part)
        return dict(sorted(found.items()))

    def open_shard(self, folder: int, stamp: str) -> bool:
        """Say whether all names of a folder are known that is one file; forget what is known of it in another state.

        Parameters
        ----------
        folder : int
            Id of the folder.
        stamp : str
            Its state.

        Returns
        -------
        bool
            Whether a scan went through the whole of it in this state.
        """
        with self.explained():
            row = self.db.execute("SELECT stamp, complete, seal FROM shard WHERE folder = ?", (folder,)).fetchone()
        if row is not None:
            self.check_rows("shard", [(folder, *row)])
            if row[0] == stamp:
                if row[1] and not self._whole:
                    # Names that are lost would not be missed: nobody opens what is known as a whole.
                    self.check("location")
                    self._whole = True
                return bool(row[1])
        with self.transaction():
            self.db.execute("DELETE FROM location WHERE folder = ?", (folder,))
            self._set_shard(folder, stamp, complete=False)
        return False

    def _set_shard(self, folder: int, stamp: str, *, complete: bool) -> None:
        sealed = self.seals([folder], [stamp], [complete])
        self.db.execute(
            "INSERT OR REPLACE INTO shard (folder, stamp, complete, seal) VALUES (?, ?, ?, ?)",
            (folder, stamp, complete, *sealed),
        )

    def finish_shards(self, folders: Iterable[int]) -> None:
        """Note that all names of some folders are stored; call inside a transaction.

        Parameters
        ----------
        folders : iterable of int
            Ids of folders that were opened by `open_shard`.
        """
        for folder in folders:
            for (stamp,) in self.db.execute("SELECT stamp FROM shard WHERE folder = ?", (folder,)).fetchall():
                self._set_shard(folder, stamp, complete=True)

    def prune(self, folder: int, names: Iterable[str]) -> None:
        """Forget names that are gone from a folder that was listed completely; call inside a transaction.

        Parameters
        ----------
        folder : int
            Id of the folder.
        names : iterable of str
            The names that are gone.
        """
        gone = ((folder, os.fsencode(name)) for name in names)
        self.db.executemany("DELETE FROM location WHERE folder = ? AND name = ?", gone)


def signed(number: int) -> int:
    """Fold an unsigned 64-bit number into SQLite's signed ones.

    Parameters
    ----------
    number : int
        0 to 2**64 - 1.

    Returns
    -------
    int
        The same 64 bits, signed.

    Examples
    --------
    >>> signed(2**64 - 1)
    -1
    """
    return number - (1 << 64) if number >= 1 << 63 else number
