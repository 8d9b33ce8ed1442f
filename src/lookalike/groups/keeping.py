"""Matched images to a table of what is kept: one row per image that was looked at, column by column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import collector
from lookalike.columns import Images, Matches, Units
from lookalike.groups.grouped import Grouped
from lookalike.keep import Ranking
from lookalike.model import Failure, Tier
from lookalike.plan import Plan, lost
from lookalike.sources.places import Placer, number_of
from lookalike.tables.kept import ROLES, KeepTable

KEEPER, DUPLICATE, SIMILAR, SINGLE, FAILURE = range(len(ROLES))


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, as far as it says what is kept.

    Attributes
    ----------
    images, units, ranking, matches, grouped : Images, Units, Ranking, Matches, Grouped
        As the stages give them.
    failures : list of Failure
        Images under test that could not be read.
    roots : list of str
        As given, and what hash tables were made of.
    """

    images: Images
    units: Units
    ranking: Ranking
    matches: Matches
    grouped: Grouped
    failures: list[Failure]
    roots: list[str]


def going(found: Found) -> NDArray[np.bool_]:
    """Say which images go, wherever that is asked: in tables, lists, masks and numbers of rows.

    Parameters
    ----------
    found : Found
        What was found.

    Returns
    -------
    ndarray of bool, shape (n,)
        Duplicates, but no raw file for the sake of another picture. What could not be read is no image here, and never goes.
    """
    return _going(found, _keepers(found))


def keep_table(found: Found, *, relations: bool = True) -> KeepTable:
    """Return one row per image under test: what was read as it was listed, then what could not be read.

    Parameters
    ----------
    found : Found
        What was found. References are in no row; they are keepers of others at most.
    relations : bool
        Whether to say what was done to each duplicate, which takes most of the time.

    Returns
    -------
    KeepTable
        Duplicates do not stay; everything else does, also what could not be read, and raw files without an equal one.
    """
    images, failures = found.images, found.failures
    rows = np.flatnonzero(~images.reference)
    with collector.paused():
        path = [images.path[row] for row in rows.tolist()] + [failure.ref.path for failure in failures]
        source = [images.source_of(row) for row in rows.tolist()] + [failure.ref.source for failure in failures]
        shards, shard, key = _placed(path, source, found.roots)
        rows_of = (number_of(name, kind) for name, kind in zip(key, source, strict=True))
        (number, role), keeper = _grouped(found), _keepers(found)
        stays = ~_going(found, keeper)
        unit = np.where(found.units.mask, 0, found.units.unit + 1)[rows]  # 0 stands for what is of no unit
        unread = [found.units.unread.get(failure.ref.path, -1) + 1 for failure in failures]
        named = (role == DUPLICATE) | ((role == SIMILAR) & found.grouped.members.shown)
        tier, none = found.matches.tier, np.uint8(Tier.NONE)
        verified = named & (tier != none)
        relation, reason = _words(found, role, keeper, named, relations=relations)
        held = stays & (role == DUPLICATE) & _is_raw(images)
        reason |= {row: lost(("raw",)) for row in np.flatnonzero(held).tolist()}
        return KeepTable(
            path=path, source=source,
            size=np.concatenate([images.size[rows], _numbers([failure.ref.size for failure in failures])]),
            mtime_ns=np.concatenate([images.mtime_ns[rows], _numbers([failure.ref.mtime_ns for failure in failures])]),
            digest=[images.facts.digest[at] for at in images.content[rows].tolist()] + [None] * len(failures),
            shards=shards, shard=shard, key=key,
            number=np.fromiter((-1 if at is None else at for at in rows_of), np.int64, len(key)),
            group=np.concatenate([[0], number])[np.concatenate([unit, np.array(unread, np.int64)])],
            role=np.concatenate([role[rows], np.full(len(failures), FAILURE, np.uint8)]),
            keep=np.concatenate([stays[rows], np.ones(len(failures), np.bool_)]),
            tier=np.concatenate([np.where(named, tier, none)[rows], np.full(len(failures), none)]),
            distance=np.concatenate([np.where(named, found.grouped.distance, -1)[rows], np.full(len(failures), -1)]),
            score=np.concatenate(
                [np.where(verified, found.matches.score / 1000, np.nan)[rows], np.full(len(failures), np.nan)]
            ),
            keeper=[
                images.path[at] if one else None
                for at, one in zip(keeper[rows].tolist(), named[rows].tolist(), strict=True)
            ] + [None] * len(failures),
            relation=[relation.get(row, "") for row in rows.tolist()] + [""] * len(failures),
            reason=[reason.get(row, "") for row in rows.tolist()]
            + [f"{failure.kind}: {failure.reason}" for failure in failures],
        )  # fmt: skip


