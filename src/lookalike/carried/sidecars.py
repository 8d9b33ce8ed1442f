"""XMP sidecars: what a picture lacks, written to a file beside it (XMP specification, part 3, section 1.2)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, indent

from lookalike.carried.fields import Carried, from_fields, unknown, xmp_fields
from lookalike.carried.xmp import (
    DESCRIPTION,
    ITEM,
    PREFIXES,
    RDF,
    XML,
    descriptions,
    legal,
    listed,
    named,
    parsed,
    written,
)
from lookalike.errors import UnsafeError

BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
END = '\n<?xpacket end="w"?>\n'


def merged(sidecar: bytes | None, keeper: Carried, member: Carried, names: Iterable[str]) -> bytes:
    """Add what a member carries to the sidecar of its keeper.

    Parameters
    ----------
    sidecar : bytes or None
        The sidecar as it is; None where there is none yet.
    keeper : Carried
        What the keeper's own file carries: lists are written as a whole, since readers prefer a sidecar to the file.
    member : Carried
        What the member carries.
    names : iterable of str
        What of it to add, as `missing` names it.

    Returns
    -------
    bytes
        The new sidecar, UTF-8. Whatever the sidecar says already, it still says; comments are dropped.

    Raises
    ------
    UnsafeError
        If the sidecar cannot be read: it would be lost.

    Examples
    --------
    >>> b'<xmp:Rating>5</xmp:Rating>' in merged(None, Carried(), Carried(rating=5), ["rating"])
    True
    """
    prefixes: dict[str, str] = {}
    root = _opened(sidecar, prefixes)
    has = from_fields(xmp_fields(root))
    for name in names:
        if name == "keywords":
            words = from_fields({"keywords": (*has.keywords, *keeper.keywords, *member.keywords)}).keywords
            if words != has.keywords:
                _put(root, _list("dc:subject", "Bag", words))
        elif name == "xmp":
            _add_properties(root, has, keeper, member)
        elif getattr(member, name) and not getattr(has, name):
            for element in _elements(name, member):
                _put(root, element)
    if sidecar is None:
        indent(root, " ")
    unambiguous = {prefix: uri for uri, prefix in (PREFIXES | prefixes).items() if prefix not in ("", "xml")}
    return f"{BEGIN}{written(root, {uri: prefix for prefix, uri in unambiguous.items()})}{END}".encode()


def _opened(sidecar: bytes | None, prefixes: dict[str, str]) -> Element:
    if sidecar is None:
        root = Element("{adobe:ns:meta/}xmpmeta")
        SubElement(root, f"{{{RDF}}}RDF")
    else:
        try:
            root = parsed(sidecar, prefixes)
        except (ParseError, ValueError) as error:
            raise UnsafeError(
                f"the sidecar is no XMP that can be read, so nothing can be added to it: {error}"
            ) from error
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    if rdf is None:
        raise UnsafeError("the sidecar is no XMP: it has no rdf:RDF, so nothing can be added to it")
    if not descriptions(root):
        SubElement(rdf, DESCRIPTION, {f"{{{RDF}}}about": ""})
    return root


def _put(root: Element, element: Element) -> None:
    """Put a property in the place of an empty one, or of one whose items it has."""
    for description in descriptions(root):
        description.attrib.pop(element.tag, None)
        for old in description.findall(element.tag):
            description.remove(old)
    descriptions(root)[0].append(element)


def _elements(name: str, member: Carried) -> list[Element]:
    if name == "date":
        return [_simple("exif:DateTimeOriginal", member.date), _simple("photoshop:DateCreated", member.date)]
    if name == "rating":
        return [_simple("xmp:Rating", str(member.rating))]
    if name in ("title", "description"):
        return [_list(f"dc:{name}", "Alt", (getattr(member, name),))]
    assert member.gps is not None
    latitude, longitude, altitude = member.gps
    made = [
        _simple("exif:GPSLatitude", _coordinate(latitude, "NS")),
        _simple("exif:GPSLongitude", _coordinate(longitude, "EW")),
    ]
    if altitude is not None:
        made.append(_simple("exif:GPSAltitudeRef", "1" if altitude < 0 else "0"))
        made.append(_simple("exif:GPSAltitude", f"{round(abs(altitude) * 1000)}/1000"))
    return made


def _coordinate(degrees: float, sides: str) -> str:
    """Write degrees as ``DDD,MM.mmmmmmk``."""
    millionths = round(abs(degrees) * 60_000_000)
    whole, minutes = divmod(millionths, 60_000_000)
    return f"{whole},{minutes // 1_000_000}.{minutes % 1_000_000:06d}{sides[degrees < 0]}"


def _simple(name: str, text: str) -> Element:
    made = Element(named(name))
    made.text = legal(text)
    return made


def _list(name: str, kind: str, items: Iterable[str]) -> Element:
    made = Element(named(name))
    within = SubElement(made, f"{{{RDF}}}{kind}")
    for item in items:
        SubElement(within, ITEM, {f"{{{XML}}}lang": "x-default"} if kind == "Alt" else {}).text = legal(item)
    return made


def _add_properties(root: Element, has: Carried, keeper: Carried, member: Carried) -> None:
    """Add further properties; of lists, items to those that are there, in the sidecar or in the keeper's file."""
    own = {said.name: said for said in keeper.xmp}
    new = {said.name for said in unknown(has, member)}
    written_there = {said.name for said in has.xmp}  # not those that are empty
    for said in unknown(keeper, member):
        if said.name not in new:
            continue
        there = next((found for part in descriptions(root) for found in part.findall(said.name)), None)
        if there is None or said.name not in written_there:
            there = fromstring(own[said.name].xml if said.name in own else said.xml)  # noqa: S314 - written by us
            _put(root, there)
        within = listed(there)
        if within is not None and said.items is not None:
            known = {item.text for item in within}
            for item in said.items:
                if item not in known:
                    SubElement(within, ITEM).text = item
