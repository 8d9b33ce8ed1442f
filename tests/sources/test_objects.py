"""Objects that are named one by one: each is looked at once, wherever it lies, and reading it says whether it is there."""

from collections.abc import Iterator
from typing import Any

import pytest

from lookalike.sources.folders import UNKNOWN_SIZE, Unreadable
from lookalike.sources.objects import Objects, store_of

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    for name in ("a", "b"):
        files.pipe(f"/set/{name}.jpg", name.encode() * 1000)
    files.pipe("/set/sub/c.jpg", b"c")
    files.pipe("/set/not named.jpg", b"d")
    yield files
    files.store.clear()


def test_some_objects_of_a_store(memory: Any) -> None:
    urls = [f"memory://set/{name}.jpg" for name in ("b", "a", "sub/c", "gone")]
    objects = Objects(urls)
    assert objects.path == store_of(urls[0]) == "memory://set"
    folders = list(objects.folders(0))
    assert [(folder.path, folder.volume, folder.key, folder.complete) for folder in folders] == [
        ("memory://set", "memory:", "set", False), ("memory://set/sub", "memory:", "set/sub", False)
    ]  # fmt: skip
    parts = [part for folder in folders for part in objects.parts(folder)]
    found = {part.path_of(entry.name): entry.size for part in parts for entry in part.entries}
    assert found == dict(zip(urls, (1000, 1000, 1, UNKNOWN_SIZE), strict=True))
    assert list(objects.read(urls)) == [
        b"b" * 1000, b"a" * 1000, b"c", Unreadable("not-here", "the object is gone")
    ]  # fmt: skip
    memory.store.clear()
    again = [entry.size for folder in objects.folders(0) for part in objects.parts(folder) for entry in part.entries]
    assert again == list(found.values()), "each is looked at once"


def test_a_store_is_there_while_it_can_be_reached(memory: Any) -> None:
    objects = Objects(["memory://set/a.jpg"])
    assert objects.is_there()
    memory.store.clear()
    assert not objects.is_there()
