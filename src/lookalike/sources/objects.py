"""Objects of one store that are named one by one: looked at and fetched some at a time, whatever folders they lie in."""

from collections.abc import Iterator, Sequence

from lookalike.sources.buckets import Bucket, Object
from lookalike.sources.folders import UNKNOWN_SIZE, Folder
from lookalike.sources.urls import is_url

STORE_PARTS = 3
"""Of a URL that is cut at its slashes, those that name the store: the protocol, nothing, and the host."""


class Objects(Bucket):
    """Some objects of one store; whether each is there, reading it tells.

    Parameters
    ----------
    urls : sequence of str
        Of one store each, as `store_of` says; at least one.

    Raises
    ------
    UsageError
        If a package that it needs is not installed.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._near = urls[0].rpartition("/")[0]
        super().__init__(self._near, look=False)
        self.path: str = store_of(urls[0]) or ""
        self._named: dict[str, dict[str, Object]] = {}
        for url in urls:
            folder, _, name = url.rpartition("/")
            self._named.setdefault(folder, {})[name] = Object(name, UNKNOWN_SIZE, 0, "")

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield the folders that objects lie in."""
        for url, objects in self._named.items():
            volume, key = self._store.place(url)
            yield Folder(
                root, url, volume, key, stable_inodes=True, present=set(objects), complete=False, source=self
            )  # fmt: skip

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield the objects of a folder; each is looked at once."""
        self._listed = folder.path, list(self._named[folder.path].values())
        yield from super().parts(folder)

    def is_there(self) -> bool:
        """Return whether the store can still be reached where the first object lay."""
        try:
            self._store.look(self._near)
        except OSError:
            return False
        return True

    def _sized(self, place: str, objects: list[Object]) -> list[Object]:
        found = super()._sized(place, objects)
        self._named[place].update({one.name: one for one in found})
        return found


def store_of(url: str) -> str | None:
    """Return what the URLs of one store begin with, before a slash.

    Parameters
    ----------
    url : str
        Of an object.

    Returns
    -------
    str or None
        None for what is no URL, or one that is no more than a store.

    Examples
    --------
    >>> store_of("s3://photos/2019/a.jpg"), store_of("file:///a.jpg"), store_of("memory://a.jpg"), store_of("a.jpg")
    ('s3://photos', 'file://', None, None)
    """
    parts = url.split("/", STORE_PARTS)
    return "/".join(parts[:STORE_PARTS]) if is_url(url) and len(parts) > STORE_PARTS else None
