"""Which hash, radius and tier suit a collection: measured on written edits of its own images, or on labelled pairs."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import curves, grouping, hashes, tables
from lookalike.errors import UsageError
from lookalike.listing import Scan
from lookalike.measures import Measured, Truth, measure
from lookalike.model import FindOptions, HashSpec, ScanOptions
from lookalike.opening import default_catalog, open_catalog
from lookalike.pool import default_workers
from lookalike.sampling import Collection, affordable, degrees_of, different_images, sample_of, write_edits
from lookalike.scanning import OnProgress, scan
from lookalike.stores.catalog import Catalog
from lookalike.transforms import TRANSFORMS, Transform
from lookalike.trials import Trial
from lookalike.tuned import Tuning

StrPath = str | os.PathLike[str]
Column = NDArray[np.int64]

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
        Families of `lookalike.transforms.TRANSFORMS`.
    algorithms : sequence of str, optional
        Whose hashes to try, in the sizes 8 and 16; None for all that can be joined.
    budget : float
        False candidates an image that a radius may bring; each costs a verification.
    catalog, use_catalog, workers, progress
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
    roots = [os.fspath(path) for path in given]
    if not roots and pairs is None:
        raise UsageError("no path given: name at least one folder or file, or labelled pairs")
    specs, transforms = _specs(algorithms), _transforms(edits)
    if sample < MIN_IMAGES:
        raise UsageError(f"sample must be at least {MIN_IMAGES}, got {sample}")
    if not 0 < budget <= MOST_BUDGET:
        raise UsageError(
            f"budget must be more than 0 and at most {MOST_BUDGET:g} false candidates an image, got {budget:g}"
        )
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, got {workers}")
    labelled = None if pairs is None else tables.read_labelled(os.fspath(pairs))
    place = (os.fspath(catalog) if catalog is not None else default_catalog()) if use_catalog else None
    job = _Job(roots, specs, budget, workers or default_workers(), progress or (lambda _done, _listed, _finished: None))
    with open_catalog(place) as store:
        scans = [job.scan(roots, store)] if roots else []
        collection = job.collection(scans[0], store) if scans else None
        degrees = None if collection is None else degrees_of(collection, store, specs)
        if labelled is None:
            assert collection is not None, "there are paths where there are no labelled pairs"
            return job.by_edits(scans, collection, degrees, store, sample_of(collection, sample), transforms)
        named = list(dict.fromkeys(side for pair in labelled for side in (pair.left, pair.right)))
        scans.append(job.scan(named, store))
        return job.by_labels(scans, collection, degrees, store, labelled, os.fspath(pairs or ""))


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
class _Job:
    """What both ways of tuning share."""

    roots: list[str]
    specs: list[HashSpec]
    budget: float
    workers: int
    progress: OnProgress

    def scan(self, paths: Sequence[str], store: Catalog) -> Scan:
        return scan(paths, [], store, HashSpec(), ScanOptions(), workers=self.workers, progress=self.progress)

    def collection(self, found: Scan, store: Catalog) -> Collection:
        collection = different_images(found.images, store, self.specs, workers=self.workers)
        if len(collection.row) < MIN_IMAGES:
            raise UsageError(
                f"tuning needs at least {MIN_IMAGES} different images with enough detail, got {len(collection.row)}: of "
                f"{len(found.images)} that could be read, {collection.contents - collection.joinable} have too little "
                f"detail and {collection.same} are the same picture as another"
            )
        return collection

    def by_edits(
        self,
        scans: list[Scan],
        collection: Collection,
        degrees: list[NDArray[np.int64]] | None,
        store: Catalog,
        chosen: tuple[Column, Column],
        transforms: tuple[Transform, ...],
    ) -> Tuning:
        images = collection.images
        edited, others = chosen
        originals = [(images.path[row], images.facts.digest[images.content[row]]) for row in edited.tolist()]
        beside = [images.path[row] for row in others.tolist()]
        with TemporaryDirectory(prefix="lookalike-tune-") as folder, open_catalog(None) as private:
            edits = write_edits(originals, transforms, folder, workers=self.workers, progress=self.progress)
            scanned = self.scan([*(path for path, _ in originals), *beside, folder], private)
            trial = Trial(scanned.images, private, self.workers)
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
            return self.tuning(trial, truth, scans, collection, degrees, store, transforms, None)

    def by_labels(
        self,
        scans: list[Scan],
        collection: Collection | None,
        degrees: list[NDArray[np.int64]] | None,
        store: Catalog,
        labelled: list[tables.LabelledPair],
        path: str,
    ) -> Tuning:
        trial = Trial(scans[-1].images, store, self.workers)
        left, right = (trial.items([getattr(pair, side) for pair in labelled]) for side in ("left", "right"))
        same = np.array([pair.same for pair in labelled], np.bool_)
        read = (left >= 0) & (right >= 0)
        yes, no = read & same, read & ~same
        if not yes.any() or (collection is None and not no.any()):
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
        return self.tuning(trial, truth, scans, collection, degrees, store, (), path)

    def tuning(
        self,
        trial: Trial,
        truth: Truth,
        scans: list[Scan],
        collection: Collection | None,
        degrees: list[NDArray[np.int64]] | None,
        store: Catalog,
        transforms: tuple[Transform, ...],
        pairs: str | None,
    ) -> Tuning:
        """Choose the hash by what all of them do, then the tier by what `find` does with it."""
        if degrees is None or collection is None:
            images, scale = len(trial), len(trial) * (len(trial) - 1) / 2 / len(truth.other_left)
            degrees = [truth.degrees(trial, spec) for spec in self.specs]
            whole = scale
        else:
            images, scale = collection.joinable, collection.scale
            whole = collection.joinable * (collection.joinable - 1) / 2
        made = []
        for spec, degree in zip(self.specs, degrees, strict=True):
            distance = trial.distances(spec, truth.left, truth.right)
            recall = curves.recall_by_radius(distance, truth.owner, len(degree) - 1)
            made.append(curves.hash_curve(spec, recall, curves.false_by_radius(degree, scale), self.budget * images))
        order = curves.ranked(made, FindOptions().spec.algorithm)

        def told(change: dict[str, Any]) -> FindOptions:
            options = replace(FindOptions(spec=order[0].spec, radius=order[0].radius), **change)
            if collection is None:
                return options
            return affordable(collection, store, options, self.budget * images, workers=self.workers)

        usual = measure(trial, truth, FindOptions(), whole)
        best = told({})
        plain = usual if best == usual.options else measure(trial, truth, best, whole)
        found = _widened(lambda change: measure(trial, truth, told(change), whole), plain)
        return Tuning(self.roots, pairs, self.budget, transforms, collection, tuple(scans), truth, order, usual, found)


def _widened(tried: Callable[[dict[str, Any]], Measured], plain: Measured) -> Measured:
    """Try options for families of edits that need them; keep those that find markedly more."""
    asked = [family for family in WIDER if family in plain.families]
    better, wider = asked, plain
    while better:
        wider = tried({name: value for family in better for name, value in WIDER[family].items()})
        worth = [
            family
            for family in better
            if wider.families[family].edit.estimate >= plain.families[family].edit.estimate + MARKEDLY
        ]
        if worth == better:
            return wider
        better = worth
    return plain
