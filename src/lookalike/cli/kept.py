"""What `find` and `clean` write about single images: keep tables, keep lists by shard, masks of tables."""

from dataclasses import dataclass
from typing import Annotated

import typer

from lookalike.masking import mask_tables
from lookalike.sources.reading import Reader
from lookalike.tables import NO_MAP, PathMap, check_folder
from lookalike.tables.kept import LISTS, KeepTable, check_keep_output
from lookalike.tables.lists import check_lists_folder, write_lists


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptArguments:
    """What the command line says about lists of what is kept; each field is an option of that name."""

    keep_table: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Write a row per image to .parquet or .csv, or what stays to .txt or .nul. Repeatable.",
        ),
    ] = None
    keep_lists: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write a keep list per archive, table or PATH, and a manifest.")
    ] = None
    mask: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|DIR", help="Write which rows stay, as a column keep, to .parquet; for several tables to DIR."
        ),
    ] = None

    def __bool__(self) -> bool:
        return bool(self.keep_table or self.keep_lists is not None or self.mask is not None)

    @property
    def relations(self) -> bool:
        """Whether anything of it says what was done to each duplicate."""
        return any(not path.lower().endswith(LISTS) for path in self.keep_table or [])

    def check(self) -> None:
        """Check that all can be written, before any work is done.

        Raises
        ------
        UsageError
            If an ending is unknown, a folder is missing or an optional package is not installed.
        UnsafeError
            If the folder for keep lists holds something else.
        """
        for path in self.keep_table or []:
            check_keep_output(path)
        if self.keep_lists is not None:
            check_lists_folder(self.keep_lists)
        if self.mask is not None:
            check_folder(self.mask)

    def write(self, table: KeepTable, options: dict[str, object], reader: Reader, shown: PathMap = NO_MAP) -> None:
        """Write them.

        Parameters
        ----------
        table : KeepTable
            What is kept.
        options : dict
            Of the search, for the manifest.
        reader : Reader
            Of the search.
        shown : PathMap
            What paths in them are called.

        Raises
        ------
        UsageError
            If something cannot be written.
        """
        for path in self.keep_table or []:
            table.write(path, shown)
        if self.keep_lists is not None:
            write_lists(table, self.keep_lists, options, shown)
        if self.mask is not None:
            mask_tables(table, self.mask, reader)
