"""The thresholds of verification: what the docs say of them, and that each decides something."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from lookalike.verify import deciding
from lookalike.verify.evidence import EVIDENCE, Evidence
from lookalike.verify.thresholds import LEVEL, PIXEL, PLACES, SHARE, SIDES, THRESHOLDS, VARIANCE, Thresholds, by_side
from lookalike.verify.views import WHOLE, Pictures, Views, whole

DOCS = Path(__file__).parents[2] / "docs" / "verification.md"
NAMES = [field.name for field in fields(Thresholds)]
OF_LOOKS = {"good", "better"}
"""What `verify` itself asks for, rather than `decide`."""
OFTEN = {"unexplained", "explained", "lost", "changed", "more"}
MANY = 60_000
HINTS = get_type_hints(Thresholds, include_extras=True)


def test_the_docs_show_the_table() -> None:
    rows = ["| threshold | value | unit | what it bounds |", "|---|---:|---|---|"]
    for name in NAMES:
        unit, why = HINTS[name].__metadata__
        value = getattr(THRESHOLDS, name)
        said = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        rows.append(f"| `{name}` | {said} | {unit} | {why} |")
    assert "\n".join(rows) in DOCS.read_text("utf-8"), "docs/verification.md has to show:\n" + "\n".join(rows)


def test_bounds_by_side() -> None:
    for bounds in (getattr(THRESHOLDS, name) for name in NAMES):
        if isinstance(bounds, tuple) and len(bounds) == len(SIDES):
            assert list(bounds) == sorted(bounds), "finer planes show more that nobody changed"
            assert by_side(bounds, SIDES).tolist() == list(bounds)
            assert by_side(bounds, np.array([512, 1024, 2048])).tolist() == [bounds[-1]] * 3


def near(*units: str) -> list[int]:
    """Return what lies at thresholds of some units, and beside them."""
    values = [getattr(THRESHOLDS, name) for name in NAMES if HINTS[name].__metadata__[0] in units]
    return sorted(
        {one + off for value in values for one in np.ravel(value).tolist() for off in (-1, 0, 1) if one + off >= 0}
    )


def records(rng: np.random.Generator) -> Evidence:
    """Return evidence of all kinds: most fields as those of a copy, the others at thresholds and beside them."""
    made = np.zeros(MANY, EVIDENCE)
    made["finished"] = made["turn"] = 1
    made["left_box"] = made["right_box"] = WHOLE
    made["side"] = rng.choice([16, 32, 64, 128, 128, 256], MANY)
    made["tiles"], made["textured"], made["explained"] = 100, 80, 1024
    made["level"], made["contrast"], made["sharpness"] = 8000, 900, 500
    share, level, pixel = near(SHARE), near(LEVEL), near(PIXEL)
    wild = rng.choice([0.04, 0.15, 0.5], MANY)
    for name, values in {
        "move": pixel, "slide": pixel, "unexplained": share, "explained": share, "lost": share, "worst": near(VARIANCE),
        "step": level, "difference": level, "colour": level, "spot": level, "plain": near(PLACES), "rotated": near(PLACES),
        "changed": [0, 1, 2, 3, 4, 5, 10, 26, 27, 40, 48], "textured": [2, 3, 4, 39, 40, 41], "more": [-1, 1],
        "hinted": [1],
    }.items():  # fmt: skip
        rows = np.flatnonzero(rng.random(MANY) < np.maximum(wild, 0.5 * (name in OFTEN)))
        made[name][rows] = rng.choice(values, len(rows))
    made["gray"] = rng.integers(0, 2, (MANY, 2))
    made["left_box"][:, 0] = np.where(rng.random(MANY) < 0.2, rng.integers(0, 6, MANY), 0)
    for name, part in (("contrast", THRESHOLDS.toned_contrast), ("sharpness", THRESHOLDS.copy_sharpness)):
        rows = np.flatnonzero(rng.random(MANY) < 0.2)
        made[name][rows, 1] -= made[name][rows, 1] // part + rng.integers(0, 3, len(rows), np.uint16) - 1
    rows = np.flatnonzero(rng.random(MANY) < 0.2)
    made["level"][rows, 1] -= (THRESHOLDS.toned_level - 1 + rng.integers(0, 3, len(rows))).astype(np.uint16)
    rows = np.flatnonzero(rng.random(MANY) < 0.15)  # re-toned as a whole, which few of the others are
    made["side"][rows], made["level"][rows, 1] = 256, 6000
    made["unexplained"][rows] = THRESHOLDS.little + 1
    return made


def views(rng: np.random.Generator) -> Views:
    luma, chroma = np.zeros((2, 64, 64), np.uint8), np.zeros((2, 8, 8, 2), np.uint8)
    sizes = np.array([400, 800])
    small = Pictures(luma, chroma, sizes, sizes, np.array([WHOLE, WHOLE]), luma)
    return whole(small, rng.integers(0, 2, MANY))


def decided(made: Evidence, sides: tuple[Views, Views]) -> bytes:
    return b"".join(column.tobytes() for column in deciding.decide(made, *sides))


@pytest.fixture(scope="module")
def measured() -> tuple[Evidence, tuple[Views, Views]]:
    rng = np.random.default_rng(7)
    return records(rng), (views(rng), views(rng))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_LOOKS])
def test_each_decides(
    name: str, measured: tuple[Evidence, tuple[Views, Views]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = decided(*measured)
    value = getattr(THRESHOLDS, name)
    parts = np.ravel(value).tolist()

    def with_other(at: int, other: int) -> bytes:
        changed = tuple(other if place == at else one for place, one in enumerate(parts))
        told: dict[str, Any] = {name: changed if isinstance(value, tuple) else other}
        table = replace(THRESHOLDS, **told)
        with monkeypatch.context() as patch:
            patch.setattr(deciding, "THRESHOLDS", table)
            return decided(*measured)

    for at, part in enumerate(parts):
        others = (part + 1, part - 1, 2 * part)
        assert any(with_other(at, other) != before for other in others), f"{name}, number {at + 1}, decides nothing"
