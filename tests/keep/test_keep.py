"""Keep rules: what each prefers and says, and that every list of rules is a total order of images, not of rows."""

from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lookalike.columns import Facts, Images, Origins, Units
from lookalike.errors import UsageError
from lookalike.keep import Ranking, parse_rules, rank
from lookalike.model import DEFAULT_KEEP

PLAIN = ["intact", "resolution", "original", "quality", "exif", "bytes", "oldest", "newest", "shortest-path", "name"]
ALLOWED = [*PLAIN, "folder:PATH", "format:A>B", "column:NAME", "column:NAME:min"]
CAMERA: dict[str, str | int] = {"make": "Acme", "model": "One"}
DAY = 86_400 * 10**9


@dataclass(frozen=True)
class Picture:
    """One image; by default one that no rule tells from another of the same path."""

    path: str = "p/a.jpg"
    volume: str = "disk"
    key: str = "a.jpg"
    size: int = 1000
    mtime_ns: int = 0
    symlink: bool = False
    reference: bool = False
    width: int = 800
    height: int = 600
    frames: int = 1
    depth: int = 8
    alpha: bool = False
    colour: bool = True
    lossless: bool = False
    quality: int = 85
    format: str = "JPEG"
    captured: str = ""
    exif: dict[str, str | int] = field(default_factory=dict)


def columns(rows: tuple[Picture, ...], kind: type, *names: str) -> dict[str, Any]:
    return {name: np.array([getattr(row, name) for row in rows], kind) for name in names}


def images(*pictures: Picture) -> Images:
    """Return pictures as columns; their contents in an order of their own, as in a catalog."""
    count, contents = len(pictures), pictures[::-1]
    facts = Facts(
        id=np.arange(count),
        **columns(contents, np.int64, "size", "width", "height", "frames", "depth", "quality"),
        **columns(contents, np.bool_, "alpha", "colour", "lossless"),
        detail=np.full(count, 100),
        format=[row.format for row in contents],
        captured=[row.captured for row in contents],
        exif=[row.exif for row in contents],
        digest=[bytes(32)] * count,
    )
    return Images(
        path=[row.path for row in pictures],
        volume=[row.volume for row in pictures],
        key=[row.key for row in pictures],
        **columns(pictures, np.int64, "size", "mtime_ns"),
        **columns(pictures, np.bool_, "symlink", "reference"),
        device=np.zeros(count, np.int64),
        inode=np.arange(count),
        content=np.arange(count)[::-1],
        facts=facts,
    )


def first(rules: str, better: Picture, worse: Picture) -> str:
    """Assert that one image comes before another in whatever order they are given; return the reason."""
    forwards, backwards = rank(images(better, worse), rules), rank(images(worse, better), rules)
    assert (forwards.order.tolist(), backwards.order.tolist()) == ([0, 1], [1, 0])
    assert forwards.reason(0, 1) == backwards.reason(1, 0)
    return forwards.reason(0, 1)


