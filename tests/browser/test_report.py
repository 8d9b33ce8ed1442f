"""Pages of findings, comparisons and tuning in a real browser."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from conftest import encode, scene
from lookalike.report import tunings
from lookalike.report.groups import findings_page
from lookalike.report.leaks import leaks_page
from report_documents import drawn, hostile, leaks, many, tuning

COUNT = 5000
VIEWS: list[dict[str, Any]] = [
    {"color_scheme": "light"}, {"color_scheme": "dark"}, {"color_scheme": "light", "media": "print"},
]  # fmt: skip
PAINTED = """() => new Promise(done => {
  const given = () => performance.getEntriesByName("first-contentful-paint")[0];
  const look = () => given() ? done(given().startTime) : setTimeout(look, 20);
  look();
})"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a page of 5,000 groups, one of a few, one of hostile names, one of leaks, of tuning and of a comparison."""
    folder = tmp_path_factory.mktemp("reports")
    failures = [
        {"path": f"photos/{at}.jpg", "stage": "decode", "kind": "damaged", "reason": "ends early"} for at in range(9)
    ]
    pages = {
        "large": findings_page(many(COUNT), drawn),
        "small": findings_page(
            many(16) | {"failures": failures, "warnings": ["a warning"]}, drawn, incomplete=["b: denied"]
        ),
        "hostile": findings_page(hostile(), drawn),
        "tuning": tunings.tuning_page(tuning(), "lookalike find photos"),
        "leaks": leaks_page(leaks(5), drawn),
    }
    for name, parts in pages.items():
        (folder / f"{name}.html").write_text("".join(parts), "utf-8")
    picture = scene(1, 640, 480)
    (folder / "a.png").write_bytes(encode(picture, "PNG"))
    (folder / "b.jpg").write_bytes(encode(picture.resize((320, 240)), quality=40))
    command("compare", folder / "a.png", folder / "b.jpg", "--output", folder / "comparison.html")
    return {path.stem: path for path in folder.glob("*.html")}


def command(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "lookalike", *arguments], check=True, capture_output=True, timeout=180)


def shown(page: Page) -> list[str]:
    groups: list[str] = page.locator(".group:not([hidden])").evaluate_all("groups => groups.map(group => group.id)")
    return groups


def test_5000_groups_open_at_once(reports: dict[str, Path], page: Page, record_property: Callable[..., None]) -> None:
    page.goto(reports["large"].as_uri())
    painted = page.evaluate(PAINTED)
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    size = reports["large"].stat().st_size
    told = f"{COUNT:,} groups, {size / 1e6:.1f} MB: first paint {painted:.0f} ms, ready {ready:.0f} ms"
    sys.stdout.write(told + "\n")
    record_property("opening", told)
    assert size <= 40_000_000
    assert page.locator(".group").count() == COUNT
    assert page.locator(".group").first.evaluate("group => getComputedStyle(group).contentVisibility") == "auto"
    assert (
        page.locator(".group")
        .first.evaluate("group => getComputedStyle(group).containIntrinsicHeight")
        .startswith("auto ")
    )
    lazy = page.locator("img").evaluate_all(
        "images => images.every(image => image.loading === 'lazy' && image.decoding === 'async')"
    )
    assert lazy
    unpainted = "groups => groups.filter(group => !group.checkVisibility({contentVisibilityAuto: true})).length"
    assert page.locator(".group h3").evaluate_all(unpainted) > COUNT - 100, "what is not in sight is not laid out"


def test_groups_are_sorted_and_counted(reports: dict[str, Path], page: Page) -> None:
    page.goto(reports["large"].as_uri())
    count = page.get_by_role("status")
    assert count.text_content() == "5,000 groups"
    first = shown(page)
    page.get_by_label("Sort").select_option("space")
    savings = page.locator(".group").evaluate_all("groups => groups.map(group => Number(group.dataset.saving))")
    assert savings == sorted(savings, reverse=True)
    page.get_by_label("Sort").select_option("risk")
    assert shown(page) == first
    tiers = page.locator(".group").evaluate_all("groups => groups.map(group => group.dataset.tiers)")
    assert all("similar" in tier for tier in tiers[:100])
    assert tiers[-1] == "exact"


