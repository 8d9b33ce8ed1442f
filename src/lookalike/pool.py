"""The local mapper: tasks in, results out, in processes that may die without taking anything along.

Workers are plain child processes of the same interpreter that read pickled tasks from their standard input, so no
``__main__`` guard is needed and nothing is inherited by fork. When one dies, its chunk goes to a new one task by task;
the task that kills it again becomes the result of `crashed`, and the rest of the chunk is done. One worker means `map`
in this very process.
"""

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, BinaryIO, Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from lookalike.pool import serve; serve(sys.argv[1])"


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


class Pool(Generic[T, R]):
    """Map a function over chunks of tasks; results come back as chunks finish.

    Parameters
    ----------
    function : callable
        A function at the top level of a module of this package.
    crashed : callable
        ``(task, reason) -> result`` for a task during which its worker died.
    workers : int
        Number of processes; 1 calls `function` here.

    Examples
    --------
    >>> with Pool(len, lambda task, reason: -1, workers=1) as pool:
    ...     pool.submit(["a", "bcd"])
    ...     list(pool.results(wait=True))
    [(['a', 'bcd'], [1, 3])]
    """

    def __init__(self, function: Callable[[T], R], crashed: Callable[[T, str], R], *, workers: int) -> None:
        self._function = function
        self._crashed = crashed
        self._tasks: queue.SimpleQueue[Sequence[T] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Sequence[T], list[R]] | BaseException] = queue.SimpleQueue()
        self._waiting = 0
        self._closing = threading.Event()
        self._workers: set[_Worker] = set()
        self._threads = [
            threading.Thread(target=self._drive, daemon=True) for _ in range(workers if workers > 1 else 0)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if error is not None:  # nobody waits for what is under way
            for worker in list(self._workers):
                worker.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    @property
    def room(self) -> bool:
        """Whether another chunk would keep a worker busy rather than wait behind others."""
        return self._waiting < max(1, 4 * len(self._threads))

    def submit(self, chunk: Sequence[T]) -> None:
        """Hand over a chunk of tasks.

        Parameters
        ----------
        chunk : sequence
            Tasks; they must pickle.
        """
        self._waiting += 1
        if self._threads:
            self._tasks.put(chunk)
        else:
            self._done.put((chunk, [self._function(task) for task in chunk]))

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
            wait = False
            yield done

    def _drive(self) -> None:
        """Feed one worker process; runs in a thread of its own."""
        worker: _Worker | None = None
        try:
            while (chunk := self._tasks.get()) is not None and not self._closing.is_set():
                results: list[R] = []
                parts = [chunk]
                while parts and not self._closing.is_set():
                    part = parts.pop(0)
                    worker = worker or _Worker(self._function)
                    self._workers.add(worker)
                    try:
                        results += worker.ask(part)
                    except (EOFError, BrokenPipeError, ConnectionResetError, pickle.UnpicklingError):
                        self._workers.discard(worker)
                        reason, worker = worker.end(), None
                        if len(part) == 1:
                            results.append(self._crashed(part[0], reason))
                        else:  # which of them it was shows when each goes alone
                            parts = [[task] for task in part] + parts
                if len(results) == len(chunk):
                    self._done.put((chunk, results))
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits for results
            self._done.put(error)
        finally:
            if worker is not None:
                self._workers.discard(worker)
                worker.kill()
                worker.end()


class _Worker:
    """One child process and its two pipes."""

    def __init__(self, function: Callable[..., object]) -> None:
        name = f"{function.__module__}:{function.__qualname__}"
        paths = json.dumps([path or os.getcwd() for path in sys.path])
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
            [sys.executable, "-P", "-c", _BOOT, name, paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # C libraries write warnings there; what matters comes back as a result
        )

    def ask(self, tasks: Sequence[object]) -> list[Any]:
        """Return the results of some tasks; what the function raised is raised here."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        pickle.dump(list(tasks), to, protocol=pickle.HIGHEST_PROTOCOL)
        to.flush()
        outcome, value = pickle.load(back)  # noqa: S301 - written by our own child
        if outcome == "error":
            raise value
        return list(value)

    def kill(self) -> None:
        """End the process at once; `end` must follow."""
        self._process.kill()

    def end(self) -> str:
        """Close the pipes, wait, and say how the process ended."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # what was still buffered for a dead process
        code = self._process.wait()
        if code >= 0:
            return f"ended with code {code}"
        names = {number.value: number.name for number in signal.Signals}
        return f"killed by {names.get(-code, f'signal {-code}')}"


def serve(name: str) -> None:
    """Answer tasks until standard input ends; the main loop of a worker process.

    Parameters
    ----------
    name : str
        ``module:function`` to call on each task.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    source: BinaryIO = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not break the stream
        module, _, function = name.partition(":")
        call = getattr(import_module(module), function)
        while True:
            try:
                tasks = pickle.load(source)  # noqa: S301 - written by our own parent
            except EOFError:
                return
            try:
                answer: tuple[str, object] = ("ok", [call(task) for task in tasks])
            except Exception as error:  # noqa: BLE001 - carried over to the parent
                answer = ("error", error)
            pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
            answers.flush()