def worse_name(**facts: object) -> Picture:
    """Return an image whose name would lose, so that only `facts` can make it win."""
    return replace(Picture(path="p/z.jpg", key="z.jpg"), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "better", "worse", "reason"),
    [
        ("intact", {"frames": 3}, {"frames": 2}, "frames 3 > 2"),
        ("intact", {"alpha": True}, {}, "alpha transparent > opaque"),
        ("intact", {"depth": 16}, {}, "depth 16 bit > 8 bit"),
        ("intact", {}, {"colour": False}, "colour colour > gray"),
        ("intact", {"frames": 2}, {"alpha": True, "depth": 16}, "frames 2 > 1"),
        ("intact", {"alpha": True, "colour": False}, {"depth": 16}, "alpha transparent > opaque"),
        ("intact", {"depth": 16, "colour": False}, {}, "depth 16 bit > 8 bit"),
        ("resolution", {}, {"width": 400, "height": 300}, "resolution 800x600 > 400x300"),
        ("resolution", {"width": 601, "height": 800}, {}, "resolution 601x800 > 800x600"),
        ("resolution", {"width": 90_000, "height": 90_000}, {}, "resolution 90000x90000 > 800x600"),
        ("quality", {"quality": 86}, {}, "quality 86 > 85"),
        ("quality", {"quality": 1}, {"quality": 0}, "quality 1 > unknown"),
        ("quality", {"lossless": True, "quality": 0}, {"quality": 100}, "quality lossless > 100"),
        ("quality", {"quality": 1}, {"format": "GIF", "lossless": True, "quality": 0}, "quality 1 > 256 colours"),
        ("format:png>webp>jpeg", {"format": "PNG"}, {"format": "WEBP"}, "format PNG > WEBP"),
        ("format:png>webp>jpg", {}, {"format": "GIF"}, "format JPEG > GIF"),
        ("format: Png > jpeg", {"format": "PNG"}, {}, "format PNG > JPEG"),
        ("exif", {"exif": {"tags": 9}}, {"exif": {"tags": 2}}, "exif 9 tags > 2 tags"),
        ("exif", {"exif": {"tags": 1}}, {}, "exif 1 tags > 0 tags"),
        ("bytes", {"size": 12_345}, {}, "bytes 12,345 > 1,000"),
        ("oldest", {}, {"mtime_ns": DAY}, "older 1970-01-01 00:00:00.000 < 1970-01-02 00:00:00.000"),
        ("oldest", {"mtime_ns": -DAY}, {}, "older 1969-12-31 00:00:00.000 < 1970-01-01 00:00:00.000"),
        (
            "oldest",
            {"captured": "1971-01-01 00:00:00"},
            {"mtime_ns": 730 * DAY},
            "older 1971-01-01 00:00:00 < 1972-01-01 00:00:00.000",
        ),
        (
            "oldest",
            {"captured": "1971-01-01 00:00:00"},
            {"mtime_ns": 365 * DAY + 10**6},
            "older 1971-01-01 00:00:00 < 1971-01-01 00:00:00.001",
        ),
        ("newest", {"mtime_ns": DAY}, {}, "newer 1970-01-02 00:00:00.000 > 1970-01-01 00:00:00.000"),
        (
            "oldest",
            {"captured": "2020-05-01 10:00:00", "mtime_ns": 20_000 * DAY},
            {"captured": "2020-05-01 10:00:00.5", "mtime_ns": 0},
            "older 2020-05-01 10:00:00 < 2020-05-01 10:00:00.5",
        ),
        (
            "newest",
            {"captured": "2020-05-01 10:00:00.123456"},
            {"mtime_ns": 10_000 * DAY},
            "newer 2020-05-01 10:00:00.123456 > 1997-05-19 00:00:00.000",
        ),
    ],
)
def test_what_a_rule_prefers_and_says(
    rule: str, better: dict[str, object], worse: dict[str, object], reason: str
) -> None:
    assert first(rule, worse_name(**better), replace(Picture(), **worse)) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize("rules", ["resolution", "shortest-path", "shortest-path,name", DEFAULT_KEEP])
def test_paths_break_ties_whatever_the_rules(rules: str) -> None:
    reason = first(rules, Picture(path="p/z.jpg"), Picture(path="pp/a.jpg"))
    assert reason == "shorter path 7 characters < 8 characters"
    reason = first(rules, Picture(path="p/a.jpg"), Picture(path="p/b.jpg"))
    assert reason.startswith("name ")
    assert "a.jpg < " in reason
    assert reason.endswith("b.jpg")


def test_name_may_come_before_the_length_of_the_path() -> None:
    first("name", Picture(path="p/a-long-name.jpg"), Picture(path="p/b.jpg"))


COPIES = [
    *["IMG-20210101-WA0007.jpg", "signal-2021.jpg", "photo_2021-01-01.jpg", "FB_IMG_1.jpg", "received_1.jpeg"],
    *["Screenshot_1.png", "a(1).jpg", "a - Copy.jpg", "copy of a.jpg"],
]


@pytest.mark.parametrize("name", COPIES)
def test_an_original_has_a_name_of_its_own(name: str) -> None:
    own, copied = Picture(path="Screenshots/zz-of-a-long-name.jpg"), Picture(path=f"p/{name}")
    assert first("original", own, copied) == "original name of its own > name of a copy"
    from_camera = replace(copied, exif=CAMERA, captured="2021-01-01 10:00:00")
    assert first("original", from_camera, own) == "original camera file, copied > name of its own"
    assert first("original", own, replace(copied, path=f"p/a/b/{name}")) == "original name of its own > name of a copy"


