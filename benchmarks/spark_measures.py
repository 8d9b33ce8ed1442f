"""What a Spark session has done so far, from its own counters; they are there with and without its web pages."""

from typing import Any


def shuffled(spark: Any) -> tuple[int, int]:
    """Return the bytes that all tasks of a session have written to shuffles, and read from them, since it began.

    Take the difference of two calls for what lies between them. Tasks that failed or were repeated count too.
    """
    context = spark.sparkContext._jsc.sc()  # noqa: SLF001 - no public way leads there
    context.listenerBus().waitUntilEmpty()
    executors = context.statusStore().executorList(False)
    known = [executors.apply(at) for at in range(executors.size())]
    return sum(one.totalShuffleWrite() for one in known), sum(one.totalShuffleRead() for one in known)


def task_seconds(spark: Any) -> float:
    """Return the seconds that tasks of a session have run since it began, all cores added.

    Take the difference of two calls. Stages are counted that the session remembers: `spark.ui.retainedStages`, usually 1000.
    """
    context = spark.sparkContext._jsc.sc()  # noqa: SLF001 - no public way leads there
    context.listenerBus().waitUntilEmpty()
    gateway = spark.sparkContext._gateway  # noqa: SLF001
    quantiles = gateway.new_array(gateway.jvm.double, 0)
    stages = context.statusStore().stageList(None, False, False, quantiles, None)
    taken: int = sum(stages.apply(at).executorRunTime() for at in range(stages.size()))
    return taken / 1000
