"""Command lines to be copied, as this program was called itself."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterable

from lookalike.report import plain


def command(*words: str) -> str:
    """Return a command line that runs this very program.

    Parameters
    ----------
    *words : str
        The verb and what follows.

    Returns
    -------
    str
        Complete and quoted; on one line, so that names with control characters cannot do harm.

    Examples
    --------
    >>> command("undo", "a b").endswith("lookalike undo 'a b'")
    True
    """
    return plain(shlex.join([*_program(), *words]))


def _program() -> Iterable[str]:
    called = sys.argv[0]
    found = shutil.which("lookalike")
    if os.path.basename(called) == "__main__.py":
        return ["lookalike"] if found else [sys.executable, "-m", "lookalike"]
    same = found is not None and os.path.exists(called) and os.path.samefile(found, called)
    return ["lookalike"] if same or not os.path.exists(called) else [called]
