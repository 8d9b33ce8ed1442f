"""What find does with pairs of which it is known what they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from conftest import encode, scene
from lookalike.experiments.measures import Truth, measure
from lookalike.experiments.trials import Trial
from lookalike.model import HashSpec, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan


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
