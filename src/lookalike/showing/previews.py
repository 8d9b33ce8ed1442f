"""Pictures to be looked at: WebP of files, or of their thumbnails where the files are not to be had, kept on disk.

Whatever a file says it is, what comes out of here was decoded and encoded again: nobody is ever handed the bytes of a file.
"""

import contextlib
import errno
import io
import os
import tempfile
import threading
from collections.abc import Sequence

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray
from PIL import Image

from lookalike import decode
from lookalike.errors import CatalogError, DecodeError
from lookalike.files import contents_of
from lookalike.limiting import File, SecondLooks
from lookalike.model import ImageRef
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog

VERSION = 1
"""Rises when a preview could change."""
SMALL = 128
"""Most pixels of the longer side of what a page of many pictures shows."""
FOLDER_BYTES = 1 << 30
"""What previews on disk may take before the oldest go."""
TRIM_EVERY = FOLDER_BYTES // 8
"""After so many bytes of new ones the oldest are looked for again."""


def as_found(path: str, digest: bytes | None, size: int | None = None, reader: Reader | None = None) -> bytes:
    """Read an image file, unless something else is there by now: nobody asked for that to be looked at.

    Parameters
    ----------
    path : str
        The file.
    digest : bytes or None
        BLAKE3 of what it should hold; None for anything.
    size : int, optional
        How many bytes that is; files of another size are not read.
    reader : Reader, optional
        Who reads what is no ordinary file; None for one that goes by paths.

    Returns
    -------
    bytes
        The whole file.

    Raises
    ------
    OSError
        If it cannot be read, is no ordinary file, or holds something else.
    """
    changed = OSError(errno.ESTALE, "it has changed since it was found", path)
    if reader is None:
        with contextlib.closing(Reader()) as by_path:
            return as_found(path, digest, size, by_path)
    if not reader.is_file(path):
        data = reader.read(path)
        if digest not in (None, blake3(data).digest()):
            raise changed
        return data
    if size not in (None, os.stat(path).st_size):
        raise changed
    data, found = contents_of(path)
    if digest not in (None, found):
        raise changed
    return data


def of_file(
    path: str,
    digest: bytes | None,
    most: int,
    *,
    size: int | None = None,
    looks: SecondLooks | None = None,
    reader: Reader | None = None,
) -> bytes:
    """Make a preview of an image file.

    Parameters
    ----------
    path : str
        The file.
    digest : bytes or None
        BLAKE3 of what it should hold; None for anything.
    most : int
        Most pixels of the longer side; smaller pictures stay as they are.
    size : int, optional
        Bytes that it should have.
    looks : SecondLooks, optional
        Who holds decoding to limits; None for the usual ones.
    reader : Reader, optional
        As for `as_found`.

    Returns
    -------
    bytes
        A WebP file: upright, transparency over white.

    Raises
    ------
    OSError
        As `as_found`.
    DecodeError
        If it cannot be decoded.
    """
    data = as_found(path, digest, size, reader)
    looks = looks or SecondLooks()
    return looks(_small, (data, os.path.basename(path)), most=most, max_pixels=looks.options.max_pixels)


def _small(file: File, *, most: int, max_pixels: int) -> bytes:
    return encoded(decode.picture(*file, most, max_pixels=max_pixels))


def of_thumbnail(
    luma: NDArray[np.uint8], chroma: NDArray[np.uint8], width: int, height: int, most: int = SMALL
) -> bytes:
    """Make a preview of a thumbnail.

    Parameters
    ----------
    luma, chroma : ndarray of uint8, shapes (64, 64) and (8, 8, 2)
        As in `lookalike.model.Thumbnail`.
    width, height : int
        Size of the picture in pixels, for its proportions.
    most : int
        Pixels of the longer side.

    Returns
    -------
    bytes
        A WebP file.

    Examples
    --------
    >>> of_thumbnail(np.zeros((64, 64), np.uint8), np.full((8, 8, 2), 128, np.uint8), 400, 300)[8:12]
    b'WEBP'
    """
    side = luma.shape[::-1]
    bands = [Image.fromarray(luma)]
    bands += [Image.fromarray(chroma[..., at]).resize(side, Image.Resampling.BICUBIC) for at in (0, 1)]
    scale = most / max(width, height)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return encoded(Image.merge("YCbCr", bands).convert("RGB").resize(size, Image.Resampling.BICUBIC))


