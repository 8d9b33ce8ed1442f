"""Inputs that the tests of the hash stage share."""

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene

SETTLED = 1_600_000_000


def settle(path: Path, content: bytes) -> Path:
    """Write a file whose time is long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (SETTLED, SETTLED))
    return path


def folder(path: Path, count: int = 6) -> Path:
    """Make a folder of pairs of pictures, with a text, a broken picture and an archive in it."""
    for number in range(count):
        settle(path / f"{number % 2}" / f"{number}.jpg", encode(scene(number // 2), quality=70 + number))
    settle(path / "notes.txt", b"hello")
    settle(path / "broken.jpg", encode(scene(1))[:400])
    settle(path / "inside.tar", tar_of({"x.jpg": encode(scene(3))}))
    return path


def tar_of(members: Mapping[str, bytes]) -> bytes:
    """Return a TAR archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), SETTLED
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def shard(path: Path, first: int, count: int = 3) -> Path:
    """Make an archive of pictures; the names of two archives say nothing of whether these are the same."""
    return settle(path, tar_of({f"{first + at:03}.jpg": encode(scene(first + at, 160, 120)) for at in range(count)}))


def parquet(path: Path, first: int, count: int = 3) -> Path:
    """Make a table of pictures, one row of which is empty."""
    arrow = pytest.importorskip("pyarrow")
    rows = [{"bytes": encode(scene(first + at, 160, 120)), "path": None} for at in range(count)]
    kind = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    pytest.importorskip("pyarrow.parquet").write_table(
        arrow.table({"image": arrow.array([*rows, None], kind), "id": list(range(count + 1))}), path
    )
    os.utime(path, (SETTLED, SETTLED))
    return path


def single(paths: object, algorithms: str | tuple[str, ...] = "phash", **options: Any) -> dict[str, dict[str, Any]]:
    """Return what a single machine says of each image and failure, by path."""
    rows: dict[str, dict[str, Any]] = {}
    for table in la.hash_batches(
        paths, algorithms=algorithms, decode="fast", thumbnails=True, use_catalog=False, workers=1, **options
    ):
        rows |= {row["path"]: row for row in table.to_arrow().to_pylist()}
    return rows


def same_columns(rows: Mapping[str, Mapping[str, Any]], expected: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that rows are those of a single machine, in all the columns that it has."""
    assert sorted(rows) == sorted(expected)
    for path, row in expected.items():
        mine = {name: bytes(value) if isinstance(value, bytearray) else value for name, value in rows[path].items()}
        assert {name: mine[name] for name in row} == row, path
