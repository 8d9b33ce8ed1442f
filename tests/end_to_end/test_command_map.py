"""`--map FROM=TO`: results show paths as a host has them, plans and the ledger do not, and both still work in here."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from album import jpeg
from command import Result, run, write

from conftest import encode, scene

HOST = "/volume1/photos"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Copies with names of all sorts, what is damaged, and another folder to compare with."""
    folder = tmp_path / "photos"
    write(folder / "a.png", encode(scene(1, 320, 240), "PNG"))
    write(folder / "b.jpg", jpeg(scene(1, 320, 240), 70))
    write(os.fsencode(folder) + b"/sub/\xff.jpg", jpeg(scene(1, 320, 240), 60))
    write(folder / "single.jpg", jpeg(scene(2, 320, 240)))
    write(folder / "bad.jpg", jpeg(scene(3, 320, 240))[:900])
    write(tmp_path / "other" / "x.jpg", jpeg(scene(1, 320, 240), 50))
    return folder


def mapped(*words: str | Path, photos: Path, host: str = HOST) -> Result:
    result = run(
        *words,
        "--map",
        f"{photos}={host}",
        *(() if words[0] in ("apply", "undo", "purge", "history") else ("--no-catalog",)),
    )
    assert "Traceback" not in result.errors
    return result


def test_all_that_is_written_for_others_has_the_paths_of_the_host(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    names = ["f.json", "f.jsonl", "f.csv", "f.html", "f.parquet", "f.txt", "keep.csv"]
    words = [word for name in names for word in ("--output", out / name)]
    words += [
        "--keep-lists",
        out / "lists",
        "--keep-table",
        out / "k.nul",
        "--against",
        tmp_path / "other",
        "--unmatched",
        out / "u.txt",
    ]
    result = mapped("find", photos, *words, photos=photos)
    assert result.code == 0, result.errors
    plain = run(
        "find", photos, "--no-catalog", "--against", tmp_path / "other", "--output", tmp_path / "plain.html", "--json"
    )
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) >= len(names) + 4
    for path in written:
        content = path.read_bytes()
        assert os.fsencode(photos) not in content, path
        if path.name != "manifest.json":
            assert HOST.encode() in content or HOST.encode() in json.dumps(_arrow(path)).encode(), path
    page = (out / "f.html").read_text("utf-8")
    assert page.count("data:image/webp") == (tmp_path / "plain.html").read_text("utf-8").count("data:image/webp") > 0
    assert sorted((out / "u.txt").read_text().split()) == [f"{HOST}/single.jpg"]
    assert b"\xff.jpg" not in (out / "k.nul").read_bytes()
    document = json.loads((out / "f.json").read_bytes())
    assert json.dumps(document).replace(HOST, str(photos)).count(str(photos)) == json.dumps(plain.document).count(
        str(photos)
    )
    assert document["by_root"][0]["path"] == HOST


def _arrow(path: Path) -> object:
    if path.suffix != ".parquet":
        return None
    return pytest.importorskip("pyarrow.parquet").read_table(path).to_pydict()


def test_text_shows_them_too(photos: Path) -> None:
    for words in (("find", photos), ("clean", photos), ("search", photos / "a.png", "--in", photos)):
        result = mapped(*words, photos=photos)
        shown = re.sub(
            r"(?m)^.*(lookalike|-m) .*$", "", result.text
        )  # what is to be typed here has the paths from here
        assert str(photos) not in shown
        assert f"{HOST}/b.jpg" in shown


def test_leaks(photos: Path, tmp_path: Path) -> None:
    words = (
        "leaks",
        photos,
        tmp_path / "other",
        "--output",
        tmp_path / "l.html",
        "--output",
        tmp_path / "l.csv",
        "--fix",
        tmp_path / "lists",
    )
    result = mapped(*words, "--json", photos=photos)
    assert result.code == 0, result.errors
    for content in (result.out, *((tmp_path / name).read_bytes() for name in ("l.html", "l.csv", "lists/photos.txt"))):
        assert os.fsencode(photos) not in content
        assert HOST.encode() in content


def test_findings_come_back_and_nothing_else_is_taken_for_them(photos: Path, tmp_path: Path) -> None:
    findings = tmp_path / "f.json"
    assert mapped("find", photos, "--output", findings, photos=photos).code == 0
    direct = run("clean", photos, "--no-catalog", "--json").document["decisions"]
    again = run("clean", findings, "--map", f"{photos}={HOST}", "--json")
    assert again.code == 0, again.errors
    told = again.document
    assert told["decisions"] == direct
    assert [row["verdict"] for row in direct].count("remove") == 2
    assert told["roots"][0]["path"] == str(photos)
    lost = run("clean", findings)
    assert lost.code == 3
    assert "with the same --map" in lost.errors


def test_plans_keep_the_paths_from_here_and_are_carried_out(photos: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert mapped("clean", photos, "--plan", plan, photos=photos).code == 0
    assert HOST not in plan.read_text()
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    done = mapped("apply", plan, "--yes", "--yes-most", "--json", photos=photos)
    assert done.code == 0, done.errors
    assert done.document["images"] == 2
    assert len([path for path in photos.rglob("*") if path.is_file()]) == len(before) - 2
    history = run("history", "--map", f"{tmp_path}=/volume1")
    assert f"  in /volume1/.lookalike-quarantine/{done.document['batch']}" in history.text
    back = run("undo", "--map", f"{photos}={HOST}")
    assert back.code == 0
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(os.name == "nt", reason="a script for sh")
@pytest.mark.parametrize("action", ["quarantine", "symlink", "hardlink"])
def test_a_script_runs_on_the_host_and_is_undone_there(photos: Path, tmp_path: Path, action: str) -> None:
    host, script = tmp_path / "volume1", tmp_path / "clean.sh"
    write(photos / "sub" / "twin.png", (photos / "a.png").read_bytes())
    words = ("clean", photos, "--script", script, "--action", action, "--quarantine", tmp_path / "photos" / ".gone")
    made = mapped(*words, photos=photos, host=str(host))
    assert made.code == 0, made.errors
    assert os.fsencode(photos) not in script.read_bytes()
    photos.rename(host)
    before = {path: path.read_bytes() for path in host.rglob("*") if path.is_file()}
    subprocess.run(["sh", script], check=True, capture_output=True)
    assert (host / "a.png").read_bytes() == before[host / "a.png"]
    assert (host / "sub" / "twin.png").exists() == (action != "quarantine")
    if action != "quarantine":
        assert (host / "sub" / "twin.png").samefile(host / "a.png")
    (batch,) = (host / ".gone").iterdir()
    assert run("undo", "--from", batch).code == 0
    assert {path: path.read_bytes() for path in host.rglob("*") if path.is_file()} == before


def test_a_script_for_elsewhere_knows_all_its_paths(photos: Path, tmp_path: Path) -> None:
    made = mapped(
        "clean", photos, "--script", tmp_path / "clean.sh", photos=photos
    )  # the quarantine is beside the root
    assert made.code == 2
    assert f"{tmp_path}/.lookalike-quarantine" in made.errors
    assert not (tmp_path / "clean.sh").exists()


def test_what_is_no_map_ends_before_any_work(photos: Path) -> None:
    for verb in (("find", photos), ("clean", photos), ("leaks", photos), ("history",), ("undo",), ("purge", "x")):
        result = run(*verb, "--map", "photos")
        assert (result.code, result.text) == (2, "")
        assert "--map takes FROM=TO" in result.errors
