"""Findings, comparisons and tuning as HTML pages: whole, harmless, within their limit."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from lookalike import report
from lookalike.folders import FolderPair
from lookalike.report import html, tunings
from lookalike.report.comparisons import comparison_page
from lookalike.report.groups import findings_page, fragment, riskiest_first
from lookalike.report.leaks import leaks_page
from report_documents import HOSTILE, NAMES, drawn, findings, group, hostile, leaks, many, tuning

VOID = {"meta", "img", "input", "rect", "line", "circle", "polyline", "polygon"}
OPTIONAL = {"dt", "dd"}
BLOCKS = {"td", "th", "dt", "dd", "p", "li", "div", "tr", "h1", "h2", "h3", "figcaption", "title", "desc", "option"}
LOADING = {"src", "href", "action", "data", "poster", "srcset", "xlink:href", "formaction", "background"}


@dataclass
class Seen(HTMLParser):
    """What a browser would find on a page; fails where tags do not match."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag in BLOCKS:
            self.texts.append((tag, " "))
        if tag not in VOID | OPTIONAL:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in OPTIONAL:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    @property
    def text(self) -> str:
        return " ".join("".join(text for tag, text in self.texts if tag not in ("style", "script")).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def seen(parts: Iterator[str] | str) -> Seen:
    page = Seen()
    page.feed("".join(parts))
    page.close()
    assert page.open == []
    return page


def compared() -> dict[str, Any]:
    row = {
        "path": HOSTILE, "tier": "edit", "score": 0.5, "relation": HOSTILE,
        "distances": {"phash": {"distance": 3, "bits": 64, "share": 3 / 64}},
        "evidence": {"inner": "first", "changed": 3, "first_lacks": [], "level": {"inner": 12.3456}},
    }  # fmt: skip
    return {"version": 1, "path": HOSTILE, "compared": [row, row | {"tier": "none", "evidence": {}}]}


PAGES = {
    "findings": lambda: findings_page(hostile(), drawn, incomplete=NAMES, folders=[FolderPair(HOSTILE, "", 2, 3, 4)]),
    "nothing": lambda: findings_page(findings([]), drawn),
    "comparison": lambda: comparison_page(compared(), [[b"1", b"2", b"3"]] * 2),
    "tuning": lambda: tunings.tuning_page(tuning(), f"lookalike find {HOSTILE}"),
    "leaks": lambda: leaks_page(leaks(name=HOSTILE), drawn),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_and_runs_nothing_that_is_not_its_own(name: str) -> None:
    page = seen(PAGES[name]())
    for tag, attributes in page.tags:
        assert not [key for key in attributes if key.startswith("on") or key == "style"], (tag, attributes)
        for key in LOADING & attributes.keys():
            assert attributes[key].startswith(("data:image/", "#")), (tag, attributes)
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base", "form", "foreignobject"}
    (policy,) = (meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert (rules.pop("default-src"), rules.pop("img-src")) == ("'none'", "data:")
    (style,) = (text for tag, text in page.texts if tag == "style")
    scripts = [text for tag, text in page.texts if tag == "script"]
    assert rules.pop("style-src") == digest(style)
    assert rules.pop("script-src") == (digest(*scripts) if scripts else "'none'")
    assert len(page.all("style")) == 1
    assert len(page.all("script")) == len(scripts) == (name in ("findings", "nothing", "leaks"))
    assert rules == {"base-uri": "'none'", "form-action": "'none'"}
    assert "url(" not in style
    assert "@import" not in style


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_aloud_and_by_machines(name: str) -> None:
    page = seen(PAGES[name]())
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        for key in ("aria-labelledby", "for"):
            assert set(attributes.get(key, "").split()) <= set(ids)
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert all(image["alt"] for image in page.all("img"))
    assert all(head["scope"] for head in page.all("th"))
    for drawing in page.all("svg"):
        assert drawing.get("role") == "img" or drawing.get("aria-hidden") == "true"


def test_names_are_text_and_nothing_else() -> None:
    page = seen(PAGES["findings"]())
    for name in NAMES:
        shown = " ".join(report.plain(name).split())
        assert page.text.count(shown) >= 8, name
    everything = "".join(PAGES["findings"]())
    assert not set(everything) & ({chr(code) for code in range(32)} - {"\n"} | {"\x7f", "\u202e"})
    everything.encode("utf-8")
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == 2 * len(NAMES)
    assert "49.jpg" not in page.text, "a name is no template"
    for other in ("comparison", "tuning", "leaks"):
        assert HOSTILE in seen(PAGES[other]()).text


def test_the_least_certain_come_first() -> None:
    groups = [
        group(1, {"tier": "exact", "score": 1.0}),
        group(2, {"tier": "copy", "score": 0.9, "distance_share": 0.1}),
        group(3, {"tier": "copy", "score": 0.9, "distance_share": 0.2}),
        group(4, {"tier": "edit", "score": 0.99}),
        group(5, {"tier": "exact"}, {"tier": "copy", "score": 0.8}),
        group(6, {"tier": None, "score": None, "role": "similar"}),
        group(7, {"tier": "similar", "score": 0.4, "role": "similar"}),
    ]
    assert [row["id"] for row in riskiest_first(groups)] == [6, 7, 4, 5, 3, 2, 1]
    shown = [article["id"] for article in seen(findings_page(findings(groups), drawn)).all("article")]
    assert shown == ["g6", "g7", "g4", "g5", "g3", "g2", "g1"]


def test_all_that_is_known_of_an_image_is_said() -> None:
    other = {"frames": 3, "parts": [{"path": "backup/1-0.raw"}], "reason": "bytes 9 > 8", "keeper": "photos/1.jpg"}
    text = seen(findings_page(findings([group(1, other)]), drawn)).text
    for said in (
        "Group 1 2 images, 1.0 kB in duplicates, lowest score 0.997", "photos/1.jpg", "keeper",
        "stays: resolution 800x600 > 400x300", "backup/1-0.jpg", "copy half size, recompressed", "800 \u00d7 600, 91.2 kB",
        "JPEG, quality 85, 3 frames, with 1-0.raw", "2 bits (3.1%), score 0.997", "goes with clean", "bytes 9 > 8",
    ):  # fmt: skip
        assert said in text, said
    assert "of photos/1.jpg" not in text, "the keeper of the group is not named at each member"
    third = group(1, other, {"keeper": "backup/1-0.jpg"})
    assert "of backup/1-0.jpg" in seen(findings_page(findings([third]), drawn)).text


def test_failures_warnings_options_and_counts_are_shown() -> None:
    failures = [{"path": "a/x.jpg", "stage": "decode", "kind": "damaged", "reason": "truncated after 1,204 bytes"}]
    document = findings([group(1, {})], failures=failures, warnings=["radius 30 is wide"])
    document["stats"]["against"] = {"matched": 3, "unmatched": 4, "unreadable": 5}
    page = seen(findings_page(document, drawn, incomplete=["b: denied"], folders=[FolderPair("a", "b", 2, 3, 4000)]))
    for said in (
        "a/x.jpg decode damaged truncated after 1,204 bytes", "radius 30 is wide", "incomplete: b: denied", "12,345",
        "81.2 MB", "Skipped: 3 not an image.", "a in b: 2 of 3 images, 4.0 kB", "matched, against the reference",
        "kernel avx2", "protect none",
    ):  # fmt: skip
        assert said in page.text, said


def sizes(pages: Sequence[str]) -> int:
    return sum(len(text.encode()) for text in pages)


def nothing(groups: Sequence[Any]) -> Iterator[bytes | None]:
    yield from [None] * sum(len(row["members"]) for row in groups)


def test_what_does_not_fit_is_left_out_pictures_first_and_said() -> None:
    document = many(60)
    whole = list(findings_page(document, drawn))
    members = sum(len(row["members"]) for row in document["groups"])
    assert "left-out" not in "".join(whole)
    pictures = [image["src"] for image in seen(iter(whole)).all("img")]
    assert (len(pictures), html.NO_PICTURE in pictures) == (members, False)

    fewer = list(findings_page(document, drawn, limit=sizes(whole) - 2000))
    assert sizes(whole) - 4000 < sizes(fewer) <= sizes(whole) - 2000
    page = seen(iter(fewer))
    gone = [image["src"] for image in page.all("img")].count(html.NO_PICTURE)
    assert 0 < gone < members
    assert [image["src"] for image in page.all("img")][-gone:] == [html.NO_PICTURE] * gone, (
        "the most certain are left out"
    )
    assert f"{gone:,} pictures left out" in page.text
    assert "--full-pictures" in page.text
    assert len(page.all("article")) == 60

    text = sizes(list(findings_page(document, nothing)))
    least = list(findings_page(document, drawn, limit=text - 20_000))
    page = seen(iter(least))
    shown = page.all("article")
    assert sizes(least) <= text - 20_000
    assert 0 < len(shown) < 60
    assert re.search(rf"\d+ pictures, {60 - len(shown)} groups left out", page.text)

    full = list(findings_page(document, drawn, full=True, limit=10))
    assert [image["src"] for image in seen(iter(full)).all("img")] == pictures


def test_one_enormous_group_does_not_take_the_place_of_all_others() -> None:
    document = findings([group(1, *[{"tier": "edit"}] * 500), *(group(number, {}) for number in range(2, 30))])
    page = seen(findings_page(document, drawn, limit=200_000))
    assert len(page.all("article")) == 28
    assert "1 group left out" in page.text


def test_so_many_failures_leave_room_for_groups() -> None:
    row = {"path": "x" * 4000, "stage": "decode", "kind": "damaged", "reason": "r"}
    document = findings([group(1, {})], failures=[row] * 12_000, warnings=["w" * 4000] * 1000)
    made = list(findings_page(document, drawn))
    page = seen(iter(made))
    assert sizes(made) < 40_000_000
    assert len(page.all("article")) == 1
    assert re.search(r": [\d,]+ failures, [\d,]+ warnings left out", page.text)


def test_pictures_are_asked_for_only_as_far_as_there_is_room() -> None:
    asked = 0

    def counting(groups: Sequence[Any]) -> Iterator[bytes | None]:
        nonlocal asked
        for picture in drawn(groups):
            asked += 1
            yield picture

    document = many(200)
    text = sizes(list(findings_page(document, nothing)))
    list(findings_page(document, counting, limit=text + 20_000))
    assert 100 < asked < sum(len(row["members"]) for row in document["groups"]) // 2


def test_a_piece_for_a_notebook_brings_its_own_style_and_touches_nothing_else() -> None:
    piece = fragment(many(3), drawn)
    page = seen(piece)
    assert [article["id"] for article in page.all("article")] == ["g1", "g2", "g3"], "in the order of the document"
    assert all(image["src"].startswith("data:image/webp") for image in page.all("img"))
    assert page.all("script") == []
    (style,) = (text for tag, text in page.texts if tag == "style")
    for selector in re.findall(r"([^{}]+)\{", re.sub(r"@media[^{]*\{", "", style)):
        assert all(part.strip().startswith(".lookalike") for part in selector.split(",")), selector


def test_tuning_says_on_its_page_what_it_says_in_words() -> None:
    document = tuning()
    page = seen(tunings.tuning_page(document, "lookalike find photos"))
    words = "\n".join(tunings.lines(document, "lookalike find photos"))
    for said in [*re.findall(r"\d[\d.,]*%? \([^)]*\)", words), "lookalike find photos", *document["notes"]]:
        assert " ".join(said.split()) in page.text, said
    assert len([drawing for drawing in page.all("svg") if drawing.get("role") == "img"]) == 2
    assert len(page.all("li")) == len(document["notes"]) + len(document["hashes"])


def test_a_comparison_shows_pictures_verdict_distances_and_evidence() -> None:
    page = seen(PAGES["comparison"]())
    assert [image["src"][-4:] for image in page.all("img")] == ["MQ==", "Mg==", "Mw=="] * 2
    for said in ("edit", "different", "4.7%", "level, inner", "12.35", "A lacks", "None was needed"):
        assert said in page.text, said
