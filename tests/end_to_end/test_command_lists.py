"""Lists of paths, as other programs write them."""

import json
import os
from pathlib import Path

import pytest
from command import run
from hypothesis import given
from hypothesis import strategies as st

from conftest import encode, scene
from lookalike.cli.lists import parse, with_listed
from lookalike.errors import UsageError

NAMES = [b"a.jpg", b"sub/b c.jpg", b"d\xff.jpg", b"e\nf.jpg"]


@given(st.lists(st.binary(min_size=1).filter(lambda name: b"\0" not in name), min_size=1))
def test_any_names_come_through_nul_separated(names: list[bytes]) -> None:
    assert [os.fsencode(name) for name in parse(b"".join(name + b"\0" for name in names))] == names
    assert [os.fsencode(name) for name in parse(b"\0".join(names), nul=True)] == names


def test_lines_of_other_systems() -> None:
    assert parse(b"\xef\xbb\xbfa.jpg\r\n\r\nb.jpg") == ["a.jpg", "b.jpg"]


def test_nothing_at_all() -> None:
    with pytest.raises(UsageError, match=r"no PATH given: .* --from-file FILE"):
        with_listed(None, None)
    with pytest.raises(UsageError, match="cannot read the list nowhere: No such file or directory"):
        with_listed(["a"], ["nowhere"])
    assert with_listed(None, None, needed=False) == []


@pytest.mark.parametrize("verb", ["find", "clean", "hash", "review", "tune"])
def test_a_verb_without_a_path_is_wrong_usage(verb: str) -> None:
    result = run(verb)
    assert (result.code, result.out) == (2, b"")
    assert "no PATH given" in result.errors


@pytest.mark.parametrize(("name", "end"), [("list.txt", b"\0"), ("list.nul", b"\0"), ("list.txt", b"\n")])
def test_what_is_listed_is_searched(tmp_path: Path, name: str, end: bytes) -> None:
    names = [one for one in NAMES if end not in one]
    for one in names:
        path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), one)))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(scene(1)))
    (tmp_path / "not-listed.jpg").write_bytes(encode(scene(1)))
    (tmp_path / name).write_bytes(b"".join(one + end for one in names))
    result = run("find", "--from-file", name, "--json", "--no-catalog", cwd=tmp_path)
    assert (result.code, result.document["stats"]["images"]) == (0, len(names))
    hashed = run("hash", "--from-file", name, "--json", "--no-catalog", cwd=tmp_path)
    assert len(hashed.out.splitlines()) == len(names)
    shown = run("find", "sub", "--from-file", name, "--no-catalog", "--tier", "exact", cwd=tmp_path)
    assert f"lookalike clean sub --from-file {name}" in shown.text


def test_findings_stand_alone(tmp_path: Path) -> None:
    (tmp_path / "found.json").write_text(json.dumps({}))
    (tmp_path / "list.txt").write_text("a\n")
    result = run("clean", "found.json", "--from-file", "list.txt", cwd=tmp_path)
    assert result.code == 2
