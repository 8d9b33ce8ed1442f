"""What is printed and written: --show, --quiet, files that agree with each other."""

import csv
import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from album import jpeg
from command import Result, comparable, environment, line, run, write

from conftest import scene

GROUPS = 25


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output")
    for seed in range(GROUPS):
        for quality in (60, 90):
            write(folder / "photos" / f"{quality}" / f"{seed}.jpg", jpeg(scene(seed, 200, 150), quality))
    write(folder / "photos" / 'broken, "quoted".png', b"\x89PNG\r\n\x1a\nnothing")
    write(folder / "photos" / "notes.txt", b"words")
    return folder


def _find(base: Path, *options: str | Path) -> Result:
    result = run("find", "photos", "--no-catalog", "--workers", "1", *options, cwd=base)
    assert (result.code, result.errors) == (0, ""), "nothing on stderr when piped"
    return result


@pytest.mark.parametrize(
    ("show", "shown"), [((), 20), (("--show", "3"), 3), (("--show", "all"), GROUPS), (("--show", "0"), 0)]
)
def test_show(base: Path, show: tuple[str, ...], shown: int) -> None:
    text = _find(base, *show).text
    headings = [line for line in text.splitlines() if line.startswith("Group ")]
    assert [line.split(":")[0] for line in headings] == [f"Group {at}" for at in range(1, shown + 1)]
    assert ("more group" in text) == (shown < GROUPS)
    if shown < GROUPS:
        assert f"{GROUPS - shown} more groups" in text
    assert f"{GROUPS} groups with {GROUPS} duplicates" in text
    assert "photos/60 -> photos/90: 25 of 25 contained" in text
    assert not set("\r\x1b") & set(text), "no progress in a pipe"


def test_quiet_prints_nothing(base: Path, tmp_path: Path) -> None:
    result = _find(base, "--quiet", "--output", tmp_path / "findings.json")
    assert result.out == b""
    assert json.loads((tmp_path / "findings.json").read_bytes())["stats"]["groups"] == GROUPS
    assert _find(base, "-q").out == b""


def test_json_is_the_only_thing_on_stdout(base: Path, tmp_path: Path) -> None:
    result = _find(base, "--json", "--output", tmp_path / "findings.json")
    document = json.loads(result.out)
    assert comparable(document) == comparable(json.loads((tmp_path / "findings.json").read_bytes()))
    assert result.out == (tmp_path / "findings.json").read_bytes()
    assert len(document["groups"]) == GROUPS
    assert _find(base, "--json", "--quiet").document["stats"]["groups"] == GROUPS, "asked for, so printed"


def _value(text: str) -> Any:
    if text == "":
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def test_the_files_agree_with_each_other(base: Path, tmp_path: Path) -> None:
    names = {ending: tmp_path / f"findings{ending}" for ending in (".json", ".jsonl", ".csv")}
    _find(base, *(part for name in names.values() for part in ("--output", name)))
    document = json.loads(names[".json"].read_bytes())
    rows = [json.loads(line) for line in names[".jsonl"].read_bytes().splitlines()]
    assert [row["group"] for row in rows if "group" in row] == document["groups"]
    assert [row["failure"] for row in rows if "failure" in row] == document["failures"]
    (head,) = (row for row in rows if "stats" in row)
    assert head["stats"] == document["stats"]
    with names[".csv"].open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    expected = [{"group": group["id"], **row} for group in document["groups"] for row in group["members"]]
    assert len(table) == len(expected) + len(document["failures"])
    for cells, row in zip(table, expected, strict=False):
        for key, told in row.items():
            value = ",".join(told) if isinstance(told, list) else told
            text = cells[key] if isinstance(value, str) or value is None else _value(cells[key])
            assert text == ("" if value is None else value), key
    failure = table[-1]
    assert (failure["role"], failure["path"]) == ("failure", 'photos/broken, "quoted".png')
    assert failure["kind"] == document["failures"][0]["kind"]


def test_an_output_file_is_replaced_whole(base: Path, tmp_path: Path) -> None:
    target = tmp_path / "findings.json"
    target.write_text("x" * 100_000)
    assert _find(base, "--show", "0", "--output", target).text.endswith(f"\nWritten: {target}\n")
    old = os.umask(0o022)
    try:
        _find(base, "--quiet", "--output", target)
    finally:
        os.umask(old)
    assert json.loads(target.read_bytes())["version"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"], "nothing is left beside it"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_an_output_that_cannot_be_written(base: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    result = run("find", "photos", "--no-catalog", "--workers", "1", "--output", tmp_path / "folder.json", cwd=base)
    assert result.code == 2
    assert "folder.json" in result.errors
    assert "Traceback" not in result.errors


def test_no_duplicates_is_said(base: Path) -> None:
    text = _find(base, "--tier", "exact").text
    assert "no duplicates" in text
    assert "1 not an image" in text
    assert "1 not read, damaged" in text


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_is_drawn_on_a_terminal_only(base: Path, *, quiet: bool) -> None:
    pty = pytest.importorskip("pty", reason="no pseudo terminals on this system")
    leader, follower = pty.openpty()
    command = line("find", "photos", "--no-catalog", "--workers", "1", "--json", *(["--quiet"] if quiet else []))
    process = subprocess.Popen(
        command,
        cwd=base,
        env=environment(TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    drawn = bytearray()
    with os.fdopen(leader, "rb", buffering=0) as terminal, process:
        try:
            while part := terminal.read(65536):
                drawn += part
        except OSError:  # Linux ends a pseudo terminal whose other side is closed with EIO
            pass
        assert process.stdout is not None
        out = process.stdout.read()
    assert process.returncode == 0
    assert json.loads(out)["stats"]["groups"] == GROUPS
    assert (b"files" in drawn or b"counting" in drawn) == (not quiet)
    assert not quiet or not drawn


@pytest.mark.parametrize(
    "words",
    [
        ("clean", "photos", "--plan", "photos/b.jpg"),
        ("clean", "photos", "--script", "link"),
        ("find", "photos", "--against", "photos/b.jpg", "--unmatched", "photos/b.jpg"),
        ("decide", "export", "photos/b.jpg"),
    ],
)
def test_no_report_is_written_over_a_picture(tmp_path: Path, words: tuple[str, ...]) -> None:
    for name, quality in (("a.jpg", 90), ("b.jpg", 70)):
        write(tmp_path / "photos" / name, jpeg(scene(1, 320, 240), quality))
    (tmp_path / "link").symlink_to("photos/b.jpg")
    before = (tmp_path / "photos" / "b.jpg").read_bytes()
    result = run(*words, cwd=tmp_path)
    assert (result.code, "nothing is written over it" in result.errors) == (4, True)
    assert (tmp_path / "photos" / "b.jpg").read_bytes() == before
