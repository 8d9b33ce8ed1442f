"""Further frames of animations, and pages of documents: pictures of their own that stand for the image they are in.

Each frame that shows something new becomes a content of the catalog, named by the digest of its file and its number. What is
kept of contents is kept of it: a thumbnail, hashes, verdicts.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from lookalike import decode
from lookalike.columns import Facts, Images
from lookalike.errors import DecodeError
from lookalike.limiting import limits
from lookalike.matches.items import Items
from lookalike.model import MIN_DETAIL, Thumbnail
from lookalike.options import ScanOptions
from lookalike.pool import Pool
from lookalike.scan.examining import Scanned, scanned, share_cores
from lookalike.scan.storing import BATCH_FILES, BATCH_SECONDS
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog

MOST_FRAMES = 256
"""Frames of one image that are looked at, the first included; together they may have as many pixels as one image may."""
FRAME_PIXELS = 4096
"""As how many pixels a frame counts at least."""
FRAMES_VERSION = 1
"""Rises when other frames could be found."""
FILES_AT_ONCE = 8

Rows = NDArray[np.int64]


class FrameTask(NamedTuple):
    """One file of several frames, and how many; its `max_pixels` are what one frame may have, and all of them together."""

    file: Scanned
    frames: int

    @property
    def path(self) -> str:
        """Where the file is, for whoever tells that a worker died of it."""
        return self.file.path


class FrameOutcome(NamedTuple):
    """What became of a `FrameTask`: frames after the first that show something new, by number.

    Nothing lasting (`settled` is false) of a file that is gone, or another one by now.
    """

    row: int
    settled: bool
    frames: tuple[tuple[int, Thumbnail], ...] = ()


def examine_frames(task: FrameTask) -> FrameOutcome:
    """Look at the frames of a file that is still what was scanned; runs in a worker and never raises for a bad file.

    Parameters
    ----------
    task : FrameTask
        The file.

    Returns
    -------
    FrameOutcome
        What became of it; of a file that is damaged after its first frame, the frames before the damage.
    """
    row, path, data = task.file.row, task.path, task.file.read()
    if data is None:
        return FrameOutcome(row, settled=False)
    share_cores()
    found: list[tuple[int, Thumbnail]] = []
    try:
        first = decode.decode(data, path, max_pixels=task.file.max_pixels)
        seen, pixels = {_shown(first)}, 0
        with closing(decode.frames_of(data, path, 1, max_pixels=task.file.max_pixels)) as pages:
            for number in range(1, min(task.frames, MOST_FRAMES)):
                page = next(pages, None)
                if page is None:
                    break
                frame = decode.decode(page, max_pixels=task.file.max_pixels)
                pixels += max(frame.width * frame.height, FRAME_PIXELS)
                if pixels > task.file.max_pixels:
                    break
                if frame.detail >= MIN_DETAIL and _shown(frame) not in seen:
                    seen.add(_shown(frame))
                    found.append((number, replace(frame, format=first.format, lossless=first.lossless)))
    except (DecodeError, MemoryError):
        return FrameOutcome(row, settled=True, frames=tuple(found))
    return FrameOutcome(row, settled=True, frames=tuple(found))


def _shown(frame: Thumbnail) -> bytes:
    return frame.luma.tobytes() + frame.chroma.tobytes()


def unseen(task: FrameTask, _reason: str) -> FrameOutcome:
    """Return what is known of a file during which its worker died.

    Parameters
    ----------
    task : FrameTask
        The file.

    Returns
    -------
    FrameOutcome
        No frame but the first.
    """
    return FrameOutcome(task.file.row, settled=True)


def digest_of(file: bytes, number: int) -> bytes:
    """Return what names a frame.

    Parameters
    ----------
    file : bytes
        BLAKE3 of its file.
    number : int
        Number of the frame, from 1 for the second on.

    Returns
    -------
    bytes
        32 of them.
    """
    return blake3(file + number.to_bytes(4, "little")).digest()


@dataclass(frozen=True, slots=True)
class Frames:
    """Further frames of contents; one row per frame, by content and number.

    Attributes
    ----------
    content : ndarray of int64, shape (n,)
        Row of the content that each is in.
    number : ndarray of int64, shape (n,)
        Which frame it is, from 1 for the second on.
    id : ndarray of int64, shape (n,)
        Id of the content that it is itself.
    """

    content: Rows
    number: Rows
    id: Rows

    def only(self, kept: NDArray[np.bool_]) -> "Frames":
        """Return some of them."""
        return Frames(self.content[kept], self.number[kept], self.id[kept])


NO_FRAMES = Frames(*(np.zeros(0, np.int64) for _ in range(3)))


def further(images: Images, store: Catalog, reader: Reader, options: ScanOptions, *, workers: int) -> Frames:
    """Find the frames beyond the first of all images that have several; what the catalog knows is not decoded again.

    Parameters
    ----------
    images : Images
        What was scanned.
    store : Catalog
        Where frames are kept.
    reader : Reader
        Who reads what is no ordinary file.
    options : ScanOptions
        With the limits: most pixels of one image, and of the frames of one image together.
    workers : int
        How many files are decoded at a time; it changes no result.

    Returns
    -------
    Frames
        Those that show something new.
    """
    facts = images.facts
    step = f"{FRAMES_VERSION}/{decode.VERSION}/{decode.decoders()}/{options.max_pixels}"
    if options.held:  # of what broke a limit no further frame is known
        may = limits(options)
        step += f"/{may.seconds:g}/{may.memory}"
    rows = np.flatnonzero(facts.frames > 1)
    known = store.frames(facts.id[rows], step)
    missing = [row for row in rows.tolist() if int(facts.id[row]) not in known]
    for seen in _decoded(images, missing, reader, options, workers):
        with store.transaction():
            for one in seen:
                _keep(one, facts, store, step)
    known = store.frames(facts.id[rows], step)
    found = [(row, number, picture) for row in rows.tolist() for number, picture in known.get(int(facts.id[row]), ())]
    return Frames(*np.array(found, np.int64).reshape(-1, 3).T)


def _keep(seen: FrameOutcome, facts: Facts, store: Catalog, step: str) -> None:
    named = [(digest_of(facts.digest[seen.row], number), 0, frame) for number, frame in seen.frames]
    ids = store.add_contents(named, decoder=decode.decoders(), version=decode.VERSION) if named else []
    numbers = [number for number, _ in seen.frames]
    store.add_frames(int(facts.id[seen.row]), zip(numbers, ids, strict=True), step)


def _decoded(
    images: Images, rows: list[int], reader: Reader, options: ScanOptions, workers: int
) -> Iterator[list[FrameOutcome]]:
    """Yield what was found, some files at a time."""
    if not rows:
        return
    facts = images.facts
    _, first = np.unique(images.content, return_index=True)

    def task(row: int) -> FrameTask | None:
        file = scanned(row, images.path[int(first[row])], facts, reader, options)
        return None if file is None else FrameTask(file, int(facts.frames[row]))

    fresh: list[FrameOutcome] = []
    kept = time.monotonic()
    at = 0
    with Pool(examine_frames, unseen, workers=workers, limits=limits(options), isolated=options.held) as pool:
        while at < len(rows) or fresh or pool.busy:
            while at < len(rows) and pool.room:
                pool.submit([one for one in map(task, rows[at : at + FILES_AT_ONCE]) if one is not None])
                at += FILES_AT_ONCE
            for _, seen in pool.results(wait=True):
                fresh += (one for one in seen if one.settled)
            if not pool.busy or len(fresh) >= BATCH_FILES or time.monotonic() - kept > BATCH_SECONDS:
                yield fresh
                fresh, kept = [], time.monotonic()


@dataclass(frozen=True, slots=True)
class Pictures:
    """What items show: the first frame of each, in their order, and then further frames; one row per picture.

    Attributes
    ----------
    item : ndarray of int64, shape (n,)
        The item that each stands for.
    content, file : ndarray of int64, shape (n,)
        Rows of `facts`: of the picture, and of the file that it is in.
    image : ndarray of int64, shape (n,)
        An image that holds it.
    number : ndarray of int64, shape (n,)
        Which frame of that it is; 0 for the first.
    facts : Facts
        Of files and frames.
    """

    item: Rows
    content: Rows
    file: Rows
    image: Rows
    number: Rows
    facts: Facts


def pictures(items: Items, images: Images, frames: Frames, store: Catalog) -> Pictures:
    """Return what items show.

    Parameters
    ----------
    items : Items
        The items.
    images : Images
        What they are of.
    frames : Frames
        Further frames of their contents.
    store : Catalog
        Where the facts of frames are.

    Returns
    -------
    Pictures
        Frames of contents that no item stands for by itself are left out: what does so has the same pixels.
    """
    facts, own = images.facts, np.arange(len(items.content))
    item_of = np.full(len(facts.id), -1)
    alone = ~items.again
    item_of[items.content[alone]] = own[alone]
    rows = np.flatnonzero(item_of[frames.content] >= 0)
    if not len(rows):
        return Pictures(own, items.content, items.content, items.image, np.zeros(len(own), np.int64), facts)
    item = item_of[frames.content[rows]]
    ids = np.union1d(facts.id, frames.id[rows])
    files = np.searchsorted(ids, facts.id[items.content])
    return Pictures(
        np.concatenate([own, item]), np.concatenate([files, np.searchsorted(ids, frames.id[rows])]),
        np.concatenate([files, files[item]]), np.concatenate([items.image, items.image[item]]),
        np.concatenate([np.zeros(len(own), np.int64), frames.number[rows]]), store.contents(ids),
    )  # fmt: skip
