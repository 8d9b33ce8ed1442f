"""Brace patterns, against what a shell makes of them."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lookalike as la
from conftest import encode, scene
from lookalike.errors import UsageError
from lookalike.sources.braces import MOST_NAMES, expand

PATTERNS = [
    "a", "{a,b}", "x{a,b}y", "{a,b}{1,2}", "{a,{b,c}d}", "{1..3}", "{3..1}", "{001..003}", "{8..11}", "{08..11}", "{1..9..4}",
    "{a..e}", "{e..a}", "{-2..2}", "{a}", "{}", "{a,}", "{,a}", "{a,b", "a,b}", "{{a,b}}", "{a{1..2},b}", "{1..2}{x,y}",
    "s3://b/shard-{0..2}.tar", "{1..a}", "{1..}", "x{a,b}{c", "{train-{0..1},val-{0..1}}.tar", "{09..100..30}",
    "{1..9999999999999999999999}",
    "{\u0661..\u0663}", "}{a,b}", "{{{a,b}", "{a,{b}c}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_as_in_bash(pattern: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    printed = subprocess.run(
        [bash, "-c", rf"printf '%s\0' {pattern}"], capture_output=True, text=True, check=True
    ).stdout
    # Of an empty name, bash makes no word at all.
    assert [name for name in expand(pattern) if name] == [name for name in printed.split("\0") if name]


@given(st.text("{},.019a", max_size=12))
def test_any_text_ends(text: str) -> None:
    try:
        names = expand(text)
    except UsageError:
        return
    assert 1 <= len(names) <= MOST_NAMES


def test_billions_are_refused_at_once() -> None:
    with pytest.raises(UsageError, match=r"stands for more than 100,000 names: name fewer at a time"):
        expand("{0..99999}{0..99999}")
    assert len(expand(f"{{1..{MOST_NAMES}}}")) == MOST_NAMES


def test_a_name_that_is_there_is_meant_as_it_is(tmp_path: Path) -> None:
    for name in ("x{1..2}", "x1", "x2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(encode(scene(1)))
    assert la.find(tmp_path / "x{1..2}").roots == [str(tmp_path / "x{1..2}")]
    findings = la.find(tmp_path / "x{2,1}")
    assert findings.roots == [str(tmp_path / "x2"), str(tmp_path / "x1")]
    assert len(findings.groups[0].members) == 2
    assert la.hash_images(tmp_path / "x{1..2}", use_catalog=False).refs.paths == [str(tmp_path / "x{1..2}" / "a.jpg")]
    assert len(la.hash_images(tmp_path / "x{1,2}", use_catalog=False)) == 2


def test_a_long_text_takes_no_time_and_is_no_number() -> None:
    started = time.process_time()
    assert expand("{" * 20_000) == ["{" * 20_000]
    assert expand(wide := "{1.." + "9" * 5000 + "}") == [wide]
    assert time.process_time() - started < 2  # of CPU; it was some twenty
