"""The native JPEG reader takes a file only where it gives what Pillow and libjpeg-turbo give, to the bit."""

import io
import math
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import encode, scene
from jpeg_writer import segment, write
from lookalike import metadata
from lookalike.decode import thumbnails
from lookalike.model import BLOCK, CHROMA_SIDE, MIN_BLOCKS

native = pytest.importorskip("lookalike._native", reason="installed without kernels")

NO_LIMIT = 1 << 40
SIZES = [(1, 1), (17, 9), (64, 64), (100, 183), (185, 185), (201, 333)]


def reference(data: bytes) -> tuple[Image.Image, tuple[object, ...]]:
    """Decode with Pillow as the *fast* decoding does; return the picture at that scale, and facts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(io.BytesIO(data))
        assert image.format == "JPEG"
        width, height = image.size
        tables = getattr(image, "quantization", {})
        unit = BLOCK if -(-min(width, height) // BLOCK) >= MIN_BLOCKS else 1
        assert thumbnails._draft(image, unit)  # the reference itself
        image.load()
        facts = metadata.exif(image)
    return image, (width, height, unit, facts.get("orientation", 1), sum(tables.get(0, [])))


def agrees(data: bytes) -> bool:
    """Return whether the file is taken; if so, it must be as Pillow says."""
    taken = native.jpeg(data, NO_LIMIT)
    if taken is None:
        return False
    width, height, unit, luma, cb, cr, across, down, orientation, exif, exif_size, quality_sum = taken
    image, facts = reference(data)
    assert (width, height, unit, orientation, quality_sum) == facts
    assert np.array_equal(luma, np.asarray(image.getchannel(0)))
    assert (cb is None) == (cr is None) == (image.mode == "L")
    if cb is not None:
        assert cb.shape == cr.shape == (math.ceil(down), math.ceil(across))
    if exif_size:
        assert data[exif - 6 : exif] == b"Exif\0\0"
    return True


def small_chroma(plane: NDArray[np.uint8], box: tuple[float, float]) -> NDArray[np.int16]:
    small = Image.fromarray(plane).resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BOX, (0, 0, *box))
    return np.asarray(small).astype(np.int16)


def off_in_chroma(data: bytes) -> NDArray[np.int16]:
    """Return by how many levels the values of the chroma thumbnail differ from Pillow's."""
    _, _, unit, _, cb, cr, across, down, *_ = native.jpeg(data, NO_LIMIT)
    image, facts = reference(data)
    box = (int(str(facts[0])) / unit, int(str(facts[1])) / unit)
    theirs = np.asarray(image.resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BOX, (0, 0, *box))).astype(np.int16)
    ours = np.stack([small_chroma(cb, (across, down)), small_chroma(cr, (across, down))], axis=-1)
    off: NDArray[np.int16] = np.abs(ours - theirs[..., 1:])
    return off


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize(
    "options",
    [{}, {"optimize": True}, {"progressive": True}, {"restart_marker_blocks": 3}, {"restart_marker_rows": 1}],
    ids=lambda options: "-".join(options) or "plain",
)
def test_what_pillow_writes_is_read_as_pillow_reads_it(
    size: tuple[int, int], subsampling: int, options: dict[str, Any]
) -> None:
    large = -(-min(size) // BLOCK) >= MIN_BLOCKS
    for quality in (1, 75, 100):
        picture = scene(quality, *size)
        for image in (picture, picture.convert("L")):
            data = encode(image, quality=quality, subsampling=subsampling, **options)
            assert agrees(data) == (large or "progressive" not in options)


def test_every_quality() -> None:
    for quality in range(1, 101):
        assert agrees(encode(scene(quality, 48, 40), quality=quality))
        assert agrees(encode(scene(quality, 190, 200), quality=quality))


SAMPLINGS = {
    "gray": [(1, 1)], "gray-2x2": [(2, 2)], "444": [(1, 1)] * 3, "422": [(2, 1), (1, 1), (1, 1)],
    "420": [(2, 2), (1, 1), (1, 1)], "440": [(1, 2), (1, 1), (1, 1)], "411": [(4, 1), (1, 1), (1, 1)],
    "441": [(1, 4), (1, 1), (1, 1)], "410": [(4, 2), (1, 1), (1, 1)], "3x1": [(3, 1), (1, 1), (1, 1)],
    "3x2": [(3, 2), (1, 2), (1, 2)], "422-as-2x2": [(2, 2), (1, 2), (1, 2)], "444-as-2x1": [(2, 1)] * 3,
}  # fmt: skip


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS.keys())
@pytest.mark.parametrize("size", [(3, 5), (40, 50), (187, 197)], ids=str)
def test_other_kinds_are_read_as_pillow_reads_them(size: tuple[int, int], sampling: list[tuple[int, int]]) -> None:
    apart = [[[0], [1], [2]], [[2], [0, 1]], [[1, 2], [0]]] if len(sampling) == 3 else []
    for seed, scans in enumerate([None, None, None, *apart]):
        assert agrees(write(*size, sampling, scans=scans, seed=seed, restart=(0, 1, 9)[seed % 3], extended=seed == 1))


