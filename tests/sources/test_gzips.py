"""Reading what gzip packed from anywhere, against the standard library, which goes back to the front each time."""

import gzip
import io
import random
import zlib

import pytest

from lookalike.sources import gzips
from lookalike.sources.gzips import Gzip

PLAIN = b"".join(random.Random(seed).randbytes(700) + bytes(random.Random(seed).randrange(3000)) for seed in range(300))


@pytest.fixture(autouse=True)
def _near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzips, "SPACING", 5000)
    monkeypatch.setattr(gzips, "MOST_MARKS", 16)
    monkeypatch.setattr(gzips, "PACKED_BYTES", 1000)


def packed(kind: str) -> bytes:
    if kind == "one":
        return gzip.compress(PLAIN)
    parts = b"".join(gzip.compress(PLAIN[at : at + 40_000]) for at in range(0, len(PLAIN), 40_000))
    return parts + bytes(100)


@pytest.mark.parametrize("kind", ["one", "many"])
@pytest.mark.parametrize("seed", range(4))
def test_any_order_as_the_standard_library_reads_it(kind: str, seed: int) -> None:
    """Members one after the other, as pigz and cat make them, with padding behind."""
    data, dice = packed(kind), random.Random(seed)
    with gzip.open(io.BytesIO(data)) as slow, io.BufferedReader(Gzip(io.BytesIO(data)), 500) as fast:
        for _ in range(60):
            at, count = dice.randrange(len(PLAIN) + 100), dice.randrange(6000)
            assert fast.seek(at) == slow.seek(at)
            assert fast.read(count) == slow.read(count)
            assert fast.tell() == slow.tell()
        fast.seek(0)
        assert fast.read() == PLAIN


def test_states_are_few_however_long_it_is() -> None:
    file = Gzip(io.BytesIO(gzip.compress(PLAIN)))
    assert file.readall() == PLAIN
    assert 4 <= len(file._marks) <= 16
    file.close()


def test_going_back_does_not_start_at_the_front() -> None:
    """The file is asked only for what lies near."""

    class Counted(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

    below = Counted(packed("one"))
    with Gzip(below) as file:
        file.readall()
        below.taken = 0
        dice = random.Random(1)
        for _ in range(100):
            file.seek(dice.randrange(len(PLAIN)))
            file.read(10)
    assert below.taken < 100 * len(packed("one")) / 6


@pytest.mark.parametrize("cut", [10, 1000, -4])
def test_what_ends_early_is_an_error(cut: int) -> None:
    with Gzip(io.BytesIO(packed("one")[:cut])) as file, pytest.raises(EOFError, match="ends early"):
        file.readall()


def test_a_wrong_checksum_is_an_error() -> None:
    data = bytearray(packed("one"))
    data[-6] ^= 1
    with Gzip(io.BytesIO(bytes(data))) as file, pytest.raises(zlib.error):
        file.readall()


def test_where_the_end_is_nobody_knows() -> None:
    with Gzip(io.BytesIO(packed("one"))) as file, pytest.raises(io.UnsupportedOperation):
        file.seek(0, io.SEEK_END)
