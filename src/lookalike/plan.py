"""What is to go, what stays, and why: decisions and the plan of them; what must hold of any plan, also of one that was edited.

A plan is values only: nothing here looks at a file. What a plan says of files is checked again before each act.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from os.path import isabs
from typing import Any, Literal, TypedDict, get_args

from lookalike.errors import UnsafeError, UsageError, check_known
from lookalike.model import DIGEST_BYTES, LOSSES, Orient, Tier

Action = Literal["quarantine", "trash", "hardlink", "symlink", "reflink", "delete"]
Verdict = Literal["keep", "remove"]
Metadata = Literal["stay", "merge", "drop"]

LINKS = ("hardlink", "symlink", "reflink")
"""Actions that leave a name where the file was."""
VERDICTS = get_args(Verdict)
NEVER_LOST = ("raw", "finish")
"""Losses that no option allows."""
PLAN_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepOptions:
    """What a plan may remove, and how.

    Attributes
    ----------
    tier : Tier
        Loosest tier that goes: exact, copy or edit.
    action : str
        quarantine, trash, hardlink, symlink, reflink or delete.
    quarantine : str or None
        Folder for what goes; None for one beside each root.
    allow_loss : tuple of str
        What may be lost although the keeper lacks it: pixels, crop, colour, alpha, depth, frames, timing, video.
    flat : bool
        Whether flat and nearly blank images may go.
    within : int or None
        How many folder names below a root make a class: duplicates in different classes are a label conflict. 0 for no
        classes; None for what the tree looks like.
    across_folders : bool
        Whether duplicates in different classes may go.
    protect : tuple of str
        Globs in gitignore syntax, relative to each root: what matches is never touched.
    metadata : str
        What becomes of an image with metadata that its keeper lacks: stay, merge (they are written to a sidecar of the keeper
        first) or drop (it goes).
    units : bool
        Whether the files of one shot, and images with their sidecars, go together or not at all.
    """

    tier: Tier = Tier.COPY
    action: Action = "quarantine"
    quarantine: str | None = None
    allow_loss: tuple[str, ...] = ()
    flat: bool = False
    within: int | None = None
    across_folders: bool = False
    protect: tuple[str, ...] = ()
    metadata: Metadata = "stay"
    units: bool = True

    def __post_init__(self) -> None:
        if self.tier > Tier.EDIT:
            raise UsageError(
                f"tier {self.tier.name.lower()} never goes: similar pictures are not the same; use exact, copy or edit"
            )
        check_known("action", self.action, get_args(Action))
        check_known("choice of metadata", self.metadata, get_args(Metadata))
        for name in ("allow_loss", "protect"):
            # The letters of a text would pass for names, and a * for every file.
            if isinstance(given := getattr(self, name), str):
                raise UsageError(f"{name} is a tuple of texts, got the text {given!r}: write ({given!r},)")
        allowed = [name for name in LOSSES if name not in NEVER_LOST]
        if unknown := [name for name in self.allow_loss if name not in allowed]:
            raise UsageError(f"unknown loss {unknown[0]!r}: use a comma list of {', '.join(allowed)}")
        if self.within is not None and self.within < 0:
            raise UsageError(f"within must be at least 0 folders, got {self.within}")
        if self.quarantine is not None and self.action == "trash":
            raise UsageError("a quarantine folder has no meaning with action trash")


class KeepKeywords(TypedDict, total=False):
    """The fields of `KeepOptions` but for the tier, as keywords, for type checkers."""

    action: Action
    quarantine: str | None
    allow_loss: tuple[str, ...]
    flat: bool
    within: int | None
    across_folders: bool
    protect: tuple[str, ...]
    metadata: Metadata
    units: bool


def lost(lacks: Sequence[str]) -> str:
    """Say in words what a keeper lacks, and the option that lets it go all the same where there is one.

    Parameters
    ----------
    lacks : sequence of str
        Of `lookalike.model.LOSSES`, at least one.

    Returns
    -------
    str
        One clause.

    Examples
    --------
    >>> lost(["alpha"]), lost(["depth", "raw"])
    ('keeper carries less: alpha (--allow-loss alpha)', 'keeper carries less: depth, raw')
    """
    may = "" if set(lacks) & set(NEVER_LOST) else f" (--allow-loss {','.join(lacks)})"
    return f"keeper carries less: {', '.join(lacks)}{may}"


@dataclass(frozen=True, slots=True)
class Part:
    """A file that goes along with its image: its sidecar, its raw file, its video.

    Attributes
    ----------
    path : str
        Where it is, in the form of `Decision.path`.
    size, mtime_ns : int
        Bytes; modification time in nanoseconds since 1970.
    digest : bytes
        BLAKE3 of its content.
    keeper : str or None
        What stays of it: an equal file, or for a picture one that was verified. None where nothing does, as options allow.
    """

    path: str
    size: int
    mtime_ns: int
    digest: bytes
    keeper: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one image.

    Attributes
    ----------
    path : str
        The root as given, plus the path within it.
    verdict : str
        keep or remove.
    group : int
        Number of its group in the findings.
    size, mtime_ns : int
        Bytes; modification time in nanoseconds since 1970. Of a symlink those of its target.
    digest : bytes
        BLAKE3 of its content.
    reason : str
        Why, for people.
    keeper : str or None
        Path of the image that stays in its place; None exactly where the verdict is keep.
    tier : Tier or None
        How alike the two are.
    score : float or None
        0..1.
    relation : str
        What was done to the picture, in words.
    parts : tuple of Part
        What goes along with it.
    metadata : tuple of str
        Of a removal, what it has that the keeper lacks and that is written to the keeper's sidecar first.
    symlink : bool
        Whether the name is a symlink; only the link is moved, never its target.
    source : str
        Kind of its source; only ordinary files, which are of ``files``, can be acted on.
    """

    path: str
    verdict: Verdict
    group: int
    size: int
    mtime_ns: int
    digest: bytes
    reason: str
    keeper: str | None = None
    tier: Tier | None = None
    score: float | None = None
    relation: str = ""
    parts: tuple[Part, ...] = ()
    metadata: tuple[str, ...] = ()
    symlink: bool = False
    source: str = "files"


