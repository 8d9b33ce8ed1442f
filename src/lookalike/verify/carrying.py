"""What a picture carries that its keeper does not: with whatever else agrees, removing it would lose that."""

from lookalike.columns import Facts
from lookalike.model import LOSSES, Tier
from lookalike.verify.evidence import Evidence
from lookalike.verify.framing import LEAST_SCALE, frame_of

ANIMATED = frozenset({"AVIF", "FLI", "GIF", "JXL", "PNG", "WEBP"})
"""Formats whose frames follow each other in time; those of others, such as TIFF, are pages."""


def lacking(
    facts: Facts, keeper: int, member: int, tier: Tier, evidence: Evidence | None, *, left: bool, enlarged: bool = False
) -> tuple[str, ...]:
    """Name what the keeper lacks of what a member carries.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    keeper, member : int
        Rows of `facts`.
    tier : Tier
        Tier of the pair.
    evidence : record of `lookalike.verify.EVIDENCE`, optional
        Of the pair; None where the contents were found equal.
    left : bool
        Whether the keeper is the left picture of the evidence.
    enlarged : bool
        Whether the member is an enlargement that resolves no more than the keeper does: then its pixels are no loss.

    Returns
    -------
    tuple of str
        Of `LOSSES`, in their order; empty where the keeper carries at least as much.
    """
    if keeper == member or tier > Tier.EDIT:
        return ()
    more = {
        name: getattr(facts, name)[member] > getattr(facts, name)[keeper]
        for name in ("colour", "alpha", "depth", "frames")
    }
    timed = [facts.frames[row] > 1 and facts.format[row] in ANIMATED for row in (keeper, member)]
    more["timing"] = timed[1] and not timed[0] and facts.frames[keeper] > 1  # what is still lacks the frames themselves
    raw = [facts.format[row] == "RAW" for row in (keeper, member)]
    more["raw"], more["finish"] = raw[1], raw[0] and not raw[1]
    more["video"] = "video" in facts.exif[member] and "video" not in facts.exif[keeper]
    if evidence is not None:
        frame = frame_of(facts, keeper, member, tier, evidence, left=left)
        more["pixels"] = (frame.ratio[0] * frame.ratio[1]) ** 0.5 > 1 + LEAST_SCALE and not enlarged
        more["crop"] = frame.is_cropped and not frame.member_inner
    return tuple(name for name in LOSSES if more.get(name))
