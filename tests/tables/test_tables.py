"""Output files: paths of any bytes, forms that agree with each other, and files that are replaced whole."""

import base64
import csv
import io
import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lookalike import tables
from lookalike.errors import UsageError
from lookalike.model import Failure, Group, ImageRef, Member, Tier

Put = Callable[..., Path]

RAW = st.binary(min_size=1, max_size=30).filter(lambda raw: b"\0" not in raw)
NAMES = RAW.map(os.fsdecode) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def ref(path: str, size: int = 1000) -> ImageRef:
    return ImageRef(path, "uuid:1", path, size, 5, 1, 2, digest=bytes(range(32)))


def document(keeper: str = "a.jpg", duplicate: str = "b.jpg", failed: str = "c.jpg") -> dict[str, Any]:
    """Return findings with a group of three and a failure."""
    members = (
        Member(ref(keeper), 640, 480, "JPEG", 90, "keeper", reason="more pixels"),
        Member(ref(duplicate), 320, 240, "PNG", None, "duplicate", keeper, 3, 3 / 64, 0.987, Tier.COPY, "resized", "why"),
        Member(ref(duplicate + "2"), 320, 240, "PNG", None, "similar", keeper),
    )  # fmt: skip
    failure = Failure(ref(failed), "decode", "damaged", "ends early")
    return {
        "schema": 1,
        "stats": {"images": 4, "groups": 1},
        "groups": [tables.group_row(Group(1, members, "star", 1000, 3))],
        "failures": [tables.failure_row(failure)],
    }


def path_of(row: dict[str, str], name: str = "path") -> str:
    """Return the path that a reader of the output gets from it."""
    encoded = row.get(f"{name}_bytes")
    return os.fsdecode(base64.b64decode(encoded)) if encoded else row[name]


def as_cell(value: object) -> str:
    return "" if value is None else str(value)


@given(raw=RAW)
def test_any_path_can_be_read_back_from_its_fields(raw: bytes) -> None:
    path = os.fsdecode(raw)
    fields = tables.path_fields(path)
    assert path_of(fields) == path
    fields["path"].encode("utf-8")
    try:
        valid = raw.decode("utf-8")
    except UnicodeDecodeError:
        assert set(fields) == {"path", "path_bytes"}
        assert "\ufffd" in fields["path"]
    else:
        assert fields == {"path": valid}


@given(path=NAMES)
def test_printable_is_utf_8_and_changes_nothing_twice(path: str) -> None:
    text = tables.printable(path)
    assert os.fsencode(path).decode("utf-8", "replace").encode("utf-8") == text.encode("utf-8")
    assert tables.printable(text) == text


def test_a_replacement_character_of_ones_own_is_not_mistaken() -> None:
    assert tables.path_fields("a\ufffd.jpg") == {"path": "a\ufffd.jpg"}


@given(keeper=NAMES, duplicate=NAMES, failed=NAMES)
def test_json_is_ascii_and_loads_back(keeper: str, duplicate: str, failed: str) -> None:
    findings = document(keeper, duplicate, failed)
    text = tables.to_json(findings)
    assert text.isascii()
    assert text.endswith("}\n")
    back = json.loads(text)
    assert back == findings
    (group,) = back["groups"]
    assert path_of(group, "keeper") == path_of(group["members"][0]) == keeper
    assert path_of(group["members"][1]) == duplicate
    assert path_of(group["members"][1], "keeper") == keeper
    assert path_of(back["failures"][0]) == failed


@given(keeper=NAMES, duplicate=NAMES, failed=NAMES)
def test_json_lines_hold_the_same(keeper: str, duplicate: str, failed: str) -> None:
    findings = document(keeper, duplicate, failed)
    text = tables.to_jsonl(findings)
    assert text.isascii()
    assert text.endswith("\n")
    head, group, failure = [json.loads(line) for line in text.split("\n")[:-1]]
    assert head == {"schema": 1, "stats": findings["stats"]}
    assert group == {"group": findings["groups"][0]}
    assert failure == {"failure": findings["failures"][0]}


@given(keeper=NAMES, duplicate=NAMES, failed=NAMES)
@example(keeper="=1+1.jpg", duplicate="@a\t.jpg", failed="-2+3.jpg")
def test_csv_holds_the_same(keeper: str, duplicate: str, failed: str) -> None:
    findings = document(keeper, duplicate, failed)
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(findings), newline="")))
    assert len(rows) == 4
    for row, member in zip(rows, findings["groups"][0]["members"], strict=False):
        assert row["group"] == "1"
        for name in set(tables.COLUMNS) - {"group", "keeper_lacks"}:
            assert row[name] == as_cell(member.get(name))
        assert row["keeper_lacks"] == ",".join(member.get("keeper_lacks", ()))
        assert path_of(row) == path_of(member)
    assert rows[3]["role"] == "failure"
    assert path_of(rows[3]) == failed
    assert [rows[3][name] for name in ("stage", "kind", "reason")] == ["decode", "damaged", "ends early"]


