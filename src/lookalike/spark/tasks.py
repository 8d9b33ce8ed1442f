"""What a task of the hash stage does: one shard after the other to a table each, unless it is there."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.model import Failure
from lookalike.options import ScanOptions
from lookalike.scan.loading import ENDING
from lookalike.scan.restarting import difference, made_of_roots
from lookalike.scan.tabling import Wanted
from lookalike.spark.columns import variant_names, with_variants
from lookalike.spark.hashing import Looked, explained, failed, hash_paths, look, unseen
from lookalike.spark.inputs import Shard
from lookalike.spark.places import header_at, writing
from lookalike.tables.files import printable
from lookalike.tables.hash_files import write_parquet
from lookalike.tables.hashes import HashTable
from lookalike.tables.schema import Header

Thumbnails = Literal["all", "candidates", "none"]
ANEW = "lookalike spark hash --overwrite makes it anew"
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
    return Status(name, "refused", reason=f"{place} was made {why}: {ANEW}")


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


def check(place: str, job: Job) -> None:
    """Look at a table before any work is done.

    Parameters
    ----------
    place : str
        Where a table of one of the shards lies.
    job : Job
        What is to be done.

    Raises
    ------
    UsageError
        If it is no hash table, or one that an earlier run made in another way.
    """
    header = _before(place)
    if header is None or job.overwrite:
        return
    was = header.run.get("made", {}).get("options")
    if was not in (_options(job, loose=True), _options(job)):
        raise UsageError(f"{place} was made with other options: {ANEW}, or name another folder")


def _options(job: Job, *, loose: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = made_of_roots((), (), (), _kept(job), _reading(job, loose=loose))["options"]
    return told | {"variants": list(variant_names(job.wanted.specs))}


def _kept(job: Job) -> Wanted:
    return Wanted(job.wanted.specs, facts=True, thumbnails=job.keep)


def _reading(job: Job, *, loose: bool) -> ScanOptions:
    """Return how a shard is read: globs were applied to loose images when they were listed."""
    options = job.options
    return replace(options, exclude=(), include=(), follow_symlinks=False) if loose else options


def _made(shard: Shard, job: Job, images: str) -> dict[str, Any]:
    """Say what a table is made of, and how, in the words of `lookalike.scan.restarting.made_of`."""
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
    hidden = [f"{unread.path}: {unread.reason}" for unread in shard.unread if unread.hides_files]
    yield failed(_unlisted(shard), job.wanted, hidden)
    options = _reading(job, loose=shard.loose)
    yield from hash_paths(shard.paths, job.wanted, options, loose=shard.loose, looked=looked)


def _unlisted(shard: Shard) -> list[Failure]:
    return [unseen(unread.path, unread.kind, unread.reason) for unread in shard.unread]


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
    """Write the failures of a shard that ended the process at every attempt: any of its images may be to blame."""
    place = f"{job.output}/{shard.name}{ENDING}"
    failures = _unlisted(shard) + [unseen(path, "transient", KILLED) for path in shard.paths]
    others = f" and {len(shard.paths) - 1:,} others" if shard.loose else ""
    lines = [f"{shard.paths[0]}{others}: {KILLED}"]
    return _write(place, shard.name, [failed(failures, job.wanted, lines)], _made(shard, job, "unseen"), job)
