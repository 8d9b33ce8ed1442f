"""Tables beside their images: how many rows there are, what the columns are called, and what one of them holds.

The forms are Parquet, Arrow as the `datasets` library caches it, and a dataset that it saved to a folder.
"""

import os

from lookalike.errors import SourceError
from lookalike.extras import arrow_errors, optional
from lookalike.sources.arrow import validated
from lookalike.sources.urls import is_url


class Tabular:
    """A table on disk.

    Parameters
    ----------
    path : str
        A ``.parquet`` or ``.arrow`` file, or the folder of a saved dataset.

    Raises
    ------
    SourceError
        If it cannot be read.
    UsageError
        If an optional package is not installed.
    """

    def __init__(self, path: str) -> None:
        if is_url(path):  # which the packages below would fetch
            raise SourceError(f"{path} is not on a disk: name the table as a path, too, or copy it to a disk")
        self._path = path
        self._parquet = path.lower().endswith(".parquet")
        self._package = optional("pyarrow.parquet", "tables") if self._parquet else optional("datasets", "huggingface")
        try:
            if self._parquet:
                self.rows: int = int(self._package.read_metadata(path).num_rows)
                self.names: list[str] = list(self._package.read_schema(path).names)
                return
            load = self._package.load_from_disk if os.path.isdir(path) else self._package.Dataset.from_file
            self._table = load(path)
            self.rows = int(self._table.num_rows)
            self.names = list(self._table.column_names)
        except arrow_errors(OSError, ValueError, TypeError) as error:  # the last where it is several tables
            raise SourceError(f"{path} cannot be read as a table: {error}") from error

    def column(self, name: str) -> list[object]:
        """Return what a column holds.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        list
            One value per row.

        Raises
        ------
        SourceError
            If it cannot be read.
        """
        try:
            if self._parquet:
                values: list[object] = self._package.read_table(self._path, columns=[name]).column(0).to_pylist()
                return values
            validated(self._table.data.column(name))
            return list(self._table.select_columns([name]).with_format("arrow")[:].column(0).to_pylist())
        except arrow_errors(OSError) as error:
            raise SourceError(f"column {name!r} of {self._path} cannot be read: {error}") from error
