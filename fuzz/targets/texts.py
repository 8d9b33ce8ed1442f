"""Hashes as text: ours, those of imagehash, PDQ and imgdd; ids of specs and bits as bytes."""

from string import hexdigits

import numpy as np

from lookalike import bits, imagehash, upkeep
from lookalike.errors import UsageError
from lookalike.hashes.value import ImageHash
from lookalike.model import HashSpec
from targets.target import Choices, Run, Target, require

SPECS = (
    HashSpec("phash"), HashSpec("dhash", 16), HashSpec("colorhash", 3), HashSpec("pdq", 16, "jarosz", "pdq"),
    HashSpec("dhash", 8, "nearest", "imgdd"), HashSpec("whash", 4),
)  # fmt: skip


def _make(_folder: str) -> Run:
    return _run


def _run(data: bytes) -> None:
    choices = Choices(data)
    spec, length = choices.of(SPECS), choices.of((0, 1, 3, 64, 65, 1000))
    text = choices.rest().decode("utf-8", "surrogateescape")
    _ours(text, spec, length)
    _imgdd(text, spec)
    _imagehash(text)
    known = upkeep.spec_of(text)
    require(known is None or upkeep.spec_of(known.id) == known, known)
    width = bits.words(spec.bits) * 8
    if len(data) % width == 0:
        require(b"".join(bits.to_bytes(bits.from_bytes([data], spec.bits))) == data, "words")


def _ours(text: str, spec: HashSpec, length: int) -> None:
    try:
        made = ImageHash.from_hex(text, spec, length)
    except UsageError:
        return
    require(str(made) == text.lower(), str(made))
    require(len(text) == -(-len(made) // 4) and made - made == 0, len(made))
    require(int(ImageHash.from_array(made.to_array(), spec)) == int(made) if len(made) == spec.bits else True, "array")
    require(ImageHash.from_hex(str(made), spec, length) == made, made)


def _imgdd(text: str, spec: HashSpec) -> None:
    try:
        made = ImageHash.from_imgdd(text, spec)
    except UsageError:
        return
    require(ImageHash.from_imgdd(made.to_imgdd(), spec) == made, made)


def _imagehash(text: str) -> None:
    readers = (imagehash.hex_to_hash, imagehash.hex_to_multihash, imagehash.old_hex_to_hash)
    for read in readers:
        try:
            made = read(text)
        except ValueError:
            continue
        if read is imagehash.hex_to_hash and set(text) <= set(hexdigits):  # as Python does, it takes more for numbers
            again = imagehash.hex_to_hash(str(made))
            require(int(str(again), 16) == int(str(made), 16) == int(text, 16), str(made))
    for size in (1, 3, 14):
        try:
            flat = imagehash.hex_to_flathash(text, size)
        except ValueError:
            continue
        require(int(str(flat), 16) == int(text, 16), str(flat))


def _seeds() -> list[bytes]:
    made = []
    for number, spec in enumerate(SPECS):
        value = int.from_bytes(np.random.default_rng(number).bytes(bits.words(spec.bits) * 8)) % (1 << spec.bits)
        text = bits.to_hex(value, spec.bits)
        made += [
            bytes([number, 0]) + said.encode() for said in (text, text.upper(), f"0x{text}", f"{value:x}", spec.id)
        ]
        made.append(bytes([number, 0]) + f"{text},{text}".encode())
    return [*made, bytes(8), bytes(range(64)), b"\0\0 8421\n", b"\0\0-1", b"\0\0" + "\u0661".encode()]


TARGET = Target(
    "UsageError or ValueError, or a hash whose text reads back as the same hash",
    _make, _seeds, (b"0x", b",", b"-", b"_", b" ", b"\n", "\u0663".encode(), b"phash-8-lanczos3-fast-v1"),
)  # fmt: skip
