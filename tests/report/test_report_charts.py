"""Small charts: what is drawn is what was given, to the eye and to the ear."""

import re
from xml.etree import ElementTree as ET

import pytest

from lookalike.report.charts import LABEL, LEFT, VALUE, WIDTH, Bar, Curve, bars, curves, swatch


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # well-formed also as XML


def test_bars_are_as_long_as_their_values() -> None:
    drawn = parsed(bars("one", "Title", [Bar("a", 50, "fifty"), Bar("b", 25, "half", "exact"), Bar("c", 0, "none")]))
    rects = drawn.findall("rect")
    longest = WIDTH - LABEL - VALUE
    assert [float(rect.attrib["width"]) for rect in rects] == [longest, longest / 2, 1]
    assert rects[1].attrib["class"] == "bar exact"
    assert [text.text for text in drawn.findall("text")] == ["a", "fifty", "b", "half", "c", "none"]


def test_a_drawing_is_told_in_words() -> None:
    drawn = parsed(bars("sizes", "Groups & sizes", [Bar("2 <images>", 3, '"three"\n')]))
    assert drawn.attrib["role"] == "img"
    names = drawn.attrib["aria-labelledby"].split()
    assert names == [drawn.find("title").attrib["id"], drawn.find("desc").attrib["id"]]  # type: ignore[union-attr]
    assert drawn.findtext("title") == "Groups & sizes"
    assert drawn.findtext("desc") == '2 <images>: "three"\\n'


def test_bars_of_nothing_are_drawn() -> None:
    assert len(parsed(bars("one", "Title", [Bar("a", 0, "0")])).findall("rect")) == 1


def points(element: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in element.attrib["points"].split())]


def test_shares_rise_from_the_bottom_to_the_top() -> None:
    best = Curve("phash 8", [0, 0.25, 0.5], [0, 0.5, 1], 1, 2, 1, [0, 0.4, 0.9], [0.1, 0.6, 1])
    drawn = parsed(
        curves("recall", "Recall", [best, Curve("dhash 8", [0, 0.1], [0, 0], 0)], across="radius", up="recall")
    )
    other, line = drawn.findall("polyline")
    assert line.attrib["class"] == "curve c2 d1 best", "the best is drawn last, above the others"
    assert other.attrib["class"] == "curve c0 d0"
    (left, bottom), (_, middle), (_, top) = points(line)
    assert (left, middle) == (LEFT, (bottom + top) / 2)
    assert top < bottom
    assert len(points(drawn.findall("polygon")[0])) == 6
    dot = drawn.findall("circle")[-1]
    assert (float(dot.attrib["cx"]), float(dot.attrib["cy"])) == points(line)[1]
    assert "phash 8: 50% at 25%; dhash 8: 0% at 0%" in drawn.findtext("desc", "")


@pytest.mark.parametrize(
    ("most", "labels"), [(0, ["0", "1"]), (1, ["0", "1"]), (250, ["0", "1", "10", "100", "1,000"])]
)
def test_counts_are_drawn_by_their_powers_of_ten(most: float, labels: list[str]) -> None:
    drawn = parsed(curves("false", "False", [Curve("a", [0, 1], [0, most], 1)], across="x", up="y", logarithmic=True))
    texts = [text.text for text in drawn.findall("text") if text.attrib.get("text-anchor") == "end"]
    assert texts == labels
    for _, y in points(drawn.findall("polyline")[0]):
        assert 0 <= y <= 340


def test_a_curve_of_one_point_is_drawn() -> None:
    assert "nan" not in curves("one", "One", [Curve("a", [0], [0.5], 0)], across="x", up="y")


def test_a_swatch_looks_like_its_curve_and_is_not_read_aloud() -> None:
    drawn = parsed(swatch(Curve("a", [0], [0], 0, 9, 4), best=True))
    assert drawn.attrib["aria-hidden"] == "true"
    assert re.search(r"curve c1 d1 best", drawn[0].attrib["class"])
