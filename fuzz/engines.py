"""What makes inputs: libFuzzer by way of atheris where that is installed, which sees what code they reach; else a loop."""

import importlib.util
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from blake3 import blake3

TIMEOUT = 60
"""Seconds of one input from which it hangs."""
MOST_BYTES = 8192
"""Of an input, unless a seed is longer."""
FOUND = 77
"""Exit code of a process that found something."""
REPORT = "fuzz: {inputs} inputs"

Run = Callable[[bytes], None]


class Hang(BaseException):
    """An input takes too long; no handler of the program may take it for an error of its own."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    inputs : int
        How many there were.
    finding : bytes or None
        The input that something was found by; the run ends with it.
    error : str
        What was found: the traceback.
    """

    inputs: int
    finding: bytes | None = None
    error: str = ""


def engine() -> str:
    """Return the name of the engine in use: what FUZZ_ENGINE in the environment says, else atheris where it is installed."""
    return os.environ.get("FUZZ_ENGINE") or (
        "atheris" if importlib.util.find_spec("atheris") is not None else "mutations"
    )


def mutations(run: Run, seeds: Sequence[bytes], words: Sequence[bytes], seconds: float, seed: int = 1) -> Outcome:
    """Run seeds, then mutations of them, for some seconds; the same seed makes the same inputs.

    Parameters
    ----------
    run : callable
        A target; raises for a finding.
    seeds : sequence of bytes
        What to start from, at least one.
    words : sequence of bytes
        What is worth putting in.
    seconds : float
        How long; one input is run in any case.
    seed : int
        Of the random numbers.

    Returns
    -------
    Outcome
        With the first finding, if any.
    """
    chosen, count, end = random.Random(seed), 0, time.monotonic() + seconds

    def inputs() -> Iterable[bytes]:
        at = 0
        while at == 0 or time.monotonic() < end:
            yield seeds[at] if at < len(seeds) else _mutated(seeds, words, chosen)
            at += 1

    def overdue(_signal: int, _frame: FrameType | None) -> None:
        raise Hang(f"more than {TIMEOUT} seconds")

    before = signal.signal(signal.SIGALRM, overdue)
    try:
        for count, data in enumerate(inputs(), 1):
            signal.alarm(TIMEOUT)
            try:
                run(data)
            except (Exception, Hang):  # noqa: BLE001 - whatever gets out of a target is a finding
                return Outcome(count, data, traceback.format_exc())
            finally:
                signal.alarm(0)
    finally:
        signal.signal(signal.SIGALRM, before)
    return Outcome(count)


def _mutated(seeds: Sequence[bytes], words: Sequence[bytes], chosen: random.Random) -> bytes:
    data = bytearray(chosen.choice(seeds))
    for _ in range(chosen.choice((1, 1, 2, 3, 6, 12))):
        at, other = chosen.randint(0, len(data)), chosen.choice(seeds)
        some = chosen.randint(1, 16)
        match chosen.randrange(8 if words else 7):
            case 0 if at < len(data):
                data[at] ^= 1 << chosen.randrange(8)
            case 1 if at < len(data):
                data[at] = chosen.choice((0, 1, 0x7F, 0x80, 0xFF, chosen.randrange(256)))
            case 2:
                del data[at:]
            case 3:
                del data[at : at + some]
            case 4:
                data[at:at] = data[at : at + some] * chosen.randint(1, 3)
            case 5:
                data[at:at] = chosen.randbytes(some)
            case 6:
                start = chosen.randint(0, len(other))
                data[at : at + some] = other[start : start + chosen.randint(1, 64)]
            case _:
                data[at : at + chosen.choice((0, 0, some))] = chosen.choice(words) if words else b""
    return bytes(data)


def atheris(  # pragma: no cover - ends the process
    run: Run, seeds: Sequence[bytes], words: Sequence[bytes], seconds: float, folder: str
) -> None:
    """Run libFuzzer for some seconds; ends the process, with 0 where nothing was found.

    Parameters
    ----------
    run : callable
        A target; raises for a finding.
    seeds, words : sequence of bytes
        As for `mutations`.
    seconds : float
        How long.
    folder : str
        Keeps the corpus as it grows, and what something was found by.
    """
    import atheris as library  # noqa: PLC0415 - optional

    corpus, dictionary = os.path.join(folder, "corpus"), os.path.join(folder, "words")
    os.makedirs(corpus, exist_ok=True)
    for number, seed in enumerate(seeds):
        with open(os.path.join(corpus, f"seed-{number:04}"), "wb") as file:
            file.write(seed)
    with open(dictionary, "w", encoding="ascii") as text:
        text.writelines('"' + "".join(f"\\x{value:02x}" for value in word) + '"\n' for word in words)

    count = 0

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        try:
            run(data)
        except BaseException:  # noqa: BLE001 - whatever gets out of a target is a finding
            traceback.print_exc()
            found = Path(folder, f"finding-{blake3(data).hexdigest()[:12]}")
            found.write_bytes(data)
            print(f"{found}\n{REPORT.format(inputs=count)}", file=sys.stderr, flush=True)
            os._exit(FOUND)

    most = max(MOST_BYTES, *map(len, seeds))
    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-timeout={TIMEOUT}",
        "-rss_limit_mb=4096",
        f"-max_len={most}",
    ]
    options += ["-print_final_stats=1", f"-artifact_prefix={folder}{os.sep}hang-"]
    options += [f"-dict={dictionary}"] if words else []
    library.Setup([sys.argv[0], *options, corpus], one)
    library.Fuzz()
