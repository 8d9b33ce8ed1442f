"""What a scan does with files in its own process: read ahead, digest, and decode what the kernels take, a chunk at a time."""

import itertools
import os
from collections.abc import Sequence
from functools import partial

from blake3 import blake3

from lookalike import decode, events, formats
from lookalike.limiting import limits
from lookalike.options import ScanOptions
from lookalike.pool import Pool
from lookalike.scan.examining import Outcome, Task, crashed, examine, overran, recognise
from lookalike.sources.roots import Root

CHUNK_FILES = 256
CHUNK_BYTES = 4 << 20
"""Files handed to a worker at a time: as many as this, or as long as together they have fewer bytes than that."""
MAX_BYTES = 64 << 20
"""Larger files are left to the worker processes."""


def chunk_length(sizes: Sequence[int]) -> int:
    """Say how many of the next files go to a worker together.

    Parameters
    ----------
    sizes : sequence of int
        Bytes of the next files, at most `CHUNK_FILES` of them.

    Returns
    -------
    int
        At least 1, if there is a file.

    Examples
    --------
    >>> chunk_length([1000] * 256), chunk_length([1 << 20] * 32)
    (256, 4)
    """
    total = itertools.accumulate(sizes)
    return 1 + sum(before < CHUNK_BYTES for before in itertools.islice(total, len(sizes) - 1)) if sizes else 0


def open_pool(
    roots: Sequence[Root], options: ScanOptions, *, workers: int, readers: int | None, isolated: bool = False
) -> Pool[Task, Outcome]:
    """Open a pool that reads and decodes files.

    Parameters
    ----------
    roots : sequence of Root
        Where the files lie.
    options : ScanOptions
        With the limits that somebody set.
    workers : int
        Threads that decode, each with a process for what only other libraries can decode; 1 for all in this thread, unless a
        limit of time or memory is set, which only a process can be held to.
    readers : int, optional
        Threads that read ahead; None for what suits the volumes: one for rotating disks, two for networks, else as many
        as there are workers.
    isolated : bool
        Whether one worker has a thread and a process of its own, too.

    Returns
    -------
    Pool
        To be used as a context.
    """
    usual = min((root.readers for root in roots if root.readers is not None), default=None)
    few = readers if readers is not None else usual
    may = limits(options)
    shortcut = Shortcut(everything=few is not None, max_memory=options.max_memory)
    events.POOL_OPENED(workers=workers, readers=few or workers)
    return Pool(
        examine, crashed, workers=workers, shortcut=shortcut, readers=few or workers, limits=may,
        overran=partial(overran, may.seconds), isolated=isolated or options.held, read_ahead=options.read_ahead,
    )  # fmt: skip


class Shortcut:
    """Settle the files of a chunk that need no other library, without a worker process.

    Parameters
    ----------
    everything : bool
        Whether files that only a worker process can decode are read here too, so that it finds them in the page cache
        and a slow drive sees no more readers than this one has.
    max_memory : int, optional
        Files that are larger when inflated are left to the worker processes; None for none.
    """

    def __init__(self, *, everything: bool = False, max_memory: int | None = None) -> None:
        self._everything, self._max_memory = everything, max_memory

    def cost(self, chunk: Sequence[Task]) -> int:
        """Return how many bytes a chunk holds at most.

        Parameters
        ----------
        chunk : sequence of Task
            Files.

        Returns
        -------
        int
            Bytes.
        """
        return sum(task.size for task in chunk if task.size <= MAX_BYTES and task.data is None)

    def read(self, chunk: Sequence[Task]) -> list[bytes | None]:
        """Read the files of a chunk that the kernels may take.

        Parameters
        ----------
        chunk : sequence of Task
            Files.

        Returns
        -------
        list of (bytes or None)
            None for what is left to others.
        """
        found: list[bytes | None] = [task.data if isinstance(task.data, bytes) else None for task in chunk]
        here = [task.size <= MAX_BYTES and task.thumbnail and not task.specs for task in chunk]
        found = [data if fits else None for data, fits in zip(found, here, strict=True)]
        chosen = [at for at, task in enumerate(chunk) if here[at] and task.data is None]
        tasks = [chunk[at] for at in chosen]
        read = decode.read_files(
            [os.fsencode(task.path) for task in tasks],
            [task.size for task in tasks],
            [task.mtime_ns for task in tasks],
            [self._everything and formats.claims_image(task.path) for task in tasks],
        )
        for at, data in zip(chosen, read, strict=True):
            found[at] = data
        return found

    def settle(self, chunk: Sequence[Task], read: list[bytes | None]) -> list[Outcome | None]:
        """Return what became of the files of a chunk.

        Parameters
        ----------
        chunk : sequence of Task
            Files.
        read : list of (bytes or None)
            As `read` returned it.

        Returns
        -------
        list of (Outcome or None)
            None for what is left to a worker process.
        """
        outcomes: list[Outcome | None] = [None] * len(chunk)
        here, files = [], []
        for at, (task, data) in enumerate(zip(chunk, read, strict=True)):
            if data is None or not decode.is_candidate(data):
                outcomes[at] = recognise(task)
                continue
            digest = blake3(data).digest()
            if digest in task.known:
                outcomes[at] = Outcome(task.row, digest)
                continue
            here.append((at, digest))
            files.append(data)
        if files:
            most = min(task.max_pixels for task in chunk)
            made = decode.decode_all(files, max_pixels=most, max_memory=self._max_memory)
            for (at, digest), thumbnail in zip(here, made, strict=True):
                task = chunk[at]
                outcomes[at] = recognise(task) if thumbnail is None else Outcome(task.row, digest, thumbnail)
        return outcomes
