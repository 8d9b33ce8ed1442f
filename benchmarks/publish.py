"""Turn the figures of `make bench` into tables and plots.

Usage: python benchmarks/publish.py [--json FILE] [--plots FOLDER] [--page docs/performance.md]

Draws the plots into a folder. With --page, also replaces what stands between `<!-- name -->` and `<!-- /name -->` on that page
by the table of that name; a benchmark that was not run leaves its part of the page as it is.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from growth import growth_table
from scale import scale_table
from timing import FIGURES, show, table

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "lookalike"  # the same figures give the same file
mpl.rcParams["svg.fonttype"] = "none"  # text stays text: smaller, and searchable
OURS, PEER = "#1f77b4", "#b0b0b0"


def parts(figures: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown of each part of the page, by its name."""
    found = {"machine": machine_line(figures["machine"])}
    for name, cases in (("peers", figures.get("peers", {})), ("hash", figures.get("hash", {}))):
        if cases:
            found[name] = "\n\n".join(case_table(case) for case in cases.values())
    if "growth" in figures:
        found["growth"] = growth_table(figures["growth"])
    if "scale" in figures:
        found["scale"] = scale_table(figures["scale"])
    if "join" in figures:
        found["join"] = join_table([row for row in figures["join"] if "wall_s" in row])
    return found


def case_table(case: dict[str, Any]) -> str:
    """Return the heading and the table of one case."""
    size = f" ({case['kilobytes']:.0f} KB a file)" if "kilobytes" in case else ""
    return show(f"### {case['title']}{size}", case["files"], case["ways"], case["bars"])


def machine_line(machine: dict[str, Any]) -> str:
    """Return the machine and the versions as a sentence."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return f"Measured on {machine['cores']} cores ({machine['processor']}), Python {machine['python']}: {packages}."


def join_table(rows: list[dict[str, Any]]) -> str:
    """Return the table of the join."""
    head = ("rows", "distribution", "bits", "radius", "distinct pairs", "wall s", "CPU s", "peak MB")
    keys = ("rows", "distribution", "bits", "radius", "pairs", "wall_s", "cpu_s", "peak_mb")
    return table(head, [[row[key] for key in keys] for row in rows])


def plot_peers(cases: dict[str, Any], target: Path) -> None:
    """Draw a panel of bars for each case: wall time of a file, ours in colour."""
    columns = 3
    lines = -(-len(cases) // columns)
    _, grid = plt.subplots(lines, columns, figsize=(15, 2.6 * lines), squeeze=False, layout="constrained")
    for panel in grid.flat[len(cases) :]:
        panel.set_axis_off()
    for panel, case in zip(grid.flat, cases.values(), strict=False):
        ways = {name: 1e3 * row["wall"] / case["files"] for name, row in case["ways"].items() if "wall" in row}
        names = list(ways)[::-1]
        colours = [OURS if name.startswith("lookalike") else PEER for name in names]
        bars = panel.barh(names, [ways[name] for name in names], color=colours)
        panel.bar_label(bars, fmt="%.3g", padding=2, fontsize=7)
        panel.margins(x=0.15)
        panel.tick_params(labelsize=7)
        panel.set_title(case["title"], fontsize=9)
        panel.set_xlabel("wall, ms a file", fontsize=7)
        panel.spines[["top", "right"]].set_visible(False)
    _save(target)


def plot_growth(figures: dict[str, Any], target: Path) -> None:
    """Draw cost against the number of files or hashes, on logarithmic axes; a line of slope 1 is linear."""
    lines = {
        f"lookalike {name}": [(row["files"], row["ways"][name]["wall"]) for row in figures.get("growth", [])]
        for name in ("find", "hash")
    }
    for row in figures.get("join", []):
        if row.get("bits") == 64 and "wall_s" in row:
            lines.setdefault(f"join, {row['distribution']}, radius {row['radius']}", []).append(
                (row["rows"], row["wall_s"])
            )
    _, panel = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, points in lines.items():
        if points:
            panel.loglog(*zip(*points, strict=True), marker="o", label=name)
    first = min(point for points in lines.values() for point in points)
    last = max(point[0] for points in lines.values() for point in points)
    panel.loglog((first[0], last), (first[1], first[1] * last / first[0]), ":", color=PEER, label="linear")
    panel.set_xlabel("files, or hashes of the join")
    panel.set_ylabel("wall s")
    panel.grid(visible=True, which="major", alpha=0.3)
    panel.legend(frameon=False)
    _save(target)


def _save(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    plt.savefig(target, metadata={"Date": None})
    plt.close()


def replace_parts(page: str, found: dict[str, str]) -> str:
    """Return a page with new text between the markers of each part that it has."""
    for name, text in found.items():
        body = f"<!-- {name} -->\n{text}\n<!-- /{name} -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", body.replace("\\", r"\\"), page, flags=re.DOTALL)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", default=FIGURES, metavar="FILE")
    parser.add_argument("--plots", type=Path, default=Path(FIGURES).parent, metavar="FOLDER")
    parser.add_argument("--page", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = json.loads(Path(options.json).read_text("utf-8"))
    if "peers" in figures:
        plot_peers(figures["peers"], options.plots / "peers.svg")
    if "growth" in figures or "join" in figures:
        plot_growth(figures, options.plots / "growth.svg")
    if options.page:
        options.page.write_text(replace_parts(options.page.read_text("utf-8"), parts(figures)), "utf-8")


if __name__ == "__main__":
    main()
