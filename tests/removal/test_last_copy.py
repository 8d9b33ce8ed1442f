"""Two names that are one file, drives that come and go, edited plans: by no way of these the last copy of a picture is lost."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import encode, scene
from lookalike import cleaning
from lookalike.errors import LedgerError, UnsafeError
from lookalike.files import Disk, calls, digest_of
from lookalike.opening import open_ledger
from lookalike.plan import Action, Decision, KeepOptions, Metadata, Plan, PlanRoot
from lookalike.removal.acting import sweep
from lookalike.removal.applying import Applied
from lookalike.removal.repairing import repair
from removals import Album, album, mount, quick_folder, tree, with_mounts

__all__ = ["album", "quick_folder"]
MOVING: list[Action] = ["quarantine", "hardlink", "symlink"]


class Death(BaseException):
    """A process ends where this is raised: nothing of the program hears of it."""


class Dying(Disk):
    """A process that ends right after its first rename."""

    def rename(self, source: str, target: str) -> None:
        """Rename, and end."""
        calls.rename_new(source, target)
        raise Death


def applied(album: Album, *names: str, **options: Any) -> Applied:
    """Remove names in favour of k.png."""
    for name in ("k.png", *names):
        album.put(name)
    plan = album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in names), **options)
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.images, done.refused) == (len(names), ())
    return done


def pictures(album: Album) -> list[str]:
    """Return the files that still hold the picture."""
    found = (os.path.join(folder, name) for folder, _, names in os.walk(album.folder) for name in names)
    return [path for path in found if not os.path.islink(path) and Path(path).read_bytes() == b"a picture"]


@pytest.mark.parametrize("action", MOVING)
def test_an_undo_by_way_of_a_folder_that_leads_into_the_quarantine(album: Album, action: Action) -> None:
    done = applied(album, "in/b.png", action=action)
    os.unlink(album.at("k.png"))
    shutil.rmtree(album.at("in"))
    os.symlink(os.path.join(done.places[0], "photos", "in"), album.at("in"))
    undone = cleaning.undo(done, ledger=album.ledger)
    assert (undone.files, len(undone.refused)) == (0, 1)
    assert "leads into the quarantine" in undone.refused[0].reason
    assert len(pictures(album)) == 1
    os.unlink(album.at("in"))
    assert cleaning.undo(done, ledger=album.ledger).files == 1
    assert Path(album.at("in/b.png")).read_bytes() == b"a picture"


def test_an_act_that_was_killed_is_not_settled_by_way_of_such_a_folder(album: Album) -> None:
    album.put("k.png")
    album.put("in/b.png")
    plan = album.plan(album.decide("k.png"), album.decide("in/b.png", "k.png"))
    with pytest.raises(Death):
        cleaning.apply(plan, ledger=album.ledger, disk=Dying())
    os.unlink(album.at("k.png"))
    (moved,) = pictures(album)
    shutil.rmtree(album.at("in"))
    os.symlink(os.path.dirname(moved), album.at("in"))
    with pytest.raises(UnsafeError, match="leads into the quarantine"):
        cleaning.apply(plan, ledger=album.ledger)
    assert pictures(album) == [moved]


@pytest.mark.parametrize("action", MOVING)
def test_what_lies_on_a_drive_that_is_not_there_is_not_taken_for_undone(album: Album, action: Action) -> None:
    done = applied(album, "b.png", action=action, quarantine="q")
    os.rename(f"{album.folder}/q", f"{album.folder}/unplugged")
    if action == "quarantine":
        album.put("b.png", b"another picture of that name")
    before = tree(album.root)
    undone = cleaning.undo(done, ledger=album.ledger)
    assert (undone.files, [item.reason for item in undone.refused]) == (0, ["the quarantine is not there now"])
    assert tree(album.root) == before
    os.rename(f"{album.folder}/unplugged", f"{album.folder}/q")
    assert cleaning.undo(done, ledger=album.ledger).files == 1


@pytest.mark.parametrize("action", MOVING)
def test_what_somebody_took_out_of_the_quarantine_is_not_said_to_be_back(album: Album, action: Action) -> None:
    done = applied(album, "b.png", "c.png", action=action)
    for name in ("b.png", "c.png"):
        os.unlink(os.path.join(done.places[0], "photos", name))
    if os.path.lexists(album.at("c.png")):
        os.unlink(album.at("c.png"))
    if action == "quarantine":
        album.put("b.png", b"another picture of that name")
    album.put("c.png")  # put back by hand, with its time
    before = tree(album.root)
    undone = cleaning.undo(done, ledger=album.ledger)
    assert (undone.files, [item.path for item in undone.refused]) == (1, [album.at("b.png")])
    assert "somebody moved it from there" in undone.refused[0].reason
    assert tree(album.root) == before


@pytest.mark.parametrize("metadata", ["merge", "drop"])
def test_an_edited_plan_cannot_have_a_picture_go_along_as_if_it_were_a_sidecar(
    album: Album, metadata: Metadata
) -> None:
    album.put("k.png")
    album.put("b.png")
    album.put("only.png", b"another picture, the only one")
    goes = replace(album.decide("b.png", "k.png"), parts=(album.part("only.png", None),))
    done = cleaning.apply(album.plan(album.decide("k.png"), goes, metadata=metadata), ledger=album.ledger)
    assert (done.images, len(done.refused)) == (0, 1)
    assert "only.png goes along with it, but nothing stays of that" in done.refused[0].reason
    assert os.path.exists(album.at("only.png"))


def by_its_real_place(album: Album, done: Applied) -> Plan:
    """Return a plan by which the keeper would go for good, in favour of what went, called by another path."""
    place = os.path.realpath(os.path.join(done.places[0], "photos", "b.png"))
    status = os.stat(place)
    stays = Decision(place, "keep", 1, status.st_size, status.st_mtime_ns, digest_of(place), "because")
    goes = replace(album.decide("k.png", "b.png"), keeper=place)
    roots = tuple(PlanRoot(name, os.path.join(album.folder, name), 0) for name in ("photos", "big"))
    return Plan(
        "2026-01-01T00:00:00+00:00", album.folder, roots, KeepOptions(action="delete"), "upright", (stays, goes)
    )


def test_a_quarantine_that_is_a_symlink_is_one_by_its_real_name_too(album: Album) -> None:
    os.makedirs(f"{album.folder}/big/q")
    os.symlink(f"{album.folder}/big/q", f"{album.folder}/.lookalike-quarantine")
    done = applied(album, "b.png")
    assert ".lookalike-quarantine" in os.listdir(f"{album.folder}/big/q")  # the mark that searches pass by
    second = cleaning.apply(by_its_real_place(album, done), ledger=album.ledger)
    assert [item.reason for item in second.refused] == ["its keeper lies in a quarantine"]
    assert cleaning.undo(done, ledger=album.ledger).files == 1


def test_what_stands_for_its_own_keeper_is_held(album: Album) -> None:
    done = applied(album, "b.png")
    os.makedirs(f"{album.folder}/big")
    os.rename(f"{album.folder}/.lookalike-quarantine", f"{album.folder}/big/q")  # somebody needed the space
    os.symlink(f"{album.folder}/big/q", f"{album.folder}/.lookalike-quarantine")
    plan = by_its_real_place(album, done)
    plan = replace(plan, options=replace(plan.options, quarantine="another"))  # so that nobody knows of the first
    assert cleaning.apply(plan, ledger=album.ledger).files == 1
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, len(purged.held)) == (0, 1)
    assert len(pictures(album)) == 1


def test_a_keeper_that_is_the_quarantined_file_by_a_mount_is_none(album: Album) -> None:
    done = applied(album, "b.png")
    place = os.path.join(done.places[0], "photos", "b.png")

    def do() -> None:
        mount("--bind", place, album.at("k.png"))
        purged = cleaning.purge(done, ledger=album.ledger)
        assert (purged.files, len(purged.held)) == (0, 1)
        assert os.path.exists(place)

    with_mounts(do)


def test_a_hard_link_to_what_went_stays_of_it(album: Album) -> None:
    done = applied(album, "b.png", "c.png")
    for name in ("b.png", "c.png"):
        place = os.path.join(done.places[0], "photos", name)
        os.unlink(place)
        os.link(album.at("k.png"), place)  # somebody made one file of all of them
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, purged.held) == (2, ())
    assert pictures(album) == [album.at("k.png")]


@pytest.mark.parametrize("action", [*MOVING, "delete"])
def test_a_file_by_way_of_two_file_systems_is_one(album: Album, action: Action) -> None:
    def do() -> None:
        for name in ("lower", "photos/upper", "photos/both"):
            os.makedirs(os.path.join(album.folder, name))
        mount("-t", "tmpfs", "tmpfs", album.at("upper"))
        for name in ("upper/here", "upper/work"):
            os.makedirs(album.at(name))
        layers = f"lowerdir={album.folder}/lower,upperdir={album.at('upper/here')},workdir={album.at('upper/work')}"
        mount("-t", "overlay", "-o", layers, "overlay", album.at("both"))
        album.put("upper/here/a.png")
        decisions = album.decide("both/a.png"), album.decide("upper/here/a.png", "both/a.png")
        done = cleaning.apply(album.plan(*decisions, action=action), ledger=album.ledger)
        assert "the same file as its keeper by another mount" in done.refused[0].reason
        assert Path(album.at("upper/here/a.png")).read_bytes() == b"a picture"

    with_mounts(do)


@pytest.mark.parametrize("action", [*MOVING, "delete"])
def test_a_file_whose_keeper_goes_with_it_is_put_back(album: Album, action: Action) -> None:
    class OneFile(Disk):
        """Two names that nobody could know to be one file, as on some network drives."""

        def rename(self, source: str, target: str) -> None:
            calls.rename_new(source, target)
            if source == album.at("b.png"):
                os.rename(album.at("k.png"), f"{album.folder}/gone")
            elif target == album.at("b.png"):
                os.rename(f"{album.folder}/gone", album.at("k.png"))

    for name in ("b.png", "k.png"):
        album.put(name)
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), action=action)
    done = cleaning.apply(plan, ledger=album.ledger, disk=OneFile())
    assert (done.images, len(done.refused)) == (0, 1)
    assert tree(album.root) == before


def vanish(path: str) -> None:
    os.unlink(path)


def change(path: str) -> None:
    Path(path).write_bytes(b"something else")


@pytest.mark.parametrize("spoil", [vanish, change])
def test_a_purge_looks_at_the_keeper_again_right_before_a_file_goes(album: Album, spoil: Callable[[str], None]) -> None:
    class Meddling(Disk):
        def remove(self, path: str) -> None:
            os.unlink(path)
            spoil(album.at("k.png"))  # after the first file went

    done = applied(album, "b.png", "c.png")
    purged = cleaning.purge(done, ledger=album.ledger, disk=Meddling())
    assert (purged.files, len(purged.held)) == (1, 1)
    assert "may be the last one" in purged.held[0].reason
    assert len(pictures(album)) == 1
    assert cleaning.undo(done, ledger=album.ledger).files == 1


def test_keepers_reach_the_disk_before_what_they_stand_for_goes(album: Album) -> None:
    steps: list[str] = []

    class Watched(Disk):
        def flush(self, paths: Iterable[str]) -> None:
            paths = list(paths)
            calls.sync_files(paths)
            steps.extend(f"sync {os.path.basename(path)}" for path in paths)

        def remove(self, path: str) -> None:
            os.unlink(path)
            steps.append(f"remove {os.path.basename(path)}")

    done = applied(album, "b.png", "c.png")
    assert cleaning.purge(done, ledger=album.ledger, disk=Watched()).files == 2
    assert steps[:3] == ["sync k.png", "remove b.png", "remove c.png"]


def test_a_copy_that_somebody_made_reaches_the_disk_before_the_file_in_the_quarantine_goes(album: Album) -> None:
    steps: list[str] = []

    class Watched(Disk):
        def flush(self, paths: Iterable[str]) -> None:
            steps.extend(f"sync {path}" for path in paths)

        def remove(self, path: str) -> None:
            os.unlink(path)
            steps.append(f"remove {path}")

    done = applied(album, "b.png")
    album.put("b.png")
    place = os.path.join(done.places[0], "photos", "b.png")
    assert cleaning.undo(done, ledger=album.ledger, disk=Watched()).files == 1
    assert steps[:2] == [f"sync {album.at('b.png')}", f"remove {place}"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_files_are_synced_by_the_system(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a picture")
    code = "import sys; from lookalike.files import Disk; Disk().flush(sys.argv[1:])"
    paths = [str(tmp_path / "a"), str(tmp_path / "gone")]
    command = ["strace", "-qq", "-y", "-e", "trace=syncfs,fsync", sys.executable, "-c", code, *paths]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert re.search(rf"sync\w*\(\d+<{re.escape(paths[0])}>\) += 0", done.stderr), done.stderr


def test_a_quarantine_that_keeps_no_exact_times_changes_nothing(album: Album) -> None:
    if shutil.which("mkfs.ext2") is None:
        pytest.skip("no file system of whole seconds can be made here")
    image = f"{album.folder}/image"
    with open(image, "wb") as file:
        file.truncate(4 << 20)
    subprocess.run(["mkfs.ext2", "-q", "-I", "128", image], check=True, capture_output=True)
    for name in ("k.png", "b.png"):
        album.put(name)
    os.link(album.at("b.png"), album.at("b2.png"))
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), quarantine="drive/q")

    def do() -> None:
        os.mkdir(f"{album.folder}/drive")
        mount("-o", "loop", image, f"{album.folder}/drive")
        done = cleaning.apply(plan, ledger=album.ledger)
        assert [item.reason for item in done.refused] == [
            "the file system there cannot keep its time and its permissions"
        ]
        assert tree(album.root) == before

    with_mounts(do)


def test_what_cannot_be_swept_does_not_keep_the_rest_from_it(album: Album) -> None:
    for number in range(9):
        os.makedirs(album.at(f".lookalike-part-0000000{number}"))
        album.put(f".lookalike-part-a000000{number}")
    sweep(Disk(), [album.root, album.at("gone")])
    assert sorted(os.listdir(album.root)) == [f".lookalike-part-0000000{number}" for number in range(9)]


@pytest.mark.parametrize("action", MOVING)
def test_nothing_comes_back_to_a_drive_that_is_not_there(album: Album, action: Action) -> None:
    done = applied(album, "b.png", "in/c.png", action=action, quarantine="q")
    os.rename(album.root, f"{album.folder}/unplugged")
    undone = cleaning.undo(done, ledger=album.ledger)
    assert (undone.files, len(undone.refused)) == (0, 2)
    assert {item.reason for item in undone.refused} == {f"{album.root} is not there: make that folder first"}
    assert not os.path.lexists(album.root)
    os.rename(f"{album.folder}/unplugged", album.root)
    assert cleaning.undo(done, ledger=album.ledger).files == 2
    assert Path(album.at("in/c.png")).read_bytes() == b"a picture"


@pytest.mark.parametrize("action", MOVING)
def test_an_act_whose_drive_was_unplugged_is_undone_once_it_is_back(album: Album, action: Action) -> None:
    class Unplugged(Disk):
        def rename(self, source: str, target: str) -> None:
            calls.rename_new(source, target)
            os.rename(album.root, f"{album.folder}/unplugged")
            raise Death

    album.put("k.png")
    album.put("b.png")
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), action=action, quarantine="q")
    with pytest.raises(Death):
        cleaning.apply(plan, ledger=album.ledger, disk=Unplugged())
    (row,) = cleaning.history(ledger=album.ledger)
    assert cleaning.undo(row.name, ledger=album.ledger).files == 0
    assert not os.path.lexists(album.root)
    os.rename(f"{album.folder}/unplugged", album.root)
    assert cleaning.undo(row.name, ledger=album.ledger).files == 1
    assert tree(album.root) == before


def test_a_root_that_is_a_file_comes_back(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    decisions = album.decide("k.png"), album.decide("b.png", "k.png")
    done = cleaning.apply(album.plan(*decisions, roots=("photos/b.png",)), ledger=album.ledger)
    assert (done.images, cleaning.undo(done, ledger=album.ledger).files) == (1, 1)


def test_entries_whose_batch_is_lost_are_damage_that_a_repair_mends(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"))
    with pytest.raises(Death):
        cleaning.apply(plan, ledger=album.ledger, disk=Dying())
    with contextlib.closing(sqlite3.connect(album.ledger)) as db, db:
        db.execute("DELETE FROM batch")
    with pytest.raises(LedgerError, match="a batch is lost"):
        cleaning.undo(ledger=album.ledger)
    assert repair(album.ledger).rescued == ("rescued-1",)
    assert cleaning.undo("rescued-1", ledger=album.ledger).files == 1
    assert len(pictures(album)) == 2


@pytest.mark.parametrize("kind", ["different", "keep"])
def test_what_was_decided_since_holds_what_is_to_be_purged(album: Album, kind: str) -> None:
    for name, format_ in (("k.png", "PNG"), ("b.bmp", "BMP"), ("c.tif", "TIFF")):
        album.put(name, encode(scene(1), format_))
    plan = album.plan(
        *(album.decide(name, keeper) for name, keeper in (("k.png", None), ("b.bmp", "k.png"), ("c.tif", "k.png")))
    )
    done = cleaning.apply(plan, ledger=album.ledger)
    assert done.images == 2
    gone = os.path.join(done.places[0], "photos", "b.bmp")
    about = [(digest_of(path), path) for path in (gone, album.at("k.png"))]
    with open_ledger(album.ledger) as store, store.transaction():
        number = store.add_decision(kind, about, note="", created="2026-01-01T00:00:00+00:00")
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, [item.path for item in purged.held]) == (1, [album.at("b.bmp")])
    assert "somebody decided" in purged.held[0].reason
    with open_ledger(album.ledger) as store, store.transaction():
        store.remove_decision(number)
    assert cleaning.purge(done, ledger=album.ledger).files == 1
