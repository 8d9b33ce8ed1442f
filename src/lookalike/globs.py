"""Globs in gitignore syntax: which paths match, relative to the roots they were found under."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pathspec import GitIgnoreSpec

from lookalike.errors import UsageError


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
    try:
        return GitIgnoreSpec.from_lines([glob[:-1] if glob.endswith("/**") else glob for glob in globs])
    except ValueError as error:
        raise UsageError(f"malformed glob: {error}") from error


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
