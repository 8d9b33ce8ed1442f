"""Contents of which only hashes are known: those that may have a match are read again, for their thumbnails."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import decode, join
from lookalike.columns import Images
from lookalike.matches.frames import NO_FRAMES, Frames
from lookalike.matches.twins import suspects
from lookalike.model import MIN_DETAIL
from lookalike.options import FindOptions, ScanOptions
from lookalike.pool import Pool
from lookalike.scan import variants
from lookalike.scan.examining import Outcome, Task
from lookalike.scan.shortcut import CHUNK_BYTES, CHUNK_FILES, open_pool
from lookalike.scan.variants import hash_words
from lookalike.sources.reading import UNNAMED, Reader, Unnamed
from lookalike.stores.catalog import Catalog

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Again:
    """A content that is to be read again.

    Attributes
    ----------
    row : int
        What its outcome is called.
    digest : bytes
        BLAKE3 of what it was.
    names : tuple of (str, int)
        Paths where it was, and its size in bytes there.
    """

    row: int
    digest: bytes
    names: tuple[tuple[str, int], ...]


def decode_candidates(
    images: Images, words: NDArray[np.uint64], store: Catalog, reader: Reader, options: FindOptions, scanned: ScanOptions,
    *, against: bool, workers: int, frames: Frames = NO_FRAMES,
) -> list[str]:  # fmt: skip
    """Read again what is known by its hash alone and has a neighbour; the others cannot match anything.

    Parameters
    ----------
    images : Images
        What is to be matched.
    words : ndarray of uint64, shape (m, words)
        The hash of the whole picture of each content.
    store : Catalog
        Where thumbnails are kept.
    reader : Reader
        Who reads.
    options : FindOptions
        Hash and radius.
    scanned : ScanOptions
        Which files are accepted.
    against : bool
        Whether images under test are matched with references only.
    workers : int
        How many images are decoded at a time.
    frames : Frames
        Further frames of contents, which may be the neighbours.

    Returns
    -------
    list of str
        A warning, if images could not be read again or are others by now: they are compared with nothing.
    """
    facts = images.facts
    bare = np.isin(facts.id, store.bare())
    if not bare.any():
        return []
    ids, at = np.unique(frames.id, return_inverse=True)
    more = hash_words(ids, store, options.spec, threads=workers)[1][at]
    wanted = _has_neighbour(images, words, (frames.content, more), options, against=against, workers=workers)
    wanted[suspects(facts, words)] = True
    wanted &= bare
    rows = np.flatnonzero(wanted)
    names: dict[int, list[int]] = {int(row): [] for row in rows}
    for image in np.flatnonzero(wanted[images.content]).tolist():
        names[int(images.content[image])].append(image)
    wanted_again = (
        Again(row, facts.digest[row], tuple((images.path[image], int(images.size[image])) for image in those))
        for row, those in sorted(names.items(), key=lambda item: item[1][0])
    )
    for done in read_again(wanted_again, reader, scanned, workers=workers):
        _keep(done, images, store, options)
    left = np.isin(facts.id[rows], store.bare())
    if not left.any():
        return []
    lost: dict[str, list[str]] = {}
    for row in rows[left].tolist():
        path = images.path[names[row][0]]
        why = UNNAMED.reason if isinstance(reader.source(path), Unnamed) else "hash again with --thumbnails"
        lost.setdefault(why, []).append(path)
    return [
        f"{len(paths):,} of {len(rows):,} images that tables know by hash alone and that have neighbours could not be read "
        f"again and were compared with nothing, such as {paths[0]}: {why}"
        for why, paths in lost.items()
    ]


def _has_neighbour(
    images: Images, words: NDArray[np.uint64], more: tuple[Rows, NDArray[np.uint64]], options: FindOptions, *,
    against: bool, workers: int,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which contents another one may be near to, over however many steps; some have more hashes than one."""
    joined = np.flatnonzero(images.facts.detail >= MIN_DETAIL)
    owner = np.concatenate([joined, more[0]])
    label = join.components(np.concatenate([words[joined], more[1]]), options.radius, threads=workers)
    found = np.zeros(len(words), np.bool_)
    if not against:
        found[owner[np.bincount(label, minlength=len(owner))[label] > 1]] = True
        return found
    sides = []
    for side in (images.reference, ~images.reference):
        has = np.zeros(len(words), np.bool_)
        has[images.content[side]] = True
        sides.append(np.bincount(label, has[owner], minlength=len(owner))[label] > 0)
    found[owner[sides[0] & sides[1]]] = True
    return found


def read_again(
    wanted: Iterable[Again], reader: Reader, scanned: ScanOptions, *, workers: int, isolated: bool = False
) -> Iterator[list[Outcome]]:
    """Read and decode contents that were read before.

    Parameters
    ----------
    wanted : iterable of Again
        Which; their order is that of reading.
    reader : Reader
        Who reads.
    scanned : ScanOptions
        Which files are accepted.
    workers : int
        How many images are decoded at a time.
    isolated : bool
        Whether a single worker has a process of its own for what may crash, too.

    Yields
    ------
    list of Outcome
        Some at a time; nothing comes of what cannot be read, or is another content by now.
    """
    with open_pool([], scanned, workers=workers, readers=None, isolated=isolated) as pool:
        chunk: list[Task] = []
        held = 0
        for one in wanted:
            found = _found(one, reader)
            if found is None:
                continue
            path, data = found
            accept = scanned.truncated == "accept"
            chunk.append(Task(one.row, path, len(data), 0, (), accept, scanned.max_pixels, data=data, claimed=True))
            held += len(data)
            if held >= min(CHUNK_BYTES, scanned.read_ahead) or len(chunk) >= CHUNK_FILES:
                yield from _results(pool)
                pool.submit(chunk, carried=held)
                chunk, held = [], 0
        if chunk:
            pool.submit(chunk, carried=held)
        while results := list(pool.results(wait=True)):
            yield from (seen for _, seen in results)


def _results(pool: Pool[Task, Outcome]) -> Iterator[list[Outcome]]:
    yield from (seen for _, seen in pool.results(wait=not pool.room))


def _found(one: Again, reader: Reader) -> tuple[str, bytes] | None:
    """Return a content and the first of its names where it still lies."""
    for path, size in one.names:
        data = reader.same(path, size, one.digest)
        if data is not None:
            return path, data
    return None


def _keep(outcomes: list[Outcome], images: Images, store: Catalog, options: FindOptions) -> None:
    made = [(one, one.thumbnail) for one in outcomes if one.thumbnail is not None and one.kind is None]
    if not made:
        return
    decoded = [(images.facts.digest[one.row], int(images.facts.size[one.row]), seen) for one, seen in made]
    with store.transaction():
        ids = store.add_contents(decoded, decoder=decode.decoders(), version=decode.VERSION)
        luma = np.stack([seen.luma for _, seen in made])
        for spec, variant in variants.at_scan(options.spec):
            variants.add(store, np.array(ids, np.int64), luma, spec, variant)
