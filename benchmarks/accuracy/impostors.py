"""Hard negatives by rule: pairs of pictures that look alike and are not the same."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

Random = np.random.Generator
Pair = tuple[Image.Image, Image.Image]
WORDS = [
    "amount",
    "total",
    "invoice",
    "street",
    "number",
    "date",
    "order",
    "item",
    "price",
    "tax",
    "due",
    "net",
    "gross",
    "city",
    "phone",
    "account",
    "bank",
    "code",
]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def burst(photos: list[Image.Image], random: Random) -> Pair:
    """Shoot the next frame: the camera moved by 1-3 %, and so did an object."""
    photo = photos[int(random.integers(len(photos)))]
    width, height = photo.size
    across, down = (int(length * random.uniform(0.01, 0.03)) for length in photo.size)
    frames = photo.crop((0, 0, width - across, height - down)), photo.crop((across, down, width, height))
    side = width // 8
    left, top = (int(random.integers(length - 3 * side)) for length in (width, height))
    colour = tuple(int(value) for value in random.integers(0, 256, 3))
    for at, frame in enumerate(frames):
        ImageDraw.Draw(frame).ellipse((left + at * side, top, left + at * side + side, top + side), fill=colour)
    return frames[0], frames[1]


def bracket(photos: list[Image.Image], random: Random) -> Pair:
    """Two exposures from the hand: one darker by two thirds of a stop to two stops, moved by 0.8-2 %."""
    photo = photos[int(random.integers(len(photos)))]
    width, height = photo.size
    across, down = (int(length * random.uniform(0.008, 0.02)) + 1 for length in photo.size)
    frames = photo.crop((0, 0, width - across, height - down)), photo.crop((across, down, width, height))
    return frames[0], ImageEnhance.Brightness(frames[1]).enhance(random.uniform(0.25, 0.63))


def variant(_photos: list[Image.Image], random: Random) -> Pair:
    """One product on white in two patterns or two hues."""
    shape = [(float(x), float(y)) for x, y in random.uniform(0.15, 0.85, (9, 2)) * (480, 600)]
    middle = np.mean(shape, axis=0)
    shape.sort(key=lambda at: np.arctan2(at[1] - middle[1], at[0] - middle[0]))
    made = []
    hues = random.permutation(4)[:2]
    patterned = random.random() < 0.5
    for at in range(2):
        picture, cloth = Image.new("RGB", (480, 600), "white"), Image.new("RGB", (480, 600))
        draw = ImageDraw.Draw(cloth)
        base = [(190, 50, 50), (40, 110, 190), (50, 140, 60), (170, 140, 40)][hues[0 if patterned else at]]
        draw.rectangle((0, 0, 480, 600), fill=base)
        if patterned:
            step = (26, 44)[at]
            for place in range(0, 600, step):
                band = (0, place, 480, place + step // 2) if at else (place, 0, place + step // 2, 600)
                draw.rectangle(band, fill=(240, 235, 220))
        mask = Image.new("L", (480, 600))
        ImageDraw.Draw(mask).polygon(shape, fill=255)
        picture.paste(cloth, mask=mask)
        made.append(picture.filter(ImageFilter.GaussianBlur(1)))
    return made[0], made[1]


def _page(random: Random, lines: int = 34) -> Image.Image:
    made = Image.new("L", (600, 800), "white")
    draw = ImageDraw.Draw(made)
    draw.text((60, 40), "Report", fill=0, font=_font(32))
    for line in range(lines):
        words = " ".join(random.choice(WORDS, 8))
        draw.text((60, 100 + 20 * line), words[:64], fill=0, font=_font(15))
    return made.convert("RGB")


def page(_photos: list[Image.Image], random: Random) -> Pair:
    """Two pages of different text in one layout."""
    return _page(random), _page(random)


def icon(_photos: list[Image.Image], random: Random) -> Pair:
    """Two icons of one family: one disc, another sign on it."""
    made = []
    for kind in random.permutation(5)[:2].tolist():
        picture = Image.new("RGB", (128, 128), "white")
        draw = ImageDraw.Draw(picture)
        draw.ellipse((8, 8, 120, 120), fill=(40, 90, 200))
        if kind == 0:
            draw.rectangle((56, 30, 72, 98), fill="white")
        elif kind == 1:
            draw.ellipse((34, 34, 94, 94), outline="white", width=12)
        elif kind == 2:
            draw.polygon([(64, 28), (98, 92), (30, 92)], fill="white")
        elif kind == 3:
            draw.ellipse((40, 40, 88, 88), fill="white")
        else:
            draw.line((34, 66, 56, 90, 96, 38), fill="white", width=12)
        made.append(picture.resize((int(random.integers(64, 257)),) * 2))
    return made[0], made[1]


def template(photos: list[Image.Image], random: Random) -> Pair:
    """One printed frame with two photos in it."""
    made = []
    for at in random.choice(len(photos), 2, replace=False).tolist():
        picture = Image.new("RGB", (640, 480), (20, 60, 120))
        draw = ImageDraw.Draw(picture)
        draw.rectangle((20, 20, 620, 90), fill=(240, 200, 60))
        draw.text((40, 30), "SPECIAL OFFER", fill="black", font=_font(44))
        draw.text((380, 400), "only today", fill="white", font=_font(36))
        picture.paste(photos[at].resize((280, 340)), (40, 120))
        made.append(picture)
    return made[0], made[1]


def invoice(_photos: list[Image.Image], random: Random) -> Pair:
    """Two invoices that differ in their digits."""
    state = int(random.integers(1 << 30))
    made = []
    for _ in range(2):
        same = np.random.default_rng(state)
        picture = Image.new("RGB", (700, 900), "white")
        draw = ImageDraw.Draw(picture)
        draw.text((60, 50), "INVOICE", fill="black", font=_font(40))
        draw.text((440, 60), f"No. {int(random.integers(10000, 99999))}", fill="black", font=_font(24))
        for line in range(8):
            draw.text((60, 200 + 50 * line), " ".join(same.choice(WORDS, 3)), fill="black", font=_font(22))
            draw.text((560, 200 + 50 * line), f"{int(random.integers(100, 999))}.00", fill="black", font=_font(22))
        made.append(picture)
    return made[0], made[1]


def chat(_photos: list[Image.Image], random: Random) -> Pair:
    """Two screenshots of a chat with other words."""
    sides = random.random(7) < 0.5
    made = []
    for _ in range(2):
        picture = Image.new("RGB", (540, 960), (236, 229, 221))
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 0, 540, 90), fill=(7, 94, 84))
        for line, mine in enumerate(sides):
            left, top = (150 if mine else 20), 120 + 115 * line
            draw.rounded_rectangle((left, top, left + 370, top + 90), 16, fill=(220, 248, 198) if mine else "white")
            draw.text((left + 16, top + 14), " ".join(random.choice(WORDS, 4)), fill="black", font=_font(22))
        made.append(picture)
    return made[0], made[1]


def checkbox(_photos: list[Image.Image], random: Random) -> Pair:
    """One form, and the same with a box ticked."""
    form = _page(random, 30)
    draw = ImageDraw.Draw(form)
    draw.rectangle((60, 720, 84, 744), outline="black", width=2)
    draw.text((100, 722), "I agree", fill="black", font=_font(18))
    ticked = form.copy()
    ImageDraw.Draw(ticked).line((64, 732, 71, 740, 81, 724), fill="black", width=3)
    return form, ticked


def price(photos: list[Image.Image], random: Random) -> Pair:
    """One tag on one photo with two prices."""
    photo = photos[int(random.integers(len(photos)))]
    made = []
    for amount in random.choice(np.arange(10, 100), 2, replace=False).tolist():
        picture = photo.copy()
        left, top = picture.width // 2, int(picture.height * 0.8)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((left, top, left + 150, top + 60), fill="white")
        draw.text((left + 12, top + 8), f"{amount}.99", fill="black", font=_font(40))
        made.append(picture)
    return made[0], made[1]


def chess(_photos: list[Image.Image], random: Random) -> Pair:
    """One board before and after a move."""
    squares = random.permutation(64)[:25].tolist()
    dark = random.random(24) < 0.5
    made = []
    for moved in (False, True):
        picture = Image.new("RGB", (640, 640))
        draw = ImageDraw.Draw(picture)
        for square in range(64):
            row, column = divmod(square, 8)
            fill = (240, 217, 181) if (row + column) % 2 == 0 else (181, 136, 99)
            draw.rectangle((column * 80, row * 80, column * 80 + 79, row * 80 + 79), fill=fill)
        for number, square in enumerate([squares[24 if moved else 0], *squares[1:24]]):
            row, column = divmod(square, 8)
            box = column * 80 + 18, row * 80 + 18, column * 80 + 62, row * 80 + 62
            draw.ellipse(box, fill="black" if dark[number] else "white", outline="gray", width=3)
        made.append(picture)
    return made[0], made[1]


def surveillance(photos: list[Image.Image], random: Random) -> Pair:
    """One still camera: the same view with noise, and a small object that appears."""
    photo = photos[int(random.integers(len(photos)))]
    made = []
    for appears in (False, True):
        levels = np.asarray(photo, np.float64) + random.normal(0, 3, (photo.height, photo.width, 3))
        picture = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
        if appears:
            side = photo.width // 12
            left, top = (int(random.integers(length - 2 * side)) for length in photo.size)
            colour = tuple(int(value) for value in random.integers(0, 256, 3))
            ImageDraw.Draw(picture).rounded_rectangle((left, top, left + side, top + 2 * side), side // 3, fill=colour)
        made.append(picture)
    return made[0], made[1]


FAMILIES: dict[str, Callable[[list[Image.Image], Random], Pair]] = {
    "burst": burst, "bracket": bracket, "variant": variant, "page": page, "icon": icon, "template": template,
    "invoice": invoice, "chat": chat, "checkbox": checkbox, "price": price, "chess": chess, "surveillance": surveillance,
}  # fmt: skip
"""Each makes a pair from some photos and a random generator."""
CHANGED = ("invoice", "chat", "checkbox", "price", "chess", "surveillance")
"""One picture, changed in a place that matters: must not be copies, may be edits."""
