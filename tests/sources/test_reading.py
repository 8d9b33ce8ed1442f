"""Images once more: paths that others wrote lead to no address that the user did not name, and wait for no pipe."""

import os
import threading
from collections.abc import Iterator
from functools import partial, partialmethod
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.errors import SourceError
from lookalike.sources import urls
from lookalike.sources.columns import column_values
from lookalike.sources.reading import UNNAMED, Reader
from lookalike.sources.tabular import Tabular

fsspec = pytest.importorskip("fsspec")
pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of a bucket that holds two images and a table, in order."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    for name in ("a", "b"):
        files.pipe(f"/set/{name}.jpg", encode(scene(1, 320, 240), quality=80 + ord(name) % 10))
    with files.open("/set/t.parquet", "wb") as file:
        pq.write_table(pa.table({"image": [files.cat("/set/a.jpg")] * 2, "score": [1.0, 2.0]}), file)
    asked: list[str] = []

    def noted(store: Any, call: Any, url: str, *rest: Any) -> Any:
        asked.append(url)
        return call(store, url, *rest)

    for name in ("look", "list", "read"):
        monkeypatch.setattr(urls.Store, name, partialmethod(noted, getattr(urls.Store, name)))
    yield asked
    files.store.clear()


@pytest.mark.parametrize(
    "path", [
        "memory://set/a.jpg", "memory://set/t.parquet/0", "http://127.0.0.1:1/a.jpg", "http://127.0.0.1:1/a.zip/b.jpg",
        "s3://photos/a.jpg", "file:///etc/passwd", "memory://other/../set/a.jpg", "memory://others/a.jpg",
    ],
)  # fmt: skip
def test_nothing_is_fetched_that_was_not_named(fetched: list[str], path: str) -> None:
    reader = Reader(named=["memory://other/", "photos", "/etc"])
    assert not reader.is_file(path)
    for read in (reader.read, reader.read_whole):
        with pytest.raises(OSError, match="none of the paths given") as caught:
            read(path)
        assert caught.value.strerror == UNNAMED.reason
    assert fetched == []
    reader.close()


@pytest.mark.parametrize("up", ["..", "%2e%2e", ".%2E", ".\t.", ".\n.", "a%2f..%2f..", "a%5c..%5c.."])
def test_no_way_of_writing_it_leads_out_of_what_was_named(up: str, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "set").mkdir()
    for name in ("set/a.jpg", "other.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    asked: list[str] = []

    class Files(SimpleHTTPRequestHandler):
        def log_message(self, *_what: object) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        named = f"http://127.0.0.1:{server.server_port}/set"
        reader = Reader(named=[named])
        assert reader.read(f"{named}/a.jpg") == b"set/a.jpg"
        asked.clear()
        with pytest.raises(OSError, match="none of the paths given"):
            reader.read(f"{named}/{up}/other.jpg")
        reader.close()
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize("named", ["memory://set", "memory://set/", "memory://", "memory://set/a.jpg"])
def test_what_was_named_is_fetched(fetched: list[str], named: str) -> None:
    path = "memory:///set/a.jpg" if named == "memory://" else "memory://set/a.jpg"
    assert Reader(named=[named]).read(path) == fsspec.filesystem("memory").cat("/set/a.jpg")
    assert fetched


def test_a_hash_table_makes_nobody_fetch(fetched: list[str], tmp_path: Path) -> None:
    table = str(tmp_path / "h.parquet")
    pq.write_table(la.hash_images("memory://set/", decode="fast", facts=True, catalog=tmp_path / "c").to_arrow(), table)
    fetched.clear()
    alone = la.find(table, use_catalog=False, workers=1)
    assert (len(alone.groups), fetched) == (0, [])
    (warning,) = alone.warnings
    assert warning.startswith("2 of 2 images that tables know by hash alone")
    assert warning.endswith(f"such as memory://set/a.jpg: {UNNAMED.reason}")
    beside = la.find([table, "memory://set/"], use_catalog=False, workers=1)
    assert (len(beside.groups), beside.warnings) == (1, [])
    pq.write_table(
        la.hash_images("memory://set/", decode="fast", thumbnails=True, catalog=tmp_path / "c").to_arrow(), table
    )
    fetched.clear()
    shown = la.find(table, use_catalog=False, workers=1, verify="pixels")
    assert len(shown.groups) == 1
    assert "a.jpg" in shown.to_html()
    assert shown.plan().removals == ()
    assert fetched == []


def test_values_beside_rows_are_not_fetched_either(fetched: list[str], tmp_path: Path) -> None:
    rows = ["memory://set/t.parquet/0", "memory://set/t.parquet/1"]
    with pytest.raises(la.UsageError, match="no image has a column"):
        column_values("score", rows, ["parquet"] * 2, Reader())
    with pytest.raises(SourceError, match="not on a disk"):
        Tabular("s3://photos/t.parquet")
    assert fetched == []
    found = la.find("memory://set/t.parquet", use_catalog=False)
    assert column_values("score", rows, ["parquet"] * 2, found.reader) == [1.0, 2.0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = str(tmp_path / "a.jpg")
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not an ordinary file"):
        Reader().read(pipe)
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(la.UsageError, match="no image has a column"):
        column_values("score", [pipe], ["files"], Reader())
    with pytest.raises(OSError, match="not an ordinary file"):
        Reader(named=[str(tmp_path)]).read("/dev/zero", 100)
