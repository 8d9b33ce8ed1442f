"""Who may ask: every way in but the one that is meant."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import Answer, House, ask, fill, guarded, house, open_house, raw, shown

from lookalike.web.guard import HEADERS, METHODS

__all__ = ["house", "shown"]

PROXY = "https://hub.example/user/ann/proxy/8765/"
LOST = "Open the address"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return an app behind a notebook proxy."""
    folder = tmp_path_factory.mktemp("behind")
    with open_house(fill(folder / "photos", (1,)), folder, behind=PROXY) as house:
        yield house


def plain(house: House, *headers: tuple[str, str], path: str = "/", method: str = "GET") -> Answer:
    """Ask with these headers only."""
    return guarded(ask(house.port, method, path, list(headers)))


def test_only_the_token_opens_the_door(shown: House) -> None:
    token, host = shown.desk.known.token, ("Host", shown.host)
    entered = plain(shown, host, path=f"/?token={token}")
    assert entered.code == 200
    assert entered["set-cookie"] == f"lookalike-{shown.port}={shown.desk.known.cookie}; HttpOnly; SameSite=strict"
    assert token not in entered.text
    assert shown.desk.known.form not in entered.text
    assert re.findall(r'(?:url=|href=)"?([^"]*)', entered.text) == ["./", "static/icon.svg", "./"]
    assert shown.get("/").code == 200


@pytest.mark.parametrize(
    "query",
    [
        "", "?", "?token", "?token=", "?token=wrong", "?token={cookie}", "?token={form}", "?Token={token}",
        "?token={token}&token={token}", "?token={token}x", "?token={token}%00", "?token=%FF{token}", "?token={short}",
        "?token=\xff", "#token={token}", "?x?token={token}", "?token[]={token}",
    ],
)  # fmt: skip
def test_without_the_token_nobody_comes_in(shown: House, query: str) -> None:
    known = shown.desk.known
    path = "/" + query.format(token=known.token, cookie=known.cookie, form=known.form, short=known.token[:-1])
    answer = raw(
        shown.port, f"GET {path} HTTP/1.1\r\nHost: {shown.host}\r\nConnection: close\r\n\r\n".encode("latin-1")
    )
    assert answer.startswith(b"HTTP/1.1 403 ") or (b"\xff" in path.encode("latin-1") and b" 400 " in answer[:20])
    assert b"set-cookie" not in answer.lower()


@pytest.mark.parametrize(
    "path", ["/plan", "/groups/0", "/static/review.css", "/pictures/0/0/small", "//", "/%2f", "/.", "/x"]
)
def test_the_token_opens_no_other_door(shown: House, path: str) -> None:
    answer = plain(shown, ("Host", shown.host), path=f"{path}?token={shown.desk.known.token}")
    assert (answer.code, answer["set-cookie"]) == (403, None)


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_the_token_is_asked_for_by_get_alone(shown: House, method: str) -> None:
    headers = ("Host", shown.host), ("Origin", shown.origin), ("Content-Length", "0")
    answer = plain(shown, *headers, path=f"/?token={shown.desk.known.token}", method=method)
    assert (answer.code, answer["set-cookie"]) == (403, None)


def test_a_token_in_the_body_or_in_a_header_is_none(shown: House) -> None:
    token = shown.desk.known.token
    headers = [("Host", shown.host), ("Origin", shown.origin), ("Content-Type", "application/x-www-form-urlencoded")]
    body = f"token={token}&form={shown.desk.known.form}".encode()
    assert guarded(ask(shown.port, "POST", "/", [*headers, ("Content-Length", str(len(body)))], body)).code == 403
    assert plain(shown, ("Host", shown.host), ("Authorization", f"token {token}"), ("X-Token", token)).code == 403


STRANGERS = [
    "evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example:{port}", "127.0.0.1.nip.io",
    "evil.example@127.0.0.1:{port}", "127.0.0.1:{port}@evil.example", "localhost:80@evil.example", "user:pw@localhost",
    "localhost:x", "localhost:{port}/", "localhost:{port}?x", "localhost:{port}#", "localhost:-1", "localhost:1:2",
    "localhost, evil.example", "localhost;evil.example", "localhost.", "127.1", "0.0.0.0", "0.0.0.0:{port}", "2130706433",
    "[::1", "::1", "[::1]x", "[::ffff:127.0.0.1]", "[::]", "", "hub.example", "192.168.0.1:{port}", "\xe9vil",
    "localhost:",
    "localhost:٨٠".encode().decode("latin-1"),
]  # fmt: skip