def test_coefficients_out_of_range_are_not_taken() -> None:
    assert not agrees(write(200, 200, [(1, 1)], quant=1).replace(b"\xff\xdb\0\x43\0\x01", b"\xff\xdb\0\x43\0\xff", 1))
    assert not agrees(write(40, 40, [(1, 1)], quant=1).replace(b"\xff\xdb\0\x43\0\x01", b"\xff\xdb\0\x43\0\xff", 1))


def test_chroma_thumbnails_are_near_those_of_pillow() -> None:
    for seed in range(4):
        for size in ((640, 400), (333, 222), (60, 50)):
            assert off_in_chroma(encode(scene(seed, *size), quality=85, subsampling=0)).max() <= 1
            # Edges fall into one cell of 8x8 or the next: a block of subsampled chroma is 16 pixels wide, and Pillow's box
            # takes samples whole.
            assert off_in_chroma(encode(scene(seed, *size), quality=85, subsampling=2)).mean() <= 4


def test_small_pictures_without_subsampling_have_the_chroma_of_libjpeg() -> None:
    data = encode(scene(1, 50, 37), quality=70, subsampling=0)
    *_, cb, cr = native.jpeg(data, NO_LIMIT)[:6]
    image, _ = reference(data)
    assert np.array_equal(np.stack([cb, cr], axis=-1), np.asarray(image)[..., 1:])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(11))
def test_orientation(order: str, orientation: int) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F] = "Maker of cameras"
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    data = encode(scene(1, 64, 40), exif=exif)
    assert agrees(data)
    assert native.jpeg(data, NO_LIMIT)[8] == (orientation if 1 <= orientation <= 8 else 1)


def plain() -> bytes:
    return encode(scene(2, 200, 192), quality=30)


def inserted(data: bytes, marker: int, body: bytes, before: bytes = b"\xff\xdb") -> bytes:
    at = data.index(before)
    return data[:at] + segment(marker, body) + data[at:]


