"""A plan as a shell script, run by a real sh on hostile names; a quarantine that it fills is like any other."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.errors import UsageError
from lookalike.plan import Decision, Plan
from lookalike.removal.rechecking import Ready, Rechecker
from lookalike.removal.scripting import script_of
from removals import Album, tree

pytestmark = pytest.mark.skipif(
    shutil.which("sha256sum") is None or os.name == "nt", reason="the script needs sha256sum"
)
KEEPER = "keep $(touch pwned)\n'.jpg"
HOSTILE = [
    "-rf", "a b.jpg", "line\nbreak.jpg", "quote's.jpg", 'double".jpg', "$(touch pwned).jpg", "`touch pwned`.jpg",
    "\\.jpg", "*?[a].jpg",
    "\udcff\udcfe.jpg", "~", "#x; exit 3", "LINES", "x" * 255, "d\n/-e/\t.jpg", " trailing ",
]  # fmt: skip


@pytest.fixture
def album(tmp_path: Path) -> Album:
    """Return an album with a keeper and a duplicate of every hostile name."""
    made = Album(tmp_path)
    made.put(KEEPER)
    for name in HOSTILE:
        made.put(name)
    return made


def whole(album: Album, **options: Any) -> Plan:
    return album.plan(album.decide(KEEPER), *(album.decide(name, KEEPER) for name in HOSTILE), **options)


def sh(album: Album, script: bytes) -> "subprocess.CompletedProcess[bytes]":
    path = os.path.join(album.folder, "script.sh")
    Path(path).write_bytes(script)
    subprocess.run(["sh", "-n", path], check=True)
    return subprocess.run(["sh", path], cwd=album.folder, capture_output=True, check=False, timeout=120)


def quarantine(album: Album) -> str:
    return os.path.join(album.folder, ".lookalike-quarantine", "batch")


def test_everything_goes_as_it_is_named_and_undo_brings_it_back(album: Album) -> None:
    before = tree(album.root)
    script, refused = script_of(whole(album), "batch", "1.0")
    assert not refused
    assert tree(album.root) == before
    done = sh(album, script)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert set(os.listdir(album.root)) == {KEEPER, "d\n"}
    assert not any("pwned" in name for name in os.listdir(album.folder))
    assert la.undo(from_folder=quarantine(album), ledger=album.ledger).files == len(HOSTILE)
    assert tree(album.root) == before


def test_a_second_run_finds_nothing_to_do_and_says_so(album: Album) -> None:
    script, _ = script_of(whole(album), "batch", "1.0")
    assert sh(album, script).returncode == 0
    after = tree(album.root)
    again = sh(album, script)
    assert again.returncode == 4
    assert again.stderr.count(b"left alone, its place is taken") == len(HOSTILE)
    assert tree(album.root) == after


def test_what_has_changed_since_is_left_alone_and_the_rest_goes(album: Album) -> None:
    script, _ = script_of(whole(album), "batch", "1.0")
    album.put("a b.jpg", b"a pictura")  # of the same size, at the same time
    done = sh(album, script)
    assert done.returncode == 4
    assert b"left alone, it has changed: " in done.stderr
    assert Path(album.at("a b.jpg")).read_bytes() == b"a pictura"
    assert not os.path.lexists(album.at("-rf"))


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_goes_without_its_keeper(album: Album, gone: bool) -> None:
    script, _ = script_of(whole(album), "batch", "1.0")
    keeper = album.put(KEEPER, b"another")
    if gone:
        os.unlink(keeper)
    before = tree(album.root)
    done = sh(album, script)
    assert done.returncode == 4
    assert done.stderr.count(b"left alone, its keeper has changed: ") == len(HOSTILE)
    assert tree(album.root) == before


@pytest.mark.parametrize("action", ["hardlink", "symlink"])
def test_links_stand_where_files_were(album: Album, action: str) -> None:
    before = tree(album.root)
    script, refused = script_of(whole(album, action=action), "batch", "1.0")
    assert not refused
    done = sh(album, script)
    assert (done.returncode, done.stderr) == (0, b"")
    for name in HOSTILE:
        assert os.path.islink(album.at(name)) == (action == "symlink")
        assert os.path.samefile(album.at(name), album.at(KEEPER))
    assert la.undo(from_folder=quarantine(album), ledger=album.ledger).files == len(HOSTILE)
    assert tree(album.root) == before


def test_a_keeper_of_other_bytes_is_checked_by_its_own(album: Album) -> None:
    album.put("k.png", encode(scene(1), "PNG"))
    for name in ("b.bmp", "c.bmp"):
        album.put(name, encode(scene(1), "BMP"))
    plan = album.plan(album.decide("k.png"), album.decide("b.bmp", "k.png"))
    script, refused = script_of(plan, "batch", "1.0")
    assert not refused
    done = sh(album, script)
    assert (done.returncode, done.stderr, os.path.exists(album.at("b.bmp"))) == (0, b"", False)
    script, _ = script_of(album.plan(album.decide("k.png"), album.decide("c.bmp", "k.png")), "next", "1.0")
    album.put("k.png", encode(scene(2), "PNG"))
    assert sh(album, script).returncode == 4
    assert os.path.exists(album.at("c.bmp"))


def test_what_is_unsafe_now_is_not_in_the_script(album: Album) -> None:
    plan = whole(album)
    album.put("-rf", b"changed")
    script, refused = script_of(plan, "batch", "1.0")
    assert [(one.path, one.reason) for one in refused] == [
        ("photos/-rf", "its content has changed since the plan was made")
    ]
    assert b"photos/-rf" not in script.partition(b"\ngo ")[2]


def test_a_file_replaced_after_it_was_checked_is_not_in_the_script(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum is of the bytes that were checked, not of what has their name when it is made."""
    plan, check = whole(album), Rechecker.__call__

    def meddling(self: Rechecker, decision: Decision) -> list[Ready]:
        found = check(self, decision)
        if decision.path == "photos/a b.jpg":
            album.put("a b.jpg", b"a pictura")
        return found

    monkeypatch.setattr(Rechecker, "__call__", meddling)
    script, refused = script_of(plan, "batch", "1.0")
    assert [one.path for one in refused] == ["photos/a b.jpg"]
    assert "was changed while it was being checked" in refused[0].reason
    assert sh(album, script).returncode == 0
    assert Path(album.at("a b.jpg")).read_bytes() == b"a pictura"


