"""What every verb has around it: the parser would otherwise turn an interrupt or a closed pipe into exit codes of its own."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from lookalike.errors import Interrupted

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
        The same, but Ctrl-C is an `Interrupted`, and a reader of our output that goes away, as ``| head`` does, is no error.
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

    return wrapped
