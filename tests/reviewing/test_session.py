"""Reviews of a real album: nothing is lost whatever is chosen, and every choice stands until it is taken back."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

import lookalike as la
from conftest import encode, scene
from lookalike import cleaning
from lookalike.deciding import decide, decisions, undecide
from lookalike.errors import UnsafeError, UsageError
from lookalike.files import digest_of
from lookalike.files.lock import only_one
from lookalike.model import Tier
from lookalike.plan import Plan, check
from lookalike.reviewing.choosing import DIFFERENT, in_order
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import of_document
from lookalike.stores.choices import Choice
from lookalike.tables import document_from_json
from removal_trees import pictures, put, scratch, snapshot
from reviews import album, at, findings, gone, review, write

REFERENCES = ("dogs/again.png", "shots/one-small.jpg", "trees/poor.jpg")
"""What lies in a root of references in the second album."""


@pytest.fixture
def found(tmp_path: Path) -> la.Findings:
    """Return what is found in the album."""
    write(tmp_path / "photos", album())
    return findings(tmp_path / "photos")


@pytest.fixture
def begun(found: la.Findings, tmp_path: Path) -> Review:
    """Return a review of the album that nobody has chosen anything in."""
    return review(found, tmp_path / "ledger")


def again(begun: Review) -> Review:
    """Return another review of the same."""
    return Review(begun.subject, begun.options, ledger=begun.ledger, workers=1)


# Nothing is lost


@pytest.fixture(scope="module", params=[False, True], ids=["folder", "references"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, la.Findings]]:
    """Return an album, alone or with some of it as references, and what is found in it."""
    base = scratch(tmp_path_factory.mktemp("album"))
    apart = REFERENCES if request.param else ()
    for name, content in album().items():
        put(str(base / ("known" if name in apart else "photos") / name), content)
    os.link(base / "photos/dogs/small.jpg", base / "photos/dogs/a-name-more.jpg")
    os.symlink("big.png", base / "photos/dogs/link.png")
    yield base, findings(base / "photos", against=base / "known" if apart else ())
    shutil.rmtree(base)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "choose_keeper", "mark", "mark", "differ", "accept_all", "take_back"]),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    max_size=14,
)


def choose(begun: Review, step: tuple[str, int, int]) -> None:
    """Choose something, as far as that may be chosen."""
    name, group, position = step
    with suppress(UsageError):
        if name in ("accept", "differ"):
            getattr(begun, name)(group % len(begun))
        elif name in ("choose_keeper", "mark"):
            getattr(begun, name)(group % len(begun), position)
        elif name == "accept_all":
            begun.accept_all(Tier(position % 2))
        else:
            begun.take_back()


def planned(begun: Review) -> Plan | None:
    try:
        return begun.plan()
    except UsageError:
        return None


def facts(path: str) -> tuple[int, int, bool]:
    """Return what must not get less: pixels, transparency, and colour."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGBA"), np.int64)
    return image.width * image.height, -int(pixels[..., 3].min()), bool(np.ptp(pixels[..., :3], axis=2).max() > 8)


def must_hold(begun: Review, plan: Plan) -> None:
    """Check all that must hold of a plan of a review, whatever was chosen."""
    check(plan)
    chosen = begun.choices.all()
    may_go = {
        in_order(begun.group(group))[position].ref.path for group, choice in chosen.items() for position in choice.going
    }
    for decision in plan.removals:
        assert decision.path in may_go
        assert decision.keeper is not None
        assert decision.tier is not None
        assert decision.tier <= Tier.EDIT
        assert f"{os.sep}known{os.sep}" not in decision.path
        names = [os.path.basename(path) for path in (decision.path, decision.keeper)]
        assert os.path.dirname(decision.path).split(os.sep)[-1] == os.path.dirname(decision.keeper).split(os.sep)[-1]
        assert sum(name == "two.jpg" for name in names) != 1, f"two exposures: {names}"
        if digest_of(decision.path) != digest_of(decision.keeper):
            assert all(more >= less for more, less in zip(facts(decision.keeper), facts(decision.path), strict=True)), (
                names
            )


