"""What --verbose and --log-json say, where, and that nothing else changes by it."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from album import jpeg
from command import Result, environment, line, run, write

from conftest import encode, scene
from lookalike.cli.main import program
from lookalike.cli.verbs import VERBS

NASTY = "a\n12:00:00.000 error   forged: \x1b[2Jb.jpg"
TEXT = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (debug|info|warning|error) +([a-z.]+): .*")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two copies, another picture, one that is damaged, and names to fool a reader of logs with."""
    folder = tmp_path_factory.mktemp("logs") / "photos"
    write(folder / "a.png", encode(scene(1, 320, 240), "PNG"))
    write(folder / "b.jpg", jpeg(scene(1, 320, 240), 70))
    write(folder / NASTY, jpeg(scene(2, 320, 240))[:900])
    write(os.fsencode(folder) + b"/\xff.jpg", jpeg(scene(3, 320, 240)))
    return folder


def logged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in path.read_bytes().splitlines()]


def texts(result: Result) -> list[str]:
    """Return the names of events on stderr, on which there is nothing else."""
    found = [TEXT.fullmatch(row) for row in result.errors.splitlines()]
    assert all(found), result.errors
    return [one[2] for one in found if one]


def test_every_verb_has_the_options() -> None:
    found = []

    def look(command: Any, path: tuple[str, ...]) -> None:
        if below := getattr(command, "commands", None):
            for name, other in below.items():
                look(other, (*path, name))
        else:
            found.append(path)
            assert {"verbose", "log_json"} <= {one.name for one in command.params}, path

    look(program(), ())
    assert {path[0] for path in found} == set(VERBS)
    assert len(found) > len(VERBS)


def test_before_the_verb_or_after_it_and_nothing_else_changes(photos: Path) -> None:
    search = ("find", "photos", "--no-catalog", "--workers", "1")
    results = [run(*words, cwd=photos.parent) for words in (search, ("-v", *search), (*search, "--verbose"))]
    assert {result.code for result in results} == {0}
    assert results[0].errors == ""
    outs = [re.sub(r"in [0-9.]+ s", "", result.text).replace(" --verbose", "") for result in results]
    assert outs[0] == outs[1] == outs[2]  # what is suggested, too
    before, after = texts(results[1]), texts(results[2])
    assert before == after
    assert (before[0], before[-1]) == ("run.started", "run.ended")
    assert {"scan.listed", "scan.committed", "join.ended", "verify.ended", "image.failed"} <= set(before)
    assert not {"image.read", "folder.listed"} & set(before)


def test_each_image_only_when_asked_twice(photos: Path) -> None:
    quick = ("--no-catalog", "--workers", "1", "--json")
    for words in (("-vv", "find", "photos"), ("-v", "find", "photos", "-v"), ("find", "photos", "-v", "--verbose")):
        result = run(*words, *quick, cwd=photos.parent)
        assert {"image.read", "image.failed", "folder.listed"} <= set(texts(result))
        assert result.document["stats"]["groups"] == 1
        assert "forged" not in texts(result)
        assert b"\x1b" not in result.err


