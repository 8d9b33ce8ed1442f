"""The last look: paths spelled twice, links that lead elsewhere, things that are no files, places where nothing is done."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike import cleaning
from lookalike.errors import SourceError, UnsafeError, UsageError
from lookalike.journal import QUARANTINE
from lookalike.removal.rechecking import resolve
from lookalike.removal.scripting import script_of
from removals import Album, album, quick_folder, refused, tree

__all__ = ["album", "quick_folder"]


@pytest.mark.parametrize("spelling", ["./b.png", "sub/../b.png", "../photos/b.png", "again/b.png", ".//b.png"])
def test_a_file_spelled_twice_goes_once_and_comes_back(album: Album, spelling: str) -> None:
    album.put("k.png")
    album.put("b.png")
    album.put("sub/x.png")
    album.link("again", ".")
    before = tree(album.root)
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), album.decide(spelling, "k.png"))
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.files, [item.path for item in done.refused]) == (1, [os.path.join("photos", spelling)])
    assert cleaning.undo(from_folder=done.places[0], ledger=album.ledger).files == 1
    assert tree(album.root) == before


@pytest.mark.parametrize("spelling", ["./k.png", "sub/../k.png", "again/k.png"])
def test_a_keeper_never_goes_whatever_it_is_called(album: Album, spelling: str) -> None:
    for name in ("k.png", "b.png", "other.png", "sub/x.png"):
        album.put(name)
    album.link("again", ".")
    why = refused(album, album.decide("k.png"), album.decide(spelling, "k.png"))
    assert list(why.values()) == ["the plan also keeps it, by another spelling of its path"]
    keepers = album.decide("k.png"), album.decide("other.png")
    why = refused(album, *keepers, album.decide(spelling, "other.png"), album.decide("b.png", "k.png"))
    assert list(why.values()) == ["the plan also keeps it, by another spelling of its path", "its keeper goes itself"]


def test_a_keeper_whose_other_name_goes_is_none(album: Album) -> None:
    for name in ("k.png", "b.png", "other.png", "gone.png"):
        album.put(name)
    os.link(album.at("k.png"), album.at("k2.png"))
    plan = album.plan(
        album.decide("k.png"), album.decide("other.png"),
        album.decide("gone.png", "other.png"), album.decide("b.png", "k.png"), album.decide("k2.png", "other.png"),
    )  # fmt: skip
    os.unlink(album.at("gone.png"))
    done = cleaning.apply(plan, ledger=album.ledger)
    why = {item.path: item.reason for item in done.refused}
    assert (sorted(why), why["photos/b.png"]) == (["photos/b.png", "photos/gone.png"], "its keeper goes itself")
    assert refused(album, album.decide("k.png"), replace(album.decide("b.png", "k.png"), path="photos/k.png/")) != {}


def test_hard_links_of_the_keeper_are_the_same_file(album: Album) -> None:
    album.put("k.png")
    os.link(album.at("k.png"), album.at("b.png"))
    album.link("c.png", "k.png")
    why = refused(album, album.decide("k.png"), album.decide("b.png", "k.png"), album.decide("c.png", "k.png"))
    assert set(why.values()) == {"it is the same file as its keeper"}


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_a_keeper_by_way_of_symlinks_needs_each_of_them(album: Album, hops: int) -> None:
    for name in ("hop0.png", "other.png", "b.png"):
        album.put(name)
    for hop in range(1, hops + 2):
        album.link(f"hop{hop}.png", f"hop{hop - 1}.png")
    for going in range(hops + 1):
        plan = album.plan(
            album.decide(f"hop{hops + 1}.png"), album.decide("other.png"),
            album.decide("b.png", f"hop{hops + 1}.png"), album.decide(f"hop{going}.png", "other.png"),
        )  # fmt: skip
        done = cleaning.apply(plan, ledger=album.ledger)
        assert ("photos/b.png", "its keeper goes itself") in [(item.path, item.reason) for item in done.refused]
        assert os.path.lexists(album.at("b.png"))
        if done.files:
            cleaning.undo(done, ledger=album.ledger)


def test_a_hardlink_to_a_symlink_is_refused_and_other_links_lead_to_the_picture(album: Album) -> None:
    album.put("blobs/x")
    album.link("k.png", "blobs/x")
    album.put("sub/b.png")
    before = tree(album.root)
    why = refused(album, album.decide("k.png"), album.decide("sub/b.png", "k.png"), action="hardlink")
    assert why == {"photos/sub/b.png": "its keeper is a symlink, which a hardlink would only repeat"}
    plan = album.plan(album.decide("k.png"), album.decide("sub/b.png", "k.png"), action="symlink")
    assert cleaning.apply(plan, ledger=album.ledger).files == 1
    assert Path(album.at("sub/b.png")).read_bytes() == b"a picture"
    assert cleaning.undo(ledger=album.ledger).files == 1
    assert tree(album.root) == before


def test_a_folder_that_has_become_a_symlink_leads_nowhere(album: Album) -> None:
    album.put("k.png")
    album.put("sub/b.png")
    plan = album.plan(album.decide("k.png"), album.decide("sub/b.png", "k.png"))
    os.rename(album.at("sub"), os.path.join(album.folder, "outside"))
    album.link("sub", "../outside")
    done = cleaning.apply(plan, ledger=album.ledger)
    assert [item.reason for item in done.refused] == ["it lies outside the roots of the plan"]
    assert os.path.exists(os.path.join(album.folder, "outside", "b.png"))


def test_a_root_that_has_become_a_symlink_leads_nowhere(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"))
    os.rename(album.root, os.path.join(album.folder, "elsewhere"))
    os.symlink("elsewhere", album.root)
    with pytest.raises(SourceError, match=r"as seen from its folder .* is .*/elsewhere"):
        cleaning.apply(plan, ledger=album.ledger)
    assert os.path.exists(album.at("b.png"))
    assert cleaning.history(ledger=album.ledger) == []


def test_a_plan_is_carried_out_where_it_was_made_or_not_at_all(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"))
    gone = os.path.join(album.folder, "gone")
    with pytest.raises(SourceError, match=r"start from .*/gone, which is not there: make the plan again"):
        cleaning.apply(replace(plan, folder=gone), ledger=album.ledger)
    os.makedirs(os.path.join(gone, "photos"))
    for do in (
        lambda moved: cleaning.apply(moved, ledger=album.ledger),
        lambda moved: script_of(moved, "batch", "1.0"),
    ):
        with pytest.raises(SourceError, match=r"as seen from its folder .*/gone is .*/gone/photos"):
            do(replace(plan, folder=gone))
    assert cleaning.apply(plan, ledger=album.ledger).files == 1


def test_of_a_root_that_is_a_file_its_neighbours_are_outside(album: Album) -> None:
    for name in ("k.png", "b.png", "c.png"):
        album.put(name)
    plan = album.plan(
        album.decide("k.png"), album.decide("b.png", "k.png"), album.decide("c.png", "k.png"),
        roots=("photos/k.png", "photos/b.png"),
    )  # fmt: skip
    done = cleaning.apply(plan, ledger=album.ledger)
    assert done.files == 1
    assert [(item.path, item.reason) for item in done.refused] == [
        ("photos/c.png", "it lies outside the roots of the plan")
    ]


def _replace_by(make: Callable[[str], object]) -> Callable[[str], object]:
    def do(path: str) -> None:
        os.unlink(path)
        make(path)

    return do


CHANGES: dict[str, tuple[Callable[[str], object], str]] = {
    "gone": (os.unlink, "is not there any more"),
    "pipe": (_replace_by(os.mkfifo), "not an ordinary file"),
    "folder": (_replace_by(os.mkdir), "not an ordinary file"),
    "device": (_replace_by(lambda path: os.symlink("/dev/zero", path)), "not an ordinary file"),
    "loop": (_replace_by(lambda path: os.symlink(os.path.basename(path), path)), "Too many levels"),
    "dangling": (_replace_by(lambda path: os.symlink("nowhere", path)), "is not there any more"),
    "other": (_replace_by(lambda path: Path(path).write_bytes(b"others!!!")), "has changed since the plan was made"),
}


@pytest.mark.parametrize("who", ["b.png", "k.png"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_since_the_plan_stays(album: Album, change: str, who: str) -> None:
    album.put("k.png")
    album.put("b.png")
    decisions = album.decide("k.png"), album.decide("b.png", "k.png")
    do, reason = CHANGES[change]
    times = os.stat(album.at(who))
    do(album.at(who))
    if change == "other":  # same size, same time
        os.utime(album.at(who), ns=(times.st_atime_ns, times.st_mtime_ns))
    why = refused(album, *decisions)
    assert reason in why["photos/b.png"]


def test_a_link_that_is_a_file_now_and_a_file_that_is_a_link_now_stay(album: Album) -> None:
    album.put("k.png")
    album.put("b.png")
    album.put("target.png")
    album.link("l.png", "target.png")
    decisions = album.decide("k.png"), album.decide("b.png", "k.png"), album.decide("l.png", "k.png")
    for name in ("b.png", "l.png"):
        os.unlink(album.at(name))
    album.link("b.png", "target.png")
    album.put("l.png")
    why = refused(album, *decisions)
    assert why == {"photos/b.png": "it is a symlink now", "photos/l.png": "it is no symlink any more"}


@pytest.mark.parametrize("folder", ["x.photoslibrary", "Y.LRLIBRARY", "deep/z.cocatalog/originals", "p.lrdata"])
def test_nothing_is_done_inside_the_library_of_an_application(album: Album, folder: str) -> None:
    album.put("k.png")
    album.put(f"{folder}/b.png")
    why = refused(album, album.decide("k.png"), album.decide(f"{folder}/b.png", "k.png"))
    assert "which an application keeps to itself" in why[f"photos/{folder}/b.png"]
    plan = album.plan(album.decide(f"{folder}/b.png"), album.decide("k.png", f"{folder}/b.png"))
    assert cleaning.apply(plan, ledger=album.ledger).files == 1  # what lies there may be a keeper


def test_nothing_is_done_inside_a_quarantine_and_nothing_in_it_is_a_keeper(album: Album) -> None:
    album.put("k.png")
    album.put(f"{QUARANTINE}/old/b.png")
    inner = f"{QUARANTINE}/old/b.png"
    assert refused(album, album.decide("k.png"), album.decide(inner, "k.png")) == {
        f"photos/{inner}": "it lies in a quarantine"
    }
    assert refused(album, album.decide(inner), album.decide("k.png", inner)) == {
        "photos/k.png": "its keeper lies in a quarantine"
    }
    album.put("q/b.png")
    os.symlink("photos/q", os.path.join(album.folder, "way"))
    for chosen in ("photos/q", "way", album.at("q")):
        why = refused(album, album.decide("k.png"), album.decide("q/b.png", "k.png"), quarantine=chosen)
        assert why == {"photos/q/b.png": "it lies in a quarantine"}


@pytest.mark.parametrize("path", ["photos/..", "photos/.", "photos/b.png/", "..", "/", "photos/b.png/.."])
def test_what_ends_in_no_name_is_no_file(album: Album, path: str) -> None:
    album.put("k.png")
    album.put("b.png")
    why = refused(album, album.decide("k.png"), replace(album.decide("b.png", "k.png"), path=path))
    assert list(why) == [path]
    with pytest.raises(UnsafeError, match="no name of a file"):
        resolve("/", path)


@pytest.mark.parametrize("path", ["", "a\0b", "a\ud800"])
def test_what_no_file_can_be_called_is_no_path(album: Album, path: str) -> None:
    album.put("k.png")
    album.put("b.png")
    keep, remove = album.decide("k.png"), album.decide("b.png", "k.png")
    part = replace(album.part("b.png", None), path=path)
    for changed in (replace(remove, path=path), replace(remove, parts=(part,))):
        with pytest.raises(UsageError, match="is no path"):
            album.plan(keep, changed)


def test_paths_outside_the_roots_stay(album: Album) -> None:
    album.put("k.png")
    outside = os.path.join(album.folder, "photos-2", "b.png")
    os.makedirs(os.path.dirname(outside))
    Path(outside).write_bytes(b"a picture")
    for path in (outside, "photos/../photos-2/b.png", "photos-2/b.png"):
        done = cleaning.apply(
            album.plan(album.decide("k.png"), replace(album.decide("k.png", "x"), path=path, keeper="photos/k.png")),
            ledger=album.ledger,
        )
        assert [item.reason for item in done.refused] == ["it lies outside the roots of the plan"]
    assert os.path.exists(outside)


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
def test_names_of_one_file_go_together(album: Album, action: str) -> None:
    """That one of them went changes the inode of the other, which is no reason to leave that alone."""
    album.put("keep.jpg")
    album.put("one.jpg")
    os.link(album.at("one.jpg"), album.at("two.jpg"))
    before = tree(album.root)
    decisions = (album.decide("keep.jpg"), *(album.decide(name, "keep.jpg") for name in ("one.jpg", "two.jpg")))
    applied = cleaning.apply(album.plan(*decisions, action=action), ledger=album.ledger, workers=1)
    assert (applied.images, applied.refused) == (2, ())
    cleaning.undo(applied, ledger=album.ledger)
    assert tree(album.root) == before


def test_many_hardlinks_are_made_to_one_keeper(album: Album) -> None:
    """Each gives the keeper one more name, which is no change of its content."""
    for name in ("keep.jpg", "b.jpg", "c.jpg", "d.jpg"):
        album.put(name)
    decisions = (album.decide("keep.jpg"), *(album.decide(name, "keep.jpg") for name in ("b.jpg", "c.jpg", "d.jpg")))
    applied = cleaning.apply(album.plan(*decisions, action="hardlink"), ledger=album.ledger, workers=1)
    assert (applied.images, applied.refused) == (3, ())
    assert os.stat(album.at("keep.jpg")).st_nlink == 4


def test_the_quarantine_of_a_root_in_another_is_beside_the_outer_one(album: Album) -> None:
    """Loaders of the outer folder would take a folder inside it for a class."""
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        album.put(name)
    before = tree(album.root)
    decisions = (album.decide("a.jpg"), *(album.decide(name, "a.jpg") for name in ("b.jpg", "sub/c.jpg")))
    applied = cleaning.apply(album.plan(*decisions, roots=("photos/sub", "photos")), ledger=album.ledger, workers=1)
    assert (applied.images, applied.refused, applied.inside) == (2, (), ())
    assert set(tree(album.root)) == {b"a.jpg", b"sub"}
    cleaning.undo(from_folder=applied.places[0], ledger=album.ledger)
    assert tree(album.root) == before


def test_a_sidecar_of_two_images_stays_where_the_plan_was_edited_to_keep_one(album: Album) -> None:
    for name in ("x.jpg", "x.png", "copies/x.jpg", "copies/x.png"):
        album.put(name, name[-3:].encode("ascii"))
    for name in ("x.txt", "copies/x.txt"):
        album.put(name, b"a caption")
    part = album.part("copies/x.txt", "x.txt")
    keepers = (album.decide("x.jpg"), album.decide("x.png"), album.decide("copies/x.jpg"))
    before = tree(album.root)
    plan = album.plan(*keepers, album.decide("copies/x.png", "x.png", parts=(part,)))
    applied = cleaning.apply(plan, ledger=album.ledger, workers=1)
    (refused,) = applied.refused
    assert f"also belongs to {album.at('copies/x.jpg')}, which stays" in refused.reason
    assert tree(album.root) == before
