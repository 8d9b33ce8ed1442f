"""Metadata that a person would miss: date, place, rating, keywords, title, description, and what else XMP says.

What programs write of themselves is not missed: names of toolkits, dates of saving, histories and identities of documents,
copies of what EXIF says of the camera, places of things in the file (`lookalike.carried.fields`).
"""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import ParseError

from lookalike.carried.fields import Carried, from_fields, joined, missing, unprompted, xmp_fields
from lookalike.carried.packets import DAMAGE as OF_FILES
from lookalike.carried.packets import packets_of
from lookalike.carried.sidecars import merged
from lookalike.carried.tags import exif_fields, iptc_fields
from lookalike.carried.xmp import parsed

__all__ = ["Carried", "joined", "merged", "missing", "read", "read_sidecar"]

DAMAGE = (*OF_FILES, ParseError)


def read(data: bytes, name: str) -> Carried:
    """Read the metadata of an image file that a person would miss.

    Parameters
    ----------
    data : bytes
        The whole file: JPEG, PNG, WebP, TIFF and camera raw files built on it, HEIC, AVIF, JPEG XL.
    name : str
        Its name; what ends in ``.xmp`` is read as a sidecar.

    Returns
    -------
    Carried
        Empty fields for what is not there, damaged, or of another format. EXIF counts before XMP, and XMP before IPTC;
        keywords of all are put together.

    Examples
    --------
    >>> read(b"", "empty.jpg") == Carried()
    True
    """
    if name.lower().endswith(".xmp"):
        return read_sidecar(data)
    found = packets_of(data)
    exif = _tried(exif_fields, found.exif)
    xmp = [_tried(_xmp, packet) for packet in (*found.xmp, exif.pop("xmp", b"")) if packet]
    iptc = _tried(iptc_fields, found.iptc or exif.pop("iptc", b""))
    exif.pop("iptc", None)
    made = from_fields(exif)
    for said in (*xmp, iptc, _texts(found.texts)):
        if said:
            made = joined(made, from_fields(said))
    return unprompted(made)


def read_sidecar(data: bytes) -> Carried:
    """Read an XMP sidecar.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    Carried
        Empty where it cannot be read.

    Examples
    --------
    >>> read_sidecar(merged(None, Carried(), Carried(rating=4), ["rating"])).rating
    4
    """
    return from_fields(_tried(_xmp, data))


def _tried(read_fields: Callable[[bytes], dict[str, Any]], packet: bytes) -> dict[str, Any]:
    """Return what a packet says; nothing where it is damaged."""
    try:
        return read_fields(packet) if packet else {}
    except DAMAGE:
        return {}


def _xmp(packet: bytes) -> dict[str, Any]:
    return xmp_fields(parsed(packet))


def _texts(texts: dict[str, str]) -> dict[str, Any]:
    """Return what texts of a PNG say: its keywords (third edition, 11.3.3.2), and where programs that make pictures say how."""
    said = (texts.get(name, "") for name in ("Description", "Comment", "parameters", "prompt"))
    return {"title": texts.get("Title", ""), "description": next(filter(None, said), "")} if texts else {}