def encoded(picture: Image.Image) -> bytes:
    """Encode a picture for a page.

    Parameters
    ----------
    picture : PIL.Image.Image
        In RGB or L.

    Returns
    -------
    bytes
        A WebP file; small ones are encoded for size, large ones for speed and looks.
    """
    made = io.BytesIO()
    quality, method = (72, 4) if max(picture.size) <= SMALL else (92, 0)
    picture.save(made, "WEBP", quality=quality, method=method)
    return made.getvalue()


class Previews:
    """Previews of images, made when asked for and kept on disk.

    Parameters
    ----------
    store : Catalog or None
        Where thumbnails of files are that cannot be read; used under a lock, by one thread at a time.
    folder : str or None
        Where previews are kept; None for nowhere. Made where missing, for nobody else to read.
    looks : SecondLooks, optional
        Who holds decoding to limits; None for the usual ones.
    reader : Reader, optional
        As for `as_found`.
    """

    def __init__(
        self,
        store: Catalog | None,
        folder: str | None = None,
        *,
        looks: SecondLooks | None = None,
        reader: Reader | None = None,
    ) -> None:
        self._store, self._folder, self._looks = store, folder, looks or SecondLooks()
        self._reader = reader or Reader()
        self._lock = threading.Lock()
        self._added = 0

    def get(self, ref: ImageRef, most: int = SMALL) -> bytes | None:
        """Return a preview of an image as it was when it was found.

        Parameters
        ----------
        ref : ImageRef
            Where it is; with its digest.
        most : int
            Most pixels of the longer side.

        Returns
        -------
        bytes or None
            A WebP file; from the thumbnail where the file is gone, has changed or cannot be decoded, None where there is none.
        """
        kept = self._kept(ref.digest, most)
        if kept is not None and (data := _read(kept)) is not None:
            return data
        try:
            made = of_file(ref.path, ref.digest, most, size=ref.size, looks=self._looks, reader=self._reader)
        except (OSError, DecodeError):
            return self.of_thumbnail(ref, most)
        if kept is not None:
            _keep(made, kept)
            self._trim_at_times(len(made))
        return made

    def of_thumbnail(self, ref: ImageRef, most: int = SMALL) -> bytes | None:
        """Return a preview of the thumbnail that the catalog has of an image.

        Parameters
        ----------
        ref : ImageRef
            The image, with its digest.
        most : int
            Most pixels of the longer side; never more than `SMALL`, as a thumbnail shows no more.

        Returns
        -------
        bytes or None
            A WebP file, or None where the catalog knows nothing of it.
        """
        if self._store is None or ref.digest is None:
            return None
        try:
            with self._lock:
                found = self._store.thumbnail(ref.digest)
        except CatalogError:  # a cache that cannot be read is no reason to show nothing else
            return None
        return None if found is None else of_thumbnail(*found, min(most, SMALL))

    def close(self) -> None:
        """Let go of archives that are open."""
        self._reader.close()

    def trim(self, most: int = FOLDER_BYTES) -> None:
        """Remove the previews that were made first until the rest takes no more than so many bytes.

        Parameters
        ----------
        most : int
            Bytes.
        """
        if self._folder is None or not os.path.isdir(self._folder):
            return
        files = []
        for entry in _files(self._folder):
            with contextlib.suppress(OSError):  # gone meanwhile
                status = entry.stat(follow_symlinks=False)
                files.append((status.st_mtime_ns, status.st_size, entry.path))
        taken = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if taken <= most:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                taken -= size

    def _trim_at_times(self, added: int) -> None:
        with self._lock:
            self._added += added
            due = self._added >= TRIM_EVERY
            if due:
                self._added = 0
        if due:
            self.trim()

    def _kept(self, digest: bytes | None, most: int) -> str | None:
        if self._folder is None or digest is None:
            return None
        name = digest.hex()
        return os.path.join(self._folder, name[:2], f"{name}-{most}-v{VERSION}.webp")


def _files(folder: str) -> Sequence["os.DirEntry[str]"]:
    found: list[os.DirEntry[str]] = []
    with contextlib.suppress(OSError), os.scandir(folder) as below:
        for entry in below:
            if entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError), os.scandir(entry.path) as files:  # gone meanwhile, or not to be read
                    found += [file for file in files if file.is_file(follow_symlinks=False)]
    return found


def _read(path: str) -> bytes | None:
    """Return a preview that was kept; None where it is not there or not a whole WebP file."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    whole = data[:4] == b"RIFF" and data[8:12] == b"WEBP" and int.from_bytes(data[4:8], "little") == len(data) - 8
    return data if whole else None


def _keep(data: bytes, path: str) -> None:
    """Write a preview whole or not at all; where that fails, it is made again next time."""
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        number, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except OSError:  # such as a disk that is full, which half a preview each time would not make better
            os.unlink(name)
            raise
