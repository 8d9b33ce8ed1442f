"""Disks that fail, files that others change, two programs at once: what cannot be done is refused, the rest goes on."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lookalike import cleaning
from lookalike.errors import LedgerError, UnsafeError
from lookalike.files import Disk
from lookalike.plan import Action, Plan
from lookalike.stores.ledger import Ledger
from removal_trees import (
    Example,
    Steps,
    example,
    in_child,
    pictures,
    plan_of,
    put,
    scratch,
    snapshot,
    states,
    take_road,
)

PICTURE, OTHER = b"one picture", b"another one"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    folder = scratch(tmp_path)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def three(base: Path) -> str:
    """Make a keeper and two duplicates."""
    for name in ("keeper.png", "b.png", "c.png"):
        put(f"{base}/photos/{name}", PICTURE)
    return str(base)


def removal(base: str, **options: Any) -> Plan:
    return plan_of(base, ["photos"], dict.fromkeys(("photos/b.png", "photos/c.png"), "photos/keeper.png"), **options)


class Meddling(Disk):
    """A disk on which somebody else does something right before the first operation of a kind."""

    def __init__(self, name: str, meddle: Callable[[str], None]) -> None:
        operation = getattr(self, name)
        times: list[str] = []

        def call(path: str, *rest: Any) -> Any:
            if not times:
                times.append(path)
                meddle(path)
            return operation(path, *rest)

        vars(self)[name] = call


def replace_with(content: bytes) -> Callable[[str], None]:
    """Return somebody who replaces a file by another of the same size and time."""

    def meddle(path: str) -> None:
        put(f"{path}.new", content)
        os.replace(f"{path}.new", path)

    return meddle


def failing(at: int, number: int) -> Disk:
    def fail(name: str) -> None:
        raise OSError(number, os.strerror(number), name)

    return Steps(at, fail).disk()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink", "delete"])
def test_a_disk_may_fail_at_any_operation(base: Path, action: Action, number: int) -> None:
    stride = {errno.ENOSPC: 3}.get(number, 11)
    for at in range(1, 400, stride):
        made = example(base / str(at), action)
        disk = failing(at, number)
        reached = False
        try:
            applied = made.apply(disk)
        except UnsafeError as error:
            assert os.strerror(number) in str(error)  # noqa: PT017 - which of the two ways it takes is not the point
            reached = True
        else:
            reached = bool(applied.refused)
            assert all(refusal.reason for refusal in applied.refused)
        made.check_nothing_lost(quarantined=action != "delete")
        made.settle()
        made.check_settled()
        if "purged" not in states(made.ledger):
            for undone in made.undo():
                assert not undone.refused
            made.check_identical()
        shutil.rmtree(made.base)
        if not reached and at > 60:
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("road", ["rename", "copy"])
def test_a_disk_may_fail_at_any_operation_of_an_undo(base: Path, road: str) -> None:
    for at in range(1, 200, 7):
        made = example(base / str(at), "symlink", inodes=road != "copy")

        def body(made: Example = made, at: int = at) -> None:
            take_road(road)
            made.apply()
            try:
                cleaning.undo(ledger=made.ledger, disk=failing(at, errno.EIO))
            except UnsafeError:
                made.check_nothing_lost()

        assert in_child(body) == 0
        made.check_nothing_lost()
        made.settle()
        made.check_settled()
        for undone in made.undo():
            assert not undone.beside
        made.check_identical()
        shutil.rmtree(made.base)


def test_a_journal_that_cannot_be_written_stops_before_the_act(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = Ledger.transaction
    for at in range(1, 6):
        made = example(base / str(at), "quarantine")
        count = 0

        def full(store: Ledger, at: int = at) -> Any:
            nonlocal count
            count += 1
            if count == at:
                pages = store.db.execute("PRAGMA page_count").fetchone()[0]
                store.db.execute(f"PRAGMA max_page_count = {pages}")
                store.db.execute(
                    "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER UPDATE ON entry BEGIN SELECT raise(ABORT, 'full'); END"
                )
            return transaction(store)

        made.settle()
        monkeypatch.setattr(Ledger, "transaction", full)
        try:
            made.apply()
        except LedgerError:
            monkeypatch.setattr(Ledger, "transaction", transaction)
            written = [entry.origin for entry in states(made.ledger).get("doing", [])]
            gone = [name for name in made.before if not os.path.lexists(os.path.join(made.photos, name))]
            assert {os.path.join(made.photos, name) for name in gone} <= set(written)
        monkeypatch.setattr(Ledger, "transaction", transaction)
        made.settle()
        made.check_settled()
        made.undo()
        made.check_identical()


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
def test_a_file_replaced_since_the_plan_stays(three: str, action: Action) -> None:
    plan = removal(three, action=action)
    replace_with(OTHER)(f"{three}/photos/b.png")
    applied = cleaning.apply(plan, ledger=f"{three}/ledger")
    assert [refusal.path for refusal in applied.refused] == ["photos/b.png"]
    assert "changed since the plan" in applied.refused[0].reason
    assert Path(f"{three}/photos/b.png").read_bytes() == OTHER
    assert applied.images == 1


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink", "delete"])
def test_a_file_replaced_during_the_rename_comes_back(three: str, action: Action) -> None:
    applied = cleaning.apply(
        removal(three, action=action), ledger=f"{three}/ledger", disk=Meddling("rename", replace_with(OTHER))
    )
    assert [(one.path, "replaced while" in one.reason) for one in applied.refused] == [("photos/b.png", True)]
    assert Path(f"{three}/photos/b.png").read_bytes() == OTHER
    assert applied.images == 1


def test_a_file_written_over_during_the_rename_is_not_purged(three: str) -> None:
    """Same file, same size, same time: only the bytes say that it is another, and a purge looks at them."""
    plan, ledger = removal(three), f"{three}/ledger"
    applied = cleaning.apply(plan, ledger=ledger, disk=Meddling("rename", lambda path: put(path, OTHER)))
    purged = cleaning.purge(applied, ledger=ledger)
    assert [held.path for held in purged.held] == [f"{three}/photos/b.png"]
    assert "is another file" in purged.held[0].reason
    assert cleaning.undo(applied, ledger=ledger).files == 1
    assert Path(f"{three}/photos/b.png").read_bytes() == OTHER


@pytest.mark.parametrize("meddle", [os.remove, replace_with(OTHER)])
def test_without_its_keeper_nothing_goes(three: str, meddle: Callable[[str], None]) -> None:
    plan, ledger = removal(three), f"{three}/ledger"
    keeper = f"{three}/photos/keeper.png"
    disk = Meddling("append", lambda _path: meddle(keeper))  # after the check, before the act
    applied = cleaning.apply(plan, ledger=ledger, disk=disk)
    assert len(applied.refused) == 2
    assert Path(f"{three}/photos/b.png").read_bytes() == PICTURE


@pytest.mark.parametrize("meddle", [os.remove, replace_with(OTHER)])
def test_what_loses_its_keeper_while_it_goes_comes_back(three: str, meddle: Callable[[str], None]) -> None:
    keeper = f"{three}/photos/keeper.png"
    disk = Meddling("rename", lambda _path: meddle(keeper))
    applied = cleaning.apply(removal(three), ledger=f"{three}/ledger", disk=disk)
    assert (applied.images, len(applied.refused)) == (0, 2)
    assert Path(f"{three}/photos/b.png").read_bytes() == PICTURE
    assert Path(f"{three}/photos/c.png").read_bytes() == PICTURE


@pytest.mark.parametrize("meddle", [os.remove, replace_with(OTHER)])
def test_a_purge_holds_back_what_lost_its_keeper(three: str, meddle: Callable[[str], None]) -> None:
    ledger = f"{three}/ledger"
    applied = cleaning.apply(removal(three), ledger=ledger)
    meddle(f"{three}/photos/keeper.png")
    assert len(cleaning.purge(applied, ledger=ledger).held) == 2
    assert cleaning.undo(applied, ledger=ledger).files == 2


def test_a_keeper_that_leads_into_the_quarantine_is_none(three: str) -> None:
    ledger = f"{three}/ledger"
    applied = cleaning.apply(removal(three), ledger=ledger)
    os.remove(f"{three}/photos/keeper.png")
    os.symlink(f"{applied.places[0]}/photos/b.png", f"{three}/photos/keeper.png")
    purged = cleaning.purge(applied, ledger=ledger)
    assert f"{three}/photos/b.png" in [held.path for held in purged.held]
    assert PICTURE in {Path(p).read_bytes() for p in Path(three).rglob("*.png") if p.is_file()}


def test_something_in_the_quarantine_is_not_overwritten(three: str) -> None:
    def meddle(path: str) -> None:
        place = next(Path(three, ".lookalike-quarantine").glob("*/photos")) / os.path.basename(path)
        place.write_bytes(OTHER)

    before = snapshot(f"{three}/photos")
    applied = cleaning.apply(removal(three), ledger=f"{three}/ledger", disk=Meddling("rename", meddle))
    assert [refusal.reason for refusal in applied.refused] == ["File exists"]
    strange = next(Path(three, ".lookalike-quarantine").glob("*/photos/b.png"))
    assert strange.read_bytes() == OTHER
    cleaning.undo(ledger=f"{three}/ledger")
    assert strange.read_bytes() == OTHER
    assert before.items() <= snapshot(f"{three}/photos").items()


@pytest.mark.parametrize("name", ["b.png", "b" * 251 + ".png", "b" * 255])
def test_an_undo_restores_beside_what_has_appeared(base: Path, name: str) -> None:
    ledger, path = f"{base}/ledger", f"{base}/photos/{name}"
    put(f"{base}/photos/keeper.png", PICTURE)
    put(path, PICTURE)
    plan = plan_of(base, ["photos"], {f"photos/{name}": "photos/keeper.png"})
    applied = cleaning.apply(plan, ledger=ledger)
    put(path, OTHER)
    undone = cleaning.undo(applied, ledger=ledger)
    assert undone.files == 1
    assert Path(path).read_bytes() == OTHER
    assert Path(undone.beside[0][1]).read_bytes() == PICTURE


def test_an_undo_makes_folders_that_are_gone(base: Path) -> None:
    put(f"{base}/photos/keeper.png", PICTURE)
    put(f"{base}/photos/deep/er/b.png", PICTURE)
    before = snapshot(f"{base}/photos")
    plan = plan_of(base, ["photos"], {"photos/deep/er/b.png": "photos/keeper.png"})
    cleaning.apply(plan, ledger=f"{base}/ledger")
    shutil.rmtree(f"{base}/photos/deep")
    cleaning.undo(ledger=f"{base}/ledger")
    assert snapshot(f"{base}/photos") == before


def test_a_keeper_that_is_a_symlink_is_not_linked_to(base: Path) -> None:
    put(f"{base}/photos/real/keeper.png", PICTURE)
    put(f"{base}/photos/b.png", PICTURE)
    os.makedirs(f"{base}/photos/links")
    os.symlink("../real/keeper.png", f"{base}/photos/links/k.png")
    plan = plan_of(base, ["photos"], {"photos/b.png": "photos/links/k.png"}, action="hardlink")
    applied = cleaning.apply(plan, ledger=f"{base}/ledger")
    assert "symlink" in applied.refused[0].reason
    assert Path(f"{base}/photos/b.png").read_bytes() == PICTURE


def test_a_file_put_where_a_link_was_to_be_is_kept(three: str) -> None:
    before = snapshot(f"{three}/photos")

    def meddle(_keeper: str) -> None:
        put(f"{three}/photos/b.png", OTHER)

    ledger = f"{three}/ledger"
    applied = cleaning.apply(removal(three, action="hardlink"), ledger=ledger, disk=Meddling("hardlink", meddle))
    assert [("restored as" in refusal.reason) for refusal in applied.refused] == [True]
    assert Path(f"{three}/photos/b.restored.png").read_bytes() == PICTURE
    cleaning.undo(ledger=ledger)
    now = snapshot(f"{three}/photos")
    assert now["c.png"] == before["c.png"]
    assert Path(f"{three}/photos/b.png").read_bytes() == OTHER


def test_one_ledger_serves_one_process_at_a_time(three: str) -> None:
    plan, ledger = removal(three), f"{three}/ledger"
    os.symlink(ledger, f"{three}/other-name")
    seen: list[str] = []

    def meddle(_path: str) -> None:
        with pytest.raises(UnsafeError, match=str(os.getpid())):
            cleaning.apply(plan, ledger=f"{three}/other-name")
        seen.append("refused")

    assert cleaning.apply(plan, ledger=ledger, disk=Meddling("rename", meddle)).images == 2
    assert seen


def test_two_ledgers_at_once_lose_nothing(three: str) -> None:
    """In the same second, over the same plan: each batch is undone by the ledger and by the manifest of its own."""
    plan, before = removal(three), snapshot(f"{three}/photos")
    ours: list[Any] = []
    theirs = cleaning.apply(
        plan,
        ledger=f"{three}/one",
        disk=Meddling("make_folder", lambda _: ours.append(cleaning.apply(plan, ledger=f"{three}/two"))),
    )
    assert theirs.images + ours[0].images == 2
    for applied in (theirs, *ours):
        for place in applied.places:
            cleaning.undo(from_folder=place, ledger=f"{three}/three")
    assert snapshot(f"{three}/photos") == before


def test_a_clock_that_goes_backwards_changes_no_order(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keeper.png", "b.png", "c.png"):
        put(f"{base}/photos/{name}", PICTURE)
    before, ledger = snapshot(base / "photos"), f"{base}/ledger"
    for year, removals in (
        ("2030", {"photos/b.png": "photos/keeper.png"}),
        ("2020", {"photos/keeper.png": "photos/c.png"}),
        ("2020", {}),
    ):
        monkeypatch.setattr("lookalike.removal.applying.time.strftime", lambda _, year=year: f"{year}-01-01-000000")
        cleaning.apply(plan_of(base, ["photos"], removals), ledger=ledger)
    rows = cleaning.history(ledger=ledger)
    assert [row.name[:4] for row in rows] == ["2030", "2020"]
    assert cleaning.undo(ledger=ledger).batch == rows[1].name
    assert cleaning.undo(ledger=ledger).batch == rows[0].name
    assert snapshot(base / "photos") == before


def test_a_half_line_of_a_full_disk_does_not_spoil_the_manifest(base: Path) -> None:
    target = str(base / "manifest.jsonl")
    Disk.append(target, b"first\n")

    def body() -> None:
        import resource  # noqa: PLC0415 - not there on Windows
        import signal  # noqa: PLC0415 - in the child only

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        with pytest.raises(OSError, match="large"):
            Disk.append(target, b"second line\n")

    assert in_child(body) == 0
    Disk.append(target, b"third\n")
    assert Path(target).read_bytes() == b"first\nthird\n"


@pytest.mark.parametrize("action", ["quarantine", "symlink"])
def test_a_quarantine_may_be_on_another_file_system(base: Path, tmp_path: Path, action: Action) -> None:
    if os.stat(base).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("there is only one file system to write to")
    made = example(base, action, inodes=False)
    plan = replace(made.plan, options=replace(made.plan.options, quarantine=str(tmp_path / "away")))
    applied = cleaning.apply(plan, ledger=made.ledger)
    assert (applied.images, applied.refused) == (len(plan.removals), ())
    assert made.pictures <= pictures(made.photos, tmp_path)
    assert cleaning.undo(from_folder=applied.places[0], ledger=made.ledger).files == applied.files
    made.check_identical()
    assert not (tmp_path / "away").exists() or not os.listdir(tmp_path / "away")


def test_a_disk_that_fails_during_the_recovery_says_so(three: str) -> None:
    plan, ledger, before = removal(three), f"{three}/ledger", snapshot(f"{three}/photos")
    with pytest.raises(UnsafeError, match="any later command"):
        cleaning.apply(plan, ledger=ledger, disk=only_syncs_of(failing(1, errno.EIO), f"{three}/photos"))
    assert "doing" in states(ledger)
    with pytest.raises(UnsafeError, match=os.strerror(errno.EIO)):
        cleaning.apply(plan, ledger=ledger, disk=only_syncs_of(failing(1, errno.EIO), f"{three}/photos"))
    cleaning.undo(ledger=ledger)
    assert snapshot(f"{three}/photos") == before


def only_syncs_of(disk: Disk, folder: str) -> Disk:
    """Return a disk that is another one for syncs of one folder only."""
    only = Disk()
    vars(only)["sync"] = lambda path: disk.sync(path) if path == folder else Disk.sync(path)
    return only
