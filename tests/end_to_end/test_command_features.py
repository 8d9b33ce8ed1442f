"""`features` and `find --candidates`: pair files in, tables out."""

import csv
import io
import json
from pathlib import Path

import pytest
from command import groups, run, write

from conftest import encode, scene


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Return a folder: a picture, three quarters of each of its sides, another picture, a broken one; and pairs of them."""
    whole = scene(1)
    write(tmp_path / "in" / "whole.png", encode(whole, "PNG"))
    write(tmp_path / "in" / "crop.jpg", encode(whole.crop((60, 45, 420, 315)), quality=90))
    write(tmp_path / "in" / "other.jpg", encode(scene(50), quality=90))
    write(tmp_path / "broken.jpg", encode(scene(3))[:200])
    write(
        tmp_path / "pairs.csv",
        b'path_a,path_b,same,note\nin/whole.png,in/crop.jpg,1,"a, b"\nin/whole.png,in/other.jpg,0,\n'
        b"in/whole.png,broken.jpg,0,cut\n",
    )
    return tmp_path


def test_rows_carry_what_they_had_and_what_is_known(album: Path) -> None:
    done = run("features", "pairs.csv", cwd=album)
    assert (done.code, done.errors) == (0, "3 pairs, 1 could not be read (rows with a failure)\n")
    rows = list(csv.DictReader(io.StringIO(done.text, newline="")))
    assert [(row["path_b"], row["same"], row["note"]) for row in rows] == [
        ("in/crop.jpg", "1", "a, b"), ("in/other.jpg", "0", ""), ("broken.jpg", "0", "cut"),
    ]  # fmt: skip
    assert [row["failure"] for row in rows] == ["", "", "damaged"]
    compared = run("compare", "in/whole.png", "in/crop.jpg", "in/other.jpg", "--json", cwd=album).document["compared"]
    for row, said in zip(rows, compared, strict=False):
        assert (row["tier"], row["relation"], float(row["score"])) == (said["tier"], said["relation"], said["score"])
        for name, one in said["distances"].items():
            assert int(row[f"{name}_distance"]) == one["distance"]
    assert 0.5 < float(rows[0]["covered"]) < 0.6


def test_in_every_form_and_from_another_folder(album: Path, tmp_path: Path) -> None:
    options = ("--algorithm", "phash,dhash", "--decode", "fast", "--quiet")
    done = run("features", album / "pairs.csv", *options, "--json", cwd=tmp_path.parent)
    assert (done.code, done.errors) == (0, "")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [name for name in rows[0] if name.endswith("_distance")] == ["phash_distance", "dhash_distance"]
    assert run("features", "pairs.csv", *options, "--output", "features.jsonl", cwd=album).code == 0
    assert [json.loads(line) for line in (album / "features.jsonl").read_text().splitlines()] == rows
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("features", "pairs.csv", *options, "--output", "features.parquet", cwd=album).code == 0
    table = parquet.read_table(album / "features.parquet")
    assert table.to_pylist() == rows
    assert {str(table.schema.field(name).type) for name in ("phash_distance", "width_a")} == {"int64"}


def test_what_cannot_be_done_is_said(album: Path) -> None:
    for options, said in (
        (("absent.csv",), "cannot read absent.csv"), (("pairs.csv", "--decode", "pdq"), "full or fast"),
        (("pairs.csv", "--output", "features.xlsx"), "let the name end in"), (("pairs.csv", "--algorithm", "x"), "'x'"),
        (("pairs.csv", "--output", "no/such/features.csv"), "does not exist"),
        (("pairs.csv", "--output", "features.csv", "--json"), "--json prints"),
    ):  # fmt: skip
        done = run("features", *options, cwd=album)
        assert (done.code, done.out) == (2, b"")
        assert said in done.errors
    assert not list(album.glob("features*"))
    write(album / "none.csv", b"path_a,path_b\nabsent.jpg,broken.jpg\n")
    assert run("features", "none.csv", cwd=album).code == 3


def test_find_takes_pairs_from_elsewhere(album: Path) -> None:
    write(
        album / "candidates.csv", b"path_a,path_b\nin/whole.png,in/crop.jpg\nin/other.jpg,in/crop.jpg\nin/gone.jpg,x\n"
    )
    command = ("find", "in", "--no-catalog", "--json")
    assert run(*command, cwd=album).document["groups"] == []
    done = run(*command, "--candidates", "candidates.csv", cwd=album)
    assert done.code == 0
    assert done.errors.startswith("lookalike: 1 of 3 candidates name no image that was read, such as in/gone.jpg: ")
    ((keeper, members),) = groups(done.document).items()
    assert (keeper, set(members)) == ("in/whole.png", {"in/whole.png", "in/crop.jpg"})
    assert members["in/crop.jpg"]["relation"].startswith("cropped to 75%")
    assert done.document["options"]["candidates"] == "candidates.csv"
    plan = run("clean", "in", "--no-catalog", "--candidates", "candidates.csv", "--tier", "edit", "--json", cwd=album)
    assert plan.code == 0
    assert run(*command, "--candidates", "absent.parquet", cwd=album).code == 2
