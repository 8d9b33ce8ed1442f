"""What every verb has around it: the parser would otherwise turn an interrupt or a closed pipe into exit codes of its own."""

import errno
import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

import typer

from lookalike import events
from lookalike.cli.logs import LogJson, Verbose, open_logs
from lookalike.errors import Interrupted, UsageError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What writing says where there is no room left."""
KEPT = "what was finished is kept: run the same command to continue"
"""What is said of an interrupt that has no notes of its own."""

KEYWORD = inspect.Parameter.KEYWORD_ONLY
OWN = {
    "context": inspect.Parameter("context", KEYWORD, annotation=typer.Context),
    "verbose": inspect.Parameter("verbose", KEYWORD, default=0, annotation=Verbose),
    "log_json": inspect.Parameter("log_json", KEYWORD, default=None, annotation=LogJson),
}
"""What the command line has beside the parameters of a verb's function."""


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap the function of a verb.

    Parameters
    ----------
    function : callable
        Parses nothing and returns nothing; its signature is the command line.

    Returns
    -------
    callable
        The same, but Ctrl-C is an `Interrupted`, a reader of our output that goes away, as ``| head`` does, is no error, and
        a full disk under it is an error that says so; and the options about logs are there.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapped(**given: Any) -> None:
        context, verbose, log_json = (given.pop(name) for name in OWN)
        before = context.obj or {"verbose": 0, "log_json": None}
        open_logs(verbose + before["verbose"], log_json or before["log_json"], quiet=given.get("quiet", False))
        _report_start()
        try:
            function(**given)
            sys.stdout.flush()
        except KeyboardInterrupt as error:
            notes = list(dict.fromkeys(getattr(error, "__notes__", [])))
            if not notes and "--no-catalog" not in sys.argv:
                notes = [KEPT]
            raise Interrupted("; ".join(["interrupted", *notes])) from error
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from error
        except OSError as error:
            if error.errno not in FULL:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered goes nowhere either
            raise UsageError(f"cannot write the output: {error.strerror}") from error

    # The parser reads both.
    wrapped.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *OWN.values()])  # type: ignore[attr-defined]
    wrapped.__annotations__ = function.__annotations__ | {name: one.annotation for name, one in OWN.items()}
    return wrapped


def _report_start() -> None:
    if events.RUN_STARTED.wanted:
        from lookalike import __version__, decode, join  # noqa: PLC0415 - costs time that only a log is worth

        events.RUN_STARTED(
            version=__version__, kernel=join.KERNELS[0], decoders=decode.decoders(), pid=os.getpid(),
            command=shlex.join(sys.argv[1:]),
        )  # fmt: skip
