"""Buckets, on a real S3 server of this machine, a real web server, and what fsspec has in memory."""

import functools
import http.server
import io
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.errors import SourceError, UsageError
from lookalike.sources import buckets, urls
from lookalike.sources.buckets import Bucket
from lookalike.sources.folders import Unreadable
from lookalike.sources.reading import Reader

fsspec = pytest.importorskip("fsspec")


def names(findings: la.Findings) -> list[list[str]]:
    return sorted(sorted(member.ref.path for member in group.members) for group in findings.groups)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of what is fetched from now on."""
    fetched: list[str] = []
    read = urls.Store.read

    def noted(store: urls.Store, url: str, start: int | None = None, end: int | None = None) -> bytes:
        fetched.append(url)
        return read(store, url, start, end)

    monkeypatch.setattr(urls.Store, "read", noted)
    return fetched


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def test_a_folder_in_memory(memory: Any) -> None:
    for name in ("a.jpg", "sub/b.jpg", "sub/deep/c[1]*.jpg"):
        memory.pipe(f"/set/{name}", encode(scene(1)))
    memory.pipe("/set/d.jpg", encode(scene(2)))
    memory.pipe("/set/notes.txt", b"hello")
    findings = la.find("memory://set/")
    paths = ["memory://set/a.jpg", "memory://set/sub/b.jpg", "memory://set/sub/deep/c[1]*.jpg"]
    assert names(findings) == [paths]
    assert findings.stats["images"] == 4
    assert findings.stats["skipped"] == {"not an image": 1}
    assert {member.ref.source for group in findings.groups for member in group.members} == {"bucket"}
    assert Reader(named=["memory://set/"]).read(paths[2]) == encode(scene(1))


def test_what_is_unchanged_is_not_fetched_again(memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        memory.pipe(f"/set/{number}.jpg", encode(scene(number % 3)))
    catalog = tmp_path / "catalog.sqlite"
    time.sleep(0.05)  # until times are settled
    first = la.find("memory://set", catalog=catalog)
    fetched = watched(monkeypatch)
    assert names(la.find("memory://set", catalog=catalog)) == names(first)
    assert fetched == []
    memory.pipe("/set/1.jpg", encode(scene(5)))
    memory.rm("/set/2.jpg")
    time.sleep(0.05)
    third = la.find("memory://set", catalog=catalog, workers=1)
    assert (third.stats["hashed"], third.stats["cached"]) == (5, 4)
    assert set(fetched) == {"memory://set/1.jpg"}
    with closing(sqlite3.connect(catalog)) as db:
        assert db.execute("SELECT count(*) FROM location").fetchone()[0] == 5


def test_globs_and_folders_that_are_passed_over(memory: Any) -> None:
    for name in ("a.jpg", "raw/b.jpg", ".git/c.jpg", "raw/keep/d.jpg"):
        memory.pipe(f"/set/{name}", encode(scene(1)))
    findings = la.find("memory://set", exclude=["raw/*.jpg"])
    assert names(findings) == [["memory://set/a.jpg", "memory://set/raw/keep/d.jpg"]]
    assert findings.stats["skipped"] == {"excluded": 1, "version control": 1}


def test_objects_folders_and_archives_by_name_are_each_listed_once(memory: Any) -> None:
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        memory.pipe(f"/set/{name}", encode(scene(1)))
    roots = ["memory://set/a.jpg", "memory://set", "memory://set/b.jpg", "memory://set/sub", "memory://set/a.jpg"]
    findings = la.find(roots)
    assert names(findings) == [["memory://set/a.jpg", "memory://set/b.jpg", "memory://set/sub/c.jpg"]]
    two = la.find(["memory://set/a.jpg", "memory://set/b.jpg"])
    assert names(two) == [["memory://set/a.jpg", "memory://set/b.jpg"]]


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_archives_are_read_in_place(memory: Any, tmp_path: Path, name: str) -> None:
    members = {f"{number}.jpg": encode(scene(number // 2), quality=70 + number) for number in range(6)}
    memory.pipe(f"/set/{name}", archive(name, members))
    catalog, root = tmp_path / "catalog.sqlite", f"memory://set/{name}"
    time.sleep(0.05)
    findings = la.find(root, catalog=catalog)
    assert names(findings) == [[f"{root}/{number}.jpg", f"{root}/{number + 1}.jpg"] for number in (0, 2, 4)]
    assert la.find(root, catalog=catalog).stats["cached"] == 6
    assert Reader(named=[root]).read(f"{root}/3.jpg") == members["3.jpg"]
    memory.pipe(f"/set/{name}", archive(name, {"9.jpg": encode(scene(9))}))
    assert la.find(root, catalog=catalog).stats["hashed"] == 1


def archive(name: str, members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as made:
            for member, data in members.items():
                made.writestr(member, data)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz" if name.endswith("gz") else "w") as packed:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("data", [b"", b"PK"])
def test_an_archive_that_is_too_short_for_one(memory: Any, data: bytes) -> None:
    memory.pipe("/set/x.zip", data)
    (line,) = la.find("memory://set/x.zip", use_catalog=False, workers=1).incomplete
    assert line.startswith("memory://set/x.zip: not a ZIP archive that can be read")


@pytest.mark.parametrize("protocol", ["memory", "file"])
def test_files_appear_whole_and_are_found_by_patterns(memory: Any, tmp_path: Path, protocol: str) -> None:
    root = f"{protocol}://{tmp_path / 'out'}"
    store = urls.Store(root)
    for name in ("b", "a", "not this"):
        (tmp_path / name).write_bytes(name.encode())
        store.write(str(tmp_path / name), f"{root}/deep/{name}.parquet")
    found = store.find(f"{root}/deep/[ab].par*")
    assert found == [f"{root}/deep/{name}.parquet" for name in "ab"]
    assert [store.read(url) for url in found] == [b"a", b"b"]
    store.write(str(tmp_path / "b"), found[0])
    assert store.read(found[0]) == b"b"
    assert len(store.list(f"{root}/deep")) == 3


class _Failing:
    """What one object's failure looks like, by its name."""

    def __init__(self, read: Any) -> None:
        self._read = read

    def __call__(self, path: str, **options: Any) -> bytes:
        errors: dict[str, Exception] = {
            "gone": FileNotFoundError(path), "denied": PermissionError("Forbidden"), "slow": TimeoutError("no answer"),
            "odd": RuntimeError("SlowDown"),
        }  # fmt: skip
        for name, error in errors.items():
            if name in path:
                raise error
        return bytes(self._read(path, **options))


