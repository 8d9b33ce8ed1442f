"""Behind a notebook proxy that takes a prefix away: every link, form, picture and redirect stays below it."""

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from house import Browser, House, fill, open_house

PREFIX = "/user/x/proxy/8765/"
HOPS = {"connection", "keep-alive", "transfer-encoding", "host"}


class Proxy(http.server.ThreadingHTTPServer):
    """Leads what is below the prefix to an app, without the prefix."""

    daemon_threads = True
    port = 0
    keeps_host = True

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: Proxy

    def answer(self) -> None:
        if not self.path.startswith(PREFIX):
            self.send_error(599)  # what the tests take for an escape
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        host = str(self.headers["host"]) if self.server.keeps_host else f"127.0.0.1:{self.server.port}"
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)) as inner:
            inner.putrequest(self.command, self.path[len(PREFIX) - 1 :], skip_host=True, skip_accept_encoding=True)
            inner.putheader("Host", host)
            for name, value in self.headers.items():
                if name.lower() not in HOPS:
                    inner.putheader(name, value)
            inner.endheaders(body)
            found = inner.getresponse()
            content = found.read()
        self.send_response_only(found.status)
        for name, value in found.getheaders():
            if name.lower() not in HOPS:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_HEAD = answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def proxied(album: Path, state: Path, *, keeps_host: bool, told: bool) -> Iterator[tuple[House, Proxy]]:
    """Show an album behind a proxy; `told` is whether the app knows of it."""
    with Proxy(("127.0.0.1", 0), Handler) as proxy:
        proxy.keeps_host = keeps_host
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with open_house(album, state, behind=proxy.origin + PREFIX if told else None) as house:
                proxy.port = house.port
                yield house, proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.mark.parametrize(("keeps_host", "told"), [(False, True), (True, False)])
def test_everything_stays_below_the_prefix(tmp_path: Path, keeps_host: bool, told: bool) -> None:
    with (
        proxied(fill(tmp_path / "photos", (1, 2)), tmp_path, keeps_host=keeps_host, told=told) as (house, proxy),
        closing(Browser(f"{proxy.origin}{PREFIX}?token={house.desk.known.token}", PREFIX)) as browser,
    ):
        cookies = list(browser.client.cookies.jar)
        assert [(cookie.path.rstrip("/") + "/", cookie.name) for cookie in cookies] == [
            (PREFIX, f"lookalike-{house.port}")
        ]
        browser.go("./")
        top = browser.place
        assert (browser.code, top) == (200, proxy.origin + PREFIX)
        seen, waiting = {top}, [top]
        forms: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[str, str, dict[str, str]]] = {}
        while waiting:
            page = waiting.pop()
            browser.place = page
            browser.go("")
            assert browser.code == 200, page
            assert browser.answer is not None
            if not browser.answer.headers["content-type"].startswith("text/html"):
                continue
            for link in browser.page.links:
                place = urljoin(page, link).partition("#")[0]
                if place not in seen:
                    seen.add(place)
                    waiting.append(place)
            for _, action, fields in browser.page.forms:
                forms.setdefault(
                    (urlsplit(urljoin(page, action)).path, tuple(sorted(fields.items()))), (page, action, fields)
                )
        assert len(seen) > 30
        last = ["take-back", "plan", "apply", "undo", "quit"]
        for (path, _), (page, action, fields) in sorted(forms.items()):
            if path.rsplit("/", 1)[1] not in last:
                browser.place = page
                browser._take("POST", action, fields)
                assert browser.code == 200, (page, action)
        browser.place = top
        browser.go("")
        while "nothing was chosen that could be taken back" not in browser.page.text:
            browser.press("take-back")
            assert browser.code == 200
        browser.place = top
        browser.go("accept/copy")
        browser.press("accept/copy")
        browser.go("plan")
        browser.press("plan")
        browser.wait()
        browser.press("apply", most="yes")
        assert "4 images removed" in browser.wait().text
        browser.press("undo")
        assert "back" in browser.wait().text
        browser.press("quit")
        assert "closed" in browser.page.text


def test_a_proxy_that_hides_the_host_and_was_not_named(tmp_path: Path) -> None:
    """Pages are shown, and forms refused, as they would be from anywhere."""
    with (
        proxied(fill(tmp_path / "photos", (1,)), tmp_path, keeps_host=False, told=False) as (house, proxy),
        closing(Browser(f"{proxy.origin}{PREFIX}?token={house.desk.known.token}", PREFIX)) as browser,
    ):
        browser.go("./")
        assert browser.code == 200
        browser.press("order", order="space")
        assert browser.code == 403
