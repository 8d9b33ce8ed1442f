"""Metadata that a person would miss: found in every container, never by accident, and written to a sidecar without loss."""

import io
import random
import time
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from conftest import encode, scene
from lookalike.carried import Carried, joined, merged, missing, read, read_sidecar
from lookalike.carried.fields import FIELDS, from_fields
from lookalike.carried.packets import MOST_BYTES
from lookalike.carried.xmp import Property
from lookalike.errors import UnsafeError

NAMES = (
    'xmlns:x="adobe:ns:meta/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" '
    'xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:my="urn:my"'
)
FULL = (
    (
        'xmp:Rating="4" exif:GPSLatitude="41,53.5N" exif:GPSLongitude="12,29,24W" exif:GPSAltitude="210/10" '
        'exif:GPSAltitudeRef="1" photoshop:DateCreated="2024-05-01T12:30:00+02:00" photoshop:City="Roma"'
    ),
    (
        "<dc:subject><rdf:Bag><rdf:li>Rome</rdf:li><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject>"
        '<dc:title><rdf:Alt><rdf:li xml:lang="it">Il foro</rdf:li><rdf:li xml:lang="x-default">The forum</rdf:li></rdf:Alt>'
        "</dc:title><dc:description><rdf:Alt><rdf:li>At noon</rdf:li></rdf:Alt></dc:description>"
        "<lr:hierarchicalSubject><rdf:Bag><rdf:li>Italy|Rome</rdf:li></rdf:Bag></lr:hierarchicalSubject>"
    ),
)
PLAIN = (
    (
        'xmp:CreatorTool="Adobe Photoshop 25" xmp:ModifyDate="2024-05-01T12:30:00" xmp:CreateDate="2024-05-01T12:30:00" '
        'xmp:MetadataDate="2024-05-01T12:30:00" xmpMM:DocumentID="xmp.did:1" dc:format="image/jpeg" photoshop:ColorMode="3" '
        'crs:AlreadyApplied="True" crs:Exposure2012="+0.10" xmp:Rating="0" exif:GPSLatitude="0,0.0N" '
        'exif:GPSLongitude="0,0.0E" xmp:Nickname=""'
    ),
    "<xmpMM:History><rdf:Seq><rdf:li rdf:parseType='Resource'/></rdf:Seq></xmpMM:History><lr:none><rdf:Bag/></lr:none>",
)


def packet(attributes: str = "", inside: str = "") -> bytes:
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta {NAMES} x:xmptk="toolkit"><rdf:RDF>'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def exif(*, place: bool = True) -> Image.Exif:
    made = Image.Exif()
    made[0x4746] = 5
    made[0x9C9E] = "Rome;holiday\0".encode("utf-16-le")
    made[0x9C9B] = "The forum\0".encode("utf-16-le")
    made[0x010E] = "At noon"
    made.get_ifd(0x8769).update({0x9003: "2024:05:01 12:30:00", 0x9291: "25", 0x9011: "+02:00"})
    if place:
        made.get_ifd(0x8825).update({1: "N", 2: (41.0, 53.0, 30.0), 3: "W", 4: (12.0, 29.0, 24.0), 5: b"\1", 6: 21.0})
    return made


def iptc() -> bytes:
    sets = (
        (5, b"The forum"),
        (25, b"Rome"),
        (25, b"holiday"),
        (55, b"20240501"),
        (60, b"123000+0200"),
        (120, b"At noon"),
    )
    data = b"".join(b"\x1c\x02" + bytes([number]) + len(said).to_bytes(2, "big") + said for number, said in sets)
    resource = b"8BIM\x04\x04\0\0" + len(data).to_bytes(4, "big") + data
    other = b"8BIM\x04\x25\x03abc\0\0\0\x01x\0"
    return b"Photoshop 3.0\0" + other + resource


def with_segment(photo: bytes, marker: int, content: bytes) -> bytes:
    return photo[:2] + bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content + photo[2:]


PICTURE = scene(3, 64, 48)
KNOWN = Carried(
    date="2024-05-01T12:30:00.25+02:00", gps=(41 + 53.5 / 60, -(12 + 29.4 / 60), -21.0), rating=5,
    keywords=("Rome", "holiday"), title="The forum", description="At noon",
)  # fmt: skip


