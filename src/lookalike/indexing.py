"""An index to search by picture: all hashes in memory, everything else in the catalog until something is hit."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lookalike import decode
from lookalike.errors import SourceError, UsageError
from lookalike.globs import listed
from lookalike.index.hits import Hit, Others, Query, judge
from lookalike.index.indexed import VARIANTS, Indexed
from lookalike.limiting import SecondLooks
from lookalike.model import MAX_PIXELS, MIN_DETAIL, READ_AHEAD, Failure, HashSpec, Orient, Truncated
from lookalike.opening import default_catalog, open_catalog
from lookalike.options import ScanOptions
from lookalike.pictures import ImageSource
from lookalike.pool import workers_of
from lookalike.scan.recalling import PREFIX
from lookalike.scan.scanning import OnProgress, scan
from lookalike.scan.variants import add as add_hashes
from lookalike.searching import checked, spec_of
from lookalike.stores.catalog import Catalog

StrPath = str | os.PathLike[str]
JUDGED_AT_ONCE = 4096


class Index:
    """Search by picture: nearest by distance, exactly, then verified. Made empty; `of` and `open` make it of what there is.

    In memory are a hash and a number for each picture; thumbnails, facts and paths are read for what is hit.

    Parameters
    ----------
    store : Catalog, optional
        Where thumbnails and facts are kept, closed with the index; None for a private one that is gone afterwards.
    algorithm : str
        Hash to search by.
    size : int, optional
        Side of the hash; None for the algorithm's own.
    workers : int, optional
        How many threads search and decode; None for one per core.
    options : ScanOptions, optional
        Under which limits files are looked at; None for the usual ones.

    Attributes
    ----------
    spec : HashSpec
        The hash to search by.
    failures : list of Failure
        Images and folders that could not be read when the index was made.
    incomplete : list of str
        What could not be seen, one line each.

    Examples
    --------
    >>> from PIL import Image
    >>> picture = Image.effect_mandelbrot((320, 320), (-2, -1.5, 1, 1.5), 50)
    >>> with Index() as index:
    ...     _ = index.add(picture, "large")
    ...     [(hit.path, hit.tier.name, hit.relation) for hit in index.search(picture.resize((160, 160)))]
    [('large', 'COPY', '2x size')]
    """

    def __init__(
        self,
        store: Catalog | None = None,
        *,
        algorithm: str = "phash",
        size: int | None = None,
        workers: int | None = None,
        options: ScanOptions | None = None,
    ) -> None:
        self.spec: HashSpec = spec_of(algorithm, size)
        self.failures: list[Failure] = []
        self.incomplete: list[str] = []
        self._workers = workers_of(workers)
        self._threads = ThreadPoolExecutor(self._workers)
        self._looks = SecondLooks(options, workers=self._workers)
        self._store = store or Catalog(None)
        self._lock = Lock()
        """One search at a time, which uses all threads; the catalog is one connection."""
        self._indexed = Indexed(self._store, self.spec, self._workers)

    @classmethod
    def of(
        cls,
        paths: StrPath | Sequence[StrPath],
        *,
        algorithm: str = "phash",
        size: int | None = None,
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
        min_size: tuple[int, int] = (0, 0),
        follow_symlinks: bool = False,
        truncated: Truncated = "refuse",
        max_pixels: int = MAX_PIXELS,
        max_seconds: float | None = None,
        max_memory: int | None = None,
        read_ahead: int = READ_AHEAD,
        column: str | None = None,
        catalog: StrPath | None = None,
        use_catalog: bool = True,
        workers: int | None = None,
        readers: int | None = None,
        progress: OnProgress | None = None,
    ) -> Self:
        """Make an index of the images under some paths.

        Parameters
        ----------
        paths : path or sequence of paths
            Folders, entered recursively, files, archives, tables and URLs.
        algorithm, size, workers
            As for the class.
        exclude, include, min_size, follow_symlinks, truncated, max_pixels, max_seconds, max_memory, read_ahead, column, \
