"""The table of verbs is what help, parser and docs have, and none of them is imported before it is wanted."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import lookalike.cli
from lookalike.cli.main import program
from lookalike.cli.parsers import A_SCREEN, TOPIC, TOPICS, first_line, named
from lookalike.cli.verbs import TASKS, VERBS

LIGHT = {"choices", "main", "verb", "verbs", "parsers", "completion", "logs", "stopping"}
ALONE = """
import sys
sys.argv = ["lookalike", *sys.argv[1:]]
from lookalike.__main__ import main
try:
    main()
finally:
    print(*sorted(name for name in sys.modules if name.startswith("lookalike.cli.") or name in ("numpy", "PIL.Image")))
"""


def test_each_verb_is_once_in_the_table_and_begins_with_its_line() -> None:
    assert len(VERBS) == sum(map(len, TASKS.values()))
    assert {name: first_line(parser) for name, parser in program().commands.items()} == VERBS
    assert {name: parser.name for name, parser in program().commands.items()} == {name: name for name in VERBS}


def test_each_module_with_the_function_of_a_verb_is_in_the_table() -> None:
    folder = Path(lookalike.cli.__file__).parent
    verbs = {
        path.stem for path in folder.glob("*.py") if path.read_text("utf-8").startswith(f'"""`lookalike {path.stem}`')
    }
    assert verbs == set(VERBS)


def test_the_help_has_the_whole_line_of_each_verb_by_task() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lookalike", "--help"], env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    told = [(match[1], match[2]) for match in re.finditer(r"^  (\w+) {2,}(\S.*)$", done.stdout, re.MULTILINE)]
    assert told == list(VERBS.items())
    assert [line for line in done.stdout.splitlines() if line.removesuffix(":") in TASKS] == [
        f"{task}:" for task in TASKS
    ]


@pytest.mark.parametrize("name", ["decide", "catalog", "spark"])
def test_the_help_of_a_group_has_the_whole_line_of_each_verb(name: str) -> None:
    parser = program().commands[name]
    shown = " ".join(parser.get_help(parser.make_context(name, [], resilient_parsing=True)).split())
    assert len(parser.commands) > 2
    for verb, below in parser.commands.items():
        assert f"{verb} {first_line(below)}" in shown


def test_the_options_of_a_long_help_stand_by_topic_and_none_is_left_out() -> None:
    parser = program().commands["find"]
    context = parser.make_context("find", [], resilient_parsing=True)
    shown = parser.get_help(context)
    titles = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert titles == ["Arguments", *(topic for topic in TOPICS if topic in titles)]
    assert len(titles) > 5
    for one in parser.get_params(context):
        assert len(re.findall(rf"^  {re.escape(named(one))}(?: |$)", shown, re.MULTILINE)) == 1, one.name
    few = program().commands["undo"]
    assert re.findall(r"^(\S.*):$", few.get_help(few.make_context("undo", [])), re.MULTILINE) == [
        "Arguments",
        "Options",
    ]


def test_what_topics_name_are_options_and_options_of_many_verbs_have_a_topic() -> None:
    long = [parser for parser in program().commands.values() if len(parser.params) > A_SCREEN]
    count = Counter(one.name for parser in long for one in parser.params if one.param_type_name == "option")
    assert set(TOPIC) - {"help"} <= set(count)
    assert {name for name, verbs in count.items() if verbs > 2} <= set(TOPIC)


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (("--help",), set()),
        (("--version",), {"PIL.Image", "numpy"}),
        (("nonsense",), set()),
        (("history", "--nonsense"), {"history", "numpy", "PIL.Image"}),
    ],
)
def test_no_verb_is_imported_but_that_which_is_wanted(words: tuple[str, ...], more: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE, *words], capture_output=True, text=True, check=False)
    imported = {name.removeprefix("lookalike.cli.") for name in done.stdout.splitlines()[-1].split()}
    assert imported & {*VERBS} <= {"completion"} | more
    if not more:
        assert imported <= LIGHT


def test_a_shell_that_asks_for_verbs_is_told_them_and_none_is_imported() -> None:
    asked = {"_LOOKALIKE_COMPLETE": "complete_bash", "COMP_WORDS": "lookalike\n", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ALONE], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    *told, imported = done.stdout.splitlines()
    assert told == list(VERBS)
    assert "numpy" not in imported.split()


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("find", "--help"), ("completion", "bash")])
def test_a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "lookalike", *words]
    left, right = os.pipe()
    os.close(left)
    done = subprocess.run(command, stdout=right, stderr=subprocess.PIPE, check=False)
    os.close(right)
    assert (done.returncode, done.stderr) == (0, b"")
    if not Path("/dev/full").exists():
        return
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"lookalike: cannot write the output: No space left on device\n")
