"""The frames of contents that are contents of their own, so that hashes, thumbnails and verdicts of them are kept like any."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.database import Database


class Frames(Database):
    """The table frame of the catalog."""

    def add_frames(self, content: int, frames: Iterable[tuple[int, int]], step: str) -> None:
        """Store which frames of a content are contents of their own; call inside a transaction.

        Parameters
        ----------
        content : int
            Id of the content.
        frames : iterable of (int, int)
            Number of a frame, from 1 for the second on, and id of its content; none where no further frame shows anything new.
        step : str
            How they were looked at, with its version.
        """
        self.db.execute("DELETE FROM frame WHERE content = ?", (content,))
        # The first frame is the content itself, and says that somebody looked.
        numbers, pictures = zip((0, content), *frames, strict=True)
        columns = ([content] * len(numbers), numbers, pictures)
        self.db.executemany(
            "INSERT INTO frame (content, number, picture, seal, step) VALUES (?, ?, ?, ?, ?)",
            zip(*columns, self.seals(*columns), [step] * len(numbers), strict=True),
        )

    def frames(self, ids: NDArray[np.int64], step: str) -> dict[int, list[tuple[int, int]]]:
        """Return which frames of contents are contents of their own.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.
        step : str
            How they would be looked at; what was found in another way does not count.

        Returns
        -------
        dict of int to list of (int, int)
            By id, as `add_frames` took them, ascending; without those that nobody looked at.
        """
        query = """SELECT content, number, picture, seal FROM frame WHERE step = ? AND content IN wanted
            ORDER BY content, number"""
        found: dict[int, list[tuple[int, int]]] = {}
        with self.wanted(ids):
            rows = self.db.execute(query, (step,)).fetchall()
        self.check_rows("frame", rows)
        for content, number, picture, _ in rows:
            known = found.setdefault(content, [])
            if number:
                known.append((number, picture))
        return found
