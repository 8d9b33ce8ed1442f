"""Single calls of functions in worker processes that are held to limits, by as many threads as like."""

import pickle
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from lookalike.pool.limits import Limits
from lookalike.pool.worker import Worker, report_death

T = TypeVar("T")
Call = tuple[Callable[..., object], tuple[object, ...], dict[str, object]]


class Died(Exception):  # noqa: N818 - what happened
    """The process died of a call.

    Parameters
    ----------
    reason : str
        How it ended.
    overran : bool
        Whether that was for taking more time than it may.
    """

    def __init__(self, reason: str, *, overran: bool) -> None:
        super().__init__(reason)
        self.reason, self.overran = reason, overran


class Guarded:
    """Call functions in processes with limits: one for each call under way, kept for the next until this object is let go of.

    Parameters
    ----------
    limits : Limits
        What each process may use.

    Examples
    --------
    >>> Guarded(Limits(10, 1 << 30))(len, "abc")
    3
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: deque[Worker] = deque()
        weakref.finalize(self, _end, self._idle)

    def __call__(self, function: Callable[..., T], *given: object, **told: object) -> T:
        """Call a function.

        Parameters
        ----------
        function : callable
            At the top level of a module of this package, or built in.
        *given, **told
            What it is given; that and what it returns must pickle.

        Returns
        -------
        object
            What it returned; what it raised is raised here.

        Raises
        ------
        Died
            If the process died of it.
        """
        for last in (False, True):
            worker = self._take()
            try:
                (answer,) = worker.ask([(function, given, told)])
            except (EOFError, BrokenPipeError, ConnectionResetError, pickle.UnpicklingError) as error:
                pid, (reason, overran) = worker.pid, worker.end()
                report_death(pid, reason, _named(given), given_up=overran or last)
                if overran or last:
                    raise Died(reason, overran=overran) from error
            except BaseException:
                worker.kill()
                worker.end()
                raise
            else:
                self._idle.append(worker)
                break
        raised, value = answer
        if raised:
            raise value
        made: T = value
        return made

    def _take(self) -> Worker:
        try:
            return self._idle.pop()
        except IndexError:
            return Worker(answer, self._limits)


def answer(call: Call) -> tuple[bool, Any]:
    """Do a call; runs in a worker.

    Parameters
    ----------
    call : tuple
        Function, arguments and keyword arguments.

    Returns
    -------
    tuple of (bool, object)
        Whether it raised something, and that or what it returned.
    """
    function, given, told = call
    try:
        return False, function(*given, **told)
    except Exception as error:  # noqa: BLE001 - raised again where it was called from
        return True, error


def _named(given: tuple[object, ...]) -> str:
    """Return the names of the files among what a function was given: each is a pair of its bytes and its name."""
    parts = [one for group in given if isinstance(group, (tuple, list)) for one in (group, *group)]
    files = [one for one in parts if isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], bytes)]
    return ", ".join(str(name) for _, name in files)


def _end(workers: deque[Worker]) -> None:
    for worker in workers:
        worker.end()
