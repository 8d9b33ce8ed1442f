"""`lookalike.imgdd` against the installed imgdd: names, signatures, results."""

import inspect
import shutil
import warnings
from pathlib import Path
from typing import Any

import imgdd as typed_imgdd
import pytest
from PIL import Image

import lookalike as la
import lookalike.imgdd as face
from conftest import scene
from lookalike.hashes import ALGORITHMS, resampled

imgdd: Any = typed_imgdd  # its stubs list the names, and the tests try others
ALGOS = ("aHash", "mHash", "dHash", "pHash", "wHash")
FILTERS = ("Nearest", "Triangle", "CatmullRom", "Gaussian", "Lanczos3")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Make a folder of lossless pictures, two of them twice, one of them below another folder."""
    folder = tmp_path / "album"
    (folder / "deep" / "er").mkdir(parents=True)
    for seed, name in enumerate(["a.png", "b.png", "deep/c.bmp", "deep/er/d.png"]):
        scene(seed, 60 + 13 * seed, 50 + 7 * seed).save(folder / name)
    shutil.copy(folder / "a.png", folder / "deep" / "a again.png")
    shutil.copy(folder / "a.png", folder / "deep" / "er" / "a once more.png")
    shutil.copy(folder / "deep" / "c.bmp", folder / "c too.bmp")
    Image.new("L", (30, 20)).save(folder / "black.png")  # its hash has leading zeros
    (folder / "notes.txt").write_text("no image")
    return folder


def test_the_functions_and_their_parameters_are_those_of_imgdd() -> None:
    for name in ("hash", "dupes"):
        ours, theirs = inspect.signature(getattr(face, name)), inspect.signature(getattr(imgdd, name))
        assert [(p.name, p.default) for p in ours.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ]
    assert face.FILTERS.keys() == resampled.FILTERS.keys()
    assert set(face.FILTERS.values()) == set(FILTERS)
    assert set(face.ALGOS.values()) == set(ALGOS)
    assert all("imgdd" in ALGORITHMS[name].ways for name in face.ALGOS)


@pytest.mark.parametrize(
    ("filter_", "algo"), [(f, a) for f in FILTERS for a in ALGOS[:1]] + [("Triangle", a) for a in ALGOS]
)
def test_hash_is_imgdd_s(album: Path, filter_: str, algo: str) -> None:
    theirs = imgdd.hash(str(album), filter=filter_, algo=algo)
    assert face.hash(str(album), filter=filter_, algo=algo) == theirs
    assert len(theirs) == 8


def test_the_defaults_and_any_case_of_the_names(album: Path) -> None:
    assert (
        face.hash(album)
        == imgdd.hash(str(album))
        == face.hash(album, "NEAREST", "dhash")
        == face.hash(album, "nearest")
    )
    assert face.hash(album, algo="AHASH")[str(album / "black.png")] == "0"


def test_sorted_results_come_in_the_order_of_the_hashes(album: Path) -> None:
    values = [int(text, 16) for text in face.hash(album, sort=True).values()]
    assert values == sorted(values)
    assert face.hash(album, sort=True) == face.hash(album)


@pytest.mark.parametrize("algo", ALGOS[:4])
def test_dupes_are_imgdd_s_with_each_path_once(album: Path, algo: str) -> None:
    theirs = {text: sorted(set(paths)) for text, paths in imgdd.dupes(str(album), algo=algo).items()}
    ours = face.dupes(album, algo=algo)
    assert {text: sorted(paths) for text, paths in ours.items()} == theirs
    assert sorted(map(len, ours.values())) == [2, 3]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_remove_moves_verified_copies_to_a_quarantine_and_undo_brings_them_back(album: Path) -> None:
    before = contents(album)
    with pytest.warns(UserWarning, match=r"3 files were moved to .*\.lookalike-quarantine.* brings them back"):
        found = face.dupes(album, remove=True)
    assert sorted(map(len, found.values())) == [2, 3]
    after = contents(album)
    assert set(after.values()) == set(before.values())  # of each picture one is left
    assert len(after) == len(before) - 3
    assert la.undo().files == 3
    assert contents(album) == before


def test_remove_leaves_alone_what_only_has_an_equal_hash(tmp_path: Path) -> None:
    for number, shade in enumerate((10, 200)):  # all of one shade: every hash is 0
        Image.new("L", (40 + number, 30), shade).save(tmp_path / f"{shade}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = face.dupes(tmp_path, remove=True)
    assert list(found) == ["0"]
    assert set(contents(tmp_path)) == {"10.png", "200.png"}


def test_remove_leaves_alone_copies_with_another_hash(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.png")
    scene(1).resize((240, 180)).save(tmp_path / "b.jpg", quality=40)
    assert len(la.find(tmp_path, tier="copy", use_catalog=False).duplicate_paths) == 1
    assert face.dupes(tmp_path, algo="dHash", remove=True) == {}
    assert set(contents(tmp_path)) == {"a.png", "b.jpg"}


@pytest.mark.parametrize("call", [face.hash, face.dupes])
def test_wrong_names_are_value_errors_that_list_the_right_ones(album: Path, call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match="Nearest, Triangle, CatmullRom, Gaussian, Lanczos3"):
        call(album, filter="bicubic")
    with pytest.raises(ValueError, match="aHash, mHash, dHash, pHash, wHash"):
        call(album, algo="xhash")
    for path, message in ((album / "nowhere", "does not exist"), (album / "a.png", "not a directory")):
        for function in (call, imgdd.hash):
            with pytest.raises(ValueError, match=message):
                function(str(path))


def test_what_cannot_be_read_is_left_out_with_one_warning(album: Path) -> None:
    (album / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (album / "empty.jpg").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"2 files could not be read, such as .*(broken\.png|empty\.jpg)"):
        found = face.hash(album)
    assert len(found) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (album / "broken.png").unlink()
        (album / "empty.jpg").unlink()
        assert face.hash(album) == found


def test_an_empty_folder_is_an_empty_result(tmp_path: Path) -> None:
    assert face.hash(tmp_path) == imgdd.hash(str(tmp_path)) == {}
    assert face.dupes(tmp_path) == {}


def test_nothing_is_remembered(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    before = sorted(album.rglob("*"))
    face.hash(album)
    assert sorted(album.rglob("*")) == before
    assert not cache.exists()
