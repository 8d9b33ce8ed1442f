"""Globs relative to roots: every root that a path lies under counts, and what is wrong is said."""

import pytest

from lookalike.errors import UsageError
from lookalike.globs import compiled, matching


@pytest.mark.parametrize(
    ("globs", "paths", "roots", "match"),
    [
        (["raw/"], ["p/raw/a.jpg", "p/b/raw/deep/a.jpg", "p/raw", "q/raw/a.jpg"], ["p"], [True, True, False, False]),
        (["/raw/"], ["p/raw/a.jpg", "p/b/raw/a.jpg"], ["p"], [True, False]),
        (["raw/**", "!raw/b.jpg"], ["p/raw/a.jpg", "p/raw/b.jpg"], ["p"], [True, False]),
        (["*.dng"], ["p/a.dng", "/abs/b.dng", "p/a.jpg"], ["p/", "/abs"], [True, True, False]),
        (["/a.jpg"], ["p/q/a.jpg"], ["p"], [False]),
        (["/a.jpg"], ["p/q/a.jpg"], ["p", "p/q"], [True]),  # relative to any root it lies under
        (["/a.jpg"], ["p/q/a.jpg"], ["p/q/a.jpg"], [True]),  # a root of its own goes by its name
        (["p*"], ["p/a.jpg"], ["p"], [False]),  # the name of a root is not within it
        (["a*"], ["pa/b.jpg", "p\udcff/a\udcff.jpg"], ["p", "p\udcff"], [False, True]),
        (["*"], ["./a.jpg", "/a.jpg"], [".", "/"], [True, True]),
        ([], ["p/a.jpg"], ["p"], [False]),
    ],
)
def test_what_matches(globs: list[str], paths: list[str], roots: list[str], match: list[bool]) -> None:
    assert matching(globs, paths, roots).tolist() == match


def test_a_malformed_glob_is_wrong_usage() -> None:
    for make in (lambda: compiled(["!"]), lambda: matching(["*.png", "!"], [], [])):
        with pytest.raises(UsageError, match="malformed glob"):
            make()