@pytest.mark.parametrize("host", STRANGERS)
def test_a_name_of_another_is_refused_whatever_else_is_known(shown: House, host: str) -> None:
    name = host.format(port=shown.port)
    request = f"GET / HTTP/1.1\r\nHost: {name}\r\nCookie: {shown.cookie}\r\nConnection: close\r\n\r\n"
    answer = raw(shown.port, request.encode("latin-1"))
    assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 "))
    assert shown.desk.known.form.encode() not in answer


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}", "localhost", "localhost:9"]
)
def test_names_of_this_machine_with_any_port(shown: House, host: str) -> None:
    """As `ssh -L` and a published port of a container lead here from another port."""
    assert plain(shown, ("Host", host.format(port=shown.port)), ("Cookie", shown.cookie)).code == 200


def test_without_a_host_or_with_two_nothing_is_answered(shown: House) -> None:
    cookie = ("Cookie", shown.cookie)
    for version, hosts in (
        ("1.1", []),
        ("1.1", ["localhost", "localhost"]),
        ("1.1", ["localhost", "evil.example"]),
        ("1.0", []),
    ):
        lines = [
            f"GET / HTTP/{version}",
            *(f"Host: {host}" for host in hosts),
            ": ".join(cookie),
            "Connection: close",
            "",
            "",
        ]
        answer = raw(shown.port, "\r\n".join(lines).encode())
        assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 "))
        assert shown.desk.known.form.encode() not in answer


def test_a_target_that_names_another_host_leads_nowhere(shown: House) -> None:
    for target in ("http://evil.example/", "http://127.0.0.1/", "*", "groups/0", "evil.example:80"):
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {shown.host}",
            f"Cookie: {shown.cookie}",
            "Connection: close",
            "",
            "",
        ]
        answer = raw(shown.port, "\r\n".join(lines).encode())
        assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), target
        assert b"\nlocation:" not in answer.lower()


def test_what_a_proxy_might_forward_is_not_believed(shown: House) -> None:
    mine, cookie = ("Host", shown.host), ("Cookie", shown.cookie)
    for name in ("X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server"):
        assert plain(shown, ("Host", "evil.example"), (name, shown.host), cookie).code == 403
        answer = plain(shown, mine, (name, "evil.example"), cookie)
        assert answer.code == 200
        assert "evil" not in answer.text
    for name in (
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Script-Name",
    ):
        assert plain(shown, mine, (name, "127.0.0.1")).code == 403
        assert "127.9" not in plain(shown, mine, cookie, (name, "127.9.9.9")).text
    for name in ("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL"):
        assert plain(shown, mine, cookie, (name, "/plan")).text == plain(shown, mine, cookie).text


@pytest.mark.parametrize(
    "cookie",
    [
        "lookalike-{port}=wrong", "lookalike-{port}=", "lookalike-{port}", "lookalike-{other}={cookie}",
        "lookalike={cookie}",
        "Lookalike-{port}={cookie}", "xlookalike-{port}={cookie}", "x=lookalike-{port}={cookie}", "{cookie}",
        "=", ";;;", "\xff=\xff",
        "lookalike-{port}={cookie}x", "lookalike-{port}=x{cookie}", "lookalike-{port}={token}", "lookalike-{port}={form}",
        "$Version=1; $Path=lookalike-{port}={cookie}", "lookalike-{port}=\xe9", "lookalike-{port}={upper}",
    ],
)  # fmt: skip
def test_other_cookies_are_none(shown: House, cookie: str) -> None:
    known = shown.desk.known
    value = cookie.format(
        port=shown.port,
        other=shown.port + 1,
        cookie=known.cookie,
        token=known.token,
        form=known.form,
        upper=known.cookie.upper(),
    )
    answer = plain(shown, ("Host", shown.host), ("Cookie", value))
    assert answer.code == 403
    assert answer.text.startswith(LOST)


