"""The real images of shared/data: every file ends as a hash, a failure or a skipped file, and pairs are as labelled."""

import csv
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from command import Result, comparable, environment, found, line, members, observed, run
from PIL import Image

from conftest import SHARED

MEMORY = 1 << 30
"""Bytes that the scan of hostile files may hold in one process."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Findings over every format and every broken file, and how much memory the largest process took."""
    if not SHARED.is_dir():
        pytest.skip("the shared test images are not beside the checkout")
    output = tmp_path_factory.mktemp("hostile") / "findings.json"
    command = ("find", "formats", "broken", "--no-catalog", "--workers", "2", "--frames", "all", "--output", output)
    done, memory = observed(*command, cwd=SHARED)
    assert (done.code, done.err) == (0, b"")
    document = json.loads(output.read_bytes())
    assert isinstance(document, dict)
    document["text"] = done.text
    document["memory"] = memory
    return document


def test_every_file_is_accounted_for(hostile: dict[str, Any], shared_data: Path) -> None:
    stats = hostile["stats"]
    files = sum(len(names) for top in ("formats", "broken") for _, _, names in os.walk(shared_data / top))
    assert stats["images"] == stats["hashed"] + stats["failed"]
    assert stats["images"] + sum(stats["skipped"].values()) == files
    assert stats["failed"] == len(hostile["failures"])
    assert len({row["path"] for row in hostile["failures"]}) == stats["failed"]
    assert stats["hashed"] > 1000
    assert {row["kind"] for row in hostile["failures"]} <= {"damaged", "unsupported", "limit"}


def test_no_decoder_crashes_or_needs_more_than_a_worker_may_use(hostile: dict[str, Any]) -> None:
    """Workers are held to 10 s of processor time a file and 1 GB; what needs more would be a failure that says so."""
    assert [row for row in hostile["failures"] if row["reason"].startswith("its decoder")] == []


def test_every_failure_has_a_reason_for_people(hostile: dict[str, Any]) -> None:
    for row in hostile["failures"]:
        assert row["reason"].strip(), row
        assert "\n" not in row["reason"], row
        assert len(row["reason"]) < 200, row
        assert "Traceback" not in row["reason"]
        assert " object at 0x" not in row["reason"], row


def test_memory_stays_within_reason(hostile: dict[str, Any]) -> None:
    assert hostile["memory"] < MEMORY


@pytest.fixture(scope="module")
def one_worker() -> Result:
    """The same with one worker, that is, in the process of the command itself."""
    if not SHARED.is_dir():
        pytest.skip("the shared test images are not beside the checkout")
    return run("find", "formats", "broken", "--no-catalog", "--workers", "1", "--frames", "all", "--json", cwd=SHARED)


def test_one_worker_says_the_same(hostile: dict[str, Any], one_worker: Result) -> None:
    seen = {key: value for key, value in hostile.items() if key not in ("text", "memory")}
    assert one_worker.code == 0
    assert comparable(one_worker.document) == comparable(seen)


def test_decoders_do_not_write_on_the_terminal(one_worker: Result) -> None:
    assert one_worker.errors == "", "what libtiff and others mutter is no message to a user"


def test_what_pillow_reads_does_not_fail(hostile: dict[str, Any], shared_data: Path) -> None:
    """What Pillow itself opens without complaint must not fail here for a reason of ours."""
    wrong = []
    for row in hostile["failures"]:
        path = shared_data / row["path"]
        if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"):
            continue
        if row["kind"] != "damaged" or "formats/" not in row["path"]:
            continue
        try:
            with Image.open(path) as image:
                image.load()
        except Exception:  # noqa: BLE001 - a hostile file may raise anything; then the failure is right
            continue
        wrong.append((row["path"], row["reason"]))
    assert wrong == []


def test_the_photos_hold_no_group(shared_data: Path) -> None:
    document = found("photos", "--workers", "2", cwd=shared_data)
    assert document["stats"]["images"] == document["stats"]["hashed"] == 700
    assert members(document) == set()


