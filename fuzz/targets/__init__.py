"""The table of targets; a module each, imported when it is run."""

from importlib import import_module

from targets.target import Target

TARGETS = ("texts", "metadata", "patterns", "plans", "catalogs", "ledgers", "lists", "sources", "web")
"""In the order of ``all``."""


def target(name: str) -> Target:
    """Return a target.

    Parameters
    ----------
    name : str
        One of `TARGETS`.
    """
    found: Target = import_module(f"targets.{name}").TARGET
    return found
