"""Change one thing in a function at a time, and count the changes that no test notices.

Usage: python benchmarks/mutants.py [--arguments] [--every] [--most SECONDS] [--out FILE] MUTANTS TEST...

MUTANTS is a glob of names such as `lookalike.plan.*`, or a file of names, one a line. The operators, and the lines that are
left alone, are those of mutmut (`[tool.mutmut]` in pyproject.toml). All happens in a copy of the tree: every test is run
once to see which functions it calls and how long it takes; then each mutant has a fork of that process, which runs the
tests that call its function until one fails, those first that noticed others, then the fastest ones. The fork's
own children are mutants too. What no test noticed is printed.
"""

import argparse
import difflib
import gc
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from _pytest.runner import runtestprotocol
from libcst import SimpleString
from mutmut.configuration import config
from mutmut.mutation import trampoline
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string
from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "build", "__pycache__", ".hypothesis")
PATIENCE = 30, 10  # seconds, and times what the tests take by themselves


def words(node: SimpleString) -> Iterable[object]:
    """Change a text that is no prose, once."""
    return () if " " in node.value else islice(operator_string(node), 1)


def choose(*, arguments: bool) -> None:
    """Choose the operators: what messages say is left alone, and arguments are unless they are asked for."""
    without = [operator_string, operator_arg_removal][: 1 + (not arguments)]
    kept = [(kind, operator) for kind, operator in mutation_operators if operator not in without]
    mutation_operators[:] = [*kept, (SimpleString, words)]


def mutate(copy: Path) -> dict[str, list[str]]:
    """Write all mutants into the modules of the copy, each chosen by name at run time; return what each one changes."""
    changes = {}
    for path in sorted(copy.glob("src/**/*.py")):
        name = path.relative_to(copy)
        if not config().should_mutate(name):
            continue
        mutated = mutate_file_contents(str(name), path.read_text())
        path.write_text(mutated.code)
        lines, spans = mutated.code.splitlines(), mutated.line_span_by_function_name
        for mutant in mutated.mutant_names:
            sides = [spans[mutant.rpartition("_mutmut_")[0] + "_mutmut_orig"], spans[mutant]]
            before, after = (lines[side.start : side.end] for side in sides)
            shown = list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]
            changes[get_mutant_name(name, mutant)] = [line for line in shown if "_mutmut_" not in line]
    return changes


