"""One process at a time, however the one before ended."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from lookalike.errors import LedgerError, UnsafeError
from lookalike.files.lock import only_one


def _hold(path: str, ready: str) -> None:
    with only_one(path):
        Path(ready).touch()
        time.sleep(60)


def test_one_process_at_a_time_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    lock, ready = str(tmp_path / "state" / "lock"), str(tmp_path / "ready")
    process = multiprocessing.get_context("fork").Process(target=_hold, args=(lock, ready))
    process.start()
    while not os.path.exists(ready):
        time.sleep(0.01)
    with pytest.raises(UnsafeError, match=f"process {process.pid}"), only_one(lock):
        pass
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    for _ in range(2):
        with only_one(lock):
            assert Path(lock).read_text() == str(os.getpid())
            with pytest.raises(UnsafeError, match=str(os.getpid())), only_one(lock):
                pass


def test_a_lock_that_cannot_be_made_is_a_fault_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="without a lock"), only_one(str(tmp_path / "file" / "lock")):
        pass
    with pytest.raises(LedgerError, match="without a lock"), only_one(str(tmp_path)):
        pass
