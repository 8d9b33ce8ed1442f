"""Whole commands where the disk does not play along: read-only roots and folders, a full disk, two at once."""

import multiprocessing
import os
import subprocess
import time
from pathlib import Path

import pytest

from lookalike import cleaning
from lookalike.errors import UnsafeError
from lookalike.files.lock import only_one
from lookalike.journal import QUARANTINE
from removals import NOBODY, Album, album, as_nobody, mount, passable, quick_folder, tree, with_mounts

__all__ = ["album", "quick_folder"]


def give(folder: str) -> None:
    """Give a tree to nobody."""
    if os.geteuid() == 0:
        os.chmod(folder, 0o755)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)


def test_a_read_only_folder_keeps_its_files_and_no_others(album: Album) -> None:
    for name in ("k.png", "b.png", "shut/c.png", "open/d.png"):
        album.put(name)
    plan = album.plan(
        album.decide("k.png"), *(album.decide(name, "k.png") for name in ("b.png", "shut/c.png", "open/d.png"))
    )
    before = tree(album.root)
    give(album.folder)
    os.chmod(album.at("shut"), 0o555)

    def do() -> None:
        done = cleaning.apply(plan, ledger=album.ledger)
        assert (done.images, [(item.path, item.reason) for item in done.refused]) == (
            2, [("photos/shut/c.png", "Permission denied")],
        )  # fmt: skip
        assert cleaning.undo(done, ledger=album.ledger).files == 2
        assert tree(album.root) == before
        done = cleaning.apply(plan, ledger=album.ledger)
        os.chmod(album.at("open"), 0o555)  # now the way back is shut
        undone = cleaning.undo(done, ledger=album.ledger)
        assert (undone.files, [item.reason for item in undone.refused]) == (1, ["Permission denied"])
        os.chmod(album.at("open"), 0o755)
        assert cleaning.undo(done, ledger=album.ledger).files == 1
        assert tree(album.root) == before

    with passable(album.folder):
        as_nobody(do)
    os.chmod(album.at("shut"), 0o755)


def test_in_a_root_that_permits_no_writing_nothing_is_done_and_others_go_on(album: Album) -> None:
    for name in ("shut/k.png", "shut/b.png", "open/k.png", "open/b.png", "open/c.png"):
        album.put(name)
    before = tree(album.root)
    plan = album.plan(
        album.decide("shut/k.png"), album.decide("open/k.png"), album.decide("shut/b.png", "shut/k.png"),
        album.decide("open/b.png", "open/k.png"), album.decide("open/c.png", "shut/k.png"),
        roots=("photos/shut", "photos/open"),
    )  # fmt: skip
    give(album.folder)
    os.chmod(album.at("shut"), 0o555)

    def do() -> None:
        done = cleaning.apply(plan, ledger=album.ledger)
        assert done.images == 2
        assert [item.path for item in done.refused] == ["photos/shut/b.png"]
        assert "--script" in done.refused[0].reason
        assert "Permission denied" in done.refused[0].reason
        assert cleaning.undo(done, ledger=album.ledger).files == 2
        assert tree(album.root) == before

    with passable(album.folder):
        as_nobody(do)
    os.chmod(album.at("shut"), 0o755)


def test_a_root_on_a_read_only_mount(album: Album) -> None:
    for name in ("shut/k.png", "shut/b.png", "open/b.png"):
        album.put(name)
    before = tree(album.root)
    plan = album.plan(
        album.decide("shut/k.png"), album.decide("shut/b.png", "shut/k.png"), album.decide("open/b.png", "shut/k.png"),
        roots=("photos/shut", "photos/open"),
    )  # fmt: skip

    def do() -> None:
        mount("--bind", album.at("shut"), album.at("shut"))
        mount("-o", "remount,bind,ro", album.at("shut"))
        done = cleaning.apply(plan, ledger=album.ledger)
        assert (done.images, [item.path for item in done.refused]) == (1, ["photos/shut/b.png"])
        assert "Read-only file system" in done.refused[0].reason
        assert "--script" in done.refused[0].reason
        assert cleaning.undo(done, ledger=album.ledger).files == 1
        assert tree(album.root) == before

    with_mounts(do)


def test_the_quarantine_is_inside_a_root_that_is_a_mount_and_that_is_said(album: Album) -> None:
    os.makedirs(album.at("disk"))

    def do() -> None:
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", album.at("disk"))
        album.put("disk/k.png")
        album.put("disk/sub/b.png")
        before = tree(album.root)
        plan = album.plan(
            album.decide("disk/k.png"), album.decide("disk/sub/b.png", "disk/k.png"), roots=("photos/disk",)
        )
        done = cleaning.apply(plan, ledger=album.ledger)
        assert done.inside == (album.at("disk"),)
        assert done.places == (os.path.join(album.at("disk"), QUARANTINE, str(done.batch)),)
        assert cleaning.undo(from_folder=done.places[0], ledger=album.ledger).files == 1
        assert tree(album.root) == before

    with_mounts(do)


