import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.sources import volumes
from lookalike.sources.volumes import (
    MOUNTINFO,
    NETWORK,
    STABLE_INODES,
    Mount,
    Volume,
    choose_mount,
    mounted,
    parse_mountinfo,
    path_on,
    readers_of,
    volume_of,
)

TABLE = """\
22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
31 28 8:17 /photos /mnt/my\\040usb\\011drive rw,relatime shared:20 master:3 - vfat /dev/sdb1 rw
32 28 0:45 / /mnt/nas rw,relatime - nfs4 nas.local:/export/photos rw,vers=4.2
33 32 0:46 / /mnt/nas/deep rw - cifs //server/share rw
34 28 0:47 / /home/me/cloud rw - fuse.sshfs me@host: rw
35 28 8:33 / /mnt/back\\134slash rw - xfs /dev/sdc1 rw
36 28 8:49 / /mnt/under rw - ext4 /dev/sdd1 rw
37 36 8:50 / /mnt/under rw - btrfs /dev/sde1 rw
garbage
38 28 8:51
"""


def mount_of(path: str) -> Mount:
    found = choose_mount(parse_mountinfo(TABLE), path)
    assert found is not None
    return found


def test_lines_are_parsed_and_broken_ones_passed_over() -> None:
    mounts = parse_mountinfo(TABLE)
    assert len(mounts) == 9
    assert mounts[1] == Mount("254:1", "/", "/", "ext4", "/dev/vda1", 28, 1)
    assert mounts[3] == Mount("0:45", "/", "/mnt/nas", "nfs4", "nas.local:/export/photos", 32, 28)
    assert parse_mountinfo("") == []


def test_octal_escapes() -> None:
    mounts = parse_mountinfo(TABLE)
    assert mounts[2].point == "/mnt/my usb\tdrive"
    assert mounts[2].root == "/photos"
    assert mounts[6].point == "/mnt/back\\slash"


@given(st.binary(min_size=1).filter(lambda raw: b"\0" not in raw))
def test_any_mount_point_survives(raw: bytes) -> None:
    escaped = b"".join(b"\\%03o" % byte if byte in b" \t\n\\" else bytes([byte]) for byte in raw)
    line = f"31 28 8:17 / /{os.fsdecode(escaped)} rw - vfat /dev/sdb1 rw"
    assert [mount.point for mount in parse_mountinfo(line)] == ["/" + os.fsdecode(raw)]


def test_a_line_break_of_unicode_in_a_mount_point() -> None:
    point = "/mnt/next\x85line and\u2028more\x0b\x0c"
    line = f"31 28 8:17 / {point.replace(' ', chr(92) + '040')} rw - vfat /dev/sdb1 rw\n"
    assert [mount.point for mount in parse_mountinfo(line + line)] == [point] * 2


@pytest.mark.parametrize(
    ("path", "point", "type_"),
    [
        ("/", "/", "ext4"),
        ("/home/me/a.jpg", "/", "ext4"),
        ("/mnt/nas", "/mnt/nas", "nfs4"),
        ("/mnt/nas/a/b.jpg", "/mnt/nas", "nfs4"),
        ("/mnt/nas/deep/b.jpg", "/mnt/nas/deep", "cifs"),
        ("/mnt/nas/deeper/b.jpg", "/mnt/nas", "nfs4"),
        ("/mnt/nasty", "/", "ext4"),
        ("/mnt/my usb\tdrive/x", "/mnt/my usb\tdrive", "vfat"),
        ("/mnt/under/x", "/mnt/under", "btrfs"),
    ],
)
def test_the_deepest_and_last_mount_is_chosen(path: str, point: str, type_: str) -> None:
    assert (mount_of(path).point, mount_of(path).type) == (point, type_)


def test_no_mount_at_all() -> None:
    assert choose_mount([], "/a") is None


@pytest.mark.parametrize("type_", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "ceph", "lustre"])
def test_network_types(type_: str) -> None:
    assert type_ in NETWORK
    assert type_ not in STABLE_INODES


@pytest.mark.parametrize("type_", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "vfat", "exfat", "ntfs3", "fuseblk"])
def test_local_types(type_: str) -> None:
    assert type_ not in NETWORK


@pytest.mark.parametrize(
    ("volume", "path", "key"),
    [
        (Volume("v", "/", "", False), "/", ""),
        (Volume("v", "/", "", False), "/home/a.jpg", "home/a.jpg"),
        (Volume("v", "/mnt/usb", "", False), "/mnt/usb", ""),
        (Volume("v", "/mnt/usb", "photos", False), "/mnt/usb", "photos"),
        (Volume("v", "/mnt/usb", "photos/a", False), "/mnt/usb/b/c.jpg", "photos/a/b/c.jpg"),
        (Volume("v", "/mnt/usb", "", False), "/mnt/usb/no\udcff.jpg", "no\udcff.jpg"),
    ],
)
def test_the_key_is_the_path_within_the_volume(volume: Volume, path: str, key: str) -> None:
    assert volume.key(path) == key


@given(st.lists(st.sampled_from(["a", "b", "c d", "\udcff"]), max_size=4))
def test_another_mount_point_changes_no_key(parts: list[str]) -> None:
    here, there = Volume("v", "/mnt/usb", "", False), Volume("v", "/media/me/disk", "", False)
    inside = Volume("v", "/bind", "photos", False)
    path = "/".join(parts)
    assert here.key(f"/mnt/usb/{path}") == there.key(f"/media/me/disk/{path}") == path
    assert inside.key(f"/bind/{path}") == here.key(f"/mnt/usb/photos/{path}")


