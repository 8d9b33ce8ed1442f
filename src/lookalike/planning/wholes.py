"""Wholes: the names of one file, and the files of one shot, go together or not at all."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

from lookalike.errors import DecodeError
from lookalike.limiting import File
from lookalike.plan import LINKS, KeepOptions, Part
from lookalike.planning.beside import Beside
from lookalike.planning.fates import Confirm, Fate
from lookalike.planning.rescuing import Rescue
from lookalike.planning.standing import Surroundings
from lookalike.tables import printable
from lookalike.units import Unit


def hold_names(fates: Iterable[Fate]) -> bool:
    """Let all names of a file stay where one of them stays: a symlink that stays must lead somewhere, and nothing is freed.

    Parameters
    ----------
    fates : iterable of Fate
        Images; those that stay now say why.

    Returns
    -------
    bool
        Whether any was held.
    """
    names: dict[tuple[int, int] | None, list[Fate]] = defaultdict(list)
    for fate in fates:
        names[fate.standing.file].append(fate)
    names.pop(None, None)
    changed = False
    for alike in names.values():
        staying = next((fate for fate in alike if fate.stays is not None), None) if len(alike) > 1 else None
        if staying is not None:
            for fate in alike:
                if fate.stays is None:
                    fate.stays, changed = f"same file as a name that stays: {staying.text}", True
    return changed


class Wholes:
    """The units of images that are to go.

    Parameters
    ----------
    fates : sequence of Fate
        All images of the plan.
    beside : Beside
        What lies beside them.
    around : Surroundings
        Roots and folders.
    options : KeepOptions
        What may go.
    rescue : Rescue
        What images carry.
    confirm : callable
        A full look at two files.
    """

    def __init__(
        self,
        fates: Sequence[Fate],
        beside: Beside,
        around: Surroundings,
        options: KeepOptions,
        rescue: Rescue,
        confirm: Confirm,
    ) -> None:
        self._fate = {fate.path: fate for fate in fates}
        self._files = {fate.standing.file: fate for fate in fates}
        self._beside, self._around, self._options = beside, around, options
        self._rescue, self._confirm = rescue, confirm
        self._known: dict[tuple[str, str], str | None] = {}
        going = [fate for fate in fates if fate.stays is None]
        self._keepers = {fate.keeper.path for fate in going if fate.keeper is not None}
        self._alone = [fate for fate in going if beside.owners(fate.path)]
        units = [(fate, beside.unit(fate.path)) for fate in going]
        self._units = [(fate, unit) for fate, unit in units if len(unit.images) > 1 or unit.sidecars]

    def hold(self) -> bool:
        """Let images stay whose unit cannot go whole.

        Returns
        -------
        bool
            Whether any was held.
        """
        changed = False
        for fate in self._alone:
            if fate.stays is None:
                owner = self._beside.owners(fate.path)[0].images[0]
                fate.stays, changed = f"goes only with the image it belongs to: {printable(owner)}", True
        for fate, unit in self._units:
            if fate.stays is None:
                reason = self._lacking(fate, unit)
                if reason is not None:
                    fate.stays, changed = f"not all of its shot can go: {reason}", True
        return changed

    def gather(self) -> None:
        """Put together what goes: each file of a unit becomes a part of the image that stands for it."""
        taken: set[str] = set()
        for fate, unit in self._units:
            others = [path for path in (*unit.images, *unit.sidecars) if path != fate.path]
            if fate.stays is None and fate.path == next(image for image in unit.images if image in self._fate):
                going = [path for path in others if path not in taken and self._goes(path)]
                fate.parts = tuple(self._part(fate, path) for path in going)
                taken.update(part.path for part in fate.parts)
        for path in taken & self._fate.keys():
            self._fate[path].along = True

    def _goes(self, path: str) -> bool:
        """Return whether a file belongs to nothing that stays."""
        owners = [
            [self._fate[image] for image in unit.images if image in self._fate] for unit in self._beside.owners(path)
        ]
        return all(fates and all(fate.stays is None for fate in fates) for fates in owners)

    def _lacking(self, fate: Fate, unit: Unit) -> str | None:
        """Return why a unit cannot go whole."""
        for path in unit.images:
            own = self._fate.get(path)
            reason = self._beyond(fate, path) if own is None else None if own is fate else _apart(own)
            if reason is not None:
                return reason
        for path in unit.sidecars:
            reason = self._beyond(fate, path) if self._goes(path) else None
            if reason is not None:
                return reason
        return None

    def _beyond(self, fate: Fate, path: str) -> str | None:
        """Return why a file that was not found itself cannot go with its image."""
        name = printable(os.path.basename(path))
        apart = self._around.apart(path)
        if apart is not None:
            return f"its {name} is {apart}"
        if path in self._keepers:
            return f"its {name} is the keeper of another image"
        try:
            lying = self._beside.lying(path)
            if not lying.plain:
                return f"its {name} is a symlink (--units off)"
            image = path in self._beside.unit(fate.path).images
            if image and lying.file in self._files:
                return f"its {name} is the same file as {self._files[lying.file].text}"
            if self._remains(fate, path) is not None:
                return None
            if not image and self._options.action not in LINKS and self._may_drop(path):
                return None
        except OSError as error:
            return f"its {name} cannot be read: {printable(error.strerror or str(error))}"
        return f"its {name} has no equal beside the keeper (--units off)"

    def _may_drop(self, path: str) -> bool:
        metadata = self._options.metadata
        return metadata == "drop" or (metadata == "merge" and path.lower().endswith(".xmp"))

    def _remains(self, fate: Fate, path: str) -> str | None:
        """Return what stays of a part: an equal file beside the keeper, or for a picture one that was verified."""
        key = fate.path, path
        if key not in self._known:
            assert fate.keeper is not None
            unit = self._beside.unit(fate.keeper.path)
            remains = self._beside.equal(path, unit)
            if remains is None and path in self._beside.unit(fate.path).images and self._options.action not in LINKS:
                remains = next((other for other in unit.images if self._verified(other, path)), None)
            self._known[key] = remains
        return self._known[key]

    def _verified(self, keeper: str, path: str) -> bool:
        options = self._options
        try:
            found = self._confirm(self._file(keeper), self._file(path))
        except DecodeError:
            return False
        if found.tier > options.tier or set(found.lacks[0]) - set(options.allow_loss):
            return False
        return options.metadata == "drop" or not self._rescue.missing(keeper, path)

    def _file(self, path: str) -> File:
        with open(path, "rb") as file:
            return file.read(), os.path.basename(path)

    def _part(self, fate: Fate, path: str) -> Part:
        own = self._fate.get(path)
        if own is not None and own.keeper is not None:
            return Part(path, own.standing.size, own.standing.mtime_ns, own.digest, own.keeper.path)
        lying = self._beside.lying(path)
        return Part(path, lying.size, lying.mtime_ns, self._beside.digest(path), self._remains(fate, path))


def _apart(other: Fate) -> str | None:
    """Return why an image cannot go with another of its shot."""
    if other.stays is not None:
        return f"{other.text} stays, {other.stays}"
    if other.standing.symlink:
        return f"{other.text} is a symlink (--units off)"
    if other.metadata:
        return f"the keeper of {other.text} lacks its {', '.join(other.metadata)} (--drop-metadata)"
    return None
