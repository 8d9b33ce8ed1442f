"""Pages of groups with pictures that stay within a size: pictures are left out first, then groups, and the page says so."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any

from lookalike.report import counted
from lookalike.report.html import NO_PICTURE, part, safe, source

Row = Mapping[str, Any]
Pictures = Callable[[Sequence[Row]], Iterator[bytes | None]]
"""Groups in the order shown -> a WebP file for each of their members, in order; None where there is none."""
Shell = Callable[..., Iterator[str]]
"""Makes the page of articles, failures, lines and words for what is left out."""

LIMIT = 40_000_000
"""Bytes that a page may take."""
FAILURES_LIMIT, LINES_LIMIT = LIMIT // 5, LIMIT // 40
"""Of these, bytes of rows of failures, and of warnings and other lines."""
SLOT = "\0"
"""Stands where a picture will be; text from elsewhere holds none, as control characters are written as escapes."""


def fitted(
    shell: Shell,
    groups: Sequence[Row],
    articles: Iterable[str],
    pictures: Pictures,
    *,
    failures: Sequence[Row],
    lines: Sequence[str],
    limit: int | None = LIMIT,
) -> Iterator[str]:
    """Fill a page with as many groups, and then as many pictures, as it has room for.

    Parameters
    ----------
    shell : callable
        The page around them.
    groups : sequence of dict
        Each with its members, in the order shown.
    articles : iterable of str
        HTML of each, with a `SLOT` for the picture of each member.
    pictures : callable
        Makes the pictures of some groups; asked once, for the groups that are shown.
    failures : sequence of dict
        What could not be read.
    lines : sequence of str
        Warnings and the like.
    limit : int or None
        Bytes that the page may take; None for as many as it needs.

    Yields
    ------
    str
        HTML, part by part.
    """
    failure = part("group.html", "failure")
    rows = (safe(failure(row)) for row in failures)
    if limit is None:
        yield from shell(failures=rows, lines=lines, articles=filled(articles, pictures(groups)), left=())
        return
    told_rows, told_lines = _prefix(rows, FAILURES_LIMIT), _prefix(lines, LINES_LIMIT)
    shell = partial(shell, failures=told_rows, lines=told_lines)
    # What is left out is said in words of almost the same length, however much it is.
    room = limit - _size(shell(articles=(), left=_left(*[10**9] * 4)))
    shown = []
    for group, article in zip(groups, articles, strict=True):
        size = _size([article]) + (len(NO_PICTURE) - len(SLOT)) * article.count(SLOT)
        if size <= room:
            room -= size
            shown.append((group, article))
    made: list[bytes | None] = []
    for picture in pictures([group for group, _ in shown]):
        room -= len(source(picture)) - len(NO_PICTURE)
        if room < 0:
            break
        made.append(picture)
    left = _left(
        sum(len(group["members"]) for group, _ in shown) - len(made),
        len(groups) - len(shown),
        len(failures) - len(told_rows),
        len(lines) - len(told_lines),
    )
    yield from shell(articles=filled((article for _, article in shown), chain(made, repeat(None))), left=left)


def filled(articles: Iterable[str], pictures: Iterator[bytes | None]) -> Iterator[str]:
    """Put pictures into articles.

    Parameters
    ----------
    articles : iterable of str
        HTML with slots.
    pictures : iterator of (bytes or None)
        A WebP file for each slot; None where there is none.

    Yields
    ------
    str
        Each article, with as many pictures as it has slots.
    """
    for article in articles:
        first, *others = article.split(SLOT)
        yield safe(first + "".join(source(next(pictures)) + piece for piece in others))


def _left(pictures: int, groups: int, failures: int, warnings: int) -> list[str]:
    """Return how much is left out, in words; empty where nothing is."""
    counts = {"picture": pictures, "group": groups, "failure": failures, "warning": warnings}
    return [counted(count, noun) for noun, count in counts.items() if count]


def _size(texts: Iterable[str]) -> int:
    return sum(len(text.encode("utf-8")) for text in texts)


def _prefix(texts: Iterable[str], most: int) -> list[str]:
    """Return the first texts, as many as fit."""
    taken = []
    for text in texts:
        most -= len(text.encode("utf-8", "replace")) + 40  # the element around it
        if most < 0:
            break
        taken.append(text)
    return taken
