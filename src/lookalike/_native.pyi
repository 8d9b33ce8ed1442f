from typing import TypeAlias, TypeVar

from numpy import float32, float64, int64, uint8, uint16, uint32, uint64
from numpy.typing import NDArray

_Depth = TypeVar("_Depth", uint8, uint16)

Planes: TypeAlias = tuple[
    int, int, int, NDArray[uint8], NDArray[uint8] | None, NDArray[uint8] | None, float, float, int, int, int, bool, int
]  # fmt: skip

def kernels() -> list[str]: ...
def pdq_reduce_luma(luma: NDArray[float32]) -> NDArray[float32]: ...
def pdq_reduce_rgb(rgb: NDArray[uint8]) -> NDArray[float32]: ...
def pdq_frequencies(block: NDArray[float32], basis: NDArray[float32]) -> NDArray[float32]: ...
def haar_low(block: NDArray[uint8], levels: int, remove_mean: bool) -> NDArray[float64]: ...
def gray_kernels() -> list[str]: ...
def resize_gray(
    pixels: NDArray[uint8], across: LanczosAxis, down: LanczosAxis, down_first: bool, kernel: str
) -> NDArray[uint8]: ...
def resample(
    pixels: NDArray[_Depth],
    down_start: NDArray[int64],
    down_bounds: NDArray[int64],
    down_weights: NDArray[float32],
    across_start: NDArray[int64],
    across_bounds: NDArray[int64],
    across_weights: NDArray[float32],
) -> NDArray[_Depth]: ...
def png_header(data: bytes, max_pixels: int) -> tuple[bytes, int, bytes] | None: ...
def png_picture(data: bytes, inflated: bytes | bytearray, max_pixels: int) -> Planes | None: ...

class LanczosAxis:
    def __init__(self, size: int, result: int) -> None: ...

class PairStream:
    def __init__(
        self,
        block: NDArray[uint64],
        radius: int,
        threads: int,
        kernel: str,
        method: str = "auto",
        task_pairs: int = 1048576,
    ) -> None: ...
    @property
    def bands(self) -> list[tuple[int, int, int]]: ...
    def next(self, limit: int) -> tuple[NDArray[uint32], NDArray[uint32], NDArray[uint16]] | None: ...
