"""What templates show, of a real review: nothing is decided here, and every value is one that can be shown."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from house import fill, review_of
from jinja2 import UndefinedError

from conftest import encode, scene
from lookalike.groups.grouped import outline
from lookalike.model import Tier
from lookalike.planning.making import freed
from lookalike.reviewing.choosing import in_order
from lookalike.reviewing.session import Review
from lookalike.web import pages


@pytest.fixture
def review(tmp_path: Path) -> Review:
    album = fill(tmp_path / "photos")
    (album / "broken.jpg").write_bytes(encode(scene(8))[:600])
    return review_of(album, tmp_path / "ledger.sqlite")


@pytest.fixture
def many(tmp_path: Path) -> Review:
    """Return a review of one group that takes more than a page."""
    album = tmp_path / "photos"
    album.mkdir()
    content = encode(scene(1, 96, 72), "PNG")
    for at in range(130):
        (album / f"{at:03}.png").write_bytes(content)
    return review_of(album, tmp_path / "ledger.sqlite")


def test_every_value_is_escaped_and_none_is_missing() -> None:
    made = pages.environment()
    assert made.autoescape is True
    assert made.from_string('<a b="{{ x }}">').render(x="\"'<>&") == '<a b="&#34;&#39;&lt;&gt;&amp;">'
    assert made.from_string("{{ x | plain }}{{ x | string }}").render(x="<\x1b>") == "&lt;\\x1b&gt;&lt;\x1b&gt;"
    with pytest.raises(UndefinedError):
        made.from_string("{{ x }}").render()
    for name in made.list_templates():
        text = Path(pages.__file__).with_name("templates").joinpath(name).read_text("utf-8")
        assert "safe" not in text.split()
        assert "autoescape" not in text
        assert made.get_template(name)


def test_the_list(review: Review) -> None:
    shown = pages.overview(review, "all", 0)
    assert [row["count"] for row in shown["rows"]] == [3, 3, 3]
    assert [row["at"] for row in shown["rows"]] == review.route.sequence.tolist()
    assert (shown["found"], shown["pages"], shown["failed"], shown["next"]) == (3, 1, 1, int(review.route.sequence[0]))
    assert shown["saving"] == sum(row["saving"] for row in shown["rows"])
    assert dict(shown["tiers"]) == {"all": 3, "exact": 0, "copy": 3, "edit": 0, "similar": 0}
    assert [(name, count) for name, count, _ in shown["quick"]] == [("exact", 0), ("copy", 3)]
    assert {row["status"] for row in shown["rows"]} == {"open"}
    assert pages.overview(review, "exact", 0)["rows"] == []
    assert pages.overview(review, "all", 10**8)["rows"] == []
    for row in shown["rows"]:
        ordered = in_order(review.group(row["at"]))
        assert ordered[row["pictures"][0]] == review.group(row["at"]).keeper
        assert row["tier"] == "copy"
        assert "recompressed" in row["relation"]  # of the least certain image


def test_what_was_chosen_shows_in_the_list(review: Review) -> None:
    review.accept(0)
    review.differ(1)
    review.accept(2)
    low = next(at for at, one in enumerate(in_order(review.group(2))) if "low" in one.ref.path)
    for at in review.choices.all()[2].going:
        review.mark(2, at)
    status = {row["at"]: row["status"] for row in pages.overview(review, "all", 0)["rows"]}
    assert status == {0: "2 to go", 1: "no duplicates", 2: "all stay"}
    assert pages.overview(review, "all", 0)["chosen_to_go"] == 2
    review.mark(2, low)
    assert pages.group(review, 2, None, 0)["status"] == "1 to go"


def test_a_group(review: Review) -> None:
    shown = pages.group(review, 0, None, 0)
    ordered = in_order(review.group(0))
    assert sorted(one.position for one in shown["pictures"]) == [0, 1, 2]
    assert [one.key for one in shown["pictures"]] == [1, 2, 3]
    assert {one.word for one in shown["pictures"]} == {"keeper", "goes"}
    for one in shown["pictures"]:
        path = ordered[one.position].ref.path
        assert os.path.join(one.folder, one.name) == path
        assert one.is_keeper == (path == review.group(0).keeper.ref.path)
        assert one.is_marked == (not one.is_keeper)
        assert bool(one.tier) == bool(one.score) == bool(one.distance) == (not one.is_keeper)
    keeper, other = shown["pair"]
    assert ordered[keeper] == review.group(0).keeper
    assert shown["frees"] == sum(one.ref.size for at, one in enumerate(ordered) if at != keeper)
    assert shown["names"] == [ordered[at].ref.path for at in (keeper, other)]
    assert "Modified" in [name for name, _, _ in shown["rows"]]
    for focus in (0, 1, 2, 3, -1, 10**8, None):
        pair = pages.group(review, 0, focus, 0)["pair"]
        assert pair[0] == keeper
        assert pair[1] == focus if focus in {0, 1, 2} - {keeper} else pair[1] != keeper
    assert {shown["before"], shown["after"]} == {0, 1, 2} - {keeper, other}


def test_a_group_says_what_was_chosen(review: Review) -> None:
    low = next(at for at, one in enumerate(in_order(review.group(0))) if "low" in one.ref.path)
    review.choose_keeper(0, low)
    shown = pages.group(review, 0, None, 0)
    assert shown["pair"][0] == low
    found = {one.position: one for one in shown["pictures"]}
    assert (found[low].word, found[low].reason) == ("keeper", "chosen in review")
    assert [found[at].is_marked for at in range(3)] == [at != low for at in range(3)]
    review.differ(0)
    assert {one.word for one in pages.group(review, 0, None, 0)["pictures"]} == {"stays"}


def test_a_large_group_comes_in_parts(many: Review) -> None:
    seen = []
    for page in range(3):
        shown = pages.group(many, 0, None, page)
        seen += [one.position for one in shown["pictures"]]
        assert shown["pages"] == 3
        assert shown["pair"][1] in [one.position for one in shown["pictures"]]
        assert [one.key for one in shown["pictures"]][:3] == ([1, 2, 3] if page == 0 else [0, 0, 0])
    assert sorted(seen) == list(range(130))


def test_what_went_does_not_stay(review: Review) -> None:
    review.accept(0)
    review.apply(review.plan())
    assert sorted((one.word, one.reason) for one in pages.group(review, 0, None, 0)["pictures"] if not one.is_keeper) == [
        ("gone", ""), ("gone", ""),
    ]  # fmt: skip
    review.undo()
    assert {one.word for one in pages.group(review, 0, None, 0)["pictures"]} == {"keeper", "goes"}


def test_an_image_opens_the_part_that_it_is_in(many: Review) -> None:
    for page in range(3):
        shown = [one.position for one in pages.group(many, 0, None, page)["pictures"]]
        assert {pages.part_of(many, 0, position) for position in shown} == {page}
    assert pages.part_of(many, 0, -1) == pages.part_of(many, 0, 130) == 0


def test_a_group_of_one_is_shown_wherever_it_comes(review: Review) -> None:
    first, second, *others = review.subject.groups
    alone = replace(second, members=second.members[:1])
    groups = (first, alone, *others)
    made = Review(replace(review.subject, groups=groups, outline=outline(groups)), review.options, ledger=review.ledger)
    for at in range(len(groups)):
        shown = pages.group(made, at, None, 0)
        assert shown["next"] is None or len(shown["ahead"]) == 2
    assert len(pages.overview(made, "all", 0)["rows"]) == 3


def test_the_plan(review: Review) -> None:
    review.accept_all(Tier.COPY)
    plan = review.plan()
    shown = pages.summary(plan, "/x\n/plan.json", sum(freed(plan).values()))
    assert (shown["images"], shown["parts"], shown["held_count"], shown["most"]) == (6, 0, 0, [])
    assert shown["tiers"] == [("exact", 3), ("copy", 3)]
    assert shown["file"] == "/x\\n/plan.json"
    assert shown["size"] == sum(one.size for one in plan.removals)
    few = replace(plan, roots=tuple(replace(root, images=11) for root in plan.roots))
    assert [going for _, going, _ in pages.summary(few, "", 0)["most"]] == [6]
    even = replace(plan, roots=tuple(replace(root, images=12) for root in plan.roots))
    assert pages.summary(even, "", 0)["most"] == []  # half is not over half


def test_what_is_held_back_is_named(tmp_path: Path) -> None:
    """A keeper that was chosen and carries less holds those that have more."""
    review = review_of(fill(tmp_path / "photos", (1,)), tmp_path / "ledger.sqlite")
    big = Path(review.group(0).keeper.ref.path).with_name("big.jpg")
    big.write_bytes(encode(scene(1, 512, 384), quality=95))
    review = review_of(tmp_path / "photos", tmp_path / "ledger.sqlite")
    low = next(at for at, one in enumerate(in_order(review.group(0))) if "low" in one.ref.path)
    review.choose_keeper(0, low)
    shown = pages.summary(review.plan(), "", 0)
    assert str(big) in [path for path, _ in shown["held"]]
    assert shown["held_count"] == len(shown["held"])
    assert "pixels" in dict(shown["held"])[str(big)]
    assert {one.word for one in pages.group(review, 0, None, 0)["pictures"]} >= {"keeper", "held"}
