"""One Spark session for all tests that want one."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lookalike.spark.session import has_java

NO_JAVA = "Spark is tested where there is Java: apt install openjdk-17-jre-headless"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a session on two cores of this machine."""
    sql = pytest.importorskip("pyspark.sql")
    if not has_java():
        pytest.skip(NO_JAVA)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = tmp_path_factory.mktemp("spark")
    made = (
        sql.SparkSession.builder.master("local[2]")
        .appName("lookalike tests")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "3")
        .config("spark.default.parallelism", "2")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.local.dir", str(folder))
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "3g")
        .config(
            "spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        )  # for minutes, on two cores
        .config("spark.ui.retainedJobs", "20")
        .config("spark.ui.retainedStages", "20")
        .config("spark.sql.ui.retainedExecutions", "5")
        # Of the small sets of tests most of the time would go into compiling plans, and planning anew between stages.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.adaptive.enabled", "false")
        .getOrCreate()
    )
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()
