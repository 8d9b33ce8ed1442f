"""What becomes of each image of a group: who stays in its place, and what holds it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from blake3 import blake3

from lookalike import labels
from lookalike.errors import DecodeError
from lookalike.files import contents_of
from lookalike.limiting import File
from lookalike.model import Group, Member, Tier
from lookalike.plan import LINKS, KeepOptions, Part, lost
from lookalike.planning.standing import Standing, Surroundings, held
from lookalike.sources.reading import Reader
from lookalike.tables import printable
from lookalike.verdicts.confirming import Confirmed

Confirm = Callable[[File, File], Confirmed]
"""``(keeper, other) -> Confirmed``: as `lookalike.verdicts.confirming.confirm`, with the turns of the search."""
Apart = Callable[[bytes, bytes], bool]
"""``(keeper, other) -> bool``, of digests: whether somebody decided that one is no duplicate of the other."""


class Asked(NamedTuple):
    """Who is asked about two images, and who reads them.

    Attributes
    ----------
    confirm, apart : callable
        A full look at two files; what was decided of two contents.
    reader : Reader
        Who reads what is no ordinary file.
    """

    confirm: Confirm
    apart: Apart
    reader: Reader


class Pair(NamedTuple):
    """How an image and the one that stays in its place are alike.

    Attributes
    ----------
    tier, score, relation : Tier, float or None, str
        As in `lookalike.model.Member`.
    lacks : tuple of str
        What the other lacks, of `lookalike.model.LOSSES`.
    """

    tier: Tier
    score: float | None
    relation: str
    lacks: tuple[str, ...]


SAME_BYTES = Pair(Tier.EXACT, 1.0, "identical bytes", ())


@dataclass(slots=True, eq=False)
class Fate:
    """What becomes of one image.

    Attributes
    ----------
    path, digest : str, bytes
        Where it is; BLAKE3 of its content.
    member, group : Member, int
        As found; number of its group.
    standing : Standing
        As it is now.
    stays : str or None
        Why it stays; None while it is to go.
    keeper : Fate or None
        What stays in its place.
    pair : Pair
        How the two are alike.
    why : str
        Why the keeper comes before it.
    metadata : tuple of str
        What the keeper lacks of its metadata, to be merged.
    parts : tuple of Part
        What goes along.
    along : bool
        Whether it goes, or stays, as part of another.
    """

    path: str
    digest: bytes
    member: Member
    group: int
    standing: Standing
    stays: str | None
    keeper: "Fate | None" = None
    pair: Pair = SAME_BYTES
    why: str = ""
    metadata: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    along: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it is an ordinary file."""
        return self.member.ref.source == "files"

    @property
    def text(self) -> str:
        """Its path, for people."""
        return printable(self.path)


def fates_of(group: Group, around: Surroundings, options: KeepOptions, asked: Asked) -> list[Fate]:
    """Say of each image of a group what becomes of it, as far as the group alone decides.

    Where the keeper that an image was verified against goes itself, the image is compared with the one that stays: by what is
    known where one of the three has the bytes of another, else by `confirm`. So are two files of several frames each, of which
    a search compares the first.

    Parameters
    ----------
    group : Group
        As found.
    around : Surroundings
        Roots and folders.
    options : KeepOptions
        What may go.
    asked : Asked
        Who is asked.

    Returns
    -------
    list of Fate
        In the order of the members.
    """
    fates = []
    for member in group.members:
        ref, standing = member.ref, around.stand(member)
        fates.append(Fate(ref.path, ref.digest or b"", member, group.id, standing, held(member, standing, options)))
    own = {fate.path: fate for fate in fates}
    for fate in fates:
        if fate.stays is None:
            _settle(fate, own, options, asked, ())
    return fates


