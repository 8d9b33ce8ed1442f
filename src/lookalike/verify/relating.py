"""What was done to a picture, in words: measured, from the evidence and the facts of both files."""

from collections.abc import Sequence

import numpy as np

from lookalike.columns import Facts
from lookalike.model import Tier
from lookalike.turns import BACK, NAMES
from lookalike.verify.deciding import recoloured
from lookalike.verify.evidence import Evidence
from lookalike.verify.framing import LEAST_SCALE, Frame, frame_of
from lookalike.verify.texture import MOST_CUT
from lookalike.verify.thresholds import THRESHOLDS
from lookalike.verify.tiles import tiles_per_side

LEAST_TILT = 0.6
"""Degrees from which a picture is rotated."""
MOST_ADDED = 3
"""One in so many tiles may have changed for it to be something put over the picture."""
MOST_SPREAD = 0.7
"""Share of a side over which changed tiles may be spread to lie at one place."""
CROP_COLOUR = 5 * 64
"""Chroma off up to which parts of a picture, found to a fraction of a place, have one colour, in 1/64 level."""


def relation(facts: Facts, keeper: int, member: int, tier: Tier, evidence: Evidence, *, left: bool) -> str:
    """Say in words what was done to the keeper to make the member.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    keeper, member : int
        Rows of `facts`; different contents.
    tier : Tier
        Tier of the pair.
    evidence : record of `EVIDENCE`
        Of the pair.
    left : bool
        Whether the keeper is the left picture of the evidence.

    Returns
    -------
    str
        Such as ``half size, recompressed (quality 85 -> 40)``.
    """
    if tier == Tier.SIMILAR:
        return "similar, another exposure" if evidence["two_exposures"] else "similar"
    frame = frame_of(facts, keeper, member, tier, evidence, left=left)
    said = []
    turn = int(evidence["turn"])
    if turn != 1:
        said.append(NAMES[BACK[turn] if left else turn])
    if facts.exif[keeper].get("orientation", 1) != facts.exif[member].get("orientation", 1):
        said.append("EXIF-turned")
    said += [*_framing(frame), *_scale(frame)]
    if not evidence["gray"][1 - left] and evidence["gray"][int(left)]:
        said.append("recoloured, gray")
    elif recoloured(evidence[np.newaxis])[0] and (frame.whole or evidence["colour"] > CROP_COLOUR):
        said.append("recoloured")
    if tier == Tier.EDIT:
        tone = _tone(evidence, member_inner=frame.member_inner)
        said += tone
        said += _overlay(evidence, member_inner=frame.member_inner, toned=bool(tone))
    said += _encoding(facts, keeper, member)
    return ", ".join(said) or ("re-encoded" if tier == Tier.COPY else "changed slightly")


def equality(facts: Facts, keeper: int, member: int) -> str:
    """Say in words how two files of other bytes differ that have the same pixels.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    keeper, member : int
        Rows of `facts`; different contents.

    Returns
    -------
    str
        Such as ``identical pixels (PNG -> BMP)``.
    """
    one, other = facts.exif[keeper], facts.exif[member]
    said = ["EXIF-turned"] if one.get("orientation", 1) != other.get("orientation", 1) else []
    if facts.format[keeper] != facts.format[member]:
        said.insert(0, f"{facts.format[keeper]} -> {facts.format[member]}")
    elif not said:
        said = ["other metadata" if _noted(facts, keeper) != _noted(facts, member) else "other metadata or compression"]
    return f"identical pixels ({', '.join(said)})"


def _noted(facts: Facts, row: int) -> tuple[object, ...]:
    return facts.captured[row], facts.exif[row]


def _framing(frame: Frame) -> list[str]:
    """Say how the picture was tilted, cropped and framed."""
    said = []
    if frame.tilt >= LEAST_TILT:
        said.append(f"rotated by {max(frame.tilt, 1):.0f} degree{'s' if frame.tilt >= 1.5 else ''}")
    for bands, added in ((frame.bordered, not frame.member_inner), (frame.own, frame.member_inner)):
        if any(bands):
            said.append(_border(bands, "added" if added else "removed"))
    if frame.is_cropped:
        shares, cut = frame.shares, frame.cut
        across, down = (
            max(cut[at], 0) / max(cut[at] + cut[at + 2], 1) if shares[at] < 1 - frame.least_crop else 0.5
            for at in (0, 1)
        )
        area = f"{shares[0]:.0%}" if abs(shares[0] - shares[1]) < LEAST_SCALE else f"{shares[0]:.0%} x {shares[1]:.0%}"
        where = _place(across, down)
        said.append(
            f"cropped to {area} {where}" if frame.member_inner else f"shows more (the keeper is {area} of it {where})"
        )
    return said


