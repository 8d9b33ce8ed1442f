"""Distances by a finer hash, made of what is asked about only; and crowds as a search meets them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import lookalike as la
from conftest import scene
from lookalike import bits, hashes
from lookalike.candidates.distances import FINE, FineDistances
from lookalike.grouping import asking, crowds
from lookalike.model import Orient, Thumbnail
from lookalike.stores.catalog import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(str(tmp_path / "catalog.sqlite")) as opened:
        yield opened


def test_distances_are_those_of_the_hashes_and_only_what_is_asked_about_is_hashed(catalog: Catalog) -> None:
    luma = np.random.default_rng(3).integers(0, 256, (9, 64, 64), np.uint8)
    shown = [
        (bytes([at]) * 32, 9, Thumbnail(one, np.zeros((8, 8, 2), np.uint8), 64, 64, "PNG"))
        for at, one in enumerate(luma)
    ]
    with catalog.transaction():
        ids = catalog.add_contents(shown, decoder="pillow 1", version=1)
    own = np.array([ids[0], *ids[::-1]])  # two items of one content
    made = hashes.hash_block(luma, FINE)[[0, *range(9)[::-1]]]
    distances = FineDistances(np.arange(10), own, catalog, orient="upright", threads=1)
    for item, others in ((2, np.array([0, 5, 9])), (0, np.array([2, 3, 9]))):
        assert distances(item, others).tolist() == bits.distance(made[others], made[item]).tolist()
    assert distances(0, np.array([9])).tolist() == [0]
    assert catalog.count_words(FINE, "plain") == len({own[at] for at in (0, 2, 3, 5, 9)})


def cards(folder: Path, count: int) -> None:
    """Draw cards of one design, each with another pattern in its small squares, and a smaller copy of one of them."""
    folder.mkdir()
    design = np.asarray(scene(1, 512, 512).convert("L"), np.int16)
    for seed in range(count):
        pattern = np.random.default_rng(seed).choice([-45, 45], (32, 32)).repeat(16, 0).repeat(16, 1)
        card = Image.fromarray(np.clip(design + pattern, 0, 255).astype(np.uint8))
        card.save(folder / f"{seed}.png")
        if seed == 4:
            card.resize((300, 300)).save(folder / "smaller.jpg", quality=90)


@pytest.mark.parametrize("against", [False, True])
def test_a_crowd_is_searched_for_what_is_nearest_and_says_so(
    against: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(tmp_path / "cards", 14)
    if against:
        cards(tmp_path / "new", 15)
        for seed in range(14):
            (tmp_path / "new" / f"{seed}.png").unlink()
        (tmp_path / "cards" / "smaller.jpg").unlink()

    def search() -> la.Findings:
        return la.find(
            tmp_path / ("new" if against else "cards"), against=tmp_path / "cards" if against else (),
            catalog=tmp_path / "catalog.sqlite", ledger=tmp_path / "ledger.sqlite", radius=20,
        )  # fmt: skip

    whole = search()
    assert [line for line in whole.warnings if "passed over" in line] == []
    monkeypatch.setattr(asking, "MOST_LISTED", 0)
    monkeypatch.setattr(crowds, "MOST_ASKED", 3)
    found = search()
    (line,) = [line for line in found.warnings if "passed over" in line]
    assert int(line.split()[0]) > (8 if against else 30)
    pairs = [{(member.ref.path, member.tier) for member in group.members} for group in found.groups]
    assert len(pairs) == 1
    assert pairs == [{(member.ref.path, member.tier) for member in group.members} for group in whole.groups]


def nearest_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every component be a crowd, of which three are asked at a time."""
    monkeypatch.setattr(asking, "MOST_LISTED", 0)
    monkeypatch.setattr(crowds, "MOST_ASKED", 3)


