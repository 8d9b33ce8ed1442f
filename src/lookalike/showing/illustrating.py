"""Findings with their pictures: as a page, and as a piece of one for a notebook."""

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

from lookalike import report
from lookalike.folders import FolderPair
from lookalike.limiting import SecondLooks, told_by
from lookalike.model import ImageRef
from lookalike.opening import open_catalog
from lookalike.pool import default_workers
from lookalike.report import groups as pages
from lookalike.report import leaks as leak_pages
from lookalike.showing.previews import Previews
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog
from lookalike.tables import NO_MAP, PathMap
from lookalike.tables.files import path_of

Row = Mapping[str, Any]

DECODED = 1000
"""Groups of a page whose pictures are made of the files; those of the others are made of thumbnails."""
AHEAD = 64
"""Pictures that are being made while a page is written."""


def findings_page(
    document: Row,
    catalog: str | None,
    *,
    incomplete: Sequence[str] = (),
    folders: Sequence[FolderPair] = (),
    full: bool = False,
    reader: Reader | None = None,
    shown: PathMap = NO_MAP,
) -> Iterator[str]:
    """Render findings as one HTML file.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.
    catalog : str or None
        Where thumbnails are; None for nowhere: then all pictures are made of the files.
    incomplete : sequence of str
        What could not be seen.
    folders : sequence of FolderPair
        Folders found again elsewhere.
    full : bool
        Whether all pictures are made of the files, and the page may take as many bytes as it needs.
    reader : Reader, optional
        Who reads what is no ordinary file; None for one that goes by paths.
    shown : PathMap
        What paths are called on the page.

    Yields
    ------
    str
        HTML, part by part.
    """
    with open_catalog(catalog) as store, closing(_previews(store, document, reader)) as previews:
        made = partial(pictures, previews, decoded=None if full or catalog is None else DECODED, real=shown.back)
        yield from pages.findings_page(
            shown(document), made, incomplete=[shown.text(line) for line in incomplete], folders=shown(list(folders)),
            full=full, real=shown.back,
        )  # fmt: skip


def leaks_page(
    document: Row, catalog: str | None, *, full: bool = False, reader: Reader | None = None, shown: PathMap = NO_MAP
) -> Iterator[str]:
    """Render leaks as one HTML file.

    Parameters
    ----------
    document : dict
        From `lookalike.Leaks.to_dict`.
    catalog : str or None
        As for `findings_page`.
    full, reader, shown
        As for `findings_page`.

    Yields
    ------
    str
        HTML, part by part.
    """
    with open_catalog(catalog) as store, closing(_previews(store, document, reader)) as previews:
        made = partial(pictures, previews, decoded=None if full or catalog is None else DECODED, real=shown.back)
        yield from leak_pages.leaks_page(shown(document), made, full=full)


class Shown:
    """The first groups of findings: pictures in a notebook, text elsewhere.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`, with the groups that are shown.
    catalog : str or None
        Where thumbnails are; None for nowhere.
    reader : Reader, optional
        Who reads what is no ordinary file; None for one that goes by paths.
    """

    def __init__(self, document: Row, catalog: str | None, reader: Reader | None = None) -> None:
        self._document, self._catalog, self._reader = document, catalog, reader

    def __repr__(self) -> str:
        return "\n".join(report.lines(dict(self._document), folders=(), incomplete=(), show=None))

    def _repr_html_(self) -> str:
        with (
            open_catalog(self._catalog) as store,
            closing(_previews(store, self._document, self._reader)) as previews,
        ):
            return pages.fragment(self._document, partial(pictures, previews, decoded=None))


def pictures(
    previews: Previews, groups: Sequence[Row], *, decoded: int | None, real: PathMap = NO_MAP
) -> Generator[bytes | None, None, None]:
    """Make the pictures of groups, some ahead of what is asked for.

    Parameters
    ----------
    previews : Previews
        Makes them.
    groups : sequence of dict
        As in the document of findings.
    decoded : int or None
        The pictures of so many groups are made of the files, if these still hold what was found; None for all.
    real : PathMap
        What paths of the document are here.

    Yields
    ------
    bytes or None
        A WebP file for each member of each group, in order; None where there is neither file nor thumbnail.
    """
    jobs = (
        (previews.get if decoded is None or at < decoded else previews.of_thumbnail, member)
        for at, group in enumerate(groups)
        for member in group["members"]
    )
    waiting: deque[Future[bytes | None]] = deque()
    with ThreadPoolExecutor(default_workers()) as threads:
        try:
            for make, member in jobs:
                waiting.append(threads.submit(make, _ref(real(member))))
                if len(waiting) >= AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # whoever has enough does not wait for what nobody will see
            threads.shutdown(wait=False, cancel_futures=True)


def _previews(store: Catalog, document: Row, reader: Reader | None) -> Previews:
    return Previews(store, looks=SecondLooks(told_by(document["options"])), reader=reader)


def _ref(member: Row) -> ImageRef:
    digest = member["digest"]
    return ImageRef(
        path_of(member), "", "", member["bytes"], 0, 0, 0, None if digest is None else bytes.fromhex(digest)
    )
