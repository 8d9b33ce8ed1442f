"""File names and EXIF are what strangers wrote: pages show them as text, whatever they are."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from house import House, Page, fill, house, open_house
from PIL import ExifTags, Image

from conftest import encode, scene
from lookalike.groups.grouped import outline
from lookalike.model import Failure

__all__ = ["house"]

NAMES: list[bytes] = [
    b"<img src=x onerror=alert(1)>.jpg", b"\"><script>alert(1)<'script>.jpg", b"' onmouseover='alert(1).jpg",
    b"a\nb\r\nSet-Cookie: x=y.jpg",
    "\u202egpj.exe\u2066.jpg".encode(), "\u200e\u2028\u2029.jpg".encode(), b"\x01\x1b[2J\x7f.jpg",
    b"\xff\xfe\xc3(.jpg", "é ü 漢字 🦔.jpg".encode(),
    b"{{ 7*7 }}{% raw %}.jpg", b"&lt;b&gt;&amp;.jpg", b"javascript:alert(1).jpg", b"%2e%2e%2fx%00.jpg",
    b"-->.jpg", b"]]>.jpg", b"</title>.jpg".replace(b"/", b"\\"),
    b" .jpg", b"#?&;=+.jpg", b"<\xc2\x80svg>.jpg", b"`.jpg",
]  # fmt: skip
SCRIPT = "<script>alert('exif')</script>\"'><svg onload=x>"


def with_exif(seed: int, quality: int) -> bytes:
    exif = Image.Exif()
    for tag in (
        ExifTags.Base.Make,
        ExifTags.Base.Model,
        ExifTags.Base.Artist,
        ExifTags.Base.Copyright,
        ExifTags.Base.ImageDescription,
    ):
        exif[tag] = SCRIPT
    exif[0xFDE8] = SCRIPT  # a tag that has no name
    exif[ExifTags.Base.Software] = "\u202e\x1b[2J" + "x" * 5000
    details: dict[int, Any] = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.UserComment] = b"ASCII\0\0\0" + SCRIPT.encode()
    details[ExifTags.Base.LensModel] = SCRIPT
    details[ExifTags.Base.MakerNote] = b"<b>" * 2000
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = b"<i>" + bytes(8)
    return encode(scene(seed, 128, 96), quality=quality, exif=exif.tobytes())


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return an app that shows an album with ordinary names: what its pages are made of is what the templates have."""
    folder = tmp_path_factory.mktemp("harmless")
    album = fill(folder / "photos", (1, 2))
    (album / "sub").mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "maker"
    for at in range(len(NAMES)):
        (album / "sub" / f"{at}.jpg").write_bytes(encode(scene(1, 128, 96), quality=90 - at, exif=exif.tobytes()))
    (album / "broken.jpg").write_bytes(encode(scene(3), quality=90)[:500])
    with open_house(album, folder) as house:
        yield house


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return an app that shows an album full of names and EXIF that would be markup."""
    folder = tmp_path_factory.mktemp("hostile")
    album = fill(folder / "photos", (1, 2))
    below = os.path.join(os.fsencode(album), b"<b onclick=x>\"'\xff")
    os.mkdir(below)
    for at, name in enumerate(NAMES):
        Path(os.fsdecode(os.path.join(below, name))).write_bytes(with_exif(1, 90 - at))
    Path(os.fsdecode(os.path.join(os.fsencode(album), b"<u>\xff.jpg"))).write_bytes(encode(scene(3), quality=90)[:500])
    with open_house(album, folder) as house:
        yield house


def pages(house: House) -> dict[str, Page]:
    """Return each page that shows names, with each image compared once."""
    found = {"/": Page(house.get("/").text), "/plan": Page(house.get("/plan").text)}
    for at in range(len(house.desk.review)):
        for position in range(len(house.desk.review.group(at).members)):
            answer = house.get(f"/groups/{at}?with={position}")
            assert answer.code == 200
            for escape in ("\x1b", "\u202e", "\u2066", "\u2028", "\x80", "\x7f"):
                assert escape not in answer.text
            found[f"/groups/{at}?with={position}"] = Page(answer.text)
    return found


def test_names_and_exif_are_no_markup(harmless: House, hostile: House) -> None:
    usual = set[tuple[str, str]]().union(*(page.shape for page in pages(harmless).values()))
    found = pages(hostile)
    shown = set[tuple[str, str]]().union(*(page.shape for page in found.values()))
    assert shown == usual  # not one element or attribute more
    assert len(found) > len(NAMES)
    text = " ".join(page.text for page in found.values())
    for piece in ("<img src=x onerror=alert(1)>.jpg", "' onmouseover='alert(1).jpg", "a\\nb\\r\\nSet-Cookie: x=y.jpg",
                  "{{ 7*7 }}{% raw %}.jpg",
                  "&lt;b&gt;&amp;.jpg", "\\udcff\\udcfe", "\\u202egpj.exe",
                  "é ü 漢字 🦔.jpg", SCRIPT, "<u>\\udcff.jpg", "\\x1b[2J"):  # fmt: skip
        assert piece in text
    assert "49" not in {word for page in found.values() for word in page.words}
    alts = " ".join(one["alt"] or "" for page in found.values() for tag, one in page.elements if tag == "img")
    assert "' onmouseover='alert(1).jpg" in alts
    assert "\"><script>alert(1)<'script>.jpg" in alts
    assert all(not link.lstrip("./").startswith("javascript") for page in found.values() for link in page.links)


def test_what_a_search_says_is_no_markup(house_of_words: House, harmless: House) -> None:
    """Relations, reasons and failures, as findings that somebody sent may have them."""
    usual = set[tuple[str, str]]().union(*(page.shape for page in pages(harmless).values()))
    shown = pages(house_of_words)
    assert set[tuple[str, str]]().union(*(page.shape for page in shown.values())) <= usual
    text = " ".join(page.text for page in shown.values())
    assert text.count(SCRIPT) > 4
    assert "<kind>" in text
    assert "<incomplete>" in text


@pytest.fixture
def house_of_words(tmp_path: Path) -> Iterator[House]:
    with open_house(fill(tmp_path / "photos", (1, 2)), tmp_path) as house:
        subject = house.desk.review.subject
        groups = [
            replace(
                group,
                members=tuple(
                    replace(
                        one,
                        reason=SCRIPT + "\udcff",
                        relation="" if one is group.keeper else SCRIPT + "\udcff\x1b[2J",
                        format="<f>",
                    )
                    for one in group.members
                ),
            )
            for group in subject.groups
        ]
        failure = Failure(replace(groups[0].keeper.ref, path="<x>\udcff"), "<stage>", "<kind>", SCRIPT + "\n\udcff")  # type: ignore[arg-type]
        house.desk.review.subject = replace(
            subject,
            groups=groups,
            outline=outline(groups),
            failures=(failure,),
            incomplete=("<incomplete>\udcff\u202e",),
        )
        yield house


def test_the_whole_way_with_such_names(tmp_path: Path) -> None:
    below = os.path.join(os.fsencode(fill(tmp_path / "photos", (1,))), b"<b>\xff\n")
    os.mkdir(below)
    for at, name in enumerate(NAMES[:10]):
        Path(os.fsdecode(os.path.join(below, name))).write_bytes(with_exif(5, 90 - at))
    with open_house(tmp_path / "photos", tmp_path) as house:
        usual = Page(house.get("/").text).shape
        for at in range(len(house.desk.review)):
            assert house.post(f"/groups/{at}/accept").code == 303
        assert house.post("/plan").code == 303
        house.done()
        plan = Page(house.get("/plan").text)
        fields = next(fields for _, action, fields in plan.forms if action.endswith("apply") and "plan" in fields)
        assert house.post("/apply", plan=fields["plan"], most="yes").code == 303
        house.done()
        result = Page(house.get("/result").text)
        assert {tag for tag, _ in plan.shape | result.shape} <= {tag for tag, _ in usual} | {
            "code",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "input",
            "label",
            "h2",
        }
        assert "removed" in result.text
        assert house.post("/undo").code == 303
        house.done()
        assert "back" in Page(house.get("/result").text).text
