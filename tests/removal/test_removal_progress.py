"""How far removal has come is told image by image: a check of pixels takes long, and a chunk of them minutes."""

import re
import time
from dataclasses import replace

import pytest

from lookalike.cleaning import apply
from lookalike.removal import applying
from lookalike.removal.readying import Unit
from removals import Album, album, quick_folder

__all__ = ["album", "quick_folder"]


def test_progress_is_told_image_by_image(album: Album) -> None:
    for name in ("a", "b", "c", "d"):
        album.put(name)
    told: list[tuple[int, int, bool]] = []
    plan = album.plan(album.decide("a"), *(album.decide(name, "a") for name in "bcd"))
    album.put("c", b"changed")
    done = apply(plan, ledger=album.ledger, progress=lambda *row: told.append(row))
    assert (done.images, len(done.refused)) == (2, 1)
    assert told == [(1, 3, True), (2, 3, True), (3, 3, True)]


def test_progress_goes_on_over_all_chunks(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "UNITS_AT_ONCE", 2)
    for name in "abcdef":
        album.put(name)
    told: list[int] = []
    plan = album.plan(album.decide("a"), *(album.decide(name, "a") for name in "bcdef"))
    done = apply(plan, ledger=album.ledger, progress=lambda done, _all, _finished: told.append(done))
    assert told == [1, 2, 3, 4, 5]
    assert (done.images, done.files) == (5, 5)


def test_what_writes_a_sidecar_is_alone_in_its_chunk(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one may write to the same."""
    monkeypatch.setattr(applying, "UNITS_AT_ONCE", 3)
    album.put("a")
    plain = Unit(album.decide("a"), [])
    writes = Unit(replace(plain.decision, metadata=("date",)), [])

    def sizes(*units: Unit) -> list[int]:
        chunks = [list(chunk) for chunk in applying._chunks(units)]
        assert [unit for chunk in chunks for unit in chunk] == list(units)
        return [len(chunk) for chunk in chunks]

    assert sizes() == []
    assert sizes(*[plain] * 8) == [3, 3, 2]
    assert sizes(writes, writes, plain, plain, writes, plain) == [1, 1, 2, 1, 1]
    assert sizes(plain, plain, plain, writes, plain, plain, plain, plain) == [3, 1, 3, 1]


def test_batches_of_one_second_are_numbered(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcd":
        album.put(name)
    monkeypatch.setattr(time, "strftime", lambda form: re.sub("%.", "00", form))
    plans = [album.plan(album.decide("a"), album.decide(name, "a")) for name in "bcd"]
    names = [apply(plan, ledger=album.ledger).batch for plan in plans]
    assert names == ["00-00-00-000000", "00-00-00-000000-2", "00-00-00-000000-3"]
