"""Which address does what. Pictures are asked for by number, never by path, and only ever come out encoded anew."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from blake3 import blake3
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from lookalike.errors import DecodeError, LookalikeError, UsageError
from lookalike.model import Tier
from lookalike.removal.applying import Applied
from lookalike.report import counted, plain
from lookalike.reviewing.choosing import in_order
from lookalike.reviewing.route import Route as Order
from lookalike.showing.previews import VERSION
from lookalike.web import pages
from lookalike.web.desk import Desk
from lookalike.web.guard import Guard, _equal

SIZES = {"small": 128, "view": 1600, "full": 8192}
"""Pixels of the longer side of pictures, by the last part of their address."""
STATIC = {
    "review.css": "text/css; charset=utf-8", "review.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
}  # fmt: skip
FORM_BYTES = 1 << 16
QUICK = {"exact": Tier.EXACT, "copy": Tier.COPY}


class _Position(IntegerConvertor):
    regex = "[0-9]{1,9}"  # a number of any length is more than Python reads


register_url_convertor("position", _Position())

Form = dict[str, str]
Write = Callable[[Desk, Request, Form], str]
"""Does what a form says, and returns where to go from there, below the top of the app."""


def make_app(desk: Desk, port: int, behind: str | None = None) -> Guard:
    """Return the app.

    Parameters
    ----------
    desk : Desk
        What it is about.
    port : int
        Where it will listen.
    behind : str, optional
        Address of a notebook proxy that leads there.

    Returns
    -------
    Guard
        ASGI app.
    """
    reads: dict[str, Callable[[Desk, Request], Response]] = {
        "/": _overview, "/groups/{at:position}": _group, "/accept/{tier}": _accept_page, "/plan": _plan_page, "/work": _work,
        "/result": _result, "/pictures/{at:position}/{position:position}/{size}": _picture,
        "/differences/{at:position}/{first:position}/{second:position}": _difference, "/static/{name}": _static,
    }  # fmt: skip
    writes: dict[str, Write] = {
        "/groups/{at:position}/accept": _accept, "/groups/{at:position}/keeper": _keeper, "/groups/{at:position}/mark": _mark,
        "/groups/{at:position}/differ": _differ, "/take-back": _take_back, "/accept/{tier}": _accept_all, "/order": _order,
        "/plan": _make_plan, "/apply": _apply, "/undo": _undo, "/quit": _quit,
    }  # fmt: skip
    routes = [Route(path, _reading(desk, read), methods=["GET"]) for path, read in reads.items()]
    turn = asyncio.Lock()
    routes += [Route(path, _writing(desk, write, turn), methods=["POST"]) for path, write in writes.items()]
    handlers: dict[Any, Any] = {
        HTTPException: partial(_http_error, desk), LookalikeError: partial(_error, desk), ClientDisconnect: _gone,
        Exception: _fault,
    }  # fmt: skip
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # those lead to the Host, past any prefix of a proxy
    return Guard(app, desk.known, port, behind)


def _reading(desk: Desk, read: Callable[[Desk, Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(read, desk, request)

    return answer


def _writing(desk: Desk, write: Write, turn: asyncio.Lock) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler of forms: each must hold what only this app's own pages know.

    One at a time is done, and none while a job runs: a plan is of what was chosen when it was begun.
    """

    async def answer(request: Request) -> Response:
        form = await _form(request)
        if not _equal(form.get("form", ""), desk.known.form):
            raise HTTPException(403, "This form is none of this review: load the page again.")
        async with turn:
            if desk.jobs.busy and write is not _quit:
                return _to(request, "work")
            try:
                where = await run_in_threadpool(write, desk, request, form)
            except UsageError as error:
                desk.notice = plain(str(error))
                where = form.get("from", "") if re.fullmatch("groups/[0-9]{1,9}", form.get("from", "")) else ""
        return _closed(desk, request) if write is _quit else _to(request, where)

    return answer


async def _form(request: Request) -> Form:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(415, "Forms only.")
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > FORM_BYTES:
            raise HTTPException(413, "A form of this app is never that large.")
    try:
        found = (
            parse_qs(data.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=20)
            if data
            else {}
        )
    except ValueError as error:
        raise HTTPException(400, "This is no form.") from error
    return {name: values[0] for name, values in found.items()}


