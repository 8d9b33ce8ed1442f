"""A catalog that others make at the same moment, that was cut short, or whose commit fails; links to the network."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import CatalogError
from lookalike.opening import open_catalog
from lookalike.sources import volumes
from lookalike.sources.volumes import MOUNTINFO
from lookalike.stores.catalog import Catalog


def test_a_file_that_another_process_makes_meanwhile_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "catalog.sqlite")
    connect = sqlite3.connect
    made: list[str] = []

    class Slow(sqlite3.Connection):
        """A connection between whose first two looks another one makes the whole catalog."""

        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if "sqlite_master" in sql and not made:
                made.append(sql)
                monkeypatch.setattr(sqlite3, "connect", connect)
                Catalog(path).db.close()
            return super().execute(sql, *more)

    def slow(*args: Any, **options: Any) -> sqlite3.Connection:
        return connect(*args, **options, factory=Slow)

    monkeypatch.setattr(sqlite3, "connect", slow)
    with Catalog(path) as catalog:
        assert catalog.folder("files", "v", "a") == 1
    assert made


def test_a_commit_that_fails_keeps_nothing_and_leaves_the_connection_usable(tmp_path: Path) -> None:
    with Catalog(str(tmp_path / "catalog.sqlite")) as catalog:
        catalog.db.execute("PRAGMA foreign_keys = ON")
        catalog.db.execute("CREATE TABLE late (id INTEGER REFERENCES content DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(CatalogError), catalog.transaction():
            catalog.db.execute("INSERT INTO late VALUES (99)")  # checked by COMMIT, which refuses
        assert not catalog.db.in_transaction
        with catalog.transaction():
            assert catalog.folder("files", "v", "a") == 1
        assert catalog.db.execute("SELECT count(*) FROM late").fetchone() == (0,)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.5, 0.95])
def test_a_catalog_cut_short_is_explained_and_left(tmp_path: Path, share: float) -> None:
    path = tmp_path / "catalog.sqlite"
    with Catalog(str(path)) as catalog:
        for number in range(2000):
            catalog.folder("files", "v" * 50, f"{number}")
    content = path.read_bytes()
    content = content[: int(len(content) * share)]
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=r"catalog\.sqlite"), Catalog(str(path)) as catalog:  # noqa: PT012
        for number in range(2000):
            catalog.folder("files", "v" * 50, f"{number}")
    assert path.read_bytes() == content


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="no mount table here")
def test_a_link_to_a_catalog_that_would_be_on_the_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas = tmp_path / "nas"
    nas.mkdir()
    table = tmp_path / "mountinfo"
    table.write_text(f"28 1 254:1 / / rw - ext4 /dev/vda1 rw\n31 28 0:45 / {nas} rw - nfs nas:/x rw\n")
    monkeypatch.setattr(volumes, "MOUNTINFO", table)
    (tmp_path / "catalog.sqlite").symlink_to(nas / "catalog.sqlite")
    with pytest.raises(CatalogError, match="network file system"):
        open_catalog(str(tmp_path / "catalog.sqlite")).db.close()
    assert os.listdir(nas) == []
