"""Metadata that would be lost: what an image has, in itself or beside it, and its keeper has not."""

import os
from functools import lru_cache

from lookalike import carried
from lookalike.carried import Carried
from lookalike.plan import KeepOptions
from lookalike.planning.beside import Beside
from lookalike.planning.fates import Fate
from lookalike.tables import printable


class Rescue:
    """What each image carries, read once while its group is looked at.

    Parameters
    ----------
    beside : Beside
        What lies beside images.
    options : KeepOptions
        What may go.
    """

    def __init__(self, beside: Beside, options: KeepOptions) -> None:
        self._beside, self._options = beside, options
        self._carried = lru_cache(maxsize=64)(self._read)

    def look(self, fate: Fate) -> None:
        """Note what is to be merged before an image goes, or why it stays.

        Parameters
        ----------
        fate : Fate
            An image that is to go.
        """
        options, keeper = self._options, fate.keeper
        if keeper is None or options.metadata == "drop":
            return
        merge = options.metadata == "merge"
        if fate.digest == keeper.digest and not (merge and self._sidecars(fate.path)):
            return
        try:
            names = self.missing(keeper.path, fate.path)
        except OSError as error:
            fate.stays = f"its metadata cannot be read: {printable(str(error))}"
            return
        if not names:
            return
        if not merge:
            fate.stays = f"keeper lacks metadata: {', '.join(names)} (--merge-metadata or --drop-metadata)"
        elif keeper.standing.apart is not None:
            fate.stays = (
                f"keeper lacks metadata, and nothing is written beside it: {', '.join(names)}; it is "
                f"{keeper.standing.apart} (--drop-metadata)"
            )
        else:
            fate.metadata = names

    def missing(self, keeper: str, path: str) -> tuple[str, ...]:
        """Return what one image carries and another does not, sidecars included.

        Parameters
        ----------
        keeper, path : str
            The one that stays, and the one that goes.

        Returns
        -------
        tuple of str
            Names as of `lookalike.carried.missing`.

        Raises
        ------
        OSError
            If a file cannot be read.
        """
        return tuple(carried.missing(self._carried(keeper, True), self._carried(path, self._options.units)))

    def _read(self, path: str, sidecars: bool) -> Carried:  # noqa: FBT001 - a key of the cache
        found = carried.read(_content(path), os.path.basename(path))
        for sidecar in self._sidecars(path) if sidecars else ():
            found = carried.joined(found, carried.read_sidecar(_content(sidecar)))
        return found

    def _sidecars(self, path: str) -> list[str]:
        return [sidecar for sidecar in self._beside.unit(path).sidecars if sidecar.lower().endswith(".xmp")]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
