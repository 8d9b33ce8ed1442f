"""Files that are small and say that they are huge, or that are huge once somebody unpacks them; each made by rule."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

MIB = 1 << 20
LARGE = 4_000
"""Side of a picture with as many pixels as tests let be decoded."""
WIDE = 65_535


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *more: tuple[bytes, bytes], mode: int = 0, depth: int = 8) -> bytes:
    """Return a PNG of zeros that has its pixels, whatever their number, and further chunks before them."""
    row = 1 + -(-width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[mode] // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, mode, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", packed(row * height)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*one) for one in chunks)


def packed(size: int) -> bytes:
    """Return zlib's rendering of so many zeros, a thousandth of them: one block of it again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(size % MIB)) + packer.flush()
    return b"\x78\xda" + block * (size // MIB) + rest + struct.pack(">HH", size % 65_521, 1)  # of Adler, the sum is 1


def apng(frames: int, claimed: int, side: int) -> bytes:
    """Return an animation of so many frames of one pixel on a canvas of that side; it claims a number of its own."""
    control = struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 100, 0, 0)
    pixel = zlib.compress(b"\0\0")
    more = [(b"acTL", struct.pack(">II", claimed, 0)), (b"fcTL", control)]
    data = png(side, side, *more)[:-12]
    for at in range(frames):
        control = struct.pack(">IIIIIHHBB", 2 * at + 1, 1, 1, at % side, 0, 1, 100, 0, 0)
        data += png_chunk(b"fcTL", control) + png_chunk(b"fdAT", struct.pack(">I", 2 * at + 2) + pixel)
    return data + png_chunk(b"IEND", b"")


def gif(width: int, height: int, frames: int, side: int = 1) -> bytes:
    """Return an animation of frames that are alike."""
    buffer = io.BytesIO()
    Image.new("L", (side, side), 9).save(buffer, "GIF")
    one = buffer.getvalue()
    frame = one[one.index(b"\x2c") : -1]
    return b"GIF89a" + struct.pack("<HH", width, height) + one[10 : one.index(b"\x2c")] + frame * frames + b";"


def tiff(
    width: int, height: int, *, compression: int = 1, strips: tuple[int, int, int] = (1, 8, 10), further: int = 0,
    tags: tuple[tuple[int, int, int, int], ...] = (), data: bytes = b"",
) -> bytes:  # fmt: skip
    """Return a gray TIFF; of its strips the number, and offset and length (of the lists, where there are several)."""
    count, offset, length = strips
    rows = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1),
        (273, 4, count, offset), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, count, length), *tags,
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *row) for row in sorted(rows))
    body = struct.pack("<H", len(rows)) + entries + struct.pack("<I", further)
    return b"II*\0" + struct.pack("<I", 8) + body + data


def strips_behind(rows: int) -> int:
    """Return where the data of a TIFF of so many tags begins."""
    return 8 + 2 + 12 * rows + 4


def deflated_tiff(side: int) -> bytes:
    data = packed(side * side)
    return tiff(side, side, compression=8, strips=(1, strips_behind(9), len(data)), data=data)


def lzw_tiff(side: int) -> bytes:
    """Return a TIFF of zeros by LZW, whose codes grow in length as far as they can."""
    buffer = io.BytesIO()
    Image.new("L", (side, side)).save(buffer, "TIFF", compression="tiff_lzw")
    return buffer.getvalue()


def many_pages(count: int) -> bytes:
    """Return a TIFF of so many pages, all of which share their pixels."""
    start, page = 8, strips_behind(9) - 8
    pages = b""
    for at in range(count):
        following = 0 if at + 1 == count else start + (at + 1) * page
        one = tiff(100, 100, strips=(1, start + count * page, 10_000), further=following)
        pages += one[8 : 8 + page]
    return b"II*\0" + struct.pack("<I", 8) + pages + bytes(10_000)


def big_tiff() -> bytes:
    """Return a BigTIFF with a tag of 2 ** 60 numbers."""
    rows = [(256, 4, 1, 100), (257, 4, 1, 100), (258, 3, 1 << 60, 8), (273, 16, 1 << 61, 1 << 62)]
    entries = b"".join(struct.pack("<HHQQ", *row) for row in rows)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(rows)) + entries + bytes(8)


