"""Every address of the app, asked for in every way that nobody should: nothing breaks, shows what it must not, or changes."""

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from house import FORM, Answer, House, Page, fill, house, open_house, raw, shown, snapshot
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from conftest import encode, scene
from lookalike.reviewing.choosing import in_order
from lookalike.web import app
from lookalike.web.guard import Secrets

__all__ = ["house", "shown"]

SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _table() -> list[tuple[str, str]]:
    """Return method and path of every route there is."""

    class Blank:
        known = Secrets()

    inner = app.make_app(Blank(), 1)._app  # type: ignore[arg-type]  # only asked for its routes
    assert isinstance(inner, Starlette)
    return sorted(
        (method, route.path)  # type: ignore[attr-defined]
        for route in inner.routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    )


TABLE = _table()
READS = [path for method, path in TABLE if method == "GET"]
WRITES = [path for method, path in TABLE if method == "POST"]
PARAMETER = re.compile(r"\{[^}]*\}")

HOSTILE = [
    "0", "1", "00", "-1", "+1", "1e3", "0x0", "1.0", "999999999", "1" * 10, "9" * 30, "9" * 5000, "٣", "½", "²",
    "", " ", "0 ", "None", "NaN",
    "exact", "copy", "edit", "similar", "small", "view", "full", "huge", "review.css", "icon.svg", "review.css/",
    "..", ".", "../", "..\\",
    "../../../../etc/passwd", "/etc/passwd", "//evil.example", "\\\\evil.example", "review.css\0.html", "\0",
    "\r\nX: y", "%00",
    "%2e%2e%2f", "{at}", "{{7*7}}", "<script>alert(1)</script>", '"><img src=x>', "é", "\u202e", "🦔",
    "a" * 4000, "'; DROP TABLE choice;--",
    "__class__", "app.py", "../guard.py", "file:///etc/passwd", "con", "~", "*", "?", "#", ";", "&", "0;1", "0?x", "0#x",
]  # fmt: skip
PIECES = st.sampled_from(HOSTILE) | st.integers(-5, 40).map(str) | st.text(max_size=30)
FIELDS = st.sampled_from(["page", "with", "tier", "token", "image", "order", "from", "plan", "most", "form", "", "x"])
QUERY = st.lists(st.tuples(FIELDS, PIECES), max_size=4)
SAFE = st.sampled_from(["", "/", "/.%", ":@!$&'()*+,;="])


def filled(path: str, pieces: list[str], safe: str = "") -> str:
    """Return a path with something for each of its parameters."""
    at = iter(pieces)
    return PARAMETER.sub(lambda _: quote(next(at).encode("utf-8", "replace"), safe=safe), path)


def tame(answer: Answer) -> Answer:
    """Check that an answer is one of the app, and holds nothing that it must not."""
    assert answer.code in (200, 303, 400, 403, 404, 405, 413, 415), answer
    for secret in (b"\xff\xd8\xff", b"SQLite format", b"root:", b"import ", b"Traceback", b"/etc/passwd\0"):
        assert secret not in answer.body
    if (answer["content-type"] or "").startswith("text/html"):
        names = {tag for tag, _ in Page(answer.text).shape}
        assert "iframe" not in names
    return answer


def test_there_is_something_to_ask_for() -> None:
    assert len(READS) > 7
    assert len(WRITES) > 9
    assert not set(READS) & {"/quit", "/apply", "/undo"}


@pytest.mark.parametrize("path", READS)
@SLOW
@given(pieces=st.lists(PIECES, min_size=3, max_size=3), query=QUERY, safe=SAFE, method=st.sampled_from(["GET", "HEAD"]))
@example(pieces=["9" * 5000] * 3, query=[("page", "9" * 5000), ("with", "9" * 5000)], safe="", method="GET")
@example(pieces=["0", "9" * 5000, "9" * 5000], query=[], safe="", method="GET")
@example(pieces=["0", "0", "9" * 5000], query=[("tier", "<b>"), ("page", "-1")], safe="", method="GET")
@example(pieces=["..%2f..%2fguard.py"] * 3, query=[], safe="%", method="GET")
def test_reading_never_breaks_and_changes_nothing(
    shown: House, path: str, pieces: list[str], query: list[tuple[str, str]], safe: str, method: str
) -> None:
    before = snapshot(shown.album, shown.album.parent / "ledger.sqlite")
    place = filled(path, pieces, safe)
    more = [(name, value.encode("utf-8", "replace")) for name, value in query]
    tame(shown.get(f"{place}?{urlencode(more)}" if more else place, method=method))
    assert snapshot(shown.album, shown.album.parent / "ledger.sqlite") == before


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "query", ["?", "?&&&", "?%", "?%zz=%", "?page=%ff", "?=;=;", "?page=1&page=2", "?" + "a=b&" * 3000, "?page[]=0"]
)
def test_queries_that_are_none(shown: House, path: str, query: str) -> None:
    tame(shown.get(filled(path, ["0", "0", "small"]) + query))


