"""Make a small sample set of real photos with copies: the pictures inside scikit-image, resized, re-encoded and EXIF-turned.

Usage: python examples/sample_set.py FOLDER
"""

import sys
from pathlib import Path

import skimage
from PIL import ExifTags, Image

PHOTOS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "clock_motion.png", "coffee.png", "coins.png", "grass.png",
    "gravel.png", "horse.png", "hubble_deep_field.jpg", "ihc.png", "motorcycle_left.png", "page.png", "retina.jpg",
    "rocket.jpg",
)  # fmt: skip
"""Pictures that the scikit-image package carries; see its data/README.txt for their origins."""


def make(folder: Path) -> int:
    """Write the photos and their copies.

    Parameters
    ----------
    folder : Path
        Where to; made where missing.

    Returns
    -------
    int
        Number of files.
    """
    originals, backup = folder / "photos", folder / "backup"
    for place in (originals, backup):
        place.mkdir(parents=True, exist_ok=True)
    source = Path(skimage.__file__).parent / "data"
    for number, name in enumerate(PHOTOS):
        with Image.open(source / name) as opened:
            photo = opened.convert("RGB")
        stem = Path(name).stem
        photo.save(originals / f"{stem}.jpg", quality=92)
        small = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.LANCZOS)
        kind = number % 4
        if kind == 0:
            (backup / f"{stem} (1).jpg").write_bytes((originals / f"{stem}.jpg").read_bytes())
        elif kind == 1:
            small.save(backup / f"{stem}-small.jpg", quality=70)
        elif kind == 2:
            photo.save(backup / f"{stem}.webp", quality=80)
        else:
            exif = Image.Exif()
            exif[ExifTags.Base.Orientation] = 6  # stored lying on its side, shown upright
            photo.transpose(Image.Transpose.ROTATE_90).save(backup / f"{stem}-turned.jpg", quality=85, exif=exif)
    return sum(1 for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    target = Path(sys.argv[1])
    print(f"{make(target)} sample files in {target}")
