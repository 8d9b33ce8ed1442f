"""The names of one file go together or not at all."""

from lookalike.model import ImageRef, Member
from lookalike.planning.fates import Fate
from lookalike.planning.standing import Standing
from lookalike.planning.wholes import hold_names


def fate(path: str, file: tuple[int, int] | None, stays: str | None = None) -> Fate:
    ref = ImageRef(path, "v", path, 9, 5, 1, 2, bytes(32))
    standing = Standing(9, 5, file, symlink=False, altered=None, apart=None, label=())
    return Fate(path, bytes(32), Member(ref, 8, 8, "PNG", None, "duplicate"), 1, standing, stays)


def test_a_name_that_stays_holds_the_others_of_its_file() -> None:
    for count in (2, 3):
        names = [fate(f"{number}.png", (1, 2)) for number in range(count - 1)]
        kept, other, gone = (
            fate("kept.png", (1, 2), "protected"),
            fate("other.png", (1, 3)),
            fate("gone.png", None, "it is gone"),
        )
        every = [*names, kept, other, gone, fate("lost.png", None)]
        assert hold_names(every)
        assert {name.stays for name in names} == {"same file as a name that stays: kept.png"}
        assert (kept.stays, other.stays, gone.stays, every[-1].stays) == ("protected", None, "it is gone", None)
        assert not hold_names(every)