def planned_table(found: Found, plan: Plan, *, relations: bool = True) -> KeepTable:
    """Return the same rows, of which only those go that a plan would remove.

    Parameters
    ----------
    found : Found
        What was found.
    plan : Plan
        What would go of it.
    relations : bool
        As for `keep_table`.

    Returns
    -------
    KeepTable
        With the reasons of the plan; a unit goes whole.
    """
    table = keep_table(found, relations=relations)
    told = {decision.path: decision.reason for decision in plan.decisions}
    gone = {decision.path for decision in plan.removals}
    gone.update(part.path for decision in plan.removals for part in decision.parts)
    images, units = found.images, found.units
    # What is not of files has no parts in a plan: there the other images of its unit go with it.
    whole = {int(units.unit[row]) for row, path in enumerate(images.path) if path in gone and not units.mask[row]}
    along = {
        path
        for row, path in enumerate(images.path)
        if images.source_of(row) != "files" and not units.mask[row] and int(units.unit[row]) in whole
    }
    keep = np.array([path not in gone and path not in along for path in table.path], np.bool_)
    return table.decided(keep, [told.get(path, reason) for path, reason in zip(table.path, table.reason, strict=True)])


def _numbers(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _placed(
    paths: Sequence[str], source: Sequence[str], roots: Sequence[str]
) -> tuple[list[str], NDArray[np.int64], list[str]]:  # fmt: skip
    placer = Placer(roots)
    number: dict[str, int] = {}
    shard, key = np.empty(len(paths), np.int64), []
    for at, (path, kind) in enumerate(zip(paths, source, strict=True)):
        place, name = placer.place(path, kind)
        shard[at] = number.setdefault(place, len(number))
        key.append(name)
    return list(number), shard, key


def _grouped(found: Found) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the group of each unit, and the role of each image."""
    units, members = found.units, found.grouped.members
    own = ~units.mask
    number = np.zeros(len(units.paths), np.int64)
    leads = np.zeros(len(units.paths), np.bool_)
    for at, part in enumerate(found.grouped.rows, 1):
        number[units.unit[part]] = at
        leads[units.unit[part[0]]] = True
    group = np.where(own, number[units.unit], 0)
    role = np.full(len(units.unit), SINGLE, np.uint8)
    role[group > 0] = SIMILAR
    role[own & leads[units.unit]] = KEEPER
    role[members.duplicate] = DUPLICATE
    return number, role


def _keepers(found: Found) -> NDArray[np.int64]:
    """Return of each image the one of another unit that it was matched with."""
    duplicate, unit, matched = found.grouped.members.duplicate, found.units.unit, found.matches.keeper
    keeper = matched.copy()
    while (inside := duplicate & (unit[keeper] == unit) & (matched[keeper] != keeper)).any():
        keeper[inside] = matched[keeper[inside]]  # of an image near another of its unit, the keeper of that
    return keeper


def _is_raw(images: Images) -> NDArray[np.bool_]:
    return np.array([name == "RAW" for name in images.facts.format], np.bool_)[images.content]


def _going(found: Found, keeper: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which duplicates go: only equal bytes stand for a raw file, which stands for nothing else."""
    images, units, duplicate = found.images, found.units, found.grouped.members.duplicate
    raw = _is_raw(images)
    held: NDArray[np.bool_] = duplicate & (raw | raw[keeper]) & (images.content != images.content[keeper])
    held &= ~np.isin(images.content, images.content[~duplicate])
    held |= duplicate & ~units.mask & np.isin(units.unit, units.unit[held & ~units.mask])  # a unit stays whole
    return duplicate & ~held


def _words(
    found: Found, role: NDArray[np.uint8], keeper: NDArray[np.int64], named: NDArray[np.bool_], *, relations: bool
) -> tuple[dict[int, str], dict[int, str]]:  # fmt: skip
    """Return relation and reason of the images that have one."""
    grouped, ranking, units = found.grouped, found.ranking, found.units
    reason = dict.fromkeys(np.flatnonzero(units.mask).tolist(), "a mask of another image")
    first = np.array([part[:2] for part in grouped.rows], np.int64).reshape(-1, 2)
    reason |= zip(first[:, 0].tolist(), ranking.reasons(first[:, 0], first[:, 1]), strict=True)
    rows = np.flatnonzero(named)
    reason |= zip(rows.tolist(), ranking.reasons(keeper[rows], rows), strict=True)
    relation = {row: grouped.relation(row) for row in rows.tolist()} if relations else {}
    for row in np.flatnonzero((role <= SIMILAR) & ~named).tolist():
        reason.setdefault(row, f"of one shot with {units.paths[units.unit[row]][0]}")
    return relation, reason
