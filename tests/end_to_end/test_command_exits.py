"""Exit codes and messages: what went wrong, in one line a user can act on."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from album import jpeg
from command import environment, failures, found, line, run, write

from conftest import scene

WITHOUT_OVERRIDE = """
import ctypes, os, sys
for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: what lets root read everything
    if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
        sys.exit(99)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two copies and another picture."""
    write(tmp_path / "photos" / "a.jpg", jpeg(scene(1, 320, 240), 90))
    write(tmp_path / "photos" / "b.jpg", jpeg(scene(1, 320, 240), 70))
    write(tmp_path / "photos" / "c.jpg", jpeg(scene(2, 320, 240)))
    return tmp_path / "photos"


def test_duplicates_change_the_exit_code_only_when_asked(photos: Path) -> None:
    assert run("find", photos, "--no-catalog").code == 0
    assert run("find", photos, "--no-catalog", "--fail-on-duplicates").code == 1
    assert run("find", photos, "--no-catalog", "--fail-on-duplicates", "--tier", "exact").code == 0
    assert run("find", photos, "--no-catalog", "--fail-on-duplicates", "--quiet").code == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("--tier", "close"),
        ("--algorithm", "nohash"),
        ("--size", "0"),
        ("--size", "7"),
        ("--size", "large"),
        ("--radius", "-1"),
        ("--group", "ring"),
        ("--keep", "prettiest"),
        ("--show", "few"),
        ("--min-size", "200"),
        ("--truncated", "perhaps"),
        ("--max-pixels", "0"),
        ("--workers", "0"),
        ("--output", "findings.docx"),
        ("--output", "no/such/folder/findings.json"),
        ("--unmatched", "list.txt"),
        ("--nonsense",),
    ],
)
def test_wrong_usage(photos: Path, wrong: tuple[str, ...]) -> None:
    result = run("find", "photos", *wrong, "--no-catalog", cwd=photos.parent)
    assert result.code == 2
    assert result.out == b""
    assert "Traceback" not in result.errors
    assert wrong[-1] in result.errors or wrong[0].lstrip("-") in result.errors
    assert sorted(path.name for path in photos.parent.iterdir()) == ["photos"], "nothing was written"


@pytest.mark.parametrize("arguments", [("find",), ("lose", "photos"), ("find", "--json")])
def test_a_missing_argument_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


def test_unknown_names_are_answered_with_the_known_ones(photos: Path) -> None:
    for option, allowed in (
        ("--tier", ("exact", "copy", "edit", "similar")),
        ("--algorithm", ("phash",)),
        ("--group", ("star", "clique", "component")),
        ("--keep", ("resolution", "oldest", "folder:")),
        ("--output", (".json", ".jsonl", ".csv")),
    ):
        errors = run("find", photos, option, "wrong", "--no-catalog").errors
        assert all(name in errors for name in allowed), errors


def test_help_and_version() -> None:
    for arguments in (("--help",), ("find", "--help"), ("--version",)):
        result = run(*arguments)
        assert (result.code, result.errors) == (0, "")
        assert result.out
    assert "lookalike find " in run("find", "--help").text


def test_a_missing_root_does_not_stop_the_others(photos: Path) -> None:
    result = run("find", "photos", "gone", "--no-catalog", cwd=photos.parent)
    assert result.code == 3
    assert "incomplete" in result.text
    assert "gone" in result.text
    assert "Group 1" in result.text
    assert result.text.count("photos/c.jpg") == 0
    document = found("gone", "photos", cwd=photos.parent, code=3)
    assert document["stats"]["images"] == 3
    assert len(document["groups"]) == 1
    assert run("find", "photos", "gone", "--no-catalog", "--fail-on-duplicates", cwd=photos.parent).code == 3


def test_all_roots_missing(tmp_path: Path) -> None:
    result = run("find", tmp_path / "gone", tmp_path / "away", "--no-catalog")
    assert result.code == 3
    assert result.out == b""
    assert "gone" in result.errors
    assert "away" in result.errors
    assert "Traceback" not in result.errors


def test_an_unreadable_folder_and_file(photos: Path, tmp_path: Path) -> None:
    write(photos / "closed" / "d.jpg", jpeg(scene(3, 320, 240)))
    secret = write(photos / "secret.jpg", jpeg(scene(4, 320, 240)))
    (photos / "closed").chmod(0)
    secret.chmod(0)
    try:
        result = _restricted("find", "photos", "--no-catalog", cwd=tmp_path)
        document = _restricted("find", "photos", "--no-catalog", "--json", cwd=tmp_path)
        only = _restricted("find", "photos/closed", "--no-catalog", cwd=tmp_path)
    finally:
        (photos / "closed").chmod(0o755)
    assert (result.returncode, document.returncode, only.returncode) == (3, 3, 3)
    assert b"incomplete" in result.stdout
    assert b"photos/closed" in result.stdout
    assert b"Group 1" in result.stdout
    assert b"photos/closed" in only.stderr
    rows = failures(json.loads(document.stdout))
    assert {path: row["kind"] for path, row in rows.items()} == {
        "photos/closed": "denied",
        "photos/secret.jpg": "denied",
    }
    stats = json.loads(document.stdout)["stats"]
    assert (stats["images"], stats["hashed"], stats["failed"]) == (4, 3, 1), "a folder is not an image"


def _restricted(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run the command without the power of root to read everything."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_OVERRIDE, *line(*arguments)], cwd=cwd, env=environment(), capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip
    if done.returncode == 99:
        pytest.skip("cannot give up the power to read everything, and root is not stopped by a mode")
    return done


def _catalog(path: Path, statements: Sequence[str]) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def test_a_catalog_that_is_garbage(photos: Path, tmp_path: Path) -> None:
    catalog = write(tmp_path / "catalog.sqlite", b"this is no database " * 500)
    result = run("find", photos, "--catalog", catalog)
    assert result.code == 5
    assert "catalog.sqlite" in result.errors
    assert "Traceback" not in result.errors
    assert catalog.read_bytes() == b"this is no database " * 500


def test_a_picture_is_no_catalog_and_no_ledger_and_is_not_repaired(photos: Path, tmp_path: Path) -> None:
    before = (photos / "a.jpg").read_bytes()
    for words in (
        ("find", "photos", "--catalog", "photos/a.jpg"),
        ("history", "--repair", "--ledger", "photos/a.jpg"),
        ("clean", "photos", "--apply", "--no-catalog", "--ledger", "new.png"),
    ):
        result = run(*words, cwd=tmp_path)
        assert (result.code, "is called as images are" in result.errors) == (5, True), result.errors
    assert (photos / "a.jpg").read_bytes() == before
    assert not (tmp_path / "new.png").exists()


def test_a_catalog_whose_pages_are_damaged(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    assert run("find", photos, "--catalog", catalog).code == 0
    content = bytearray(catalog.read_bytes())
    content[4096:] = bytes(value ^ 0x5A for value in content[4096:])
    catalog.write_bytes(content)
    result = run("find", photos, "--catalog", catalog)
    assert result.code == 5
    assert "catalog.sqlite" in result.errors
    assert "Traceback" not in result.errors


def test_a_catalog_of_another_program(photos: Path, tmp_path: Path) -> None:
    catalog = _catalog(tmp_path / "other.sqlite", ["CREATE TABLE songs (title TEXT)", "INSERT INTO songs VALUES ('x')"])
    before = catalog.read_bytes()
    result = run("find", photos, "--catalog", catalog)
    assert result.code == 5
    assert "another program" in result.errors
    assert catalog.read_bytes() == before, "not a byte of it is touched"


def test_a_catalog_of_another_program_without_tables(photos: Path, tmp_path: Path) -> None:
    catalog = _catalog(tmp_path / "other.sqlite", ["PRAGMA application_id = 77", "PRAGMA user_version = 3"])
    assert run("find", photos, "--catalog", catalog).code == 5


def test_a_catalog_of_a_newer_version(photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    assert run("find", photos, "--catalog", catalog).code == 0
    _catalog(catalog, ["INSERT INTO migration VALUES ('from the future', 0)"])
    result = run("find", photos, "--catalog", catalog)
    assert result.code == 5
    assert "newer" in result.errors
    assert "from the future" in result.errors


def test_a_catalog_that_cannot_be_opened(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    result = run("find", photos, "--catalog", tmp_path / "folder")
    assert result.code == 5
    assert "Traceback" not in result.errors


def test_the_reader_of_the_output_goes_away(tmp_path: Path) -> None:
    for at in range(60):
        for copy in range(2):
            write(tmp_path / "photos" / f"{'long name ' * 20}{at}-{copy}.jpg", jpeg(scene(at, 64, 64)))
    process = subprocess.Popen(
        line("find", tmp_path / "photos", "--no-catalog", "--json"), env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 0, "1 would say that duplicates were found"
    assert errors == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("verb", ["find", "hash"])
def test_a_full_disk_under_the_output_is_said(photos: Path, verb: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "lookalike", verb, str(photos), "--no-catalog", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "lookalike: cannot write the output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [0, 1, 2])
def test_streams_that_are_closed_lead_nowhere(photos: Path, tmp_path: Path, number: int) -> None:
    words = ("clean", "photos", "--apply", "--json", "--catalog", "c.sqlite")
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {number}>&-', "sh", *line(*words)], cwd=tmp_path, env=environment(),
        capture_output=True, timeout=180, check=False,
    )  # fmt: skip
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert bool(done.stdout) == (number != 1)
    assert sorted(path.name for path in photos.iterdir()) == ["a.jpg", "c.jpg"]
    assert run("catalog", "verify", "--catalog", "c.sqlite", cwd=tmp_path).code == 0
