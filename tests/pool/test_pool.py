"""The pool with real processes, which die, print and fail."""

import os
import platform
import signal
import subprocess
import sys
import threading
from ast import literal_eval
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pool_tasks
from lookalike.errors import UsageError
from lookalike.pool import Pool, default_workers, usable_cores

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")


def crashed(task: object, reason: str) -> str:
    return f"crashed {task}: {reason}"


def died(_task: object, _reason: str) -> int:
    return -1


def run(
    function: Callable[[str], str], chunks: Sequence[Sequence[str]], workers: int, *, isolated: bool = False
) -> dict[tuple[str, ...], list[str]]:
    """Return the results of each chunk."""
    done: list[tuple[Sequence[str], list[str]]] = []
    with Pool(function, crashed, workers=workers, isolated=isolated) as pool:
        for chunk in chunks:
            pool.submit(chunk)
        while finished := list(pool.results(wait=True)):
            done += finished
    assert sorted(list(chunk) for chunk, _ in done) == sorted(list(chunk) for chunk in chunks)
    return {tuple(chunk): results for chunk, results in done}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_are_complete_and_in_the_order_of_tasks(workers: int) -> None:
    chunks = [[f"{chunk}.{task}" for task in range(chunk % 7)] for chunk in range(25)]
    done = run(pool_tasks.perform, chunks, workers)
    assert done == {tuple(chunk): [f"did {task}" for task in chunk] for chunk in chunks}


def test_where_no_process_can_be_started_it_is_said_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(UsageError, match=r"can be started \(No such file or directory\): with --workers 1"):
        run(pool_tasks.perform, [["a"]], 2)
    assert run(pool_tasks.perform, [["a"]], 1) == {("a",): ["did a"]}


@pytest.mark.parametrize("workers", [1, 2])
@given(chunks=st.lists(st.lists(st.integers(), max_size=5), max_size=6))
@settings(deadline=None, max_examples=6)
def test_every_chunk_comes_back_once(workers: int, chunks: list[list[int]]) -> None:
    found = []
    with Pool(pool_tasks.double, died, workers=workers) as pool:
        for chunk in chunks:
            pool.submit(chunk)
        while finished := list(pool.results(wait=True)):
            found += finished
    assert sorted(list(chunk) for chunk, _ in found) == sorted(chunks)
    assert all(results == [2 * task for task in chunk] for chunk, results in found)


def test_one_worker_is_this_process_and_more_are_others() -> None:
    pids = {}
    for workers in (1, 2):
        with Pool(pool_tasks.worker_of, died, workers=workers) as pool:
            pool.submit([0, 1, 2])
            ((_, pids[workers]),) = pool.results(wait=True)
    assert set(pids[1]) == {os.getpid()}
    assert len(set(pids[2])) == 1
    assert os.getpid() not in pids[2]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have rules of their own")
