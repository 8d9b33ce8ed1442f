"""Every verb in an interpreter that has imported nothing before, as a user starts it; `run` copies one that has."""

import os
import platform
from pathlib import Path

import pytest
from album import jpeg
from command import run, run_anew, write

from conftest import scene
from lookalike.cli.verbs import VERBS

STEPS: tuple[tuple[str, ...], ...] = (
    ("find", "photos", "--output", "findings.json"),
    ("compare", "photos/a.jpg", "photos/b.jpg"),
    ("search", "photos/a.jpg", "--in", "photos"),
    ("hash", "photos"),
    ("leaks", "photos", "more"),
    ("features", "pairs.csv"),
    ("tune", "photos", "--pairs", "pairs.csv"),
    ("export", "photos", "--copy-to", "out"),
    ("decide", "add", "different", "photos/a.jpg", "photos/c.jpg"),
    ("catalog", "info"),
    ("clean", "photos", "--plan", "plan.json"),
    ("apply", "plan.json", "--yes-most", "--yes"),
    ("undo",),
    ("apply", "plan.json", "--yes-most", "--yes"),
    ("history", "--json"),
    ("completion", "bash"),
    ("review", "--help"),  # tests/web runs it to its end
    ("spark", "hash", "--help"),  # tests/spark does, where there is Java
)


def test_every_verb_in_a_new_interpreter(tmp_path: Path) -> None:
    for name, seed, quality in (("a", 1, 90), ("b", 1, 70), ("c", 2, 80)):
        write(tmp_path / "photos" / f"{name}.jpg", jpeg(scene(seed, 160, 120), quality))
    (tmp_path / "pairs.csv").write_text(
        "path_a,path_b,same\nphotos/a.jpg,photos/b.jpg,1\nphotos/a.jpg,photos/c.jpg,0\n"
    )
    write(tmp_path / "more" / "d.jpg", jpeg(scene(3, 160, 120)))
    ends = [run_anew(*words, cwd=tmp_path) for words in STEPS]
    batch = ends[[words[0] for words in STEPS].index("history")].document["batches"][-1]["name"]
    ends.append(run_anew("purge", batch, "--yes", cwd=tmp_path))
    assert {words[0] for words in STEPS} | {"purge"} == set(VERBS)
    for words, end in zip((*STEPS, ("purge",)), ends, strict=True):
        few = words[0] == "tune"  # which wants more pictures; test_command_tune.py starts it, too
        assert (end.code, bool(end.out), "Traceback" in end.errors) == (2 * few, not few, False), (words, end.errors)


@pytest.mark.parametrize(
    "words", [("find", "photos", "--no-catalog", "--json"), ("find", "gone"), ("find", "--nonsense")]
)
def test_a_copied_interpreter_and_a_new_one_do_the_same(tmp_path: Path, words: tuple[str, ...]) -> None:
    for quality in (60, 90):
        write(tmp_path / "photos" / f"{quality}.jpg", jpeg(scene(1, 160, 120), quality))
    one, other = (command(*words, cwd=tmp_path) for command in (run, run_anew))
    assert (one.code, one.err) == (other.code, other.err)
    assert one.out.partition(b'"seconds"')[0] == other.out.partition(b'"seconds"')[0]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another loader")
def test_an_environment_that_is_read_at_the_start_is_that_of_the_command() -> None:
    assert b"runtime linker statistics" in run("--version", LD_DEBUG="statistics").err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is copied here")
def test_a_command_that_takes_too_long_spoils_no_other() -> None:
    with pytest.raises(TimeoutError):
        run("--version", timeout=0.001)
    assert run("--version").code == 0
