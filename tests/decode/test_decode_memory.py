"""What decoding many files at once holds in memory, and what happens where there is not enough."""

import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from lookalike import decode
from lookalike.decode.png import inflate
from lookalike.model import MAX_PIXELS

SIDE = 3000
PICTURE_BYTES = SIDE * (1 + 3 * SIDE)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def flat_png(level: int, side: int = SIDE) -> bytes:
    """Return a large picture of one gray, small as a file."""
    row = b"\0" + bytes([level]) * (3 * side)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(row * side, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_small_files_of_large_pictures_are_not_all_inflated_at_once() -> None:
    one, other = flat_png(50), flat_png(200)
    files = [one, other, b"GIF89a", one, other, one, other, one, one[:-50], other]
    tracemalloc.start()
    made = decode.decode_all(files, max_pixels=MAX_PIXELS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * PICTURE_BYTES
    if inflate(one, MAX_PIXELS) is None:  # installed without a compiler
        return
    assert [thumbnail is None for thumbnail in made] == [at in (2, 8) for at in range(10)]
    assert all(np.ptp(thumbnail.luma) == 0 for thumbnail in made if thumbnail is not None)
    lumas = [int(thumbnail.luma[0, 0]) for thumbnail in made if thumbnail is not None]
    assert lumas == [50, 200, 50, 200, 50, 200, 50, 200]


STARVED = """
import resource, sys
from pathlib import Path
from lookalike.scan.examining import Task, examine
from lookalike.scan.shortcut import Shortcut

def task(name, size=None):
    status = Path(name).stat()
    return Task(1, name, size or status.st_size, status.st_mtime_ns, (), truncated=False, max_pixels=10**9)

examine(task("small.png"))  # whatever is loaded at first use
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (60 << 20),) * 2)
outcome = examine(task("large.png"))
print(outcome.kind, outcome.reason)
way, chunk = Shortcut(), [task("large.png"), task("small.png")]
print([None if outcome is None else outcome.kind for outcome in way.settle(chunk, way.read(chunk))])
print(way.read([task("small.png", 60 << 20)] * 32) == [None] * 32)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")
def test_too_little_memory_for_a_file_costs_that_file(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(flat_png(50, 6000))
    (tmp_path / "small.png").write_bytes(flat_png(50, 100))
    done = subprocess.run([sys.executable, "-c", STARVED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["limit not enough memory to decode it", "[None, None]", "True"], done.stderr
