"""Labelled pairs from CSV files: what is read, and what is refused in which words."""

import os
from pathlib import Path

import pytest

from lookalike.errors import UsageError
from lookalike.tables import read_labelled


def test_paths_are_relative_to_the_file_or_absolute_and_labels_are_words(tmp_path: Path) -> None:
    names = ["a.jpg", "b, c.jpg", "ä.jpg", os.fsdecode(b"\xff.jpg")]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    rows = [("a.jpg", '"b, c.jpg"', "1"), (str(tmp_path / "a.jpg"), "ä.jpg", " No "), (names[3], "a.jpg", "TRUE")]
    text = "kind,path_b,path_a,same\n" + "".join(f"x,{right},{left},{same}\n" for left, right, same in rows)
    (tmp_path / "pairs.csv").write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8", "surrogateescape"))
    read = read_labelled(str(tmp_path / "pairs.csv"))
    here = [str(tmp_path / name) for name in names]
    assert [(pair.left, pair.right, pair.same) for pair in read] == [
        (here[0], here[1], True), (here[0], here[2], False), (here[3], here[0], True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "lacks the column path_a, path_b, same: it needs path_a, path_b, same, got none"),
        ("path_a,path_b,same\n", "has no pairs"),
        ("path_a,path_b\na.jpg,a.jpg\n", "lacks the column same"),
        ("path_a,path_b,same\na.jpg,a.jpg\n", "line 2: a row needs a value for each column"),
        ("path_a,path_b,same\na.jpg,,1\n", "line 2: a row needs a value for each column"),
        ("path_a,path_b,same\na.jpg,a.jpg,1,9\n", "and no more"),
        ("path_a,path_b,same\na.jpg,a.jpg,1\na.jpg,a.jpg,maybe\n", "line 3: same must be one of 1, true, yes, 0, false, no"),
        ("path_a,path_b,same\na.jpg,absent.jpg,1\n", "there is no file "),
        ('path_a,path_b,same\n"a.jpg,a.jpg,1\n', "is not a CSV file"),
        ('path_a,path_b,same\n"a.jpg"x,a.jpg,1\n', "is not a CSV file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "pairs.csv").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"pairs\.csv") as caught:
        read_labelled(str(tmp_path / "pairs.csv"))
    assert said in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            read_labelled(str(path))
