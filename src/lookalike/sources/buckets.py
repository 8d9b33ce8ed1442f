"""Buckets: objects behind a URL (S3, Google, Azure, HTTP, ...), listed folder by folder and read some at a time."""

import datetime as dt
import io
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, NamedTuple, cast

from blake3 import blake3

from lookalike import formats
from lookalike.errors import FailureKind, failure_kind
from lookalike.sources.blobs import Blob
from lookalike.sources.folders import PART_NAMES, UNKNOWN_SIZE, Entry, Folder, Unread, Unreadable
from lookalike.sources.members import too_large
from lookalike.sources.rules import skipped_kind
from lookalike.sources.urls import Ranged, Store, root_of_url

AT_ONCE = 16
"""Objects that are fetched at a time."""
READ_BYTES = 32 << 20
"""Bytes of objects that are fetched ahead, one object at least."""
USUAL_BYTES = 1 << 20
"""What an object is taken to have, where no listing says."""
BLOCK_BYTES = 2 << 20
"""Bytes of an archive that are fetched at a time, or as many as are wanted."""
MOST_ALIKE = 3
"""So many pages with just the links of the page above are followed: a server that answers whatever it is asked has no end."""
COARSE_NS = 2_000_000_000
"""Times in whole seconds say nothing of a change so shortly after another one."""
TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "Last-Modified", "created")
TAGS = ("ETag", "etag", "content_md5", "Content-MD5", "md5Hash", "ino")
"""What file systems call the time of the last change, and what tells one content from another."""

Names = tuple[list[str], list[str]]
"""Of the objects in a folder, and of the folders in it."""


class Object(NamedTuple):
    """An object as a listing has it: its name, its bytes, when it was changed, and what tells its content from another."""

    name: str
    size: int
    changed_ns: int
    tag: str


