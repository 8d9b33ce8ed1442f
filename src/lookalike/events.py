"""What is logged: a table of events, each with its name, its level and what it says.

All go to the logger "lookalike" of the module `logging`, which has no handler of its own but one that does nothing: who wants
to see them attaches one. A record has the attributes `event`, the name, and `fields`, the values as they are; its message is
one printable line whatever is in them. Names and fields are stable, and docs/logging.md has them all.

Nobody of levels 0 and 1 logs: these are given everything, and who calls them says what came of it.
"""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging import DEBUG, ERROR, INFO, WARNING
from typing import Any

from lookalike.escaping import plain

LOGGER = logging.getLogger("lookalike")
LOGGER.addHandler(logging.NullHandler())
EVENTS: dict[str, "Event"] = {}
"""All of them by name; filled below."""
URL = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]+://)([^/?#\s]*@)?([^?\s]*)(\?\S*)?")
"""Of a URL, a password and what signs a request are nobody's business."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that can be logged; called with its fields, it is.

    Attributes
    ----------
    name : str
        Stable.
    level : int
        Of `logging`.
    text : str
        What it says, with ``%(field)s`` for each of its fields.
    """

    name: str
    level: int
    text: str

    @property
    def wanted(self) -> bool:
        """Whether anybody listens; asked where finding out what to say costs something."""
        return LOGGER.isEnabledFor(self.level)

    def __call__(self, **fields: Any) -> None:
        """Log it.

        Parameters
        ----------
        **fields : object
            Texts, numbers and None, as many as `text` names.
        """
        if LOGGER.isEnabledFor(self.level):
            fields = {name: without_secrets(value) for name, value in fields.items()}
            shown = {name: plain(value) if isinstance(value, str) else value for name, value in fields.items()}
            about = {"event": self.name, "fields": fields}
            LOGGER.log(self.level, self.text, *([shown] if shown else ()), extra=about, stacklevel=2)

    @contextmanager
    def timed(self, **fields: Any) -> Iterator[dict[str, Any]]:
        """Log it with the seconds that the body took, unless the body fails.

        Parameters
        ----------
        **fields : object
            What is known before.

        Yields
        ------
        dict
            Where the body puts the other fields.
        """
        started = time.monotonic()
        yield fields
        self(**fields, seconds=since(started))


def since(started: float) -> float:
    """Return how long something took.

    Parameters
    ----------
    started : float
        When it began, by `time.monotonic`.

    Returns
    -------
    float
        Seconds, to a thousandth.
    """
    return round(time.monotonic() - started, 3)


def without_secrets(value: Any) -> Any:
    """Return a field as it may be logged.

    Parameters
    ----------
    value : object
        Any; URLs in texts may hold secrets.

    Returns
    -------
    object
        The same, without the passwords in URLs and what follows a question mark there.

    Examples
    --------
    >>> without_secrets("https://ann:pw@a.org/set/a.zip?sig=abc"), without_secrets("why?.jpg")
    ('https://***@a.org/set/a.zip?***', 'why?.jpg')
    """
    if not isinstance(value, str) or "://" not in value:
        return value
    return URL.sub(lambda at: f"{at[1]}{'***@' * bool(at[2])}{at[3]}{'?***' * bool(at[4])}", value)


def _event(name: str, level: int, text: str) -> Event:
    EVENTS[name] = Event(name, level, text)
    return EVENTS[name]


RUN_STARTED = _event(
    "run.started", INFO, "lookalike %(version)s, kernel %(kernel)s, %(decoders)s, process %(pid)d: %(command)s"
)
RUN_FAILED = _event("run.failed", ERROR, "%(error)s: %(reason)s")
RUN_ENDED = _event("run.ended", INFO, "ended with exit code %(code)d after %(seconds)s s")

STORE_OPENED = _event("store.opened", INFO, "%(kind)s %(path)s opened")
STORE_MIGRATED = _event("store.migrated", INFO, "%(kind)s %(path)s brought up to date: %(step)s")
STORE_REFUSED = _event("store.refused", ERROR, "%(kind)s %(path)s refused: %(reason)s")

