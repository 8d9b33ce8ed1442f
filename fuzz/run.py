"""Fuzz what reads text, files and rows that others wrote: python fuzz/run.py TARGET|all SECONDS [FOLDER].

With atheris where it is installed (pip install atheris), else by a seeded loop of mutations. FOLDER keeps for each target its
corpus, and what something was found by; the run goes on from there the next time. SECONDS are shared by all targets, those in
C++ (native/fuzz) included, as many at a time as there are processors. Exit code 1 where something was found.
"""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import engines
from targets import NATIVE, TARGETS, target

ALL = (*TARGETS, *NATIVE)
USAGE = f"usage: python fuzz/run.py TARGET|all SECONDS [FOLDER]; targets: {', '.join(ALL)}"
ROOT = Path(__file__).resolve().parents[1]
SCRIPT, SOURCE = ROOT / "native" / "fuzz" / "run", ROOT / "src"
INPUTS = r"(?:executed_units: |execs_done *: |fuzz: )(\d+)|^(\d+) inputs"
HOMES = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA")
HANG_EXIT = 70
"""Of libFuzzer, where an input takes too long."""


def alone(name: str, seconds: float, folder: str) -> int:
    """Run a target in this process.

    Parameters
    ----------
    name : str
        Of the target.
    seconds : float
        How long.
    folder : str
        Where its corpus and findings are kept.

    Returns
    -------
    int
        1 where something was found. With atheris, the process ends instead.
    """
    os.makedirs(folder, exist_ok=True)
    watched: Any = nullcontext()
    if engines.engine() == "atheris":
        import atheris  # noqa: PLC0415 - optional

        _plainly()
        watched = atheris.instrument_imports(include=["lookalike"])
    with watched, tempfile.TemporaryDirectory(prefix="lookalike-fuzz-") as scratch:
        for variable in HOMES:  # no run touches the real catalog or ledger
            os.environ[variable] = os.path.join(scratch, "home")
        chosen = target(name)
        run, seeds = chosen.make(scratch), chosen.seeds()
        if engines.engine() == "atheris":
            engines.atheris(run, seeds, chosen.words, seconds, folder)
        found = engines.mutations(run, seeds, chosen.words, seconds)
    print(engines.REPORT.format(inputs=found.inputs))
    if found.finding is None:
        return 0
    Path(folder, "finding").write_bytes(found.finding)
    print(found.error, file=sys.stderr)
    return 1


def _plainly() -> None:
    """Have the modules of an editable install found as files: atheris does not get at what its loader loads."""
    if any(map(_is_editable, sys.meta_path)):
        sys.path.insert(0, str(SOURCE))
        sys.meta_path.sort(key=_is_editable)  # last; it has what was built


def _is_editable(finder: object) -> bool:
    return type(finder).__module__.startswith("_editable_")


def apart(name: str, seconds: float, folder: str, objects: str) -> str:
    """Run a target in a process of its own.

    Parameters
    ----------
    name, seconds, folder : str, float, str
        As for `alone`; also one of `NATIVE`.
    objects : str
        Folder for what is compiled; targets in C++ share sources.

    Returns
    -------
    str
        What was found: nothing, or crash, hang or wrong answer with the place of the log.
    """
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, "log")
    command = [sys.executable, os.path.abspath(__file__), name, str(seconds), os.path.dirname(folder), "--alone"]
    used = engines.engine()
    if name in NATIVE:
        command, used = ["sh", str(SCRIPT), name, str(max(1, round(seconds))), folder], "native/fuzz"
    with open(log, "wb") as file:
        told = {**os.environ, "PYTHON": sys.executable, "OBJECTS": objects}
        process = subprocess.Popen(command, env=told, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        _, status, spent = os.wait4(process.pid, 0)
        code = process.returncode = os.waitstatus_to_exitcode(status)
    said = Path(log).read_text("utf-8", "replace")
    inputs = "".join(([*re.findall(INPUTS, said, re.MULTILINE)] or ["?"])[-1])
    hangs, wrong = code == HANG_EXIT or "Hang:" in said, "Wrong:" in said or "deadly signal" in said
    kind = "" if code == 0 else "hang" if hangs else "wrong answer" if wrong else "crash"
    cpu = spent.ru_utime + spent.ru_stime
    row = f"{name:10} {used:12} {inputs:>10} inputs {cpu:8.1f} s of CPU  {kind or 'nothing found'}"
    print(row, flush=True)
    if kind:
        print(said[-4000:], file=sys.stderr)
    return kind


def main(arguments: list[str]) -> int:
    """Run what the command line says.

    Parameters
    ----------
    arguments : list of str
        Without the name of the program.

    Returns
    -------
    int
        Exit code: 0 where nothing was found, 1 where something was, 2 for a wrong command line.
    """
    inside = arguments[-1:] == ["--alone"]
    name, seconds, folder = [*arguments[: len(arguments) - inside], "", "", ""][:3]
    if name not in (*ALL, "all") or not re.fullmatch(r"\d+(\.\d+)?", seconds):
        print(USAGE, file=sys.stderr)
        return 2
    folder = os.path.abspath(folder or tempfile.mkdtemp(prefix="lookalike-fuzz-"))
    if inside:
        return alone(name, float(seconds), os.path.join(folder, name))
    names = ALL if name == "all" else (name,)
    together = min(os.cpu_count() or 1, len(names))
    share = float(seconds) * together / len(names)
    with tempfile.TemporaryDirectory(prefix="lookalike-objects-") as objects, ThreadPoolExecutor(together) as threads:
        found = list(threads.map(lambda one: apart(one, share, os.path.join(folder, one), objects), names))
    print(f"findings and corpora: {folder}")
    return int(any(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
