"""The rows of an SQLite file, page by page: what is damaged is passed over, and each page that is not tells its own rows.

SQLite reads a table from its root and gives up at the first damaged page; the module of Python has no ``.recover``. A leaf
needs no root to be read. File format: https://www.sqlite.org/fileformat2.html, sections 1.3 to 2.1.
"""

import struct
from collections.abc import Iterator

MAGIC = b"SQLite format 3\0"
USUAL_PAGE = 4096
SIZES = tuple(1 << power for power in range(9, 17))
TABLE_LEAF, INDEX_LEAF, INDEX_INNER = 0x0D, 0x0A, 0x02
INTEGERS = (0, 1, 2, 3, 4, 6, 8)
"""Bytes of an integer by serial type."""

Value = int | float | str | bytes | None


class DamagedError(ValueError):
    """A cell that is not what the format says; no other is the worse for it."""


def rows(content: bytes) -> Iterator[tuple[int | None, tuple[Value, ...]]]:
    """Yield every row that can be read, of all tables and indexes.

    Parameters
    ----------
    content : bytes
        The whole file.

    Yields
    ------
    int or None
        The rowid; None for a row of an index or of a table without rowid.
    tuple
        Its values. A column that is the rowid itself holds None.
    """
    file = _File(content)
    free = file.free()
    for number in range(1, file.pages + 1):
        if number not in free:
            yield from file.rows(number)


class _File:
    def __init__(self, content: bytes) -> None:
        size = int.from_bytes(content[16:18], "big")
        size = 1 << 16 if size == 1 else size
        self._known = content.startswith(MAGIC) and size in SIZES
        self._size = size if self._known else USUAL_PAGE
        self.pages = -(-len(content) // self._size)
        self._content = content

    def page(self, number: int) -> bytes:
        """Return a page, the first of which is number 1."""
        if not 1 <= number <= self.pages:
            raise DamagedError(number)
        return self._content[(number - 1) * self._size : number * self._size].ljust(self._size, b"\0")

    def free(self) -> set[int]:
        """Return the pages that nothing uses, which still hold what was there before."""
        found: set[int] = set()
        trunk = _big(self._content[32:36]) if self._known else 0
        while 1 <= trunk <= self.pages and trunk not in found:
            found.add(trunk)
            page = self.page(trunk)
            count = min(_big(page[4:8]), self._size // 4 - 2)
            found.update(_big(page[8 + 4 * i : 12 + 4 * i]) for i in range(count))
            trunk = _big(page[:4])
        return found

    def rows(self, number: int) -> Iterator[tuple[int | None, tuple[Value, ...]]]:
        """Yield the rows of one page."""
        page = self.page(number)
        start = 100 if number == 1 else 0
        kind = page[start]
        if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INNER):
            return
        pointers = start + (12 if kind == INDEX_INNER else 8)
        count = min(_big(page[start + 3 : start + 5]), (self._size - pointers) // 2)
        for i in range(count):
            at = _big(page[pointers + 2 * i : pointers + 2 * i + 2])
            try:
                yield self._cell(page, at, kind)
            except ValueError:  # also text that is no UTF-8
                continue

    def _cell(self, page: bytes, at: int, kind: int) -> tuple[int | None, tuple[Value, ...]]:
        if kind == INDEX_INNER:
            at += 4
        length, at = _varint(page, at)
        rowid = None
        if kind == TABLE_LEAF:
            rowid, at = _varint(page, at)
        return rowid, _record(self._payload(page, at, length, kind))

    def _payload(self, page: bytes, at: int, length: int, kind: int) -> bytes:
        """Return what a cell holds, from its page and those where it goes on."""
        if not 0 <= length <= len(self._content):
            raise DamagedError(length)
        most = self._size - 35 if kind == TABLE_LEAF else (self._size - 12) * 64 // 255 - 23
        least = (self._size - 12) * 32 // 255 - 23
        local = length
        if length > most:
            local = least + (length - least) % (self._size - 4)
            local = local if local <= most else least
        parts = [page[at : at + local]]
        after = _big(page[at + local : at + local + 4])
        missing = length - len(parts[0])
        while missing > 0 and local < length:
            more = self.page(after)
            after = _big(more[:4])
            parts.append(more[4 : 4 + missing])
            missing -= len(parts[-1])
        if missing:
            raise DamagedError(length)
        return b"".join(parts)


def _record(payload: bytes) -> tuple[Value, ...]:
    """Return the values of a record."""
    end, at = _varint(payload, 0)
    if not at <= end <= len(payload):
        raise DamagedError(end)
    types = []
    while at < end:
        kind, at = _varint(payload, at)
        types.append(kind)
    values: list[Value] = []
    for kind in types:
        value, at = _value(payload, at, kind)
        values.append(value)
    if at != len(payload):
        raise DamagedError(at)
    return tuple(values)


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    """Return a value and where the next begins."""
    if kind < 0 or kind in (10, 11):
        raise DamagedError(kind)
    if kind in (8, 9):
        return kind - 8, at
    size = INTEGERS[kind] if kind < 7 else 8 if kind == 7 else (kind - 12) // 2
    raw = payload[at : at + size]
    if len(raw) < size:
        raise DamagedError(size)
    if kind == 0:
        return None, at
    if kind < 7:
        return int.from_bytes(raw, "big", signed=True), at + size
    if kind == 7:
        return struct.unpack(">d", raw)[0], at + size
    return (raw.decode("utf-8") if kind % 2 else raw), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes and where the next begins."""
    value = 0
    for i in range(at, min(at + 8, len(data))):
        value = value << 7 | data[i] & 0x7F
        if data[i] < 0x80:
            return value, i + 1
    if at + 9 > len(data):
        raise DamagedError(at)
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >> 63 else value, at + 9


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")
