"""A real review app on a port of this machine, a small album to look at in it, and a client that speaks plain HTTP."""

import http.client
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
import pytest

from conftest import encode, scene
from lookalike.finding import find
from lookalike.opening import open_catalog
from lookalike.plan import KeepOptions
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import of_findings
from lookalike.showing.previews import Previews
from lookalike.web import serving
from lookalike.web.app import make_app
from lookalike.web.desk import Desk
from lookalike.web.guard import HEADERS, Guard

FORM = "application/x-www-form-urlencoded"
TYPES = {
    "text/html; charset=utf-8", "text/plain; charset=utf-8", "image/webp", "text/css; charset=utf-8",
    "text/javascript; charset=utf-8", "image/svg+xml",
}  # fmt: skip
"""All that an answer may say it is."""
VOID = {"meta", "link", "input", "img", "br"}


def fill(folder: Path, seeds: tuple[int, ...] = (1, 2, 3)) -> Path:
    """Write three images of each picture: the best, a copy of its bytes, and one encoded anew; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        best = encode(scene(seed, 128, 96), "JPEG", quality=92)
        for name, content in (("best", best), ("copy", best), ("low", encode(scene(seed, 128, 96), quality=60))):
            (folder / f"{seed}-{name}.jpg").write_bytes(content)
    for seed in range(90, 90 + 2 * len(seeds)):  # pictures that nothing is like
        (folder / f"{seed}.jpg").write_bytes(encode(scene(seed, 96, 72)))
    return folder


@dataclass(frozen=True)
class Answer:
    """What came back."""

    code: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name]
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def guarded(answer: Answer) -> Answer:
    """Check what every answer must have, and hand it on."""
    for name, value in HEADERS.items():
        assert answer[name] == value, name
    assert answer["cache-control"] in ("no-store", "private, no-cache")
    assert answer["server"] is None
    if answer.code == 304:
        assert (answer["content-type"], answer.body) == (None, b"")
    elif answer.code != 303:
        assert answer["content-type"] in TYPES
    if answer["location"] is not None:
        assert re.fullmatch(r"(\.\./)*(\./)?[a-z0-9/?=-]*", answer["location"]), answer["location"]
    assert b"Traceback" not in answer.body
    return answer


def ask(
    port: int, method: str, path: str, headers: list[tuple[str, str]], body: bytes = b"", host: str = "127.0.0.1"
) -> Answer:
    """Send a request of which not even the Host is added by anybody else; return the answer, checked."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    with closing(connection):
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())


