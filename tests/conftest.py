"""Fixtures shared by all tests: pictures made by rule, and a guard around the real home."""

import io
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from spark_session import spark, spark_album, spark_found

__all__ = ["spark", "spark_album", "spark_found"]

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of the thousand commands compiles the package anew

for _name in ("SIGINT", "SIGHUP"):  # what was started in the background ignores them, and so would every command
    if hasattr(signal, _name) and signal.getsignal(getattr(signal, _name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), signal.SIG_DFL)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a busy one is no reason to fail

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folders that tests have for a home; a factory of temporary folders lists all it ever made for each new one."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a home of its own, so that no test reads or writes the real catalog."""
    home = next(_homes)
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of real test images, or skip where it is not."""
    if not SHARED.is_dir():
        pytest.skip("the shared test images are not beside the checkout")
    return SHARED


def scene(seed: int, width: int = 480, height: int = 360) -> Image.Image:
    """Draw a picture by rule: smooth coloured light and hard-edged shapes; each seed is another picture."""
    return _scene(seed, width, height).copy()


@lru_cache(maxsize=200)
def _scene(seed: int, width: int, height: int) -> Image.Image:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    picture = np.zeros((height, width, 3))
    for _ in range(6):
        frequency, phase = random.uniform(2, 14, 2), random.uniform(0, 6.3, 3)
        wave = np.sin(frequency[0] * x * 6.3 + frequency[1] * y * 6.3 + phase[0])
        picture += wave[..., np.newaxis] * random.uniform(10, 40, 3)
    for _ in range(9):
        centre = random.uniform(0, 1, 2) * (width / max(width, height), height / max(width, height))
        radius = random.uniform(0.03, 0.16)
        inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
        picture[inside] = random.uniform(-120, 120, 3)
    return Image.fromarray(np.clip(picture + 128, 0, 255).astype(np.uint8))


def encode(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    """Return an image as the bytes of a file."""
    if format_ == "PNG" and not options and type(image) is Image.Image and image.mode == "RGB" and not image.info:
        return _png(image.size, image.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


@lru_cache(maxsize=50)
def _png(size: tuple[int, int], pixels: bytes) -> bytes:
    """Return what takes far longer to write than to copy, and is written for test after test."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", size, pixels).save(buffer, "PNG")
    return buffer.getvalue()


def aged(path: Path) -> Path:
    """Make a file an hour old: of one that has only just been written, the catalog keeps no name."""
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    return path


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes bytes to a file below the test's folder, one second in the past."""

    def write(name: str | bytes, content: bytes) -> Path:
        path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write
