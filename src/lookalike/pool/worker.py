"""One child process that answers tasks, from both sides of its pipes."""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any, BinaryIO

from lookalike import events
from lookalike.errors import UsageError
from lookalike.pool.limits import OVERRUNS, Limits, hold, timed

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from lookalike.pool.worker import serve; "
    "serve(sys.argv[1], sys.argv[3])"
)


def keep_freed() -> None:
    """Let glibc keep the memory of one picture for the next; else a decoder gets every buffer anew, page by page.

    A block that the system gave by itself raises the size from which it does so, up to 32 MiB, once it is freed
    (``man 3 mallopt``); any program that ever freed a large array is in this state. Other allocators do not notice, and what
    a user has set by ``MALLOC_MMAP_THRESHOLD_`` stays.
    """
    bytes(31 << 20)


class Worker:
    """One child process and its two pipes."""

    def __init__(self, function: Callable[..., object], limits: Limits | None) -> None:
        name = f"{function.__module__}:{function.__qualname__}"
        paths = json.dumps([path or os.getcwd() for path in sys.path])
        self._limits = limits
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
                [sys.executable, "-P", "-c", _BOOT, name, paths, json.dumps(limits and asdict(limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # C libraries write warnings there; what matters comes back as a result
                # One worker for each core is enough; the stacks of more threads count as memory.
                env={"OPENBLAS_NUM_THREADS": "1", **os.environ},
            )
        except OSError as error:  # too many processes, no memory, or no right to run this interpreter again
            raise UsageError(
                f"no process to decode images in can be started ({error.strerror or error}): with --workers 1 (workers=1 in "
                "Python) they are decoded in this one"
            ) from error
        events.WORKER_STARTED(pid=self.pid)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, tasks: Sequence[object]) -> Iterator[Any]:
        """Yield the results of some tasks as they come; what the function raised is raised here."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        pickle.dump(list(tasks), to, protocol=pickle.HIGHEST_PROTOCOL)
        to.flush()
        for _ in tasks:
            outcome, value = pickle.load(back)  # noqa: S301 - written by our own child
            if outcome == "error":
                raise value
            yield value

    def kill(self) -> None:
        """End the process at once; `end` must follow."""
        self._process.kill()

    def end(self) -> tuple[str, bool]:
        """Close the pipes, wait, and say how the process ended, and whether that was for using more time than it may."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue  # what was still buffered for a dead process
        reason, too_long = self._explained(self._process.wait())
        events.WORKER_ENDED(pid=self.pid, reason=reason)
        return reason, too_long

    def _explained(self, code: int) -> tuple[str, bool]:
        if code >= 0:
            return f"ended with code {code}", False
        name = {number.value: number.name for number in signal.Signals}.get(-code, f"signal {-code}")
        if self._limits is not None and name in OVERRUNS:
            return OVERRUNS[name].format(self._limits.seconds), True
        return f"killed by {name}", False


def report_death(pid: int, reason: str, path: str, *, given_up: bool) -> None:
    """Log that a worker died.

    Parameters
    ----------
    pid : int
        Which it was.
    reason : str
        From `Worker.end`.
    path : str
        What it was at.
    given_up : bool
        Whether nobody tries that again.
    """
    follows = "that is its result, and a new process goes on" if given_up else "a new process tries it alone"
    events.WORKER_DIED(pid=pid, reason=reason, path=path, next=follows)


def serve(name: str, limits: str = "null") -> None:
    """Answer tasks until standard input ends; the main loop of a worker process.

    Parameters
    ----------
    name : str
        ``module:function`` to call on each task.
    limits : str
        Fields of `Limits` as JSON; null for none.
    """
    keep_freed()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    source: BinaryIO = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not break the stream
        module, _, function = name.partition(":")
        call = getattr(import_module(module), function)
        if (told := json.loads(limits)) is not None:
            hold(Limits(**told))
        while True:
            try:
                tasks = pickle.load(source)  # noqa: S301 - written by our own parent
            except EOFError:
                os._exit(0)  # at once: interpreter and decoders need not be taken down part by part
            for task in tasks:
                try:
                    with timed():
                        answer: tuple[str, object] = ("ok", call(task))
                except Exception as error:  # noqa: BLE001 - carried over to the parent
                    answer = ("error", error)
                pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
                answers.flush()
                if answer[0] == "error":
                    break
