"""A set without its duplicates at a new place: every byte, every name, and nothing where something is wrong."""

import gc
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lookalike
from conftest import encode, scene
from lookalike import exporting
from lookalike.errors import UnsafeError, UsageError
from lookalike.files.wholes import Tree, check_free, new_archive, new_folder

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # webdataset leaves its shards open
Put = Callable[..., Path]
BIG = encode(scene(1), quality=92)
SMALL = encode(scene(1).resize((240, 180)), quality=85)
OTHER = encode(scene(2), quality=90)
THIRD = encode(scene(3), "PNG")
CAPTION = b'{"caption": "' + b"a picture of something, " * 40 + b'"}'
"""Longer than what tells that it is no image."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()  # here, where what was left open is no error
    assert not [name for name in os.listdir() if name.startswith(".lookalike-part-")]


def found(*roots: str, **options: Any) -> lookalike.Findings:
    usual: dict[str, Any] = {"tier": "copy", "use_catalog": False, "workers": 1}
    return lookalike.find(list(roots), **(usual | options))


def exported(findings: lookalike.Findings, **ways: Any) -> exporting.Exported:
    return lookalike.export(findings, **ways)


def tree(folder: str) -> dict[str, bytes]:
    top = Path(folder)
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def members(path: str) -> list[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        return [(info.name, file.read()) for info in archive if (file := archive.extractfile(info)) is not None]


def tarred(*files: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def classes(put: Put) -> None:
    put("set/cat/1.jpg", BIG)
    put("set/cat/1.txt", b"a cat")
    put("set/cat/2.jpg", SMALL)
    put("set/cat/2.txt", b"the same cat")
    put("set/dog/3.jpg", OTHER)
    put("set/dog/letter.doc", b"of nobody")


def test_copies_keep_class_folders_sidecars_bytes_and_times(put: Put) -> None:
    classes(put)
    os.utime("set/cat/1.jpg", (1_000_000_000, 1_000_000_000))
    done = lookalike.export(found("set"), copy_to="out")
    assert tree("out") == {"cat/1.jpg": BIG, "cat/1.txt": b"a cat", "dog/3.jpg": OTHER}
    assert (done.images, done.files, done.size, done.missing) == (2, 3, len(BIG) + len(OTHER) + 5, ())
    assert Path("out/cat/1.jpg").stat().st_mtime == 1_000_000_000
    assert len(tree("set")) == 6
    Path("empty").mkdir()
    assert lookalike.export(found("set"), copy_to="empty").images == 2


def test_units_off_leaves_sidecars(put: Put) -> None:
    classes(put)
    lookalike.export(found("set", units=False), copy_to="out")
    assert set(tree("out")) == {"cat/1.jpg", "dog/3.jpg"}


def test_labels_and_masks_in_folders_of_their_own_go_with_their_images(put: Put) -> None:
    for name, picture in {"a": BIG, "b": SMALL, "c": OTHER}.items():
        put(f"set/images/{name}.jpg", picture)
        put(f"set/labels/{name}.txt", name.encode())
        put(f"set/masks/{name}.png", encode(scene(ord(name)).convert("1"), "PNG"))
    lookalike.export(found("set"), copy_to="out")
    assert set(tree("out")) == {
        f"{folder}/{name}" for folder, ending in (("images", "jpg"), ("labels", "txt"), ("masks", "png"))
        for name in (f"a.{ending}", f"c.{ending}")
    }  # fmt: skip


def test_what_cannot_be_decoded_goes_along(put: Put) -> None:
    put("set/a.jpg", BIG)
    put("set/bad.jpg", BIG[:500])
    done = lookalike.export(found("set"), copy_to="out")
    assert tree("out") == {"a.jpg": BIG, "bad.jpg": BIG[:500]}
    assert done.missing == ()


@pytest.mark.parametrize("way", lookalike.exporting.WAYS)
def test_nothing_private_goes_along_because_a_symlink_names_it(put: Put, way: str) -> None:
    """Who made the folder could not read that, and may see what is exported."""
    put("home/key", b"secret")
    put("set/a.jpg", BIG)
    put("set/b.jpg", OTHER)
    put("far/c.jpg", THIRD)
    put("far/c.txt", b"a caption")
    for name, to in (("key.jpg", "home/key"), ("a.txt", "home/key"), ("c.jpg", "far/c.jpg"), ("c.txt", "far/c.txt")):
        os.symlink(f"../{to}", f"set/{name}")
    done = exported(found("set"), **{way: "out.tar" if way == "tar" else "out"})
    files = dict(members("out.tar")) if way == "tar" else tree("out")
    assert files == {"a.jpg": BIG, "b.jpg": OTHER, "c.jpg": THIRD, "c.txt": b"a caption"}
    assert {(one.path, one.reason) for one in done.missing} == {
        (path, exporting.ELSEWHERE) for path in ("set/key.jpg", "set/a.txt")
    }


def test_what_lies_beside_images_behind_symlinked_folders_goes_along(put: Put) -> None:
    put("far/images/a.jpg", BIG)
    put("far/labels/a.txt", b"1 0.5 0.5 1 1")
    os.mkdir("set")
    for name in ("images", "labels"):
        os.symlink(f"../far/{name}", f"set/{name}")
    done = lookalike.export(found("set", follow_symlinks=True), copy_to="out")
    assert tree("out") == {"images/a.jpg": BIG, "labels/a.txt": b"1 0.5 0.5 1 1"}
    assert done.missing == ()


def test_nothing_private_goes_along_because_a_row_names_it(put: Put) -> None:
    key, own = put("home/key", b"secret"), put("home/own", OTHER)
    cells = [{"bytes": BIG, "path": "a.jpg"}, {"bytes": None, "path": str(key)}, {"bytes": None, "path": str(own)}]
    findings = lookalike.find([{"image": cell} for cell in cells], use_catalog=False, workers=1)
    assert [(one.kind, one.reason.split(",")[1]) for one in findings.failures] == [
        ("unsupported", " which is no image by name or first bytes")
    ]
    lookalike.export(findings, copy_to="out")
    assert tree("out") == {"00000000.jpg": BIG, "00000002.jpg": OTHER}


def test_nothing_private_goes_along_because_a_hash_table_names_it(put: Put) -> None:
    """Of what could not be read a table has no digest, so it may name anything."""
    put("home/key", b"secret")
    put("set/a.jpg", BIG)
    put("set/bad.jpg", b"no image")
    table = lookalike.hash_images("set", decode="fast", thumbnails=True, use_catalog=False).to_arrow()
    rows = [{**row, "path": row["path"].replace("set/bad.jpg", "home/key")} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), "h.parquet")
    done = lookalike.export(found("h.parquet"), copy_to="out")
    assert list(tree("out").values()) == [BIG]
    assert [(one.path, one.reason) for one in done.missing] == [("home/key", exporting.ELSEWHERE)]


def test_links_lead_to_the_files(put: Put) -> None:
    classes(put)
    os.symlink("3.jpg", "set/dog/link.jpg")
    findings = found("set")
    lookalike.export(findings, hardlink_to="hard")
    assert os.path.samefile("hard/cat/1.jpg", "set/cat/1.jpg")
    lookalike.export(findings, symlink_to="soft")
    assert os.readlink("soft/cat/1.jpg") == os.path.realpath("set/cat/1.jpg")
    assert os.path.samefile("soft/cat/1.txt", "set/cat/1.txt")
    assert tree("hard") == tree("soft") == {"cat/1.jpg": BIG, "cat/1.txt": b"a cat", "dog/3.jpg": OTHER}


def test_links_to_members_are_refused_before_anything_is_made(put: Put) -> None:
    with zipfile.ZipFile("z.zip", "w") as archive:
        archive.writestr("a.jpg", BIG)
    put("set/a.jpg", OTHER)
    for way in ("hardlink_to", "symlink_to"):
        with pytest.raises(UsageError, match=r"links lead to ordinary files, and z\.zip/a\.jpg is none"):
            exported(found("z.zip", "set"), **{way: "out"})
    assert not Path("out").exists()


def test_several_roots_have_a_folder_each(put: Put) -> None:
    put("a/set/1.jpg", BIG)
    put("b/set/1.jpg", OTHER)
    with zipfile.ZipFile("set.zip", "w") as archive:
        archive.writestr("x/1.png", THIRD)
        archive.writestr("x/1.json", CAPTION)
        archive.writestr("readme.md", b"about")
    lookalike.export(found("a/set", "b/set", "set.zip"), copy_to="out")
    assert tree("out") == {"set/1.jpg": BIG, "set-2/1.jpg": OTHER, "set-3/x/1.png": THIRD, "set-3/x/1.json": CAPTION}


def test_a_sample_goes_whole_or_stays_whole_and_webdataset_reads_the_archive(put: Put) -> None:
    put("0.tar", tarred(
        ("./a.jpg", BIG), ("./a.json", CAPTION), ("./a.cls", b"7"), ("./b.png", THIRD), ("./b.json", CAPTION), ("note", b"x"),
    ))  # fmt: skip
    put("1.tar", tarred(
        ("c.jpg", SMALL), ("c.json", CAPTION), ("d.jpg", SMALL), ("d.seg.png", encode(scene(7), "PNG")), ("d.json", CAPTION),
    ))  # fmt: skip
    findings = found("0.tar", "1.tar")
    assert {"1.tar/c.jpg", "1.tar/d.jpg"}.intersection(findings.duplicate_paths)
    done = lookalike.export(findings, tar="out.tar")
    written = members("out.tar")
    kept = [("0/a.jpg", BIG), ("0/a.json", CAPTION), ("0/a.cls", b"7"), ("0/b.png", THIRD), ("0/b.json", CAPTION)]
    assert written[:5] == kept
    assert [name for name, _ in written[5:]] == [
        "1/d.jpg",
        "1/d.seg.png",
        "1/d.json",
    ]  # of which one image is no duplicate
    assert dict(written)["1/d.json"] == CAPTION
    assert (done.images, done.files) == (4, 8)
    webdataset = pytest.importorskip("webdataset")
    data = list(webdataset.WebDataset("out.tar", shardshuffle=False))
    assert [one["__key__"] for one in data] == ["0/a", "0/b", "1/d"]
    assert data[0]["jpg"] == BIG
    assert data[0]["json"] == CAPTION


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_compressed_archives_are_read_too(mode: Any) -> None:
    with tarfile.open("s.tar." + mode[2:], mode) as archive:
        for name, content in (
            ("a.json", CAPTION),
            ("a.jpg", BIG),
            ("b.jpg", SMALL),
            ("b.json", CAPTION),
            ("c.png", THIRD),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    lookalike.export(found("s.tar." + mode[2:]), copy_to="out")
    assert tree("out") == {"a.json": CAPTION, "a.jpg": BIG, "c.png": THIRD}


def test_names_that_would_lead_outside_or_come_twice(put: Put) -> None:
    put("s.tar", tarred(
        ("/etc/a.jpg", BIG), ("../../b.jpg", OTHER), ("c.png", THIRD), ("c.txt", b"one"), ("c.png", encode(scene(8), "PNG")),
        ("c.txt", b"two"),
    ))  # fmt: skip
    lookalike.export(found("s.tar"), copy_to="sub")
    assert set(tree("sub")) == {"etc/a.jpg", "__/__/b.jpg", "c.png", "c.txt", "c#2.png", "c#2.txt"}
    assert tree("sub")["c#2.txt"] == b"two"
    assert sorted(os.listdir()) == ["s.tar", "sub"]
    lookalike.export(found("s.tar"), tar="out.tar")
    assert all(not name.startswith(("/", "..")) for name, _ in members("out.tar"))


def test_a_name_that_is_both_file_and_folder_is_told(put: Put) -> None:
    put("s.tar", tarred(("a.jpg", BIG), ("a.jpg/b.jpg", OTHER)))
    done = lookalike.export(found("s.tar"), copy_to="out")
    assert tree("out") == {"a.jpg": BIG}
    assert [(one.path, one.reason.split(":")[0]) for one in done.missing] == [
        ("s.tar/a.jpg/b.jpg", "its name is taken by something else of the set")
    ]


def test_paths_of_any_bytes(put: Put) -> None:
    name = os.fsdecode(b"\xff\n.jpg")
    put(f"set/{name}", BIG)
    lookalike.export(found("set"), copy_to="out")
    assert os.listdir("out") == [name]
    lookalike.export(found("set"), tar="out.tar")
    assert members("out.tar") == [(name, BIG)]


@pytest.mark.parametrize("way", ["copy_to", "hardlink_to", "symlink_to", "tar"])
def test_what_has_changed_since_is_not_taken(put: Put, way: str) -> None:
    put("set/a.jpg", BIG)
    put("set/b.jpg", OTHER)
    put("set/c.png", THIRD)
    findings = found("set")
    put("set/b.jpg", OTHER[:-1] + b"\0" if way in ("copy_to", "tar") else OTHER + b"\0")
    os.unlink("set/c.png")
    done = exported(findings, **{way: "out.tar"})
    assert done.images == 1
    assert [(one.path, one.reason) for one in done.missing] == [
        ("set/b.jpg", exporting.CHANGED), ("set/c.png", "No such file or directory"),
    ]  # fmt: skip


def test_an_archive_that_was_changed_since(put: Put) -> None:
    put("s.tar", tarred(("a.jpg", BIG), ("b.jpg", OTHER)))
    findings = found("s.tar")
    put("s.tar", tarred(("a.jpg", OTHER), ("c.jpg", BIG)))
    done = lookalike.export(findings, copy_to="out")
    assert tree("out") == {}
    assert sorted(one.path for one in done.missing) == ["s.tar/a.jpg", "s.tar/b.jpg"]


def test_nothing_is_overwritten_and_nothing_put_into_what_was_searched(put: Put) -> None:
    classes(put)
    put("full/x", b"x")
    put("file.tar", b"x")
    os.symlink("nowhere", "link")
    findings, before = found("set"), tree(".")
    for way, target, error in (
        ("copy_to", "full", UnsafeError), ("copy_to", "file.tar", UnsafeError), ("tar", "file.tar", UnsafeError),
        ("copy_to", "link", UnsafeError), ("copy_to", "set", UnsafeError), ("copy_to", "set/out", UnsafeError),
        ("hardlink_to", "full/../set/cat/out", UnsafeError), ("tar", "set/out.tar", UnsafeError),
        ("copy_to", "no/such/place", UsageError), ("tar", "out.zip", UsageError),
    ):  # fmt: skip
        with pytest.raises(error):
            exported(findings, **{way: target})
    for ways in ({}, {"copy_to": "a", "tar": "a.tar"}):
        with pytest.raises(UsageError, match="give one of"):
            exported(findings, **ways)
    assert tree(".") == before


def test_a_reference_folder_takes_nothing_either(put: Put) -> None:
    put("new/a.jpg", SMALL)
    put("new/b.jpg", OTHER)
    put("old/a.jpg", BIG)
    findings = found("new", against=["old"])
    with pytest.raises(UnsafeError, match="lies in old"):
        lookalike.export(findings, copy_to="old/out")
    lookalike.export(findings, copy_to="out")
    assert tree("out") == {"b.jpg": OTHER}


def test_a_failure_on_the_way_leaves_nothing(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    classes(put)
    findings = found("set")
    calls = []

    def full(self: Tree, name: str, data: bytes, mtime_ns: int) -> None:
        calls.append(name)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        put_as_usual(self, name, data, mtime_ns)

    put_as_usual = Tree.put
    monkeypatch.setattr(Tree, "put", full)
    with pytest.raises(UsageError, match="cannot write out: No space left"):
        lookalike.export(findings, copy_to="out")
    assert len(calls) == 2
    assert os.listdir() == ["set"]

    def stop(self: Tree, name: str, data: bytes, mtime_ns: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Tree, "put", stop)
    with pytest.raises(KeyboardInterrupt):
        lookalike.export(findings, copy_to="out")
    assert os.listdir() == ["set"]


def test_what_appears_meanwhile_is_not_overwritten() -> None:
    def archived() -> None:
        with new_archive("out.tar") as archive:
            archive.put("a", b"a", 0)
            Path("out.tar").write_bytes(b"mine")

    def copied() -> None:
        with new_folder("out") as folder:
            Path(folder, "a").write_bytes(b"a")
            Path("out").mkdir()
            Path("out/mine").write_bytes(b"mine")

    with pytest.raises(UnsafeError, match="has appeared meanwhile"):
        archived()
    assert Path("out.tar").read_bytes() == b"mine"
    with pytest.raises(UnsafeError, match="nothing is overwritten"):
        copied()
    assert tree("out") == {"mine": b"mine"}
    check_free("new", folder=True)


def test_a_hard_link_to_another_file_system_says_what_to_do(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("set/a.jpg", BIG)
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == Path("set").stat().st_dev:
        pytest.skip("there is no second file system here")
    target = shm / f"lookalike-{os.getpid()}"
    with pytest.raises(UsageError, match="another file system"):
        lookalike.export(found("set"), hardlink_to=target)
    assert not target.exists()
    assert not list(shm.glob(".lookalike-part-*"))


def test_a_name_that_no_file_can_have_costs_only_its_own_member(put: Put) -> None:
    put("s.tar", tarred(("a.jpg", BIG), ("b" * 300 + ".jpg", OTHER)))
    done = lookalike.export(found("s.tar"), copy_to="out")
    assert tree("out") == {"a.jpg": BIG}
    assert [one.reason.split(":")[0] for one in done.missing] == ["no file can have its name here"]
