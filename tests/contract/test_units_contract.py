"""Units by the short way, where names show at once that nothing belongs together, and by the long one."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike import formats, units
from lookalike.columns import Images, Units

FOLDERS = ("x", "y", "x/images", "x/labels", "x/masks", "x/images/t", "x/masks/t")
NAMES = [f"{stem}.{ending}" for stem in ("a", "A", "b", "IMG_1", "IMG_E1") for ending in ("jpg", "CR2", "heic", "png")]
PATHS = st.lists(st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES)).map("/".join), unique=True, max_size=9)


def images(paths: list[str]) -> Images:
    zero, never = np.zeros(len(paths), np.int64), np.zeros(len(paths), np.bool_)
    facts = cast("Any", None)  # of no meaning for units
    return Images(paths, paths, paths, zero, zero, zero, zero, never, never, zero, facts)


def told(found: Units) -> tuple[Any, ...]:
    """Return what units say, whatever their numbers are."""
    return (
        [found.paths[unit] for unit in found.unit.tolist()],
        found.mask.tolist(),
        {path: found.paths[unit] for path, unit in found.unread.items()},
    )


@given(PATHS, st.integers(0, 9))
@settings(max_examples=300)
def test_images_that_are_all_apart_are_what_the_long_way_makes_of_them(paths: list[str], read: int) -> None:
    known, unread = images(paths[:read]), [(path, False) for path in paths[read:]]
    short = units.of_images(known, unread, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(units, "_all_apart", lambda _: False)
        assert told(units.of_images(known, unread, [])) == told(short)


@given(PATHS)
@settings(max_examples=300)
def test_a_file_that_belongs_to_nothing_changes_no_unit(paths: list[str]) -> None:
    others = [f"{folder}/zzz.unknown" for folder in FOLDERS]
    assert units.group(paths + others, formats.claims_image) == units.group(paths, formats.claims_image)


def test_both_ways_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def group(*given: Any) -> list[units.Unit]:
        taken.append(given)
        return []

    monkeypatch.setattr(units, "group", group)
    assert told(units.of_images(images(["x/a.jpg", "y/a.jpg"]), [], []))[0] == [("x/a.jpg",), ("y/a.jpg",)]
    assert not taken
    with pytest.raises(KeyError):  # the long way, of which nothing comes here
        units.of_images(images(["x/a.jpg", "x/A.CR2"]), [], [])
    assert taken