def read_found(path: str, digest: bytes | None, reader: Reader | None = None) -> File:
    """Read an image whole.

    Parameters
    ----------
    path : str
        Where it is.
    digest : bytes or None
        BLAKE3 of what was found there; None for what was never read.
    reader : Reader, optional
        Who reads it where it is no ordinary file; None for one that is.

    Returns
    -------
    tuple of (bytes, str)
        Contents and name.

    Raises
    ------
    OSError
        If it cannot be read, or does not hold what was found.
    """
    if reader is None:
        data, now = contents_of(path)  # of an ordinary file: a pipe would be waited for
    else:
        data = reader.read(path)
        now = blake3(data).digest()
    if now != digest:
        raise OSError(f"{printable(path)} has changed since it was found")
    return data, os.path.basename(path)


def _settle(fate: Fate, own: dict[str, Fate], options: KeepOptions, asked: Asked, above: Sequence[Fate]) -> None:
    if fate.stays is not None or fate.keeper is not None:
        return
    near = own.get(fate.member.keeper or "")
    if near is None or near is fate or near in above:  # only of findings that somebody edited
        fate.stays = "its keeper is not in its group"
        return
    _settle(near, own, options, asked, (*above, fate))
    keeper, why = near, printable(fate.member.reason)
    if near.stays is None:
        assert near.keeper is not None
        keeper, why = near.keeper, f"{why}; then {near.why}"
    pair = _known(fate, near, keeper)
    decided = "decided to be no duplicate (lookalike decide)" if asked.apart(keeper.digest, fate.digest) else None
    fate.stays = decided or (None if pair is None else _holding(fate, keeper, pair, options))
    if fate.stays is not None:
        return
    if pair is None or _may_differ_later(fate, keeper, pair):
        looked = _look(fate, keeper, options, asked)
        fate.stays = looked if isinstance(looked, str) else _holding(fate, keeper, looked, options)
        if isinstance(looked, str) or fate.stays is not None:
            return
        pair = looked
    fate.keeper, fate.pair, fate.why = keeper, pair, why


def _known(fate: Fate, near: Fate, keeper: Fate) -> Pair | None:
    """Return how an image is like its keeper, or the keeper of that, as far as it is known without a look at the files."""
    member = fate.member
    assert member.tier is not None
    found = Pair(member.tier, member.score, member.relation, member.keeper_lacks)
    if keeper is near:
        return found
    if fate.digest == keeper.digest:
        return SAME_BYTES
    if fate.digest == near.digest:
        return near.pair
    return found if near.digest == keeper.digest else None


def _may_differ_later(fate: Fate, keeper: Fate, pair: Pair) -> bool:
    """Say whether two files may differ in a frame after the first, which is all that a search compares unless all are equal."""
    return pair.tier > Tier.EXACT and min(fate.member.frames, keeper.member.frames) > 1


def _look(fate: Fate, keeper: Fate, options: KeepOptions, asked: Asked) -> Pair | str:
    """Return how all of two files is alike, or why the image stays."""
    try:
        found = asked.confirm(*(
            read_found(one.path, one.digest, None if one.is_file else asked.reader) for one in (keeper, fate)
        ))  # fmt: skip
    except (OSError, DecodeError) as error:
        return f"not verified against what stays: {keeper.text}, {printable(str(error))}"
    if found.tier > options.tier:
        return f"not verified against what stays: {keeper.text}, {found.relation}"
    return Pair(found.tier, found.score, found.relation, found.lacks[0])


def _holding(fate: Fate, keeper: Fate, pair: Pair, options: KeepOptions) -> str | None:
    """Return why an image stays although its keeper is like it."""
    if fate.is_file and not keeper.is_file:  # which nobody can hold on to while the file goes
        return f"its keeper is no ordinary file: {keeper.text}"
    if keeper.standing.altered is not None:
        return f"its keeper {keeper.standing.altered} since it was found: {keeper.text}"
    if keeper.standing.file == fate.standing.file:
        return f"same file as its keeper: {keeper.text}"
    conflict = labels.conflict(fate.standing.label, keeper.standing.label)
    if conflict is not None and not options.across_folders:
        return f"label conflict: {printable(conflict)} (--across-folders)"
    if fate.digest == keeper.digest:
        return None
    lacks = [name for name in pair.lacks if name not in options.allow_loss]
    if lacks:
        return lost(lacks)
    if options.action in LINKS:
        return f"not the same bytes as its keeper, so no {options.action} can stand in its place"
    return None
