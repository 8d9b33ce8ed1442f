"""What a picture carries beside its pixels, as values: read from XMP, put together, held against that of another picture."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from lookalike.carried.xmp import Property, legal, named, properties, property_of, texts

OWN = {
    named(name)
    for name in (
        "exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:Rating", "dc:subject", "dc:title", "dc:description",
    )
}  # fmt: skip
"""Properties that have a field of their own."""
UNMISSED_NAMES = {
    named(name)
    for name in (
        "xmp:CreatorTool", "xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate", "xmp:Thumbnails", "dc:format",
        "photoshop:ColorMode", "photoshop:ICCProfile", "photoshop:LegacyIPTCDigest", "photoshop:DocumentAncestors",
        "photoshop:History", "photoshop:SidecarForExtension",
    )
}  # fmt: skip
UNMISSED = {
    "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/exif/1.0/aux/",
    "http://cipa.jp/exif/1.0/", "http://ns.adobe.com/xap/1.0/mm/", "http://ns.adobe.com/xmp/note/",
    "http://ns.adobe.com/xap/1.0/g/", "http://ns.adobe.com/xap/1.0/g/img/", "http://ns.adobe.com/pdf/1.3/",
    "http://ns.adobe.com/creatorAtom/1.0/", "http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.apple.com/pixeldatainfo/1.0/", "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/container/", "http://ns.microsoft.com/photo/1.0/",
}  # fmt: skip
"""Properties, and namespaces of them, that programs write of themselves: tools and times of saving, identity and history of
documents, what EXIF says of the camera, how the file is built (motion photos count as video, not here)."""
DEVELOPED = "http://ns.adobe.com/camera-raw-settings/1.0/"
"""Namespace of development settings, which count unless the pixels have them already."""
DATE = re.compile(r"(?!0000)\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")
STARS = {1: 1, 25: 2, 50: 3, 75: 4, 99: 5}
"""Stars by the per cent that Windows writes."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a person would miss of the metadata of a picture.

    Attributes
    ----------
    date : str
        When it was taken, ISO 8601, as exact as was said; empty where nobody says.
    gps : tuple of (float, float, float or None), or None
        Degrees north and east; metres above the sea, None where not said.
    rating : int or None
        1..5 stars, or -1 for rejected; None for unrated.
    keywords : tuple of str
        Keywords in the order in which they are found.
    title, description : str
        Empty where there is none.
    xmp : tuple of Property
        Whatever else XMP says, save what programs write of themselves.
    """

    date: str = ""
    gps: tuple[float, float, float | None] | None = None
    rating: int | None = None
    keywords: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    xmp: tuple[Property, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to miss."""
        return self == Carried()


FIELDS = ("date", "gps", "rating", "keywords", "title", "description", "xmp")


def from_fields(said: dict[str, Any]) -> Carried:
    """Return what was read as a value.

    Parameters
    ----------
    said : dict
        Some of the attributes of `Carried`; texts as they were found.

    Returns
    -------
    Carried
        Texts without what XML cannot hold, keywords without repetition.
    """
    keywords = {_folded(word): word for word in map(legal, reversed(said.get("keywords", ()))) if word}
    return Carried(
        said.get("date", ""), said.get("gps"), said.get("rating"), tuple(reversed(keywords.values())),
        legal(said.get("title", "")), legal(said.get("description", "")), tuple(said.get("xmp", ())),
    )  # fmt: skip


def joined(one: Carried, other: Carried) -> Carried:
    """Put together what is said in two places of one picture, such as the file and its sidecar.

    Parameters
    ----------
    one, other : Carried
        What is said; where both say something, `one` counts.

    Returns
    -------
    Carried
        Keywords and XMP of both.

    Examples
    --------
    >>> joined(Carried(rating=3), Carried(rating=5, title="Rome"))
    Carried(date='', gps=None, rating=3, keywords=(), title='Rome', description='', xmp=())
    """
    more = {name: getattr(one, name) or getattr(other, name) for name in FIELDS}
    return from_fields(more | {"keywords": (*one.keywords, *other.keywords), "xmp": (*one.xmp, *unknown(one, other))})


