"""Paths as others call them: whole names, the longest beginning, any bytes, and always back again."""

import json
import os
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.tables import NO_MAP, PathMap
from lookalike.tables.files import path_fields, path_of

NAME = st.binary(min_size=1, max_size=3).map(lambda raw: os.fsdecode(raw.replace(b"/", b"-").replace(b"=", b"-")))
PATH = st.lists(NAME, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))


def there(*texts: str) -> PathMap:
    return PathMap.parse(texts)


@given(here=PATH, elsewhere=PATH, below=st.lists(NAME, max_size=3))
def test_what_is_below_is_called_otherwise_and_back(here: str, elsewhere: str, below: list[str]) -> None:
    names = there(f"{here}={elsewhere}")
    path = "/".join([here, *below])
    assert names.path(path) == "/".join([elsewhere, *below])
    assert names.back.path(names.path(path)) == path
    row = {**path_fields(path), **path_fields(path, "keeper"), "size": 1}
    called = json.loads(json.dumps(names(row)))
    assert path_of(called) == path_of(called, "keeper") == names.path(path)
    assert names.back(called) == row


@given(maps=st.dictionaries(PATH, PATH, max_size=3), path=PATH)
def test_no_path_is_ever_taken_for_another(maps: dict[str, str], path: str) -> None:
    assume(len(set(maps.values())) == len(maps))
    names = there(*(f"{here}={elsewhere}" for here, elsewhere in maps.items()))
    try:
        called = names.path(path)
    except UsageError:
        return
    assert names.back.path(called) == path


@pytest.mark.parametrize(
    ("path", "called"),
    [
        ("/photos", "/volume1/photos"),
        ("/photos/", "/volume1/photos/"),
        ("/photos/a.jpg", "/volume1/photos/a.jpg"),
        ("/photos/old/a.jpg", "/volume2/a.jpg"),
        ("/photos/older/a.jpg", "/volume1/photos/older/a.jpg"),
        ("/photosynthesis/a.jpg", "/photosynthesis/a.jpg"),
        ("/data/photos/a.jpg", "/data/photos/a.jpg"),
        ("photos/a.jpg", "photos/a.jpg"),
        ("s3://photos/a.jpg", "s3://photos/a.jpg"),
        ("/photos/set.zip/a.jpg", "/volume1/photos/set.zip/a.jpg"),
    ],
)
def test_the_longest_beginning_of_whole_names(path: str, called: str) -> None:
    for texts in (
        ("/photos=/volume1/photos/", "/photos/old/=/volume2"),
        ("/photos/old=/volume2", "/photos=/volume1/photos"),
    ):
        assert there(*texts).path(path) == called


def test_the_root_of_all() -> None:
    assert there("/=/mnt").path("/a.jpg") == "/mnt/a.jpg"
    assert there("/mnt=/")(["/mnt/a.jpg", "/mnt"]) == ["/a.jpg", "/"]
    assert there("/photos=/")(["/photos/", "/photos"]) == ["/", "/"]
    assert there("/=/mnt").text("because /a.jpg is") == "because /mnt/a.jpg is"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/photos/a.jpg: unreadable", "/host/a.jpg: unreadable"),
        ("such as /photos/a b.jpg, (/photos)", "such as /host/a b.jpg, (/host)"),
        ("folder:/photos/best comes first", "folder:/host/best comes first"),
        ("/data/photos/a.jpg and /photosynthesis", "/data/photos/a.jpg and /photosynthesis"),
    ],
)
def test_sentences(text: str, told: str) -> None:
    assert there("/photos=/host").text(text) == told
    assert there("/photos=/host")({"reason": text, "warnings": [text]}) == {"reason": told, "warnings": [told]}


@dataclass(frozen=True, slots=True)
class Thing:
    path: str
    parts: tuple[str, ...]
    size: int
    reason: str = ""


def test_values_of_all_sorts() -> None:
    thing = Thing("/photos/a", ("/photos/b", "c"), 3, "of /photos/d")
    assert there("/photos=/host")([thing]) == [Thing("/host/a", ("/host/b", "c"), 3, "of /host/d")]
    assert NO_MAP(thing) is thing
    options = {"protect": ["/photos/best"], "against": ["/photos/old"], "keep": "folder:/photos"}
    assert there("/photos=/host")(options) == options | {"against": ["/host/old"]}


@pytest.mark.parametrize(
    "texts",
    [
        ("photos=/host",),
        ("/photos",),
        ("/photos=",),
        ("/photos=host",),
        ("/a=/b", "/a/=/c"),
        ("/a=/c", "/b=/c/"),
        ("=/b",),
    ],
)
def test_what_is_no_map(texts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="--map"):
        there(*texts)


def test_two_paths_of_one_name_are_refused() -> None:
    names = there("/photos=/data")
    with pytest.raises(UsageError, match=r"/data/a\.jpg and /photos/a\.jpg would both be called"):
        names.path("/data/a.jpg")
