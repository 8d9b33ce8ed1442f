"""The last look: one digit, one tick or one chess man is enough to be no copy; encoders and scaling are not."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike.decode import decode
from lookalike.errors import DecodeError
from lookalike.model import Orient, Tier
from lookalike.verdicts import confirming
from lookalike.verdicts.confirming import LastLook, confirm, look
from lookalike.verdicts.judging import pictures_of


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


PICTURE = scene(3, 480, 400)


def pages(*pictures: Image.Image, format_: str = "TIFF", **options: object) -> bytes:
    return encode(pictures[0], format_, save_all=True, append_images=list(pictures[1:]), **options)


def tones(seed: int) -> Image.Image:
    """A picture that a palette of GIF holds as it is."""
    return scene(seed, 320, 240).convert("L").quantize(64).convert("L")


def transparent() -> Image.Image:
    picture = PICTURE.copy()
    alpha = Image.new("L", PICTURE.size, 255)
    alpha.paste(120, (0, 0, 40, 40))
    picture.putalpha(alpha)
    return picture


def flattened() -> Image.Image:
    page = Image.new("RGBA", PICTURE.size, "white")
    page.alpha_composite(transparent())
    return page.convert("RGB")


def motion(photo: bytes) -> bytes:
    packet = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description Camera:MotionPhoto='1'/></x:xmpmeta>"
    return photo[:2] + b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet + photo[2:] + bytes(1000)


def both_ways(first: bytes, second: bytes, orient: Orient = "upright") -> confirming.Confirmed:
    """Confirm in both orders and see that the one mirrors the other."""
    there = confirm((first, "first"), (second, "second"), orient=orient)
    back = confirm((second, "second"), (first, "first"), orient=orient)
    assert (there.tier, there.score, there.lacks) == (back.tier, back.score, back.lacks[::-1])
    return there


@pytest.mark.parametrize(
    ("more", "less", "lost", "tier"),
    [
        (lambda: pages(tones(3), tones(4), format_="GIF"), lambda: encode(tones(3), "PNG"), "frames", Tier.COPY),
        (
            lambda: pages(PICTURE, scene(4, 480, 400), format_="WEBP", quality=95),
            lambda: encode(PICTURE, quality=90),
            "frames",
            Tier.COPY,
        ),
        (lambda: pages(PICTURE, scene(4, 480, 400)), lambda: encode(PICTURE, "TIFF"), "frames", Tier.COPY),
        (
            lambda: pages(PICTURE, scene(4), scene(5)),
            lambda: pages(PICTURE, scene(4)),
            "frames",
            Tier.COPY,
        ),
        (lambda: encode(transparent(), "PNG"), lambda: encode(flattened(), "PNG"), "alpha", Tier.COPY),
        (
            lambda: encode(Image.fromarray(np.asarray(PICTURE.convert("L")).astype(np.uint16) * 257), "PNG"),
            lambda: encode(PICTURE.convert("L"), "PNG"),
            "depth",
            Tier.COPY,
        ),
        (lambda: encode(PICTURE, "PNG"), lambda: encode(PICTURE.convert("L"), "PNG"), "colour", Tier.EDIT),
        (lambda: motion(encode(PICTURE, quality=90)), lambda: encode(PICTURE, quality=90), "video", Tier.EXACT),
        (lambda: motion(encode(PICTURE, quality=90)), lambda: encode(PICTURE, quality=70), "video", Tier.COPY),
        (lambda: encode(PICTURE, "PNG"), lambda: encode(PICTURE.resize((240, 200)), "PNG"), "pixels", Tier.COPY),
        (
            lambda: encode(PICTURE, quality=90),
            lambda: encode(PICTURE.crop((20, 20, 480, 400)), quality=90),
            "crop",
            Tier.EDIT,
        ),
    ],
)
def test_what_is_lacking_is_named_in_that_direction(
    more: Callable[[], bytes], less: Callable[[], bytes], lost: str, tier: Tier
) -> None:
    found = both_ways(less(), more())
    assert (found.tier, found.lacks) == (tier, ((lost,), ()))


def test_every_page_counts() -> None:
    first, second, third = scene(3), scene(4), scene(5)
    document = pages(first, second, third)
    assert both_ways(document, pages(first, second, third, compression="tiff_lzw")).tier is Tier.EXACT
    copy = both_ways(document, pages(first, second, third, compression="jpeg", quality=90))
    assert (copy.tier, copy.lacks) == (Tier.COPY, ((), ()))
    # Pages that only one of them has, whether there are as many or not.
    for other in (pages(first, second, scene(6)), pages(first, scene(6))):
        found = both_ways(document, other)
        assert found.tier is Tier.COPY
        assert "frames" in found.lacks[0]
        assert "frames" in found.lacks[1]
        assert "is another picture" in found.relation
    edited = second.copy()
    ImageDraw.Draw(edited).text((60, 60), "PAID", fill="white", font_size=60)
    found = both_ways(document, pages(first, edited, third))
    assert (found.tier, found.lacks) == (Tier.EDIT, ((), ()))
    assert "frame 2: " in found.relation
    found = both_ways(document, pages(first, second.convert("L"), third))
    assert (found.tier, found.lacks) == (Tier.EDIT, ((), ("colour",)))


def test_animations_encoded_again_are_copies() -> None:
    frames = [scene(seed, 320, 240) for seed in (3, 4, 5)]
    one = pages(*frames, format_="WEBP", quality=95, duration=80)
    other = pages(*(frame.resize((240, 180)) for frame in frames), format_="WEBP", quality=80, duration=40)
    found = both_ways(one, other)
    assert (found.tier, found.lacks) == (Tier.COPY, ((), ("pixels",)))


def test_a_damaged_page_is_no_page() -> None:
    whole = pages(*(scene(seed, 320, 240) for seed in (3, 4)), format_="GIF")
    small = pages(*(scene(seed, 320, 240).resize((160, 120)) for seed in (3, 4)), format_="GIF")
    assert both_ways(whole, small).tier <= Tier.EDIT
    cut = whole[:-8000]
    for files in ((cut, small), (small, cut)):
        with pytest.raises(DecodeError):
            confirm((files[0], ""), (files[1], ""))


def test_turns_count_where_they_are_asked_for() -> None:
    picture = scene(6, 600, 400)
    straight = encode(picture, quality=92)
    mirrored, rotated = (
        encode(picture.transpose(turn), quality=85)
        for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90)
    )
    wanted: list[tuple[bytes, Orient, bool]] = [
        (mirrored, "upright", False), (mirrored, "mirror", True), (mirrored, "all", True),
        (rotated, "upright", False), (rotated, "mirror", False), (rotated, "all", True),
    ]  # fmt: skip
    for other, orient, copy in wanted:
        found = both_ways(straight, other, orient)
        assert (found.tier is Tier.COPY) is copy
        assert copy or found.tier > Tier.EDIT
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = encode(picture.transpose(Image.Transpose.ROTATE_90), quality=85, exif=exif)
    assert both_ways(straight, lying).tier is Tier.COPY


def test_a_digit_of_an_invoice_is_no_copy() -> None:
    one, other = (encode(invoice(total), quality=90) for total in ("1,204.50", "1,264.50"))
    found = both_ways(one, other)
    assert found.tier is Tier.EDIT
    assert found.last is not None
    assert found.last.changed >= 1
    two, three = (pages(scene(3), invoice(total)) for total in ("1,204.50", "1,264.50"))
    assert both_ways(two, three).tier is Tier.EDIT


def test_flat_pictures_are_exact_or_nothing() -> None:
    flat = Image.new("RGB", (200, 200), "white")
    assert both_ways(encode(flat, "PNG"), encode(flat, "BMP")).tier is Tier.EXACT
    found = both_ways(encode(flat, "PNG"), encode(flat, "JPEG", quality=30).replace(b"\xff\xd9", b"\xff\xd9\0"))
    assert found.tier is Tier.EXACT
    for other in (Image.new("RGB", (200, 200), (255, 255, 254)), flat.resize((100, 100)), scene(3)):
        assert both_ways(encode(flat, "PNG"), encode(other, "PNG")).tier is Tier.NONE


def test_two_exposures_are_no_copies() -> None:
    def shot(second: int) -> bytes:
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Maker", "Model"
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:01 12:00:{second:02d}"
        return encode(PICTURE, quality=90 - second, exif=exif)

    assert both_ways(shot(10), shot(20)).tier is Tier.SIMILAR


def test_bytes_and_damage() -> None:
    data = encode(PICTURE, quality=90)
    assert both_ways(data, data) == confirming.Confirmed(Tier.EXACT, 1.0, "identical bytes")
    for files in ((data, data[:-3000]), (data[:-3000], data), (data, b"no image")):
        with pytest.raises(DecodeError):
            confirm((files[0], ""), (files[1], ""))
