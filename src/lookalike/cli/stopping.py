"""Signals that end the program: the first one asks it to stop and keep what it has; another one, later, ends it at once.

Nothing heavy is imported here, so that it can come first: while the rest is being imported, people press Ctrl-C, too.
"""

import _thread
import atexit
import contextlib
import math
import os
import signal
import sys
import threading
import time

CODE = 130
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
SAME_SECONDS = 0.5
"""Signals that come so soon are one wish: `timeout`, for one, sends each twice."""
AGAIN_SECONDS = 0.01


class _Asked:
    """When somebody asked the program to stop, by `time.monotonic`; None while nobody has."""

    at: float | None = None


def listen() -> None:
    """Have signals raise `KeyboardInterrupt` in the main thread, once; those that are ignored, as ``nohup`` has it, stay so."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _lost
    # First, so that it runs last: then Python drops handlers, and a signal would look like a crash.
    atexit.register(_ignore)


def leave() -> None:
    """Have any further signal end the program at once: all is done, and the interpreter is on its way out."""
    _Asked.at = -math.inf
    # Python remembers an interrupt that passed through a text being run, as each dataclass is when it is imported, until
    # another text is run. At the end of ``python -m`` it would die of it, whatever the exit code (`run_eval_code_obj` in
    # pythonrun.c).
    exec("")  # noqa: S102 - nothing is run


def _ignore() -> None:
    for name in SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _stop(_signal: int, _frame: object) -> None:
    now = time.monotonic()
    if _Asked.at is None:
        _Asked.at = now
        raise KeyboardInterrupt
    if now - _Asked.at < SAME_SECONDS:
        return
    with contextlib.suppress(OSError, ValueError):
        words = b"lookalike: stopped at once; the next command puts in order what this one left\n"
        os.write(sys.stderr.fileno(), words)
    os._exit(CODE)


def _interrupt() -> None:
    """Interrupt the main thread, also where it sleeps."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _lost(lost: "sys.UnraisableHookArgs") -> None:
    """Ask once more where Python dropped an interrupt, as it does in what runs when an object goes."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        # An interrupt may leave a file for Python to close, of which it warns.
        if _Asked.at is None or not issubclass(lost.exc_type, Warning):
            sys.__unraisablehook__(lost)
        return
    _Asked.at = None
    timer = threading.Timer(AGAIN_SECONDS, _interrupt)
    timer.daemon = True
    timer.start()
