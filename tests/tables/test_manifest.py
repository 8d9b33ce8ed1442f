"""Manifests: any names come back, damaged lines cost themselves, and what nobody here wrote is refused."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import UnsafeError
from lookalike.journal import Entry, Kind
from lookalike.tables.manifest import MANIFEST, ManifestRoot, header, lines, read_manifest

NAMES = (
    st.binary(min_size=1, max_size=20)
    .map(lambda name: name.translate(None, b"/\0") or b"a")
    .filter(lambda name: name not in (b".", b".."))
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: os.fsdecode(b"/".join(names)))
FOLDER = "/a/.lookalike-quarantine/batch"
ROOTS = (
    ManifestRoot("photos", "/a/photos", "../../photos"),
    ManifestRoot("photos-2", "/b/photos", "../../../b/photos"),
)


def entry(root: ManifestRoot, origin: str, kind: Kind = "move", **more: Any) -> Entry:
    place = os.path.join(FOLDER, root.label, origin)
    values: dict[str, Any] = {"place": place, "keeper": "/a/photos/k.png", "state": "done", **more}
    return Entry(
        1, kind, os.path.join(root.absolute, origin), digest=b"d" * 32, keeper_digest=None, size=5, mtime_ns=-7,
        mode=0o100644, **values,
    )  # fmt: skip


def write(folder: Path, *parts: bytes) -> str:
    path = folder / MANIFEST
    path.write_bytes(b"".join(parts))
    return str(path)


@settings(max_examples=60, deadline=None)
@given(
    paths=st.lists(st.tuples(PATHS, st.sampled_from(ROOTS), PATHS), unique_by=lambda row: (row[0], row[1]), max_size=6),
    target=PATHS,
)
def test_any_names_come_back(
    tmp_path_factory: pytest.TempPathFactory, paths: list[tuple[str, ManifestRoot, str]], target: str
) -> None:
    entries = [(entry(root, path, keeper=f"/{keeper}", target=target), root) for path, root, keeper in paths]
    name = write(tmp_path_factory.mktemp("m"), header("batch", "2026", ROOTS), lines(entries, FOLDER))
    made = read_manifest(name)
    assert (made.batch, made.created, made.roots, made.unread) == ("batch", "2026", ROOTS, 0)
    for found, (wanted, root) in zip(made.entries, entries, strict=True):
        assert os.path.join(root.absolute, found.origin.partition("/")[2]) == wanted.origin
        assert os.path.join(FOLDER, found.place or "") == wanted.place
        for field in ("unit", "kind", "keeper", "digest", "size", "mtime_ns", "mode", "target", "state"):
            assert getattr(found, field) == getattr(wanted, field)


def test_a_name_that_is_the_base64_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    odd = os.fsdecode(b"photos/\xff")
    same = base64.b64encode(os.fsencode(odd)).decode()
    root = ManifestRoot("photos", "/a/photos", "../../photos")
    made = read_manifest(
        write(
            tmp_path, header("b", "2026", [root]), lines([(entry(root, odd), root), (entry(root, same), root)], FOLDER)
        )
    )
    assert [found.origin for found in made.entries] == [f"photos/{odd}", f"photos/{same}"]


def test_a_sidecar_that_was_written_twice_has_both_lines(tmp_path: Path) -> None:
    root = ROOTS[0]
    first = entry(root, "k.xmp", "write", place=None)
    second = entry(root, "k.xmp", "write", place=f"{FOLDER}/photos/k.xmp.before-2")
    made = read_manifest(write(tmp_path, header("b", "2026", ROOTS), lines([(first, root), (second, root)], FOLDER)))
    assert [found.place for found in made.entries] == [None, "photos/k.xmp.before-2"]


def test_a_last_line_that_was_cut_off_is_passed_over_at_any_byte(tmp_path: Path) -> None:
    root = ROOTS[0]
    head = header("b", "2026", ROOTS)
    first, second = (lines([(entry(root, name), root)], FOLDER) for name in ("one.png", "two.png"))
    for cut in range(len(second)):
        made = read_manifest(write(tmp_path, head, first, second[:cut]))
        assert [found.origin for found in made.entries] == ["photos/one.png"]
        assert made.unread == 0
    for cut in range(len(head) - 1):
        with pytest.raises(UnsafeError):
            read_manifest(write(tmp_path, head[:cut]))


@pytest.mark.parametrize("field", ["batch", "created", "roots", "version"])
def test_a_head_without_one_of_its_fields_is_refused(tmp_path: Path, field: str) -> None:
    head = json.loads(header("b", "2026", ROOTS))
    del head[field]
    with pytest.raises(UnsafeError, match=f"is no manifest of a quarantine: '{field}'"):
        read_manifest(write(tmp_path, json.dumps(head).encode() + b"\n"))


def test_a_damaged_line_costs_itself_and_is_counted(tmp_path: Path) -> None:
    root = ROOTS[0]
    first, second = (lines([(entry(root, name), root)], FOLDER) for name in ("one.png", "two.png"))
    for damaged in (b"\0" * 50 + b"\n", b"\xff{}\n", first[:30] + b"\n"):
        made = read_manifest(write(tmp_path, header("b", "2026", ROOTS), damaged, second, second))
        assert ([found.origin for found in made.entries], made.unread) == (["photos/two.png"], 1)


GOOD = {
    "unit": 1, "kind": "move", "path": "photos/a.png", "place": "photos/a.png", "keeper": "/k.png", "digest": "00" * 32,
    "size": 1, "mtime_ns": 1, "mode": 33188,
}  # fmt: skip
WRONG: dict[str, tuple[Any, ...]] = {
    "path": (
        "/etc/passwd", "../a.png", "photos/../../a", "photos", "photos/", "photos//a", "other/a", "", ".", "photos/./a",
        "photos/a\0b", "photos/\ud800", 5, None, ["photos/a"],
    ),
    "path_bytes": ("no base64", base64.b64encode(b"../a").decode(), 5),
    "target": ("\ud800", 5, "", "a\0b"),
    "place": ("photos/\ud800", "/etc/passwd", "../other/a.png", "a/../../b", "", ".", "..", 7, {}),
    "kind": ("trash", "delete", "", 5, None, "write"),
    "keeper": (5, {}, "", "k.png", "/a\0b"),
    "digest": ("zz", 5, None),
    "size": (float("inf"), float("nan"), "many", None, []),
    "mode": (float("-inf"), {}),
    "unit": ("x", None),
}  # fmt: skip
HOSTILE: list[dict[str, Any]] = [{name: value} for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize("change", HOSTILE, ids=repr)
def test_lines_that_nobody_here_wrote_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    head = header("b", "2026", ROOTS)
    assert len(read_manifest(write(tmp_path, head, json.dumps(GOOD).encode() + b"\n")).entries) == 1
    with pytest.raises(UnsafeError):
        read_manifest(write(tmp_path, head, json.dumps({**GOOD, **change}).encode() + b"\n"))


@pytest.mark.parametrize("missing", sorted(set(GOOD) - {"keeper"}))
def test_lines_without_a_field_are_refused(tmp_path: Path, missing: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(UnsafeError):
        read_manifest(write(tmp_path, header("b", "2026", ROOTS), json.dumps(row).encode() + b"\n"))


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "[]\n", "5\n", "null\n", "{}\n", "not json\n", "[" * 100_000 + "\n",
        '{"version": 2, "batch": "b", "created": "c", "roots": []}\n',
        '{"version": 1, "batch": "b", "created": "c"}\n', '{"version": 1, "batch": "b", "created": "c", "roots": 7}\n',
        '{"version": 1, "batch": "b", "created": "c", "roots": [{"label": "a/b", "root": "/a", "relative": "."}]}\n',
        '{"version": 1, "batch": "b", "created": "c", "roots": [{"label": "..", "root": "/a", "relative": "."}]}\n',
        '{"version": 1, "batch": "b", "created": "c", "roots": [{"label": "a", "root": "a", "relative": "."}]}\n',
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnsafeError):
        read_manifest(write(tmp_path, text.encode()))


def test_numbers_of_any_size_are_numbers(tmp_path: Path) -> None:
    row = {**GOOD, "size": 10**400, "mtime_ns": -(10**400), "unit": 2**70}
    made = read_manifest(write(tmp_path, header("b", "2026", ROOTS), json.dumps(row).encode() + b"\n"))
    assert (made.entries[0].size, made.entries[0].mtime_ns, made.entries[0].unit) == (10**400, -(10**400), 2**70)


def test_deep_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeError):
        read_manifest(write(tmp_path, header("b", "2026", ROOTS), b"[" * 100_000 + b"\n"))
