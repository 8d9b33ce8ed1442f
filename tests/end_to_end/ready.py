"""An interpreter that has imported the command already, and becomes a new process of it each time one is asked for.

Every command is a process of its own as before: its arguments, folder, environment, streams and exit code are real. Only what
all of them would import again is imported once.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

LONGEST = 1 << 20
"""Bytes of a question at most; the system takes far fewer in arguments and environment."""


class Ready:
    """The waiting interpreter, from the side of the tests."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(other.fileno())], pass_fds=[other.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # on a terminal, Python would write line by line in each copy
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # no thread is there when the process is copied
                start_new_session=True,
            )  # fmt: skip
        atexit.register(self._end)

    def run(
        self,
        arguments: Sequence[str],
        folder: str,
        environment: Mapping[str, str],
        streams: Sequence[int],
        timeout: float,
    ) -> int:
        """Run the command to its end and return its code, as `subprocess` has it: below zero for a signal."""
        self._socket.settimeout(timeout)
        socket.send_fds(self._socket, [json.dumps([arguments, folder, dict(environment)]).encode()], streams)
        try:
            return int(self._socket.recv(64))
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


def serve(asked: socket.socket) -> None:
    """Answer until nobody asks any more; returns in each process that is to become the command."""
    for module in pkgutil.walk_packages(import_module("lookalike").__path__, "lookalike."):
        if not module.name.endswith(".__main__"):
            import_module(module.name)
    gc.freeze()  # or each process goes through all of it once more as it ends
    while True:
        question, streams, _flags, _from = socket.recv_fds(asked, LONGEST, 2)
        if not question:
            os._exit(0)
        if (child := os.fork()) == 0:
            become(*json.loads(question), *streams)
            asked.close()
            return
        for stream in streams:
            os.close(stream)
        asked.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def become(arguments: list[str], folder: str, environment: dict[str, str], out: int, err: int) -> None:
    """Take over what a new process is given."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for own, given in ((1, out), (2, err)):
        os.dup2(given, own)
        os.close(given)
    sys.argv[1:] = arguments
    sys.path[0] = folder


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("lookalike", run_name="__main__", alter_sys=True)
