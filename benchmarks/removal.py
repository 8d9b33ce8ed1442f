"""Measure quarantines of tier exact beside a plain loop of rename and fsync, undo and purge, and the re-check of tier copy.

Usage: python benchmarks/removal.py [--files 10000] [--bytes 20000] [--rounds 3] [--folder FOLDER] [--copies 200] [--json FILE]

The loop renames each file and syncs both folders after each. Ours also digests every file and its keeper, writes the
journal and the manifest, and syncs them. Both run on the same file system, in turns; the folder is in the present one by
default, since the folder for temporary files may be in memory, where syncs cost nothing.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookalike import cleaning
from lookalike.files import digest_of
from lookalike.model import Tier
from lookalike.plan import Decision, KeepOptions, Plan, PlanRoot
from timing import Bar, Cost, cost_of, judge, medians, save, show

OURS, LOOP = "quarantine, exact", "rename + fsync in a loop"
BAR = Bar(OURS, LOOP, 1 / 3)
A_FOLDER = 100


def decision(base: str, path: str, keeper: str | None, tier: Tier) -> Decision:
    full = os.path.join(base, path)
    status = os.stat(full)
    facts = status.st_size, status.st_mtime_ns, digest_of(full)
    if keeper is None:
        return Decision(path, "keep", 1, *facts, "first of its group")
    return Decision(path, "remove", 1, *facts, "the same", keeper, tier, 1.0)


def plan(base: str, pairs: list[tuple[str, str]], tier: Tier) -> Plan:
    kept = [decision(base, path, None, tier) for path in dict.fromkeys(keeper for _, keeper in pairs)]
    gone = [decision(base, path, keeper, tier) for path, keeper in pairs]
    roots = (PlanRoot("photos", os.path.join(base, "photos"), len(kept) + len(gone)),)
    return Plan("2026-01-01T00:00:00+00:00", base, roots, KeepOptions(tier=tier), "upright", (*kept, *gone))


def make(base: str, count: int, size: int) -> list[tuple[str, str]]:
    """Make pairs of equal files, a hundred to a folder."""
    pairs = []
    for number in range(count):
        folder = f"photos/{number // A_FOLDER}"
        os.makedirs(os.path.join(base, folder), exist_ok=True)
        content = number.to_bytes(8, "big") * (size // 8)
        for name in ("keeper", "copy"):
            Path(base, folder, f"{number}-{name}.png").write_bytes(content)
        pairs.append((f"{folder}/{number}-copy.png", f"{folder}/{number}-keeper.png"))
    return pairs


def make_copies(base: str, count: int) -> list[tuple[str, str]]:
    """Make pairs of JPEG files of one picture."""
    os.makedirs(os.path.join(base, "photos"))
    pairs = []
    for number in range(count):
        random = np.random.default_rng(number)
        small = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        picture = small.resize((1600, 1200), Image.Resampling.BICUBIC)
        for name, quality in (("keeper", 95), ("copy", 80)):
            picture.save(os.path.join(base, "photos", f"{number}-{name}.jpg"), quality=quality)
        pairs.append((f"photos/{number}-copy.jpg", f"photos/{number}-keeper.jpg"))
    return pairs


def loop(base: str, pairs: list[tuple[str, str]]) -> None:
    for path, _ in pairs:
        source, target = os.path.join(base, path), os.path.join(base, "away", path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(source, target)
        for folder in (os.path.dirname(source), os.path.dirname(target)):
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def in_new_folder(folder: str, action: Callable[[str], Any]) -> Any:
    base = os.path.realpath(tempfile.mkdtemp(dir=folder, prefix=".removal-"))
    try:
        return action(base)
    finally:
        shutil.rmtree(base)


def ours(base: str, count: int, size: int) -> dict[str, Cost]:
    made = plan(base, make(base, count, size), Tier.EXACT)
    ledger = os.path.join(base, "ledger.sqlite")
    os.sync()

    def apply() -> None:
        done = cleaning.apply(made, ledger=ledger)
        assert (done.images, done.refused) == (count, ()), done.refused[:3]

    def undo() -> None:
        assert cleaning.undo(ledger=ledger).files == count

    def delete() -> None:
        done = cleaning.apply(made, ledger=ledger)
        assert cleaning.purge(done, ledger=ledger).files == count

    return {OURS: cost_of(apply), "undo": cost_of(undo), "quarantine and purge": cost_of(delete)}


def theirs(base: str, count: int, size: int) -> dict[str, Cost]:
    pairs = make(base, count, size)
    os.sync()
    return {LOOP: cost_of(lambda: loop(base, pairs))}


def copies(base: str, count: int) -> str:
    made = plan(base, make_copies(base, count), Tier.COPY)
    started = time.perf_counter()
    done = cleaning.apply(made, ledger=os.path.join(base, "ledger.sqlite"))
    seconds = time.perf_counter() - started
    return (
        f"tier copy, 1600 x 1200 JPEG: {done.images} of {count} went, {1e3 * seconds / count:.1f} ms an image with the "
        f"look at the pixels of both files ({len(done.refused)} refused)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=20_000, help="of each file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=".", help="where files are made, and removed again")
    parser.add_argument("--copies", type=int, default=200, help="images of tier copy")
    parser.add_argument("--json", metavar="FILE", help="file of figures to put the section into")
    args = parser.parse_args()
    costs: dict[str, list[Cost]] = {}
    for _ in range(args.rounds):
        for way in (ours, theirs):
            found = in_new_folder(args.folder, partial(way, count=args.files, size=args.bytes))
            for name, cost in found.items():
                costs.setdefault(name, []).append(cost)
    ways = {name: medians(rows) for name, rows in costs.items()}
    bars = judge([BAR], ways)
    print(show("removal", args.files, ways, bars))
    print(in_new_folder(args.folder, lambda base: copies(base, args.copies)))
    save(args.json, "removal", {"files": args.files, "ways": ways, "bars": bars})


if __name__ == "__main__":
    main()
