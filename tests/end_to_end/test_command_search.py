"""`search`: images to look for in folders or in a catalog; what is found, what cannot be read, and how it ends."""

import json
import os
import zipfile
from pathlib import Path

import pytest
from command import MTIME, run, write
from PIL import ImageOps

from conftest import encode, scene


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return a folder: two folders of pictures, and beside them pictures to look for."""
    for seed in range(4):
        write(tmp_path / "photos" / f"{seed}.jpg", encode(scene(seed), quality=90))
    write(tmp_path / "backup" / "1.png", encode(ImageOps.expand(scene(1), 30, "white"), "PNG"))
    write(tmp_path / "backup" / "2.png", encode(ImageOps.mirror(scene(2)), "PNG"))
    write(tmp_path / "small.png", encode(scene(1).resize((240, 180)), "PNG"))
    write(tmp_path / "new.png", encode(scene(60), "PNG"))
    return tmp_path


def test_hits_of_each_image_the_best_first(album: Path) -> None:
    done = run("search", "small.png", "new.png", "--in", "photos", "--in", "backup", "--no-catalog", cwd=album)
    assert (done.code, done.errors) == (0, "")
    first, best, second, none = done.text.splitlines()
    assert (first, none) == ("small.png: 2 hits", "new.png: no hits")
    assert best.startswith("  copy       photos/1.jpg  480x360  score ")
    assert best.endswith("2x size, PNG -> JPEG")
    assert second.startswith("  edit       backup/1.png  540x420  score ")
    assert "border added" in second


def test_what_lies_in_an_archive_is_found_by_its_path_and_not_by_itself(album: Path) -> None:
    with zipfile.ZipFile(album / "set.zip", "w") as file:
        for name in ("1.jpg", "2.jpg"):
            file.write(album / "photos" / name, f"in/{name}")
    os.utime(album / "set.zip", (MTIME, MTIME))  # of one that has only just been written no name is kept
    done = run("search", "set.zip/in/1.jpg", "--in", "set.zip", "--catalog", "c.sqlite", cwd=album)
    assert (done.code, done.text) == (0, "set.zip/in/1.jpg: no hits\n")
    done = run("search", "photos/1.jpg", "--in", "catalog:c.sqlite", cwd=album)
    assert done.text.splitlines()[1].split()[:2] == ["exact", f"{album}/set.zip/in/1.jpg"]


def test_as_json_with_options(album: Path) -> None:
    def hits(*options: str) -> list[str]:
        done = run(
            "search", "photos/2.jpg", "--in", "photos", "--in", "backup", "--no-catalog", "--json", *options, cwd=album
        )
        assert (done.code, done.errors) == (0, "")
        (row,) = done.document["searched"]
        assert row["path"] == "photos/2.jpg"
        return [hit["path"] for hit in row["hits"]]

    assert hits() == []  # the file itself is no news
    assert hits("--orient", "mirror") == ["backup/2.png"]
    assert hits("--orient", "mirror", "--tier", "exact") == []
    assert hits("--orient", "all", "--include", "*.jpg") == []
    all_of_them = hits("--orient", "all", "--radius", "64", "--tier", "none")
    assert len(all_of_them) == 5
    assert hits("--orient", "all", "--radius", "64", "--tier", "none", "--limit", "2") == all_of_them[:2]
    done = run("search", "small.png", "--in", "photos", "--no-catalog", "--json", "--algorithm", "dhash", cwd=album)
    assert done.document["options"] == {
        "hash": "dhash-8-lanczos3-fast-v1", "radius": None, "limit": None, "tier": "similar", "orient": "upright",
    }  # fmt: skip
    (hit,) = done.document["searched"][0]["hits"]
    assert (hit["path"], hit["tier"], hit["width"], hit["distance_share"]) == (
        "photos/1.jpg", "copy", 480, hit["distance"] / 64,
    )  # fmt: skip
    assert (done.document["images"], done.document["in"], done.document["failures"]) == (4, ["photos"], [])


def test_a_catalog_is_searched_without_its_folders(album: Path) -> None:
    assert run("find", "photos", "backup", "--catalog", "c.sqlite", cwd=album).code == 0
    done = run("search", "small.png", "--in", "catalog:c.sqlite", "--json", cwd=album)
    assert (done.code, done.errors) == (0, "")
    assert [hit["path"] for hit in done.document["searched"][0]["hits"]] == [
        os.path.realpath(album / "photos" / "1.jpg"), os.path.realpath(album / "backup" / "1.png"),
    ]  # fmt: skip
    done = run("search", "small.png", "--in", "catalog:c.sqlite", "--in", "photos", cwd=album)
    assert (done.code, "catalog:FILE stands alone" in done.errors) == (2, True)
    done = run("search", "small.png", "--in", "catalog:absent.sqlite", cwd=album)
    assert (done.code, "there is no catalog absent.sqlite" in done.errors) == (3, True)


def test_what_cannot_be_read_is_said_and_the_rest_is_done(album: Path) -> None:
    write(album / "broken.jpg", encode(scene(3))[:200])
    command = ("search", "broken.jpg", "absent.jpg", "small.png", "--in", "photos", "--no-catalog")
    done = run(*command, cwd=album)
    assert done.code == 3
    assert "lookalike: broken.jpg cannot be read: " in done.errors
    assert "lookalike: absent.jpg cannot be read: No such file or directory" in done.errors
    assert done.text.startswith("small.png: 1 hit\n")
    rows = json.loads(run(*command, "--json", cwd=album).out)["searched"]
    assert [(row.get("failure"), len(row["hits"])) for row in rows] == [("damaged", 0), ("transient", 0), (None, 1)]
    done = run("search", "small.png", "--in", "photos", "--in", "absent", "--no-catalog", cwd=album)
    assert (done.code, done.errors) == (3, "lookalike: incomplete: absent: No such file or directory\n")
    assert done.text.startswith("small.png: 1 hit\n")
    (album / "empty").mkdir()
    done = run("search", "small.png", "--in", "empty", "--no-catalog", cwd=album)
    assert (done.code, "nothing to search: empty has no image that can be read" in done.errors) == (3, True)


@pytest.mark.parametrize(
    "wrong",
    [("--tier", "close"), ("--radius", "65"), ("--limit", "0"), ("--orient", "sideways"), ("--algorithm", "colorhash"),
     ("--min-size", "9"), ("--workers", "0"), ("--truncated", "perhaps")],
)  # fmt: skip
def test_wrong_options_are_refused_before_anything_is_read(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = run("search", "a.jpg", "--in", "absent", "--no-catalog", *wrong, cwd=tmp_path)
    assert (done.code, done.out) == (2, b"")


def test_it_needs_a_place() -> None:
    done = run("search", "a.jpg")
    assert done.code == 2
    assert "--in" in done.errors
