import threading

import pytest

from lookalike.errors import UsageError
from lookalike.web.jobs import Jobs, OnProgress


def test_a_job_runs_in_its_own_thread_and_tells_how_far_it_is() -> None:
    jobs, seen, go = Jobs(), threading.Event(), threading.Event()
    where: list[threading.Thread] = []

    def work(progress: OnProgress) -> None:
        where.append(threading.current_thread())
        progress(3, 7, True)
        seen.set()
        go.wait(10)

    assert [jobs.last, jobs.busy] == [None, False]
    jobs.wait()  # for nothing
    jobs.start("Counting", work)
    assert seen.wait(10)
    job = jobs.last
    assert job is not None
    assert [job.name, job.done, job.total, job.finished, job.error, jobs.busy] == ["Counting", 3, 7, False, None, True]
    jobs.wait(0.01)
    assert jobs.busy
    go.set()
    jobs.wait()
    assert [job.finished, job.error, jobs.busy] == [True, None, False]
    assert where != [threading.current_thread()]


def test_one_at_a_time() -> None:
    jobs, go = Jobs(), threading.Event()
    done: list[int] = []

    def first(_: OnProgress) -> None:
        go.wait(10)
        done.append(1)

    jobs.start("First", first)
    with pytest.raises(UsageError, match="wait until it has ended"):
        jobs.start("Second", lambda _: done.append(2))
    go.set()
    jobs.wait()
    jobs.start("Third", lambda _: done.append(3))
    jobs.wait()
    assert done == [1, 3]


def test_many_who_start_at_once_start_one() -> None:
    jobs, go, gate = Jobs(), threading.Event(), threading.Barrier(8)
    begun, refused = [], []

    def work(_: OnProgress) -> None:
        begun.append(1)
        go.wait(10)

    def attempt() -> None:
        gate.wait(10)
        try:
            jobs.start("One", work)
        except UsageError:
            refused.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go.set()
    jobs.wait()
    assert (len(begun), len(refused)) == (1, 7)


def test_an_error_of_ours_is_told_and_the_next_job_may_begin() -> None:
    def fail(_: OnProgress) -> None:
        raise UsageError("this and that")

    jobs = Jobs()
    jobs.start("Failing", fail)
    jobs.wait()
    assert jobs.last is not None
    assert (jobs.last.error, jobs.busy) == ("this and that", False)
    jobs.start("Going well", lambda _: None)
    jobs.wait()
    assert jobs.last.error is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_is_told_and_shown_where_the_program_runs() -> None:
    def fail(_: OnProgress) -> None:
        raise ZeroDivisionError

    jobs = Jobs()
    jobs.start("Failing", fail)
    jobs.wait()
    assert jobs.last is not None
    assert (jobs.last.error or "").startswith("internal error: ZeroDivisionError(")
    assert not jobs.busy
