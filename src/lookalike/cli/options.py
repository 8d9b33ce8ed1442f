"""The options that several verbs share: what to look for, and what may go. Declared once, handed to the verb as one value."""

import functools
import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, cast

import typer

from lookalike.cli.choices import (
    ActionChoice,
    AlgorithmChoice,
    AllowLoss,
    FramesChoice,
    GroupChoice,
    KeepRules,
    OrientChoice,
    TierChoice,
    TruncatedChoice,
    UnitsChoice,
    VerifyChoice,
)
from lookalike.cli.kept import KeptArguments
from lookalike.cli.limits import USUAL_AHEAD, MaxMemory, MaxPixels, MaxSeconds, ReadAhead, limits_of
from lookalike.cli.lists import FromFile, with_listed
from lookalike.errors import UsageError
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, Frames, GroupRule, Orient, Truncated, VerifyStep


@dataclass(frozen=True, kw_only=True, slots=True)
class FindArguments:
    """What the command line says about a search; each field is an option of that name."""

    from_file: FromFile = None
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="REF", help="Only compare PATH with REF; images of REF always stay. Repeatable."),
    ] = None
    tier: TierChoice = "edit"
    algorithm: AlgorithmChoice = "phash"
    size: Annotated[
        int | None, typer.Option(help="Side of the hash; it has size x size bits. Default: the algorithm's own.")
    ] = None
    radius: Annotated[
        int | None,
        typer.Option(help="Largest distance of candidates in bits, inclusive. Default: the algorithm's own."),
    ] = None
    group: GroupChoice = "star"
    orient: OrientChoice = "upright"
    crops: Annotated[bool, typer.Option("--crops", help="Also look for large crops, down to half of the area.")] = False
    candidates: Annotated[
        str | None,
        typer.Option(
            metavar="PAIRS", help="Also verify these pairs (path_a, path_b or digest_a, digest_b; .csv, .parquet)."
        ),
    ] = None
    verify: VerifyChoice = "thumbnail"
    units: UnitsChoice = "on"
    frames: FramesChoice = "first"
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Pass over what matches. Repeatable.")] = (
        None
    )
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Read only what matches. Repeatable.")] = (
        None
    )
    min_size: Annotated[str, typer.Option(metavar="WxH", help="Smallest width and height in pixels.")] = "0x0"
    follow_symlinks: Annotated[bool, typer.Option("--follow-symlinks", help="Enter symlinked folders.")] = False
    truncated: TruncatedChoice = "refuse"
    max_pixels: MaxPixels = MAX_PIXELS
    max_seconds: MaxSeconds = None
    max_memory: MaxMemory = None
    read_ahead: ReadAhead = USUAL_AHEAD
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of tables that holds the images. Default: the one that does."),
    ] = None
    keep: KeepRules = DEFAULT_KEEP
    protect: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Images that match always stay. Repeatable.")
    ] = None
    catalog: Annotated[str | None, typer.Option(metavar="FILE", help="Where scans are remembered.")] = None
    no_catalog: Annotated[bool, typer.Option("--no-catalog", help="Remember nothing.")] = False
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Where decisions are remembered.")] = None
    workers: Annotated[int | None, typer.Option(help="Images decoded at a time. Default: one per core.")] = None
    readers: Annotated[
        int | None, typer.Option(help="Files read at a time. Default: 1 on rotating disks, 2 over a network, else as workers.")
    ] = None  # fmt: skip

    def paths(self, given: list[str] | None) -> list[str]:
        """Return the paths to search.

        Parameters
        ----------
        given : list of str or None
            Those of the command line.

        Returns
        -------
        list of str
            Those and the listed ones.

        Raises
        ------
        UsageError
            If there is none, or a list cannot be read.
        """
        return with_listed(given, self.from_file)

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of `lookalike.find` that they mean.

        Returns
        -------
        dict
            All but ``paths`` and ``progress``.

        Raises
        ------
        UsageError
            If a text is not of the form its option has.

        Examples
        --------
        >>> FindArguments(min_size="200x100").keywords()["min_size"]
        (200, 100)
        """
        return {
            "against": self.against or (),
            "tier": self.tier,
            "algorithm": self.algorithm,
            "size": self.size,
            "radius": self.radius,
            "group": cast("GroupRule", self.group),
            "keep": self.keep,
            "protect": self.protect or (),
            "orient": cast("Orient", self.orient),
            "crops": self.crops,
            "candidates": self.candidates,
            "verify": cast("VerifyStep", self.verify),
            "units": _on(self.units),
            "frames": cast("Frames", self.frames),
            "exclude": self.exclude or (),
            "include": self.include or (),
            "min_size": size_of(self.min_size),
            "follow_symlinks": self.follow_symlinks,
            "truncated": cast("Truncated", self.truncated),
            **limits_of(self.max_pixels, self.max_seconds, self.max_memory, self.read_ahead),
            "column": self.column,
            "catalog": self.catalog,
            "use_catalog": not self.no_catalog,
            "ledger": self.ledger,
            "workers": self.workers,
            "readers": self.readers,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepArguments:
    """What the command line says about what may go; each field is an option of that name."""

    action: ActionChoice = "quarantine"
    quarantine: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where things go. Default: beside each PATH.")
    ] = None
    allow_loss: AllowLoss = ""
    flat: Annotated[bool, typer.Option("--flat", help="Flat and nearly blank images go, too.")] = False
    within: Annotated[
        int | None,
        typer.Option(
            metavar="DEPTH",
            help="How many folder names make a class, inside which duplicates go; 0: no classes. Default: as the tree looks.",
        ),
    ] = None
    across_folders: Annotated[
        bool, typer.Option("--across-folders", help="Duplicates in different classes go, too.")
    ] = False
    merge_metadata: Annotated[
        bool,
        typer.Option("--merge-metadata", help="Write what a keeper lacks (date, GPS, ...) to its sidecar first."),
    ] = False
    drop_metadata: Annotated[
        bool, typer.Option("--drop-metadata", help="Let images go although their keeper lacks a date, GPS, ...")
    ] = False

    def keywords(self, search: FindArguments) -> dict[str, Any]:
        """Return the fields of `lookalike.plan.KeepOptions` that they mean, but the tier.

        Parameters
        ----------
        search : FindArguments
            What is said about the search, of which some holds here, too.

        Returns
        -------
        dict
            Keyword arguments.

        Raises
        ------
        UsageError
            If they contradict each other.

        Examples
        --------
        >>> KeepArguments(allow_loss="alpha, depth").keywords(FindArguments())["allow_loss"]
        ('alpha', 'depth')
        """
        if self.merge_metadata and self.drop_metadata:
            raise UsageError("--merge-metadata and --drop-metadata exclude each other")
        return {
            "action": self.action,
            "quarantine": self.quarantine,
            "allow_loss": tuple(name.strip() for name in self.allow_loss.split(",") if name.strip()),
            "flat": self.flat,
            "within": self.within,
            "across_folders": self.across_folders,
            "metadata": "merge" if self.merge_metadata else "drop" if self.drop_metadata else "stay",
            "protect": tuple(search.protect or ()),
            "units": _on(search.units),
        }


Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FROM=TO",
        help=(
            "Show paths that begin with FROM with TO in its place, as a host calls what a container has: in all results, and "
            "back in findings that are read. Plans and the ledger keep FROM. Repeatable."
        ),
    ),
]  # fmt: skip
"""The option of verbs that show paths."""


ABOUT_ACTING = ("units", "protect", "ledger", "workers")
"""Options of a search that also mean something for findings that were made before."""


def findings_file(paths: list[str], search: FindArguments, *also: str) -> str | None:
    """Return the findings that a command line names instead of folders.

    Parameters
    ----------
    paths : list of str
        Folders and files, or a file of findings (.json) alone.
    search : FindArguments
        What is said about a search.
    *also : str
        Further options of a search that mean something for findings that were made before.

    Returns
    -------
    str or None
        The file of findings; None where there is none, and a search is wanted.

    Raises
    ------
    UsageError
        If findings do not stand alone, or options are about a search that has ended.
    """
    documents = [path for path in paths if path.lower().endswith(".json") and os.path.isfile(path)]
    if not documents:
        return None
    if len(paths) > 1:
        raise UsageError(f"findings stand alone: give {documents[0]}, or folders and files")
    usual = FindArguments()
    changed = [field.name for field in fields(search) if getattr(search, field.name) != getattr(usual, field.name)]
    if told := [name for name in changed if name not in (*ABOUT_ACTING, *also)]:
        raise UsageError(f"--{told[0].replace('_', '-')} is about a search, and {paths[0]} holds what one has found")
    return documents[0]


SHARED: dict[str, type] = {"search": FindArguments, "acting": KeepArguments, "kept": KeptArguments}
"""Parameter of a verb's function -> what stands in its place on the command line."""