@pytest.mark.parametrize("workers", [1, 2])
def test_the_memory_of_a_picture_is_kept_for_the_next(workers: int) -> None:
    count = f"""
import pool_tasks
from lookalike.pool import Pool

with Pool(pool_tasks.page_faults, None, workers={workers}) as pool:
    pool.submit([20])
    print(*pool.results(wait=True))
"""

    def faults(**environment: str) -> int:
        found = subprocess.run(
            [sys.executable, "-c", count], cwd=Path(__file__).parents[1], env=os.environ | environment,
            stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
        ((_, (faults,)),) = [literal_eval(found.stdout)]
        return int(faults)

    pages = (16 << 20) // os.sysconf("SC_PAGESIZE")
    assert faults() < 5 * pages
    assert faults(MALLOC_MMAP_THRESHOLD_="65536") > 15 * pages  # who says otherwise is heard


@needs_signals
@pytest.mark.parametrize("workers", [2, 3])
def test_a_killed_worker_costs_one_task(workers: int) -> None:
    chunk = ["a", "kill", "b", "kill", "kill", "c"]
    killed = "crashed kill: killed by SIGKILL"
    done = run(pool_tasks.perform, [chunk, ["d", "e"], ["kill"]], workers)
    assert done[tuple(chunk)] == ["did a", killed, "did b", killed, killed, "did c"]
    assert done["d", "e"] == ["did d", "did e"]
    assert done["kill",] == [killed]


@needs_signals
def test_one_worker_may_be_isolated() -> None:
    done = run(pool_tasks.perform, [["a", "kill", "b"]], 1, isolated=True)
    assert list(done.values()) == [["did a", "crashed kill: killed by SIGKILL", "did b"]]
    with Pool(pool_tasks.worker_of, died, workers=1, isolated=True) as pool:
        for number in range(3):
            pool.submit([number, number])
        found = [pid for _ in range(3) for _, pids in pool.results(wait=True) for pid in pids]
    assert len(set(found)) == 1
    assert found[0] != os.getpid()


@pytest.mark.parametrize("code", [0, 3])
def test_a_task_that_exits_costs_one_task(code: int) -> None:
    done = run(pool_tasks.perform, [[f"exit:{code}", "a"]], 2)
    assert list(done.values()) == [[f"crashed exit:{code}: ended with code {code}", "did a"]]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_reaches_the_caller(workers: int) -> None:
    with Pool(pool_tasks.perform, crashed, workers=workers) as pool, pytest.raises(pool_tasks.OwnError, match="why"):  # noqa: PT012
        pool.submit(["a", "raise:why", "b"])
        list(pool.results(wait=True))


def test_prints_do_not_break_the_stream(capfd: pytest.CaptureFixture[str]) -> None:
    done = run(pool_tasks.perform, [["print:x", "a", "print:y"], ["large:z"], ["stdin:no"]], 2)
    assert done["print:x", "a", "print:y"] == ["did print:x", "did a", "did print:y"]
    assert done["large:z",] == ["z" * (1 << 20)]
    assert capfd.readouterr() == ("", "")


def test_large_tasks_and_large_answers_pass() -> None:
    tasks = [f"{at}" * 300_000 for at in range(8)]
    assert run(pool_tasks.perform, [tasks], 2) == {tuple(tasks): [f"did {task}" for task in tasks]}


def test_an_answer_that_does_not_pickle_is_not_lost_in_silence() -> None:
    with Pool(pool_tasks.unpicklable, crashed, workers=2) as pool:
        pool.submit([0, 1, 2])
        try:
            ((_, results),) = pool.results(wait=True)
        except Exception as error:  # noqa: BLE001 - which one is pickle's own business
            assert "pickle" in repr(error).lower()  # noqa: PT017
        else:
            assert results[0] == 0
            assert str(results[1]).startswith("crashed 1")
            assert results[2] == 2


@pytest.mark.parametrize("workers", [2, 3])
def test_closing_early_ends_the_workers(workers: int) -> None:
    before = threading.active_count()
    with Pool(pool_tasks.slow, died, workers=workers) as pool:
        for _ in range(50):
            pool.submit([0.01] * 500)  # minutes of work
        assert threading.active_count() == before + workers
    assert threading.active_count() == before


def test_an_error_of_the_caller_closes_the_pool() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), Pool(pool_tasks.slow, died, workers=2) as pool:  # noqa: PT012
        pool.submit([0.01] * 1000)
        raise KeyError
    assert threading.active_count() == before


def test_without_waiting_nothing_is_waited_for() -> None:
    with Pool(pool_tasks.slow, died, workers=2) as pool:
        pool.submit([0.5])
        assert list(pool.results(wait=False)) == []
        assert [results for _, results in pool.results(wait=True)] == [[0.5]]
        assert list(pool.results(wait=True)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_room_ends_and_comes_back(workers: int) -> None:
    with Pool(pool_tasks.double, died, workers=workers) as pool:
        count = 0
        while pool.room:
            pool.submit([count])
            count += 1
            assert count < 100
        assert count >= workers
        list(pool.results(wait=True))
        assert pool.room


def test_no_main_guard_is_needed(tmp_path: Path) -> None:
    (tmp_path / "own_task.py").write_text("def call(task):\n    return task + 1\n")
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\n"
        "from lookalike.pool import Pool\n"
        "from own_task import call\n"
        "with Pool(call, lambda task, reason: reason, workers=2) as pool:\n"
        "    pool.submit([1, 2])\n"
        "    print(list(pool.results(wait=True)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == "once\n[([1, 2], [2, 3])]\n"
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="the separator of import paths cannot be in a Windows name")
def test_a_folder_with_a_colon_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "12:30"
    folder.mkdir()
    (folder / "own_task.py").write_text("def call(task):\n    return task + 1\n")
    (folder / "script.py").write_text(
        "from lookalike.pool import Pool\n"
        "from own_task import call\n"
        "with Pool(call, lambda task, reason: reason, workers=2) as pool:\n"
        "    pool.submit([1])\n"
        "    print(list(pool.results(wait=True)))\n"
    )
    done = subprocess.run([sys.executable, folder / "script.py"], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == "[([1], [2])]\n"


def test_worker_counts() -> None:
    assert usable_cores() >= 1
    assert default_workers() >= max(2, usable_cores())


def test_workers_run_nothing_that_lies_in_the_current_folder(tmp_path: Path) -> None:
    for name in ("json.py", "pickle.py", "lookalike.py"):
        (tmp_path / name).write_text("open('was_run', 'w').close(); raise SystemExit(1)\n")
    code = (
        "from lookalike.pool import Pool\n"
        "with Pool(len, lambda task, reason: reason, workers=2) as pool:\n"
        "    pool.submit(['ab'])\n"
        "    print(list(pool.results(wait=True)))\n"
    )
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "[(['ab'], [2])]" in done.stdout, done.stderr
    assert not (tmp_path / "was_run").exists()
