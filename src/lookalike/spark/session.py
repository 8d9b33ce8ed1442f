"""The Spark session that the command line works in, and what it needs to be told."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

from lookalike.errors import UsageError
from lookalike.extras import optional

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PYTHON = "PYSPARK_PYTHON"
"""Which Python runs on executors; only the environment says so, and only before the session starts."""
SETTINGS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4096",  # a row with a thumbnail is 5 KB
    "spark.ui.showConsoleProgress": "false",
}
"""What a session is told that somebody else has not started."""


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
    sql = optional("pyspark.sql", "spark")
    running: SparkSession | None = sql.SparkSession.getActiveSession()
    if running is not None:
        return running
    if not has_java():
        raise UsageError(
            "Spark needs Java 17 or newer, and there is none: install it (Debian: apt install openjdk-17-jre-headless), "
            "or let JAVA_HOME say where it is"
        )
    os.environ.setdefault(PYTHON, sys.executable)
    builder = sql.SparkSession.builder.appName("lookalike")
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # not under spark-submit, which has a master of its own
        builder = builder.master(master or "local[*,4]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    made: SparkSession = builder.getOrCreate()
    return made


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
