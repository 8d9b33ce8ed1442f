"""The last look: one digit, one tick or one chess man is enough to be no copy; encoders and scaling are not."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike import confirming
from lookalike.confirming import LastLook, look
from lookalike.decode import decode
from lookalike.judging import pictures_of


def last(left: bytes, right: bytes, turn: int = 1) -> LastLook:
    made = [decode(data) for data in (left, right)]
    luma, chroma = (np.stack([getattr(one, name) for one in made]) for name in ("luma", "chroma"))
    width, height = (np.array([getattr(one, name) for one in made]) for name in ("width", "height"))
    return look(((left, "left.jpg"), (right, "right.jpg")), pictures_of(luma, chroma, width, height), turn)


def invoice(total: str, size: tuple[int, int] = (1240, 1754)) -> Image.Image:
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    draw.text((100, 80), "INVOICE 2041", fill="black", font_size=48)
    for row in range(28):
        draw.text(
            (100, 220 + 48 * row), f"Item {row:02d}   fastening, steel, box of {10 + row}", fill="black", font_size=22
        )
        draw.text((980, 220 + 48 * row), f"{(row * 7919) % 900 / 10:.2f}", fill="black", font_size=22)
    draw.text((980, 1600), total, fill="black", font_size=26)
    return page


def form(ticked: bool) -> Image.Image:
    page = invoice("")
    draw = ImageDraw.Draw(page)
    draw.rectangle((100, 1600, 120, 1620), outline="black", width=2)
    if ticked:
        draw.line((103, 1610, 108, 1616, 117, 1603), fill="black", width=2)
    return page


def board(men: int) -> Image.Image:
    picture = Image.new("RGB", (800, 800), "white")
    draw = ImageDraw.Draw(picture)
    for at in range(64):
        x, y = at % 8 * 100, at // 8 * 100
        draw.rectangle((x, y, x + 99, y + 99), fill=("wheat", "sienna")[(at + at // 8) % 2])
    for at in (1, 12, 25, 38, 40, 51, men):
        draw.ellipse((at % 8 * 100 + 35, at // 8 * 100 + 35, at % 8 * 100 + 65, at // 8 * 100 + 65), fill="black")
    return picture


def watched(visitor: bool) -> Image.Image:
    picture = scene(5, 1280, 960)
    if visitor:
        ImageDraw.Draw(picture).rectangle((1000, 700, 1018, 740), fill=(30, 30, 30))
    return picture


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: invoice("1,204.50"), lambda: invoice("1,264.50")),
        (lambda: form(False), lambda: form(True)),
        (lambda: board(59), lambda: board(58)),
        (lambda: watched(False), lambda: watched(True)),
    ],
)
@pytest.mark.parametrize(("quality", "share"), [(90, 1.0), (60, 0.75)])
def test_a_small_change_is_seen(
    one: Callable[[], Image.Image], other: Callable[[], Image.Image], quality: int, share: float
) -> None:
    picture = other()
    smaller = picture.resize((round(picture.width * share), round(picture.height * share)), Image.Resampling.LANCZOS)
    found = last(encode(one(), quality=90), encode(smaller, quality=quality))
    assert not found.same
    assert 1 <= found.changed <= 30
    # ... and that it is the same picture but for that.
    again = one().resize(smaller.size, Image.Resampling.LANCZOS)
    assert last(encode(one(), quality=90), encode(again, quality=quality)).same


@pytest.mark.parametrize("made", [lambda: invoice("1,204.50"), lambda: scene(6, 1400, 1100), lambda: board(20)])
@pytest.mark.parametrize(("quality", "share"), [(40, 0.6), (30, 1.0), (90, 0.3), (85, 1.5)])
def test_encoders_and_scaling_change_no_tile(made: Callable[[], Image.Image], quality: int, share: float) -> None:
    picture = made()
    other = picture.resize((round(picture.width * share), round(picture.height * share)), Image.Resampling.LANCZOS)
    found = last(encode(picture, quality=92), encode(other, quality=quality))
    assert found == LastLook(found.side, found.tiles, 0, True)


def test_what_is_compared_on_coarse_planes_is_bound_as_they_are() -> None:
    # On 64 pixels a side more has to be explained than on 256, which is what is asked for.
    picture = scene(4, 640, 480)
    icon = picture.resize((64, 48))
    for quality, same in ((12, False), (60, True)):
        assert last(encode(picture, quality=90), encode(icon, quality=quality)) == LastLook(64, 64, 0, same)


def test_sides() -> None:
    photo, page = encode(scene(6, 2000, 1500), quality=90), encode(invoice("1.00", (2000, 2800)), quality=90)
    assert last(photo, photo[:-2] + b"\xff\xd9").side == 1024
    assert last(page, encode(invoice("1.00", (2000, 2800)), quality=80)).side == 2048
    small = encode(scene(6, 300, 200), quality=90)
    assert last(photo, small).side == 256
    assert [confirming.own_side(length, 2048) for length in (1, 383, 384, 1535, 1536, 90_000)] == [
        256,
        256,
        512,
        1024,
        2048,
        2048,
    ]


def test_turned_copies() -> None:
    picture = scene(6, 900, 700)
    turned = encode(ImageOps.mirror(picture), quality=85)
    assert last(encode(picture, quality=92), turned, turn=2).same
    assert not last(encode(picture, quality=92), turned).same


def test_compare_takes_it_into_account() -> None:
    found = la.compare(
        encode(invoice("1,204.50"), quality=92), encode(invoice("1,264.50"), quality=92), algorithms=["phash"]
    )
    assert found.tier is la.Tier.EDIT
    copy = la.compare(
        encode(scene(6, 900, 700), quality=92), encode(scene(6, 450, 350), quality=85), algorithms=["phash"]
    )
    assert copy.tier is la.Tier.COPY
    assert copy.evidence["last_look"]["changed"] == 0
    assert copy.evidence["last_look"]["tiles"] >= 256
