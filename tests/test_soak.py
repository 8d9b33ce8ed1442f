"""The soak test in small: scans killed at random instants end with the catalog of one that nobody disturbed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="copies processes")
def test_scans_killed_dozens_of_times_leave_a_sound_catalog(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    options = ["--images", "400", "--roots", "2", "--kills", "20", "--last", "1", "--folder", str(tmp_path / "soak")]
    done = subprocess.run(
        [sys.executable, "soak.py", *options, "--json", str(figures)], cwd=BENCHMARKS, capture_output=True, text=True,
        check=False, env={**os.environ, "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    soak = json.loads(figures.read_text())["soak"]
    assert (soak["images"], soak["kills"], soak["wrong"], soak["differ"]) == (400, 21, [], {})
    assert soak["same findings"]
    assert len(soak["phases"]) > 1
    rows = soak["rows"]
    assert rows["location"] == 416
    assert rows["content"] == rows["thumbnail"] + 1
    assert rows["hash"] == 4 * rows["thumbnail"]
    assert rows["pair"] > 0
