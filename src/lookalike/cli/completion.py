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


class Shell(StrEnum):
    """Shells that can be taught."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")]) -> None:
    """Print what teaches a shell to complete by Tab.

    Verbs, options, their values and paths are completed then.

    Example: eval "$(lookalike completion bash)"
    """
    typer.echo(get_completion_script(prog_name="lookalike", complete_var=ASKED, shell=shell.value))


def prepare() -> None:
    """Be ready to answer, where a shell asks."""
    if ASKED in os.environ:
        completion_init()
