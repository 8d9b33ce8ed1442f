"""The table of targets; a module each, imported when it is run."""

from importlib import import_module

from targets.target import Target

TARGETS = (
    "texts", "metadata", "patterns", "plans", "catalogs", "ledgers", "lists", "sources", "tables", "web", "commands",
    "decoding",
)  # fmt: skip
"""In the order of ``all``."""
NATIVE = ("jpeg", "png", "exif", "filters", "join", "verify")
"""Those in C++, which ``native/fuzz/run`` builds and runs."""


def target(name: str) -> Target:
    """Return a target.

    Parameters
    ----------
    name : str
        One of `TARGETS`.

    Returns
    -------
    Target
        What it runs, and what must hold.
    """
    found: Target = import_module(f"targets.{name}").TARGET
    return found
