"""Kill removal at every step, and count what is lost.

Usage: python benchmarks/faults.py [--stride 1] [--json FILE]

Every action is carried out, undone and purged on a small tree of all kinds of duplicates, over all three roads that a
move can take (one rename, link and unlink, a copy to another file system), and the program is killed before and after
each operation on files, each commit of the ledger and each call that operations are made of; often the recovery is
killed, too. After each kill, every picture must be intact somewhere, the next command must put the journal in order,
and an undo must give the identical tree.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "removal"))

from test_removal_faults import ACTIONS, ROADS, sweep

from removal_trees import scratch
from timing import save, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=1, help="steps from one fault to the next")
    parser.add_argument("--json", metavar="FILE", help="file of figures to put the section into")
    args = parser.parse_args()
    rows: list[tuple[object, ...]] = []
    base = scratch(Path.cwd())
    try:
        for command in ("apply", "undo", "purge"):
            for action in ACTIONS:
                for road in ROADS:
                    if action == "trash" and (command, road) != ("apply", "rename"):
                        continue  # undo and purge leave the trash alone, and it has roads of its own
                    if action == "delete" and command != "apply":
                        continue  # it is purged at once
                    started, lost, faults = time.perf_counter(), 0, 0
                    try:
                        faults = sweep(base / f"{action}-{road}", action, road, command, args.stride)
                    except AssertionError as error:
                        lost = 1
                        print(f"{command} {action} {road}: {error!r}", file=sys.stderr)
                    rows.append((command, action, road, faults, lost, round(time.perf_counter() - started, 1)))
                    print(*rows[-1], file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(table(("command", "action", "road", "faults", "sweeps that failed", "seconds"), rows))
    faults, failed = sum(int(str(row[3])) for row in rows), sum(int(str(row[4])) for row in rows)
    print(f"\nfaults tried: {faults:,}; sweeps in which a picture was lost or a tree not restored: {failed}")
    save(args.json, "faults", {"faults": faults, "failed": failed})
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
