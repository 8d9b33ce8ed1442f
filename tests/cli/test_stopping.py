"""Signals: the first asks, one that comes with it is the same wish, a later one ends at once; none is lost."""

import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from lookalike.cli import stopping

STOPPED = """
import sys, time
from lookalike.cli import stopping
stopping.SAME_SECONDS = float(sys.argv[1])
stopping.listen()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("asked", flush=True)
    time.sleep(60)
"""
DROPPED = """
import time
from lookalike.cli import stopping

class Passing:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(60)

stopping.listen()
try:
    one = Passing()
    del one
    time.sleep(60)
except KeyboardInterrupt:
    print("asked", flush=True)
"""

IMPORTING = """
import os, signal, sys
from importlib.metadata import EntryPoint

_, script, wanted = sys.argv

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)

run = EntryPoint("lookalike", script, "console_scripts").load()
sys.meta_path.insert(0, Impatient())
sys.argv[1:] = ["--version"] if wanted == "lookalike.installed" else ["find", "."]
run()
"""
IN_TEXT = """
import sys
from lookalike.cli import stopping
try:
    exec("raise KeyboardInterrupt")
except KeyboardInterrupt:
    stopping.leave()
    sys.exit(stopping.CODE)
"""
SCRIPTS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]


def started(code: str, same: float = 0) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, str(same)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_the_code_is_the_one_said_also_where_the_interrupt_came_in_a_text_that_is_run(tmp_path: Path) -> None:
    (tmp_path / "in_text.py").write_text(IN_TEXT)
    assert subprocess.run([sys.executable, "-m", "in_text"], cwd=tmp_path, check=False).returncode == stopping.CODE


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_asks_and_a_later_one_ends_at_once(name: str) -> None:
    with started(STOPPED) as process:
        assert process.stdout is not None
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("lookalike: stopped at once")
    assert "Traceback" not in err


def test_those_that_come_together_are_one_wish() -> None:
    with started(STOPPED, same=60) as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        process.kill()


def test_what_nohup_ignores_stays_ignored() -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with started(ignoring + STOPPED) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert process.poll() is None
        process.kill()


def test_an_interrupt_that_python_drops_is_asked_for_once_more() -> None:
    with started(DROPPED) as process:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("asked\n", "")


@pytest.mark.parametrize("name", ["typer", "lookalike.cli.main", "lookalike.cli.find", "numpy", "lookalike.installed"])
def test_an_interrupt_of_the_imports_of_the_installed_command_is_one(name: str) -> None:
    command = [sys.executable, "-c", IMPORTING, SCRIPTS["lookalike"], name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "lookalike: interrupted\n")
