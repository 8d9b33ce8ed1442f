"""Measure planning: groups of two files each, on real files, from found groups to a plan that was checked.

Usage: python benchmarks/plan.py [--groups 100000] [--photos 500] [--rounds 3] [--json FILE]

The files of the first rows hold a few bytes: planning equal files never reads them. Each lies in a folder of a thousand, with a
sidecar in every tenth pair. Reading the metadata of pairs that are not equal is measured apart, on JPEG pictures.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3
from PIL import Image

from lookalike.labels import survey
from lookalike.model import Group, ImageRef, Member, Tier
from lookalike.plan import KeepOptions, Plan
from lookalike.planning.making import freed, make_plan
from lookalike.tables import plan_to_json
from timing import save, table

FOLDER = 1000
"""Files in one folder."""


def member(path: str, digest: bytes, **about: Any) -> Member:
    """Return an image as `find` would give it."""
    status = os.stat(path)
    ref = ImageRef(path, "", "", status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino, digest)
    return Member(ref, 640, 480, "JPEG", 90, reason="shorter path 9 characters < 10 characters", **about)


def pair(number: int, root: str, content: bytes, other: bytes) -> Group:
    """Write the two files of a group and return it."""
    paths = []
    for name, data in (("keep", content), ("copy", other)):
        folder = f"{root}/{name}/{number // FOLDER}"
        if number % FOLDER == 0:
            os.makedirs(folder, exist_ok=True)
        paths.append(f"{folder}/{number}.jpg")
        Path(paths[-1]).write_bytes(data)
        if number % 10 == 0:
            Path(f"{folder}/{number}.txt").write_text(f"a caption of {number}")
    tier = Tier.EXACT if content == other else Tier.COPY
    keeper = member(paths[0], blake3(content).digest(), role="keeper")
    duplicate = member(
        paths[1],
        blake3(other).digest(),
        role="duplicate",
        keeper=paths[0],
        tier=tier,
        score=0.99,
        relation="recompressed",
    )
    return Group(number + 1, (keeper, duplicate), "star", len(other), 0)


def seconds(action: Callable[[], object], rounds: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure(groups: list[Group], root: str, rounds: int, **options: Any) -> tuple[float, Plan]:
    """Return seconds to plan groups, and the plan."""
    roots = survey({root: 2 * len(groups)}, [root])
    plan: list[Plan] = []
    wanted = KeepOptions(within=0, **options)
    return seconds(lambda: plan.append(make_plan(groups, roots, options=wanted)), rounds), plan[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=500, help="pairs of JPEG pictures whose metadata are read")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    rows: dict[str, tuple[int, float]] = {}
    with tempfile.TemporaryDirectory() as root:
        equal = [pair(number, root, b"%d" % number, b"%d" % number) for number in range(options.groups)]
        for name, units in (("equal files", True), ("equal files, --units off", False)):
            rows[name] = options.groups, measure(equal, root, options.rounds, units=units)[0]
        plan = measure(equal, root, 1)[1]
        assert len(plan.removals) == options.groups
        rows["bytes that become free"] = options.groups, seconds(lambda: freed(plan), options.rounds)
        rows["the plan as JSON"] = options.groups, seconds(lambda: plan_to_json(plan), 1)
    with tempfile.TemporaryDirectory() as root:
        picture = Image.effect_noise((640, 480), 60).convert("RGB")
        picture.save(f"{root}/a.jpg", quality=95, exif=b"")
        one = Path(f"{root}/a.jpg").read_bytes()
        photos = [pair(number, root, one + b"%d" % number, one + b"_%d" % number) for number in range(options.photos)]
        for name, metadata in (("copies, --drop-metadata", "drop"), ("copies, metadata read", "stay")):
            rows[name] = options.photos, measure(photos, root, options.rounds, metadata=metadata)[0]
    cells: list[list[object]] = [[name, count, wall, 1e6 * wall / count] for name, (count, wall) in rows.items()]
    print("\n## Planning\n\n" + table(["what", "groups", "wall s", "us a group"], cells))
    save(options.json, "plan", {name: {"groups": count, "wall": wall} for name, (count, wall) in rows.items()})


if __name__ == "__main__":
    main()
