"""A short run of the fuzz targets, each of which also has to find a fault that is planted; the runner; what fuzzing found."""

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike import upkeep
from lookalike.tables.documents import document_from_json
from lookalike.tables.plans import plan_from_json, plan_to_json

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "fuzz"))

import engines  # noqa: E402 - found there
from targets import NATIVE, TARGETS, target  # noqa: E402
from targets.target import Choices, edited  # noqa: E402

SECONDS = 1.0


def run(command: list[str], **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_finds_nothing_and_a_planted_fault(name: str, tmp_path: Path) -> None:
    if name in ("sources", "tables"):
        pytest.importorskip("pyarrow")
    done = run([str(ROOT / "tests" / "fuzz_target.py"), name, str(SECONDS), str(tmp_path)])
    assert done.returncode == 0, done.stderr[-4000:]
    sound, broken = map(int, done.stdout.split()[-2:])
    assert sound >= 1
    assert broken >= 1


def test_the_runner_says_what_was_tried_and_found(tmp_path: Path) -> None:
    done = run([str(ROOT / "fuzz" / "run.py"), "texts", "0.5", str(tmp_path)], FUZZ_ENGINE="mutations")
    assert done.returncode == 0, done.stderr
    assert re.match(r"texts +mutations +\d+ inputs +\d+\.\d s of CPU  nothing found\n", done.stdout), done.stdout


def test_atheris_sees_what_code_inputs_reach(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    done = run([str(ROOT / "fuzz" / "run.py"), "texts", "2", str(tmp_path)], FUZZ_ENGINE="atheris")
    assert done.returncode == 0, done.stderr
    reached = re.findall(
        r"DONE +cov: (\d+) .* corp: (\d+)/", (tmp_path / "texts" / "log").read_text("utf-8", "replace")
    )
    assert [int(inputs) > 1 for _, inputs in reached] == [True], "as much as a loop that sees nothing"


def test_a_wrong_command_line_names_the_targets() -> None:
    for words in ([], ["nothing", "1"], ["all"], ["all", "soon"]):
        done = run([str(ROOT / "fuzz" / "run.py"), *words])
        assert done.returncode == 2
        assert all(name in done.stderr for name in (*TARGETS, *NATIVE))


def test_every_target_says_what_must_hold_and_has_the_same_seeds_at_every_call() -> None:
    modules = {path.stem for path in (ROOT / "fuzz" / "targets").glob("*.py")}
    assert modules - {"__init__", "target", "trees", "pictures", "damage"} == set(TARGETS)
    for name in ("texts", "patterns", "web", "commands", "plans"):
        assert target(name).holds
        assert target(name).seeds() == target(name).seeds() != []


def test_the_loop_repeats_its_inputs_and_keeps_what_was_found() -> None:
    seen: list[list[bytes]] = []

    def breaks(data: bytes) -> None:
        seen[-1].append(data)
        if b"word" in data:
            raise RuntimeError("planted")

    for _ in range(2):
        seen.append([])
        found = engines.mutations(breaks, [b"abc", b"def"], [b"word"], 30)
        assert found.finding is not None
        assert b"word" in found.finding
        assert "RuntimeError: planted" in found.error
        assert found.inputs == len(seen[-1])
    assert seen[0] == seen[1]


def test_what_takes_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "TIMEOUT", 1)

    def hangs(_data: bytes) -> None:
        while True:
            pass

    found = engines.mutations(hangs, [b"a"], [], 30)
    assert (found.inputs, found.finding) == (1, b"a")
    assert "Hang" in found.error


def test_edits_of_a_document_leave_the_document_alone() -> None:
    document: dict[str, Any] = {"a": [1, {"b": None}], "c": "x"}
    made = [
        edited(document, Choices(bytes([7, first, second, 3, 1, 9, 5, 2] * 4)))
        for first in range(9)
        for second in range(9)
    ]
    assert document == {"a": [1, {"b": None}], "c": "x"}
    assert sum(one != document for one in made) > len(made) // 2


def test_a_hash_table_that_is_damaged_is_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "x.parquet").write_bytes(b"PAR1\0\0\0\0" + bytes(40) + b"\x20\0\0\0PAR1")
    with pytest.raises(la.SourceError):
        la.find(tmp_path / "x.parquet", catalog=None, workers=1)


def test_a_table_whose_schema_nobody_reads_is_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    parquet.write_table(arrow.table({"x": [1]}), path)
    schema = parquet.read_metadata(path).metadata[b"ARROW:schema"]
    wider = base64.b64encode(base64.b64decode(schema).replace(b"\x40\0\0\0", b"\x80\0\0\0"))
    path.write_bytes(path.read_bytes().replace(schema, wider))
    with pytest.raises(la.SourceError, match="more than 64 bits"):
        la.find(path, catalog=None, workers=1)


@pytest.mark.parametrize("which", [0, 1])
def test_a_table_with_names_that_are_no_utf8_is_refused(tmp_path: Path, which: int) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    parquet.write_table(arrow.table({"image": [b"x"]}), path, store_schema=False)
    parts = path.read_bytes().split(b"image")
    assert len(parts) == 3, "in the schema, and of the column in its row group"
    parts[which] += b"im\xe6ge" + parts.pop(which + 1)
    path.write_bytes(b"image".join(parts))
    with pytest.raises((la.SourceError, la.UsageError)):
        la.find(path, catalog=None, workers=1)


