"""Shards to tables: one file for each, written by tasks, whole or not at all; what is there already is not made again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Any, Self

from lookalike import events
from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.options import ScanOptions
from lookalike.scan.loading import ENDING
from lookalike.scan.tabling import Wanted
from lookalike.sources.urls import is_url
from lookalike.spark.inputs import Listing, Shard
from lookalike.spark.lineage import MOST_TASKS
from lookalike.spark.places import absolute, tables_in
from lookalike.spark.steps import Steps
from lookalike.spark.tasks import Job, Status, Thumbnails, check, hash_some

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TRIED_FIRST = 8
"""Tables of an earlier run that are looked at before any work is done."""


@dataclass(slots=True)
class HashSummary:
    """What a job did.

    Attributes
    ----------
    output : str
        Where the tables are.
    images, failures : int
        Rows of all tables of these shards, those of earlier runs included.
    skipped : Counter
        Files passed over, by kind.
    hashed, before : int
        Shards that were hashed now, and in an earlier run.
    refused : list of str
        Shards whose table is there and was made of something else, one line each.
    incomplete : list of str
        What could not be seen, one line each.
    others : int
        Tables in the folder that are of none of the shards.
    """

    output: str
    images: int = 0
    failures: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    hashed: int = 0
    before: int = 0
    refused: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    others: int = 0

    def add(self, status: Status) -> None:
        """Count a shard.

        Parameters
        ----------
        status : Status
            What became of it.
        """
        self.images += status.images
        self.failures += status.failures
        self.skipped += Counter(status.skipped)
        self.hashed += status.state == "hashed"
        self.before += status.state == "before"
        self.incomplete += status.incomplete
        if status.state == "refused":
            self.refused.append(status.reason)


def hash_shards(
    spark: "SparkSession",
    listing: Listing,
    output: str,
    wanted: Wanted,
    options: ScanOptions | None = None,
    *,
    thumbnails: Thumbnails = "all",
    overwrite: bool = False,
) -> HashSummary:
    """Hash shards into one table each; those whose table is there, made of the same, are not hashed again.

    Parameters
    ----------
    spark : SparkSession
        Where to run.
    listing : Listing
        From `lookalike.spark.list_shards`.
    output : str
        Folder, which all executors must share, or URL of a bucket. Tables in it that are of other shards stay.
    wanted : Wanted
        Which hashes, of decoding fast; facts go along always.
    options : ScanOptions, optional
        How to read; those of the listing.
    thumbnails : str
        all keeps thumbnails in the tables, 4 KB an image; candidates and none do not.
    overwrite : bool
        Whether a table is made anew that was made of something else. What is no hash table is never replaced.

    Returns
    -------
    HashSummary
        What was done. A shard that cannot be read is a failure row in its table, and is tried again by the next run.

    Raises
    ------
    UsageError
        If an option does not fit, or a table is there of which it shows at once that it was made in another way.
    """
    if any(spec.decoding != "fast" for spec in wanted.specs):
        raise UsageError("hashes for find are of the decoding fast")
    if thumbnails not in ("all", "candidates", "none"):
        raise UsageError(f"thumbnails must be all, candidates or none, got {thumbnails!r}")
    job = Job(
        absolute(output), Wanted(wanted.specs, facts=True, thumbnails=True), options or ScanOptions(), thumbnails, overwrite,
        attempts_of(spark),
    )  # fmt: skip
    try:
        if not is_url(job.output):
            Path(job.output).mkdir(parents=True, exist_ok=True)
        there = set(tables_in(job.output))
    except OSError as error:
        raise UsageError(f"tables cannot go to {job.output}: {error.strerror or error}") from error
    ours = {f"{shard.name}{ENDING}" for shard in listing.shards}
    for name in islice(sorted(there & ours), TRIED_FIRST):
        check(f"{job.output}/{name}", job)
    summary = HashSummary(job.output, skipped=Counter(listing.skipped), incomplete=[*listing.incomplete])
    summary.others = len(there - ours)
    waiting, arrived, steps = listing.shards, _Arrived(len(listing.shards)), Steps()
    while waiting:  # each turn takes at least one shard from every task
        later = set()
        for status in _run(spark, waiting, job, arrived):
            if status.state == "later":
                later.add(status.name)
            else:
                summary.add(status)
        waiting = [shard for shard in waiting if shard.name in later]
    steps.ended("hash", "images", lambda: summary.images)
    return summary


def attempts_of(spark: "SparkSession") -> int:
    """Return how often Spark tries a task.

    Parameters
    ----------
    spark : SparkSession
        Which one.

    Returns
    -------
    int
        ``spark.task.maxFailures``; on one machine what the master says, as ``local[4,3]`` does, else 1.
    """
    master = spark.sparkContext.master or ""
    if master.startswith("local") and not master.startswith("local-cluster"):
        told = fullmatch(r"local\[[^,]+,\s*(\d+)\s*\]", master)
        return int(told[1]) if told else 1
    return int(spark.sparkContext.getConf().get("spark.task.maxFailures", "4") or 4)


@dataclass(slots=True)
class _Arrived:
    """What is said of shards when the tasks that hashed them are done, long before the job is."""

    shards: int
    done: int = 0

    def __iadd__(self, statuses: Iterable[Status]) -> Self:
        for one in statuses:
            self.done += one.state != "later"
            if one.state == "refused":
                events.SHARD_REFUSED(shard=one.name, reason=one.reason)
            elif one.state != "later":
                events.SHARD_ENDED(
                    shard=one.name, state=one.state, images=one.images, failures=one.failures, unseen=len(one.incomplete),
                    done=self.done, shards=self.shards,
                )  # fmt: skip
        return self


def _run(spark: "SparkSession", shards: Sequence[Shard], job: Job, arrived: _Arrived) -> list[Status]:
    context = spark.sparkContext
    # What tasks add to an accumulator comes to the driver with the end of each, and counts once if a task runs twice.
    said = context.accumulator(arrived, optional("pyspark.accumulators", "spark").AddingAccumulatorParam([]))
    tasks = context.parallelize(shards, min(len(shards), MOST_TASKS))
    found: list[Status] = tasks.mapPartitions(partial(_hash_some, job=job, said=said)).collect()
    return found


def _hash_some(shards: Iterable[Shard], job: Job, said: Any) -> Iterator[Status]:
    """Hash the shards of one task, and say what became of each."""
    for status in hash_some(shards, job):
        said.add([status])
        yield status
