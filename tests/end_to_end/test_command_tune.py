"""`tune`: the real command on pictures made by rule, in words, as JSON and as a picture."""

import csv
import json
import shlex
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from command import Result, run, start, write
from PIL import Image, ImageOps

from conftest import encode, scene

COUNT = 12
FEW = ("--edits", "codec,turn", "--algorithm", "phash,dhash", "--no-catalog", "--workers", "2")


def album(root: Path, count: int = COUNT) -> Path:
    for seed in range(count):
        write(root / f"{seed}.jpg", encode(scene(seed, 320, 240), quality=92))
    return root


def told(*arguments: str | Path, cwd: Path, code: int = 0) -> Result:
    done = run("tune", *arguments, cwd=cwd)
    assert done.code == code, done.errors
    assert "Traceback" not in done.errors
    return done


def both(*arguments: str | Path, cwd: Path) -> tuple[dict[str, Any], str]:
    """Return what one run says as JSON, and in words."""
    done = told(*arguments, "--output", "all.json", cwd=cwd)
    document = json.loads((cwd / "all.json").read_text("ascii"))
    return document, done.text


def refused(*arguments: str | Path, cwd: Path, code: int = 2) -> str:
    done = told(*arguments, cwd=cwd, code=code)
    assert done.text == ""
    (line,) = done.errors.splitlines()
    return line


