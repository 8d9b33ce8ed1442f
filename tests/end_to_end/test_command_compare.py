"""`compare`: one image against others, in words, as JSON and as a picture."""

from pathlib import Path

from command import run, write
from PIL import Image, ImageOps

from conftest import encode, scene


def files(tmp_path: Path) -> Path:
    whole = scene(7, 640, 480)
    write(tmp_path / "a.png", encode(whole, "PNG"))
    write(tmp_path / "b.jpg", encode(whole.resize((320, 240)), quality=40))
    write(tmp_path / "c.jpg", encode(ImageOps.expand(whole, 50, "white")))
    write(tmp_path / "d.jpg", encode(scene(70, 640, 480)))
    return tmp_path


def test_each_is_compared_with_the_first(tmp_path: Path) -> None:
    done = run("compare", "a.png", "b.jpg", "c.jpg", "d.jpg", cwd=files(tmp_path))
    assert (done.code, done.errors) == (0, "")
    blocks = done.text.split("a.png and ")[1:]
    assert [block.splitlines()[0] for block in blocks] == ["b.jpg", "c.jpg", "d.jpg"]
    assert blocks[0].splitlines()[1].startswith("  copy: half size, PNG -> JPEG, score ")
    assert blocks[1].splitlines()[1].startswith("  edit: border added, ")
    assert blocks[2].splitlines()[1].startswith(("  different: ", "  similar: "))
    assert all(len(block.splitlines()) == 12 for block in blocks)


def test_as_json_and_as_a_picture(tmp_path: Path) -> None:
    options = ("--algorithm", "phash,whash", "--decode", "fast", "--json", "--output", "page.png")
    done = run("compare", "a.png", "b.jpg", "d.jpg", *options, cwd=files(tmp_path))
    assert (done.code, done.errors) == (0, "")
    rows = done.document["compared"]
    assert [(row["path"], list(row["distances"])) for row in rows] == [
        ("b.jpg", ["phash", "whash"]),
        ("d.jpg", ["phash", "whash"]),
    ]
    assert rows[0]["tier"] == "copy"
    with Image.open(tmp_path / "page.png") as page:
        assert page.size[1] == 2 * 400 + 10


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    folder = files(tmp_path)
    before = (folder / "b.jpg").read_bytes()
    assert run("compare", "a.png", "absent.jpg", cwd=folder).code == 3
    assert run("compare", "a.png", cwd=folder).code == 2
    refused = run("compare", "a.png", "b.jpg", "--output", "b.jpg", cwd=folder)
    assert (refused.code, "name another file" in refused.errors) == (2, True)
    assert (folder / "b.jpg").read_bytes() == before
    write(folder / "broken.jpg", before[:100])
    broken = run("compare", "a.png", "broken.jpg", cwd=folder)
    assert (broken.code, "broken.jpg cannot be read" in broken.errors) == (3, True)
