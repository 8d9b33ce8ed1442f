"""Image files through Pillow: which formats are read, under which limits, and what went wrong, in words."""

import contextlib
import io
import re
import struct
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from functools import cache

from PIL import Image, ImageFile, UnidentifiedImageError, features

from lookalike import formats
from lookalike.decode import jxl, raw
from lookalike.errors import DecodeError, LookalikeError
from lookalike.installed import RAW, decoders

BUILT_IN = frozenset({"AVIF", "WEBP"})
"""Formats that Pillow passes over, as if it did not know them, where it was built without their libraries."""
NO_MEMORY = "not enough memory to decode it"
NO_DECODER, LARGE_CANVAS = "could not create decoder object", 1 << 22
"""What libwebp says of damage, and of a canvas for which it gets no memory: of more pixels than these it is taken for that."""
STUMBLES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError,
    struct.error,
)  # fmt: skip
"""What Pillow's decoders raise, beside OSError, when a file leads them astray."""


@cache
def use_one_thread() -> None:
    """Let the decoders of this process have one thread each, where they would take one a core: others decode beside it."""
    decoders()
    for module, name, value in (
        ("PIL.AvifImagePlugin", "DEFAULT_MAX_THREADS", 1),
        ("pi_heif.options", "DECODE_THREADS", 1),
        ("pillow_jxl.JpegXLImagePlugin", "DECODE_THREADS", 0),
    ):
        if (plugin := sys.modules.get(module)) is not None:
            setattr(plugin, name, value)


@cache
def _readable(format_: str | None = None) -> tuple[str, ...]:
    """Return the formats Pillow may open, of those that have a decoder here; the likely one first."""
    decoders()
    Image.init()  # takes long, and whoever needs no Pillow decoder need not wait for it
    return tuple(
        name for name in sorted(formats.PILLOW_FORMATS, key=lambda name: name != format_) if name in Image.OPEN
    )


