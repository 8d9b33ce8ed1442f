"""The Spark session that the command line works in, and what it needs to be told."""

import os
import shutil
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from lookalike import events
from lookalike.errors import UsageError
from lookalike.extras import optional

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PYTHON = "PYSPARK_PYTHON"
"""Which Python runs on executors; only the environment says so, and only before the session starts."""
ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"
ROWS_AT_ONCE = 4096
"""Rows that Python gets together, unless somebody has said so; one with a thumbnail is 5 KB."""
ON_ONE_MACHINE = {
    "spark.ui.enabled": "false",  # it would listen on all interfaces
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
"""What a session is told that is started here, rather than by spark-submit."""
SHUFFLES, MEMORY = "spark.sql.shuffle.partitions", "spark.driver.memory"


def open_session(master: str | None = None) -> "SparkSession":
    """Return the session of this process, as spark-submit or a notebook set it up; or start one.

    Parameters
    ----------
    master : str, optional
        Where to run if nobody has said so; None for all cores of this machine. ``local[2,4]`` is two cores, and a task that
        fails is tried four times, as on a cluster; ``local[2]`` gives up at once.

    Returns
    -------
    SparkSession
        Running.

    Raises
    ------
    UsageError
        If PySpark, or Java, is not installed.
    """
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    sql = optional("pyspark.sql", "spark")
    running: SparkSession | None = sql.SparkSession.getActiveSession()
    if running is not None:
        return _told(running)
    if not has_java():
        raise UsageError(
            "Spark needs Java 17 or newer, and there is none: install it (Debian: apt install openjdk-17-jre-headless), "
            "or let JAVA_HOME say where it is"
        )
    os.environ.setdefault(PYTHON, sys.executable)
    builder = sql.SparkSession.builder.appName("lookalike")
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # not under spark-submit, which has a master of its own
        # The usual 200 partitions are for clusters: here each costs more than what is in it.
        partitions = str(max(4, 2 * (os.cpu_count() or 1)))
        builder = builder.master(master or "local[*,4]").config(SHUFFLES, partitions).config(MEMORY, _memory())
        for name, value in ON_ONE_MACHINE.items():
            builder = builder.config(name, value)
    made: SparkSession = builder.getOrCreate()
    if not made.sparkContext.getConf().contains(ROWS):
        made.conf.set(ROWS, ROWS_AT_ONCE)
    return _told(made)


def _told(session: "SparkSession") -> "SparkSession":
    context = session.sparkContext
    events.SPARK_OPENED(version=session.version, master=context.master, cores=context.defaultParallelism)
    return session


def _memory() -> str:
    """Return how much of this machine Spark may have beside Python: a quarter, 8 GB at most."""
    size = 4 << 10
    with suppress(ValueError, OSError, AttributeError):
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return f"{min(max(size // 4, 1024), 8192)}m"


def has_java() -> bool:
    """Say whether Spark would find Java.

    Returns
    -------
    bool
        By JAVA_HOME, or by the path of programs.

    Examples
    --------
    >>> isinstance(has_java(), bool)
    True
    """
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=None if home is None else os.path.join(home, "bin")) is not None