def jpeg_header(width: int, height: int, data: bytes = b"", *, progressive: bool = False) -> bytes:
    """Return a gray JPEG whose header says a size of its own, up to its first scan."""
    buffer = io.BytesIO()
    Image.new("L", (64, 64), 77).save(buffer, "JPEG", progressive=progressive)
    one = bytearray(buffer.getvalue())
    frame = one.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    one[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(one) + data


def scans_jpeg(side: int, scans: int) -> bytes:
    """Return a progressive JPEG of many scans that say nothing new, each of which goes through all blocks again.

    The first scan has the DC coefficients; each other one says of up to 32,767 blocks at a time that nothing is left of
    one AC coefficient.
    """
    blocks = (-(-side // 8)) ** 2
    quantisation = b"\xff\xdb\0\x43\0" + bytes([1] * 64)
    frame = b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", side, side) + b"\x01\x01\x11\0"
    # DC: one code, of no bits. AC: of one bit the run of 32,767 blocks (0xE0, with 14 bits behind it), of two no run at all.
    dc = b"\xff\xc4\0\x14\0" + bytes([1] + [0] * 15) + b"\0"
    ac = b"\xff\xc4\0\x15\x10" + bytes([1, 1] + [0] * 14) + b"\xe0\0"
    first = b"\xff\xda\0\x08\x01\x01\0\0\0\0" + bytes(-(-blocks // 8))
    runs = -(-blocks // 32_767)
    bits = "0" + "1" * 14
    text = bits * runs
    text += "1" * (-len(text) % 8)
    body = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    more = b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0" + body
    refined = [
        b"\xff\xda\0\x08\x01\x01\0\x01\x3f" + bytes([level << 4 | level - 1]) + body for level in range(13, 0, -1)
    ]
    again = (more.replace(b"\x3f\0", b"\x3f\x0d", 1) + b"".join(refined)) * -(-scans // 14)
    return b"\xff\xd8" + quantisation + frame + dc + ac + first + again + b"\xff\xd9"


def mpo(claimed: int) -> bytes:
    """Return an MPO whose index claims so many pictures and has two."""
    buffer = io.BytesIO()
    one, two = (Image.new("L", (64, 64), level) for level in (9, 200))
    one.save(buffer, "MPO", save_all=True, append_images=[two])
    data = bytearray(buffer.getvalue())
    count = data.index(b"\x01\xb0\x04\0\x01\0\0\0") + 8  # tag 0xB001, a number: how many images
    data[count : count + 4] = struct.pack("<I", claimed)
    return bytes(data)


def webp(width: int, height: int, frames: int) -> bytes:
    """Return an animation of frames of one pixel on a canvas of any size."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "WEBP", lossless=True)
    image = buffer.getvalue()[12:]
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frame = bytes(12) + b"\x0a\0\0\0" + image
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas + b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    body += (b"ANMF" + struct.pack("<I", len(frame)) + frame) * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jp2(width: int, height: int, tile: int) -> bytes:
    """Return the header of a JPEG 2000 codestream of many tiles."""
    size = struct.pack(">HIIIIIIII", 0, width, height, 0, 0, tile, tile, 0, 0) + struct.pack(">HBBB", 1, 7, 1, 1)
    coding = b"\xff\x52\0\x0c\0\0\0\x01\0\0\x04\x04\0\x01\xff\x5c\0\x04\x40\x40"
    empty = b"\xff\x90\0\x0a\0\0\0\0\0\0\0\x01\xff\x93\xff\xd9"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size + coding + empty


def ico(entries: int, image: bytes) -> bytes:
    """Return an icon of so many pictures that are all the same one."""
    where = 6 + 16 * entries
    row = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(image), where)
    return struct.pack("<HHH", 0, 1, entries) + row * entries + image


def bmp(width: int, height: int, compression: int = 0, bits: int = 24) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 1 << 30, 0, 0, 54) + header + bytes(1000)


def psd(width: int, height: int, channels: int, depth: int = 8) -> bytes:
    header = struct.pack(">HIIHH", channels, height, width, depth, 3)
    return b"8BPS\0\x01" + bytes(6) + header + bytes(12) + b"\0\x01" + bytes(500)


def dds() -> bytes:
    return b"DDS " + struct.pack("<IIII", 124, 0x1007, 1 << 31, 1 << 31) + bytes(112)


def tga(side: int) -> bytes:
    return bytes([0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + struct.pack("<HHBB", side, side, 8, 0) + b"\xff\x01" * 1000


def sgi(side: int) -> bytes:
    return b"\x01\xda\x01\x01\0\x03" + struct.pack(">HHH", side, side, side) + bytes(600)


def fits(side: int) -> bytes:
    cards = {"SIMPLE": "T", "BITPIX": "8", "NAXIS": "2", "NAXIS1": str(side), "NAXIS2": str(side)}
    header = "".join(f"{name:<8}= {value:>20}".ljust(80) for name, value in cards.items()) + "END"
    return header.ljust(2880).encode() + bytes(2880)


def boxes(brand: bytes, width: int, height: int) -> bytes:
    """Return the beginning of an AVIF or HEIC file that says a size of its own."""

    def box(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", 8 + len(data)) + name + data

    sizes = box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    properties = box(b"iprp", box(b"ipco", sizes) + box(b"ipma", bytes(4) + b"\0\0\0\x01\0\x01\x01\x81"))
    items = box(b"iinf", bytes(4) + b"\0\x01" + box(b"infe", b"\x02\0\0\0\0\x01\0\0av01\0"))
    handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
    meta = box(b"meta", bytes(4) + handler + box(b"pitm", bytes(4) + b"\0\x01") + items + properties)
    return box(b"ftyp", brand + bytes(4) + b"mif1" + brand) + meta + box(b"mdat", bytes(100))


def png_of_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(*one) for one in ((b"IHDR", header), (b"IDAT", packed(4096)), (b"IEND", b""))
    )


PROFILE = b"profile\0\0" + packed(100 * MIB)
TEXT = b"text\0\0" + packed(80 * MIB)
INTERNATIONAL = b"text\0\x01\0\0\0" + packed(80 * MIB)
TILES = (322, 4, 1, 1), (323, 4, 1, 1), (324, 4, 1 << 28, 8), (325, 4, 1 << 28, 8)
BIG = (1 << 32) - 1
BOMBS: dict[str, Callable[[], bytes]] = {
    "png-header.png": lambda: png_of_header(WIDE, WIDE),
    "png-largest-header.png": lambda: png_of_header((1 << 31) - 1, (1 << 31) - 1),
    "png-pixels.png": lambda: png(LARGE, LARGE),
    "png-deep-pixels.png": lambda: png(LARGE, LARGE, mode=6, depth=16),
    "png-wide.png": lambda: png(LARGE * LARGE, 1, depth=1),
    "png-profile.png": lambda: png(64, 64, (b"iCCP", PROFILE)),
    "png-text.png": lambda: png(64, 64, *[(b"zTXt", TEXT)] * 10),
    "png-international.png": lambda: png(64, 64, *[(b"iTXt", INTERNATIONAL)] * 10),
    "png-frames.png": lambda: apng(3000, 3001, 500),
    "png-frames-claimed.png": lambda: apng(2, (1 << 31) - 1, 64),
    "gif-header.gif": lambda: gif(WIDE, WIDE, 1),
    "gif-frames.gif": lambda: gif(LARGE, LARGE, 20_000),
    "gif-large-frames.gif": lambda: gif(3000, 3000, 300, 3000),
    "tiff-header.tif": lambda: tiff(WIDE, WIDE),
    "tiff-deflate.tif": lambda: deflated_tiff(LARGE),
    "tiff-lzw.tif": lambda: lzw_tiff(LARGE),
    "tiff-strips.tif": lambda: tiff(100, 100, strips=(BIG, 8, 8)),
    "tiff-tiles.tif": lambda: tiff(LARGE, LARGE, tags=TILES),
    "tiff-tags.tif": lambda: tiff(64, 64, tags=((700, 7, BIG, 8), (34665, 4, 1, 8))),
    "tiff-loop.tif": lambda: tiff(64, 64, further=8, data=bytes(4096)),
    "tiff-pages.tif": lambda: many_pages(3_000),
    "tiff-big.tif": big_tiff,
    "webp-canvas.webp": lambda: webp(1 << 24, 1 << 24, 1),
    "webp-frames.webp": lambda: webp(LARGE, LARGE, 5000),
    "bmp-header.bmp": lambda: bmp((1 << 31) - 1, (1 << 31) - 1),
    "bmp-rle.bmp": lambda: bmp(LARGE, LARGE, 1, 8),
    "ico-entries.ico": lambda: ico(WIDE, png(256, 256, mode=6)),
    "ico-bomb.ico": lambda: ico(1, png(LARGE, LARGE)),
    "psd-header.psd": lambda: psd(30_000, 30_000, 56),
    "psd-channels.psd": lambda: psd(LARGE, LARGE, 4),
    "jp2-header.j2k": lambda: jp2(BIG, BIG, 1),
    "jp2-tiles.j2k": lambda: jp2(LARGE, LARGE, 1),
    "jpeg-header.jpg": lambda: jpeg_header(WIDE, WIDE),
    "jpeg-large.jpg": lambda: jpeg_header(LARGE, LARGE, bytes(1000)),
    "jpeg-progressive.jpg": lambda: jpeg_header(WIDE, WIDE, progressive=True),
    "jpeg-scans.jpg": lambda: scans_jpeg(3000, 700),
    "mpo-claimed.jpg": lambda: mpo(BIG),
    "ppm-header.ppm": lambda: b"P6\n99999999999 99999999999\n255\n" + bytes(100),
    "pgm-text.pgm": lambda: b"P2\n4000 4000\n255\n" + b"1 " * 1000,
    "qoi-header.qoi": lambda: b"qoif" + struct.pack(">II", BIG, BIG) + b"\x04\0" + bytes(100),
    "dds-header.dds": dds,
    "sgi-header.sgi": lambda: sgi(WIDE),
    "tga-run.tga": lambda: tga(LARGE),
    "fits-header.fits": lambda: fits(BIG),
    "avif-header.avif": lambda: boxes(b"avif", BIG, BIG),
    "heic-header.heic": lambda: boxes(b"heic", WIDE, WIDE),
    "jxl-header.jxl": lambda: b"\xff\x0a" + b"\xff" * 200,
}
"""By name of the file."""
