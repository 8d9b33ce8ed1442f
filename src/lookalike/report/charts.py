"""Small charts as SVG: bars and curves, readable aloud, in the colours of the page they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, log10

from lookalike.report import plain

WIDTH, ROW, LABEL, VALUE = 420, 24, 92, 96
"""Of bars, in units of the drawing: its width, height of a row, room for labels and for values."""
CURVES_WIDTH, CURVES_HEIGHT = 860, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 12, 46
"""Margins of curves."""
COLOURS, DASHES = 8, 3
"""How many there are in the style of the page, as classes ``c0`` and so on, and ``d0``."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes
    ----------
    label : str
        What of.
    value : float
        Its length.
    text : str
        The value for people.
    kind : str
        A class of the style, such as the name of a tier.
    """

    label: str
    value: float
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve.

    Attributes
    ----------
    name : str
        What of.
    x, y : sequence of float
        Its points.
    dot : int
        Which of them is marked.
    colour, dash : int
        Numbers of its looks.
    low, high : sequence of float
        A band around it; empty for none.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dot: int
    colour: int = 0
    dash: int = 0
    low: Sequence[float] = field(default=())
    high: Sequence[float] = field(default=())

    @property
    def look(self) -> str:
        """Its classes."""
        return f"c{self.colour % COLOURS} d{self.dash % DASHES}"


def bars(name: str, title: str, rows: Sequence[Bar]) -> str:
    """Draw bars below each other.

    Parameters
    ----------
    name : str
        An identifier that no other drawing of the page has.
    title : str
        What is drawn.
    rows : sequence of Bar
        One at least.

    Returns
    -------
    str
        An ``svg`` element, everything in it escaped.

    Examples
    --------
    >>> drawn = bars("sizes", "Sizes", [Bar("2 images", 3, "3 <groups>")])
    >>> "Sizes</title>" in drawn, "2 images: 3 &lt;groups&gt;" in drawn
    (True, True)
    """
    most, room = max(row.value for row in rows) or 1, WIDTH - LABEL - VALUE
    parts = []
    for at, row in enumerate(rows):
        middle, length = at * ROW + ROW / 2, room * row.value / most
        parts.append(
            f'<text x="{LABEL - 8}" y="{middle + 4:g}" text-anchor="end">{_text(row.label)}</text>'
            f'<rect class="bar {_text(row.kind)}" x="{LABEL}" y="{middle - 8:g}" width="{_short(max(length, 1))}" height="16" '
            f'rx="2"/><text x="{_short(LABEL + max(length, 1) + 6)}" y="{middle + 4:g}">{_text(row.text)}</text>'
        )
    told = "; ".join(f"{row.label}: {row.text}" for row in rows)
    return _drawing(name, title, told, (WIDTH, len(rows) * ROW), "".join(parts))


def curves(name: str, title: str, rows: Sequence[Curve], *, across: str, up: str, logarithmic: bool = False) -> str:
    """Draw curves above a share of 0 to the largest there is.

    Parameters
    ----------
    name : str
        An identifier that no other drawing of the page has.
    title : str
        What is drawn.
    rows : sequence of Curve
        The best first: it is drawn last, above the others, and more heavily. One at least.
    across, up : str
        What the axes mean.
    logarithmic : bool
        Whether the values are counts, drawn logarithmically from 1 on; else they are shares.

    Returns
    -------
    str
        An ``svg`` element, everything in it escaped.

    Examples
    --------
    >>> drawn = curves("recall", "Recall", [Curve("phash", [0, 0.5], [0.2, 1], 1)], across="radius", up="recall")
    >>> drawn.count("<polyline"), "phash: 100% at 50%" in drawn
    (1, True)
    """
    widest = max(max(row.x) for row in rows) or 1
    most = max(max([*row.y, *row.high]) for row in rows) if logarithmic else 1.0
    decades = ceil(log10(most)) if most > 1 else 0
    top = 1.0 + decades if logarithmic else 1.0
    wide, high = CURVES_WIDTH - LEFT - RIGHT, CURVES_HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        level = y if not logarithmic or y < 1 else 1 + log10(y)
        return LEFT + wide * x / widest, TOP + high * (1 - min(level / top, 1))

    def path(xs: Sequence[float], ys: Sequence[float]) -> str:
        return " ".join(f"{_short(x)},{_short(y)}" for x, y in (at(*point) for point in zip(xs, ys, strict=True)))

    steps = [0, *(10**power for power in range(decades + 1))] if logarithmic else [0, 0.25, 0.5, 0.75, 1]
    parts = []
    for step in steps:
        _, y = at(0, step)
        label = f"{step:,}" if logarithmic else f"{step:.0%}"
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + wide}" y1="{_short(y)}" y2="{_short(y)}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{_short(y + 4)}" text-anchor="end">{label}</text>')
    for fifth in range(6):
        x, y = at(widest * fifth / 5, 0)
        label = f"{widest * fifth / 5:.0%}"
        parts.append(f'<text x="{_short(x)}" y="{_short(y + 18)}" text-anchor="middle">{label}</text>')
    middle = TOP + high / 2
    parts.append(f'<text x="{LEFT + wide / 2:g}" y="{CURVES_HEIGHT - 6}" text-anchor="middle">{_text(across)}</text>')
    parts.append(f'<text transform="translate(13 {middle:g}) rotate(-90)" text-anchor="middle">{_text(up)}</text>')
    for row in reversed(rows):
        best = " best" if row is rows[0] else ""
        if row.low and row.high:
            around = f"{path(row.x, row.low)} {path(row.x[::-1], row.high[::-1])}"
            parts.append(f'<polygon class="band {row.look}" points="{around}"/>')
        parts.append(f'<polyline class="curve {row.look}{best}" points="{path(row.x, row.y)}"/>')
        x, y = at(row.x[row.dot], row.y[row.dot])
        parts.append(f'<circle class="dot {row.look}" cx="{_short(x)}" cy="{_short(y)}" r="{5 if best else 3}"/>')
    told = "; ".join(
        f"{row.name}: {f'{row.y[row.dot]:,.4g}' if logarithmic else f'{row.y[row.dot]:.0%}'} at {row.x[row.dot]:.0%}"
        for row in rows
    )
    return _drawing(name, title, told, (CURVES_WIDTH, CURVES_HEIGHT), "".join(parts))


def swatch(curve: Curve, *, best: bool) -> str:
    """Draw a piece of a curve, for a legend that says what it is beside it.

    Parameters
    ----------
    curve : Curve
        The curve.
    best : bool
        Whether it is drawn more heavily.

    Returns
    -------
    str
        An ``svg`` element that is not read aloud.
    """
    look = f"curve {curve.look}{' best' if best else ''}"
    return (
        f'<svg class="swatch" viewBox="0 0 40 10" aria-hidden="true"><polyline class="{look}" points="0,5 40,5"/></svg>'
    )


def _drawing(name: str, title: str, told: str, size: tuple[int, int], parts: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {size[0]} {size[1]}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{_text(title)}</title><desc id="{name}-desc">{_text(told)}</desc>{parts}</svg>'
    )


def _text(text: str) -> str:
    return escape(plain(text))


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