def test_metadata_that_would_be_merged_keep_an_image_out(album: Album) -> None:
    plan = whole(album, metadata="merge")
    first = replace(plan.removals[0], metadata=("rating",))
    changed = replace(plan, decisions=(plan.decisions[0], first))
    script, refused = script_of(changed, "batch", "1.0")
    assert "metadata would have to be merged" in refused[0].reason
    assert b"\ngo " not in script


@pytest.mark.parametrize("action", ["trash", "delete"])
def test_actions_that_no_script_does_are_refused(album: Album, action: str) -> None:
    with pytest.raises(UsageError, match=f"no script is written for the action {action}"):
        script_of(whole(album, action=action), "batch", "1.0")


def test_where_no_link_can_be_made_every_file_is_back(album: Album) -> None:
    before = tree(album.root)
    script, _ = script_of(whole(album, action="reflink"), "batch", "1.0")
    done = sh(album, script)
    made = len(HOSTILE) - done.stderr.count(b"left alone, no link can be made: ")
    if made:
        pytest.skip("files can share data here")
    assert done.returncode == 4
    assert tree(album.root) == before


def test_a_keeper_that_is_a_symlink_to_the_file_by_now_brings_it_back(album: Album) -> None:
    script, _ = script_of(whole(album), "batch", "1.0")
    os.unlink(album.at(KEEPER))
    album.link(KEEPER, "a b.jpg")
    done = sh(album, script)
    assert done.stderr.count(b"left alone, its keeper went with it: ") == 1
    assert Path(album.at("a b.jpg")).read_bytes() == b"a picture"
