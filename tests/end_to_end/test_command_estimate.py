"""`--estimate`: numbers near the truth, and nothing is written."""

import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from album import jpeg
from command import run, write

from conftest import encode, scene

FILES = 300


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small pictures, a third of them in a ZIP, and some words."""
    base = tmp_path_factory.mktemp("estimate")
    with zipfile.ZipFile(base / "more.zip", "w") as archive:
        for seed in range(FILES):
            picture = scene(seed % 7, 200 + seed, 150)
            content = encode(picture, "PNG") if seed % 10 == 0 else jpeg(picture)
            if seed % 3:
                write(base / "in" / f"{seed}.jpg", content)
            else:
                archive.writestr(f"{seed}.jpg", content)
    for number in range(30):
        write(base / "in" / f"{number}.txt", b"words")
    return base


def near(told: float, true: float, share: float = 0.15) -> bool:
    return abs(told - true) <= share * true


def test_a_table_is_told_before_it_is_made(photos: Path, tmp_path: Path) -> None:
    table, catalog = str(tmp_path / "x.parquet"), str(tmp_path / "c.sqlite")
    options = ("in", "more.zip", "--decode", "fast", "--thumbnails", "--output", table, "--catalog", catalog)
    before = sorted(photos.rglob("*"))
    result = run("hash", *options, "--estimate", "--json", cwd=photos)
    assert result.code == 0, result.errors
    told = result.document
    assert sorted(photos.rglob("*")) == before
    assert not list(tmp_path.iterdir())
    assert run("hash", *options, cwd=photos).code == 0
    assert told["files"] == FILES + 30
    assert told["sampled"] <= 200
    assert told["listed_all"] is True
    assert near(told["images"], FILES)
    assert near(told["catalog_bytes"], Path(catalog).stat().st_size, 0.3)
    assert near(told["output_bytes"], Path(table).stat().st_size, 0.3)
    assert 0 < told["seconds"] < 600


def test_a_search_is_told_in_words(photos: Path, tmp_path: Path) -> None:
    result = run(
        "find", "in", "--against", "more.zip", "--estimate", "--catalog", str(tmp_path / "c.sqlite"), cwd=photos
    )
    assert result.code == 0, result.errors
    first, second, *_ = result.text.splitlines()
    assert first.startswith(f"files    {FILES + 30:,} (")
    assert second.startswith("time     about ")
    assert not list(tmp_path.iterdir())


def test_tables_and_globs_count(photos: Path, tmp_path: Path) -> None:
    table = str(tmp_path / "x.parquet")
    assert run("hash", "more.zip", "--decode", "fast", "--output", table, "--no-catalog", cwd=photos).code == 0
    told = run("find", table, "in", "--exclude", "*.txt", "--no-catalog", "--estimate", "--json", cwd=photos).document
    assert (told["files"], told["images"], told["catalog_bytes"]) == (FILES, FILES, 0)
    assert pq.read_metadata(table).num_rows == FILES // 3
    alone = run("find", table, "--estimate", "--json", cwd=photos).document
    assert (alone["files"], alone["images"], alone["sampled"]) == (FILES // 3, FILES // 3, 0)


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    result = run("find", "away", "--estimate", cwd=tmp_path)
    assert (result.code, "away" in result.errors) == (3, True)