@contextlib.contextmanager
def opened(data: bytes, name: str, *, truncated: bool, max_pixels: int) -> Iterator[Image.Image]:
    """Open an image file as ``PIL.Image.open`` does; whatever its decoder raises in the body becomes a `DecodeError`.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    truncated : bool
        Whether a file that ends early is accepted.
    max_pixels : int
        Most pixels (width times height) that are decoded, inclusive.

    Yields
    ------
    PIL.Image.Image
        Not loaded yet.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    format_ = formats.sniff(data[: formats.HEAD_BYTES], name)
    if not data:
        raise DecodeError("damaged", "the file is empty")
    try:
        with (
            _pillow(truncated=truncated, max_pixels=max_pixels),
            _within(data, format_, max_pixels) as image,
        ):
            yield image
    except LookalikeError:  # ours already: what the body raised on purpose
        raise
    except UnidentifiedImageError as error:
        raise _unidentified(format_) from error
    except Image.DecompressionBombError as error:
        raise DecodeError("limit", "more pixels than the limit") from error
    except MemoryError as error:
        raise DecodeError("limit", NO_MEMORY) from error
    except NotImplementedError as error:  # a sound DDS or BLP file of pixels that Pillow does not know
        raise DecodeError("unsupported", _clause(error)) from error
    except OSError as error:
        early = _ends_early(error)
        if not early and "decoder" in str(error) and "not available" in str(error):
            raise DecodeError("unsupported", _clause(error)) from error
        if NO_DECODER in str(error) and _canvas(data) > LARGE_CANVAS:
            raise DecodeError("limit", NO_MEMORY) from error
        raise DecodeError("damaged", _clause(error), truncated=early) from error
    except STUMBLES as error:
        raise _stumbled(_clause(error)) from error


def is_truncated(data: bytes) -> bool:
    """Return whether Pillow refuses a file unless told to accept that it ends early.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    bool
        False for whole files and for those that are damaged otherwise.
    """
    try:
        with (
            _pillow(truncated=False, max_pixels=None),
            Image.open(io.BytesIO(data), formats=_readable()) as image,
        ):
            image.load()
    except OSError as error:
        return _ends_early(error)
    except (
        *STUMBLES,
        Image.DecompressionBombError,
        MemoryError,
    ):  # damaged otherwise; what accepts early ends was content with it
        return False
    return False


def _within(data: bytes, format_: str | None, max_pixels: int) -> Image.Image:
    """Open an image of as many pixels as are allowed; Pillow, with the same limit, lets pass up to twice as many."""
    known = jxl.header(data) if format_ == "JXL" else None
    if known is not None and known.width * known.height > max_pixels:
        raise _too_large((known.width, known.height), max_pixels)
    try:
        if format_ == "RAW":
            image = raw.preview(data, _readable("JPEG"))
        else:
            image = Image.open(io.BytesIO(data), formats=_readable(format_))
    except Image.DecompressionBombError as error:
        # Pillow says no more than width times height; both are in the frame that raised it.
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if "size" not in frame.f_locals:
            raise
        raise _too_large(frame.f_locals["size"], max_pixels) from error
    if image.width * image.height > max_pixels:
        raise _too_large(image.size, max_pixels)
    if not image.width or not image.height:
        raise DecodeError("damaged", "it has no pixels")
    return image


def _too_large(size: tuple[int, int], max_pixels: int) -> DecodeError:
    width, height = size
    return DecodeError("limit", f"{width}x{height} pixels, more than the limit of {max_pixels:,}", size=size)


class _Switches:
    """Pillow's process-wide switches: threads that want them alike decode side by side, others wait.

    Our own limit replaces Pillow's, for images inside others too. The first to come saves and sets, the last to go restores.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = 0
        self._agreed: tuple[bool, int | None] = False, None
        self._restore = contextlib.ExitStack()

    @contextlib.contextmanager
    def __call__(self, *, truncated: bool, max_pixels: int | None) -> Iterator[None]:
        wanted = truncated, max_pixels
        with self._changed:
            self._changed.wait_for(lambda: not self._held or wanted == self._agreed)
            if not self._held:
                self._agreed = wanted
                self._set(truncated=truncated, max_pixels=max_pixels)
            self._held += 1
        try:
            yield
        finally:
            with self._changed:
                self._held -= 1
                if not self._held:
                    self._restore.close()
                self._changed.notify_all()

    def _set(self, *, truncated: bool, max_pixels: int | None) -> None:
        self._restore.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for owner, name, value in (
            (Image, "MAX_IMAGE_PIXELS", max_pixels),
            (ImageFile, "LOAD_TRUNCATED_IMAGES", truncated),
        ):
            self._restore.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)


_pillow = _Switches()


def _canvas(data: bytes) -> int:
    """Return how many pixels the canvas of a WebP animation has."""
    if data[12:16] != b"VP8X":
        return 0
    width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    return width * height


def _ends_early(error: OSError) -> bool:
    return "truncated" in str(error).lower()


def can_read_raw() -> bool:
    """Return whether camera raw files can be looked at.

    Returns
    -------
    bool
        Whether the package that finds their previews is there.
    """
    return RAW in decoders().split("+")


def _unidentified(format_: str | None) -> DecodeError:
    if format_ in formats.EXTRA and format_ not in _readable():
        name, extra = formats.EXTRA[format_]
        return DecodeError("unsupported", f"{name} needs a decoder: pip install 'lookalike[{extra}]'")
    if format_ in BUILT_IN and not features.check(format_.lower()):
        return DecodeError("unsupported", f"this Pillow was built without {format_}: install one that has it")
    if format_ is None:
        return DecodeError("damaged", "not an image, whatever its name says")
    return DecodeError("damaged", f"starts like {format_} but its header cannot be read")


def _stumbled(said: str) -> DecodeError:
    """Return what a decoder means by an error that is none of those that Pillow has words for."""
    if "Security limit" in said:  # of libheif's own
        return DecodeError("limit", said)
    if "bad allocation" in said or said.startswith("Memory allocation error"):  # of C++ in general, and of libheif
        return DecodeError("limit", NO_MEMORY)
    # Of a sound file, Pillow may not know how to turn its mode into gray.
    return DecodeError("unsupported" if said.startswith("conversion from ") else "damaged", said)


def _clause(error: BaseException) -> str:
    """Return what a decoder said as one short clause without addresses, so that it is the same in every run."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]* object at 0x[0-9a-f]+>", "the file", str(error))).strip()
    return text[:200] or type(error).__name__
