"""Leaks in words and as a page."""

import copy
import re
from typing import Any

import pytest
from test_report_html import seen

from lookalike.report.leaks import leaks_page, lines
from report_documents import drawn, leaks

CLEAN: dict[str, Any] = {
    "groups": [],
    "pairs": [],
    "contradictions": [],
    "by_class": [],
    "failures": [],
    "incomplete": [],
    "warnings": [],
}


def words(**options: object) -> str:
    return "\n".join(lines(leaks(30), **options))  # type: ignore[arg-type]


def test_pairs_are_told_with_their_splits_as_far_as_asked() -> None:
    text = words(show=40)
    assert "  not verified val/cat/1-a.jpg (val)  by way of train/cat/1-a.jpg: test/a.jpg/1-a.jpg (test)" in text
    assert (
        "  edit    test/a.jpg/29-a.jpg (test)  a.jpg of train/cat/29-a.jpg (train), score 0.971, labelled a.jpg and cat"
        in text
    )
    assert "... and 20 more pairs: --show all, or --output FILE.json" in text
    assert len(re.findall("(?m)^  ", words(show=None))) == 60 + 31
    assert "more pairs" not in words(show=None)
    assert "31 contradictions, the same picture in different classes:" in text
    assert "  cat, dog: train/cat/a.jpg (train), train/dog/a.jpg (train)" in text
    assert "a.jpg      3  train 0 of 0; test 3 of 30 (10.0%)" in text
    counts = " ".join(next(line for line in text.splitlines() if line.startswith("train, test")).split())
    assert counts == "train, test 30 10 10 10 30 train 30 of 100 (30.0%); test 30 of 1,000 (3.0%)"
    assert "60 pairs across splits in 30 groups" in text
    assert "1 not read, damaged (a.jpg: a.jpg)" in text
    assert "incomplete: a.jpg" in text


def test_known_pairs_are_counted_and_not_told() -> None:
    document = leaks(2)
    for pair in document["pairs"][:3]:
        pair["known"] = True
    document["stats"]["new"] = 1
    text = "\n".join(lines(document))
    assert "4 pairs across splits in 2 groups, 3 of them in the baseline" in text
    assert len(re.findall(r" \((?:test|val)\)  ", text)) == 1


def test_what_accepts_is_told_when_there_is_a_place_for_it() -> None:
    document = leaks(1) | {"accept": [{"kind": "keep", "images": []}, {"kind": "different", "images": []}]}
    assert "add these lines" not in "\n".join(lines(document))
    text = "\n".join(lines(document, accept="ok\n.jsonl", show=1, suggested="lookalike x"))
    assert 'add these lines to ok\\n.jsonl:\n{"kind": "keep", "images": []}\n... and 1 more decision' in text
    assert text.endswith("Next: lookalike x   (a list of images per split, so that no group lies in two)")


@pytest.mark.parametrize("unread", [0, 1])
def test_nothing_found_is_said_with_what_could_not_be_read(unread: int) -> None:
    document = copy.deepcopy(leaks(0)) | CLEAN
    document["stats"] |= {"pairs": 0, "new": 0, "failed": unread}
    text = "\n".join(lines(document))
    assert ("no picture of one split is in another, as far as they could be read" in text) is bool(unread)
    assert "no picture of one split is in another" in text
    page = seen(leaks_page(document, drawn))
    assert "No picture of one split is in another." in page.text
    assert "No picture lies in folders of different classes." in page.text
    assert page.all("script") == []
    assert "labels are not compared" not in text + page.text
    for split in document["splits"]:
        split["classes"] = 0
    assert "no folders look like classes, so that labels are not compared" in "\n".join(lines(document))
    assert "No folders look like classes, so that labels are not compared" in seen(leaks_page(document, drawn)).text


def test_the_page_has_a_matrix_classes_contradictions_and_the_least_certain_pairs_first() -> None:
    document = leaks(3)
    page = seen(leaks_page(document, drawn))
    assert [article["id"] for article in page.all("article")] == ["g1", "g2", "g3", "c3"]
    assert len(page.all("img")) == 3 * 3 + 2
    for said in (
        "train 1,000 1 3 of 100 (3.0%) 3 of 100 (3.0%)", "test 1,000 1 3 of 1,000 (0.3%) 3 of 1,000 (0.3%)",
        "a.jpg train, test 3 0 of 0 3 of 30 (10.0%)", "cat, dog train/cat/a.jpg (train), train/dog/a.jpg (train)",
        "Group 1 3 images in train, val, test, lowest score 0.999 labelled cat and a.jpg",
        "Contradiction 2 images in train labelled cat and dog", "not verified by way of train/cat/1-a.jpg",
        "copy a.jpg of train/cat/1-a.jpg 2 bits (3.1%), score 0.999", "within as it looks", "incomplete: a.jpg",
    ):  # fmt: skip
        assert said in page.text, said


def test_the_page_stays_within_its_size() -> None:
    document = leaks(300)
    whole = "".join(leaks_page(document, drawn))
    small = "".join(leaks_page(document, drawn, limit=len(whole) // 2))
    assert len(small.encode()) <= len(whole) // 2
    assert "left out, of the most certain groups first" in small
    assert "".join(leaks_page(document, drawn, full=True, limit=1000)) == whole


def test_long_tables_end_and_say_so() -> None:
    document = leaks(1)
    document["by_class"] *= 1500
    document["contradictions"] = [document["contradictions"][-1]] * 1400
    document["contradictions"][0]["members"] *= 15
    page = seen(leaks_page(document, drawn))
    assert "500 more rows in the JSON" in page.text
    assert "400 more contradictions in the JSON" in page.text
    assert "and 10 more images" in page.text
