"""Comparisons of two images as one HTML page: pictures, verdict, distances and evidence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lookalike.report.html import page, source

FIRST, SECOND = "A", "B"


def comparison_page(document: Mapping[str, Any], pictures: Sequence[Sequence[bytes]]) -> Iterator[str]:
    """Render comparisons as a page that needs nothing else.

    Parameters
    ----------
    document : dict
        The object of ``compare --json``.
    pictures : sequence of sequence of bytes
        For each comparison WebP files of the two images and of their difference.

    Yields
    ------
    str
        HTML, part by part.
    """
    rows = [
        {
            **row,
            "tier": "different" if row["tier"] == "none" else row["tier"],
            "score": f"{row['score']:.3f}",
            "pictures": [source(picture) for picture in shown],
            "evidence": list(evidence_rows(row["evidence"])),
        }
        for row, shown in zip(document["compared"], pictures, strict=True)
    ]
    yield from page("comparison.html", styles=("looks.css", "page.css"), document=document, rows=rows)


def evidence_rows(evidence: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Return evidence as a table.

    Parameters
    ----------
    evidence : dict
        As in the object of ``compare --json``.
    above : str
        What it is part of.

    Yields
    ------
    tuple of (str, str)
        What was measured, and its value.

    Examples
    --------
    >>> list(evidence_rows({"first_lacks": [], "contrast": {"inner": 12.3456}, "compared": {"second": [0, 0, 64, 64]}}))
    [('A lacks', 'nothing'), ('contrast, inner', '12.35'), ('compared, B', '0, 0, 64, 64')]
    """
    for name, value in evidence.items():
        words = name.replace("_", " ").replace("first", FIRST).replace("second", SECOND)
        label = f"{above}, {words}" if above else words
        if isinstance(value, Mapping):
            yield from evidence_rows(value, label)
        else:
            yield label, _told(value)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        between = "; " if value and isinstance(value[0], list) else ", "
        return between.join(_told(part) for part in value) or "nothing"
    return {"first": FIRST, "second": SECOND}.get(str(value), str(value))
