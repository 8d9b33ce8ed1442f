"""Which hash, radius and tier suit a collection: measured on written edits of its own images, or on labelled pairs."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import curves, grouping, hashes, tables
from lookalike.errors import UsageError
from lookalike.experiments.measures import Measured, Truth, measure
from lookalike.experiments.sampling import (
    Collection,
    degrees_of,
    different_images,
    proposed_among,
    sample_of,
    write_edits,
)
from lookalike.experiments.trials import Trial
from lookalike.experiments.tuned import Tuning
from lookalike.limiting import SecondLooks
from lookalike.model import MAX_PIXELS, READ_AHEAD, HashSpec
from lookalike.opening import default_catalog, open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.pool import workers_of
from lookalike.scan.listing import Scan
from lookalike.scan.scanning import OnProgress, scan
from lookalike.sources.roots import all_named
from lookalike.stores.catalog import Catalog
from lookalike.transforms import TRANSFORMS, Transform

StrPath = str | os.PathLike[str]

SIZES = (8, 16)
SAMPLE = 100
BUDGET, MOST_BUDGET = 1.0, 10.0
"""False candidates an image: what verification is to be asked by default, and what curves reach to at least."""
MIN_IMAGES = 10
MARKEDLY = 0.05
"""How much more of a family an option must find to be recommended: it costs time, and proposes more false candidates."""
FAMILIES = tuple(dict.fromkeys(transform.family for transform in TRANSFORMS.values()))
WIDER: dict[str, dict[str, Any]] = {"crop": {"crops": True}, "turn": {"orient": "all"}}
"""What else `find` can be told, by the family of edits that it is for."""
LABELLED = "labelled"


def tune(
    paths: StrPath | Sequence[StrPath] = (),
    *,
    pairs: StrPath | None = None,
    sample: int = SAMPLE,
    edits: Sequence[str] = FAMILIES,
    algorithms: Sequence[str] | None = None,
    budget: float = BUDGET,
    catalog: StrPath | None = None,
    use_catalog: bool = True,
    workers: int | None = None,
    progress: OnProgress | None = None,
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
    read_ahead: int = READ_AHEAD,
) -> Tuning:
    """Measure which hash, size, radius and tier suit a collection.

    Parameters
    ----------
    paths : path or sequence of paths
        The collection: folders, entered recursively, and files. May be missing where `pairs` are given.
    pairs : path, optional
        A CSV file of labelled pairs, with columns path_a, path_b and same: they take the place of written edits.
    sample : int
        Most images that edits are made of.
    edits : sequence of str
        Families of edits (docs/tune.md lists them).
    algorithms : sequence of str, optional
        Whose hashes to try, in the sizes 8 and 16; None for all that can be joined.
    budget : float
        False candidates an image that a radius may bring; each costs a verification.
    catalog, use_catalog, workers, progress, max_pixels, max_seconds, max_memory, read_ahead
        As for `lookalike.find`.

    Returns
    -------
    Tuning
        The same for the same images and options, whatever their names and the number of workers.

    Raises
    ------
    UsageError
        If an option does not fit, labelled pairs cannot be read, or there are too few images.
    SourceError
        If none of the paths can be read.
    CatalogError
        If the catalog cannot be used.

    Examples
    --------
    >>> tune("photos").arguments  # doctest: +SKIP
    ['lookalike', 'find', 'photos', '--algorithm', 'dhash', '--size', '16', '--radius', '52']
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    roots = all_named([os.fspath(path) for path in given])
    if not roots and pairs is None:
        raise UsageError("no path given: name at least one folder or file, or labelled pairs")
    specs, transforms = _specs(algorithms), _transforms(edits)
    if sample < MIN_IMAGES:
        raise UsageError(f"sample must be at least {MIN_IMAGES}, got {sample}")
    if not 0 < budget <= MOST_BUDGET:
        raise UsageError(
            f"budget must be more than 0 and at most {MOST_BUDGET:g} false candidates an image, got {budget:g}"
        )
    workers = workers_of(workers)
    labelled = None if pairs is None else tables.read_labelled(os.fspath(pairs))
    place = (os.fspath(catalog) if catalog is not None else default_catalog()) if use_catalog else None
    options = ScanOptions(
        max_pixels=max_pixels, max_seconds=max_seconds, max_memory=max_memory, read_ahead=read_ahead
    )  # fmt: skip
    looks, quiet = SecondLooks(options, workers=workers), lambda _done, _listed, _finished: None
    job = _Job(roots, specs, budget, workers, progress or quiet, looks)
    with open_catalog(place) as store:
        scans = [job.scan(roots, store)] if roots else []
        ground = job.among(scans[0], store) if scans else None
        if labelled is None:
            assert ground is not None, "where there are no labelled pairs there are paths"
            return job.by_edits(ground, scans, sample, transforms)
        named = list(dict.fromkeys(side for pair in labelled for side in (pair.left, pair.right)))
        scans.append(job.scan(named, store))
        return job.by_labels(ground, scans, store, labelled, os.fspath(pairs or ""))