def test_halves_of_pairs_of_surrogates_are_no_texts(tmp_path: Path) -> None:
    path, ledger = tmp_path / "d.json", tmp_path / "ledger.sqlite"
    path.write_text(json.dumps({"kind": "keep", "images": [{"digest": "a" * 64, "path": "\ud800"}]}))
    with pytest.raises(la.UsageError, match="an image has a digest in hex and a path"):
        la.import_decisions(path, ledger=ledger)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encode(scene(1)))
    found = la.find(tmp_path, catalog=None, workers=1)
    plan = json.loads(plan_to_json(found.plan(protect=("c.png",))))
    plan_from_json(json.dumps(plan))
    for change in ({"decisions": [plan["decisions"][0] | {"reason": "\ud800"}]}, {"created": "\udbff"}):
        with pytest.raises(la.UsageError, match=r"(reason|created) must be text"):
            plan_from_json(json.dumps(plan | change))
    plan["options"]["protect"] = ["\ud800"]
    with pytest.raises(la.UsageError, match="protect must be a list of texts"):
        plan_from_json(json.dumps(plan))


def test_json_without_end_and_texts_without_letters_are_wrong_usage_or_read(tmp_path: Path) -> None:
    path, ledger = tmp_path / "d.json", tmp_path / "ledger.sqlite"
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(la.UsageError, match="not JSON"):
        la.import_decisions(path, ledger=ledger)
    images = [{"digest": digit * 64, "path": f"{digit}.png"} for digit in "ab"]
    path.write_text(json.dumps({"kind": "different", "images": images, "note": "\udcff\ud800"}))
    assert la.import_decisions(path, ledger=ledger) == 1
    assert [one.note for one in la.decisions(ledger=ledger)] == ["??"]


@pytest.mark.parametrize(
    ("field", "value"), [("score", 1e308), ("score", -0.1), ("width", 1 << 70), ("distance_share", 10**400)]
)
def test_numbers_of_findings_that_no_column_holds_are_wrong_usage(tmp_path: Path, field: str, value: float) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encode(scene(1)))
    document = json.loads(la.find(tmp_path, catalog=None, workers=1).to_json())
    document_from_json(json.dumps(document))
    document["groups"][0]["members"][1][field] = value
    with pytest.raises(la.UsageError, match=field):
        document_from_json(json.dumps(document))


DAMAGE = {
    "evidence of another kind": "UPDATE pair SET evidence = 'text'",
    "evidence of another length": "UPDATE pair SET evidence = x'00'",
    "evidence that was never measured": "UPDATE pair SET evidence = zeroblob(length(evidence))",
    "a content that is gone": "DELETE FROM content WHERE id = 1",
    "a fraction of a pixel": "UPDATE content SET width = 0.5",
    "less than nothing": "UPDATE content SET width = -1",
    "a text that is none": "UPDATE content SET format = x'ff'",
    "an empty text": "UPDATE content SET quality = ''",
    "a thumbnail cut off": "UPDATE thumbnail SET pixels = x'00'",
    "a kind that is no text": "UPDATE location SET skipped = x'ff'",
    "a failure of no kind": "UPDATE content SET failure = '0'",
    "a time that is no number": "UPDATE location SET mtime_ns = 'soon'",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_row_of_a_catalog_is_no_answer(tmp_path: Path, statement: str) -> None:
    album, catalog = tmp_path / "album", tmp_path / "catalog.sqlite"
    album.mkdir()
    for name, quality in (("a.jpg", 90), ("b.jpg", 70)):
        (album / name).write_bytes(encode(scene(1), quality=quality))
        os.utime(album / name, (10**9, 10**9))  # what has just changed is looked at again
    before = la.find(album, catalog=catalog, workers=1).to_dict()
    assert before["groups"]
    with closing(sqlite3.connect(catalog, isolation_level=None)) as db:
        assert db.execute(statement).rowcount > 0
    with pytest.raises(la.CatalogError, match="damaged"):
        la.find(album, catalog=catalog, workers=1)


@pytest.mark.parametrize("exif", ["7", '{"orientation": "up"}', f'{{"tags": {1 << 64}}}', '{"make": ["Canon"]}', "{"])
def test_exif_facts_that_are_none_are_no_answer_even_where_they_are_sealed(tmp_path: Path, exif: str) -> None:
    album, catalog = tmp_path / "album", tmp_path / "catalog.sqlite"
    album.mkdir()
    for name, quality in (("a.jpg", 90), ("b.jpg", 70)):
        (album / name).write_bytes(encode(scene(1), quality=quality))
    la.find(album, catalog=catalog, workers=1)
    with closing(sqlite3.connect(catalog, isolation_level=None)) as db:
        db.execute("UPDATE content SET exif = ?", (exif,))
    with upkeep.existing(str(catalog)) as store, store.transaction():
        store.seal_all()
    with pytest.raises(la.CatalogError, match="damaged"):
        la.find(album, catalog=catalog, workers=1)


def test_values_of_a_wrong_kind_are_found_by_verify(tmp_path: Path) -> None:
    album, catalog = tmp_path / "album", tmp_path / "catalog.sqlite"
    album.mkdir()
    (album / "a.png").write_bytes(encode(scene(1)))
    la.find(album, catalog=catalog, workers=1)
    with closing(sqlite3.connect(catalog, isolation_level=None)) as db:
        db.execute("UPDATE content SET captured = x'ff'")
    with upkeep.existing(str(catalog)) as store, pytest.raises(la.CatalogError, match="1 rows of content with a value"):
        upkeep.verify_catalog(store)
