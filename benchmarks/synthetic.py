"""Catalogs drawn by rule, as large as one likes: thumbnails, hashes and names as a scan of real files would leave them.

Pictures are smooth random fields with the falloff of photos, of some hundred kinds of scene; see `Shares` for what is planted
among them. The same numbers make the same catalog.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from lookalike import decode, hashes, join
from lookalike.decode.thumbnails import detail
from lookalike.model import CHROMA_SIDE, THUMBNAIL_SIDE, HashSpec, Thumbnail
from lookalike.scan import variants
from lookalike.sources.volumes import volume_of
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import Location
from photos import cache

VERSION = 1  # of the rules below; a new one makes new catalogs
SPEC = HashSpec("phash", 8)
AT_ONCE = 4096
WAVES = 24
"""Frequencies of a picture, each way."""
SCENES, SCENE_WEIGHT = 300, 0.7
"""Kinds of scene that pictures resemble, and by how much: hashes of real photos are not independent either."""
FOLDER_NAMES = 1000


@dataclass(frozen=True)
class Shares:
    """What a catalog is made of, as shares of its rows (names)."""

    names: float = 0.04
    """Further names of a content: found by their digests."""
    copies: float = 0.08
    """Contents that are a copy of the one before them: half the size, and noise, blur or another brightness."""
    flat: float = 0.01
    """Near-blank pictures, each of a shade of its own."""
    alike: str = ""
    """"": nothing else; "copies": all are copies of one picture; "hashes": all have one hash, and are different pictures."""


def catalog_of(rows: int, shares: Shares | None = None, name: str = "mixed") -> Path:
    """Return a catalog of so many rows; made at the first call, and kept. Verdicts of earlier searches are taken out."""
    path = cache() / f"scale-{name}-{rows}-{VERSION}.sqlite"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        make(unfinished, rows, shares or Shares())
        os.replace(unfinished, path)
    with Catalog(str(path)) as store:
        for table in ("pair", "pixels", "origin"):
            store.db.execute(f"DELETE FROM {table}")
    return path


def make(path: Path, rows: int, shares: Shares) -> None:
    """Write a catalog."""
    contents = rows - round(rows * shares.names)
    with Catalog(str(path)) as store:
        store.db.execute("PRAGMA synchronous = OFF")
        store.db.execute("PRAGMA journal_mode = MEMORY")
        ids: list[int] = []
        sizes: list[int] = []
        for start, luma, chroma, copy in pictures(contents, shares):
            decoded = [
                _decoded(start + at, luma[at], chroma[at], copy=bool(copy[at])) for at in range(len(luma))
            ]  # fmt: skip
            with store.transaction():
                new = store.add_contents(decoded, decoder=decode.decoders(), version=decode.VERSION)
                for spec, variant in variants.at_scan(SPEC):
                    variants.add(store, np.array(new, np.int64), luma, spec, variant)
            ids += new
            sizes += (size for _, size, _ in decoded)
        _name(store, ids, sizes, rows)
        store.db.execute("PRAGMA journal_mode = WAL")


def pictures(
    count: int, shares: Shares
) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]]:
    """Yield number of the first, luma, chroma and whether each is a copy of the one before, some thousand at a time."""
    generator = np.random.default_rng(VERSION)
    kinds = generator.standard_normal((SCENES, WAVES, WAVES))
    common = generator.standard_normal((WAVES, WAVES))
    for start in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - start)
        waves = generator.standard_normal((number, WAVES, WAVES))
        waves += SCENE_WEIGHT * kinds[generator.integers(0, SCENES, number)]
        if shares.alike == "hashes":  # the low frequencies, which a hash is made of, are those of all others
            waves[:, :12, :12] = 4 * common[:12, :12]
            waves[:, 12:] *= 3
            waves[:, :, 12:] *= 3
        copy = generator.random(number) < shares.copies / (1 - shares.names)
        copy[0] = False
        flat = ~copy & (generator.random(number) < shares.flat)
        if shares.alike == "copies":
            waves[:], copy[:], flat[:] = common, True, False
            copy[0] = start > 0
        origin = np.maximum.accumulate(np.where(copy, 0, np.arange(number)))
        luma = _fields(waves)[origin]
        luma[flat[origin]] = generator.integers(40, 250, (int(flat[origin].sum()), 1, 1))
        chroma = generator.integers(-30, 31, (number, 1, 1, 2)) + np.zeros((1, CHROMA_SIDE, CHROMA_SIDE, 1))
        luma[copy] = _copied(luma[copy], generator)
        colours = np.clip(128 + chroma[origin], 0, 255).astype(np.uint8)
        yield start, np.clip(np.rint(luma), 0, 255).astype(np.uint8), colours, copy


def _fields(waves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn frequencies into pictures of 64 x 64."""
    frequency = np.hypot(*np.meshgrid(np.arange(WAVES), np.arange(WAVES)))
    falloff = 1 / np.maximum(frequency, 1)
    place = (np.arange(THUMBNAIL_SIDE) + 0.5) * np.pi / THUMBNAIL_SIDE
    basis = np.cos(place[:, np.newaxis] * np.arange(WAVES)).astype(np.float32)
    amplitudes = (waves * falloff).astype(np.float32)
    amplitudes[:, 0, 0] = 0
    fields = basis @ amplitudes @ basis.T
    fields *= 48 / fields.std(axis=(1, 2), keepdims=True)
    return fields + 128 + 12 * waves[:, :1, :1].astype(np.float32)


