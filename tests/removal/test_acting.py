"""Files are moved, linked and brought back, whatever they are called and however their trees are laid out."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from lookalike import cleaning
from lookalike.errors import UnsafeError
from lookalike.files import Disk, digest_of, look_at
from lookalike.journal import QUARANTINE, Entry, Kind
from lookalike.opening import open_ledger
from lookalike.removal import acting
from lookalike.removal.acting import act, settle, state_of, sweep, take_back
from removals import Album, album, quick_folder, tree

__all__ = ["album", "quick_folder"]

NAMES = [
    "a\nb.png", "-rf.png", "--help", " .png", "a\tb\r.png", "'; rm -rf ~ #.png", "$(true)`id`.png", "*?[a].png", "\\.png",
    "e\u0301.png", "\u00e9.png", "IMG.PNG", "img.png", "Img.png", "\u202egnp.png", "\U0001f4f7.png", "manifest.jsonl",
    ".hidden", "%2e%2e%2f.png", "n" * 251 + ".png", "é" * 127, "CON", "a.", "~", os.fsdecode(b"\xff\xfe.png"),
    os.fsdecode(b"Yf8=\x80"), "Yf8=", "a" + "\u0300" * 60,
]  # fmt: skip


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
@pytest.mark.parametrize("by", ["ledger", "manifest", "manifest elsewhere"])
def test_any_name_goes_and_comes_back(album: Album, action: str, by: str) -> None:
    album.put("k.png")
    for name in NAMES:
        album.put(name)
        album.put(os.path.join("-folder\n", name, "x.png"))
    for name in NAMES[:12]:
        os.chmod(album.put(os.path.join("modes", name)), 0o400)
    files = [
        os.path.relpath(os.path.join(folder, name), album.root)
        for folder, _, names in os.walk(album.root)
        for name in names
    ]
    going = [name for name in files if name != "k.png"]
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), *(album.decide(name, "k.png") for name in going), action=action)
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.images, done.refused) == (len(going), ())
    assert tree(album.root) != before
    if by == "manifest elsewhere" and action == "quarantine":  # both folders were moved, and the ledger is lost
        moved = os.path.join(album.folder, "moved")
        os.mkdir(moved)
        for name in ("photos", QUARANTINE):
            os.rename(os.path.join(album.folder, name), os.path.join(moved, name))
        undone = cleaning.undo(from_folder=os.path.join(moved, QUARANTINE, str(done.batch)), ledger=album.ledger + "-2")
        album.root = os.path.join(moved, "photos")
    elif by == "ledger":
        undone = cleaning.undo(done, ledger=album.ledger)
    else:
        undone = cleaning.undo(from_folder=done.places[0], ledger=album.ledger)
    assert (undone.files, undone.beside, undone.refused) == (len(going), (), ())
    assert tree(album.root) == before
    assert not os.path.lexists(os.path.join(album.folder, QUARANTINE))


def test_a_path_too_long_for_the_quarantine_is_refused_alone(album: Album) -> None:
    deep = "/".join(["e" * 200] * 19 + ["e" * (4080 - len(album.root) - 20 * 201 + 200)])
    handle = os.open(album.root, os.O_RDONLY)
    for name in deep.split("/"):
        os.mkdir(name, dir_fd=handle)
        inner = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    file = os.open("x.png", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
    os.write(file, b"a picture")
    os.close(file)
    os.close(handle)
    album.put("k.png")
    album.put("b.png")
    before = album.at(f"{deep}/x.png")
    assert 4000 < len(before) < 4096
    plan = album.plan(album.decide("k.png"), album.decide(f"{deep}/x.png", "k.png"), album.decide("b.png", "k.png"))
    done = cleaning.apply(plan, ledger=album.ledger)
    assert done.images == 1
    assert [item.reason for item in done.refused] == ["nothing can be put into the quarantine: File name too long"]
    assert os.path.exists(before)
    assert cleaning.undo(done, ledger=album.ledger).files == 1
    assert not os.path.exists(os.path.join(album.folder, QUARANTINE))


def test_a_folder_deeper_than_python_recurses(album: Album) -> None:
    class Quick(Disk):
        def sync(self, folder: str) -> None:
            """Leave it to the system: a thousand folders are many."""

    name = "d/" * 1010 + "x.png"
    album.put("k.png")
    subprocess.run(["mkdir", "-p", album.at("d/" * 1010)], check=True)
    Path(album.at(name)).write_bytes(b"a picture")
    done = cleaning.apply(
        album.plan(album.decide("k.png"), album.decide(name, "k.png")), ledger=album.ledger, disk=Quick()
    )
    assert done.files == 1
    assert cleaning.undo(ledger=album.ledger, disk=Quick()).files == 1
    assert os.path.exists(album.at(name))
    assert not os.path.exists(os.path.join(album.folder, QUARANTINE))


def annex(album: Album) -> list[str]:
    """Lay out files as git-annex does: links to objects that nobody may write, in folders that nobody may write."""
    objects = []
    for name, key in (("a.png", "one"), ("sub/b.png", "two"), ("c.png", "one")):
        folder = f".git/annex/objects/Xx/{key}/SHA256E-s9--{key}.png"
        content = f"{folder}/SHA256E-s9--{key}.png"
        if not os.path.lexists(album.at(content)):
            os.chmod(album.put(content), 0o444)
            objects.append(content)
        album.link(name, os.path.relpath(album.at(content), os.path.dirname(album.at(name))))
        os.chmod(album.at(folder), 0o555)
    return objects


def hugging_face(album: Album) -> list[str]:
    """Lay out files as the cache of the Hugging Face hub does."""
    for name, blob in (("a.png", "1f"), ("sub/b.png", "2e"), ("c.png", "1f")):
        if not os.path.lexists(album.at(f"blobs/{blob}")):
            album.put(f"blobs/{blob}")
        link = f"snapshots/0a1b/{name}"
        album.link(link, os.path.relpath(album.at(f"blobs/{blob}"), os.path.dirname(album.at(link))))
    return ["blobs/1f", "blobs/2e"]


@pytest.mark.parametrize("layout", [annex, hugging_face])
@pytest.mark.parametrize("by", ["ledger", "manifest"])
def test_of_linked_trees_only_links_move(album: Album, layout: object, by: str) -> None:
    assert callable(layout)
    objects = layout(album)
    names = ["a.png", "sub/b.png", "c.png"]
    keeper, going, same = names if layout is annex else [f"snapshots/0a1b/{name}" for name in names]
    before = tree(album.root)
    seen = {name: look_at(album.at(name)) for name in objects}
    plan = album.plan(album.decide(keeper), album.decide(going, keeper), album.decide(same, keeper))
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.images, done.size) == (1, 0)  # a link takes no space
    assert [item.reason for item in done.refused] == ["it is the same file as its keeper"]
    assert {name: look_at(album.at(name)) for name in objects} == seen
    assert set(before) - set(tree(album.root)) == {os.fsencode(going)}
    undone = cleaning.undo(ledger=album.ledger) if by == "ledger" else cleaning.undo(from_folder=done.places[0])
    assert (undone.files, undone.size, undone.refused) == (1, 0, ())
    assert tree(album.root) == before
    done = cleaning.apply(plan, ledger=album.ledger)
    if by == "ledger":
        gone = cleaning.purge(done, ledger=album.ledger)
        assert (gone.files, gone.size, gone.held) == (1, 0, ())
    assert {name: look_at(album.at(name)) for name in objects} == seen


def entry_of(album: Album, name: str, kind: Kind, keeper: str = "k.png") -> Entry:
    path = album.at(name)
    seen = look_at(path)
    place = os.path.join(album.folder, "q", name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    return Entry(
        1, kind, path, place, album.at(keeper), digest_of(path), digest_of(album.at(keeper)), seen.size, seen.mtime_ns,
        seen.mode, seen.target,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["move", "hardlink", "symlink"])
def test_an_act_taken_back_is_none_also_twice(album: Album, kind: Kind) -> None:
    album.put("k.png")
    album.put("b.png")
    before = tree(album.root)
    entry = entry_of(album, "b.png", kind)
    assert state_of(entry) == "undone"
    act(Disk(), entry)
    assert state_of(entry) == "done"
    assert take_back(Disk(), entry) is None
    assert tree(album.root) == before
    assert take_back(Disk(), entry) is None
    assert state_of(entry) == "undone"


def test_whose_place_is_empty_is_back_only_where_its_bytes_are(album: Album) -> None:
    album.put("k.png")
    path = album.put("b.png")
    entry = entry_of(album, "b.png", "move")
    act(Disk(), entry)
    assert entry.place is not None
    os.rename(entry.place, album.at("elsewhere.png"))
    Path(album.folder, "q", QUARANTINE).touch()  # the quarantine itself is there
    with pytest.raises(UnsafeError, match="neither where it was nor in the quarantine"):
        take_back(Disk(), entry)
    shutil.copyfile(album.at("elsewhere.png"), path)  # by somebody, so that only the bytes agree
    assert take_back(Disk(), entry) is None
    os.unlink(path)
    os.symlink("elsewhere.png", path)
    for make in (lambda: Path(path).write_bytes(b"a pictura"), lambda: os.mkdir(path)):
        with pytest.raises(UnsafeError, match="what has its name now is something else"):
            take_back(Disk(), entry)
        os.unlink(path)
        make()
    with pytest.raises(UnsafeError, match="what has its name now is something else"):
        take_back(Disk(), entry)


def test_what_is_in_the_trash_is_not_taken_back(album: Album) -> None:
    class Trashing(Disk):
        def trash(self, path: str) -> None:
            os.rename(path, os.path.join(album.folder, "trashed.png"))

    album.put("k.png")
    album.put("b.png")
    entry = replace(entry_of(album, "b.png", "trash"), place=None)
    assert state_of(entry) == "undone"
    act(Trashing(), entry)
    assert state_of(entry) == "done"
    for _ in range(2):
        with pytest.raises(UnsafeError, match="in the trash of the desktop: restore it there"):
            take_back(Disk(), entry)
    album.put("b.png")
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), action="trash")
    done = cleaning.apply(plan, ledger=album.ledger, disk=Trashing())
    assert (done.files, done.places) == (1, ())
    with open_ledger(album.ledger) as ledger:
        assert [one.place for one in ledger.entries()] == [None]


def test_what_was_written_is_taken_back_unless_somebody_changed_it(album: Album) -> None:
    album.put("k.png")
    path = album.at("k.xmp")
    entry = Entry(1, "write", path, None, album.at("k.png"), blake3(b"metadata").digest(), None, 0, 0, 0)
    assert state_of(entry) == "undone"
    act(Disk(), entry, b"metadata")
    assert Path(path).read_bytes() == b"metadata"
    assert state_of(entry) == "half"  # only the journal knows that it was done
    assert settle(Disk(), entry, state_of(entry)) is None
    assert not os.path.lexists(path)
    assert take_back(Disk(), entry) is None
    album.put("k.xmp", b"somebody's")
    assert state_of(entry) == "undone"
    with pytest.raises(UnsafeError, match="it was changed since, so it stays as it is"):
        take_back(Disk(), entry)
    assert Path(path).read_bytes() == b"somebody's"


@pytest.mark.parametrize("kind", ["move", "hardlink", "symlink", "reflink"])
def test_how_far_an_act_got_is_told_by_both_names(album: Album, kind: Kind) -> None:
    album.put("k.png", b"its keeper")
    path = album.put("b.png")
    entry = entry_of(album, "b.png", kind)
    place = str(entry.place)
    os.unlink(album.at("k.png"))  # it is no part of the answer
    os.link(path, place)  # by link and unlink, the file was in both places
    assert state_of(entry) == "copied"
    assert settle(Disk(), entry, "copied") is None
    assert (os.path.lexists(path), os.path.lexists(place)) == (True, False)
    Path(place).write_bytes(b"somebody's")
    assert state_of(entry) == "undone"
    assert settle(Disk(), entry, "undone") is None
    assert Path(place).read_bytes() == b"somebody's"
    os.replace(path, place)
    assert state_of(entry) == ("done" if kind == "move" else "half")
    Path(path).write_bytes(b"another one")
    assert state_of(entry) == ("done" if kind == "move" else "half")
    os.unlink(path)
    Path(place).write_bytes(b"a longer picture")
    assert state_of(entry) == "half"
    os.unlink(place)
    assert state_of(entry) == "lost"
    assert settle(Disk(), entry, "lost") is None
    with pytest.raises(UnsafeError, match="the quarantine is not there now"):
        take_back(Disk(), entry)
    Path(place).with_name(QUARANTINE).touch()
    with pytest.raises(UnsafeError, match="neither where it was nor in the quarantine"):
        take_back(Disk(), entry)


def test_a_symlink_is_in_both_places_where_both_say_the_same(album: Album) -> None:
    album.put("k.png")
    album.link("l.png", "k.png")
    entry = entry_of(album, "l.png", "move")
    os.symlink("other.png", str(entry.place))
    assert state_of(entry) == "undone"
    os.unlink(str(entry.place))
    os.symlink("k.png", str(entry.place))
    assert state_of(entry) == "copied"


@pytest.mark.parametrize("kind", ["move", "hardlink"])
def test_what_cannot_be_read_is_not_given_up_for_a_copy(
    album: Album, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.put("k.png")
    album.put("b.png")
    entry = entry_of(album, "b.png", kind)
    act(Disk(), entry)
    if kind == "move":
        os.link(str(entry.place), entry.origin)

    def failing(path: str) -> bytes:
        if path == entry.place:
            raise OSError(5, "Input/output error")
        return digest_of(path)

    monkeypatch.setattr(acting, "digest_of", failing)
    assert take_back(Disk(), entry) == album.at("b.restored.png")
    assert os.path.lexists(entry.origin)


def test_what_somebody_put_in_the_place_of_a_file_is_not_taken_for_ours(album: Album) -> None:
    album.put("k.png")
    for kind in ("move", "hardlink"):
        album.put("b.png")
        entry = entry_of(album, "b.png", kind)
        act(Disk(), entry)
        if kind == "move":
            os.utime(album.put("b.png"), ns=(1, 2))  # equal bytes, but of another time
        else:
            os.unlink(album.at("b.png"))
            os.mkdir(album.at("b.png"))
        assert take_back(Disk(), entry) == album.at("b.restored.png")
        assert os.path.lexists(album.at("b.png"))
        assert look_at(album.at("b.restored.png")).mtime_ns == entry.mtime_ns
        os.unlink(album.at("b.restored.png"))
        if kind == "move":
            os.unlink(album.at("b.png"))


@pytest.mark.parametrize("kind", ["hardlink", "symlink", "reflink"])
def test_where_no_link_can_be_made_the_file_is_back(album: Album, kind: Kind) -> None:
    class Unable(Disk):
        def hardlink(self, _source: str, _target: str) -> None:
            raise PermissionError(1, "not here")

        symlink = reflink = hardlink

    album.put("k.png")
    album.put("b.png")
    before = tree(album.root)
    entry = entry_of(album, "b.png", kind)
    with pytest.raises(PermissionError):
        act(Unable(), entry)
    settle(Disk(), entry, state_of(entry))
    assert tree(album.root) == before
    assert os.listdir(os.path.join(album.folder, "q")) == []


def test_what_lies_in_the_way_is_not_overwritten_in_either_direction(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    entry = entry_of(album, "b.png", "move")
    assert entry.place is not None
    Path(entry.place).write_bytes(b"there")
    with pytest.raises(FileExistsError):
        act(Disk(), entry)
    assert Path(entry.place).read_bytes() == b"there"
    os.unlink(entry.place)
    act(Disk(), entry)
    album.put("b.png", b"new")
    album.put("b.restored.png", b"too")
    assert take_back(Disk(), entry) == album.at("b.restored-2.png")
    contents = {Path(album.at(name)).read_bytes() for name in ("b.png", "b.restored.png", "b.restored-2.png")}
    assert contents == {b"new", b"too", b"a picture"}


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "é" * 127, "n" * 255, "." + "n" * 254])
def test_a_name_with_no_room_for_a_mark_is_shortened_beside(album: Album, name: str) -> None:
    album.put("k.png")
    album.put(name)
    entry = entry_of(album, name, "move")
    act(Disk(), entry)
    album.put(name, b"new")
    beside = take_back(Disk(), entry)
    assert beside is not None
    assert len(os.fsencode(os.path.basename(beside))) <= 255
    assert Path(beside).read_bytes() == b"a picture"
    assert Path(album.at(name)).read_bytes() == b"new"


def test_a_file_replaced_right_before_it_moves_is_put_back(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    entry = entry_of(album, "b.png", "move")
    album.put("b.png", b"others!!!")
    os.utime(album.at("b.png"), ns=(1, 2))
    before = tree(album.root)
    with pytest.raises(Exception, match="replaced while it was being moved"):
        act(Disk(), entry)
    settle(Disk(), entry, state_of(entry))
    assert tree(album.root) == before


@pytest.mark.parametrize("kind", ["hardlink", "reflink"])
def test_a_good_link_is_not_given_up_for_a_damaged_file(album: Album, kind: Kind) -> None:
    album.put("k.png")
    album.put("b.png")
    entry = entry_of(album, "b.png", "hardlink")
    act(Disk(), entry)
    assert entry.place is not None
    status = os.stat(entry.place)
    Path(entry.place).write_bytes(b"a pictura")
    os.utime(entry.place, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.unlink(album.at("k.png"))  # the link is all that is left
    assert take_back(Disk(), replace(entry, kind=kind)) == album.at("b.restored.png")
    assert Path(album.at("b.png")).read_bytes() == b"a picture"


def test_only_what_an_interrupted_copy_leaves_is_swept(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    mine = [".lookalike-part-holiday.png", ".lookalike-part-", ".lookalike-part-abcdefg", ".lookalike-part-abcdefgh2"]
    for name in mine:
        album.put(name)
    album.put(".lookalike-part-ab12_xyz")
    sweep(Disk(), [str(album.root)])
    assert sorted(os.listdir(album.root)) == sorted([*mine, "b.png", "k.png"])
