"""Everything lookalike raises on purpose, and the exit code of each.

::

    LookalikeError            70  a fault of the program itself when nothing below fits
    ├── UsageError             2  an option or argument is wrong (also a ValueError)
    ├── SourceError            3  a root is missing or unreadable, or there is nothing to read
    ├── UnsafeError            4  refused, because it could lose or overwrite something
    ├── CatalogError           5  the catalog is damaged, newer than this program, in use, or in a place where it cannot live
    ├── LedgerError            5  the ledger is damaged, newer than this program, or cannot be opened
    ├── Interrupted          130  the user stopped it; what was finished is kept
    └── DecodeError           --  one image could not be decoded; ends as a `Failure` row, never as an exit code
"""

import errno
from collections.abc import Callable, Collection
from functools import partial
from typing import ClassVar, Literal

FailureKind = Literal["damaged", "unsupported", "denied", "transient", "not-here", "limit"]


class LookalikeError(Exception):
    """Base of every error raised on purpose; its text is one sentence a user can act on."""

    exit_code: ClassVar[int] = 70


class UsageError(LookalikeError, ValueError):
    """An option or argument does not fit; the text says what was got and what is allowed."""

    exit_code = 2


class SourceError(LookalikeError):
    """A root cannot be read, or none of the roots holds anything to read."""

    exit_code = 3


class UnsafeError(LookalikeError):
    """The request was refused because it could lose or overwrite a file."""

    exit_code = 4


class CatalogError(LookalikeError):
    """The catalog cannot be used; nothing but time is lost by moving it away."""

    exit_code = 5


class LedgerError(LookalikeError):
    """The ledger (decisions and journal) cannot be used; nothing was done to any file."""

    exit_code = 5


class Interrupted(LookalikeError):  # noqa: N818 - not a fault
    """The user stopped the program."""

    exit_code = 130


class DecodeError(LookalikeError):
    """One image could not be decoded.

    Parameters
    ----------
    kind : str
        A failure kind: damaged, unsupported, denied, transient, not-here or limit.
    reason : str
        One short clause for people, without the path.
    truncated : bool
        Whether the picture would have been accepted with ``truncated="accept"``.
    size : tuple of int, optional
        Width and height in pixels, where the header said them.
    """

    def __init__(
        self,
        kind: FailureKind,
        reason: str,
        *,
        truncated: bool = False,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.truncated = truncated
        self.size = size

    def __reduce__(self) -> tuple[Callable[..., "DecodeError"], tuple[object, ...]]:
        make = partial(DecodeError, truncated=self.truncated, size=self.size)
        return make, (self.kind, self.reason)


def check_known(what: str, given: object, known: Collection[object]) -> None:
    """Refuse what is none of the things that are known.

    Parameters
    ----------
    what : str
        What it is, for the message.
    given : object
        What was given.
    known : collection
        What it may be.

    Raises
    ------
    UsageError
        If it is none of these; the message lists them.

    Examples
    --------
    >>> check_known("order", "size", ("risk", "space"))
    Traceback (most recent call last):
    lookalike.errors.UsageError: unknown order 'size': use one of risk, space
    """
    if given not in known:
        raise UsageError(f"unknown {what} {given!r}: use one of {', '.join(map(str, known))}")


def failure_kind(error: OSError) -> FailureKind:
    """Tell whether trying again as oneself can help.

    Parameters
    ----------
    error : OSError
        What the system said.

    Returns
    -------
    str
        denied for missing permission, limit for a name or path that is too long, else transient.

    Examples
    --------
    >>> failure_kind(PermissionError(13, "Permission denied"))
    'denied'
    """
    if isinstance(error, PermissionError):
        return "denied"
    return "limit" if error.errno == errno.ENAMETOOLONG else "transient"
