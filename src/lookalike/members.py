"""Matches of images to members of groups: a unit is in a group once, and is a duplicate only as a whole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Matches, Units
from lookalike.model import Tier


@dataclass(frozen=True, slots=True)
class Members:
    """Which images stand for their units in groups; one row per image.

    Attributes
    ----------
    group : ndarray of int64, shape (n,)
        The image that stands for the keeper of its group; the image itself where it is in none. All of a duplicate are in one.
    shown : ndarray of bool, shape (n,)
        Whether it stands for its unit in its group.
    duplicate : ndarray of bool, shape (n,)
        Whether it has a keeper in another unit, at tier exact, copy or edit, and so has all of its unit.
    matched : ndarray of bool, shape (n,)
        Whether it was matched with an image of another unit, at any tier.
    """

    group: NDArray[np.int64]
    shown: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]
    matched: NDArray[np.bool_]


def members(matches: Matches, units: Units, order: NDArray[np.int64]) -> Members:
    """Find the members of groups among matched images.

    Parameters
    ----------
    matches : Matches
        Of images.
    units : Units
        What counts as one image.
    order : ndarray of int64, shape (n,)
        Rows in keep order.

    Returns
    -------
    Members
        One row per image.

    Notes
    -----
    Groups whose keepers are of one unit are one group. A unit whose images were matched in several groups is a member of one
    of them, that of its first such image in keep order. Masks are in no group: equal ones are the rule, not the exception.
    """
    count, own = len(order), np.arange(len(order))
    place = np.empty(count, np.int64)
    place[order] = own
    unit, keeper, close = units.unit, matches.keeper, matches.tier < int(Tier.SIMILAR)
    attached = (keeper != own) & ~(units.mask | units.mask[keeper] | units.mask[matches.group])
    matched = attached & (unit[keeper] != unit)
    inside = attached & ~matched & close
    covered = matched & close
    # An image near another of its unit has the keeper of that.
    while (more := inside & ~covered & covered[keeper]).any():
        covered |= more
    stays = np.zeros(len(units.paths), np.bool_)
    stays[unit[~covered & ~units.mask]] = True
    duplicate = covered & ~stays[unit]

    label = matches.group.copy()
    keepers = np.unique(label[matched])
    first = _first(keepers, unit, place, len(units.paths))
    grouped = np.isin(label, keepers)
    label[grouped] = first[unit[label[grouped]]]
    candidates = np.flatnonzero(matched & (unit[label] != unit))
    chosen = np.unique(_first(candidates, unit, place, len(units.paths))[unit[candidates]])
    home = np.where(units.mask, own, label)
    home[duplicate] = label[_first(chosen, unit, place, len(units.paths))[unit[duplicate]]]
    shown = np.zeros(count, np.bool_)
    shown[chosen] = shown[label[chosen]] = True
    return Members(home, shown, duplicate, matched)


def _first(rows: NDArray[np.int64], unit: NDArray[np.int64], place: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return for each unit the first of some rows in keep order; nothing that makes sense where it has none of them."""
    row = np.zeros(count, np.int64)
    last = rows[np.argsort(-place[rows])]
    row[unit[last]] = last  # of several the last to be written stays
    return row
