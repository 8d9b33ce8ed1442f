"""Curves as a picture."""

import io
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike import plots
from lookalike.errors import UsageError


def document(recall: list[float]) -> dict[str, Any]:
    curve = [
        {
            "radius": radius,
            "recall": {"estimate": value, "low": value * 0.9, "high": min(value * 1.1, 1)},
            "false_pairs": {"estimate": radius, "low": radius / 2, "high": 4 + 2 * radius},
        }
        for radius, value in enumerate(recall)
    ]
    rows = [
        {"algorithm": name, "size": size, "bits": size**2, **curve[1], "curve": curve}
        for name, size in (("phash", 8), ("ahash", 16))
    ]
    return {"level": 0.95, "collection": {}, "hashes": rows}


def test_the_picture_shows_the_curves_and_is_the_same_every_time() -> None:
    made = plots.draw_tuning(document([0.2, 0.6, 0.9]))
    assert made == plots.draw_tuning(document([0.2, 0.6, 0.9]))
    other = plots.draw_tuning(document([0.2, 0.3, 0.4]))
    first, second = (np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int) for data in (made, other))
    assert first.shape == second.shape
    middle = first.shape[0] // 2
    assert np.abs(first - second)[:middle].max() > 100, "recall is above"
    assert np.abs(first - second)[middle:].max() == 0, "false pairs are below"


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=r"pip install 'lookalike\[plots\]'"):
        plots.check_plots()
