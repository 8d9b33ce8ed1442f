"""Look for pictures that are in more than one split of a data set.

All splits are searched together; then each is held against each other one. In a star every image is verified against its
keeper only, so that two images of different splits, both away from it, could miss each other; held against a split, an
image is looked for among all images of that.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import permutations
from tempfile import TemporaryDirectory
from typing import Any, Unpack

from lookalike import deciding, tables
from lookalike.errors import SourceError, UsageError
from lookalike.finding import FindKeywords, find
from lookalike.groups.findings import Findings
from lookalike.labels import SPLITS, Root, names_below, root_of, survey
from lookalike.leakage.leaked import Leaks
from lookalike.leakage.linking import Links
from lookalike.leakage.placing import Homes
from lookalike.leakage.splits import Split, split_names
from lookalike.model import Orient
from lookalike.opening import default_catalog, open_ledger
from lookalike.scan.loading import ENDING, hash_file
from lookalike.scan.recalling import is_catalog
from lookalike.scan.scanning import OnProgress
from lookalike.sources.folders import Source
from lookalike.sources.huggingface import is_dataset
from lookalike.sources.roots import all_named
from lookalike.sources.values import as_sources, path_of
from lookalike.stores.decisions import Decided, Standing

StrPath = str | os.PathLike[str]


def leaks(
    *paths: object,
    splits: Mapping[str, object] | None = None,
    tier: str = "edit",
    orient: Orient = "mirror",
    within: int | None = None,
    decisions: StrPath | None = None,
    decided: Sequence[Decided] | None = None,
    baseline: StrPath | None = None,
    catalog: StrPath | None = None,
    use_catalog: bool = True,
    ledger: StrPath | None = None,
    progress: OnProgress | None = None,
    **options: Unpack[FindKeywords],
) -> Leaks:
    """Find pictures that are in more than one split of a data set, and pictures that lie in different classes.

    Parameters
    ----------
    *paths : path, `DatasetDict`, `Dataset` or mapping
        A split each, such as the folders train and test, named by the last names of their paths; or hash tables (.parquet) of
        their images, named likewise. A folder alone is split by the folders train, val, test and so on in it. Of a
        `DatasetDict`, or another mapping of names to whatever `lookalike.find` takes (datasets, data frames, sequences of
        images, paths, lists of paths), each item is a split. A Hugging Face `Dataset` goes by the split that it says it is.
    splits : mapping of str to the same, optional
        Further splits, by name.
    tier : str
        Loosest tier of what counts as the same: exact, copy, edit or similar.
    orient : str
        upright, mirror (also mirrored pictures are the same) or all (also rotated ones).
    within : int, optional
        How many folder names below a path make a class; 0 for no classes, None for what the tree looks like.
    decisions : path, optional
        File of decisions (see `lookalike.import_decisions`) that hold beside those of the ledger; it is only read.
    decided : sequence of Decided, optional
        Decisions as `lookalike.decisions` returns them, in the place of those of the ledger; None for the ledger.
    baseline : path, optional
        JSON that an earlier run or ``lookalike find`` wrote: pairs that are in it are marked as known.
    catalog : path, optional
        Catalog file; None for the one in the cache folder of the platform.
    use_catalog : bool
        False remembers nothing.
    ledger : path, optional
        Ledger file; None for the one in the state folder of the platform.
    progress : callable, optional
        As for `lookalike.find`.
    **options
        Further options of `lookalike.find`.

    Returns
    -------
    Leaks
        Pairs across splits, groups, contradictions, and lists of images without leaks.

    Raises
    ------
    UsageError
        If an option does not fit, there are fewer than two splits, or one lies in another or has an image of another.
    SourceError
        If a split cannot be read or has no image that can: then nothing is known of it.
    CatalogError
        If the catalog cannot be used.
    LedgerError
        If the ledger is there and cannot be read.

    Examples
    --------
    >>> leaks("data/train", "data/test").by_tier
    {'exact': 1, 'copy': 1, 'edit': 0}
    >>> from PIL import Image
    >>> picture = Image.effect_mandelbrot((320, 320), (-2, -1.5, 1, 1.5), 50)
    >>> found = leaks({"train": [picture], "test": [picture.resize((160, 160))]}, use_catalog=False)
    >>> [(pair.image.path, pair.tier.name, pair.relation, pair.keeper.path) for pair in found.pairs]
    [('test/0', 'COPY', 'half size', 'train/0')]
    """
    if "against" in options:
        raise UsageError("leaks holds each split against each other one: give what is to be compared as splits")
    if within is not None and within < 0:
        raise UsageError(f"within must not be negative, got {within}")
    named = _named(paths, splits or {}, options.get("column"))
    sources = {path_of(source): source for part in named.values() for source in part}
    given = {name: list(map(path_of, part)) for name, part in named.items()}
    homes = Homes(given)
    before = None if baseline is None else tables.read_baseline(os.fspath(baseline))
    more = [] if decisions is None else deciding.read_decisions(decisions)
    with _stores(catalog, ledger, decided, more, use_catalog=use_catalog) as (place, book):
        told: dict[str, Any] = {**options, "tier": tier, "orient": orient, "catalog": place, "ledger": book}
        found = find(list(sources.values()), progress=progress, **told)
        made = _splits(given, homes, found)
        held = [found]
        for two in permutations(made, 2):
            roots = [[sources[root.path] for root in one.roots if root.path not in found.missing_roots] for one in two]
            held.append(find(roots[0], against=roots[1], **{**told, "group": "star"}))
        standing = Standing.of(deciding.decisions(ledger=book), _digests(held))
    links = Links(made, homes, held, within)
    groups, pairs = links.crossing(standing)
    if before is not None:
        pairs = [replace(pair, known=before.holds(*(side.digest for side in pair.sides))) for pair in pairs]
    document = found.to_dict(0)
    document["stats"]["seconds"] = round(sum(one.stats["seconds"] for one in held), 3)
    kept = None if not use_catalog else default_catalog() if catalog is None else os.fspath(catalog)
    return Leaks(
        tuple(made), groups, tuple(pairs), links.contradictions(), document, tuple(found.incomplete), within, kept,
        found.reader,
    )  # fmt: skip


def _named(
    given: Sequence[object], splits: Mapping[str, object], column: str | int | None
) -> dict[str, list[str | Source]]:
    """Return what each split is made of, in the order given."""
    if len(given) == 1 and not splits and isinstance(given[0], (str, os.PathLike)):
        given = _folders(os.fspath(given[0]))
    paths = [os.fspath(one) for one in given if isinstance(one, (str, os.PathLike))]
    real = {path: os.path.realpath(path) for path in paths}
    if len(paths) != len(set(real.values())):
        twice = next(path for at, path in enumerate(paths) if real[path] in [real[one] for one in paths[:at]])
        raise UsageError(f"{twice} is given twice: name each split once")
    names = iter(
        split_names([os.path.abspath(path if hash_file(path) is None else path[: -len(ENDING)]) for path in paths])
    )
    parts: dict[str, object] = {}
    for one in (*given, splits):
        own = isinstance(one, (str, os.PathLike))
        for name, part in one.items() if isinstance(one, Mapping) else [(next(names) if own else _called(one), one)]:
            if str(name) in parts:
                raise UsageError(
                    f"two splits are called {str(name)!r}: give all paths of one split the same name by --split"
                )
            parts[str(name)] = part
    if len(parts) < 2:
        raise UsageError("leaks compares splits: name two at least, such as TRAIN and TEST")
    named: dict[str, list[str | Source]] = {}
    taken = [str(path) for path in _texts(parts.values())]
    for name, part in parts.items():
        named[name] = all_named(as_sources({name: part}, column, taken))
        taken += map(path_of, named[name])
        for path in filter(is_catalog, named[name]):
            raise UsageError(f"{path} knows of no splits: name the folders, archives or tables of each")
    _check_apart({name: [path for path in part if isinstance(path, str)] for name, part in named.items()})
    return named


def _texts(given: Iterable[object]) -> Iterator[str]:
    for part in given:
        for one in part if isinstance(part, (list, tuple)) else [part]:
            if isinstance(one, (str, os.PathLike)):
                yield os.fspath(one)


def _called(given: object) -> str:
    """Return which split a dataset says it is."""
    split = getattr(given, "split", None) if is_dataset(given) else None
    if split is None:
        raise UsageError(
            f"a split that is no path needs a name, got {type(given).__name__}: give a dict, as in "
            "leaks({'train': ..., 'test': ...})"
        )
    return str(split)


def _check_apart(named: Mapping[str, Sequence[str]]) -> None:
    """Refuse splits that lie in each other."""
    places = [(name, path, os.path.realpath(path)) for name, given in named.items() for path in given]
    for name, path, place in places:
        for other, around, outer in places:
            if name != other and root_of(place, [outer]) is not None:
                raise UsageError(
                    f"split {other} ({around}) holds split {name} ({path}), so that its pictures are in both: name folders "
                    "that do not lie in each other"
                )


def _folders(path: str) -> list[str]:
    """Return the folders of a data set that are named as splits are."""
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.name.lower() in SPLITS and entry.is_dir())
    except OSError as error:
        if not os.path.exists(path):
            raise SourceError(f"{path} cannot be read: {error.strerror}") from error
        names = []
    if len(names) < 2:
        held = f"only {names[0]}" if names else "none"
        raise UsageError(
            f"{path} alone should hold a folder for each split ({', '.join(sorted(SPLITS))}), and holds {held}: name the "
            "splits one by one, as in lookalike leaks TRAIN TEST"
        )
    return [os.path.join(path, name) for name in sorted(names, key=_stage)]


def _stage(name: str) -> int:
    """Training comes first, tests come last."""
    return 0 if name.lower().startswith("train") else 2 if name.lower().startswith(("test", "eval")) else 1


@contextmanager
def _stores(
    catalog: StrPath | None, ledger: StrPath | None, decided: Sequence[Decided] | None, more: Sequence[Decided], *,
    use_catalog: bool,
) -> Iterator[tuple[StrPath | None, StrPath | None]]:  # fmt: skip
    """Offer a catalog for several searches, and a ledger that holds further decisions, too, or others than that of the user."""
    with TemporaryDirectory(prefix="lookalike-") as folder:
        place = catalog if use_catalog else os.path.join(folder, "catalog.sqlite")
        if decided is None and not more:
            yield place, ledger
            return
        if decided is None:
            decided = deciding.decisions(ledger=ledger)
        book = os.path.join(folder, "ledger.sqlite")
        with open_ledger(book) as store, store.transaction():
            for one in (*decided, *more):
                store.add_decision(one.kind, one.images, note=one.note, created=one.created)
        yield place, book


def _splits(named: Mapping[str, Sequence[str]], homes: Homes, found: Findings) -> list[Split]:
    """Say what lies in each split."""
    images: dict[str | None, list[str]] = {name: [] for name in named}
    for path in sorted({*found.keep_paths, *found.duplicate_paths}):
        images[homes(path)].append(path)
    failed = Counter(homes(row.ref.path) for row in found.failures)
    shapes = _shapes(
        list(dict.fromkeys(path for roots in homes.roots.values() for path in roots)),
        [path for part in images.values() for path in part],
    )
    for name, part in images.items():
        if not part:
            where = ", ".join(named[str(name)])
            raise SourceError(
                f"split {name} has no image that can be read, so nothing is known of it: look into {where}"
            )
    splits = []
    for name, given in named.items():
        roots = tuple(shapes[path] for path in homes.roots[name])
        splits.append(Split(name, roots[: len(given)], tuple(images[name]), failed[name], roots[len(given) :]))
    return splits


def _shapes(roots: Sequence[str], paths: Iterable[str]) -> dict[str, Root]:
    """Say which folders of each root are classes: as it looks by itself, or else as all look together.

    A test set of one class has one folder, by which alone nobody can tell.
    """
    folders = Counter(path if path in roots else os.path.dirname(path) for path in paths)
    together: Counter[str] = Counter()
    for folder, count in folders.items():
        root = root_of(folder, roots)  # None where a table does not say what it was made of
        if root is not None:
            together[os.path.join("all", *names_below(folder, root))] += count
    (whole,) = survey(together, ["all"])
    return {
        root.path: root if root.depth else replace(root, depth=whole.depth, common=whole.common)
        for root in survey(folders, roots)
    }


def _digests(held: Iterable[Findings]) -> set[bytes]:
    members = (member for findings in held for group in findings.groups for member in group.members)
    return {member.ref.digest for member in members if member.ref.digest is not None}
