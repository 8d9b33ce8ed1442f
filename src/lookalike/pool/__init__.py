"""The local mapper: tasks in, results out, in processes that may die without taking anything along.

Workers are plain child processes of the same interpreter that read pickled tasks from their standard input, so no
``__main__`` guard is needed and nothing is inherited by fork. When one dies, the task that it was at goes to a new one alone;
if it kills that too, it becomes the result of `crashed`, and the rest of the chunk is done. One worker means `map` in this very
process, unless it is to be isolated.

Workers may have `Limits`. The system ends a worker that uses more time for one task, so that no decoder can keep it from that,
and refuses it more memory; the task becomes the result of `overran` at once. What runs in this process has no such limits.

Where much can be done safely in this process, without the interpreter lock, a `Shortcut` goes first: its chunks are read
ahead by some threads and settled by others, and a worker process is started only for what it leaves over.
"""

import atexit
import os
import pickle
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from lookalike.errors import UsageError
from lookalike.model import READ_AHEAD
from lookalike.pool.guarded import Died, Guarded
from lookalike.pool.limits import STUCK, Limits, held
from lookalike.pool.worker import Worker, keep_freed, report_death

__all__ = [
    "READ_AHEAD",
    "STUCK",
    "Died",
    "Guarded",
    "Limits",
    "Pool",
    "Shortcut",
    "default_workers",
    "held",
    "usable_cores",
    "workers_of",
]

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
CHUNKS_AHEAD = 4
"""So many chunks a shortcut may hold for each thread that settles them, since what waits for long is in the processor's caches
no longer."""
PATIENCE_SECONDS = 2.0
"""How long threads are waited for when there is a hurry."""


