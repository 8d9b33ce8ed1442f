"""What is logged: the table, its page, names of any bytes, and that nobody sees anything who did not ask."""

import ast
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lookalike as la
import pool_tasks
from conftest import aged, encode, scene
from lookalike import events
from lookalike.cli.logs import _Lines, _Text
from lookalike.events import EVENTS, LOGGER
from lookalike.pool import Died, Guarded, Limits, Pool
from lookalike.tables.files import path_of

PACKAGE = Path(la.__file__).parent
PAGE = Path(__file__).resolve().parents[1] / "docs" / "logging.md"
LINE = {"time", "level", "event", "message"}


class Kept(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the fields of all records of an event."""
        return [getattr(record, "fields") for record in self.records if getattr(record, "event") == event]  # noqa: B009


@contextmanager
def listening(level: int = logging.DEBUG) -> Iterator[Kept]:
    """Attach a handler as a user would."""
    kept = Kept()
    LOGGER.addHandler(kept)
    LOGGER.setLevel(level)
    try:
        yield kept
    finally:
        LOGGER.removeHandler(kept)
        LOGGER.setLevel(logging.NOTSET)


def test_the_page_has_all_events_with_level_and_fields() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \| (\w+) \| ([a-z_, ]*) ?\|", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {name: (level, sorted(filter(None, fields.strip().split(", ")))) for name, level, fields in rows}
    meant = {
        name: (logging.getLevelName(event.level).lower(), sorted(set(re.findall(r"%\((\w+)\)", event.text))))
        for name, event in EVENTS.items()
    }
    assert told == meant
    assert not LINE & {field for _, fields in meant.values() for field in fields}


def test_each_event_is_told_somewhere_and_each_that_is_told_is_in_the_table() -> None:
    named = {name for name, value in vars(events).items() if isinstance(value, events.Event)}
    used = {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "events"
    }
    assert named == {name for name in used if name.isupper()}
    assert len(named) == len(EVENTS)


@given(path=st.binary(min_size=1).map(os.fsdecode), number=st.integers())
def test_any_name_is_one_printable_line_and_can_be_had_back(path: str, number: int) -> None:
    with listening() as kept:
        events.FOLDER_LISTED(path=path, files=number, new=0)
    (record,) = kept.records
    for text in (record.getMessage(), _Text().format(record)):
        assert text.splitlines() == [text]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202e]", text)
    line = _Lines().format(record)
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    if "://" not in path:
        assert path_of(told) == path
    assert (told["event"], told["level"], told["files"]) == ("folder.listed", "debug", number)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["time"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://key:secret@bucket/a.jpg", "s3://***@bucket/a.jpg"),
        ("find https://a.org/b.zip?X-Amz-Signature=1 -q", "find https://a.org/b.zip?*** -q"),
        ("https://a.org/b.jpg: access denied", "https://a.org/b.jpg: access denied"),
        ("a@b?c.jpg", "a@b?c.jpg"),
    ],
)
def test_secrets_of_urls_stay_out(text: str, shown: str) -> None:
    with listening() as kept:
        events.URL_USED(url=text)
    (record,) = kept.records
    assert record.getMessage() == f"fsspec opens {shown}"
    assert json.loads(_Lines().format(record))["url"] == shown


def test_an_event_without_fields_and_one_that_fails() -> None:
    with listening() as kept:
        events.REVIEW_CLOSED()
        with pytest.raises(KeyError), events.STAGE_ENDED.timed(stage="a", count=1, what="b"):
            raise KeyError
        with events.STAGE_ENDED.timed(stage="a", what="b") as told:
            told["count"] = 2
    assert kept.records[0].getMessage() == "review closed"
    (ended,) = kept.told("stage.ended")
    assert ended.pop("seconds") >= 0
    assert ended == {"stage": "a", "count": 2, "what": "b"}


def test_nobody_who_did_not_ask_sees_anything(tmp_path: Path) -> None:
    for name, content in (
        ("a.png", encode(scene(1), "PNG")),
        ("a.jpg", encode(scene(1))),
        ("b.jpg", encode(scene(1))[:900]),
    ):
        (tmp_path / name).write_bytes(content)
    code = f"""
import logging, lookalike as la
print(len(la.find({str(tmp_path)!r}, use_catalog=False).groups))
logger = logging.getLogger("lookalike")
print(logging.root.handlers, [type(one).__name__ for one in logger.handlers], logger.level, logger.propagate)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n[] ['NullHandler'] 0 True\n", "")


def test_what_a_search_says(tmp_path: Path) -> None:
    for name, content in {
        "a.png": encode(scene(1), "PNG"), "a.jpg": encode(scene(1)), "b.png": encode(scene(2), "PNG"),
        "bad.jpg": encode(scene(3))[:900], "text.txt": b"text",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
        aged(tmp_path / name)
    root, catalog = str(tmp_path), tmp_path / "state" / "catalog.sqlite"
    with listening() as kept:
        la.find(root, catalog=catalog, exclude=["state"])
    paths = {
        name: [Path(one["path"]).name for one in kept.told(name)]
        for name in ("image.read", "image.skipped", "image.failed")
    }
    assert paths["image.skipped"] == ["text.txt"]
    assert paths["image.failed"] == ["bad.jpg"]
    assert sorted(paths["image.read"]) == ["a.jpg", "a.png", "b.png"]
    assert kept.told("store.opened") == [{"kind": "catalog", "path": str(catalog)}]
    assert not kept.told("store.migrated")
    assert kept.told("root.opened") == [{"path": root, "kind": "files"}]
    (listed,) = kept.told("scan.listed")
    assert (listed["files"], listed["new"]) == (5, 5)
    (ended,) = kept.told("scan.ended")
    assert (ended["images"], ended["cached"], ended["failed"], ended["skipped"]) == (3, 0, 1, 1 + 1)  # and the folder
    assert sum(one["results"] for one in kept.told("scan.committed")) == 5
    joins = kept.told("join.ended")
    assert joins[0]["variant"] == "plain"
    assert all(one["radius"] >= 0 and one["pairs"] is not None for one in joins)
    (verified,) = kept.told("verify.ended")
    assert verified["verified"] == verified["pairs"] >= 1
    assert kept.told("group.ended")[0]["attached"] == 1
    assert {one["stage"] for one in kept.told("stage.ended")} == {"twins", "trace"}

    with listening() as kept:
        again = la.find(root, catalog=catalog, exclude=["state"])
        again.plan()
    assert sorted(Path(one["path"]).name for one in kept.told("image.cached")) == ["a.jpg", "a.png", "b.png"]
    assert [(Path(one["path"]).name, one["reason"]) for one in kept.told("image.skipped")] == [
        ("text.txt", "not an image")
    ]
    assert [Path(one["path"]).name for one in kept.told("image.failed")] == ["bad.jpg"]
    assert kept.told("scan.listed")[0]["new"] == 0
    assert kept.told("verify.ended")[0]["verified"] == 0
    assert [(Path(one["path"]).name, one["verdict"]) for one in kept.told("plan.decided")] == [
        ("a.png", "keep"),
        ("a.jpg", "remove"),
    ]
    assert (kept.told("plan.made")[0]["remove"], kept.told("plan.made")[0]["keep"]) == (1, 1)


def test_a_catalog_that_is_refused_and_a_root_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"no database" * 999)
    with listening() as kept:
        with pytest.raises(la.CatalogError):
            la.find(tmp_path, catalog=tmp_path / "catalog.sqlite")
        with pytest.raises(la.SourceError):
            la.find(tmp_path / "nowhere", use_catalog=False)
    assert [one["path"] for one in kept.told("store.refused")] == [str(tmp_path / "catalog.sqlite")]
    assert [one["path"] for one in kept.told("root.missing")] == [str(tmp_path / "nowhere")]


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
def test_workers_that_die_say_where_and_what_follows() -> None:
    with listening() as kept, Pool(pool_tasks.perform, lambda _task, _reason: "died", workers=1, isolated=True) as pool:
        pool.submit(["a", "kill", "b"])
        ((_, results),) = pool.results(wait=True)
    assert results == ["did a", "died", "did b"]
    first, second = kept.told("worker.died")
    assert first["reason"] == second["reason"] == "killed by SIGKILL"
    assert first["pid"] != second["pid"]
    assert (first["next"], second["next"]) == (
        "a new process tries it alone",
        "that is its result, and a new process goes on",
    )
    assert len(kept.told("worker.started")) == 3
    assert {one["pid"] for one in kept.told("worker.ended")} == {one["pid"] for one in kept.told("worker.started")}


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
def test_so_do_those_of_second_looks() -> None:
    with listening() as kept, pytest.raises(Died, match="killed by SIGKILL"):
        Guarded(Limits(10, 1 << 30))(pool_tasks.die_of, (b"bytes", "x.jpg"))
    assert [(one["path"], one["next"][:5]) for one in kept.told("worker.died")] == [
        ("x.jpg", "a new"),
        ("x.jpg", "that "),
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are held on Linux")
def test_a_limit_of_time_is_said() -> None:
    with (
        listening() as kept,
        Pool(pool_tasks.costly, lambda _task, why: why, workers=1, isolated=True, limits=Limits(0.3, 1 << 30)) as pool,
    ):
        pool.submit(["spin:30"])
        ((_, results),) = pool.results(wait=True)
    (died,) = kept.told("worker.died")
    assert results == [died["reason"]] == ["took longer than 0.3 s"]
