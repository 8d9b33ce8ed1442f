"""The `lookalike` command: verbs, and the one place where an exception becomes a message and an exit code."""

import os
import signal
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from lookalike import __doc__ as purpose
from lookalike.cli.find import find
from lookalike.errors import LookalikeError
from lookalike.report import plain

INTERRUPTED = 130
INTERNAL = 70

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
app.command()(find)


def _print_version(wanted: bool) -> None:
    if wanted:
        from lookalike import decode, join  # noqa: PLC0415 - costs time that only --version needs

        typer.echo(f"lookalike {version('lookalike')} (kernel {join.KERNELS[0]}, {decode.decoders()})")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Print version, kernel and decoders in use."
    ),
]


@app.callback(help=purpose)
def _root(_version: Version = False) -> None:
    return


def _terminate(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; every way out of the program leads through here."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except LookalikeError as error:
        print(f"lookalike: {plain(str(error))}", file=sys.stderr)  # noqa: T201 - the one handler
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("lookalike: interrupted; what was finished is kept", file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception:  # noqa: BLE001 - the last resort: a fault of ours
        traceback.print_exc()
        print("lookalike: internal error; please report the lines above", file=sys.stderr)  # noqa: T201
        sys.exit(INTERNAL)


if __name__ == "__main__":
    main()
