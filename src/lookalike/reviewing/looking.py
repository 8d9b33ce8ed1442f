"""Full looks at two files, remembered: a person goes back and forth."""

from blake3 import blake3

from lookalike.errors import DecodeError
from lookalike.limiting import File, SecondLooks
from lookalike.model import Member, Orient
from lookalike.planning.fates import read_found
from lookalike.sources.reading import Reader
from lookalike.verdicts.confirming import Confirmed, confirm

REMEMBERED = 1000


class Looks:
    """Looks at two files; may be called by several threads.

    Parameters
    ----------
    orient : str
        Turns that count as the same picture.
    reader : Reader
        Who reads what is no ordinary file.
    second : SecondLooks
        Who holds looks to limits.
    """

    def __init__(self, orient: Orient, reader: Reader, second: SecondLooks) -> None:
        self._orient, self._reader, self._second = orient, reader, second
        self._seen: dict[tuple[bytes, str, bytes, str], Confirmed] = {}

    def __call__(self, keeper: File, other: File) -> Confirmed:
        """Look at two files.

        Parameters
        ----------
        keeper, other : tuple of (bytes, str)
            Contents and name of each.

        Returns
        -------
        Confirmed
            As `lookalike.verdicts.confirming.confirm`.

        Raises
        ------
        DecodeError
            If one of them cannot be decoded.
        """
        key = blake3(keeper[0]).digest(), keeper[1], blake3(other[0]).digest(), other[1]
        found = self._seen.get(key)
        if found is None:
            most = self._second.options.max_pixels
            found = self._second(confirm, keeper, other, orient=self._orient, max_pixels=most)
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[key] = found
        return found

    def members(self, keeper: Member, other: Member) -> Confirmed | None:
        """Look at the files of two images.

        Parameters
        ----------
        keeper, other : Member
            The images.

        Returns
        -------
        Confirmed or None
            None where one of them cannot be read, or is not what was found.
        """
        try:
            return self(*(
                read_found(one.ref.path, one.ref.digest, None if one.ref.source == "files" else self._reader)
                for one in (keeper, other)
            ))  # fmt: skip
        except (OSError, DecodeError):
            return None
