"""EXIF and IPTC to the few values that a person would miss.

EXIF 3.0 (CIPA DC-008), with the tags that Windows adds for keywords and ratings; IPTC IIM 4.2.
"""

import re
import struct
from collections.abc import Collection
from typing import Any

from lookalike.carried.packets import MOST_BYTES

XMP, IPTC, DETAILS, GPS = 700, 33723, 34665, 34853
DESCRIPTION, RATING, PERCENT, XP_TITLE, XP_COMMENT, XP_KEYWORDS = 270, 0x4746, 0x4749, 0x9C9B, 0x9C9C, 0x9C9E
ORIGINAL, DIGITIZED, OFFSET, OFFSET_DIGITIZED, COMMENT, FRACTION, FRACTION_DIGITIZED = (
    0x9003, 0x9004, 0x9011, 0x9012, 0x9286, 0x9291, 0x9292,
)  # fmt: skip
FIRST = {XMP, IPTC, DETAILS, GPS, DESCRIPTION, RATING, PERCENT, XP_TITLE, XP_COMMENT, XP_KEYWORDS}
SECOND = {ORIGINAL, DIGITIZED, OFFSET, OFFSET_DIGITIZED, COMMENT, FRACTION, FRACTION_DIGITIZED}
"""Tags that are read of the first directory, and of that of EXIF below it."""
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 13: 4, 16: 8, 18: 8}
NUMBERS = {3: "H", 4: "I", 5: "I", 9: "i", 10: "i", 13: "I", 16: "Q", 18: "Q"}
"""By type of TIFF: bytes of a value; code of `struct` for what is no text."""
LEAST_PER_CENT = (1, 25, 50, 75, 99)
"""What Windows writes for 1 to 5 stars; what lies between has those of the lesser."""


def stars_of(per_cent: int) -> int | None:
    """Return the stars of a rating in per cent, as Windows writes it into EXIF and XMP.

    Parameters
    ----------
    per_cent : int
        0 for unrated.

    Returns
    -------
    int or None
        1..5; None for unrated.

    Examples
    --------
    >>> stars_of(99), stars_of(60), stars_of(0)
    (5, 3, None)
    """
    return sum(per_cent >= least for least in LEAST_PER_CENT) or None


def exif_fields(tiff: bytes) -> dict[str, Any]:
    """Read EXIF.

    Parameters
    ----------
    tiff : bytes
        TIFF structure, from its byte order mark on; may be a whole TIFF file.

    Returns
    -------
    dict
        Of date, gps, rating, keywords, title, description as in `lookalike.carried.Carried`, and of the packets xmp and
        iptc; what is not there is left out or empty.

    Raises
    ------
    struct.error, ValueError
        If it is damaged.
    """
    if not tiff:
        return {}
    order = "<" if tiff[:2] == b"II" else ">"
    big = tiff[2:4] in (b"+\0", b"\0+")
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), tiff, 8 if big else 4)
    tags = _directory(tiff, start, order, FIRST, big=big)
    details = _below(tiff, tags.get(DETAILS), order, SECOND, big=big)
    place = _below(tiff, tags.get(GPS), order, range(7), big=big)
    rating = _int(tags.get(RATING)) or stars_of(_int(tags.get(PERCENT)) or 0) or 0
    comment = details.get(COMMENT, b"")
    said = (_text(tags.get(DESCRIPTION)), _wide(tags.get(XP_COMMENT)), _comment(comment, order))
    return {
        "date": exif_date(*(_text(details.get(tag)) for tag in (ORIGINAL, FRACTION, OFFSET)))
        or exif_date(*(_text(details.get(tag)) for tag in (DIGITIZED, FRACTION_DIGITIZED, OFFSET_DIGITIZED))),
        "gps": _position(place),
        "rating": rating if 1 <= rating <= 5 else None,
        "keywords": tuple(_wide(tags.get(XP_KEYWORDS)).split(";")),
        "title": _wide(tags.get(XP_TITLE)),
        "description": next(filter(None, said), ""),
        "xmp": _bytes(tags.get(XMP)),
        "iptc": _bytes(tags.get(IPTC)),
    }


def exif_date(said: str, fraction: str = "", offset: str = "") -> str:
    """Write a date of EXIF as XMP does.

    Parameters
    ----------
    said : str
        Date and time.
    fraction : str
        Decimals of the second.
    offset : str
        Offset from UTC.

    Returns
    -------
    str
        ISO 8601; empty for what is no date.

    Examples
    --------
    >>> exif_date("2024:05:01 12:30:00", "25", "+02:00"), exif_date("0000:00:00 00:00:00")
    ('2024-05-01T12:30:00.25+02:00', '')
    """
    found = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d:\d\d:\d\d)", said)
    if found is None or found[1] == "0000" or "00" in (found[2], found[3]):
        return ""
    decimals = re.match(r"\d+", fraction)
    zone = re.fullmatch(r"[+-]\d\d:\d\d", offset.strip())
    return (
        f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{'.' + decimals[0] if decimals else ''}{zone[0] if zone else ''}"
    )


