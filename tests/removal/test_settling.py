"""What an interrupted command left half done: every state that a file can be in, for each step and each kind."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from lookalike.files import Disk, digest_of, look_at
from lookalike.journal import QUARANTINE, Entry, Kind, Step
from lookalike.opening import open_ledger
from lookalike.removal.acting import LOST, act
from lookalike.removal.settling import TAKEN_BACK, Settled, settle_all
from lookalike.stores.ledger import Ledger
from removals import Album, album, quick_folder, tree

__all__ = ["album", "quick_folder"]


@pytest.fixture
def ledger(album: Album) -> Iterator[Ledger]:
    album.put("k.png")
    with open_ledger(album.ledger) as store:
        yield store


def entry_of(album: Album, name: str, kind: Kind = "move", *, unit: int = 1, step: Step = "act") -> Entry:
    """Return what the journal says of a file that is being acted on."""
    seen = look_at(album.put(name, name.encode()))
    place = None if kind == "trash" else os.path.join(album.folder, QUARANTINE, "batch", name)
    os.makedirs(os.path.join(album.folder, QUARANTINE, "batch"), exist_ok=True)
    return Entry(
        unit, kind, album.at(name), place, album.at("k.png"), digest_of(album.at(name)), None, seen.size, seen.mtime_ns,
        seen.mode, state="doing", step=step,
    )  # fmt: skip


def noted(album: Album) -> Entry:
    """Return what the journal says of a sidecar that is being written beside the keeper."""
    path = album.at("k.xmp")
    return Entry(1, "write", path, None, album.at("k.png"), blake3(b"xmp").digest(), None, 0, 0, 0, state="doing")


def settled(
    ledger: Ledger, entries: Sequence[Entry], disk: Disk | None = None
) -> tuple[Settled, list[tuple[str, str]]]:
    """Settle entries; return what came of it, and state and reason of each."""
    with ledger.transaction():
        ledger.add_entries(ledger.add_batch("batch", "2026-01-01T00:00:00+00:00", "quarantine", "{}"), entries)
    done = settle_all(ledger, disk or Disk())
    states = [(str(entry.state), entry.reason) for entry in ledger.entries()]
    assert done.stuck or settle_all(ledger, Disk()) == Settled()
    return done, states


def test_a_unit_that_is_done_is_completed_and_any_other_is_taken_back(album: Album, ledger: Ledger) -> None:
    entries = [
        entry_of(album, name, unit=unit) for name, unit in (("a", 1), ("a.txt", 1), ("b", 2), ("b.txt", 2), ("c", 3))
    ]
    for entry in entries[:3]:
        act(Disk(), entry)
    done, states = settled(ledger, entries)
    assert done == Settled(completed=2, taken_back=3)
    assert states == [("done", "")] * 2 + [("undone", TAKEN_BACK)] * 3
    assert set(tree(album.root)) == {b"k.png", b"b", b"b.txt", b"c"}


def test_what_is_in_neither_place_is_told_and_the_rest_of_its_unit_comes_back(album: Album, ledger: Ledger) -> None:
    entries = [noted(album), entry_of(album, "a"), entry_of(album, "a.txt")]
    act(Disk(), entries[0], b"xmp")
    act(Disk(), entries[2])
    os.unlink(album.at("a"))
    done, states = settled(ledger, entries)
    assert done == Settled(completed=2, taken_back=1)
    assert states == [("done", LOST), ("done", LOST), ("undone", TAKEN_BACK)]
    assert set(tree(album.root)) == {b"k.png", b"k.xmp", b"a.txt"}  # what was written has the metadata of what is lost


def test_what_somebody_changed_meanwhile_stays_as_it_is(album: Album, ledger: Ledger) -> None:
    entries = [
        replace(noted(album), place=os.path.join(album.folder, QUARANTINE, "batch", "old")),
        entry_of(album, "a"),
    ]
    assert entries[0].place is not None
    Path(album.at("k.xmp")).write_bytes(b"somebody's")
    os.makedirs(os.path.dirname(entries[0].place), exist_ok=True)
    Path(entries[0].place).write_bytes(b"the old one")
    done, states = settled(ledger, entries)
    assert done == Settled(completed=1, taken_back=1)
    assert states[0][0] == "done"
    assert states[0][1].startswith("it was changed since, so it stays as it is")
    assert states[1] == ("undone", TAKEN_BACK)
    assert Path(album.at("k.xmp")).read_bytes() == b"somebody's"


def test_a_place_that_was_taken_meanwhile_is_told(album: Album, ledger: Ledger) -> None:
    entries = [entry_of(album, "a"), entry_of(album, "a.txt")]
    act(Disk(), entries[0])
    Path(album.at("a")).write_bytes(b"somebody's")
    Path(album.at("a.txt")).write_bytes(b"damaged")
    done, states = settled(ledger, entries)
    assert (done.taken_back, done.stuck) == (2, ())
    beside = album.at("a.restored")
    assert states == [("undone", f"its place was taken: restored as {beside}"), ("undone", TAKEN_BACK)]
    assert (Path(beside).read_bytes(), Path(album.at("a")).read_bytes()) == (b"a", b"somebody's")


def test_of_what_was_going_to_the_trash_each_file_is_as_it_is(album: Album, ledger: Ledger) -> None:
    entries = [entry_of(album, "a", "trash"), entry_of(album, "a.txt", "trash")]
    os.unlink(album.at("a"))
    done, states = settled(ledger, entries)
    assert done == Settled(completed=1, taken_back=1)
    assert states == [("done", ""), ("undone", TAKEN_BACK)]


def test_an_undo_goes_on(album: Album, ledger: Ledger) -> None:
    entries = [entry_of(album, name, step="undo") for name in ("a", "b")]
    before = tree(album.root)
    for entry in entries:
        act(Disk(), entry)
    os.rename(str(entries[0].place), entries[0].origin)
    done, states = settled(ledger, entries)
    assert done == Settled(completed=0, taken_back=2)
    assert states == [("undone", ""), ("undone", "")]
    assert tree(album.root) == before


@pytest.mark.parametrize("there", [True, False])
def test_a_purge_has_happened_where_the_quarantine_is_there_and_the_file_is_not(
    album: Album, ledger: Ledger, *, there: bool
) -> None:
    entries = [replace(entry_of(album, name, step="purge"), unit=number) for number, name in enumerate(("a", "b"))]
    for entry in entries:
        act(Disk(), entry)
    os.unlink(str(entries[0].place))
    if not there:  # its disk is unplugged
        os.rename(os.path.join(album.folder, QUARANTINE), os.path.join(album.folder, "away"))
    done, states = settled(ledger, entries)
    assert done == Settled(completed=2)
    assert [state for state, _ in states] == (["purged", "done"] if there else ["done", "done"])


def test_what_cannot_be_settled_now_is_told_and_tried_again(album: Album, ledger: Ledger) -> None:
    class Unable(Disk):
        def rename(self, _source: str, _target: str) -> None:
            raise PermissionError(1, "Operation not permitted")

    entries = [entry_of(album, "a"), entry_of(album, "a.txt"), entry_of(album, "b", unit=2)]
    act(Disk(), entries[0])
    done, states = settled(ledger, entries, Unable())
    assert done == Settled(taken_back=1, stuck=((album.at("a"), "Operation not permitted"),))
    assert [state for state, _ in states] == ["doing", "doing", "undone"]
    assert settle_all(ledger, Disk()) == Settled(taken_back=2)
    assert set(tree(album.root)) == {b"k.png", b"a", b"a.txt", b"b"}
