"""The review in a real browser: from found groups to removed files and back, by mouse, by keys, and without JavaScript."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect

from conftest import encode, scene

HOSTILE = "<img src=x onerror=alert(1)>.jpg"
QUOTED = "a\"b'c\nd.jpg"


@pytest.fixture
def photos(put: Callable[..., Path], tmp_path: Path) -> Path:
    """Make a folder: a group of equal files, one of a copy, one of an edit and a copy, one of hostile names."""
    for name in ("same.png", "same again.png"):
        put(f"photos/{name}", encode(scene(1), "PNG"))
    put("photos/large.png", encode(scene(2), "PNG"))
    put("photos/small.jpg", encode(scene(2).resize((240, 180)), quality=80))
    put("photos/plain.png", encode(scene(3), "PNG"))
    put("photos/plain-small.jpg", encode(scene(3).resize((320, 240)), quality=85))
    put("photos/gray.jpg", encode(scene(3).convert("L"), quality=90))
    exif = Image.Exif()
    exif[0x010E], exif[0x010F] = "<script>document.title='hacked'</script>", "Cam\"era'"
    put(f"photos/{HOSTILE}", encode(scene(4), exif=exif))
    put(f"photos/{QUOTED}", encode(scene(4).resize((300, 225)), exif=exif))
    put("photos/broken.jpg", b"\xff\xd8\xff\xe0 no picture")
    return tmp_path / "photos"


@contextmanager
def running(*words: object, page: Page | None = None) -> Iterator[str]:
    """Run `lookalike review` and offer its address; at the end it must leave with exit code 0."""
    command = [sys.executable, "-m", "lookalike", "review", *map(str, words), "--no-browser", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    left = False
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.stderr.read()
        yield address
        if page is not None:
            left = page.title().startswith("Closed")  # by Quit: it is ending by itself
            page.goto("about:blank")  # what a page still loads when the app has gone is an error on its console
    finally:
        if not left:
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


def enter(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("h1")).to_contain_text("of the same picture")


def press(page: Page, key: str) -> None:
    """Press a key, once the page has learned what keys mean."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


def open_group(page: Page, name: str) -> None:
    """Open the group whose keeper has a name, from the list."""
    press(page, "l")
    page.locator("ol.list a", has_text=name).click()
    expect(page.locator(".viewer")).to_be_visible()


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder))


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def word(page: Page, name: str) -> str:
    """Return what becomes of an image, as its card says."""
    return page.locator(".card", has=page.locator(".path", has_text=f"/{name}")).locator(".word").inner_text().lower()


def test_from_find_to_review_to_apply_to_undo(photos: Path, page: Page) -> None:
    before = contents(photos)
    findings = photos.parent / "findings.json"
    find = [sys.executable, "-m", "lookalike", "find", str(photos), "--output", str(findings), "--quiet"]
    assert subprocess.run(find, check=True, capture_output=True).stdout == b""
    with running(findings, page=page) as address:
        enter(page, address)
        expect(page.locator("h1")).to_have_text("4 groups of the same picture")
        page.get_by_role("link", name=re.compile("Accept all exact:")).click()
        expect(page.locator("h1")).to_have_text("Accept 1 group?")
        page.get_by_role("button", name="Accept 1 group").click()
        expect(page.get_by_role("alert")).to_contain_text("1 group accepted")
        open_group(page, "large.png")
        assert (word(page, "large.png"), word(page, "small.jpg")) == ("keeper", "goes")
        press(page, "a")
        expect(page.locator("header [role=status]")).to_have_text("2 of 4 groups done")
        open_group(page, "plain.png")
        assert (word(page, "plain.png"), word(page, "gray.jpg")) == ("keeper", "stays")
        page.get_by_role("link", name="Finish", exact=True).click()
        page.get_by_role("button", name="Make the plan").click()
        expect(page.locator("h1")).to_have_text("2 images go", timeout=20_000)
        assert names(photos) == set(before)  # a plan touches nothing
        written = re.search(r"\S+\.json", page.locator("main").inner_text())
        assert written is not None
        assert Path(written[0]).is_file()
        page.get_by_role("button", name="Move 2 images to the quarantine").click()
        expect(page.locator("h1")).to_contain_text("2 images removed", timeout=20_000)
        gone = set(before) - names(photos)
        assert "small.jpg" in gone
        assert len(gone) == 2
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("h1")).to_contain_text("2 files back", timeout=20_000)
        assert contents(photos) == before
        page.get_by_role("link", name="Back to the groups").click()
        expect(page.locator("main")).to_contain_text("0 groups decided, 4 open")
        page.get_by_role("button", name="Quit").click()
        expect(page.locator("h1")).to_have_text("The review is closed")