def iptc_fields(data: bytes) -> dict[str, Any]:
    """Read IPTC.

    Parameters
    ----------
    data : bytes
        Data sets one after the other.

    Returns
    -------
    dict
        Of date, keywords, title and description as in `lookalike.carried.Carried`.

    Examples
    --------
    >>> iptc_fields(b"\\x1c\\x02\\x19\\x00\\x04Rome")["keywords"]
    ('Rome',)
    """
    sets: dict[int, list[str]] = {}
    at = 0
    while at + 5 <= len(data) and data[at] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", data, at + 1)
        if length & 0x8000:
            break  # of more than 32,767 bytes; none of ours
        if record == 2:
            sets.setdefault(number, []).append(_text(data[at + 5 : at + 5 + length]))
        at += 5 + length
    first = {number: texts[0] for number, texts in sets.items()}
    day = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", first.get(55, ""))
    time = re.match(r"(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d))?", first.get(60, ""))
    hour = f"{time[1]}:{time[2]}:{time[3]}" if time else "00:00:00"
    zone = f"{time[4]}:{time[5]}" if time and time[4] else ""
    return {
        "date": exif_date(f"{day[1]}:{day[2]}:{day[3]} {hour}", offset=zone) if day else "",
        "keywords": tuple(sets.get(25, ())),
        "title": first.get(5, "") or first.get(105, ""),
        "description": first.get(120, ""),
    }


def _directory(data: bytes, at: int, order: str, wanted: Collection[int], *, big: bool) -> dict[int, Any]:
    """Read some tags of a directory; of one that is damaged, those before the damage."""
    count_code, entry, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    head = struct.calcsize(order + entry)
    found: dict[int, Any] = {}
    (count,) = struct.unpack_from(order + count_code, data, at)
    at += struct.calcsize(count_code if big else "H")
    for place in range(at, min(at + count * (head + inline), len(data) - head - inline + 1), head + inline):
        tag, kind, length = struct.unpack_from(order + entry, data, place)
        if tag not in wanted or kind not in SIZES:
            continue
        size, where = length * SIZES[kind], place + head
        if size > inline:
            (where,) = struct.unpack_from(order + ("Q" if big else "I"), data, where)
        if size > MOST_BYTES or where + size > len(data):
            continue
        if kind in NUMBERS:
            found[tag] = struct.unpack_from(
                f"{order}{size // struct.calcsize('=' + NUMBERS[kind])}{NUMBERS[kind]}", data, where
            )
        else:
            found[tag] = data[where : where + size]
    return found


def _below(data: bytes, place: Any, order: str, wanted: Collection[int], *, big: bool) -> dict[int, Any]:
    try:
        return _directory(data, place[0], order, wanted, big=big) if isinstance(place, tuple) and place else {}
    except (struct.error, OverflowError):  # it lies beyond the end; the first directory is still good
        return {}


def _position(tags: dict[int, Any]) -> tuple[float, float, float | None] | None:
    latitude, longitude = (_degrees(tags.get(tag), _text(tags.get(tag - 1)), most) for tag, most in ((2, 90), (4, 180)))
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    height = _ratios(tags.get(6))
    altitude = None if not height else -height[0] if tags.get(5) == b"\1" else height[0]
    return latitude, longitude, altitude


def _degrees(value: Any, side: str, most: int) -> float | None:
    parts = _ratios(value)
    if not parts:
        return None
    total = sum(part / 60**at for at, part in enumerate(parts[:3]))
    return None if total > most else -total if side[:1].upper() in ("S", "W") else total


def _ratios(value: Any) -> list[float]:
    """Return rationals as numbers; none at all where one has no value."""
    if not isinstance(value, tuple) or not all(value[1::2]):
        return []
    return [above / below for above, below in zip(value[::2], value[1::2], strict=False)]


def _int(value: Any) -> int | None:
    return value[0] if isinstance(value, tuple) and value else None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


def _text(value: Any) -> str:
    """Decode text of which nobody says the encoding."""
    raw = _bytes(value).partition(b"\0")[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def _wide(value: Any) -> str:
    return _bytes(value).decode("utf-16-le", "ignore").partition("\0")[0].strip()


def _comment(value: Any, order: str) -> str:
    """Decode a comment of EXIF, of which the first 8 bytes say the encoding."""
    raw = _bytes(value)
    if raw[:8] == b"UNICODE\0":
        return raw[8:].decode("utf-16-le" if order == "<" else "utf-16-be", "ignore").strip("\0 ")
    return _text(raw[8:]) if raw[:8] in (b"ASCII\0\0\0", bytes(8)) else ""
