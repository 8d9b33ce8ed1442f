"""One process at a time: a lock that goes with the process that holds it, however that ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lookalike.errors import LedgerError, UnsafeError


@contextmanager
def only_one(path: str) -> Iterator[None]:
    """Hold a lock while the body runs.

    Parameters
    ----------
    path : str
        A file for it, made where missing with its folder; it says which process holds the lock.

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    UnsafeError
        If another process holds it.
    LedgerError
        If its file cannot be made, or its file system knows no locks.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _no_lock(path, "opened", error) from error
    try:
        try:
            _take(handle)
        except (BlockingIOError, PermissionError) as error:  # of POSIX and of Windows
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            raise UnsafeError(
                f"another lookalike (process {holder or 'unknown'}) is moving files: wait until it ends, and run this again"
            ) from error
        except OSError as error:
            raise _no_lock(path, "locked", error) from error
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode("ascii"))
        yield
    finally:
        os.close(handle)


def _no_lock(path: str, what: str, error: OSError) -> LedgerError:
    return LedgerError(
        f"{path} cannot be {what} ({error.strerror or error}), and nothing is moved without a lock: name another ledger with "
        "--ledger"
    )


def _take(handle: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not there on Windows
    except ImportError:
        import msvcrt  # noqa: PLC0415 - only there

        os.lseek(handle, 1 << 20, os.SEEK_SET)  # a byte that nobody writes
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
