"""Every function that can be told a kernel names those there are where there is no such one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lookalike import join
from lookalike.errors import UsageError
from lookalike.hashes import crops, dct, gray, lanczos, pdq, resampled, wavelet
from lookalike.kernels import IS_COMPILED, KERNELS, REFERENCE, chosen
from lookalike.verify.colour import colour
from lookalike.verify.measuring import measure
from lookalike.verify.texture import texture
from lookalike.verify.views import crop

LUMA = np.random.default_rng(0).integers(0, 256, (1, 64, 64), np.uint8)
BLOCK = np.arange(5, dtype=np.uint64)
ROW, MAPS, FEW = np.array([0]), np.eye(2, 3)[np.newaxis], np.array([[9, 9, 50, 50]])
CHROMA = np.full((1, 8, 8, 2), 128, np.uint8)


@pytest.mark.parametrize(
    "call",
    [
        lambda kernel: dct.low_frequencies(LUMA, 8, kernel=kernel),
        lambda kernel: crops.hash_boxes(LUMA, FEW, kernel=kernel),
        lambda kernel: lanczos.shrink(LUMA[0], (64, 64), 1, 8, kernel=kernel),
        lambda kernel: lanczos.reduce(LUMA, 9, 8, kernel=kernel),
        lambda kernel: pdq.reduce_luma(LUMA[0].astype(np.float32), kernel=kernel),
        lambda kernel: pdq.frequencies(LUMA.astype(np.float32), kernel=kernel),
        lambda kernel: wavelet.low_frequencies(LUMA[0], 8, kernel=kernel),
        lambda kernel: gray.resize_gray(LUMA[0], 9, 8, kernel=kernel),
        lambda kernel: resampled.resample(LUMA[0, :, :, np.newaxis], 9, 8, "triangle", kernel=kernel),
        lambda kernel: join.near_pairs(BLOCK, 1, kernel=kernel),
        lambda kernel: join.search(BLOCK, BLOCK, radius=1, kernel=kernel),
        lambda kernel: join.stream_cross_pairs(BLOCK, BLOCK, 1, kernel=kernel),
        lambda kernel: measure((LUMA, ROW), (LUMA, ROW), 64, kernel=kernel),
        lambda kernel: texture(measure((LUMA, ROW), (LUMA, ROW), 64), kernel=kernel),
        lambda kernel: crop(LUMA, FEW, kernel=kernel),
        lambda kernel: colour((CHROMA, ROW), (CHROMA, ROW), MAPS, ROW > 0, np.zeros((1, 8, 8), bool), kernel=kernel),
    ],
)
def test_a_kernel_that_is_not_there_is_refused_with_the_names(call: Callable[[str | None], Any]) -> None:
    call(None)
    for wrong in ("sse9", ""):
        with pytest.raises(UsageError, match=f"kernel must be one of .*(reference|pillow), got '{wrong}'"):
            call(wrong)


def test_the_best_comes_first_and_the_reference_last() -> None:
    assert (("native", REFERENCE) if IS_COMPILED else (REFERENCE,)) == KERNELS
    assert chosen(None) == KERNELS[0]
