"""Names of every kind: links, several names of one file, bytes that are no text."""

import base64
import csv
import io
import os
from pathlib import Path

import pytest
from album import jpeg
from command import failures, found, groups, members, run, write

from conftest import scene

CONTROL = {*range(0x20), 0x7F, *range(0x80, 0xA0)} - {0x0A}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    write(folder / "a.jpg", jpeg(scene(1, 320, 240), 90))
    return folder


def test_a_dangling_symlink(photos: Path) -> None:
    (photos / "lost.jpg").symlink_to("nowhere.jpg")
    (photos / "lost.txt").symlink_to("nowhere.txt")
    document = found("photos", cwd=photos.parent)
    assert failures(document)["photos/lost.jpg"]["kind"] == "not-here"
    assert document["stats"]["failed"] == 1
    assert document["stats"]["skipped"] == {"broken symlink": 1}
    root = run("find", "photos/lost.jpg", "--no-catalog", "--workers", "1", cwd=photos.parent)
    assert root.code == 3
    assert "lost.jpg" in root.errors


def test_a_symlinked_file_is_read_and_never_keeper_for_its_target(photos: Path) -> None:
    write(photos.parent / "elsewhere" / "z-much-longer-name.jpg", jpeg(scene(2, 320, 240)))
    (photos / "0.jpg").symlink_to("a.jpg")
    (photos / "b.jpg").symlink_to(photos.parent / "elsewhere" / "z-much-longer-name.jpg")
    document = found("photos", "elsewhere", cwd=photos.parent)
    rows = groups(document)
    assert rows.keys() == {"photos/a.jpg", "elsewhere/z-much-longer-name.jpg"}
    link = rows["photos/a.jpg"]["photos/0.jpg"]
    assert (link["tier"], link["relation"]) == ("exact", "same file")
    assert document["stats"]["images"] == 4
    assert document["stats"]["bytes_in_duplicates"] == 0


def test_symlinked_folders_are_entered_only_when_asked(photos: Path) -> None:
    write(photos.parent / "elsewhere" / "b.jpg", jpeg(scene(1, 320, 240), 70))
    (photos / "link").symlink_to(photos.parent / "elsewhere", target_is_directory=True)
    plain = found("photos", cwd=photos.parent)
    assert (plain["stats"]["images"], plain["stats"]["skipped"]) == (1, {"symlinked folder": 1})
    followed = found("photos", "--follow-symlinks", cwd=photos.parent)
    assert members(followed) == {frozenset({"photos/a.jpg", "photos/link/b.jpg"})}
    assert followed["stats"]["skipped"] == {}


def test_symlink_cycles_end(photos: Path) -> None:
    (photos / "deep" / "deeper").mkdir(parents=True)
    (photos / "deep" / "deeper" / "up").symlink_to(photos, target_is_directory=True)
    (photos / "deep" / "self").symlink_to(".", target_is_directory=True)
    (photos / "one").symlink_to("two")
    (photos / "two").symlink_to("one")
    document = found("photos", "--follow-symlinks", cwd=photos.parent)
    assert document["stats"]["hashed"] == 1
    assert document["groups"] == []


def test_hard_links_are_one_file(photos: Path) -> None:
    copy = write(photos / "b.jpg", jpeg(scene(1, 320, 240), 70))
    (photos / "a2.jpg").hardlink_to(photos / "a.jpg")
    (photos / "b2.jpg").hardlink_to(copy)
    document = found("photos", cwd=photos.parent)
    rows = groups(document)["photos/a.jpg"]
    assert len(rows) == 4, "every name stays a row"
    assert rows["photos/a2.jpg"]["relation"] == "same file"
    assert rows["photos/a2.jpg"]["tier"] == "exact"
    assert {rows["photos/b.jpg"]["tier"], rows["photos/b2.jpg"]["tier"]} <= {"copy", "exact"}
    assert document["stats"]["bytes_in_duplicates"] == copy.stat().st_size, "bytes count once, the keeper's not at all"
    only = found("photos/a.jpg", "photos/a2.jpg", cwd=photos.parent)
    assert only["stats"]["bytes_in_duplicates"] == 0


STRANGE: tuple[bytes, ...] = (
    b"caf\xe9.jpg", b"\xff\xfe.jpg", b"line\nbreak.jpg", b"tab\t.jpg", b"esc\x1b[2J\x1b]0;gotcha\x07.jpg", b"-rf.jpg",
    b"--json", b" leading and trailing ", b"quote\"'`$(id).jpg", "\u202egpj.exe.jpg".encode(), "\u65e5\u672c.jpg".encode(),
    b"return\r.jpg", b"comma,semicolon;.jpg", b"%s%n.jpg", b"c1\xc2\x9b31m.jpg", "\U0001f600.jpg".encode(),
    "e\u0301.jpg".encode(), "\u00e9.jpg".encode(), b"back\\slash.jpg", b"*?[a].jpg", b"=1+2.jpg",
)  # fmt: skip


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """Many names of two contents, and one broken file with a broken name."""
    folder = tmp_path / "strange"
    content = jpeg(scene(1, 160, 120))
    for name in STRANGE:
        write(os.path.join(os.fsencode(folder), name), content)
    write(os.path.join(os.fsencode(folder), b"bad\xfe\x1b[1m.png"), b"")
    return folder


