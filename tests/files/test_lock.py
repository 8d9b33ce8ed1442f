"""One process at a time, however the one before ended."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
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


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_file_system_without_locks_is_not_taken_for_another_process(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "lookalike", "undo", "--ledger", str(tmp_path / "ledger.sqlite")]
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=flock:error=ENOLCK", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, "cannot be locked (No locks available)" in done.stderr) == (5, True), done.stderr
