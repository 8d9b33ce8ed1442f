"""``python -m lookalike`` is the `lookalike` command."""

import sys

from lookalike.cli import stopping


def main() -> None:
    """Run the command line; who presses Ctrl-C while it is being imported is heard, too."""
    try:
        stopping.listen()
        from lookalike.cli.main import main as run  # noqa: PLC0415 - what takes long comes after

        run()
    except KeyboardInterrupt:
        stopping.leave()
        sys.stderr.write("lookalike: interrupted\n")
        sys.exit(stopping.CODE)


if __name__ == "__main__":
    main()
