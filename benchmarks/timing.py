"""What the benchmarks share: costs of calls and commands, medians, bars, tables, and the one file of figures."""

import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIGURES = "benchmarks/results/figures.json"


@dataclass(frozen=True)
class Cost:
    """Seconds: on the clock, and of all threads and child processes."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Bar:
    """A promise: `ours` takes at most 1 / `least` of the time of `peer`."""

    ours: str
    peer: str
    least: float


def cost_of(action: Callable[[], object]) -> Cost:
    """Return what a call costs in this process and in the child processes that it ends."""
    before, started = _cpu_seconds(), time.perf_counter()
    action()
    return Cost(time.perf_counter() - started, _cpu_seconds() - before)


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run(command: Sequence[str]) -> Cost:
    """Return what a command costs, in a process of its own; what it prints is dropped.

    Raises
    ------
    RuntimeError
        If it fails; the message ends with the last words of the command.
    """

    def action() -> None:
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")

    return cost_of(action)


def take_turns(ways: dict[str, Callable[[int], Cost]], rounds: int) -> dict[str, dict[str, Any]]:
    """Measure several ways of doing one thing, in turns, so that a busy minute of the machine hurts all of them.

    Each way returns its cost in the round of that number. One that cannot run (`ImportError`, `RuntimeError`) is a row with a
    reason.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    reasons: dict[str, str] = {}
    for turn in range(rounds):
        for name, way in ways.items():
            if name not in reasons:
                try:
                    costs[name].append(way(turn))
                except (ImportError, RuntimeError) as error:
                    reasons[name] = f"{type(error).__name__}: {error}"
    return {name: {"missing": reasons[name]} if name in reasons else medians(rows) for name, rows in costs.items()}


def medians(costs: Sequence[Cost]) -> dict[str, Any]:
    """Return the medians of some costs, and every wall time beside them."""
    return {
        "wall": statistics.median(cost.wall for cost in costs),
        "cpu": statistics.median(cost.cpu for cost in costs),
        "walls": [cost.wall for cost in costs],
    }


def judge(bars: Sequence[Bar], ways: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bars with the ratio that was measured, None where one side is missing, and whether it is met."""
    rows = []
    for bar in bars:
        ours, peer = (ways.get(name, {}).get("wall") for name in (bar.ours, bar.peer))
        ratio = peer / ours if ours and peer else None
        met = None if ratio is None else ratio >= bar.least
        rows.append({"ours": bar.ours, "peer": bar.peer, "least": bar.least, "ratio": ratio, "met": met})
    return rows


def verdict(row: dict[str, Any]) -> str:
    """Return one judged bar as a sentence."""
    ratio, word = (
        ("not measured", "") if row["ratio"] is None else (f"{row['ratio']:.2f}x", "met" if row["met"] else "MISSED")
    )
    return f"{row['ours']} against {row['peer']}: {ratio} (bar: {row['least']:.2f}x) {word}".rstrip()


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; numbers are to the right."""
    texts = [[_text(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    right_side = [any(isinstance(row[column], (int, float)) for row in rows) for column in range(len(head))]
    texts.insert(
        1, ["-" * (width - 1) + (":" if right else "-") for width, right in zip(widths, right_side, strict=True)]
    )
    padded = [
        [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, right_side, strict=True)
        ]
        for row in texts
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in padded)


def _text(cell: object) -> str:
    """Return a cell with three significant digits at least, and commas."""
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def show(title: str, files: int, ways: dict[str, dict[str, Any]], bars: list[dict[str, Any]]) -> str:
    """Return the Markdown of one case: a table of its ways, and its bars as a list."""
    rows = [
        [name, "-", "-", row["missing"].split("\n")[0]]
        if "missing" in row
        else [name, 1e3 * row["wall"] / files, 1e3 * row["cpu"] / files, round(files / row["wall"])]
        for name, row in ways.items()
    ]
    lines = [f"{title}: {files:,} files", "", table(("", "wall, ms a file", "CPU, ms a file", "files/s"), rows)]
    return "\n".join([*lines, *([""] if bars else []), *(f"- {verdict(row)}" for row in bars)])


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, Python, and the packages that were measured."""
    packages = (
        "lookalike", "numpy", "pillow", "imgdd", "ImageHash", "python-libphash", "opencv-contrib-python-headless",
        "image-dedup-ai",
    )  # fmt: skip
    installed = {found.metadata["Name"].lower(): found.version for found in importlib.metadata.distributions()}
    model = ""
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "packages": {name: installed[name.lower()] for name in packages if name.lower() in installed},
    }


def save(path: str | None, section: str, figures: Any) -> None:
    """Put the figures of one benchmark into the file of all of them, in place of its last ones; None saves nothing."""
    if path is None:
        return
    file = Path(path)
    everything = json.loads(file.read_text("utf-8")) if file.exists() else {}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(everything | {"machine": machine(), section: figures}, indent=1) + "\n", "utf-8")
