"""Measure the decoding and hashing of images beside the peers, on the same files in one run.

    python benchmarks/peers.py [--photos FOLDER] [--rounds 5] [--only CASE ...] [--quick] [--json FILE]

Path in, pHash out. Each contestant runs in a process of its own, hashes a few files first, and then reports the wall and CPU
time of the whole folder; contestants take turns, and the figures are medians over the rounds. Ratios are what counts. A peer
that is not installed is reported as missing. `find.dedup` measures whole commands instead, start-up included.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageEnhance

from find import photos_folder, run

TIMED = """
import os, sys, time, glob
threads = int(sys.argv[2])
os.environ["RAYON_NUM_THREADS"] = str(threads)
paths = sorted(glob.glob(sys.argv[1] + "/*"))
{setup}
hash_all(paths[:20])
wall, cpu = time.perf_counter(), time.process_time()
hash_all(paths)
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
POOLED = """
from concurrent.futures import ThreadPoolExecutor
def hash_all(paths):
    if threads == 1:
        return [one(path) for path in paths]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, paths, chunksize=16))
"""
LOOKALIKE = """
import lookalike
def hash_all(paths):
    lookalike.hash_images(paths, algorithms="phash", decode="fast", use_catalog=False, workers=threads)
"""
IMAGEHASH = "import imagehash, PIL.Image\ndef one(path): return imagehash.phash(PIL.Image.open(path))\n" + POOLED
IMGDD = """
import imgdd, shutil, tempfile
def hash_all(paths):
    if len(paths) == 20:
        with tempfile.TemporaryDirectory() as folder:
            for path in paths: shutil.copy(path, folder)
            imgdd.hash(folder, algo="phash", filter="{filter}")
    else:
        imgdd.hash(sys.argv[1], algo="phash", filter="{filter}")
"""
LIBPHASH = """
import libphash
def hash_all(paths):
    libphash.hash_files(paths, config=libphash.Config(decode_scale=8), threads=threads)
"""
OPENCV = (
    """
import cv2, numpy
cv2.setNumThreads(1)
def one(path):
    gray = cv2.imread(path, cv2.IMREAD_REDUCED_GRAYSCALE_8)
    low = cv2.dct(cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(numpy.float32))[:8, :8]
    return low > numpy.median(low)
"""
    + POOLED
)
PILLOW = (
    """
import numpy, imagehash, PIL.Image
def one(path):
    image = PIL.Image.open(path)
    image.draft("L", (image.width // 8, image.height // 8))
    return imagehash.phash(image)
"""
    + POOLED
)
PEERS = {
    "lookalike": ("lookalike", LOOKALIKE),
    "imagehash 4.3.2": ("imagehash", IMAGEHASH),
    "imgdd triangle": ("imgdd", IMGDD.format(filter="triangle")),
    "imgdd nearest": ("imgdd", IMGDD.format(filter="nearest")),
    "python-libphash 1/8": ("libphash", LIBPHASH),
    "OpenCV gray 1/8": ("cv2", OPENCV),
    "Pillow draft 1/8": ("PIL", PILLOW),
}


class Case(NamedTuple):
    """Which files, how many of them, how many threads, and how many times faster than whom we have to be."""

    files: int
    write: Callable[[Image.Image, Path, int], None]
    threads: int
    bars: dict[str, float]
    peers: tuple[str, ...] = ()


def _save(format_: str, pixels: int = 190_000, **options: object) -> Callable[[Image.Image, Path, int], None]:
    def write(photo: Image.Image, target: Path, turn: int) -> None:
        scale = (pixels / (photo.width * photo.height)) ** 0.5
        small = photo.resize((round(photo.width * scale) - turn, round(photo.height * scale) - turn))
        small.save(target.with_suffix("." + format_.lower()), format_, **options)

    return write