@dataclass(frozen=True, slots=True)
class PlanRoot:
    """A root that a plan may act in.

    Attributes
    ----------
    path : str
        As given.
    absolute : str
        The same from the top of the file system, without symlinks.
    images : int
        How many images lie there.
    """

    path: str
    absolute: str
    images: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions about the images of some groups, ready to be shown, edited and applied.

    Attributes
    ----------
    created : str
        When it was made, ISO 8601 with the offset from UTC.
    folder : str
        Absolute path of the folder that relative paths start from.
    roots : tuple of PlanRoot
        Where it may act; nothing outside is touched.
    options : KeepOptions
        What may go, and how.
    orient : str
        Which turns count as the same picture.
    decisions : tuple of Decision
        By group; the keeper first. Images that stay although they are duplicates say why.
    found : dict
        Options of the search, as in the findings.
    """

    created: str
    folder: str
    roots: tuple[PlanRoot, ...]
    options: KeepOptions
    orient: Orient
    decisions: tuple[Decision, ...]
    found: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self)

    @property
    def removals(self) -> tuple[Decision, ...]:
        """Decisions to remove."""
        return tuple(decision for decision in self.decisions if decision.verdict == "remove")


def check(plan: Plan) -> None:
    """Check what must hold of every plan, whoever wrote it.

    Parameters
    ----------
    plan : Plan
        The plan.

    Raises
    ------
    UsageError
        If it makes no sense: a path decided twice, a removal without keeper, tier or reason, no root, a root or folder that is
        no absolute path.
    UnsafeError
        If it could lose a picture: a keeper that the plan does not keep, one that is no ordinary file for a file that goes, a
        removal looser than the plan's tier, an image that is its own keeper, a part that is also decided to be kept or the
        keeper of something.
    """
    if not plan.roots:
        raise UsageError("a plan needs at least one root")
    for place in (plan.folder, *(root.absolute for root in plan.roots)):
        if not isabs(place):
            raise UsageError(
                f"{place!r} must be an absolute path: what a plan does cannot depend on where it is applied"
            )
    removals = plan.removals
    paths = [decision.path for decision in plan.decisions]
    paths += [part.path for decision in removals for part in decision.parts]
    names = set(paths)
    if len(names) < len(paths):
        twice = next(name for name, count in Counter(paths).items() if count > 1)
        raise UsageError(f"{twice!r} is decided more than once")
    for decision in plan.decisions:
        _check_decision(decision, plan.options)
    kept = {decision.path: decision.source for decision in plan.decisions if decision.verdict == "keep"}
    gone = names - kept.keys()
    for decision in removals:
        if decision.keeper not in kept:
            raise UnsafeError(
                f"{decision.path!r} would go in favour of {decision.keeper!r}, which the plan does not keep: every removal "
                "needs a keeper with a decision to keep it"
            )
        if decision.source == "files" != kept[decision.keeper]:
            raise UnsafeError(f"{decision.path!r} would go in favour of {decision.keeper!r}, which is no ordinary file")
        for part in decision.parts:
            if part.keeper is not None and part.keeper in gone:
                raise UnsafeError(f"{part.path!r} would go in favour of {part.keeper!r}, which goes itself")


def _check_decision(decision: Decision, options: KeepOptions) -> None:
    _check_values(decision)
    path = decision.path
    if decision.verdict == "keep":
        if decision.parts or decision.metadata:
            raise UsageError(f"{path!r} stays, so nothing can go along with it")
        return
    if decision.keeper is None or decision.tier is None:
        raise UsageError(
            f"{path!r} is to go, so its decision needs a keeper (an image that stays) and a tier; or set its verdict to keep"
        )
    if decision.keeper == path:
        raise UnsafeError(f"{path!r} cannot be its own keeper")
    if decision.tier > options.tier:
        raise UnsafeError(
            f"{path!r} is of tier {decision.tier.name.lower()}, and the plan is for {options.tier.name.lower()} at most"
        )
    if decision.metadata and options.metadata != "merge":
        raise UsageError(
            f"{path!r}: metadata are merged only where the plan says so; set its option metadata from "
            f"{options.metadata} to merge, or leave the decision without them"
        )


def _check_values(decision: Decision) -> None:
    path, digests = decision.path, [decision.digest]
    _check_path(path)
    for part in decision.parts:
        _check_path(part.path)
        if part.keeper is not None:
            _check_path(part.keeper)
        digests.append(part.digest)
    for digest in digests:
        if len(digest) != DIGEST_BYTES:
            raise UsageError(f"{path!r}: a digest has {DIGEST_BYTES} bytes, got {len(digest)}")
    if decision.verdict not in VERDICTS:
        raise UsageError(f"{path!r}: the verdict is keep or remove, got {decision.verdict!r}")
    if not decision.reason:
        raise UsageError(f"{path!r}: every decision has a reason, got none: write one")


def _check_path(name: str) -> None:
    try:
        if name and "\0" not in name and (name.isascii() or name.encode("utf-8", "surrogateescape")):
            return
    except UnicodeEncodeError:  # half of a pair of surrogates, which no name of a file has
        pass
    raise UsageError(f"{name!r} is no path: it is empty, or holds what no name of a file can")
