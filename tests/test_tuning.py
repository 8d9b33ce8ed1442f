"""Tuning as a whole: what is recommended, what is left out, and what find does with pairs that are known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lookalike
from conftest import encode, scene
from lookalike.curves import Interval
from lookalike.errors import UsageError
from lookalike.measures import Measured, Shares, Truth, measure
from lookalike.model import FindOptions, HashSpec, ScanOptions, Tier
from lookalike.opening import open_catalog
from lookalike.scanning import scan
from lookalike.trials import Trial
from lookalike.tuned import Tuning
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


@contextmanager
def trial_of(folder: Path) -> Iterator[tuple[Trial, dict[str, int]]]:
    with open_catalog(None) as store:
        images = scan([str(folder)], [], store, HashSpec(), ScanOptions(), workers=1).images
        trial = Trial(images, store, workers=2)
        yield trial, {Path(path).name: int(trial.items([path])[0]) for path in images.path}


def test_pairs_of_known_pictures_are_counted_by_what_they_are(tmp_path: Path) -> None:
    """Three images, a copy of each, an image beside; two of the three are the same picture, which must not count as false."""
    for seed in range(3):
        picture = scene(0 if seed == 1 else seed, 320, 240)
        size = (320, 240) if seed == 1 else (300, 225)
        (tmp_path / f"{seed}.jpg").write_bytes(encode(picture.resize(size), quality=90))
        (tmp_path / f"{seed}-copy.jpg").write_bytes(encode(picture.resize((200, 150)), quality=60))
    (tmp_path / "beside.jpg").write_bytes(encode(scene(7, 320, 240)))
    with trial_of(tmp_path) as (trial, item):
        left = np.array([item[f"{seed}.jpg"] for seed in range(3)])
        right = np.array([item[f"{seed}-copy.jpg"] for seed in range(3)])
        family = np.array(["scale", "scale", "codec"])
        everyone = np.append(left, item["beside.jpg"])
        made = measure(trial, Truth(left, right, np.arange(3), family, everyone), FindOptions(), 1000.0)
        assert (made.units, made.same) == (5, 1), "of six pairs of images one is the same picture"
        assert made.total.copy.estimate == 1
        assert list(made.families) == ["scale", "codec"]
        assert made.families["scale"].pairs == 2
        assert made.false_pairs[Tier.EDIT].estimate == 0
        assert made.false_pairs[Tier.EDIT].high == pytest.approx(3.689 * 200, rel=1e-3)
        # The same, told that the two are different pictures: copies of one that are found with the other are false.
        other = np.array([item["1-copy.jpg"], item["2.jpg"]])
        labelled = Truth(left, right, np.arange(3), family, None, left[:2], other)
        false = measure(trial, labelled, FindOptions(), 1000.0)
        assert (false.units, false.false_pairs[Tier.COPY].estimate) == (2, 1)
        distance = trial.distances(HashSpec(), left, right)
        assert (distance <= 6).all()
        degree = labelled.degrees(trial, HashSpec())
        assert labelled.labelled(trial, HashSpec(), 65)[-1] == 2
        counts = np.cumsum(degree.sum(axis=1) // 2).tolist()
        assert counts == list(labelled.labelled(trial, HashSpec(), len(degree)))


def test_what_has_too_little_detail_is_farther_than_any_radius(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode(scene(1, 320, 240)))
    (tmp_path / "b.png").write_bytes(encode(scene(1, 320, 240).point([128] * 768), "PNG"))
    with trial_of(tmp_path) as (trial, item):
        one, other = np.array([item["a.jpg"]]), np.array([item["b.png"]])
        assert trial.distances(HashSpec(), one, other).tolist() == [65]
        assert trial.distances(HashSpec(), other, other).tolist() == [0], "equal files are found all the same"
        with trial.found(FindOptions(radius=64)) as found:
            assert found.tiers(one, other)[1].tolist() == [Tier.NONE]
            assert found.tiers(other, other)[1].tolist() == [Tier.EXACT]
        assert trial.items(["absent.jpg"]).tolist() == [-1]
