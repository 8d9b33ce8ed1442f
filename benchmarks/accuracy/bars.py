"""What the accuracy bench must show: which edits, found in which tiers, how often, with which options."""

from dataclasses import dataclass

COPY, EDIT = 1, 2


@dataclass(frozen=True)
class Bar:
    """At least `least` of each of some transforms in tiers up to `tier`; `needs` names what find must be told."""

    transforms: tuple[str, ...]
    tier: int
    least: float
    needs: str = ""


CROPS = tuple(f"crop {share} % {where}" for share in (10, 20, 30) for where in ("centre", "corner", "anywhere"))
BARS = (
    Bar(tuple(f"jpeg {quality}" for quality in (90, 75, 50, 30, 20, 8)), COPY, 0.995),
    Bar(("png", "webp 80", *(f"scale {by}" for by in ("2", "0.75", "0.5", "0.33", "0.25", "0.12"))), COPY, 0.995),
    Bar(("aspect 0.8", "aspect 0.5", "gray", "sepia", "brightness 0.7", "brightness 1.3"), EDIT, 0.995),
    Bar(("contrast 0.7", "contrast 1.4", "gamma 0.6", "gamma 1.6", "saturation 0.4", "saturation 1.8"), EDIT, 0.995),
    Bar(("autocontrast", "posterise", "blur 1", "blur 2", "sharpen", "noise"), EDIT, 0.995),
    Bar(("equalise", "hue 15", "hue 30", "blur 5"), EDIT, 0.97),
    Bar(("text date", "text meme", "text watermark", "border 3 %", "border 8 %"), EDIT, 0.99),
    Bar(tuple(f"crop {share} % {where}" for share in (2, 5) for where in ("centre", "corner", "anywhere")), EDIT, 0.99),
    Bar(("caption below", "caption above", "rotation 1"), EDIT, 0.95),
    Bar(("logo",), EDIT, 0.99, "crops"),
    Bar(("rotation 3",), EDIT, 0.95, "crops"),
    Bar(CROPS, EDIT, 0.98, "crops"),
    Bar(("scale, sepia, jpeg", "scale, sepia, crop, text, jpeg"), EDIT, 0.97, "crops"),
    Bar(("mirror", "rotate 90"), EDIT, 0.995, "orient"),
)
MEAN_RECALL, MEAN_NEEDS = 0.98, frozenset({"orient", "crops"})
FALSE_COPIES = 0
FALSE_EDITS = 1 / 500_000
FALSE_HARD_EDITS = 0.01
LABELLED = 0.97
LABELLED_SETS = ("exif_orientation", "pdq_bridge", "imagededup_tests", "jenssegers_forest")
PAIRS_A_SECOND = {"true pairs": 200_000, "false candidates": 20_000}
"""By thumbnail on one core: of candidates, most of which are true pairs, and where the full search for an alignment runs."""
