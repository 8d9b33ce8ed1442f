"""The files of one folder, by their names: which images are of one shot, and what lies beside each."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lookalike import endings
from lookalike.units import takeout

EDITORS = ("xmp", "aae", "pp3", "dop")
"""What programs write beside an image: x.xmp or x.cr2.xmp."""
TRAINING = ("txt", "caption", "json", "npz")
"""What goes with an image into training: x.txt."""

_EDIT = re.compile(r"([a-z]{3}_)e(\d{4}.*)", re.DOTALL)
_ADJUSTMENT = re.compile(r"([a-z]{3}_)o(\d{4}.*)", re.DOTALL)
_FURTHER = re.compile(r"(.+)_\d\d(\.[^.]+)", re.DOTALL)


class Unit(NamedTuple):
    """Files that stay together or go together.

    Attributes
    ----------
    images : tuple of str
        Paths of its images; the first stands for it: what the phone or camera shows, then edits, then raw files.
    sidecars : tuple of str
        Paths of what belongs to them, sorted; also masks, which are no images in their own right.
    """

    images: tuple[str, ...]
    sidecars: tuple[str, ...] = ()


class _Image:
    """An image of a folder; the first of a unit leads it and holds what it is made of."""

    __slots__ = ("ending", "images", "lead", "name", "path", "sidecars", "stem")

    def __init__(self, path: str, name: str, stem: str, ending: str) -> None:
        self.path, self.name, self.stem, self.ending = path, name, stem, ending
        self.lead: _Image | None = None
        self.images: Sequence[str] = (path,)
        self.sidecars: set[str] | None = None

    @property
    def unit(self) -> "_Image":
        """The image that leads its unit."""
        return self.lead or self

    def give(self, path: str) -> None:
        """Add a sidecar to its unit."""
        unit = self.lead or self
        if unit.sidecars is None:
            unit.sidecars = set()
        unit.sidecars.add(path)


_Table = dict[str, list[_Image]]
"""Images by lower-case name, stem or what is left of a name."""


class Folder:
    """The files of one folder.

    Attributes
    ----------
    paths, others : list of str
        Paths of its images, and of its other files; to be filled before anything else is asked.
    """

    __slots__ = ("by_name", "by_stem", "images", "masks", "others", "paths")

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.others: list[str] = []
        self.images: list[_Image] = []
        self.masks: set[str] = set()
        self.by_stem: _Table = {}
        self.by_name: _Table = {}

    def units(self) -> list[Unit]:
        """Return what the images of the folder make, without masks of others.

        Returns
        -------
        list of Unit
            In the order of the images.
        """
        if not self.images and not self.others:
            stems = {path.rpartition(".")[0].lower() for path in self.paths}
            if len(stems) == len(self.paths):  # the usual folder: nothing belongs to anything
                return [Unit((path,)) for path in self.paths]
        self.settle()
        return [
            Unit(tuple(image.images), tuple(sorted(image.sidecars)) if image.sidecars else ())
            for image in self.images
            if image.lead is None and image.path not in self.masks
        ]

    def settle(self) -> None:
        """Put together the images of one shot, and give each what lies beside it; once."""
        if self.images:
            return
        for path in self.paths:
            image = _Image(path, *_split(path))
            self.images.append(image)
            self.by_stem.setdefault(image.stem.lower(), []).append(image)
        for alike in self.by_stem.values():
            if len(alike) > 1:
                _join_shots(alike)
        if self.others and self.images:
            self._give_beside()

    def _give_beside(self) -> None:
        others = [(path, *_split(path)) for path in self.others]
        adjusted = {stem.lower() for _, _, stem, ending in others if ending == "aae"}
        if adjusted:
            self._join_edits(adjusted)
        for image in self.images:
            self.by_name.setdefault(image.name.lower(), []).append(image)
        exported = _Exported(self) if any(ending == "json" for _, _, _, ending in others) else None
        for path, _, stem, ending in others:
            owners: Iterable[_Image] = ()
            if ending == "json" and exported is not None:
                owners = exported.owners(stem)
            elif ending in EDITORS or ending in TRAINING:
                owners = self._owners(stem, ending)
            elif ending in endings.VIDEO:
                owners = [one for one in self.of_stem(stem) if _kind(one) in _SHOWN]
            for owner in owners:
                owner.give(path)

    def take(self, other: "Folder") -> None:
        """Take labels and masks of the same stems out of another folder.

        Parameters
        ----------
        other : Folder
            The folder ``labels`` or ``masks`` beside this one.
        """
        self.settle()
        other.settle()
        for path in other.others:
            _, stem, ending = _split(path)
            if ending in TRAINING:
                for owner in self.of_stem(stem):
                    owner.give(path)
        for mask in other.images:
            if owners := self.of_stem(mask.stem):
                other.masks.update(mask.unit.images)
                for owner in owners:
                    for path in (*mask.unit.images, *(mask.unit.sidecars or ())):
                        owner.give(path)

    def of_stem(self, stem: str) -> Sequence[_Image]:
        """Return the images of a stem; those of other case only if there is none of the same.

        Parameters
        ----------
        stem : str
            A name without its ending.

        Returns
        -------
        sequence of _Image
            None where there is no such image.
        """
        alike = self.by_stem.get(stem.lower(), ())
        return [image for image in alike if image.stem == stem] or alike

    def of_name(self, name: str) -> Sequence[_Image]:
        """Return the images of a name; those of other case only if there is none of the same.

        Parameters
        ----------
        name : str
            A file name.

        Returns
        -------
        sequence of _Image
            None where there is no such image.
        """
        alike = self.by_name.get(name.lower(), ())
        return [image for image in alike if image.name == name] or alike

    def _owners(self, stem: str, ending: str) -> Sequence[_Image]:
        owners = self.of_name(stem) or self.of_stem(stem)
        if not owners and ending == "aae":
            adjustment = _ADJUSTMENT.fullmatch(stem.lower())
            number = "".join(adjustment.groups()) if adjustment else stem.lower()
            owners = self.of_stem(number) or self.of_stem(f"{number[:4]}e{number[4:]}")
        if not owners and ending == "xmp" and (further := _FURTHER.fullmatch(stem)):
            owners = self.of_name("".join(further.groups()))
        return owners

    def _join_edits(self, adjusted: set[str]) -> None:
        """Join what a phone edited with its original, where the record of the edit is there."""
        for stem, edits in self.by_stem.items():
            found = _EDIT.fullmatch(stem) if stem[3:5] == "_e" else None
            if found is None or adjusted.isdisjoint((found[1] + found[2], f"{found[1]}o{found[2]}")):
                continue
            originals = {image.unit for image in self.by_stem.get(found[1] + found[2], ())}
            if len(originals) == len({image.unit for image in edits}) == 1:
                (unit,) = originals
                whole = [*unit.images, *edits[0].unit.images]
                unit.images = sorted(whole, key=lambda path: _split(path)[2] in endings.RAW)
                for image in edits:
                    image.lead = unit


def _split(path: str) -> tuple[str, str, str]:
    """Return the name at the end of a path, the name without its ending, and that in lower case."""
    name = path.rpartition(os.sep)[2]
    stem, _, ending = name.rpartition(".")
    return (name, stem, ending.lower()) if stem else (name, name, "")


def _join_shots(alike: list[_Image]) -> None:
    """Join the images of one shot among those whose stems differ in case at most."""
    if len({_kind(image) for image in alike}) < len(alike):  # two of a kind: only equal case tells whose the others are
        exact: _Table = {}
        for image in alike:
            exact.setdefault(image.stem, []).append(image)
        if len(exact) > 1:
            for part in exact.values():
                _join_shots(part)
        return
    shot = sorted((image for image in alike if _kind(image) in _SHOWN), key=_kind)
    if shot:
        shot += sorted((image for image in alike if image.ending in endings.RAW), key=_kind)
        shot[0].images = [image.path for image in shot]
        for image in shot[1:]:
            image.lead = shot[0]


_SHOWN = ("heic", "jpeg")


def _kind(image: _Image) -> str:
    """Return what there is at most one of in a shot; a raw file and its DNG are two kinds."""
    return "heic" if image.ending in endings.HEIC else "jpeg" if image.ending in endings.JPEG else image.ending


class _Exported:
    """The names of a folder as Google Takeout knows them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._cut: _Table = {}
        self._edited: _Table = {}
        """By the names of their originals, and by those without ending."""
        for image in folder.images:
            original = takeout.original(image.name)
            for name in (image.name, original):
                if name is not None and (left := takeout.cut(name)) is not None:
                    self._cut.setdefault(left.lower(), []).append(image)
            if original is not None:
                stem = original.rpartition(".")[0]
                for key in {original.lower(), stem.lower()}:
                    self._edited.setdefault(key, []).append(image)

    def owners(self, core: str) -> Sequence[_Image]:
        """Return the images that a JSON file belongs to, those edited from one included.

        A name counts before what is left of it, and the image itself before those of its stem.
        """
        names = tuple(takeout.names(core))
        own: Sequence[_Image] = ()
        for look in (self._folder.of_name, self._folder.of_stem, lambda _: self._cut.get(core.lower(), ())):
            for name in names:
                own = own or look(name)
        if not self._edited:
            return own
        edited: Sequence[_Image] = ()
        for name in names:
            for key in (name, name.rpartition(".")[0]):
                edited = edited or self._edited.get(key.lower(), ())
        return [*own, *edited]
