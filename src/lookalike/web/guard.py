"""Who may ask: only who was told the address, only under a name of this machine, and only from pages of this app.

A web page anywhere can make a browser ask for things of 127.0.0.1, and a name that its owner controls can be made to lead there
(DNS rebinding). Host and Origin are therefore checked before anything else, and the token in the address becomes a cookie
that browsers send with requests of this app's own pages only.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike import events
from lookalike.errors import UsageError

HERE = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?")
"""Names of this machine; with any port, as `ssh -L` and containers lead here from others."""
PORTS = {"http": 80, "https": 443}
"""What goes without saying."""
METHODS = ("GET", "HEAD", "POST")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none at all, browsers hide the origin of forms, too
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
"""Of every answer, whatever it is."""
ENTERED = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=./">
<link rel="icon" href="static/icon.svg"><title>lookalike</title><p><a href="./">Go on to the review</a></p></html>"""
"""A page, not a redirect: a browser that came from elsewhere sends the cookie only with what this page asks for."""
LOST = "Open the address that `lookalike review` printed, with its token: this browser has not been there.\n"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only this process and the browser know; made anew for each.

    Attributes
    ----------
    token : str
        In the address that is printed.
    cookie : str
        What the browser has instead from then on.
    form : str
        In each form of the app's own pages.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    form: str = field(default_factory=lambda: secrets.token_urlsafe(32))


class Guard:
    """ASGI middleware around the app.

    Parameters
    ----------
    app : callable
        The app.
    known : Secrets
        What a browser must know.
    port : int
        Where the app listens; tells the cookies of several reviews apart.
    behind : str or None
        Address of a notebook proxy that leads here, such as ``https://hub.example/user/ann/proxy/8765/``.
    """

    def __init__(self, app: ASGIApp, known: Secrets, port: int, behind: str | None = None) -> None:
        self._app, self._known, self._cookie = app, known, f"lookalike-{port}"
        self._proxy_origin = None if behind is None else origin_of(behind)
        self._proxy = None if self._proxy_origin is None else self._proxy_origin.partition("://")[2]
        self._is_secure = self._proxy_origin is not None and self._proxy_origin.startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it to the app."""
        if scope["type"] != "http":
            return  # neither web sockets nor anything else
        answer = self._refusal(scope)
        if answer is not None and answer.status_code in (403, 405):
            events.REVIEW_REFUSED(
                code=answer.status_code,
                reason=bytes(answer.body).decode().strip(),
                host=", ".join(Headers(scope=scope).getlist("host")),
            )
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """Return what to answer to a request that the app is not to see."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0].lower()):
            return PlainTextResponse("This name does not belong to the review.\n", 403)
        if scope["method"] not in METHODS:
            return PlainTextResponse("Only GET, HEAD and POST.\n", 405, {"allow": ", ".join(METHODS)})
        if not self._is_known(headers):
            return self._entered(scope)
        if scope["method"] == "POST" and not self._is_from_here(headers, hosts[0].lower()):
            return PlainTextResponse("This request does not come from a page of the review.\n", 403)
        return None

    def _is_ours(self, host: str) -> bool:
        return host == self._proxy or HERE.fullmatch(host) is not None

    def _is_from_here(self, headers: Headers, host: str) -> bool:
        allowed = {self._proxy_origin, None if host == self._proxy else f"http://{host}"}
        origins = headers.getlist("origin")
        return len(origins) == 1 and origins[0].lower() in allowed

    def _is_known(self, headers: Headers) -> bool:
        """Look for our cookie alone: among those of other programs on this machine may be what no parser would take."""
        pairs = (part.partition("=") for line in headers.getlist("cookie") for part in line.split(";"))
        return any(
            name.strip() == self._cookie and _equal(value.strip(), self._known.cookie) for name, _, value in pairs
        )

    def _entered(self, scope: Scope) -> Response:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if (
            scope["method"] != "GET"
            or scope["path"] != "/"
            or len(given) != 1
            or not _equal(given[0], self._known.token)
        ):
            return PlainTextResponse(LOST, 403)
        answer = HTMLResponse(ENTERED)
        answer.set_cookie(
            self._cookie, self._known.cookie, path=None, secure=self._is_secure, httponly=True, samesite="strict"
        )
        return answer


def origin_of(address: str) -> str:
    """Return the origin of a proxy as browsers write it.

    Parameters
    ----------
    address : str
        Its address.

    Returns
    -------
    str
        Scheme, name, and a port other than the usual one.

    Raises
    ------
    UsageError
        If that is no address that something can be below of.

    Examples
    --------
    >>> origin_of("https://Hub.example:443/user/ann/proxy/8765/")
    'https://hub.example'
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"--behind takes the address of the proxy, such as https://hub.example/proxy/8765/, got {address!r}"
        )
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}" + ("" if port in (None, PORTS[parts.scheme]) else f":{port}")


def _equal(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sent
