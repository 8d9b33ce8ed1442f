"""The nouns that cross stages. Read this file first.

Values are frozen and hold no behaviour beyond checking themselves; nothing here opens a file, reads a clock or knows
how a stage works. Paths are ``str`` as `os.fsdecode` gives them, so any byte sequence survives.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import FailureKind, check_known

THUMBNAIL_SIDE = 64
CHROMA_SIDE = 8
LUMA_BYTES = THUMBNAIL_SIDE * THUMBNAIL_SIDE
THUMBNAIL_BYTES = LUMA_BYTES + CHROMA_SIDE * CHROMA_SIDE * 2
"""Luma, then chroma."""
DIGEST_BYTES = 32
"""Of BLAKE3."""
COLOUR_BINS = 14
"""Bins of a colorhash: black, gray, six faint hues, six bright ones."""
BLOCK = 8
"""Side in pixels of the blocks whose means the fast decoding starts from."""
MIN_BLOCKS = 24
"""Pictures with fewer blocks on the short side are resampled from their pixels instead."""
MIN_DETAIL = 5
"""Images with less `Thumbnail.detail` than this are never joined by hash."""
MAX_PIXELS = 178_956_970
"""Default pixel limit of one image: where Pillow begins to refuse an image as a decompression bomb."""
LEAST_SECONDS, MOST_SECONDS = 0.01, 86_400.0
"""Between these a limit of seconds lies."""
LEAST_MEMORY = 128 << 20
"""Bytes below which a limit of memory leaves a worker little for pictures: it needs some for itself."""
READ_AHEAD = 256 << 20
"""Bytes that are read ahead when nobody says."""

LOSSES = ("pixels", "crop", "colour", "alpha", "depth", "frames", "timing", "video", "raw", "finish")
"""What a keeper may lack: resolution, more of the scene, colour, transparency, bits per channel, frames or pages, when each
frame of an animation is shown, a video, what only a camera raw file holds, a finished picture (of which a camera raw file
has a preview)."""
EMPTY_ROW = "empty row"
"""What the catalog remembers of a row of a table that holds nothing; it stays a failure."""
EMPTY: tuple[FailureKind, str] = "not-here", "the row holds no image: it is empty"
"""Kind and reason of that failure."""
DEFAULT_KEEP = "intact,resolution,original,quality,exif,bytes,oldest,shortest-path,name"

GroupRule = Literal["star", "clique", "component"]
Orient = Literal["upright", "mirror", "all"]
VerifyStep = Literal["thumbnail", "pixels"]
Frames = Literal["first", "all"]
Role = Literal["keeper", "duplicate", "similar"]
Stage = Literal["list", "read", "decode"]
Truncated = Literal["refuse", "accept"]


class Tier(IntEnum):
    """How sure and how close a match is; a smaller number is tighter."""

    EXACT = 0
    COPY = 1
    EDIT = 2
    SIMILAR = 3
    NONE = 4
    """Looked at and found to be different pictures; never leaves the program."""

    @classmethod
    def parse(cls, text: str) -> "Tier":
        """Return the tier called `text`.

        Parameters
        ----------
        text : str
            exact, copy, edit or similar.

        Returns
        -------
        Tier
            The tier of that name.

        Raises
        ------
        UsageError
            If no tier is called that.

        Examples
        --------
        >>> Tier.parse("copy")
        <Tier.COPY: 1>
        """
        known = {name.lower(): tier for name, tier in cls.__members__.items() if tier is not cls.NONE}
        check_known("tier", text, known)
        return known[text]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where an image was found: its identity, never its pixels.

    Attributes
    ----------
    path : str
        The root as the user gave it, plus the path within it.
    volume, key : str
        Identity of the file system and the path within it: the same on every mount point.
    size : int
        Bytes.
    mtime_ns : int
        Modification time in nanoseconds since 1970.
    device, inode : int
        What the system calls this file; equal for all names of one file.
    digest : bytes or None
        BLAKE3 of the content (32 bytes), once it has been read.
    source : str
        Which source it came from.
    """

    path: str
    volume: str
    key: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    digest: bytes | None = None
    source: str = "files"


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """What verification and every fast hash see of a picture, and what is known of the whole of it.

    Attributes
    ----------
    luma : ndarray of uint8, shape (64, 64)
        Brightness, upright, transparency over white.
    chroma : ndarray of uint8, shape (8, 8, 2)
        Cb and Cr; 128 is neutral.
    width, height : int
        Upright size of the picture in pixels.
    format : str
        Container as Pillow names it: JPEG, PNG, ...
    frames : int
        Frames or pages, at least 1.
    alpha : bool
        Whether any pixel of the first frame is not opaque.
    depth : int
        Bits per channel.
    colour : bool
        Whether the first frame has any colour.
    detail : int
        How much structure the picture has, 0..100.
    quality : int or None
        Estimated quality setting of the encoder, 1..100; None where lossless or unknown.
    lossless : bool
        Whether the container keeps pixels as they are.
    captured : str or None
        When the photo was taken, ``YYYY-MM-DD HH:MM:SS[.fff]``, from EXIF.
    exif : dict
        The EXIF facts that choose a keeper: orientation, make, model, software, tags (how many).
    truncated : bool
        Whether the file ends early and was accepted all the same.
    """

    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    width: int
    height: int
    format: str
    frames: int = 1
    alpha: bool = False
    depth: int = 8
    colour: bool = True
    detail: int = 100
    quality: int | None = None
    lossless: bool = False
    captured: str | None = None
    exif: dict[str, str | int] = field(default_factory=dict)
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class HashSpec:
    """Which hash a block of words holds; blocks of unequal specs never compare.

    Attributes
    ----------
    algorithm, size : str, int
        Name of the algorithm, such as phash; side of the hash, of ``size * size`` bits (colorhash: 14 for each of `size`).
    filter : str
        Resampling filter on the way to the hash.
    decoding : str
        How pixels reach the hash: fast, full, imgdd or pdq.
    version : int
        Rises whenever one bit of one hash could change.
    options : str
        What else an algorithm was told, such as ``mode=db4``; empty where nothing.
    """

    algorithm: str = "phash"
    size: int = 8
    filter: str = "lanczos3"
    decoding: str = "fast"
    version: int = 1
    options: str = ""

    @property
    def bits(self) -> int:
        """Number of bits of one hash."""
        return self.size * (COLOUR_BINS if self.algorithm == "colorhash" else self.size)

    @property
    def id(self) -> str:
        """The text stored beside every hash of this spec."""
        options = f"-{self.options}" if self.options else ""
        return f"{self.algorithm}-{self.size}-{self.filter}-{self.decoding}-v{self.version}{options}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An image (or a folder) that could not be read: a row, never silence.

    Attributes
    ----------
    ref : ImageRef
        What could not be read.
    stage : str
        Where it stopped: list, read or decode.
    kind : str
        damaged, unsupported, denied, transient, not-here or limit.
    reason : str
        One clause for people.
    """

    ref: ImageRef
    stage: Stage
    kind: FailureKind
    reason: str


@dataclass(frozen=True, slots=True)
class Member:
    """One image of a group, with what it takes to judge it.

    Attributes
    ----------
    ref : ImageRef
        Where it is.
    width, height : int
        Upright size in pixels.
    format : str
        Container.
    quality : int or None
        Estimated quality setting of the encoder.
    role, keeper : str, str or None
        keeper, duplicate or similar. Path of the keeper this member was verified against; None for the group's keeper.
    distance, share : int, float or None
        Hamming distance to that keeper in bits, and as a share of the hash's bits; None for the group's keeper.
    score : float or None
        Verification score, 0..1.
    tier : Tier or None
        Tier of the pair with its keeper; None for a member that was never verified against it.
    relation : str
        What was done to the picture, in words; empty for the keeper.
    reason : str
        Why this image is the keeper, or why its keeper comes before it.
    keeper_lacks : tuple of str
        What this image carries and its keeper does not, of `LOSSES`.
    detail : int
        How much structure the picture has, 0..100.
    parts : tuple of str
        Paths of the other images of its unit, such as the raw file beside a JPEG.
    frames : int
        Frames or pages, at least 1.
    """

    ref: ImageRef
    width: int
    height: int
    format: str
    quality: int | None
    role: Role
    keeper: str | None = None
    distance: int | None = None
    share: float | None = None
    score: float | None = None
    tier: Tier | None = None
    relation: str = ""
    reason: str = ""
    keeper_lacks: tuple[str, ...] = ()
    detail: int = 100
    parts: tuple[str, ...] = ()
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Images that show the same picture; the first member is the keeper.

    Attributes
    ----------
    id : int
        1 for the group that would free most bytes.
    members : tuple of Member
        The keeper first, then by tier and keep order.
    rule : str
        star, clique or component.
    saving : int
        Bytes that the duplicates hold; names of one file count once.
    diameter : int
        Largest distance in bits between two members.
    """

    id: int
    members: tuple[Member, ...]
    rule: GroupRule
    saving: int
    diameter: int

    @property
    def keeper(self) -> Member:
        """The member that stays."""
        return self.members[0]
