import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.sources.rules import SKIPPED_FOLDERS, Rules, skipped_kind

DOCS = Path(__file__).parents[2] / "docs" / "skipped.md"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (".thumbnails", "preview cache"), ("@eaDir", "preview cache"), ("Catalog Previews.lrdata", "preview cache"),
        (".Trash", "trash or history"), (".Trash-1000", "trash or history"), ("$RECYCLE.BIN", "trash or history"),
        ("#recycle", "trash or history"), (".stversions", "trash or history"), (".snapshot", "trash or history"),
        (".snapshots", "trash or history"), (".git", "version control"),
        (".lookalike-quarantine", "lookalike's own quarantine"),
        ("photos", None), ("Trash", None), ("thumbnails", None), (".gitlab", None), ("lrdata", None), ("", None),
    ],
)  # fmt: skip
def test_the_table_of_skipped_folders(name: str, kind: str | None) -> None:
    assert skipped_kind(name) == kind


def test_the_documentation_has_the_same_table() -> None:
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    rows = [tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")) for line in lines]
    assert rows == list(SKIPPED_FOLDERS)


def over(path: str, *, exclude: tuple[str, ...] = (), include: tuple[str, ...] = (), is_folder: bool = False) -> bool:
    rules = Rules.of(exclude, include).below("root", [])[0]
    return type(rules)("root", rules.exclude, rules.include).pass_over(f"root/{path}", is_folder=is_folder)


@pytest.mark.parametrize(
    ("globs", "path", "folder", "excluded"),
    [
        (("*.png",), "a.png", False, True),
        (("*.png",), "deep/er/a.png", False, True),
        (("*.png",), "a.PNG", False, False),
        (("/raw",), "raw", True, True),
        (("/raw",), "a/raw", True, False),
        (("raw/",), "a/raw", True, True),
        (("raw/",), "raw", False, False),
        (("raw/**",), "raw/a.png", False, True),
        (("raw/**",), "raw", True, False),
        (("**/tmp",), "a/b/tmp", True, True),
        (("a*", "!ab"), "ab", False, False),
        (("a*", "!ab"), "ac", False, True),
        (("no\udcff*",), "no\udcffa.jpg", False, True),
        ((), "a.png", False, False),
    ],
)
def test_exclude(globs: tuple[str, ...], path: str, folder: bool, excluded: bool) -> None:
    assert over(path, exclude=globs, is_folder=folder) is excluded


def test_include_chooses_files_and_leaves_folders_open() -> None:
    assert not over("deep/er", include=("*.png",), is_folder=True)
    assert not over("deep/a.png", include=("*.png", "*.jpg"))
    assert over("deep/a.gif", include=("*.png", "*.jpg"))
    assert over("a.png", include=("*.png",), exclude=("a*",))


def test_ignore_files_hold_below_their_folder_and_the_deepest_decides() -> None:
    outer, wrong = Rules("root").below("root", ["# comment", "", "*.png", "old/"])
    inner, none = outer.below("root/keep", ["!b.png"])
    assert (wrong, none) == ([], [])
    assert outer.pass_over("root/x/b.png", is_folder=False)
    assert outer.pass_over("root/x/old", is_folder=True)
    assert not outer.pass_over("root/x/b.jpg", is_folder=False)
    assert not inner.pass_over("root/keep/b.png", is_folder=False)
    assert inner.pass_over("root/keep/a.png", is_folder=False)
    assert outer.pass_over("root/keep/b.png", is_folder=False)  # rules are values; the inner ones changed nothing


def test_a_line_that_is_no_glob_is_named_and_the_others_hold() -> None:
    rules, wrong = Rules("root").below("root", ["*.png", "!", "*.gif"])
    assert rules.pass_over("root/a.png", is_folder=False)
    assert rules.pass_over("root/a.gif", is_folder=False)
    assert [line.startswith("line 2 ") for line in wrong] == [True]


def test_a_malformed_glob_is_wrong_usage() -> None:
    for options in ((("!",), ()), ((), ("!",))):
        with pytest.raises(UsageError, match="malformed glob"):
            Rules.of(*options)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle here")
@given(
    st.lists(
        st.sampled_from(
            [
                "*.png",
                "a*",
                "!a.png",
                "/a",
                "b/",
                "a/b",
                "/a/b/",
                "**/b",
                "a/**",
                "*",
                "!b/",
                "?",
                "[ab].png",
                "# a",
                "",
                "a/*",
            ]
        ),
        max_size=4,
    )
)
@settings(deadline=None, max_examples=40)
def test_ignore_lines_mean_what_they_mean_to_git(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    repository = tmp_path_factory.getbasetemp() / "repository"
    if not repository.is_dir():
        subprocess.run(["git", "init", "-q", repository], check=True)
    (repository / ".gitignore").write_text("".join(line + "\n" for line in lines))
    paths = ["a", "a.png", "c.png", "b.png", "c.txt"]
    folders = ["b/", "a1/", "c/"]
    answer = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"], cwd=repository, input="\n".join([*paths, *folders]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rules, _ = Rules("root").below("root", lines)
    found = {path for path in paths if rules.pass_over(f"root/{path}", is_folder=False)}
    found |= {path for path in folders if rules.pass_over(f"root/{path[:-1]}", is_folder=True)}
    assert found == set(answer.stdout.splitlines())
