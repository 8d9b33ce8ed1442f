"""`compare`: one image against others, in words, as JSON and as a picture."""

import subprocess
from pathlib import Path

import pytest
from command import environment, line, run, write
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


def test_limits_hold(tmp_path: Path) -> None:
    folder = files(tmp_path)
    assert run("compare", "a.png", "b.jpg", "--max-seconds", "60", "--max-memory", "1G", cwd=folder).code == 0
    done = run("compare", "a.png", "b.jpg", "--max-pixels", "1000", cwd=folder)
    assert done.code == 3
    assert "640x480 pixels, more than the limit of 1,000" in done.errors
    done = run("compare", "a.png", "b.jpg", "--max-memory", "much", cwd=folder)
    assert done.code == 2
    assert "--max-memory takes a size in bytes" in done.errors


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    folder = files(tmp_path)
    before = (folder / "b.jpg").read_bytes()
    absent = run("compare", "a.png", "absent.jpg", cwd=folder)
    assert (absent.code, absent.errors) == (3, "lookalike: absent.jpg cannot be read: No such file or directory\n")
    assert run("compare", "a.png", cwd=folder).code == 2
    refused = run("compare", "a.png", "b.jpg", "--output", "b.jpg", cwd=folder)
    assert (refused.code, "name another file" in refused.errors) == (2, True)
    assert (folder / "b.jpg").read_bytes() == before
    write(folder / "broken.jpg", before[:100])
    broken = run("compare", "a.png", "broken.jpg", cwd=folder)
    assert (broken.code, "broken.jpg cannot be read" in broken.errors) == (3, True)


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="no /dev/stdin")
def test_a_file_that_is_gone_when_it_is_drawn_cannot_be_read(tmp_path: Path) -> None:
    folder = files(tmp_path)
    done = subprocess.run(  # a pipe holds its picture once, for the comparison
        line("compare", "a.png", "/dev/stdin", "--output", "page.png"), cwd=folder, env=environment(),
        input=(folder / "b.jpg").read_bytes(), capture_output=True, timeout=180, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"/dev/stdin cannot be read: the file is empty" in done.stderr
    assert not (folder / "page.png").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_page_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    done = run("compare", "a.png", "b.jpg", "--output", "/dev/full", cwd=files(tmp_path))
    assert (done.code, done.out) == (2, b"")
    assert "cannot write /dev/full: No space left on device" in done.errors
