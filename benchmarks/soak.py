"""Kill scans at random instants, hundreds of times, and hold the catalog against that of a scan that nobody disturbed.

Usage: python benchmarks/soak.py [--images 1000000] [--roots 50] [--kills 550] [--last 8] [--folder DIR] [--json FILE]

Small images of several kinds are made by rule, with copies, further names, damaged files and files that are no image among
them. They lie under some roots. `lookalike find` searches these in turn, then all at once, always with one catalog: first
undisturbed; then, with another catalog, each search is killed again and again (SIGKILL mostly, else SIGTERM, SIGINT or
SIGHUP) and run again, until it has had its share of kills and ended by itself. Instants are drawn over the time that the search
took undisturbed. At the end every table of both catalogs must hold the same rows, and the last search must have found the same.

Each search is the real command in a process of its own, copied from one that has imported it; it tells by a byte of shared
memory what it is at, so that kills can be counted by phase.
"""

import argparse
import atexit
import contextlib
import io
import json
import mmap
import os
import random
import shutil
import signal
import sqlite3
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # no thread is there when the process is copied
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog_rows import differences
from lookalike import finding
from lookalike.cli import find as _find  # noqa: F401 - what the command imports is imported once
from lookalike.cli import main as command
from lookalike.cli import stopping
from lookalike.groups.findings import Findings
from lookalike.matches import matching
from lookalike.scan.listing import Row
from lookalike.sources.files import Walk
from lookalike.stores.catalog import Catalog
from lookalike.stores.database import Database
from lookalike.verdicts.judging import Judge
from photos import cache
from synthetic import Shares, pictures
from timing import save, table

PHASES = (
    "opening",
    "walking",
    "comparing",
    "reading",
    "committing",
    "ranking",
    "proposing",
    "verifying",
    "writing",
    "ending",
)
SIGNALS = (signal.SIGKILL,) * 7 + (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FOLDER_FILES = 500
PATIENCE = 30.0
"""Seconds that workers get to notice that their command is gone."""
INTERRUPTED = 130
STARTING = 255
phase = mmap.mmap(-1, 1)


def _during(name: str, owner: Any, attribute: str) -> None:
    """Have a function tell that it is at work."""
    function, number = getattr(owner, attribute), PHASES.index(name)

    def told(*args: Any, **options: Any) -> Any:
        before, phase[0] = phase[0], number
        try:
            return function(*args, **options)
        finally:
            phase[0] = before

    setattr(owner, attribute, told)


def _tell_phases() -> None:
    _during("reading", finding, "gather")
    _during("comparing", Catalog, "locations")
    _during("comparing", Row, "unchanged_since")
    _during("ranking", finding, "conclude")
    _during("proposing", matching, "propose")
    _during("verifying", Judge, "__call__")
    _during("writing", Findings, "to_dict")
    walk, transaction = Walk.folders, Database.transaction

    def folders(self: Walk, *args: Any) -> Iterator[Any]:
        found = walk(self, *args)
        while True:
            before, phase[0] = phase[0], PHASES.index("walking")
            one = next(found, None)
            phase[0] = before
            if one is None:
                return
            yield one

    @contextlib.contextmanager
    def committed(self: Database) -> Iterator[None]:
        before, phase[0] = phase[0], PHASES.index("committing")
        try:
            with transaction(self):
                yield
        finally:
            phase[0] = before

    Walk.folders, Database.transaction = folders, committed  # type: ignore[method-assign, assignment]


def make_tree(folder: Path, roots: int, images: int) -> None:
    """Make the images; at the first call only."""
    if (folder / "made").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    first = 0
    for start, luma, _, _ in pictures(images, Shares()):
        for at, picture in enumerate(luma, start):
            root = at * roots // images
            first = at if at * roots % images < roots else first
            place = folder / f"root-{root:03d}" / f"{(at - first) // FOLDER_FILES:04d}"
            if (at - first) % FOLDER_FILES == 0:
                place.mkdir(parents=True)
            name, content = _file(at, picture)
            (place / name).write_bytes(content)
            if at % 25 == 7:  # another name of the same content
                (place / f"again-{name}").write_bytes(content)
    (folder / "made").touch()


def _file(at: int, picture: NDArray[np.uint8]) -> tuple[str, bytes]:
    """Return name and bytes of an image: what the kernels take, what only a worker process takes, and what nobody takes."""
    if at % 400 == 11:
        return f"{at:07d}.txt", b"no image, number %d" % at
    if at % 400 == 12:
        return f"{at:07d}.jpg", b"\xff\xd8\xff\xe0 damaged, number %d" % at
    if at % 4 == 1:
        return f"{at:07d}.png", _png(picture)
    kind, options = ("BMP", {}) if at % 100 == 3 else ("JPEG", {"quality": 80})
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return f"{at:07d}.{kind.lower()[:3].replace('jpe', 'jpg')}", buffer.getvalue()


def _png(picture: NDArray[np.uint8]) -> bytes:
    height, width = picture.shape
    rows = np.zeros((height, 1 + width), np.uint8)
    rows[:, 1:] = picture

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows.tobytes(), 1)) + chunk(b"IEND", b"")