class Mutants:
    """A plug-in of pytest that runs what was collected once, and then for each mutant in a fork."""

    def __init__(self, names: list[str], out: Path, most: float, *, every: bool) -> None:
        self.names, self.out, self.most, self.every = names, out, most, every
        self.calls: dict[str, set[str]] = defaultdict(set)  # functions -> tests
        self.took: dict[str, float] = {}
        self.killers: dict[str, Counter[str]] = defaultdict(Counter)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do all of it."""
        self.items = {item.nodeid: item for item in session.items}
        self.watch()
        gc.freeze()  # so that forks share what there is
        print(f"{len(self.took)} tests, {sum(self.took.values()):.0f} s; {len(self.names)} mutants", flush=True)
        with self.out.open("a") as out:
            for name in self.names:
                function = mangled_name_from_mutant_name(name)
                started = time.perf_counter()
                outcome, test = self.outcome(session, name, self.chosen(function))
                if outcome == "killed":
                    self.killers[function][test] += 1
                seconds = round(time.perf_counter() - started, 2)
                out.write(json.dumps({"name": name, "outcome": outcome, "test": test, "seconds": seconds}) + "\n")
                out.flush()
        return True

    def watch(self) -> None:
        """Run all tests, and note what each one calls; those that fail count no more."""
        called: set[str] = set()
        real = trampoline.get_mutant_under_test, trampoline.record_trampoline_hit
        trampoline.get_mutant_under_test = lambda: "stats"
        trampoline.record_trampoline_hit = lambda name, **_: called.add(name)
        items = list(self.items.values())
        for item, following in zip(items, [*items[1:], None], strict=True):
            called.clear()
            started = time.perf_counter()
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                print(f"left out, since it fails without a mutant: {item.nodeid}", flush=True)
                continue
            self.took[item.nodeid] = time.perf_counter() - started
            for function in called:
                self.calls[function].add(item.nodeid)
        trampoline.get_mutant_under_test, trampoline.record_trampoline_hit = real

    def chosen(self, function: str) -> list[str]:
        """Return the tests that were seen to call a function, or every one, as many as there is time for."""
        killers, seconds = self.killers[function], 0.0
        chosen: list[str] = []
        for test in sorted(
            self.took if self.every else self.calls[function], key=lambda test: (-killers[test], self.took[test])
        ):
            seconds += self.took[test]
            if chosen and seconds > self.most:
                break
            chosen.append(test)
        return chosen

    def outcome(self, session: pytest.Session, name: str, tests: list[str]) -> tuple[str, str]:
        """Return killed, survived, timeout or untested; and the test that noticed it."""
        if not tests:
            return "untested", ""
        folder = tempfile.mkdtemp(prefix="mutant-")
        told, tells = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            os.close(told)
            self.run(session, name, tests, folder, tells)
        os.close(tells)
        patience = PATIENCE[0] + PATIENCE[1] * sum(self.took[test] for test in tests)
        ended = bool(select.select([told], [], [], patience)[0])
        test = os.read(told, 4096).decode() if ended else ""
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        shutil.rmtree(folder, ignore_errors=True)
        if not ended:
            return "timeout", ""
        return ("survived", "") if test == "none" else ("killed", test)

    def run(self, session: pytest.Session, name: str, tests: list[str], folder: str, tells: int) -> None:
        """Run the tests as a mutant, tell the first one that fails, and end; no word at all means that the process died."""
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.environ["MUTANT_UNDER_TEST"] = name
        vars(vars(session.config)["_tmp_path_factory"])["_basetemp"] = Path(folder)  # another fork took the same names
        items = [self.items[test] for test in tests]
        word = "none"
        try:
            for item, following in zip(items, [*items[1:], None], strict=True):
                if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                    word = item.nodeid
                    break
        except BaseException as error:  # noqa: BLE001  # of a session that the mutant has broken
            word = repr(error)
        os.write(tells, word.encode()[:4096])
        os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mutants", help="a glob of names, or a file of names")
    parser.add_argument("tests", nargs="+", help="as pytest takes them, options too")
    parser.add_argument("--most", type=float, default=float("inf"), help="seconds of tests for a mutant")
    parser.add_argument(
        "--out", type=Path, default="build/mutants.jsonl", help="file that a line for each mutant is added to"
    )
    parser.add_argument(
        "--every", action="store_true", help="also run tests that call a function in another process alone"
    )
    parser.add_argument("--arguments", action="store_true", help="also drop each argument of a call, or make it None")
    args, more = parser.parse_known_args()
    out = args.out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    choose(arguments=args.arguments)
    wanted = Path(args.mutants).read_text().split() if os.path.isfile(args.mutants) else None
    with tempfile.TemporaryDirectory(prefix="mutants-") as base:
        copy = Path(base) / "work" / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        os.chdir(copy)
        changes = mutate(copy)
        sys.path.insert(0, str(copy / "src"))
        os.environ["PYTHONPATH"] = str(copy / "src")
        chosen = wanted or [name for name in changes if fnmatch(name, args.mutants)]
        plugin = Mutants(chosen, out, args.most, every=args.every)
        pytest.main(["-s", "-q", "-p", "no:cacheprovider", *args.tests, *more], plugins=[plugin])
        os.chdir(ROOT)
    results = {row["name"]: SimpleNamespace(**row) for row in map(json.loads, out.read_text().splitlines())}
    for name in chosen:
        if results[name].outcome in ("survived", "untested"):
            print(f"\n{name}: {results[name].outcome}", *changes[name], sep="\n")
    counts = Counter((name.rpartition(".")[0], results[name].outcome) for name in chosen)
    for module in sorted({module for module, _ in counts}):
        print(module, *(f"{outcome} {count}" for (which, outcome), count in sorted(counts.items()) if which == module))


if __name__ == "__main__":
    main()