def test_failures_of_single_objects_are_rows(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "gone", "denied", "slow", "odd"):
        memory.pipe(f"/set/{name}.jpg", encode(scene(1)))
    monkeypatch.setattr(type(memory), "cat_file", _Failing(memory.cat_file))
    findings = la.find("memory://set")
    kinds = {failure.ref.path.rpartition("/")[2]: (failure.kind, failure.reason) for failure in findings.failures}
    assert kinds == {
        "gone.jpg": ("not-here", "the object is gone"), "denied.jpg": ("denied", "access denied (Forbidden)"),
        "slow.jpg": ("transient", "no answer"), "odd.jpg": ("transient", "RuntimeError: SlowDown"),
    }  # fmt: skip
    assert (findings.stats["hashed"], findings.incomplete) == (1, [])


def test_not_much_is_fetched_ahead(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "READ_BYTES", 3000)
    for number in range(40):
        memory.pipe(f"/set/{number:02}.jpg", bytes(1000))
    bucket = Bucket("memory://set")
    (folder,) = bucket.folders(0)
    (part,) = bucket.parts(folder)
    fetched = watched(monkeypatch)
    paths = [part.path_of(entry.name) for entry in part.entries]
    for at, data in enumerate(bucket.read(paths)):
        assert len(data) == 1000
        assert len(fetched) <= at + 4
    assert sorted(fetched) == paths


