"""Measure how well pictures are told apart: recall by edit, false pairs, hard negatives, labelled pairs, and hashes alone.

Usage, in the folder benchmarks: python -m accuracy [--photos FOLDER] [--part report] [--limit N] [--orient all] [--crops]
                                 [--verify pixels] [--radius N] [--no-plain] [--json FILE] [--heatmap FILE.png]

Thresholds were fitted on the photos named fit; figures are those of the photos named report.
"""

import argparse
import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from accuracy import bars
from accuracy.corpus import ORIGINAL, PAIRS, Corpus, corpus_of, part_of
from accuracy.impostors import CHANGED, FAMILIES
from accuracy.pairs import Judged, judged
from accuracy.plain import HASHES, plain_hash
from lookalike.model import Tier
from lookalike.options import FindOptions
from lookalike.transforms import TRANSFORMS
from lookalike.verdicts.verifying import PAIRS_PER_THREAD
from lookalike.verify import verify
from photos import photos_folder
from timing import table as markdown

TIERS = ("copy", "edit", "similar")


def recalls(found: Judged, items: dict[str, int], corpus: Corpus) -> dict[str, dict[str, float]]:
    """Return by transform which share of pairs with the original the join proposes, and which end in each tier."""
    table = {}
    for number, name in enumerate(TRANSFORMS, 1):
        left = np.array([items[f"{corpus.edits}/{photo:04d}-00.jpg"] for photo in range(corpus.photos)])
        right = np.array([items[f"{corpus.edits}/{photo:04d}-{number:02d}.jpg"] for photo in range(corpus.photos)])
        proposed = found.is_candidate(left, right)
        tier, _ = found.verdicts(left, right)
        row = {"candidates": float(proposed.mean())}
        for level in (Tier.COPY, Tier.EDIT, Tier.SIMILAR):
            row[f"{level.name.lower()}"] = float((proposed & (tier <= level)).mean())
            row[f"{level.name.lower()} if proposed"] = float((tier <= level).mean())
        table[name] = row
    return table


def random_pairs(found: Judged, items: dict[str, int], corpus: Corpus) -> dict[str, Any]:
    """Verify every candidate pair of pictures made from different photos."""
    owner = np.full(len(found.name), -1, np.int64)
    for path, item in items.items():
        if path.startswith(str(corpus.edits)):
            owner[item] = int(Path(path).name[:4])
    edits = np.flatnonzero(owner >= 0)
    left, right = found.candidates(np.where(owner >= 0, owner, -1 - np.arange(len(owner))))
    inside = (owner[left] >= 0) & (owner[right] >= 0)
    left, right = left[inside], right[inside]
    tier, seconds = found.verdicts(left, right)
    count = np.bincount(owner[edits])
    pairs = (len(edits) ** 2 - int((count**2).sum())) // 2
    wrong = [
        (Path(found.name[a]).name, Path(found.name[b]).name)
        for a, b in zip(left[tier <= Tier.EDIT].tolist(), right[tier <= Tier.EDIT].tolist(), strict=True)
    ]
    return {
        "pairs": pairs, "candidates": len(left), "copy": int((tier <= Tier.COPY).sum()), "edit": int((tier == Tier.EDIT).sum()),
        "similar": int((tier == Tier.SIMILAR).sum()), "seconds": seconds, "wrong": wrong[:50],
    }  # fmt: skip


def hard_pairs(found: Judged, items: dict[str, int], corpus: Corpus, pairs: int) -> dict[str, dict[str, Any]]:
    """Verify hard negatives, whether the join proposes them or not."""
    table = {}
    for family in FAMILIES:
        sides = [
            np.array([items[f"{corpus.negatives}/{family}-{number:04d}-{side}.jpg"] for number in range(pairs)])
            for side in (0, 1)
        ]
        tier, _ = found.verdicts(*sides)
        proposed = found.is_candidate(*sides)
        table[family] = {
            "pairs": pairs, "candidates": int(proposed.sum()), "copy": int((tier <= Tier.COPY).sum()),
            "edit": int((tier == Tier.EDIT).sum()), "similar": int((tier == Tier.SIMILAR).sum()),
        }  # fmt: skip
    return table


def speed(found: Judged, items: dict[str, int], corpus: Corpus) -> dict[str, float]:
    """Time verification by thumbnail alone, on one core, over pairs with the original and candidates that are false."""
    owner = np.array([int(name[:4]) if name[:1].isdigit() else -1 for name in (Path(path).name for path in found.name)])
    left, right = found.candidates(np.where(owner >= 0, owner, -1 - np.arange(len(owner))))
    keep = np.random.default_rng(0).permutation(len(left))[:5000]
    edits = [
        f"{corpus.edits}/{photo:04d}-{number:02d}.jpg"
        for photo in range(min(corpus.photos, 70))
        for number in range(1, 69)
    ]
    own = np.array([[items[path[:-6] + "00.jpg"], items[path]] for path in edits if path in items])
    own = own[own[:, 0] != own[:, 1]]
    result = {}
    for name, pair in (("false candidates", np.stack([left[keep], right[keep]], 1)), ("true pairs", own)):
        if not len(pair):
            continue
        rows, at = np.unique(pair, return_inverse=True)
        pictures = found.pictures(rows)
        at = at.reshape(-1, 2)
        started = time.perf_counter()
        for start in range(0, len(at), PAIRS_PER_THREAD):
            verify(pictures, at[start : start + PAIRS_PER_THREAD, 0], at[start : start + PAIRS_PER_THREAD, 1])
        result[name] = len(at) / (time.perf_counter() - started)
    return result