class Bucket:
    """Objects behind a URL: those of a folder and all below, or a single one.

    Parameters
    ----------
    url : str
        As the user gave it.
    look : bool
        Whether to see if it is there; without, it only reads.

    Raises
    ------
    OSError
        If it is not there, or cannot be reached.
    UsageError
        If a package that it needs is not installed.
    """

    kind = "bucket"

    def __init__(self, url: str, *, look: bool = True) -> None:
        self.path: str = root_of_url(url)
        self._store = Store(url)
        self._listed: tuple[str, list[Object]] = "", []
        self._sizes: dict[str, int] = {}
        self._lost = False
        found = self._store.look(url) if look else {}
        self.single: bool = look and not _is_folder(found, url, links=self._store.links)
        """Whether it is one object."""
        self._info = found
        above, _, self._name = self.path.rpartition("/")
        self._above = f"{above}/" if above.endswith(":/") else above

    @property
    def identity(self) -> tuple[str, str, str]:
        """Volume, key of the folder, and name; of a folder, its own key and no name."""
        if self.single:
            return *self._store.place(self._above), self._name
        return *self._store.place(self.path), ""

    def blob(self) -> Blob:
        """Return the object as one that holds others.

        Returns
        -------
        Blob
            As it is now.
        """
        one, now = _object(self._name, self._info), str(time.time_ns())

        def stamp() -> str:
            return stamp_of(_object(self._name, self._store.look(self.path)))

        def stamp_of(one: Object) -> str:
            return f"{one.size}-{one.tag or one.changed_ns or now}"

        def opener() -> tuple[BinaryIO, str]:
            found = stamp()
            return cast("BinaryIO", io.BufferedReader(Ranged(self._store, self.path, one.size), BLOCK_BYTES)), found

        return Blob(self.path, *self._store.place(self.path), one.size, one.changed_ns, stamp_of(one), opener, stamp)

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield folder after folder, parents before what they contain; each is listed just before."""
        if self.single:
            volume, key, name = self.identity
            self._listed = self._above, [_object(name, self._info)]
            yield Folder(
                root, self._above, volume, key, stable_inodes=True, present={name}, complete=False, source=self
            )  # fmt: skip
            return
        stack: list[tuple[str, Names, int]] = [(self.path, ([], []), 0)]
        while stack:
            url, above, alike = stack.pop()
            folder = Folder(root, url, *self._store.place(url), stable_inodes=True, source=self)
            wrong: tuple[FailureKind, str] | None = None
            try:
                objects, below = self._list(url, folder.skipped)
            except OSError as error:
                wrong = _kind(error), f"folder not readable: {error.strerror or error}"
            else:
                names = [one.name for one in objects], below
                alike = alike + 1 if names == above else 0
                if self._store.links and alike == MOST_ALIKE:
                    wrong = "limit", "its page has the links of those above it, as if the server had one page for all"
            if wrong is not None:
                folder.complete = False
                folder.failures.append(Unread(url, *wrong, image=False))
                objects, names = [], ([], [])
            self._listed = url, objects
            folder.present = {one.name for one in objects}
            yield folder
            stack += ((f"{url}/{name}", names, alike) for name in reversed(names[1]))

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield the objects of a folder, sorted by name."""
        url, objects = self._listed
        if url != folder.path:
            objects, _ = self._list(folder.path, Counter())
        for start in range(0, max(1, len(objects)), PART_NAMES):
            part = folder.next_part() if start else folder
            some = self._sized(folder.path, objects[start : start + PART_NAMES])
            self._sizes = {folder.path_of(one.name): one.size for one in some}
            now = time.time_ns()
            for one in some:
                # Where only seconds are told, or nothing at all, it may have changed since without a trace.
                coarse = not one.tag and one.changed_ns % 1_000_000_000 == 0 and abs(now - one.changed_ns) < COARSE_NS
                tag = str(now) if coarse or not (one.tag or one.changed_ns) else one.tag
                inode = int.from_bytes(blake3(f"{one.name}\0{tag}".encode("utf-8", "surrogateescape")).digest(length=8))
                part.entries.append(Entry(one.name, one.size, one.changed_ns, 0, inode))
            yield part

    def read(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield the bytes of objects, fetched some at a time, or why one could not be had."""
        if len(paths) == 1:
            yield self._read(paths[0])
            return
        ahead: deque[tuple[Future[bytes | Unreadable], int]] = deque()
        held = 0
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            for path in paths:
                size = self._sizes.get(path, UNKNOWN_SIZE)
                size = USUAL_BYTES if size == UNKNOWN_SIZE else size
                while ahead and (held + size > READ_BYTES or len(ahead) >= 2 * AT_ONCE):
                    done, freed = ahead.popleft()
                    held -= freed
                    yield done.result()
                ahead.append((pool.submit(self._read, path), size))
                held += size
            while ahead:
                yield ahead.popleft()[0].result()
        finally:
            pool.shutdown(cancel_futures=True)

    def is_there(self) -> bool:
        """Return whether it can still be reached."""
        try:
            self._store.look(self.path)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Nothing is open."""

    def _list(self, url: str, skipped: Counter[str]) -> tuple[list[Object], list[str]]:
        """Return the objects in a folder, and the names of the folders in it, sorted."""
        objects: dict[str, Object] = {}
        below = set[str]()
        own = self._store.inside(url).rstrip("/")
        for info in self._store.list(url):
            inside = str(info["name"]).rstrip("/")
            name = inside.rpartition("/")[2]
            is_folder = info.get("type") == "directory"
            if inside == own or not name or (self._store.links and name[0] in "?#"):
                continue  # S3 lists what stands for the folder itself, and web pages link to themselves
            if self._store.links and inside != f"{own}/{name}":
                skipped["link further down"] += 1
            elif is_folder and info.get("islink"):
                skipped["symlinked folder"] += 1
            elif is_folder:
                kind = skipped_kind(name)
                if kind is None:
                    below.add(name)
                else:
                    skipped[kind] += 1
            elif info.get("type") == "file":
                objects[name] = _object(name, info)
            else:
                skipped["not a regular file"] += 1
        return [objects[name] for name in sorted(objects)], sorted(below)

    def _sized(self, place: str, objects: list[Object]) -> list[Object]:
        """Ask for each object what the listing did not say."""
        bare = [one for one in objects if one.size == UNKNOWN_SIZE]
        if not bare:
            return objects

        def look(one: Object) -> Object:
            try:
                return _object(one.name, self._store.look(f"{place}/{one.name}"))
            except OSError:  # reading it will tell why
                return one

        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = dict(zip((one.name for one in bare), pool.map(look, bare), strict=True))
        return [asked.get(one.name, one) for one in objects]

    def _read(self, path: str) -> bytes | Unreadable:
        size = self._sizes.get(path, UNKNOWN_SIZE)
        if self._lost:
            return Unreadable("transient", "the bucket cannot be reached any more")
        try:
            if size > USUAL_BYTES and not formats.claims_image(path):  # a video, most likely
                head = self._store.read(path, 0, formats.HEAD_BYTES)
                if formats.sniff(head, path) is None:
                    return head
            refused = too_large(size)
            if refused is not None:
                return refused
            data = self._store.read(path)
        except OSError as error:
            kind = _kind(error)
            self._lost = kind == "transient" and not self.is_there()
            return Unreadable(kind, "the object is gone" if kind == "not-here" else error.strerror or str(error))
        except MemoryError:
            return Unreadable("limit", "not enough memory to read it")
        if size not in (UNKNOWN_SIZE, len(data)):
            return Unreadable("transient", "it changed while it was read")
        return data


def _kind(error: OSError) -> FailureKind:
    return "not-here" if isinstance(error, FileNotFoundError) else failure_kind(error)


def _is_folder(info: Mapping[str, Any], url: str, *, links: bool) -> bool:
    return info.get("type") == "directory" or (links and (url.endswith("/") or info.get("mimetype") == "text/html"))


def _object(name: str, info: Mapping[str, Any]) -> Object:
    size = info.get("size")
    tags = (info[tag] for tag in TAGS if info.get(tag))
    times = (_time_ns(info[time]) for time in TIMES if info.get(time))
    return Object(
        name, UNKNOWN_SIZE if size is None else int(size), next(filter(None, times), 0), str(next(tags, "")).strip('"')
    )  # fmt: skip


def _time_ns(value: Any) -> int:
    """Return a time as file systems give it, in nanoseconds since 1970; 0 where it is none."""
    try:
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value) if value[:4].isdecimal() else parsedate_to_datetime(value)
        seconds = value.timestamp() if isinstance(value, dt.datetime) else float(value)
        return int(seconds * 1_000_000) * 1000
    except (ValueError, TypeError, OverflowError):
        return 0