@settings(max_examples=25, deadline=None, phases=[Phase.generate], derandomize=True)
@given(steps=STEPS, more=STEPS)
def test_nothing_is_lost_whatever_is_chosen(
    world: tuple[Path, la.Findings], steps: list[tuple[str, int, int]], more: list[tuple[str, int, int]]
) -> None:
    base, found = world
    before, all_pictures, ledger = snapshot(base), pictures(base), scratch(base.parent) / "ledger"
    begun, done = review(found, ledger), []
    for part in (steps, more):  # two plans one after the other
        for step in part:
            choose(begun, step)
        plan = planned(begun)
        if plan is None:
            continue
        must_hold(begun, plan)
        there = snapshot(base, inodes=False)
        applied = begun.apply(plan)
        assert applied.refused == ()
        left = snapshot(base, inodes=False)
        assert there.keys() - left.keys() == {os.path.relpath(one.path, base) for one in plan.removals}
        assert left.items() <= there.items()
        assert pictures(base) >= all_pictures
        done.append(applied)
    assert begun.applied == [applied for applied in done if applied.images]
    while begun.applied:
        undone = begun.undo()
        assert (undone.refused, undone.beside) == ((), ())
    assert snapshot(base) == before
    assert begun.choices.removed == {}
    shutil.rmtree(ledger.parent)


@settings(max_examples=15, deadline=None, phases=[Phase.generate], derandomize=True)
@given(steps=STEPS)
def test_each_step_is_taken_back_alone_down_to_the_empty_state(
    world: tuple[Path, la.Findings], steps: list[tuple[str, int, int]]
) -> None:
    ledger = scratch(world[0].parent) / "ledger"
    begun = review(world[1], ledger)
    big, small = (str(world[0] / "photos" / name) for name in ("dogs/big.png", "dogs/small.jpg"))
    decide("different", [big, small], ledger=ledger)  # before the review began
    states = [(begun.choices.all(), decisions(ledger=ledger))]
    for step in steps:
        if step[0] != "take_back":
            choose(begun, step)
            state = begun.choices.all(), decisions(ledger=ledger)
            if state != states[-1] or step[0] == "differ":  # to say the same again is a step, too
                states.append(state)
            assert again(begun).choices.all() == state[0]
    for earlier in reversed(states[:-1]):
        begun.take_back()
        assert (begun.choices.all(), decisions(ledger=ledger)) == earlier
        assert again(begun).choices.all() == earlier[0]
    with pytest.raises(UsageError, match="nothing was chosen"):
        begun.take_back()
    shutil.rmtree(ledger.parent)


# What a person chooses, and what stays all the same


def test_a_proposal_is_accepted_as_it_was_shown(begun: Review) -> None:
    for name in ("dogs/big.png", "holes/whole.png", "shots/one.jpg", "trees/fine.jpg"):
        begun.accept(at(begun, name)[0])
    assert gone(begun) == {
        "dogs/again.png",
        "dogs/small.jpg",
        "holes/whole-small.png",
        "shots/one-small.jpg",
        "trees/poor.jpg",
    }
    assert begun.counts.left == 0
    before = begun.choices.all()
    begun.accept(0)  # stands already
    assert begun.choices.all() == before


def test_what_stays_by_a_proposal_still_removes_its_copies_once_that_is_accepted(tmp_path: Path) -> None:
    files = {name: content for name, content in album().items() if name.startswith("holes")}
    write(tmp_path / "photos", files)
    begun = review(findings(tmp_path / "photos", keep="resolution"), tmp_path / "ledger", tier=Tier.EDIT)
    assert begun.group(0).keeper.ref.path.endswith("large.png")  # which lacks the hole that both others have
    shown = begun.decisions(0)
    begun.accept(0)
    kept = begun.decisions(0)
    assert {path: one.verdict for path, one in kept.items()} == {path: one.verdict for path, one in shown.items()}
    assert {path: one.keeper for path, one in kept.items()} == {path: one.keeper for path, one in shown.items()}
    begun.take_back()
    begun.mark(*at(begun, "whole.png"))
    assert [one.verdict for path, one in begun.decisions(0).items() if path.endswith("whole.png")] == ["keep"]


