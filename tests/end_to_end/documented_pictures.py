"""What the examples of the docs name: photos and data sets, made by rule."""

import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from album import jpeg
from command import write
from PIL import Image, ImageDraw

from conftest import encode, scene

WIDTH, HEIGHT = 800, 600


def lay_out(root: Path) -> Path:
    """Write everything below a folder, and return it."""
    for name, content in {**_photos(), **_single(), **_classes(), **_shards()}.items():
        write(root / name, content)
    (root / "pairs.csv").write_text("path_a,path_b,same\na.jpg,b.jpg,1\na.jpg,c.jpg,0\n")
    (root / "clip-neighbours.csv").write_text("path_a,path_b\nphotos/beach.jpg,photos/dawn.jpg\n")
    _table(root / "train.parquet", [7, 8, 9, 9])
    _table(root / "test.parquet", [8, 10])
    return root


def _photos() -> dict[str, bytes]:
    beach, lake, tower, dawn, dusk, street = (scene(seed, WIDTH, HEIGHT) for seed in range(6))
    return {
        "photos/beach.jpg": jpeg(beach, 92),
        "photos/2019/beach (1).jpg": jpeg(beach, 92),
        "photos/2019/beach-small.jpg": jpeg(_half(beach), 80),
        "photos/lake.png": encode(lake, "PNG"),
        "photos/lake.jpg": jpeg(lake, 75),
        "photos/tower.jpg": jpeg(tower),
        "photos/tower-gray.jpg": jpeg(tower.convert("L").convert("RGB"), 85),
        "photos/dawn.jpg": jpeg(dawn),
        "backup/beach.jpg": jpeg(beach, 92),
        "backup/dawn.webp": encode(dawn, "WEBP", quality=80),
        "backup/street.jpg": jpeg(street),
        "old-drive/IMG_0412.jpg": jpeg(beach, 70),
        "old-drive/IMG_0413.jpg": jpeg(dusk),
        "rejected/IMG_0007.jpg": jpeg(_half(dawn), 70),
    }


def _single() -> dict[str, bytes]:
    beach, street, dawn, dusk = (scene(seed, WIDTH, HEIGHT) for seed in (0, 5, 3, 4))
    written = street.point(lambda level: min(255, level + 25))
    ImageDraw.Draw(written).text((520, 540), "21 June 2019", fill="white", font_size=40)
    return {
        "holiday.jpg": jpeg(_half(beach), 60),
        "dawn.jpg": jpeg(dawn),
        "dusk.jpg": jpeg(dusk),
        "a.jpg": jpeg(street, 85),
        "b.jpg": jpeg(_half(street), 40),
        "c.jpg": jpeg(dawn),
        "photo.jpg": jpeg(street),
        "edited.jpg": jpeg(written, 70),
        "other.jpg": jpeg(dusk),
    }  # fmt: skip


def _classes() -> dict[str, bytes]:
    """Return two splits with the classes cat and dog: a picture of train is in test, mirrored and of another class."""
    train = {
        f"data/train/{'cat' if seed % 2 else 'dog'}/{seed:04}.png": scene(seed, 320, 240) for seed in range(20, 30)
    }
    test = {f"data/test/{'cat' if seed % 2 else 'dog'}/{seed:04}.png": scene(seed, 320, 240) for seed in range(30, 34)}
    leaked = scene(20, 320, 240).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    files = {name: encode(image, "PNG") for name, image in {**train, **test}.items()}
    return {
        **files,
        "data/test/cat/0040.jpg": jpeg(leaked.resize((160, 120)), 85),
        "data/test/cat/0041.png": files["data/train/cat/0021.png"],
    }


def _shards() -> dict[str, bytes]:
    """Return two shards of a data set, as img2dataset writes them: an image and a JSON file a sample."""
    seeds = {"set/0001.tar": [11, 12, 13], "set/0002.tar": [13, 14, 11]}
    return {name: _shard(number, members) for number, (name, members) in enumerate(seeds.items(), 1)}


def _shard(number: int, seeds: list[int]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for at, seed in enumerate(seeds):
            facts = {"caption": f"picture {seed}", "aesthetic": 5 + at / 10}
            for suffix, content in (
                ("jpg", jpeg(scene(seed, 320, 240), 90 - 10 * number)),
                ("json", json.dumps(facts).encode()),
            ):
                member = tarfile.TarInfo(f"{number:04}{at:04}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _table(path: Path, seeds: list[int]) -> None:
    images = [{"bytes": jpeg(scene(seed, 320, 240), 90 - at), "path": f"{at}.jpg"} for at, seed in enumerate(seeds)]
    pq.write_table(pa.table({"image": images, "aesthetic": [5.0 + at / 10 for at in range(len(seeds))]}), path)


def _half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
