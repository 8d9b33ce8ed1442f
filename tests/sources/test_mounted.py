"""From a volume and a path within it back to the path."""

import os
from pathlib import Path

import pytest

from lookalike.sources import mounted, volumes
from lookalike.sources.mounted import mounts_of, path_within
from lookalike.sources.volumes import Volume, volume_of


def test_a_path_leads_back_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "c"
    folder.mkdir(parents=True)
    volume = volume_of(str(folder))
    real = os.path.realpath(folder)
    found = path_within(mounts_of(volume.id), volume.key(real))
    assert found is not None
    assert os.path.samefile(found, folder)


def test_what_is_not_mounted_leads_nowhere() -> None:
    assert mounts_of("uuid:none") == []
    assert path_within([], "a/b.jpg") is None


def test_of_several_mounts_one_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"")
    mounts = [
        Volume("uuid:1", "/mnt/elsewhere", "", network=False), Volume("uuid:1", str(tmp_path), "photos", network=False),
    ]  # fmt: skip
    assert path_within(mounts, "photos/b.jpg") == str(tmp_path / "b.jpg")
    assert path_within(mounts, "photos") == str(tmp_path)
    assert path_within(mounts, "photos/gone.jpg") == "/mnt/elsewhere/photos/gone.jpg"
    assert path_within(mounts[1:], "photosnot/b.jpg") is None


def test_shares_that_may_not_answer_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        f"1 0 8:1 / {tmp_path} rw - ext4 /dev/sda rw\n2 1 0:1 / /mnt/dead rw - nfs4 server:/dead rw\n"
        "3 1 0:2 / /mnt/share rw - nfs4 server:/share rw\n"
    )
    monkeypatch.setattr(volumes, "MOUNTINFO", table)
    asked = []

    def look(point: str) -> Volume:
        asked.append(point)
        return Volume("nfs4:server:/share" if point == "/mnt/share" else "fsid:1", point, "", network=False)

    monkeypatch.setattr(mounted, "volume_of", look)
    assert [mount.point for mount in mounts_of("nfs4:server:/share")] == ["/mnt/share"]
    assert [mount.point for mount in mounts_of("fsid:1")] == [str(tmp_path)]
    assert "/mnt/dead" not in asked
    monkeypatch.setattr(volumes, "MOUNTINFO", tmp_path / "none")
    monkeypatch.setattr(mounted, "volume_of", volume_of)
    assert mounts_of(volume_of(os.sep).id)