@pytest.mark.parametrize(
    "others",
    [
        'prefs={{"a": 1, "b": [2]}}; {own}', "{own}; [x]=y", "a b c; {own}",
        '_xsrf=2|a|b; username-localhost-8888="2|1:0|x"; {own}',
        "=; {own}", "x=\xe9; {own}", "{name}=stale; {own}", "{own}; {name}=stale", "a={{;{own}", "{own};",
        "  {own}  ;; x",
    ],
)  # fmt: skip
def test_cookies_of_other_programs_on_this_machine_do_no_harm(shown: House, others: str) -> None:
    """Browsers send the cookies of all ports of a host."""
    value = others.format(own=shown.cookie, name=f"lookalike-{shown.port}")
    assert plain(shown, ("Host", shown.host), ("Cookie", value)).code == 200


def test_two_lines_of_cookies(shown: House) -> None:
    assert plain(shown, ("Host", shown.host), ("Cookie", "a=b"), ("Cookie", shown.cookie)).code == 200


@pytest.mark.parametrize(
    "origins",
    [
        [], ["null"], [""], ["http://evil.example"], ["http://127.0.0.1"], ["http://127.0.0.1:1"],
        ["http://localhost:{port}"],
        ["https://127.0.0.1:{port}"], ["http://127.0.0.1:{port}/"], ["http://127.0.0.1:{port}.evil.example"],
        ["127.0.0.1:{port}"],
        ["http://evil.example@127.0.0.1:{port}"], ["http://127.0.0.1:{port}", "http://127.0.0.1:{port}"],
        ["http://127.0.0.1:{port}", "http://evil.example"], ["http://127.0.0.1:{port}, http://evil.example"],
        ["http://127.0.0.1:{port} http://evil.example"], ["file://"], ["moz-extension://x"], ["http://"], ["*"],
    ],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused(shown: House, origins: list[str]) -> None:
    before = shown.desk.review.route.order
    body = f"form={shown.desk.known.form}&order=space".encode()
    headers = [("Host", shown.host), ("Cookie", shown.cookie), ("Content-Type", "application/x-www-form-urlencoded")]
    headers += [("Origin", origin.format(port=shown.port)) for origin in origins]
    # Referer is what is easily left away, and no proof of anything.
    headers += [("Referer", shown.origin + "/"), ("Content-Length", str(len(body)))]
    assert guarded(ask(shown.port, "POST", "/order", headers, body)).code == 403
    assert shown.desk.review.route.order == before


@pytest.mark.parametrize("path", ["/", "/order", "/groups/0/accept", "/static/review.css", "/nowhere"])
@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "get", "QUERY"]
)
def test_other_methods(shown: House, method: str, path: str) -> None:
    answer = shown.get(path, ("Origin", shown.origin), method=method)
    assert (answer.code, answer["allow"]) == (405, ", ".join(METHODS))
    assert answer["access-control-allow-origin"] is None


def test_a_method_that_an_address_does_not_take(shown: House) -> None:
    assert [(one.code, one["allow"]) for one in (shown.get("/order"), shown.get("/quit", method="HEAD"))] == [
        (405, "POST")
    ] * 2
    answer = shown.post("/static/review.css")
    assert answer.code == 405
    assert set((answer["allow"] or "").split(", ")) == {"GET", "HEAD"}


def test_heads_are_as_long_as_what_they_stand_for(shown: House) -> None:
    for path in ("/", "/groups/0", "/static/review.js", "/pictures/0/0/small", "/nowhere"):
        head, whole = shown.get(path, method="HEAD"), shown.get(path)
        assert (head.code, head["content-type"], head.body) == (whole.code, whole["content-type"], b"")
        assert head["content-length"] == str(len(whole.body))


def test_every_kind_of_answer_has_the_headers(house: House) -> None:
    tag = house.get("/pictures/0/0/small")["etag"] or ""
    told = {  # `get` and `post` check the headers
        "page": house.get("/").code, "picture": house.get("/pictures/0/0/view").code,
        "unchanged": house.get("/pictures/0/0/small",
        ("If-None-Match", tag)).code, "style": house.get("/static/review.css").code,
        "redirect": house.post("/order", order="space").code, "refused": house.send("/order", b"").code,
        "no form": house.send("/order", b"{}", kind="application/json").code, "lost": house.get("/nowhere").code,
    }  # fmt: skip
    house.desk.review.subject = None  # type: ignore[assignment]  # a fault of the program, as bad as can be
    told["fault"] = house.get("/").code
    assert told == {
        "page": 200, "picture": 200, "unchanged": 304, "style": 200, "redirect": 303, "refused": 403, "no form": 415,
        "lost": 404,
        "fault": 500,
    }  # fmt: skip


