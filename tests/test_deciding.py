"""Decisions from Python: about files and groups, honoured by find, taken back, and carried to another ledger."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.deciding import read_decisions, to_document
from lookalike.opening import default_ledger


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two forms of one picture."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(encode(scene(1), "PNG"))
    (folder / "b.jpg").write_bytes(encode(scene(1), quality=80))
    return folder


def find(folder: Path, **options: Any) -> la.Findings:
    return la.find(folder, use_catalog=False, workers=1, **options)


def test_a_decision_holds_until_it_is_taken_back(pair: Path) -> None:
    before = find(pair)
    assert len(before.groups) == 1
    number = la.decide("different", [pair / "a.png", pair / "b.jpg"], note="mine")
    (known,) = la.decisions()
    assert (known.id, known.kind, known.note) == (number, "different", "mine")
    assert sorted(path for _, path in known.images) == [str(pair / "a.png"), str(pair / "b.jpg")]
    assert find(pair).groups == ()
    la.undecide(number)
    assert la.decisions() == []
    assert find(pair).groups == before.groups


def test_images_in_an_archive_are_decided_about_by_their_paths(pair: Path) -> None:
    archive = pair.parent / "set.zip"
    with ZipFile(archive, "w") as file:
        file.write(pair / "b.jpg", "in/b.jpg")
    assert len(la.find([pair / "a.png", archive], use_catalog=False, workers=1).groups) == 1
    la.decide("different", [pair / "a.png", f"{archive}/in/b.jpg"])
    assert la.find([pair / "a.png", archive], use_catalog=False, workers=1).groups == ()
    with pytest.raises(la.SourceError, match=r"set\.zip/in/c\.jpg cannot be read"):
        la.decide("keep", f"{archive}/in/c.jpg")


def test_a_group_of_findings_and_one_that_was_written(pair: Path, tmp_path: Path) -> None:
    findings = find(pair)
    file = tmp_path / "findings.json"
    file.write_text(findings.to_json())
    for path in pair.iterdir():
        path.rename(pair / f"moved {path.name}")
    number = la.decide("different", findings.groups[0])
    assert la.decide_group("different", file, 1) == number, "the same contents"
    assert find(pair).groups == ()
    with pytest.raises(la.UsageError, match="has no group 2: it has 1"):
        la.decide_group("keep", file, 2)


def test_each_ledger_is_for_itself(pair: Path, tmp_path: Path) -> None:
    other = tmp_path / "here" / "mine.sqlite"
    la.decide("keep", [pair / "a.png", pair / "b.jpg"], ledger=other)
    assert find(pair, ledger=other).groups == ()
    assert len(find(pair).groups) == 1
    assert not os.path.exists(default_ledger()), "reading makes none"


def test_export_and_import_are_the_same_and_twice_is_once(pair: Path, tmp_path: Path) -> None:
    strange = pair / os.fsdecode(b"caf\xe9.jpg")
    (pair / "b.jpg").rename(strange)
    la.decide("different", [pair / "a.png", strange], note="ö")
    la.decide("keep", [strange])
    file, other = tmp_path / "decisions.json", tmp_path / "other.sqlite"
    document = to_document(la.decisions())
    file.write_text(json.dumps(document))
    assert [la.import_decisions(file, ledger=other) for _ in range(2)] == [2, 0]
    assert la.decisions(ledger=other) == la.decisions()
    assert to_document(la.decisions(ledger=other)) == document


IMAGES = [{"digest": "00" * 32, "path": "a"}, {"digest": "11" * 32, "path": "b"}]
GOOD = {"kind": "different", "created": "2024-05-01T12:00:00+00:00", "note": "", "images": IMAGES}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is not JSON"),
        ([], "does not hold decisions, as `lookalike decide export` writes them"),
        ({"version": 1, "groups": []}, "does not hold decisions"),
        ({"version": 2, "decisions": []}, "is of version 2, and 1 can be read"),
        ({"version": 1, "decisions": [GOOD, 3]}, "a decision has the texts kind, created and note, got 3"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "kind": "same"}]}, "unknown decision 'same'"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "note": None}]}, "a decision has the texts"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "images": None}]}, "an image has a digest in hex and a path"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "images": [{"path": "a"}]}]}, "an image has a digest in hex"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "images": [{**IMAGES[0], "digest": "x"}]}]}, "a digest in hex"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "images": [{**IMAGES[0], "path_bytes": "?"}]}]}, "not base64"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "images": IMAGES[:1]}]}, "needs at least 2 contents, got 1"),
        ({"version": 1, "decisions": [GOOD, {**GOOD, "images": [{"digest": "00", "path": "a"}] * 2}]}, "at least 2"),
    ],
)
def test_what_is_no_document_adds_nothing(tmp_path: Path, document: Any, message: str) -> None:
    file = tmp_path / "decisions.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(la.UsageError) as caught:
        la.import_decisions(file)
    assert message in str(caught.value)
    assert la.decisions() == []


@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_a_decision_may_stand_on_a_line_of_its_own(tmp_path: Path, end: str) -> None:
    file = tmp_path / "accepted.jsonl"
    short = {"kind": "keep", "images": IMAGES[:1]}
    file.write_text("\n".join(json.dumps(row) for row in (GOOD, short)) + end)
    first, second = read_decisions(file)
    assert (first.id, first.kind, first.created, first.note) == (1, "different", GOOD["created"], "")
    assert first.images == ((bytes(32), "a"), (b"\x11" * 32, "b"))
    assert (second.id, second.kind, second.images) == (2, "keep", ((bytes(32), "a"),))
    before = datetime.now(UTC).replace(microsecond=0)
    assert [la.import_decisions(file) for _ in range(2)] == [2, 0]
    dated, undated = [one.created for one in la.decisions()]
    assert dated == GOOD["created"]
    assert before <= datetime.fromisoformat(undated) <= datetime.now(UTC), "what has no date was decided now"


def test_lines_that_are_no_decisions_are_said(tmp_path: Path) -> None:
    file = tmp_path / "accepted.jsonl"
    file.write_text("\n")
    assert read_decisions(file) == [], "an empty file accepts nothing"
    file.write_text(json.dumps(GOOD) + "\nnone\n")
    with pytest.raises(la.UsageError, match="decision 2 is not JSON"):
        read_decisions(file)
    file.write_text(json.dumps(GOOD) + "\n[]\n")
    with pytest.raises(la.UsageError, match="is not JSON"):
        read_decisions(file)


def test_what_cannot_be_read_is_said(pair: Path) -> None:
    with pytest.raises(la.SourceError, match=r"none\.jpg cannot be read: No such file"):
        la.decide("keep", [pair / "none.jpg"])
    with pytest.raises(la.SourceError, match="photos cannot be read"):
        la.decide("keep", [pair])
    with pytest.raises(la.UsageError, match="no decision 1: no ledger at"):
        la.undecide(1)
    assert not os.path.exists(default_ledger())


def test_one_path_is_one_image(pair: Path) -> None:
    la.decide("keep", str(pair / "a.png"))
    assert [path for _, path in la.decisions()[0].images] == [str(pair / "a.png")]


def test_a_ledger_that_cannot_be_reached_is_not_the_same_as_none(pair: Path, tmp_path: Path) -> None:
    dangling = tmp_path / "ledger.sqlite"
    dangling.symlink_to(tmp_path / "nowhere.sqlite")
    assert la.decisions(ledger=dangling) == []
    assert not (tmp_path / "nowhere.sqlite").exists()
    with pytest.raises(la.LedgerError, match="cannot be opened: Not a directory"):
        find(pair, ledger=pair / "a.png" / "ledger.sqlite")
