"""Globs relative to roots: every root that a path lies under counts, and what is wrong is said."""

import random
import re
import shutil
import string
import subprocess
from pathlib import Path

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


SETS = [
    "[[x]", "[[x", "x[[", "[x[]", "[[]", "[[^]", "[[-^]", "[a--b]", "[--a]", "[+--]", "[-]", "[a-]", "[a&&b]", "[a||b]",
    "[a~~b]", "[!]a]", "[]]", "[^]]", "[]", "[!]", "[]-a]", "[^^]", "[!!-~]", "[b-a]", "[!b-a]", "[+-9]", "[a\\]",
    "[\\]-a]", "[a-\\c]", "[\\d]", "\\[a]", "[[:alpha:]]", "[[:alpha:]", "[[:digit:]-z]", "[![:space:][:punct:]]", "[[:x]",
    "[[:x:]]", "[*?]",
]  # fmt: skip
"""Sets of characters whose meaning is easily mistaken."""


def by_git(base: Path, globs: list[str], paths: list[str]) -> dict[str, list[str]]:
    """Return what each glob ignores, as git has it."""
    for at, glob in enumerate(globs):
        (base / str(at)).mkdir()
        (base / str(at) / ".gitignore").write_text(f"{glob}\n")
    subprocess.run(["git", "init", "-q", base], check=True)
    asked = "".join(f"{at}/{path}\0" for at in range(len(globs)) for path in paths)
    ask = ["git", "-C", str(base), "check-ignore", "--no-index", "-z", "--stdin"]
    told = set(subprocess.run(ask, input=asked, capture_output=True, text=True, check=True).stdout.split("\0"))
    return {glob: [path for path in paths if f"{at}/{path}" in told] for at, glob in enumerate(globs)}


def by_us(globs: list[str], paths: list[str]) -> dict[str, list[str]]:
    """Return what each glob matches."""
    return {glob: [path for path in paths if compiled([glob]).match_file(path)] for glob in globs}


@pytest.mark.skipif(shutil.which("git") is None, reason="git says what is right")
def test_sets_of_characters_match_as_they_do_for_git_and_nothing_is_said_of_them(tmp_path: Path) -> None:
    made = random.Random(7)
    sets = SETS + ["[" + "".join(made.choices("[]!^-&~|\\ac[]-", k=made.randint(1, 7))) + "]" for _ in range(300)]
    names = [f"x{letter}y" for letter in sorted({*string.printable} - {*"/\t\n\r\v\f"})] + ["xaby", "x[[y"]
    globs = [f"x{one}y" for one in sets]
    assert by_us(globs, names) == by_git(tmp_path, globs, names)


def test_sets_hold_characters_of_any_language() -> None:
    spec = compiled(["[\u03b1-\u03c9].jpg", "[z-\u00ff].png", "[!\u00e9].gif"])
    assert [spec.match_file(f"{letter}.jpg") for letter in "\u03b2\u00e9"] == [True, False]
    assert [spec.match_file(f"{letter}.png") for letter in "yz\u00e9\u03b2"] == [False, True, True, False]
    assert [spec.match_file(f"{letter}.gif") for letter in "e\u00e9"] == [True, False]


PARTS = ["a", "b", "a\nb", "ab", "ba", "aab", "abab", "b\n"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git says what is right")
def test_stars_and_folders_match_as_they_do_for_git(tmp_path: Path) -> None:
    made = random.Random(11)
    globs = ["*b*", "a[!b]a", "**/a/**/b/**/a", "a/*/**/b*/"]
    for _ in range(250):  # git takes `**` for folders, too, where only a literal name is before it; so none are made
        names = ["".join(made.choices(["*", "a", "b", "?", "[ab]", "[!b]"], k=made.randint(1, 5))) for _ in range(5)]
        parts = made.choices([re.sub(r"\*+", "*", name) for name in names] + ["**"] * 3, k=made.randint(1, 5))
        globs.append(made.choice(["", "/"]) + "/".join(parts) + made.choice(["", "/"]))
    paths = ["/".join(made.choices(PARTS, k=made.randint(1, 5))) for _ in range(60)]
    assert by_us(globs, paths) == by_git(tmp_path, globs, paths)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a" * 60 + "b", "a" * 255),
        ("*" * 200 + "b", "a" * 255),
        ("*" + "?" * 200, "a" * 100),
        ("*" + "[ab]" * 200 + "/" + "**/a" * 50, "a" * 100),
        ("*" + "[^]a]" * 200 + "[!", "a" * 100),
        ("[ab]*" * 60 + "c", "ab" * 127),
        ("?*" * 60 + "?c", "ab" * 127),
        ("**/a/" * 60 + "b", "a/" * 2000 + "c"),
        ("a/**/" * 60 + "b", "a/" * 2000 + "c"),
        ("a/**/*a*/" * 60 + "b", "aaa/" * 1000 + "c"),
    ],
)
def test_many_stars_take_no_longer(glob: str, path: str) -> None:
    assert not compiled([glob]).match_file(path)  # else more steps than anybody has time for
