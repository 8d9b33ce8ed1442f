"""What every verb has around it: the parser would otherwise turn an interrupt or a closed pipe into exit codes of its own."""

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from lookalike.errors import Interrupted, UsageError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What writing says where there is no room left."""

P = ParamSpec("P")


def verb(function: Callable[P, None]) -> Callable[P, None]:
    """Wrap the function of a verb.

    Parameters
    ----------
    function : callable
        Parses nothing and returns nothing; its signature is the command line.

    Returns
    -------
    callable
        The same, but Ctrl-C is an `Interrupted`, a reader of our output that goes away, as ``| head`` does, is no error, and
        a full disk under it is an error that says so.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted; what was finished is kept: run the same command to continue") from error
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from error
        except OSError as error:
            if error.errno not in FULL:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered goes nowhere either
            raise UsageError(f"cannot write the output: {error.strerror}") from error

    return wrapped
