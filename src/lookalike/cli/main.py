"""The `lookalike` command: verbs, and the one place where an exception becomes a message and an exit code."""

import contextlib
import io
import logging
import os
import sys
import time
import traceback
from functools import cache
from typing import Annotated, Any

import typer

from lookalike import __doc__ as purpose
from lookalike import events
from lookalike.cli import stopping
from lookalike.cli.completion import ASKED, prepare
from lookalike.cli.logs import LogJson, Verbose, close_logs, parted
from lookalike.cli.verbs import Program
from lookalike.errors import Interrupted, LookalikeError
from lookalike.escaping import plain

Usage: Any = typer.BadParameter.__base__
"""What the parser raises when it cannot make sense of the command line; typer exports only this child of it."""

INTERNAL = 70

app: typer.Typer = typer.Typer(
    cls=Program, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    subcommand_metavar="VERB [ARGS]...", context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: lookalike find Photos. Each verb has a --help of its own, with an example.",
)  # fmt: skip


@cache
def program() -> Any:
    """Return the parser of the whole command line.

    Returns
    -------
    typer.core.TyperGroup
        With the verbs as ``commands``, and of each its ``params``.
    """
    return typer.main.get_command(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from lookalike import __version__, installed  # noqa: PLC0415 - costs time that only --version needs

        typer.echo(f"lookalike {__version__} (kernel {installed.kernel()}, {installed.decoders()})")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Print version, kernel and decoders in use."
    ),
]


@app.callback(help=purpose)
def _root(context: typer.Context, *, verbose: Verbose = 0, log_json: LogJson = None, _version: Version = False) -> None:
    context.obj = {"verbose": verbose, "log_json": log_json}


def _own_streams() -> None:
    """Keep stderr for ourselves, since decoders mutter there about damaged files, and let stdout write any path.

    A stream that was closed leads nowhere: what is opened later would have its number otherwise.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest free number is its own
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    sys.stderr.flush()
    with contextlib.suppress(OSError, io.UnsupportedOperation):
        number = sys.stderr.fileno()
        sys.stderr = os.fdopen(
            os.dup(number), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace"
        )
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def main() -> None:
    """Run the command line; every way out of the program leads through here."""
    started = time.monotonic()
    try:
        stopping.listen()
        code = _run()
    except KeyboardInterrupt:  # while something was being said
        code = _say("interrupted", Interrupted.exit_code)
    stopping.leave()
    events.RUN_ENDED(code=code or 0, seconds=events.since(started))
    close_logs()
    sys.exit(code)


def _run() -> int | None:
    try:
        _own_streams()
        about_logs, sys.argv[1:] = parted(sys.argv[1:])  # what is suggested is made of the rest
        prepare()
        code: int | None = program()([*about_logs, *sys.argv[1:]], standalone_mode=False, complete_var=ASKED)
        if code == Interrupted.exit_code:  # so the parser tells of an interrupt, in silence
            _say("interrupted", code)
    except LookalikeError as error:
        events.RUN_FAILED(error=type(error).__name__, reason=str(error))
        code = _say(str(error), error.exit_code)
    except Usage as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):  # before or after the verb
        code = _say("interrupted", Interrupted.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours
        events.RUN_FAILED(error=type(error).__name__, reason=str(error))
        traceback.print_exc()
        code = _say("internal error; please report the lines above", INTERNAL)
    return code


def _say(message: str, code: int) -> int:
    with contextlib.suppress(OSError):  # where the terminal is gone
        print(f"lookalike: {plain(message)}", file=sys.stderr)  # noqa: T201 - the one handler
    return code


if __name__ == "__main__":
    main()
