"""What a review may do to files, and where its plans lie."""

import os

from lookalike import tables
from lookalike.errors import UsageError
from lookalike.plan import KeepOptions, Plan


def check_action(options: KeepOptions) -> None:
    """Refuse what a review has no undo for.

    Parameters
    ----------
    options : KeepOptions
        What may go, and how.

    Raises
    ------
    UsageError
        If the action removes for good.

    Examples
    --------
    >>> check_action(KeepOptions(action="quarantine"))
    """
    if options.action == "delete":
        raise UsageError("a review removes nothing for good: use the action quarantine, and purge the batch later")


def write_plan(plan: Plan, ledger: str, path: str | None = None) -> str:
    """Write a plan to a file, for `lookalike apply`.

    Parameters
    ----------
    plan : Plan
        The plan.
    ledger : str
        The ledger file of the review.
    path : str, optional
        The file; None for a new one in a folder beside the ledger, named by when the plan was made.

    Returns
    -------
    str
        The file.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    if path is None:
        folder = os.path.join(os.path.dirname(ledger), "plans")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make {folder}: {error.strerror}; name a file with --plan") from error
        path = _free(os.path.join(folder, f"review-{plan.created.replace(':', '')}"))
    tables.write_plan(plan, path)
    return path


def _free(stem: str) -> str:
    """Return a name that no file has."""
    path, number = f"{stem}.json", 1
    while os.path.lexists(path):
        number += 1
        path = f"{stem}-{number}.json"
    return path
