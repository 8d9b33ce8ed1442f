"""Executors that are killed, tasks that hang, shards that end whoever reads them: what comes out is complete and the same."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faulty_daemon import POISON
from spark_inputs import same_columns, settle, shard, single, tar_of
from test_spark_near import synthetic

import lookalike as la
from conftest import encode, scene
from lookalike import join
from lookalike.spark.near import octets_array
from lookalike.spark.places import tables_in
from lookalike.spark.session import has_java
from lookalike.spark.tasks import KILLED
from spark_session import NO_JAVA

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
pyspark = pytest.importorskip("pyspark")
HERE = Path(__file__).parent
SECONDS = 900
SHARDS = 4


@pytest.fixture(scope="module")
def block() -> Any:
    return synthetic(40_000)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory, block: Any) -> Path:
    """Run the jobs; return the folder that holds what they were given and what they left."""
    if not has_java():
        pytest.skip(NO_JAVA)
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("no SIGKILL here")
    folder = tmp_path_factory.mktemp("faults")
    for at in range(SHARDS):  # the same pictures in each, another file every time
        pictures = {f"{at}{number}.jpg": encode(scene(number), quality=60 + 4 * at) for number in range(6)}
        settle(folder / "shards" / f"{at}.tar", tar_of(pictures))
    shard(folder / "shards" / POISON, 50)
    settle(folder / "shards" / "cut.tar", tar_of({"a.jpg": encode(scene(60)), "b.jpg": encode(scene(61))})[:30_000])
    parquet.write_table(
        arrow.table({"id": np.arange(len(block)), "hash": octets_array(block)}), folder / "hashes.parquet"
    )
    home, package = folder / "spark", Path(pyspark.__file__).parent  # executors write their logs into the home of Spark
    home.mkdir()
    for name in ("bin", "jars"):
        (home / name).symlink_to(package / name)
    (folder / "armed").mkdir()
    environment = {
        **os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_DIRS": str(folder / "local"), "LOOKALIKE_FAULTS": str(folder / "armed"),
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
    }  # fmt: skip
    subprocess.run(
        [sys.executable, str(HERE / "spark_faults.py"), str(folder)], env=environment, check=True, timeout=SECONDS
    )
    return folder


def told(left: Path) -> Any:
    return json.loads((left / "told.json").read_text())


def good(left: Path) -> list[str]:
    return [str(left / "shards" / f"{at}.tar") for at in range(SHARDS)]


@pytest.mark.parametrize(
    ("job", "faults"),
    [
        ("hash", ["hash_paths.kill", "hash_paths.slow"]),
        ("near", ["_deal.slow", "_meet.kill"]),
    ],
)
def test_every_fault_took_place(left: Path, job: str, faults: list[str]) -> None:
    happened = told(left)[job]
    assert happened["taken"] == faults
    assert happened["lost"] >= sum(name.endswith("kill") for name in faults)
    assert happened["copies"] >= 1  # of a task that would have slept on


def test_hash_tables_are_whole(left: Path) -> None:
    poison, cut = (str(left / "shards" / name) for name in (POISON, "cut.tar"))
    tables = [parquet.read_table(left / "tables" / name) for name in tables_in(str(left / "tables"))]
    rows = [row for table in tables for row in table.to_pylist()]
    by_path = {row["path"]: row for row in rows}
    assert len(by_path) == len(rows)
    assert by_path.pop(poison)["reason"] == KILLED
    same_columns(by_path, single([*good(left), cut]))
    assert any(row["failure"] for path, row in by_path.items() if path.startswith(cut))
    assert [line.partition(":")[0] for line in told(left)["incomplete"]] == [cut, poison]


def test_pairs_are_those_of_one_machine(left: Path, block: Any) -> None:
    table = parquet.read_table(left / "near.parquet")
    made = join.pairs.in_order(*(table[name].to_numpy() for name in ("left", "right", "distance")))
    for one, other in zip(made, la.near_pairs(block, 5), strict=True):
        np.testing.assert_array_equal(one, other)
