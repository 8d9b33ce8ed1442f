"""Python's search for cycles of garbage, which is wasted on many values that hold none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Pause it while the body runs, unless it is off anyway.

    Yields
    ------
    None
        It took a third of the time of a large plan, and a quarter of that of reading large findings.

    Examples
    --------
    >>> with paused():
    ...     gc.isenabled()
    False
    """
    active = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if active:
            gc.enable()