@pytest.mark.parametrize(
    ("keeper", "other", "loss"),
    [
        ("dogs/gray.png", "dogs/big.png", "colour"),
        ("dogs/small.jpg", "dogs/big.png", "pixels"),
        ("holes/large.png", "holes/whole.png", "alpha"),
    ],
)
def test_a_chosen_keeper_that_lacks_something_replaces_nothing_that_has_it(
    found: la.Findings, tmp_path: Path, keeper: str, other: str, loss: str
) -> None:
    begun = review(found, tmp_path / "ledger")
    group, position = at(begun, keeper)
    begun.choose_keeper(group, position)
    path = next(path for path in begun.decisions(group) if path.endswith(other))
    decision = begun.decisions(group)[path]
    assert decision.verdict == "keep"
    assert decision.reason.startswith("keeper carries less: ")
    assert loss in decision.reason
    assert other not in gone(begun)
    allowed = review(found, tmp_path / "ledger", allow_loss=("alpha", "colour", "pixels"))
    assert other in gone(allowed)
    assert {one.path: one.keeper for one in allowed.plan().removals}[path] == in_order(begun.group(group))[
        position
    ].ref.path


def test_an_edit_goes_only_where_somebody_marked_it(begun: Review) -> None:
    group, position = at(begun, "dogs/gray.png")
    begun.accept(group)
    assert "dogs/gray.png" not in gone(begun)
    begun.mark(group, position)
    assert "dogs/gray.png" in gone(begun)
    begun.mark(group, position)
    assert "dogs/gray.png" not in gone(begun)


def test_a_similar_picture_never_goes(begun: Review) -> None:
    group, two = at(begun, "shots/two.jpg")
    with pytest.raises(UsageError, match="similar picture"):
        begun.mark(group, two)
    begun.choose_keeper(group, two)
    begun.mark(group, at(begun, "shots/one-small.jpg")[1])
    reasons = {
        os.path.basename(path): one.reason for path, one in begun.decisions(group).items() if one.verdict == "keep"
    }
    assert reasons == {"two.jpg": "chosen in review", "one.jpg": "similar only: another picture"} | reasons
    assert gone(begun) <= {"shots/one-small.jpg"}  # which is a copy of one.jpg, and that stays


def test_the_keeper_cannot_be_marked_and_names_that_are_not_there_are_refused(begun: Review) -> None:
    group, keeper = at(begun, "trees/fine.jpg")
    with pytest.raises(UsageError, match="choose another keeper first"):
        begun.mark(group, keeper)
    for choose_image in (begun.mark, begun.choose_keeper):
        for position in (2, -1):
            with pytest.raises(UsageError, match="counted from 0"):
                choose_image(group, position)
    for choose_group in (begun.accept, begun.differ, begun.decisions):
        for number in (4, -1):
            with pytest.raises(UsageError, match="there is no group"):
                choose_group(number)
    with pytest.raises(UsageError, match="nothing was chosen to go"):
        begun.plan()
    with pytest.raises(UsageError, match="for good"):
        Review(begun.subject, replace(begun.options, action="delete"), ledger=begun.ledger)
    assert not os.path.exists(begun.ledger)


