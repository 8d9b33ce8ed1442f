"""Measure `lookalike hash --decode full` beside imagehash, on the same files in one run.

Usage: python benchmarks/hash.py [--photos FOLDER] [--files 2000] [--rounds 3] [--leak 0] [--json FILE]

imagehash runs as a loop in a process of its own, the way its users write it; lookalike runs as the command, with two workers
and a new catalog each time. Figures are medians over rounds that take turns; the ratios are what counts. ``--leak N`` hashes N
small pictures in one process and prints its resident memory on the way instead.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import lookalike
from lookalike.hashes import ALGORITHMS, hash_block, make_spec
from photos import photos_folder, replicate
from timing import Bar, Cost, judge, run, save, show, take_turns

IMAGEHASH = """
import sys, pathlib, imagehash, PIL.Image
function = getattr(imagehash, sys.argv[2])
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.jpg")):
    print(path, function(PIL.Image.open(path)))
"""
PEERS = {
    "ahash": ("average_hash", 1.8),
    "dhash": ("dhash", 1.8),
    "phash": ("phash", 1.8),
    "whash": ("whash", 4.0),
    "crop_resistant": ("crop_resistant_hash", 5.0),
}
"""What imagehash calls it, and how many times faster two workers have to be."""

LEAKED: tuple[Callable[[Image.Image], object], ...] = (
    lookalike.ahash,
    lookalike.dhash,
    lookalike.phash,
    lookalike.whash,
    lookalike.colorhash,
    lookalike.pdq,
    lambda picture: lookalike.whash(picture, mode="db4"),
)


def measure(folder: Path, few: Path, scratch: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """Measure every algorithm on both sides, taking turns; the crop-resistant hash on a few files only."""
    cases: dict[str, dict[str, Any]] = {}
    for name, (peer, bar) in PEERS.items():
        files = few if name == "crop_resistant" else folder
        cases[name] = {"title": name, "files": sum(1 for _ in files.rglob("*.jpg"))}
        ways = take_turns({"lookalike": _ours(files, name, scratch), "imagehash": _theirs(files, peer)}, rounds)
        cases[name] |= {"ways": ways, "bars": judge([Bar("lookalike", "imagehash", bar)], ways)}
        print(show(f"\n## {name}", cases[name]["files"], ways, cases[name]["bars"]), flush=True)
    return cases


def _ours(files: Path, name: str, scratch: Path) -> Callable[[int], Cost]:
    command = [sys.executable, "-m", "lookalike", "hash", str(files), "--algorithm", name, "--workers", "2", "--quiet"]
    return lambda turn: run([*command, "--catalog", str(scratch / f"{name}-{turn}.sqlite")])


def _theirs(files: Path, function: str) -> Callable[[int], Cost]:
    return lambda _: run([sys.executable, "-c", IMAGEHASH, str(files), function])


def thumbnails() -> None:
    """Print what hashes cost from a stack of thumbnails that is ready, µs an image, median of five."""
    stack = np.random.default_rng(0).integers(0, 256, (8192, 64, 64), dtype=np.uint8)
    cells = []
    for name, row in ALGORITHMS.items():
        if "fast" in row.ways:
            spec = make_spec(name, None, None, "fast")
            times = []
            for _ in range(5):
                started = time.perf_counter()
                hash_block(stack, spec)
                times.append(time.perf_counter() - started)
            cells.append(f"{name} {statistics.median(times) / len(stack) * 1e6:.1f}")
    print("µs an image from a stack of thumbnails: " + ", ".join(cells), flush=True)


def resident() -> int:
    """Return the resident memory of this process in kB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def leak(count: int) -> None:
    """Hash many small pictures in this process, every algorithm in turn, and print memory on the way."""
    random = np.random.default_rng(0)
    pictures = [Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)) for _ in range(64)]
    for number in range(count + 1):
        if number % (count // 10 or 1) == 0:
            print(f"after {number:,} hashes: {resident():,} kB", flush=True)
        LEAKED[number % len(LEAKED)](pictures[number % len(pictures)])


def main() -> None:
    """Parse the command line, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="JPEG photos to start from")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--leak", type=int, default=0, metavar="N")
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    if options.leak:
        leak(options.leak)
        return
    thumbnails()
    with tempfile.TemporaryDirectory() as place:
        folder, few = Path(place) / "files", Path(place) / "few"
        replicate(photos_folder(options.photos), folder, options.files)
        few.mkdir()
        for path in sorted(folder.rglob("*.jpg"))[: max(1, options.files // 20)]:
            shutil.copy(path, few / f"{path.parent.name}-{path.name}")
        save(options.json, "hash", measure(folder, few, Path(place), options.rounds))


if __name__ == "__main__":
    main()
