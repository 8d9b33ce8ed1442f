"""`lookalike completion`, in the real shells that are here: on a terminal, by the Tab key."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import run

PROMPT = "ready> "
BASH = ["bash", "--norc", "--noprofile", "-i"]
ZSH = ["zsh", "-f", "-i"]


def _has(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with something to name in it; the command is found as users have it found."""
    program = tmp_path / "bin" / "lookalike"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lookalike "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "here" / "my photos").mkdir(parents=True)
    return tmp_path / "here"


def _completes(shell: list[str], lines: list[str], folder: Path, expected: dict[str, str]) -> None:
    """Type each line and Tab into a shell on a terminal, and wait until the screen shows what is expected."""
    child, screen = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="dumb", PS1=PROMPT, PROMPT=PROMPT, COLUMNS="200")
        os.execvp(shell[0], shell)
    try:
        for line in [*lines, "echo $((20 + 3))set"]:
            os.write(screen, f"{line}\n".encode())
        _until(screen, "23set")
        for typed, shown in expected.items():
            os.write(screen, f"{typed}\t".encode())
            _until(screen, shown)
            os.write(screen, b"\x15")  # which clears the line
    finally:
        os.write(screen, b"\x03\x04")
        os.close(screen)
        os.waitpid(child, 0)


def _until(screen: int, expected: str, seconds: float = 60) -> str:
    shown, end = "", time.monotonic() + seconds
    while expected not in shown:
        assert select.select([screen], [], [], max(0, end - time.monotonic()))[0], shown
        shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(screen, 4096).decode())
    return shown


@_has("bash")
def test_bash_completes_verbs_options_values_and_paths(place: Path) -> None:
    expected = {
        "lookalike fea": "lookalike features ",
        "lookalike catalog ver": "catalog verify ",
        "lookalike clean --merge": "--merge-metadata ",
        "lookalike find my": r"find my\ photos/",
        "lookalike find --against my": r"--against my\ photos/",
        "lookalike find --tier sim": "--tier similar ",
        "lookalike find --keep bytes,newe": "--keep bytes,newest ",
        "lookalike decide add dif": "add different ",
        "lookalike completion fi": "completion fish ",
    }
    _completes(BASH, ['eval "$(lookalike completion bash)"'], place, expected)


@_has("zsh")
def test_zsh_completes_verbs_options_values_and_paths(place: Path) -> None:
    expected = {
        "lookalike fea": "lookalike features",
        "lookalike clean --merge": "--merge-metadata",
        "lookalike find my": r"my\ photos/",
        "lookalike find --tier sim": "--tier similar",
        "lookalike find --keep bytes,newe": "--keep bytes,newest",
        "lookalike find --keep bytes,fold": "--keep bytes,folder:",
    }
    lines = ["autoload -Uz compinit", "compinit -u -D", 'eval "$(lookalike completion zsh)"']
    _completes(ZSH, lines, place, expected)


@_has("fish")
def test_fish_completes_verbs_options_values_and_paths(place: Path) -> None:
    asked = [
        "lookalike fea", "lookalike clean --merge", "lookalike find my", "lookalike find --tier sim",
        "lookalike find --keep bytes,newe",
    ]  # fmt: skip
    script = "lookalike completion fish | source\n" + "\n".join(f"complete -C '{line}'" for line in asked)
    done = subprocess.run(["fish", "--no-config", "-c", script], cwd=place, capture_output=True, text=True, check=True)
    told = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert [word.replace("\\", "") for word in told] == [
        "features", "--merge-metadata", "my photos/", "similar", "bytes,newest",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_of_each_shell_asks_this_program(shell: str) -> None:
    told = run("completion", shell)
    assert (told.code, told.err) == (0, b"")
    assert "_LOOKALIKE_COMPLETE" in told.text
    assert f"complete_{shell}" in told.text


def test_another_shell_is_an_error_that_lists_them() -> None:
    told = run("completion", "tcsh")
    assert told.code == 2
    assert "powershell" in told.errors
