"""The catalog: what was scanned, in SQLite. A cache; deleting it loses time and nothing else.

One `Catalog` is one connection; ``with catalog.transaction():`` is one transaction. Several processes may share a file
(WAL). Content is known by its digest, so a file that moved or was copied is not decoded again; a location says which
content a name had when it was last looked at.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.columns import Facts
from lookalike.errors import CatalogError, FailureKind
from lookalike.model import CHROMA_SIDE, THUMBNAIL_SIDE, HashSpec, Thumbnail

APPLICATION_ID = 0x4C4F4F4B
BUSY_SECONDS = 60.0
LUMA_BYTES = THUMBNAIL_SIDE * THUMBNAIL_SIDE

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "scans",
        """
        CREATE TABLE content (
            id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
            width INTEGER, height INTEGER, format TEXT, frames INTEGER, alpha INTEGER, depth INTEGER, colour INTEGER,
            detail INTEGER, quality INTEGER, lossless INTEGER, captured TEXT, exif TEXT, truncated INTEGER NOT NULL DEFAULT 0,
            decoder TEXT NOT NULL, version INTEGER NOT NULL, failure TEXT, reason TEXT);
        CREATE INDEX content_size ON content (size);
        CREATE TABLE folder (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, volume TEXT NOT NULL, key BLOB NOT NULL,
            UNIQUE (source, volume, key));
        CREATE TABLE location (
            folder INTEGER NOT NULL REFERENCES folder, name BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
            device INTEGER NOT NULL, inode INTEGER NOT NULL, content INTEGER REFERENCES content, skipped TEXT,
            PRIMARY KEY (folder, name)) WITHOUT ROWID;
        CREATE TABLE spec (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE TABLE hash (
            content INTEGER NOT NULL REFERENCES content, spec INTEGER NOT NULL REFERENCES spec, variant TEXT NOT NULL,
            words BLOB NOT NULL, PRIMARY KEY (spec, variant, content)) WITHOUT ROWID;
        CREATE TABLE thumbnail (content INTEGER PRIMARY KEY REFERENCES content, pixels BLOB NOT NULL);
        CREATE TABLE pair (
            "left" INTEGER NOT NULL REFERENCES content, "right" INTEGER NOT NULL REFERENCES content, step TEXT NOT NULL,
            tier INTEGER NOT NULL, score INTEGER NOT NULL, PRIMARY KEY ("left", "right", step)) WITHOUT ROWID;
        """,
    ),
)
"""Named steps from an empty file to the present schema; each runs once, in its own transaction."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog has on one name of a folder.

    Attributes
    ----------
    size, mtime_ns : int
        As of the last look.
    content : int or None
        Id of its content; None where it was no image.
    skipped : str or None
        The kind it was skipped as.
    stale : bool
        Whether its content has to be looked at again: another decoder set, limit or version.
    failure : str or None
        Failure kind of its content.
    reason : str
        Reason of that failure.
    """

    size: int
    mtime_ns: int
    content: int | None
    skipped: str | None
    stale: bool
    failure: FailureKind | None
    reason: str


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


class Catalog:
    """A connection to a catalog file.

    Parameters
    ----------
    path : str or None
        The file, made where missing with its folders; None for one that lives in memory only.

    Raises
    ------
    CatalogError
        If the file is damaged, of another program, of a newer version, or cannot be opened.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        try:
            if path is not None:
                os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise CatalogError(f"catalog {path} cannot be opened: {error}") from error
        try:
            with self._explained():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _prepare(self) -> None:
        owner = self._db.execute("PRAGMA application_id").fetchone()[0]
        has_tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
        if owner != APPLICATION_ID and has_tables:
            raise CatalogError(f"{self.path} is an SQLite file of another program: name another one with --catalog")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last batches, never damage the file
        self._db.execute("PRAGMA cache_size = -65536")
        self._db.execute("PRAGMA temp_store = MEMORY")
        for name, script in self._missing_migrations():
            with self.transaction():
                # Another process may have been faster; it is the lock that decides.
                if (name, script) in self._missing_migrations():
                    for statement in script.split(";"):
                        self._db.execute(statement)
                    self._db.execute("INSERT INTO migration VALUES (?, ?)", (name, time.time()))

    def _missing_migrations(self) -> list[tuple[str, str]]:
        if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
        done = {row[0] for row in self._db.execute("SELECT name FROM migration")}
        newer = done - {name for name, _ in MIGRATIONS}
        if newer:
            raise CatalogError(
                f"catalog {self.path} was written by a newer lookalike (it knows {', '.join(sorted(newer))}): "
                "update lookalike, or name another file with --catalog"
            )
        return [(name, script) for name, script in MIGRATIONS if name not in done]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the body as one transaction; other processes wait.

        Raises
        ------
        CatalogError
            If the file turns out damaged or the disk is full; nothing of the body is kept.
        """
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise CatalogError(f"catalog {self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise CatalogError(
                f"catalog {self.path} is damaged ({error}): it holds only what a new scan finds again, so move it away "
                "and run the same command, or pass --no-catalog"
            ) from error

    # -- folders and locations -----------------------------------------------------------------------------------------

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
        identity = (source, volume, os.fsencode(key))
        find = "SELECT id FROM folder WHERE source = ? AND volume = ? AND key = ?"
        with self._explained():
            row = self._db.execute(find, identity).fetchone()
            if row is None:
                self._db.execute("INSERT OR IGNORE INTO folder (source, volume, key) VALUES (?, ?, ?)", identity)
                row = self._db.execute(find, identity).fetchone()
        return int(row[0])

    def locations(self, folder: int, *, decoder: str, version: int, truncated: bool, max_pixels: int) -> dict[str, Known]:
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

        Returns
        -------
        dict of str to Known
            By file name.
        """
        query = """
            SELECT l.name, l.size, l.mtime_ns, l.content, l.skipped, c.failure, c.reason,
                c.version != ?2 OR (c.failure = 'unsupported' AND c.decoder != ?1)
                OR (c.truncated AND (c.failure IS NOT NULL) = ?3)
                OR (c.failure = 'limit' AND c.width * c.height <= ?4)
                OR (c.failure IS NULL AND c.width * c.height > ?4)
            FROM location AS l LEFT JOIN content AS c ON c.id = l.content WHERE l.folder = ?5"""
        with self._explained():
            rows = self._db.execute(query, (decoder, version, truncated, max_pixels, folder))
            return {
                os.fsdecode(name): Known(size, mtime, content, skipped, bool(stale), failure, reason or "")
                for name, size, mtime, content, skipped, failure, reason, stale in rows
            }

    def remember(self, locations: Iterable[Location]) -> None:
        """Store what names hold now; call inside a transaction.

        Parameters
        ----------
        locations : iterable of Location
            One per name.
        """
        self._db.executemany(
            "INSERT OR REPLACE INTO location VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (at.folder, os.fsencode(at.name), at.size, at.mtime_ns, _signed(at.device), _signed(at.inode), at.content, at.skipped)
                for at in locations
            ),
        )  # fmt: skip

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
        self._db.executemany("DELETE FROM location WHERE folder = ? AND name = ?", gone)

    # -- contents ------------------------------------------------------------------------------------------------------

    def digests_of_size(self, size: int, *, version: int) -> dict[bytes, int]:
        """Return the decoded contents that have a file size.

        Parameters
        ----------
        size : int
            Bytes.
        version : int
            Present thumbnail version; contents of another do not count.

        Returns
        -------
        dict of bytes to int
            Digest to id, of contents that need no second look.
        """
        query = "SELECT digest, id FROM content WHERE size = ? AND version = ? AND failure IS NULL AND NOT truncated"
        with self._explained():
            return dict(self._db.execute(query, (size, version)))

    def add_content(self, digest: bytes, size: int, thumbnail: Thumbnail, *, decoder: str, version: int) -> int:
        """Store a decoded content; call inside a transaction.

        Parameters
        ----------
        digest : bytes
            BLAKE3 of the file.
        size : int
            Its bytes.
        thumbnail : Thumbnail
            What was decoded.
        decoder, version : str, int
            With which decoder set and thumbnail version.

        Returns
        -------
        int
            Its id.
        """
        facts = (
            size, thumbnail.width, thumbnail.height, thumbnail.format, thumbnail.frames, thumbnail.alpha, thumbnail.depth,
            thumbnail.colour, thumbnail.detail, thumbnail.quality, thumbnail.lossless, thumbnail.captured,
            json.dumps(thumbnail.exif) if thumbnail.exif else None, thumbnail.truncated, decoder, version, None, None,
        )  # fmt: skip
        content = self._put_content(digest, facts)
        pixels = thumbnail.luma.tobytes() + thumbnail.chroma.tobytes()
        self._db.execute("INSERT OR REPLACE INTO thumbnail VALUES (?, ?)", (content, pixels))
        return content

    def add_failure(
        self, digest: bytes, size: int, kind: FailureKind, reason: str, *, truncated: bool, pixels: tuple[int, int] | None,
        decoder: str, version: int,
    ) -> int:  # fmt: skip
        """Store a content that could not be decoded; call inside a transaction.

        Parameters
        ----------
        digest : bytes
            BLAKE3 of the file.
        size : int
            Its bytes.
        kind, reason : str
            Why not.
        truncated : bool
            Whether it would have been accepted as a file that ends early.
        pixels : tuple of int or None
            Width and height, where the header said them.
        decoder, version : str, int
            With which decoder set and thumbnail version.

        Returns
        -------
        int
            Its id.
        """
        width, height = pixels or (None, None)
        empty = (None,) * 10
        return self._put_content(digest, (size, width, height, *empty, None, truncated, decoder, version, kind, reason))

    def _put_content(self, digest: bytes, facts: Sequence[object]) -> int:
        marks = ", ".join("?" * (len(facts) + 1))
        columns = (
            "size, width, height, format, frames, alpha, depth, colour, detail, quality, lossless, captured, exif, truncated,"
            " decoder, version, failure, reason"
        )
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns.replace(" ", "").split(","))
        row = self._db.execute(
            f"INSERT INTO content (digest, {columns}) VALUES ({marks}) "
            f"ON CONFLICT (digest) DO UPDATE SET {updates} RETURNING id",
            (digest, *facts),
        ).fetchone()
        return int(row[0])

    def contents(self, ids: NDArray[np.int64]) -> Facts:
        """Return the facts of contents.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Ascending ids.

        Returns
        -------
        Facts
            One row per id, in the same order.
        """
        columns = "id, size, width, height, frames, depth, detail, alpha, colour, lossless, quality, format, captured, exif, digest"
        with self._wanted(ids):
            rows = self._db.execute(f"SELECT {columns} FROM content WHERE id IN wanted ORDER BY id").fetchall()
        by_column: Sequence[Sequence[object]] = list(zip(*rows, strict=True)) or [()] * 15
        numbers = [np.array([value or 0 for value in column], np.int64) for column in by_column[:11]]
        flags = [column.astype(np.bool_) for column in numbers[7:10]]
        return Facts(
            *numbers[:7], *flags, numbers[10], format=[str(value) for value in by_column[11]],
            captured=[str(value or "") for value in by_column[12]],
            exif=[json.loads(str(value)) if value else {} for value in by_column[13]],
            digest=[bytes(value) for value in by_column[14] if isinstance(value, bytes)],
        )  # fmt: skip

    # -- hashes and thumbnails -----------------------------------------------------------------------------------------

    def add_hashes(self, ids: Sequence[int], block: NDArray[np.uint64], spec: HashSpec, variant: str = "plain") -> None:
        """Store hashes; call inside a transaction.

        Parameters
        ----------
        ids : sequence of int
            Content ids.
        block : ndarray of uint64, shape (n, words)
            Row i belongs to ``ids[i]``.
        spec : HashSpec
            What they are.
        variant : str
            plain, or what was done to the picture first.
        """
        number = self._spec(spec)
        rows = ((content, number, variant, words) for content, words in zip(ids, bits.to_bytes(block), strict=True))
        self._db.executemany("INSERT OR REPLACE INTO hash (content, spec, variant, words) VALUES (?, ?, ?, ?)", rows)

    def hashes(
        self, ids: NDArray[np.int64], spec: HashSpec, variant: str = "plain"
    ) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return the stored hashes of contents.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Ascending ids.
        spec : HashSpec
            Which hash.
        variant : str
            Of which variant of the picture.

        Returns
        -------
        found : ndarray of int64, shape (m,)
            The ids that have one, ascending.
        block : ndarray of uint64, shape (m, words)
            Their hashes.
        """
        query = """SELECT content, words FROM hash WHERE variant = ? AND content IN wanted
            AND spec = (SELECT id FROM spec WHERE text = ?) ORDER BY content"""
        with self._wanted(ids):
            rows = self._db.execute(query, (variant, spec.id)).fetchall()
        found = np.array([row[0] for row in rows], np.int64)
        return found, bits.from_bytes([row[1] for row in rows], spec.bits)

    def thumbnails(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return thumbnails of contents.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Ascending ids; each has a thumbnail.

        Returns
        -------
        luma : ndarray of uint8, shape (n, 64, 64)
            Brightness.
        chroma : ndarray of uint8, shape (n, 8, 8, 2)
            Cb and Cr.

        Raises
        ------
        CatalogError
            If one is missing.
        """
        with self._wanted(ids):
            rows = self._db.execute("SELECT pixels FROM thumbnail WHERE content IN wanted ORDER BY content").fetchall()
        if len(rows) != len(ids):
            raise CatalogError(f"catalog {self.path} is damaged (thumbnails are missing): move it away and scan again")
        pixels = np.frombuffer(b"".join(row[0] for row in rows), np.uint8).reshape(len(rows), -1)
        luma = pixels[:, :LUMA_BYTES].reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        return luma, pixels[:, LUMA_BYTES:].reshape(-1, CHROMA_SIDE, CHROMA_SIDE, 2)

    def _spec(self, spec: HashSpec) -> int:
        self._db.execute("INSERT OR IGNORE INTO spec (text) VALUES (?)", (spec.id,))
        return int(self._db.execute("SELECT id FROM spec WHERE text = ?", (spec.id,)).fetchone()[0])

    # -- verified pairs ------------------------------------------------------------------------------------------------

    def add_pairs(
        self, left: NDArray[np.int64], right: NDArray[np.int64], tier: NDArray[np.uint8], score: NDArray[np.int64], step: str
    ) -> None:  # fmt: skip
        """Store verdicts; call inside a transaction.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Content ids, in either order.
        tier, score : ndarray, shape (n,)
            Verdicts: `Tier` values, thousandths.
        step : str
            How the pairs were verified, with its version.
        """
        low, high = np.minimum(left, right).tolist(), np.maximum(left, right).tolist()
        rows = zip(low, high, [step] * len(low), tier.tolist(), score.tolist(), strict=True)
        self._db.executemany("INSERT OR REPLACE INTO pair VALUES (?, ?, ?, ?, ?)", rows)

    def pairs(
        self, left: NDArray[np.int64], right: NDArray[np.int64], step: str
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Return the stored verdicts among pairs.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Content ids, in either order.
        step : str
            How the pairs were verified, with its version.

        Returns
        -------
        row : ndarray of int64, shape (m,)
            Which of the pairs have a verdict.
        tier, score : ndarray, shape (m,)
            Their verdicts.
        """
        low, high = np.minimum(left, right).tolist(), np.maximum(left, right).tolist()
        find = """SELECT q.row, p.tier, p.score FROM question AS q CROSS JOIN pair AS p
            ON p."left" = q.low AND p."right" = q.high AND p.step = ?"""
        with self._explained():
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS question (row INTEGER, low INTEGER, high INTEGER)")
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO question VALUES (?, ?, ?)", zip(range(len(low)), low, high, strict=True))
            rows = self._db.execute(find, (step,)).fetchall()
            self._db.execute("ROLLBACK")
        columns = np.array(rows, np.int64).reshape(-1, 3)
        return columns[:, 0], columns[:, 1].astype(np.uint8), columns[:, 2]

    @contextlib.contextmanager
    def _wanted(self, ids: NDArray[np.int64]) -> Iterator[None]:
        """Offer ids as the table `wanted` while the body runs."""
        with self._explained():
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY)")
            self._db.execute("BEGIN")
            try:
                self._db.executemany("INSERT INTO wanted VALUES (?)", ((value,) for value in ids.tolist()))
                yield
            finally:
                self._db.execute("ROLLBACK")


def _signed(number: int) -> int:
    """Fold an unsigned 64-bit number into SQLite's signed ones."""
    return number - (1 << 64) if number >= 1 << 63 else number