def usable_cores() -> int:
    """Return how many cores this process may use.

    Returns
    -------
    int
        At least 1.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_workers() -> int:
    """Return how many workers are started when nobody says.

    Returns
    -------
    int
        One per usable core, and at least 2, so that a decoder that crashes never takes the program along.
    """
    return max(2, usable_cores())


def workers_of(workers: int | None, readers: int | None = None) -> int:
    """Check how many workers and readers somebody asked for.

    Parameters
    ----------
    workers, readers : int, optional
        As given; None for what is usual.

    Returns
    -------
    int
        How many workers to start.

    Raises
    ------
    UsageError
        If there are to be fewer than one of either.

    Examples
    --------
    >>> workers_of(3)
    3
    """
    for name, number in (("workers", workers), ("readers", readers)):
        if number is not None and number < 1:
            raise UsageError(f"{name} must be at least 1, got {number}")
    return default_workers() if workers is None else workers


class Shortcut(Protocol[T_contra, R]):
    """What is tried in this process, by threads, before a worker process is asked."""

    def cost(self, chunk: Sequence[T_contra]) -> int:
        """Return how many bytes `read` will hold at most."""

    def read(self, chunk: Sequence[T_contra]) -> Any:
        """Read what the chunk needs; called by as many threads as there are readers."""

    def settle(self, chunk: Sequence[T_contra], read: Any) -> list[R | None]:
        """Return the results of the chunk, None for each task that is left to a worker process."""


class Pool(Generic[T, R]):
    """Map a function over chunks of tasks; results come back as chunks finish.

    Parameters
    ----------
    function : callable
        A function at the top level of a module of this package.
    crashed : callable
        ``(task, reason) -> result`` for a task during which its worker died.
    workers : int
        Number of threads that settle chunks, each with a process for what the shortcut leaves over; 1 calls everything here.
    shortcut : Shortcut, optional
        What goes first.
    readers : int
        Number of threads that read ahead for it, in the order of submission.
    limits : Limits, optional
        What each worker process may use; None for whatever it likes.
    overran : callable, optional
        ``(task, reason) -> result`` for a task that used more time; None for `crashed`.
    isolated : bool
        Whether one worker, too, means a thread with a process, so that what crashes takes nothing along.
    read_ahead : int
        Bytes that a shortcut may hold at a time, and that chunks may carry along; more only for a single chunk.

    Examples
    --------
    >>> with Pool(len, lambda task, reason: -1, workers=1) as pool:
    ...     pool.submit(["a", "bcd"])
    ...     list(pool.results(wait=True))
    [(['a', 'bcd'], [1, 3])]
    """

    def __init__(
        self, function: Callable[[T], R], crashed: Callable[[T, str], R], *, workers: int,
        shortcut: Shortcut[T, R] | None = None, readers: int = 1, limits: Limits | None = None,
        overran: Callable[[T, str], R] | None = None, isolated: bool = False, read_ahead: int = READ_AHEAD,
    ) -> None:  # fmt: skip
        keep_freed()
        self._function, self._limits = function, limits
        self._crashed, self._overran = crashed, overran or crashed
        self._shortcut = shortcut
        self._tasks: queue.SimpleQueue[Sequence[T] | None] = queue.SimpleQueue()
        self._read: queue.SimpleQueue[tuple[Sequence[T], Any] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Sequence[T], list[R]] | BaseException] = queue.SimpleQueue()
        self._waiting = 0
        self._carried: dict[int, int] = {}
        """Bytes that chunks under way carry along, by the identity of the chunk."""
        self._read_ahead_bytes = read_ahead
        self._held = self._ahead = 0
        self._memory = threading.Condition()
        self._closing = threading.Event()
        self._workers: set[Worker] = set()
        several = workers if workers > 1 or isolated else 0
        self._threads = [threading.Thread(target=self._drive, daemon=True) for _ in range(several)]
        ahead = readers if several and shortcut is not None else 0
        self._readers = [threading.Thread(target=self._read_ahead, daemon=True) for _ in range(ahead)]
        for thread in self._threads + self._readers:
            thread.start()
        # A thread that comes back from C++ to an interpreter that ends takes the program down with it.
        atexit.register(self._close, hurried=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(hurried=error is not None)
        atexit.unregister(self._close)

    def _close(self, *, hurried: bool) -> None:
        """End all threads and processes; who is in a hurry wants nothing more of what is under way."""
        self._closing.set()
        with self._memory:
            self._memory.notify_all()
        if hurried:
            for worker in list(self._workers):
                worker.kill()
        for _ in self._readers:
            self._tasks.put(None)
        for _ in self._threads:
            self._read.put(None)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for thread in self._threads + self._readers:  # in a hurry, nobody waits for a drive that no longer answers
            thread.join(max(0.0, deadline - time.monotonic()) if hurried else None)

    @property
    def room(self) -> bool:
        """Whether another chunk would keep a worker busy rather than wait behind others."""
        if not self._waiting:
            return True
        return self._waiting < 4 * len(self._threads) and sum(self._carried.values()) < self._read_ahead_bytes

    @property
    def busy(self) -> bool:
        """Whether results are still to come."""
        return self._waiting > 0

    def submit(self, chunk: Sequence[T], *, carried: int = 0) -> None:
        """Hand over a chunk of tasks.

        Parameters
        ----------
        chunk : sequence
            Tasks; they must pickle.
        carried : int
            Bytes of files that they hold already.
        """
        self._waiting += 1
        self._carried[id(chunk)] = carried
        if self._readers:
            self._tasks.put(chunk)
        elif self._threads:
            self._read.put((chunk, None))
        else:
            settled = self._settle(chunk, None if self._shortcut is None else self._shortcut.read(chunk))
            done = (
                self._function(task) if result is None else result for task, result in zip(chunk, settled, strict=True)
            )
            self._done.put((chunk, list(done)))

    def results(self, *, wait: bool) -> Iterator[tuple[Sequence[T], list[R]]]:
        """Yield finished chunks.

        Parameters
        ----------
        wait : bool
            Whether to wait for one chunk when none is finished but some are under way. Never waits for more than one.

        Yields
        ------
        tuple of (sequence, list)
            The chunk and its results, in the order of its tasks.
        """
        while self._waiting:
            try:
                done = self._done.get(block=wait)
            except queue.Empty:
                return
            if isinstance(done, BaseException):
                raise done
            self._waiting -= 1
            del self._carried[id(done[0])]
            wait = False
            yield done

    def _read_ahead(self) -> None:
        """Read chunks for the threads that settle them; runs in a thread of its own."""
        assert self._shortcut is not None
        try:
            while (chunk := self._tasks.get()) is not None and not self._closing.is_set():
                cost = self._shortcut.cost(chunk)
                with self._memory:
                    self._memory.wait_for(lambda: self._may_read(cost))  # noqa: B023 - before the next turn
                    self._held += cost
                    self._ahead += 1
                self._read.put((chunk, self._shortcut.read(chunk)))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits for results
            self._done.put(error)

    def _may_read(self, cost: int) -> bool:
        little = self._held + cost <= self._read_ahead_bytes and self._ahead < CHUNKS_AHEAD * len(self._threads)
        return little or not self._ahead or self._closing.is_set()

    def _settle(self, chunk: Sequence[T], read: Any) -> list[R | None]:
        return [None] * len(chunk) if self._shortcut is None else self._shortcut.settle(chunk, read)

    def _drive(self) -> None:
        """Settle chunks and ask one worker process for the rest; runs in a thread of its own."""
        worker: Worker | None = None
        try:
            while (item := self._read.get()) is not None and not self._closing.is_set():
                chunk, read = item
                settled = self._settle(chunk, read)
                del item, read
                if self._readers and self._shortcut is not None:
                    with self._memory:
                        self._held -= self._shortcut.cost(chunk)
                        self._ahead -= 1
                        self._memory.notify_all()
                rest = [task for task, result in zip(chunk, settled, strict=True) if result is None]
                asked, worker = self._ask(rest, worker)
                if len(asked) == len(rest):
                    answers = iter(asked)
                    self._done.put((chunk, [next(answers) if result is None else result for result in settled]))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits for results
            self._done.put(error)
        finally:
            if worker is not None:
                self._workers.discard(worker)
                worker.end()

    def _ask(self, tasks: list[T], worker: "Worker | None") -> tuple[list[R], "Worker | None"]:
        """Return the results of a worker process, fewer where the pool is closing, and the worker that is alive then."""
        results: list[R] = []
        left = deque(tasks)
        alone = False
        while left and not self._closing.is_set():
            worker = worker or Worker(self._function, self._limits)
            self._workers.add(worker)
            if self._closing.is_set():  # before this one was among those that were killed
                break
            try:
                for answer in worker.ask([left[0]] if alone else list(left)):
                    results.append(answer)
                    left.popleft()
                alone = False
            except (EOFError, BrokenPipeError, ConnectionResetError, pickle.UnpicklingError):
                self._workers.discard(worker)
                pid, (reason, too_long), worker = worker.pid, worker.end(), None
                report_death(pid, reason, getattr(left[0], "path", ""), given_up=too_long or alone)
                if too_long or alone:
                    results.append((self._overran if too_long else self._crashed)(left.popleft(), reason))
                alone = not (too_long or alone)  # whether it was this task shows when it goes alone
            except BaseException:
                self._workers.discard(worker)
                worker.kill()
                worker.end()
                raise
        return results, worker
