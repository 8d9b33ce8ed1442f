"""The last look before a file goes, by what it lets through and what it does not."""

import os

import pytest

from lookalike.cleaning import apply, undo
from removals import Album, album, tree

__all__ = ["album"]


@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
def test_names_of_one_file_go_together(album: Album, action: str) -> None:
    """That one of them went changes the inode of the other, which is no reason to leave that alone."""
    album.put("keep.jpg")
    album.put("one.jpg")
    os.link(album.at("one.jpg"), album.at("two.jpg"))
    before = tree(album.root)
    decisions = (album.decide("keep.jpg"), *(album.decide(name, "keep.jpg") for name in ("one.jpg", "two.jpg")))
    applied = apply(album.plan(*decisions, action=action), ledger=album.ledger, workers=1)
    assert (applied.images, applied.refused) == (2, ())
    undo(applied, ledger=album.ledger)
    assert tree(album.root) == before


def test_many_hardlinks_are_made_to_one_keeper(album: Album) -> None:
    """Each gives the keeper one more name, which is no change of its content."""
    for name in ("keep.jpg", "b.jpg", "c.jpg", "d.jpg"):
        album.put(name)
    decisions = (album.decide("keep.jpg"), *(album.decide(name, "keep.jpg") for name in ("b.jpg", "c.jpg", "d.jpg")))
    applied = apply(album.plan(*decisions, action="hardlink"), ledger=album.ledger, workers=1)
    assert (applied.images, applied.refused) == (3, ())
    assert os.stat(album.at("keep.jpg")).st_nlink == 4


def test_the_quarantine_of_a_root_in_another_is_beside_the_outer_one(album: Album) -> None:
    """Loaders of the outer folder would take a folder inside it for a class."""
    for name in ("a.jpg", "b.jpg", "sub/c.jpg"):
        album.put(name)
    before = tree(album.root)
    decisions = (album.decide("a.jpg"), *(album.decide(name, "a.jpg") for name in ("b.jpg", "sub/c.jpg")))
    applied = apply(album.plan(*decisions, roots=("photos/sub", "photos")), ledger=album.ledger, workers=1)
    assert (applied.images, applied.refused, applied.inside) == (2, (), ())
    assert set(tree(album.root)) == {b"a.jpg", b"sub"}
    undo(from_folder=applied.places[0], ledger=album.ledger)
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
    applied = apply(plan, ledger=album.ledger, workers=1)
    (refused,) = applied.refused
    assert f"also belongs to {album.at('copies/x.jpg')}, which stays" in refused.reason
    assert tree(album.root) == before
