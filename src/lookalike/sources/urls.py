"""URLs: the file system that each names, by fsspec, and its errors in words."""

import errno
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from lookalike import events
from lookalike.errors import UsageError
from lookalike.sources.volumes import KINDS

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
"""How a URL begins; one letter would be a drive of Windows."""
WHOLE = ("s3", "gcs", "gs", "abfs", "az", "adl", "oss", "memory")
"""Protocols of stores where what is being written cannot be seen until it is whole."""
LINKS = ("http", "https")
"""Protocols that know of links between pages, and of no folders."""
WHOLE_BYTES = 32 << 20
"""Objects up to this are kept in memory where a server gives no parts of them."""


def is_url(path: str) -> bool:
    """Return whether a path is a URL.

    Parameters
    ----------
    path : str
        What the user named.

    Returns
    -------
    bool
        Whether it begins with a protocol.

    Examples
    --------
    >>> is_url("s3://photos/2019"), is_url("C:/photos"), is_url("photos")
    (True, False, False)
    """
    return URL.match(path) is not None


def root_of_url(url: str) -> str:
    """Return what the paths of all that lies in a URL begin with, before the next slash.

    Parameters
    ----------
    url : str
        As the user gave it.

    Returns
    -------
    str
        Without slashes at the end, unless nothing comes before these.

    Examples
    --------
    >>> root_of_url("s3://photos/2019/"), root_of_url("memory://")
    ('s3://photos/2019', 'memory://')
    """
    return url if url.endswith("://") else url.rstrip("/")


def climbs(url: str) -> bool:
    """Return whether a URL may lead to what lies above some part of it, however that is written.

    Parameters
    ----------
    url : str
        Whoever wrote it.

    Returns
    -------
    bool
        Servers and their clients read ``%2e`` as a dot, and pass over tabs and line breaks.

    Examples
    --------
    >>> climbs("http://a.org/set/../b.jpg"), climbs("http://a.org/set/%2e%2E/b.jpg"), climbs("http://a.org/set/..b.jpg")
    (True, True, False)
    """
    return ".." in re.split(r"[/\\]", unquote(re.sub(r"[\t\r\n]", "", url)))


def url_of(volume: str, key: str) -> str | None:
    """Undo `Store.place`.

    Parameters
    ----------
    volume, key : str
        Identity of a folder or an object.

    Returns
    -------
    str or None
        Its URL; None for what lies on a volume of this machine, or nowhere.

    Examples
    --------
    >>> url_of("s3:photos", "2019"), url_of("s3:photos", ""), url_of("uuid:1", "2019")
    ('s3://photos/2019', 's3://photos', None)
    """
    protocol, colon, host = volume.partition(":")
    if not colon or protocol in KINDS:
        return None
    return f"{protocol}://{host}/{key}" if key else f"{protocol}://{host}"


