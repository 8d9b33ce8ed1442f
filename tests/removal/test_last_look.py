"""The last look by itself: names that change between the check and the act, links, and what goes along with an image."""

import os
import shutil
from dataclasses import replace

import pytest

from conftest import encode, scene
from lookalike import cleaning
from lookalike.deciding import decide
from lookalike.errors import UnsafeError
from lookalike.files import digest_of, look_at
from lookalike.model import Tier
from lookalike.removal.rechecking import Ready, Rechecker
from removals import Album, album, quick_folder, refused

__all__ = ["album", "quick_folder"]


def about(origin: str, keeper: str | None) -> Ready:
    """Return what a check would say of a file and its keeper as they are now."""
    stays = (None, None) if keeper is None else (look_at(keeper), digest_of(keeper))
    return Ready(origin, look_at(origin), digest_of(origin), keeper, *stays)


def test_right_before_the_act_both_names_are_what_they_were(album: Album) -> None:
    for who, said in (("b.png", "^it was changed"), ("k.png", "^its keeper was changed")):
        origin, keeper = album.put("b.png"), album.put("k.png")
        checked = about(origin, keeper)
        checked.still()
        os.link(album.at(who), album.at("another"))  # changes the inode, but not what is in it
        checked.still()
        os.unlink(album.at("another"))
        album.put(who, b"others!!!")  # the same size, time and inode
        with pytest.raises(UnsafeError, match=said):
            checked.still()
    about(album.put("b.png"), None).still()


def test_right_before_the_act_only_a_symlink_that_stays_is_followed(album: Album) -> None:
    origin, target, keeper = album.put("b.png"), album.put("target.png"), album.link("l.png", "target.png")
    goes, stays = about(keeper, origin), about(origin, keeper)
    album.put("target.png", b"others!!!")
    goes.still()  # nothing but the link goes
    with pytest.raises(UnsafeError, match=r"^its keeper was changed"):
        stays.still()
    os.unlink(target)
    with pytest.raises(FileNotFoundError):
        stays.still()


@pytest.mark.parametrize("link", [False, True])
def test_a_keeper_is_read_again_once_it_has_changed(album: Album, *, link: bool) -> None:
    for name in ("k.png", "b.png", "c.png"):
        album.put(name)
    album.link("l.png", "k.png")
    keeper = "l.png" if link else "k.png"
    plan = album.plan(album.decide(keeper), album.decide("b.png", keeper), album.decide("c.png", keeper))
    check = Rechecker(plan, ())
    assert [ready.origin for ready in check(plan.removals[0])] == [album.at("b.png")]
    album.put("k.png", b"others!!!")
    with pytest.raises(UnsafeError, match=r"^the content of its keeper has changed since the plan was made"):
        check(plan.removals[1])


def test_a_link_takes_the_place_of_an_equal_file_alone(album: Album) -> None:
    album.put("k.png", encode(scene(1), "PNG"))
    album.put("b.png", encode(scene(1), "PNG", compress_level=1))
    album.put("equal.png", encode(scene(1), "PNG"))
    album.link("l.png", "equal.png")
    for action in ("hardlink", "symlink", "reflink"):
        decisions = album.decide("k.png"), album.decide("b.png", "k.png"), album.decide("l.png", "k.png")
        assert refused(album, *decisions, action=action) == {
            "photos/b.png": "a link can only take the place of an equal file, and its keeper has other bytes",
            "photos/l.png": "it is a symlink, which takes no space",
        }


def test_what_belongs_to_an_image_stays_with_a_link_in_its_place(album: Album) -> None:
    for name in ("k.png", "b.png", "b.txt", "b.pp3"):
        album.put(name)
    parts = album.part("b.txt", None), album.part("b.pp3", None)
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png", parts=parts), action="symlink")
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.files, done.refused) == (1, ())
    assert os.path.islink(album.at("b.png"))
    assert all(os.path.isfile(album.at(name)) for name in ("b.txt", "b.pp3"))


