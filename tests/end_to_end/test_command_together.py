"""Several processes with one catalog: each answers as if it were alone."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from album import copies, jpeg
from command import comparable, environment, found, members, run, start, write

from catalog_rows import rows_of
from conftest import scene

ROOTS = (("a", "b"), ("b", "c"), ("c", "a"), (".",))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folders; each has copies of what the others have."""
    base = tmp_path_factory.mktemp("together") / "photos"
    for at, folder in enumerate("abc"):
        for seed in (1, 2):
            for name, content in list(copies(seed).items())[at::3]:
                write(base / folder / f"{seed}-{name}", content)
        for seed in range(10, 130):
            write(base / folder / f"{seed}.jpg", jpeg(scene(seed + 40 * at, 96, 72)))
        write(base / folder / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    return base


@pytest.fixture(scope="module")
def alone(base: Path) -> dict[tuple[str, ...], str]:
    """What each search finds without a catalog."""
    return {roots: comparable(found(*roots, cwd=base)) for roots in ROOTS}


def test_four_scans_of_overlapping_folders_while_another_one_is_killed(
    base: Path, tmp_path: Path, alone: dict[tuple[str, ...], str]
) -> None:
    catalog = tmp_path / "c.sqlite"
    chance = random.Random(1)
    scans = [
        start("find", *roots, "--catalog", catalog, "--output", tmp_path / f"{at}.json", "--quiet", cwd=base)
        for at, roots in enumerate(ROOTS)
    ]
    kills = 0
    while kills < 2 or any(scan.poll() is None for scan in scans):
        victim = start("find", ".", "--catalog", catalog, "--quiet", cwd=base)
        time.sleep(chance.uniform(0.3, 2))
        kills += victim.poll() is None
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
    for at, (scan, roots) in enumerate(zip(scans, ROOTS, strict=True)):
        out, errors = scan.communicate(timeout=120)
        assert (scan.returncode, out, errors) == (0, b"", b"")
        assert comparable(_document(tmp_path / f"{at}.json")) == alone[roots]
    assert run("catalog", "verify", "--catalog", catalog).code == 0
    single = tmp_path / "single.sqlite"
    for roots in ROOTS:
        assert comparable(found(*roots, cwd=base, catalog=single)) == alone[roots]
    ours, theirs = rows_of(catalog), rows_of(single)
    for table in ("content", "folder", "location", "hash", "thumbnail", "spec", "pair", "pixels", "origin"):
        assert ours[table].tolist() == theirs[table].tolist(), table


HELD = """
import logging, sys
import lookalike

class Held(logging.Handler):
    def emit(self, record):
        if record.event == "scan.ended":
            print("scanned", flush=True)
            sys.stdin.readline()

logging.getLogger("lookalike").setLevel(logging.INFO)
logging.getLogger("lookalike").addHandler(Held())
found = lookalike.find("photos", catalog="c.sqlite", workers=1)
print(sorted(member.ref.path for group in found.groups for member in group.members), flush=True)
"""


def test_what_a_search_has_seen_is_not_pruned_away_under_it(tmp_path: Path) -> None:
    for name, content in copies(1).items():
        write(tmp_path / "photos" / name, content)
    write(tmp_path / "photos" / "other.jpg", jpeg(scene(5, 96, 72)))
    (alike,) = members(found("photos", cwd=tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", HELD],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as search:
        assert search.stdout is not None
        assert search.stdout.readline() == "scanned\n"
        (tmp_path / "photos" / "other.jpg").unlink()
        prune = start("catalog", "prune", "--json", "--catalog", "c.sqlite", cwd=tmp_path)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                prune.communicate(timeout=2)
            assert members(found("photos", cwd=tmp_path, catalog=tmp_path / "c.sqlite")) == {alike}, (
                "others do not wait"
            )
            out, _ = search.communicate("go on\n", timeout=60)
            told, errors = prune.communicate(timeout=60)
        finally:
            search.kill()
            prune.kill()
    assert (search.returncode, out) == (0, f"{sorted(alike)}\n")
    assert (prune.returncode, errors) == (0, b"")
    assert json.loads(told)["rows"]["location"] == 1


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
