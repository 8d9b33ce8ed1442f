"""What a file says of itself, for people: what a person looks at beside the picture before one of two files goes."""

import os
from datetime import UTC, datetime

from lookalike import decode, metadata
from lookalike.errors import DecodeError
from lookalike.limiting import File, SecondLooks
from lookalike.model import Member
from lookalike.report import amount
from lookalike.showing.previews import as_found

Facts = dict[str, str]


def facts_of(member: Member, looks: SecondLooks | None = None) -> Facts:
    """Return what is known of an image, and what its EXIF says.

    Parameters
    ----------
    member : Member
        The image.
    looks : SecondLooks, optional
        Who holds opening the file to limits; None for the usual ones.

    Returns
    -------
    dict of str to str
        Values by name; what cannot be read any more is left out.
    """
    made = {
        "Size": f"{member.width} x {member.height}",
        "File size": f"{amount(member.ref.size)} ({member.ref.size:,} bytes)",
        "Format": member.format,
        "Quality": "lossless or unknown" if member.quality is None else f"about {member.quality}",
        "Frames": str(member.frames),
    }
    try:
        seconds = os.stat(member.ref.path).st_mtime
        data = as_found(member.ref.path, member.ref.digest, member.ref.size)
    except OSError as error:
        return made | {"File": f"cannot be read: {error.strerror}"}
    made["Modified"] = _when(seconds)
    looks = looks or SecondLooks()
    try:
        made |= looks(_said, (data, os.path.basename(member.ref.path)), max_pixels=looks.options.max_pixels)
    except DecodeError as error:
        made["File"] = f"cannot be decoded: {error}"
    return made


def _said(file: File, *, max_pixels: int) -> Facts:
    with decode.opened(*file, truncated=False, max_pixels=max_pixels) as image:
        profile = "embedded" if image.info.get("icc_profile") else "none"
        exif = {f"EXIF {name}": value for name, value in metadata.described(image).items()}
        return {"Mode": image.mode, "Colour profile": profile, **exif}


def _when(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):  # of no calendar
        return f"{seconds:.0f} seconds after 1970"


def side_by_side(found: list[Facts]) -> list[tuple[str, list[str], bool]]:
    """Lay facts of several images beside each other.

    Parameters
    ----------
    found : list of dict
        From `facts_of`.

    Returns
    -------
    list of (str, list of str, bool)
        Name, the value of each image (empty where it has none), and whether they differ; in the order of the first that has it.

    Examples
    --------
    >>> side_by_side([{"Size": "8 x 8"}, {"Size": "8 x 8", "Mode": "L"}])
    [('Size', ['8 x 8', '8 x 8'], False), ('Mode', ['', 'L'], True)]
    """
    names = dict.fromkeys(name for one in found for name in one)
    rows = [(name, [one.get(name, "") for one in found]) for name in names]
    return [(name, values, len(set(values)) > 1) for name, values in rows]