def _border(bands: Sequence[float], words: str) -> str:
    """Say what a border is."""
    at = [name for name, band in zip(("left", "top", "right", "bottom"), bands, strict=True) if band]
    return f"bar {words} at the {at[0]}" if len(at) == 1 else f"border {words}"


def _place(across: float, down: float) -> str:
    """Name a place by where it lies between the edges, 0..1 each way."""
    row = "upper " if down < 1 / 3 else "lower " if down > 2 / 3 else ""
    column = "left" if across < 1 / 3 else "right" if across > 2 / 3 else ""
    if not row and not column:
        return "in the middle"
    return f"at the {row}{column}" if column else f"at the {row}edge"


def _scale(frame: Frame) -> list[str]:
    """Say how lengths changed: of the whole picture where frames agree, else of what both show."""
    ratio = frame.ratio
    mean = (ratio[0] * ratio[1]) ** 0.5
    if frame.stretched:
        return [f"stretched ({ratio[0]:.2g}x width, {ratio[1]:.2g}x height)"]
    if ratio == (1.0, 1.0) or (not frame.whole and abs(mean - 1) <= LEAST_SCALE):
        return []
    if abs(mean - 0.5) < 0.01:
        return ["half size"]
    text = f"{mean:.2g}" if mean < 10 else f"{mean:.0f}"
    return ["slightly resized" if text == "1" else f"{text}x size"]


def _tone(evidence: Evidence, *, member_inner: bool) -> list[str]:
    """Say how brightness, contrast and sharpness changed."""
    order = (1, 0) if member_inner else (0, 1)
    before, after = (int(evidence["level"][at]) for at in order)
    flat, steep = (int(evidence["contrast"][at]) for at in order)
    dull, sharp = (int(evidence["sharpness"][at]) for at in order)
    said = []
    if abs(after - before) >= THRESHOLDS.toned_level:
        said.append("brighter" if after > before else "darker")
    more = THRESHOLDS.toned_contrast * (steep - flat)
    if abs(more) > max(steep, flat):
        said.append("more contrast" if more > 0 else "less contrast")
    elif not said and not evidence["changed"] and THRESHOLDS.copy_sharpness * abs(sharp - dull) > max(sharp, dull):
        said.append("sharpened" if sharp > dull else "blurred")
    if not said and evidence["difference"] > THRESHOLDS.copy_difference and not evidence["changed"]:
        said.append("re-toned")
    return said


def _overlay(evidence: Evidence, *, member_inner: bool, toned: bool) -> list[str]:
    """Say what was put over the picture, and where; tone alone changes tiles too, but adds nothing."""
    changed, more = int(evidence["changed"]), int(evidence["more"]) * (1 if member_inner else -1)
    if not changed or (toned and not more):
        return []
    if MOST_ADDED * changed > int(evidence["tiles"]):
        return ["much changed"]
    cut = min(tiles_per_side(int(evidence["side"])), MOST_CUT)
    where = np.flatnonzero(np.unpackbits(evidence["where"], count=cut * cut))
    across, down = where % cut, where // cut
    wide = max(np.ptp(across), np.ptp(down)) > MOST_SPREAD * cut
    place = "in several places" if wide else _place(float(across.mean()) / (cut - 1), float(down.mean()) / (cut - 1))
    what = {1: "text or logo added", -1: "text or logo removed", 0: "something changed"}[more]
    return [f"{what} {place}"]


def _encoding(facts: Facts, keeper: int, member: int) -> list[str]:
    """Say how the file was made anew."""
    if facts.format[keeper] != facts.format[member]:
        return [f"{facts.format[keeper]} -> {facts.format[member]}"]
    if facts.quality[keeper] != facts.quality[member]:
        before, after = (int(facts.quality[at]) or "unknown" for at in (keeper, member))
        return [f"recompressed (quality {before} -> {after})"]
    return []
