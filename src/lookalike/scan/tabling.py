"""Images with their hashes, from the catalog and to a table."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, decode
from lookalike.hashes import algorithm, hash_block, way
from lookalike.model import DIGEST_BYTES, THUMBNAIL_BYTES, Failure, HashSpec, Thumbnail
from lookalike.scan.listing import Row
from lookalike.stores.catalog import Catalog
from lookalike.tables.hashes import HashTable, Refs
from lookalike.tables.schema import FACTS


@dataclass(slots=True)
class Item:
    """One listed image on its way into a table.

    Attributes
    ----------
    row : Row
        What was listed.
    words : list of (bytes or None)
        Its hash of each spec, once it has one.
    quality : list of (int or None)
        The quality beside each, where there is one.
    digest : bytes
        BLAKE3 of its content; empty until it is read.
    failure : Failure or None
        Why it could not be read.
    done : bool
        Whether nothing more will come.
    facts : tuple or None
        What is known beside the hashes, by `lookalike.tables.schema.FACTS`; None where that is not wanted, or not known yet.
    thumbnail : bytes
        Luma and chroma; empty where they are not wanted, or not known yet.
    """

    row: Row
    words: list[bytes | None]
    quality: list[int | None]
    digest: bytes = b""
    failure: Failure | None = None
    done: bool = False
    facts: tuple[Any, ...] | None = None
    thumbnail: bytes = b""

    def see(self, thumbnail: Thumbnail, wanted: "Wanted") -> None:
        """Take what is wanted of a thumbnail that was just made.

        Parameters
        ----------
        thumbnail : Thumbnail
            Of this image.
        wanted : Wanted
            What goes into the table.
        """
        if wanted.facts:
            self.facts = facts_of(thumbnail)
        if wanted.thumbnails:
            self.thumbnail = thumbnail.luma.tobytes() + thumbnail.chroma.tobytes()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into tables.

    Attributes
    ----------
    specs : tuple of HashSpec
        Which hashes.
    facts, thumbnails : bool
        Whether what `find` needs to know beside them goes along; whether the thumbnails do, too.
    """

    specs: tuple[HashSpec, ...]
    facts: bool = False
    thumbnails: bool = False


def facts_of(seen: Thumbnail) -> tuple[Any, ...]:
    """Return what is known of a picture as a row of a table.

    Parameters
    ----------
    seen : Thumbnail
        What was decoded.

    Returns
    -------
    tuple
        By `lookalike.tables.schema.FACTS`.
    """
    exif = json.dumps(seen.exif) if seen.exif else None
    return (
        seen.width, seen.height, seen.format, seen.frames, seen.alpha, seen.depth, seen.colour, seen.detail, seen.quality,
        seen.lossless, seen.captured, exif, seen.truncated, decode.decoders(),
    )  # fmt: skip


def variant_of(spec: HashSpec) -> str:
    """Return what stored hashes go by: those made of whole pictures are those of one decoder set.

    Parameters
    ----------
    spec : HashSpec
        Which hash.

    Returns
    -------
    str
        Name of the variant in the catalog.

    Examples
    --------
    >>> variant_of(HashSpec("phash"))
    'plain'
    """
    return "plain" if spec.decoding == "fast" else decode.decoders()


def recall(catalog: Catalog, items: Sequence[Item], wanted: Wanted) -> list[Item]:
    """Fill in what the catalog has on unchanged images.

    Parameters
    ----------
    catalog : Catalog
        Where hashes are kept.
    items : sequence of Item
        With the ids of their contents.
    wanted : Wanted
        What goes into the table.

    Returns
    -------
    list of Item
        Those that have everything now.
    """
    by_content: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        by_content[item.row.content or 0].append(item)
    ids = np.array(sorted(by_content), np.int64)
    for at, spec in enumerate(wanted.specs):
        for content, words in _words(catalog, ids, spec).items():
            for item in by_content[content]:
                item.words[at] = words
        rated = catalog.words(ids, spec, f"quality {variant_of(spec)}") if way(spec).quality is not None else {}
        for content, quality in rated.items():
            for item in by_content[content]:
                item.quality[at] = int.from_bytes(quality)
    pixels = catalog.thumbnail_bytes(ids) if wanted.thumbnails else {}
    complete = []
    for content, (digest, *facts) in catalog.facts_of(ids, ("digest", *(FACTS if wanted.facts else ()))).items():
        for item in by_content[content]:
            item.digest, item.thumbnail = digest, pixels.get(content, b"")
            item.facts = tuple(facts) if wanted.facts else None
            if None not in item.words:
                complete.append(item)
    return complete


def _words(catalog: Catalog, ids: NDArray[np.int64], spec: HashSpec) -> dict[int, bytes]:
    """Return the hashes the catalog has, and of decoding fast those it can make of its thumbnails."""
    words = catalog.words(ids, spec, variant_of(spec))
    missing = np.array([number for number in ids.tolist() if number not in words], np.int64)
    if spec.decoding == "fast" and missing.size:
        block = hash_block(catalog.thumbnails(missing)[0], spec)
        with catalog.transaction():
            catalog.add_hashes(missing.tolist(), block, spec)
        words |= dict(zip(missing.tolist(), bits.to_bytes(block), strict=True))
    return words


def table_of(rows: Sequence[Item | Failure], wanted: Wanted) -> HashTable:
    """Make a table.

    Parameters
    ----------
    rows : sequence of (Item or Failure)
        In the order of listing.
    wanted : Wanted
        What the items have.

    Returns
    -------
    HashTable
        A row for each item, and the failures.
    """
    items = [row for row in rows if isinstance(row, Item)]
    names = [item.row.path.encode("utf-8", "surrogateescape") for item in items]
    refs = Refs(
        b"".join(names),
        np.cumsum([len(name) for name in names], dtype=np.int64),
        np.array([item.row.entry.size for item in items], np.int64),
        np.array([item.row.entry.mtime_ns for item in items], np.int64),
        np.frombuffer(b"".join(item.digest for item in items), np.uint8).reshape(len(items), DIGEST_BYTES),
        [item.row.folder.kind for item in items] if any(item.row.folder.source for item in items) else [],
    )
    facts: dict[str, list[Any]] = {}
    if wanted.facts:
        values = list(zip(*(item.facts or (None,) * len(FACTS) for item in items), strict=True)) or [()] * len(FACTS)
        facts = {name: list(column) for name, column in zip(FACTS, values, strict=True)}
    thumbnails = None
    if wanted.thumbnails:
        pixels = np.frombuffer(b"".join(item.thumbnail for item in items), np.uint8)
        thumbnails = pixels.reshape(len(items), THUMBNAIL_BYTES)
    table = HashTable(
        wanted.specs, refs, {}, failures=[row for row in rows if isinstance(row, Failure)], facts=facts,
        thumbnails=thumbnails, decode=decode.VERSION if any(spec.decoding == "fast" for spec in wanted.specs) else 0,
    )  # fmt: skip
    for at, spec in enumerate(wanted.specs):
        words = [item.words[at] or b"" for item in items]
        width = bits.words(spec.bits) * 8
        block = np.frombuffer(b"".join(words), ">u8").reshape(-1, width // 8)
        table.blocks[spec.algorithm] = block.astype(np.uint64)
        if algorithm(spec.algorithm).several:
            table.parts[spec.algorithm] = np.cumsum([len(part) // width for part in words], dtype=np.int64)
        if way(spec).quality is not None:
            table.quality[spec.algorithm] = np.array([item.quality[at] or 0 for item in items], np.uint8)
    return table
