"""What a search on Spark does step by step: what executors keep of it, and what is said of each step."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lookalike import events
from lookalike.spark.lineage import rooted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Steps:
    """Steps that follow each other.

    Spark makes nothing before it is needed, and then several steps at once. Where somebody listens, each is made when its turn
    comes, so that it can be said what came of it and how long it took; else none is, and what comes of them is the same.

    Attributes
    ----------
    held : list of DataFrame
        What executors keep, to be unpersisted.
    """

    def __init__(self) -> None:
        self.held: list[DataFrame] = []
        self._started = time.monotonic()

    def kept(self, frame: "DataFrame", stage: str, what: str) -> "DataFrame":
        """Have executors keep the rows of a step, which are needed several times.

        Parameters
        ----------
        frame : DataFrame
            Rows.
        stage, what : str
            The step, and what its rows are.

        Returns
        -------
        DataFrame
            The same, as a source of their own.
        """
        self.held.append(frame.persist())
        self.ended(stage, what, self.held[-1].count)
        return rooted(self.held[-1])

    def ended(self, stage: str, what: str, count: Callable[[], int]) -> None:
        """Say that a step is done, with the seconds since the one before.

        Parameters
        ----------
        stage, what : str
            The step, and what is counted.
        count : callable
            Counts it, and thereby makes it; called where somebody listens.
        """
        if events.STAGE_ENDED.wanted:
            events.STAGE_ENDED(stage=stage, count=count(), what=what, seconds=events.since(self._started))
            self._started = time.monotonic()
