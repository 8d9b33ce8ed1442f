"""Measure what a search costs on one machine as catalogs grow: `find catalog:FILE`, and the stream of verified pairs.

Usage: python benchmarks/scale.py [--rows 1000 10000 100000 1000000] [--hard 100000] [--pairs 10000000] [--json FILE]

Catalogs are drawn by rule (`synthetic.py`) and kept; each search runs in a process of its own, imports included, and has no
verdicts of an earlier one. Peak memory is the operating system's own figure. The exponent says how cost grows from the row
above: 1 is linear, 2 quadratic; CPU seconds of all threads, because other work on a machine does not change them as much.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from synthetic import Shares, catalog_of, pairs_catalog
from timing import save, table

HARD = {"copies": Shares(names=0, flat=0, alike="copies"), "hashes": Shares(names=0, copies=0, flat=0, alike="hashes")}
"""Cases that would show a quadratic step: copies of one picture; different pictures of nearly one hash."""


def find(path: str) -> dict[str, Any]:
    """Search a catalog as the command does, up to the summary; in this process."""
    import lookalike

    started = time.perf_counter()
    findings = lookalike.find(f"catalog:{path}", ledger=f"{path}.ledger")
    found = findings.to_dict(10)["stats"]
    found["folder_pairs"] = len(findings.folder_pairs)
    return {"stats": found, **_cost(started)}


def pairs(path: str) -> dict[str, Any]:
    """Stream the verified pairs of a catalog; in this process."""
    import lookalike

    started = time.perf_counter()
    counts = [len(block) for block in lookalike.iter_verified_pairs(path, tier="edit")]
    return {"pairs": sum(counts), **_cost(started)}


def _cost(started: float) -> dict[str, Any]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "wall": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def alone(what: str, path: Path) -> dict[str, Any]:
    """Do one of these in a process of its own."""
    command = [sys.executable, __file__, "--child", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument(
        "--hard", type=int, nargs="*", default=[], help="rows of catalogs that would show a quadratic step"
    )
    parser.add_argument("--pairs", type=int, nargs="*", default=[], help="rows of catalogs whose pairs are streamed")
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        what, path = options.child
        print(json.dumps({"find": find, "pairs": pairs}[what](path)))
        return
    cases = [("find", "mixed", rows, catalog_of(rows)) for rows in options.rows]
    cases += [("find", kind, rows, catalog_of(rows, HARD[kind], kind)) for kind in HARD for rows in options.hard]
    figures = []
    for what, kind, rows, path in cases:
        figures.append({"what": what, "kind": kind, "rows": rows, **alone(what, path)})
        print(json.dumps(figures[-1]), flush=True)
    for rows in options.pairs:
        path, planted, candidates = pairs_catalog(rows)
        figures.append(
            {"what": "pairs", "kind": "uniform", "rows": rows, "planted": planted, "candidates": candidates}
            | alone("pairs", path)
        )
        print(json.dumps(figures[-1]), flush=True)
    print("\n## Scale\n\n" + scale_table(figures))
    if options.pairs:
        print(
            "\njoin + verify: hashes are random; only contents that are near another one have a thumbnail, drawn by rule."
        )
    save(options.json, "scale", figures)


def scale_table(figures: list[dict[str, Any]]) -> str:
    """Return the Markdown table of all cases, each kind with its exponents."""
    names = {
        ("find", "mixed"): "find",
        ("find", "copies"): "find, copies of one picture",
        ("find", "hashes"): "find, pictures of one hash",
        ("pairs", "uniform"): "join + verify",
    }
    head = ("what", "rows", "wall s", "CPU s", "exponent", "peak MB", "found")
    cells: list[list[object]] = []
    before: dict[str, dict[str, Any]] = {}
    for row in figures:
        name = names[row["what"], row["kind"]]
        found = f"{row['pairs']:,} pairs" if "pairs" in row else f"{row['stats']['duplicates']:,} duplicates"
        last = before.get(name)
        grown = "" if last is None else f"{math.log(row['cpu'] / last['cpu'], row['rows'] / last['rows']):.2f}"
        cells.append([name, row["rows"], row["wall"], row["cpu"], grown, row["peak_mb"], found])
        before[name] = row
    return table(head, cells)


if __name__ == "__main__":
    main()
