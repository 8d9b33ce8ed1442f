"""Command lines of hostile words, in this process, against a small tree."""

import contextlib
import io
import os
import signal
import sys
from typing import Any

from lookalike import pool
from lookalike.cli import main as program
from targets.pictures import encoded, picture
from targets.target import Choices, Run, Target, require
from targets.trees import put, snapshot

CODES = (0, 1, 2, 3, 4, 5)
"""Of those that the documentation has, all but 70, a fault of ours, and 130, an interrupt."""
SAME = encoded(picture(1))
FILES = {
    "t/a.png": SAME, "t/b.png": SAME, "t/c.png": encoded(picture(2)), "broken.json": b"{",
    "pairs.csv": b"path_a,path_b,same\nt/a.png,t/b.png,1\n",
    "list.txt": b"t/a.png\nt/b.png\n", "x.zip": b"PK\5\6" + bytes(18), "x.parquet": b"PAR1",
    "catalog.sqlite": b"SQLite format 3\0 no more",
}  # fmt: skip
WORDS = (
    "t", "t/a.png", "t/b.png", "nowhere", ".", "", "-", "--", "x.zip", "x.parquet", "broken.json", "pairs.csv",
    "list.txt", "{a,b}", "{1..3}",
    "catalog:catalog.sqlite", "catalog:none", "0", "1", "-1", "999999999999999999999", "8", "0.5", "nan", "1x1", "x",
    "exact", "copy", "edit",
    "similar", "phash", "dhash,ahash", "resolution,bytes", "folder:t", "folder:", "mirror", "star", "out.json",
    "out.csv", "out.html",
    "no/out.json", "out.unknown", "/dev/null", "different", "keep", "list", "add", "info", "verify", "import",
    "export", "prune", "keeper", "*.png",
    "!", "\udcff", "\u202e", "\n", "file:///etc/passwd", "s3://", "http://", "fuzz.sqlite", "t/a.png/", "t:8", "=",
    ",", ":", "2024-13-45",
)  # fmt: skip
NEVER = ("review", "spark", "tune")
"""Verbs that wait for a browser or a cluster, or take long."""
ALSO_NEVER = ("--open", "trash", "--quarantine", "--from-file=-", "/", "-h", "--help")


class _Shell:
    """A folder to run commands in, and the options that there are."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(os.path.join(folder, "work"))
        self.before: Any = {}
        self.renew()
        os.chdir(self.folder)
        self.options = {
            name: tuple(
                word
                for parameter in command.params
                for word in (*parameter.opts, *parameter.secondary_opts)
                if word.startswith("-")
            )
            for name, command in _leaves(program.program(), ())
            if name[0] not in NEVER
        }
        self.names = tuple(self.options)
        pool.default_workers = lambda: 1  # as --workers 1 everywhere

    def renew(self) -> None:
        """Make the folder anew."""
        put(self.folder, FILES)
        self.before = snapshot(self.folder)

    def run(self, data: bytes) -> None:
        """Run one command."""
        choices = Choices(data)
        name = choices.of(self.names)
        words = list(name)
        for _ in range(choices.below(7)):
            kind = choices.below(4)
            option = choices.of(self.options[name] or ("--json",))
            word = choices.text(10).replace("\0", "") if choices.below(8) == 7 else choices.of(WORDS)
            words += (
                [word]
                if kind == 0
                else [option]
                if kind == 1
                else [f"{option}={word}"]
                if kind == 2
                else [option, word]
            )
        if any(
            word.startswith(("/", "~", "-qu"))
            or word in ALSO_NEVER
            or "trash" in word
            or "://" in word
            or "=/" in word
            or "=~" in word
            for word in words
        ):
            return  # it may leave this folder
        code, said = self.call(words)
        require(code in CODES, (words, code, said[-2000:]))
        require("Traceback" not in said, (words, said[-2000:]))
        after = snapshot(self.folder)
        require(SAME in {row[0] for row in after.values()}, words)
        if after != self.before:
            self.renew()

    def call(self, words: list[str]) -> tuple[object, str]:
        """Return the exit code of a command, and what it printed."""
        argv, streams = sys.argv, (sys.stdin, sys.stdout, sys.stderr)
        printed = io.BytesIO()
        out = io.TextIOWrapper(printed, "utf-8", errors="backslashreplace", write_through=True)
        sys.argv, sys.stdin, sys.stdout, sys.stderr = ["lookalike", *words], io.TextIOWrapper(io.BytesIO()), out, out
        terminate, code = signal.getsignal(signal.SIGTERM), object()
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(lambda: signal.signal(signal.SIGTERM, terminate))
                program.main()
        except SystemExit as ended:
            code = 0 if ended.code is None else ended.code
        finally:
            sys.argv = argv
            sys.stdin, sys.stdout, sys.stderr = streams
            os.chdir(self.folder)
        out.flush()
        return code, printed.getvalue().decode("utf-8", "replace")


def _leaves(command: Any, above: tuple[str, ...]) -> Any:
    if not hasattr(command, "commands"):
        yield above, command
        return
    for name, below in command.commands.items():
        yield from _leaves(below, (*above, name))


def _make(folder: str) -> Run:
    shell = _Shell(folder)
    quiet: Any = program
    quiet._own_streams = lambda: None
    return shell.run


def _seeds() -> list[bytes]:
    return [
        bytes([verb, words, 0, 0, 0, *([kind, option, 0, 60 + option] * words)])
        for verb in range(24)
        for words, kind in ((1, 0), (2, 1), (3, 3))
        for option in (1, 5)
    ]


TARGET = Target(
    "one of the exit codes of the documentation, never 70 and no traceback; no picture is lost",
    _make, _seeds, (b"--json", b"--", b"=", b"\xff", b"{1..9}"),
)  # fmt: skip
