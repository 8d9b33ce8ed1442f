"""What contents are: facts and failures, by digest."""

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import collector
from lookalike.columns import Facts, exif_from_json
from lookalike.errors import FailureKind
from lookalike.model import DIGEST_BYTES, Thumbnail
from lookalike.stores.thumbnails import Thumbnails
from lookalike.stores.values import octets, texts, whole

FACTS = (
    "size", "width", "height", "format", "frames", "alpha", "depth", "colour", "detail", "quality", "lossless", "captured",
    "exif", "truncated", "decoder", "version", "failure", "reason",
)  # fmt: skip
"""Columns of the table content beside its id and digest."""
NUMBERS = ("id", "size", "width", "height", "frames", "depth", "detail", "quality")
FLAGS = ("alpha", "colour", "lossless")
TEXTS = ("format", "captured", "exif", "digest")
"""Columns of `lookalike.columns.Facts`, by what they are made of."""
OUTCOME = ("truncated", "failure", "reason", "version")
SEALED = (*NUMBERS[1:], *FLAGS, *TEXTS, *OUTCOME)
"""Columns of the table content that its seal is made of; the others say by which rules it was made."""


class Contents(Thumbnails):
    """The table content of the catalog, and that of thumbnails."""

    def seals_of(self, columns: Mapping[str, Sequence[Any]], count: int) -> list[int]:
        """Return the seals of contents.

        Parameters
        ----------
        columns : mapping of str to sequence
            Columns of the table content by name; those that are missing hold nothing.
        count : int
            How many.

        Returns
        -------
        list of int
            One each.
        """
        nothing = (None,) * count
        return self.seals(*(columns.get(name, nothing) for name in SEALED))

    def digests_of_sizes(self, sizes: Collection[int], *, version: int, max_pixels: int) -> dict[int, dict[bytes, int]]:
        """Return the decoded contents that have one of some file sizes.

        Parameters
        ----------
        sizes : collection of int
            Bytes; distinct, at most some hundreds.
        version : int
            Present thumbnail version; contents of another do not count.
        max_pixels : int
            Present pixel limit; contents above it do not count.

        Returns
        -------
        dict of int to dict of bytes to int
            For each size digest to id, of contents that need no second look.
        """
        query = f"""SELECT size, digest, id FROM content WHERE size IN ({", ".join("?" * len(sizes))})
            AND version = ? AND width * height <= ? AND failure IS NULL AND NOT truncated"""
        found: dict[int, dict[bytes, int]] = {size: {} for size in sizes}
        with self.explained():
            for size, digest, content in self.db.execute(query, (*sizes, version, max_pixels)):
                found[size][digest] = content
        return found

    def add_contents(self, decoded: Sequence[tuple[bytes, int, Thumbnail]], *, decoder: str, version: int) -> list[int]:
        """Store decoded contents; call inside a transaction.

        Parameters
        ----------
        decoded : sequence of (bytes, int, Thumbnail)
            BLAKE3 of each file, its bytes, and what was decoded; a digest may come twice.
        decoder, version : str, int
            With which decoder set and thumbnail version.

        Returns
        -------
        list of int
            Their ids.
        """
        digests = {digest for digest, _, _ in decoded}
        marks = ", ".join("?" * len(digests))
        known = dict(self.db.execute(f"SELECT digest, id FROM content WHERE digest IN ({marks})", tuple(digests)))
        # The hashes of what was known may be those of an older thumbnail. They are named by their whole key: to look for those
        # of a content by its id alone would go through all hashes for each.
        if known:
            self.db.executemany(
                "DELETE FROM hash WHERE spec = ? AND variant = ? AND content = ?",
                ((*sort, content) for sort in self._fast_sorts() for content in known.values()),
            )
        # A transaction that writes is alone, so the next ids are free.
        free = itertools.count(1 + self.db.execute("SELECT ifnull(max(id), 0) FROM content").fetchone()[0])
        ids = [known[digest] if digest in known else known.setdefault(digest, next(free)) for digest, _, _ in decoded]
        rows = [
            (
                content, digest, size, seen.width, seen.height, seen.format, seen.frames, seen.alpha, seen.depth, seen.colour,
                seen.detail, seen.quality, seen.lossless, seen.captured, json.dumps(seen.exif) if seen.exif else None,
                seen.truncated, decoder, version, None, None,
            )
            for content, (digest, size, seen) in zip(ids, decoded, strict=True)
        ]  # fmt: skip
        names = ("id", "digest", *FACTS)
        sealed = self.seals_of(dict(zip(names, zip(*rows, strict=True), strict=True)), len(rows)) if rows else []
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*FACTS, "seal"))
        self.db.executemany(
            f"INSERT INTO content ({', '.join(names)}, seal) VALUES ({', '.join('?' * len(names))}, ?) "
            f"ON CONFLICT (id) DO UPDATE SET {updates}",
            ((*row, seal) for row, seal in zip(rows, sealed, strict=True)),
        )
        self.add_thumbnails(ids, [seen.luma.tobytes() + seen.chroma.tobytes() for _, _, seen in decoded])
        return ids

    def _fast_sorts(self) -> list[tuple[int, str]]:
        """Return the sorts of hashes that were made of thumbnails: spec and variant, each found by a look into the index."""
        found: list[tuple[int, str]] = []
        for (spec,) in self.db.execute("SELECT id FROM spec WHERE text LIKE '%-fast-%'").fetchall():
            variant = ""
            while variant is not None:
                query = "SELECT min(variant) FROM hash WHERE spec = ? AND variant > ?"
                (variant,) = self.db.execute(query, (spec, variant)).fetchone()
                found += [] if variant is None else [(spec, variant)]
        return found

    def add_undecoded(
        self, digest: bytes, size: int, pixels: tuple[int, int], format_: str, *, truncated: bool, decoder: str
    ) -> int:
        """Store a content that was hashed without a thumbnail, unless it is known as decoded; call inside a transaction.

        Parameters
        ----------
        digest : bytes
            BLAKE3 of the file.
        size : int
            Its bytes.
        pixels : tuple of int
            Width and height as stored in the file.
        format_ : str
            Container.
        truncated : bool
            Whether it ends early and was accepted.
        decoder : str
            With which decoder set.

        Returns
        -------
        int
            Its id. Whoever needs a thumbnail decodes it again, because its version is 0.
        """
        columns = "size, width, height, format, seal, truncated, decoder, version, failure, reason"
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns.split(", "))
        facts: dict[str, Sequence[Any]] = {
            "digest": [digest],
            "size": [size],
            "width": pixels[:1],
            "height": pixels[1:],
            "format": [format_],
        }
        facts["truncated"] = [truncated]
        self.db.execute(  # a failure of another time, under other options, is none now
            f"INSERT INTO content (digest, {columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, NULL) "
            f"ON CONFLICT (digest) DO UPDATE SET {updates} WHERE content.failure IS NOT NULL",
            (digest, size, *pixels, format_, *self.seals_of(facts, 1), truncated, decoder),
        )
        return int(self.db.execute("SELECT id FROM content WHERE digest = ?", (digest,)).fetchone()[0])

    def add_failure(
        self, digest: bytes, size: int, kind: FailureKind, reason: str, *, truncated: bool, pixels: tuple[int, int] | None,
        decoder: str, version: int, seconds: float | None = None, memory: int | None = None,
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
        seconds : float or None
            Processor time that was not enough,
        memory : int or None
            or bytes, where it failed for a limit of these.

        Returns
        -------
        int
            Its id.
        """
        width, height = pixels or (None, None)
        facts = (size, width, height, *(None,) * 10, truncated, decoder, version, kind, reason, seconds, memory)
        told: dict[str, Any] = {"digest": digest, "size": size, "width": width, "height": height}
        told |= {"truncated": truncated, "failure": kind, "reason": reason, "version": version}
        sealed = self.seals_of({name: [value] for name, value in told.items()}, 1)
        names = (*FACTS, "limit_seconds", "limit_memory", "seal")
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        row = self.db.execute(
            f"INSERT INTO content (digest, {', '.join(names)}) VALUES ({', '.join('?' * (len(names) + 1))}) "
            f"ON CONFLICT (digest) DO UPDATE SET {updates} RETURNING id",
            (digest, *facts, *sealed),
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

        Raises
        ------
        CatalogError
            If one is missing, or not what was written.
        """
        query = f"SELECT {', '.join(('id', *SEALED, 'seal'))} FROM content WHERE {{}} ORDER BY id"
        columns = np.zeros((len(NUMBERS) + len(FLAGS), len(ids)), np.int64)
        format_: list[str] = []
        captured: list[str] = []
        exif: list[dict[str, str | int]] = []
        digest: list[bytes] = []
        same: dict[str, str] = {}
        nothing: dict[str, str | int] = {}  # most contents have no facts, and share this
        with collector.paused(), self.explained():
            for rows in self.among(query, "id", ids):
                values = list(zip(*rows, strict=True))
                part = slice(len(digest), len(digest) + len(rows))
                for column, numbers_ in zip(columns, values, strict=False):
                    column[part] = whole([0 if number is None else number for number in numbers_])
                formats, dates, facts, digests, *outcome, sealed = values[len(columns) :]
                self.check_seals("content", sealed, *columns[1:, part], formats, dates, facts, digests, *outcome)
                octets(digests, DIGEST_BYTES)
                format_ += (same.setdefault(value or "", value or "") for value in texts(formats))
                captured += (value or "" for value in texts(dates))
                exif += (exif_from_json(value) if value else nothing for value in texts(facts))
                digest += digests
        if not np.array_equal(columns[0], ids):
            raise self.damaged("contents are missing")
        sides = columns[NUMBERS.index("width") : NUMBERS.index("height") + 1]
        if (columns < 0).any() or ((sides[0] == 0) != (sides[1] == 0)).any():
            raise self.damaged("pictures of no size")
        numbers: dict[str, Any] = dict(zip(NUMBERS, columns, strict=False))
        flags: dict[str, Any] = {
            name: column.astype(np.bool_) for name, column in zip(FLAGS, columns[len(NUMBERS) :], strict=True)
        }
        return Facts(**numbers, **flags, format=format_, captured=captured, exif=exif, digest=digest)

    def check_contents(self, ids: Collection[int]) -> None:
        """Look whether what is known of contents is what was written.

        Parameters
        ----------
        ids : collection of int
            Ids.

        Raises
        ------
        CatalogError
            If it is not.
        """
        query = f"SELECT {', '.join(('id', *SEALED, 'seal'))} FROM content WHERE {{}} ORDER BY id"
        with self.explained():
            for rows in self.among(query, "id", np.array(sorted(ids), np.int64)):
                self.check_rows("content", [row[1:] for row in rows])

    def decoded(self, *, version: int, detail: int) -> NDArray[np.int64]:
        """Return the ids of contents that have a thumbnail.

        Parameters
        ----------
        version : int
            Present thumbnail version.
        detail : int
            Least detail.

        Returns
        -------
        ndarray of int64, shape (n,)
            Ascending.
        """
        query = "SELECT id FROM content WHERE failure IS NULL AND version = ? AND detail >= ? ORDER BY id"
        with self.explained():
            return np.fromiter((row[0] for row in self.db.execute(query, (version, detail))), np.int64)

    def unusable(self, *, version: int, truncated: bool, max_pixels: int) -> dict[int, tuple[FailureKind, str]]:
        """Return the contents that are nothing to go by.

        Parameters
        ----------
        version : int
            Present thumbnail version.
        truncated : bool
            Whether files that end early are accepted.
        max_pixels : int
            Present pixel limit.

        Returns
        -------
        dict of int to (str, str)
            By id, kind and reason: could not be decoded, or would not be now, or have no thumbnail of that version.
        """
        query = """SELECT id, failure, reason, version != ?1, truncated AND NOT ?2 FROM content WHERE failure IS NOT NULL
            OR version != ?1 OR truncated AND NOT ?2 OR width * height > ?3"""
        found: dict[int, tuple[FailureKind, str]] = {}
        with self.explained():
            for content, failure, reason, old, short in self.db.execute(query, (version, truncated, max_pixels)):
                if failure is not None:
                    found[content] = failure, reason or ""
                elif old:
                    found[content] = "transient", "the catalog has no thumbnail of it: run find on its folder"
                elif short:
                    found[content] = "damaged", "ends early: --truncated accept takes it as it is"
                else:
                    found[content] = "limit", f"more than {max_pixels:,} pixels: raise --max-pixels"
        self.check_contents(found)
        return found