def holds(found: Carried, wanted: Carried) -> None:
    assert found.gps is not None
    assert wanted.gps is not None
    assert found.gps == pytest.approx(wanted.gps)
    for name in FIELDS[:1] + FIELDS[2:]:
        assert getattr(found, name) == getattr(wanted, name), name


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_of_every_container(format_: str) -> None:
    # Of a TIFF, Pillow writes the first directory only; EXIF is one itself.
    bare = exif().tobytes().removeprefix(b"Exif\0\0")
    data = bare if format_ == "TIFF" else encode(PICTURE, format_, exif=exif())
    holds(read(data, f"x.{format_.lower()}"), KNOWN)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_of_every_container(format_: str) -> None:
    options: dict[str, object] = {"xmp": packet(*FULL)}
    if format_ == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet(*FULL).decode(), zip=True)
        options = {"pnginfo": info}
    if format_ == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags.tagtype[700] = 1
        tags[700] = packet(*FULL)
        options = {"tiffinfo": tags}
    found = read(encode(PICTURE, format_, **options), "x")
    assert found == read_sidecar(packet(*FULL)) == read(packet(*FULL), "x.XMP")
    assert (found.date, found.rating, found.keywords) == ("2024-05-01T12:30:00+02:00", 4, ("Rome", "holiday"))
    assert (found.title, found.description) == ("The forum", "At noon")
    assert found.gps == pytest.approx((41 + 53.5 / 60, -(12 + 29.4 / 60), -21.0))
    assert [said.name.partition("}")[2] for said in found.xmp] == ["City", "hierarchicalSubject"]


@pytest.mark.parametrize("jumbled", [False, True])
def test_boxes_of_jpeg_xl(jumbled: bool) -> None:
    def box(kind: bytes, content: bytes) -> bytes:
        return (len(content) + 8).to_bytes(4, "big") + kind + content

    parts = [
        box(b"Exif", bytes(4) + exif().tobytes()),
        box(b"xml ", packet("photoshop:City='Rome'")),
        box(b"jxlc", b"\xff\n"),
    ]
    found = read(b"".join([box(b"JXL ", b"\r\n\x87\n"), *(reversed(parts) if jumbled else parts)]), "x.jxl")
    holds(replace(found, xmp=()), KNOWN)
    assert [said.name.partition("}")[2] for said in found.xmp] == ["City"]


@pytest.mark.parametrize("zipped", [False, True])
def test_profiles_of_a_png_as_imagemagick_writes_them(zipped: bool) -> None:
    def read_with(kind: str, profile: bytes) -> Carried:
        info = PngImagePlugin.PngInfo()
        info.add_text(f"Raw profile type {kind}", f"\n{kind}\n{len(profile):8}\n{profile.hex()}\n", zip=zipped)
        return read(encode(PICTURE, "PNG", pnginfo=info), "x.png")

    for kind in ("exif", "APP1"):
        holds(read_with(kind, exif().tobytes()), KNOWN)
    for kind, head in (("APP1", b"http://ns.adobe.com/xap/1.0/\0"), ("xmp", b"")):
        assert read_with(kind, head + packet(*FULL)) == read_sidecar(packet(*FULL))
    resources = iptc().removeprefix(b"Photoshop 3.0\0")
    for kind, profile in (("8bim", resources), ("iptc", resources[resources.index(b"\x1c\2") :])):
        assert read_with(kind, profile).keywords == ("Rome", "holiday")
    assert read_with("icc", b"profile") == Carried()


def test_iptc_and_texts() -> None:
    photo = with_segment(encode(PICTURE), 0xED, iptc())
    found = read(photo, "x.jpg")
    assert found == Carried("2024-05-01T12:30:00+02:00", None, None, ("Rome", "holiday"), "The forum", "At noon")
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "The forum")
    info.add_text("parameters", "a forum, at noon", zip=True)
    digits = (b"Exif\0\0" + exif().tobytes().removeprefix(b"Exif\0\0")).hex()
    info.add_text("Raw profile type exif", f"\nexif\n{len(digits) // 2:8d}\n{digits}\n", zip=True)
    found = read(encode(PICTURE, "PNG", pnginfo=info), "x.png")
    assert (found.title, found.description, found.rating) == ("The forum", "At noon", 5)


