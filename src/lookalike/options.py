"""What a search is told: small frozen values, checked as they are made, stored with results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict, get_args

from lookalike.errors import UsageError, check_known
from lookalike.model import (
    DEFAULT_KEEP,
    LEAST_MEMORY,
    LEAST_SECONDS,
    MAX_PIXELS,
    MOST_SECONDS,
    READ_AHEAD,
    Frames,
    GroupRule,
    HashSpec,
    Orient,
    Tier,
    Truncated,
    VerifyStep,
)


class DecodeKeywords(TypedDict, total=False):
    """Keywords of all functions that decode images, for type checkers."""

    truncated: Truncated
    max_pixels: int
    max_seconds: float | None
    max_memory: int | None


class ScanKeywords(DecodeKeywords, total=False):
    """Keywords of functions that walk and read paths."""

    exclude: Sequence[str]
    include: Sequence[str]
    follow_symlinks: bool
    read_ahead: int
    column: str | int | None
    workers: int | None
    readers: int | None


class MatchKeywords(TypedDict, total=False):
    """Keywords of functions that say what is the same picture."""

    algorithm: str
    size: int | None
    radius: int | None
    group: GroupRule
    keep: str
    protect: Sequence[str]
    crops: bool
    verify: VerifyStep
    units: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanOptions:
    """How roots are walked and images read.

    Attributes
    ----------
    exclude, include : tuple of str
        Globs in gitignore syntax, relative to each root. With `include`, only files that match one are read.
    min_size : tuple of int
        Smallest width and height in pixels, inclusive; smaller images are skipped and counted.
    follow_symlinks : bool
        Whether symlinked folders inside a root are entered. Symlinked files are always read.
    truncated : str
        refuse (a failure row) or accept files that end early.
    max_pixels : int
        Images with more pixels than this are not decoded.
    max_seconds : float or None
        Processor time that decoding one image may take. None for 10 s, more with a higher limit of pixels.
    max_memory : int or None
        Bytes that a process may use that decodes. None for 1 GiB, more with a higher limit of pixels.
    read_ahead : int
        Bytes that may be read before somebody is free to decode them; one chunk of files is read in any case.
    column : str or None
        Column of tables that holds the images; None for the one that does.
    """

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    min_size: tuple[int, int] = (0, 0)
    follow_symlinks: bool = False
    truncated: Truncated = "refuse"
    max_pixels: int = MAX_PIXELS
    max_seconds: float | None = None
    max_memory: int | None = None
    read_ahead: int = READ_AHEAD
    column: str | None = None

    def __post_init__(self) -> None:
        if self.truncated not in get_args(Truncated):
            raise UsageError(f"truncated must be refuse or accept, got {self.truncated!r}")
        if min(self.min_size) < 0:
            raise UsageError(f"min_size must not be negative, got {self.min_size}")
        if self.max_pixels < 1:
            raise UsageError(f"max_pixels must be at least 1, got {self.max_pixels}")
        if self.max_seconds is not None and not LEAST_SECONDS <= self.max_seconds <= MOST_SECONDS:
            raise UsageError(f"max_seconds must lie in {LEAST_SECONDS:g}..{MOST_SECONDS:g}, got {self.max_seconds:g}")
        if self.max_memory is not None and self.max_memory < LEAST_MEMORY:
            least = f"{LEAST_MEMORY:,} bytes ({LEAST_MEMORY >> 20}M), which a worker needs for itself"
            raise UsageError(f"max_memory must be at least {least}, got {self.max_memory:,}")
        if self.read_ahead < 1:
            raise UsageError(f"read_ahead must be at least 1 byte, got {self.read_ahead:,}")

    @property
    def held(self) -> bool:
        """Whether somebody set a limit of time or memory, which then holds wherever an image is decoded."""
        return self.max_seconds is not None or self.max_memory is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class FindOptions:
    """What counts as a match, and how matches become groups.

    Attributes
    ----------
    tier : Tier
        Loosest tier to report.
    spec, radius : HashSpec, int
        The hash that proposes candidate pairs, and their largest Hamming distance in bits, inclusive.
    group : str
        star, clique or component.
    keep : str
        Keep rules, first difference wins.
    orient : str
        upright, mirror (also mirrored pictures are the same) or all (also rotated ones).
    crops : bool
        Whether to look for pictures that were cropped by much, too.
    verify : str
        thumbnail (the files are looked at only where thumbnails leave doubts) or pixels (always).
    protect : tuple of str
        Globs in gitignore syntax, relative to each root: images that match come first in keep order and never go.
    units : bool
        Whether the files of one shot count as one image.
    frames : str
        first, or all: images match, as edits at most, if any of their frames or pages do.
    """

    tier: Tier = Tier.EDIT
    spec: HashSpec = field(default_factory=HashSpec)
    radius: int = 10
    group: GroupRule = "star"
    keep: str = DEFAULT_KEEP
    orient: Orient = "upright"
    crops: bool = False
    verify: VerifyStep = "thumbnail"
    protect: tuple[str, ...] = ()
    units: bool = True
    frames: Frames = "first"

    def __post_init__(self) -> None:
        if self.tier is Tier.NONE:
            raise UsageError("tier must be one of exact, copy, edit, similar")
        if not 0 <= self.radius <= self.spec.bits:
            raise UsageError(f"radius must lie in 0..{self.spec.bits} bits for {self.spec.id}, got {self.radius}")
        choices = {
            "group rule": (self.group, GroupRule), "orientation": (self.orient, Orient),
            "verification": (self.verify, VerifyStep), "choice of frames": (self.frames, Frames),
        }  # fmt: skip
        for what, (given, known) in choices.items():
            check_known(what, given, get_args(known))
