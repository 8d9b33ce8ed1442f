"""How far removal has come is told image by image: a check of pixels takes long, and a chunk of them minutes."""

from lookalike.cleaning import apply
from removals import Album, album, quick_folder

__all__ = ["album", "quick_folder"]


def test_progress_is_told_image_by_image(album: Album) -> None:
    for name in ("a", "b", "c", "d"):
        album.put(name)
    told: list[tuple[int, int, bool]] = []
    plan = album.plan(album.decide("a"), *(album.decide(name, "a") for name in "bcd"))
    album.put("c", b"changed")
    done = apply(plan, ledger=album.ledger, progress=lambda *row: told.append(row))
    assert (done.images, len(done.refused)) == (2, 1)
    assert told == [(1, 3, True), (2, 3, True), (3, 3, True)]
