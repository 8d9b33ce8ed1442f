"""Metadata written beside a keeper: where, with what was there before, and read back."""

from pathlib import Path

import pytest
from blake3 import blake3
from PIL import Image

from conftest import encode, scene
from lookalike import carried
from lookalike.carried import Carried
from lookalike.errors import UnsafeError
from lookalike.removal.inheriting import inherited, sidecar_of


def rated(rating: int, *keywords: str) -> bytes:
    return carried.merged(None, Carried(), Carried(rating=rating, keywords=keywords), ("rating", "keywords"))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Return a keeper and another image; what that one says is in its sidecar."""
    keeper, member = tmp_path / "-a \n\udcff.png", tmp_path / "b.jpg"
    keeper.write_bytes(encode(scene(1), "PNG"))
    member.write_bytes(encode(scene(1)))
    (tmp_path / "b.xmp").write_bytes(rated(4, "Rome"))
    return keeper, member


def test_the_sidecar_is_the_one_that_is_there(tmp_path: Path) -> None:
    image = str(tmp_path / "x.jpg")
    assert sidecar_of(image) == image + ".xmp"
    (tmp_path / "x.xmp").write_bytes(b"")
    assert sidecar_of(image) == str(tmp_path / "x.xmp")
    (tmp_path / "x.jpg.xmp").symlink_to("nowhere")
    assert sidecar_of(image) == image + ".xmp"


def test_a_keeper_without_sidecar_gets_one(pair: tuple[Path, Path]) -> None:
    keeper, member = map(str, pair)
    made = inherited(keeper, member, ("rating", "keywords"))
    assert (made.path, made.seen, made.digest) == (f"{keeper}.xmp", None, blake3(made.content).digest())
    said = carried.read_sidecar(made.content)
    assert (said.rating, said.keywords) == (4, ("Rome",))
    assert not Path(made.path).exists()  # it only says what to write


def test_what_the_image_itself_says_is_taken_over(pair: tuple[Path, Path]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a tower"
    pair[1].write_bytes(encode(scene(1), exif=exif))
    made = inherited(str(pair[0]), str(pair[1]), ("rating", "title", "description"))
    said = carried.read_sidecar(made.content)
    assert (said.rating, "a tower" in (said.title, said.description)) == (4, True)


def test_keywords_in_the_file_of_the_keeper_are_in_the_sidecar_that_hides_them(pair: tuple[Path, Path]) -> None:
    keeper = pair[0].with_name("k.jpg")
    keeper.write_bytes(encode(scene(1), xmp=rated(2, "holiday")))
    made = inherited(str(keeper), str(pair[1]), ("keywords",))
    assert set(carried.read_sidecar(made.content).keywords) == {"holiday", "Rome"}


def test_what_an_older_sidecar_says_stays(pair: tuple[Path, Path]) -> None:
    keeper, member = map(str, pair)
    Path(f"{keeper}.xmp").write_bytes(rated(2, "holiday"))
    made = inherited(keeper, member, ("keywords",))
    said = carried.read_sidecar(made.content)
    assert (said.rating, set(said.keywords)) == (2, {"holiday", "Rome"})
    assert made.seen is not None
    assert made.seen.size == Path(made.path).stat().st_size


def test_only_what_is_named_is_taken_over(pair: tuple[Path, Path]) -> None:
    made = inherited(str(pair[0]), str(pair[1]), ("rating",))
    said = carried.read_sidecar(made.content)
    assert (said.rating, said.keywords) == (4, ())


@pytest.mark.parametrize("lost", [0, 1])
def test_files_that_cannot_be_read_are_refused(pair: tuple[Path, Path], lost: int) -> None:
    pair[lost].unlink()
    with pytest.raises(UnsafeError, match="metadata cannot be taken over: No such file"):
        inherited(str(pair[0]), str(pair[1]), ("rating",))
