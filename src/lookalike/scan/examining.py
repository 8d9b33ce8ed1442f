"""One file: read, recognise, digest, decode. What workers do; pure but for the reading."""

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from blake3 import blake3

from lookalike import decode, events, formats
from lookalike.columns import Facts
from lookalike.errors import DecodeError, FailureKind, failure_kind
from lookalike.files import digest_of
from lookalike.hashes import hash_picture
from lookalike.limiting import too_long, too_much
from lookalike.model import EMPTY, EMPTY_ROW, MAX_PIXELS, HashSpec, Stage, Thumbnail
from lookalike.options import ScanOptions
from lookalike.pool import STUCK, held
from lookalike.sources.folders import Unreadable
from lookalike.sources.reading import Reader

APPLE_DOUBLE = b"\x00\x05\x16\x07"
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

    `specs` are hashes to be made of the whole picture; `thumbnail` says whether one is wanted. `data` is what a source gave in
    the place of a file, and `claimed` whether that is meant to be an image whatever its name says.
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
    data: bytes | Unreadable | None = None
    claimed: bool = False


def carried_by(chunk: Sequence[Task]) -> int:
    """Return how many bytes of files some tasks hold.

    Parameters
    ----------
    chunk : sequence of Task
        The tasks.

    Returns
    -------
    int
        Those that a source gave.
    """
    return sum(len(task.data) for task in chunk if isinstance(task.data, bytes))


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
    """What became of a task: exactly one of skipped, failure and content (`digest`, with a thumbnail unless known).

    What was skipped and had `changed` since it was listed says nothing of what was listed. Of a failure for a limit, `pixels`,
    `seconds` or `memory` says which, and what was needed at least or not enough; none of these where that is not known.
    """

    row: int
    digest: bytes | None = None
    thumbnail: Thumbnail | None = None
    skipped: str | None = None
    stage: Stage = "read"
    kind: FailureKind | None = None
    reason: str = ""
    truncated: bool = False
    pixels: tuple[int, int] | None = None
    seconds: float | None = None
    memory: int | None = None
    gone: bool = False
    changed: bool = False
    hashed: Hashed | None = None

    @property
    def lasting(self) -> str | None:
        """What the catalog remembers of a name without content: as what it was skipped, or that it is an empty row."""
        return EMPTY_ROW if (self.kind, self.reason) == EMPTY else self.skipped


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
        found = _look(task)
        if isinstance(found, Outcome):
            return found
        # Said of the name: the same bytes may be an ordinary TIFF elsewhere. What a raw file shows is good for all their names,
        # that it cannot be read for this name alone.
        raw = formats.sniff(found[1][: formats.HEAD_BYTES], task.path) == "RAW"
        data = found[1] if task.data is not None else _read(task, *found)
    except (OSError, DecodeError, MemoryError) as error:
        return _unread(task, error)
    digest = blake3(data).digest()
    if digest in task.known and not raw:
        return Outcome(task.row, digest=digest)
    thumbnail = hashed = None
    share_cores()
    try:
        if task.thumbnail:
            thumbnail = decode.decode(data, task.path, truncated=task.truncated, max_pixels=task.max_pixels)
        if task.specs:
            hashed = _hash(data, task)
    except DecodeError as error:
        reason, memory = _reason(error)
        return Outcome(
            task.row, None if raw else digest, thumbnail, None, "decode", error.kind, reason, error.truncated, error.size,
            memory=memory,
        )  # fmt: skip
    return Outcome(task.row, digest, thumbnail, hashed=hashed)


class Scanned(NamedTuple):
    """One file that was scanned and is to be decoded once more: row of its content, where it is, its bytes and BLAKE3 then.

    `data` is what it holds now, where a source gave that and the worker need not read. No more than `max_pixels` are decoded.
    """

    row: int
    path: str
    size: int
    digest: bytes
    data: bytes | None = None
    max_pixels: int = MAX_PIXELS

    def read(self) -> bytes | None:
        """Return what the file holds, if that is still what was scanned.

        Returns
        -------
        bytes or None
            None where it is gone, another one by now, or cannot be read.
        """
        data = self.data
        try:
            if data is None:
                with open(self.path, "rb") as file:
                    data = file.read(self.size + 1)
        except (OSError, MemoryError):
            return None
        return data if blake3(data).digest() == self.digest else None


def scanned(row: int, path: str, facts: Facts, reader: Reader, options: ScanOptions) -> Scanned | None:
    """Return what a worker is to decode once more.

    Parameters
    ----------
    row : int
        Row of the content.
    path : str
        Where it is.
    facts : Facts
        What is known of the contents.
    reader : Reader
        Who reads what is no ordinary file.
    options : ScanOptions
        With the limit of pixels.

    Returns
    -------
    Scanned or None
        None where a source no longer has it.
    """
    data = None
    if reader.is_file(path):
        events.IMAGE_REREAD(path=path)
    else:
        try:
            data = reader.read(path)
        except (OSError, MemoryError):
            return None
    return Scanned(row, path, int(facts.size[row]), facts.digest[row], data, options.max_pixels)


def share_cores() -> None:
    """Leave the other cores to the other workers, where this is one."""
    if held() is not None:
        decode.use_one_thread()


def _reason(error: DecodeError) -> tuple[str, int | None]:
    """Return why a file could not be decoded, and the limit of memory that it broke."""
    limits = held()
    if limits is None or error.reason != decode.NO_MEMORY:
        return error.reason, None
    return too_much(limits.memory), limits.memory


