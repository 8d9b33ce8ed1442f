"""ZIP and TAR archives, sound ones and such as break things on purpose."""

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.errors import SourceError
from lookalike.sources import blobs
from lookalike.sources.blobs import blob
from lookalike.sources.folders import Folder, Packed, Unreadable
from lookalike.sources.kinds import open_source
from lookalike.sources.members import MAX_MEMBER_BYTES, most_unpacked
from lookalike.sources.tars import Tar
from lookalike.sources.zips import Zip

PICTURES = [encode(scene(seed, 160, 120)) for seed in range(8)]
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes, ".tar.gz": gzip.compress, ".tar.bz2": bz2.compress, ".tar.xz": lzma.compress,
}  # fmt: skip


def old(path: Path) -> Path:
    """Date a file back, so that its time is settled."""
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


def tar_of(members: dict[str, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **options) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_600_000_000
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class _NoSeek(io.RawIOBase):
    """A pipe: what is written to it has sizes behind each member."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def piped_zip(members: dict[str, bytes]) -> bytes:
    pipe = _NoSeek()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return pipe.data


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(old(path))


def listed(path: str) -> tuple[dict[str, bytes | Unreadable], dict[str, int], list[str]]:
    """Return what a source gives, what it skipped and what it says is wrong with it as a whole."""
    source = open_source(path)
    assert source is not None
    found: dict[str, bytes | Unreadable] = {}
    skipped: dict[str, int] = {}
    wrong = []
    for folder in source.folders(0):
        for part in source.parts(folder):
            names = [part.path_of(entry.name) for entry in part.entries]
            found |= zip((entry.name for entry in part.entries), source.read(names), strict=True)
            for kind, count in part.skipped.items():
                skipped[kind] = skipped.get(kind, 0) + count
            wrong += [unread.reason for unread in part.failures]
    again = open_source(path)  # without a listing, in another order
    assert again is not None
    for name in sorted(found, reverse=True):
        (data,) = again.read([f"{path}/{name}"])
        assert isinstance(data, bytes) == isinstance(found[name], bytes)
        assert data == found[name] or isinstance(data, Unreadable)
    return found, skipped, wrong


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_tar_is_read_from_the_front_and_in_any_order(tmp_path: Path, ending: str) -> None:
    members = {f"set/{number}.jpg": data for number, data in enumerate(PICTURES)}
    path = write(tmp_path / f"x{ending}", COMPRESSED[ending](tar_of(members)))
    assert listed(path) == (members, {}, [])


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_a_zip_of_any_method(tmp_path: Path, method: int) -> None:
    members = {f"set/{number}.jpg": data for number, data in enumerate(PICTURES)}
    assert listed(write(tmp_path / "x.zip", zip_of(members, method))) == (members, {}, [])


def test_a_zip_of_a_method_that_nobody_here_knows(tmp_path: Path) -> None:
    """93 is Zstandard; the other members are read."""
    data = bytearray(zip_of({"a.jpg": PICTURES[0], "b.jpg": PICTURES[1]}))
    struct.pack_into("<H", data, 8, 93)
    struct.pack_into("<H", data, data.index(b"PK\1\2") + 10, 93)
    found, _, wrong = listed(write(tmp_path / "x.zip", bytes(data)))
    assert found["b.jpg"] == PICTURES[1]
    assert found["a.jpg"] == Unreadable("unsupported", "That compression method is not supported")
    assert wrong == []


@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.75])
def test_a_tar_that_was_cut_off(tmp_path: Path, ending: str, share: float) -> None:
    noise = [random.Random(seed).randbytes(40_000) for seed in range(12)]
    members = {f"{number:02}.jpg": b"\xff\xd8\xff" + data for number, data in enumerate(noise)}
    whole = COMPRESSED[ending](tar_of(members))
    path = write(tmp_path / f"x{ending}", whole[: int(len(whole) * share)])
    found, _, (wrong,) = listed(path)
    sound = {name: data for name, data in found.items() if isinstance(data, bytes)}
    assert members.items() > sound.items()
    if ending != ".tar.bz2":  # its blocks hold 900 KB
        assert len(sound) >= int(len(members) * share) - 2
    assert "the archive is damaged after" in wrong


def test_a_tar_that_was_cut_off_between_members(tmp_path: Path) -> None:
    """`tarfile` would take that for the end."""
    whole = tar_of({f"{number}.jpg": bytes(512) for number in range(4)})
    found, _, (wrong,) = listed(write(tmp_path / "x.tar", whole[:2048]))
    assert list(found) == ["0.jpg", "1.jpg"]
    assert "without the mark of an end" in wrong


def test_a_tar_with_a_damaged_header(tmp_path: Path) -> None:
    """`tarfile` would take that for the end, too."""
    whole = bytearray(tar_of({f"{number}.jpg": bytes(512) for number in range(4)}))
    whole[2048 + 10] ^= 1
    found, _, (wrong,) = listed(write(tmp_path / "x.tar", bytes(whole)))
    assert list(found) == ["0.jpg", "1.jpg"]
    assert "bad checksum" in wrong


@pytest.mark.parametrize("make", [zip_of, piped_zip], ids=["stored", "piped"])
def test_a_zip_that_was_cut_off(tmp_path: Path, make: Callable[[dict[str, bytes]], bytes]) -> None:
    members = {f"{number}.jpg": data for number, data in enumerate(PICTURES)}
    whole = make(members)
    found, _, (wrong,) = listed(write(tmp_path / "x.zip", whole[: len(whole) // 2]))
    assert members.items() > found.items()
    assert len(found) >= 3
    assert "members were found: File is not a zip file" in wrong
    alone = make({"0.jpg": PICTURES[0]})
    _, _, (wrong,) = listed(write(tmp_path / "y.zip", alone[: alone.rindex(b"PK\1\2")]))
    assert "1 member was found: File is not a zip file" in wrong


@pytest.mark.parametrize("inside", ["set/x.jpg", "set", ""])
def test_what_is_in_an_archive_is_chosen_by_globs(tmp_path: Path, inside: str) -> None:
    archive = write(tmp_path / "a.zip", zip_of({"set/x.jpg": PICTURES[0], "y.jpg": PICTURES[1]}))
    with pytest.raises(SourceError, match="name that, without anything after it") as caught:
        la.find(f"{archive}/{inside}", use_catalog=False)
    assert f"{archive} is the archive" in str(caught.value)
    assert (f"--include '/{inside}'" in str(caught.value)) == bool(inside)
    assert la.find(archive, include=[f"/{inside}"] if inside else ["*.jpg"], use_catalog=False).stats["images"] == (
        1 if inside else 2
    )


def test_what_is_cut_off_is_incomplete_and_tried_again(tmp_path: Path) -> None:
    whole = tar_of({f"{number}.jpg": PICTURES[number % 3] for number in range(6)})
    path = write(tmp_path / "x.tar", whole[: len(whole) // 2])
    for _ in range(2):
        first = la.find(path)
        assert first.incomplete
        assert {failure.kind for failure in first.failures} == {"damaged"}
        assert 2 <= first.stats["hashed"] < 6
    write(tmp_path / "x.tar", whole)
    second = la.find(path)
    assert (second.incomplete, second.stats["hashed"]) == ([], 6)


def test_one_bad_member_is_one_failure(tmp_path: Path) -> None:
    data = bytearray(zip_of({f"{number}.jpg": picture for number, picture in enumerate(PICTURES)}))
    data[data.index(PICTURES[3]) + 500] ^= 1
    findings = la.find(write(tmp_path / "x.zip", bytes(data)))
    (failure,) = findings.failures
    assert failure.ref.path.endswith("x.zip/3.jpg")
    assert (failure.kind, findings.stats["hashed"], findings.incomplete) == ("damaged", 7, [])


def test_encrypted_members_are_denied_and_texts_among_them_skipped(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.jpg": PICTURES[0], "b.txt": b"hello", "c.jpg": PICTURES[1]}))
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature)
        for _ in range(2):
            struct.pack_into("<H", data, at + flags, 1)
            at = data.index(signature, at + 4)
    path = write(tmp_path / "x.zip", bytes(data))
    findings = la.find(path)
    assert [(failure.kind, failure.reason) for failure in findings.failures] == [("denied", "it is encrypted")]
    assert (findings.stats["hashed"], findings.stats["skipped"]) == (1, {"not an image": 1})
    source = Zip(blob(path))
    assert list(source.read_whole([f"{path}/{name}" for name in ("b.txt", "c.jpg")])) == [
        Unreadable("denied", "it is encrypted"), PICTURES[1]
    ]  # fmt: skip
    os.utime(path, (1, 1))
    source.close()
    assert not source.is_there()
    for read in (source.read, source.read_whole):
        (found,) = read([f"{path}/c.jpg"])
        assert isinstance(found, Unreadable)
        assert (found.kind, "another one" in found.reason) == ("transient", True)


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2], ids=str)
@pytest.mark.parametrize("declared", [None, 1000])
def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, method: int, declared: int | None) -> None:
    """Also where it says that it is small: what more there is makes it a damaged member."""
    size = 100_000_000
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive, archive.open("a.jpg", "w") as member:
        for _ in range(10):
            member.write(bytes(10_000_000))
    data = bytearray((tmp_path / "x.zip").read_bytes())
    claimed = 2 * MAX_MEMBER_BYTES if declared is None else declared
    at = data.index(b"PK\1\2")
    assert struct.unpack_from("<L", data, at + 24) == (size,)
    struct.pack_into("<L", data, at + 24, claimed)
    path = write(tmp_path / "x.zip", bytes(data))
    source = Zip(blob(path))
    for read in (source.read, source.read_whole):
        (found,) = read([f"{path}/a.jpg"])
        assert isinstance(found, Unreadable)
        assert found.kind == ("limit" if declared is None else "damaged")
        assert peak(lambda: list(read([f"{path}/a.jpg"]))) < 40_000_000  # noqa: B023 - called before the next turn


def test_members_that_lie_on_each_other_are_read_one_by_one(tmp_path: Path) -> None:
    """A hundred entries of one megabyte of zeros are a hundred reads, and a megabyte at a time."""
    data = zip_of({"a.jpg": bytes(1_000_000)}, zipfile.ZIP_DEFLATED)
    at = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[at:end]
    tail = bytearray(data[end:])
    struct.pack_into("<HHLL", tail, 8, 100, 100, 100 * len(entry), at)
    path = write(tmp_path / "x.zip", data[:at] + 100 * entry + tail)
    top = peak(lambda: la.find(path, use_catalog=False, workers=1))
    assert top < 60_000_000


def test_members_are_unpacked_up_to_what_deflate_could_make_of_the_whole_archive(tmp_path: Path) -> None:
    """Three hundred members that all are the same 32 megabytes: nobody waits for 10 GB of an archive of 50 KB."""
    data = zip_of({"a.jpg": bytes(32 << 20)}, zipfile.ZIP_DEFLATED)
    at, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    tail = bytearray(data[end:])
    struct.pack_into("<HHLL", tail, 8, 300, 300, 300 * (end - at), at)
    path = write(tmp_path / "x.zip", data[:at] + 300 * data[at:end] + tail)
    source = Zip(blob(path))
    (folder,) = source.folders(0)
    names = [entry.name for part in source.parts(folder) for entry in part.entries]
    assert len(names) == 300
    whole = most_unpacked(os.path.getsize(path)) // (32 << 20)
    assert 32 < whole < 40
    first, last, after, end_of_all = (names[at] for at in (0, whole - 1, whole, 299))
    found = list(source.read([f"{path}/{name}" for name in (first, last, after, end_of_all)]))
    refused = [one.reason if isinstance(one, Unreadable) else "" for one in found]
    assert "verlapped entries" in refused[1] or not any(refused[:2])  # newer versions of zipfile see that they are one
    assert all(refused[2:])
    assert found[3] == Unreadable("limit", "its archive unpacks to far more than it is")


def test_a_tar_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """Neither as a member, nor as what calls itself a long name."""
    for name, kind in (("a.jpg", tarfile.REGTYPE), ("long", tarfile.GNUTYPE_LONGNAME), ("pax", tarfile.XHDTYPE)):
        path = tmp_path / f"{name}.tar.gz"
        with gzip.open(path, "wb", 1) as file:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, 2 * MAX_MEMBER_BYTES
            file.write(info.tobuf(tarfile.GNU_FORMAT))
            for _ in range(20):
                file.write(bytes(10_000_000))
        source = Tar(blob(str(path)))
        (folder,) = source.folders(0)
        parts: list[Folder] = []
        top = peak(lambda source=source, folder=folder, parts=parts: parts.extend(source.parts(folder)))  # type: ignore[misc]
        assert top < 20_000_000
        assert any(part.failures for part in parts)  # it ends early
        assert [entry.name for part in parts for entry in part.entries] == (["a.jpg"] if name == "a.jpg" else [])


def test_names_that_lead_elsewhere_and_what_is_no_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, name in enumerate(
            ["/etc/a.jpg", "../../b.jpg", "c.jpg", "c.jpg", "x" * 300 + "/d.jpg", "e\udcff.jpg"]
        ):
            info = tarfile.TarInfo(name)
            info.size = len(PICTURES[number])
            archive.addfile(info, io.BytesIO(PICTURES[number]))
        for name, kind in (
            ("folder", tarfile.DIRTYPE), ("link.jpg", tarfile.SYMTYPE), ("hard.jpg", tarfile.LNKTYPE),
            ("device.jpg", tarfile.CHRTYPE), ("pipe.jpg", tarfile.FIFOTYPE),
        ):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "c.jpg"
            archive.addfile(info)
    found, skipped, wrong = listed(write(tmp_path / "x.tar", buffer.getvalue()))
    assert list(found) == [
        "etc/a.jpg", "__/__/b.jpg", "c.jpg", "c.jpg#2", "x" * 300 + "/d.jpg", "e\udcff.jpg"
    ]  # fmt: skip
    assert list(found.values()) == PICTURES[:6]
    assert (skipped, wrong) == ({"not a regular file": 3, "hard link": 1}, [])


def test_names_in_a_zip(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir("folder.jpg")
        for number, name in enumerate(["/etc/a.jpg", "../b.jpg", "c#2.jpg", "ü.jpg"]):
            archive.writestr(name, PICTURES[number])
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("../b.jpg", PICTURES[4])
        link = zipfile.ZipInfo("link.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "../../etc/passwd")
    found, skipped, _ = listed(write(tmp_path / "x.zip", buffer.getvalue()))
    assert list(found) == ["etc/a.jpg", "__/b.jpg", "c#2.jpg", "ü.jpg", "__/b.jpg#2"]
    assert skipped == {"not a regular file": 1}


def test_a_name_that_is_no_utf8_costs_only_its_own_member(tmp_path: Path) -> None:
    data = zip_of({"ü.jpg": PICTURES[0], "b.jpg": PICTURES[1]}).replace("ü".encode(), b"\xff\xfe")
    found, _, _ = listed(write(tmp_path / "x.zip", data))
    assert found["b.jpg"] == PICTURES[1]
    assert len(found) == 2


def test_a_sparse_member_is_a_failure_and_pax_names_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("ü" * 200 + ".jpg")
        info.size, info.pax_headers = len(PICTURES[0]), {"mtime": "1600000000.123"}
        archive.addfile(info, io.BytesIO(PICTURES[0]))
        info = tarfile.TarInfo("sparse.jpg")
        info.size = 512
        info.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,512",
            "GNU.sparse.size": "9000",
        }
        archive.addfile(info, io.BytesIO(bytes(512)))
    found, _, wrong = listed(write(tmp_path / "x.tar", buffer.getvalue()))
    assert found == {"ü" * 200 + ".jpg": PICTURES[0], "sparse.jpg": Unreadable("unsupported", "a sparse member")}
    assert wrong == []


@pytest.mark.parametrize("mtime", ["nan", "1e300", "-1e300"])
def test_times_that_are_none(tmp_path: Path, mtime: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.jpg")
        info.size, info.pax_headers = len(PICTURES[0]), {"mtime": mtime}
        archive.addfile(info, io.BytesIO(PICTURES[0]))
    assert la.find(write(tmp_path / "x.tar", buffer.getvalue())).stats["hashed"] == 1


@pytest.mark.parametrize("size", [b"\x80" + b"\xff" * 11, b"\xff" * 12, b"\x80\xff" + bytes(10)])
def test_sizes_that_are_none(tmp_path: Path, size: bytes) -> None:
    """Below zero, or beyond what any disk holds: no endless loop."""
    data = bytearray(tar_of({"a.jpg": PICTURES[0], "b.jpg": PICTURES[1]}))
    at = 512 + -(-len(PICTURES[0]) // 512) * 512
    data[at + 124 : at + 136] = size
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    findings = la.find(write(tmp_path / "x.tar", bytes(data)))
    assert findings.stats["hashed"] == 1
    assert findings.incomplete


def test_archives_in_archives_and_folders_are_counted(tmp_path: Path) -> None:
    inner = zip_of({"a.jpg": PICTURES[0]})
    write(
        tmp_path / "x.zip",
        zip_of({"inner.zip": inner, "a.jpg": PICTURES[1], "inner.tar.gz": gzip.compress(tar_of({}))}),
    )
    assert la.find(tmp_path / "x.zip").stats["skipped"] == {"archive": 2}
    assert la.find(tmp_path).stats["skipped"] == {"archive": 1}


def test_a_folder_named_like_an_archive_is_a_folder(tmp_path: Path) -> None:
    for name in ("x.zip", "y.tar.gz"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(PICTURES[0])
        findings = la.find(tmp_path / name)
        assert findings.stats["hashed"] == 1
    findings = la.find(tmp_path)
    (group,) = findings.groups
    assert [member.ref.source for member in group.members] == ["files", "files"]


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
@pytest.mark.parametrize("data", [b"", b"hello", bytes(10_000), b"PK\3\4", b"\x1f\x8b"])
def test_what_is_no_archive_is_no_crash(tmp_path: Path, name: str, data: bytes) -> None:
    findings = la.find(write(tmp_path / name, data))
    assert findings.stats["hashed"] == 0
    assert bool(findings.incomplete) != (
        name.startswith("x.tar") and data == bytes(10_000)
    )  # zeros are an archive of nothing


@pytest.mark.parametrize("make", [zip_of, piped_zip, tar_of, lambda members: gzip.compress(tar_of(members), mtime=0)])
def test_random_damage_never_escapes(tmp_path: Path, make: Callable[[dict[str, bytes]], bytes]) -> None:
    """Bytes changed, cut out and cut off: rows or an error in words, whatever comes."""
    whole = make({f"{number}.jpg": b"\xff\xd8\xff" + bytes(range(200)) for number in range(6)})
    dice = random.Random(5)
    name = "x.zip" if whole.startswith(b"PK") else "x.tar"
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(data))
            kind = dice.random()
            if kind < 0.7:
                data[at] = dice.choice([0, 255, 128, dice.randrange(256)])
            elif kind < 0.9:
                del data[at : at + dice.randrange(1, 600)]
            else:
                data[at:at] = dice.randbytes(dice.randrange(1, 40))
            data = data or bytearray(1)
        path = write(tmp_path / name, bytes(data))
        try:
            source = open_source(path)
        except OSError:
            continue
        assert source is not None
        for folder in source.folders(0):
            for part in source.parts(folder):
                for found in source.read([part.path_of(entry.name) for entry in part.entries]):
                    assert isinstance(found, (bytes, Unreadable))


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("pipe", [False, True])
def test_members_with_sizes_of_eight_bytes(tmp_path: Path, cut: bool, pipe: bool) -> None:
    """As large archives have them, also where the table of contents is lost."""
    target: Any = _NoSeek() if pipe else io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            with archive.open(f"{number}.jpg", "w", force_zip64=True) as member:
                member.write(PICTURES[number])
    data = target.data if pipe else target.getvalue()
    found, _, wrong = listed(write(tmp_path / "x.zip", data[: data.index(b"PK\1\2")] if cut else data))
    assert found == {f"{number}.jpg": PICTURES[number] for number in range(4)}
    assert bool(wrong) == cut


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_many_threads_read_what_is_opened_and_let_go(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "MOST_OPEN", 1)
    members = {f"{number}.jpg": data for number, data in enumerate(PICTURES)}
    made = zip_of(members) if name == "x.zip" else COMPRESSED[name[1:]](tar_of(members))
    sources = [open_source(write(tmp_path / f"{number}-{name}", made)) for number in range(3)]

    def read(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(40):
            source, member = dice.choice(sources), dice.choice(list(members))
            assert source is not None
            assert list(source.read([f"{source.path}/{member}"])) == [members[member]]

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(read, seed) for seed in range(12)]:
            done.result()


def header(kind: bytes, size: int) -> bytearray:
    """Return a header of a tar archive."""
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, size
    return bytearray(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_headers_that_each_are_of_the_next_one_are_damage(tmp_path: Path, kind: bytes) -> None:
    path = write(tmp_path / "a.tar", bytes(header(kind, 0)) * 2000 + bytes(header(tarfile.REGTYPE, 0)) + bytes(1024))
    source = open_source(path)
    assert source is not None
    (part,) = [part for folder in source.folders(0) for part in source.parts(folder)]
    assert not part.complete
    assert "damaged" in part.failures[0].reason


def test_a_header_that_goes_on_for_ever_takes_no_memory(tmp_path: Path) -> None:
    first = header(tarfile.GNUTYPE_SPARSE, 0)
    first[482], first[483:495] = 1, b"00000000000\0"
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    more = b"00000000001\0" * 42 + b"\1" + bytes(7)
    path = write(tmp_path / "a.tar.gz", gzip.compress(bytes(first) + more * 20_000 + bytes(1536)))

    def read() -> None:
        source = open_source(path)
        assert source is not None
        assert [part.complete for folder in source.folders(0) for part in source.parts(folder)] == [False]

    assert peak(read) < 12_000_000


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_damage_in_what_is_no_image_is_a_failure_of_that_member(tmp_path: Path, name: str) -> None:
    text = random.Random(1).randbytes(200_000)
    if name == "a.zip":
        data = bytearray(zip_of({"a.txt": text}, zipfile.ZIP_LZMA))
        data[40:60] = b"\xff" * 20
    else:
        data = bytearray(gzip.compress(tar_of({"a.txt": text}))[:100_000])
    source: object = open_source(write(tmp_path / name, bytes(data)))
    assert isinstance(source, Packed)
    (found,) = source.read_whole([f"{tmp_path / name}/a.txt"])
    assert isinstance(found, Unreadable)
    assert found.kind == "damaged"


def test_a_text_that_was_cut_off_is_not_shown_as_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar", tar_of({"a.txt": bytes(5000)})[:3000])
    source: object = open_source(path)
    assert isinstance(source, Packed)
    assert list(source.read_whole([f"{path}/a.txt"])) == [
        Unreadable("damaged", "the archive is damaged there: it ends early")
    ]
