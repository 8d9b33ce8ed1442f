"""How many neighbours images have by chance alone, and whether a radius is too wide for so many images."""

from dataclasses import replace

from lookalike import bits, hashes
from lookalike.grouping.crowds import MOST_ASKED
from lookalike.model import Tier
from lookalike.options import FindOptions
from lookalike.scan import variants

MOST_NEIGHBOURS, MOST_IN_ALL = 0.1, 1.0
"""Neighbours of an image by chance alone from which a radius is too wide: by one hash of it, and by all that it has."""
FEW_IMAGES = 100
"""So few that all pairs of them may as well be verified."""
CHOSEN = ("plain", "turned")
"""Variants that have the hash that the user chose."""


def by_chance(options: FindOptions, count: int, *, chosen: bool = True) -> float:
    """Return how many neighbours an image has by chance, by all of its hashes together.

    Parameters
    ----------
    options : FindOptions
        What proposes.
    count : int
        Number of images.
    chosen : bool
        Whether hashes count that have the algorithm and size of the options; those of parts have their own.

    Returns
    -------
    float
        Of hashes that are otherwise random.

    Examples
    --------
    >>> f"{by_chance(FindOptions(), 1_000_000):.2f}, {by_chance(FindOptions(crops=True), 1_000_000):.0f}"
    '0.30, 99'
    """
    expected = 0.0
    for sort in variants.sorts(options):
        if chosen or sort.variant not in CHOSEN:
            balanced = hashes.algorithm(sort.spec.algorithm).balanced
            # What is crossed has neighbours among the whole pictures, and the whole picture has some among what is crossed.
            sides = 2 if sort.crossed else 1
            expected += count * sides * sort.hashes * bits.chance(sort.spec.bits, sort.radius, balanced=balanced)
    return expected


def _is_wide(options: FindOptions, count: int, *, chosen: bool = True) -> bool:
    plain = variants.sorts(options)[0]
    balanced = hashes.algorithm(plain.spec.algorithm).balanced
    own = count * bits.chance(plain.spec.bits, plain.radius, balanced=balanced) if chosen else 0.0
    return own > MOST_NEIGHBOURS or (count > FEW_IMAGES and by_chance(options, count, chosen=chosen) > MOST_IN_ALL)


def wide(options: FindOptions, count: int) -> list[str]:
    """Warn of a radius that is too wide.

    Parameters
    ----------
    options : FindOptions
        What proposes.
    count : int
        Number of images.

    Returns
    -------
    list of str
        One line, or none.
    """
    if options.tier is Tier.EXACT or not _is_wide(options, count):
        return []
    advice = [
        f"--radius {radius}"
        for radius in range(options.radius, -1, -1)
        if not _is_wide(replace(options, radius=radius), count)
    ][:1]
    if not _is_wide(options, count, chosen=False):
        advice.append("a hash of more bits (--size)")
    if options.crops and not _is_wide(replace(options, crops=False), count):
        advice.append("no --crops")
    said = f"radius {options.radius} is wide for {count:,} images and {options.spec.bits} bits"
    said += " with --crops" if options.crops else ""
    cost = f"each has about {by_chance(options, count):.2g} neighbours by chance, and every pair is verified"
    return [f"{said}: {cost}; use {', or '.join(advice) or 'fewer images at a time'}"]


def passed_over(pairs: int) -> list[str]:
    """Warn of pairs that nobody looked at.

    Parameters
    ----------
    pairs : int
        How many.

    Returns
    -------
    list of str
        One line, or none.

    Examples
    --------
    >>> passed_over(0)
    []
    """
    if not pairs:
        return []
    crowd = (
        f"of more than {MOST_ASKED} candidates of one image the nearest by a finer hash were verified, and none matched"
    )
    return [
        f"{pairs:,} pairs of nearly equal hashes were passed over: {crowd}; a smaller --radius makes crowds smaller"
    ]
