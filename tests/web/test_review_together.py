"""A review beside other commands, with one catalog and one ledger: nobody is told of locks, and decisions are kept."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from house import Browser

from conftest import encode, scene


def test_a_review_goes_on_while_others_search_and_clean(tmp_path: Path) -> None:
    """What is chosen is kept, pages come, and neither is told of a lock."""
    stores = ("--catalog", tmp_path / "c.sqlite", "--ledger", tmp_path / "l.sqlite")
    for name, first in (("album", 0), ("other", 50), ("more", 100)):
        (tmp_path / name).mkdir()
        for seed in range(4):
            for at in range(6):
                picture = encode(scene(first + seed, 96, 72), quality=60 + at)
                (tmp_path / name / f"{seed}-{at}.jpg").write_bytes(picture)

    def start(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "lookalike", *words, "--quiet", "--workers", "1", *map(str, stores)]
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        return subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
        )

    with start("review", "album", "--no-browser") as process:
        try:
            assert process.stdout is not None
            with closing(Browser(process.stdout.readline().strip())) as browser:
                others = [
                    start("find", "more", "album"),
                    start("clean", "other", "--apply", "--yes", "--yes-most"),
                    start("find", "other", "album"),
                ]
                pressed = 0
                while pressed < 4 or any(other.poll() is None for other in others):
                    browser.go("/")
                    browser.go(f"groups/{pressed % 4}")
                    assert browser.code == 200
                    browser.press("/accept")
                    assert browser.code == 200
                    assert "lock" not in browser.page.text.lower()
                    pressed += 1
                for other in others:
                    out, errors = other.communicate(timeout=120)
                    assert (other.returncode, out, errors) == (0, "", "")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            assert (process.returncode, errors) == (0, "")
        finally:
            process.kill()
    with closing(sqlite3.connect(tmp_path / "l.sqlite")) as db:
        assert db.execute("SELECT count(DISTINCT key) FROM choice").fetchone()[0] == 4
        assert db.execute("SELECT count(*) FROM entry WHERE state = 'done'").fetchone()[0] == 20
    assert len(list((tmp_path / "other").iterdir())) == 4