def raw(port: int, request: bytes) -> bytes:
    """Send bytes, and return all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        found = b""
        while part := connection.recv(65536):
            found += part
    return found


@dataclass
class House:
    """A review app that listens."""

    desk: Desk
    app: Guard
    port: int
    album: Path
    origin: str = ""
    cookie: str = ""
    server: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.origin = f"http://127.0.0.1:{self.port}"
        self.cookie = f"lookalike-{self.port}={self.desk.known.cookie}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def get(self, path: str, *more: tuple[str, str], method: str = "GET") -> Answer:
        """Ask as a browser that knows the cookie does."""
        return guarded(ask(self.port, method, path, [("Host", self.host), ("Cookie", self.cookie), *more]))

    def send(self, path: str, body: bytes, *more: tuple[str, str], kind: str = FORM) -> Answer:
        """Post as a page of the app does."""
        headers = [("Host", self.host), ("Cookie", self.cookie), ("Origin", self.origin), ("Content-Type", kind)]
        return guarded(ask(self.port, "POST", path, [*headers, ("Content-Length", str(len(body))), *more], body))

    def post(self, path: str, **fields: object) -> Answer:
        """Post a form with the value that only the pages of the app have."""
        return self.send(path, urlencode({"form": self.desk.known.form, **fields}).encode())

    def done(self) -> None:
        """Wait for what is under way."""
        self.desk.jobs.wait(60)
        assert not self.desk.jobs.busy


def review_of(album: Path, ledger: Path, catalog: Path | None = None, **options: Any) -> Review:
    """Search an album, and begin a review of what was found."""
    keep = {name: options.pop(name) for name in ("tier", "action", "quarantine") if name in options}
    findings = find([album], workers=1, catalog=catalog, use_catalog=catalog is not None, ledger=ledger, **options)
    return Review(of_findings(findings), KeepOptions(**keep), ledger=str(ledger), workers=1)


@contextmanager
def open_house(album: Path, state: Path, *, behind: str | None = None, **options: Any) -> Iterator[House]:
    """Search an album and show it until the block ends; what the app writes goes to another folder."""
    with open_catalog(str(state / "catalog.sqlite")) as store:
        review = review_of(album, state / "ledger.sqlite", state / "catalog.sqlite", **options)
        desk = Desk(review, Previews(store, str(state / "previews")), lambda: setattr(server, "should_exit", True))
        with serving._listening("127.0.0.1", 0) as listening:
            port = int(listening.getsockname()[1])
            app, ready = make_app(desk, port, behind), threading.Event()
            server = serving._server(app, ready.set)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                assert ready.wait(30)
                yield House(desk, app, port, album, server=server)
            finally:
                server.should_exit = True
                thread.join(30)
                desk.jobs.wait(30)


class Page(HTMLParser):
    """What a page is made of, as a browser would see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._form: tuple[str, dict[str, str]] | None = None
        self.feed(text)
        self.close()
        assert self._open == [], "elements that are never closed"

    @property
    def shape(self) -> set[tuple[str, str]]:
        """Each attribute of each element that there is."""
        return {(tag, name) for tag, attributes in self.elements for name in (*attributes, "")}

    @property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        names = ("href", "src", "data-src", "data-full", "data-ahead1", "data-ahead2")
        return [value for _, one in self.elements for name in names if (value := one.get(name))]

    @property
    def text(self) -> str:
        """What is read."""
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), attrs
        self.elements.append((tag, found))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "form":
            self._form = found["action"] or "", {}
            self.forms.append((found["method"] or "", *self._form))
        if tag in ("input", "button") and self._form is not None and "disabled" not in found:
            action, fields = self._form
            name, value = found.get("name"), found.get("value")
            if tag == "input" and name:
                fields[name] = value or ""
            if tag == "button" and ("formaction" in found or name):
                own = dict(fields) | ({name: value or ""} if name else {})
                self.forms.append(("post", found.get("formaction") or action, own))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class Browser:
    """What a browser without JavaScript does: links, forms, redirects, and cookies as paths and names have them."""

    def __init__(self, address: str, below: str = "/") -> None:
        self.client = httpx.Client(trust_env=False, timeout=60)
        self.place, self.below = address, below
        self.code = 0
        self.page = Page("")
        self.answer: httpx.Response | None = None
        self.go("")

    def go(self, link: str) -> Page:
        """Follow a link of this page."""
        return self._take("GET", link)

    def press(self, action: str, **chosen: str) -> Page:
        """Press the button of the form on this page that does this and says that."""
        found = [
            (place, fields)
            for _, place, fields in self.page.forms
            if place.endswith(action)
            and all(fields.get(name) == value for name, value in chosen.items() if name in fields)
        ]
        assert found, (action, chosen, self.page.forms)
        place, fields = found[-1]
        return self._take("POST", place, {**fields, **chosen})

    def wait(self) -> Page:
        """Stay on a page that goes on by itself until it did."""
        while any(tag == "meta" and one.get("http-equiv") == "refresh" for tag, one in self.page.elements):
            time.sleep(0.02)
            self.go("")
        return self.page

    def close(self) -> None:
        self.client.close()

    def _take(self, method: str, link: str, fields: dict[str, str] | None = None) -> Page:
        place, origin = below(self.below, self.place, link), "://".join(urlsplit(self.place)[:2])
        answer = self.client.request(method, place, data=fields, headers={"Origin": origin} if method == "POST" else {})
        while answer.status_code == 303:
            place = below(self.below, place, answer.headers["location"])
            answer = self.client.get(place)
        self.place, self.code, self.answer = place, answer.status_code, answer
        if answer.headers["content-type"].startswith("text/html"):
            self.page = Page(answer.text)
        return self.page


def snapshot(*folders: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that lies in some folders, byte for byte."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_symlink():
                found[str(path)] = ("link", os.readlink(path))
            elif path.is_file():
                found[str(path)] = (path.read_bytes(), path.stat().st_mtime_ns)
            elif path.is_dir():
                found[str(path)] = ()
    return found


def below(prefix: str, page: str, link: str) -> str:
    """Return where a link of a page leads, which must be below the prefix on the same site."""
    place = urljoin(page, link)
    assert urlsplit(place)[:2] == urlsplit(page)[:2], link
    assert urlsplit(place).path.startswith(prefix), (page, link)
    return place


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return an app that no test may change the state of."""
    folder = tmp_path_factory.mktemp("shown")
    with open_house(fill(folder / "photos"), folder) as house:
        yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Return an app of this test alone."""
    with open_house(fill(tmp_path / "photos"), tmp_path) as made:
        yield made
