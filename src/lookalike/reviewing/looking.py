"""Full looks at two files, remembered: a person goes back and forth."""

import os

from lookalike import confirming
from lookalike.confirming import Confirmed
from lookalike.errors import DecodeError
from lookalike.files import contents_of
from lookalike.model import Member, Orient

REMEMBERED = 1000


class Looks:
    """Looks at two files.

    Parameters
    ----------
    orient : str
        Turns that count as the same picture.
    """

    def __init__(self, orient: Orient) -> None:
        self._orient = orient
        self._seen: dict[tuple[str, str], Confirmed | None] = {}

    def __call__(self, keeper: Member, other: Member) -> Confirmed | None:
        """Look at the files of two images.

        Parameters
        ----------
        keeper, other : Member
            The images.

        Returns
        -------
        Confirmed or None
            As `lookalike.confirming.confirm`; None where one of them cannot be read.
        """
        key = keeper.ref.path, other.ref.path
        if key not in self._seen:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[key] = self._confirmed(*key)
        return self._seen[key]

    def _confirmed(self, first: str, second: str) -> Confirmed | None:
        try:
            files = [(contents_of(path)[0], os.path.basename(path)) for path in (first, second)]
            return confirming.confirm(files[0], files[1], orient=self._orient)
        except (OSError, DecodeError):
            return None