def test_what_is_no_http_is_told_so_and_no_more(shown: House) -> None:
    """The answer of the server itself, which no app sees."""
    for request in (
        b"\0\1\2\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
    ):
        head, _, body = raw(shown.port, request).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"text/plain" in head
        assert body == b"Invalid HTTP request received."


def test_web_sockets_are_not_spoken(shown: House) -> None:
    upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "x" * 22 + "=="),
    ]
    assert plain(shown, ("Host", shown.host), *upgrade).code == 403
    assert shown.get("/", *upgrade).code == 200


@pytest.mark.parametrize("host", ["hub.example", "HUB.example", "127.0.0.1:{port}", "localhost:8765"])
def test_behind_a_proxy_its_name_and_those_of_this_machine(behind: House, host: str) -> None:
    assert plain(behind, ("Host", host.format(port=behind.port)), ("Cookie", behind.cookie)).code == 200


def test_the_cookie_of_a_proxy_that_encrypts_is_never_sent_in_the_clear(behind: House) -> None:
    entered = plain(behind, ("Host", "hub.example"), path=f"/?token={behind.desk.known.token}")
    assert (entered["set-cookie"] or "").endswith("; HttpOnly; SameSite=strict; Secure")


@pytest.mark.parametrize(
    "host",
    [
        "hub.example:80",
        "hub.example:444",
        "evil.hub.example",
        "hub.example.evil.example",
        "ann@hub.example",
        "hub.example:",
        "evil.example",
    ],
)
def test_behind_a_proxy_no_other_name(behind: House, host: str) -> None:
    assert plain(behind, ("Host", host), ("Cookie", behind.cookie)).code == 403


@pytest.mark.parametrize(
    ("host", "origin", "code"),
    [
        ("hub.example", "https://hub.example", 303), ("hub.example", "https://HUB.example", 303),
        ("127.0.0.1:8765", "https://hub.example", 303), ("127.0.0.1:8765", "http://127.0.0.1:8765", 303),
        ("hub.example", "http://hub.example", 403), ("hub.example", "https://hub.example:444", 403),
        ("hub.example", "https://evil.example", 403), ("hub.example", "http://127.0.0.1:8765", 403),
        ("hub.example", "https://hub.example/user/ann", 403), ("127.0.0.1:8765", "http://hub.example", 403),
    ],
)  # fmt: skip
def test_behind_a_proxy_forms_come_from_its_origin(behind: House, host: str, origin: str, code: int) -> None:
    body = f"form={behind.desk.known.form}&order=space".encode()
    headers = [
        ("Host", host), ("Cookie", behind.cookie), ("Origin", origin), ("Content-Type",
        "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
    ]  # fmt: skip
    assert guarded(ask(behind.port, "POST", "/order", headers, body)).code == code


@pytest.mark.parametrize(("url", "host", "origin"), [
    ("https://hub.example:443/x", "hub.example", "https://hub.example"), ("http://hub.example:80", "hub.example",
    "http://hub.example"),
    ("https://hub.example:8443/x", "hub.example:8443", "https://hub.example:8443"), ("HTTPS://HUB.example/x",
    "hub.example", "https://hub.example"),
])  # fmt: skip
def test_the_port_that_goes_without_saying(tmp_path: Path, url: str, host: str, origin: str) -> None:
    """Browsers leave it out of Host and Origin."""
    with open_house(fill(tmp_path / "photos", (1,)), tmp_path, behind=url) as house:
        body = f"form={house.desk.known.form}&order=space".encode()
        headers = [
            ("Host", host), ("Cookie", house.cookie), ("Origin", origin), ("Content-Type",
            "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
        ]  # fmt: skip
        assert guarded(ask(house.port, "POST", "/order", headers, body)).code == 303


def test_it_listens_to_this_machine_alone(shown: House) -> None:
    addresses = {one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in [*addresses, "127.0.0.2"]:
        with pytest.raises(OSError, match=r"refused|unreachable"):
            socket.create_connection((str(address), shown.port), timeout=5)


def test_the_policy_lets_nothing_in_from_outside() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
