"""ZIP archives without a table of contents, the last thing in a file: members are found one by one from the front."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

LOCAL = struct.Struct("<4sHHHHHLLLHH")
"""Signature, version, flags, method, time, date, CRC-32, sizes, lengths of name and extra (APPNOTE.TXT 4.3.7)."""
SIGNATURE = b"PK\x03\x04"
DESCRIPTOR = b"PK\x07\x08"
LATER = 8
"""Flag bit: sizes and CRC-32 stand behind the bytes of the member (APPNOTE.TXT 4.4.4)."""
UTF8 = 0x800
ZIP64 = 1
BIG = 0xFFFFFFFF
PACKED_BYTES = 64 << 10


def salvage(file: BinaryIO) -> zipfile.ZipFile:
    """Open an archive by what stands before each member.

    Parameters
    ----------
    file : file
        The archive.

    Returns
    -------
    zipfile.ZipFile
        With the members that are there as a whole, up to the first of which nobody can say where it ends.
    """
    archive = zipfile.ZipFile(io.BytesIO(b"PK\x05\x06" + bytes(18)))
    archive.fp = file
    archive.filelist = list(_members(file))
    return archive


def _members(file: BinaryIO) -> Iterator[zipfile.ZipInfo]:
    at, end = 0, file.seek(0, io.SEEK_END)
    while True:
        file.seek(at)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size or not head.startswith(SIGNATURE):
            return
        _, _, flags, method, time, date, crc, packed, size, name_length, extra_length = LOCAL.unpack(head)
        name, extra = file.read(name_length), file.read(extra_length)
        if BIG in (packed, size):
            size, packed = _sizes64(extra) or (size, packed)
        start = at + LOCAL.size + name_length + extra_length
        if flags & LATER and not packed:
            found = _measure(file, start) if method == zipfile.ZIP_DEFLATED else None
            if found is None:
                return
            packed, size, crc, at = found
        else:
            at = start + packed
        if at > end:
            return
        date_time = (date >> 9) + 1980, date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2
        info = zipfile.ZipInfo(name.decode("utf-8" if flags & UTF8 else "cp437", "surrogateescape"), date_time)
        info.flag_bits, info.compress_type, info.CRC = flags, method, crc
        info.compress_size, info.file_size, info.header_offset = (
            packed,
            size,
            start - len(extra) - len(name) - LOCAL.size,
        )
        yield info


def _sizes64(extra: bytes) -> tuple[int, int] | None:
    """Return size and packed size from the field for large files (APPNOTE.TXT 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == ZIP64 and length >= 16 and at + 20 <= len(extra):
            size, packed = struct.unpack_from("<QQ", extra, at + 4)
            return size, packed
        at += 4 + length
    return None


def _measure(file: BinaryIO, start: int) -> tuple[int, int, int, int] | None:
    """Unpack a member to see where it ends; return packed size, size, CRC-32 and where the next one begins."""
    file.seek(start)
    inflate, packed, size, crc = zlib.decompressobj(-15), 0, 0, 0
    while not inflate.eof:
        data = inflate.unconsumed_tail or file.read(PACKED_BYTES)
        if not data:
            return None
        try:
            part = inflate.decompress(data, 16 * PACKED_BYTES)
        except zlib.error:
            return None
        size += len(part)
        crc = zlib.crc32(part, crc)
        packed += len(data) - len(inflate.unused_data if inflate.eof else inflate.unconsumed_tail)
    file.seek(start + packed)
    behind = file.read(4)
    at = start + packed + (16 if behind == DESCRIPTOR else 12)
    file.seek(at)
    if file.read(2) not in (b"PK", b""):  # sizes of 8 bytes
        at += 8
    return packed, size, crc, at
