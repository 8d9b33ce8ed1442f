"""The scan as a whole: roots that go away, names of one file, files that change, progress."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.scan import listing, scanning, shortcut
from lookalike.scan.examining import Task
from lookalike.scan.shortcut import Shortcut
from lookalike.sources import files
from lookalike.sources.files import Walk
from lookalike.sources.folders import Folder
from lookalike.sources.roots import Root


def old(path: Path, seconds: int = 3600) -> None:
    """Date a file back, so that its time is settled."""
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize("names", [4, 512])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_root_that_goes_away_stops_the_scan_without_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, names: int
) -> None:
    """While its only folder is still being listed, or after that."""
    monkeypatch.setattr(scanning, "CHUNK_FILES", 1)
    monkeypatch.setattr(files, "PART_NAMES", names)
    drive, away, catalog = tmp_path / "drive", tmp_path / "away", tmp_path / "catalog.sqlite"
    drive.mkdir()
    for number in range(40):
        (drive / f"{number:02}.jpg").write_bytes(encode(scene(number)))
        old(drive / f"{number:02}.jpg")
    stays = tmp_path / "stays"
    stays.mkdir()
    (stays / "a.jpg").write_bytes(encode(scene(0)))

    def unplug(done: int, _listed: int, _finished: bool) -> None:
        if done >= 5 and drive.exists():
            drive.rename(away)

    findings = la.find([drive, stays], catalog=catalog, workers=workers, progress=unplug)
    stats = findings.stats
    assert findings.failures == []
    assert findings.missing_roots == [str(drive)]
    assert "went away" in findings.incomplete[0]
    assert "run the same command to continue" in findings.incomplete[0]
    assert 5 <= stats["images"] < 41

    away.rename(drive)
    again = la.find([drive, stays], catalog=catalog, workers=workers)
    assert again.incomplete == []
    assert again.stats["images"] == 41
    assert again.stats["cached"] >= 5
    assert again.stats["duplicates"] == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_root_that_goes_away_before_its_turn_is_missing(tmp_path: Path, workers: int) -> None:
    stays, drive, away = tmp_path / "stays", tmp_path / "drive", tmp_path / "away"
    for number, folder in enumerate((stays, drive)):
        folder.mkdir()
        (folder / "a.jpg").write_bytes(encode(scene(number)))

    def unplug(_done: int, _listed: int, _finished: bool) -> None:
        if drive.exists():
            drive.rename(away)

    findings = la.find([stays, drive], use_catalog=False, workers=workers, progress=unplug)
    assert findings.missing_roots == [str(drive)]
    assert "went away" in findings.incomplete[0]
    assert (findings.stats["images"], findings.failures) == (1, [])
    away.rename(drive)
    table = la.hash_images([stays, drive], use_catalog=False, workers=workers, progress=unplug)
    assert len(table.refs.paths) == 1
    assert "went away" in table.incomplete[0]


def test_a_file_that_vanishes_between_listing_and_reading_is_one_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(encode(scene(number)))
    listed = Walk.folders

    def remove_after_listing(self: Walk, root: Root, position: int) -> Iterator[Folder]:
        for folder in listed(self, root, position):
            (tmp_path / "2.jpg").unlink()
            yield folder

    monkeypatch.setattr(Walk, "folders", remove_after_listing)
    findings = la.find(tmp_path, use_catalog=False, workers=1)
    assert [(failure.kind, Path(failure.ref.path).name) for failure in findings.failures] == [("transient", "2.jpg")]
    assert findings.stats["images"] == 4
    assert findings.stats["hashed"] == 3
    assert findings.incomplete == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
@pytest.mark.parametrize("stand_in", ["text", "folder", "pipe"])
@pytest.mark.parametrize("verb", ["find", "hash"])
def test_what_stood_in_for_a_file_while_it_was_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand_in: str, verb: str
) -> None:
    photo, away, catalog = tmp_path / "set" / "photo", tmp_path / "away", tmp_path / "catalog.sqlite"
    photo.parent.mkdir()
    photo.write_bytes(encode(scene(1)))
    old(photo)
    listed = Walk.folders

    def swap_after_listing(self: Walk, root: Root, position: int) -> Iterator[Folder]:
        for folder in listed(self, root, position):
            photo.rename(away)
            if stand_in == "text":
                photo.write_bytes(b"hello")
            else:
                (os.mkdir if stand_in == "folder" else os.mkfifo)(photo)
            yield folder

    def skipped() -> dict[str, int]:
        if verb == "find":
            return dict(la.find(photo.parent, catalog=catalog, workers=1).stats["skipped"])
        return dict(la.hash_images(photo.parent, catalog=catalog, workers=1).skipped)

    with monkeypatch.context() as patch:
        patch.setattr(Walk, "folders", swap_after_listing)
        assert skipped() == {"not an image" if stand_in == "text" else "not a regular file": 1}
    if stand_in == "folder":
        photo.rmdir()
    away.replace(photo)
    assert skipped() == {}


def test_names_of_one_file_are_read_once_and_stay_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encode(scene(1)))
    (tmp_path / "hard.jpg").hardlink_to(photo)
    (tmp_path / "soft.jpg").symlink_to(photo)
    read: list[str] = []

    def counted(self: Shortcut, chunk: Sequence[Task]) -> list[bytes | None]:
        read.extend(task.path for task in chunk)
        return Shortcut.read(self, chunk)

    monkeypatch.setattr(shortcut, "Shortcut", type("Counted", (Shortcut,), {"read": counted}))
    findings = la.find(tmp_path, use_catalog=False, workers=1)
    assert len(read) == 1
    (group,) = findings.groups
    assert not group.keeper.ref.path.endswith("soft.jpg")
    assert [member.relation for member in group.members[1:]] == ["same file", "same file"]
    assert findings.stats["images"] == 3
    assert findings.stats["bytes_in_duplicates"] == 0


@pytest.mark.parametrize(("settled_ns", "remembered"), [(0, 1), (3600 * 10**9, 0)])
def test_a_file_changed_just_before_listing_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled_ns: int, remembered: int
) -> None:
    monkeypatch.setattr(listing, "SETTLED_NS", settled_ns)
    path, catalog = tmp_path / "set" / "a.bmp", tmp_path / "catalog.sqlite"
    path.parent.mkdir()
    path.write_bytes(encode(scene(1), "BMP"))
    before = path.stat()
    la.find(path.parent, catalog=catalog, workers=1)
    path.write_bytes(encode(scene(2), "BMP"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a change within one tick of the clock looks
    assert la.find(path.parent, catalog=catalog, workers=1).stats["cached"] == remembered


def test_progress_ends_with_everything_done(tmp_path: Path, put: Callable[..., Path]) -> None:
    for number in range(5):
        put(f"set/{number}.png", encode(scene(number), "PNG"))
    put("set/notes.txt", b"hello")
    told: list[tuple[int, int, bool]] = []
    la.find(
        tmp_path / "set", use_catalog=False, workers=2,
        progress=lambda done, listed, finished: told.append((done, listed, finished)),
    )  # fmt: skip
    assert told[-1] == (6, 6, True)
    assert all(done <= listed for done, listed, _ in told)


def test_names_of_a_lost_root_are_read_by_their_other_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "CHUNK_FILES", 1)
    one, other = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    other.mkdir()
    for number in range(12):
        (one / f"{number:02}.jpg").write_bytes(encode(scene(number)))
        (other / f"{number:02}.jpg").hardlink_to(one / f"{number:02}.jpg")

    def unplug(done: int, _listed: int, _finished: bool) -> None:
        if done >= 2 and one.exists():
            one.rename(tmp_path / "away")

    findings = la.find([one, other], use_catalog=False, workers=1, progress=unplug)
    assert findings.missing_roots == [str(one)]
    read = [path for path in (*findings.keep_paths, *findings.duplicate_paths) if path.startswith(str(other))]
    assert len(read) == 12
    assert findings.failures == []


def test_a_reference_that_is_only_a_link_to_an_image_under_test_does_not_count(tmp_path: Path) -> None:
    drive, reference = tmp_path / "drive", tmp_path / "reference"
    drive.mkdir()
    reference.mkdir()
    (drive / "x.jpg").write_bytes(encode(scene(1)))
    (reference / "x.jpg").symlink_to(drive / "x.jpg")
    findings = la.find(drive, against=reference, use_catalog=False, workers=1)
    assert findings.unmatched == [str(drive / "x.jpg")]
    assert findings.stats["skipped"] == {"symlink to an image under test": 1}


def test_what_a_name_says_of_camera_raw_is_not_said_of_equal_bytes_elsewhere(tmp_path: Path) -> None:
    folder, catalog = tmp_path / "set", tmp_path / "catalog.sqlite"
    folder.mkdir()
    for name in ("a.dng", "b.tif", "z.dng"):
        (folder / name).write_bytes(encode(scene(1), "TIFF"))
        old(folder / name)
    for _ in range(2):
        findings = la.find(folder, catalog=catalog, workers=1)
        assert [os.path.basename(failure.ref.path) for failure in findings.failures] == ["a.dng", "z.dng"]
        assert findings.keep_paths == [str(folder / "b.tif")]


def test_an_ignore_line_that_is_no_glob_is_no_image_that_could_not_be_read(
    tmp_path: Path, put: Callable[..., Path]
) -> None:
    put("set/a.jpg", encode(scene(1)))
    put("set/.lookalikeignore", b"\\\n")
    put("reference/b.jpg", encode(scene(2)))
    stats = la.find(tmp_path / "set", against=tmp_path / "reference", use_catalog=False, workers=1).stats
    assert stats["against"] == {"matched": 0, "unmatched": 1, "unreadable": 0}
    assert (stats["images"], stats["failed"], stats["failed_folders"]) == (2, 0, 1)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("files", [1, 7, 8, 9, 16, 24])
def test_every_file_is_accounted_for_however_chunks_divide_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, files: int
) -> None:
    monkeypatch.setattr(scanning, "CHUNK_FILES", 8)
    for number in range(files):
        (tmp_path / f"{number:02}.png").write_bytes(encode(scene(number, 48, 36), "PNG"))
    findings = la.find(tmp_path, use_catalog=False, workers=workers)
    assert findings.stats["images"] == findings.stats["hashed"] == files
    assert len(findings.keep_paths) == files
