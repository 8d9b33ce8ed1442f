"""Tuning as a whole: what is recommended, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

import lookalike
from conftest import encode, scene
from lookalike.errors import UsageError
from lookalike.experiments.measures import Measured, Shares
from lookalike.experiments.tuned import Tuning
from lookalike.intervals import Interval
from lookalike.model import HashSpec, Tier
from lookalike.options import FindOptions
from lookalike.tuning import _widened


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    folder = tmp_path_factory.mktemp("album")
    for seed in range(12):
        (folder / f"{seed}.jpg").write_bytes(encode(scene(seed, 240, 180), quality=92))
    algorithms, edits = ("phash", "ahash"), ("codec", "crop", "turn")
    return lookalike.tune(folder, algorithms=algorithms, edits=edits, use_catalog=False, workers=2)


def test_the_best_hash_finds_most_within_the_budget(tuning: Tuning) -> None:
    best, *others = tuning.hashes
    assert [curve.spec.size for curve in tuning.hashes].count(8) == 2
    for other in others:
        assert best.recall[best.radius].estimate >= other.recall[other.radius].estimate
    for curve in tuning.hashes:
        assert curve.false_pairs[curve.radius].estimate <= tuning.budget * 12
    assert tuning.options.radius <= best.radius


def test_options_are_recommended_for_families_that_need_them(tuning: Tuning) -> None:
    usual, best = tuning.usual.families, tuning.best.families
    assert usual["turn"].edit.estimate == 0
    assert best["turn"].edit.estimate > 0.9
    assert best["crop"].edit.estimate > usual["crop"].edit.estimate + 0.05
    assert (tuning.options.orient, tuning.options.crops) == ("all", True)
    assert tuning.arguments[-3:] == ["--orient", "all", "--crops"]


def measured(tuning: Tuning, *, false: float = 0.0, **found: float) -> Measured:
    """Return what find would do if it found these shares of families as edits, and nothing as copies."""

    def shares(edit: float) -> Shares:
        return Shares(100, *(Interval(value, value, value) for value in (edit, 0.0, edit)))

    total = shares(sum(found.values()) / len(found))
    rows = {Tier.COPY: Interval(0, 0, 4), Tier.EDIT: Interval(false, 0, 9)}
    families = {family: shares(edit) for family, edit in found.items()}
    return replace(tuning.usual, families=families, total=total, false_pairs=rows)


def test_an_option_stays_where_it_finds_markedly_more(tuning: Tuning) -> None:
    asked: list[dict[str, object]] = []

    def widened(plain: Measured, **results: Measured) -> Measured:
        asked.clear()

        def tried(change: dict[str, object]) -> Measured:
            asked.append(change)
            return results["_".join(change)]

        return _widened(tried, plain)

    plain = measured(tuning, codec=1.0, crop=0.5, turn=0.0)
    both = measured(tuning, codec=1.0, crop=0.9, turn=1.0)
    assert widened(plain, crops_orient=both) is both
    only_turns, turned = (
        measured(tuning, codec=1.0, crop=0.52, turn=1.0),
        measured(tuning, codec=1.0, crop=0.5, turn=1.0),
    )
    assert widened(plain, crops_orient=only_turns, orient=turned) is turned
    assert asked == [{"crops": True, "orient": "all"}, {"orient": "all"}]
    assert widened(plain, crops_orient=plain) is plain
    # What finds more of crops is of no use where only copies can be told then, or where the rest suffers.
    assert widened(plain, crops_orient=measured(tuning, codec=1.0, crop=0.9, turn=1.0, false=2.0)) is plain
    assert widened(plain, crops_orient=measured(tuning, codec=0.1, crop=0.6, turn=0.1)) is plain
    assert widened(measured(tuning, codec=0.5)) == measured(tuning, codec=0.5)
    assert asked == []


def test_with_labelled_pairs_each_option_must_find_markedly_more(tuning: Tuning) -> None:
    plain, better = measured(tuning, labelled=0.5), measured(tuning, labelled=0.9)
    results = {"crops": measured(tuning, labelled=0.51), "orient": better}
    assert _widened(lambda change: results["_".join(change)], plain) is better
    best = measured(tuning, labelled=1.0)
    results = {"crops": better, "crops_orient": best}
    assert _widened(lambda change: results["_".join(change)], plain) is best


def test_the_command_leaves_out_what_is_the_default(tuning: Tuning) -> None:
    def command(tier_false: float = 0.0, **changes: object) -> list[str]:
        false = dict.fromkeys((Tier.COPY, Tier.EDIT), Interval(tier_false, 0, 9))
        options = replace(FindOptions(), **changes)  # type: ignore[arg-type]
        made = replace(tuning, roots=["-odd name"], best=replace(tuning.best, options=options, false_pairs=false))
        return made.arguments[2:]

    assert command() == ["./-odd name"]
    assert command(1.0) == ["./-odd name", "--tier", "exact"]
    spec = HashSpec("dhash", 16)
    assert command(spec=spec, radius=40) == ["./-odd name", "--algorithm", "dhash", "--size", "16"]
    assert command(spec=HashSpec("pdq", 16), radius=47) == ["./-odd name", "--algorithm", "pdq", "--radius", "47"]
    assert command(radius=8, crops=True) == ["./-odd name", "--radius", "8", "--crops"]


def test_what_is_uncertain_is_said(tuning: Tuning) -> None:
    notes = " ".join(tuning.notes)
    assert "is not surely the best" in notes
    assert "none was seen, though up to" in notes
    poor = replace(tuning.hashes[0], within_budget=False)
    assert "not even at radius 0" in replace(tuning, hashes=[poor]).notes[0]
    nothing = replace(tuning.hashes[0], false_pairs=(Interval(0, 0, 3.7),) * len(poor.false_pairs))
    assert any("nothing here bounds the radius" in note for note in replace(tuning, hashes=[nothing]).notes)


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for options, said in (
        ({}, "no path given"),
        ({"paths": tmp_path, "algorithms": ["nohash"]}, "unknown algorithm 'nohash': use one of ahash"),
        ({"paths": tmp_path, "algorithms": ["colorhash"]}, "colorhash is not for joining"),
        ({"paths": tmp_path, "algorithms": []}, "no algorithm given"),
        ({"paths": tmp_path, "edits": ["smell"]}, "unknown family of edits 'smell': use some of codec"),
        ({"paths": tmp_path, "edits": []}, "no family of edits given"),
        ({"paths": tmp_path, "sample": 9}, "sample must be at least 10, got 9"),
        ({"paths": tmp_path, "budget": 0}, "budget must be more than 0"),
        ({"paths": tmp_path, "budget": float("nan")}, "budget must be more than 0"),
        ({"paths": tmp_path, "workers": 0}, "workers must be at least 1"),
        ({"paths": tmp_path, "use_catalog": False}, "needs at least 10 different images with enough detail, got 0"),
    ):
        with pytest.raises(UsageError, match=r".") as caught:
            lookalike.tune(**options)  # type: ignore[arg-type]
        assert said in str(caught.value)