@pytest.mark.parametrize("path", sorted({*READS, *WRITES}))
def test_a_slash_at_the_end_leads_nowhere(shown: House, path: str) -> None:
    """Least of all to a whole address, made of the Host, past the prefix of a proxy."""
    if path != "/":
        answer = tame(shown.get(filled(path, ["0", "0", "small"]) + "/"))
        assert (answer.code, answer["location"]) == (404, None)


@pytest.mark.parametrize("path", ["/groups%2f0", "/groups%2F0", "/%67roups%2f0", "/pictures/0%2f0/small"])
def test_a_page_knows_where_it_is_by_the_slashes_that_browsers_see(shown: House, path: str) -> None:
    answer = tame(shown.get(path))
    if (answer["content-type"] or "").startswith("text/html"):
        assert 'href="../' * (path.count("/") > 1) in answer.text
        assert "../" * path.count("/") not in answer.text


BODIES = [
    b"", b"form", b"form=", b"form=wrong", b"form=wrong&form=x", b"form%3D", b"x=y", b"token=x", b"=", b"&&&",
    b"form=%ff",
    b"form=%00", b"Form=x", b"form[]=x", b"a=b" * 100, b"form=" + b"x" * 60000,
]  # fmt: skip


@pytest.mark.parametrize("path", WRITES)
def test_without_the_value_of_a_form_nothing_is_done(shown: House, path: str) -> None:
    before = (
        snapshot(shown.album.parent),
        shown.desk.review.choices.all(),
        shown.desk.review.route.order,
        shown.desk.plan,
    )
    known = shown.desk.known
    for body in (
        *BODIES,
        f"form={known.token}".encode(),
        f"form={known.cookie}".encode(),
        f"form=x&form={known.form}".encode(),
    ):
        for pieces in (["0"] * 3, ["exact"] * 3, ["9" * 5000] * 3):
            answer = tame(
                shown.send(filled(path, pieces), body + (b"&" if body else b"") + b"image=1&order=space&most=yes")
            )
            assert answer.code in (400, 403, 404)
    answer = shown.send(filled(path, ["0" if "position" in path else "exact"]), b"image=1&order=space")
    assert answer.code == 403
    # The form value in the address is one that a browser keeps in its history.
    assert shown.send(filled(path, ["0" if "position" in path else "exact"]) + f"?form={known.form}", b"").code == 403
    after = (
        snapshot(shown.album.parent),
        shown.desk.review.choices.all(),
        shown.desk.review.route.order,
        shown.desk.plan,
    )
    assert after == before
    assert not shown.desk.jobs.busy
    assert shown.get("/").code == 200


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/json", b'{"form": "%s"}', 415), ("text/plain", b"form=%s", 415), ("", b"form=%s", 415),
        ("multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\n%s\r\n--x--\r\n', 415),
        (FORM, b"form=%s&x=" + b"y" * 70000, 413),
        (FORM, b"form=%s" + b"&x=y" * 100, 400), (FORM, b"form=%s&x=\xff\xfe", 400), (FORM, b"form=%s&&", 400),
        (FORM + ", text/plain", b"form=%s", 415),
        ("application/x-www-form-urlencodedx", b"form=%s", 415),
    ],
)  # fmt: skip
def test_what_is_no_form_of_ours(shown: House, kind: str, body: bytes, code: int) -> None:
    order = shown.desk.review.route.order
    answer = tame(shown.send("/order", body.replace(b"%s", shown.desk.known.form.encode()), kind=kind))
    assert answer.code == code
    assert shown.desk.review.route.order == order


def beginning(house: House) -> str:
    """Return the first lines of a form that is sent by hand."""
    return "\r\n".join(
        [
            "POST /order HTTP/1.1", f"Host: {house.host}", f"Cookie: {house.cookie}", f"Origin: {house.origin}",
            f"Content-Type: {FORM}", "",
        ]
    )  # fmt: skip


