"""What every verb has around it: the parser would otherwise turn an interrupt or a closed pipe into exit codes of its own."""

import contextlib
import errno
import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterator
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
        The same, but Ctrl-C is an `Interrupted`, its output is as `writing` has it, and the options about logs are there.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapped(**given: Any) -> None:
        context, verbose, log_json = (given.pop(name) for name in OWN)
        before = context.obj or {"verbose": 0, "log_json": None}
        open_logs(verbose + before["verbose"], log_json or before["log_json"], quiet=given.get("quiet", False))
        _report_start()
        try:
            with writing():
                function(**given)
        except KeyboardInterrupt as error:
            notes = list(dict.fromkeys(getattr(error, "__notes__", [])))
            if not notes and "--no-catalog" not in sys.argv:
                notes = [KEPT]
            raise Interrupted("; ".join(["interrupted", *notes])) from error

    # The parser reads both.
    wrapped.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *OWN.values()])  # type: ignore[attr-defined]
    wrapped.__annotations__ = function.__annotations__ | {name: one.annotation for name, one in OWN.items()}
    return wrapped


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Write to standard output in the body.

    Yields
    ------
    None
        To the body.

    Raises
    ------
    typer.Exit
        With 0 if the reader went away, as ``| head`` does.
    UsageError
        If there is no room for it.
    """
    ended: typer.Exit | None = None
    try:
        try:
            yield
        except typer.Exit as error:  # how most verbs end
            ended = error
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        ended = ended or typer.Exit()
    except OSError as error:
        if error.errno not in FULL:
            raise
        _drop_output()
        raise UsageError(f"cannot write the output: {error.strerror}") from error
    if ended is not None:
        raise ended


def _drop_output() -> None:
    """Let what is still buffered go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_start() -> None:
    if events.RUN_STARTED.wanted:
        from lookalike import __version__, installed  # noqa: PLC0415 - costs time that only a log is worth

        events.RUN_STARTED(
            version=__version__, kernel=installed.kernel(), decoders=installed.decoders(), pid=os.getpid(),
            command=shlex.join(sys.argv[1:]),
        )  # fmt: skip
