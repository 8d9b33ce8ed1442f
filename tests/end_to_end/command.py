"""Runs the real `lookalike` command as a user would, and reads what it says."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ready import Ready

MTIME = 1_600_000_000
"""Modification time of every file the tests write, unless a test is about time."""

Argument = str | bytes | Path
OBSERVER = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")

    @property
    def errors(self) -> str:
        return self.err.decode("utf-8")

    @property
    def document(self) -> dict[str, Any]:
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


def line(*arguments: Argument) -> list[bytes]:
    """Return the whole command line."""
    return [os.fsencode(part) for part in (sys.executable, "-m", "lookalike", *arguments)]


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a command: warnings are errors, in its workers too."""
    return {**os.environ, "PYTHONWARNINGS": "error", **changes}


def run(*arguments: Argument, cwd: Path | None = None, timeout: float = 180, **changes: str) -> Result:
    """Run the command in a process of its own; keyword arguments change the environment.

    Unless they change more than where files lie, the process is a copy of one that has imported the command already: what is
    read as an interpreter starts, or a package is imported, was read then.
    """
    if any(not name.startswith("XDG_") for name in changes) or not hasattr(os, "fork"):
        return run_anew(*arguments, cwd=cwd, timeout=timeout, **changes)
    words = [os.fsdecode(part) for part in arguments]
    with TemporaryFile() as out, TemporaryFile() as err:
        streams = [out.fileno(), err.fileno()]
        try:
            code = _ready().run(words, str(cwd or Path.cwd()), environment(**changes), streams, timeout)
        except TimeoutError:
            _ready.cache_clear()  # it is gone, and no fault of the tests after this one
            raise
        out.seek(0)
        err.seek(0)
        return Result(code, out.read(), err.read())


@cache
def _ready() -> Ready:
    return Ready(environment())


def run_anew(*arguments: Argument, cwd: Path | None = None, timeout: float = 180, **changes: str) -> Result:
    """Run the command in a new interpreter, with its streams piped; keyword arguments change the environment."""
    done = subprocess.run(
        line(*arguments), cwd=cwd, env=environment(**changes), capture_output=True, timeout=timeout, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def observed(*arguments: Argument, cwd: Path, timeout: float = 300) -> tuple[Result, int]:
    """Run the command under a parent of its own; return also how many bytes the largest of its processes took."""
    command = [sys.executable, "-c", OBSERVER, *map(os.fsdecode, line(*arguments))]
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, timeout=timeout, check=False)
    out, _, memory = done.stdout.rpartition(b"memory ")
    return Result(done.returncode, out, done.stderr), int(memory)


def start(*arguments: Argument, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        line(*arguments), cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def found(*arguments: Argument, cwd: Path | None = None, catalog: Path | None = None, code: int = 0) -> dict[str, Any]:
    """Run `find --json`, which must end with `code`, and return the findings; unless told otherwise with one worker."""
    place: tuple[Argument, ...] = ("--no-catalog",) if catalog is None else ("--catalog", catalog)
    workers = () if "--workers" in arguments else ("--workers", "1")
    result = run("find", *arguments, *place, *workers, "--json", cwd=cwd)
    assert result.code == code, result.errors
    assert "Traceback" not in result.errors
    if code == 0:
        # A radius that a test makes wide on purpose is warned of.
        assert all(told.startswith("lookalike: radius ") for told in result.errors.splitlines()), result.errors
    document = result.document
    stats = document["stats"]
    assert stats["images"] == stats["hashed"] + stats["failed"]
    assert stats["groups"] == len(document["groups"])
    assert stats["cached"] <= stats["hashed"]
    return document


def comparable(document: dict[str, Any]) -> str:
    """Return findings as text without what may differ between two runs."""
    stats = {name: value for name, value in document["stats"].items() if name not in ("seconds", "cached")}
    return json.dumps({**document, "stats": stats})


def groups(document: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return keeper -> path -> member."""
    return {group["keeper"]: {member["path"]: member for member in group["members"]} for group in document["groups"]}


def members(document: dict[str, Any]) -> set[frozenset[str]]:
    """Return the paths of each group."""
    return {frozenset(member["path"] for member in group["members"]) for group in document["groups"]}


def failures(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the failures by path."""
    rows = {row["path"]: row for row in document["failures"]}
    assert len(rows) == len(document["failures"])
    return rows


def write(path: Path | bytes, content: bytes, mtime: float = MTIME) -> Path:
    """Write a file, and the folders above it, with a fixed modification time."""
    place = Path(os.fsdecode(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    os.utime(place, (mtime, mtime))
    return place
