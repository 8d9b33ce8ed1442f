from numpy import uint16, uint32, uint64
from numpy.typing import NDArray

def kernels() -> list[str]: ...

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