def test_a_body_without_end_is_cut_off(shown: House) -> None:
    chunk = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"
    head = beginning(shown)
    request = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3
    with socket.create_connection(("127.0.0.1", shown.port), timeout=20) as connection:
        connection.sendall(request)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_browser_that_leaves_in_the_middle_of_a_form(shown: House, caplog: pytest.LogCaptureFixture) -> None:
    head = beginning(shown)
    with socket.create_connection(("127.0.0.1", shown.port), timeout=20) as connection:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )  # as if the cable was pulled
        connection.sendall(head.encode() + b"Content-Length: 100\r\n\r\nform=")
    assert shown.get("/").code == 200
    assert raw(shown.port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return an app that is told all kinds of things."""
    folder = tmp_path_factory.mktemp("lively")
    with open_house(fill(folder / "photos"), folder) as made:
        yield made


@pytest.mark.parametrize("path", [path for path in WRITES if path != "/quit"])
@SLOW
@given(pieces=st.lists(PIECES, min_size=1, max_size=1), fields=QUERY)
@example(pieces=["0"], fields=[("image", "9" * 5000), ("from", "groups/0/../../../x")])
@example(pieces=["0"], fields=[("image", "-1"), ("from", "//evil.example/")])
@example(pieces=["0"], fields=[("image", "1"), ("image", "0")])
@example(pieces=["1"], fields=[("image", "0"), ("from", "https://evil.example/")])
@example(pieces=["0"], fields=[("image", "x"), ("from", "groups/0\r\nSet-Cookie: a=b")])
@example(pieces=["exact"], fields=[])
@example(pieces=["copy"], fields=[("order", "space"), ("order", "risk")])
@example(pieces=["0"], fields=[("plan", ""), ("most", "yes")])
def test_whatever_a_form_says_no_file_changes(
    lively: House, path: str, pieces: list[str], fields: list[tuple[str, str]]
) -> None:
    before = snapshot(lively.album)
    lively.done()
    # The first of several values counts: the form value is first, so others of that name say nothing.
    data: list[tuple[str, Any]] = [("form", lively.desk.known.form)]
    data += [(name, value.encode("utf-8", "replace")) for name, value in fields]
    answer = tame(lively.send(filled(path, pieces), urlencode(data).encode()))
    assert answer.code in (303, 404)
    lively.done()
    assert tame(lively.get("/")).code == 200
    assert snapshot(lively.album) == before


def test_a_wrong_number_in_a_form_is_told_on_the_page(house: House) -> None:
    answer = house.post("/groups/0/mark", image="<b>\x01", **{"from": "groups/0"})
    assert (answer.code, answer["location"]) == (303, "../../groups/0")
    assert "image is a number, got '<b>\\x01'" in Page(house.get("/groups/0").text).text
    assert "is a number" not in house.get("/groups/0").text  # said once
    assert house.post("/groups/0/mark", image="77", **{"from": "groups/0"}).code == 303
    assert "has no image 77" in house.get("/").text


def test_static_files_are_three(shown: House) -> None:
    found = {name: shown.get(f"/static/{name}") for name in app.STATIC}
    assert {name: (one.code, one["content-type"]) for name, one in found.items()} == {
        "review.css": (200, "text/css; charset=utf-8"), "review.js": (200, "text/javascript; charset=utf-8"),
        "icon.svg": (200, "image/svg+xml"),
    }  # fmt: skip
    for name in (
        "",
        ".",
        "..",
        "../app.py",
        "..%2fapp.py",
        "%2e%2e%2fapp.py",
        "app.py",
        "review.css%00",
        "REVIEW.CSS",
        "review.css/",
        "/etc/passwd",
    ):
        assert shown.get(f"/static/{name}").code == 404
    for path in (
        "/static",
        "/pictures",
        "/groups",
        "/templates/base.html",
        "/.git/config",
        "/app.py",
        "/pictures/0",
        "/favicon.ico",
    ):
        assert shown.get(path).code == 404


def test_nothing_of_the_program_is_in_a_page(shown: House) -> None:
    """No address elsewhere, no script or style within, no handler: the policy has nothing to forbid."""
    for path in ("/", "/groups/0", "/plan", "/accept/exact", "/nowhere"):
        page = Page(shown.get(path).text)
        assert all(not name.startswith("on") and name != "style" for _, name in page.shape)
        assert "style" not in {tag for tag, _ in page.elements}
        assert [one["src"] for tag, one in page.elements if tag == "script"] == [
            "../" * (path.count("/") - 1) + "static/review.js" if path.count("/") > 1 else "./static/review.js"
        ]
        assert all(":" not in link and not link.startswith("/") for link in page.links)
        for method, action, fields in page.forms:
            assert (method, fields["form"]) == ("post", shown.desk.known.form)
            assert ":" not in action


def test_pictures_are_webp_by_number_and_known_by_their_tag(shown: House) -> None:
    for size in ("small", "view", "full"):
        answer = shown.get(f"/pictures/0/0/{size}")
        assert (answer.code, answer["content-type"], answer.body[:4], answer.body[8:12]) == (
            200,
            "image/webp",
            b"RIFF",
            b"WEBP",
        )
        tag = answer["etag"] or ""
        assert re.fullmatch(r'"[0-9a-f]{32}-\d+"', tag)
        for given_tag in (tag, f"W/{tag}", f'"x", {tag}'):
            again = shown.get(f"/pictures/0/0/{size}", ("If-None-Match", given_tag))
            assert (again.code, again["etag"], again.body) == (304, tag, b"")
        assert shown.get(f"/pictures/0/0/{size}", ("If-None-Match", '"x"')).code == 200
    answer = shown.get("/differences/0/0/1")
    assert (answer.code, answer["content-type"], answer.body[8:12]) == (200, "image/webp", b"WEBP")
    assert shown.get("/differences/0/0/1", ("If-None-Match", answer["etag"] or "")).code == 304
    for path in (
        "/pictures/0/9/small",
        "/pictures/9/0/small",
        "/differences/0/0/9",
        "/differences/0/9/0",
        "/differences/9/0/0",
    ):
        assert shown.get(path).code == 404


def test_ranges_and_kinds_that_a_browser_would_like_change_nothing(shown: House) -> None:
    whole = shown.get("/pictures/0/0/small")
    for name, value in (
        ("Range", "bytes=0-3"),
        ("Accept", "text/html"),
        ("Accept", "image/jpeg"),
        ("If-Modified-Since", "Sat, 1 Jan 2050 00:00:00 GMT"),
    ):
        assert shown.get("/pictures/0/0/small", (name, value)).body == whole.body


def test_the_ledger_is_not_made_by_looking(tmp_path: Path) -> None:
    with open_house(fill(tmp_path / "photos"), tmp_path) as made:
        for path in READS:
            made.get(filled(path, ["0", "0", "small"]))
        assert not (tmp_path / "ledger.sqlite").exists()


def test_a_page_that_nobody_looks_at_takes_no_notice_away(house: House) -> None:
    house.post("/groups/0/keeper", image="none", **{"from": "groups/0"})
    assert house.get("/pictures/0/99/small").code == 404
    assert "image is a number" in house.get("/groups/0").text


def test_what_was_marked_in_a_later_part_of_a_large_group_is_in_view(tmp_path: Path) -> None:
    album, content = tmp_path / "photos", encode(scene(1, 96, 72), "PNG")
    album.mkdir()
    for at in range(62):
        (album / f"{at:03}.png").write_bytes(content)
    with open_house(album, tmp_path) as large:
        answer = large.post("/groups/0/mark", image=61)
        shown = large.get("/groups/" + (answer["location"] or "").rpartition("groups/")[2])
    assert "Part 2 of 2" in shown.text
    assert 'aria-label="Compare 061.png"' in shown.text


def test_a_plan_by_which_nothing_goes_says_so(house: House) -> None:
    for path in house.album.glob("1-*.jpg"):
        path.unlink()
    at = next(at for at, one in enumerate(house.desk.review.subject.groups) if "1-best" in one.keeper.ref.path)
    keeper = in_order(house.desk.review.group(at)).index(house.desk.review.group(at).keeper)
    house.post(f"/groups/{at}/mark", image=(keeper + 1) % 3)
    assert "1 image was chosen to go" in Page(house.get("/plan").text).text
    house.post("/plan")
    house.done()
    text = Page(house.get("/plan").text).text
    assert "Nothing goes The plan is in" in text
    assert "1 image stays although chosen to go" in text
