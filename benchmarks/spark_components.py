"""Time connected components on Spark, on the driver and in rounds, and count the bytes they shuffle.

python benchmarks/spark_components.py [EDGES ...]
"""

import argparse
import os
import sys
import tempfile
import time
from typing import Any

import numpy as np
import pyarrow as pa

from lookalike.spark.components import DRIVER_EDGES, components
from lookalike.spark.session import open_session
from spark_measures import shuffled


def edges(spark: Any, count: int, folder: str) -> Any:
    """Write a graph of as many nodes as edges to Parquet: half of it at random, half a path in any order."""
    random = np.random.default_rng(count)
    path = count + random.permutation(count // 2)
    ends = random.integers(0, count, (2, count - len(path) + 1))
    left, right = np.concatenate([ends[0], path[:-1]]), np.concatenate([ends[1], path[1:]])
    mixed = random.permutation(count)
    place = os.path.join(folder, f"edges-{count}")
    table = pa.table({"left": left[mixed], "right": right[mixed]})
    spark.createDataFrame(table).repartition(8).write.mode("overwrite").parquet(place)
    return spark.read.parquet(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("edges", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--master", default=None, help="such as local[2]")
    arguments = parser.parse_args()
    spark = open_session(arguments.master)
    spark.sparkContext.setLogLevel("ERROR")
    components(spark.range(100).selectExpr("id as left", "id + 1 as right")).count()  # workers are up
    print(f"Python {sys.version.split()[0]}, Spark {spark.version}, {spark.sparkContext.defaultParallelism} cores")
    print(f"{'edges':>12}  {'way':8}{'seconds':>8}{'MB written':>12}{'MB read':>10}{'components':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for count in arguments.edges:
            frame = edges(spark, count, folder)
            for way, most in (("driver", DRIVER_EDGES), ("rounds", -1)):
                before, start = shuffled(spark), time.perf_counter()
                result = components(frame, most=most)
                result.write.format("noop").mode("overwrite").save()
                seconds = time.perf_counter() - start
                written, read = (after - was for after, was in zip(shuffled(spark), before, strict=True))
                found = result.select("component").distinct().count()
                print(
                    f"{count:>12,}  {way:8}{seconds:>8.1f}{written / 1e6:>12.1f}{read / 1e6:>10.1f}{found:>12,}",
                    flush=True,
                )
    spark.stop()


if __name__ == "__main__":
    main()