catalog, use_catalog, readers, progress
            As for `lookalike.find`.

        Returns
        -------
        Index
            What could not be read is in `failures` and `incomplete`.

        Raises
        ------
        UsageError, SourceError, CatalogError
            As for `lookalike.find`.
        """
        roots = [os.fspath(path) for path in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
        if not roots:
            raise UsageError("no path given: name at least one folder or file")
        options = ScanOptions(
            exclude=listed("exclude", exclude), include=listed("include", include), min_size=min_size,
            follow_symlinks=follow_symlinks, truncated=truncated, max_pixels=max_pixels, max_seconds=max_seconds,
            max_memory=max_memory, read_ahead=read_ahead, column=column,
        )  # fmt: skip
        spec_of(algorithm, size), workers_of(workers, readers)  # before a catalog is made
        place = (os.fspath(catalog) if catalog is not None else default_catalog()) if use_catalog else None
        made = cls(open_catalog(place), algorithm=algorithm, size=size, workers=workers, options=options)
        try:
            told: dict[str, Any] = {"workers": made._workers, "readers": readers, "progress": progress}
            found = scan(roots, [], made._store, made.spec, options, **told)
            made.failures, made.incomplete = found.failures, found.incomplete
            made._indexed.take(found.images)
        except BaseException:
            made.close()
            raise
        return made

    @classmethod
    def open(
        cls, catalog: StrPath, *, algorithm: str = "phash", size: int | None = None, workers: int | None = None,
        options: ScanOptions | None = None,
    ) -> Self:  # fmt: skip
        """Make an index of everything that a catalog knows, without looking for the files.

        Parameters
        ----------
        catalog : path
            The catalog file.
        algorithm, size, workers, options
            As for the class.

        Returns
        -------
        Index
            Hits have the paths that a search of the catalog by `lookalike.find` gives.

        Raises
        ------
        UsageError, SourceError, CatalogError
            If an option does not fit; if there is no such file; if it is no catalog, or cannot be used.
        """
        place = os.fspath(catalog)
        if not os.path.isfile(place):
            raise SourceError(f"there is no catalog {place}: name the file that find --catalog wrote")
        spec_of(algorithm, size), workers_of(workers)
        made = cls(open_catalog(place), algorithm=algorithm, size=size, workers=workers, options=options)
        try:
            made._indexed.load(f"{PREFIX}{place}")
        except BaseException:
            made.close()
            raise
        return made

    def __len__(self) -> int:
        return len(self._indexed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the catalog and the threads."""
        self._threads.shutdown()
        self._store.db.close()

    def add(self, image: ImageSource, name: str | None = None) -> str:
        """Add a picture; the next search knows it.

        Parameters
        ----------
        image : path, bytes, file object, PIL.Image.Image or ndarray
            The picture.
        name : str, optional
            What hits call it. None for its path or, where it has none, its digest in hex.

        Returns
        -------
        str
            That name.

        Raises
        ------
        UsageError, DecodeError, OSError
            If it is no image, or cannot be read or decoded.
        """
        query = Query(image, self._looks)
        (digest,), size = query.facts.digest, len(query.file[0])
        called = name if name is not None else query.file[1] or digest.hex()
        with self._lock:
            known = self._store.digests_of_sizes(
                [size], version=decode.VERSION, max_pixels=self._looks.options.max_pixels
            )
            content = known[size].get(digest)
            if content is None:
                with self._store.transaction():
                    (content,) = self._store.add_contents(
                        [(digest, size, query.thumbnail)], decoder=decode.decoders(), version=decode.VERSION
                    )
                    for variant in VARIANTS:
                        add_hashes(
                            self._store, np.array([content]), query.thumbnail.luma[np.newaxis], self.spec, variant
                        )
            self._indexed.add(content, called)
        return called

    def search(
        self,
        image: ImageSource,
        *,
        radius: int | None = None,
        limit: int | None = None,
        tier: str = "similar",
        orient: Orient = "upright",
    ) -> list[Hit]:
        """Find the pictures that are the same as one, or alike.

        Parameters
        ----------
        image : path, bytes, file object, PIL.Image.Image or ndarray
            The picture to look for.
        radius : int, optional
            Largest distance in bits, inclusive; None for the algorithm's own.
        limit : int, optional
            Most hits, the best; None for all.
        tier : str
            Loosest tier to report: exact, copy, edit, similar, or none for everything within the radius.
        orient : str
            upright, mirror (also mirrored pictures are the same) or all (also rotated ones).

        Returns
        -------
        list of Hit
            One for each name: by tier, then distance, score and path.

        Raises
        ------
        UsageError
            If an option does not fit, or what was given is no image.
        DecodeError
            If the picture cannot be decoded.
        OSError
            If a path cannot be read.
        """
        within, loosest = checked(self.spec, radius=radius, limit=limit, tier=tier, orient=orient)
        query = Query(image, self._looks)
        # Flat pictures are equal to something or nothing; other pictures are near to many by chance.
        least = 0 if query.is_flat else MIN_DETAIL
        with self._lock:
            block, turn = query.hashes(self.spec, orient)
            distance, turns = self._indexed.near(block, turn, 0 if query.is_flat else within)
            wanted = self._store.usable(np.array(list(distance), np.int64), version=decode.VERSION, detail=least)
            found: list[Hit] = []
            for start in range(0, len(wanted), JUDGED_AT_ONCE):
                found += self._hits(query, wanted[start : start + JUDGED_AT_ONCE], distance, turns)
        found = [hit for hit in found if hit.tier <= loosest]
        return sorted(found, key=lambda hit: (hit.tier, hit.distance, -hit.score, hit.path))[:limit]

    def _hits(
        self, query: Query, ids: NDArray[np.int64], distance: dict[int, int], turns: dict[int, list[int]]
    ) -> list[Hit]:
        """Judge some contents; one hit for each of their names."""
        names = self._indexed.named(ids)
        numbers = list(names)
        ids = np.array(numbers, np.int64)
        facts = self._store.contents(ids)
        luma, chroma = self._store.thumbnails(ids)
        others = Others(
            facts, luma, chroma, [names[content] for content in numbers], [turns[content] for content in numbers]
        )
        verdicts = judge(query, others, self._threads)
        sizes = zip(facts.width.tolist(), facts.height.tolist(), strict=True)
        return [
            Hit(
                path, distance[content], distance[content] / self.spec.bits,
                verdict.tier, verdict.score, verdict.relation, width, height,
            )
            for content, verdict, (width, height) in zip(numbers, verdicts, sizes, strict=True)
            for path in names[content]
        ]  # fmt: skip