def test_groups_are_filtered_by_tier_and_by_folder(reports: dict[str, Path], page: Page) -> None:
    page.goto(reports["large"].as_uri())
    page.get_by_role("combobox", name="Tier").select_option("edit")
    edits = shown(page)
    assert 0 < len(edits) < COUNT
    assert page.get_by_role("status").text_content() == f"{len(edits):,} of 5,000 groups"
    page.get_by_label("Folder or name").fill("BACKUP/2002/c")
    both = shown(page)
    assert 0 < len(both) < len(edits)
    assert all("backup/2002/c/" in text for text in page.locator(".group:not([hidden])").all_text_contents())
    page.get_by_label("Sort").select_option("space")
    assert set(shown(page)) == set(both)
    page.get_by_label("Folder or name").fill("no such folder")
    assert shown(page) == []
    assert page.get_by_role("status").text_content() == "0 of 5,000 groups"
    page.get_by_label("Folder or name").press("Escape")
    assert set(shown(page)) == set(edits)


def test_all_of_it_can_be_done_with_the_keyboard(reports: dict[str, Path], page: Page) -> None:
    page.goto(reports["small"].as_uri())
    order = shown(page)
    focused = "document.activeElement.id"
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == order[at]
        assert page.locator(f"#{order[at]}").evaluate(
            "group => { const box = group.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight; }"
        )
    outline = page.locator(f"#{order[0]}").evaluate("group => getComputedStyle(group).outlineStyle")
    assert outline == "solid", "what has the focus is seen"
    page.keyboard.press("/")
    assert page.evaluate(focused) == "filter"
    page.keyboard.type("jk/j")
    assert page.get_by_label("Folder or name").input_value() == "jk/j", "keys are text where text is typed"
    page.get_by_label("Folder or name").fill("IMG_00012")
    page.keyboard.press("Tab")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "g12", "what is filtered out is passed over"
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the groups"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#groups"


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour as WCAG 2 defines it."""
    levels = [int(level) / 255 for level in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["small", "hostile", "tuning", "comparison", "leaks"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(reports: dict[str, Path], page: Page, name: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(reports[name].as_uri())
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    # Or the colours of what is out of sight are not looked at.
    page.locator(".group").evaluate_all("groups => groups.forEach(group => group.style.contentVisibility = 'visible')")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 15
    unsure = [
        node["html"]
        for rule in found.response["incomplete"]
        if rule["id"] == "color-contrast"
        for node in rule["nodes"]
    ]
    assert all(html.startswith("<text") for html in unsure), "of what it cannot tell there is text in drawings only"
    for chart in page.locator(".chart").all():
        ink, card = chart.evaluate(
            "one => [getComputedStyle(one).fill, getComputedStyle(one.parentElement).backgroundColor]"
        )
        lighter, darker = sorted((luminance(ink), luminance(card)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize("name", ["small", "tuning", "comparison", "leaks"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_it_looks_well(
    reports: dict[str, Path], page: Page, screenshots: Path, name: str, view: dict[str, Any]
) -> None:
    page.emulate_media(**view)
    page.goto(reports[name].as_uri())
    dark = view["color_scheme"] == "dark"
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    levels = [int(level) for level in paper.removeprefix("rgb(").removesuffix(")").split(",")]
    assert (max(levels) < 64) if dark else (min(levels) > 192)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the side"
    page.screenshot(path=screenshots / f"{name}-{'-'.join(view.values())}.png")
    if name == "small":
        page.locator("#groups").evaluate("groups => groups.scrollIntoView()")
        page.screenshot(path=screenshots / f"{name}-groups-{'-'.join(view.values())}.png")
    if "media" in view:
        return
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nor on a telephone"
    page.screenshot(path=screenshots / f"{name}-{'-'.join(view.values())}-narrow.png")


def test_paper_has_all_groups_whole_and_no_controls(reports: dict[str, Path], page: Page, screenshots: Path) -> None:
    page.goto(reports["small"].as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".controls").is_visible()
    assert not page.locator("nav").is_visible()
    style = page.locator(".group").first.evaluate(
        "group => [getComputedStyle(group).breakInside, getComputedStyle(group).contentVisibility]"
    )
    assert style == ["avoid", "visible"]
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.pdf(path=screenshots / "small.pdf", format="A4")


def test_without_scripts_all_is_there(reports: dict[str, Path], browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["small"].as_uri())
    assert page.locator(".group").count() == 16
    assert page.locator(".group").last.is_visible()
    assert not page.locator(".controls").is_visible()
    assert page.get_by_text("photos/8.jpg").is_visible()
    context.close()


def test_nothing_of_a_name_is_run(reports: dict[str, Path], page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a name opened a dialog: {dialog.message}"))
    page.goto(reports["hostile"].as_uri())
    assert page.locator("img").evaluate_all("images => images.every(image => image.src.startsWith('data:'))")
    assert page.locator("script").count() == 1
    assert page.get_by_role("status").text_content() == "8 groups"


def test_the_policy_stops_what_the_page_does_not_bring(reports: dict[str, Path], browser: Browser) -> None:
    page = browser.new_page()
    failed: list[str | None] = []
    page.on("requestfailed", lambda request: failed.append(request.failure))
    page.goto(reports["hostile"].as_uri())
    page.evaluate("""() => {
        window.stopped = [];
        document.addEventListener("securitypolicyviolation", event => stopped.push(event.effectiveDirective));
        const add = (tag, values) => document.body.append(Object.assign(document.createElement(tag), values));
        add("script", {textContent: "window.broken = 1"});
        add("img", {src: "http://127.0.0.1:9/x.png"});
        add("style", {textContent: "body { display: none !important; }"});
        document.body.insertAdjacentHTML("beforeend", "<p onclick='window.broken = 2' id='inline'>x</p>");
        document.getElementById("inline").click();
    }""")
    page.wait_for_function("stopped.length >= 4")
    assert page.evaluate("stopped.sort()") == ["img-src", "script-src-attr", "script-src-elem", "style-src-elem"]
    assert failed == ["csp"], "nothing left the machine"
    assert page.evaluate("window.broken") is None
    assert page.locator("body").is_visible()
    page.close()


def test_what_find_writes_of_hostile_files_runs_nothing(tmp_path: Path, page: Page) -> None:
    folder = os.fsencode(tmp_path / "<img src=x onerror=alert(1)>")
    os.makedirs(folder)
    names = (
        b"<img src=x onerror=alert(1)>.jpg", b'"><svg onload=alert(2)>.jpg', b"'-alert(3)-'.jpg", b"line\nbreak\x1b[2J.jpg",
        b"caf\xe9.jpg", b"<!--.jpg", b"<script>alert(4)<&#x2f;script>.jpg", "\u202egpj.jpg".encode(), b"{{ 7*7 }}.jpg",
    )  # fmt: skip
    for at, name in enumerate(names):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(encode(scene(at % 3, 320, 240), quality=70 + at))
    with open(os.path.join(folder, b"<b>broken</b>.jpg".replace(b"/", b"_")), "wb") as file:
        file.write(encode(scene(5))[:300])
    page.on("dialog", lambda dialog: pytest.fail(f"a name opened a dialog: {dialog.message}"))
    command("find", os.fsdecode(folder), "--no-catalog", "--quiet", "--output", tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator(".group").count() == 3
    assert page.locator("img").count() == len(names)
    widths = page.locator("img").evaluate_all(
        "images => Promise.all(images.map(image => image.decode().then(() => image.naturalWidth)))"
    )
    assert widths == [128] * len(names)
    page.locator("img").first.click()
    text = page.locator("main").text_content() or ""
    for shown_name in (
        "<img src=x onerror=alert(1)>.jpg",
        "line\\nbreak\\x1b[2J.jpg",
        "{{ 7*7 }}.jpg",
        "\\u202egpj.jpg",
    ):
        assert shown_name in text
    assert "<b>broken<_b>.jpg" in (page.locator("#failures").text_content() or "")