def matched(findings: la.Findings) -> set[frozenset[str]]:
    return {frozenset(Path(member.ref.path).name for member in group.members) for group in findings.groups}


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize(("orient", "turn"), [("mirror", 0), ("all", 0), ("all", 2)])
def test_a_turned_copy_is_as_near_in_a_crowd_as_it_is_turned_back(
    against: bool, orient: Orient, turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(tmp_path / "cards", 24)
    (tmp_path / "cards" / "smaller.jpg").unlink()
    (tmp_path / "new").mkdir()
    with Image.open(tmp_path / "cards" / "4.png") as card:
        card.resize((300, 300)).transpose(Image.Transpose(turn)).save(tmp_path / "new" / "turned.jpg", quality=90)
    nearest_few(monkeypatch)
    beside = tmp_path / "cards"
    found = la.find(
        tmp_path / "new" if against else [beside, tmp_path / "new"], against=beside if against else (), orient=orient,
        catalog=tmp_path / "catalog.sqlite", ledger=tmp_path / "ledger.sqlite", radius=20,
    )  # fmt: skip
    assert matched(found) == {frozenset(["4.png", "turned.jpg"])}
    assert any("passed over" in line for line in found.warnings) != against  # what found a copy asks nobody else


@pytest.mark.parametrize("against", [False, True])
def test_what_decisions_keep_apart_crowds_nobody_out(
    against: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(tmp_path / "cards", 9)
    beside, new = tmp_path / "cards", tmp_path / "new"
    (beside / "smaller.jpg").rename(beside / "copy.jpg")
    new.mkdir()
    with Image.open(beside / "4.png") as card:
        near = [new / f"{side}.png" for side in range(500, 505)]
        for place in near:
            card.resize((int(place.stem),) * 2).save(place)
    (new / "4.png").write_bytes((beside / "4.png").read_bytes())
    (beside / "4.png").unlink()
    ledger = tmp_path / "ledger.sqlite"
    if against:
        for place in near:
            place.rename(beside / place.name)
        la.decide("different", [new / "4.png", *(beside / place.name for place in near)], ledger=ledger)
    else:
        la.decide("keep", near, ledger=ledger)
    nearest_few(monkeypatch)
    found = la.find(
        new if against else [beside, new], against=beside if against else (), catalog=tmp_path / "catalog.sqlite",
        ledger=ledger, radius=20,
    )  # fmt: skip
    assert matched(found) == {frozenset(["4.png", "copy.jpg", *([] if against else ["504.png"])])}


def test_a_further_frame_is_as_near_in_a_crowd_as_it_is_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards(tmp_path / "cards", 24)
    (tmp_path / "cards" / "smaller.jpg").unlink()
    with Image.open(tmp_path / "cards" / "4.png") as card:
        pages = [scene(7, 300, 300).convert("L"), card.resize((300, 300))]
        pages[0].save(tmp_path / "cards" / "pages.tif", save_all=True, append_images=pages[1:])
    nearest_few(monkeypatch)
    found = la.find(
        tmp_path / "cards",
        frames="all",
        catalog=tmp_path / "catalog.sqlite",
        ledger=tmp_path / "ledger.sqlite",
        radius=20,
    )
    assert matched(found) == {frozenset(["4.png", "pages.tif"])}
    assert any("passed over" in line for line in found.warnings)


def test_a_border_moves_nothing_away_in_a_crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards(tmp_path / "cards", 24)
    (tmp_path / "cards" / "smaller.jpg").unlink()
    with Image.open(tmp_path / "cards" / "4.png") as card:
        ImageOps.expand(card, 60, 255).save(tmp_path / "cards" / "framed.png")
    nearest_few(monkeypatch)
    found = la.find(
        tmp_path / "cards", catalog=tmp_path / "catalog.sqlite", ledger=tmp_path / "ledger.sqlite", radius=20
    )
    assert matched(found) == {frozenset(["4.png", "framed.png"])}
    assert any("passed over" in line for line in found.warnings)


@pytest.mark.parametrize("against", [False, True])
def test_a_pair_that_somebody_names_is_never_passed_over(
    against: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(tmp_path / "cards", 24)
    (tmp_path / "cards" / "smaller.jpg").unlink()
    (tmp_path / "new").mkdir()
    with Image.open(tmp_path / "cards" / "4.png") as card:
        card.crop((0, 0, 471, 471)).save(tmp_path / "new" / "part.png")
    beside, new = tmp_path / "cards", tmp_path / "new"
    nearest_few(monkeypatch)
    named = [(str(beside / f"{seed}.png"), str(new / "part.png")) for seed in range(9)]  # more than are asked at a time
    found = la.find(
        new if against else [beside, new], against=beside if against else (), candidates=named,
        catalog=tmp_path / "catalog.sqlite", ledger=tmp_path / "ledger.sqlite", radius=20,
    )  # fmt: skip
    assert matched(found) == {frozenset(["4.png", "part.png"])}