POOL_OPENED = _event("pool.opened", INFO, "%(workers)d workers, %(readers)d readers")
ROOT_OPENED = _event("root.opened", INFO, "root %(path)s (%(kind)s)")
ROOT_MISSING = _event("root.missing", WARNING, "root %(path)s cannot be read: %(reason)s")
ROOT_LOST = _event("root.lost", WARNING, "root %(path)s went away, %(left)d files not read")
FOLDER_LISTED = _event("folder.listed", DEBUG, "%(path)s: %(files)d files, %(new)d of them to be read")
SCAN_LISTED = _event("scan.listed", INFO, "walk: %(files)d files, %(new)d of them to be read, %(seconds)s s")
SCAN_COMMITTED = _event("scan.committed", INFO, "%(results)d results committed, %(done)d of %(listed)d files done")
SCAN_ENDED = _event(
    "scan.ended", INFO,
    "scan: %(images)d images (%(cached)d from the catalog), %(failed)d failures, %(skipped)d skipped, %(bytes)d bytes "
    "decoded, hash and commit %(storing)s s, in all %(seconds)s s",
)  # fmt: skip
IMAGE_READ = _event("image.read", DEBUG, "%(path)s: read, %(how)s")
IMAGE_CACHED = _event("image.cached", DEBUG, "%(path)s: unchanged, from the catalog")
IMAGE_SKIPPED = _event("image.skipped", DEBUG, "%(path)s: skipped, %(reason)s")
IMAGE_FAILED = _event("image.failed", INFO, "%(path)s: failed, %(kind)s at %(stage)s: %(reason)s")
IMAGE_REREAD = _event("image.reread", DEBUG, "%(path)s: opened again")

WORKER_STARTED = _event("worker.started", INFO, "worker process %(pid)d started")
WORKER_ENDED = _event("worker.ended", DEBUG, "worker process %(pid)d ended: %(reason)s")
WORKER_DIED = _event("worker.died", WARNING, "worker process %(pid)d %(reason)s at %(path)s; %(next)s")

STAGE_ENDED = _event("stage.ended", INFO, "%(stage)s: %(count)d %(what)s, %(seconds)s s")
GROUP_ENDED = _event(
    "group.ended", INFO, "group: %(attached)d contents with %(groups)d keepers, %(passed)d pairs in crowds passed over"
)
JOIN_ENDED = _event(
    "join.ended", INFO, "join of %(variant)s: %(hashes)d hashes, radius %(radius)d, %(pairs)s pairs, %(seconds)s s"
)
VERIFY_ENDED = _event(
    "verify.ended", INFO,
    "verify: %(pairs)d pairs asked about, %(known)d of them known, %(verified)d verified, %(files)d on the files; with "
    "grouping %(seconds)s s",
)  # fmt: skip

SPARK_OPENED = _event("spark.opened", INFO, "Spark %(version)s at %(master)s, %(cores)d tasks at a time")
SHARD_ENDED = _event(
    "shard.ended", INFO,
    "shard %(shard)s %(state)s: %(images)d images, %(failures)d failures, %(unseen)d things not seen; %(done)d of %(shards)d "
    "shards done",
)  # fmt: skip
SHARD_REFUSED = _event("shard.refused", WARNING, "shard %(shard)s left alone: %(reason)s")

PLAN_MADE = _event("plan.made", INFO, "plan: %(remove)d images go, %(keep)d stay, action %(action)s, %(seconds)s s")
PLAN_DECIDED = _event("plan.decided", DEBUG, "%(path)s: %(verdict)s (keeper %(keeper)s): %(reason)s")
BATCH_STARTED = _event("batch.started", INFO, "batch %(batch)s: %(action)s of %(images)d images")
BATCH_REFUSED = _event("batch.refused", WARNING, "batch %(batch)s: %(path)s refused: %(reason)s")
BATCH_ENDED = _event(
    "batch.ended", INFO, "batch %(batch)s: %(step)s of %(files)d files, %(refused)d refused, %(seconds)s s"
)
DISK_CHANGED = _event("disk.changed", DEBUG, "%(operation)s %(path)s %(place)s")
BATCH_SETTLED = _event(
    "batch.settled", WARNING,
    "an interrupted command put in order: %(completed)d files completed, %(taken_back)d taken back, %(stuck)d stuck",
)  # fmt: skip

REVIEW_OPENED = _event("review.opened", INFO, "review listens at %(host)s port %(port)d")
REVIEW_REFUSED = _event("review.refused", WARNING, "request refused (%(code)d): %(reason)s, host %(host)s")
REVIEW_CLOSED = _event("review.closed", INFO, "review closed")
URL_USED = _event("url.used", INFO, "fsspec opens %(url)s")
