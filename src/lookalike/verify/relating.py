"""What was done to a picture, in words: measured, from the evidence and the facts of both files."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, degrees

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Facts
from lookalike.model import THUMBNAIL_SIDE, Tier
from lookalike.turns import BACK, NAMES, TRANSPOSED
from lookalike.verify.deciding import COPY_DIFFERENCE, COPY_SHARPNESS, recoloured, stretched
from lookalike.verify.evidence import MAP_BITS, Evidence
from lookalike.verify.tiles import tiles_per_side

LEAST_TILT = 0.6
"""Degrees from which a picture is rotated."""
LEAST_SCALE = 0.03
"""Share of a length from which it is another length."""
NEAR = 2.5
"""Pixels of a thumbnail by which a border may miss what it surrounds."""
LEAST_CROP = 0.015
"""Share of a side from which something was cut off."""
MOST_ADDED = 3
"""One in so many tiles may have changed for it to be something put over the picture."""
MOST_SPREAD = 0.7
"""Share of a side over which changed tiles may be spread to lie at one place."""
CROP_COLOUR = 5 * 64
"""Chroma off up to which parts of a picture, found to a fraction of a place, have one colour, in 1/64 level."""
LEAST_LEVELS = 6 * 64
"""Brightness off from which a picture is brighter or darker, in 1/64 level."""


Bands = tuple[int, ...]
"""What lies beyond a box at the left, top, right and bottom, in 1/64 of a side."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One picture of a pair, as it was compared: what was left out of it, and what is border."""

    width: int
    height: int
    unseen: Bands
    border: Bands


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
    sides = [_side(facts, row, evidence, left=row_left) for row, row_left in ((keeper, left), (member, not left))]
    said = []
    turn = int(evidence["turn"])
    if turn != 1:
        said.append(NAMES[BACK[turn] if left else turn])
    if facts.exif[keeper].get("orientation", 1) != facts.exif[member].get("orientation", 1):
        said.append("EXIF-turned")
    # The inner picture in the frame of the outer one.
    member_inner = bool(evidence["inner"]) == left
    maps = evidence["map"].astype(np.float64) / (1 << MAP_BITS)
    framed = tier == Tier.COPY or not evidence["finished"]
    if not framed:
        said += _frame(maps, sides, member_inner=member_inner, hinted=bool(evidence["hinted"]))
    said += _scale(maps, sides, member_inner=member_inner, framed=framed)
    if not evidence["gray"][1 - left] and evidence["gray"][int(left)]:
        said.append("recoloured, gray")
    elif recoloured(evidence[np.newaxis])[0] and (framed or evidence["colour"] > CROP_COLOUR):
        said.append("recoloured")
    if tier == Tier.EDIT:
        tone = _tone(evidence, member_inner=member_inner)
        said += tone
        said += _overlay(evidence, member_inner=member_inner, toned=bool(tone))
    said += _encoding(facts, keeper, member)
    return ", ".join(said) or ("re-encoded" if tier == Tier.COPY else "changed slightly")


def _side(facts: Facts, row: int, evidence: Evidence, *, left: bool) -> _Side:
    which = "left" if left else "right"
    size = int(facts.width[row]), int(facts.height[row])
    if not left and int(evidence["turn"]) in TRANSPOSED:
        size = size[::-1]
    return _Side(*size, *(_bands(evidence[f"{which}_{box}"].tolist()) for box in ("box", "border")))


def _bands(box: list[int]) -> Bands:
    return box[0], box[1], THUMBNAIL_SIDE - box[2], THUMBNAIL_SIDE - box[3]