def _specs(algorithms: Sequence[str] | None) -> list[HashSpec]:
    names = dict.fromkeys(
        [row.name for row in hashes.ALGORITHMS.values() if row.joinable] if algorithms is None else algorithms
    )
    specs = []
    for name in names:
        row = hashes.algorithm(name)
        hashes.default_radius(HashSpec(name, row.size))  # says what can be joined
        specs += [HashSpec(name, size) for size in SIZES if size in row.radius]
    if not specs:
        raise UsageError("no algorithm given: name at least one, or leave the option out for all")
    return specs


def _transforms(families: Sequence[str]) -> tuple[Transform, ...]:
    for family in families:
        if family not in FAMILIES:
            raise UsageError(f"unknown family of edits {family!r}: use some of {', '.join(FAMILIES)}")
    if not families:
        raise UsageError(f"no family of edits given: use some of {', '.join(FAMILIES)}")
    return tuple(transform for transform in TRANSFORMS.values() if transform.family in families)


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where false pairs are counted: in a collection, or among pairs that are labelled as different.

    `degrees` (as from `lookalike.curves`) and `most`, the greatest radius to choose, are by hash; `scale` is pairs in the whole
    over pairs counted; `proposed` tells how many false candidates `find` would propose in the whole.
    """

    collection: Collection | None
    images: int
    degrees: list[NDArray[np.int64]]
    scale: float
    most: list[int]
    proposed: Callable[[FindOptions], float]

    @property
    def pairs(self) -> float:
        return self.images * (self.images - 1) / 2


@dataclass(frozen=True, slots=True)
class _Job:
    """What both ways of tuning share."""

    roots: list[str]
    specs: list[HashSpec]
    budget: float
    workers: int
    progress: OnProgress
    looks: SecondLooks

    def scan(self, paths: Sequence[str], store: Catalog) -> Scan:
        return scan(paths, [], store, HashSpec(), self.looks.options, workers=self.workers, progress=self.progress)

    def among(self, found: Scan, store: Catalog) -> _Ground:
        """Count false pairs in a collection."""
        collection = different_images(found.images, store, self.specs, workers=self.workers, looks=self.looks)
        if len(collection.row) < MIN_IMAGES:
            raise UsageError(
                f"tuning needs at least {MIN_IMAGES} different images with enough detail, got {len(collection.row)}: of "
                f"{len(found.images)} that could be read, {collection.contents - collection.joinable} have too little "
                f"detail and {collection.same} are the same picture as another"
            )
        degrees = degrees_of(collection, store, self.specs)
        proposed = partial(proposed_among, collection, store, workers=self.workers)
        most = [len(degree) - 1 for degree in degrees]
        return _Ground(collection, collection.joinable, degrees, collection.scale, most, proposed)

    def labelled(self, trial: Trial, truth: Truth) -> _Ground:
        """Count false pairs among those labelled as different, as they are: nobody knows how often there are such pairs.

        What a radius costs in a collection is not known either, and so none is wider than the default.
        """
        degrees = [truth.degrees(trial, spec) for spec in self.specs]
        return _Ground(None, len(trial), degrees, 1.0, [*map(hashes.default_radius, self.specs)], lambda _options: 0.0)

    def by_edits(self, ground: _Ground, scans: list[Scan], sample: int, transforms: tuple[Transform, ...]) -> Tuning:
        assert ground.collection is not None, "what is edited are images of a collection"
        images = ground.collection.images
        edited, others = sample_of(ground.collection, sample)
        originals = [(images.path[row], images.facts.digest[images.content[row]]) for row in edited.tolist()]
        beside = [images.path[row] for row in others.tolist()]
        with TemporaryDirectory(prefix="lookalike-tune-") as folder, open_catalog(None) as private:
            edits = write_edits(
                originals, transforms, folder, workers=self.workers, progress=self.progress, looks=self.looks
            )
            scanned = self.scan([*(path for path, _ in originals), *beside, folder], private)
            trial = Trial(scanned.images, private, self.workers, self.looks)
            own = trial.items([path for path, _ in originals])
            rows = np.array([edit.original for edit in edits], np.int64)
            made = trial.items([edit.path for edit in edits])
            read = (made >= 0) & (own[rows] >= 0)
            if len(np.unique(rows[read])) < MIN_IMAGES:
                raise UsageError(
                    f"tuning needs at least {MIN_IMAGES} images that can be edited, got {len(np.unique(rows[read]))}: "
                    f"the shorter side must not be too small, and the files must stay where they are meanwhile"
                )
            kept, owner = np.unique(rows[read], return_inverse=True)
            family = np.array([edit.transform.family for edit in edits])[read]
            strangers = trial.items(beside)
            every = np.concatenate([own[kept], strangers[strangers >= 0]])
            unread = len(originals) * len(transforms) - int(read.sum())
            truth = Truth(own[kept][owner], made[read], owner, family, every, unread=unread)
            return self.tuning(trial, truth, ground, scans, transforms, None)

    def by_labels(
        self, ground: _Ground | None, scans: list[Scan], store: Catalog, labelled: list[tables.LabelledPair], path: str
    ) -> Tuning:
        trial = Trial(scans[-1].images, store, self.workers, self.looks)
        left, right = (trial.items([getattr(pair, side) for pair in labelled]) for side in ("left", "right"))
        same = np.array([pair.same for pair in labelled], np.bool_)
        read = (left >= 0) & (right >= 0)
        yes, no = read & same, read & ~same
        if not yes.any() or (ground is None and not no.any()):
            raise UsageError(
                f"{path} has {int(yes.sum())} readable pairs with same=1 and {int(no.sum())} with same=0: tuning needs "
                "some of each, or some with same=1 and a PATH in which false pairs can be counted"
            )
        # Pairs of one subject are not independent: what they connect is one unit.
        cluster = grouping.connected(len(trial), left[yes], right[yes])[left[yes]]
        owner = np.unique(cluster, return_inverse=True)[1]
        family = np.full(len(owner), LABELLED)
        truth = Truth(
            left[yes], right[yes], owner, family, None, left[no], right[no], unread=len(read) - int(read.sum())
        )
        return self.tuning(trial, truth, ground or self.labelled(trial, truth), scans, (), path)

    def tuning(
        self,
        trial: Trial,
        truth: Truth,
        ground: _Ground,
        scans: list[Scan],
        transforms: tuple[Transform, ...],
        pairs: str | None,
    ) -> Tuning:
        """Choose the hash by what all of them do, then the tier by what `find` does with it."""
        budget, made = self.budget * ground.images, []
        for spec, degree, most in zip(self.specs, ground.degrees, ground.most, strict=True):
            distance = trial.distances(spec, truth.left, truth.right)
            recall = curves.recall_by_radius(distance, truth.owner, len(degree) - 1)
            false = curves.false_by_radius(degree, ground.scale)
            curve = curves.hash_curve(spec, recall, false, budget, most)
            made.append(replace(curve, labelled=truth.labelled(trial, spec, len(degree))))
        usual = FindOptions()
        order = curves.ranked(made, usual.spec.algorithm)
        spec = order[0].spec

        def options(**change: Any) -> FindOptions:
            """Lower the radius until all that `find` proposes is within the budget, too."""
            told = replace(usual, spec=spec, radius=order[0].radius, **change)
            radius = curves.widest(told.radius, lambda radius: ground.proposed(replace(told, radius=radius)) <= budget)
            # Distances of hashes with as many ones as zeros are even: an odd radius says no more than the one below.
            return replace(told, radius=radius - radius % 2 if hashes.algorithm(spec.algorithm).balanced else radius)

        def tried(told: FindOptions) -> Measured:
            return measure(trial, truth, told, ground.pairs)

        usually, best = tried(usual), options()
        plain = usually if best == usual else tried(best)
        found = _widened(lambda change: tried(options(**change)), plain)
        return Tuning(
            self.roots, pairs, self.budget, transforms, ground.collection, tuple(scans), truth, order, usually, found
        )


def _widened(tried: Callable[[dict[str, Any]], Measured], plain: Measured) -> Measured:
    """Try options that families of edits need; keep those that find markedly more in the tier that can be told then."""

    def gains(wider: Measured, family: str) -> bool:
        tiers = [curves.loosest_tier(measured.false_pairs) for measured in (wider, plain)]
        parts, wholes = (
            [shares.found(tier) for shares, tier in zip(pair, tiers, strict=True)]
            for pair in ((wider.families[family], plain.families[family]), (wider.total, plain.total))
        )
        return parts[0] >= parts[1] + MARKEDLY and wholes[0] >= wholes[1]

    if LABELLED in plain.families:  # nobody says which pairs need what
        kept: dict[str, Any] = {}
        for change in WIDER.values():
            wider = tried(kept | change)
            if gains(wider, LABELLED):
                plain, kept = wider, kept | change
        return plain
    asked = [family for family in WIDER if family in plain.families]
    while asked:
        wider = tried({name: value for family in asked for name, value in WIDER[family].items()})
        worth = [family for family in asked if gains(wider, family)]
        if worth == asked:
            return wider
        asked = worth
    return plain
