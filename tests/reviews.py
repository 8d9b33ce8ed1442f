"""Albums to be reviewed, for tests of reviews."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

import lookalike as la
from conftest import encode, scene
from lookalike.plan import KeepOptions
from lookalike.reviewing.choosing import in_order
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import of_findings
from removal_trees import put


def transparent(image: Image.Image) -> Image.Image:
    """Return a picture with a hole in it."""
    made = image.convert("RGBA")
    alpha = np.full(image.size[::-1], 255, np.uint8)
    alpha[100:160, 200:280] = 0
    made.putalpha(Image.fromarray(alpha))
    return made


def _shot(second: int, width: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "One"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"2024:05:01 12:00:{second:02d}"
    return encode(scene(3, 640, 480).resize((width, width * 3 // 4)), quality=90 - second // 10, exif=exif)


@cache
def album() -> dict[str, bytes]:
    """Return files by name; those of one folder show one picture, but for the two exposures in shots."""
    big, hole = scene(1, 640, 480), transparent(scene(2, 640, 480))
    return {
        "dogs/again.png": encode(big, "PNG"),
        "dogs/big.png": encode(big, "PNG"),
        "dogs/gray.png": encode(big.convert("L"), "PNG"),
        "dogs/small.jpg": encode(big.resize((320, 240)), quality=90),
        "holes/large.png": encode(scene(2, 960, 720), "PNG"),
        "holes/whole.png": encode(hole, "PNG"),
        "holes/whole-small.png": encode(hole.resize((320, 240)), "PNG"),
        "shots/one.jpg": _shot(10, 640),
        "shots/one-small.jpg": _shot(10, 320),
        "shots/two.jpg": _shot(40, 640),
        "trees/fine.jpg": encode(scene(4), quality=92),
        "trees/poor.jpg": encode(scene(4), quality=50),
    }


def write(folder: str | Path, files: dict[str, bytes]) -> None:
    """Write files below a folder, some time in the past."""
    for name, content in files.items():
        put(os.path.join(folder, name), content)


def findings(*roots: str | Path, **options: Any) -> la.Findings:
    """Return what a search for everything down to similar pictures finds."""
    return la.find(list(roots), **{"tier": "similar", "use_catalog": False, "workers": 1, **options})


def review(found: la.Findings, ledger: str | Path, **options: Any) -> Review:
    """Begin to review, with labels of no account."""
    return Review(of_findings(found), KeepOptions(**{"within": 0, **options}), ledger=str(ledger), workers=1)


def at(begun: Review, name: str) -> tuple[int, int]:
    """Return the position of the group that holds a file, and of the file among its members by path."""
    for group in range(len(begun)):
        for position, member in enumerate(in_order(begun.group(group))):
            if member.ref.path.endswith(name):
                return group, position
    raise AssertionError(f"{name} is in no group")


def gone(begun: Review) -> set[str]:
    """Return the names of what the plan of a review removes: the last two parts of each path."""
    removals = begun.plan().removals
    return {"/".join(one.path.split(os.sep)[-2:]) for one in removals}
