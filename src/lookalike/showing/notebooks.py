"""A progress bar in a notebook: one output of the cell, which changes while a scan runs."""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

SECONDS_BETWEEN = 0.2
"""How often the bar is drawn again at most."""


class Bar:
    """How far a scan is.

    Parameters
    ----------
    done, listed : int
        Images.
    finished : bool
        Whether no more will be listed.
    """

    def __init__(self, done: int, listed: int, *, finished: bool) -> None:
        self._done, self._listed, self._finished = done, listed, finished

    def __repr__(self) -> str:
        if self._finished:
            return f"{self._done:,} of {self._listed:,} images read"
        return f"counting, {self._listed:,} images so far, {self._done:,} read"

    def _repr_html_(self) -> str:
        value = f' value="{self._done}" max="{max(1, self._listed)}"' if self._finished else ""
        return f'<progress{value} style="width: 20em; vertical-align: middle"></progress> {self!r}'


def notebook_progress() -> Callable[[int, int, bool], None] | None:
    """Return what shows the progress of a scan below the cell that runs it.

    Returns
    -------
    callable or None
        ``(done, listed, listing finished)``; None outside of notebooks.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or getattr(shell, "kernel", None) is None:  # a kernel is what has a page to show things on
        return None
    shown: Any = import_module("IPython.display").display(Bar(0, 0, finished=False), display_id=True)
    drawn = time.monotonic()

    def update(done: int, listed: int, finished: bool) -> None:  # noqa: FBT001 - as it is called
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= SECONDS_BETWEEN or (finished and done >= listed):
            shown.update(Bar(done, listed, finished=finished))
            drawn = now

    return update
