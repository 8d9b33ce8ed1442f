"""Workers with limits: what takes too long or too much costs itself and nothing else."""

import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import pool_tasks
from lookalike.pool import Limits, Pool, limits

MIB = 1 << 20
SHORT = Limits(0.5, 1 << 30)
needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of the system here")
needs_linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")


def crashed(task: str, reason: str) -> str:
    return f"crashed {task}: {reason}"


def overran(task: str, reason: str) -> str:
    return f"overran {task}: it {reason}"


def run(tasks: Sequence[str], held: Limits | None, workers: int = 2) -> list[str]:
    with Pool(pool_tasks.costly, crashed, workers=workers, limits=held, overran=overran) as pool:
        pool.submit(tasks)
        ((_, results),) = pool.results(wait=True)
        return results


@needs_timers
@pytest.mark.parametrize("task", ["spin:60", "hang"])
def test_a_task_that_takes_too_long_costs_itself(task: str) -> None:
    started = time.monotonic()
    done = run(["a", task, "b", task, "c"], SHORT)
    said = f"overran {task}: it took longer than 0.5 s"
    assert done == ["did a", said, "did b", said, "did c"]
    assert time.monotonic() - started < 30


@needs_timers
def test_time_counts_for_each_task_anew_and_waiting_is_not_processor_time() -> None:
    assert run(["spin:0.3"] * 4 + ["wait:0.8"], SHORT) == ["did spin:0.3"] * 4 + ["did wait:0.8"]


@needs_timers
def test_what_does_not_get_on_is_given_up() -> None:
    held = Limits(0.02, 1 << 30)  # the clock's share is 1.2 s
    assert limits.STALLED * held.seconds == pytest.approx(1.2)
    assert run(["wait:60", "a"], held) == ["overran wait:60: it did not get on", "did a"]


@needs_linux
def test_a_worker_is_refused_more_memory_than_it_may_have() -> None:
    held = Limits(60, 300 * MIB)
    tasks = ["fill:100", "fill or fail:400", "fill:150"]
    assert run(tasks, held) == ["100 MiB", "refused", "150 MiB"]
    assert run(tasks, None) == ["100 MiB", "400 MiB", "150 MiB"]


def test_a_worker_knows_its_limits_and_this_process_has_none() -> None:
    assert run(["limits"], SHORT) == [repr(SHORT)]
    assert run(["limits"], None) == ["None"]
    assert run(["limits"], SHORT, workers=1) == ["None"]
    assert limits.held() is None


@needs_timers
def test_a_death_of_another_kind_still_has_a_second_chance_and_says_so() -> None:
    with Pool(pool_tasks.perform, crashed, workers=2, limits=SHORT, overran=overran) as pool:
        pool.submit(["a", "kill", "b"])
        ((_, results),) = pool.results(wait=True)
    assert results == ["did a", "crashed kill: killed by SIGKILL", "did b"]
