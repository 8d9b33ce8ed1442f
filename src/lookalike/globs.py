"""Globs in gitignore syntax: which paths match, relative to the roots they were found under."""

import os
import re
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

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
FOLDERS = r"\(\?:/\.\+\)\?"
"""What pathspec makes of `**` between two names: any number of folders."""
NAMES = rf"((?:(?!{FOLDERS}).)++)(?={FOLDERS})"
"""What comes before the next one."""
FIXED = r"(?:\\.|\[\^?+\]?+(?:\\.|[^]\\])*+\](?!\*)|[^][\\/()$|*])++"
"""What is of a fixed length: characters and sets."""
COMMITTED = tuple(
    (re.compile(slow, re.DOTALL), quick)
    for slow, quick in (
        (rf"\[\^(\]?){NOTHING}", rf"[^\1{NOTHING}/"),
        (r"(?:\[\^/\]\*){2,}", "[^/]*"),
        (rf"\[\^/\]\*({FIXED})(?=\[\^/\]\*)", r"(?>[^/]*?\1)"),
        (rf"\^\(\?:\.\+/\)\?{NAMES}", r"^(?>(?:.+?/)??\1(?=/))"),
        (rf"{FOLDERS}{NAMES}", r"(?>(?:/.+?)??\1(?=/))"),
        (r"\|\$\)", r"|\\Z)"),
    )
)
"""Parts of the regular expressions of pathspec, and what takes their place: no set holds a slash, and a name may end in a line
break. Where more stars or folders follow, the first place that fits is as good as any later one: others are not tried, so that
many of them take no longer."""


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
    lines = (re.sub(r"/\*\*(/?)$", r"/*\1", glob) for glob in globs)
    try:
        return GitIgnoreSpec.from_lines([SET.sub(_spelled_out, line) for line in lines], _Pattern, backend="simple")
    except ValueError as error:
        raise UsageError(f"malformed glob: {error}") from error


class _Pattern(GitIgnoreSpecPattern):
    """A glob that takes no longer for many stars, and to which a line break is a character like any other."""

    @classmethod
    def pattern_to_regex(cls, pattern: Any) -> tuple[Any, bool | None]:
        """Return a regular expression, and whether what it finds matches."""
        found, include = super().pattern_to_regex(pattern)
        if found is None:
            return None, include
        for slow, quick in COMMITTED:
            found = slow.sub(quick, found)
        return f"(?s){found}", include


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
    begin = "]" if "]" in ascii_ else ""  # which ends a set anywhere else
    end = "-" if "-" in ascii_ else ""
    return f"[{found[1] or ''}{begin}{NOTHING}{''.join(sorted(ascii_ - set('/]-')))}{further}{end}]"


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
