"""What takes longer than a page may: one thing at a time, in a thread of its own, with progress to be shown."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from lookalike.errors import LookalikeError, UsageError

OnProgress = Callable[[int, int, bool], None]


@dataclass(slots=True)
class Job:
    """One such thing.

    Attributes
    ----------
    name : str
        What is done, for people.
    done, total : int
        How far it is; total is 0 where that is not known.
    finished : bool
        Whether it has ended.
    error : str or None
        Why it failed, if it did.
    """

    name: str
    done: int = 0
    total: int = 0
    finished: bool = False
    error: str | None = None

    def progress(self, done: int, total: int, _listed: bool) -> None:  # noqa: FBT001 - the shape of all progress callbacks
        """Note how far it is.

        Parameters
        ----------
        done, total : int
            How many of how many.
        """
        self.done, self.total = done, total


class Jobs:
    """The job that runs, or ran last."""

    def __init__(self) -> None:
        self.last: Job | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether one runs now."""
        return self.last is not None and not self.last.finished

    def start(self, name: str, work: Callable[[OnProgress], None]) -> None:
        """Begin a job.

        Parameters
        ----------
        name : str
            What is done, for people.
        work : callable
            Does it; takes a callback for progress.

        Raises
        ------
        UsageError
            If another one runs.
        """
        with self._lock:
            if self.busy:
                raise UsageError("something else is under way: wait until it has ended")
            job = self.last = Job(name)
        self._thread = threading.Thread(target=_run, args=(job, work), name=name)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the job that runs.

        Parameters
        ----------
        seconds : float, optional
            At most so long; None for as long as it takes.
        """
        if self._thread is not None:
            self._thread.join(seconds)


def _run(job: Job, work: Callable[[OnProgress], None]) -> None:
    try:
        work(job.progress)
    except LookalikeError as error:
        job.error = str(error)
    except BaseException as error:
        job.error = f"internal error: {error!r}"
        raise
    finally:
        job.finished = True
