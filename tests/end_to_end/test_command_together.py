"""Several processes with one catalog: each answers as if it were alone."""

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from album import copies, jpeg
from command import comparable, found, run, start, write

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


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
