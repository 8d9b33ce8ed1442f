"""How two pictures of a pair lie to each other: which lies in which, what was cut off, what is border, how lengths changed."""

from dataclasses import dataclass
from math import atan2, degrees, hypot

import numpy as np

from lookalike.columns import Facts
from lookalike.model import THUMBNAIL_SIDE, Tier
from lookalike.turns import TRANSPOSED
from lookalike.verify.deciding import stretched
from lookalike.verify.evidence import MAP_BITS, Evidence

NEAR = 2.5
"""Pixels of a thumbnail by which a border may miss what it surrounds."""
LEAST_CROP = 0.015
"""Share of a side from which something was cut off."""
LEAST_SCALE = 0.03
"""Share of a length from which it is another length."""

Bands = tuple[float, ...]
"""What lies beyond a box at the left, top, right and bottom, in 1/64 of a side."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a pair, the inner one, in the frame of the other.

    Attributes
    ----------
    whole : bool
        Whether both show all of the picture, as copies do; then all but `ratio` says nothing.
    member_inner : bool
        Whether the member is the inner one.
    tilt : float
        Degrees by which it is rotated.
    bordered : tuple of bool
        Which bands of the outer picture beyond the inner one are its border.
    own : tuple of float
        Bands of the inner picture that are its own border.
    cut : tuple of float
        What of the outer picture lies beyond the inner one and is no border.
    shares : tuple of float
        Width and height of what both show, as shares of all that the outer one shows.
    ratio : tuple of float
        Pixels of the member per pixel of the keeper, across and down.
    stretched : bool
        Whether these two differ.
    """

    whole: bool
    member_inner: bool
    tilt: float
    bordered: tuple[bool, ...]
    own: Bands
    cut: Bands
    shares: tuple[float, float]
    ratio: tuple[float, float]
    stretched: bool

    @property
    def is_cropped(self) -> bool:
        """Whether the inner picture lacks something of what the outer one shows."""
        return not self.whole and min(self.shares) < 1 - self.least_crop

    @property
    def least_crop(self) -> float:
        """The share of a side from which something was cut off: beside a border, that is found less exactly."""
        return 2 * LEAST_SCALE if any(self.bordered) or any(self.own) else LEAST_CROP


def frame_of(facts: Facts, keeper: int, member: int, tier: Tier, evidence: Evidence, *, left: bool) -> Frame:
    """Find how two pictures lie to each other.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    keeper, member : int
        Rows of `facts`.
    tier : Tier
        Tier of the pair.
    evidence : record of `EVIDENCE`
        Of the pair.
    left : bool
        Whether the keeper is the left picture of the evidence.

    Returns
    -------
    Frame
        Of the pair.
    """
    # The right picture was turned first.
    size = {row: (int(facts.width[row]), int(facts.height[row])) for row in (keeper, member)}
    if int(evidence["turn"]) in TRANSPOSED:
        turned = member if left else keeper
        size[turned] = size[turned][::-1]
    lengths = [(size[keeper][axis], size[member][axis]) for axis in (0, 1)]
    member_inner = bool(evidence["inner"]) == left
    if tier <= Tier.COPY or not evidence["finished"]:
        across, down = (new / old for old, new in lengths)
        sides = [(np.array([lengths[0][which]]), np.array([lengths[1][which]])) for which in (0, 1)]
        skewed = bool(stretched(*sides)[0])
        return Frame(True, member_inner, 0.0, (False,) * 4, (0.0,) * 4, (0.0,) * 4, (1.0, 1.0), (across, down), skewed)
    maps = evidence["map"].astype(np.float64) / (1 << MAP_BITS)
    names = ("right", "left") if left == member_inner else ("left", "right")  # of the inner picture, of the outer one
    own = (0.0,) * 4 if evidence["hinted"] else _bands(evidence[f"{names[0]}_box"].tolist())  # a hint is no border
    border = _bands(evidence[f"{names[1]}_border"].tolist())
    # What of the outer picture lies beyond the inner one, at the left, top, right and bottom: its border, or cut off.
    half = THUMBNAIL_SIDE / 2
    ends = [[end - half for end in (own[axis], THUMBNAIL_SIDE - own[axis + 2])] for axis in (0, 1)]
    low, high = ([abs(maps[axis, axis]) * ends[axis][at] + maps[axis, 2] + half for axis in (0, 1)] for at in (0, 1))
    beyond = [*low, *(THUMBNAIL_SIDE - end for end in high)]
    bordered = tuple(band > 0 and abs(band - gap) <= NEAR for band, gap in zip(border, beyond, strict=True))
    cut = tuple(0.0 if band else float(gap) for band, gap in zip(bordered, beyond, strict=True))
    shown = [high[axis] - low[axis] for axis in (0, 1)]
    shares = [min(float(length / (length + cut[axis] + cut[axis + 2])), 1.0) for axis, length in enumerate(shown)]
    inner = [hypot(maps[0, axis], maps[1, axis]) for axis in (0, 1)]
    power = -1 if member_inner else 1
    ratio = [new / old * inner[axis] ** power for axis, (old, new) in enumerate(lengths)]
    tilt = abs(degrees(atan2(maps[1, 0] - maps[0, 1], maps[0, 0] + maps[1, 1])))
    skewed = abs(ratio[0] / ratio[1] - 1) > LEAST_SCALE
    return Frame(False, member_inner, tilt, bordered, own, cut, (shares[0], shares[1]), (ratio[0], ratio[1]), skewed)


def _bands(box: list[int]) -> Bands:
    return box[0], box[1], THUMBNAIL_SIDE - box[2], THUMBNAIL_SIDE - box[3]
