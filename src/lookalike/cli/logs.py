"""What is logged, where the command line asks for it: text or JSON lines on stderr, JSON lines in a file."""

import json
import logging
import os
import stat
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, BinaryIO

import typer

from lookalike.errors import UnsafeError, UsageError
from lookalike.escaping import plain
from lookalike.events import LOGGER

STDERR = "-"
"""The name of a log that goes where text would."""

Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, show_default=False,
        help="Say on stderr what is done and how long it takes; -vv: of each image.",
    ),
]  # fmt: skip
LogJson = Annotated[
    str | None,
    typer.Option("--log-json", metavar="FILE|-", help="Append the same as JSON lines to FILE; - for stderr."),
]
"""The options, as every verb and the program itself declare them."""


def parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part what stands before the verb from the rest.

    Parameters
    ----------
    words : sequence of str
        The command line, without the program.

    Returns
    -------
    tuple of list of str
        Options about logs; the verb and all that follows, or whatever else it is.

    Examples
    --------
    >>> parted(["-vv", "--log-json", "run.jsonl", "find", "-v", "a"])
    (['-vv', '--log-json', 'run.jsonl'], ['find', '-v', 'a'])
    """
    end = 0
    while end < len(words):
        word = words[end]
        if word == "--log-json":
            end += 2
        elif word.startswith("--log-json=") or word == "--verbose" or (word[:2] == "-v" and not word.strip("-v")):
            end += 1
        else:
            break
    return list(words[:end]), list(words[end:])


def open_logs(verbose: int, log_json: str | None, *, quiet: bool) -> None:
    """Attach what the command line asks for.

    Parameters
    ----------
    verbose : int
        How often that was said: each image is logged from 2 on.
    log_json : str or None
        A file, or `STDERR`.
    quiet : bool
        Whether nothing is to be said.

    Raises
    ------
    UsageError
        If that contradicts itself, or the file cannot be written.
    UnsafeError
        If the file is something else than a log.
    """
    if quiet and verbose:
        raise UsageError(
            "--quiet and --verbose exclude each other: for a log without text, give --quiet --log-json FILE"
        )
    close_logs()
    if verbose and log_json != STDERR:
        LOGGER.addHandler(_Sink(_Text()))
    if log_json is not None:
        LOGGER.addHandler(_Sink(_Lines(), None if log_json == STDERR else _opened(log_json), log_json))
    if verbose or log_json is not None:
        LOGGER.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)


def close_logs() -> None:
    """Detach what was attached."""
    for handler in [one for one in LOGGER.handlers if isinstance(one, _Sink)]:
        LOGGER.removeHandler(handler)
        handler.close()
    LOGGER.setLevel(logging.NOTSET)


def _opened(path: str) -> BinaryIO:
    """Open a log to append to; no photo is one."""
    try:
        status = os.stat(path) if os.path.lexists(path) else None
        if status is not None and stat.S_ISREG(status.st_mode) and status.st_size:
            with open(path, "rb") as file:
                if file.read(1) != b"{":
                    raise UnsafeError(
                        f"{path} is there and no log of JSON lines, and nothing is appended to it: name another file"
                    )
        return open(path, "ab", buffering=0)
    except OSError as error:
        raise UsageError(f"cannot write the log {path}: {error.strerror or error}") from error


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created).astimezone()
        return f"{when:%H:%M:%S}.{int(record.msecs):03} {record.levelname.lower():<7} {_name(record)}: {record.getMessage()}"


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        from lookalike.tables import path_fields  # noqa: PLC0415 - costs time that only such a log is worth

        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": when.replace("+00:00", "Z"), "level": record.levelname.lower(), "event": _name(record),
            "message": record.getMessage(),
        }  # fmt: skip
        for name, value in getattr(record, "fields", {}).items():
            line |= path_fields(value, name) if isinstance(value, str) else {name: value}
        return json.dumps(line)


def _name(record: logging.LogRecord) -> str:
    return str(getattr(record, "event", record.name))


class _Sink(logging.Handler):
    """Write lines to a file, or to whatever is stderr now: a progress bar puts itself there, and lines above it."""

    def __init__(self, formatter: logging.Formatter, file: BinaryIO | None = None, path: str = "") -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._file, self._path = file, path

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record) + "\n"
        try:
            if self._file is None:
                sys.stderr.write(line)
            else:
                self._file.write(line.encode("ascii"))
        except OSError as error:  # that nobody can read what is done is no reason not to do it
            LOGGER.removeHandler(self)
            self.close()
            if self._file is not None:
                why = error.strerror or error
                print(f"lookalike: the log {plain(self._path)} ends here: {why}", file=sys.stderr)  # noqa: T201 - no exception

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()
