"""The manifest of a batch: several roots in one file, entries of one path, and what an interrupted write leaves."""

from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import UnsafeError
from lookalike.journal import Entry
from lookalike.tables.manifest import ManifestRoot, header, lines, read_manifest

ENTRY = Entry(0, "move", "/a/photos/x.png", "/a/q/1/photos/x.png", "/a/photos/k.png", b"0" * 32, None, 1, 2, 3)
ROOTS = [ManifestRoot(name, f"/a/{name}", f"../../{name}") for name in ("photos", "more")]


def written(path: Path, entries: list[tuple[ManifestRoot, Entry]]) -> Path:
    content = b"".join(header("1", "2026", root) + lines([entry], root.absolute, "/a/q/1") for root, entry in entries)
    path.write_bytes(content)
    return path


def test_each_entry_has_the_root_it_came_from(tmp_path: Path) -> None:
    other = replace(ENTRY, origin="/a/more/x.png", place="/a/q/1/more/x.png")
    made = read_manifest(str(written(tmp_path / "m", [(ROOTS[0], ENTRY), (ROOTS[1], other), (ROOTS[0], ENTRY)])))
    assert [(root.label, entry.origin, entry.place) for root, entry in made.entries] == [
        ("photos", "x.png", "photos/x.png"),
        ("more", "x.png", "more/x.png"),
    ]


def test_a_file_that_was_written_twice_has_two_entries(tmp_path: Path) -> None:
    first = replace(ENTRY, kind="write", place=None)
    then = replace(ENTRY, unit=5, kind="write", place="/a/q/1/photos/x.png.before-5")
    made = read_manifest(str(written(tmp_path / "m", [(ROOTS[0], first), (ROOTS[0], then)])))
    assert [entry.place for _, entry in made.entries] == [None, "photos/x.png.before-5"]


def test_a_name_that_reads_like_the_bytes_of_another_is_another(tmp_path: Path) -> None:
    entries = [(ROOTS[0], replace(ENTRY, origin=f"/a/photos/{name}")) for name in ("\udc80\udc81", "gIE=")]
    made = read_manifest(str(written(tmp_path / "m", entries)))
    assert [entry.origin for _, entry in made.entries] == ["\udc80\udc81", "gIE="]


def test_a_last_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "m", [(ROOTS[0], ENTRY), (ROOTS[0], replace(ENTRY, origin="/a/photos/y.png"))])
    path.write_bytes(path.read_bytes()[:-9])
    assert [entry.origin for _, entry in read_manifest(str(path)).entries] == ["x.png"]


def test_what_would_lead_outside_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m", [(ROOTS[0], replace(ENTRY, origin="/a/x.png"))])
    with pytest.raises(UnsafeError, match="outside"):
        read_manifest(str(path))