def test_files_by_url(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.jpg", "sub/b 1%20.jpg"):
        (tmp_path / name).write_bytes(encode(scene(1)))
    (tmp_path / "loop").symlink_to(tmp_path)
    findings = la.find(f"file://{tmp_path}")
    assert names(findings) == [[f"file://{tmp_path}/a.jpg", f"file://{tmp_path}/sub/b 1%20.jpg"]]
    assert la.find(f"file://{tmp_path}/a.jpg", against=f"file://{tmp_path}/sub").unmatched == []


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """Serve a folder as a web server does, with pages of links."""
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


def test_a_web_server(web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.jpg", "sub/b c.jpg"):
        (tmp_path / name).write_bytes(encode(scene(1)))
        os.utime(tmp_path / name, (1_600_000_000, 1_600_000_000))
    catalog = tmp_path / "catalog.sqlite"
    findings = la.find(f"{web}/", catalog=catalog, include=["*.jpg"])
    assert names(findings) == [[f"{web}/a.jpg", f"{web}/sub/b%20c.jpg"]]
    assert la.find(f"{web}/", catalog=catalog, include=["*.jpg"]).stats["cached"] == 2
    assert la.find(f"{web}/sub/b%20c.jpg", against=f"{web}/a.jpg", catalog=catalog).unmatched == []
    (tmp_path / "x.zip").write_bytes(archive("x.zip", {"a.jpg": encode(scene(1))}))
    with pytest.raises(SourceError, match="no such object or folder"):
        la.find(f"{web}/nothing.jpg")
    assert (
        la.find(f"{web}/x.zip", use_catalog=False).stats["hashed"] == 1
    )  # this server sends no parts of a file, so all of it
    monkeypatch.setattr(urls, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(buckets, "BLOCK_BYTES", 1000)
    (line,) = la.find(f"{web}/x.zip", use_catalog=False).incomplete
    assert "does not give parts of a file" in line


LINKS = """<a href="?C=N;O=D">Name</a> <a href="#top">top</a> <a href="a.jpg">a</a> <a href="gone.jpg">gone</a>
<a href="secret/">secret</a> <a href="open/">open</a> <a href="open/b.jpg">b</a>"""


class _Linking(_Quiet):
    """Pages of links as people write them, and dates as no standard has them."""

    def send_head(self) -> Any:
        if self.path.startswith("/secret"):
            return self.send_error(403)
        return super().send_head()

    def date_time_string(self, *_: object) -> str:
        return "some day last week"


def test_a_page_of_links_that_lead_anywhere(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "index.html").write_text(LINKS)
    (tmp_path / "open" / "index.html").write_text('<a href="b.jpg">b</a>')
    for name in ("a.jpg", "open/b.jpg"):
        (tmp_path / name).write_bytes(encode(scene(1)))
    handler = functools.partial(_Linking, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        found = la.find(f"{root}/", use_catalog=False, workers=1)
        server.shutdown()
    assert names(found) == [[f"{root}/a.jpg", f"{root}/open/b.jpg"]]
    assert found.stats["skipped"] == {"link further down": 1}
    assert [(one.ref.path, one.ref.key, one.kind, one.reason) for one in found.failures] == [
        (f"{root}/gone.jpg", "gone.jpg", "not-here", "the object is gone"),
        (f"{root}/secret", "secret", "denied", "folder not readable: access denied (HTTP 403 Forbidden)"),
    ]
    assert found.incomplete == [f"{root}/secret: folder not readable: access denied (HTTP 403 Forbidden)"]


class _Same(_Quiet):
    """Every page is the same one, as where a server leaves it to a script in the page to say what there is."""

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" if path.endswith("/") else "/a.jpg")


def test_a_server_that_answers_everything_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<a href="a.jpg">a</a> <a href="one/">one</a> <a href="two/">two</a>')
    (tmp_path / "a.jpg").write_bytes(encode(scene(1, 80, 60)))
    handler = functools.partial(_Same, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        found = la.find(f"{root}/", use_catalog=False, workers=1)
        server.shutdown()
    assert found.stats["hashed"] == 1 + 2 + 4
    assert {(one.kind, one.reason.partition(",")[0]) for one in found.failures} == {
        ("limit", "its page has the links of those above it")
    }
    assert len(found.failures) == len(found.incomplete) == 8


def test_folders_are_listed_in_any_order(memory: Any) -> None:
    for name in ("a.jpg", "sub/b.jpg"):
        memory.pipe(f"/set/{name}", encode(scene(1)))
    bucket = Bucket("memory://set")
    folders = list(bucket.folders(0))
    assert [[one.name for part in bucket.parts(folder) for one in part.entries] for folder in folders] == [
        ["a.jpg"],
        ["b.jpg"],
    ]


def test_what_is_too_large_or_no_image_is_not_fetched(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/set/a.mp4", b"\0\0\0\x18ftypmp42" + bytes(2 << 20))
    memory.pipe("/set/b.bin", encode(scene(1)) + bytes(2 << 20))
    fetched = watched(monkeypatch)
    found = la.find("memory://set", use_catalog=False, workers=1)
    assert (found.stats["images"], found.stats["skipped"]) == (1, {"video": 1})
    assert fetched == ["memory://set/a.mp4", *["memory://set/b.bin"] * 2]
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(2 << 30)
    (failure,) = la.find(f"file://{tmp_path}", use_catalog=False, workers=1).failures
    assert (failure.kind, failure.reason) == ("limit", "2,147,483,648 bytes, more than the limit of 1,073,741,824")
    assert fetched[3:] == []


def test_an_object_that_changes_while_it_is_read_is_tried_again(memory: Any) -> None:
    memory.pipe("/set/a.jpg", encode(scene(1)))
    bucket = Bucket("memory://set")
    (folder,) = bucket.folders(0)
    (part,) = bucket.parts(folder)
    memory.pipe("/set/a.jpg", encode(scene(2)) + b"more")
    assert list(bucket.read(["memory://set/a.jpg"])) == [Unreadable("transient", "it changed while it was read")]
    assert len(part.entries) == 1
    assert bucket.is_there()
    memory.store.clear()
    assert list(bucket.read(["memory://set/a.jpg"])) == [Unreadable("not-here", "the object is gone")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are those of Linux")
def test_an_object_that_memory_does_not_suffice_for_is_a_failure(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(1 << 30)
    code = (
        "import resource, sys; from lookalike.sources.buckets import Bucket\n"
        "bucket = Bucket(sys.argv[1]); list(bucket.folders(0))\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 29, 1 << 29))\n"
        "print(*bucket.read([f'{sys.argv[1]}/a.jpg']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"file://{tmp_path}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Unreadable(kind='limit', reason='not enough memory to read it')\n"


class _Refusing(_Quiet):
    def send_head(self) -> None:
        self.send_error(int(self.path.split("/")[1]))


@pytest.mark.parametrize(
    ("status", "kind", "said"), [
        (401, "denied", "access denied (HTTP 401 Unauthorized)"), (403, "denied", "access denied (HTTP 403 Forbidden)"),
        (404, "not-here", "no such object or folder (HTTP 404 Not Found)"),
        (410, "not-here", "no such object or folder (HTTP 410 Gone)"),
        (500, "transient", "the server refused (HTTP 500 Internal Server Error)"),
        (503, "transient", "the server refused (HTTP 503 Service Unavailable)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.jpg", "a.zip", "set/"])
def test_what_a_web_server_refuses_is_said(status: int, kind: str, said: str, name: str) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/{status}"
        with pytest.raises(SourceError) as caught:
            la.find(f"{root}/{name}", use_catalog=False)
        (failed,) = Bucket(root, look=False).read([f"{root}/a.jpg"])
        server.shutdown()
    assert str(caught.value) == f"nothing to read: {root}/{name}: {said}"
    assert isinstance(failed, Unreadable)
    assert (failed.kind, failed.reason) == (kind, "the object is gone" if kind == "not-here" else said)


@pytest.mark.parametrize(
    "url",
    [
        "https://host:81/a/b",
        "http://host/a",
        "http://host",
        "s3://photos/2019/5",
        "s3://photos",
        "memory:///set",
        "file:///set",
    ],
)
def test_a_place_leads_back_to_its_url(url: str) -> None:
    assert urls.url_of(*urls.Store(url).place(url)) == url


@pytest.mark.parametrize(
    "volume", ["uuid:1", "nfs4:server:/share", "cifs://server/share", "mount:ext4:/dev/sda:/mnt", ""]
)
def test_a_volume_of_this_machine_has_no_url(volume: str) -> None:
    assert urls.url_of(volume, "a") is None


@pytest.mark.parametrize("name", ["", "a.jpg"])
def test_nobody_there(name: str) -> None:
    with pytest.raises(SourceError, match=r"nothing to read: http://127\.0\.0\.1:9/.*: ClientConnectorError"):
        la.find(f"http://127.0.0.1:9/{name}")
    with pytest.raises(SourceError, match="no such object or folder"):
        la.find("memory://nothing/here")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """An S3 server of this machine with a bucket."""
    moto_server = pytest.importorskip("moto.server")
    server = moto_server.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    usual = dict(os.environ)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "do-not-tell", "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    files = fsspec.filesystem("s3", use_listings_cache=False)
    files.mkdir("photos")
    yield files
    server.stop()
    os.environ.clear()
    os.environ.update(usual)


def test_an_s3_bucket(s3: Any, tmp_path: Path) -> None:
    for number in range(8):
        s3.pipe(f"photos/set/{number % 2}/{number}.jpg", encode(scene(number // 2), quality=70 + number))
    s3.pipe("photos/set/x.tar", archive("x.tar", {"in.jpg": encode(scene(0))}))
    s3.pipe("photos/set/", b"")  # what some tools leave for a folder
    catalog = tmp_path / "catalog.sqlite"
    time.sleep(0.05)  # until times are settled
    findings = la.find("s3://photos/set", catalog=catalog)
    assert len(findings.groups) == 4
    assert findings.stats["skipped"] == {"archive": 1}
    again = la.find("s3://photos/set", catalog=catalog)
    assert again.stats["cached"] == again.stats["hashed"] == 8
    s3.pipe(
        "photos/set/0/0.jpg", encode(scene(0), quality=70)[:-1] + b"\xd8"
    )  # the same size, most likely in the same second
    assert la.find("s3://photos/set", catalog=catalog).stats["cached"] == 7
    inside = la.find("s3://photos/set/x.tar", against="s3://photos/set/1", catalog=catalog)
    assert inside.unmatched == []
    assert Reader(named=["s3://photos"]).read("s3://photos/set/x.tar/in.jpg") == encode(scene(0))
    assert Reader(named=["s3://photos"]).read("s3://photos/set/1/1.jpg") == encode(scene(0), quality=71)
    assert len(la.hash_images("s3://photos/set/1", catalog=catalog)) == 4


def test_s3_says_what_is_wrong_and_tells_no_secrets(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to read: s3://nowhere: ") as caught:
        la.find("s3://nowhere")
    assert "do-not-tell" not in str(caught.value)
    (tmp_path / "a.jpg").write_bytes(encode(scene(1)))
    findings = la.find(["s3://nowhere/x", str(tmp_path)])
    assert findings.missing_roots == ["s3://nowhere/x"]
    assert findings.stats["hashed"] == 1


def test_a_server_that_goes_away_loses_the_root(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        memory.pipe(f"/set/{number}.jpg", encode(scene(number, 80, 60)))
    kind, read, calls = type(memory), memory.cat_file, []

    def unplugged(path: str, **options: Any) -> bytes:
        calls.append(path)
        if len(calls) > 8:
            raise TimeoutError("no answer")
        return bytes(read(path, **options))

    def info(path: str) -> dict[str, Any]:
        if len(calls) > 8:
            raise TimeoutError("no answer")
        return {"name": path, "type": "directory"}

    monkeypatch.setattr(kind, "cat_file", staticmethod(unplugged))
    monkeypatch.setattr(kind, "info", staticmethod(info))
    findings = la.find("memory://set", workers=1)
    assert findings.missing_roots == ["memory://set"]
    assert findings.failures == []
    assert 1 <= findings.stats["hashed"] <= 8


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"gs://photos needs a package that is not installed: .*gcsfs"):
        la.find("gs://photos")
    with pytest.raises(UsageError, match="no such protocol: nothing; known are "):
        la.find("nothing://photos")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError, match=r"fsspec is not installed: pip install 'lookalike\[buckets\]'"):
        la.find("s3://photos")