def test_every_key(photos: Path, page: Page) -> None:
    with running(photos, page=page) as address:
        enter(page, address)
        press(page, "Enter")  # start: the least certain group comes first
        expect(page.locator("h1")).to_contain_text("1 of 4")
        press(page, "j")
        expect(page.locator("h1")).to_contain_text("2 of 4")
        press(page, "k")
        expect(page.locator("h1")).to_contain_text("1 of 4")
        keeper = page.locator(".card.keeper .path").inner_text()
        press(page, "2")
        expect(page.locator(".card.keeper .path")).not_to_have_text(keeper)
        press(page, "u")
        expect(page.locator(".card.keeper .path")).to_have_text(keeper)
        first = page.locator(".pane[data-pane='2'] .path").inner_text()
        press(page, "ArrowRight")
        expect(page.locator(".pane[data-pane='2'] .path")).not_to_have_text(first)
        press(page, "ArrowLeft")
        expect(page.locator(".pane[data-pane='2'] .path")).to_have_text(first)
        marked = page.locator(".card.compared button[aria-pressed]")
        was = marked.get_attribute("aria-pressed")
        press(page, "x")
        expect(marked).to_have_attribute("aria-pressed", "false" if was == "true" else "true")
        press(page, "x")
        expect(marked).to_have_attribute("aria-pressed", str(was))
        press(page, "n")
        expect(page.locator("h1")).not_to_contain_text("1 of 4")
        place = page.locator("h1").inner_text()
        press(page, "a")
        expect(page.locator("h1")).not_to_have_text(place)
        press(page, "l")
        expect(page.locator("main")).to_contain_text("2 groups decided, 2 open")
        expect(page.locator(".status.decided", has_text="no duplicates")).to_have_count(1)
        press(page, "u")
        expect(page.get_by_role("alert")).to_contain_text("taken back")
        press(page, "l")
        expect(page.locator("main")).to_contain_text("1 group decided, 3 open")
        press(page, "Enter")
        expect(page.locator(".viewer")).to_be_visible()
        press(page, "?")
        expect(page.locator("details.help")).to_have_attribute("open", "")
        press(page, "o")
        expect(page.locator(".viewer")).to_be_visible()
    listed = subprocess.run(
        [sys.executable, "-m", "lookalike", "decide", "list"], capture_output=True, text=True, check=True
    ).stdout
    assert "different" in listed  # what n said holds for every later search
    with running(photos, page=page) as address:
        enter(page, address)
        expect(page.locator("h1")).to_have_text("3 groups of the same picture")


def test_blink_difference_and_zoom(photos: Path, page: Page) -> None:
    with running(photos, page=page) as address:
        enter(page, address)
        open_group(page, "large.png")
        panes = [page.locator(f".pane[data-pane='{at}']") for at in (1, 2, 3)]

        def shown() -> list[bool]:
            return [pane.is_visible() for pane in panes]

        assert shown() == [True, True, False]
        press(page, " ")
        assert shown() == [True, False, False]
        box = panes[0].locator("img").bounding_box()
        press(page, " ")
        assert shown() == [False, True, False]
        assert panes[1].locator("img").bounding_box() == box  # or nothing could be seen by blinking
        press(page, "d")
        assert shown() == [False, False, True]
        drawn = panes[2].locator("img")
        expect(drawn).to_have_js_property("complete", value=True)
        assert drawn.evaluate("img => img.naturalWidth") > 200
        press(page, "s")
        assert shown() == [True, True, False]
        press(page, "+")
        press(page, "+")
        matrix = "img => getComputedStyle(img).transform"
        one, other = (pane.locator("img").evaluate(matrix) for pane in panes[:2])
        assert one == other
        assert one.startswith("matrix(2.25")
        expect(panes[0].locator("img")).to_have_attribute("src", re.compile("/full$"))
        stage = panes[1].locator(".stage")
        stage.hover()
        page.mouse.down()
        page.mouse.move(300, 300, steps=3)
        page.mouse.up()
        moved, alike = (pane.locator("img").evaluate(matrix) for pane in panes[:2])
        assert moved == alike != one
        page.mouse.wheel(0, 120)
        assert panes[0].locator("img").evaluate(matrix) != moved
        press(page, "0")
        assert panes[0].locator("img").evaluate(matrix) == "matrix(1, 0, 0, 1, 0, 0)"
        press(page, "d")
        press(page, "j")
        expect(page.locator(".viewer")).to_have_attribute(
            "data-mode", "difference"
        )  # the next group is looked at alike


def test_keys_mean_the_same_wherever_the_focus_is(photos: Path, page: Page) -> None:
    with running(photos, page=page) as address:
        enter(page, address)
        open_group(page, "large.png")
        panes = [page.locator(f".pane[data-pane='{at}']") for at in (1, 2)]
        page.wait_for_load_state("load")
        for _ in range(3):
            page.keyboard.down(" ")  # held: one press, and the page stays where it is
        page.keyboard.up(" ")
        assert [pane.is_visible() for pane in panes] == [True, False]
        assert page.evaluate("scrollY") == 0
        page.locator("a.home").focus()
        press(page, " ")  # of no meaning to a link
        assert [pane.is_visible() for pane in panes] == [False, True]
        page.locator("[data-look=side]").focus()
        press(page, " ")  # its own press
        assert [pane.is_visible() for pane in panes] == [True, True]