def test_exif_turns_are_joined(shared_data: Path) -> None:
    # Each has the number of its orientation written on it, which makes it an edit of the others.
    document = found("exif", "--tier", "edit", "--workers", "2", cwd=shared_data)
    of = {path: at for at, group in enumerate(members(document)) for path in group}
    with (shared_data / "pairs" / "exif_orientation.csv").open(newline="") as file:
        pairs = [(row["path_a"], row["path_b"]) for row in csv.DictReader(file)]
    assert len(pairs) > 60
    joined = sum(one in of and of[one] == of.get(other) for one, other in pairs)
    assert joined >= 0.97 * len(pairs)
    assert not any(
        {Path(path).name.partition("_")[0] for path in group} == {"Landscape", "Portrait"}
        for group in members(document)
    )


def test_labelled_pairs_of_the_peers(shared_data: Path) -> None:
    """Resized and re-encoded pictures are joined; mirrored, rotated, cropped and stamped ones are other issues."""
    document = found("peers", "--tier", "edit", "--workers", "2", cwd=shared_data)
    of = {path: at for at, group in enumerate(members(document)) for path in group}
    rows = []
    for table in ("imagededup_tests", "jenssegers_forest"):
        with (shared_data / "pairs" / f"{table}.csv").open(newline="") as file:
            rows += list(csv.DictReader(file))
    wanted = [
        (row["path_a"], row["path_b"])
        for row in rows
        if row["kind"] in ("resize", "format")
        or ("forest" in row["path_a"] and not {"cropped", "copyright"} & set(re.split(r"\W", str(row))))
    ]
    assert len(wanted) > 12
    assert [pair for pair in wanted if of.get(pair[0], -1) != of.get(pair[1], -2)] == []


def test_one_picture_in_many_formats_is_one_group(shared_data: Path) -> None:
    """Of the 2,415 pairs all are of one cluster, so that what counts is how many groups its 70 files fall into."""
    with (shared_data / "pairs" / "pillow_hopper_formats.csv").open(newline="") as file:
        pairs = [(row["path_a"], row["path_b"]) for row in csv.DictReader(file)]
    paths = sorted({path for pair in pairs for path in pair})
    assert len(_clusters(pairs)) == 1
    assert len(paths) == 70
    document = found(*paths, "--units", "off", "--workers", "2", cwd=shared_data)
    largest = max(members(document), key=len)
    # All 70 as measured; another Pillow may read one or two rare modes otherwise.
    assert len(largest & set(paths)) >= 68
    assert sum(one in largest and other in largest for one, other in pairs) >= 2_250


def _clusters(pairs: list[tuple[str, str]]) -> list[set[str]]:
    """Return the sets of files that pairs connect."""
    clusters: list[set[str]] = []
    for pair in pairs:
        touched = [cluster for cluster in clusters if not cluster.isdisjoint(pair)]
        clusters = [cluster for cluster in clusters if cluster.isdisjoint(pair)]
        clusters.append(set(pair).union(*touched))
    return clusters


def test_recoded_photos_find_their_originals(shared_data: Path, tmp_path: Path) -> None:
    photos = sorted((shared_data / "photos").glob("*.jpg"))[::10]
    (tmp_path / "new").mkdir()
    for at, path in enumerate(photos):
        with Image.open(path) as image:
            half = image.convert("RGB").resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
            half.save(tmp_path / "new" / path.name, quality=(70, 80, 90)[at % 3])
    (tmp_path / "have").symlink_to(shared_data / "photos")
    document = found("new", "--against", "have", "--tier", "copy", "--workers", "2", cwd=tmp_path)
    right = Counter(
        Path(row["path"]).name == Path(row["keeper"]).name
        for group in document["groups"] for row in group["members"] if row["role"] == "duplicate"
    )  # fmt: skip
    assert right[False] == 0
    assert right[True] >= 0.97 * len(photos)


def test_a_limit_on_memory_costs_images_not_the_scan(shared_data: Path) -> None:
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        pytest.skip("prlimit is not installed")
    command: list[str | bytes] = [
        prlimit,
        "--as=6000000000",
        *line("find", "formats/image-rs", "--no-catalog", "--quiet"),
    ]
    done = subprocess.run(command, cwd=shared_data, env=environment(), capture_output=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
