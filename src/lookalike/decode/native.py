"""Files to thumbnails by the compiled kernels, many at a time and without the interpreter lock.

What the kernels decline (`None`) is for Pillow; the luma of what they take is that of Pillow's road to the level.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from lookalike import metadata
from lookalike.decode.png import inflate, is_long
from lookalike.decode.thumbnails import upright_size
from lookalike.kernels import IS_COMPILED
from lookalike.model import Thumbnail

if IS_COMPILED:
    from lookalike import _native

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"
MOST_SCANS = 32
"""Scans of a JPEG file, those of its own thumbnail included, that cost little more than the file has pixels; encoders make a
dozen."""
INFLATED_BYTES = 256 << 10
"""PNG files are inflated together up to here, further only by the last of them: small files may hold large pictures, and what
is used while it is in the caches, and its memory for the next, is faster by a fifth."""


def read_files(
    paths: Sequence[bytes], sizes: Sequence[int], mtimes: Sequence[int], everything: Sequence[bool]
) -> list[bytes | None]:
    """Read whole files of the kinds that `decode_all` takes.

    Parameters
    ----------
    paths : sequence of bytes
        Paths, as the system takes them.
    sizes, mtimes : sequence of int
        Bytes, and time of the last change in nanoseconds since 1970; what is otherwise by now is not read.
    everything : sequence of bool
        Whether a file is read whatever its first bytes say.

    Returns
    -------
    list of (bytes or None)
        None for what was not read.
    """
    read: list[bytes | None] = [None] * len(paths)
    if IS_COMPILED and hasattr(_native, "read_files"):  # the latter not on Windows
        with suppress(MemoryError):
            read = _native.read_files(paths, sizes, mtimes, everything)
    return read


def is_candidate(data: bytes) -> bool:
    """Return whether a file is of a kind that `decode_all` may take.

    Parameters
    ----------
    data : bytes
        Its first bytes, or all of it.

    Returns
    -------
    bool
        Whether it starts as JPEG or PNG.

    Examples
    --------
    >>> is_candidate(b"GIF89a")
    False
    """
    return data.startswith((JPEG, PNG))


def is_plain(data: bytes) -> bool:
    """Return whether decoding all of a file, by any decoder, takes time and memory in proportion to its pixels and its bytes.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    bool
        Whether it is a JPEG of few scans or a PNG, of one picture.

    Examples
    --------
    >>> is_plain(b"GIF89a")
    False
    """
    if data.startswith(JPEG):
        return data.count(b"\xff\xda") <= MOST_SCANS and b"MPF\0" not in data
    return data.startswith(PNG) and b"acTL" not in data and not is_long(data)


def decode_all(files: Sequence[bytes], *, max_pixels: int, max_memory: int | None = None) -> list[Thumbnail | None]:
    """Make the thumbnails of image files.

    Parameters
    ----------
    files : sequence of bytes
        Whole files of any kind.
    max_pixels : int
        Pictures with more pixels than this are declined.
    max_memory : int, optional
        Files whose rows take more bytes than this are declined; None for as many as that many pixels have.

    Returns
    -------
    list of (Thumbnail or None)
        None for what is not taken: other formats, rare kinds, damage of any sort, and what memory does not suffice for.
    """
    if not IS_COMPILED:
        return [None] * len(files)
    limit = min(max_pixels, (1 << 62) - 1)
    parts = _parts(files, limit, max_memory)
    return [made for part, inflated in parts for made in _thumbnails(part, inflated, limit)]


def _parts(
    files: Sequence[bytes], limit: int, max_memory: int | None
) -> Iterator[tuple[list[bytes], list[bytearray | None]]]:
    """Yield the files in order, some at a time, with the rows of those that are PNG; both lists are emptied afterwards."""
    part: list[bytes] = []
    inflated: list[bytearray | None] = []
    held = 0
    for at, data in enumerate(files, 1):
        rows = inflate(data, limit, max_memory) if data.startswith(PNG) else None
        part.append(data)
        inflated.append(rows)
        held += len(rows or b"")
        del rows
        if held >= INFLATED_BYTES or at == len(files):
            yield part, inflated
            part.clear()
            inflated.clear()
            held = 0


def _thumbnails(files: list[bytes], inflated: list[bytearray | None], limit: int) -> list[Thumbnail | None]:
    made: list[Thumbnail | None] = [None] * len(files)
    try:
        taken, luma, chroma, facts = _native.thumbnails(files, inflated, limit)
    except MemoryError:
        return made
    for at, known in enumerate(facts.tolist()):
        if not taken[at]:
            continue
        width, height, alpha, depth, colour, detail, quality_sum, orientation, start, size = known
        exif = metadata.exif_of(files[at][start : start + size]) if size else {}
        if metadata.has_video(files[at]):
            exif["video"] = 1
        if exif.get("orientation", 1) != orientation:
            continue  # what its EXIF means is for Pillow to say
        width, height = upright_size(width, height, orientation)
        lossless = inflated[at] is not None
        captured = exif.pop("captured", None)
        made[at] = Thumbnail(
            luma[at], chroma[at], width, height, "PNG" if lossless else "JPEG", 1, alpha != 0, depth, colour != 0, detail,
            metadata.quality_of(quality_sum) if quality_sum else None, lossless,
            None if captured is None else str(captured), exif,
        )  # fmt: skip
    return made
