"""A small JPEG writer for kinds Pillow cannot write: any sampling factors, any split into scans, any coefficients."""

from dataclasses import dataclass, field

import numpy as np

DC_SYMBOLS = list(range(12))
AC_SYMBOLS = [0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 11))]
"""Symbol number i has the code i, of 4 bits for DC and of 8 bits for AC."""


def segment(marker: int, body: bytes) -> bytes:
    """Return a marker segment."""
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def up(n: int, unit: int) -> int:
    """Divide and round up."""
    return -(-n // unit)


@dataclass
class Bits:
    """Bits of one restart interval."""

    text: list[str] = field(default_factory=list)
    value: int = 0

    def put(self, value: int, size: int) -> None:
        if size:
            self.text.append(format(value, f"0{size}b"))

    def coefficient(self, value: int) -> int:
        size = abs(value).bit_length()
        self.value = value if value >= 0 else value + (1 << size) - 1
        return size

    def bytes(self) -> bytes:
        bits = "".join(self.text)
        bits += "1" * (-len(bits) % 8)
        return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:].replace(b"\xff", b"\xff\0") if bits else b""


def write(
    width: int,
    height: int,
    sampling: list[tuple[int, int]],
    *,
    scans: list[list[int]] | None = None,
    restart: int = 0,
    seed: int = 0,
    quant: int = 6,
    extended: bool = False,
) -> bytes:
    """Write a picture of random coefficients: `sampling` has (h, v) of each component, `scans` the components of each scan."""
    random = np.random.default_rng(seed)
    h_max, v_max = (max(s[i] for s in sampling) for i in (0, 1))
    frame = bytes([8]) + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes([len(sampling)])
    frame += b"".join(bytes([i + 1, h << 4 | v, 0]) for i, (h, v) in enumerate(sampling))
    out = [
        b"\xff\xd8",
        segment(0xDB, bytes([0, quant] + [quant + i // 8 for i in range(1, 64)])),
        segment(0xC1 if extended else 0xC0, frame),
        segment(0xC4, bytes([0x00, 0, 0, 0, len(DC_SYMBOLS), *[0] * 12, *DC_SYMBOLS])),
        segment(0xC4, bytes([0x10, *[0] * 7, len(AC_SYMBOLS), *[0] * 8, *AC_SYMBOLS])),
    ]
    if restart:
        out.append(segment(0xDD, restart.to_bytes(2, "big")))
    for scan in scans or [list(range(len(sampling)))]:
        body = bytes([len(scan)]) + b"".join(bytes([c + 1, 0]) for c in scan) + bytes([0, 63, 0])
        out.append(segment(0xDA, body))
        if len(scan) == 1:
            h, v = sampling[scan[0]]
            units = [1]
            mcus = up(up(width * h, h_max), 8) * up(up(height * v, v_max), 8)
        else:
            units = [sampling[c][0] * sampling[c][1] for c in scan]
            mcus = up(width, 8 * h_max) * up(height, 8 * v_max)
        previous, bits, number = [0] * len(scan), Bits(), 0
        for mcu in range(mcus):
            if restart and mcu and mcu % restart == 0:
                out += [bits.bytes(), bytes([0xFF, 0xD0 + number % 8])]
                previous, bits, number = [0] * len(scan), Bits(), number + 1
            for slot, count in enumerate(units):
                for _ in range(count):
                    dc = int(random.integers(-700, 700)) // quant
                    size = bits.coefficient(dc - previous[slot])
                    bits.put(DC_SYMBOLS.index(size), 4)
                    bits.put(bits.value, size)
                    previous[slot] = dc
                    _put_ac(bits, random)
        out.append(bits.bytes())
    return b"".join([*out, b"\xff\xd9"])


def _put_ac(bits: Bits, random: np.random.Generator) -> None:
    """Write AC coefficients: none, few, or a full block; long runs of zeros and a last one at 63 among them."""
    values = np.zeros(64, np.int64)
    places = random.choice(np.arange(1, 64), random.choice([0, 0, 1, 3, 10, 63]), replace=False)
    values[places] = (random.laplace(0, 2, len(places)) * random.choice([1, 2])).astype(int)
    run = 0
    for value in values[1 : values.nonzero()[0].max(initial=0) + 1].tolist():
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.put(AC_SYMBOLS.index(0xF0), 8)
            run -= 16
        size = bits.coefficient(value)
        bits.put(AC_SYMBOLS.index(run << 4 | size), 8)
        bits.put(bits.value, size)
        run = 0
    if values[63] == 0:
        bits.put(0, 8)
