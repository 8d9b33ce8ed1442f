"""Requests to the review app in this process: any path, query, form and header, from anybody."""

import asyncio
import os
import re
from typing import Any
from urllib.parse import quote_from_bytes

import lookalike as la
from lookalike.plan import KeepOptions
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import of_findings
from lookalike.showing.previews import Previews
from lookalike.web.app import make_app
from lookalike.web.desk import Desk
from lookalike.web.guard import HEADERS
from targets.pictures import encoded, picture
from targets.target import Choices, Run, Target, require
from targets.trees import put, snapshot

PORT = 8765
SECRET = b"this is outside of the album"
SAME = encoded(picture(1, 64, 48), "JPEG", quality=90)
PATHS = (
    "/", "/groups", "/groups/0", "/groups/1", "/groups/999", "/groups/-1", "/preview/0/0/small", "/static/style.css",
    "/static/icon.svg",
    "/static/../app.py", "/static/%2e%2e/%2e%2e/outside.txt", "/plan", "/plan/accept", "/search", "/order",
    "/groups/0/accept",
    "/groups/0/keeper", "/groups/0/mark", "/undo", "/apply", "/quit", "/nowhere", "//evil.example/", "/\0",
    "/groups/1e3", "*", "",
)  # fmt: skip
FIELDS = ("form", "image", "tier", "q", "order", "from", "plan", "most", "note", "page", "token", "what")
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "\xff")
NAMES = (
    "host",
    "origin",
    "cookie",
    "content-type",
    "content-length",
    "if-none-match",
    "range",
    "accept-encoding",
    "x-forwarded-host",
    "referer",
)
LOCATION = re.compile(rb"(\.\./)*(\./)?[a-z0-9/?=-]*")


class _House:
    """The app over a small album, and those who ask it."""

    def __init__(self, folder: str) -> None:
        self.folder, album = folder, os.path.join(folder, "album")
        put(album, {"a.jpg": SAME, "b.jpg": SAME, "c.png": encoded(picture(2)), "d.png": encoded(picture(2))})
        with open(os.path.join(folder, "outside.txt"), "wb") as file:
            file.write(SECRET)
        ledger = os.path.join(folder, "state", "ledger.sqlite")
        findings = la.find(album, catalog=None, ledger=ledger, workers=1)
        review = Review(of_findings(findings), KeepOptions(), ledger=ledger, workers=1)
        self.album, self.before = album, snapshot(album)
        self.desk = Desk(review, Previews(None, None), lambda: None)
        self.app = make_app(self.desk, PORT, None)
        paths: set[str] = set()
        inner: Any = self.app._app
        while inner is not None:
            paths |= {route.path for route in getattr(inner, "routes", ())}
            inner = getattr(inner, "app", None)
        self.paths = (*PATHS, *sorted(paths))
        self.loop = asyncio.new_event_loop()

    def run(self, data: bytes) -> None:
        """Ask once, as somebody who knows the cookie or the form, or as nobody."""
        choices = Choices(data)
        known, host, origin = choices.below(4) < 3, choices.below(8) < 7, choices.below(8) < 7
        method = METHODS[choices.below(2)] if choices.below(4) else choices.of(METHODS)
        path = choices.of(self.paths)
        path = re.sub(
            r"\{[^}]*\}", lambda _: choices.of(("0", "1", "small", "large", "..", "9" * 12, choices.text(8))), path
        )
        if choices.below(6) == 1:
            path += quote_from_bytes(choices.some(12)) if choices.below(2) else choices.some(12).decode("latin-1")
        headers = [("host", f"127.0.0.1:{PORT}" if host else choices.text(20))]
        headers += [("cookie", f"lookalike-{PORT}={self.desk.known.cookie}")] if known else []
        headers += [("origin", f"http://127.0.0.1:{PORT}")] if origin else []
        formed = choices.below(4) < 3
        body, kind = self.form(choices, formed)
        headers.append(("content-type", kind))
        for _ in range(choices.below(4)):
            headers.append((choices.of(NAMES), choices.text(30)))
        query = choices.some(30) if choices.below(3) == 1 else b""
        asked = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        code, answered, said = self.loop.run_until_complete(self.ask(method, path, query, asked, body))
        self.check(method, path, (known, formed, asked), code, answered, said)

    def form(self, choices: Choices, formed: bool) -> tuple[bytes, str]:  # noqa: FBT001 - one of the choices
        """Return a body and its type."""
        if choices.below(8) == 7:
            return choices.some(40), choices.text(30)
        pairs = [("form", self.desk.known.form)] if formed else []
        for _ in range(choices.below(4)):
            value = (
                choices.of(("0", "1", "-1", "yes", "9" * 30, "groups/1", "groups/1\r\nset-cookie: a=b", ""))
                if choices.below(2)
                else choices.text(12)
            )
            pairs.append((choices.of(FIELDS), value))
        text = "&".join(f"{name}={quote_from_bytes(value.encode('utf-8', 'surrogateescape'))}" for name, value in pairs)
        return text.encode(), "application/x-www-form-urlencoded"

    async def ask(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, Any, bytes]:
        """Send a request the way a server would; return code, headers and body."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode("utf-8", "replace"),
            "query_string": query, "headers": headers, "scheme": "http", "root_path": "", "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", PORT),
        }  # fmt: skip
        found: dict[str, Any] = {"status": 0, "headers": []}
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                found.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return found["status"], found["headers"], b"".join(parts)

    def check(self, method: str, path: str, asked: Any, code: int, answered: Any, said: bytes) -> None:
        """Say what must hold of every answer, and of the album."""
        known, formed, headers = asked
        told = (method, path, headers, code)
        require(100 < code < 500, told)
        sent = {name.lower(): value for name, value in answered}
        require(all(sent.get(name.encode()) == value.encode() for name, value in HEADERS.items()), told)
        require(SECRET not in said and b"Traceback" not in said and b"root:" not in said, told)
        require(LOCATION.fullmatch(sent.get(b"location", b"")), (told, sent))
        hosts = [value for name, value in headers if name == b"host"]
        if hosts != [f"127.0.0.1:{PORT}".encode()] or not known:
            cookies = [value for name, value in headers if name == b"cookie"]
            require(code in (403, 405) or self.desk.known.cookie.encode() in b"".join(cookies), told)
        if method == "POST" and not formed:
            require(code != 303, told)
        self.desk.jobs.wait(30)
        after = snapshot(self.album)
        require({row[0] for row in self.before.values()} <= {row[0] for row in snapshot(self.folder).values()}, told)
        if after != self.before:
            put(self.album, {name: row[0] for name, row in self.before.items() if isinstance(row[0], bytes)})


def _make(folder: str) -> Run:
    return _House(folder).run


def _seeds() -> list[bytes]:
    asks = [bytes([0, 0, 0, kind, 1, path, *([0] * 8)]) for kind in (0, 1) for path in range(50)]
    return asks + [
        bytes([who, host, 0, 1, 1, path, 0, 0, 0, 1, 1, 0, 0, 0, 0])
        for who in (0, 3)
        for host in (0, 7)
        for path in range(27, 45, 3)
    ]


TARGET = Target(
    "no answer of 500 or more, each with the headers of the guard, none without cookie and host, no redirect elsewhere, "
    "nothing of a file outside; no picture is lost",
    _make, _seeds, (b"../", b"%2e%2e%2f", b"\r\n", b"\0", b"form=", b"token=", b"&", b"127.0.0.1:8765",
    b"http://127.0.0.1:8765"),
)  # fmt: skip