def _bytes_of(row: dict[str, str]) -> bytes:
    return base64.b64decode(row["path_bytes"]) if row.get("path_bytes") else row["path"].encode()


def test_any_bytes_are_a_name_in_json(strange: Path) -> None:
    result = run("find", "strange", "--no-catalog", "--workers", "1", "--json", cwd=strange.parent)
    assert (result.code, result.errors) == (0, "")
    document = result.document
    (group,) = document["groups"]
    assert sorted(map(_bytes_of, group["members"])) == sorted(b"strange/" + name for name in STRANGE)
    for row in group["members"]:
        assert ("path_bytes" in row) == (b"\xe9" in _bytes_of(row)[:12] or b"\xff" in _bytes_of(row)), row["path"]
        row["path"].encode("utf-8")
    (failure,) = document["failures"]
    assert _bytes_of(failure) == b"strange/bad\xfe\x1b[1m.png"
    assert members(document) == members(found("strange", cwd=strange.parent, catalog=strange.parent / "catalog"))


def test_any_bytes_are_a_name_in_csv(strange: Path) -> None:
    out = strange.parent / "findings.csv"
    assert run("find", "strange", "--no-catalog", "--workers", "1", "--output", out, cwd=strange.parent).code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8"), newline="")))
    expected = [b"strange/" + name for name in STRANGE] + [b"strange/bad\xfe\x1b[1m.png"]
    assert sorted(map(_bytes_of, rows)) == sorted(expected)


def test_a_name_cannot_write_to_the_terminal(strange: Path) -> None:
    result = run("find", "strange", "--no-catalog", "--workers", "1", "--show", "all", cwd=strange.parent)
    assert (result.code, result.errors) == (0, "")
    assert not {ord(letter) for letter in result.text} & CONTROL
    assert "\u202e" not in result.text
    assert "\u65e5\u672c.jpg" in result.text, "what is harmless stays readable"
    assert sum(text.startswith("  exact ") for text in result.text.splitlines()) == len(STRANGE) - 1
    wrong = run("find", b"gone\x1b[2J\xff", "--no-catalog", "--workers", "1", cwd=strange.parent)
    assert wrong.code == 3
    assert not {ord(letter) for letter in wrong.errors} & CONTROL


def test_any_bytes_are_a_root(strange: Path) -> None:
    for name in (b"caf\xe9.jpg", b"line\nbreak.jpg", "\u65e5\u672c.jpg".encode()):
        result = run("find", b"strange/" + name, "--no-catalog", "--workers", "1", "--json", cwd=strange.parent)
        assert (result.code, result.errors) == (0, "")
        assert result.document["stats"]["images"] == 1
    dash = run("find", "--no-catalog", "--workers", "1", "--json", "--", "-rf.jpg", "--json", cwd=strange)
    assert dash.document["roots"] == ["-rf.jpg", "--json"]
    assert dash.document["stats"]["images"] == 2


def test_a_terminal_that_is_not_utf_8(strange: Path) -> None:
    for encoding in ("ascii", "latin-1", "cp1252"):
        result = run(
            "find",
            "strange",
            "--no-catalog",
            "--workers",
            "1",
            "--show",
            "all",
            cwd=strange.parent,
            PYTHONIOENCODING=encoding,
        )
        assert (result.code, result.errors) == (0, ""), encoding
        assert b"Group 1" in result.out


def test_unmatched_is_byte_exact(strange: Path) -> None:
    write(strange.parent / "reference" / "other.jpg", jpeg(scene(2, 320, 240)))
    expected = sorted(b"strange/" + name for name in STRANGE)
    command = ("find", "strange", "--against", "reference", "--no-catalog", "--workers", "1", "--quiet")
    assert run(*command, "--unmatched", "list.nul", cwd=strange.parent).code == 0
    content = (strange.parent / "list.nul").read_bytes()
    assert content.endswith(b"\0")
    assert sorted(content.split(b"\0")[:-1]) == expected
    refused = run(*command, "--unmatched", "list.txt", cwd=strange.parent)
    assert refused.code == 2
    assert ".nul" in refused.errors
    assert not (strange.parent / "list.txt").exists()
    (strange / "line\nbreak.jpg").unlink()
    assert run(*command, "--unmatched", "list.txt", cwd=strange.parent).code == 0
    lines = (strange.parent / "list.txt").read_bytes().split(b"\n")
    assert sorted(lines[:-1]) == [path for path in expected if b"\n" not in path]
    assert lines[-1] == b""