@pytest.mark.parametrize("what", ["quarantine", "ledger", "manifest"])
def test_a_full_disk_loses_nothing(album: Album, what: str) -> None:
    """The quarantine has room for some of the files; or it has none for a manifest; or the ledger has none for the plan."""
    names = [f"{'n' * 100}{number:04d}.png" for number in range(300)]
    album.put("k.png", b"p" * 5000)
    for name in names:
        album.put(name, b"p" * 5000)
    small = os.path.join(album.folder, "small")
    os.makedirs(small)
    ledger = os.path.join(small, "ledger.sqlite") if what == "ledger" else album.ledger
    plan = album.plan(
        album.decide("k.png"), *(album.decide(name, "k.png") for name in names),
        quarantine=None if what == "ledger" else small,
    )  # fmt: skip
    before = tree(album.root)

    def do() -> None:
        size = {"quarantine": "700k", "ledger": "120k", "manifest": "32k"}[what]
        mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", small)
        refused: set[str] = set()
        images = 0
        try:
            done = cleaning.apply(plan, ledger=ledger)
        except Exception as error:  # noqa: BLE001 - that it is in words is what is checked
            assert type(error).__name__ == "LedgerError", repr(error)  # noqa: PT017
            assert "full" in str(error)  # noqa: PT017
        else:
            refused, images = {item.reason for item in done.refused}, done.images
            assert images + len(done.refused) == len(names)
        if what == "quarantine":
            assert 0 < images < len(names)
        if what != "ledger":
            assert refused <= {
                "No space left on device",
                "nothing can be put into the quarantine: No space left on device",
            }
            assert refused
        intact = sum(len(names) for _, _, names in os.walk(album.root))
        intact += sum(name.endswith(".png") for _, _, names in os.walk(small) for name in names)
        assert intact == len(names) + 1
        for folder, _, found in os.walk(album.folder):
            assert not [name for name in found if name.startswith(".lookalike-part-")], folder
        if images:
            undone = cleaning.undo(from_folder=done.places[0], ledger=ledger)
            assert (undone.files, undone.refused) == (images, ())
        assert tree(album.root) == before

    with_mounts(do)


def test_a_plan_applied_twice_at_once_is_applied_once(album: Album) -> None:
    album.put("k.png")
    names = [f"{number}.png" for number in range(40)]
    for name in names:
        album.put(name)
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in names))
    results = multiprocessing.get_context("fork").Queue()

    def one() -> None:
        for _ in range(5_000):  # far longer than one takes
            try:
                done = cleaning.apply(plan, ledger=album.ledger)
            except UnsafeError:
                time.sleep(0.005)
                continue
            results.put(done.images)
            return

    processes = [multiprocessing.get_context("fork").Process(target=one) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert sorted(results.get(timeout=5) for _ in processes) == [0, 0, len(names)]
    name = next(row.name for row in cleaning.history(ledger=album.ledger) if row.files.get("done"))
    assert cleaning.undo(name, ledger=album.ledger).files == len(names)
    assert tree(album.root) == before


def test_nothing_happens_while_another_process_is_at_work(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    before = tree(album.root)
    with only_one(f"{album.ledger}.lock"):
        for command in (
            lambda: cleaning.apply(
                album.plan(album.decide("k.png"), album.decide("b.png", "k.png")), ledger=album.ledger
            ),
            lambda: cleaning.undo(ledger=album.ledger),
            lambda: cleaning.undo(from_folder=album.root, ledger=album.ledger),
            lambda: cleaning.purge("x", ledger=album.ledger),
        ):
            with pytest.raises(UnsafeError, match="another lookalike"):
                command()
    assert tree(album.root) == before


def test_links_to_one_keeper_and_back(album: Album) -> None:
    names = [f"{number}.png" for number in range(20)]
    for name in ("k.png", *names):
        album.put(name)
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in names), action="hardlink")
    done = cleaning.apply(plan, ledger=album.ledger, workers=4)
    assert (done.images, done.refused) == (20, ())
    assert os.stat(album.at("k.png")).st_nlink == 21
    assert cleaning.undo(done, ledger=album.ledger).files == 20
    assert tree(album.root) == before
    plan = album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in names), action="reflink")
    done = cleaning.apply(plan, ledger=album.ledger)
    assert done.images + len(done.refused) == 20
    assert {item.reason for item in done.refused} <= {"this file system cannot share data between files"}
    if done.images:
        cleaning.undo(done, ledger=album.ledger)
    assert tree(album.root) == before
    assert not os.path.lexists(os.path.join(album.folder, QUARANTINE))


def test_the_manifest_and_the_empty_folders_of_a_data_set_are_its_own(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    Path(album.folder, "manifest.jsonl").write_text("of the data set")
    os.makedirs(os.path.join(album.folder, "empty", "class"))
    done = cleaning.apply(album.plan(album.decide("k.png"), album.decide("b.png", "k.png")), ledger=album.ledger)
    os.unlink(os.path.join(done.places[0], "manifest.jsonl"))
    assert cleaning.history(ledger=album.ledger)[0].places == ()
    assert cleaning.undo(ledger=album.ledger).files == 1
    assert os.path.isdir(os.path.join(album.folder, "empty", "class"))
    assert os.path.exists(os.path.join(album.folder, "manifest.jsonl"))


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
@pytest.mark.parametrize("by", ["ledger", "manifest"])
def test_a_quarantine_on_another_file_system(tmp_path: Path, quick_folder: Path, action: str, by: str) -> None:
    if os.stat(tmp_path).st_dev == os.stat(quick_folder).st_dev:
        pytest.skip("no second file system here")
    album = Album(tmp_path)
    for name in ("k.png", "b.png", "sub/c\n.png", "t.png"):
        os.chmod(album.put(name), 0o640)
    album.link("l.png", "t.png")
    before = tree(album.root)
    going = ["b.png", "sub/c\n.png", *(["l.png"] if action == "quarantine" else [])]
    plan = album.plan(
        album.decide("k.png"), *(album.decide(name, "k.png") for name in going), action=action,
        quarantine=str(quick_folder / "q"),
    )  # fmt: skip
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.images, done.refused) == (len(going), ())
    assert os.path.isfile(quick_folder / "q" / QUARANTINE)
    undone = cleaning.undo(done, ledger=album.ledger) if by == "ledger" else cleaning.undo(from_folder=done.places[0])
    assert (undone.files, undone.refused, undone.beside) == (len(going), (), ())
    assert tree(album.root) == before
    assert os.listdir(quick_folder / "q") == []