def test_names_and_exif_are_text(photos: Path, page: Page) -> None:
    asked: list[Dialog] = []
    page.on("dialog", lambda dialog: asked.append(dialog))  # noqa: PLW0108 - it is asked for its signature
    with running(photos, page=page) as address:
        enter(page, address)
        assert HOSTILE in page.locator("ol.list").inner_text()
        assert "broken.jpg" in str(page.locator("details").text_content())
        open_group(page, HOSTILE)
        assert HOSTILE in page.locator("main").inner_text()
        assert "a\"b'c\\nd.jpg" in page.locator("main").inner_text()
        assert "<script>document.title='hacked'</script>" in page.locator(".facts").inner_text()
        assert "hacked" not in page.title()
        press(page, "a")
        page.get_by_role("link", name="Finish", exact=True).click()
        page.get_by_role("button", name="Make the plan").click()
        page.get_by_role("button", name=re.compile("Move 1 image")).click(timeout=20_000)
        expect(page.locator("h1")).to_contain_text("1 image removed", timeout=20_000)
    assert asked == []
    assert QUOTED not in names(photos)
    assert HOSTILE in names(photos)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_worth_looking_at(photos: Path, page: Page, screenshots: Path, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its two texts
    page.context.set_default_timeout(20_000)

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=screenshots / f"review-{name}-{scheme}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == [], name

    with running(photos, page=page) as address:
        enter(page, address)
        look("list")
        open_group(page, "plain")
        look("group")
        press(page, "d")
        look("difference")
        press(page, "s")
        press(page, "x")
        look("marked")
        page.goto(re.sub(r"\?.*", "accept/copy", address))
        look("accept")
        page.get_by_role("button", name=re.compile("^Accept")).click()
        page.get_by_role("link", name="Finish", exact=True).click()
        look("finish")
        page.get_by_role("button", name="Make the plan").click()
        page.get_by_role("button", name=re.compile("Move")).wait_for()
        look("plan")
        page.get_by_label("That is right").check()  # over half of the folder would go
        page.get_by_role("button", name=re.compile("Move")).click()
        page.get_by_role("button", name="Undo").wait_for()
        look("result")
        page.get_by_role("button", name="Quit").click()
        expect(page.locator("h1")).to_have_text("The review is closed")
        look("closed")


def test_without_javascript_everything_but_the_viewer_works(photos: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with running(photos) as address:
        page.goto(address)
        expect(page.locator("h1")).to_contain_text("of the same picture")
        page.locator("ol.list a", has_text="large.png").click()
        page.get_by_role("button", name=re.compile("Accept the proposal")).click()
        page.get_by_role("link", name="Finish", exact=True).click()
        page.get_by_role("button", name="Make the plan").click()
        page.get_by_role("button", name=re.compile("Move 1 image")).click(timeout=20_000)
        expect(page.locator("h1")).to_contain_text("1 image removed", timeout=20_000)
        assert "small.jpg" not in names(photos)
    context.close()


def test_a_second_review_goes_on_where_the_first_stopped(photos: Path, page: Page) -> None:
    with running(photos, page=page) as address:
        enter(page, address)
        open_group(page, "same")
        press(page, "a")
        expect(page.locator("header [role=status]")).to_have_text("1 of 4 groups done")
    with running(photos, page=page) as address:
        enter(page, address)
        expect(page.locator("main")).to_contain_text("1 group decided, 3 open; 1 image chosen to go")
        press(page, "Enter")
        expect(page.locator("h1")).not_to_contain_text("4 of 4")


def test_a_page_elsewhere_can_do_nothing(photos: Path, browser: Browser, tmp_path: Path) -> None:
    """Another page in the same browser sends forms and asks for pictures; the cookie does not go along."""
    before = contents(photos)
    with running(photos, "--catalog", tmp_path / "c.sqlite") as address:
        context = browser.new_context()
        ours = context.new_page()
        enter(ours, address)
        top = address.partition("?")[0]
        evil = tmp_path / "evil.html"
        evil.write_text(
            f'<form id=f method=post action="{top}accept/exact"><input name=form value=x></form>'
            f'<img id=i src="{top}pictures/0/0/view"><iframe src="{top}"></iframe>'
        )
        theirs = context.new_page()
        theirs.goto(evil.as_uri())
        theirs.wait_for_load_state("networkidle")
        assert theirs.locator("#i").evaluate("img => img.naturalWidth") == 0
        theirs.locator("#f").evaluate("form => form.submit()")
        expect(theirs.locator("body")).to_contain_text("not been there")
        ours.reload()
        expect(ours.locator("main")).to_contain_text("0 groups decided")
        context.close()
    assert contents(photos) == before
