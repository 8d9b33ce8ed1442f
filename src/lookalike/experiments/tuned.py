"""What tuning measured, and what it recommends: as values, as a command line and as JSON."""

import os
from dataclasses import dataclass, replace
from typing import Any

from lookalike import curves, hashes, intervals, tables
from lookalike.curves import HashCurve
from lookalike.experiments.measures import Measured, Shares, Truth
from lookalike.experiments.sampling import Collection
from lookalike.intervals import Interval
from lookalike.model import HashSpec, Tier
from lookalike.options import FindOptions
from lookalike.report.tunings import number
from lookalike.scan.listing import Scan
from lookalike.transforms import Transform

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured, and what it recommends. Made by `lookalike.tune` only.

    Attributes
    ----------
    roots : list of str
        As given.
    pairs : str or None
        The file of labelled pairs.
    budget : float
        False candidates an image that were allowed.
    transforms : tuple of Transform
        The edits; none with labelled pairs.
    collection : Collection or None
        What false pairs were counted in; None with labelled pairs alone.
    scans : tuple of Scan
        What was read, and what could not be.
    truth : Truth
        Which pictures are known to be the same, and which not.
    hashes : list of HashCurve
        Each hash with its best radius, the best hash first.
    usual, best : Measured
        What `find` does by default, and as recommended.
    """

    roots: list[str]
    pairs: str | None
    budget: float
    transforms: tuple[Transform, ...]
    collection: Collection | None
    scans: tuple[Scan, ...]
    truth: Truth
    hashes: list[HashCurve]
    usual: Measured
    best: Measured

    @property
    def options(self) -> FindOptions:
        """What `find` should be told."""
        return replace(self.best.options, tier=curves.loosest_tier(self.best.false_pairs))

    @property
    def arguments(self) -> list[str]:
        """The recommended command line; what is the default is left out."""
        options, usual = self.options, FindOptions()
        said = {
            "--algorithm": (options.spec.algorithm, usual.spec.algorithm),
            "--size": (options.spec.size, hashes.algorithm(options.spec.algorithm).size),
            "--radius": (options.radius, hashes.default_radius(options.spec)),
            "--tier": (options.tier.name.lower(), usual.tier.name.lower()),
            "--orient": (options.orient, usual.orient),
        }
        paths = [os.path.join(os.curdir, path) if path.startswith("-") else path for path in self.roots]
        given = [str(word) for name, (value, default) in said.items() if value != default for word in (name, value)]
        return ["lookalike", "find", *(paths or ["PATH"]), *given, *(["--crops"] if options.crops else [])]

    @property
    def notes(self) -> list[str]:
        """What to know before one trusts the figures, one line each."""
        return [*self._hash_notes(), *self._tier_notes()]

    def _hash_notes(self) -> list[str]:
        best, *others = self.hashes
        notes = []
        if not best.within_budget:
            notes.append(
                f"no hash stays within {self.budget:g} false candidates an image, not even at radius 0: different images "
                "have equal hashes here"
            )
        if not any(row.estimate for curve in self.hashes for row in curve.false_pairs):
            notes.append("no pair of different images is in reach of any hash: nothing here bounds the radius")
        lowest = best.recall[best.radius].low
        equals = [_name(row.spec) for row in others if row.within_budget and row.recall[row.radius].estimate >= lowest]
        if equals:
            whose = "all others" if len(equals) == len(others) > 1 else ", ".join(equals)
            more = "more labelled pairs narrow it" if self.pairs else "a larger --sample narrows it"
            notes.append(
                f"{_name(best.spec)} is not surely the best: the recall of {whose} lies in the interval of its own; {more}"
            )
        if self.collection is None:
            notes.append(
                "without a PATH nothing tells what a radius costs in a collection: none is wider than the default of its hash"
            )
        elif self.best.options.radius < best.radius:
            notes.append(
                f"whole pictures alone would allow radius {best.radius}; find also compares parts, crops and turns of "
                f"pictures, and all that it proposes stays within the budget at radius {self.best.options.radius}"
            )
        return notes

    def _tier_notes(self) -> list[str]:
        tier, notes = self.options.tier, []
        if not self.best.units:
            notes.append(
                "no pair is labelled as different: what verification takes for the same by mistake was not measured"
            )
        elif tier > Tier.EXACT:
            row = self.best.false_pairs[tier]
            seen = "none was seen" if not row.estimate else f"{number(row.estimate)} are expected"
            notes.append(
                f"tier {tier.name.lower()} is the loosest with less than one false pair to be expected: {seen}, though up to "
                f"{number(row.high)} cannot be ruled out"
            )
        if self.pairs is None:
            notes.append("edits are made by rule: what happened to your own copies may be milder or worse")
        return notes

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values: the object of ``tune --json``.

        Returns
        -------
        dict
            Keys version, level, options, roots, collection, pairs, hashes, find, recommended, notes, failures; see
            docs/tune.md.
        """
        options, found = self.options, self.collection
        failures = {failure.ref.path: failure for part in self.scans for failure in part.failures}
        return {
            "version": 1,
            "level": intervals.LEVEL,
            "options": {
                "edits": list(dict.fromkeys(transform.family for transform in self.transforms)),
                "pairs": None if self.pairs is None else tables.printable(self.pairs),
                "algorithms": list(dict.fromkeys(sorted(curve.spec.algorithm for curve in self.hashes))),
                "budget": self.budget,
            },
            "roots": [tables.printable(path) for path in self.roots],
            "collection": None
            if found is None
            else {
                "images": len(found.images), "contents": found.contents, "low_detail": found.contents - found.joinable,
                "compared": found.compared, "same": found.same, "different": len(found.row), "pairs": found.pairs,
            },
            "pairs": {
                "images": len(set(self.truth.owner.tolist())), "edits": len(self.transforms), "same": len(self.truth.left),
                "different": len(self.truth.other_left), "unread": self.truth.unread,
            },
            "hashes": [_curve(curve) for curve in self.hashes],
            "find": {"default": _measured(self.usual), "recommended": _measured(self.best)},
            "recommended": {
                **_options(options), "tier": options.tier.name.lower(),
                "command": [tables.printable(word) for word in self.arguments],
            },
            "notes": self.notes,
            "failures": [tables.failure_row(failures[path]) for path in sorted(failures)],
        }  # fmt: skip

    def to_json(self) -> str:
        """Return all of it as JSON text, ASCII only, one trailing newline.

        Returns
        -------
        str
            The object of `to_dict`.
        """
        return tables.to_json(self.to_dict())


