"""Jobs that suffer faults, on a cluster of two workers that is started for them; `test_spark_faults` looks at what they leave.

``spark_faults.py FOLDER``: of the archives in FOLDER/shards, hash tables; of FOLDER/hashes.parquet, pairs.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyarrow.parquet import write_table
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from lookalike.batches import make_specs
from lookalike.scan.tabling import Wanted
from lookalike.spark import hash_shards, list_shards, near_pairs

QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For Java that lives for seconds."""
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "1g",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.executor.extraJavaOptions": QUICK,
    "spark.default.parallelism": "2",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.python.daemon.module": "faulty_daemon",
    "spark.speculation": "true",
    "spark.speculation.interval": "100ms",
    "spark.speculation.quantile": "0.5",
    "spark.speculation.multiplier": "1.5",
    "spark.speculation.minTaskRuntime": "1s",
    "spark.speculation.task.duration.threshold": "4s",  # of stages of one task
}


def cluster(folder: Path) -> SparkSession:
    """Start what ``local-cluster[2,1,1024]`` starts, but with two names for this host.

    Spark runs no copy of a task on the host that runs the task, so that ``local-cluster`` has speculation in name only.
    """
    conf = SparkConf().setAll(list(SETTINGS.items()))
    for name in ("PYTHONPATH", "LOOKALIKE_FAULTS"):
        conf.set(f"spark.executorEnv.{name}", os.environ[name])
    conf.set("spark.sql.warehouse.dir", str(folder / "warehouse"))
    SparkContext._ensure_initialized(conf=conf)
    jvm: Any = SparkContext._jvm
    deploy = jvm.org.apache.spark.deploy
    own = jvm.org.apache.spark.SparkConf()
    (master,) = masters = deploy.LocalSparkCluster.apply(1, 1, 1024, own).start()
    deploy.worker.Worker.startRpcEnvAndEndpoint(
        "localhost", 0, 0, 1, 1024, masters, None, jvm.scala.Some(2), own, jvm.scala.Option.empty()
    )
    session: SparkSession = SparkSession.builder.config(conf=conf.setMaster(master)).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    session.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
    return session


class Watch:
    """What the cluster says has happened."""

    def __init__(self, session: SparkSession) -> None:
        self._context = session.sparkContext._jsc.sc()
        self.told: dict[str, dict[str, Any]] = {}

    @contextmanager
    def faults(self, job: str, *names: str) -> Iterator[None]:
        """Lay faults before a job, and note what came of them."""
        folder = Path(os.environ["LOOKALIKE_FAULTS"])
        for name in names:
            (folder / name).touch()
        lost, copies, start = self._lost(), self._copies(), time.monotonic()
        yield
        self.told[job] = {
            "lost": self._lost() - lost,
            "copies": self._copies() - copies,
            "taken": [name for name in names if (folder / f"{name} taken").exists()],
            "seconds": round(time.monotonic() - start, 1),
        }
        for name in names:
            (folder / f"{name} taken").unlink(missing_ok=True)

    def _store(self) -> Any:
        self._context.listenerBus().waitUntilEmpty()
        return self._context.statusStore()

    def _lost(self) -> int:
        """Count executors that are gone."""
        every = self._store().executorList(False)
        return sum(not every.apply(at).isActive() for at in range(every.size()))

    def _copies(self) -> int:
        """Count speculative copies that came first."""
        store = self._store()
        gateway: Any = SparkContext._gateway
        stages = store.stageList(None, False, False, gateway.new_array(gateway.jvm.double, 0), None)
        every = [stages.apply(at) for at in range(stages.size())]
        summaries = [store.speculationSummary(stage.stageId(), stage.attemptId()) for stage in every]
        return sum(one.get().numCompletedTasks() for one in summaries if one.isDefined())


def main(folder: Path) -> None:
    """Join and hash under faults; write what came of it."""
    start = time.monotonic()
    session = cluster(folder)
    watch = Watch(session)
    told: dict[str, Any] = {"started": round(time.monotonic() - start, 1)}

    def leave(**tables: Any) -> None:
        for name, table in tables.items():
            write_table(table, folder / f"{name}.parquet")
        (folder / "told.json").write_text(json.dumps({**told, **watch.told}))

    with watch.faults("near", "_deal.slow", "_meet.kill"):
        hashes = session.read.parquet(str(folder / "hashes.parquet")).repartition(4)
        near = near_pairs(hashes, 5, most=4_000).toArrow()
    leave(near=near)
    with watch.faults("hash", "hash_paths.kill", "hash_paths.slow"):
        listing = list_shards([str(folder / "shards" / "*.tar")])
        wanted = Wanted(make_specs("phash", decoding="fast"), facts=True, thumbnails=True)
        summary = hash_shards(session, listing, str(folder / "tables"), wanted)
    told["incomplete"] = summary.incomplete
    leave()
    session.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    os._exit(0)  # the workers are threads of Java that nothing else ends