def damaged() -> Iterator[tuple[str, bytes]]:
    data, restarts = plain(), encode(scene(2, 200, 192), quality=30, restart_marker_blocks=9)
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    assert agrees(inserted(data, 0xE1, exif))
    yield "empty", b""
    yield "start only", data[:2]
    yield "no end", data[:-2]
    yield "end early", data[: len(data) // 2] + b"\xff\xd9"
    yield "bytes before the end", data[:-2] + b"\0" + data[-2:]
    yield "bytes before a marker", data[:frame] + b"\0" + data[frame:]
    yield "cmyk", encode(scene(2, 200, 192).convert("CMYK"))
    yield "rgb", encode(scene(2, 200, 192), keep_rgb=True)
    rgb = inserted(write(200, 200, [(1, 1)] * 3), 0xEE, b"Adobe" + bytes(7))
    yield "rgb by adobe", rgb
    yield "jfif behind the scan", rgb[:-2] + segment(0xE0, b"JFIF\0\1\1" + bytes(7)) + rgb[-2:]
    yield "unknown adobe transform", inserted(write(200, 200, [(1, 1)] * 3), 0xEE, b"Adobe" + bytes(6) + b"\x02")
    yield "adobe behind the scan", data[:-2] + segment(0xEE, b"Adobe" + bytes(6) + b"\1") + data[-2:]
    yield "short colour profile", inserted(data, 0xE2, b"ICC_PROFILE\0\1")
    yield "photoshop resource cut off", inserted(data, 0xED, b"Photoshop 3.0\0" + b"8BIM\4\4")
    yield "12 bits", data[: frame + 4] + b"\x0c" + data[frame + 5 :]
    yield "no height", data[: frame + 5] + b"\0\0" + data[frame + 7 :]
    yield "more height", data[: frame + 5] + b"\x01\0" + data[frame + 7 :]
    yield "arithmetic", data[: frame + 1] + b"\xc9" + data[frame + 2 :]
    yield "lossless", data[: frame + 1] + b"\xc3" + data[frame + 2 :]
    yield "two frames", data[:frame] + data[frame : frame + 19] + data[frame:]
    yield "lines defined later", data[:-2] + segment(0xDC, b"\0\xc0") + data[-2:]
    yield "no tables", data[: data.index(b"\xff\xc4")] + data[scan:]
    yield "no quantisation", data[: data.index(b"\xff\xdb")] + data[frame:]
    yield "restart marker out of order", restarts.replace(b"\xff\xd1", b"\xff\xd2", 1)
    yield "restart marker missing", restarts.replace(b"\xff\xd1", b"", 1)
    yield "restart marker unasked", data[:-2] + b"\xff\xd0" + data[-2:]
    yield "several pictures", inserted(data, 0xE2, b"MPF\0" + bytes(20))
    yield "two exif segments", inserted(inserted(data, 0xE1, exif), 0xE1, exif)
    yield "exif with a strange type", inserted(data, 0xE1, exif.replace(b"\x12\x01\x03", b"\x12\x01\x04"))
    resolution = b"Exif\0\0II*\0\x08\0\0\0\2\0\x1a\1\7\0\1\0\0\0\7\0\0\0\x28\1\3\0\1\0\0\0\2\0\0\0\0\0\0\0"
    yield "resolution of one byte", inserted(write(200, 200, [(1, 1)]), 0xE1, resolution)
    yield "exif cut off", inserted(data, 0xE1, exif[:20])
    yield "short jfif", inserted(data, 0xE0, b"JFIF\0\x01")
    yield "orientation in xmp", inserted(data, 0xE1, b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6"/>')
    yield "chroma finer than luma", write(200, 200, [(1, 1), (2, 2), (2, 2)])
    yield "no whole factor", write(200, 200, [(3, 1), (2, 1), (2, 1)])
    yield "one component left out", write(200, 200, [(1, 1)] * 3, scans=[[0], [1]])
    yield "one component twice", write(200, 200, [(1, 1)] * 3, scans=[[0], [0], [1], [2]])


@pytest.mark.parametrize(("name", "data"), list(damaged()), ids=[name for name, _ in damaged()])
def test_unusual_files_are_left_to_pillow(name: str, data: bytes) -> None:
    assert native.jpeg(data, NO_LIMIT) is None


def test_the_limit_of_pixels_is_inclusive() -> None:
    assert native.jpeg(plain(), 200 * 192) is not None
    assert native.jpeg(plain(), 200 * 192 - 1) is None


def test_the_longest_side_is_that_of_libjpeg() -> None:
    data = encode(Image.new("L", (200, 65500)))
    assert agrees(data)
    longer = data.replace((65500).to_bytes(2, "big"), (65501).to_bytes(2, "big"), 1)  # of as many blocks
    assert native.jpeg(longer, NO_LIMIT) is None


def cut_scans(data: bytes, keep: int) -> bytes:
    """Return a progressive file without its last scans."""
    pieces = data.split(b"\xff\xda")
    return b"\xff\xda".join(pieces[: keep + 1]).split(b"\xff\xd9")[0] + b"\xff\xd9"


def test_progressive_files_must_be_whole() -> None:
    data = encode(scene(3, 200, 200), progressive=True, quality=50)
    scans = data.count(b"\xff\xda")
    assert scans > 5
    assert agrees(data)
    assert not any(agrees(cut_scans(data, keep)) for keep in range(1, scans))


@pytest.mark.parametrize(
    "options",
    [
        {"size": (24, 24)}, {"size": (24, 24), "restart_marker_blocks": 1}, {"size": (190, 187), "quality": 5},
        {"size": (190, 187), "quality": 3, "progressive": True}, {"size": (190, 187), "quality": 5, "restart_marker_rows": 1},
    ],
    ids=["small", "small-restarts", "large", "large-progressive", "large-restarts"],
)  # fmt: skip
def test_damage_is_never_guessed_over(options: dict[str, Any]) -> None:
    data = encode(scene(4, *options["size"]), **{name: value for name, value in options.items() if name != "size"})
    assert agrees(data)
    assert not any(agrees(data[:end]) for end in range(len(data)))
    random = np.random.default_rng(1)
    taken = 0
    for _ in range(1500):
        changed = bytearray(data)
        for at in random.integers(0, len(data), random.integers(1, 4)):
            changed[at] = random.integers(256) if random.integers(2) else changed[at] ^ (1 << random.integers(8))
        taken += agrees(bytes(changed))
    assert taken > 20  # changed coefficients and comments, say


def pieces(data: bytes) -> list[bytes]:
    """Split a file before each of its markers but restart markers."""
    return re.split(rb"(?=\xff[\x01-\xcf\xd8-\xfe])", data)[1:]


def test_segments_in_any_order_and_number() -> None:
    whole = [
        encode(scene(5, 200, 190), quality=9), encode(scene(5, 190, 200), quality=9, progressive=True),
        encode(scene(5, 30, 20), subsampling=0, restart_marker_blocks=5),
        write(190, 185, [(2, 1), (1, 1), (1, 1)], scans=[[0], [2], [1]]),
    ]  # fmt: skip
    extras = [
        b"\xff", segment(0xDD, b"\0\5"), segment(0xDB, b"\0" + b"\2" * 64), segment(0xDB, b""), segment(0xC4, b""),
        segment(0xFE, b"words"), segment(0xE0, b"JFIF\0\1\1" + bytes(7)), segment(0xE0, b"JFXX\0"),
        *(segment(0xEE, b"Adobe" + bytes(6) + bytes([transform])) for transform in range(3)), segment(0xEE, b"Adobe"),
        *(segment(0xE2, b"ICC_PROFILE\0\1\1"[:size]) for size in (12, 13, 14)), segment(0xED, b"Photoshop 3.0\0"),
        *(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\2ab"[:size]) for size in (6, 9, 12, 14)),
    ]  # fmt: skip
    random = np.random.default_rng(7)
    taken = 0
    for _ in range(2500):
        parts = pieces(whole[random.integers(len(whole))])
        for _ in range(random.integers(1, 4)):
            one, other = random.integers(1, len(parts), 2)
            match random.integers(5):
                case 0:
                    parts[one], parts[other] = parts[other], parts[one]
                case 1:
                    parts.insert(one, parts[other])
                case 2:
                    parts.insert(one, pieces(whole[random.integers(len(whole))])[1])
                case _:
                    parts.insert(one, extras[random.integers(len(extras))])
        taken += agrees(b"".join(parts))
    assert taken > 500


def test_files_in_turns_are_read_as_one_by_one() -> None:
    files = [encode(scene(seed, 190 + 9 * seed, 420 - 9 * seed), quality=9 + 5 * seed) for seed in range(17)]
    files[3] = files[3][:-50]
    files[5:8] = [b"", encode(scene(1, 60, 60)), encode(scene(1, 300, 300), progressive=True)]
    files[11] = encode(scene(5, 200, 300), restart_marker_blocks=2, quality=100)
    for count in (0, 1, 2, 5, 6, len(files)):
        together = native.jpegs(files[:count], NO_LIMIT)
        assert len(together) == count
        for file, found in zip(files, together, strict=False):
            alone = native.jpeg(file, NO_LIMIT)
            assert (found is None) == (alone is None)
            if found is not None:
                assert all(np.array_equal(a, b) for a, b in zip(found, alone, strict=True))
    assert sum(found is None for found in native.jpegs(files, NO_LIMIT)) == 2


@pytest.mark.parametrize(
    ("folder", "least"), [("photos", 690), ("formats", 35), ("broken", 0), ("pdq", 10), ("exif", 18)]
)
def test_real_files(shared_data: Path, folder: str, least: int) -> None:
    paths = [path for path in sorted((shared_data / folder).rglob("*")) if path.is_file()]
    files = [data for path in paths if (data := path.read_bytes()).startswith(b"\xff\xd8\xff")]
    assert sum(map(agrees, files)) >= least
