"""Verification in threads: what begins when, and that parts say what the whole says."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from lookalike import verify
from lookalike.verdicts.judging import pictures_of
from lookalike.verdicts.verifying import one_ahead, verify_parts


def test_each_task_begins_before_the_one_before_it_is_finished() -> None:
    said: list[str] = []

    def tasks() -> Iterator[Callable[[], int]]:
        for number in range(3):
            said.append(f"begin {number}")

            def finish(number: int = number) -> int:
                said.append(f"finish {number}")
                return number

            yield finish

    assert list(one_ahead(tasks())) == [0, 1, 2]
    assert said == ["begin 0", "begin 1", "finish 0", "begin 2", "finish 1", "finish 2"]
    assert list(one_ahead(iter([]))) == []


def test_parts_say_what_the_whole_says() -> None:
    random = np.random.default_rng(0)
    luma = random.integers(0, 256, (9, 8, 8), np.uint8).repeat(8, 1).repeat(8, 2)
    luma[5:] = luma[:4] // 2 + 40
    luma[7, :, :9] = 0  # a border
    chroma, size = np.full((9, 8, 8, 2), 128, np.uint8), np.full(9, 640)
    left, right = np.triu_indices(9, 1)
    whole = verify.verify(pictures_of(luma, chroma, size, size), left, right)

    def shown(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> verify.Pictures:
        return pictures_of(luma[rows], chroma[rows], size[rows], size[rows])

    with ThreadPoolExecutor(2) as threads:
        parts = verify_parts(shown, left, right, threads, 5)()
    assert (whole.tier < 4).any()
    for name in verify.Verdicts.__slots__:
        assert np.array_equal(getattr(parts, name), getattr(whole, name)), name
