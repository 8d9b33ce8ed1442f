"""Brace patterns, by which the shards of a set are named: ``train-{000..146}.tar``."""

import itertools
import re
from collections.abc import Iterator

from lookalike.errors import UsageError

MOST_NAMES = 100_000
"""Names that one pattern may stand for."""

_NUMBER = "-?[0-9]{1,18}"  # with more digits it is no number, as for a shell, whose numbers have 64 bits
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:\.\.({_NUMBER}))?|([a-zA-Z])\.\.([a-zA-Z])")


def expand(pattern: str) -> list[str]:
    """Return the names that a pattern stands for, as a shell would.

    Parameters
    ----------
    pattern : str
        Text with ``{a,b}``, ``{000..146}``, ``{9..1..2}`` or ``{a..e}``, also in each other. Numbers with leading zeros give
        names of equal length.

    Returns
    -------
    list of str
        In the order of the pattern; the text itself where there is none in it.

    Raises
    ------
    UsageError
        If there are more than `MOST_NAMES`.

    Examples
    --------
    >>> expand("{train,val}-{08..10}.tar")
    ['train-08.tar', 'train-09.tar', 'train-10.tar', 'val-08.tar', 'val-09.tar', 'val-10.tar']
    >>> expand("{a,b{1..2}}"), expand("{a}.jpg")
    (['a', 'b1', 'b2'], ['{a}.jpg'])
    """
    names = []
    for name in _names(pattern):
        names.append(name)
        if len(names) > MOST_NAMES:
            raise UsageError(
                f"{pattern} stands for more than {MOST_NAMES:,} names: name fewer at a time, or give a list with --from-file"
            )
    return names


def _names(text: str) -> Iterator[str]:
    """Yield names one by one, so that a pattern of billions is no trouble."""
    found = _first(text)
    if found is None:
        yield text
        return
    start, end, parts = found
    for part in parts:
        for middle in _names(part):
            for rest in _names(text[end:]):
                yield f"{text[:start]}{middle}{rest}"


def _first(text: str) -> tuple[int, int, "Iterator[str] | list[str]"] | None:
    """Return where the first group begins and ends, and what stands in it."""
    for start, end in sorted(_closed(text)):
        depth, cuts = 0, [start]
        for at in range(start, end):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if text[at] == "," and depth == 1:
                cuts.append(at)
        cuts.append(end)
        if len(cuts) > 2:
            return start, cuts[-1] + 1, [text[one + 1 : other] for one, other in itertools.pairwise(cuts)]
        ranged = _RANGE.fullmatch(text[start + 1 : cuts[-1]])
        if ranged is not None:
            return start, cuts[-1] + 1, _range(ranged)
    return None


def _closed(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each brace that is closed stands, and where it is closed."""
    opened = []
    for at, letter in enumerate(text):
        if letter == "{":
            opened.append(at)
        elif letter == "}" and opened:
            yield opened.pop(), at


def _range(found: re.Match[str]) -> Iterator[str]:
    first, last, step, letter, letter_after = found.groups()
    if letter is not None:
        one, other = ord(letter), ord(letter_after)
        return (chr(code) for code in range(one, other + (1 if other >= one else -1), 1 if other >= one else -1))
    one, other = int(first), int(last)
    by = abs(int(step or 1)) or 1
    padded = any(text.lstrip("-").startswith("0") and len(text.lstrip("-")) > 1 for text in (first, last))
    width = max(len(first), len(last)) if padded else 0
    numbers = range(one, other + 1, by) if other >= one else range(one, other - 1, -by)
    return (f"{number:0{width}d}" if width else str(number) for number in numbers)
