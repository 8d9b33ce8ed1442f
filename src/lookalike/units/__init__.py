"""Units: the files of one shot, and what lies beside an image for it; they stay together or go together.

The whole table is docs/units.md. Names alone decide, and where they do not say clearly what belongs together, each image
stays for itself: nothing is guessed.

Sources: cameras number a raw file and its JPEG alike (DCF, JEITA CP-3461B, 3.2: same file number). Live Photos and edits on
a phone: osxphotos, ``osxphotos import --help`` (https://github.com/RhetTbull/osxphotos): IMG_1234.HEIC, IMG_E1234.JPG,
IMG_1234.AAE and IMG_O1234.AAE. XMP beside x.cr2 as x.xmp (Adobe) or x.cr2.xmp (darktable, where
further edits are x_01.cr2.xmp, and digiKam; https://docs.darktable.org/usermanual/stable/en/overview/sidecar-files/sidecar/).
RawTherapee: x.cr2.pp3 (https://rawpedia.rawtherapee.com/Sidecar_Files_-_Processing_Profiles). DxO PhotoLab: x.cr2.dop. YOLO:
the last folder ``images`` of a path is ``labels`` for its labels (``img2label_paths`` in utils/dataloaders.py of
https://github.com/ultralytics/yolov5).
Google Takeout: `lookalike.units.takeout`. WebDataset: `lookalike.units.samples`.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from lookalike.columns import Images, Units, apart
from lookalike.units.folder import Folder, Unit
from lookalike.units.samples import members, samples

__all__ = ["BESIDE", "Unit", "folders_of", "group", "of_images"]

BESIDE = ("labels", "masks")
"""Folders beside a folder ``images`` that hold files of the same stems."""

_IMAGES = re.compile(
    r"(?:(?<=[{0}])|^)images(?=[{0}]|$)(?!.*[{0}]images(?:[{0}]|$))".format(re.escape(os.sep + (os.altsep or ""))),
    re.DOTALL,
)
"""The last folder of that name."""


def group(paths: Iterable[str], is_image: Callable[[str], bool]) -> list[Unit]:
    """Sort files into units.

    Parameters
    ----------
    paths : iterable of str
        Files, images and others; what is not among them is not seen.
    is_image : callable
        ``path -> bool``: whether a file is an image.

    Returns
    -------
    list of Unit
        Folder by folder, and in each in the order in which the images come. Every image is in one of them, but for masks, which
        are sidecars. A sidecar that several units share is listed in each; a file that belongs to no image is in none.

    Examples
    --------
    >>> group(["a/1.CR2", "a/1.jpg", "a/1.xmp", "a/10.jpg"], lambda path: not path.endswith("xmp"))
    [Unit(images=('a/1.jpg', 'a/1.CR2'), sidecars=('a/1.xmp',)), Unit(images=('a/10.jpg',), sidecars=())]
    """
    folders: dict[str, Folder] = {}
    for path in paths:
        place = path.rpartition(os.sep)[0]
        folder = folders.get(place)
        if folder is None:
            folder = folders[place] = Folder()
        (folder.paths if is_image(path) else folder.others).append(path)
    for place, folder in folders.items():
        for beside in _beside(place):
            if beside in folders:
                folder.take(folders[beside])
    units: list[Unit] = []
    for place in list(folders):  # one after the other is done with: few objects at a time cost the least
        units += folders.pop(place).units()
    return units


def folders_of(path: str) -> tuple[str, ...]:
    """Return the folders in which parts of an image may lie.

    Parameters
    ----------
    path : str
        An image.

    Returns
    -------
    tuple of str
        Its own folder first.

    Examples
    --------
    >>> folders_of("set/images/train/x.jpg")
    ('set/images/train', 'set/labels/train', 'set/masks/train')
    >>> folders_of("photos/x.jpg")
    ('photos',)
    """
    place = path.rpartition(os.sep)[0]
    return place, *_beside(place)


def of_images(images: Images, unread: Sequence[tuple[str, bool]], beside: Sequence[str]) -> Units:
    """Return the units of images that were scanned; none has both references and images under test.

    Parameters
    ----------
    images : Images
        Images that were read.
    unread : sequence of tuple
        Path of each image that could not be read, and whether it is a reference.
    beside : sequence of str
        Other files that say what belongs together.

    Returns
    -------
    Units
        One row per image that was read.
    """
    lost_paths = [path for path, _ in unread]
    if not (beside or images.reference.any() or "tar" in images.source) and _all_apart([*images.path, *lost_paths]):
        return apart(images.path, lost_paths)
    unit, mask = np.zeros(len(images), np.int64), np.zeros(len(images), np.bool_)
    shots: list[tuple[str, ...]] = []
    unit_of_unread: dict[str, int] = {}
    for reference in (True, False):
        rows = np.flatnonzero(images.reference == reference).tolist()
        lost = [path for path, side in unread if side == reference]
        known = dict.fromkeys([*(images.path[row] for row in rows), *lost])
        found = _merged(group([*known, *beside], known.__contains__), samples(members(images, rows, lost)))
        at = {path: len(shots) + place for place, one in enumerate(found) for path in one.images}
        masks: dict[str, int] = {}
        for place, one in enumerate(found):
            for path in one.sidecars:
                if path in known:
                    masks.setdefault(path, len(shots) + place)
        for row in rows:
            path = images.path[row]
            mask[row] = path in masks
            unit[row] = masks[path] if path in masks else at[path]
        unit_of_unread |= {path: masks[path] if path in masks else at[path] for path in lost}
        shots += (one.images for one in found)
    return Units(unit, mask, shots, unit_of_unread)


def _all_apart(paths: Sequence[str]) -> bool:
    """Say whether no two images can belong together; in doubt False. Folders come one by one."""
    places: set[str] = set()
    for place, part in groupby(paths, lambda path: path.rpartition(os.sep)[0]):
        inside = list(part)
        if place in places or len({path.rpartition(".")[0].lower() for path in inside}) < len(inside):
            return False
        places.add(place)
    return all(places.isdisjoint(_beside(place)) for place in places)


def _merged(units: list[Unit], sample: Mapping[str, str]) -> list[Unit]:
    """Return units, those of one sample as one."""
    merged: dict[str, Unit] = {}
    for unit in units:
        first = sample.get(unit.images[0], unit.images[0])
        before = merged.get(first)
        merged[first] = unit if before is None else Unit(before.images + unit.images, before.sidecars + unit.sidecars)
    return list(merged.values())


def _beside(place: str) -> list[str]:
    found = _IMAGES.search(place) if "images" in place else None
    return [] if found is None else [f"{place[: found.start()]}{name}{place[found.end() :]}" for name in BESIDE]
