"""The main job from Python: the same findings as the command, from a script without a guard."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from album import copies, fill
from command import comparable, environment, found, write

import lookalike

SCRIPT = """
import sys, lookalike
print("once")
findings = lookalike.find(sys.argv[1], workers=3, use_catalog=False)
sys.stdout.write(findings.to_json())
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    fill(tmp_path / "photos", range(1, 3), range(100, 103))
    return tmp_path / "photos"


def test_a_script_needs_no_guard(photos: Path, tmp_path: Path) -> None:
    script = write(tmp_path / "script.py", SCRIPT.encode())
    done = subprocess.run(
        [sys.executable, script, "photos"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    first, _, rest = done.stdout.partition(b"\n")
    assert first == b"once"
    assert comparable(json.loads(rest)) == comparable(found("photos", cwd=tmp_path))


def test_a_script_from_standard_input(photos: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-", photos],
        input=SCRIPT.encode(),
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"once\n{")


def test_every_kind_of_path(photos: Path) -> None:
    documents = [
        lookalike.find(paths, use_catalog=False, workers=1).to_dict()
        for paths in (str(photos), photos, [photos], (str(photos),))
    ]
    assert len({comparable(document) for document in documents}) == 1
    one, other = (str(photos / name) for name in ("1-best.png", "2019/1-high.jpg"))
    findings = lookalike.find([Path(one), other], use_catalog=False, workers=1)
    assert [member.ref.path for member in findings.groups[0].members] == [one, other]


def test_findings(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos.parent)
    findings = lookalike.find("photos", tier="copy", use_catalog=False, workers=1)
    assert isinstance(findings, lookalike.Findings)
    assert len(findings.groups) == findings.stats["groups"] == 2
    assert findings.failures == []
    group = findings.groups[0]
    assert isinstance(group, lookalike.Group)
    assert group.keeper is group.members[0]
    assert {member.tier for member in group.members[1:]} == {lookalike.Tier.EXACT, lookalike.Tier.COPY}
    assert set(findings.keep_paths) | set(findings.duplicate_paths) == {
        str(path) for path in Path("photos").rglob("*.*") if path.is_file()
    }
    assert not set(findings.keep_paths) & set(findings.duplicate_paths)
    assert len(findings.duplicate_paths) == findings.stats["duplicates"]
    with pytest.raises(lookalike.UsageError):
        _ = findings.unmatched


def test_against_and_unmatched(tmp_path: Path) -> None:
    write(tmp_path / "have" / "1.jpg", copies(1)["low.jpg"])
    write(tmp_path / "new" / "1.png", copies(1)["best.png"])
    write(tmp_path / "new" / "2.png", copies(2)["best.png"])
    findings = lookalike.find(tmp_path / "new", against=tmp_path / "have", use_catalog=False, workers=1)
    assert findings.unmatched == [str(tmp_path / "new" / "2.png")]
    assert findings.duplicate_paths == [str(tmp_path / "new" / "1.png")]


@pytest.mark.parametrize(
    "options",
    [
        {"tier": "close"},
        {"algorithm": "nohash"},
        {"size": 7},
        {"radius": 65},
        {"radius": -1},
        {"group": "ring"},
        {"keep": "prettiest"},
        {"workers": 0},
        {"truncated": "maybe"},
        {"max_pixels": 0},
        {"min_size": (-1, 0)},
    ],
)
def test_wrong_options(photos: Path, options: dict[str, Any]) -> None:
    with pytest.raises(lookalike.UsageError) as caught:
        lookalike.find(photos, use_catalog=False, **options)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, lookalike.LookalikeError)
    assert str(next(iter(options))) in str(caught.value) or repr(next(iter(options.values()))) in str(caught.value)


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(lookalike.UsageError):
        lookalike.find([], use_catalog=False)
    with pytest.raises(lookalike.SourceError, match="gone"):
        lookalike.find(tmp_path / "gone", use_catalog=False)


def test_a_missing_root_is_told(photos: Path, tmp_path: Path) -> None:
    findings = lookalike.find([photos, tmp_path / "gone"], use_catalog=False, workers=1)
    assert findings.missing_roots == [str(tmp_path / "gone")]
    assert len(findings.incomplete) == 1
    assert len(findings.groups) == 2


def test_a_damaged_catalog(photos: Path, tmp_path: Path) -> None:
    catalog = write(tmp_path / "catalog.sqlite", os.urandom(8192))
    with pytest.raises(lookalike.CatalogError, match=r"catalog\.sqlite"):
        lookalike.find(photos, catalog=catalog)


def test_progress_is_told(photos: Path) -> None:
    calls: list[tuple[int, int, bool]] = []
    lookalike.find(photos, use_catalog=False, workers=2, progress=lambda *at: calls.append(at))
    assert calls[-1] == (23, 23, True)
    assert all(done <= listed for done, listed, _ in calls)
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)