def _up(request: Request) -> str:
    """Return the way from a page to the top of the app; a proxy may have put any prefix before it.

    A slash that is written as ``%2F`` is none to a browser.
    """
    return "../" * (request.scope["raw_path"].count(b"/") - 1) or "./"


def _to(request: Request, where: str) -> Response:
    return RedirectResponse(_up(request) + where, 303)


def _page(desk: Desk, request: Request, name: str, code: int = 200, /, **about: Any) -> Response:
    template = pages.environment().get_template(name)
    counts = desk.review.counts
    notice = desk.take_notice() if code == 200 else None  # nobody looks at the page of a picture that is not there
    html = template.render(
        up=_up(request), form=desk.known.form, notice=notice, counts=counts, busy=desk.jobs.busy, **about
    )
    return HTMLResponse(html, code)


def _number(request: Request, name: str, usual: int | None = None) -> int:
    """Return a number of the query; -1 where it is none."""
    text = request.query_params.get(name, "")
    if not text and usual is not None:
        return usual
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _form_number(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError(f"{name} is a number, got {text!r:.40}")
    return int(text)


def _at(desk: Desk, request: Request) -> int:
    """Return the group that an address names."""
    at = int(request.path_params["at"])
    if at >= len(desk.review):
        raise HTTPException(404, "There is no such group.")
    return at


def _overview(desk: Desk, request: Request) -> Response:
    tier = request.query_params.get("tier", "all")
    page = _number(request, "page", 0)
    if tier not in pages.TIERS or page < 0:
        raise HTTPException(404, "There is no such list.")
    return _page(desk, request, "overview.html", **pages.overview(desk.review, tier, page))


def _group(desk: Desk, request: Request) -> Response:
    at, focus = _at(desk, request), _number(request, "with")
    page = _number(request, "page", pages.part_of(desk.review, at, focus))
    if not 0 <= page * pages.IMAGES_A_PAGE < len(desk.review.group(at).members):
        raise HTTPException(404, "There is no such part of the group.")
    return _page(desk, request, "group.html", **pages.group(desk.review, at, focus, page))


def _accept_page(desk: Desk, request: Request) -> Response:
    tier = _quick(request)
    rows = desk.review.acceptable(QUICK[tier])
    made = desk.review.subject.outline
    about = {"groups": len(rows), "images": int((made.images[rows] - 1).sum()), "saving": int(made.saving[rows].sum())}
    return _page(desk, request, "accept.html", tier=tier, **about)


def _quick(request: Request) -> str:
    tier = str(request.path_params["tier"])
    if tier not in QUICK:
        raise HTTPException(404, "Only exact, or exact and copy, are accepted in one go.")
    return tier


def _plan_page(desk: Desk, request: Request) -> Response:
    made = desk.plan  # a job may take it away while the page is made
    about = None if made is None else pages.summary(*made)
    going = sum(len(choice.going) for choice in desk.review.choices.all().values())
    return _page(desk, request, "plan.html", plan=about, plan_number=desk.plans, going=going)


def _work(desk: Desk, request: Request) -> Response:
    job = desk.jobs.last
    if job is None:
        return _to(request, "")
    finished, error = job.finished, job.error  # it may end while the page is made
    if finished and error is None:
        return _to(request, "plan" if desk.plan is not None else "result")
    return _page(desk, request, "work.html", job=job, error=None if error is None else plain(error))


def _result(desk: Desk, request: Request) -> Response:
    result = desk.result  # a job may put another one there while the page is made
    if result is None:
        return _to(request, "")
    kind = "applied" if isinstance(result, Applied) else "undone"
    return _page(desk, request, "result.html", kind=kind, result=result, can_undo=bool(desk.review.applied))


def _picture(desk: Desk, request: Request) -> Response:
    size = str(request.path_params["size"])
    ordered = in_order(desk.review.group(_at(desk, request)))
    position = int(request.path_params["position"])
    if size not in SIZES or position >= len(ordered):
        raise HTTPException(404, "There is no such picture.")
    ref = ordered[position].ref
    data = desk.previews.get(ref, SIZES[size])
    if data is None:
        raise HTTPException(404, "This picture cannot be read any more.")
    return _webp(request, data)


def _difference(desk: Desk, request: Request) -> Response:
    ordered = in_order(desk.review.group(_at(desk, request)))
    refs = []
    for name in ("first", "second"):
        position = int(request.path_params[name])
        if position >= len(ordered):
            raise HTTPException(404, "There is no such picture.")
        refs.append(ordered[position].ref)
    try:
        drawn = desk.difference(*refs)
    except OSError as error:
        raise HTTPException(404, "This picture cannot be read any more.") from error
    except DecodeError as error:
        raise HTTPException(404, "This picture cannot be decoded.") from error
    return _webp(request, drawn)


def _webp(request: Request, data: bytes) -> Response:
    tag = f'"{blake3(data).hexdigest()[:32]}-{VERSION}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/webp", headers=headers)


def _static(_desk: Desk, request: Request) -> Response:
    name = str(request.path_params["name"])
    if name not in STATIC:
        raise HTTPException(404, "There is no such file.")
    with open(os.path.join(os.path.dirname(__file__), "static", name), "rb") as file:
        return Response(file.read(), media_type=STATIC[name])


def _accept(desk: Desk, request: Request, _form: Form) -> str:
    at = _at(desk, request)
    desk.review.accept(at)
    return _onward(desk, at)


def _differ(desk: Desk, request: Request, _form: Form) -> str:
    at = _at(desk, request)
    desk.review.differ(at)
    return _onward(desk, at)


def _onward(desk: Desk, at: int) -> str:
    desk.plan = None
    following = desk.review.route.next_open(desk.review.choices.taken(), at)
    if following is None:
        desk.notice = "That was the last group."
        return ""
    return f"groups/{following}"


def _keeper(desk: Desk, request: Request, form: Form) -> str:
    at = _at(desk, request)
    desk.review.choose_keeper(at, _form_number(form, "image"))
    desk.plan = None
    return f"groups/{at}"


def _mark(desk: Desk, request: Request, form: Form) -> str:
    at, position = _at(desk, request), _form_number(form, "image")
    desk.review.mark(at, position)
    desk.plan = None
    return f"groups/{at}?with={position}"


def _take_back(desk: Desk, _request: Request, _form: Form) -> str:
    at = desk.review.take_back()
    desk.plan = None
    desk.notice = "The last choice was taken back."
    return "" if at is None else f"groups/{at}"


def _accept_all(desk: Desk, request: Request, _form: Form) -> str:
    count = desk.review.accept_all(QUICK[_quick(request)])
    desk.plan = None
    desk.notice = f"{counted(count, 'group')} accepted. Take back undoes that in one go."
    return ""


def _order(desk: Desk, _request: Request, form: Form) -> str:
    desk.review.route = Order(desk.review.subject.outline, form.get("order", ""))
    return ""


def _make_plan(desk: Desk, _request: Request, _form: Form) -> str:
    desk.plan = None
    desk.jobs.start("Making the plan", desk.make_plan)
    return "work"


def _apply(desk: Desk, _request: Request, form: Form) -> str:
    if desk.plan is None:
        raise UsageError("something was chosen since the plan was made: make it again")
    plan, path, free = desk.plan
    if form.get("plan") != str(desk.plans):
        raise UsageError("this is not the plan that was made last: look at it again")
    if pages.summary(plan, path, free)["most"] and form.get("most") != "yes":
        raise UsageError("over half of a folder would go: look at the plan, and tick that this is right")
    desk.jobs.start("Checking each file again, and acting", partial(desk.apply, plan))
    return "work"


def _undo(desk: Desk, _request: Request, _form: Form) -> str:
    desk.jobs.start("Bringing back what was removed", desk.undo)
    return "work"


def _quit(desk: Desk, _request: Request, _form: Form) -> str:
    desk.leave()
    return ""


def _closed(desk: Desk, request: Request) -> Response:
    return _page(desk, request, "closed.html")


def _http_error(desk: Desk, request: Request, error: HTTPException) -> Response:
    answer = _page(desk, request, "error.html", error.status_code, message=error.detail)
    answer.headers.update(error.headers or {})
    return answer


def _error(desk: Desk, request: Request, error: LookalikeError) -> Response:
    return _page(desk, request, "error.html", 400, message=plain(str(error)))


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # for nobody


def _fault(_request: Request, error: Exception) -> Response:
    """Say what is wrong, without anything that may be what is wrong."""
    return PlainTextResponse(plain(f"internal error: {error!r}"), 500)