def test_a_part_of_which_nothing_stays_goes_only_where_that_was_asked_for(album: Album) -> None:
    for name in ("k.png", "b.png", "b.txt"):
        album.put(name)
    decisions = album.decide("k.png"), album.decide("b.png", "k.png", parts=(album.part("b.txt", None),))
    why = refused(album, *decisions, metadata="stay")
    assert why == {"photos/b.png": "photos/b.txt goes along with it, but nothing stays of that"}
    assert cleaning.apply(album.plan(*decisions, metadata="drop"), ledger=album.ledger).files == 2


def test_files_of_other_bytes_are_decoded_and_verified_again(album: Album) -> None:
    album.put("k.png", encode(scene(1), "PNG"))
    album.put("copy.jpg", encode(scene(1), "JPEG", quality=85))
    album.put("other.jpg", encode(scene(2), "JPEG"))
    album.put("broken.jpg", encode(scene(1), "JPEG")[:3000])
    claimed = [replace(album.decide(f"{name}.jpg", "k.png"), tier=Tier.COPY) for name in ("copy", "other", "broken")]
    check = Rechecker(album.plan(album.decide("k.png"), *claimed), ())
    (ready,) = check(claimed[0])
    assert (ready.origin, ready.keeper) == (album.at("copy.jpg"), album.at("k.png"))
    with pytest.raises(UnsafeError, match=r"^a last look at the files does not find it to be of tier copy: "):
        check(claimed[1])
    with pytest.raises(UnsafeError, match=r"^it or its keeper cannot be decoded: "):
        check(claimed[2])


def test_a_keeper_that_carries_less_than_the_plan_says_removes_nothing(album: Album) -> None:
    album.put("colour.png", encode(scene(1), "PNG"))
    album.put("gray.png", encode(scene(1).convert("L"), "PNG"))
    for keeper, goes, allowed, said in (
        ("gray.png", "colour.png", (), "^keeper carries less: colour$"),
        ("gray.png", "colour.png", ("alpha",), "^keeper carries less: colour$"),
        ("gray.png", "colour.png", ("colour",), ""),
        ("colour.png", "gray.png", (), ""),
    ):
        going = replace(album.decide(goes, keeper), tier=Tier.EDIT)
        check = Rechecker(album.plan(album.decide(keeper), going, tier=Tier.EDIT, allow_loss=allowed), ())
        if said:
            with pytest.raises(UnsafeError, match=said):
                check(going)
        else:
            assert len(check(going)) == 1


def test_what_was_decided_since_the_plan_was_made_counts(album: Album) -> None:
    album.put("k.png", encode(scene(1), "PNG"))
    album.put("b.png", encode(scene(1), "PNG", compress_level=1))
    keep, goes = album.decide("k.png"), replace(album.decide("b.png", "k.png"), tier=Tier.COPY)
    decide("different", [album.at("k.png"), album.at("b.png")], ledger=album.ledger)
    why = refused(album, keep, goes)
    assert why == {"photos/b.png": "somebody decided that it is no duplicate of its keeper (`lookalike decide list`)"}


def test_a_sidecar_of_an_image_whose_name_does_not_say_so_stays_with_it(album: Album) -> None:
    for name in ("k.png", "x.png", "x.dat"):
        album.put(name)
    for name in ("k.txt", "x.txt"):
        album.put(name, b"a caption")
    goes = album.decide("x.png", "k.png", parts=(album.part("x.txt", "k.txt"),))
    why = refused(album, album.decide("k.png"), album.decide("x.dat"), goes)
    said = f"photos/x.txt goes along with it, but it also belongs to {album.at('x.dat')}, which stays"
    assert why == {"photos/x.png": said}
    assert cleaning.apply(album.plan(album.decide("k.png"), goes), ledger=album.ledger).files == 2


def test_folders_that_are_gone_do_not_hide_whose_sidecar_another_is(album: Album) -> None:
    for name in ("k.png", "k.txt", "gone/y.png", "gone/y.txt", "x.png", "x.jpg", "x.txt"):
        album.put(name)
    going = [
        album.decide(f"{name}.png", "k.png", parts=(album.part(f"{name}.txt", "k.txt"),)) for name in ("gone/y", "x")
    ]
    decisions = album.decide("k.png"), album.decide("x.jpg"), *going
    shutil.rmtree(album.at("gone"))
    why = refused(album, *decisions)
    assert "is not there any more" in why["photos/gone/y.png"]
    assert "also belongs to" in why["photos/x.png"]