def test_an_original_comes_from_a_camera_not_from_an_editor() -> None:
    camera = worse_name(exif=CAMERA, captured="2021-01-01 10:00:00")
    assert first("original", camera, Picture()) == "original camera file > name of its own"
    for other in (
        replace(camera, path="p/a.jpg", exif={**CAMERA, "software": "Adobe Photoshop 25.0"}),
        replace(camera, path="p/a.jpg", captured=""),
        replace(camera, path="p/a.jpg", exif={"model": "One"}),
    ):
        assert first("original", camera, other) == "original camera file > name of its own"
    firmware = replace(camera, exif={**CAMERA, "software": "Ver.1.02"})
    assert first("original", firmware, Picture()) == "original camera file > name of its own"


@pytest.mark.parametrize("folder", ["archive/best", "archive/best/"])
def test_a_folder_holds_what_is_below_it_and_nothing_beside(folder: str) -> None:
    inside = Picture(path="archive/best/of/all/z.jpg")
    for outside in ("archive/bestof/a.jpg", "archive/a.jpg", "b/archive/best/a.jpg", "archive/best"):
        assert first(f"folder:{folder}", inside, Picture(path=outside)) == f"folder in {folder} > elsewhere"
    assert first("folder:p/X", Picture(path="p/X/z.jpg"), Picture(path="p/a.jpg")) == "folder in p/X > elsewhere"


def test_times_within_a_millisecond_are_the_same() -> None:
    reason = first("oldest", Picture(path="p/a.jpg", mtime_ns=5), Picture(path="p/b.jpg"))
    assert reason == "name p/a.jpg < p/b.jpg"


def test_the_first_difference_decides() -> None:
    large, old = worse_name(width=900, mtime_ns=DAY), Picture()
    assert first("resolution,oldest", large, old).startswith("resolution ")
    assert first("oldest,resolution", old, large).startswith("older ")


def test_references_come_first_and_symlinks_last_whatever_the_rules() -> None:
    best = Picture(width=9000, captured="1999-01-01 00:00:00")
    for rules in (DEFAULT_KEEP, "resolution", "name", "folder:p"):
        assert first(rules, worse_name(reference=True), best) == "reference to compare against > under test"
        assert first(rules, worse_name(), replace(best, symlink=True)) == "file itself > symlink"
        assert first(rules, worse_name(reference=True, symlink=True), best).startswith("reference ")


def test_the_same_path_on_two_volumes_is_ordered_by_identity() -> None:
    one = Picture(volume="disk 1", key="z")
    first("name", one, replace(one, volume="disk 2", key="a"))
    first("name", one, replace(one, key="zz"))


@pytest.mark.parametrize("captured", ["2021-02-30 10:00:00", "2021-00-01 10:00:00", "2021-01-01 24:30:00"])
def test_a_date_no_calendar_has_counts_as_unknown_and_is_not_the_reason(captured: str) -> None:
    old, new = Picture(captured=captured, path="p/z.jpg"), Picture(captured=captured, mtime_ns=DAY)
    assert first("oldest", old, new) == "older 1970-01-01 00:00:00.000 < 1970-01-02 00:00:00.000"


def test_equal_names_in_two_folders_are_told_apart_by_the_reason() -> None:
    reason = first(DEFAULT_KEEP, Picture(path="a/x.jpg"), Picture(path="b/x.jpg"))
    better, worse = reason.removeprefix("name ").split(" < ")
    assert better != worse