def test_images_that_are_different_stay_and_a_later_search_knows(begun: Review, tmp_path: Path) -> None:
    group, fine = at(begun, "trees/fine.jpg")
    begun.differ(group)
    assert begun.decisions(group) == {}
    later = findings(tmp_path / "photos", ledger=begun.ledger)
    assert not [one for one in later.groups if "trees" in one.keeper.ref.path]
    begun.choose_keeper(group, fine)  # whoever thinks again may choose, but the decision holds until it is taken back
    assert begun.choices.get(group) == Choice(fine, (at(begun, "trees/poor.jpg")[1],))
    assert "decided to be no duplicate" in begun.decisions(group)[str(tmp_path / "photos/trees/poor.jpg")].reason
    begun.take_back()
    begun.take_back()
    assert decisions(ledger=begun.ledger) == []
    assert begun.decisions(group)


def test_equal_files_that_are_different_are_all_kept(tmp_path: Path) -> None:
    write(tmp_path / "photos", {"a.png": album()["dogs/big.png"], "b.png": album()["dogs/big.png"]})
    begun = review(findings(tmp_path / "photos"), tmp_path / "ledger")
    begun.differ(0)
    assert [one.kind for one in decisions(ledger=begun.ledger)] == ["keep"]
    assert findings(tmp_path / "photos", ledger=begun.ledger).groups == ()


def test_a_decision_of_another_command_is_not_taken_back_for_having_the_same_number(
    begun: Review, tmp_path: Path
) -> None:
    begun.differ(at(begun, "trees/fine.jpg")[0])
    undecide(1, ledger=begun.ledger)
    other = decide("keep", tmp_path / "photos/dogs/gray.png", ledger=begun.ledger)
    assert other == 1
    begun.take_back()
    assert [one.kind for one in decisions(ledger=begun.ledger)] == ["keep"]


def test_what_goes_along_with_an_image_is_accepted_with_it(tmp_path: Path) -> None:
    """Two shots, each of two files by name: found as four images, planned as two wholes."""
    names = ("a/1.heic", "a/1.jpg", "b/1.heic", "b/1.jpg")
    write(tmp_path / "photos", dict.fromkeys(names, album()["dogs/big.png"]))
    begun = review(findings(tmp_path / "photos", units=False), tmp_path / "ledger", units=True)
    assert len(begun.group(0).members) == 4
    plan = begun.decisions(0)
    begun.accept(0)
    parts = [part.path for one in begun.plan().removals for part in one.parts]
    assert parts == [part.path for one in plan.values() for part in one.parts]
    assert {one.path for one in begun.plan().removals} == {one.path for one in plan.values() if one.verdict == "remove"}
    assert parts


# One go


def test_all_of_a_tier_are_accepted_as_one_step_and_no_other(begun: Review) -> None:
    trees, shots = at(begun, "trees/fine.jpg")[0], at(begun, "shots/one.jpg")[0]
    assert begun.acceptable(Tier.EXACT).tolist() == []
    assert begun.acceptable(Tier.COPY).tolist() == [trees]
    assert begun.accept_all(Tier.EXACT) == 0
    begun.accept(shots)
    assert begun.accept_all(Tier.COPY) == 1
    assert begun.acceptable(Tier.COPY).tolist() == []
    assert gone(begun) == {"trees/poor.jpg", "shots/one-small.jpg"}
    assert begun.take_back() == trees
    assert gone(begun) == {"shots/one-small.jpg"}


