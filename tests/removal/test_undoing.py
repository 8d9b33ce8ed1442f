"""Batches are undone by ledger or manifest; what has appeared since stays, and a manifest leads nowhere else."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lookalike import cleaning
from lookalike.errors import LedgerError, UnsafeError, UsageError
from lookalike.files import Disk, digest_of
from lookalike.journal import QUARANTINE
from lookalike.removal.undoing import undo_from
from lookalike.stores.ledger import Ledger
from removals import Album, album, quick_folder, tree

__all__ = ["album", "quick_folder"]


def applied(album: Album, *names: str, **options: Any) -> str:
    """Have files go in favour of k.png; return the folder of the batch."""
    for name in ("k.png", *names):
        album.put(name)
    plan = album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in names), **options)
    done = cleaning.apply(plan, ledger=album.ledger)
    assert done.images == len(names)
    return done.places[0]


@pytest.mark.parametrize("chosen", [None, "q"])
def test_sibling_roots_share_a_manifest_and_each_gets_its_files_back(album: Album, chosen: str | None) -> None:
    for name in ("one/k.png", "one/b.png", "two/b.png", "other/one/b.png"):
        album.put(name)
    before = tree(album.folder)
    decisions = (
        album.decide("one/k.png"),
        *(album.decide(name, "one/k.png") for name in ("one/b.png", "two/b.png", "other/one/b.png")),
    )
    plan = album.plan(*decisions, roots=("photos/one", "photos/two", "photos/other/one"), quarantine=chosen)
    for by in ("ledger", "manifest"):
        done = cleaning.apply(plan, ledger=album.ledger)
        assert (done.images, len(done.places)) == (3, 1 if chosen else 2)
        if by == "ledger":
            cleaning.undo(done, ledger=album.ledger)
        else:
            undone = [cleaning.undo(from_folder=place, ledger=f"{album.ledger}-other") for place in done.places]
            assert (sum(part.files for part in undone), [part.refused for part in undone if part.refused]) == (3, [])
        after = {name: what for name, what in tree(album.folder).items() if not name.startswith((b"state", b"q"))}
        assert after == before


@pytest.mark.parametrize("by_manifest", [True, False])
def test_of_several_roots_one_that_is_gone_is_said(album: Album, by_manifest: bool) -> None:
    for name in ("one/k.png", "one/b.png", "two/b.png", "zoo/b.png"):
        album.put(name)
    decisions = (
        album.decide("one/k.png"),
        *(album.decide(name, "one/k.png") for name in ("one/b.png", "two/b.png", "zoo/b.png")),
    )
    roots = ("photos/one", "photos/two", "photos/zoo")
    done = cleaning.apply(album.plan(*decisions, roots=roots), ledger=album.ledger)
    os.rmdir(album.at("two"))
    how: dict[str, Any] = {"ledger": album.ledger}
    if by_manifest:
        how = {"from_folder": done.places[0], "ledger": f"{album.ledger}-other"}
    undone = cleaning.undo(**how)
    assert undone.files == 2, "what comes behind it, too"
    assert [item.path for item in undone.refused] == [album.at("two/b.png")]
    assert "make that folder first" in undone.refused[0].reason
    os.mkdir(album.at("two"))
    assert cleaning.undo(**how).files == 1


def test_a_root_that_is_gone_holds_up_nothing_that_was_interrupted_elsewhere(album: Album) -> None:
    for name in ("one/b.png", "two/k.png", "two/b.png"):
        album.put(name)
    decisions = album.decide("two/k.png"), *(album.decide(name, "two/k.png") for name in ("one/b.png", "two/b.png"))
    cleaning.apply(album.plan(*decisions, roots=("photos/one", "photos/two")), ledger=album.ledger)
    with Ledger(album.ledger) as store, store.transaction():
        store.mark(replace(entry, state="doing") for entry in store.entries())
    os.rmdir(album.at("one"))
    with pytest.raises(UsageError, match="no batch 'another'"):
        cleaning.purge("another", ledger=album.ledger)
    with Ledger(album.ledger) as store:
        assert [entry.state for entry in store.entries()] == ["done", "done"]
        assert [bool(entry.reason) for entry in store.entries()] == [True, False]


def test_what_has_appeared_since_stays(album: Album) -> None:
    applied(album, "b.png", "sub/c.png")
    album.put("b.png", b"new")
    os.rmdir(album.at("sub"))
    album.put("sub", b"a file where the folder was")
    undone = cleaning.undo(ledger=album.ledger)
    assert undone.beside == ((album.at("b.png"), album.at("b.restored.png")),)
    assert [item.path for item in undone.refused] == [album.at("sub/c.png")]
    assert Path(album.at("b.png")).read_bytes() == b"new"
    assert Path(album.at("sub")).read_bytes() == b"a file where the folder was"
    os.unlink(album.at("sub"))
    assert cleaning.undo(ledger=album.ledger).files == 1


def edited(folder: str, **change: object) -> None:
    """Change the last line of a manifest."""
    path = Path(folder, "manifest.jsonl")
    *lines, last = path.read_text().splitlines()
    path.write_text("\n".join([*lines, json.dumps({**json.loads(last), **change})]) + "\n")


def test_a_symlink_in_the_folder_of_a_batch_leads_nowhere(album: Album) -> None:
    folder = applied(album, "b.png", "c.png")
    outside = Path(album.folder, "outside")
    outside.mkdir()
    (outside / "secret.png").write_bytes(b"secret")
    os.symlink(outside, os.path.join(folder, "way"))
    edited(folder, place="way/secret.png")
    undone = cleaning.undo(from_folder=folder, ledger=album.ledger)
    assert (undone.files, len(undone.refused)) == (1, 1)
    assert (outside / "secret.png").read_bytes() == b"secret"
    assert not os.path.lexists(album.at("c.png"))


def test_what_a_symlink_in_the_folder_of_a_batch_leads_to_is_not_tidied(album: Album) -> None:
    folder = applied(album, "b.png")
    empty = Path(album.folder, "outside", "empty")
    empty.mkdir(parents=True)
    os.symlink(empty.parent, os.path.join(folder, "way"))
    assert cleaning.undo(ledger=album.ledger).files == 1
    assert empty.is_dir()


def test_a_symlink_in_the_root_leads_nowhere(album: Album) -> None:
    folder = applied(album, "sub/b.png", "tub/b.png")
    outside = Path(album.folder, "outside")
    outside.mkdir()
    os.rmdir(album.at("sub"))
    album.link("sub", "../outside")
    undone = cleaning.undo(from_folder=folder, ledger=album.ledger)
    assert [item.reason for item in undone.refused] == [
        "a symlink in its folder leads out of its root or the quarantine"
    ]
    assert os.listdir(outside) == []
    assert undone.files == 1, "what comes behind it in the manifest"


@pytest.mark.parametrize("kind", ["hardlink", "reflink"])
def test_a_manifest_cannot_have_a_good_picture_replaced_by_rubbish(album: Album, kind: str) -> None:
    folder = applied(album, "b.png")
    album.put("last.png", b"the only one")
    Path(folder, "photos", "b.png").write_bytes(b"rubbish!!")
    digest = digest_of(album.at("last.png")).hex()
    edited(folder, path="photos/last.png", kind=kind, digest=digest)
    cleaning.undo(from_folder=folder, ledger=album.ledger)
    assert Path(album.at("last.png")).read_bytes() == b"the only one"


def test_a_manifest_cannot_have_a_picture_removed_as_if_it_had_been_written(album: Album) -> None:
    folder = applied(album, "b.png")
    album.put("last.png", b"the only one")
    edited(folder, path="photos/last.png", kind="write", digest=digest_of(album.at("last.png")).hex())
    with pytest.raises(UnsafeError, match="only those are written"):
        cleaning.undo(from_folder=folder, ledger=album.ledger)
    assert os.path.exists(album.at("last.png"))


def test_damaged_lines_are_said_and_the_rest_comes_back(album: Album) -> None:
    folder = applied(album, "b.png", "c.png", "d.png")
    path = Path(folder, "manifest.jsonl")
    head, first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(head + first + second.replace(b"{", b"\0") + third)
    undone = cleaning.undo(from_folder=folder, ledger=f"{album.ledger}-other")
    assert undone.files == 2
    assert [(item.path, item.reason.startswith("1 of its lines")) for item in undone.refused] == [(str(path), True)]
    assert os.path.exists(os.path.join(folder, "photos", "c.png"))  # neither lost nor tidied away


def test_without_a_ledger_the_manifest_is_enough(album: Album) -> None:
    folder = applied(album, "b.png")
    Path(album.folder, "file").touch()
    impossible = os.path.join(album.folder, "file", "ledger.sqlite")
    with pytest.raises(LedgerError):
        cleaning.undo(ledger=impossible)
    assert cleaning.undo(from_folder=folder, ledger=impossible).files == 1


def test_what_came_back_is_back_also_where_the_ledger_cannot_be_told(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = applied(album, "b.png")

    def full(self: Ledger, *_: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(Ledger, "mark", full)
    assert cleaning.undo(from_folder=folder, ledger=album.ledger).files == 1
    assert os.path.exists(album.at("b.png"))


def test_folders_that_are_no_batch_are_refused(album: Album) -> None:
    folder = applied(album, "b.png")
    with pytest.raises(UnsafeError, match="holds 1 batches: name one of"):
        cleaning.undo(from_folder=os.path.dirname(folder), ledger=album.ledger)
    with pytest.raises(UnsafeError, match="is no batch"):
        cleaning.undo(from_folder=album.root, ledger=album.ledger)
    with pytest.raises(UnsafeError, match="cannot be read"):
        undo_from(os.path.join(album.folder, "gone"), Disk())


def test_an_interrupted_undo_of_what_somebody_took_away_stands_in_nobodys_way(album: Album) -> None:
    folder = applied(album, "b.png", "c.png")
    with Ledger(album.ledger) as store, store.transaction():
        store.mark(replace(entry, state="doing", step="undo") for entry in store.entries())
    os.unlink(os.path.join(folder, "photos", "b.png"))
    album.put("d.png")
    done = cleaning.apply(album.plan(album.decide("k.png"), album.decide("d.png", "k.png")), ledger=album.ledger)
    assert done.files == 1
    assert os.path.exists(album.at("c.png"))
    with Ledger(album.ledger) as store:
        reasons = {os.path.basename(entry.origin): (entry.state, entry.reason) for entry in store.entries()}
    assert reasons["c.png"] == ("undone", "")
    assert reasons["b.png"][0] == "done"
    assert "somebody moved it" in reasons["b.png"][1]


def test_an_undo_that_was_killed_says_that_the_rest_is_back(album: Album) -> None:
    applied(album, "b.png", "c.png")
    with Ledger(album.ledger) as store, store.transaction():
        store.mark(replace(entry, state="doing", step="undo") for entry in store.entries())
    with pytest.raises(UsageError, match=r"nothing to undo.*put in order first: files completed 0, taken back 2"):
        cleaning.undo(ledger=album.ledger)
    assert sorted(os.listdir(album.root)) == ["b.png", "c.png", "k.png"]
    with pytest.raises(UsageError, match=r"lists what was done$"):
        cleaning.undo(ledger=album.ledger)


def test_a_link_that_somebody_replaced_stays(album: Album) -> None:
    applied(album, "b.png", "c.png", action="hardlink")
    os.unlink(album.at("b.png"))
    album.put("b.png", b"edited")
    undone = cleaning.undo(ledger=album.ledger)
    assert undone.beside == ((album.at("b.png"), album.at("b.restored.png")),)
    assert Path(album.at("b.png")).read_bytes() == b"edited"
    assert Path(album.at("b.restored.png")).read_bytes() == b"a picture"
    assert not os.path.lexists(os.path.join(album.folder, QUARANTINE))


def test_without_a_name_the_last_batch_of_which_something_can_come_back_is_undone(album: Album) -> None:
    class Trashing(Disk):
        def trash(self, path: str) -> None:
            os.rename(path, os.path.join(album.folder, "trashed.png"))

    names = {}
    for name, action in (("b.png", "quarantine"), ("c.png", "quarantine"), ("d.png", "trash"), ("e.png", "quarantine")):
        album.put("k.png")
        album.put(name)
        plan = album.plan(album.decide("k.png"), album.decide(name, "k.png"), action=action)
        names[name] = str(cleaning.apply(plan, ledger=album.ledger, disk=Trashing()).batch)
    cleaning.purge(names["e.png"], ledger=album.ledger)
    assert cleaning.undo(ledger=album.ledger).batch == names["c.png"]
    assert cleaning.undo(ledger=album.ledger).batch == names["b.png"]
    with pytest.raises(UsageError, match="nothing to undo in any quarantine"):
        cleaning.undo(ledger=album.ledger)