@pytest.mark.parametrize("text", ["oldets", "folder", "folder:", "format", "format:", "name:x", "Oldest", "", " , "])
def test_an_error_lists_the_rules(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rules(text)
    assert str(caught.value).endswith(f": use a comma list of {', '.join(ALLOWED)}")
    with pytest.raises(UsageError):
        rank(images(Picture()), text)


def test_an_error_names_the_rule_that_is_wrong() -> None:
    with pytest.raises(UsageError, match="'oldets'"):
        parse_rules("resolution, oldets")
    assert parse_rules(" resolution ,,folder:a b/c, format:png>jpg ") == [
        "resolution",
        "folder:a b/c",
        "format:png>jpg",
    ]
    assert parse_rules(DEFAULT_KEEP) == DEFAULT_KEEP.split(",")
    assert parse_rules("folder:C:/best") == ["folder:C:/best"]


def test_nothing_can_be_ranked() -> None:
    assert rank(images(), DEFAULT_KEEP).order.tolist() == []


pictures = st.lists(
    st.builds(
        Picture,
        path=st.sampled_from(["p/a.jpg", "p/b.jpg", "p/a (1).jpg", "q/a.jpg", "long/path/a.jpg", "p/IMG-WA0001.jpg"]),
        volume=st.sampled_from(["disk 1", "disk 2"]),
        key=st.text(max_size=3),
        size=st.integers(0, 2) | st.integers(0, 2**60),
        mtime_ns=st.integers(0, 2) | st.integers(-(2**62), 2**62),
        symlink=st.booleans(),
        reference=st.booleans(),
        width=st.integers(1, 3) | st.integers(1, 2**30),
        frames=st.integers(1, 2),
        depth=st.sampled_from([1, 8, 16]),
        alpha=st.booleans(),
        colour=st.booleans(),
        lossless=st.booleans(),
        quality=st.integers(0, 100),
        format=st.sampled_from(["JPEG", "PNG", "GIF"]),
        captured=st.sampled_from(["", "", "2020-01-01 10:00:00", "2020-01-01 10:00:00.123", "2020-13-01 10:00:00"]),
        exif=st.sampled_from([{}, {"tags": 3}, {**CAMERA, "tags": 9}]),
    ),
    max_size=8,
    unique_by=lambda picture: (picture.path, picture.volume, picture.key),
)
rule_lists = st.lists(st.sampled_from([*PLAIN, "folder:p", "format:png>gif"]), min_size=1, max_size=5).map(",".join)


@given(pictures=pictures, rules=rule_lists, data=st.data())
def test_the_order_does_not_depend_on_the_order_of_rows(
    pictures: list[Picture], rules: str, data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(pictures))
    one, other = rank(images(*pictures), rules), rank(images(*mixed), rules)
    assert sorted(one.order.tolist()) == list(range(len(pictures)))
    assert [pictures[row] for row in one.order] == [mixed[row] for row in other.order]
    assert reasons(one) == reasons(other)
    assert "same name" not in reasons(one), "the order is total"


@given(pictures=pictures, rules=rule_lists)
def test_two_images_are_in_the_order_that_all_of_them_are_in(pictures: list[Picture], rules: str) -> None:
    assume(pictures)
    ranked = [pictures[row] for row in rank(images(*pictures), rules).order]
    for better, worse in pairwise(ranked):
        first(rules, better, worse)
    kinds = [(not picture.reference, picture.symlink) for picture in ranked]
    assert kinds == sorted(kinds)


def shots(unit: list[int], masks: tuple[int, ...] = (), raw: int = 0) -> Units:
    """Return units by number; the last one has so many images more that could not be read."""
    paths = [tuple(str(row) for row, at in enumerate(unit) if at == one) for one in range(max(unit, default=-1) + 1)]
    if raw:
        paths[-1] += ("raw",) * raw
    return Units(np.array(unit, np.int64), np.isin(np.arange(len(unit)), masks), paths)


def test_a_unit_ranks_by_its_best_image() -> None:
    large, small, middle = Picture(width=900), worse_name(width=100), Picture(path="p/b.jpg", width=500)
    ranking = rank(images(small, middle, large), "resolution", units=shots([0, 1, 0]))
    assert ranking.order.tolist() == [2, 0, 1]
    assert ranking.reason(0, 1) == "resolution 900x600 > 500x600"


def test_more_images_of_a_shot_are_better_where_the_rule_is_intact() -> None:
    alone, shot = Picture(width=900), worse_name()
    unit = shots([0, 1], raw=1)
    assert rank(images(alone, shot), "resolution", units=unit).order.tolist() == [0, 1]
    ranking = rank(images(alone, shot), "intact,resolution", units=unit)
    assert ranking.order.tolist() == [1, 0]
    assert ranking.reason(1, 0) == "parts 2 > 1"


def test_masks_come_last_and_a_symlink_does_not_come_along_with_a_file() -> None:
    file, link, other, mask = Picture(width=900), worse_name(symlink=True), Picture(path="p/b.jpg"), Picture(path="a")
    ranking = rank(images(mask, link, other, file), DEFAULT_KEEP, units=shots([0, 0, 1, 0], (0,)))
    assert ranking.order.tolist() == [3, 2, 1, 0]
    assert ranking.reason(2, 0) == "mask image of its own > of other images"
    assert ranking.reason(1, 0) == "mask image of its own > of other images"


def test_a_raw_file_comes_after_pictures_that_are_finished() -> None:
    reason = first("resolution", worse_name(width=100), Picture(format="RAW"))
    assert reason == "picture finished > preview of a raw file"


def test_an_enlargement_comes_after_its_source() -> None:
    both = images(Picture(), worse_name(width=400, height=300))  # contents 1 and 0
    own = np.arange(2)
    assert rank(both, "resolution", origins=Origins(own, own)).order.tolist() == [0, 1]
    ranking = rank(both, "resolution", origins=Origins(np.array([0, 0]), own))
    assert ranking.order.tolist() == [1, 0]
    assert ranking.reason(1, 0) == "resolution 400x300 > 800x600, which is an enlargement"


def test_a_lossless_file_saved_from_a_lossy_one_comes_after_it() -> None:
    both = images(Picture(lossless=True, quality=0, format="PNG"), worse_name(quality=1))  # contents 1 and 0
    ranking = rank(both, "quality", origins=Origins(np.arange(2), np.array([0, 0])))
    assert ranking.order.tolist() == [1, 0]
    assert ranking.reason(1, 0) == "quality 1 > lossless, but saved from JPEG"


@given(pictures=pictures, rules=rule_lists, data=st.data())
def test_units_rank_whole(pictures: list[Picture], rules: str, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.integers(0, 3), min_size=len(pictures), max_size=len(pictures)))
    unit = [sorted(set(drawn)).index(one) for one in drawn]
    ranking = rank(images(*pictures), rules, units=shots(unit))
    kinds = [(unit[row], pictures[row].reference, pictures[row].symlink) for row in ranking.order]
    assert sorted(ranking.order.tolist()) == list(range(len(pictures)))
    assert len(list(groupby(kinds))) == len(set(kinds)), "images of one unit follow each other"
    assert all(unit[best] == unit[row] for row, best in enumerate(ranking.best.tolist()))
    if len(set(unit)) == len(unit):
        assert ranking.order.tolist() == rank(images(*pictures), rules).order.tolist()


