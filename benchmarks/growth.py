"""Measure how the cost of `lookalike` grows with the number of files: small JPEG pictures, every one different.

Usage: python benchmarks/growth.py [--files 1000 10000 100000] [--rounds 3] [--photos FOLDER] [--json FILE]

Each command runs in a process of its own with an empty catalog, start-up included. Cost is linear where the time of one file
stays the same from row to row; start-up makes the first rows dearer.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from photos import Corpus, corpus_folder, photos_folder
from timing import Cost, run, save, table, take_turns

COMMANDS = {
    "find": ("find", "--quiet"),
    "hash": ("hash", "--quiet", "--algorithm", "phash", "--decode", "fast"),
}


def measure(files: int, photos: Path, rounds: int) -> dict[str, Any]:
    """Measure both commands on one number of files."""
    folder = corpus_folder(Corpus("growth", files, 64, 64), photos)
    with tempfile.TemporaryDirectory() as scratch:

        def way(name: str, words: tuple[str, ...]) -> Callable[[int], Cost]:
            command = [sys.executable, "-m", "lookalike", *words, str(folder), "--catalog"]
            return lambda turn: run([*command, f"{scratch}/{name}-{turn}.sqlite"])

        return {
            "files": files,
            "ways": take_turns({name: way(name, words) for name, words in COMMANDS.items()}, rounds),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", help="folder of .jpg photos to start from")
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    photos = photos_folder(options.photos)
    rows = [measure(files, photos, options.rounds) for files in options.files]
    print("\n## Growth\n\n" + growth_table(rows))
    save(options.json, "growth", rows)


def growth_table(rows: list[dict[str, Any]]) -> str:
    """Return the Markdown table of all sizes."""
    head = ["files", *(f"{name}, {what}" for name in COMMANDS for what in ("wall s", "ms a file"))]
    cells: list[list[object]] = []
    for row in rows:
        walls = [row["ways"][name].get("wall", float("nan")) for name in COMMANDS]
        cells.append([row["files"], *(figure for wall in walls for figure in (wall, 1e3 * wall / row["files"]))])
    return table(head, cells)


if __name__ == "__main__":
    main()
