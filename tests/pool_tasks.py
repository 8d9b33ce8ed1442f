"""Functions for the workers of test_pool.py; a worker imports them by name."""

import os
import signal
import sys
import time

from lookalike.pool import held


class OwnError(Exception):
    """An exception of a module that the worker had to find by the caller's import path."""


def double(task: int) -> int:
    return 2 * task


def worker_of(task: object) -> int:
    return os.getpid()


def perform(task: str) -> str:
    """Do what the task says: a word, and perhaps a value after a colon."""
    word, _, value = task.partition(":")
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "exit":
        sys.exit(int(value))
    elif word == "raise":
        raise OwnError(value)
    elif word == "print":
        print(value * 1000, flush=True)  # noqa: T201 - a library that prints is what is tested
        os.write(1, b"raw bytes on stdout")
        os.write(2, b"raw bytes on stderr")
    elif word == "sleep":
        time.sleep(float(value))
    elif word == "large":
        return value * (1 << 20)
    elif word == "stdin":
        return repr(sys.stdin.read(1)) if value == "text" else "unread"
    return f"did {task}"


def die_of(_file: tuple[bytes, str]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def unpicklable(task: int) -> object:
    return (lambda: task) if task == 1 else task


def slow(task: float) -> float:
    time.sleep(task)
    return task


def page_faults(task: int) -> int:
    """Return how often the system had to give a page while four buffers of 4 MiB were filled and freed, so many times."""
    import resource  # noqa: PLC0415 - POSIX has it

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(task):
        [b"x" * (4 << 20) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def costly(task: str) -> str:
    """Use what the task says: processor time in Python or in C, time on the clock, or so many MiB."""
    word, _, value = task.partition(":")
    if word == "spin":
        end = time.process_time() + float(value)
        while time.process_time() < end:
            pass
    elif word == "hang":
        pow(3, 10**9)  # for hours, and holding the interpreter lock
    elif word == "wait":
        time.sleep(float(value))
    elif word == "fill":
        return f"{len(b'x' * (int(value) << 20)) >> 20} MiB"
    elif word == "fill or fail":
        try:
            return costly(f"fill:{value}")
        except MemoryError:
            return "refused"
    elif word == "limits":
        return repr(held())
    return f"did {task}"
