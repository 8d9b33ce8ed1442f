"""Globs in gitignore syntax: which paths match, relative to the roots they were found under."""

import os
import re
import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pathspec import GitIgnoreSpec

from lookalike.errors import UsageError

NOTHING = "\0"
"""A character that is in no path."""
SET = re.compile(r"\\.|\[(?:([!^]?+)(\]?+(?:\[:[^]/]*:\]|\\.|[^]/\\])*+)\])?", re.DOTALL)
"""An escaped character, a set of characters, or the beginning of one that is not closed, which holds nothing."""
ITEM = re.compile(r"\[:([^]]*):\]|\\?(.)(?:-(?!\Z)\\?(.))?", re.DOTALL)
"""What a set consists of: classes, characters, and ranges of these."""
CLASSES = {
    "alnum": string.ascii_letters + string.digits, "alpha": string.ascii_letters, "blank": " \t",
    "cntrl": "".join(map(chr, (*range(1, 32), 127))), "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation, "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ", "punct": string.punctuation,
    "space": string.whitespace, "upper": string.ascii_uppercase, "xdigit": string.hexdigits,
}  # fmt: skip
"""Classes of POSIX, which git knows; others hold nothing."""


def listed(name: str, globs: Sequence[str]) -> tuple[str, ...]:
    """Return globs that somebody gave as they are kept.

    Parameters
    ----------
    name : str
        What the option is called.
    globs : sequence of str
        What was given.

    Returns
    -------
    tuple of str
        The same.

    Raises
    ------
    UsageError
        If it is a text, whose letters would pass for globs, and a * for every file.

    Examples
    --------
    >>> listed("exclude", ["*.gif", "raw/**"])
    ('*.gif', 'raw/**')
    """
    if isinstance(globs, str):
        raise UsageError(f"{name} is a list of globs, got the text {globs!r}: write [{globs!r}]")
    return tuple(globs)


def compiled(globs: Sequence[str]) -> GitIgnoreSpec:
    """Compile globs.

    Parameters
    ----------
    globs : sequence of str
        Lines of a gitignore file; of several that match, the last decides.

    Returns
    -------
    GitIgnoreSpec
        What matches.

    Raises
    ------
    UsageError
        If a glob is malformed.

    Examples
    --------
    >>> compiled(["raw/**", "!raw/keep.jpg"]).match_file("raw/a.jpg")
    True
    """
    # In git `raw/**` matches what is in raw and not raw itself; pathspec would match the folder too.
    lines = (glob[:-1] if glob.endswith("/**") else glob for glob in globs)
    try:
        return GitIgnoreSpec.from_lines([SET.sub(_spelled_out, line) for line in lines])
    except ValueError as error:
        raise UsageError(f"malformed glob: {error}") from error


def _spelled_out(found: re.Match[str]) -> str:
    """Return a set of characters as one that is the same in a regular expression, which is what pathspec takes it for."""
    if found[0].startswith("\\"):
        return found[0]
    ascii_, further = set[str](), ""
    for item in ITEM.finditer(found[2] or ""):
        name, first, last = item.groups()
        if first is None:
            ascii_.update(CLASSES.get(name, ""))
            continue
        low = ord(first)
        high = max(low, ord(last or first))  # of a range that runs backwards, git takes its first
        ascii_.update(map(chr, range(low, min(high, 127) + 1)))
        if high > 127:
            further += f"{chr(max(low, 128))}-{chr(high)}"
    begin = "]" if "]" in ascii_ else NOTHING  # nothing that means something at the beginning of a set
    end = "-" if "-" in ascii_ else ""
    return f"[{found[1] or ''}{begin}{''.join(sorted(ascii_ - set('/]-')))}{further}{end}]"


def matching(globs: Sequence[str], paths: Sequence[str], roots: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which paths match globs relative to any of the roots they lie under.

    Parameters
    ----------
    globs : sequence of str
        As for `compiled`.
    paths : sequence of str
        A root each, plus the path within it; a root that is a file goes by its name.
    roots : sequence of str
        Roots as they were given.

    Returns
    -------
    ndarray of bool, shape (n,)
        Which of the paths match.

    Raises
    ------
    UsageError
        If a glob is malformed.

    Examples
    --------
    >>> matching(["raw/"], ["photos/raw/a.jpg", "photos/b/raw.jpg", "photos/c.jpg"], ["photos"]).tolist()
    [True, False, False]
    """
    spec = compiled(globs)
    if not globs:
        return np.zeros(len(paths), np.bool_)
    single, above = set(roots), tuple({os.path.join(root, "") for root in roots})

    def matches(path: str) -> bool:
        inside = [path[len(root) :] for root in above if path.startswith(root)]
        if path in single:
            inside.append(os.path.basename(path))
        return any(map(spec.match_file, inside))

    return np.fromiter(map(matches, paths), np.bool_, len(paths))