def test_no_edit_goes_with_copies_that_were_accepted_unseen(tmp_path: Path) -> None:
    """Two files of two pages: a search sees the first, which is a copy; the second was made darker."""
    one, two = scene(1, 640, 480), scene(2, 640, 480)
    small = [one.resize((320, 240)), two.resize((320, 240)).point(lambda level: level * 4 // 5)]
    pages = {"large.tiff": [one, two], "small.tiff": small}
    files = {name: encode(made[0], "TIFF", save_all=True, append_images=made[1:]) for name, made in pages.items()}
    write(tmp_path / "photos", files)
    begun = review(findings(tmp_path / "photos"), tmp_path / "ledger")
    path = str(tmp_path / "photos/small.tiff")
    shown = begun.decisions(0)[path]
    assert begun.accept_all(Tier.COPY) == 1
    kept = begun.decisions(0)[path]
    assert (kept.verdict, kept.reason) == (shown.verdict, shown.reason) == ("keep", shown.reason)
    assert "not verified against what stays" in kept.reason
    assert begun.plan().removals == ()
    wide = review(findings(tmp_path / "photos"), tmp_path / "ledger", tier=Tier.EDIT)  # who wants edits to go says so
    assert [one.tier for one in wide.plan().removals] == [Tier.EDIT]


# Remembered


def test_choices_are_on_the_disk_at_once_and_for_these_images_only(begun: Review, tmp_path: Path) -> None:
    assert not os.path.exists(begun.ledger)
    trees, fine = at(begun, "trees/fine.jpg")
    poor, shots = at(begun, "trees/poor.jpg")[1], at(begun, "shots/one.jpg")[0]
    begun.accept(trees)
    begun.differ(shots)
    assert begun.choices.all() == {trees: Choice(fine, (poor,)), shots: DIFFERENT}
    assert again(begun).choices.all() == begun.choices.all()
    other = tmp_path / "other"
    write(other, album())
    elsewhere = review(findings(other), begun.ledger)
    assert elsewhere.choices.all() == {}
    elsewhere.accept(0)
    with suppress(UsageError):
        while True:
            elsewhere.take_back()
    assert again(begun).choices.all() == begun.choices.all()


@pytest.mark.parametrize(
    "options", [{"keep": "bytes"}, {"keep": "shortest-path,name"}, {"tier": "copy"}, {"group": "component"}]
)
def test_another_search_of_the_same_images_resumes_what_was_chosen(
    begun: Review, tmp_path: Path, options: dict[str, str]
) -> None:
    begun.choose_keeper(*at(begun, "trees/poor.jpg"))
    begun.mark(*at(begun, "dogs/gray.png"))
    other = review(findings(tmp_path / "photos", **options), begun.ledger)
    assert other.choices.get(at(other, "trees/poor.jpg")[0]) == begun.choices.get(at(begun, "trees/poor.jpg")[0])
    group, position = at(other, "trees/poor.jpg")
    choice = other.choices.get(group)
    assert choice is not None
    assert choice.keeper == position
    if options != {"tier": "copy"}:  # without the gray one, it is another group
        assert "dogs/gray.png" in gone(other)


def test_however_a_folder_is_named_its_review_is_the_same(
    begun: Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun.choose_keeper(*at(begun, "trees/poor.jpg"))
    os.symlink(tmp_path / "photos", tmp_path / "link")
    monkeypatch.chdir(tmp_path / "photos")
    for name in (".", "../photos", "../link", str(tmp_path / "photos") + "/"):
        other = review(findings(name), begun.ledger)
        group, position = at(other, "trees/poor.jpg")
        assert other.choices.all() == {group: Choice(position, (at(other, "trees/fine.jpg")[1],))}, name


def test_roots_that_lie_in_another_order_do_not_mix_up_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, {"x.jpg": album()["trees/fine.jpg" if name == "a" else "trees/poor.jpg"]})
    monkeypatch.chdir(tmp_path)
    first = review(findings("a", "b"), tmp_path / "ledger")
    first.choose_keeper(*at(first, "b/x.jpg"))
    other = review(findings(str(tmp_path / "b"), "a"), tmp_path / "ledger")
    assert in_order(other.group(0))[0].ref.path.endswith("b/x.jpg")  # "/..." comes before "a"
    choice = other.choices.get(0)
    assert choice is None or choice.keeper == at(other, "b/x.jpg")[1]
    assert review(findings("b", "a"), tmp_path / "ledger").choices.all() == first.choices.all()


@pytest.mark.parametrize("change", ["added", "removed", "changed"])
def test_a_group_that_has_changed_is_open_again_and_others_are_not(begun: Review, tmp_path: Path, change: str) -> None:
    for group in range(4):
        begun.accept(group)
    gray = tmp_path / "photos/dogs/gray.png"
    if change == "added":
        put(str(tmp_path / "photos/dogs/more.png"), gray.read_bytes())
    elif change == "removed":
        gray.unlink()
    else:
        with Image.open(gray) as image:
            image.point(lambda level: min(255, level + 1)).save(gray)
    other = review(findings(tmp_path / "photos"), begun.ledger)
    assert set(range(4)) - other.choices.all().keys() == {at(other, "dogs/big.png")[0]}


# Carried out


def test_removed_groups_are_forgotten_and_open_again_when_they_are_back(begun: Review, tmp_path: Path) -> None:
    before = snapshot(tmp_path / "photos")
    trees, dogs = at(begun, "trees/fine.jpg")[0], at(begun, "dogs/big.png")[0]
    begun.accept(trees)
    first = begun.apply(begun.plan())
    assert begun.choices.removed == {trees: first.batch}
    assert (begun.counts.chosen, begun.counts.removed, begun.counts.left) == (0, 1, 3)
    assert again(begun).choices.all() == {}
    with pytest.raises(UsageError, match="undo brings it back"):
        begun.mark(trees, 0)
    with pytest.raises(UsageError, match="nothing was chosen"):
        begun.take_back()
    assert trees not in begun.acceptable(Tier.COPY)
    begun.accept(dogs)
    begun.apply(begun.plan())
    assert begun.choices.removed.keys() == {trees, dogs}
    begun.undo()
    assert begun.choices.removed.keys() == {trees}
    begun.undo()
    assert begun.counts.left == 4
    assert snapshot(tmp_path / "photos") == before
    with pytest.raises(UsageError, match="nothing was removed in this review"):
        begun.undo()
    begun.accept(trees)
    assert gone(begun) == {"trees/poor.jpg"}


def test_what_changed_after_it_was_planned_is_refused_and_its_group_stands(begun: Review, tmp_path: Path) -> None:
    trees, dogs = at(begun, "trees/fine.jpg")[0], at(begun, "dogs/big.png")[0]
    begun.accept(trees)
    begun.accept(dogs)
    plan = begun.plan()
    (tmp_path / "photos/trees/poor.jpg").write_bytes(b"another picture")
    done = begun.apply(plan)
    assert [Path(one.path).name for one in done.refused] == ["poor.jpg"]
    assert begun.choices.removed.keys() == {dogs}
    assert again(begun).choices.all().keys() == begun.choices.all().keys() == {trees}
    assert (tmp_path / "photos/trees/poor.jpg").read_bytes() == b"another picture"
    assert begun.plan().removals == ()
    assert "has changed since" in begun.decisions(trees)[str(tmp_path / "photos/trees/poor.jpg")].reason


def test_where_all_is_refused_there_is_nothing_to_undo(begun: Review, tmp_path: Path) -> None:
    begun.accept(at(begun, "trees/fine.jpg")[0])
    plan = begun.plan()
    (tmp_path / "photos/trees/poor.jpg").unlink()
    assert len(begun.apply(plan).refused) == 1
    assert begun.applied == []
    with pytest.raises(UsageError, match="nothing was removed"):
        begun.undo()


def test_a_batch_that_was_purged_meanwhile_does_not_bar_the_way_to_earlier_ones(begun: Review, tmp_path: Path) -> None:
    trees, dogs = at(begun, "trees/fine.jpg")[0], at(begun, "dogs/big.png")[0]
    for group in (trees, dogs):
        begun.accept(group)
        begun.apply(begun.plan())
    cleaning.purge(begun.applied[-1], ledger=begun.ledger)
    assert begun.undo().files == 0
    assert begun.choices.removed.keys() == {trees, dogs}  # it is gone for good
    assert begun.undo().files == 1
    assert begun.choices.removed.keys() == {dogs}
    assert (tmp_path / "photos/trees/poor.jpg").exists()


def test_a_plan_whose_choices_were_taken_back_meanwhile_removes_what_it_says(begun: Review) -> None:
    trees = at(begun, "trees/fine.jpg")[0]
    begun.accept(trees)
    plan = begun.plan()
    begun.take_back()
    begun.apply(plan)
    assert begun.choices.removed.keys() == {trees}
    begun.undo()
    assert begun.counts.left == 4


def test_what_two_files_show_is_looked_at_again_when_they_are_readable(begun: Review, tmp_path: Path) -> None:
    group, small = at(begun, "dogs/small.jpg")
    gray, aside = tmp_path / "photos/dogs/gray.png", tmp_path / "aside"
    begun.mark(*at(begun, "dogs/gray.png"))
    begun.choose_keeper(*at(begun, "dogs/again.png"))
    os.rename(gray, aside)
    assert "gone" in begun.decisions(group)[str(gray)].reason
    os.rename(aside, gray)
    assert begun.decisions(group)[str(gray)].verdict == "remove"
    put(str(gray), (tmp_path / "photos/dogs/big.png").read_bytes())
    assert begun.decisions(group)[str(gray)].verdict == "keep"
    assert small != group


# Many at once


def test_many_who_choose_at_once_lose_nothing(begun: Review) -> None:
    dogs = at(begun, "dogs/big.png")[0]
    names = ("dogs/again.png", "dogs/gray.png", "dogs/small.jpg")
    positions = [at(begun, name)[1] for name in names]
    keeper = at(begun, "dogs/big.png")[1]
    begun.choices.add({dogs: Choice(keeper)})  # nothing goes

    def work(number: int) -> None:
        for _ in range(5):  # an odd number: in the end, each image goes
            begun.mark(dogs, positions[number % 3])
            begun.decisions(dogs)
            begun.accept(number % 4)

    with ThreadPoolExecutor(9) as threads:
        list(threads.map(work, range(9)))
    assert begun.choices.get(dogs) == Choice(keeper, tuple(sorted(positions)))
    assert begun.counts.left == 0
    assert again(begun).choices.all() == begun.choices.all()
    for _ in range(9 * 5 + 3):
        begun.take_back()
    assert begun.choices.all() == {dogs: Choice(keeper)}


# Read back


def test_findings_that_were_read_back_are_reviewed_alike(found: la.Findings, begun: Review, tmp_path: Path) -> None:
    read = Review(
        of_document(document_from_json(found.to_json())), begun.options, ledger=str(tmp_path / "other"), workers=1
    )
    assert len(read) == len(begun)
    np.testing.assert_array_equal(read.route.sequence, begun.route.sequence)
    for one in (begun, read):
        one.accept_all(Tier.COPY)
        one.accept(at(one, "dogs/big.png")[0])
        one.choose_keeper(*at(one, "holes/large.png"))
        one.mark(*at(one, "shots/one-small.jpg"))
    assert read.choices.all() == begun.choices.all()
    plans = [one.plan() for one in (begun, read)]
    assert plans[0].decisions == plans[1].decisions
    assert (plans[0].roots, plans[0].options, plans[0].found) == (plans[1].roots, plans[1].options, plans[1].found)
    resumed = Review(read.subject, begun.options, ledger=begun.ledger)
    assert resumed.choices.all() == begun.choices.all()
    done = read.apply(plans[1])
    assert done.images == len(plans[0].removals) > 3
    assert read.undo().files == done.files


def test_another_process_at_work_is_an_error_and_changes_nothing(begun: Review, tmp_path: Path) -> None:
    begun.accept(at(begun, "trees/fine.jpg")[0])
    chosen = begun.choices.all()
    with only_one(f"{begun.ledger}.lock"), pytest.raises(UnsafeError):
        begun.apply(begun.plan())
    assert begun.choices.all() == chosen
    assert begun.choices.removed == {}