@pytest.mark.parametrize(
    ("per_cent", "stars"), [(0, None), (1, 1), (24, 1), (25, 2), (60, 3), (75, 4), (99, 5), (100, 5)]
)
def test_ratings_in_per_cent_are_read_alike_from_exif_and_xmp(per_cent: int, stars: int | None) -> None:
    told = Image.Exif()
    told[0x4749] = per_cent
    said = f'xmlns:p="http://ns.microsoft.com/photo/1.0/" p:Rating="{per_cent}"'
    assert read(encode(PICTURE, "JPEG", exif=told), "x.jpg").rating == stars
    assert read_sidecar(packet(said)).rating == stars


def test_extended_xmp_of_jpeg() -> None:
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    more = packet("", "<my:depth>deep</my:depth>")
    photo = encode(PICTURE)
    for at, part in ((30, more[30:]), (0, more[:30])):
        head = guid + len(more).to_bytes(4, "big") + at.to_bytes(4, "big")
        photo = with_segment(photo, 0xE1, b"http://ns.adobe.com/xmp/extension/\0" + head + part)
    main = packet(f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{guid.decode()}"')
    whole = with_segment(photo, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main)
    assert [said.name for said in read(whole, "x.jpg").xmp] == ["{urn:my}depth"]
    other = with_segment(photo, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet())
    assert read(other, "x.jpg") == Carried()


def test_what_programs_write_of_themselves_is_not_missed() -> None:
    assert read_sidecar(packet(*PLAIN)) == Carried()
    for said in (
        "OLYMPUS DIGITAL CAMERA",
        "SONY DSC",
        "Created with GIMP",
        "File written by Adobe Photoshop 4.0",
        "Untitled",
    ):
        tags = Image.Exif()
        tags[0x010E], tags[0x0131], tags[0x0132] = said, "Program 1.0", "2024:05:01 12:30:00"
        assert read(encode(PICTURE, exif=tags, comment=b"made by a program"), "x.jpg") == Carried()
    # Development settings count where the pixels do not have them yet.
    assert len(read_sidecar(packet('crs:Exposure2012="+0.10"')).xmp) == 1


def test_what_is_missing() -> None:
    other = Carried(
        date="1999", gps=(1.0, 2.0, None), rating=1, keywords=("ROME", "holiday"), title="x", description="y"
    )
    assert missing(other, KNOWN) == missing(KNOWN, other) == ()
    assert missing(Carried(), read_sidecar(packet(*FULL))) == FIELDS
    assert missing(Carried(keywords=("Rome",)), Carried(keywords=("holiday", "rome"))) == ("keywords",)
    one, two = (read_sidecar(packet("", f"<my:tags><rdf:Bag>{items}</rdf:Bag></my:tags>")) for items in (
        "<rdf:li>a</rdf:li><rdf:li>b</rdf:li>", "<rdf:li>b</rdf:li>"))  # fmt: skip
    assert (missing(two, one), missing(one, two)) == (("xmp",), ())
    # Another prefix is no other property.
    assert missing(one, read_sidecar(packet().replace(b"</rdf:Desc", b'<n:tags xmlns:n="urn:my"><rdf:Bag>'
        b"<rdf:li>a</rdf:li></rdf:Bag></n:tags></rdf:Desc"))) == ()  # fmt: skip


def test_a_sidecar_keeps_what_it_says() -> None:
    sidecar = packet(
        'xmp:Rating="0" my:own="1" photoshop:City="Paris" dc:title="Mine"',
        "<my:tags><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></my:tags>"
        '<my:deep rdf:parseType="Resource"><my:x>&lt;1 &amp; "2"&gt;</my:x></my:deep>',
    )
    member = read_sidecar(
        packet(*FULL[:1], FULL[1] + "<my:tags><rdf:Bag><rdf:li>b</rdf:li></rdf:Bag></my:tags><my:new>1</my:new>")
    )
    keeper = Carried(keywords=("Forum",))
    made = merged(sidecar, keeper, member, missing(keeper, member))
    found = read_sidecar(made)
    assert (found.title, found.rating, found.keywords) == ("Mine", 4, ("Forum", "Rome", "holiday"))
    assert found.description == "At noon"
    said = {prop.name.partition("}")[2]: prop for prop in found.xmp}
    assert set(said) == {"own", "City", "hierarchicalSubject", "tags", "deep", "new"}
    assert said["City"].xml.endswith(">Paris</photoshop:City>")
    assert said["tags"].items == ("a", "b")
    assert said["deep"] == next(prop for prop in read_sidecar(sidecar).xmp if prop.name.endswith("deep"))
    assert made.count(b"Rating") == 2  # the two tags of one element
    assert merged(made, keeper, member, missing(keeper, member)) == made
    assert b"<dc:subject>" in made
    assert b"<exif:GPSLatitude>41,53.500000N<" in made
    for damaged in (b"", b"<x", b"<a/>", sidecar.replace(b"<x:xmpmeta", b"<!DOCTYPE a []><x:xmpmeta")):
        with pytest.raises(UnsafeError, match="nothing can be added"):
            merged(damaged, keeper, member, ["rating"])


def test_prefixes_that_mean_something_else() -> None:
    sidecar = packet("", "<my:a/>").replace(b"xmlns:xmp=", b"xmlns:other=").replace(b"xmlns:my=", b"xmlns:xmp=").replace(
        b"<my:a/>", b"<xmp:a>1</xmp:a>"
    )  # fmt: skip
    made = merged(sidecar, Carried(), Carried(rating=3), ["rating"])
    assert read_sidecar(made).rating == 3
    assert [said.name for said in read_sidecar(made).xmp] == ["{urn:my}a"]


texts = st.text(max_size=20)
carrying = st.builds(
    lambda **said: from_fields(said),
    date=st.sampled_from(["", "2024", "2024-05-01T12:30:00.25+02:00", "1999-12-31T23:59:59Z"]),
    gps=st.none()
    | st.tuples(
        st.floats(-90, 90), st.floats(0.001, 180), st.none() | st.floats(-1000, 9000).map(lambda height: round(height, 3))
    ),
    rating=st.sampled_from([None, -1, 1, 2, 3, 4, 5]),
    keywords=st.lists(texts, max_size=5),
    title=texts,
    description=texts,
    xmp=st.lists(
        st.sampled_from([
            Property("{urn:a}x", None, '<a:x xmlns:a="urn:a">1</a:x>'),
            *read_sidecar(packet("", "<my:tags><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></my:tags>")).xmp,
            *read_sidecar(packet("", '<my:s rdf:parseType="Resource"><my:t>1</my:t></my:s>')).xmp,
        ]),
        unique=True,
    ),
)  # fmt: skip


def test_line_breaks_in_attributes_stay() -> None:
    sidecar = packet('photoshop:Instructions="one&#10;two&#9;three&#13;four"')
    made = merged(sidecar, Carried(), Carried(rating=3), ["rating"])
    assert read_sidecar(made).xmp == read_sidecar(sidecar).xmp
    assert "one\ntwo\tthree&#13;four" in read_sidecar(made).xmp[0].xml


@settings(max_examples=300, deadline=None)
@given(carrying, carrying, st.none() | carrying)
def test_what_was_merged_is_missing_no_more(keeper: Carried, member: Carried, before: Carried | None) -> None:
    sidecar = None if before is None else merged(None, Carried(), before, FIELDS)
    there = Carried() if sidecar is None else read_sidecar(sidecar)
    if before is not None:
        assert missing(there, before) == ()
        holds_closely(there, before)
    names = missing(joined(there, keeper), member)
    made = read_sidecar(merged(sidecar, keeper, member, names))
    assert missing(joined(made, keeper), member) == ()
    # Readers that see the sidecar alone miss nothing that it said, nor the keeper's keywords once it has any.
    assert missing(made, there) == ()
    if "keywords" in names:
        assert "keywords" not in missing(made, keeper)
    assert all(getattr(made, name) == getattr(there, name) for name in ("date", "rating") if getattr(there, name))


def holds_closely(found: Carried, wanted: Carried) -> None:
    assert (found.date, found.rating, found.title, found.description) == (
        wanted.date, wanted.rating, wanted.title, wanted.description,
    )  # fmt: skip
    assert found.keywords == wanted.keywords
    if wanted.gps is not None and abs(wanted.gps[0]) > 1e-6:
        assert found.gps == pytest.approx(wanted.gps, abs=1e-6)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(9)
)


