"""One cell of a table, or one item of a list: which image it holds, and in which column of a row it lies."""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from lookalike import formats
from lookalike.errors import DecodeError, UsageError, failure_kind
from lookalike.model import EMPTY
from lookalike.sources.folders import UNKNOWN_SIZE, Entry, Unreadable
from lookalike.sources.members import too_large
from lookalike.sources.pixels import as_file, from_array

PATH_COLUMNS = frozenset({
    "file", "file_name", "file_path", "filename", "filepath", "image", "image_file", "image_path", "images", "img", "img_path",
    "path", "photo", "picture",
})  # fmt: skip
"""Names of columns of text that hold paths of images, whatever these end in."""
SAMPLE = 32
"""Values that are looked at to find the column."""
STORED = frozenset(("bytes", "path"))
"""Keys of an image as Hugging Face stores it."""
Content = bytes | Unreadable


def content(value: Any, folder: str = "") -> Content:
    """Return the bytes of the image that a cell holds.

    Parameters
    ----------
    value : object
        Bytes, the path of a file, a PIL image, an array, or a mapping with ``bytes`` and ``path``, as Hugging Face stores it.
    folder : str
        What paths are relative to.

    Returns
    -------
    bytes or Unreadable
        A file; pixels in memory become one. Or why there is none.

    Examples
    --------
    >>> content({"bytes": b"GIF89a", "path": None})
    b'GIF89a'
    >>> content(None)
    Unreadable(kind='not-here', reason='the row holds no image: it is empty')
    """
    value = _stored(value)
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - how pandas says missing
        return Unreadable(*EMPTY)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return too_large(len(value)) or bytes(value)
    if isinstance(value, (str, os.PathLike)):
        return _file(os.fspath(value), folder)
    try:
        if isinstance(value, np.ndarray):
            value = from_array(value)
        if isinstance(value, Image.Image):
            return as_file(value)
    except UsageError as error:
        return Unreadable("unsupported", str(error))
    except DecodeError as error:
        return Unreadable(error.kind, error.reason)
    except MemoryError:
        return Unreadable("limit", "not enough memory to read it")
    return Unreadable(
        "unsupported",
        f"the row holds no image: it is {type(value).__name__}, not bytes, a path, a PIL image or an array",
    )


def entry(number: int, path: str | None, folder: str, changed_ns: int) -> Entry:
    """Return a row as listed: with the size and time of its file, if there is one.

    Parameters
    ----------
    number : int
        Its number, counted from 0.
    path : str or None
        Path of a file that may hold the image.
    folder : str
        What that is relative to.
    changed_ns : int
        When the table was changed.

    Returns
    -------
    Entry
        Named by the number.
    """
    if path is not None and not is_address(path):
        try:
            status = os.stat(os.path.join(folder, path))
        except (OSError, ValueError):  # no such file: then the table holds it, or reading says so
            pass
        else:
            return Entry(str(number), status.st_size, status.st_mtime_ns, 0, number)
    return Entry(str(number), UNKNOWN_SIZE, changed_ns, 0, number)


def is_address(text: str) -> bool:
    """Return whether a text is a URL.

    Parameters
    ----------
    text : str
        What stands in a cell.

    Returns
    -------
    bool
        Whether it names a scheme.

    Examples
    --------
    >>> is_address("https://example.com/a.jpg"), is_address("a/b.jpg")
    (True, False)
    """
    return "://" in text or text.startswith("data:")


def find_column(
    samples: Mapping[Any, Iterable[Any]], where: str, how: str = "say which by column=NAME (--column NAME)"
) -> Any:
    """Find the column that holds the images.

    Parameters
    ----------
    samples : mapping
        Name of each column -> some of its values.
    where : str
        What the table is called.
    how : str
        How to name a column.

    Returns
    -------
    str or int
        The only one of images; where there is none, the only one of paths that end like images; else by its name.

    Raises
    ------
    UsageError
        If there is none, or more than one.

    Examples
    --------
    >>> find_column({"label": ["cat"], "photo": [{"bytes": b"GIF89a", "path": "a.gif"}]}, "t.parquet")
    'photo'
    """
    holds = {name: {_holds(value) for value in values} for name, values in samples.items()}
    tiers: Sequence[list[Any]] = (
        [name for name, kinds in holds.items() if "image" in kinds],
        [name for name, kinds in holds.items() if "path" in kinds],
        [name for name, kinds in holds.items() if "text" in kinds and str(name).lower() in PATH_COLUMNS],
    )
    found = next((tier for tier in tiers if tier), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{where} has images in several columns ({_list(found)}): {how}")
    raise UsageError(f"no column of {where} seems to hold images; it has {_list(samples) or 'none'}: {how}")


def check_column(column: Any, names: Iterable[Any], where: str) -> None:
    """Refuse a column that is not there.

    Parameters
    ----------
    column : str or int
        What the user named.
    names : iterable
        Those that there are.
    where : str
        What the table is called.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    names = list(names)
    if column not in names:
        raise UsageError(f"{where} has no column {column!r}; it has {_list(names) or 'none'}")


def is_image(value: Any) -> bool:
    """Return whether a value looks like an image, or like the path of one.

    Parameters
    ----------
    value : object
        What stands in a cell.

    Returns
    -------
    bool
        By its type, its first bytes or its ending.

    Examples
    --------
    >>> is_image(b"GIF89a"), is_image("a.jpg"), is_image("cat"), is_image(3)
    (True, True, False, False)
    """
    return _holds(value) in ("image", "path")


def _stored(value: Any) -> Any:
    """Return the bytes or else the path of what Hugging Face stores, and anything else as it is."""
    if isinstance(value, Mapping) and value.keys() & STORED:
        return value.get("bytes") if value.get("bytes") is not None else value.get("path")
    return value


def _list(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names))


def _holds(value: Any) -> str:
    """Say what a sampled value is: an image, the path of one, some text, or nothing of interest."""
    value = _stored(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "image" if formats.sniff(bytes(value[: formats.HEAD_BYTES])) else "other"
    if isinstance(value, Image.Image) or (isinstance(value, np.ndarray) and value.ndim in (2, 3)):
        return "image"
    if isinstance(value, (str, os.PathLike)):
        text = os.fsdecode(value)
        return "other" if is_address(text) else "path" if formats.claims_image(text) else "text"
    return "other"


def _file(path: str, folder: str) -> Content:
    """Read the file that a row names."""
    if is_address(path):
        return Unreadable("unsupported", "the row holds a URL, and nothing is fetched")
    place = os.path.join(folder, path)
    try:
        status = os.stat(place)
        if not stat.S_ISREG(status.st_mode):
            return Unreadable("unsupported", f"the row names {path}, which is no ordinary file")
        refused = too_large(status.st_size)
        if refused is not None:
            return refused
        with open(place, "rb") as file:
            head = file.read(formats.HEAD_BYTES)
            if formats.sniff(head, path) is None and not formats.claims_image(path):
                return Unreadable("unsupported", f"the row names {path}, which is no image by name or first bytes")
            return head + file.read()
    except (FileNotFoundError, NotADirectoryError):
        return Unreadable("not-here", f"the row names {path}, which is not there")
    except OSError as error:
        return Unreadable(failure_kind(error), f"the row names {path}: {error.strerror or error}")
    except ValueError as error:  # a NUL in it
        return Unreadable("damaged", f"the row names no file that can be: {error}")
