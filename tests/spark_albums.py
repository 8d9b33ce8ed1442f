"""Albums by rule for searches on Spark: what is the same picture in many ways, and what only looks like it."""

import io
import tarfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from conftest import encode, scene
from raw_writer import dng

ALONE = range(200, 204)
"""Scenes that look like no other."""


def album(base: Path) -> Path:
    """Write pictures, their edits and copies, what has little detail, and what cannot be read."""
    files: dict[str, bytes] = {}
    for seed in range(12):
        picture = scene(seed)
        files[f"a/{seed}.jpg"] = encode(picture, quality=88)
        files[f"b/{seed}.jpg"] = [
            encode(picture, quality=60), encode(picture.resize((240, 180)), quality=80), encode(picture.convert("L")),
            encode(picture.crop((16, 12, 464, 348)), quality=85), encode(picture.crop((40, 0, 480, 330))),
            encode(ImageOps.expand(picture, 40, "black")), encode(ImageOps.mirror(picture)),
            encode(picture.rotate(90, expand=True)),
            encode(picture.crop((120, 90, 440, 350))), encode(_marked(picture, "draft")), encode(picture.resize((200, 200))),
            encode(picture.point(lambda value: min(255, value + 40))),
        ][seed]  # fmt: skip
    files["copies/1.jpg"] = files["copies/deep/1 again.jpg"] = files["a/1.jpg"]
    files["copies/b3.jpg"] = files["b/3.jpg"]
    for seed in (20, 21):
        for kind in ("PNG", "BMP", "TIFF"):
            files[f"pixels/{seed}.{kind.lower()}"] = encode(scene(seed, 200, 150), kind)
    for seed in (30, 31):  # bursts: what moves is another picture
        for shot in range(4):
            files[f"burst/{seed}-{shot}.jpg"] = encode(_moved(seed, shot), quality=90)
    for shade in (0, 200):
        flat = Image.new("RGB", (120, 90), (shade, shade, shade))
        files |= {f"flat/{shade}.png": encode(flat, "PNG"), f"flat/{shade}.bmp": encode(flat, "BMP")}
    files["flat/copy.png"] = files["flat/0.png"]
    files["broken/none.jpg"] = b"no image at all"
    files["broken/short.jpg"] = files["a/2.jpg"][:3000]
    files["broken/half.jpg"] = files["a/4.jpg"][: len(files["a/4.jpg"]) * 2 // 3]
    files["broken/other.png"] = files["pixels/20.png"][:900]
    return _written(base, files)


def album_with_archive(base: Path) -> Path:
    """Write the same, pictures that look like no other, and an archive with some of them all."""
    folder = _written(album(base), {f"alone/{seed}.jpg": encode(scene(seed)) for seed in ALONE})
    with tarfile.open(folder / "shard.tar", "w") as tar:
        for name in ("a/0.jpg", "b/1.jpg", "b/2.jpg", "pixels/21.bmp", "flat/200.bmp"):
            tar.add(folder / name, f"again {name.replace('/', ' ')}")
    return folder


def shots(base: Path) -> Path:
    """Write raw files beside JPEGs, samples of two images, and images with masks."""
    files: dict[str, bytes] = {}
    for seed in range(40, 46):
        picture = scene(seed)
        name = f"IMG_{seed:04}"
        files[f"camera/{name}.JPG"] = encode(picture, quality=92)
        files[f"camera/{name}.DNG"] = dng(picture, captured="2021:07:14 10:00:00")
        files[f"phone/{name}.jpg"] = encode(picture.resize((240, 180)), quality=75)
    files["backup/IMG_0040.JPG"] = files["camera/IMG_0040.JPG"]
    files["backup/IMG_0040.DNG"] = files["camera/IMG_0040.DNG"]
    files["backup/IMG_0041.JPG"] = files["camera/IMG_0041.JPG"]
    for number in range(8):
        mask = Image.new("L", (160, 120))
        ImageDraw.Draw(mask).rectangle((20, 20, 60 + 8 * (number // 2), 90), fill=255)
        files[f"set/masks/{number}.png"] = encode(mask, "PNG")
        files[f"set/images/{number}.jpg"] = encode(scene(60 + number // 2), quality=90 - 20 * (number % 2))
    files["set/images/broken.jpg"] = b"no image"
    files["set/masks/broken.png"] = files["set/masks/0.png"]
    folder = _written(base, files)
    for shard, seeds in (("one", range(80, 90)), ("two", (80, 95, 96, 97, 84, 98)), ("single", (82,))):
        with tarfile.open(folder / f"{shard}.tar", "w") as tar:
            for seed in seeds:
                quality = 90 if shard == "one" else 60
                _add(tar, f"{seed:04}.left.jpg", encode(scene(seed, 320, 240), quality=quality))
                _add(tar, f"{seed:04}.right.jpg", encode(scene(seed + 100, 320, 240), quality=quality))
            _add(tar, "0085.extra.jpg", encode(scene(86, 320, 240), quality=50))
    return folder


def crowd(base: Path, count: int = 300) -> Path:
    """Write one form with other small text on each, some of them twice, and few pictures beside."""
    form = Image.new("RGB", (160, 120), "white")
    draw = ImageDraw.Draw(form)
    for y in range(10, 110, 12):
        draw.line((10, y, 70 + 6 * y % 70, y), fill="black", width=2)
    draw.ellipse((100, 20, 150, 70), fill=(180, 40, 60))
    files = {}
    for number in range(count):
        page = form.copy()
        ImageDraw.Draw(page).text((20, 96), f"{number:04}", fill="black")
        files[f"forms/{number:04}.png"] = encode(page, "PNG")
        if number % 50 == 0:
            files[f"forms/{number:04}.jpg"] = encode(page, quality=85)
            files[f"forms/{number:04} copy.png"] = files[f"forms/{number:04}.png"]
    for seed in range(3):
        files[f"others/{seed}.png"] = encode(scene(seed, 160, 120), "PNG")
        files[f"others/{seed}.jpg"] = encode(scene(seed, 160, 120), quality=70)
    return _written(base, files)


def _written(base: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return base


def _marked(picture: Image.Image, text: str) -> Image.Image:
    marked = picture.copy()
    ImageDraw.Draw(marked).text((330, 320), text, fill="white", font_size=40)
    return marked


def _moved(seed: int, shot: int) -> Image.Image:
    picture = scene(seed)
    ImageDraw.Draw(picture).ellipse((60 + 50 * shot, 200, 160 + 50 * shot, 300), fill=(250, 240, 90))
    return picture


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    told = tarfile.TarInfo(name)
    told.size = len(content)
    tar.addfile(told, io.BytesIO(content))
