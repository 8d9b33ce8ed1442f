"""EXIF, XMP, IPTC and texts of image files, and what is merged into sidecars."""

from lookalike import carried, metadata
from lookalike.carried.fields import FIELDS, Carried
from lookalike.errors import UnsafeError
from targets.pictures import IPTC, XMP, exif, with_metadata
from targets.target import Run, Target, require

NEXT = b"--next--"
NAMES = ("a.jpg", "a.xmp", "a.png")


def _make(_folder: str) -> Run:
    return _run


def _run(data: bytes) -> None:
    parts = data.split(NEXT, 2)
    name = NAMES[data[-1] % len(NAMES)] if data else NAMES[0]
    member, keeper, before = (carried.read(part, name) for part in [*parts, b"", b""][:3])
    require(carried.read(parts[0], name) == member, "the same at every reading")
    for part in parts:
        facts = metadata.exif_of(part)
        require(facts.get("orientation", 2) in range(2, 9), facts)
        require(all(isinstance(value, (str, int)) for value in facts.values()), facts)
        metadata.has_video(part)
    for said in (member, keeper, before):
        _check(said)
    _merge(parts[2] if len(parts) > 2 else None, keeper, member)


def _check(said: Carried) -> None:
    require(said.rating in (None, -1, 1, 2, 3, 4, 5), said)
    require(said.gps is None or (abs(said.gps[0]) <= 90 and abs(said.gps[1]) <= 180), said)
    require(not carried.missing(said, said), said)
    require(not carried.missing(carried.joined(said, Carried(rating=3)), said), said)


def _merge(sidecar: bytes | None, keeper: Carried, member: Carried) -> None:
    there = Carried() if sidecar is None else carried.read_sidecar(sidecar)
    names = carried.missing(carried.joined(there, keeper), member)
    try:
        made = carried.merged(sidecar, keeper, member, names)
    except UnsafeError:
        return
    again = carried.read_sidecar(made)
    lost = carried.missing(again, there)
    require(not lost, (lost, "was said by the sidecar before"))
    left = set(carried.missing(carried.joined(again, keeper), member))
    if member.gps is not None and max(map(abs, member.gps[:2])) < 1e-6:  # is written to a millionth of a minute
        left.discard("gps")
    require(not left, (left, "is missing after the merge"))
    require(
        carried.merged(made, keeper, member, ()) == carried.merged(made, Carried(), Carried(), FIELDS), "nothing to add"
    )


def _seeds() -> list[bytes]:
    files = with_metadata()
    tiff = exif().tobytes()[6:]
    pairs = [
        NEXT.join((files["a.png"], files["a.jpg"])),
        NEXT.join((files["a.jpg"], b"", XMP)),
        NEXT.join((XMP, b"", XMP, b"1")),
    ]
    return [*files.values(), tiff, IPTC, *pairs, XMP.decode()[1:].encode("utf-16")]


TARGET = Target(
    "no exception, the same at every reading, values in their bounds; after a merge nothing is missing or lost",
    _make, _seeds,
    (NEXT, b"<rdf:li>", b"</rdf:li>", b"<rdf:Bag>", b'rdf:parseType="Resource"', b'xml:lang="x-default"', b"&#13;", b"&amp;",
     b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x ?>", b"my:", b'xmlns:my=""', b"dc:subject", b"8BIM", b"Exif\0\0", b"ftyp"),
)  # fmt: skip
