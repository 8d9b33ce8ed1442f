"""Splits: names from paths, classes from folders."""

from dataclasses import replace

import pytest

from lookalike.labels import Root
from lookalike.leakage.splits import Split, split_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/d/train", "/d/test"], ["train", "test"]),
        (["/a/x/train", "/b/x/train", "/c"], ["a/x/train", "b/x/train", "c"]),
        (["/train", "/a/train"], ["train", "a/train"]),
        (["/", "/a"], ["/", "a"]),
    ],
)
def test_names_are_as_short_as_they_can_be_told_apart(paths: list[str], names: list[str]) -> None:
    assert split_names(paths) == names


def test_the_class_of_an_image_is_said_by_the_folders_of_its_root() -> None:
    split = Split("train", (Root("a", 2, depth=2, common=1), Root("b/c", 1, depth=1), Root("one.jpg", 1)))
    assert split.label("a/images/cat/1.jpg") == "cat"
    assert split.label("b/c/dog/1.jpg") == "dog"
    images = ("a/images/cat/1.jpg", "a/images/cat/2.jpg", "b/c/dog/1.jpg", "one.jpg")
    assert replace(split, images=images).labels() == {"cat": 2, "dog": 1}
    assert replace(split, images=images).labels(within=0) == {}
    assert split.label("a/images/cat/tabby/1.jpg", within=3) == "cat/tabby"
    assert split.label("b/c/dog/1.jpg", within=0) == split.label("one.jpg") == split.label("elsewhere/1.jpg") == ""
