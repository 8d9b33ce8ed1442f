"""What a pool does in its own process before it asks a worker: with real threads and processes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import pool_tasks
from conftest import encode, scene
from lookalike import pool as pools
from lookalike.pool import Pool


def died(_task: object, _reason: str) -> int:
    return -1


class Evens:
    """Settles even numbers by their negative; odd ones are left to a worker."""

    def __init__(self, cost: int = 1, pause: float = 0.0) -> None:
        self.read_order: list[int] = []
        self.threads: set[int] = set()
        self.held = self.most_held = 0
        self._cost, self._pause = cost, pause
        self._lock = threading.Lock()

    def cost(self, chunk: Sequence[int]) -> int:
        return self._cost * len(chunk)

    def read(self, chunk: Sequence[int]) -> str:
        with self._lock:
            self.read_order += chunk
            self.threads.add(threading.get_ident())
            self.held += self.cost(chunk)
            self.most_held = max(self.most_held, self.held)
        return f"read {list(chunk)}"

    def settle(self, chunk: Sequence[int], read: str) -> list[int | None]:
        assert read == f"read {list(chunk)}"
        time.sleep(self._pause)
        with self._lock:
            self.held -= self.cost(chunk)
        return [None if task % 2 else -task for task in chunk]


def results(chunks: Sequence[Sequence[int]], shortcut: Evens, workers: int, readers: int = 1) -> dict[int, int]:
    done: dict[int, int] = {}
    with Pool(pool_tasks.worker_of, died, workers=workers, shortcut=shortcut, readers=readers) as pool:
        for chunk in chunks:
            pool.submit(chunk)
        while finished := list(pool.results(wait=True)):
            for chunk, answers in finished:
                done.update(zip(chunk, answers, strict=True))
    return done


@pytest.mark.parametrize(("workers", "readers"), [(1, 1), (2, 1), (3, 2)])
def test_what_is_left_over_goes_to_a_worker(workers: int, readers: int) -> None:
    chunks = [list(range(start, start + 5)) for start in range(0, 100, 5)]
    done = results([*chunks, []], Evens(), workers, readers)
    assert sorted(done) == list(range(100))
    assert all(done[task] == -task for task in done if task % 2 == 0)
    pids = {done[task] for task in done if task % 2}
    assert pids == {os.getpid()} if workers == 1 else os.getpid() not in pids


def test_no_process_is_started_where_nothing_is_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a worker process was started")

    monkeypatch.setattr(pools, "Worker", refuse)
    assert results([[0, 2], [4]], Evens(), 2) == {0: 0, 2: -2, 4: -4}
    with pytest.raises(AssertionError, match="was started"):
        results([[0, 1]], Evens(), 2)


def test_one_reader_reads_in_the_order_of_submission() -> None:
    shortcut = Evens()
    results([[task] for task in range(0, 60, 2)], shortcut, workers=3, readers=1)
    assert shortcut.read_order == list(range(0, 60, 2))
    assert len(shortcut.threads) == 1


def test_reading_ahead_is_bounded_in_bytes() -> None:
    shortcut = Evens(cost=pools.READ_AHEAD // 3, pause=0.02)
    done = results([[task] for task in range(0, 40, 2)], shortcut, workers=2, readers=4)
    assert len(done) == 20
    assert pools.READ_AHEAD // 3 <= shortcut.most_held <= pools.READ_AHEAD


def test_reading_ahead_is_bounded_in_chunks() -> None:
    shortcut = Evens(cost=1, pause=0.01)
    done = results([[task] for task in range(0, 120, 2)], shortcut, workers=2, readers=4)
    assert len(done) == 60
    assert 2 < shortcut.most_held <= 2 * pools.CHUNKS_AHEAD


def test_a_single_chunk_may_be_larger_than_what_is_read_ahead() -> None:
    shortcut = Evens(cost=2 * pools.READ_AHEAD)
    assert len(results([[0], [2], [4]], shortcut, workers=2, readers=2)) == 3
    assert shortcut.most_held == 2 * pools.READ_AHEAD


@pytest.mark.parametrize("stage", ["read", "settle"])
def test_a_fault_of_the_shortcut_is_raised_where_results_are_awaited(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError(stage)

    monkeypatch.setattr(Evens, stage, fail)
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match=stage):
        results([[0], [2]], Evens(), workers=2)
    assert threading.active_count() == before


def test_closing_early_wakes_readers_that_wait_for_memory() -> None:
    before = threading.active_count()
    with Pool(
        pool_tasks.worker_of, died, workers=2, shortcut=Evens(cost=pools.READ_AHEAD, pause=0.05), readers=3
    ) as pool:
        for task in range(40):
            pool.submit([2 * task])
    assert threading.active_count() == before


class Stuck(Evens):
    """A drive that does not answer: whoever settles the first chunk waits until the test lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.waits, self.answers = threading.Event(), threading.Event()

    def settle(self, chunk: Sequence[int], read: str) -> list[int | None]:
        self.waits.set()
        self.answers.wait()
        return super().settle(chunk, read)


def test_whoever_interrupts_does_not_wait_for_a_drive() -> None:
    shortcut = Stuck()
    start = time.monotonic()
    with (  # noqa: PT012
        pytest.raises(KeyboardInterrupt),
        Pool(pool_tasks.worker_of, died, workers=3, shortcut=shortcut, readers=2) as pool,
    ):
        for task in range(40):
            pool.submit([2 * task])
        assert shortcut.waits.wait(10)
        raise KeyboardInterrupt
    assert time.monotonic() - start < 10 * pools.PATIENCE_SECONDS
    shortcut.answers.set()


ABANDONED = """
import sys
from lookalike import decode
from lookalike.pool import Pool

class Decodes:
    def cost(self, chunk): return 1
    def read(self, chunk): return chunk
    def settle(self, chunk, read): return decode.decode_all(read, max_pixels=10**9)

pool = Pool(len, lambda task, reason: reason, workers=4, shortcut=Decodes(), readers=1).__enter__()
for _ in range(5000):
    pool.submit([open(sys.argv[1], "rb").read()])
next(pool.results(wait=True))
"""


def test_a_program_may_end_without_closing_a_pool(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(encode(scene(1), "JPEG"))
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", ABANDONED, picture], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
