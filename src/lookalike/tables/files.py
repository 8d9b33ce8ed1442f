"""Files that are replaced whole or not at all, and paths that survive being written."""

import base64
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from lookalike import formats
from lookalike.errors import UnsafeError, UsageError

TEMPORARY = ".lookalike-"
"""How the name of a file begins that is being written."""


def printable(path: str) -> str:
    """Return a path that can be written as UTF-8; bytes that are not become U+FFFD.

    Parameters
    ----------
    path : str
        As `os.fsdecode` gives it.

    Returns
    -------
    str
        The same text wherever it is valid.

    Examples
    --------
    >>> printable("a\\udcffb.jpg")
    'a\\ufffdb.jpg'
    """
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "replace")


def path_fields(path: str, name: str = "path") -> dict[str, str]:
    """Return a path as JSON fields, with its bytes in base64 beside it where it is not UTF-8.

    Parameters
    ----------
    path : str
        As `os.fsdecode` gives it.
    name : str
        Name of the field.

    Returns
    -------
    dict
        ``{name: text}`` or ``{name: text, name_bytes: base64}``.

    Examples
    --------
    >>> path_fields("a\\udcff", "keeper")
    {'keeper': 'a\\ufffd', 'keeper_bytes': 'Yf8='}
    """
    text = printable(path)
    if text == path:
        return {name: text}
    return {name: text, f"{name}_bytes": base64.b64encode(os.fsencode(path)).decode("ascii")}


def raw_path(path: str) -> bytes | None:
    """Return the bytes of a path that is not UTF-8.

    Parameters
    ----------
    path : str
        As `os.fsdecode` gives it.

    Returns
    -------
    bytes or None
        None where the path as text says it all.

    Examples
    --------
    >>> raw_path("a"), raw_path("a\\udcff")
    (None, b'a\\xff')
    """
    return None if printable(path) == path else os.fsencode(path)


def path_of(row: Mapping[str, Any], name: str = "path") -> str:
    """Return a path from the JSON fields that `path_fields` made.

    Parameters
    ----------
    row : mapping
        A JSON object.
    name : str
        Name of the field.

    Returns
    -------
    str
        As `os.fsdecode` gives it.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the field is missing or holds no path.

    Examples
    --------
    >>> path_of({"keeper": "a\ufffd", "keeper_bytes": "Yf8="}, "keeper")
    'a\\udcff'
    """
    raw = row.get(f"{name}_bytes")
    if raw is not None:
        return os.fsdecode(base64.b64decode(raw, validate=True))
    text = row[name]
    if not isinstance(text, str):
        raise TypeError(f"{name} is no text")
    return os.fsdecode(os.fsencode(text))  # JSON has texts that no name can be


def check_folder(path: str, *, picture: bool = False) -> None:
    """Check that the folder of an output file is there, before any work is done.

    Parameters
    ----------
    path : str
        An output file.
    picture : bool
        Whether a picture will be written.

    Raises
    ------
    UsageError
        If its folder is missing, or it is what stands for standard output elsewhere.
    UnsafeError
        If it would replace a picture by something else.
    """
    if path == "-":
        raise UsageError("- would be a file of that name: write ./- for that, or /dev/stdout for standard output")
    if not Path(path).resolve().parent.is_dir():
        raise UsageError(f"the folder of {path} does not exist")
    if not picture:
        _check_no_picture(path)


def make_folder(path: str) -> None:
    """Make a folder for files of ours, unless it is there.

    Parameters
    ----------
    path : str
        The folder.

    Raises
    ------
    UsageError
        If it cannot be made.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {printable(path)!r}: {error.strerror or error}") from error


def ending_of(path: str, known: Iterable[str]) -> str:
    """Return the ending of an output file, which says what is written to it.

    Parameters
    ----------
    path : str
        An output file.
    known : iterable of str
        Endings that somebody knows how to write.

    Returns
    -------
    str
        One of these.

    Raises
    ------
    UsageError
        If it has another.

    Examples
    --------
    >>> ending_of("out/FOUND.JSON", (".json", ".csv"))
    '.json'
    """
    ending = Path(path).suffix.lower()
    if ending not in (endings := tuple(known)):
        raise UsageError(f"cannot tell what to write to {path}: let the name end in {', '.join(endings)}")
    return ending


def write_paths(paths: Iterable[str], path: str) -> None:
    """Write a list of paths byte for byte, one per line; NUL after each where the name ends in ``.nul``.

    Parameters
    ----------
    paths : iterable of str
        Paths as `os.fsdecode` gives them.
    path : str
        The file to write.

    Raises
    ------
    UsageError
        If a path holds a line break and the form is lines, or the file cannot be written.
    """
    replace_file(path, list_of(paths, nul=path.lower().endswith(".nul")))


def list_of(paths: Iterable[str], *, nul: bool = False) -> bytes:
    """Return a list of paths byte for byte, one per line.

    Parameters
    ----------
    paths : iterable of str
        Paths as `os.fsdecode` gives them.
    nul : bool
        Whether NUL comes after each, not a line break.

    Returns
    -------
    bytes
        The list.

    Raises
    ------
    UsageError
        If a path holds a line break and the form is lines.
    """
    end = b"\0" if nul else b"\n"
    names = [os.fsencode(name) for name in paths]
    broken = next((name for name in names if end in name), None)
    if broken is not None:
        raise UsageError(f"{os.fsdecode(broken)!r} holds a line break: give the list a name that ends in .nul")
    return b"".join(name + end for name in names)


def replace_file(path: str, content: bytes, *, picture: bool = False) -> None:
    """Write a file beside its place and move it there whole; a pipe or device is written to.

    Parameters
    ----------
    path : str
        The file to write or replace.
    content : bytes
        What it shall hold.
    picture : bool
        Whether that is a picture; nothing else replaces one.

    Raises
    ------
    UsageError
        If it cannot be written.
    UnsafeError
        If it would replace a picture by something else.
    """
    with replacing(path, picture=picture) as file:
        file.write(content)


@contextmanager
def replacing(path: str, *, picture: bool = False) -> Iterator[BinaryIO]:
    """Offer a file to write beside its place; it moves there whole when the body ends, and is gone when the body fails.

    Parameters
    ----------
    path : str
        The file to write or replace; a pipe or device is written to.
    picture : bool
        Whether a picture is written; nothing else replaces one.

    Yields
    ------
    file
        To write bytes to.

    Raises
    ------
    UsageError
        If it cannot be written.
    UnsafeError
        If it would replace a picture by something else.
    """
    if not picture:
        _check_no_picture(path)
    target = os.path.realpath(path)  # a symlink stays one
    try:
        if os.path.exists(target) and not os.path.isfile(target):  # a pipe or a device is written to, never replaced
            with open(target, "wb") as file:
                yield file
            return
        temporary = os.path.join(os.path.dirname(target), f"{TEMPORARY}{secrets.token_hex(8)}")
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error


def _check_no_picture(path: str) -> None:
    """Refuse to lose a picture by a slip of the hand."""
    if os.path.isfile(path) and any(map(formats.claims_image, (path, os.path.realpath(path)))):
        raise UnsafeError(
            f"{printable(path)} is there and called as images are: nothing is written over it, name another file"
        )
