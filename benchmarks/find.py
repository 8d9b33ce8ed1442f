"""Measure `lookalike find` end to end, beside the peers, on the same files in one run.

Usage: python benchmarks/find.py [--photos FOLDER] [--files 10000] [--rounds 3] [--json FILE]

Peers: imagehash (phash in a loop, equal hashes only) and imgdd.dupes (phash, triangle; equal hashes only), each in a process
of its own. Figures are medians over rounds that take turns; the ratios are what counts.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

IMAGEHASH = """
import sys, pathlib, collections, imagehash, PIL.Image
groups = collections.defaultdict(list)
for path in pathlib.Path(sys.argv[1]).rglob("*.jpg"):
    groups[imagehash.phash(PIL.Image.open(path))].append(path)
"""
IMGDD = """
import sys, imgdd
imgdd.dupes(sys.argv[1], filter="triangle", algo="phash", remove=False)
"""


def photos_folder(given: str | None) -> Path:
    """Return the photos to start from: as given, else the shared ones, else the sample set."""
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "photos"
    if given is not None:
        return Path(given)
    if shared.is_dir():
        return shared
    sample = Path(__file__).resolve().parents[1] / "sample"
    subprocess.run([sys.executable, "examples/sample_set.py", str(sample)], check=True, cwd=sample.parent)
    return sample


def replicate(photos: Path, target: Path, files: int) -> None:
    """Fill a folder with re-encoded copies of some photos, each round smaller and of lower quality."""
    sources = sorted(path for path in photos.rglob("*") if path.suffix == ".jpg")
    for number in range(files):
        turn, place = divmod(number, len(sources))
        folder = target / f"{turn:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(sources[place]) as photo:
            size = photo.width - 2 * turn, photo.height - 2 * turn
            photo.convert("RGB").resize(size).save(folder / f"{place:05d}.jpg", quality=95 - 2 * (turn % 30))


def run(command: list[str]) -> tuple[float, float]:
    """Run a command; return wall and CPU seconds, those of its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(f"FAILED ({done.returncode}): {' '.join(command)}\n{done.stderr.decode()[-500:]}")
        return float("nan"), float("nan")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, scratch: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Measure every way on one folder, taking turns."""
    find = [sys.executable, "-m", "lookalike", "find", str(folder), "--quiet", "--catalog"]
    walls: dict[str, list[tuple[float, float]]] = {}
    for turn in range(rounds):
        for workers in (1, 2):
            catalog = scratch / f"{folder.name}-{turn}-{workers}.sqlite"
            command = [*find, str(catalog), "--workers", str(workers)]
            walls.setdefault(f"find, {workers} worker(s), cold", []).append(run(command))
            walls.setdefault(f"find, {workers} worker(s), second run", []).append(run(command))
        walls.setdefault("imagehash phash, loop", []).append(run([sys.executable, "-c", IMAGEHASH, str(folder)]))
        walls.setdefault("imgdd.dupes phash triangle", []).append(run([sys.executable, "-c", IMGDD, str(folder)]))
    return {
        name: {"wall": statistics.median(row[0] for row in rows), "cpu": statistics.median(row[1] for row in rows)}
        for name, rows in walls.items()
    }


def show(title: str, count: int, figures: dict[str, dict[str, float]]) -> None:
    """Print one table and the ratios that the project promises."""
    print(f"\n{title}: {count:,} files, {os.cpu_count()} cores, medians")
    print(f"{'':34}{'wall s':>9}{'CPU s':>9}{'images/s':>10}")
    for name, row in figures.items():
        print(f"{name:34}{row['wall']:9.2f}{row['cpu']:9.2f}{count / row['wall']:10.0f}")
    one, two = figures["find, 1 worker(s), cold"]["wall"], figures["find, 2 worker(s), cold"]["wall"]
    print(f"two workers against one: {one / two:.2f}x (bar: 1.7)")
    print(f"second run against first: {figures['find, 2 worker(s), second run']['wall'] / two:.3f} (bar: under 0.1)")
    for peer in ("imagehash phash, loop", "imgdd.dupes phash triangle"):
        print(f"find with 2 workers against {peer}: {figures[peer]['wall'] / two:.2f}x as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure lookalike find beside its peers.")
    parser.add_argument("--photos", help="folder of .jpg photos to start from")
    parser.add_argument("--files", type=int, default=10_000, help="size of the replicated set")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", default="benchmarks/results/find.json", help="where to write the figures")
    options = parser.parse_args()
    photos = photos_folder(options.photos)
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        replicated = Path(scratch) / "replicated"
        replicate(photos, replicated, options.files)
        for title, folder in (("photos", photos), ("replicated", replicated)):
            count = sum(1 for path in folder.rglob("*") if path.is_file())
            figures = measure(folder, Path(scratch), options.rounds)
            show(title, count, figures)
            results[title] = {"files": count, "figures": figures}
    target = Path(options.json)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
