"""One Spark session for all tests that want one, and what several of them search."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from lookalike.spark.session import has_java

if TYPE_CHECKING:
    from lookalike.spark.finding import Found
    from spark_rows import Set

NO_JAVA = "Spark is tested where there is Java: apt install openjdk-17-jre-headless"


@contextmanager
def compiled(session: Any) -> Iterator[None]:
    """Let Spark compile what it does to rows, for millions of them."""
    settings = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}
    before = {name: session.conf.get(name) for name in settings}
    try:
        for name, value in settings.items():
            session.conf.set(name, value)
        yield
    finally:
        for name, value in before.items():
            session.conf.set(name, value)


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
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.default.parallelism", "2")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.local.dir", str(folder))
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "3g")
        .config(
            "spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms1g"
        )  # for minutes, on two cores
        .config("spark.ui.retainedJobs", "20")
        .config("spark.ui.retainedStages", "20")
        .config("spark.sql.ui.retainedExecutions", "5")
        # Of the small sets of tests most of the time would go into compiling plans, and planning anew between stages.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.python.unix.domain.socket.enabled", "true")  # by TCP a task waits 40 ms for an acknowledgement
        .config("spark.sql.adaptive.enabled", "false")
        .getOrCreate()
    )
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def spark_album(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> "Set":
    """Return an album, some of it in an archive, too."""
    from spark_albums import album_with_archive  # noqa: PLC0415 - not for tests without Spark
    from spark_rows import Set  # noqa: PLC0415

    folder = album_with_archive(tmp_path_factory.mktemp("photos") / "album")
    return Set(folder, spark, algorithms=("phash", "dhash"))


@pytest.fixture(scope="session")
def spark_found(spark_album: "Set") -> "Found":
    """Return what is found in it."""
    from lookalike.spark import find  # noqa: PLC0415

    return find(spark_album.rows, roots=spark_album.roots)
