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

from lookalike.cli.completion import verb_of_line

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


def _terminal(shell: list[str], lines: list[str], typed: str, folder: Path, expected: str) -> str:
    """Type into a shell on a terminal, and return what the screen shows from there until it shows `expected`."""
    child, screen = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="dumb", PS1=PROMPT, PROMPT=PROMPT, COLUMNS="200")
        os.execvp(shell[0], shell)
    try:
        shown = ""
        for line in [*lines, "echo $((20 + 3))set"]:
            os.write(screen, f"{line}\n".encode())
        shown = _until(screen, "23set")
        os.write(screen, typed.encode())
        return shown + _until(screen, expected)
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
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("lookalike fea\t", "lookalike features "),
        ("lookalike catalog ver\t", "catalog verify "),
        ("lookalike clean --merge\t", "--merge-metadata "),
        ("lookalike find my\t", r"find my\ photos/"),
        ("lookalike find --against my\t", r"--against my\ photos/"),
    ],
)
def test_bash_completes_verbs_options_and_paths(place: Path, typed: str, expected: str) -> None:
    _terminal(BASH, ['eval "$(lookalike completion bash)"'], typed, place, expected)


@_has("zsh")
@pytest.mark.parametrize(
    ("typed", "expected"), [("lookalike clean --merge\t", "--merge-metadata"), ("lookalike find my\t", r"my\ photos/")]
)
def test_zsh_completes_options_and_paths(place: Path, typed: str, expected: str) -> None:
    lines = ["autoload -Uz compinit", "compinit -u -D", 'eval "$(lookalike completion zsh)"']
    _terminal(ZSH, lines, typed, place, expected)


@_has("fish")
def test_fish_completes_verbs_options_and_paths(place: Path) -> None:
    asked = ["lookalike fea", "lookalike clean --merge", "lookalike find my"]
    script = "lookalike completion fish | source\n" + "\n".join(f"complete -C '{line}'" for line in asked)
    done = subprocess.run(["fish", "--no-config", "-c", script], cwd=place, capture_output=True, text=True, check=True)
    told = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert [word.replace("\\", "") for word in told] == ["features", "--merge-metadata", "my photos/"]


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


@pytest.mark.parametrize(
    ("name", "line", "verb"),
    [
        ("COMP_WORDS", "lookalike\n", []),
        ("COMP_WORDS", "lookalike\nfi", []),
        ("COMP_WORDS", "lookalike\nfind\n", ["find"]),
        ("_TYPER_COMPLETE_ARGS", "lookalike find --ti", ["find"]),
        ("OTHER", "", []),
    ],
)
def test_only_the_verb_of_the_line_is_imported(
    monkeypatch: pytest.MonkeyPatch, name: str, line: str, verb: list[str]
) -> None:
    for variable in ("COMP_WORDS", "_TYPER_COMPLETE_ARGS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, line)
    assert verb_of_line() == verb
