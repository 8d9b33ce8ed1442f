"""What executors start for Python where faults are tested: stages as they are, but for the faults that lie in a folder.

A file ``_meet.kill`` in it is a fault: the first task that has handed over rows of `_meet` takes the file away and suffers it.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from typing import Any

FOLDER = os.environ.get("LOOKALIKE_FAULTS", "")
EXECUTOR = os.getppid()
STAGES = {
    "tasks": ["hash_paths"], "near": ["_deal", "_meet"], "verified": ["_verify"], "components": ["contract"],
}  # fmt: skip
POISON = "poison.tar"
"""A shard that ends every process which reads it."""


def kill() -> None:
    os.kill(EXECUTOR, signal.SIGKILL)
    os._exit(1)


def slow() -> None:
    time.sleep(3600)  # longer than the test may take: a copy of the task has to come first


FAULTS = {"kill": kill, "slow": slow}


def suffer(stage: str) -> None:
    for name, fault in FAULTS.items():
        place = os.path.join(FOLDER, f"{stage}.{name}")
        try:
            os.rename(place, f"{place} taken")
        except FileNotFoundError:
            continue
        fault()


def faulty(plain: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    @wraps(plain)
    def stage(*args: Any, **options: Any) -> Iterator[Any]:
        if plain.__name__ == "hash_paths" and str(args[0]).endswith(f"{POISON}',)"):
            os.kill(os.getpid(), signal.SIGKILL)
        for rows in plain(*args, **options):
            yield rows
            suffer(plain.__name__)

    return stage


if __name__ == "__main__":
    for module, names in STAGES.items():
        home = import_module(f"lookalike.spark.{module}")
        for name in names:
            setattr(home, name, faulty(getattr(home, name)))
    import_module("pyspark.daemon").manager()
