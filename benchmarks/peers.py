"""Measure lookalike and its peers side by side: the same files, one run, in turns; medians, and their ratios beside the bars.

Usage: python benchmarks/peers.py [--only CASE ...] [--rounds 5] [--quick] [--photos FOLDER] [--json FILE]

The cases of hashing go from paths to pHashes of 64 bits with a warm page cache. Each way has a process of its own for all
rounds, so that none finds the memory that another has left to the allocator, and runs once before it is timed, so that none
pays for having waited while others ran; "find" runs commands. A peer that is not installed, or that does not hash every file,
is a row with the reason.
"""

import argparse
import functools
import importlib
import importlib.util
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photos import Corpus, corpus_folder, photos_folder
from timing import Bar, Cost, cost_of, judge, run, save, show, take_turns

THREADS = 2
OURS, OURS_1 = f"lookalike, {THREADS} threads", "lookalike, 1 thread"
TRIANGLE, NEAREST = f"imgdd triangle, {THREADS} threads", f"imgdd nearest, {THREADS} threads"
LIBPHASH, LIBPHASH_1 = f"python-libphash 1/8, {THREADS} threads", "python-libphash 1/8, 1 thread"
OPENCV = f"OpenCV 1/8 gray + img_hash, {THREADS} threads"
DRAFT = f"Pillow draft 1/8 + imagehash, {THREADS} threads"
IMAGEHASH = "imagehash, 1 thread"
QUICK = 40  # a quick run takes this share of the files


@dataclass(frozen=True)
class Case:
    """Files to hash, the ways to measure, and the bars."""

    title: str
    corpus: Corpus
    bars: tuple[Bar, ...] = ()


def _photo(name: str, files: int, suffix: str = "jpg", kilobytes: int = 0, **options: Any) -> Corpus:
    return Corpus(name, files, 500, 375, suffix, kilobytes, options)


CASES = {
    "photos": Case(
        "Baseline JPEG, 0.19 megapixels, 110 KB",
        _photo("photos", 3000, kilobytes=110),
        (Bar(OURS, TRIANGLE, 5), Bar(OURS, NEAREST, 3), Bar(OURS, LIBPHASH, 2.5), Bar(OURS_1, IMAGEHASH, 6)),
    ),
    "large": Case(
        "Baseline JPEG, 12 megapixels",
        Corpus("large", 24, 4000, 3000, options={"quality": 88}),
        (Bar(OURS_1, IMAGEHASH, 8),),
    ),
    "progressive": Case(
        "Progressive JPEG, 0.19 megapixels, 110 KB",
        _photo("progressive", 500, kilobytes=110, progressive=True),
        (Bar(OURS_1, IMAGEHASH, 25), Bar(OURS, TRIANGLE, 10)),
    ),
    "png": Case("PNG, 0.19 megapixels", _photo("png", 700, "png"), (Bar(OURS, TRIANGLE, 1.0),)),
    "webp": Case("WebP, lossy, 0.19 megapixels", _photo("webp", 1500, "webp", quality=80), (Bar(OURS, TRIANGLE, 1.3),)),
    "tiny": Case("Baseline JPEG, 64x64 pixels", Corpus("tiny", 20_000, 64, 64), (Bar(OURS, TRIANGLE, 1.5),)),
    "gif": Case("GIF, 0.19 megapixels", _photo("gif", 200, "gif")),
    "bmp": Case("BMP, 0.19 megapixels", _photo("bmp", 200, "bmp")),
}
WEB = _photo("web", 8000, kilobytes=38)
COLD, WARM, COLD_1 = "lookalike find, cold", "lookalike find, second run", "lookalike find --workers 1, cold"
DEDUP_COLD, DEDUP_WARM, DUPES = "image-dedup-ai, cold", "image-dedup-ai, second run", "imgdd.dupes phash triangle"
FIND_BARS = (
    Bar(COLD, DEDUP_COLD, 3), Bar(COLD, DUPES, 3), Bar(WARM, DEDUP_WARM, 1 / 0.75), Bar(COLD, COLD_1, 1.7), Bar(WARM, COLD, 10),
)  # fmt: skip
DUPES_CODE = "import sys, imgdd; imgdd.dupes(sys.argv[1], filter='triangle', algo='phash', remove=False)"


def lookalike_(paths: list[str], threads: int) -> int:
    import lookalike

    folder = os.path.dirname(paths[0])  # as imgdd gets it
    return len(lookalike.hash_images(folder, algorithms=("phash",), decode="fast", use_catalog=False, workers=threads))


def imgdd(paths: list[str], filter_: Any) -> int:
    import imgdd

    return len(imgdd.hash(os.path.dirname(paths[0]), filter=filter_, algo="pHash"))


def libphash(paths: list[str], threads: int) -> int:
    import libphash

    results = libphash.hash_files(paths, ("phash",), config=libphash.Config(decode_scale=8), threads=threads)
    return sum(result.ok for result in results)


def imagehash(paths: list[str]) -> int:
    import imagehash
    from PIL import Image

    return len([imagehash.phash(Image.open(path)) for path in paths])


