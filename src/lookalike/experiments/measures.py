"""What `find` finds of pairs that are the same picture, and of pairs that are not."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lookalike import curves, intervals
from lookalike.columns import Column
from lookalike.experiments.trials import Found, Trial
from lookalike.intervals import Interval
from lookalike.model import HashSpec, Tier
from lookalike.options import FindOptions

TIERS = (Tier.COPY, Tier.EDIT)


def _none() -> Column:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Truth:
    """Pairs of which it is known what they are.

    Attributes
    ----------
    left, right : ndarray of int64, shape (n,)
        Items that show the same picture.
    owner : ndarray of int64, shape (n,)
        Which unit each pair belongs to, from 0: the original, or what labelled pairs connect.
    family : ndarray of str, shape (n,)
        What was done.
    originals : ndarray of int64, shape (images,), or None
        The original of each unit, then images that nothing was made of; pictures of different ones are different pictures.
        None where only labels say what is different.
    other_left, other_right : ndarray of int64, shape (m,)
        Items that are labelled as different pictures.
    unread : int
        Pairs of which a picture could not be read.
    """

    left: Column
    right: Column
    owner: Column
    family: NDArray[np.str_]
    originals: Column | None
    other_left: Column = field(default_factory=_none)
    other_right: Column = field(default_factory=_none)
    unread: int = 0

    def degrees(self, trial: Trial, spec: HashSpec) -> NDArray[np.int64]:
        """Count how many of the pairs that are labelled as different each item is in, by distance.

        Parameters
        ----------
        trial : Trial
            Where the items are.
        spec : HashSpec
            Which hash.

        Returns
        -------
        ndarray of int64, shape (radii, items)
            As from `lookalike.curves.degrees`, up to `lookalike.curves.REACH`.
        """
        distance = trial.distances(spec, self.other_left, self.other_right)
        return curves.degrees(
            [(self.other_left, self.other_right, distance)], len(trial), int(spec.bits * curves.REACH)
        )

    def labelled(self, trial: Trial, spec: HashSpec, radii: int) -> tuple[int, ...]:
        """Count the pairs that are labelled as different within each radius.

        Parameters
        ----------
        trial : Trial
            Where the items are.
        spec : HashSpec
            Which hash.
        radii : int
            How many radii, from 0.

        Returns
        -------
        tuple of int
            By radius.
        """
        distance = np.sort(trial.distances(spec, self.other_left, self.other_right))
        return tuple(np.searchsorted(distance, np.arange(radii), "right").tolist())


@dataclass(frozen=True, slots=True)
class Shares:
    """What became of some pairs that are the same picture.

    Attributes
    ----------
    pairs : int
        How many there are.
    proposed, copy, edit : Interval
        Share that is proposed, that is found in tier copy or tighter, and in tier edit or tighter.
    """

    pairs: int
    proposed: Interval
    copy: Interval
    edit: Interval

    def found(self, tier: Tier) -> float:
        """Return the share that is found in a tier or a tighter one.

        Parameters
        ----------
        tier : Tier
            EXACT, in which edits are never found, COPY or EDIT.

        Returns
        -------
        float
            0..1.
        """
        return {Tier.COPY: self.copy.estimate, Tier.EDIT: self.edit.estimate}.get(tier, 0.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """What `find` does with some options.

    Attributes
    ----------
    options : FindOptions
        Which.
    total : Shares
        Of all pairs that are the same picture.
    families : dict of str to Shares
        Of each family of edits.
    units : int
        Pairs of different images that were looked at, with all their pictures, or labelled pairs.
    same : int
        Pairs of images left out, since verification takes the images themselves for the same picture.
    candidates : Interval
        False candidates that are proposed, expected in the whole collection (of labelled pairs: among these).
    false_pairs : dict of Tier to Interval
        Of those, what ends in this tier or a tighter one.
    """

    options: FindOptions
    total: Shares
    families: dict[str, Shares]
    units: int
    same: int
    candidates: Interval
    false_pairs: dict[Tier, Interval]


def measure(trial: Trial, truth: Truth, options: FindOptions, whole: float) -> Measured:
    """Try options of `find` on pairs of which it is known what they are.

    Parameters
    ----------
    trial : Trial
        The pictures.
    truth : Truth
        The pairs.
    options : FindOptions
        What `find` is told.
    whole : float
        Pairs of images in the whole collection; of no account for labelled pairs, which are counted as they are.

    Returns
    -------
    Measured
        What came of it.
    """
    with trial.found(options) as found:
        proposed, tier = found.tiers(truth.left, truth.right)
        total = _shares(proposed, tier, truth.owner)
        families = {}
        for family in dict.fromkeys(truth.family.tolist()):
            rows = truth.family == family
            families[family] = _shares(proposed[rows], tier[rows], truth.owner[rows])
        if truth.originals is None:
            units, same, false = _labelled(found, truth, len(trial))
        else:
            units, same, false = _strangers(found, truth, truth.originals, len(trial), whole)
    return Measured(options, total, families, units, same, false[Tier.NONE], {tier: false[tier] for tier in TIERS})


def _shares(proposed: NDArray[np.bool_], tier: NDArray[np.uint8], owner: Column) -> Shares:
    count = intervals.independent(np.unique(owner, return_inverse=True)[1])
    parts = (intervals.wilson(float(part.mean()), count) for part in (proposed, tier <= Tier.COPY, tier <= Tier.EDIT))
    return Shares(len(tier), *parts)


def _labelled(found: Found, truth: Truth, items: int) -> tuple[int, int, dict[Tier, Interval]]:
    left, right = truth.other_left, truth.other_right
    proposed, tier = found.tiers(left, right)
    within = {Tier.NONE: proposed, **{level: tier <= level for level in TIERS}}
    false = {
        level: intervals.false_between(left[rows], right[rows], np.ones(int(rows.sum())), items, 1.0)
        for level, rows in within.items()
    }
    return len(left), 0, false


def _strangers(
    found: Found, truth: Truth, originals: Column, items: int, whole: float
) -> tuple[int, int, dict[Tier, Interval]]:
    """Count false pairs of an image and any picture of another, where at least one of the two was edited."""
    owner = np.full(items, -1, np.int64)
    owner[originals] = np.arange(len(originals))
    owner[truth.right] = truth.owner
    pictures = np.bincount(owner[owner >= 0], minlength=len(originals))
    edited = int(truth.owner.max()) + 1
    left, right, tier = found.strangers(originals, owner)
    one, other = owner[left], owner[right]
    pair = np.minimum(one, other) * len(originals) + np.maximum(one, other)
    same = np.unique(pair[(right == originals[other]) & (tier <= Tier.EDIT)])
    same = same[same // len(originals) < edited]
    # Of two images without edits nothing new can be said: they were left in the collection as different ones.
    kept = ~np.isin(pair, same) & (np.minimum(one, other) < edited)
    one, other, tier = one[kept], other[kept], tier[kept]
    weight = 1 / (pictures[one] + pictures[other] - 1)
    units = edited * (edited - 1) // 2 + edited * (len(originals) - edited) - len(same)
    scale = whole / max(units, 1)
    false = {
        level: intervals.false_between(one[rows], other[rows], weight[rows], len(originals), scale)
        for level in (*TIERS, Tier.NONE)
        for rows in [tier <= level]
    }
    return units, len(same), false