@pytest.mark.parametrize(
    "hostile",
    [
        packet(*FULL).replace(b"<x:xmpmeta", f"{LAUGHS}]><x:xmpmeta".encode()).replace(b"At noon", b"&j;"),
        packet(*FULL).decode().replace("<x:xmpmeta", f"{LAUGHS}]><x:xmpmeta").encode("utf-16"),
        packet(*FULL).replace(b"<x:xmpmeta", b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><x:xmpmeta'),
        packet("", "<my:a>" * 500_000),
        packet("", "<my:a>" * 5000 + "</my:a>" * 5000),
        packet("", f"<my:a>{'x' * MOST_BYTES}</my:a>"),
        packet(*FULL)[:-60],
        b"\xff\xfe\xff",
        b"\0" * 100,
    ],
)
def test_hostile_xml_says_nothing_and_takes_no_time(hostile: bytes) -> None:
    started = time.process_time()
    assert read_sidecar(hostile) == Carried()
    photo = encode(PICTURE, "WEBP", xmp=hostile, exif=exif())
    holds(read(photo, "x.webp"), KNOWN)
    assert time.process_time() - started < 2


def test_a_declared_encoding_changes_nothing() -> None:
    text = packet(*FULL).decode().partition("?>")[2]
    assert read_sidecar(f'<?xml version="1.0" encoding="utf-7"?>{text}'.encode()).rating == 4
    assert read_sidecar(packet(*FULL).decode().encode("utf-16")).rating == 4


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_damage_never_raises(format_: str) -> None:
    dice = random.Random(7)
    whole = encode(PICTURE, format_, exif=exif())
    for _ in range(400):
        data = bytearray(whole[: dice.randrange(len(whole) + 1)])
        for _ in range(dice.randrange(12)):
            if data:
                data[dice.randrange(min(len(data), 700))] = dice.randrange(256)
        assert isinstance(read(bytes(data), "x"), Carried)


def test_directories_of_64_bits() -> None:
    text = b"At noon, in Rome\0"
    entry = (270).to_bytes(2, "little") + (2).to_bytes(2, "little") + len(text).to_bytes(8, "little")
    head = b"II+\0\x08\0\0\0" + (16).to_bytes(8, "little") + (1).to_bytes(8, "little")
    assert read(head + entry + (52).to_bytes(8, "little") + bytes(8) + text, "x.tif").description == "At noon, in Rome"
    for offset in (52 + 1000, 2**64 - 1):
        assert read(head + entry + offset.to_bytes(8, "little") + bytes(8) + text, "x.tif") == Carried()
    assert read(b"II+\0\x08\0\0\0" + b"\xff" * 60, "x.tif") == Carried()


def test_a_damaged_part_leaves_the_others() -> None:
    photo = with_segment(encode(PICTURE, exif=exif()), 0xE1, b"http://ns.adobe.com/xap/1.0/\0<broken")
    holds(read(photo, "x.jpg"), KNOWN)
    tags = bytearray(exif().tobytes())
    place = tags.index((0x8825).to_bytes(2, "big" if tags[6:8] == b"MM" else "little"))
    tags[place + 8 : place + 12] = b"\xff\xff\xff\x7f"
    found = read(with_segment(encode(PICTURE), 0xE1, bytes(tags)), "x.jpg")
    assert (found.gps, found.date, found.rating) == (None, KNOWN.date, 5)


def test_the_sidecar_is_standard_xmp() -> None:
    made = merged(None, Carried(), KNOWN, FIELDS)
    root = fromstring(made.decode().lstrip("\ufeff"))
    assert root.tag == "{adobe:ns:meta/}xmpmeta"
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    assert root.find(f"{rdf}RDF/{rdf}Description").get(f"{rdf}about") == ""  # type: ignore[union-attr]
    # Pillow reads it as any other packet.
    assert Image.open(io.BytesIO(encode(PICTURE, "JPEG", xmp=made))).info["xmp"] == made
    assert read(encode(PICTURE, "JPEG", xmp=made), "x.jpg") == read_sidecar(made)
