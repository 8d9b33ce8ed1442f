"""Stopped in mid-scan, in every way there is: what was finished is kept, and the next run ends as if nothing had been."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from album import jpeg
from command import MTIME, comparable, failures, found, start, write

from conftest import encode, scene

FILES = 1200
"""More than two batches of a commit, so that on a machine of any speed there is a middle to disturb."""
PICTURES = 6
LARGE_FILES = 16
LARGE_BYTES = 64 << 20
"""The files walked last hold four times what is read ahead, so that at the first commit the very last is not open yet."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many files that differ in what follows the picture; half of them only a worker process can decode."""
    base = tmp_path_factory.mktemp("large")
    pictures = [encode(scene(seed, 640, 480), "JPEG", quality=80, keep_rgb=bool(seed % 2)) for seed in range(PICTURES)]
    for at in range(FILES):
        path = write(base / "photos" / f"{at % 3}" / f"{at:04}.jpg", pictures[at % PICTURES] + b"%d" % at)
        if at % 3 == 2 and at >= FILES - 3 * LARGE_FILES:
            os.truncate(path, LARGE_BYTES)
            os.utime(path, (MTIME, MTIME))
    return base


@pytest.fixture(scope="module")
def clean(large: Path) -> dict[str, Any]:
    """What an undisturbed scan says."""
    document = found("photos", "--workers", "2", cwd=large)
    assert document["stats"]["images"] == FILES
    assert [len(group["members"]) for group in document["groups"]] == [FILES // PICTURES] * PICTURES
    return document


@dataclass(frozen=True, slots=True)
class End:
    """How a disturbed command ended."""

    group: int
    code: int
    out: str
    errors: str
    document: dict[str, Any]


def _committed(catalog: Path) -> int:
    if not catalog.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True, timeout=5)) as database:
            return int(database.execute("SELECT count(*) FROM content").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _disturb(large: Path, catalog: Path, act: Callable[[int], None]) -> End:
    """Start a scan, wait until it has committed something, disturb it, and wait for its end."""
    output = catalog.with_suffix(".json")
    process = start("find", "photos", "--catalog", catalog, "--output", output, "--workers", "2", cwd=large)
    try:
        while _committed(catalog) == 0:
            assert process.poll() is None, "it ended before it committed anything"
            time.sleep(0.01)
        act(process.pid)
        out, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    document = json.loads(output.read_bytes()) if output.exists() else {}
    return End(process.pid, process.returncode, out.decode(), errors.decode(), document)


def _carries_on(large: Path, catalog: Path, clean: dict[str, Any]) -> None:
    kept = _committed(catalog)
    assert 0 < kept < FILES, "the scan was disturbed in the middle"
    document = found("photos", "--workers", "2", cwd=large, catalog=catalog)
    assert kept <= document["stats"]["cached"] < FILES
    assert comparable(document) == comparable(clean)


def _no_process_left(group: int) -> None:
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("a worker outlived its command by ten seconds")


def test_killed_without_warning(large: Path, tmp_path: Path, clean: dict[str, Any]) -> None:
    catalog = tmp_path / "catalog.sqlite"
    end = _disturb(large, catalog, lambda pid: os.kill(pid, signal.SIGKILL))
    assert end.code == -signal.SIGKILL
    _no_process_left(end.group)
    with closing(sqlite3.connect(catalog)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    _carries_on(large, catalog, clean)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupted(large: Path, tmp_path: Path, clean: dict[str, Any], name: str) -> None:
    catalog = tmp_path / "catalog.sqlite"
    # Ctrl-C on a terminal reaches the whole process group; the TERM of a service manager often only the command.
    send = os.killpg if name == "SIGINT" else os.kill
    end = _disturb(large, catalog, lambda pid: send(pid, signal.Signals[name]))
    assert end.code == 130
    assert end.document == {}
    assert "Traceback" not in end.errors
    _no_process_left(end.group)
    _carries_on(large, catalog, clean)
    assert "interrupted" in end.errors, "and that is said"


def test_a_worker_that_dies_costs_at_most_one_image(large: Path, tmp_path: Path, clean: dict[str, Any]) -> None:
    catalog = tmp_path / "catalog.sqlite"

    def kill_one_worker(pid: int) -> None:
        tasks = Path(f"/proc/{pid}/task")
        if not tasks.is_dir():
            pytest.skip("no /proc on this system")
        own = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
        os.kill(own[0], signal.SIGKILL)

    end = _disturb(large, catalog, kill_one_worker)
    assert (end.code, end.errors) == (0, "")
    stats = end.document["stats"]
    assert stats["images"] == stats["hashed"] + stats["failed"] == FILES
    assert stats["failed"] <= 1
    # The next run does not hold it against the file, which is sound.
    assert comparable(found("photos", "--workers", "2", cwd=large, catalog=catalog)) == comparable(clean)


def test_a_root_that_goes_away(large: Path, tmp_path: Path, clean: dict[str, Any]) -> None:
    catalog = tmp_path / "catalog.sqlite"
    photos, away = large / "photos", large / "away"

    def unplug(_pid: int) -> None:
        photos.rename(away)

    try:
        end = _disturb(large, catalog, unplug)
    finally:
        if away.exists():
            away.rename(photos)
    assert (end.code, end.errors) == (3, "")
    assert "incomplete: photos went away" in end.out
    assert "continue" in end.out
    assert end.document["failures"] == [], "what was not read is no failure"
    assert 0 < end.document["stats"]["images"] < FILES
    _carries_on(large, catalog, clean)


def test_a_file_that_vanishes_between_walk_and_read(large: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    last = write(large / "photos" / "2" / "zzz.jpg", jpeg(scene(50, 320, 240)))
    end = _disturb(large, catalog, lambda _pid: last.unlink())
    assert (end.code, end.errors) == (0, "")
    assert end.document["stats"]["hashed"] == FILES
    assert failures(end.document)["photos/2/zzz.jpg"]["kind"] == "transient"
    assert found("photos", "--workers", "2", cwd=large, catalog=catalog)["stats"]["images"] == FILES
