"""Somebody interrupts an apply, an undo or a purge: what is said of it is so on the disk, and nothing is left half done."""

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from lookalike import cleaning
from lookalike.files import Disk, calls
from lookalike.plan import Plan
from removals import Album, album, quick_folder, tree

__all__ = ["album", "quick_folder"]
NAMES = ("a.png", "b.png", "c.png")


class Impatient(Disk):
    """Somebody presses Ctrl-C right before or after the given act, once."""

    def __init__(self, act: str, number: int, *, after: bool) -> None:
        self._act, self._left, self._after = act, number, after

    def _do(self, act: str, do: Callable[..., None], *args: str) -> None:
        self._left -= act == self._act
        pressed = act == self._act and self._left == 0
        if pressed and not self._after:
            raise KeyboardInterrupt
        do(*args)
        if pressed:
            raise KeyboardInterrupt

    def rename(self, source: str, target: str) -> None:
        """Rename."""
        self._do("rename", calls.rename_new, source, target)

    def remove(self, path: str) -> None:
        """Remove."""
        self._do("remove", os.unlink, path)

    def sync(self, folder: str) -> None:
        """Sync a folder."""
        self._do("sync", calls.sync_folder, folder)


def moments(*acts: str) -> Iterator[Impatient]:
    """Yield somebody for each moment of acts of a kind."""
    for act in acts:
        for number in range(1, len(NAMES) + 2):
            for after in (False, True):
                yield Impatient(act, number, after=after)


@pytest.fixture
def plan(album: Album) -> Plan:
    for name in ("k.png", *NAMES):
        album.put(name)
    return album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in NAMES))


def lying(album: Album) -> int:
    """Return how many of the images are not where they were."""
    return sum(not os.path.lexists(album.at(name)) for name in NAMES)


def states(album: Album) -> dict[str, int]:
    """Return in which states the files of the last batch are."""
    return cleaning.history(ledger=album.ledger)[-1].files


def test_what_is_said_of_an_interrupted_apply_is_so(album: Album, plan: Plan) -> None:
    before, told = tree(album.root), set()
    for disk in moments("rename", "sync"):
        try:
            cleaning.apply(plan, ledger=album.ledger, disk=disk)
        except KeyboardInterrupt as stopped:
            for note in getattr(stopped, "__notes__", ()):
                went = int(note.split()[0])
                told.add(went)
                assert (went, "in batch" in note) == (lying(album), went > 0)
        assert "doing" not in states(album)
        assert states(album).get("done", 0) == lying(album)
        if lying(album):
            cleaning.undo(ledger=album.ledger)
        assert tree(album.root) == before
    assert told >= {0, 1, 3}


def test_what_is_said_of_an_interrupted_undo_is_so(album: Album, plan: Plan) -> None:
    before, told = tree(album.root), set()
    for disk in moments("rename", "sync"):
        batch = cleaning.apply(plan, ledger=album.ledger)
        try:
            cleaning.undo(batch, ledger=album.ledger, disk=disk)
        except KeyboardInterrupt as stopped:
            (note,) = getattr(stopped, "__notes__", (f"all files of batch {batch.batch} are back",))
            told.add(note)
            assert note == f"all files of batch {batch.batch} are back"
        assert states(album) == {"undone": len(NAMES)}
        assert tree(album.root) == before
    assert told


def test_what_could_not_be_brought_back_is_said_where_an_undo_is_interrupted(album: Album, plan: Plan) -> None:
    batch = cleaning.apply(plan, ledger=album.ledger)
    os.unlink(os.path.join(batch.places[0], "photos", "b.png"))
    with pytest.raises(KeyboardInterrupt) as stopped:
        cleaning.undo(batch, ledger=album.ledger, disk=Impatient("rename", 1, after=True))
    assert stopped.value.__notes__ == [
        f"1 file of batch {batch.batch} is not back yet: run the same command to continue"
    ]
    assert (lying(album), states(album)) == (1, {"undone": 2, "done": 1})


def test_an_interrupted_purge_leaves_nothing_half_done(album: Album, plan: Plan) -> None:
    for disk in moments("remove", "sync"):
        batch = cleaning.apply(plan, ledger=album.ledger)
        with contextlib.suppress(KeyboardInterrupt):
            cleaning.purge(batch, ledger=album.ledger, disk=disk)
        there = sum(os.path.lexists(os.path.join(batch.places[0], "photos", name)) for name in NAMES)
        assert {state: count for state, count in states(album).items() if count} == {
            state: count for state, count in (("done", there), ("purged", len(NAMES) - there)) if count
        }
        for name in NAMES:
            if not os.path.lexists(album.at(name)):
                album.put(name)
        cleaning.purge(batch, ledger=album.ledger)
