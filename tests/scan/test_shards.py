"""Archives as units of work: what was read of one is not read again, whoever stopped in the middle of it."""

import gzip
import io
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import textwrap
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lookalike as la
from conftest import encode, scene
from lookalike.sources.members import Names

Maker = Callable[[Path, dict[str, bytes]], Path]


def noise(count: int, start: int = 0) -> dict[str, bytes]:
    """Return small pictures that are all different."""
    made = {}
    for number in range(start, start + count):
        pixels = np.random.default_rng(number).integers(0, 256, (24, 24, 3), np.uint8)
        made[f"set/{number:05}.png"] = encode(Image.fromarray(pixels), "PNG")
    return made


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return old(path)


def make_tar(path: Path, members: dict[str, bytes]) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    data = buffer.getvalue()
    path.write_bytes(gzip.compress(data, 1) if path.suffix == ".gz" else data)
    return old(path)


def old(path: Path, seconds: int = 3600) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


KINDS = [("x.zip", make_zip), ("x.tar", make_tar), ("x.tar.gz", make_tar)]


def contents(catalog: Path) -> int:
    with closing(sqlite3.connect(catalog)) as db:
        return int(db.execute("SELECT count(*) FROM content").fetchone()[0])


def shown(findings: la.Findings) -> str:
    document = findings.to_dict()
    document["stats"] = {key: value for key, value in document["stats"].items() if key not in ("seconds", "cached")}
    return repr(document)


@pytest.mark.parametrize(("name", "make"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_kill_in_the_middle_loses_no_more_than_a_batch(tmp_path: Path, name: str, make: Maker) -> None:
    path = make(tmp_path / name, noise(1600))
    catalog = tmp_path / "catalog.sqlite"
    script = f"""
        import os, signal
        import lookalike as la
        def kill(done, listed, finished):
            if done >= 1100:
                os.kill(os.getpid(), signal.SIGKILL)
        la.find({str(path)!r}, catalog={str(catalog)!r}, workers=1, progress=kill)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -signal.SIGKILL
    before = contents(catalog)
    assert 500 <= before < 1600
    findings = la.find(path, catalog=catalog, workers=1)
    assert (findings.stats["hashed"], findings.stats["cached"]) == (1600, before)
    assert contents(catalog) == 1600
    assert la.find(path, catalog=catalog).stats["cached"] == 1600


@pytest.mark.parametrize(("name", "make"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_second_run_does_not_open_it(tmp_path: Path, name: str, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / name, noise(600))
    catalog = tmp_path / "catalog.sqlite"
    first = la.find(path, catalog=catalog)
    named = []
    monkeypatch.setattr(Names, "__call__", lambda _self, member: named.append(member))
    second = la.find(path, catalog=catalog)
    assert second.stats["cached"] == 600
    assert shown(second) == shown(first)
    assert named == []


@pytest.mark.parametrize(("name", "make"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_any_number_of_workers_and_processes_finds_the_same(tmp_path: Path, name: str, make: Maker) -> None:
    members = noise(300) | {
        f"twice/{number}.jpg": encode(scene(number // 3, 300, 200), quality=70 + number) for number in range(12)
    }
    path = make(tmp_path / name, members)
    catalog = tmp_path / "catalog.sqlite"
    alone = la.find(path, use_catalog=False, workers=1)
    assert len(alone.groups) == 4
    command = [sys.executable, "-m", "lookalike", "find", str(path), "--catalog", str(catalog), "--json", "--quiet"]
    both = [subprocess.Popen([*command, "--workers", workers], stdout=subprocess.PIPE) for workers in "12"]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert contents(catalog) == 312
    together = la.find(path, catalog=catalog)
    assert shown(together) == shown(alone) == shown(la.find(path, use_catalog=False, workers=2))
    lines = [
        [line for line in text.splitlines() if b'"seconds"' not in line and b'"cached"' not in line] for text in printed
    ]
    assert lines[0] == lines[1]


@pytest.mark.parametrize(("name", "make"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_one_that_changed_is_read_again(tmp_path: Path, name: str, make: Maker) -> None:
    catalog = tmp_path / "catalog.sqlite"
    make(tmp_path / name, noise(20))
    assert la.find(tmp_path / name, catalog=catalog).stats["hashed"] == 20
    make(tmp_path / name, noise(10, 15))
    old(tmp_path / name, 1800)
    findings = la.find(tmp_path / name, catalog=catalog)
    assert (findings.stats["hashed"], findings.stats["cached"]) == (10, 0)
    assert contents(catalog) == 25


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "another"])
@pytest.mark.parametrize(("name", "make"), KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_one_that_changes_while_it_is_read_is_incomplete(tmp_path: Path, name: str, make: Maker, gone: bool) -> None:
    path = make(tmp_path / name, noise(1400))
    other = make(tmp_path / f"other-{name}", noise(1400, 5000))
    old(other, 1800)
    catalog = tmp_path / "catalog.sqlite"

    def change(done: int, _listed: int, _finished: bool) -> None:
        if done >= 300 and other.exists():
            if gone:
                other.unlink()
                path.unlink()
            else:
                other.replace(path)

    findings = la.find(path, catalog=catalog, workers=1, progress=change)
    assert any("changed or went away" in line for line in findings.incomplete)
    if not gone:
        again = la.find(path, catalog=catalog)
        assert (again.stats["hashed"], again.stats["cached"], again.incomplete) == (1400, 0, [])


def test_thousands_of_archives_are_not_open_at_a_time(tmp_path: Path) -> None:
    """A group in each two, so that members are read once more, too."""
    resource = pytest.importorskip("resource")
    paths: list[str] = []
    for number in range(60):
        for name, make in KINDS:
            members = {"a.jpg": encode(scene(number % 20, 200, 150), quality=60 + number // 20)}
            paths.append(str(make(tmp_path / f"{number}{name}", members)))
    script = f"""
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (110, 110))
        import lookalike as la
        findings = la.find({paths!r}, use_catalog=False, workers=1, verify="pixels")
        print(findings.stats["hashed"], findings.failures, findings.incomplete)
    """
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 110
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert done.stdout == "180 [] []\n"


def test_globs_hold_and_what_they_left_out_is_read_later(tmp_path: Path) -> None:
    path, catalog = make_tar(tmp_path / "x.tar", noise(30)), tmp_path / "catalog.sqlite"
    assert la.find(path, catalog=catalog, include=["0000*.png"]).stats["hashed"] == 10
    assert la.find(path, catalog=catalog, exclude=["set/"]).stats["hashed"] == 0
    findings = la.find(path, catalog=catalog)
    assert (findings.stats["hashed"], findings.stats["cached"]) == (30, 10)
