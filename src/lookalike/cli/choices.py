"""Options whose value is one of some words, or a comma list of them, which Tab offers; the words are those of the stages."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, get_args

import typer

from lookalike.hashes import ALGORITHMS
from lookalike.keep import NAMES
from lookalike.model import DEFAULT_KEEP, LOSSES, Frames, GroupRule, Orient, Tier, Truncated, VerifyStep
from lookalike.plan import NEVER_LOST, Action

Complete = Callable[[str], list[str]]
"""From the beginning of a value to what may become of it."""


def one_of(*words: str) -> Complete:
    """Complete a word.

    Parameters
    ----------
    *words : str
        Those there are.

    Returns
    -------
    callable
        For ``autocompletion``.

    Examples
    --------
    >>> one_of("exact", "copy", "edit")("e")
    ['exact', 'edit']
    """

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def list_of(words: Iterable[str]) -> Complete:
    """Complete the last word of a comma list; none is offered twice.

    Parameters
    ----------
    words : iterable of str
        Those there are.

    Returns
    -------
    callable
        For ``autocompletion``.

    Examples
    --------
    >>> list_of(["bytes", "newest", "name"])("name,n")
    ['name,newest']
    """
    known = list(words)

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        named = before.split(",")
        return [f"{before}{comma}{word}" for word in known if word.startswith(last) and word not in named]

    return complete


TIERS = tuple(tier.name.lower() for tier in Tier if tier is not Tier.NONE)
MAY_GO = tuple(tier.name.lower() for tier in Tier if tier <= Tier.EDIT)
HASHES = tuple(ALGORITHMS)
FAST = tuple(name for name, row in ALGORITHMS.items() if "fast" in row.ways)
JOINABLE = tuple(name for name, row in ALGORITHMS.items() if row.joinable)
DECODINGS = tuple(dict.fromkeys(decoding for row in ALGORITHMS.values() for decoding in row.ways))
FILTERS = tuple(
    dict.fromkeys(
        name for row in ALGORITHMS.values() for way in row.ways.values() if len(way.filters) > 1 for name in way.filters
    )
)


def choice(told: str, *words: str) -> Any:
    """Declare an option that takes one of some words.

    Parameters
    ----------
    told : str
        Its help.
    *words : str
        Those there are.

    Returns
    -------
    typer.models.OptionInfo
        For ``Annotated``.
    """
    return typer.Option(help=told, autocompletion=one_of(*words))


TierChoice = Annotated[str, choice("Loosest tier to report: exact, copy, edit or similar.", *TIERS)]
AlgorithmChoice = Annotated[str, choice("Hash that proposes candidate pairs.", *JOINABLE)]
GroupChoice = Annotated[
    str,
    choice(
        "How pairs become groups: star (all match the keeper), clique (all match each other) or component (linked in a chain).",
        *get_args(GroupRule),
    ),
]
OrientChoice = Annotated[
    str,
    choice(
        "What else is the same: upright (nothing), mirror (mirrored pictures) or all (rotated ones, too).",
        *get_args(Orient),
    ),
]
VerifyChoice = Annotated[
    str,
    choice(
        "What is compared: thumbnail (files only where these leave a doubt) or pixels (files always).",
        *get_args(VerifyStep),
    ),
]
UnitsChoice = Annotated[
    str,
    typer.Option(
        metavar="on|off",
        help="Whether the files of one shot, such as RAW and JPEG, count as one image.",
        autocompletion=one_of("on", "off"),
    ),
]
FramesChoice = Annotated[
    str,
    choice(
        "What is compared of animations and pages: first, or all (they match if any of their frames do).",
        *get_args(Frames),
    ),
]
TruncatedChoice = Annotated[
    str, choice("What becomes of files that end early: refuse or accept.", *get_args(Truncated))
]
KeepRules = Annotated[
    str,
    typer.Option(
        metavar="RULES",
        help="Which image of a group stays: the first of these rules that sees a difference decides.",
        show_default=DEFAULT_KEEP.replace(",", ", "),
        autocompletion=list_of([*NAMES, "folder:", "format:", "column:"]),
    ),
]
ActionChoice = Annotated[
    str,
    choice("What is done with what goes: quarantine, trash, hardlink, symlink, reflink or delete.", *get_args(Action)),
]
AllowLoss = Annotated[
    str,
    typer.Option(
        metavar="WHAT[,WHAT]",
        help="What keepers may lack: pixels, crop, colour, alpha, depth, frames, timing, video.",
        autocompletion=list_of(name for name in LOSSES if name not in NEVER_LOST),
    ),
]
WhoseDistances = Annotated[
    str | None,
    typer.Option(metavar="NAME[,NAME]", help="Whose distances to give. Default: all.", autocompletion=list_of(HASHES)),
]
PairDecoding = Annotated[str, choice("How pixels reach a hash: full (as imagehash) or fast (as find).", "full", "fast")]
Show = Annotated[str, typer.Option(metavar="N|all", help="How many groups to print.", autocompletion=one_of("all"))]
