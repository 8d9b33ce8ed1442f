"""What `clean --apply` and `apply` have in common: ask, act, and say where things are now and how to get them back."""

import sys
from collections.abc import Iterator, Sequence

import typer

from lookalike.cleaning import apply
from lookalike.cli.commands import command
from lookalike.cli.outcomes import applied_row, print_row
from lookalike.cli.progress import progress_bar
from lookalike.errors import UnsafeError
from lookalike.plan import LINKS, Plan
from lookalike.planning.agreeing import only_files, over_half
from lookalike.removal.applying import Applied, Refusal
from lookalike.report import amount, counted, plain
from lookalike.report.plans import DOES
from lookalike.tables import PathMap

REFUSED = 4
SHOWN_REFUSALS = 20


def act_on(
    plan: Plan,
    *,
    yes: bool,
    yes_most: bool,
    yes_delete: bool,
    ledger: str | None,
    workers: int | None,
    called: PathMap,
    quiet: bool,
    to_stderr: bool = False,
    json: bool = False,
) -> int:
    """Carry out a plan, once everything was agreed to.

    Parameters
    ----------
    plan : Plan
        The plan.
    yes, yes_most, yes_delete : bool
        What the command line agrees to: acting at all, removing over half of a root, removing for good.
    ledger : str or None
        The ledger; None for the usual one.
    workers : int or None
        Images checked at a time.
    called : PathMap
        What paths are called where something is said of them.
    quiet : bool
        No progress, no summary.
    to_stderr : bool
        Whether what is said goes to stderr, as stdout holds something else.
    json : bool
        Whether what came of it is printed as JSON to stdout, instead of text.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    UsageError
        As `lookalike.planning.agreeing.only_files`.
    UnsafeError
        If something was not agreed to.
    """
    only_files(plan)
    if not plan.removals:
        return _nothing(plan, None if quiet else "Nothing goes, so nothing was done.", json=json, to_stderr=to_stderr)
    check_agreed(plan, yes_most=yes_most, yes_delete=yes_delete)
    if not yes and sys.stdin.isatty() and not _agrees(plan, to_stderr=to_stderr):
        return _nothing(plan, "Nothing was done.", json=json, to_stderr=to_stderr)
    with progress_bar(quiet=quiet) as progress:
        done = called(apply(plan, ledger=ledger, workers=workers, progress=progress))
    if json:
        print_row(applied_row(done))
        return REFUSED if done.refused else 0
    for line in refusals(done.refused, "refused"):
        typer.echo(line, err=True)
    if not quiet:
        for line in outcome(done, ledger):
            typer.echo(line, err=to_stderr)
    return REFUSED if done.refused else 0


def _nothing(plan: Plan, told: str | None, *, json: bool, to_stderr: bool) -> int:
    if json:
        print_row(applied_row(Applied(None, plan.options.action)))
    elif told is not None:
        typer.echo(told, err=to_stderr)
    return 0


def check_agreed(plan: Plan, *, yes_most: bool, yes_delete: bool) -> None:
    """Refuse a plan that needs more than a yes.

    Parameters
    ----------
    plan : Plan
        The plan.
    yes_most, yes_delete : bool
        What was agreed to.

    Raises
    ------
    UnsafeError
        If it removes for good, or over half of the images of a root, and that was not agreed to.
    """
    if plan.options.action == "delete" and not yes_delete:
        raise UnsafeError(
            "action delete removes files for good: add --yes-delete, or use the action quarantine and purge later"
        )
    for root, going in over_half(plan):
        if not yes_most:
            raise UnsafeError(
                f"{going:,} of the {root.images:,} images of {root.path} would go, over half: "
                "look at the plan, and add --yes-most if that is right"
            )


def _agrees(plan: Plan, *, to_stderr: bool) -> bool:
    images = counted(len(plan.removals), "image")
    try:
        return bool(typer.confirm(f"{DOES[plan.options.action].format(images)}?", err=to_stderr))
    except typer.Abort:
        typer.echo(err=to_stderr)  # the question has not ended its line
        raise


def refusals(refused: Sequence[Refusal], what: str) -> Iterator[str]:
    """Say what was not done, and why.

    Parameters
    ----------
    refused : sequence of Refusal
        What.
    what : str
        What became of it instead.

    Yields
    ------
    str
        A line each, up to a number.
    """
    for one in refused[:SHOWN_REFUSALS]:
        yield f"{what}: {plain(one.path)}: {plain(one.reason)}"
    if len(refused) > SHOWN_REFUSALS:
        yield f"... and {len(refused) - SHOWN_REFUSALS:,} more"


def outcome(done: Applied, ledger: str | None) -> Iterator[str]:
    """Say what was done, where things are, and the commands that undo it or make space.

    Parameters
    ----------
    done : Applied
        What came of it.
    ledger : str or None
        The ledger, if it is not the usual one.

    Yields
    ------
    str
        Lines.
    """
    refused = f"; {len(done.refused):,} refused" if done.refused else ""
    files = "" if done.files == done.images else f" ({counted(done.files, 'file')})"
    if not done.images:
        yield f"Nothing was done{refused}."
        return
    which = [str(done.batch), *(["--ledger", ledger] if ledger else [])]
    if done.action == "delete":
        yield f"Removed for good: {counted(done.files, 'file')}; {amount(done.size)} became free{refused}."
        for place in done.places:
            yield f"What was held back lies in {plain(place)}"
        if done.places:
            yield f"Bring it back: {command('undo', *which)}"
        return
    if done.action == "trash":
        yield f"Moved to the trash: {counted(done.images, 'image')}{files}, {amount(done.size)}{refused}."
        yield "The trash of the desktop restores them, and emptying it frees the space."
        return
    did = f"Replaced by {done.action}s" if done.action in LINKS else "Moved to the quarantine"
    yield f"{did}: {counted(done.images, 'image')}{files}, {amount(done.size)}{refused}."
    for place in done.places:
        yield f"The files lie in {plain(place)}"
    for root in done.inside:
        yield f"That is inside {plain(root)}, since nothing can be put beside it: have loaders of the folder pass it over."
    yield "No space is free yet."
    yield f"Undo: {command('undo', *which)}"
    yield f"Free the space: {command('purge', *which)}"
