"""What belongs to two images goes with both or with neither, whatever happens to one of them on the way."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from lookalike import cleaning
from lookalike.files import Disk, calls
from lookalike.plan import Action, Plan
from lookalike.stores.ledger import Ledger
from removal_trees import die, in_child
from removals import Album, album, quick_folder, tree

__all__ = ["album", "quick_folder"]


def shared(album: Album, action: Action = "quarantine") -> Plan:
    """Return a plan by which two images of one stem go with the caption of both."""
    for name in ("k/x.jpg", "k/x.png", "x.jpg", "x.png"):
        album.put(name, name[-3:].encode("ascii"))
    for name in ("k/x.txt", "x.txt"):
        album.put(name, b"a caption")
    return album.plan(
        album.decide("k/x.jpg"), album.decide("k/x.png"),
        album.decide("x.jpg", "k/x.jpg", parts=(album.part("x.txt", "k/x.txt"),)), album.decide("x.png", "k/x.png"),
        action=action,
    )  # fmt: skip


def undo_states(album: Album) -> Iterator[tuple[str, str, str]]:
    with Ledger(album.ledger) as store:
        for entry in store.entries():
            yield os.path.basename(entry.origin), entry.state, entry.reason


@pytest.mark.parametrize("action", ["quarantine", "delete"])
def test_a_sidecar_comes_back_where_the_other_image_is_refused(album: Album, action: Action) -> None:
    plan = shared(album, action)
    album.put("x.png", b"edited since")
    before = tree(album.root)
    done = cleaning.apply(plan, ledger=album.ledger, workers=1)
    assert (done.images, done.files, done.size) == (1, 1, 3)
    why = f"it also belongs to {album.at('x.png')}, which stays, so it was brought back"
    assert [(item.path, item.reason) for item in done.refused] == [
        ("photos/x.png", "its content has changed since the plan was made"), ("photos/x.txt", why),
    ]  # fmt: skip
    assert {name: row for name, row in before.items() if name != b"x.jpg"} == tree(album.root)
    assert ("x.txt", "undone", why) in set(undo_states(album))
    if action == "quarantine":
        assert (cleaning.undo(done, ledger=album.ledger).files, tree(album.root)) == (1, before)


def test_a_sidecar_goes_with_both(album: Album) -> None:
    done = cleaning.apply(shared(album), ledger=album.ledger, workers=1)
    assert (done.images, done.files, done.refused) == (2, 3, ())
    assert sorted(os.listdir(album.root)) == ["k"]


def test_a_sidecar_whose_place_is_taken_is_put_beside(album: Album) -> None:
    class Meddling(Disk):
        def rename(self, source: str, target: str) -> None:
            calls.rename_new(source, target)
            if source == album.at("x.txt"):
                album.put("x.txt", b"new")
                os.unlink(album.at("x.png"))  # gone while it is about to go: it never stays
                album.put("x.png", b"edited since")

    done = cleaning.apply(shared(album), ledger=album.ledger, workers=1, disk=Meddling())
    assert done.images == 1
    assert "restored as" in done.refused[-1].reason
    assert Path(album.at("x.restored.txt")).read_bytes() == b"a caption"


def test_killed_while_a_sidecar_comes_back_the_next_command_brings_it(album: Album) -> None:
    plan = shared(album)
    album.put("x.png", b"edited since")
    before = tree(album.root)

    class Deadly(Disk):
        def __init__(self, *, late: bool) -> None:
            self._late = late

        def rename(self, source: str, target: str) -> None:
            if target == album.at("x.txt") and not self._late:
                die("")
            calls.rename_new(source, target)
            if target == album.at("x.txt"):
                die("")

    for late in (False, True):
        act = partial(cleaning.apply, plan, ledger=album.ledger, workers=1, disk=Deadly(late=late))
        assert in_child(act) == -9
        assert os.path.lexists(album.at("x.txt")) == late
        nothing = replace(plan, decisions=plan.decisions[:2])
        cleaning.apply(nothing, ledger=album.ledger)
        assert os.path.lexists(album.at("x.txt"))
        assert cleaning.undo(ledger=album.ledger).files == 1
        assert tree(album.root) == before


def test_what_cannot_be_taken_back_now_is_by_a_later_command(album: Album) -> None:
    class Broken(Disk):
        def hardlink(self, _source: str, _target: str) -> None:
            raise OSError(5, "Input/output error")

        def rename(self, source: str, target: str) -> None:
            if target == album.at("b.png"):
                raise OSError(30, "Read-only file system")
            calls.rename_new(source, target)

    for name in ("k.png", "b.png"):
        album.put(name)
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), action="hardlink")
    done = cleaning.apply(plan, ledger=album.ledger, workers=1, disk=Broken())
    (refusal,) = done.refused
    assert refusal.reason.startswith("Input/output error; what was done to it cannot be taken back now (")
    assert (done.images, os.path.lexists(album.at("b.png"))) == (0, False)
    cleaning.apply(replace(plan, decisions=plan.decisions[:1]), ledger=album.ledger)
    assert tree(album.root) == before


def test_names_that_are_no_utf8_can_be_told_of(album: Album) -> None:
    odd, sidecar = os.fsdecode(b"b\xff.png"), os.fsdecode(b"b\xff.txt")
    for name in ("k.png", "k.txt", odd, sidecar):
        album.put(name)
    plan = album.plan(album.decide("k.png"), album.decide(odd, "k.png", parts=(album.part(sidecar, "k.txt"),)))
    Path(album.at(sidecar)).write_bytes(b"changed")
    (refused,) = cleaning.apply(plan, ledger=album.ledger).refused
    assert sidecar in refused.reason
    with Ledger(album.ledger) as ledger:
        assert {entry.reason for entry in ledger.entries()} == {refused.reason.replace("\udcff", "\ufffd")}
    album.put(sidecar)
    assert cleaning.apply(plan, ledger=album.ledger).images == 1
    album.put(odd, b"another one")
    undone = cleaning.undo(ledger=album.ledger)
    assert (undone.files, len(undone.beside)) == (2, 1)
    assert Path(undone.beside[0][1]).read_bytes() == b"a picture"
