"""Pictures by rule, for seeds and for small trees."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/" '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:my="urn:my">'
    b'<rdf:RDF><rdf:Description rdf:about="" xmp:Rating="4" exif:GPSLatitude="41,53.5N" exif:GPSLongitude="12,29,24W" '
    b'exif:GPSAltitude="210/10" exif:GPSAltitudeRef="1" exif:DateTimeOriginal="2024-05-01T12:30:00+02:00">'
    b"<dc:subject><rdf:Bag><rdf:li>Rome</rdf:li><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject>"
    b'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">The forum</rdf:li></rdf:Alt></dc:title>'
    b'<my:s rdf:parseType="Resource"><my:t>1</my:t></my:s></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
IPTC = b"\x1c\x02\x19\x00\x04Rome\x1c\x02\x37\x00\x0820240501\x1c\x02\x3c\x00\x0b123000+0200\x1c\x02\x78\x00\x03Low"


def picture(seed: int, width: int = 48, height: int = 40) -> Image.Image:
    """Draw smooth coloured light, another for each seed.

    Parameters
    ----------
    seed : int
        Which.
    width, height : int
        Pixels.
    """
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [
        np.sin(
            random.uniform(3, 40) * x + random.uniform(3, 40) * y + random.uniform(0, 6, 3)[:, np.newaxis, np.newaxis]
        )
        for _ in range(6)
    ]
    levels = 128 + sum(waves) * 28
    return Image.fromarray(np.clip(np.moveaxis(levels, 0, -1), 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return an image as the bytes of a file.

    Parameters
    ----------
    image : Image
        The image.
    kind : str
        Format.
    **options : object
        Of Pillow's `save`.
    """
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif() -> Image.Exif:
    """Return EXIF with a date, a place, a rating and texts."""
    made = Image.Exif()
    made[0x0112] = 6
    made[0x010F] = "Maker"
    made[0x010E] = "At noon"
    made[0x4746] = 5
    made[0x9C9E] = "Rome;holiday\0".encode("utf-16-le")
    details = made.get_ifd(0x8769)
    details[0x9003], details[0x9291], details[0x9011] = "2024:05:01 12:30:00", "25", "+02:00"
    details[0x829A] = 0.01
    place = made.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (41.0, 53.0, 30.0), "W", (12.0, 29.0, 24.0)
    return made


def with_metadata() -> Mapping[str, bytes]:
    """Return small files of every container that metadata are read from, by name."""
    image, texts = picture(1, 16, 12), PngImagePlugin.PngInfo()
    texts.add_text("Title", "Forum")
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    photoshop = b"8BIM\x04\x04\0\0" + len(IPTC).to_bytes(4) + IPTC + bytes(len(IPTC) % 2)
    jpeg = encoded(image, "JPEG", quality=20, exif=exif(), xmp=XMP)
    segment = b"Photoshop 3.0\0" + photoshop
    return {
        "a.jpg": jpeg,
        "b.jpg": jpeg[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2) + segment + jpeg[2:],
        "a.png": encoded(image, "PNG", exif=exif(), pnginfo=texts),
        "a.webp": encoded(image, "WEBP", exif=exif(), xmp=XMP),
        "a.tif": encoded(image, "TIFF", exif=exif(), tiffinfo={700: XMP}),
        "a.avif": encoded(image, "AVIF", exif=exif(), xmp=XMP),
        "a.xmp": XMP,
        "motion.jpg": jpeg + b"MotionPhoto_Data....SEFT",
    }
