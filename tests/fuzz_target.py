"""Run a target for some seconds, then once more with a fault planted: python fuzz_target.py NAME SECONDS FOLDER."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

import engines
from lookalike import bits, carried, cleaning, errors, finding
from lookalike.decode import native
from lookalike.stores.database import Database
from lookalike.tables import checking, pairs
from lookalike.web.guard import Guard
from targets import target


def _plant(owner: Any, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(owner, name, value)


def _forgets(*_: object, **__: object) -> None:
    return None


def _merges_nothing(sidecar: bytes | None, keeper: Any, member: Any, _names: Any, do: Any = carried.merged) -> bytes:
    merged: bytes = do(sidecar, keeper, member, ())
    return merged


class _Miscounted:
    def __init__(self, found: Any) -> None:
        self.found = found

    def to_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = self.found.to_dict()
        document["stats"]["images"] += 1
        return document


def _miscounts(*args: Any, do: Any = finding.find, **options: Any) -> _Miscounted:
    return _Miscounted(do(*args, **options))


def _globs_match_all() -> None:
    known = sys.modules["targets.patterns"]  # which has the name of its own
    _plant(known, "matching", lambda _globs, paths, _roots: np.ones(len(paths), np.bool_))()


FAULTS: dict[str, Callable[[], None]] = {
    "texts": _plant(bits, "to_hex", lambda value, _bits: f"{value:x}"),
    "metadata": _plant(carried, "merged", _merges_nothing),
    "patterns": _globs_match_all,
    "plans": _plant(cleaning, "undo", _forgets),
    "catalogs": _plant(Database, "explained", contextlib.nullcontext),
    "ledgers": _plant(Database, "explained", contextlib.nullcontext),
    "lists": _plant(pairs, "write_rows", _forgets),
    "sources": _plant(finding, "find", _miscounts),
    "tables": _plant(checking, "_wrong", lambda _rows: iter(())),
    "web": _plant(Guard, "_refusal", _forgets),
    "commands": _plant(errors.UsageError, "exit_code", 70),
    "decoding": _plant(native, "upright_size", lambda width, height, _turn: (height, width)),
}
"""What breaks the promise of each target."""


def main(name: str, seconds: float, folder: str) -> None:
    """Print how many inputs did no harm; fail where one did, or where the planted fault is not found."""
    chosen, scratch = target(name), os.path.join(folder, name)
    os.makedirs(scratch)
    run, seeds = chosen.make(scratch), chosen.seeds()
    sound = engines.mutations(run, seeds, chosen.words, seconds)
    assert sound.finding is None, (sound.finding, sound.error)
    FAULTS[name]()
    broken = engines.mutations(run, seeds, chosen.words, 30)
    assert broken.finding is not None, f"a planted fault is not found by {broken.inputs} inputs"
    sys.stdout.write(f"{sound.inputs} {broken.inputs}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
