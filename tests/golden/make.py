"""Write the golden vectors from the reference, never from the library: `python tests/golden/make.py`.

A changed vector means a new version of the fast hashes: a new file beside the old one, and a new HashSpec.version.
"""

import hashlib
import json
import os
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from golden import reference  # noqa: E402 - the folder has to be found first
from golden.pictures import RULES, SIZES, picture  # noqa: E402

FILE = os.path.join(HERE, "fast-v1.json")
HUGE = 100_000
TURNED = 7
"""Every seventh vector has the hashes of the turned picture too."""


def chosen() -> list[tuple[str, int, int]]:
    """Return rule and size of every vector: each rule at a few sizes, in turn, and at few large ones."""
    small = [size for size in SIZES if size[0] * size[1] < HUGE]
    large = [size for size in SIZES if size[0] * size[1] >= HUGE]
    rows = []
    for at, rule in enumerate(RULES):
        sizes = {small[(at * 3 + step * 2) % len(small)] for step in range(5)} | {(193, 257), (64, 64)}
        if at % 4 == 0:
            sizes.add(large[at // 4 % len(large)])
        rows += [(rule, *size) for size in SIZES if size in sizes]
    return rows


def vector(rule: str, width: int, height: int, *, sizes: bool, turned: bool) -> dict[str, Any]:
    """Return the vector of one picture."""
    luma = reference.thumbnail(picture(rule, width, height))
    hashes = {
        f"{name}-{size}": reference.hash_of(luma, name, size)
        for name, known in reference.SIZES.items()
        for size in (known if sizes else known[:1])
    }
    row = {"rule": rule, "width": width, "height": height, "detail": reference.detail(luma), "hashes": hashes}
    if turned:
        row["turned"] = {
            "phash-8": reference.turned_hashes(luma, "phash", 8),
            "pdq-16": reference.turned_hashes(luma, "pdq", 16),
        }
    return row


def main() -> None:
    """Write the file and print its digest."""
    rows = [vector(*which, sizes=at % 2 == 0, turned=at % TURNED == 0) for at, which in enumerate(chosen())]
    lines = ",\n".join(json.dumps(row) for row in rows)
    data = f"[\n{lines}\n]\n".encode()
    with open(FILE, "wb") as file:
        file.write(data)
    sys.stdout.write(f"{len(rows)} vectors, sha256 {hashlib.sha256(data).hexdigest()}\n")


if __name__ == "__main__":
    main()
