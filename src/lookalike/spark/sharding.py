"""Shards to tables: one file for each, written by tasks, whole or not at all; what is there already is not made again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Any, Literal

from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.loading import ENDING
from lookalike.options import ScanOptions
from lookalike.restarting import difference, made_of_roots
from lookalike.sources.urls import is_url
from lookalike.spark.columns import variant_names, with_variants
from lookalike.spark.hashing import Looked, explained, failed, hash_paths, look, unseen
from lookalike.spark.inputs import Listing, Shard
from lookalike.spark.places import absolute, header_at, tables_in, writing
from lookalike.tables.files import printable
from lookalike.tables.hash_files import write_parquet
from lookalike.tables.hashes import HashTable
from lookalike.tables.schema import Header
from lookalike.tabling import Wanted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Thumbnails = Literal["all", "candidates", "none"]
MOST_TASKS = 50_000
"""Tasks of one job; of more shards, a task takes several."""
TRIED_FIRST = 8
"""Tables of an earlier run that are looked at before any work is done."""
KILLED = "reading it ended the worker process each time"


@dataclass(frozen=True, slots=True)
class Job:
    """What every task of a job has to know.

    Attributes
    ----------
    output : str
        Folder or URL that the tables go to.
    wanted : Wanted
        Hashes, with facts and thumbnails, of which variants are made.
    options : ScanOptions
        How to read.
    thumbnails : str
        all keeps them in the tables; candidates and none do not, which `find` is told.
    overwrite : bool
        Whether tables made of something else are made anew.
    attempts : int
        How often Spark tries a task.
    """

    output: str
    wanted: Wanted
    options: ScanOptions
    thumbnails: Thumbnails = "all"
    overwrite: bool = False
    attempts: int = 1

    @property
    def keep(self) -> bool:
        """Whether the tables hold thumbnails."""
        return self.thumbnails == "all"


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a shard.

    Attributes
    ----------
    name : str
        Of its table, without ending.
    state : str
        hashed; before, in an earlier run; refused, because another table is there; or later, in another job.
    images, failures : int
        Rows of its table.
    skipped : dict of str to int
        Files passed over, by kind.
    incomplete : tuple of str
        What could not be seen, one line each; the next run tries again.
    reason : str
        Why it was refused.
    """

    name: str
    state: Literal["hashed", "before", "refused", "later"]
    images: int = 0
    failures: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    incomplete: tuple[str, ...] = ()
    reason: str = ""


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
        From `lookalike.spark.inputs.list_shards`.
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
    if not is_url(job.output):
        Path(job.output).mkdir(parents=True, exist_ok=True)
    there = set(tables_in(job.output))
    ours = {f"{shard.name}{ENDING}" for shard in listing.shards}
    for name in islice(sorted(there & ours), TRIED_FIRST):
        _check(f"{job.output}/{name}", job)
    summary = HashSummary(job.output, skipped=Counter(listing.skipped), incomplete=[*listing.incomplete])
    summary.others = len(there - ours)
    waiting = listing.shards
    while waiting:  # each turn takes at least one shard from every task
        later = set()
        for status in _run(spark, waiting, job):
            if status.state == "later":
                later.add(status.name)
            else:
                summary.add(status)
        waiting = [shard for shard in waiting if shard.name in later]
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


def _run(spark: "SparkSession", shards: Sequence[Shard], job: Job) -> list[Status]:
    tasks = min(len(shards), MOST_TASKS)
    found: list[Status] = (
        spark.sparkContext.parallelize(shards, tasks).mapPartitions(partial(hash_some, job=job)).collect()
    )
    return found


def hash_some(shards: Iterable[Shard], job: Job) -> Iterator[Status]:
    """Hash the shards of one task, which runs this.

    What ends the process that runs it, ends it again when Spark tries once more. So at the last attempt the first shard without
    a table is taken for the one to blame, and the others are left for another job.

    Parameters
    ----------
    shards : iterable of Shard
        In the same order at each attempt.
    job : Job
        What to do.

    Yields
    ------
    Status
        One for each.
    """
    context = optional("pyspark", "spark").TaskContext.get()
    attempt = 0 if context is None else context.attemptNumber()
    last = attempt > 0 and attempt + 1 >= job.attempts
    blamed = False
    for shard in shards:
        if last and not _is_whole(shard, job):
            yield Status(shard.name, "later") if blamed else _blame(shard, job)
            blamed = True
        else:
            yield hash_shard(shard, job)


def hash_shard(shard: Shard, job: Job) -> Status:
    """Hash one shard, unless its table is there.

    Parameters
    ----------
    shard : Shard
        Which.
    job : Job
        What to do.

    Returns
    -------
    Status
        What became of it.

    Raises
    ------
    UsageError
        If the table cannot be written.
    """
    place = f"{job.output}/{shard.name}{ENDING}"
    try:
        before = _before(place)
    except UsageError as error:
        return Status(shard.name, "refused", reason=str(error))
    looked, made = None, _made(shard, job, "unseen")
    try:
        looked = look(shard.paths, job.options, loose=shard.loose)
        made = _made(shard, job, _digest(shard, looked, job))
    except Exception as error:  # noqa: BLE001 - whatever a reader raises; hashing meets it again and makes a row of it
        made["images"] = f"unseen: {explained(error)[1]}"
    done = _judge(shard.name, place, before, made, job, readable=looked is not None and bool(looked.found))
    return done or _write(place, shard.name, _shard_tables(shard, job, looked), made, job)


