"""Measure the exact Hamming self-join, and check it against brute force.

    python benchmarks/join.py [--rows 1000000 10000000] [--radius 8 10] [--json FILE]

Each case runs in a process of its own, so that the peak is that of the case. Time is that of `collapse` and
`stream_distinct_pairs`: wall seconds and CPU seconds of all threads, medians of the repeats, and the worst CPU
seconds. The peak is of the whole process: interpreter, NumPy, the block and one part of the pairs. Where faiss
is installed, its `IndexBinaryFlat` searches the same 100,000 hashes.
"""

import argparse
import concurrent.futures
import importlib.util
import multiprocessing
import statistics
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, join
from timing import save

DISTRIBUTIONS = ("mixed", "uniform", "chained", "skewed")
CHECKED = 50_000  # rows compared with brute force
FLAT = 100_000  # rows searched by faiss


def hashes(rows: int, size: int, distribution: str, seed: int = 0) -> NDArray[np.uint64]:
    """Return a synthetic hash block of `size` bits.

    "uniform" is random bits. "mixed" is 60 % random bits; 39 % clusters of 2 to 12, each row up to 1/12 of
    the bits from a common centre, like copies of one picture; and 1 % one value repeated, like blank images.
    "chained" bits repeat their neighbour with probability 0.7 in rows of 8, as those of a difference hash do;
    "skewed" ones have a share of ones of their own each, 0.1 to 0.9.
    """
    generator = np.random.default_rng(seed)

    def random(count: int) -> NDArray[np.uint64]:
        return generator.integers(0, 1 << 64, (count, bits.words(size)), dtype=np.uint64)

    if distribution == "uniform":
        return random(rows)
    if distribution in {"chained", "skewed"}:
        block = np.zeros((rows, bits.words(size)), np.uint64)
        shares = generator.uniform(0.1, 0.9, size)
        flag: NDArray[np.bool_] = np.zeros(rows, np.bool_)
        for at in range(size):
            if distribution == "skewed":
                flag = generator.random(rows) < shares[at]
            else:
                flag = flag != (generator.random(rows) < (0.5 if at % 8 == 0 else 0.3))
            block[:, at // bits.WORD] |= flag.astype(np.uint64) << np.uint64(at % bits.WORD)
        return block
    repeated, clustered = rows // 100, rows * 39 // 100
    lengths = generator.integers(2, 13, clustered)
    member = np.repeat(np.arange(clustered), lengths)[:clustered]
    near = random(clustered)[member]
    for _ in range(size // 12):
        which = generator.random(clustered) < 0.5
        bit = generator.integers(0, size, clustered)
        flip = np.uint64(1) << (bit % bits.WORD).astype(np.uint64)
        near[np.arange(clustered), bit // bits.WORD] ^= np.where(which, flip, np.uint64(0))
    block = np.concatenate([random(rows - repeated - clustered), near, np.repeat(random(1), repeated, axis=0)])
    return generator.permutation(block)


def peak_megabytes() -> float:
    """Return the peak resident memory of this process; the operating system's own figure."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """Run one case; called in a fresh process."""
    block = hashes(case["rows"], case["bits"], case["distribution"])
    wall, cpu, pairs, distinct = [], [], 0, block
    for _ in range(case["repeat"]):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        distinct, _ = join.collapse(block)
        parts = join.stream_distinct_pairs(distinct, case["radius"], kernel=case["kernel"], threads=case["threads"])
        pairs = sum(len(left) for left, _, _ in parts)
        wall.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - begin_cpu)
    return case | {
        "distinct": len(distinct),
        "pairs": pairs,
        "wall_s": statistics.median(wall),
        "cpu_s": statistics.median(cpu),
        "worst_cpu_s": max(cpu),
        "peak_mb": peak_megabytes(),
    }


def check(case: dict[str, Any]) -> dict[str, Any]:
    """Compare the pairs of the first rows of a case with those of the NumPy reference."""
    block = hashes(min(case["rows"], CHECKED), case["bits"], case["distribution"])
    distinct, _ = join.collapse(block)
    fast = join.distinct_pairs(distinct, case["radius"], kernel=case["kernel"])
    slow = join.distinct_pairs(distinct, case["radius"], kernel=join.REFERENCE)
    equal = all(np.array_equal(one, other) for one, other in zip(fast, slow, strict=True))
    return {"rows": len(block), "pairs": len(slow[0]), "equal": equal}


def compare(case: dict[str, Any]) -> dict[str, Any]:
    """Search the first rows of a case with the flat index of faiss, and with the join."""
    import faiss

    block = hashes(FLAT, case["bits"], case["distribution"])
    cpu: dict[str, list[float]] = {"lookalike": [], "faiss": []}
    found = {}
    for _ in range(3):
        begin = time.process_time()
        found["lookalike"] = len(join.near_pairs(block, case["radius"])[0])
        cpu["lookalike"].append(time.process_time() - begin)
    begin = time.process_time()
    index = faiss.IndexBinaryFlat(case["bits"])
    index.add(block.view(np.uint8))
    limits, _, _ = index.range_search(block.view(np.uint8), case["radius"] + 1)  # below, not up to, that radius
    found["faiss"] = (int(limits[-1]) - FLAT) // 2  # each pair twice, and each row itself
    cpu["faiss"].append(time.process_time() - begin)
    if found["lookalike"] != found["faiss"]:
        sys.exit(f"faiss finds {found['faiss']:,} pairs, lookalike {found['lookalike']:,}")
    medians = {name: statistics.median(seconds) for name, seconds in cpu.items()}
    return {"rows": FLAT, "pairs": found["faiss"], "cpu_s": medians, "ratio": medians["faiss"] / medians["lookalike"]}


def alone(function: Any, case: dict[str, Any]) -> dict[str, Any]:
    """Call `function` in a new process."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        result: dict[str, Any] = pool.submit(function, case).result()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--radius", type=int, nargs="+", default=[8, 10], help="for 64 bits; in proportion for more")
    parser.add_argument("--bits", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--distributions", nargs="+", choices=DISTRIBUTIONS, default=DISTRIBUTIONS)
    parser.add_argument("--kernel", choices=join.KERNELS, default=join.KERNELS[0])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    arguments = parser.parse_args()
    cases = [
        {
            "rows": rows,
            "distribution": distribution,
            "bits": size,
            # One less than in proportion where it is more than a word: 8 of 64, 31 of 256.
            "radius": radius if size == bits.WORD else radius * size // bits.WORD - 1,
            "kernel": arguments.kernel,
            "threads": arguments.threads,
            "repeat": arguments.repeat,
        }
        for size in arguments.bits
        for rows in arguments.rows
        for distribution in arguments.distributions
        for radius in (arguments.radius if size == bits.WORD else arguments.radius[:1])
    ]
    print(f"kernel {arguments.kernel}, median of {arguments.repeat}")
    head = ("rows", "distribution", "radius", "bits", "distinct pairs", "wall s", "CPU s", "worst", "peak MB")
    print("{:>10} {:>12} {:>6} {:>5} {:>14} {:>8} {:>8} {:>8} {:>8}".format(*head))
    results = []
    for case in cases:
        result = alone(measure, case)
        results.append(result)
        print(
            "{rows:>10,} {distribution:>12} {radius:>6} {bits:>5} {pairs:>14,} {wall_s:>8.3f} {cpu_s:>8.3f} "
            "{worst_cpu_s:>8.3f} {peak_mb:>8.0f}".format(**result),
            flush=True,
        )
    wrong = False
    for case in {(case["distribution"], case["bits"]): case for case in cases}.values():
        checked = alone(check, case)
        wrong |= not checked["equal"]
        verdict = "equal brute force" if checked["equal"] else "DIFFER FROM BRUTE FORCE"
        print(
            f"{case['distribution']}, {case['bits']} bits, radius {case['radius']}: "
            f"the {checked['pairs']:,} pairs of {checked['rows']:,} rows {verdict}",
            flush=True,
        )
        results.append(case | {"check": checked})
    if importlib.util.find_spec("faiss") is not None:
        flat = alone(compare, cases[0] | {"distribution": "uniform", "bits": bits.WORD})
        seconds = ", ".join(f"{name} {value:.3f} CPU s" for name, value in flat["cpu_s"].items())
        print(
            f"faiss IndexBinaryFlat, {FLAT:,} uniform rows: {seconds}: {flat['ratio']:.0f}x, {flat['pairs']} pairs in both"
        )
        results.append({"flat": flat})
    save(arguments.json, "join", results)
    if wrong:
        sys.exit("the join is wrong")


if __name__ == "__main__":
    main()