def test_a_folder_is_measured_on_edits_of_its_own_images(tmp_path: Path) -> None:
    album(tmp_path / "an album")
    write(tmp_path / "an album" / "copy.png", encode(scene(3, 320, 240), "PNG"))
    write(tmp_path / "an album" / "flat.png", encode(Image.new("RGB", (300, 200), "red"), "PNG"))
    write(tmp_path / "an album" / "broken.jpg", encode(scene(3))[:300])
    documented = (Path(__file__).parents[2] / "docs" / "tune.md").read_text("utf-8")
    outputs = ("--output", "all.json", "--output", "curves.png")
    done = told("an album", *FEW, *outputs, cwd=tmp_path)
    assert done.errors == ""
    document = json.loads((tmp_path / "all.json").read_text("ascii"))
    assert document["version"] == 1
    for key, value in document.items():
        assert f"`{key}`" in documented
        for name in value if key in ("collection", "pairs", "recommended") else ():
            assert name in documented
    assert document["collection"] == {
        "images": 14, "contents": 14, "low_detail": 1, "compared": 13, "same": 1, "different": COUNT, "pairs": 66,
    }  # fmt: skip
    assert document["pairs"] == {"images": COUNT, "edits": 10, "same": 120, "different": 0, "unread": 0}
    assert [row["path"] for row in document["failures"]] == ["an album/broken.jpg"]
    assert {(row["algorithm"], row["size"]) for row in document["hashes"]} == {
        (name, size) for name in ("phash", "dhash") for size in (8, 16)
    }
    for row in document["hashes"]:
        assert [point["radius"] for point in row["curve"]] == list(range(row["bits"] * 3 // 8 + 1))
        recall = [point["recall"]["estimate"] for point in row["curve"]]
        assert recall == sorted(recall)
        assert row["recall"] == row["curve"][row["radius"]]["recall"]
        assert row["recall"]["estimate"] >= 0.8, "eight of ten edits are codecs"
    usual, best = document["find"]["default"]["families"], document["find"]["recommended"]["families"]
    assert usual["codec"]["copy"]["estimate"] >= 0.99
    assert usual["turn"]["edit"]["estimate"] == 0
    assert best["turn"]["edit"]["estimate"] == 1
    command = document["recommended"]["command"]
    assert command[:3] == ["lookalike", "find", "an album"]
    assert command[command.index("--orient") + 1] == "all"
    assert "--crops" not in command
    assert done.text.splitlines()[-1] == f"  {shlex.join(command)}"
    assert "14 images; 13 were compared" in done.text
    assert "1 not read (for example an album/broken.jpg: " in done.text
    assert "none seen (<" in done.text, "nothing seen is not nothing"
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG\r\n")
    with Image.open(tmp_path / "curves.png") as picture:
        assert min(picture.size) > 500
    found = run(*command[1:], "--no-catalog", "--quiet", cwd=tmp_path)
    assert (found.code, found.errors) == (0, "")


def test_the_answer_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    album(tmp_path / "album")
    options = ("album", *FEW[:-2], "--edits", "noise,crop", "--json")
    first = told(*options, "--workers", "1", cwd=tmp_path)
    # Other names in another order, listed by another number of workers.
    for seed in range(COUNT):
        (tmp_path / "album" / f"{seed}.jpg").rename(tmp_path / "album" / f"x{COUNT - seed:02}.jpg")
    second = told(*options, "--workers", "3", cwd=tmp_path)
    assert first.out == second.out
    assert first.document["pairs"]["same"] == COUNT * 16


def labels(root: Path, rows: list[tuple[str, str, str]]) -> Path:
    with (root / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path_a", "path_b", "same"), *rows])
    return root / "pairs.csv"


def labelled(root: Path) -> list[tuple[str, str, str]]:
    """Write six pictures, copies of them, and a mirrored picture that is labelled as another; return the rows."""
    rows = []
    for seed in range(6):
        picture = scene(seed, 320, 240)
        write(root / "sub" / f"{seed}.jpg", encode(picture, quality=92))
        write(root / "sub" / f"{seed}-small.jpg", encode(picture.resize((160, 120)), quality=70))
        rows.append((f"sub/{seed}.jpg", str(root / "sub" / f"{seed}-small.jpg"), "yes"))
        rows.append((f"sub/{seed}.jpg", f"sub/{(seed + 1) % 6}.jpg", "no"))
    return rows


def test_labelled_pairs_take_the_place_of_edits(tmp_path: Path) -> None:
    rows = labelled(tmp_path)
    write(tmp_path / "sub" / "broken.jpg", b"\xff\xd8\xff\xe0 no more")
    labels(tmp_path, [*rows, ("sub/0.jpg", "sub/broken.jpg", "1")])
    options = ("--pairs", "pairs.csv", "--algorithm", "phash", "--no-catalog")
    document, text = both(*options, cwd=tmp_path)
    assert document["pairs"] == {"images": 6, "edits": 0, "same": 6, "different": 6, "unread": 1}
    assert document["collection"] is None
    run_ = document["find"]["recommended"]
    assert run_["families"]["labelled"]["copy"]["estimate"] == 1
    assert (run_["image_pairs"], run_["false_pairs"]["edit"]["estimate"]) == (6, 0)
    assert run_["false_pairs"]["edit"]["high"] == pytest.approx(3.689, abs=1e-3)
    assert document["recommended"]["command"][2] == "PATH"
    assert "labelled pairs: 6 the same picture, of 6 pictures in all; 6 not the same" in text
    assert "1 labelled pairs could not be read and do not count" in text


def test_planted_negatives_are_counted_and_tighten_the_tier(tmp_path: Path) -> None:
    rows = labelled(tmp_path)
    # Labelled as another picture though it is an edit of the same one: false as an edit, not as a copy.
    for seed in range(2):
        gray = ImageOps.expand(scene(seed, 320, 240).convert("L"), 30, "white")
        write(tmp_path / "sub" / f"{seed}-framed.jpg", encode(gray, quality=90))
        rows.append((f"sub/{seed}.jpg", f"sub/{seed}-framed.jpg", "0"))
    labels(tmp_path, rows)
    options = ("--pairs", "pairs.csv", "--algorithm", "phash", "--no-catalog")
    document = told(*options, "--json", cwd=tmp_path).document
    false = document["find"]["recommended"]["false_pairs"]
    assert (false["copy"]["estimate"], false["edit"]["estimate"]) == (0, 2)
    assert false["edit"]["low"] > 0
    assert document["recommended"]["tier"] == "copy"
    assert document["recommended"]["command"][-2:] == ["--tier", "copy"]


def test_with_a_path_false_pairs_of_hashes_are_those_of_the_collection(tmp_path: Path) -> None:
    rows = labelled(tmp_path)
    labels(tmp_path, rows[:1])
    album(tmp_path / "album")
    options = ("album", "--pairs", "pairs.csv", "--algorithm", "phash", "--no-catalog")
    document = told(*options, "--json", cwd=tmp_path).document
    assert document["collection"]["different"] == COUNT
    assert document["pairs"]["different"] == 0
    assert document["recommended"]["command"][2] == "album"
    assert any("no pair is labelled as different" in note for note in document["notes"])
    # A copy that is labelled as another picture lies within any radius.
    labels(tmp_path, [*rows[:1], (rows[2][0], rows[2][1], "false")])
    document, text = both(*options, cwd=tmp_path)
    for row in document["hashes"]:
        assert row["curve"][-1]["labelled_false"] == 1
    assert document["find"]["default"]["false_pairs"]["copy"]["estimate"] == 1
    assert document["recommended"]["tier"] == "exact"
    assert "1 of those labelled" in text


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    album(tmp_path / "few", 4)
    line = refused("few", *FEW, cwd=tmp_path)
    assert "needs at least 10 different images with enough detail, got 4: of 4 that could be read" in line
    assert "unknown family of edits 'smell': use some of codec" in refused("few", "--edits", "smell", cwd=tmp_path)
    assert "let the name end in .json, .png, .html" in refused("few", "--output", "a.txt", cwd=tmp_path)
    assert "the folder of no/a.png does not exist" in refused("few", "--output", "no/a.png", cwd=tmp_path)
    assert "absent: " in refused("absent", *FEW, cwd=tmp_path, code=3)
    labels(tmp_path, [("few/0.jpg", "few/9.jpg", "1")])
    assert "pairs.csv, line 2: there is no file few/9.jpg" in refused("--pairs", "pairs.csv", cwd=tmp_path)
    labels(tmp_path, [("few/0.jpg", "few/1.jpg", "1")])
    assert "1 readable pairs with same=1 and 0 with same=0" in refused("--pairs", "pairs.csv", *FEW, cwd=tmp_path)


def test_where_only_some_can_be_read_the_rest_is_done(tmp_path: Path) -> None:
    album(tmp_path / "album")
    done = told("absent", "album", *FEW, cwd=tmp_path, code=3)
    assert "incomplete: absent: " in done.errors
    assert done.text.splitlines()[-2] == "Recommended:"


def test_an_interrupt_leaves_no_edits_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    album(tmp_path / "album")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    running = start("tune", "album", "--no-catalog", cwd=tmp_path)
    try:
        deadline = time.monotonic() + 60
        while len(list(temporary.rglob("*.jpg"))) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert list(temporary.rglob("*.jpg")), "it had begun to edit"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (running.returncode, out) == (130, b"")
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert list(temporary.iterdir()) == []
