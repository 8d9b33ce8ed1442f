"""What a worker process may use, held by the system: a decoder that hangs in C code listens to nothing else."""

import contextlib
import importlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

STALLED = 60
"""So many times the seconds of processor time may pass on the clock before a task counts as stuck: drives and networks may be
slow, and other programs busy."""
STUCK = "did not get on"
OVERRUNS = {"SIGPROF": "took longer than {:g} s", "SIGALRM": STUCK}
"""Signals by which the system ends a worker that overran its time, and what that says of the task; of one that was stuck, not
that it would be another time."""

_held: "list[Limits]" = []


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker process may use: time is held on POSIX, memory on Linux.

    Attributes
    ----------
    seconds : float
        Processor time of one task, all its threads together. On the clock it may take `STALLED` times as long.
    memory : int
        Bytes of the whole process.
    """

    seconds: float
    memory: int


def held() -> Limits | None:
    """Return the limits that this process is held to.

    Returns
    -------
    Limits or None
        None in a process that is no worker, or one without limits.
    """
    return _held[0] if _held else None


def hold(limits: Limits) -> None:
    """Hold this process to limits from now on: memory at once, time within `timed`.

    Parameters
    ----------
    limits : Limits
        What it may use.
    """
    _held[:] = [limits]
    for name in OVERRUNS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)  # which ends the process, whatever it is at
    with contextlib.suppress(ImportError, OSError):  # no POSIX; no /proc as Linux has it
        resource: Any = importlib.import_module("resource")
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = [int(number) * resource.getpagesize() for number in file.read().split()]
        # What is written to counts, not what is only reserved: address space means little. Of what is counted now a part was
        # never touched, such as the stacks of idle threads.
        resident, data = pages[1], pages[5]
        most = data + max(0, limits.memory - resident)
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


@contextlib.contextmanager
def timed() -> Iterator[None]:
    """Let the system end this process if the body takes longer than it may; do nothing in one without limits.

    Yields
    ------
    None
        Nothing.
    """
    limits = held()
    if limits is None or not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    signal.setitimer(signal.ITIMER_REAL, STALLED * limits.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
