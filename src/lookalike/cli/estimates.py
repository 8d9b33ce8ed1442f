"""What `--estimate` prints, instead of what a verb does otherwise."""

import sys
from collections.abc import Sequence
from typing import Any

import typer

from lookalike import hashes, tables
from lookalike.cli.options import FindArguments
from lookalike.estimating import estimate, lines
from lookalike.limiting import TRAVELLING
from lookalike.model import HashSpec
from lookalike.options import ScanOptions


def print_estimate(paths: Sequence[str], options: ScanOptions, *, json: bool, **what: Any) -> None:
    """Print what a run would take.

    Parameters
    ----------
    paths, options
        As for `lookalike.estimating.estimate`.
    json : bool
        Whether to print JSON instead of text.
    **what
        As for `lookalike.estimating.estimate`.
    """
    made = estimate(paths, options, **what)
    if json:
        row = {
            "version": 1, "files": made.files, "bytes": made.size, "images": made.images, "sampled": made.sampled,
            "seconds": round(made.seconds, 3), "catalog_bytes": made.catalog, "output_bytes": made.output,
            "listed_all": made.listed_all,
        }  # fmt: skip
        sys.stdout.write(tables.to_json(row))
        return
    for line in lines(made, search="spec" in what):
        typer.echo(line)


def print_search_estimate(paths: Sequence[str], search: FindArguments, *, json: bool) -> None:
    """Print what a search would take.

    Parameters
    ----------
    paths : sequence of str
        What to look at.
    search : FindArguments
        What was said about the search.
    json : bool
        Whether to print JSON instead of text.
    """
    told = search.keywords()
    size = hashes.algorithm(search.algorithm).size if search.size is None else search.size
    options = ScanOptions(
        exclude=tuple(told["exclude"]), include=tuple(told["include"]), min_size=told["min_size"],
        follow_symlinks=search.follow_symlinks, truncated=told["truncated"],
        **{name: told[name] for name in (*TRAVELLING, "read_ahead")},
    )  # fmt: skip
    print_estimate(
        [*paths, *told["against"]], options, json=json, spec=HashSpec(search.algorithm, size),
        use_catalog=not search.no_catalog, workers=search.workers, readers=search.readers,
    )  # fmt: skip