def _hash(data: bytes, task: Task) -> Hashed:
    with decode.opened(data, task.path, truncated=task.truncated, max_pixels=task.max_pixels) as image:
        made = hash_picture(image, *task.specs)
        pixels, format_ = image.size, image.format or ""
    words = tuple(block.astype(">u8").tobytes() for block, _ in made)
    cut_short = task.truncated and decode.is_truncated(data)
    return Hashed(words, tuple(quality for _, quality in made), pixels, format_, cut_short)


def recognise(task: Task) -> Outcome | None:
    """Look whether a file needs decoding at all; like `examine`, but of the file only the beginning is read.

    Parameters
    ----------
    task : Task
        The file.

    Returns
    -------
    Outcome or None
        Skipped or failed; None for what looks like an image.
    """
    try:
        found = _look(task)
    except (OSError, DecodeError) as error:
        return _unread(task, error)
    if isinstance(found, Outcome):
        return found
    if found[0] is not None:
        found[0].close()
    return None


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


def overran(seconds: float, task: Task, reason: str) -> Outcome:
    """Return the outcome of a task that took longer than a decoder may.

    Parameters
    ----------
    seconds : float
        How long it may take.
    task : Task
        The file.
    reason : str
        What it did.

    Returns
    -------
    Outcome
        A failure of the kind limit; of a file that is still what was listed, and that used up its time rather than wait for
        others, with what it takes to remember that.
    """
    digest = None if reason == STUCK else _digest(task)
    return Outcome(task.row, digest, stage="decode", kind="limit", reason=too_long(reason), seconds=seconds)


def _digest(task: Task) -> bytes | None:
    """Return the digest of a file that nobody could decode, where the failure is one of the file and not of its name."""
    if isinstance(task.data, bytes):
        return (
            None if formats.sniff(task.data[: formats.HEAD_BYTES], task.path) == "RAW" else blake3(task.data).digest()
        )
    try:
        digest = digest_of(task.path)
        with _open(task.path) as file:
            raw = formats.sniff(file.read(formats.HEAD_BYTES), task.path) == "RAW"
            after = os.fstat(file.fileno())
    except OSError:
        return None
    return None if raw or (after.st_size, after.st_mtime_ns) != (task.size, task.mtime_ns) else digest


def _unread(task: Task, error: OSError | DecodeError | MemoryError) -> Outcome:
    if isinstance(error, OSError):
        kind, reason = failure_kind(error), error.strerror or str(error)
        return Outcome(task.row, kind=kind, reason=reason, gone=error.errno in GONE)
    if isinstance(error, DecodeError):
        gone = isinstance(task.data, Unreadable) and error.kind == "transient"
        return Outcome(task.row, kind=error.kind, reason=error.reason, gone=gone)
    limits = held()
    reason = "not enough memory to read it" if limits is None else f"its {task.size:,} bytes: {too_much(limits.memory)}"
    return Outcome(task.row, kind="limit", reason=reason)


def _look(task: Task) -> tuple[BinaryIO | None, bytes] | Outcome:
    """Return an open file and its beginning, or all that a source gave, or that it is skipped."""
    if isinstance(task.data, Unreadable):
        raise DecodeError(*task.data)
    if task.data is not None:
        return _skipped(task, task.data) or (None, task.data)
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(_open(task.path))
        except IsADirectoryError:
            return Outcome(task.row, skipped="not a regular file", changed=True)
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return Outcome(task.row, skipped="not a regular file", changed=True)
        head = file.read(formats.HEAD_BYTES) or b""  # None of what has nothing now, as the kernel's log
        skipped = _skipped(task, head, changed=(status.st_size, status.st_mtime_ns) != (task.size, task.mtime_ns))
        if skipped is not None:
            return skipped
        if status.st_size > MAX_FILE_BYTES:
            raise DecodeError("limit", f"{status.st_size:,} bytes, more than the limit of {MAX_FILE_BYTES:,}")
        opened.pop_all()
        return file, head


def _open(path: str) -> BinaryIO:
    """Open a file for reading; what is no ordinary file does not keep us waiting."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return open(path, "rb", opener=lambda path, _: os.open(path, flags))


def _skipped(task: Task, head: bytes, *, changed: bool = False) -> Outcome | None:
    """Return that something is no image, by its beginning and its name."""
    format_ = formats.sniff(head[: formats.HEAD_BYTES], task.path)
    if format_ == "RAW" and not decode.can_read_raw():
        raise DecodeError("unsupported", decode.RAW_NEEDED)
    other = format_ is None and not task.claimed and not formats.claims_image(task.path)
    if other or head.startswith(APPLE_DOUBLE):
        return Outcome(task.row, skipped=formats.kind_of_other(head[: formats.HEAD_BYTES], task.path), changed=changed)
    return None


def _read(task: Task, file: BinaryIO | None, head: bytes) -> bytes:
    """Return the content of a file that is still what it was when it was listed."""
    assert file is not None
    with file:
        data = head + file.read(task.size - len(head)) if task.size > len(head) else head
        after = os.fstat(file.fileno())
    if len(data) != after.st_size or (after.st_size, after.st_mtime_ns) != (task.size, task.mtime_ns):
        raise DecodeError("transient", "it changed while it was read")
    return data