def labelled(shared: Path, options: FindOptions, workers: int) -> dict[str, dict[str, Any]]:
    """Verify the labelled pairs beside the photos."""
    table = {}
    for file in sorted((shared / "pairs").glob("*.csv")):
        with file.open(newline="") as opened:
            rows = [(row["path_a"], row["path_b"]) for row in csv.DictReader(opened)]
        folders = sorted({shared / Path(path).parts[0] for row in rows for path in row})
        with judged(folders, options, workers=workers) as (found, items):
            known = [row for row in rows if all(f"{shared}/{path}" in items for path in row)]
            left, right = (np.array([items[f"{shared}/{row[side]}"] for row in known], np.int64) for side in (0, 1))
            tier, _ = found.verdicts(left, right)
            proposed = found.is_candidate(left, right)
            hit = proposed & (tier <= Tier.EDIT)
            missed = [
                (*row, bool(there), Tier(int(level)).name.lower())
                for row, there, level, good in zip(known, proposed, tier, hit, strict=True)
                if not good
            ]
            table[file.stem] = {
                "pairs": len(rows),
                "readable": len(known),
                "found": int(hit.sum()),
                "missed": missed[:40],
            }
    return table


def verdict_on_bars(figures: dict[str, Any], given: set[str]) -> list[str]:
    """Say which bars are missed, and by how much."""
    return [*recall_missed(figures, given), *false_pairs(figures), *speed_missed(figures)]


def recall_missed(figures: dict[str, Any], given: set[str]) -> list[str]:
    """Say which bars of recall are missed."""
    lines, recall = [], figures["recall"]
    for bar in bars.BARS:
        for name in bar.transforms if not bar.needs or bar.needs in given else ():
            reached = recall[name]["copy" if bar.tier == bars.COPY else "edit"]
            if reached < bar.least:
                lines.append(f"{name}: {reached:.3f} of {bar.least}")
    mean = float(np.mean([row["edit"] for row in recall.values()]))
    if given >= bars.MEAN_NEEDS and mean < bars.MEAN_RECALL:
        lines.append(f"mean recall: {mean:.3f} of {bars.MEAN_RECALL}")
    for name in bars.LABELLED_SETS if "orient" in given else ():
        row = figures.get("labelled", {}).get(name)
        if row and row["found"] < bars.LABELLED * row["readable"]:
            lines.append(f"{name}: {row['found']} of {row['readable']}")
    return lines


def false_pairs(figures: dict[str, Any]) -> list[str]:
    """Say where more pairs are false than may be."""
    lines, random = [], figures["random"]
    if random["copy"] > bars.FALSE_COPIES:
        lines.append(f"false copies among random pairs: {random['copy']}")
    if random["edit"] > bars.FALSE_EDITS * random["pairs"]:
        lines.append(f"false edits among random pairs: {random['edit']} of {random['pairs']}")
    for family, row in figures["hard"].items():
        if row["copy"] > bars.FALSE_COPIES:
            lines.append(f"{family}: {row['copy']} of {row['pairs']} are copies")
        if family not in CHANGED and row["edit"] > bars.FALSE_HARD_EDITS * row["pairs"]:
            lines.append(f"{family}: {row['edit']} of {row['pairs']} are edits")
    return lines


def speed_missed(figures: dict[str, Any]) -> list[str]:
    """Say which bars of speed are missed."""
    reached = figures["pairs_a_second"]
    return [
        f"verification, {name}: {reached[name]:,.0f} of {least:,} pairs a second"
        for name, least in bars.PAIRS_A_SECOND.items()
        if name in reached and reached[name] < least
    ]


