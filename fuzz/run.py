"""Fuzz what reads text, files and rows that others wrote: python fuzz/run.py TARGET|all SECONDS [FOLDER].

With atheris where it is installed (pip install atheris), else by a seeded loop of mutations. FOLDER keeps for each target its
corpus, and what something was found by; the run goes on from there the next time. Exit code 1 where something was found.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import engines
from targets import TARGETS, target

USAGE = f"usage: python fuzz/run.py TARGET|all SECONDS [FOLDER]; targets: {', '.join(TARGETS)}"
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


def apart(name: str, seconds: float, folder: str) -> str:
    """Run a target in a process of its own.

    Parameters
    ----------
    name, seconds, folder : str, float, str
        As for `alone`.

    Returns
    -------
    str
        What was found: nothing, or crash, hang or wrong answer with the place of the log.
    """
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, "log")
    before = _cpu()
    with open(log, "wb") as file:
        command = [sys.executable, os.path.abspath(__file__), name, str(seconds), os.path.dirname(folder) or "."]
        code = subprocess.run([*command, "--alone"], stdout=file, stderr=file, stdin=subprocess.DEVNULL, check=False).returncode
    said = Path(log).read_text("utf-8", "replace")
    inputs = re.findall(r"(?:executed_units: |fuzz: )(\d+)", said) or ["?"]
    kind = "" if code == 0 else "hang" if code == HANG_EXIT or "Hang:" in said else "wrong answer" if "Wrong:" in said else "crash"
    print(f"{name:12} {engines.engine():10} {inputs[-1]:>10} inputs {_cpu() - before:8.1f} s of CPU  {kind or 'nothing found'}", flush=True)
    if kind:
        print(said[-4000:], file=sys.stderr)
    return kind


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    if name not in (*TARGETS, "all") or not re.fullmatch(r"\d+(\.\d+)?", seconds):
        print(USAGE, file=sys.stderr)
        return 2
    folder = os.path.abspath(folder or tempfile.mkdtemp(prefix="lookalike-fuzz-"))
    if inside:
        return alone(name, float(seconds), os.path.join(folder, name))
    names = TARGETS if name == "all" else (name,)
    share = float(seconds) / len(names)
    found = [apart(one, share, os.path.join(folder, one)) for one in names]
    print(f"findings and corpora: {folder}")
    return int(any(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
