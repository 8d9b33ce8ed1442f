"""Lists of paths: what `--from-file` names, beside the PATHs of the command line."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lookalike.errors import UsageError

STDIN = "-"
NUL = ".nul"
BOM = b"\xef\xbb\xbf"

FromFile = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="Read PATHs from FILE, one a line, or NUL-separated (any .nul); - for stdin. Repeatable."
    ),
]
"""The option, as a verb declares it."""


def with_listed(paths: Sequence[str] | None, lists: Sequence[str] | None, *, needed: bool = True) -> list[str]:
    """Return the paths of a command line and those that are listed in files.

    Parameters
    ----------
    paths : sequence of str or None
        Given as PATH.
    lists : sequence of str or None
        Given as ``--from-file``.
    needed : bool
        Whether there has to be one at all.

    Returns
    -------
    list of str
        Those of the command line first.

    Raises
    ------
    UsageError
        If there is none, or a list cannot be read.
    """
    found = [*(paths or ()), *(path for name in lists or () for path in _listed(name))]
    if found or not needed:
        return found
    if lists:
        raise UsageError(f"no path in {', '.join(lists)}: list at least one, one a line or NUL-separated")
    raise UsageError(
        "no PATH given: name at least one folder, file, archive or URL, or a list of them with --from-file FILE"
    )


def parse(content: bytes, *, nul: bool = False) -> list[str]:
    """Return the paths in a list.

    Parameters
    ----------
    content : bytes
        The list; paths in it are of any bytes.
    nul : bool
        Whether they are NUL-separated, also where there is no NUL; else a NUL says that they are.

    Returns
    -------
    list of str
        In order. Lines that are empty are none.

    Examples
    --------
    >>> parse(b"a.jpg\\r\\nb c.jpg\\n\\n"), parse(b"a\\nb.jpg\\0")
    (['a.jpg', 'b c.jpg'], ['a\\nb.jpg'])
    """
    if nul or b"\0" in content:
        lines = content.split(b"\0")
    else:
        lines = [line.removesuffix(b"\r") for line in content.removeprefix(BOM).split(b"\n")]
    return [os.fsdecode(line) for line in lines if line]


def _listed(name: str) -> list[str]:
    try:
        if name == STDIN:
            return parse(sys.stdin.buffer.read())
        with open(name, "rb") as file:
            return parse(file.read(), nul=name.lower().endswith(NUL))
    except OSError as error:
        raise UsageError(f"cannot read the list {name}: {error.strerror}") from error
