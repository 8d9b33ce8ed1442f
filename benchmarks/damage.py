"""Damage a catalog at random, and count what a search makes of it.

Usage: python benchmarks/damage.py [--catalogs 2000] [--seed 1] [--json FILE]

Bits and bytes are flipped, pages lost, copied and swapped in the catalog of a small album that has rows in every table. Each
damaged catalog is searched as it is (`catalog:FILE`) and with the files, and looked through by `catalog verify`. A search must
find what it finds with a sound catalog, or refuse with an error that names the file.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "end_to_end"))

from test_damaged_catalogs import damaged, make, place, recall, search

from lookalike.errors import CatalogError, SourceError
from lookalike.opening import open_catalog
from lookalike.upkeep import verify_catalog
from timing import save, table


def verify(base: Path) -> str:
    """Look through the catalog."""
    with open_catalog(str(base / "c.sqlite")) as store:
        verify_catalog(store)
    return "sound"


LOOKS: dict[str, Callable[[Path], str]] = {"catalog:FILE": recall, "with the files": search, "catalog verify": verify}


def outcome(look: Callable[[Path], str], base: Path, right: str) -> str:
    """Return what came of a look at a damaged catalog."""
    try:
        return "same" if look(base) == right else "WRONG"
    except CatalogError:
        return "refused"
    except SourceError:  # nothing is left of it
        return "refused"
    except Exception as error:  # noqa: BLE001 - that is what is counted
        return f"WRONG: {error!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    chance, counts = random.Random(options.seed), {name: Counter[str]() for name in LOOKS}
    base = Path(tempfile.mkdtemp())
    started = time.monotonic()
    try:
        make(base)
        search(base)
        content = (base / "c.sqlite").read_bytes()
        right = {name: look(base) for name, look in LOOKS.items()}
        for number in range(options.catalogs):
            changed = damaged(content, chance)
            for name, look in LOOKS.items():
                place(base, changed)
                came = outcome(look, base, right[name])
                counts[name][came] += 1
                if came.startswith("WRONG"):
                    (base / f"wrong-{number}.sqlite").write_bytes(changed)
                    print(number, name, came, f"(kept in {base})", file=sys.stderr, flush=True)
    finally:
        if not list(base.glob("wrong-*")):
            shutil.rmtree(base)
    wrong = sum(count for one in counts.values() for kind, count in one.items() if kind.startswith("WRONG"))
    print(table(("look", "same", "refused", "wrong"), [
        (name, one["same"], one["refused"], one.total() - one["same"] - one["refused"]) for name, one in counts.items()
    ]))  # fmt: skip
    print(f"\n{options.catalogs:,} damaged catalogs, {time.monotonic() - started:.0f} s")
    save(
        options.json,
        "damage",
        {"catalogs": options.catalogs, "counts": {name: dict(one) for name, one in counts.items()}},
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