def missing(keeper: Carried, member: Carried) -> tuple[str, ...]:
    """Name what a member carries and its keeper lacks.

    A date, place, rating or text that differs is not missing: the keeper has one. A keyword is, whatever others there are.

    Parameters
    ----------
    keeper, member : Carried
        What they carry.

    Returns
    -------
    tuple of str
        Of `FIELDS`, in their order.

    Examples
    --------
    >>> missing(Carried(keywords=("Rome",), rating=3), Carried(keywords=("rome", "holiday"), rating=5))
    ('keywords',)
    """
    lacks = {name: getattr(member, name) and not getattr(keeper, name) for name in FIELDS}
    lacks["keywords"] = {*map(_folded, member.keywords)} - {*map(_folded, keeper.keywords)}
    lacks["xmp"] = unknown(keeper, member)
    return tuple(name for name in FIELDS if lacks[name])


def unknown(keeper: Carried, member: Carried) -> tuple[Property, ...]:
    """Return the further properties of a member of which its keeper lacks all, or items.

    Parameters
    ----------
    keeper, member : Carried
        What they carry.

    Returns
    -------
    tuple of Property
        Of the member.
    """
    names = {said.name for said in keeper.xmp}
    items = {(said.name, item) for said in keeper.xmp for item in said.items or ()}
    lists = {said.name for said in keeper.xmp if said.items is not None}
    return tuple(
        said
        for said in member.xmp
        if said.name not in names
        or (said.name in lists and any((said.name, item) not in items for item in said.items or ()))
    )


def xmp_fields(root: Element) -> dict[str, Any]:
    """Read a packet of XMP.

    Parameters
    ----------
    root : Element
        As parsed.

    Returns
    -------
    dict
        Attributes of `Carried`.
    """
    found: dict[str, Element] = {}
    for element in properties(root):
        found.setdefault(element.tag, element)

    def first(name: str) -> str:
        element = found.get(named(name))
        return next(iter(texts(element)), "") if element is not None else ""

    dates = (first(name) for name in ("exif:DateTimeOriginal", "photoshop:DateCreated"))
    latitude, longitude = (
        _coordinate(first(f"exif:GPS{name}"), most) for name, most in (("Latitude", 90), ("Longitude", 180))
    )
    stars, per_cent = _number(first("xmp:Rating")), _number(first("MicrosoftPhoto:Rating"))
    rating = int(stars) if stars is not None and (stars == -1 or 1 <= stars <= 5) else STARS.get(int(per_cent or 0))
    height = _number(first("exif:GPSAltitude"))
    below = height is not None and first("exif:GPSAltitudeRef") == "1"
    is_place = latitude is not None and longitude is not None and (latitude, longitude) != (0, 0)
    subject = found.get(named("dc:subject"))
    applied = texts(found.get(f"{{{DEVELOPED}}}AlreadyApplied", Element("none")))[:1] in (("True",), ("true",))
    unmissed = UNMISSED | ({DEVELOPED} if applied else set())
    return {
        "date": next((date for date in dates if DATE.fullmatch(date)), ""),
        "gps": (latitude, longitude, -height if below and height is not None else height) if is_place else None,
        "rating": rating,
        "keywords": texts(subject) if subject is not None else (),
        "title": first("dc:title"),
        "description": first("dc:description") or first("exif:UserComment"),
        "xmp": tuple(
            property_of(element)
            for name, element in found.items()
            if name not in OWN
            and name not in UNMISSED_NAMES
            and name[1:].partition("}")[0] not in unmissed
            and any(legal(text) for part in element.iter() for text in (part.text or "", *part.attrib.values()))
        ),
    }


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", word).casefold()


def _number(said: str) -> float | None:
    """Read a number or a fraction."""
    found = re.fullmatch(r"([+-]?\d{1,12}(?:\.\d{1,12})?)(?:/(\d{1,12}))?", said)
    if found is None or (found[2] and not int(found[2])):
        return None
    return float(found[1]) / int(found[2] or 1)


def _coordinate(said: str, most: int) -> float | None:
    """Read degrees as XMP writes them: ``DDD,MM,SSk`` or ``DDD,MM.mmk`` (part 2, GPSCoordinate)."""
    found = re.fullmatch(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,15})?)(?:,(\d{1,2}(?:\.\d{1,15})?))?([NSEW])", said)
    if found is None:
        return None
    degrees = int(found[1]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
    return None if degrees > most else -degrees if found[4] in "SW" else degrees