def _name(spec: HashSpec) -> str:
    return f"{spec.algorithm} {spec.size}"


def _interval(row: Interval) -> dict[str, float]:
    return {name: round(getattr(row, name), DIGITS) for name in Interval.__slots__}


def _curve(curve: HashCurve) -> dict[str, Any]:
    points = [
        {"radius": radius, "recall": _interval(recall), "false_pairs": _interval(false), "labelled_false": labelled}
        for radius, (recall, false, labelled) in enumerate(
            zip(curve.recall, curve.false_pairs, curve.labelled, strict=True)
        )
    ]
    return {
        "algorithm": curve.spec.algorithm, "size": curve.spec.size, "bits": curve.spec.bits, **points[curve.radius],
        "within_budget": curve.within_budget, "curve": points,
    }  # fmt: skip


def _options(options: FindOptions) -> dict[str, Any]:
    spec = options.spec
    return {
        "algorithm": spec.algorithm, "size": spec.size, "radius": options.radius, "orient": options.orient,
        "crops": options.crops,
    }  # fmt: skip


def _shares(shares: Shares) -> dict[str, Any]:
    return {"pairs": shares.pairs} | {name: _interval(getattr(shares, name)) for name in ("proposed", "copy", "edit")}


def _measured(measured: Measured) -> dict[str, Any]:
    return {
        "options": _options(measured.options),
        "total": _shares(measured.total),
        "families": {family: _shares(shares) for family, shares in measured.families.items()},
        "image_pairs": measured.units,
        "same": measured.same,
        "false_candidates": _interval(measured.candidates),
        "false_pairs": {tier.name.lower(): _interval(row) for tier, row in measured.false_pairs.items()},
    }
