"""`lookalike completion`, and what a shell that was taught by it asks.

The scripts and the answers are typer's, which has no public name for them: what it offers instead is an option of the program
that writes into the start-up files of the shell.
"""

import os
from enum import StrEnum
from typing import Annotated

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script

ASKED = "_LOOKALIKE_COMPLETE"
"""The variable in which a shell says that it wants completions, and in which form."""
LINE = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Variables that hold the command line so far: of bash, and of the others."""


class Shell(StrEnum):
    """Shells that can be taught."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")]) -> None:
    """Print what teaches a shell to complete verbs, options and paths.

    Example: eval "$(lookalike completion bash)"
    """
    typer.echo(get_completion_script(prog_name="lookalike", complete_var=ASKED, shell=shell.value))


def is_asked() -> bool:
    """Say whether a shell asks for completions, and prepare for that.

    Returns
    -------
    bool
        False where this is an ordinary call.
    """
    if ASKED not in os.environ:
        return False
    completion_init()
    return True


def verb_of_line() -> list[str]:
    """Return what the line to be completed has for a verb.

    Returns
    -------
    list of str
        One word, if that is complete.
    """
    line = next((os.environ[name] for name in LINE if name in os.environ), "")
    words = line.split()[1:]
    return words[:1] if len(words) > 1 or line[-1:].isspace() else []
