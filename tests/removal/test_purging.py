"""Nothing is removed for good unless what stays in its place is there, is another file, and has its bytes."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import encode, scene
from lookalike import cleaning
from lookalike.errors import UsageError
from lookalike.files import Disk, calls
from lookalike.model import Tier
from lookalike.removal import purging
from lookalike.removal.applying import Applied
from lookalike.stores.ledger import Ledger
from removals import Album, album, quick_folder

__all__ = ["album", "quick_folder"]
EMPTY_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="3"/></rdf:RDF></x:xmpmeta>\n'
)


def applied(album: Album, *names: str, keeper: str = "k.png", **options: Any) -> Applied:
    for name in (keeper, *names):
        if not os.path.lexists(album.at(name)):
            album.put(name)
    plan = album.plan(album.decide(keeper), *(album.decide(name, keeper) for name in names), **options)
    done = cleaning.apply(plan, ledger=album.ledger)
    assert done.images == len(names)
    return done


def gone(album: Album, done: Applied) -> None:
    os.unlink(album.at("k.png"))


def changed(album: Album, done: Applied) -> None:
    Path(album.at("k.png")).write_bytes(b"a pictura")


def links_to_what_goes(album: Album, done: Applied) -> None:
    os.unlink(album.at("k.png"))
    album.link("k.png", os.path.join(done.places[0], "photos", "b.png"))


def links_by_a_detour(album: Album, done: Applied) -> None:
    os.unlink(album.at("k.png"))
    album.link("hop.png", os.path.join(done.places[0], "photos", "c.png"))
    album.link("k.png", "hop.png")


def pipe(album: Album, done: Applied) -> None:
    os.unlink(album.at("k.png"))
    os.mkfifo(album.at("k.png"))


@pytest.mark.parametrize("spoil", [gone, changed, links_to_what_goes, links_by_a_detour, pipe])
def test_the_last_copy_is_held(album: Album, spoil: Callable[[Album, Applied], None]) -> None:
    done = applied(album, "b.png", "c.png")
    spoil(album, done)
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, len(purged.held)) == (0, 2)
    assert all("may be the last one" in item.reason for item in purged.held)
    undone = cleaning.undo(done, ledger=album.ledger)
    assert (undone.files, Path(album.at("b.png")).read_bytes()) == (2, b"a picture")


def test_what_stays_is_found_through_later_batches(album: Album) -> None:
    first = applied(album, "b.png")
    second = applied(album, "k.png", keeper="z.png")
    assert cleaning.purge(first, ledger=album.ledger).held == ()
    assert cleaning.purge(second, ledger=album.ledger).held == ()
    assert os.listdir(album.root) == ["z.png"]


def test_what_stays_is_found_through_batches_that_were_purged(album: Album) -> None:
    first = applied(album, "b.png")
    second = applied(album, "k.png", keeper="z.png")
    assert cleaning.purge(second, ledger=album.ledger).held == ()
    assert cleaning.purge(first, ledger=album.ledger).held == ()
    assert os.listdir(album.root) == ["z.png"]


def test_what_another_picture_of_that_name_went_for_says_nothing(album: Album) -> None:
    first = applied(album, "b.png")
    for name in ("k.png", "z.png"):
        album.put(name, b"another one")
    applied(album, "k.png", keeper="z.png")
    purged = cleaning.purge(first, ledger=album.ledger)
    assert (purged.files, [item.path for item in purged.held]) == (0, [album.at("b.png")])


def test_a_keeper_all_of_whose_names_lie_in_the_quarantine_is_none(album: Album) -> None:
    album.put("b.png")
    os.link(album.at("b.png"), album.at("c.png"))
    done = applied(album, "b.png", "c.png")
    links_to_what_goes(album, done)
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, len(purged.held)) == (0, 2)


@pytest.mark.parametrize(("elsewhere", "freed"), [(False, 10_000), (True, 0)])
def test_the_bytes_of_a_file_become_free_once_with_its_last_name(album: Album, elsewhere: bool, freed: int) -> None:
    album.put("k.png", bytes(10_000))
    album.put("b.png", bytes(10_000))
    os.link(album.at("b.png"), album.at("c.png"))
    if elsewhere:
        os.link(album.at("b.png"), f"{album.folder}/kept.png")
    purged = cleaning.purge(applied(album, "b.png", "c.png"), ledger=album.ledger)
    assert (purged.files, purged.size, purged.held) == (2, freed, ())


def test_a_symlink_frees_nothing(album: Album) -> None:
    album.put("z.png")
    album.link("b.png", "z.png")
    purged = cleaning.purge(applied(album, "b.png"), ledger=album.ledger)
    assert (purged.files, purged.size, purged.held) == (1, 0, ())


def test_names_that_went_a_moment_ago_count_no_more(album: Album) -> None:
    class Meddling(Disk):
        def remove(self, path: str) -> None:
            super().remove(path)
            os.unlink(album.at("k.png"))
            album.link("k.png", os.path.join(os.path.dirname(path), "d.png"))

    album.put("b.png")
    for name in ("c.png", "d.png"):
        os.link(album.at("b.png"), album.at(name))
    done = applied(album, "b.png", "c.png", "d.png")
    purged = cleaning.purge(done, ledger=album.ledger, disk=Meddling())
    assert (purged.files, len(purged.held)) == (1, 2)
    assert Path(album.at("k.png")).read_bytes() == b"a picture"


def test_what_a_keeper_leads_to_is_read_each_time(album: Album) -> None:
    class Meddling(Disk):
        def remove(self, path: str) -> None:
            super().remove(path)
            album.put("real/k.png", b"a pictura")

    album.put("real/k.png")
    album.link("k.png", "real/k.png")
    done = applied(album, "b.png", "c.png")
    purged = cleaning.purge(done, ledger=album.ledger, disk=Meddling())
    assert (purged.files, len(purged.held)) == (1, 1)


def test_a_chain_that_ends_in_nothing_holds_all(album: Album) -> None:
    first = applied(album, "b.png")
    second = applied(album, "k.png", keeper="z.png")
    os.unlink(album.at("z.png"))
    assert len(cleaning.purge(first, ledger=album.ledger).held) == 1
    assert len(cleaning.purge(second, ledger=album.ledger).held) == 1


def test_a_strangers_file_in_the_quarantine_is_not_removed(album: Album) -> None:
    done = applied(album, "b.png", "c.png", "d.png")
    place = os.path.join(done.places[0], "photos")
    os.unlink(os.path.join(place, "b.png"))
    Path(place, "b.png").write_bytes(b"my only photo")
    os.unlink(os.path.join(place, "c.png"))
    os.mkdir(os.path.join(place, "c.png"))
    os.unlink(os.path.join(place, "d.png"))
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, len(purged.held)) == (1, 2)  # one had gone already
    assert {item.reason for item in purged.held} == {
        "what lies in its place in the quarantine is another file, or was changed"
    }
    assert Path(place, "b.png").read_bytes() == b"my only photo"


@pytest.mark.parametrize("at_once", [1, purging.UNITS_AT_ONCE])
@pytest.mark.parametrize("action", ["quarantine", "hardlink", "symlink"])
def test_a_purge_frees_everything_and_leaves_no_folder(
    album: Album, monkeypatch: pytest.MonkeyPatch, action: str, at_once: int
) -> None:
    monkeypatch.setattr(purging, "UNITS_AT_ONCE", at_once)
    done = applied(album, "-b\n.png", "sub/c.png", os.fsdecode(b"\xff.png"), action=action)
    purged = cleaning.purge(str(done.batch), ledger=album.ledger)
    assert (purged.files, purged.size, purged.held) == (3, 27, ())
    assert not os.path.lexists(os.path.dirname(done.places[0]))
    undone = cleaning.undo(done, ledger=album.ledger)
    assert (undone.files, {item.reason for item in undone.refused}) == (0, {"it was purged: nothing of it is left"})


@pytest.mark.parametrize("chosen", [None, "disk"])
def test_a_quarantine_that_is_not_there_now_holds_all_until_it_is(album: Album, chosen: str | None) -> None:
    where = None if chosen is None else os.path.join(album.folder, chosen)
    done = applied(album, "b.png", "c.png", quarantine=where)
    folder = os.path.dirname(done.places[0])
    os.rename(folder, f"{folder}.unplugged")
    if where is not None:
        os.mkdir(where)  # of a disk that is unplugged its folder is left
    purged = cleaning.purge(done, ledger=album.ledger)
    assert (purged.files, {item.reason for item in purged.held}) == (0, {"the quarantine is not there now"})
    with Ledger(album.ledger) as store, store.transaction():
        store.mark(replace(entry, state="doing", step="purge") for entry in store.entries())
    with pytest.raises(UsageError):
        cleaning.purge("another", ledger=album.ledger)  # settles what was interrupted
    assert cleaning.history(ledger=album.ledger)[0].files == {"done": 2}
    if where is not None:
        os.rmdir(where)
    os.rename(f"{folder}.unplugged", folder)
    assert cleaning.purge(done, ledger=album.ledger).files == 2


def test_a_quarantine_that_goes_on_the_way_holds_what_is_in_it(album: Album) -> None:
    done = applied(album, "b.png", "c.png")
    folder = os.path.dirname(done.places[0])

    class Unplugged(Disk):
        def flush(self, paths: Iterable[str]) -> None:
            super().flush(paths)
            os.rename(folder, f"{folder}.unplugged")

    purged = cleaning.purge(done, ledger=album.ledger, disk=Unplugged())
    assert (purged.files, {item.reason for item in purged.held}) == (0, {"the quarantine is not there now"})
    assert cleaning.history(ledger=album.ledger)[0].files == {"done": 2}
    os.rename(f"{folder}.unplugged", folder)
    assert cleaning.purge(done, ledger=album.ledger).files == 2


def test_a_sidecar_that_was_merged_later_stays_for_the_one_that_went(album: Album) -> None:
    """It says all that it said when the other went in its favour; what was changed by somebody else holds that back."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:05:06 07:08:09"
    picture = encode(scene(1), "PNG")
    for name in ("k.png", "b.png"):
        album.put(name, picture)
        album.put(f"{name}.xmp", EMPTY_XMP)
    album.put("c.jpg", encode(scene(1), quality=90, exif=exif))
    plan = album.plan(
        album.decide("k.png"), album.decide("b.png", "k.png", parts=(album.part("b.png.xmp", "k.png.xmp"),)),
        replace(album.decide("c.jpg", "k.png"), tier=Tier.COPY, metadata=("date",)), metadata="merge",
    )  # fmt: skip
    done = cleaning.apply(plan, ledger=album.ledger)
    assert (done.files, done.refused) == (3, ())
    merged = Path(album.at("k.png.xmp")).read_bytes()
    assert merged != EMPTY_XMP
    Path(album.at("k.png.xmp")).write_bytes(EMPTY_XMP[:-1])
    assert [item.path for item in cleaning.purge(done, ledger=album.ledger).held] == [album.at("b.png")]
    Path(album.at("k.png.xmp")).write_bytes(merged)
    assert cleaning.purge(done, ledger=album.ledger).held == ()
    assert sorted(os.listdir(album.root)) == ["k.png", "k.png.xmp"]


def test_delete_leaves_nothing_behind(album: Album) -> None:
    done = applied(album, "b.png", action="delete")
    assert sorted(os.listdir(album.folder)) == ["photos", "state"]
    assert (done.files, done.size) == (1, 9)


def test_delete_holds_what_loses_its_keeper_on_the_way_and_says_where(album: Album) -> None:
    class Unlucky(Disk):
        def flush(self, paths: Iterable[str]) -> None:
            os.unlink(album.at("k.png"))
            calls.sync_files(paths)

    album.put("k.png")
    album.put("b.png")
    plan = album.plan(album.decide("k.png"), album.decide("b.png", "k.png"), action="delete")
    done = cleaning.apply(plan, ledger=album.ledger, disk=Unlucky())
    assert (done.files, len(done.refused), len(done.places)) == (0, 1, 1)
    assert Path(done.places[0], "photos", "b.png").read_bytes() == b"a picture"
    assert cleaning.undo(done, ledger=album.ledger).files == 1
