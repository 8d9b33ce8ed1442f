"""The files that the benchmarks read: made from photos or from pictures drawn by rule, always the same, and kept."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance

VERSION = 1  # of the rules below; a new one makes new files
SCENES = 200
TURNS = (None, *Image.Transpose)
GRAIN = 4.0  # levels; like that of a camera in fair light


@dataclass(frozen=True)
class Corpus:
    """Files of one kind.

    `kilobytes` is their mean size, reached by choosing the quality; 0 takes the `options` of the encoder as they are.
    """

    name: str
    files: int
    width: int
    height: int
    suffix: str = "jpg"
    kilobytes: int = 0
    options: dict[str, Any] = field(default_factory=dict)


def cache() -> Path:
    """Return the folder in which made files stay."""
    return Path(os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()) / "lookalike-benchmarks"


def photos_folder(given: str | None = None) -> Path:
    """Return the photos to start from: as given, else those beside the checkout, else pictures drawn by rule."""
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "photos"
    if given is not None:
        return Path(given)
    return shared if shared.is_dir() else made_folder(f"scenes-{VERSION}", _scenes())


def corpus_folder(corpus: Corpus, photos: Path) -> Path:
    """Return a flat folder with the files of a corpus; made at the first call.

    Each is another window of a photo, turned and with other grain; one in twenty has the window of another, like a copy.
    """
    sources = sorted(path for path in photos.rglob("*") if path.suffix == ".jpg")
    key = f"{corpus.name}-{corpus.files}-{corpus.width}x{corpus.height}-{corpus.kilobytes}-{len(sources)}-{VERSION}"
    return made_folder(key, _encoded(corpus, sources))


def replicate(photos: Path, target: Path, files: int) -> None:
    """Fill a folder with re-encoded copies of some photos, each round smaller and of lower quality."""
    sources = sorted(path for path in photos.rglob("*") if path.suffix == ".jpg")
    for number in range(files):
        turn, place = divmod(number, len(sources))
        folder = target / f"{turn:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(sources[place]) as photo:
            size = photo.width - 2 * turn, photo.height - 2 * turn
            photo.convert("RGB").resize(size).save(folder / f"{place:05d}.jpg", quality=95 - 2 * (turn % 30))


def made_folder(key: str, files: Iterator[tuple[str, bytes]]) -> Path:
    """Return a folder of the cache; it appears with all of its files, or not at all."""
    target = cache() / key
    if not target.is_dir():
        print(f"making {target}", file=sys.stderr)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix="unfinished-"))
        for name, content in files:
            (unfinished / name).write_bytes(content)
        unfinished.rename(target)
    return target


def _encoded(corpus: Corpus, sources: list[Path]) -> Iterator[tuple[str, bytes]]:
    options = dict(corpus.options)
    for place, source in enumerate(sources[: corpus.files]):
        with Image.open(source) as opened:
            photo = opened.convert("RGB")
        if place == 0 and corpus.kilobytes:
            options["quality"] = _quality(corpus, sources)
        for number in range(place, corpus.files, len(sources)):
            yield (
                f"{number:06d}.{corpus.suffix}",
                _bytes(_window(photo, number, len(sources), corpus), corpus.suffix, options),
            )


def _window(photo: Image.Image, number: int, sources: int, corpus: Corpus) -> Image.Image:
    turn, place = divmod(number, sources)
    shown = turn - 1 if turn and number % 20 == 0 else turn
    random = np.random.default_rng((place, shown))
    share = 1.0 if shown == 0 else random.uniform(0.4, 0.8)
    width = share * min(photo.width, photo.height * corpus.width / corpus.height)
    height = width * corpus.height / corpus.width
    left, top = random.uniform(0, 1, 2) * (photo.width - width, photo.height - height)
    picture = photo.resize(
        (corpus.width, corpus.height), Image.Resampling.BICUBIC, (left, top, left + width, top + height)
    )
    if (turned := TURNS[shown % len(TURNS)]) is not None:
        picture = picture.transpose(turned).resize((corpus.width, corpus.height))
    picture = ImageEnhance.Brightness(picture).enhance(random.uniform(0.8, 1.2))
    grain = np.random.default_rng(number).normal(0, GRAIN, (corpus.height, corpus.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def _quality(corpus: Corpus, sources: list[Path]) -> int:
    """Return the highest quality at which the first files are not larger than asked for, in the mean."""
    pictures = []
    for place, source in enumerate(sources[:16]):
        with Image.open(source) as opened:
            pictures.append(_window(opened.convert("RGB"), place, len(sources), corpus))

    def kilobytes(quality: int) -> float:
        options = corpus.options | {"quality": quality}
        return sum(len(_bytes(picture, corpus.suffix, options)) for picture in pictures) / len(pictures) / 1000

    return max((quality for quality in range(40, 99) if kilobytes(quality) <= corpus.kilobytes), default=40)


def _bytes(picture: Image.Image, suffix: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, Image.registered_extensions()[f".{suffix}"], **options)
    return buffer.getvalue()


def _scenes() -> Iterator[tuple[str, bytes]]:
    """Draw pictures: noise of power 1/f, as in photos (Field, 1987, doi:10.1364/JOSAA.4.002379), and hard-edged discs."""
    height, width = 400, 534
    y, x = np.mgrid[0:height, 0:width]
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.fftfreq(width))
    frequency[0, 0] = np.inf
    for seed in range(SCENES):
        random = np.random.default_rng(seed)
        waves = np.fft.fft2(random.normal(size=(height, width))) / frequency
        noise = np.fft.ifft2(waves).real
        picture = np.multiply.outer(noise / noise.std(), random.uniform(20, 50, 3))
        for _ in range(12):
            across, down, radius = random.uniform(0, width), random.uniform(0, height), random.uniform(10, 90)
            picture[(x - across) ** 2 + (y - down) ** 2 < radius**2] += random.uniform(-90, 90, 3)
        image = Image.fromarray(np.clip(picture + 128, 0, 255).astype(np.uint8))
        yield f"{seed:03d}.jpg", _bytes(image, "jpg", {"quality": 90})
