"""`--output FILE.html` of find, compare and tune: one file each, with everything in it."""

import re
from pathlib import Path

import pytest
from command import run, write
from PIL import Image

from conftest import encode, scene


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    for seed in range(12):
        write(folder / "photos" / f"{seed}.png", encode(scene(seed, 320, 240), "PNG"))
    for seed in range(3):
        write(folder / "photos" / "old" / f"{seed}.jpg", encode(scene(seed, 320, 240), quality=60))
    write(folder / "photos" / "broken.jpg", encode(scene(90))[:300])
    return folder


def find(base: Path, *arguments: str | Path, code: int = 0) -> str:
    done = run("find", "photos", "--no-catalog", "--workers", "1", *arguments, cwd=base)
    assert done.code == code, done.errors
    assert "Traceback" not in done.errors
    return done.errors if code else done.text


def test_find_writes_a_page_beside_other_forms(base: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "Report.HTML", tmp_path / "findings.json"
    told = find(base, "--output", page, "--output", table)
    assert "3 groups with 3 duplicates" in told
    assert table.is_file()
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert len(re.findall(r'<img src="data:image/webp;base64,', text)) == 6
    assert "photos/broken.jpg" in text
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("Report.HTML", "findings.json")] == []


def test_the_page_is_the_same_for_any_number_of_workers(base: Path, tmp_path: Path) -> None:
    made = []
    for workers in ("1", "3"):
        path = tmp_path / f"{workers}.html"
        assert run("find", "photos", "--no-catalog", "--workers", workers, "-q", "--output", path, cwd=base).code == 0
        made.append(re.sub(r"<dt>seconds</dt><dd>[\d.]+", "", path.read_text("utf-8")))
    assert made[0] == made[1]


def test_full_pictures_is_about_a_page(base: Path, tmp_path: Path) -> None:
    find(base, "--output", tmp_path / "full.html", "--full-pictures", "--quiet")
    assert "<article" in (tmp_path / "full.html").read_text("utf-8")
    assert "--output FILE.html" in find(base, "--full-pictures", "--output", tmp_path / "a.json", code=2)
    assert not (tmp_path / "a.json").exists()


def test_endings_are_listed(base: Path, tmp_path: Path) -> None:
    assert ".json, .jsonl, .csv, .html" in find(base, "--output", tmp_path / "a.xyz", code=2)
    for verb, endings in (("compare", (".png", ".html")), ("tune", (".json", ".png", ".html"))):
        arguments = ("photos/1.png", "photos/2.png") if verb == "compare" else ("photos",)
        refused = run(verb, *arguments, "--output", tmp_path / "a.xyz", cwd=base)
        assert refused.code == 2
        assert all(ending in refused.errors for ending in endings)
    for verb in ("find", "compare", "tune"):
        assert ".html" in run(verb, "--help").text


def test_compare_writes_a_page(base: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run("compare", "photos/0.png", "photos/old/0.jpg", "photos/5.png", "--output", page, cwd=base)
    assert (done.code, done.errors) == (0, "")
    text = page.read_text("utf-8")
    assert len(re.findall(r'<img src="data:image/webp;base64,', text)) == 6
    assert text.count("<article") == 2
    for name in ("phash", "colorhash", "unexplained", "photos/old/0.jpg"):
        assert name in text


def test_tune_writes_a_page(base: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    few = ("--edits", "codec", "--algorithm", "phash,dhash", "--no-catalog", "--workers", "1")
    done = run("tune", "photos", *few, "--output", page, cwd=base)
    assert done.code == 0, done.errors
    text = page.read_text("utf-8")
    assert text.count('role="img"') == 2
    assert done.text.splitlines()[-1].strip() in text
    assert "photos/broken.jpg" in text


def test_a_page_of_nothing_says_so(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "a.png", encode(Image.new("RGB", (9, 9)), "PNG"))
    find(tmp_path, "--output", tmp_path / "page.html")
    assert "No two of these images are the same picture" in (tmp_path / "page.html").read_text("utf-8")
