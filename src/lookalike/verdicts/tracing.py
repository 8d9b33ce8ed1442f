"""Contents that hold no more than another one of their group: enlargements, and lossless files saved from lossy ones.

Both are measured only where they can matter: of each group its keeper with the others, on the files, and once for each pair.
That a lossy picture is the enlargement of another lossy one is looked at only where the smaller one has facts of a camera.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from lookalike import decode
from lookalike.blocks import BLOCKS_VERSION, has_blocks
from lookalike.columns import Facts, Images, Matches, Origins
from lookalike.errors import DecodeError
from lookalike.limiting import File, SecondLooks
from lookalike.model import MAX_PIXELS, Tier
from lookalike.resolved import LEAST_SHARE, MOST_SHARE, RESOLVED_VERSION, is_enlargement
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog

Pair = tuple[int, int]
ASPECT = 0.02
"""By how much the aspect of an enlargement may differ from that of its source: sizes are rounded."""
SAME_LEVELS, SAME_SHARE = 2, 0.999
"""Levels that two decoders of one JPEG file may be apart, and in which share of the pixels at least."""
PAIRS_AT_ONCE = 64


def enlarges(large: File, small: File, *, max_pixels: int = MAX_PIXELS) -> bool:
    """Say whether a picture is an enlargement of another one.

    Parameters
    ----------
    large, small : tuple of (bytes, str)
        Contents and name of each file.
    max_pixels : int
        Most pixels that are decoded, inclusive.

    Returns
    -------
    bool
        False where in doubt.

    Raises
    ------
    DecodeError
        If a file cannot be decoded.
    """
    one, other = (decode.whole_luma(*file, max_pixels=max_pixels) for file in (large, small))
    if not _may_enlarge(one.size, other.size):
        return False
    return is_enlargement(*decode.predictions(one, other), max(other.width / one.width, other.height / one.height))


def holds(lossless: File, lossy: File, *, max_pixels: int = MAX_PIXELS) -> bool:
    """Say whether a lossless file was saved from a lossy one: it has its pixels, and traces of JPEG blocks in them.

    Parameters
    ----------
    lossless, lossy : tuple of (bytes, str)
        Contents and name of each file.
    max_pixels : int
        Most pixels that are decoded, inclusive.

    Returns
    -------
    bool
        False where in doubt. What a lossy file was made of has other pixels; it has no traces, or those of another encoder run.

    Raises
    ------
    DecodeError
        If a file cannot be decoded.
    """
    one, other = (np.asarray(decode.whole_luma(*file, max_pixels=max_pixels)) for file in (lossless, lossy))
    if one.shape != other.shape:
        return False
    apart = np.maximum(one, other) - np.minimum(one, other)
    return bool((apart <= SAME_LEVELS).mean() >= SAME_SHARE) and has_blocks(one)


def trace(
    images: Images,
    matches: Matches,
    origins: Origins,
    store: Catalog,
    reader: Reader,
    looks: SecondLooks,
    *,
    workers: int,
) -> Origins:
    """Look what comes from what in groups of tiers exact to edit.

    Parameters
    ----------
    images : Images
        What was matched.
    matches : Matches
        Who was matched with whom.
    origins : Origins
        What is known already.
    store : Catalog
        Where is kept what was found.
    reader : Reader
        Who reads the files again.
    looks : SecondLooks
        Who looks at files.
    workers : int
        How many files are decoded at a time; it changes no result.

    Returns
    -------
    Origins
        With what was found beside it; equal to `origins` where that is nothing.
    """
    tracer = _Tracer(images, store, reader, looks, workers)
    groups = list(_groups(images, matches))
    enlarged, saved = origins.enlarged.copy(), origins.saved.copy()
    pixels = images.facts.width * images.facts.height
    sizes = list(zip(images.facts.width.tolist(), images.facts.height.tolist(), strict=True))
    for sources in (None, enlarged):  # then with what the keepers turned out to come from
        wanted = []
        for keeper, others in groups:
            source = keeper if sources is None else int(sources[keeper])
            both = (sorted((source, other), key=lambda at: -pixels[at]) for other in others if other != source)
            wanted += [
                (large, small)
                for large, small in both
                if _may_enlarge(sizes[large], sizes[small]) and _has_claim(images.facts, large, small)
            ]
        for large, small in tracer(wanted, enlarges, f"enlarged-{RESOLVED_VERSION}"):
            if (pixels[small], small) < (pixels[enlarged[large]], enlarged[large]):
                enlarged[large] = small
        while (enlarged != enlarged[enlarged]).any():  # each source has fewer pixels
            enlarged = enlarged[enlarged]
    facts = images.facts
    lossless = [(keeper, others) for keeper, others in groups if facts.lossless[keeper] and facts.depth[keeper] <= 8]
    wanted = [
        (keeper, other)
        for keeper, others in lossless
        for other in others
        if facts.format[other] in ("JPEG", "MPO") and sizes[keeper] == sizes[other]
    ]
    for keeper, other in tracer(wanted, holds, f"saved-{BLOCKS_VERSION}"):
        if saved[keeper] == keeper:
            saved[keeper] = other
    return Origins(enlarged, saved)


def _may_enlarge(large: Pair, small: Pair) -> bool:
    across, down = (less / more for less, more in zip(small, large, strict=True))
    return abs(across - down) <= ASPECT * max(across, down) and LEAST_SHARE <= max(across, down) <= MOST_SHARE


def _has_claim(facts: Facts, large: int, small: int) -> bool:
    """Say whether the smaller picture may well be the source: a look costs as much as reading ten files.

    It may not where both are lossy and it tells no more of a camera: that is what every reduced copy looks like.
    """
    camera = [bool(facts.exif[at].get("make")) for at in (large, small)]
    return bool(facts.lossless[large] or facts.lossless[small]) or camera[1] > camera[0]


def _groups(images: Images, matches: Matches) -> Iterator[tuple[int, list[int]]]:
    """Yield the content of each keeper, and the other contents of its group."""
    rows = np.flatnonzero((matches.tier <= Tier.EDIT) & (matches.group != np.arange(len(images))))
    keepers, contents = images.content[matches.group[rows]], images.content[rows]
    pairs = np.unique(np.stack([keepers, contents], axis=1)[keepers != contents], axis=0)
    first, start = np.unique(pairs[:, 0], return_index=True)
    for keeper, others in zip(first.tolist(), np.split(pairs[:, 1], start[1:]), strict=False):
        yield keeper, others.tolist()


class _Tracer:
    """Say which pairs of contents are as a look at their files would have it; what the catalog knows is not looked at again."""

    def __init__(self, images: Images, store: Catalog, reader: Reader, looks: SecondLooks, workers: int) -> None:
        self._facts, self._store, self._looks, self._workers = images.facts, store, looks, workers
        self._reader = reader
        _, image = np.unique(images.content, return_index=True)
        self._path = [images.path[row] for row in image.tolist()]

    def __call__(self, wanted: Iterable[Pair], look: Callable[..., bool], name: str) -> list[Pair]:
        ids = self._facts.id
        step = f"{name}/{decode.PIXELS_VERSION}/{decode.decoders()}"
        pairs = sorted(set(wanted))
        by_id = [(int(ids[content]), int(ids[source])) for content, source in pairs]
        known = self._store.origins(by_id, step)
        new = [(pair, key) for pair, key in zip(pairs, by_id, strict=True) if key not in known]
        with ThreadPoolExecutor(self._workers) as threads:
            for start in range(0, len(new), PAIRS_AT_ONCE):
                part = new[start : start + PAIRS_AT_ONCE]
                found = list(threads.map(partial(self._look, look), (pair for pair, _ in part)))
                fresh = [(*key, one) for (_, key), one in zip(part, found, strict=True) if one is not None]
                with self._store.transaction():
                    self._store.add_origins(fresh, step)
                known |= {(content, source): one for content, source, one in fresh}
        return [pair for pair, key in zip(pairs, by_id, strict=True) if known.get(key)]

    def _look(self, look: Callable[..., bool], pair: Pair) -> bool | None:
        """Look at two files, if they are still there, still what was scanned, and can be decoded."""
        try:
            one, other = (self._file(content) for content in pair)
            if one is None or other is None:
                return None
            return self._looks(look, one, other, max_pixels=self._looks.options.max_pixels)
        except (DecodeError, MemoryError):
            return None

    def _file(self, content: int) -> File | None:
        path = self._path[content]
        data = self._reader.same(path, int(self._facts.size[content]), self._facts.digest[content])
        return None if data is None else (data, path)
