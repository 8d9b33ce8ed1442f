"""Runs commands and sends each a signal after a while; asked and answering by lines of JSON.

Each command is a process and a process group of its own, copied from one that has imported everything, as in ready.py.
"""

import contextlib
import gc
import json
import os
import pkgutil
import signal
import sys
import time
from importlib import import_module
from typing import Any

PATIENCE = 20.0
"""Seconds for a command to stop, and for its workers to notice."""


def interrupted(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one command; return how it ended."""
    from lookalike.cli import stopping  # noqa: PLC0415 - not before the others

    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(asked["folder"])
        os.environ.update(asked["environment"])
        null, errors = os.open(os.devnull, os.O_RDWR), os.open(asked["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, stream in ((0, null), (1, null), (2, errors)):
            os.dup2(stream, number)
        sys.argv[:] = ["lookalike", *asked["arguments"]]
        stopping.listen()
        os.write(told, b"1")
        import_module("lookalike.cli.main").main()  # does not return
    os.close(told)
    os.read(ready, 1)
    os.close(ready)
    started = time.monotonic()
    code = _wait(child, asked["after"])
    for name, all_of_them, pause in asked["signals"]:
        if code is None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if all_of_them else os.kill)(child, signal.Signals[name])
            code = _wait(child, pause)
    if code is None:
        code = _wait(child, PATIENCE)
    seconds = time.monotonic() - started
    deadline = time.monotonic() + PATIENCE
    while (stays := _stays(child)) and time.monotonic() < deadline:
        time.sleep(0.01)
    if stays:
        os.killpg(child, signal.SIGKILL)
    with open(asked["errors"], encoding="utf-8", errors="replace") as file:
        return {"code": code, "errors": file.read(), "stays": stays, "seconds": seconds}


def _wait(child: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.001)


def _stays(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    for module in pkgutil.walk_packages(import_module("lookalike").__path__, "lookalike."):
        if not module.name.endswith(".__main__") and ".spark" not in module.name:
            import_module(module.name)
    gc.freeze()
    for question in iter(sys.stdin.readline, ""):
        answer = interrupted(json.loads(question))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
