"""An index: made of folders, of a catalog, by hand; what it says of pictures, and what it refuses."""

import io
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lookalike as la
from conftest import aged, encode, scene
from lookalike import decode
from lookalike.decode import Pixels
from lookalike.errors import DecodeError, SourceError, UsageError
from lookalike.model import Tier
from lookalike.sources import reading
from lookalike.sources.folders import Source
from lookalike.sources.kinds import open_source
from lookalike.stores.catalog import Catalog


def album(folder: Path) -> Path:
    folder.mkdir()
    for seed in range(5):
        (folder / f"{seed}.jpg").write_bytes(encode(scene(seed), quality=90))
    (folder / "again.jpg").write_bytes((folder / "3.jpg").read_bytes())
    for path in folder.iterdir():
        aged(path)
    return folder


def test_every_name_is_a_hit_and_what_is_near_is_verified(tmp_path: Path) -> None:
    folder = album(tmp_path / "album")
    with la.Index.of(folder, use_catalog=False, workers=1) as index:
        assert (len(index), index.failures, index.incomplete) == (5, [], [])
        hits = index.search(scene(3).resize((240, 180)))
        assert [os.path.basename(hit.path) for hit in hits] == ["3.jpg", "again.jpg"]
        assert {(hit.tier, hit.relation, hit.width, hit.height) for hit in hits} == {
            (Tier.COPY, "2x size, PNG -> JPEG", 480, 360)
        }
        assert index.search(scene(77)) == []
        assert index.search(scene(3), tier="exact") == []


