"""Which code runs where there is more than one: a compiled kernel, or the reference beside it, which gives the same bits."""

from collections.abc import Sequence
from importlib.util import find_spec

from lookalike.errors import UsageError

REFERENCE = "reference"
"""Plain NumPy: what kernels are tested against, and what runs where none were compiled."""
IS_COMPILED = find_spec("lookalike._native") is not None
"""Whether the kernels were installed; those that are there but broken fail loudly where they are imported."""
KERNELS = ("native", REFERENCE) if IS_COMPILED else (REFERENCE,)
"""Of what has one kernel for every machine: what can run here, best first."""


def chosen(kernel: str | None, known: Sequence[str] = KERNELS) -> str:
    """Return the kernel to be used.

    Parameters
    ----------
    kernel : str, optional
        One of `known`; None means the first.
    known : sequence of str
        What can run here, best first.

    Returns
    -------
    str
        One of `known`.

    Raises
    ------
    UsageError
        If there is no such kernel; the message lists those there are.

    Examples
    --------
    >>> chosen(None, ["avx2", "reference"]), chosen("reference")
    ('avx2', 'reference')
    """
    if kernel is None:
        return known[0]
    if kernel not in known:
        raise UsageError(f"kernel must be one of {', '.join(known)}, got {kernel!r}")
    return kernel