def draft(paths: list[str]) -> int:
    import imagehash
    from PIL import Image

    def one(path: str) -> object:
        with Image.open(path) as image:
            image.draft("L", (image.width // 8, image.height // 8))
            return imagehash.phash(image)

    with ThreadPoolExecutor(THREADS) as pool:
        return len(list(pool.map(one, paths)))


def opencv(paths: list[str]) -> int:
    import cv2

    cv2.setNumThreads(1)  # it is we who hand out the files

    def one(path: str) -> bool:
        gray = cv2.imread(path, cv2.IMREAD_REDUCED_GRAYSCALE_8)
        return gray is not None and cv2.img_hash.pHash(gray) is not None

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(one, paths))


WAYS: dict[str, tuple[str, Callable[[list[str]], int]]] = {
    OURS: ("lookalike", functools.partial(lookalike_, threads=THREADS)),
    TRIANGLE: ("imgdd", functools.partial(imgdd, filter_="Triangle")),
    NEAREST: ("imgdd", functools.partial(imgdd, filter_="Nearest")),
    LIBPHASH: ("libphash", functools.partial(libphash, threads=THREADS)),
    OPENCV: ("cv2", opencv),
    DRAFT: ("imagehash", draft),
    OURS_1: ("lookalike", functools.partial(lookalike_, threads=1)),
    LIBPHASH_1: ("libphash", functools.partial(libphash, threads=1)),
    IMAGEHASH: ("imagehash", imagehash),
}
"""What is measured: the module that it needs, and the function from paths to the number of hashes."""


def measure_hashing(folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    paths = sorted(os.fspath(path) for path in folder.iterdir())
    for path in paths:
        Path(path).read_bytes()  # into the page cache
    with ExitStack() as stack:

        def process(name: str) -> Callable[[int], Cost]:
            pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
            stack.enter_context(pool)
            return lambda _: pool.submit(cost_here, name, paths).result()

        return take_turns({name: process(name) for name in WAYS}, rounds)


def cost_here(name: str, paths: list[str]) -> Cost:
    """Return what one of `WAYS` costs in this process, once it has run: what it loads and grows only once does not count.

    Raises
    ------
    ImportError
        If the module is not installed.
    RuntimeError
        If it does not hash every file.
    """
    module, way = WAYS[name]
    importlib.import_module(module)
    if (hashed := way(paths)) != len(paths):
        raise RuntimeError(f"hashed {hashed:,} of {len(paths):,} files")
    return cost_of(lambda: way(paths))


def measure_find(folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:

        def command(module: str, *arguments: str) -> Callable[[int], Cost]:
            """`{turn}` in an argument is the number of the round: a catalog of its own for each."""

            def way(turn: int) -> Cost:
                if importlib.util.find_spec(module) is None:
                    raise ImportError(f"No module named {module!r}")
                return run([sys.executable, *(argument.replace("{turn}", str(turn)) for argument in arguments)])

            return way

        def ours(catalog: str, workers: int) -> Callable[[int], Cost]:
            place = f"{scratch}/{catalog}-{{turn}}.sqlite"
            find = ("-m", "lookalike", "find", str(folder), "--quiet", "--workers", str(workers), "--catalog", place)
            return command("lookalike", *find)

        def dedup() -> Callable[[int], Cost]:
            index = f"{scratch}/index-{{turn}}.sqlite"
            return command("image_dedup_ai", "-m", "image_dedup_ai", str(folder), "--index", index)

        return take_turns(
            {
                COLD: ours("two", THREADS),
                WARM: ours("two", THREADS),
                COLD_1: ours("one", 1),
                DEDUP_COLD: dedup(),
                DEDUP_WARM: dedup(),
                DUPES: command("imgdd", "-c", DUPES_CODE, str(folder)),
            },
            rounds,
        )


def measure(name: str, photos: Path, rounds: int, share: int) -> dict[str, Any]:
    """Measure one case; `share` is the part of its files that is left out of the corpus, as a divisor."""
    case = Case("lookalike find, 38 KB photos of the web", WEB, FIND_BARS) if name == "find" else CASES[name]
    corpus = Corpus(**vars(case.corpus) | {"files": max(4, case.corpus.files // share)})
    folder = corpus_folder(corpus, photos)
    ways = measure_find(folder, rounds) if name == "find" else measure_hashing(folder, rounds)
    bars = judge(case.bars, ways)
    size = sum(path.stat().st_size for path in folder.iterdir()) / corpus.files / 1000
    print(show(f"\n## {case.title} ({size:.0f} KB a file)", corpus.files, ways, bars), flush=True)
    return {"title": case.title, "files": corpus.files, "kilobytes": size, "rounds": rounds, "ways": ways, "bars": bars}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*CASES, "find"], default=[*CASES, "find"], metavar="CASE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--quick", action="store_true", help="few files, to see that everything runs; figures mean nothing"
    )
    parser.add_argument("--photos", help="folder of .jpg photos to start from")
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args(arguments)
    os.environ["RAYON_NUM_THREADS"] = str(THREADS)  # imgdd's threads
    photos = photos_folder(options.photos)
    share, rounds = (QUICK, 1) if options.quick else (1, options.rounds)
    save(options.json, "peers", {name: measure(name, photos, rounds, share) for name in options.only})


if __name__ == "__main__":
    main()