def _copied(luma: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Change pictures as coding them again does."""
    blurred = (np.roll(luma, 1, 1) + np.roll(luma, -1, 1) + np.roll(luma, 1, 2) + np.roll(luma, -1, 2) + 4 * luma) / 8
    kind = generator.integers(0, 3, (len(luma), 1, 1))
    noise = generator.normal(0, 1.5, luma.shape).astype(np.float32)
    return np.where(kind == 0, luma + noise, np.where(kind == 1, blurred, luma + 4))


def _decoded(
    number: int, luma: NDArray[np.uint8], chroma: NDArray[np.uint8], *, copy: bool
) -> tuple[bytes, int, Thumbnail]:
    """Return digest, bytes and thumbnail as a scan has them."""
    digest = blake3(number.to_bytes(8, "big")).digest()
    chance = digest[0] / 256
    width, height = (800, 600) if copy else (1600, 1200)
    thumbnail = Thumbnail(
        luma, chroma, width, height, "JPEG", detail=detail(luma), quality=70 + digest[1] % 26,
        exif={"make": "Maker", "model": "Model", "tags": 20 + digest[2] % 20} if chance < 0.2 and not copy else {},
    )  # fmt: skip
    return digest, int((60_000 if copy else 200_000) + int.from_bytes(digest[3:6], "big") % 100_000), thumbnail


def _name(store: Catalog, ids: list[int], sizes: list[int], rows: int) -> None:
    """Give each content a name, and some of them another one in another folder."""
    generator = np.random.default_rng(VERSION)
    volume = volume_of("/").id
    again = generator.choice(len(ids), rows - len(ids), replace=False).tolist()
    of = [*range(len(ids)), *again]
    for start in range(0, rows, FOLDER_NAMES):
        part = of[start : start + FOLDER_NAMES]
        with store.transaction():
            folder = store.folder("files", volume, f"no/such/folder/{start // FOLDER_NAMES:05d}")
            store.remember(
                (
                    Location(
                        folder,
                        f"IMG_{start + at:07d}.jpg",
                        sizes[one],
                        10**18 + start + at,
                        1,
                        start + at + 1,
                        ids[one],
                    )
                    for at, one in enumerate(part)
                ),
                version=decode.VERSION,
            )


def pairs_catalog(rows: int) -> tuple[Path, int, int]:
    """Return a catalog of random hashes, how many copies are planted in it, and how many pairs are near each other.

    One content in a hundred is a copy of the one before it. Thumbnails of ten million contents would be 45 GB: only contents
    that are near another one have one, so the catalog serves to stream pairs, and for nothing else. Each is the mean of two of
    some thousand drawn pictures; their hashes have nothing to do with them.
    """
    path = cache() / f"scale-pairs-{rows}-{VERSION}.sqlite"
    generator = np.random.default_rng(VERSION)
    block = generator.integers(0, 1 << 64, rows, dtype=np.uint64)
    copies = np.arange(100, rows, 100)
    block[copies] = block[copies - 1]
    for _ in range(4):
        block[copies] ^= np.uint64(1) << generator.integers(0, 64, len(copies)).astype(np.uint64)
    radius = hashes.default_radius(SPEC)
    near = [np.concatenate(part[:2]) for part in join.iter_near_pairs(block, radius)]
    candidates = sum(map(len, near)) // 2
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        _write_pairs(unfinished, block, np.unique(np.concatenate(near)))
        os.replace(unfinished, path)
    return path, len(copies), candidates


def _write_pairs(path: Path, block: NDArray[np.uint64], shown: NDArray[np.int64]) -> None:
    drawn = next(pictures(AT_ONCE, Shares(names=0, copies=0, flat=0)))[1]
    gray = np.full(CHROMA_SIDE * CHROMA_SIDE * 2, 128, np.uint8).tobytes()
    with Catalog(str(path)) as store:
        store.db.execute("PRAGMA synchronous = OFF")
        store.db.execute("PRAGMA journal_mode = MEMORY")
        insert = """INSERT INTO content (id, digest, size, width, height, format, frames, alpha, depth, colour, detail,
            quality, lossless, decoder, version, seal)
            VALUES (?, ?, 200000, 1600, 1200, 'JPEG', 1, 0, 8, 1, 50, 85, 0, ?, ?, ?)"""
        same: dict[str, Any] = {
            "size": 200_000,
            "width": 1600,
            "height": 1200,
            "format": "JPEG",
            "frames": 1,
            "alpha": 0,
        }
        same |= {"depth": 8, "colour": 1, "detail": 50, "quality": 85, "lossless": 0, "version": decode.VERSION}
        known = decode.decoders(), decode.VERSION
        for start in range(0, len(block), 1 << 18):
            part = range(start, min(start + (1 << 18), len(block)))
            with store.transaction():
                # Digests ascend: each of them new at a random place of the index would take hours.
                columns = {name: [value] * len(part) for name, value in same.items()}
                columns["digest"] = [at.to_bytes(32, "big") for at in part]
                sealed = store.seals_of(columns, len(part))
                rows = zip(part, columns["digest"], sealed, strict=True)
                store.db.executemany(insert, ((at + 1, digest, *known, seal) for at, digest, seal in rows))
                store.add_hashes(range(part.start + 1, part.stop + 1), block[part.start : part.stop, np.newaxis], SPEC)
        for start in range(0, len(shown), AT_ONCE):
            some = shown[start : start + AT_ONCE]
            copy = (some % 100 == 0) & (some > 0)
            of = some - copy
            luma = drawn[of % AT_ONCE] // 2 + drawn[(of // AT_ONCE * 7 + of % AT_ONCE + 1) % AT_ONCE] // 2
            luma[copy] += 3
            with store.transaction():
                store.add_thumbnails((some + 1).tolist(), [picture.tobytes() + gray for picture in luma])
        store.db.execute("PRAGMA journal_mode = WAL")
