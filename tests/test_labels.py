"""Class folders: what looks like classes, what does not, and when two of them conflict."""

from collections import Counter

import pytest

from lookalike.labels import Root, class_of, conflict, root_of, survey


def look(*folders: str, roots: tuple[str, ...] = ("set",)) -> list[tuple[int, int]]:
    return [(root.depth, root.common) for root in survey(Counter(folders), roots)]


@pytest.mark.parametrize(
    "names",
    [
        ("cat", "dog"),
        ("0", "1", "9"),  # digits, as of MNIST
        ("Acura TL Sedan 2012", "Audi R8 Coupe 2012"),
        ("n01440764", "n01443537"),
        ("001.Black_footed_Albatross", "002.Laysan_Albatross"),
        ("car", "bus", "train"),  # train is no split where its neighbours are none
        ("Holiday", "Birthday", "2019"),  # most are no dates
    ],
)
def test_folders_at_one_depth_are_classes(names: tuple[str, ...]) -> None:
    assert look(*(f"set/{name}" for name in names)) == [(1, 0)]


@pytest.mark.parametrize(
    "names",
    [
        ("2019", "2020"),
        ("2019-05-01", "2019-05-02 Rome"),
        ("2019/05", "2019/06"),
        ("20190501", "20190502"),
        ("Photos from 2019", "Photos from 2020"),
        ("100APPLE", "101APPLE"),
        ("DCIM", "Download"),
        ("Camera", "Screenshots"),
        ("cat", "dog/puppy"),  # not equally deep
        ("", "cat", "dog"),  # some lie in the root itself
        ("cat",),
        ("train", "val"),
        ("images/train", "images/val"),
        ("",),
    ],
)
def test_these_are_no_classes(names: tuple[str, ...]) -> None:
    ((depth, _),) = look(*(f"set/{name}".rstrip("/") for name in names))
    assert depth == 0


def test_a_leak_between_splits_is_no_conflict_and_another_class_is() -> None:
    (root,) = survey(Counter(["set/train/cat", "set/train/dog", "set/val/cat"]), ["set"])
    one, same, other = (class_of(f"set/{name}", root) for name in ("train/cat", "val/cat", "train/dog"))
    assert conflict(one, same) is None
    assert conflict(one, other) == "cat here, dog there"


def test_equal_classes_of_two_roots_do_not_conflict() -> None:
    mine, theirs = survey(Counter(["a/cat", "a/dog", "b/new/cat", "b/new/cow"]), ["a"], ["b"])
    assert (mine.reference, theirs.reference) == (False, True)
    assert conflict(class_of("a/cat", mine), class_of("b/new/cat", theirs)) is None
    assert conflict(class_of("a/cat", mine), class_of("b/new/cow", theirs)) == "cat here, cow there"


def test_within_says_how_deep_whatever_the_tree_looks_like() -> None:
    root = Root("set", 4)
    assert class_of("set/2019/rome", root, 0) == ()
    assert class_of("set/2019/rome", root, 1) == ("2019",)
    assert class_of("set/2019/rome/old", root, 2) == ("2019", "rome")
    assert class_of("set", root, 2) == ()


def test_every_image_counts_for_its_innermost_root_and_for_a_reference_first() -> None:
    folders = {"a": 1, "a/b": 2, "a/b/c": 4, "x.jpg": 1, "a.jpg": 8}
    counts = {root.path: root.images for root in survey(folders, ["a", "a/b/", "x.jpg"])}
    assert counts == {"a": 1, "a/b/": 6, "x.jpg": 1}
    (inner, outer) = survey(folders, ["a/b"], ["a"])
    assert (inner.images, outer.images) == (0, 7)


@pytest.mark.parametrize(("root", "path"), [("/", "/a.jpg"), (".", "./a.jpg"), ("a//", "a//b.jpg"), ("a.jpg", "a.jpg")])
def test_roots_of_any_spelling(root: str, path: str) -> None:
    assert root_of(path, [root]) == root
    assert root_of("b" + path, [root]) is None