def with_arguments(*without: str, **after: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give the function of a verb the options that it shares with others, in the place of its parameters of `SHARED`.

    Parameters
    ----------
    *without : str
        Options that are shared and that this verb has not; they have their defaults.
    **after : str
        Where options of the verb's own stand in its help: behind which of the others. Those not named stand where the
        function has them.

    Returns
    -------
    callable
        Decorator. The function has parameters named in `SHARED`; the command line has the fields of those instead. A parameter
        of the verb's own that has the name of such a field stands for it, and is handed over as both.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(function).parameters
        shared = {
            name: {
                one: parameter
                for one, parameter in inspect.signature(SHARED[name]).parameters.items()
                if one not in without
            }
            for name in own
            if name in SHARED
        }
        order = [
            option
            for name in own
            if name not in after
            for option in ([one for one in shared[name] if one not in own] if name in shared else [name])
        ]
        for name, before in after.items():
            order.insert(order.index(before) + 1, name)
        known = {name: parameter for fields in shared.values() for name, parameter in fields.items()} | dict(own)

        @functools.wraps(function)
        def wrapped(**given: Any) -> None:
            values = {name: SHARED[name](**{one: given[one] for one in fields}) for name, fields in shared.items()}
            function(**{name: given[name] for name in own if name not in shared}, **values)

        keyword_only = inspect.Parameter.KEYWORD_ONLY
        parameters = [known[name].replace(kind=keyword_only) for name in order]
        # The parser reads both.
        wrapped.__signature__ = inspect.Signature(parameters, return_annotation=None)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapped

    return decorate


def shown_groups(text: str) -> int | None:
    """Return how many groups to print.

    Parameters
    ----------
    text : str
        A number or all.

    Returns
    -------
    int or None
        None for all.

    Raises
    ------
    UsageError
        If it is neither.

    Examples
    --------
    >>> shown_groups("20"), shown_groups("all")
    (20, None)
    """
    if text == "all":
        return None
    if not text.isdecimal():
        raise UsageError(f"--show takes a number or all, got {text!r}")
    return int(text)


def _on(text: str) -> bool:
    if text not in ("on", "off"):
        raise UsageError(f"--units takes on or off, got {text!r}")
    return text == "on"


def size_of(text: str) -> tuple[int, int]:
    """Return the size that ``--min-size`` names.

    Parameters
    ----------
    text : str
        Such as 200x100.

    Returns
    -------
    tuple of int
        Width and height in pixels.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> size_of("200x100")
    (200, 100)
    """
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None:
        raise UsageError(f"--min-size takes WIDTHxHEIGHT in pixels such as 200x200, got {text!r}")
    return int(found[1]), int(found[2])
