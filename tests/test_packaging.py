"""The sdist, the wheel and what an install of them leaves on a machine, from nothing and outside the checkout.

One wheel with kernels is built, as `pip install` does it from the sdist; whatever else is looked at comes from that one.
"""

import email
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TYPED = ROOT / "tests" / "typing" / "sample.py"
OFFLINE = re.compile(
    r"No matching distribution|NewConnectionError|Temporary failure in name resolution|Max retries exceeded"
)
WRONG = """import lookalike as la
number: int = la.find("photos")
la.no_such_name
la.hash_images("photos", algoritms="phash")
la.hash_images("photos", size="8")
la.leaks("train", "test", against="other")
la.find("photos").plan(actions="trash")
"""
"""A program with mistakes that type checkers have to see."""
NO_COMPILER = {"CXX": "/no/such/compiler"}
"""What CMake takes for a machine without a compiler, wherever it would look otherwise."""
IN_NO_SDIST = (".ci/", ".github/", ".gitignore")


def run(*command: str | Path, folder: Path, **changes: str) -> str:
    """Run a program that must succeed, without what points into the checkout; skip where a registry is out of reach."""
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "CXX", "CMAKE_ARGS"}}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env={**env, **changes}, encoding="utf-8", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode != 0 and OFFLINE.search(done.stdout):
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, done.stdout
    return done.stdout


def build(tree: Path, folder: Path, *options: str, **changes: str) -> str:
    """Make the sdist of a tree and a wheel of that sdist, each in an environment of its own."""
    pytest.importorskip("build", reason="the package `build` is not installed")
    return run(sys.executable, "-m", "build", "--outdir", folder, *options, tree, folder=tree, **changes)


def only(folder: Path, pattern: str) -> Path:
    """Return the one file of that kind."""
    (found,) = folder.glob(pattern)
    return found


def tracked() -> list[str]:
    """Return what is under version control, or skip."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    return run("git", "ls-files", folder=ROOT).splitlines()


def copied(folder: Path) -> Path:
    """Copy what is under version control, as it is now, and nothing that lies beside it."""
    for name in tracked():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def members(sdist: Path) -> set[str]:
    """Return the paths in an sdist, without its folder."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


def version_of(wheel: Path) -> str:
    """Return the version in the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return str(email.message_from_bytes(archive.read(name))["Version"])


class Environment:
    """A Python of its own, with pip and nothing else."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def run(self, *arguments: str | Path, **changes: str) -> str:
        """Run this Python."""
        return run(self.python, *arguments, folder=self.folder, PYTHONDONTWRITEBYTECODE="", **changes)

    def traces(self) -> list[str]:
        """Return every path that has our name in it, and every file that names us in a line of its own making."""
        return [str(path) for path in self.folder.rglob("*") if "lookalike" in path.relative_to(self.folder).as_posix()]


def test_an_install_from_nothing(tmp_path: Path) -> None:
    tree, dist = copied(tmp_path / "tree"), tmp_path / "dist"
    build(tree, dist)
    sdist, wheel = only(dist, "*.tar.gz"), only(dist, "*.whl")

    expected = {name for name in tracked() if not name.startswith(IN_NO_SDIST) and (ROOT / name).is_file()}
    assert members(sdist) == {*expected, "PKG-INFO"}

    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    tag = f"{python}-{python}" if sys.version_info < (3, 12) else "cp312-abi3"
    assert wheel.name.startswith(f"lookalike-{PROJECT['version']}-{tag}-")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"lookalike-{PROJECT['version']}.dist-info"
    assert {name.split("/")[0] for name in names} == {"lookalike", info}
    sources = {name.removeprefix("src/") for name in expected if name.startswith("src/")}
    kernels = {name for name in names if name.startswith("lookalike/_native.") and not name.endswith(".pyi")}
    assert {name for name in names if name.startswith("lookalike/")} == sources | kernels
    assert len(kernels) == 1
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= names
    assert version_of(wheel) == PROJECT["version"]

    here = Environment(tmp_path / "environment")
    here.run("-m", "pip", "install", wheel)
    here.run("-m", "pip", "check")
    here.run(ROOT / "tests" / "smoke.py")
    here.run("-c", "import lookalike.imagehash, lookalike.imgdd, lookalike.cli.main")
    _check_types(here, tmp_path)

    said = build(tree, tmp_path / "plain", **NO_COMPILER)
    assert "no C++ compiler in use, so the slower NumPy references are installed" in " ".join(said.split())
    here.run("-m", "pip", "install", "--force-reinstall", "--no-deps", only(tmp_path / "plain", "*.whl"))
    here.run(ROOT / "tests" / "smoke.py", "--references")

    here.run("-m", "pip", "uninstall", "--yes", "lookalike")
    assert here.traces() == []


def _check_types(here: Environment, folder: Path) -> None:
    """Have the checkers look at a program of a user's, and at one with mistakes, which they must see."""
    program = shutil.copy(TYPED, folder / "program.py")
    wrong = folder / "wrong.py"
    wrong.write_text(WRONG)
    strict: list[str | Path] = [
        "--strict",
        "--config-file",
        os.devnull,
        "--cache-dir",
        folder / "mypy",
        "--python-executable",
        here.python,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *strict, program, wrong],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
    )
    seen = [line.partition(": error: ")[::2] for line in done.stdout.splitlines() if ": error: " in line]
    assert seen == [
        (
            "wrong.py:2",
            'Incompatible types in assignment (expression has type "Findings", variable has type "int")  [assignment]',
        ),
        ("wrong.py:3", 'Module has no attribute "no_such_name"  [attr-defined]'),
        (
            "wrong.py:4",
            'Unexpected keyword argument "algoritms" for "hash_images"; did you mean "algorithms"?  [call-arg]',
        ),
        (
            "wrong.py:5",
            'Argument "size" to "hash_images" has incompatible type "str"; expected "int | None"  [arg-type]',
        ),
        ("wrong.py:6", 'Unexpected keyword argument "against" for "leaks"  [call-arg]'),
        (
            "wrong.py:7",
            'Unexpected keyword argument "actions" for "plan" of "Findings"; did you mean "action"?  [call-arg]',
        ),
    ], done.stdout + done.stderr
    pyright = shutil.which("pyright", path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]))
    if pyright is not None:
        (folder / "pyrightconfig.json").write_text(
            json.dumps({"typeCheckingMode": "strict", "include": ["program.py"]})
        )
        assert "0 errors, 0 warnings" in run(pyright, "--pythonpath", here.python, folder=folder)


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name, mtime in (("one", 1_000_000_000), ("other folder", 1_600_000_000)):
        tree = copied(tmp_path / name)
        for path in tree.rglob("*"):
            os.utime(path, (mtime, mtime))
        build(tree, tree / "dist", "-Ccmake.define.LOOKALIKE_NATIVE=OFF", SOURCE_DATE_EPOCH="1700000000")
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tree / "dist").iterdir()})
    assert len(digests[0]) == 2
    assert digests[0] == digests[1]
