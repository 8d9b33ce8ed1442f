import os
from pathlib import Path

import pytest

from lookalike.errors import CatalogError
from lookalike.opening import default_catalog, default_ledger, open_catalog, open_ledger, refuse_network
from lookalike.sources import volumes
from lookalike.sources.volumes import MOUNTINFO, parse_mountinfo, volume_of


def suggested(message: str) -> str:
    """Return the path a message names as an example."""
    return message.partition("--catalog ")[2].partition(",")[0].strip()


def test_the_default_lies_in_the_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if os.name == "posix" and "darwin" not in os.uname().sysname.lower():
        assert default_catalog() == str(tmp_path / "cache" / "lookalike" / "catalog.sqlite")
    assert default_catalog().endswith("catalog.sqlite")


def test_a_catalog_is_made_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "yet" / "catalog.sqlite"
    with open_catalog(str(path)) as catalog:
        assert catalog.folder("files", "v", "a") == 1
    assert path.is_file()
    with open_catalog(str(path)) as catalog:
        assert catalog.db.execute("SELECT count(*) FROM folder").fetchone() == (1,)


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_catalog("catalog.sqlite").db.close()
    assert (tmp_path / "catalog.sqlite").is_file()


def test_none_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_catalog(None) as catalog:
        assert catalog.folder("files", "v", "a") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_network_file_system_is_refused_with_a_local_path() -> None:
    refuse_network("/home/me/catalog.sqlite", network=False)
    with pytest.raises(CatalogError) as caught:
        refuse_network("/mnt/nas/catalog.sqlite", network=True)
    message = str(caught.value)
    assert "/mnt/nas/catalog.sqlite is on a network file system" in message
    assert os.path.isabs(suggested(message))
    assert "--no-catalog" in message


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="no mount table here")
def test_the_local_path_of_the_message_is_local(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A home on the network is where most people meet this message.
    table = tmp_path / "mountinfo"
    home = tmp_path / "home"
    home.mkdir()
    table.write_text(
        f"28 1 254:1 / / rw - ext4 /dev/vda1 rw\n31 28 0:45 / {home} rw - nfs4 nas:/home rw\n", encoding="utf-8"
    )
    monkeypatch.setattr(volumes, "MOUNTINFO", table)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    with pytest.raises(CatalogError) as caught:
        open_catalog(default_catalog())
    path = suggested(str(caught.value))
    assert os.path.isabs(path)
    assert not path.startswith(str(home))


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="no mount table here")
def test_a_catalog_under_a_network_mount_is_refused_and_not_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "mountinfo"
    nas = tmp_path / "nas"
    nas.mkdir()
    table.write_text(
        f"28 1 254:1 / / rw - ext4 /dev/vda1 rw\n31 28 0:45 / {nas} rw - cifs //nas/photos rw\n", encoding="utf-8"
    )
    monkeypatch.setattr(volumes, "MOUNTINFO", table)
    assert volume_of(str(nas)).network
    assert volume_of(str(nas)).id == "cifs://nas/photos"
    for path in (nas / "catalog.sqlite", nas / "not" / "there" / "catalog.sqlite"):
        with pytest.raises(CatalogError, match="network file system"):
            open_catalog(str(path))
    (tmp_path / "link").symlink_to(nas, target_is_directory=True)
    with pytest.raises(CatalogError, match="network file system"):
        open_catalog(str(tmp_path / "link" / "catalog.sqlite"))
    assert list(nas.iterdir()) == []
    open_catalog(str(tmp_path / "catalog.sqlite")).db.close()


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="no mount table here")
def test_a_catalog_on_a_network_mount_of_this_machine_is_refused() -> None:
    mounts = [mount for mount in parse_mountinfo(MOUNTINFO.read_text("utf-8")) if mount.type in volumes.NETWORK]
    if not mounts:
        pytest.skip("no network file system is mounted here")
    with pytest.raises(CatalogError, match="network file system"):
        open_catalog(os.path.join(mounts[0].point, "catalog.sqlite"))


def test_the_ledger_lies_in_the_state_folder_of_the_user_and_is_made_with_its_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = default_ledger()
    if os.name == "posix" and "darwin" not in os.uname().sysname.lower():
        assert path == str(tmp_path / "state" / "lookalike" / "ledger.sqlite")
    with open_ledger(path) as ledger:
        assert ledger.decisions() == []
        assert ledger.db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert os.path.isfile(path)