def reasons(ranking: Ranking) -> list[str]:
    return [ranking.reason(int(better), int(worse)) for better, worse in pairwise(ranking.order)]


def test_what_stays_comes_after_references_and_before_every_rule_but_no_symlink_before_a_file() -> None:
    pictures = [
        Picture(path="big.jpg", width=9000),
        Picture(path="small.jpg", width=10),
        Picture(path="reference.jpg", reference=True),
        Picture(path="link.jpg", symlink=True),
        Picture(path="kept.jpg", width=5),
        Picture(path="tiny.jpg", width=1),
    ]
    stay = {
        "protected": np.array([picture.path in ("small.jpg", "link.jpg", "tiny.jpg") for picture in pictures]),
        "decided to keep": np.array([picture.path in ("kept.jpg", "tiny.jpg") for picture in pictures]),
    }
    ranking = rank(images(*pictures), "resolution", stay)
    names = ["reference.jpg", "tiny.jpg", "small.jpg", "kept.jpg", "big.jpg", "link.jpg"]
    assert [pictures[row].path for row in ranking.order] == names
    assert ranking.reason(1, 0) == "protected yes > no"
    assert ranking.reason(4, 0) == "decided to keep yes > no"
    assert ranking.reason(5, 1) == "decided to keep yes > no"
    assert ranking.reason(2, 1) == "reference to compare against > under test"
    assert ranking.reason(1, 3) == "file itself > symlink"


def test_many_reasons_at_once_are_those_of_each_pair() -> None:
    pictures = [Picture(path=f"p/{at}.jpg", width=100 * (1 + at % 3), quality=50 + at % 4) for at in range(24)]
    ranking = rank(images(*pictures), DEFAULT_KEEP)
    place = np.argsort(ranking.order)
    pairs = [(one, other) for one in range(24) for other in range(24) if place[one] <= place[other]]
    better, worse = np.array(pairs).T
    told = ranking.reasons(better, worse)
    assert told == [ranking.reason(one, other) for one, other in pairs]
    assert len(set(told)) > 10
    assert "same name" in told
