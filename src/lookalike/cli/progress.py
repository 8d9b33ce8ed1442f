"""A progress bar on stderr: on a terminal only, and only when wanted."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lookalike.scan.scanning import OnProgress


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[OnProgress | None]:
    """Offer a progress callback while the body runs.

    Parameters
    ----------
    quiet : bool
        Whether to show nothing.

    Yields
    ------
    callable or None
        What to give to a scan; None where nothing is to be shown.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - costs time that only a terminal is worth
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("counting", total=None, rate="")

        def update(done: int, listed: int, finished: bool) -> None:
            speed = bar.tasks[0].speed
            what = f"{done:,} of {listed:,} files" if finished else f"counting, {listed:,} so far, {done:,} read"
            bar.update(
                task, completed=done, total=listed if finished else None, description=what,
                rate=f"{speed:,.0f}/s" if speed else "",
            )  # fmt: skip

        yield update
