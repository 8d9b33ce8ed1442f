"""Packages that an extra installs: imported when they are needed, and missed in words."""

from importlib import import_module
from typing import Any

from lookalike.errors import UsageError


def optional(module: str, extra: str = "tables") -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
        What to import.
    extra : str
        Which extra installs it.

    Returns
    -------
    module
        It.

    Raises
    ------
    UsageError
        If it is not installed; the message says how to install it.

    Examples
    --------
    >>> optional("json").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(f"{module.partition('.')[0]} is not installed: pip install 'lookalike[{extra}]'") from error


def arrow_errors(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what pyarrow raises about a table that is damaged, beside OSError.

    Parameters
    ----------
    *others : type
        What else is wanted.

    Returns
    -------
    tuple of type
        For an ``except`` clause; names in a damaged file need not be UTF-8.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    return optional("pyarrow").ArrowException, UnicodeDecodeError, *others
