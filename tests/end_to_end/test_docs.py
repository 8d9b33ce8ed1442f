"""The docs tell the truth: their examples run, print what they say, and the reference is that of the program."""

import doctest
import glob
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from command import environment, run
from documented import Block, Step, blocks, here, is_shown, steps
from documented_pictures import lay_out

import lookalike
from conftest import scene
from lookalike import errors
from lookalike.cli.main import program

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "cli.md"
PAGES = sorted({ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("*/*.md")} - {REFERENCE})
SHELL = re.compile(r"[|<>]")
"""What only a shell understands."""
GLOB = re.compile(r"(?<!\S)[^\s'*]*\*[^\s'*]*(?!\S)")
"""A pattern that a shell would replace by names."""


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all that examples name."""
    return lay_out(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def place(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of the test's own with the same, which is the working folder."""
    folder = tmp_path / "here"
    shutil.copytree(pictures, folder)
    program = tmp_path / "bin" / "lookalike"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lookalike "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in PAGES
        if any(not block.reason for block in blocks(page))
    ],
)
def test_the_examples_of_a_page_run(page: Path, place: Path) -> None:
    names: dict[str, Any] = {"la": lookalike, "lookalike": lookalike}
    known: dict[str, str] = {}
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.reason:
            continue
        if block.language == "console":
            for step in steps(block.text):
                _check(step, where, known)
        elif block.language == "python":
            exec(compile(here(block.text, known), where, "exec"), names)
        else:
            _doctest(block, where, names, known)


def _check(step: Step, where: str, known: dict[str, str]) -> None:
    words = here(step.command, known)
    if not words.startswith("lookalike") or SHELL.search(re.sub(r"'[^']*'", "", words.partition(" #")[0])):
        done = subprocess.run(["bash", "-c", words], env=environment(), capture_output=True, text=True, check=False)
        code, shown = done.returncode, done.stdout + done.stderr
    else:
        named = GLOB.sub(lambda pattern: shlex.join(sorted(glob.glob(pattern[0]))), words)
        end = run(*shlex.split(named, comments=True)[1:])
        code, shown = end.code, end.text + end.errors
    assert code == step.code, f"{where}: {words}\n{shown}"
    if step.printed is not None:
        assert is_shown(step.printed, shown, known), f"{where}: {words}\n{shown}"


def _doctest(block: Block, where: str, names: dict[str, Any], known: dict[str, str]) -> None:
    test = doctest.DocTestParser().get_doctest(here(block.text, known), names, where, where, block.line)
    test.globs = names  # and not a copy: what one block binds, the next one has
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    assert runner.run(test, out=told.append, clear_globs=False).failed == 0, "".join(told)


def test_the_examples_in_docstrings_run(place: Path) -> None:
    tried = 0
    for found in pkgutil.walk_packages(lookalike.__path__, "lookalike."):
        if not found.name.endswith("__main__"):
            result = doctest.testmod(import_module(found.name))
            assert result.failed == 0, found.name
            tried += result.attempted
    assert tried > 40


def test_a_page_is_held_to_what_it_says(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ lookalike find a  # note\n1 image\n...\nin 0.3 s, batch 2026-11-28-143000\n$ ls\n```\n\n"
        "<!-- not run: it needs the network -->\n```python\n1 / 0\n```\n\n```\nlookalike\n```\n"
    )
    console, python = blocks(page)
    assert (console.language, console.line, console.reason) == ("console", 1, None)
    assert python.reason == "it needs the network"
    (step,) = steps(console.text)
    known: dict[str, str] = {}
    assert step.printed is not None
    assert not is_shown(step.printed, "1 image\nmore\nin 12.0 s, cold\n", known)
    assert not is_shown(step.printed, "2 images\nin 1.0 s, batch 2030-01-01-000000\n", known)
    assert is_shown(step.printed, "1 image\nmore\nin 12.0 s, batch 2030-01-01-000000\n", known)
    assert here("undo 2026-11-28-143000", known) == "undo 2030-01-01-000000"


def test_the_reference_of_the_command_line_is_that_of_the_program() -> None:
    assert _script("make_cli").page() == REFERENCE.read_text("utf-8"), "run python docs/make_cli.py"


def _script(name: str) -> ModuleType:
    """Return a script of the docs as a module."""
    spec = spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_every_command_of_the_docs_is_one_that_the_program_takes() -> None:
    """Also of those that are not run: options and arguments are there."""
    consoles = [block.text for page in [*PAGES, REFERENCE] for block in blocks(page) if block.language == "console"]
    commands = [step.command for text in consoles for step in steps(text) if re.match("lookalike [a-z]", step.command)]
    assert len(commands) > 100
    for line in commands:
        parser: Any = program()
        words = shlex.split(re.split(r" [|>] ", line)[0], comments=True)[1:]
        while hasattr(parser, "commands"):
            parser = parser.commands[words.pop(0)]
        parser.make_context(line, words)  # or raises what the program would say


def test_the_page_of_exit_codes_has_those_of_the_errors() -> None:
    told = {
        int(code) for code in re.findall(r"^\| (\d+) \|", (DOCS / "exit-codes.md").read_text("utf-8"), re.MULTILINE)
    }
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LookalikeError)
    ]
    assert told == {0, 1, *(kind.exit_code for kind in kinds)}


def test_every_key_of_json_is_explained(place: Path) -> None:
    told = set(re.findall(r"`([a-z_]+)`", (DOCS / "json.md").read_text("utf-8")))
    lines = [
        "find photos backup --json", "find photos --estimate --json", "clean photos --plan plan.json --json",
        "apply plan.json --yes --json", "undo --json", "history --json", "apply plan.json --yes --json", "decide list --json",
        "search holiday.jpg --in photos --json",
    ]  # fmt: skip
    run("decide", "add", "different", "dawn.jpg", "dusk.jpg")
    documents = [run(*line.split()).document for line in lines]
    documents.append(run("purge", documents[6]["batch"], "--yes", "--json").document)
    compared = run("compare", "a.jpg", "b.jpg", "--json").document
    del compared["compared"][0]["evidence"], compared["compared"][0]["distances"]
    of_data = {"exact", "copy", "edit", "undone", "done"}  # tiers and states, by which is counted
    assert set(_keys([*documents, compared])) - told <= of_data


def _keys(value: object) -> Iterator[str]:
    """Yield the keys of all objects in a JSON value."""
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(part)


def test_every_public_name_is_in_the_reference() -> None:
    for page, module in (("api", lookalike), ("api-spark", import_module("lookalike.spark"))):
        told = re.findall(r"^\.\. auto\w+:: (\w+)$", (DOCS / f"{page}.md").read_text("utf-8"), re.MULTILINE)
        assert len(told) == len(set(told))
        assert set(module.__all__) - {"__version__"} <= set(told)


def test_what_is_drawn_is_what_the_program_does() -> None:
    made = _script("make_pictures")
    picture = scene(3, 300, 200)
    for algorithm in made.ALGORITHMS:
        _, bits = made.steps(picture, algorithm)  # or raises
        assert bits.sum() > 8


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.relative_to(ROOT)} -> {target}"