@dataclass
class Soak:
    """What was measured so far."""

    folder: Path
    chance: random.Random
    runs: int = 0
    kills: int = 0
    by_phase: Counter[str] = field(default_factory=Counter)
    by_signal: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What must not be: exit codes, tracebacks, processes that stay."""

    def fault(self, what: str) -> None:
        """Note what must not be."""
        self.wrong.append(what)
        _say(what)

    seconds: dict[str, float] = field(default_factory=dict)

    def search(self, roots: Sequence[str], name: str, kill: tuple[float, int] | None = None) -> bool:
        """Search some roots in a process of its own, killed after some seconds; return whether it ended by itself."""
        self.runs += 1
        phase[0] = STARTING
        errors = self.folder / f"{name}.errors"
        child = os.fork()
        if child == 0:
            self._become(roots, name, errors)
        while phase[0] == STARTING:
            time.sleep(0.001)
        ended = _wait(child, None if kill is None else kill[0])
        if ended is None and kill is not None:
            at, number = PHASES[phase[0]], signal.Signals(kill[1])
            send = os.killpg if number == signal.SIGINT else os.kill  # Ctrl-C reaches all of a terminal
            send(child, number)
            ended = _wait(child, PATIENCE)
            if ended is None:
                self.fault(f"{number.name} while {at}: it goes on")
                os.killpg(child, signal.SIGKILL)
                _wait(child, None)
            elif ended == (-signal.SIGKILL if number == signal.SIGKILL else INTERRUPTED):
                self.kills += 1
                self.by_phase[at] += 1
                self.by_signal[number.name] += 1
            elif ended:
                self.fault(f"{number.name} while {at}: exit code {ended}")
        elif ended:
            self.fault(f"exit code {ended}")
        said = errors.read_text(errors="replace")
        if "Traceback" in said or (ended == 0 and said):
            self.fault(said[-600:])
        if not _gone(child):
            self.fault("a process outlives its command")
            os.killpg(child, signal.SIGKILL)
        return ended == 0

    def _become(self, roots: Sequence[str], name: str, errors: Path) -> None:
        """Be the command; does not return."""
        os.setsid()
        os.chdir(self.folder)
        os.environ.update(XDG_STATE_HOME=str(self.folder), XDG_CACHE_HOME=str(self.folder))
        null = os.open(os.devnull, os.O_RDWR)
        for number, stream in ((0, null), (1, null), (2, os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))):
            os.dup2(stream, number)
        words = ["find", *roots, "--catalog", f"{name}.sqlite", "--workers", "2", "--quiet", "--output", f"{name}.json"]
        sys.argv[:] = ["lookalike", *words]
        for number in (signal.SIGINT, signal.SIGHUP):  # which a program in the background is started to ignore
            signal.signal(number, signal.SIG_DFL)
        stopping.listen()
        phase[0] = 0
        atexit.register(phase.__setitem__, 0, PHASES.index("ending"))
        command.main()  # and its way out leads through all of this program, which has nothing to do there


def _wait(child: int, seconds: float | None) -> int | None:
    """Return the exit code of a child, None while it runs after so long."""
    if seconds is None:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(left, 0.002))


def _gone(group: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.002)
    return False


def documents_equal(one: Path, other: Path) -> bool:
    """Return whether two searches found the same, whatever was known before."""
    documents = [json.loads(path.read_bytes()) for path in (one, other)]
    for document in documents:
        for name in ("seconds", "cached"):
            del document["stats"][name]
    return bool(documents[0] == documents[1])


def sound(catalog: Path) -> str:
    """Return what SQLite says of all pages."""
    with contextlib.closing(sqlite3.connect(catalog)) as db:
        return str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--roots", type=int, default=50, help="searched one after the other, then all at once")
    parser.add_argument("--kills", type=int, default=550, help="over all roots in turn")
    parser.add_argument("--last", type=int, default=8, help="kills of the search of all roots at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=cache() / "soak", help="for images and catalogs")
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    folder: Path = options.folder
    make_tree(folder, options.roots, options.images)
    _say(f"{options.images:,} images under {options.roots} roots in {folder}")
    for old in folder.glob("*.sqlite*"):
        old.unlink()
    _tell_phases()
    soak = Soak(folder, random.Random(options.seed))
    roots = [f"root-{number:03d}" for number in range(options.roots)]
    rounds = [([root], share) for root, share in zip(roots, _shares(options.kills, options.roots), strict=True)]
    for part, share in [*rounds, (roots, options.last)]:
        _round(soak, part, share)
    same = documents_equal(folder / "undisturbed.json", folder / "killed.json")
    pages = sound(folder / "killed.sqlite")
    rows, differ = differences(folder / "undisturbed.sqlite", folder / "killed.sqlite")
    figures = {
        "images": options.images, "kills": soak.kills, "runs": soak.runs, "phases": dict(soak.by_phase),
        "signals": dict(soak.by_signal), "rows": rows, "differ": differ, "same findings": same, "pages": pages,
        "wrong": soak.wrong, **{name: round(value, 1) for name, value in soak.seconds.items()},
    }  # fmt: skip
    print(table(("phase", "kills"), [(name, soak.by_phase[name]) for name in PHASES]))
    print("\n" + table(("table", "rows", "differences"), [(name, rows[name], differ.get(name, 0)) for name in rows]))
    print("\n" + json.dumps(figures))
    save(options.json, "soak", figures)
    sys.exit(1 if soak.wrong or differ or not same or pages != "ok" else 0)


def _shares(kills: int, roots: int) -> list[int]:
    return [kills * (at + 1) // roots - kills * at // roots for at in range(roots)]


def _round(soak: Soak, roots: list[str], kills: int) -> None:
    """Search roots undisturbed, then with so many kills."""
    started = time.monotonic()
    soak.search(roots, "undisturbed")
    usual = undisturbed = time.monotonic() - started
    before, runs = soak.kills, soak.runs
    while soak.kills - before < kills:
        delay, began = soak.chance.uniform(0, usual), time.monotonic()
        if soak.search(roots, "killed", (delay, soak.chance.choice(SIGNALS))):
            usual = time.monotonic() - began  # now that it knows all, it takes no longer than that
        if soak.runs - runs > 5 * kills:
            soak.fault(f"{roots[0]}: {soak.runs - runs} runs were not enough for {kills} kills")
            break
    again = time.monotonic()
    soak.search(roots, "killed")
    ended = time.monotonic()
    for name, seconds in (("undisturbed", undisturbed), ("killed", ended - started), ("last", ended - again)):
        soak.seconds[name] = soak.seconds.get(name, 0) + seconds
    _say(f"{soak.kills} kills, {soak.runs} runs, {roots[0]}: {ended - started:.1f} s; {len(soak.wrong)} wrong")


def _say(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