def _judge(
    name: str, place: str, before: Header | None, made: dict[str, Any], job: Job, *, readable: bool
) -> Status | None:
    """Return what becomes of a shard without hashing it; None where it has to be hashed."""
    if before is None:
        return None
    run = before.run
    whole, was = not run.get("incomplete"), run.get("made", {})
    if was == made:
        return _told(name, run) if whole else None
    why = difference(was, made)
    if job.overwrite or (not whole and why.startswith("before")):
        if readable or not whole:
            return None
        return Status(name, "refused", reason=f"{place} stays: what it was made of cannot be read now")
    return Status(name, "refused", reason=f"{place} was made {why}: pass --overwrite to make it anew")


def _told(name: str, run: dict[str, Any]) -> Status:
    return Status(name, "before", int(run.get("images", 0)), int(run.get("failures", 0)), dict(run.get("skipped", {})))


def _before(place: str) -> Header | None:
    """Return what a table says of itself; None where there is none."""
    try:
        header = header_at(place)
    except FileNotFoundError:
        return None
    if header is None:
        raise UsageError(f"{place} is there and no hash table: move it away, or name another folder")
    return header


def _check(place: str, job: Job) -> None:
    """Refuse, before any work is done, what an earlier run made in another way."""
    header = _before(place)
    was = {} if header is None else header.run.get("made", {})
    if (
        header is not None
        and not job.overwrite
        and was.get("options") not in (_options(job, loose=True), _options(job))
    ):
        raise UsageError(
            f"{place} was made with other options: pass --overwrite to make it anew, or name another folder"
        )


def _options(job: Job, *, loose: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = made_of_roots((), (), (), _kept(job), _reading(job, loose=loose))["options"]
    return told | {"variants": list(variant_names(job.wanted.specs))}


def _kept(job: Job) -> Wanted:
    return Wanted(job.wanted.specs, facts=True, thumbnails=job.keep)


def _reading(job: Job, *, loose: bool) -> ScanOptions:
    """Return how a shard is read: globs were applied to loose images when they were listed."""
    options = job.options
    return options if not loose else ScanOptions(
        min_size=options.min_size, truncated=options.truncated, max_pixels=options.max_pixels, column=options.column
    )  # fmt: skip


def _made(shard: Shard, job: Job, images: str) -> dict[str, Any]:
    """Say what a table is made of, and how, in the words of `lookalike.restarting.made_of`."""
    roots = [printable(root) for root in shard.roots]
    return {"roots": roots, "options": _options(job, loose=shard.loose), "images": images}


def _digest(shard: Shard, looked: Looked, job: Job) -> str:
    """Return a digest of every name, size and time."""
    options = _reading(job, loose=shard.loose)
    made = made_of_roots(shard.roots, looked.found, looked.missing, _kept(job), options)
    unlisted = sorted(unread.path for unread in shard.unread)
    return f"{made['images']}{printable(repr(unlisted)) if unlisted else ''}"


def _shard_tables(shard: Shard, job: Job, looked: Looked | None) -> Iterator[HashTable]:
    """Yield what was found out about a shard; at least one table."""
    failures = [unseen(unread.path, unread.kind, unread.reason) for unread in shard.unread]
    hidden = [f"{unread.path}: {unread.reason}" for unread in shard.unread if unread.hides_files]
    yield failed(failures, job.wanted, hidden)
    options = _reading(job, loose=shard.loose)
    yield from hash_paths(shard.paths, job.wanted, options, loose=shard.loose, looked=looked)


def _write(place: str, name: str, tables: Iterable[HashTable], made: dict[str, Any], job: Job) -> Status:
    """Write tables into one file."""
    run: dict[str, Any] = {"made": made, "images": 0, "failures": 0, "thumbnails": job.thumbnails}
    skipped: Counter[str] = Counter()
    incomplete: list[str] = []

    def counted() -> Iterator[HashTable]:
        for table in tables:
            run["images"] += len(table)
            run["failures"] += len(table.failures)
            skipped.update(table.skipped)
            incomplete.extend(table.incomplete)
            yield table

    with writing(place) as file:
        write_parquet(counted(), job.wanted.specs, file, run, partial(with_variants, thumbnails=job.keep))
    return Status(name, "hashed", run["images"], run["failures"], dict(skipped), tuple(incomplete))


def _is_whole(shard: Shard, job: Job) -> bool:
    """Return whether a shard has a table without gaps, found out without a look at the shard itself."""
    try:
        header = header_at(f"{job.output}/{shard.name}{ENDING}")
    except FileNotFoundError:
        return False
    except UsageError:
        return True
    return header is None or not header.run.get("incomplete")


def _blame(shard: Shard, job: Job) -> Status:
    """Write the failure of a shard that ended the process at every attempt."""
    place = f"{job.output}/{shard.name}{ENDING}"
    names = shard.paths[:1] if shard.loose else shard.paths
    failures = [unseen(path, "transient", KILLED) for path in names]
    lines = [f"{path}: {KILLED}" for path in names]
    return _write(place, shard.name, [failed(failures, job.wanted, lines)], _made(shard, job, "unseen"), job)
