"""The files around the code: workflows, metadata, licences."""

import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = DOCUMENT["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = [path for path in (ROOT / ".ci" / "run", ROOT / "native" / "fuzz" / "run") if path.is_file()]
VERSIONS = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", text)]
KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

in_a_checkout = pytest.mark.skipif(not WORKFLOWS, reason="an sdist has no workflows")


def _lint(program: str, *arguments: str | Path) -> None:
    found = shutil.which(program, path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@in_a_checkout
def test_workflows_are_valid() -> None:
    _lint("actionlint", *WORKFLOWS)


def test_shell_scripts_are_sound() -> None:
    _lint("shellcheck", "--exclude=SC2086", *SCRIPTS)  # options and lists of files are split on purpose


@in_a_checkout
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_may_little(path: Path) -> None:
    text = path.read_text("utf-8")
    for used in re.findall(r"uses: (.*)", text):
        assert re.fullmatch(r"\./\S+|\S+@[0-9a-f]{40} # v[\d.]+", used), used
    assert "\npermissions:\n  contents: read\n" in text
    assert "\nconcurrency:\n" in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert not re.search(r"run:.*\$\{\{ *(github\.event|github\.head_ref|inputs)", text), "text of others in a shell"


@in_a_checkout
def test_every_python_that_is_promised_is_tested() -> None:
    assert PROJECT["requires-python"] == f">={VERSIONS[0]}"
    tests = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    (matrix,) = re.findall(r"python: \[(.*)\]", tests)
    assert matrix.replace('"', "").split(", ") == VERSIONS


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {PROJECT['version']}\n" in text
    assert f"\nlicense: {PROJECT['license']}\n" in text
    _lint("cffconvert", "--validate", "--infile", ROOT / "CITATION.cff")


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert releases[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", name) for name in releases[1:])
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= KINDS_OF_CHANGE


def _licences() -> dict[str, dict[str, str]]:
    """Return the tables of docs/licences.md: of each part the packages with the rest of their rows."""
    parts = re.split(r"^## (.*)\n", (ROOT / "docs" / "licences.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {
        title: dict(re.findall(r"^\| ([\w.-]+) \| (.*) \|$", text, re.MULTILINE))
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _names(requirements: list[str]) -> list[str]:
    return [re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~;, ]", text)[0]).lower() for text in requirements]


def test_each_dependency_has_its_licence_on_the_page() -> None:
    tables = _licences()
    extras = {
        name: needs
        for name, needs in PROJECT["optional-dependencies"].items()
        if name not in {"test", "lint", "docs", "fuzz"}
    }
    assert set(tables) == {"Core", *(f"Extra `{name}`" for name in extras)}
    assert set(_names(PROJECT["dependencies"])) <= set(tables["Core"])
    for name, needs in extras.items():
        assert set(_names(needs)) - {"lookalike"} <= set(tables[f"Extra `{name}`"]) | set(tables["Core"]), name


def test_nothing_under_the_gpl_comes_along_unasked() -> None:
    for title, packages in _licences().items():
        for package, row in packages.items():
            strict = re.search(r"(?<![L\w])A?GPL-(?!3\.0 with the GCC Runtime Library Exception)", row)
            assert bool(strict) is (package == "pillow-jxl-plugin"), f"{package}: {row}"
            assert not strict or title == "Extra `jxl`"
    asking = [name for name, needs in PROJECT["optional-dependencies"].items() if re.search(r"jxl", " ".join(needs))]
    assert asking == ["jxl", "test"]


def test_what_is_linked_into_the_kernels_is_named() -> None:
    assert PROJECT["license-files"] == ["LICENSE", "NOTICE"]
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert all(
        f"Copyright (c) {holder}" in notice for holder in ("2022 Wenzel Jakob", "2017 Thibaut Goetghebuer-Planchon")
    )
    assert {"nanobind"} <= set(_names(DOCUMENT["build-system"]["requires"]))
