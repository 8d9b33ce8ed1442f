"""Written edits of a picture: what people and programs do to the same picture again.

Each edit is one row of `TRANSFORMS`: a picture in, a picture or the bytes of a file out. The accuracy bench and the tuning
measure with them. All are drawn by rule; what is random comes from the generator that is given.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Random = np.random.Generator

QUALITY = 90
"""Quality of the JPEG that pictures are stored as unless the edit is a codec itself."""
USUAL_WIDTH = 400
"""Blurs are given in pixels of a picture of this width."""


@dataclass(frozen=True, slots=True)
class Transform:
    """One edit.

    Attributes
    ----------
    name : str
        What it is called in tables.
    family : str
        codec, scale, aspect, tone, blur, noise, text, logo, caption, border, crop, rotation, turn or chain.
    edit : callable
        ``(picture in RGB) -> picture or bytes of a file``; where something is drawn by chance, the generator comes second.
    drawn : bool
        Whether something is.
    """

    name: str
    family: str
    edit: Callable[..., Image.Image | bytes]
    drawn: bool = False

    def apply(self, picture: Image.Image, random: Random) -> bytes:
        """Edit a picture.

        Parameters
        ----------
        picture : PIL.Image.Image
            In RGB; left as it is.
        random : numpy.random.Generator
            Decides what is left to chance.

        Returns
        -------
        bytes
            A file: what the edit wrote, or the edited picture as JPEG of quality `QUALITY`.

        Examples
        --------
        >>> picture = Image.new("RGB", (80, 60), "red")
        >>> edited = TRANSFORMS["crop 10 % centre"].apply(picture, np.random.default_rng(0))
        >>> Image.open(io.BytesIO(edited)).size
        (72, 54)
        """
        made = self.edit(picture, random) if self.drawn else self.edit(picture)
        return made if isinstance(made, bytes) else _saved(made, "JPEG", quality=QUALITY)


def _saved(picture: Image.Image, format_: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def _codec(picture: Image.Image, *, format_: str, quality: int) -> bytes:
    return _saved(picture, format_, **({"compress_level": 1} if format_ == "PNG" else {"quality": quality}))


def _scale(picture: Image.Image, *, across: float, down: float) -> Image.Image:
    size = max(round(picture.width * across), 1), max(round(picture.height * down), 1)
    return picture.resize(size, Image.Resampling.LANCZOS)


def _gray(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _sepia(picture: Image.Image) -> Image.Image:
    gray = picture.convert("L")
    return Image.merge(
        "RGB", [gray.point([min(round(level * share), 255) for level in range(256)]) for share in (1.07, 0.87, 0.65)]
    )


def _enhance(picture: Image.Image, *, what: type[ImageEnhance._Enhance], by: float) -> Image.Image:
    return what(picture).enhance(by)  # type: ignore[call-arg]


def _gamma(picture: Image.Image, *, power: float) -> Image.Image:
    return picture.point([round(255 * (level / 255) ** power) for level in range(256)] * 3)


def _hue(picture: Image.Image, *, degrees: int) -> Image.Image:
    hue, saturation, value = picture.convert("HSV").split()
    turned = hue.point([(level + round(degrees * 256 / 360)) % 256 for level in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def _posterise(picture: Image.Image, *, bits: int) -> Image.Image:
    return ImageOps.posterize(picture, bits)


def _autocontrast(picture: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(picture, 2)


def _equalise(picture: Image.Image) -> Image.Image:
    return ImageOps.equalize(picture)


def _blur(picture: Image.Image, *, radius: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius * min(picture.size) / USUAL_WIDTH))


def _sharpen(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(2 * min(picture.size) / USUAL_WIDTH, 150, 2))


def _noise(picture: Image.Image, random: Random, *, deviation: float) -> Image.Image:
    levels = np.asarray(picture, np.float64)
    return Image.fromarray(np.clip(levels + random.normal(0, deviation, levels.shape), 0, 255).astype(np.uint8))


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(size, 6))


def _date(picture: Image.Image) -> Image.Image:
    made, (width, height) = picture.copy(), picture.size
    ImageDraw.Draw(made).text((width * 0.05, height * 0.9), "14.07.2021", fill="orange", font=_font(height * 0.05))
    return made


def _meme(picture: Image.Image) -> Image.Image:
    made, (width, height) = picture.copy(), picture.size
    draw = ImageDraw.Draw(made)
    for top, text in ((0.02, "WHEN YOU SEE IT"), (0.87, "EVERY SINGLE TIME")):
        draw.text(
            (width / 2, height * top), text, fill="white", font=_font(width * 0.09), anchor="ma", stroke_fill="black",
            stroke_width=max(round(width / 200), 1),
        )  # fmt: skip
    return made


def _watermark(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    ImageDraw.Draw(layer).text(
        (width / 2, height / 2), "SAMPLE IMAGE", fill=(255, 255, 255, 128), font=_font(width * 0.11), anchor="mm"
    )
    layer = layer.rotate(30, Image.Resampling.BICUBIC)
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def _logo(picture: Image.Image) -> Image.Image:
    made, side = picture.copy(), round(0.2 * picture.width)
    left, top = picture.width - side - side // 8, picture.height - side - side // 8
    draw = ImageDraw.Draw(made)
    draw.ellipse((left, top, left + side, top + side), fill=(200, 30, 40))
    draw.rectangle((left + side // 4, top + side // 3, left + 3 * side // 4, top + 2 * side // 3), fill="white")
    return made


def _caption(picture: Image.Image, *, below: bool) -> Image.Image:
    width, height = picture.size
    bar = round(height * 0.15)
    made = Image.new("RGB", (width, height + bar), "white" if below else "black")
    made.paste(picture, (0, 0 if below else bar))
    place = width / 2, (height if below else 0) + bar / 2
    text = "A caption for this one"
    draw, size = ImageDraw.Draw(made), bar * 0.4
    size *= min(0.9 * width / draw.textlength(text, _font(size)), 1)
    draw.text(place, text, fill="black" if below else "white", font=_font(size), anchor="mm")
    return made


def _border(picture: Image.Image, *, share: float, colour: str) -> Image.Image:
    return ImageOps.expand(picture, round(max(picture.size) * share), colour)


def _letterbox(picture: Image.Image) -> Image.Image:
    bar = round(picture.height * 0.14)
    return ImageOps.expand(picture, (0, bar, 0, bar), "black")


def _blurred_frame(picture: Image.Image) -> Image.Image:
    width, height = round(picture.width * 1.3), picture.height
    behind = picture.resize((width, round(height * 1.3))).crop(
        (0, round(height * 0.15), width, round(height * 0.15) + height)
    )
    made = behind.filter(ImageFilter.GaussianBlur(picture.width / 20))
    made.paste(picture, ((width - picture.width) // 2, 0))
    return made


def _crop(picture: Image.Image, *, share: float, across: float = 0.5, down: float = 0.5) -> Image.Image:
    width, height = (max(round(length * (1 - share)), 1) for length in picture.size)
    left, top = round((picture.width - width) * across), round((picture.height - height) * down)
    return picture.crop((left, top, left + width, top + height))


def _corner(picture: Image.Image, random: Random, *, share: float) -> Image.Image:
    return _crop(picture, share=share, across=float(random.integers(2)), down=float(random.integers(2)))


def _anywhere(picture: Image.Image, random: Random, *, share: float) -> Image.Image:
    return _crop(picture, share=share, across=float(random.random()), down=float(random.random()))


def _rotate(picture: Image.Image, *, degrees: int) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC)


def _turn(picture: Image.Image, *, how: Image.Transpose) -> Image.Image:
    return picture.transpose(how)


def _chain(picture: Image.Image, *, cropped: bool) -> bytes:
    made = _sepia(_scale(picture, across=0.5, down=0.5))
    return _saved(_date(_crop(made, share=0.1)) if cropped else made, "JPEG", quality=50)


def _table() -> dict[str, Transform]:
    rows: list[tuple[str, str, Callable[..., Image.Image | bytes]]] = [
        *(
            (f"jpeg {quality}", "codec", partial(_codec, format_="JPEG", quality=quality))
            for quality in (90, 75, 50, 30, 20, 8)
        ),
        ("png", "codec", partial(_codec, format_="PNG", quality=0)),
        ("webp 80", "codec", partial(_codec, format_="WEBP", quality=80)),
        *((f"scale {by:g}", "scale", partial(_scale, across=by, down=by)) for by in (2, 0.75, 0.5, 0.33, 0.25, 0.12)),
        *((f"aspect {by:g}", "aspect", partial(_scale, across=by, down=1)) for by in (0.8, 0.5)),
        ("gray", "tone", _gray),
        ("sepia", "tone", _sepia),
        *((f"brightness {by:g}", "tone", partial(_enhance, what=ImageEnhance.Brightness, by=by)) for by in (0.7, 1.3)),
        *((f"contrast {by:g}", "tone", partial(_enhance, what=ImageEnhance.Contrast, by=by)) for by in (0.7, 1.4)),
        *((f"gamma {power:g}", "tone", partial(_gamma, power=power)) for power in (0.6, 1.6)),
        *((f"saturation {by:g}", "tone", partial(_enhance, what=ImageEnhance.Color, by=by)) for by in (0.4, 1.8)),
        *((f"hue {degrees}", "tone", partial(_hue, degrees=degrees)) for degrees in (15, 30)),
        ("autocontrast", "tone", _autocontrast),
        ("equalise", "tone", _equalise),
        ("posterise", "tone", partial(_posterise, bits=4)),
        *((f"blur {radius}", "blur", partial(_blur, radius=radius)) for radius in (1, 2, 5)),
        ("sharpen", "blur", _sharpen),
        ("noise", "noise", partial(_noise, deviation=8)),
        ("text date", "text", _date),
        ("text meme", "text", _meme),
        ("text watermark", "text", _watermark),
        ("logo", "logo", _logo),
        ("caption below", "caption", partial(_caption, below=True)),
        ("caption above", "caption", partial(_caption, below=False)),
        ("border 3 %", "border", partial(_border, share=0.03, colour="white")),
        ("border 8 %", "border", partial(_border, share=0.08, colour="black")),
        ("blurred frame", "border", _blurred_frame),
        ("letterbox", "border", _letterbox),
        *(
            (f"crop {share * 100:.0f} % {where}", "crop", partial(edit, share=share))
            for share in (0.02, 0.05, 0.1, 0.2, 0.3)
            for where, edit in (("centre", _crop), ("corner", _corner), ("anywhere", _anywhere))
        ),
        *((f"rotation {degrees}", "rotation", partial(_rotate, degrees=degrees)) for degrees in (1, 3, 5)),
        ("mirror", "turn", partial(_turn, how=Image.Transpose.FLIP_LEFT_RIGHT)),
        ("rotate 90", "turn", partial(_turn, how=Image.Transpose.ROTATE_270)),
        ("scale, sepia, jpeg", "chain", partial(_chain, cropped=False)),
        ("scale, sepia, crop, text, jpeg", "chain", partial(_chain, cropped=True)),
    ]
    drawn = (_noise, _corner, _anywhere)
    return {
        name: Transform(name, family, edit, isinstance(edit, partial) and edit.func in drawn)
        for name, family, edit in rows
    }


TRANSFORMS: dict[str, Transform] = _table()
"""All edits by name, in the order of tables."""