def test_csv_tells_keepers_apart_that_print_alike() -> None:
    rows = list(csv.DictReader(io.StringIO(tables.to_csv(document(keeper="a\udcff.jpg")), newline="")))
    assert path_of(rows[1], "keeper") == "a\udcff.jpg"


def test_csv_has_the_columns_in_order_even_without_rows() -> None:
    assert tables.to_csv({"groups": [], "failures": []}) == ",".join(tables.COLUMNS) + "\r\n"


def test_a_keeper_has_no_fields_of_a_match_and_an_unverified_member_says_so() -> None:
    keeper, duplicate, unverified = document()["groups"][0]["members"]
    assert not {"keeper", "distance", "score", "tier", "relation"} & set(keeper)
    assert (keeper["reason"], keeper["quality"], keeper["digest"]) == ("more pixels", 90, bytes(range(32)).hex())
    assert (duplicate["tier"], duplicate["distance"], duplicate["distance_share"]) == ("copy", 3, 3 / 64)
    assert (duplicate["keeper"], duplicate["score"], duplicate["relation"]) == ("a.jpg", 0.987, "resized")
    assert (unverified["tier"], unverified["score"], unverified["keeper"]) == (None, None, "a.jpg")


@pytest.mark.parametrize("ending", [".json", ".JSON", ".jsonl", ".csv"])
def test_the_ending_says_the_form(tmp_path: Path, ending: str) -> None:
    findings = document()
    tables.write(findings, str(tmp_path / f"out{ending}"))
    written = (tmp_path / f"out{ending}").read_bytes()
    assert written == tables.WRITERS[ending.lower()](findings).encode()
    assert os.listdir(tmp_path) == [f"out{ending}"]


@pytest.mark.parametrize("name", ["out.txt", "out", ".json", "json", "out.json.gz"])
def test_an_unknown_ending_is_wrong_usage_and_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.json, \.jsonl, \.csv"):
        tables.write(document(), str(tmp_path / name))
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        tables.check_output(str(tmp_path / "none" / "out.json"))
    assert os.listdir(tmp_path) == []


def test_a_relative_name_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tables.write(document(), "out.json")
    tables.write_paths(["a"], "list")
    assert sorted(os.listdir(tmp_path)) == ["list", "out.json"]


def test_an_old_file_is_replaced_whole_with_the_permissions_of_a_new_one(put: Put) -> None:
    path = put("out.json", b"x" * 100_000)
    path.chmod(0o600)
    before = path.stat().st_ino
    plain = put("plain", b"")
    tables.write(document(), str(path))
    assert json.loads(path.read_bytes()) == document()
    assert path.stat().st_ino != before  # whoever has the old one open reads the old one
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_folder_in_the_way_is_told_and_no_temporary_file_stays(tmp_path: Path) -> None:
    (tmp_path / "out.json").mkdir()
    (tmp_path / "out.json" / "kept").touch()
    with pytest.raises(UsageError, match=r"cannot write .*out\.json"):
        tables.write(document(), str(tmp_path / "out.json"))
    assert os.listdir(tmp_path) == ["out.json"]
    assert os.listdir(tmp_path / "out.json") == ["kept"]


def test_a_write_that_fails_half_way_leaves_the_old_file(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put("out.json", b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        tables.write(document(), str(path))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["out.json"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_an_unwritable_folder_leaves_the_old_file() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "out.json")
        path.write_bytes(b"old")
        Path(folder).chmod(0o555)
        root = os.geteuid() == 0
        if root:  # who may write anywhere
            os.seteuid(65534)
        try:
            with pytest.raises(UsageError, match="Permission denied"):
                tables.write(document(), str(path))
        finally:
            if root:
                os.seteuid(0)
        Path(folder).chmod(0o755)
        assert path.read_bytes() == b"old"
        assert os.listdir(folder) == ["out.json"]


def test_the_umask_is_as_it_was(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        tables.write_paths([], str(tmp_path / "list"))
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "list").stat().st_mode) == 0o640


@given(names=st.lists(RAW.filter(lambda raw: b"\n" not in raw), max_size=5))
def test_lists_of_paths_are_byte_exact(tmp_path_factory: pytest.TempPathFactory, names: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("lists")
    for name, end in (("list", b"\n"), ("list.nul", b"\0"), ("LIST.NUL", b"\0")):
        tables.write_paths(map(os.fsdecode, names), str(folder / name))
        assert (folder / name).read_bytes() == b"".join(raw + end for raw in names)


def test_a_line_break_in_a_path_needs_the_nul_form(put: Put) -> None:
    path = put("list.txt", b"old")
    with pytest.raises(UsageError, match=r"line break.*\.nul"):
        tables.write_paths(["a", "b\nc"], str(path))
    assert path.read_bytes() == b"old"
    tables.write_paths(["a", "b\nc"], str(path.with_suffix(".nul")))
    assert path.with_suffix(".nul").read_bytes() == b"a\0b\nc\0"
    assert len(os.listdir(path.parent)) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_ordinary_file_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"  # stands for /dev/null or /dev/stdout, which root could replace
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        tables.write_paths(["a"], str(pipe))
    except UsageError as error:
        assert str(pipe) in str(error)  # noqa: PT017 - refusing is as good as writing into it
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
