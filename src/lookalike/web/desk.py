"""What the pages are about: the review, the plan that is on the table, what was done last."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from lookalike.model import ImageRef
from lookalike.plan import Plan
from lookalike.planning.making import freed
from lookalike.removal.applying import Applied
from lookalike.removal.undoing import Undone
from lookalike.reviewing.acting import write_plan
from lookalike.reviewing.session import Review
from lookalike.showing.differing import difference
from lookalike.showing.previews import Previews, as_found, encoded
from lookalike.web.guard import Secrets
from lookalike.web.jobs import Jobs, OnProgress

DRAWN = 64
"""How many pictures of differences are remembered."""


@dataclass(slots=True)
class Desk:
    """The state of one review app.

    Attributes
    ----------
    review : Review
        What is reviewed.
    previews : Previews
        Its pictures.
    leave : callable
        Ends the server.
    plan_file : str or None
        Where the plan is written; None for beside the ledger.
    known : Secrets
        What a browser must know.
    jobs : Jobs
        What takes long.
    plan : tuple of (Plan, str, int) or None
        The plan of all that was chosen, the file it was written to, and the bytes that become free; None where something was
        chosen since.
    plans : int
        How many were made so far; names the one on the table.
    result : Applied or Undone or None
        What was done last.
    notice : str or None
        One line for the next page.
    drawn : dict
        Pictures of differences, by the two paths.
    """

    review: Review
    previews: Previews
    leave: Callable[[], None]
    plan_file: str | None = None
    known: Secrets = field(default_factory=Secrets)
    jobs: Jobs = field(default_factory=Jobs)
    plan: tuple[Plan, str, int] | None = None
    plans: int = 0
    result: Applied | Undone | None = None
    notice: str | None = None
    drawn: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def take_notice(self) -> str | None:
        """Return the line for this page; the next one has none.

        Returns
        -------
        str or None
            The line.
        """
        said, self.notice = self.notice, None
        return said

    def difference(self, first: ImageRef, second: ImageRef) -> bytes:
        """Draw where two images differ; the last ones that were drawn are remembered.

        Parameters
        ----------
        first, second : ImageRef
            The images as they were found.

        Returns
        -------
        bytes
            A WebP file.

        Raises
        ------
        OSError
            If a file cannot be read, or holds something else by now.
        DecodeError
            If one cannot be decoded.
        """
        key = first.path, second.path
        made = self.drawn.get(key)
        if made is None:
            one, other = (
                (as_found(ref.path, ref.digest, ref.size, self.review.subject.reader), os.path.basename(ref.path))
                for ref in (first, second)
            )
            most = self.review.second.options.max_pixels
            drawn = self.review.second(difference, one, other, orient=self.review.subject.orient, max_pixels=most)
            made = encoded(drawn)
            if len(self.drawn) >= DRAWN:
                self.drawn.clear()
            self.drawn[key] = made
        return made

    def make_plan(self, _progress: OnProgress) -> None:
        """Put the plan of all that was chosen on the table, and write it to its file.

        Raises
        ------
        UsageError
            If nothing is to go, or the file cannot be written.
        """
        plan = self.review.plan()
        self.plans += 1
        self.plan = plan, write_plan(plan, self.review.ledger, self.plan_file), sum(freed(plan).values())

    def apply(self, plan: Plan, progress: OnProgress) -> None:
        """Carry out a plan.

        Parameters
        ----------
        plan : Plan
            The one that was shown.
        progress : callable
            Told how far it is.

        Raises
        ------
        LookalikeError
            As `lookalike.apply`.
        """
        self.result, self.plan = self.review.apply(plan, progress=progress), None

    def undo(self, _progress: OnProgress) -> None:
        """Bring back what was removed last.

        Raises
        ------
        LookalikeError
            As `lookalike.undo`.
        """
        self.result, self.plan = self.review.undo(), None
