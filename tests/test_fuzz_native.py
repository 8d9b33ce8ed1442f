"""A short run of the fuzzers over the native readers, under the address and undefined-behaviour sanitizers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "native" / "fuzz"
SECONDS = {"jpeg": 6, "png": 6, "exif": 2, "filters": 2}
SHARING = [("jpeg", "png", "exif"), ("filters",)]
"""Kinds that are built of the same sources, and one by itself. Joins and verification take longer: `make fuzz` has them."""


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a g++ that can build with sanitizers, or skip."""
    found = shutil.which("g++")
    if found is None:
        pytest.skip("no g++ here")
    source = tmp_path_factory.mktemp("sanitizer") / "empty.cpp"
    source.write_text("int main() {}\n")
    options = ["-fsanitize=address,undefined", str(source), "-o", str(source.with_suffix(""))]
    if subprocess.run([found, *options], check=False, capture_output=True).returncode != 0:
        pytest.skip("this g++ has no sanitizers")
    return found


def run_fuzzer(kind: str, folder: Path, compiler: str, **told: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(FUZZ / "run"), kind, str(SECONDS[kind]), str(folder), compiler]
    env = {**os.environ, "PYTHON": sys.executable, **told}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize("kinds", SHARING)
def test_damaged_files_are_read_without_a_finding(tmp_path: Path, compiler: str, kinds: tuple[str, ...]) -> None:
    objects = tmp_path / "objects"
    objects.mkdir()
    shared = {"OBJECTS": str(objects)} if len(kinds) > 1 else {}
    for kind in kinds:
        done = run_fuzzer(kind, tmp_path / kind, compiler, **shared)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""  # no warning of the compiler either
        inputs, rest = done.stdout.split(" ", 1)
        assert int(inputs) > 300
        assert rest == "inputs, no finding\n"


def test_the_driver_reports_a_finding(tmp_path: Path, compiler: str) -> None:
    source = tmp_path / "bad.cpp"
    source.write_text(
        "#include <cstddef>\n#include <cstdint>\n"
        'extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) { return data[size] & 64; }\n'
    )
    build = [
        compiler,
        "-std=c++20",
        "-fsanitize=address",
        "-fno-sanitize-recover=all",
        str(source),
        str(FUZZ / "driver.cpp"),
        "-o",
        "bad",
    ]
    subprocess.run(build, check=True, cwd=tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "seed").write_bytes(b"abc")
    done = subprocess.run(["./bad", "corpus", "1"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr
    assert (tmp_path / "finding.bin").read_bytes() == b"abc"
