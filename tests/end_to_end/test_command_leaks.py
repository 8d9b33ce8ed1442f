"""`leaks`: the real command on pictures made by rule, as people run it and as a CI does."""

import csv
import json
import os
from pathlib import Path

import pytest
from command import Result, run, write
from PIL import ImageOps

from conftest import encode, scene


def png(seed: int) -> bytes:
    return encode(scene(seed, 320, 240), "PNG")


def jpeg(seed: int, quality: int = 80) -> bytes:
    return encode(scene(seed, 320, 240), quality=quality)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Two splits of two classes; test has a mirrored copy of another class, and the bytes of an image of train."""
    for seed in range(6):
        write(tmp_path / "data/train" / ("cat" if seed % 2 else "dog") / f"{seed}.png", png(seed))
        write(tmp_path / "data/test" / ("cat" if seed % 2 else "dog") / f"{20 + seed}.png", png(20 + seed))
    write(tmp_path / "data/test/cat/mirror.jpg", encode(ImageOps.mirror(scene(0, 320, 240)), quality=85))
    write(tmp_path / "data/test/cat/same.png", png(1))
    return tmp_path


def leaks(base: Path, *arguments: str | Path, code: int = 0) -> Result:
    done = run("leaks", *arguments, "--no-catalog", "--workers", "1", cwd=base)
    assert done.code == code, done.errors
    assert "Traceback" not in done.errors
    return done


def test_what_leaks_is_told_in_words_and_as_json(base: Path) -> None:
    text = leaks(base, "data/train", "data/test").text
    assert "mirrored, PNG -> JPEG of data/train/dog/0.png (train), score 1.000, labelled cat and dog" in text
    assert "  exact   data/test/cat/same.png (test)  identical bytes of data/train/cat/1.png (train)" in text
    assert "1 contradiction, the same picture in different classes:" in text
    assert "cat        2  train 1 of 3 (33.3%); test 2 of 5 (40.0%)" in text
    assert "train, test      2        1        1        0  train 2 of 6 (33.3%); test 2 of 8 (25.0%)" in text
    assert "2 pairs across splits in 2 groups" in text
    assert "Next: " in text
    assert "To accept" not in text
    document = leaks(base, "data", "--json").document
    assert document["stats"]["pairs"] == 2
    assert [split["name"] for split in document["splits"]] == ["train", "test"]
    assert leaks(base, "data", "-q").text == ""
    documented = (Path(__file__).parents[2] / "docs" / "leaks.md").read_text("utf-8")
    for name in document:
        assert f"`{name}`" in documented, name


def test_a_ci_fails_until_what_leaks_is_accepted_by_a_file_in_the_repository(base: Path) -> None:
    failing = leaks(base, "data", "--fail-on-duplicates", code=1).text
    assert failing.count('{"kind": ') == 2
    (base / "accepted.jsonl").write_text("")
    ask = ("data", "--fail-on-duplicates", "--decisions", "accepted.jsonl")
    told = leaks(base, *ask, code=1).text
    assert "To accept what is new, add these lines to accepted.jsonl:" in told
    lines = [line for line in told.splitlines() if line.startswith('{"kind": ')]
    (base / "accepted.jsonl").write_text("\n".join(lines) + "\n")
    assert "no picture of one split is in another" in leaks(base, *ask).text
    write(base / "data/test/dog/more.jpg", jpeg(3))
    told = leaks(base, *ask, code=1).text
    assert "1 pair across splits in 1 group" in told
    assert not (base / "home").exists()
    assert run("decide", "list").text == "nothing is decided\n", "the ledger is not touched"
    assert run("decide", "import", "accepted.jsonl", cwd=base).text == "2 new decisions\n"


def test_a_baseline_lets_old_pairs_pass_and_says_how_to_accept_new_ones(base: Path) -> None:
    leaks(base, "data", "--output", "baseline.json", "-q")
    ask = ("data", "--fail-on-duplicates", "--baseline", "baseline.json")
    assert "2 pairs across splits in 2 groups, 2 of them in the baseline" in leaks(base, *ask).text
    write(base / "data/test/dog/more.jpg", jpeg(3))
    told = leaks(base, *ask, code=1).text
    assert "add these lines to a file for --decisions:" in told
    (line,) = [line for line in told.splitlines() if line.startswith('{"kind": ')]
    assert {row["path"] for row in json.loads(line)["images"]} == {"data/test/dog/more.jpg", "data/train/cat/3.png"}
    assert "data/test/cat/same.png (test)" not in told, "what is known is not told again"
    (base / "accepted.jsonl").write_text(line)
    leaks(base, *ask, "--decisions", "accepted.jsonl")
    run("find", "data", "--orient", "mirror", "--no-catalog", "--output", "found.json", cwd=base)
    leaks(base, "data", "--fail-on-duplicates", "--baseline", "found.json")


def test_what_cannot_be_read_does_not_pass_for_clean(base: Path) -> None:
    write(base / "data/test/dog/broken.jpg", jpeg(40)[:300])
    assert "1 not read, damaged" in leaks(base, "data").text
    done = leaks(base, "data", "--fail-on-duplicates", code=3)
    assert (
        "1 path could not be read, so that nobody knows whether they leak: mend them, or pass over them" in done.errors
    )
    leaks(base, "data", "--fail-on-duplicates", "--exclude", "broken.jpg", code=1)
    leaks(base, "data", "--fail-on-duplicates", "--exclude", "broken.jpg", "--tier", "exact", "--exclude", "same.png")
    done = leaks(base, "data/train", "nowhere", code=3)
    assert "split nowhere has no image that can be read" in done.errors
    assert done.text == ""


def test_a_root_that_is_missing_among_others_ends_with_3(base: Path) -> None:
    done = leaks(base, "data/train", "--split", "test=data/test", "--split", "test=gone", code=3)
    assert "2 pairs across splits" in done.text
    assert "incomplete: " in done.text


def test_lists_without_leaks_are_written(base: Path) -> None:
    told = leaks(base, "data", "--fix", "lists").text
    assert "lists/train.txt: 4 images, 2 left out\nlists/test.txt: 8 images, 0 left out\n" in told
    kept = {name: (base / f"lists/{name}.txt").read_text().splitlines() for name in ("train", "test")}
    assert {*kept["train"]} & {"data/train/dog/0.png", "data/train/cat/1.png"} == set()
    assert len(kept["train"] + kept["test"]) == 12
    leaks(base, "data", "--fix", "lists", "--fix-keep", "train", "-q")
    assert len((base / "lists/test.txt").read_text().splitlines()) == 6
    clean = leaks(
        base, *(word for name, paths in kept.items() for path in paths for word in ("--split", f"{name}={path}"))
    )
    assert "no picture of one split is in another" in clean.text


def test_a_list_of_somebody_else_is_not_overwritten(base: Path) -> None:
    own = base / "data/train.txt"
    own.write_text("cat/1.png 0\ndog/0.png 1\n")
    done = leaks(base, "data/train", "data/test", "--fix", "data", code=4)
    assert "data/train.txt is there and no list of these images" in done.errors
    assert own.read_text() == "cat/1.png 0\ndog/0.png 1\n"
    assert not (base / "data/test.txt").exists()


def test_names_with_line_breaks_and_bytes_survive(base: Path) -> None:
    strange = os.fsencode(base / "data/test/dog") + b"/caf\xe9\n.jpg"
    Path(os.fsdecode(strange)).write_bytes(jpeg(2))
    done = leaks(
        base,
        "data/train",
        "data/test",
        "--fix",
        "lists",
        "--output",
        "a.json",
        "--output",
        "a.csv",
        "--output",
        "a.html",
    )
    assert "caf\ufffd\\n.jpg" in done.text
    assert b"data/test/dog/caf\xe9\n.jpg\0" in (base / "lists/test.nul").read_bytes()
    pairs = json.loads((base / "a.json").read_bytes())["pairs"]
    assert any("path_bytes" in pair["image"] for pair in pairs)
    rows = list(csv.DictReader((base / "a.csv").read_text().splitlines(keepends=True)))
    assert [row["image_bytes"] != "" for row in rows].count(True) == 1
    assert {(row["image_split"], row["keeper_split"], row["known"]) for row in rows} == {("test", "train", "no")}
    page = (base / "a.html").read_text("utf-8")
    assert page.count("data:image/webp;base64,") == 6
    assert "cat" in page


def test_the_same_is_said_for_any_number_of_workers(base: Path) -> None:
    made = []
    for workers in ("1", "3"):
        done = run("leaks", "data", "--no-catalog", "--workers", workers, "--json", cwd=base)
        document = done.document
        document["stats"] |= {"seconds": 0, "cached": 0}
        made.append(document)
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("data/train",), "name the splits one by one, as in lookalike leaks TRAIN TEST"),
        (("data", "data/test"), "split data (data) holds split test (data/test)"),
        (("data/train", "data/train"), "data/train is given twice"),
        (("data", "--split", "test"), "--split takes NAME=PATH, such as train=data/train, got 'test'"),
        (("data", "--fix-keep", "first"), "--fix-keep is about lists: add --fix DIR"),
        (("data", "--fix", "no/such"), "the folder of no/such does not exist"),
        (("data", "--fix", "accepted.json"), "cannot make the folder 'accepted.json': File exists"),
        (
            ("data", "--fix", "lists", "--fix-keep", "dev"),
            "no split is called 'dev': use first, last or one of train, test",
        ),
        (("data", "--output", "a.jsonl"), "let the name end in .json, .csv, .html"),
        (("data", "--full-pictures"), "--full-pictures is about a page"),
        (("data", "--baseline", "accepted.json"), "holds no groups"),
        (("data", "--decisions", "baseline.json"), "does not hold decisions"),
        (("data", "--orient", "sideways"), "unknown orientation 'sideways'"),
        (("data", "--show", "few"), "--show takes a number or all"),
        (("data", "--against", "data"), "No such option: --against"),
    ],
)
def test_wrong_usage(base: Path, wrong: tuple[str, ...], message: str) -> None:
    (base / "accepted.json").write_text('{"version": 1, "decisions": []}')
    (base / "baseline.json").write_text('{"version": 1, "groups": []}')
    done = leaks(base, *wrong, code=2)
    assert message in " ".join(done.errors.split())
    assert done.text == ""


def test_a_missing_file_of_decisions_is_no_empty_one(base: Path) -> None:
    assert "none.jsonl cannot be read" in leaks(base, "data", "--decisions", "none.jsonl", code=3).errors
    assert "cannot read none.json" in leaks(base, "data", "--baseline", "none.json", code=2).errors


def test_hash_tables_are_splits(base: Path) -> None:
    for name, folder in (("train", "data/train"), ("cats", "data/test/cat"), ("dogs", "data/test/dog")):
        ask = ("--decode", "fast", "--thumbnails", "--output", f"{name}.parquet", "--no-catalog")
        assert run("hash", folder, *ask, cwd=base).code == 0
    folders = leaks(base, "data/train", "data/test", "--json").document
    tests = ("--split", "test=cats.parquet", "--split", "test=dogs.parquet")
    tables = leaks(base, "train.parquet", *tests, "--json", "--within", "1").document
    assert [split["name"] for split in tables["splits"]] == ["train", "test"]
    assert [[pair[side]["path"] for side in ("image", "keeper")] for pair in tables["pairs"]] == [
        [pair[side]["path"] for side in ("image", "keeper")] for pair in folders["pairs"]
    ]
    text = leaks(base, "train.parquet", "dogs.parquet", "cats.parquet", "--fix", "lists").text
    assert "lists/train.txt" in text
    assert "mirrored, PNG -> JPEG of data/train/dog/0.png (train)" in text
    same = leaks(base, "train.parquet", "--split", "both=train.parquet", code=2).errors
    assert "train.parquet" in same
    twice = leaks(base, "data/train", "--split", "both=train.parquet", code=2).errors
    assert "is in data/train, of split train, and in train.parquet, of split both" in twice