def heatmap(figures: dict[str, Any], path: str) -> None:
    """Draw recall by edit and method as a picture."""
    import matplotlib.pyplot as plt

    methods = {"lookalike": {name: row["edit"] for name, row in figures["recall"].items()}}
    methods |= {name: row["recall"] for name, row in figures.get("plain", {}).items()}
    values = np.array([[column[name] for column in methods.values()] for name in figures["recall"]])
    plot, axes = plt.subplots(figsize=(2 + 0.9 * len(methods), 2 + 0.22 * len(values)))
    image = axes.imshow(values, aspect="auto", cmap="RdYlGn", vmin=0, vmax=1)
    axes.set_xticks(range(len(methods)), list(methods), rotation=40, ha="right")
    axes.set_yticks(range(len(values)), list(figures["recall"]))
    for row, column in np.ndindex(values.shape):
        axes.text(column, row, f"{values[row, column]:.2f}", ha="center", va="center", fontsize=6)
    plot.colorbar(image, shrink=0.4)
    plot.tight_layout()
    plot.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos")
    parser.add_argument("--part", choices=("fit", "report"), default="report")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--orient", default="upright")
    parser.add_argument("--crops", action="store_true")
    parser.add_argument("--verify", default="thumbnail")
    parser.add_argument("--radius", type=int, default=FindOptions().radius)
    parser.add_argument("--no-plain", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--heatmap")
    options = parser.parse_args()
    photos = photos_folder(options.photos)
    corpus = corpus_of(part_of(photos, options.part, options.limit), options.pairs)
    find = FindOptions(orient=options.orient, crops=options.crops, verify=options.verify, radius=options.radius)
    figures: dict[str, Any] = {
        "photos": corpus.photos,
        "part": options.part,
        "orient": options.orient,
        "crops": options.crops,
        "radius": find.radius,
    }
    with judged([corpus.edits, corpus.negatives], find, workers=os.cpu_count() or 1) as (found, items):
        figures |= {"files": len(items), "scan_seconds": found.scan_seconds, "join_seconds": found.join_seconds}
        figures["recall"] = recalls(found, items, corpus)
        figures["random"] = random_pairs(found, items, corpus)
        figures["hard"] = hard_pairs(found, items, corpus, options.pairs)
        figures["pairs_a_second"] = speed(found, items, corpus)
    shared = Path(__file__).resolve().parents[3] / "shared" / "data"
    if (shared / "pairs").is_dir():
        figures["labelled"] = labelled(shared, find, os.cpu_count() or 1)
    if not options.no_plain:
        paths = sorted(path.name for path in corpus.edits.iterdir())
        owner, transform = (np.array([int(name.split(".")[0].split("-")[part]) for name in paths]) for part in (0, 1))
        figures["plain"] = {}
        for algorithm, size in HASHES:
            plain = plain_hash(algorithm, size, corpus.edits, owner, transform, list(TRANSFORMS), bars.FALSE_EDITS)
            figures["plain"][plain.name] = {"radius": plain.radius, "recall": plain.recall, "area": plain.area}
    given = {"orient": options.orient == "all", "crops": options.crops}
    report(figures, {name for name, on in given.items() if on})
    if options.json:
        Path(options.json).parent.mkdir(parents=True, exist_ok=True)
        Path(options.json).write_text(json.dumps(figures, indent=1))
    if options.heatmap:
        heatmap(figures, options.heatmap)


def report(figures: dict[str, Any], given: set[str]) -> None:
    """Print what was measured."""
    plain = figures.get("plain", {})
    counted = f"{figures['photos']} photos ({figures['part']}), {figures['files']} files, radius {figures['radius']}"
    print(f"{counted}, {ORIGINAL} against each edit\n")
    rows = [
        [name, *(f"{row[key]:.3f}" for key in ("candidates", *TIERS)), f"{row['edit if proposed']:.3f}"]
        + [f"{column['recall'][name]:.3f}" for column in plain.values()]
        for name, row in figures["recall"].items()
    ]
    means = np.array([[float(value) for value in row[1:]] for row in rows]).mean(axis=0)
    rows.append(["mean", *(f"{value:.3f}" for value in means)])
    heads = [
        "edit",
        "candidates",
        "copy",
        "copy+edit",
        "+similar",
        "verifier alone",
        *(f"{name} r{row['radius']}" for name, row in plain.items()),
    ]
    print(markdown(heads, rows))
    random = figures["random"]
    wrong = f"copy {random['copy']}, edit {random['edit']}, similar {random['similar']}"
    print(
        f"\nrandom pairs: {random['pairs']:,} of different photos, {random['candidates']:,} candidates; false in {wrong}"
    )
    spent = {name: figures[f"{name}_seconds"] for name in ("scan", "join")} | {"verification": random["seconds"]}
    print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items()))
    print("\nhard negatives (verified whether proposed or not)\n")
    print(
        markdown(
            ["family", "pairs", "candidates", "copy", "edit", "similar"],
            [[name, *map(str, row.values())] for name, row in figures["hard"].items()],
        )
    )
    for name, value in figures["pairs_a_second"].items():
        print(f"\nthumbnail verification, one core, {name}: {value:,.0f} pairs a second")
    for name, row in figures.get("labelled", {}).items():
        print(
            f"\n{name}: {row['found']} of {row['readable']} readable pairs ({row['pairs']} labelled) in exact+copy+edit"
        )
        for missed in row["missed"][:12]:
            print("   missed", *missed)
    for name, row in plain.items():
        print(f"\nROC area of {name}: {np.mean(list(row['area'].values())):.4f}")
    missed_bars = verdict_on_bars(figures, given)
    print("\nbars missed:" if missed_bars else "\nall bars met that these options call for")
    for line in missed_bars:
        print("  ", line)


if __name__ == "__main__":
    main()