def test_json_lines_are_appended_and_hold_names_of_any_bytes(photos: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    for words in (("--log-json", log, "-vv", "hash"), ("hash", "-vv", "--log-json", log)):
        result = run(
            *words, "photos", "--no-catalog", "--workers", "1", "--output", tmp_path / "h.csv", cwd=photos.parent
        )
        assert result.code == 0, result.errors
    rows = logged(log)
    assert [row["event"] for row in rows].count("run.started") == 2
    assert [row["code"] for row in rows if row["event"] == "run.ended"] == [0, 0]
    assert [row["path"] for row in rows if row["event"] == "image.failed"] == [f"photos/{NASTY}"] * 2
    odd = [row for row in rows if "path_bytes" in row]
    assert {(row["event"], row["path"]) for row in odd} == {("image.read", "photos/\ufffd.jpg")}


def test_json_on_stderr_takes_the_place_of_text(photos: Path) -> None:
    result = run("find", "photos", "-v", "--log-json", "-", "--no-catalog", "--json", cwd=photos.parent)
    rows = [json.loads(row) for row in result.errors.splitlines()]
    assert {"run.started", "run.ended"} < {row["event"] for row in rows}
    assert result.document["stats"]["groups"] == 1


def test_how_a_run_failed_is_in_the_log(photos: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    assert run("--log-json", log, "find", tmp_path / "nowhere", "--no-catalog").code == 3
    failed, ended = logged(log)[-2:]
    assert (failed["event"], failed["error"], failed["level"]) == ("run.failed", "SourceError", "error")
    assert "nowhere" in failed["reason"]
    assert (ended["event"], ended["code"]) == ("run.ended", 3)


@pytest.mark.parametrize(
    "words", [("find", "photos", "-q", "-v"), ("--verbose", "find", "photos", "--quiet"), ("-v", "undo", "--quiet")]
)
def test_quiet_and_verbose_exclude_each_other(photos: Path, words: tuple[str, ...]) -> None:
    result = run(*words, cwd=photos.parent)
    assert (result.code, result.text) == (2, "")
    assert result.errors.startswith("lookalike: --quiet and --verbose exclude each other")


def test_a_log_is_appended_to_no_photo_and_may_be_anything_new(photos: Path, tmp_path: Path) -> None:
    photo = write(tmp_path / "x.jpg", jpeg(scene(5, 64, 64)))
    before = photo.read_bytes()
    result = run("find", "photos", "--no-catalog", "--log-json", photo, cwd=photos.parent)
    assert (result.code, photo.read_bytes()) == (4, before)
    result = run("find", "photos", "--no-catalog", "--log-json", tmp_path / "no" / "log", cwd=photos.parent)
    assert (result.code, result.errors.count("\n")) == (2, 1)
    (tmp_path / "empty").touch()
    assert run("find", "photos", "-q", "--no-catalog", "--log-json", tmp_path / "empty", cwd=photos.parent).code == 0
    assert logged(tmp_path / "empty")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk here that is always full")
def test_a_full_disk_under_the_log_ends_the_log_alone(photos: Path) -> None:
    result = run("find", "photos", "--no-catalog", "--json", "--log-json", "/dev/full", cwd=photos.parent)
    assert result.code == 0
    assert result.errors == "lookalike: the log /dev/full ends here: No space left on device\n"
    assert result.document["stats"]["groups"] == 1


def test_what_is_done_to_files_is_logged(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "a.png", encode(scene(1, 320, 240), "PNG"))
    write(tmp_path / "photos" / "b.jpg", jpeg(scene(1, 320, 240), 70))
    log = tmp_path / "run.jsonl"
    for verb in (("clean", "photos", "--apply", "--yes", "--no-catalog"), ("undo",)):
        assert run("-vv", "--log-json", log, *verb, cwd=tmp_path).code == 0
    rows = logged(log)
    ended = [(row["step"], row["files"], row["refused"]) for row in rows if row["event"] == "batch.ended"]
    assert ended == [("apply", 1, 0), ("undo", 1, 0)]
    moved = [row for row in rows if row["event"] == "disk.changed" and row["operation"] == "rename_new"]
    photo = str(tmp_path / "photos" / "b.jpg")
    assert [row["path"] == photo for row in moved] == [True, False]
    assert [row["place"] == photo for row in moved] == [False, True]


def test_lines_on_a_terminal_stand_whole_above_the_bar(photos: Path) -> None:
    pty = pytest.importorskip("pty", reason="no pseudo terminals on this system")
    leader, follower = pty.openpty()
    words = line("find", "photos", "--no-catalog", "--workers", "1", "--json", "-v")
    drawn = bytearray()
    with subprocess.Popen(
        words, cwd=photos.parent, env=environment(TERM="xterm", COLUMNS="300"), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=follower,
    ) as process:  # fmt: skip
        os.close(follower)
        with os.fdopen(leader, "rb", buffering=0) as terminal:
            try:
                while part := terminal.read(65536):
                    drawn += part
            except OSError:  # Linux ends a pseudo terminal whose other side is closed with EIO
                pass
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
    assert document["stats"]["groups"] == 1
    assert b"files" in drawn
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode("utf-8"))
    found = [one[2] for row in re.split(r"[\r\n]+", shown) if (one := TEXT.fullmatch(row.rstrip()))]
    assert {"root.opened", "scan.listed", "scan.committed", "scan.ended"} <= set(found)
