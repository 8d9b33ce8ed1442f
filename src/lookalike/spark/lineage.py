"""Where the plan of a DataFrame begins: Spark goes through all of it for each step that is added, and for each job.

Also how many tasks a job has at most.
"""

from typing import TYPE_CHECKING

from lookalike.extras import optional

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_TASKS = 50_000
"""Tasks of one job, all of which the driver keeps account of; of more things to do, a task does several."""


def rooted(kept: "DataFrame") -> "DataFrame":
    """Return rows as a source of their own: what is planned with them does not begin with what they are made of.

    Parameters
    ----------
    kept : DataFrame
        Persisted, or as cheap to read as that.

    Returns
    -------
    DataFrame
        The same rows and columns. Executors that lose what they keep make it anew.
    """
    session = kept.sparkSession
    if not hasattr(kept, "_jdf"):  # Spark Connect plans elsewhere
        return kept
    java = kept._jdf  # noqa: SLF001 - Java makes such rows of others, Python only by going through all of them
    rooted_rows = session._jsparkSession.createDataFrame(java.toJavaRDD(), java.schema())  # noqa: SLF001
    made: DataFrame = optional("pyspark.sql", "spark").DataFrame(rooted_rows, session)
    return made


def cut(frame: "DataFrame") -> "DataFrame":
    """Return rows as a source of their own, once they are made; what they are made of is not needed any more.

    Parameters
    ----------
    frame : DataFrame
        Rows.

    Returns
    -------
    DataFrame
        The same: in the folder of `SparkContext.setCheckpointDir`; without it executors keep them, and one that is lost ends
        the job.
    """
    context = getattr(frame.sparkSession, "sparkContext", None)  # Spark Connect has none
    durable = context is not None and context.getCheckpointDir() is not None
    return frame.checkpoint() if durable else frame.localCheckpoint()
