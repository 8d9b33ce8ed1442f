"""A user's program, for type checkers only: what README shows, with the types that a reader would expect.

`tests/test_packaging.py` has mypy and, where it is there, pyright look at it, both strict, with lookalike installed from its
wheel.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import lookalike as la


def clean(folder: Path) -> int:
    """Find, plan, remove, take back."""
    findings: la.Findings = la.find(folder, tier="copy")
    plan: la.Plan = findings.plan(keep="resolution,oldest", action="quarantine")
    for decision in plan.decisions:
        if decision.verdict == "remove":
            print(decision.path, decision.keeper, decision.reason)
    batch: la.Applied = la.apply(plan)
    undone: la.Undone = la.undo(batch)
    return undone.files


def look(findings: la.Findings) -> list[tuple[str, str | None, float | None]]:
    """Read groups, members and failures."""
    for failure in findings.failures:
        print(failure.ref.path, failure.kind, failure.reason)
    return [
        (member.ref.path, member.keeper, member.score)
        for group in findings.groups
        for member in group.members
        if member.tier is not None and member.tier <= la.Tier.COPY
    ]


def keep(images: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.int64]:
    """Say which images of a data set stay."""
    return la.find(images).keep_indices


def hashes(folder: str) -> int:
    """Compare single hashes, and many."""
    one: la.ImageHash = la.phash("a.jpg", size=8)
    other: la.ImageHash = la.hash_image(b"...", "dhash", decode="fast")
    table: la.HashTable = la.hash_images(folder, algorithms=("phash", "dhash"), decode="fast")
    table = la.hash_images(folder, filter="triangle", decode="imgdd", exclude=["raw/**"], max_memory=1 << 29, workers=2)
    parts: Iterator[la.HashTable] = la.hash_batches(folder, algorithms="phash")
    for part in parts:
        print(len(part.refs), part.blocks)
    block: npt.NDArray[np.uint64] = np.zeros((3, 1), np.uint64)
    left, right, distance = la.near_pairs(block, radius=8)
    print(left[0] < right[0], distance.max(), table.specs)
    return one - other


def compare() -> str:
    """Ask why two pictures are the same."""
    found: la.Comparison = la.compare("a.jpg", "b.jpg")
    return f"{found.tier.name} {found.score:.2f} {found.relation}"


def leaking(folder: Path) -> int:
    """Look for leaks, with options of `find`, and plan with those of `KeepOptions`."""
    found: la.Leaks = la.leaks(folder / "train", folder / "test", tier="copy", min_size=(64, 64), frames="all")
    plan = la.find(folder).plan(tier="edit", allow_loss=("alpha",), metadata="merge", across_folders=True)
    return len(found.pairs) + len(plan.removals)


def search(folder: str) -> list[str]:
    """Search a folder for a picture."""
    index = la.Index()
    index.add(folder)
    return [hit.path for hit in index.search("a.jpg", limit=5)]


def safely(folder: str) -> la.Findings | None:
    """Tell errors apart."""
    try:
        return la.find(folder)
    except la.SourceError as error:
        print(error, error.exit_code)
    except la.LookalikeError:
        raise
    return None


print(la.__version__)
