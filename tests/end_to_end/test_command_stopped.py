"""Ctrl-C, a service manager or a terminal that closes, at any instant of any verb: one line says what is kept, and it is."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from album import jpeg
from command import comparable, environment, line, write

from conftest import encode, scene

VERBS = {
    "find": ("find", "photos", "--catalog", "c.sqlite", "--output", "found.json"),
    "find, all known": ("find", "photos", "--catalog", "known.sqlite", "--output", "found.json"),
    "find, nothing kept": ("find", "photos", "--no-catalog", "--output", "found.html"),
    "hash": ("hash", "photos", "--catalog", "c.sqlite", "--output", "hashes.parquet"),
    "clean": ("clean", "photos", "--catalog", "c.sqlite", "--plan", "plan.json"),
    "leaks": ("leaks", "photos/0", "photos/1", "--catalog", "c.sqlite"),
    "search": ("search", "photos/0/0-a.jpg", "--in", "photos", "--catalog", "c.sqlite"),
    "export": ("export", "photos", "--catalog", "known.sqlite", "--copy-to", "out"),
    "catalog": ("catalog", "export", "table.parquet", "--catalog", "known.sqlite"),
}
MADE = ("c.sqlite", "c.sqlite-wal", "c.sqlite-shm", "found.json", "found.html", "hashes.parquet", "plan.json", "out")
ANSWERS = 2
"""Instants of each verb; many more were tried while this was built."""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

Stop = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with copies; some that the kernels take, others that only a worker process takes."""
    base = tmp_path_factory.mktemp("stopped")
    for seed in range(12):
        picture = scene(seed, 160, 120)
        for name, content in (
            ("a.jpg", jpeg(picture)), ("b.jpg", jpeg(picture, 60)), ("c.jpg", encode(picture, "JPEG", keep_rgb=True)),
        ):  # fmt: skip
            write(base / "photos" / f"{seed % 3}" / f"{seed}-{name}", content)
    return base


@pytest.fixture(scope="module")
def stop(base: Path) -> Iterator[Stop]:
    """Return a function that runs a command, and sends it signals after some seconds."""
    driver = Path(__file__).parent / "interrupting.py"
    home = {name: str(base / "home") for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    with subprocess.Popen(
        [sys.executable, driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**environment(), "OPENBLAS_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        to, back = process.stdin, process.stdout
        assert to is not None
        assert back is not None

        def stop(*words: str, after: float = 60, signals: tuple[tuple[str, bool, float], ...] = ()) -> dict[str, Any]:
            asked = {"folder": str(base), "environment": home, "arguments": words, "after": after, "signals": signals}
            to.write(json.dumps(asked | {"errors": str(base / "errors")}) + "\n")
            to.flush()
            answer: dict[str, Any] = json.loads(back.readline())
            return answer

        assert stop("find", "photos", "--catalog", "known.sqlite", "--quiet")["code"] == 0
        yield stop
        to.close()


def _check(ended: dict[str, Any]) -> bool:
    """Check how a command ended that was asked to stop; return whether it did."""
    assert not ended["stays"], "a process outlives its command"
    if ended["code"] == 0:  # it was done before
        return False
    assert ended["code"] == 130, ended
    assert ended["errors"].startswith("lookalike: interrupted"), ended
    assert ended["errors"].count("\n") == 1, ended
    return True


def _wish(chance: random.Random) -> tuple[tuple[str, bool, float], ...]:
    """Return signals: Ctrl-C reaches all processes of a terminal; some press it once more, and `timeout` sends its twice."""
    name = chance.choice(SIGNALS)
    first = name, name == "SIGINT", chance.choice((0.0, 0.6, 20.0))
    return first, ("SIGINT", True, 20.0)


@pytest.mark.parametrize("verb", VERBS)
def test_at_any_instant(base: Path, stop: Stop, verb: str) -> None:
    chance = random.Random(verb)
    _clear(base)
    usual = stop(*VERBS[verb])
    assert usual["code"] == 0
    made = _made(base)
    for _ in range(ANSWERS):
        _clear(base)
        told = stop(*VERBS[verb], after=chance.uniform(0, usual["seconds"]), signals=_wish(chance))
        if _check(told) and "--no-catalog" in VERBS[verb]:
            assert "nothing is kept without a catalog" in told["errors"] or told["errors"] == "lookalike: interrupted\n"
        if told["seconds"] < 60 and "at once" not in told["errors"]:
            assert list(base.rglob(".lookalike-*")) == [], "no unfinished file stays"
        shutil.rmtree(base / "out", ignore_errors=True)
        again = stop(*VERBS[verb])
        assert again["code"] == 0
        assert _made(base).keys() == made.keys()
        if "found.json" in made:
            assert comparable(json.loads(_made(base)["found.json"])) == comparable(json.loads(made["found.json"]))


def _clear(base: Path) -> None:
    for name in MADE:
        shutil.rmtree(base / name, ignore_errors=True)
        (base / name).unlink(missing_ok=True)


def _made(base: Path) -> dict[str, bytes]:
    paths = (path for name in MADE if "sqlite" not in name for path in [base / name, *(base / name).rglob("*")])
    return {str(path.relative_to(base)): path.read_bytes() for path in paths if path.is_file()}


def test_while_files_are_moved_and_brought_back(base: Path, stop: Stop) -> None:
    """What went is in a batch, of which undo brings back all; the tree is as it was."""
    chance = random.Random(1)
    command = ("clean", "album", "--catalog", "known.sqlite", "--apply", "--yes", "--yes-most")
    shutil.copytree(base / "photos", base / "album")
    before = _tree(base / "album")
    usual = stop(*command)["seconds"]
    assert _tree(base / "album") != before
    for _ in range(2 * ANSWERS):
        for _ in range(10):  # undo is stopped, too, until it gets through
            undone = stop("undo", after=chance.uniform(0.1, 1), signals=_wish(chance))
            if _tree(base / "album") == before:  # perhaps it was already, since what was begun is settled first
                break
            assert _check(undone)
        else:
            assert stop("undo")["code"] == 0
        assert _tree(base / "album") == before
        told = stop(*command, after=chance.uniform(usual / 4, usual), signals=_wish(chance))
        if _check(told) and "images went" in told["errors"]:
            went = int(told["errors"].split("interrupted; ")[1].split()[0].replace(",", ""))
            assert len(before) - len(_tree(base / "album")) == went
        if _tree(base / "album") == before:
            assert stop(*command)["code"] == 0


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_while_the_command_is_being_imported(tmp_path: Path) -> None:
    """People change their mind at once, too."""
    for after in (0.08, 0.15, 0.3):
        with subprocess.Popen(
            line("find", tmp_path, "--no-catalog"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            os.set_blocking(process.stderr.fileno(), False)  # type: ignore[union-attr]
            deadline = time.monotonic() + 30
            while not _listens(process.pid) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(after)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            said = process.stderr.read()  # type: ignore[union-attr]
        assert process.returncode in (130, 3)
        assert b"Traceback" not in (said or b"")


def _listens(pid: int) -> bool:
    """Return whether a process has a handler for SIGTERM."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        pytest.skip("no /proc on this system")
    caught = next(int(row.split()[1], 16) for row in status.splitlines() if row.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)
