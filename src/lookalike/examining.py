"""One file: read, recognise, digest, decode. What workers do; pure but for the reading."""

import errno
import os
import stat
from typing import NamedTuple

from blake3 import blake3

from lookalike import decode, formats
from lookalike.errors import DecodeError, FailureKind, failure_kind
from lookalike.hashes import hash_picture
from lookalike.model import HashSpec, Stage, Thumbnail

MAX_FILE_BYTES = 1 << 30
"""Larger files are not read into memory."""
GONE = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EIO,
    errno.ENXIO,
    errno.ENODEV,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.EHOSTDOWN,
)
"""What reading says when a file, or the whole drive under it, has gone away."""


class Task(NamedTuple):
    """One file for a worker: where it is, what it was when listed, and which digests of that size need no decoding.

    `specs` are hashes to be made of the whole picture; `thumbnail` says whether one is wanted.
    """

    row: int
    path: str
    size: int
    mtime_ns: int
    known: tuple[bytes, ...]
    truncated: bool
    max_pixels: int
    specs: tuple[HashSpec, ...] = ()
    thumbnail: bool = True


class Hashed(NamedTuple):
    """The hashes of one picture, made of the whole of it.

    `words` and `quality` go by the specs of the task; `truncated` says whether the file ends early and was accepted.
    """

    words: tuple[bytes, ...]
    quality: tuple[int | None, ...]
    pixels: tuple[int, int]
    format: str
    truncated: bool


class Outcome(NamedTuple):
    """What became of a task: exactly one of skipped, failure and content (`digest`, with a thumbnail unless known)."""

    row: int
    digest: bytes | None = None
    thumbnail: Thumbnail | None = None
    skipped: str | None = None
    stage: Stage = "read"
    kind: FailureKind | None = None
    reason: str = ""
    truncated: bool = False
    pixels: tuple[int, int] | None = None
    gone: bool = False
    hashed: Hashed | None = None


def examine(task: Task) -> Outcome:
    """Read, recognise, digest and decode one file; runs in a worker and never raises for a bad file.

    Parameters
    ----------
    task : Task
        The file.

    Returns
    -------
    Outcome
        What became of it.
    """
    try:
        data, other = _read(task)
    except OSError as error:
        return Outcome(
            task.row, kind=failure_kind(error), reason=error.strerror or str(error), gone=error.errno in GONE
        )
    except DecodeError as error:
        return Outcome(task.row, kind=error.kind, reason=error.reason)
    except MemoryError:
        return Outcome(task.row, kind="limit", reason="not enough memory to read it")
    if other is not None:
        return Outcome(task.row, skipped=other)
    digest = blake3(data).digest()
    if digest in task.known:
        return Outcome(task.row, digest=digest)
    thumbnail = hashed = None
    try:
        if task.thumbnail:
            thumbnail = decode.decode(data, task.path, truncated=task.truncated, max_pixels=task.max_pixels)
        if task.specs:
            hashed = _hash(data, task)
    except DecodeError as error:
        return Outcome(
            task.row, digest, thumbnail, None, "decode", error.kind, error.reason, error.truncated, error.size
        )  # fmt: skip
    return Outcome(task.row, digest, thumbnail, hashed=hashed)


def _hash(data: bytes, task: Task) -> Hashed:
    with decode.opened(data, task.path, truncated=task.truncated, max_pixels=task.max_pixels) as image:
        made = hash_picture(image, *task.specs)
        pixels, format_ = image.size, image.format or ""
    words = tuple(block.astype(">u8").tobytes() for block, _ in made)
    cut_short = task.truncated and decode.is_truncated(data)
    return Hashed(words, tuple(quality for _, quality in made), pixels, format_, cut_short)


def crashed(task: Task, reason: str) -> Outcome:
    """Return the outcome of a task during which its worker died.

    Parameters
    ----------
    task : Task
        The file.
    reason : str
        How the worker ended.

    Returns
    -------
    Outcome
        A failure of the kind damaged.
    """
    return Outcome(task.row, stage="decode", kind="damaged", reason=f"its decoder crashed ({reason})")


def _read(task: Task) -> tuple[bytes, str | None]:
    """Return the content of a file, or the kind it is skipped as."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(task.path, flags)
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        os.close(handle)
        return b"", "not a regular file"
    with open(handle, "rb") as file:
        head = file.read(formats.HEAD_BYTES)
        format_ = formats.sniff(head, task.path)
        if format_ == "RAW":  # said of the name, since the same bytes may be an ordinary TIFF elsewhere
            raise DecodeError("unsupported", "camera raw files are not read yet")
        if format_ is None and not formats.claims_image(task.path):
            return b"", formats.kind_of_other(head, task.path)
        if head.startswith(b"\x00\x05\x16\x07"):
            return b"", formats.kind_of_other(head, task.path)
        if before.st_size > MAX_FILE_BYTES:
            raise DecodeError("limit", f"{before.st_size:,} bytes, more than the limit of {MAX_FILE_BYTES:,}")
        data = head + file.read(before.st_size - len(head)) if before.st_size > len(head) else head
        after = os.fstat(file.fileno())
    if len(data) != before.st_size or (after.st_size, after.st_mtime_ns) != (task.size, task.mtime_ns):
        raise DecodeError("transient", "it changed while it was read")
    return data, None
