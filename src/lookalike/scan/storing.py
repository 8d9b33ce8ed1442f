"""What became of files, into the catalog and into the log: the same whoever listed and read them."""

from collections.abc import Mapping, Sequence

from lookalike import decode, events
from lookalike.scan.examining import Outcome
from lookalike.scan.listing import Row
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import Location

BATCH_FILES = 512
"""Results that are committed together: what a kill at any moment can lose at most."""
BATCH_SECONDS = 1.0


def store(
    catalog: Catalog, outcomes: Sequence[tuple[Outcome, Row]], known: Mapping[int, Mapping[bytes, int]], *,
    failures: bool = True,
) -> list[int | None]:  # fmt: skip
    """Store what is known of contents now; call inside a transaction.

    Parameters
    ----------
    catalog : Catalog
        Where to.
    outcomes : sequence of (Outcome, Row)
        What became of files.
    known : mapping of int to mapping of bytes to int
        By size and digest, the contents that workers were told need no decoding.
    failures : bool
        Whether those are stored that have neither a thumbnail nor hashes.

    Returns
    -------
    list of (int or None)
        The content of each; None where there is nothing to be kept.
    """
    decoder, version = decode.decoders(), decode.VERSION
    decoded = [
        (outcome.digest, row.entry.size, outcome.thumbnail)
        for outcome, row in outcomes
        if outcome.digest is not None and outcome.thumbnail is not None
    ]
    fresh = iter(catalog.add_contents(decoded, decoder=decoder, version=version))

    def content(outcome: Outcome, size: int) -> int | None:
        if outcome.digest is None:
            return None
        if outcome.thumbnail is not None:
            return next(fresh)
        if outcome.hashed is not None:
            made = outcome.hashed
            return catalog.add_undecoded(
                outcome.digest, size, made.pixels, made.format, truncated=made.truncated, decoder=decoder
            )
        if outcome.kind is None:
            return known[size][outcome.digest]
        if not failures:
            return None
        return catalog.add_failure(
            outcome.digest, size, outcome.kind, outcome.reason, truncated=outcome.truncated, pixels=outcome.pixels,
            seconds=outcome.seconds, memory=outcome.memory, decoder=decoder, version=version,
        )  # fmt: skip

    return [content(outcome, row.entry.size) for outcome, row in outcomes]


def location(outcome: Outcome, row: Row) -> Location | None:
    """Return what the catalog is to remember of a name.

    Parameters
    ----------
    outcome : Outcome
        What became of it.
    row : Row
        The name, with its content.

    Returns
    -------
    Location or None
        None where the next run has to look again.
    """
    lasts = (row.content is not None or outcome.lasting is not None) and row.settled and not outcome.changed
    return row.location(outcome.lasting) if lasts else None


def log(outcome: Outcome, row: Row) -> None:
    """Log what became of a file.

    Parameters
    ----------
    outcome : Outcome
        What became of it.
    row : Row
        Which it is.
    """
    if not events.IMAGE_FAILED.wanted:
        return
    if outcome.kind is not None:
        events.IMAGE_FAILED(path=row.path, stage=outcome.stage, kind=outcome.kind, reason=outcome.reason)
    elif outcome.skipped is not None:
        events.IMAGE_SKIPPED(path=row.path, reason=outcome.skipped)
    else:
        is_new = outcome.thumbnail is not None or outcome.hashed is not None
        events.IMAGE_READ(path=row.path, how="decoded" if is_new else "its bytes are known")


def kept(catalog: Catalog, done: int, listed: int) -> str:
    """Say what stays of a scan that somebody stopped.

    Parameters
    ----------
    catalog : Catalog
        Where what was done is kept.
    done, listed : int
        Files.

    Returns
    -------
    str
        One clause.
    """
    if catalog.path is None:
        return "nothing is kept without a catalog"
    if not listed:
        return "nothing was listed yet"
    return f"{done:,} of the {listed:,} files listed so far are in the catalog: run the same command to continue"
