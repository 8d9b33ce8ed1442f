"""Jobs that are cut short: a driver that is killed, and a shard that ends every process which reads it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from spark_inputs import same_columns, shard, single
from typer.testing import CliRunner

from lookalike.cli.spark import spark as verbs
from lookalike.scan.loading import ENDING
from lookalike.spark import list_shards
from lookalike.spark.places import header_at, tables_in
from lookalike.spark.tasks import KILLED

CUSTOM = """
import os, signal, time
from lookalike.sources.tars import Tar

parts = Tar.parts

def harmful(self, folder):
    if self.path.endswith("kill.tar"):
        os.kill(os.getpid(), signal.SIGKILL)
    if self.path.endswith("slow.tar"):
        time.sleep(600)
    return parts(self, folder)

Tar.parts = harmful
"""
"""What every Python of the first run does at its start."""
SECONDS = 120


def test_a_job_that_is_killed_goes_on_where_it_was(spark: Any, tmp_path: Path) -> None:
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("no SIGKILL here")
    names = ["0", "1", "kill", "2", "slow", "3"]
    inputs = [shard(tmp_path / f"{name}.tar", 4 * at) for at, name in enumerate(names)]
    output = tmp_path / "out"
    words = [word for path in inputs for word in ("--input", str(path))] + ["--output", str(output)]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CUSTOM)
    path = os.pathsep.join([str(tmp_path / "site"), *sys.path])
    settings = "--conf spark.ui.enabled=false --conf spark.driver.host=127.0.0.1 pyspark-shell"
    with subprocess.Popen(
        [sys.executable, "-m", "lookalike", "spark", "hash", *words, "--master", "local[2,2]"],
        env={**os.environ, "PYTHONPATH": path, "PYSPARK_SUBMIT_ARGS": settings}, stderr=subprocess.PIPE,
    ) as first:  # fmt: skip
        deadline = time.monotonic() + SECONDS
        while len(tables_in(str(output))) < len(names) - 1 and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        first.kill()
        assert first.wait() == -signal.SIGKILL, first.stderr and first.stderr.read()
    tables = {
        Path(one.paths[0]).stem: f"{one.name}{ENDING}" for one in list_shards([str(one) for one in inputs]).shards
    }
    assert tables_in(str(output)) == sorted(table for name, table in tables.items() if name != "slow")
    blamed = header_at(str(output / tables["kill"]))
    assert blamed is not None
    assert blamed.run["incomplete"] == [f"{inputs[2]}: {KILLED}"]
    before = {name: (output / tables[name]).stat().st_mtime_ns for name in "0123"}

    again = CliRunner().invoke(verbs, ["hash", *words, "--json"])  # in the session that is there
    assert again.exit_code == 0, again.output
    told = json.loads(again.stdout)
    assert (told["hashed"], told["before"], told["images"], told["others"]) == (2, 4, 18, 0)
    assert {name: (output / tables[name]).stat().st_mtime_ns for name in before} == before
    read = pytest.importorskip("pyarrow.parquet").read_table
    rows = {row["path"]: row for name in tables_in(str(output)) for row in read(output / name).to_pylist()}
    same_columns(rows, single([str(one) for one in inputs]))
    assert "6 shards, 4 of these finished before" in again.stderr


def test_the_command_says_what_is_wrong(spark: Any, tmp_path: Path) -> None:
    good, gone = shard(tmp_path / "a.tar", 1), tmp_path / "gone.tar"
    words = ["hash", "--input", str(good), "--output", str(tmp_path / "out")]
    end = CliRunner().invoke(verbs, [*words, "--input", str(gone), "--thumbnails", "none"])
    assert end.exit_code == 3
    assert f"not seen: {gone}: No such file or directory" in end.stderr
    end = CliRunner().invoke(verbs, [*words, "--thumbnails", "some"])
    assert "--thumbnails must be all, candidates or none, got 'some'" in str(end.exception)
    end = CliRunner().invoke(verbs, words)
    assert "was made with other options: lookalike spark hash --overwrite" in str(end.exception)
    end = CliRunner().invoke(verbs, ["hash", "--input", str(good)])
    assert "no --output given" in str(end.exception)
    listed = tmp_path / "names.txt"
    listed.write_text(f"{good}\n")
    end = CliRunner().invoke(
        verbs, ["hash", "--from-file", str(listed), "--output", str(tmp_path / "other"), "--quiet"]
    )
    assert (end.exit_code, end.output) == (0, "")