def test_the_volume_of_a_real_path(tmp_path: Path) -> None:
    volume = volume_of(str(tmp_path))
    assert volume == volume_of(str(tmp_path))
    assert str(tmp_path.resolve()).startswith(volume.point)
    assert ":" in volume.id
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert volume_of(str(tmp_path / "link")) == volume
    with pytest.raises(FileNotFoundError):
        volume_of(str(tmp_path / "missing"))


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="no mount table here")
def test_two_file_systems_have_two_identities(tmp_path: Path) -> None:
    proc, here = volume_of("/proc"), volume_of(str(tmp_path))
    assert proc.point == "/proc"
    assert proc.id != here.id
    assert not proc.network
    mounted = {mount.point for mount in parse_mountinfo(MOUNTINFO.read_text("utf-8", "surrogateescape"))}
    assert {proc.point, here.point} <= mounted


def test_a_path_leads_back_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "c"
    folder.mkdir(parents=True)
    volume = volume_of(str(folder))
    found = path_on(mounted(), volume.id, volume.key(os.path.realpath(folder)))
    assert found is not None
    assert os.path.samefile(found, folder)


def test_of_several_mounts_one_that_shows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 0:1 / / rw - nfs4 other:/ rw\n2 1 0:2 /photos /mnt/part rw - nfs4 server:/share rw\n"
        "3 1 0:2 / /mnt/whole rw - nfs4 server:/share rw\n4 1 0:3 / /mnt/over rw - nfs4 server:/hidden rw\n"
        "5 4 0:4 / /mnt/over rw - nfs4 server:/shown rw\n"
    )
    monkeypatch.setattr(volumes, "MOUNTINFO", table)
    monkeypatch.setattr(os, "statvfs", lambda path: pytest.fail(f"{path} may never answer"))
    here = mounted()
    assert path_on(here, "nfs4:server:/share", "photos/a.jpg") == "/mnt/whole/photos/a.jpg"
    del here["nfs4:server:/share"][0]
    assert path_on(here, "nfs4:server:/share", "photos/a.jpg") == "/mnt/part/a.jpg"
    assert path_on(here, "nfs4:server:/share", "photosnot/a.jpg") is None
    assert path_on(here, "nfs4:server:/shown", "a.jpg") == "/mnt/over/a.jpg"
    assert path_on(here, "nfs4:server:/hidden", "a.jpg") is None, "another one is mounted over it"


@pytest.mark.skipif(not hasattr(os, "makedev"), reason="POSIX")
@pytest.mark.parametrize(("flag", "readers"), [(b"1\n", 1), (b"0\n", None)])
@pytest.mark.parametrize("partition", [False, True])
def test_a_rotating_disk_likes_one_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: bytes, readers: int | None, *, partition: bool
) -> None:
    disk = tmp_path / "disk"
    (disk / "queue").mkdir(parents=True)
    (disk / "queue" / "rotational").write_bytes(flag)
    (disk / "part1").mkdir()
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "8:17").symlink_to(disk / "part1" if partition else disk)
    monkeypatch.setattr(volumes, "BLOCK_DEVICES", tmp_path / "block")
    local, share = (Volume("v", "/", "", network=network) for network in (False, True))
    assert readers_of(local, os.makedev(8, 17)) == readers
    assert readers_of(local, os.makedev(8, 18)) is None, "nothing is known of it"
    assert readers_of(share, os.makedev(8, 17)) == 2


def test_without_a_mount_table_a_device_is_a_volume(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(volumes, "MOUNTINFO", tmp_path / "none")
    (tmp_path / "a").mkdir()
    volume = volume_of(str(tmp_path / "a"))
    assert volume.id == f"device:{tmp_path.stat().st_dev:x}"
    assert os.path.ismount(volume.point)
    assert os.path.join(volume.point, volume.key(os.path.realpath(tmp_path))) == os.path.realpath(tmp_path)
    assert (volume.network, volume.stable_inodes) == (False, False)
    assert list(mounted().values()) == [[volume_of(os.sep)]]


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="devices by other names")
def test_a_disk_is_known_by_its_uuid_and_what_cannot_be_looked_at_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = Path("/dev/null").stat().st_rdev
    table = tmp_path / "mountinfo"
    table.write_text(
        f"1 0 0:1 / / rw - nfs4 other:/ rw\n2 1 {os.major(device)}:{os.minor(device)} /sub {tmp_path} rw - ext4 /dev/sdb1 rw\n"
        f"3 2 9999:9 / {tmp_path / 'unplugged'} rw - vfat /dev/sdc1 rw\n"
    )
    monkeypatch.setattr(volumes, "MOUNTINFO", table)
    monkeypatch.setattr(volumes, "UUIDS", tmp_path / "by-uuid")
    assert volume_of(str(tmp_path)).id.startswith("fsid:"), "udev does not run everywhere"
    volumes._mounted.cache_clear()
    (tmp_path / "by-uuid").mkdir()
    for name, target in (("1111-AAAA", "/nowhere"), ("2222-BBBB", "/dev/zero"), ("3333-CCCC", "/dev/null")):
        (tmp_path / "by-uuid" / name).symlink_to(target)
    here = volume_of(str(tmp_path))
    assert here == Volume("uuid:3333-CCCC", str(tmp_path), "sub", network=False, stable_inodes=True)
    assert mounted() == {"nfs4:other:/": [Volume("nfs4:other:/", "/", "", network=True)], here.id: [here]}
    table.write_text("")
    assert volume_of(str(tmp_path)).id.startswith("device:")