def test_the_verdict_is_that_of_compare(tmp_path: Path) -> None:
    whole = scene(8, 640, 480)
    stamped = whole.copy()
    ImageDraw.Draw(stamped).rectangle((420, 400, 620, 460), fill="white")
    edits = {
        "small.png": whole.resize((320, 240)),
        "stamped.png": stamped,
        "dark.png": whole.point(lambda v: v * 2 // 3),
    }
    for name, edit in edits.items():
        edit.save(tmp_path / name)
    with la.Index.of(tmp_path, use_catalog=False, workers=1) as index:
        hits = {os.path.basename(hit.path): hit for hit in index.search(whole, radius=20)}
    assert set(hits) == set(edits)
    for name, hit in hits.items():
        other = la.compare(whole, tmp_path / name, algorithms=["phash"])
        assert hit.tier is other.tier  # compare always looks at the files, and may say more of what was added
        assert (hit.relation == other.relation) or "added" in hit.relation


def test_pictures_are_added_one_by_one_and_found_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    scene(1).save(path)
    with la.Index(workers=1) as index:
        assert (len(index), index.search(path)) == (0, [])
        assert index.add(path) == str(path)
        assert index.add(scene(2), "two") == "two"
        array = np.asarray(scene(3))
        digest = index.add(array)
        assert len(digest) == 64
        assert index.add(io.BytesIO(encode(scene(4))), "four") == "four"
        assert len(index) == 4
        for image, name in ((scene(1), str(path)), (scene(2), "two"), (array, digest), (scene(4), "four")):
            assert [hit.path for hit in index.search(image)] == [name]
        index.add(scene(2), "two again")
        index.add(scene(2), "two again")
        assert len(index) == 4
        assert [hit.path for hit in index.search(scene(2))] == ["two", "two again"]
        for seed in range(10, 40):
            index.add(scene(seed, 96, 64), str(seed))
        assert [hit.path for hit in index.search(scene(33, 96, 64))] == ["33"]


def test_threads_may_search_and_add_at_once() -> None:
    with la.Index(workers=2) as index, ThreadPoolExecutor(4) as threads:
        names = list(threads.map(lambda seed: index.add(scene(seed, 96, 72), str(seed)), range(16)))
        found = list(threads.map(lambda seed: index.search(scene(seed, 96, 72)), range(16)))
        assert [[hit.path for hit in hits] for hits in found] == [[name] for name in names]
        assert len(index) == 16


def test_equal_pixels_are_exact_where_the_file_is_there(tmp_path: Path) -> None:
    scene(6).save(tmp_path / "a.png")
    scene(6).save(tmp_path / "b.bmp")
    with la.Index.of(tmp_path, use_catalog=False, workers=1) as index:
        said = {os.path.basename(hit.path): (hit.tier, hit.relation) for hit in index.search(tmp_path / "a.png")}
        assert said == {
            "a.png": (Tier.EXACT, "identical bytes"),
            "b.bmp": (Tier.EXACT, "identical pixels (PNG -> BMP)"),
        }
        (tmp_path / "b.bmp").unlink()
        tiers = {os.path.basename(hit.path): hit.tier for hit in index.search(tmp_path / "a.png")}
        assert tiers == {"a.png": Tier.EXACT, "b.bmp": Tier.COPY}


def test_equal_pixels_are_looked_for_within_the_limit_of_pixels(tmp_path: Path) -> None:
    pages = {"save_all": True, "append_images": [scene(2, 200, 150)]}
    for name in ("PNG", "TIFF"):
        (tmp_path / name).write_bytes(encode(scene(1, 200, 150), name, **pages))
    for most, tier in ((2 * 200 * 150 - 1, Tier.COPY), (2 * 200 * 150, Tier.EXACT)):
        with la.Index.of(tmp_path / "TIFF", use_catalog=False, max_pixels=most, workers=1) as index:
            (hit,) = index.search(tmp_path / "PNG")
        assert hit.tier is tier


def test_what_is_searched_for_is_decoded_in_full_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(6).save(tmp_path / "a.png")
    for number in range(3):
        scene(6).save(tmp_path / f"{number}.bmp", dpi=(72 + number, 72))
    decoded: list[str] = []
    whole = decode.pixels_of

    def counted(data: bytes, name: str, **told: int) -> Pixels:
        decoded.append(os.path.basename(name))
        return whole(data, name, **told)

    monkeypatch.setattr(decode, "pixels_of", counted)
    with la.Index.of(tmp_path, use_catalog=False, workers=1) as index:
        assert [hit.tier for hit in index.search(tmp_path / "a.png")] == [Tier.EXACT] * 4
    assert sorted(decoded) == ["0.bmp", "1.bmp", "2.bmp", "a.png"]


def test_flat_pictures_are_only_ever_exact(tmp_path: Path) -> None:
    for name, level in (("white.png", 255), ("white.bmp", 255), ("gray.png", 128)):
        Image.new("L", (90, 60), level).save(tmp_path / name)
    scene(1, 90, 60).save(tmp_path / "scene.png")
    with la.Index.of(tmp_path, use_catalog=False, workers=1) as index:
        hits = index.search(tmp_path / "white.png", radius=64)
        assert [(os.path.basename(hit.path), hit.tier) for hit in hits] == [
            ("white.bmp", Tier.EXACT), ("white.png", Tier.EXACT),
        ]  # fmt: skip
        assert {os.path.basename(hit.path) for hit in index.search(scene(1, 90, 60), radius=64, tier="none")} == {
            "scene.png"
        }


def test_a_catalog_says_where_things_were(tmp_path: Path) -> None:
    folder, catalog = album(tmp_path / "album"), tmp_path / "catalog.sqlite"
    la.find(folder, catalog=catalog, workers=1)
    with la.Index.open(catalog, workers=1) as index:
        assert len(index) == 5
        hits = index.search(scene(3))
        assert [hit.path for hit in hits] == [os.path.realpath(folder / name) for name in ("3.jpg", "again.jpg")]
    (folder / "again.jpg").unlink()
    (folder / "1.jpg").unlink()
    la.find(folder, catalog=catalog, workers=1)  # which forgets the names
    with la.Index.open(catalog, workers=1) as index:
        assert [os.path.basename(hit.path) for hit in index.search(scene(3))] == ["3.jpg"]
        assert index.search(scene(1)) == []
        index.add(scene(50), "new")
        assert [hit.path for hit in index.search(scene(50))] == ["new"]
    with la.Index.open(catalog, algorithm="dhash", workers=1) as index:  # which nothing was hashed by
        assert [os.path.basename(hit.path) for hit in index.search(scene(4))] == ["4.jpg"]
        assert index.search(scene(50)) == []  # what was added had no place


def test_contents_of_another_time_are_no_hits(tmp_path: Path) -> None:
    folder, catalog = album(tmp_path / "album"), tmp_path / "catalog.sqlite"
    la.find(folder, catalog=catalog, workers=1)
    of_name = "WHERE id IN (SELECT content FROM location WHERE name = ?)"
    with Catalog(str(catalog)) as store, store.transaction():
        store.db.execute(f"UPDATE content SET version = version - 1 {of_name}", (b"0.jpg",))
        store.db.execute(f"UPDATE content SET failure = 'damaged' {of_name}", (b"1.jpg",))
        store.seal_all()
    with la.Index.open(catalog, workers=1) as index:
        assert [bool(index.search(scene(seed))) for seed in range(3)] == [False, False, True]


def test_a_volume_that_is_not_mounted_still_has_a_name(tmp_path: Path) -> None:
    folder, catalog = album(tmp_path / "album"), tmp_path / "catalog.sqlite"
    la.find(folder, catalog=catalog, workers=1)
    with Catalog(str(catalog)) as store, store.transaction():
        store.db.execute("UPDATE folder SET volume = ?, key = ?", (b"uuid:gone", b"2019"))
        store.seal_all()
    with la.Index.open(catalog, workers=1) as index:
        (hit,) = index.search(scene(2))
        assert (hit.path, hit.tier) == (f"catalog:{catalog}/uuid:gone/2019/2.jpg", Tier.COPY)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with la.Index(workers=1) as index:
        index.add(scene(1), "one")
        for options, said in (
            ({"radius": 65}, "0..64 bits"), ({"radius": -1}, "got -1"), ({"limit": 0}, "at least 1, got 0"),
            ({"tier": "close"}, "close"), ({"orient": "sideways"}, "unknown orientation 'sideways'"),
        ):  # fmt: skip
            with pytest.raises(UsageError, match=said):
                index.search(scene(1), **options)
        with pytest.raises(OSError, match="absent"):
            index.search(tmp_path / "absent.jpg")
        with pytest.raises(DecodeError):
            index.add(encode(scene(1))[:300], "cut short")
        assert len(index) == 1
    with pytest.raises(UsageError, match="not for joining"):
        la.Index(algorithm="colorhash")
    with pytest.raises(UsageError, match="workers must be at least 1"):
        la.Index(workers=0)
    with pytest.raises(UsageError, match="no path given"):
        la.Index.of([])
    with pytest.raises(UsageError, match="exclude is a list of globs"):
        la.Index.of(tmp_path, exclude="*.png")
    with pytest.raises(SourceError, match="nothing to read"):
        la.Index.of(tmp_path / "absent", use_catalog=False)
    with pytest.raises(SourceError, match="there is no catalog"):
        la.Index.open(tmp_path / "absent.sqlite")
    assert not (tmp_path / "absent.sqlite").exists()


def test_what_could_not_be_read_is_known(tmp_path: Path) -> None:
    folder = album(tmp_path / "album")
    (folder / "broken.jpg").write_bytes(encode(scene(9))[:200])
    with la.Index.of([folder, tmp_path / "absent"], use_catalog=False, workers=1) as index:
        assert [os.path.basename(failure.ref.path) for failure in index.failures] == ["broken.jpg"]
        assert len(index.incomplete) == 1
        assert "absent" in index.incomplete[0]
        assert len(index) == 5


def test_an_archive_is_opened_once_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = scene(1, 320, 240)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        for quality in (60, 75, 90):
            data = encode(picture, quality=quality)
            info = tarfile.TarInfo(f"{quality}.jpg")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    with la.Index.of(tmp_path / "x.tar.gz", use_catalog=False) as index:
        opened: list[str] = []

        def noted(path: str, column: str | None = None) -> Source | None:
            opened.append(path)
            return open_source(path, column)

        monkeypatch.setattr(reading, "open_source", noted)
        assert len(index.search(encode(picture, quality=80))) == 3
        assert opened == [str(tmp_path / "x.tar.gz")]