class Store:
    """The file system that a URL names, with the few calls that are made of it.

    Parameters
    ----------
    url : str
        A URL on it.

    Raises
    ------
    UsageError
        If fsspec, or what it needs for the protocol, is not installed, or there is no such protocol.
    """

    def __init__(self, url: str) -> None:
        try:
            fsspec = import_module("fsspec")
        except ImportError as error:
            raise UsageError(f"fsspec is not installed: pip install 'lookalike[buckets]' (needed for {url})") from error
        protocol = url.partition("://")[0].lower()
        try:
            self._class = fsspec.get_filesystem_class(protocol)
        except ValueError as error:
            known = ", ".join(sorted({"s3", "gs", "az", "abfs", "http", "https", "memory", "file", "ftp", "sftp"}))
            raise UsageError(f"{url}: no such protocol: {protocol}; known are {known} and others of fsspec") from error
        except ImportError as error:
            raise UsageError(f"{url} needs a package that is not installed: {error}") from error
        events.URL_USED(url=url)
        names = self._class.protocol
        self.links: bool = protocol in LINKS  # which are no two names of one
        self.protocol: str = protocol if self.links else names if isinstance(names, str) else names[0]
        # Listings that are kept would hide what has changed since, and grow.
        self._fs = fsspec.filesystem(
            protocol, use_listings_cache=False, **self._class._get_kwargs_from_urls(url)  # noqa: SLF001 - as fsspec.core does
        )  # fmt: skip

    def place(self, url: str) -> tuple[str, str]:
        """Return volume and key of a URL: protocol and bucket or host, and what comes after."""
        if self.protocol in ("file", "memory"):  # without a host
            return f"{self.protocol}:", self.inside(url).strip("/")
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]  # a password is nobody's business
        return f"{self.protocol}:{host}", url.partition("://")[2].partition("/")[2].strip("/")

    def inside(self, url: str) -> str:
        """Return what the file system itself calls a URL."""
        return cast("str", self._class._strip_protocol(url))  # noqa: SLF001 - as fsspec.core does

    def look(self, url: str) -> Mapping[str, Any]:
        """Return what is known of an object or a folder."""
        return cast("Mapping[str, Any]", _called(self._fs.info, self.inside(url)))

    def list(self, url: str) -> list[Mapping[str, Any]]:
        """Return what is known of all in a folder."""
        inside = url.rstrip("/") + "/" if self.links else self.inside(url)
        return cast("list[Mapping[str, Any]]", _called(self._fs.ls, inside, detail=True))

    def find(self, pattern: str) -> Sequence[str]:
        """Return the URLs that a pattern with ``*``, ``?`` and ``[]`` names, sorted."""
        found = _called(self._fs.glob, self.inside(pattern))
        head = pattern.partition("://")[0]
        return sorted(f"{head}://{_called(self._fs.unstrip_protocol, name).partition('://')[2]}" for name in found)

    def write(self, path: str, url: str) -> None:
        """Store a local file, which appears under its name once it is whole."""
        if self.protocol in WHOLE:
            _called(self._fs.put_file, path, self.inside(url))
            return
        folder = url.rpartition("/")[0]
        beside = self.inside(f"{folder}/{os.path.basename(path)}")
        _called(self._fs.makedirs, self.inside(folder), exist_ok=True)
        _called(self._fs.put_file, path, beside)
        _called(self._fs.mv, beside, self.inside(url))

    def read(self, url: str, start: int | None = None, end: int | None = None) -> bytes:
        """Return the bytes of an object, or some of them."""
        return cast("bytes", _called(self._fs.cat_file, self.inside(url), start=start, end=end))


class Ranged(io.RawIOBase):
    """The bytes of an object, fetched where they are wanted.

    Parameters
    ----------
    store : Store
        Where it lies.
    url : str
        Which it is.
    size : int
        Its bytes.
    """

    def __init__(self, store: Store, url: str, size: int) -> None:
        super().__init__()
        self._store, self._url, self._size, self._at = store, url, size, 0
        self._whole: bytes | None = None
        """All of it, from a server that gives no less."""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte; nothing is fetched for that."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a place before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer with one request."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._at))
        start, end = self._at, self._at + count
        data = b""
        if count:
            data = self._store.read(self._url, start, end) if self._whole is None else self._whole[start:end]
        if len(data) == self._size != count and self._size <= WHOLE_BYTES:
            self._whole, data = data, data[start:end]
        if len(data) != count:
            raise OSError(
                0, "the server does not give parts of a file, or it changed: copy the archive to a disk first"
            )
        view[:count] = data
        self._at += count
        return count


def _called(function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Call a file system; whatever its packages raise becomes an error of the system, in words that name no secrets."""
    try:
        return function(*given, **options)
    except PermissionError as error:
        raise PermissionError(errno.EACCES, f"access denied ({error.strerror or error})") from error
    except FileNotFoundError as error:
        cause = error.__cause__  # of HTTP, whatever it was
        refused = hasattr(cause, "status") or (isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError))
        if cause is None or not refused:
            raise FileNotFoundError(errno.ENOENT, "no such object or folder") from error
        raise _explained(cause) from error
    except (OSError, MemoryError):
        raise
    except Exception as error:  # each file system has errors of its own
        raise _explained(error) from error


def _explained(error: BaseException) -> OSError:
    status = getattr(error, "status", None)
    if status is None:
        return OSError(0, f"{type(error).__name__}: {error}")
    said = f"HTTP {status} {getattr(error, 'message', '')}".rstrip()
    if status in (401, 403, 407):
        return PermissionError(errno.EACCES, f"access denied ({said})")
    if status in (404, 410):
        return FileNotFoundError(errno.ENOENT, f"no such object or folder ({said})")
    return OSError(0, f"the server refused ({said})")
