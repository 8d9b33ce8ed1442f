"""XMP packets: parsed safely, their properties, and written again.

XMP specification, parts 1 (ISO 16684-1, data model and serialisation) and 2 (properties). What is parsed may be hostile: a
document type declaration is refused before the parser sees it, so there are no entities, and size and depth have bounds.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from lookalike.carried.packets import MOST_BYTES

MOST_DEPTH = 40
RDF, XML = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/XML/1998/namespace"
PREFIXES = {
    "adobe:ns:meta/": "x", RDF: "rdf", "http://purl.org/dc/elements/1.1/": "dc", "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/exif/1.0/": "exif", "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
}  # fmt: skip
URIS = {prefix: uri for uri, prefix in PREFIXES.items()}
LISTS = {f"{{{RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt")}
ITEM, DESCRIPTION = f"{{{RDF}}}li", f"{{{RDF}}}Description"
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
QUOTED = ESCAPED | str.maketrans({"\n": "&#10;", "\t": "&#9;"})
"""What is written for characters in texts, and in attributes, where readers take line breaks for blanks."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an XMP packet.

    Attributes
    ----------
    name : str
        ``{namespace}name``.
    items : tuple of str or None
        Of a list of texts what is in it; None for everything else.
    xml : str
        The whole of it, with all namespaces declared.
    """

    name: str
    items: tuple[str, ...] | None
    xml: str


def named(name: str) -> str:
    """Return the full name of a property.

    Parameters
    ----------
    name : str
        With one of the prefixes of `PREFIXES`.

    Returns
    -------
    str
        With its namespace.

    Examples
    --------
    >>> named("xmp:Rating")
    '{http://ns.adobe.com/xap/1.0/}Rating'
    """
    prefix, _, local = name.partition(":")
    return f"{{{URIS[prefix]}}}{local}"


def legal(text: str) -> str:
    """Drop what XML cannot hold, and blanks around it.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same where it was legal.

    Examples
    --------
    >>> legal(" Rome\\x00 ")
    'Rome'
    """
    return ILLEGAL.sub("", text).replace("\r\n", "\n").replace("\r", "\n").strip()


class _Tree(TreeBuilder):
    """A tree of bounded depth."""

    def __init__(self, prefixes: dict[str, str]) -> None:
        super().__init__()
        self.depth, self.prefixes = 0, prefixes

    def start_ns(self, prefix: str, uri: str) -> None:
        self.prefixes.setdefault(uri, prefix)

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise ParseError(f"more than {MOST_DEPTH} elements in each other")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def parsed(packet: bytes, prefixes: dict[str, str] | None = None) -> Element:
    """Parse a packet.

    Parameters
    ----------
    packet : bytes
        UTF-8, or UTF-16 with a byte order mark; what surrounds the element is left out.
    prefixes : dict of str, optional
        Filled with the prefixes that the packet uses, by namespace.

    Returns
    -------
    Element
        ``x:xmpmeta`` or ``rdf:RDF``.

    Raises
    ------
    ParseError
        If it is no XML, has a document type declaration, or more bytes or depth than any person wrote.
    UnicodeDecodeError
        If it is no text.

    Examples
    --------
    >>> packet = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about=""/></r:RDF>'
    >>> len(descriptions(parsed(packet)))
    1
    """
    if len(packet) > MOST_BYTES:
        raise ParseError(f"more than {MOST_BYTES:,} bytes")
    encoding = next((name for bom, name in BOMS if packet.startswith(bom)), "utf-8")
    text = packet.decode(encoding).lstrip("\ufeff").rstrip("\0 \r\n\t")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ParseError("a document type declaration, which XMP has not")
    tree = _Tree({} if prefixes is None else prefixes)
    parser = XMLParser(target=tree)  # noqa: S314 - there are no entities; of text, no declared encoding counts
    parser.feed(text)
    root: Element = parser.close()
    return root


def descriptions(root: Element) -> list[Element]:
    """Return the elements that hold properties.

    Parameters
    ----------
    root : Element
        Of a packet.

    Returns
    -------
    list of Element
        ``rdf:Description``, those directly below ``rdf:RDF``.
    """
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    return [] if rdf is None else rdf.findall(DESCRIPTION)


def properties(root: Element) -> Iterator[Element]:
    """Yield the properties of a packet, those written as attributes as elements, too.

    Parameters
    ----------
    root : Element
        Of the packet.

    Yields
    ------
    Element
        One per property.
    """
    for description in descriptions(root):
        for name, value in description.attrib.items():
            if not name.startswith((f"{{{RDF}}}", f"{{{XML}}}")) and name.startswith("{"):
                made = Element(name)
                made.text = value
                yield made
        yield from description


def listed(element: Element) -> Element | None:
    """Return the list that a property is.

    Parameters
    ----------
    element : Element
        A property.

    Returns
    -------
    Element or None
        ``rdf:Bag``, ``rdf:Seq`` or ``rdf:Alt``; None for what is no list.
    """
    return element[0] if len(element) == 1 and element[0].tag in LISTS else None


def texts(element: Element) -> tuple[str, ...]:
    """Return the texts of a property.

    Parameters
    ----------
    element : Element
        A property.

    Returns
    -------
    tuple of str
        Of a list its items, else its own text; without empty ones. The one that is meant for any language comes first.
    """
    within = listed(element)
    if within is None:
        said = legal(element.text or "") or legal(element.get(f"{{{RDF}}}resource", ""))
        return (said,) if said and not len(element) else ()
    items = sorted(within, key=lambda item: item.get(f"{{{XML}}}lang") != "x-default")
    return tuple(said for item in items if not len(item) and (said := legal(item.text or "")))


def property_of(element: Element) -> Property:
    """Return a property as a value.

    Parameters
    ----------
    element : Element
        As `properties` yields it.

    Returns
    -------
    Property
        Equal for equal ones of different packets, whatever prefixes these use.
    """
    within = listed(element)
    plain = within is not None and all(not len(item) for item in within)
    return Property(element.tag, texts(element) if plain else None, written(element))


def written(element: Element, prefixes: dict[str, str] | None = None) -> str:
    """Write an element as XML.

    Parameters
    ----------
    element : Element
        What to write.
    prefixes : dict of str, optional
        Prefixes by namespace; those that are not given are made up.

    Returns
    -------
    str
        With all namespaces declared by the outermost element.
    """
    names = _prefixes(element, dict(PREFIXES if prefixes is None else prefixes) | {XML: "xml"})
    declared = sorted((prefix, uri) for uri, prefix in names.items() if uri != XML)
    return _written(element, names, "".join(f' xmlns:{prefix}="{uri.translate(QUOTED)}"' for prefix, uri in declared))


def _prefixes(element: Element, known: dict[str, str]) -> dict[str, str]:
    """Return the prefixes of all namespaces in an element."""
    made = (prefix for number in count(1) if (prefix := f"ns{number}") not in known.values())
    names = (name for part in element.iter() for name in (part.tag, *part.attrib))
    uris = dict.fromkeys(name[1:].partition("}")[0] for name in names if name.startswith("{"))
    return {uri: known[uri] if uri in known else next(made) for uri in uris}


def _written(element: Element, prefixes: dict[str, str], declared: str = "") -> str:
    def short(name: str) -> str:
        uri, _, local = name.removeprefix("{").rpartition("}")
        return f"{prefixes[uri]}:{local}" if uri else local

    tag = short(element.tag)
    attributes = "".join(f' {short(name)}="{value.translate(QUOTED)}"' for name, value in element.attrib.items())
    inside = "".join(_written(child, prefixes) + (child.tail or "").translate(ESCAPED) for child in element)
    content = (element.text or "").translate(ESCAPED) + inside
    return f"<{tag}{declared}{attributes}>{content}</{tag}>" if content else f"<{tag}{declared}{attributes}/>"