def _tiny(photo: Image.Image, target: Path, turn: int) -> None:
    x, y = turn % 6 * photo.width // 12, turn // 6 % 6 * photo.height // 12
    part = photo.crop((x, y, x + photo.width // 2, y + photo.height // 2)).resize((64, 64))
    part.save(target.with_suffix(".jpg"), "JPEG", quality=85)


JPEG_PEERS = ("imgdd triangle", "imgdd nearest", "python-libphash 1/8", "OpenCV gray 1/8", "Pillow draft 1/8")
CASES = {
    "photo": Case(
        2000, _save("JPEG", quality=97), 2,
        {"imgdd triangle": 5, "imgdd nearest": 3, "python-libphash 1/8": 2.5}, JPEG_PEERS,
    ),
    "photo.one": Case(1000, _save("JPEG", quality=97), 1, {"imagehash 4.3.2": 6}),
    "12mp": Case(24, _save("JPEG", 12_000_000, quality=90), 2, {"imagehash 4.3.2": 8}, ("imgdd triangle",)),
    "progressive": Case(
        1000, _save("JPEG", quality=97, progressive=True), 2, {"imagehash 4.3.2": 25, "imgdd triangle": 10}
    ),
    "png": Case(700, _save("PNG"), 2, {"imgdd triangle": 1}, ("imgdd nearest", "Pillow draft 1/8")),
    "webp": Case(700, _save("WEBP", quality=80), 2, {"imgdd triangle": 1.3}, ("imgdd nearest",)),
    "tiny": Case(20_000, _tiny, 2, {"imgdd triangle": 1.5}, ("imgdd nearest", "python-libphash 1/8")),
    "gif": Case(700, _save("GIF"), 2, {}, ("imgdd triangle",)),
    "bmp": Case(700, _save("BMP"), 2, {}, ("imgdd triangle",)),
    "1000": Case(1000, _tiny, 2, {}, ("imgdd triangle",)),
    "10000": Case(10_000, _tiny, 2, {}, ("imgdd triangle",)),
    "100000": Case(100_000, _tiny, 2, {}, ("imgdd triangle",)),
}  # fmt: skip


def fill(case: Case, photos: Path, folder: Path, files: int) -> int:
    """Write the files of a case; return their bytes."""
    sources = sorted(path for path in photos.rglob("*") if path.suffix in (".jpg", ".jpeg", ".png"))
    total = 0
    for number in range(files):
        turn, place = divmod(number, len(sources))
        target = folder / f"{number:06d}"
        with Image.open(sources[place]) as photo:
            picture = photo.convert("RGB")
        if turn >= 30:
            picture = ImageEnhance.Brightness(picture).enhance(1 + turn / 500)
        case.write(picture, target, turn)
        total += next(folder.glob(f"{number:06d}.*")).stat().st_size if number < 50 else 0
    return total * files // min(files, 50)


def contest(case: Case, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Let the contestants of a case take turns; return the median milliseconds an image of each."""
    count = sum(1 for _ in folder.iterdir())
    seconds: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name in ("lookalike", *case.bars, *(peer for peer in case.peers if peer not in case.bars)):
            module, setup = PEERS[name]
            threads = "1" if name.startswith("imagehash") else str(case.threads)  # its users have a loop
            command = [sys.executable, "-c", TIMED.replace("{setup}", setup), str(folder), threads]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                missing = f"No module named '{module}'" in done.stderr
                print(f"  {name}: {'not installed' if missing else done.stderr.strip().splitlines()[-1]}")
                continue
            wall, cpu = map(float, done.stdout.split()[-2:])
            seconds.setdefault(name, []).append((wall, cpu))
    return {
        name: {
            "wall_ms": statistics.median(row[0] for row in rows) / count * 1e3,
            "cpu_ms": statistics.median(row[1] for row in rows) / count * 1e3,
        }
        for name, rows in seconds.items()
    }


def show(name: str, case: Case, files: int, size: int, figures: dict[str, dict[str, float]]) -> None:
    """Print one table."""
    print(f"\n{name}: {files:,} files of {size / files / 1000:,.1f} KB, {case.threads} thread(s), ms an image")
    own = figures.get("lookalike", {}).get("wall_ms", float("nan"))
    for peer, row in figures.items():
        ratio = row["wall_ms"] / own
        bar = case.bars.get(peer)
        verdict = "" if bar is None else f"  bar {bar:g}: {'met' if ratio >= bar else 'MISSED'}"
        print(f"  {peer:22}{row['wall_ms']:9.3f} wall{row['cpu_ms']:9.3f} CPU{ratio:8.2f}x{verdict}")


def commands(photos: Path, scratch: Path, files: int, rounds: int) -> dict[str, Any]:
    """Measure finding duplicates from the command line: cold, and again with what was kept."""
    folder = scratch / "web"
    folder.mkdir()
    fill(Case(files, _save("JPEG", quality=85), 2, {}), photos, folder, files)
    python = sys.executable
    dedup = str(Path(python).with_name("image-dedup-ai"))
    dupes = "import sys, imgdd; imgdd.dupes(sys.argv[1], filter='triangle', algo='phash', remove=False)"
    walls: dict[str, list[float]] = {}
    for turn in range(rounds):
        own = [python, "-m", "lookalike", "find", str(folder), "--quiet", "--catalog", str(scratch / f"{turn}.sqlite")]
        peer = [dedup, str(folder), "--index", str(scratch / f"{turn}.index")]
        entries = [("lookalike, cold", own), ("lookalike, warm", own), ("image-dedup-ai, cold", peer)]
        entries += [("image-dedup-ai, warm", peer), ("imgdd.dupes phash triangle", [python, "-c", dupes, str(folder)])]
        for name, command in entries:
            if not Path(command[0]).exists():
                print(f"  {name}: not installed")
                continue
            walls.setdefault(name, []).append(run(command)[0])
    figures = {name: statistics.median(values) for name, values in walls.items()}
    print(f"\nfind.dedup: {files:,} web photos, seconds")
    for name, wall in figures.items():
        print(f"  {name:30}{wall:8.2f}")
    bars = [
        ("lookalike, cold", "image-dedup-ai, cold", 3.0), ("lookalike, cold", "imgdd.dupes phash triangle", 3.0),
        ("lookalike, warm", "image-dedup-ai, warm", 1 / 0.75),
    ]  # fmt: skip
    for mine, other, bar in bars:
        if other in figures:
            ratio = figures[other] / figures[mine]
            print(f"  {mine} / {other}: {ratio:.2f}x as fast  bar {bar:.2f}: {'met' if ratio >= bar else 'MISSED'}")
    return {"files": files, "wall_s": figures}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure decoding and hashing beside the peers.")
    parser.add_argument("--photos", help="folder of photos to start from")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[*CASES, "find.dedup"], choices=[*CASES, "find.dedup"])
    parser.add_argument("--quick", action="store_true", help="one round over a few files")
    parser.add_argument("--json", default="benchmarks/results/peers.json", help="where to write the figures")
    options = parser.parse_args()
    photos = photos_folder(options.photos)
    rounds = 1 if options.quick else options.rounds
    results: dict[str, Any] = {"cores": os.cpu_count(), "rounds": rounds}
    for name in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            if name == "find.dedup":
                results[name] = commands(photos, Path(scratch), 40 if options.quick else 8000, rounds)
                continue
            case = CASES[name]
            files = min(case.files, 40) if options.quick else case.files
            size = fill(case, photos, Path(scratch), files)
            figures = contest(case, Path(scratch), rounds)
            show(name, case, files, size, figures)
            results[name] = {
                "files": files,
                "bytes": size,
                "threads": case.threads,
                "bars": case.bars,
                "figures": figures,
            }
    target = Path(options.json)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