def _frame(maps: NDArray[np.float64], sides: list[_Side], *, member_inner: bool, hinted: bool) -> list[str]:
    """Say how the picture was tilted, cropped and framed."""
    said = []
    tilt = abs(degrees(atan2(maps[1, 0] - maps[0, 1], maps[0, 0] + maps[1, 1])))
    if tilt >= LEAST_TILT:
        said.append(f"rotated by {max(tilt, 1):.0f} degree{'s' if tilt >= 1.5 else ''}")
    keeper, member = sides
    inner, outer = (member, keeper) if member_inner else (keeper, member)
    # What of the outer picture lies beyond the inner one, at the left, top, right and bottom: its border, or cut off.
    half = THUMBNAIL_SIDE / 2
    ends = [[end - half for end in (inner.unseen[axis], THUMBNAIL_SIDE - inner.unseen[axis + 2])] for axis in (0, 1)]
    low, high = ([abs(maps[axis, axis]) * ends[axis][at] + maps[axis, 2] + half for axis in (0, 1)] for at in (0, 1))
    beyond = [*low, *(THUMBNAIL_SIDE - end for end in high)]
    bordered = [band > 0 and abs(band - gap) <= NEAR for band, gap in zip(outer.border, beyond, strict=True)]
    own = (0, 0, 0, 0) if hinted else inner.unseen
    for bands, added in ((bordered, not member_inner), (own, member_inner)):
        if any(bands):
            said.append(_border(bands, "added" if added else "removed"))
    cut = [0.0 if band else gap for band, gap in zip(bordered, beyond, strict=True)]
    lengths = [high[axis] - low[axis] for axis in (0, 1)]
    shares = [min(length / (length + cut[axis] + cut[axis + 2]), 1) for axis, length in enumerate(lengths)]
    least = LEAST_CROP if not any(bordered) and not any(own) else 2 * LEAST_SCALE
    if min(shares) < 1 - least:
        across, down = (
            max(cut[at], 0) / max(cut[at] + cut[at + 2], 1) if shares[at] < 1 - least else 0.5 for at in (0, 1)
        )
        area = f"{shares[0]:.0%}" if abs(shares[0] - shares[1]) < LEAST_SCALE else f"{shares[0]:.0%} x {shares[1]:.0%}"
        where = _place(across, down)
        said.append(
            f"cropped to {area} {where}" if member_inner else f"shows more (the keeper is {area} of it {where})"
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


def _scale(maps: NDArray[np.float64], sides: list[_Side], *, member_inner: bool, framed: bool) -> list[str]:
    """Say how lengths changed: of the whole picture where frames agree, else of what both show."""
    keeper, member = sides
    if framed:
        ratio = [member.width / keeper.width, member.height / keeper.height]
        if (keeper.width, keeper.height) == (member.width, member.height):
            return []
        size = [np.array([side.width, side.height]) for side in sides]
        skewed = bool(stretched((size[0][:1], size[0][1:]), (size[1][:1], size[1][1:]))[0])
    else:
        inner = [float(np.hypot(maps[0, axis], maps[1, axis])) for axis in (0, 1)]
        power = -1 if member_inner else 1
        lengths = [(keeper.width, member.width), (keeper.height, member.height)]
        ratio = [new / old * inner[axis] ** power for axis, (old, new) in enumerate(lengths)]
        skewed = abs(ratio[0] / ratio[1] - 1) > LEAST_SCALE
        if not skewed and abs((ratio[0] * ratio[1]) ** 0.5 - 1) <= LEAST_SCALE:
            return []
    if skewed:
        return [f"stretched ({ratio[0]:.2g}x width, {ratio[1]:.2g}x height)"]
    mean = (ratio[0] * ratio[1]) ** 0.5
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
    if abs(after - before) >= LEAST_LEVELS:
        said.append("brighter" if after > before else "darker")
    more = 8 * (steep - flat)
    if abs(more) > max(steep, flat):
        said.append("more contrast" if more > 0 else "less contrast")
    elif not said and not evidence["changed"] and COPY_SHARPNESS * abs(sharp - dull) > max(sharp, dull):
        said.append("sharpened" if sharp > dull else "blurred")
    if not said and evidence["difference"] > COPY_DIFFERENCE and not evidence["changed"]:
        said.append("re-toned")
    return said


def _overlay(evidence: Evidence, *, member_inner: bool, toned: bool) -> list[str]:
    """Say what was put over the picture, and where; tone alone changes tiles too, but adds nothing."""
    changed, more = int(evidence["changed"]), int(evidence["more"]) * (1 if member_inner else -1)
    if not changed or (toned and not more):
        return []
    if MOST_ADDED * changed > int(evidence["tiles"]):
        return ["much changed"]
    cut = tiles_per_side(int(evidence["side"]))
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
