"""Rows give what a folder of the same files gives, whatever keeps them, and for any number of workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import encode, scene
from lookalike import find
from lookalike.groups.findings import Findings

FILES = [
    encode(scene(1), "PNG"),
    encode(scene(1), "PNG"),
    encode(scene(2), quality=95),
    encode(scene(2).resize((320, 240)), quality=60),
    encode(scene(2).convert("L"), "WEBP", quality=80),
    encode(scene(3), "GIF"),
    encode(scene(4))[:900],
    encode(scene(5).rotate(90, expand=True), quality=90),
]
RULES = "resolution,quality,bytes,name"
"""Keep rules without dates: rows have none."""


def _folder(place: Path) -> str:
    (place / "set").mkdir()
    for number, data in enumerate(FILES):
        (place / "set" / str(number)).write_bytes(data)
    return str(place / "set")


def _parquet(place: Path) -> str:
    cells = [{"bytes": data, "path": None} for data in FILES]
    pq.write_table(pa.table({"image": cells}), place / "set.parquet", row_group_size=3)
    return str(place / "set.parquet")


def _paths(place: Path) -> str:
    folder = _folder(place)
    pq.write_table(pa.table({"file": [f"{folder}/{number}" for number in range(len(FILES))]}), place / "paths.parquet")
    return str(place / "paths.parquet")


def _dataset(_place: Path) -> datasets.Dataset:
    made = datasets.Dataset.from_dict({"image": [{"bytes": data, "path": None} for data in FILES]})
    return made.cast_column("image", datasets.Image())


def _saved(place: Path) -> str:
    _dataset(place).save_to_disk(str(place / "saved"))
    return str(place / "saved")


MAKERS: dict[str, Callable[[Path], Any]] = {
    "parquet": _parquet,
    "parquet of paths": _paths,
    "dataset": _dataset,
    "saved": _saved,
    "list": lambda _place: FILES,
    "frame": lambda _place: pd.DataFrame({"data": FILES}),
}


def told(findings: Findings) -> Any:
    """Return what findings say, without where the images lie, how long it took and when files were written."""
    document = findings.to_dict()
    (root,) = findings.roots

    def inside(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: inside(one) for key, one in value.items() if key not in ("source", "seconds", "cached")}
        if isinstance(value, list):
            return [inside(one) for one in value]
        return value.replace(f"{root}/", "ROOT/") if isinstance(value, str) else value

    return {key: inside(document[key]) for key in ("groups", "failures", "stats")}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("workers", [1, 2])
def test_rows_give_what_a_folder_gives(kind: str, workers: int, tmp_path: Path) -> None:
    datasets.disable_progress_bars()
    (tmp_path / "files").mkdir()
    expected = find(_folder(tmp_path / "files"), keep=RULES, use_catalog=False, workers=workers)
    assert expected.stats["groups"] == 2
    assert expected.stats["failed"] == 1
    found = find(MAKERS[kind](tmp_path), keep=RULES, use_catalog=False, workers=workers)
    assert told(found) == told(expected)
    assert sorted([*found.keep_indices, *found.duplicate_indices]) == [0, 1, 2, 3, 4, 5, 7]
