"""Where quarantines are, and whether anything can be written there."""

import os
from pathlib import Path

import pytest

from lookalike.files.quarantine import is_within, probe, shelf_of, shelves
from lookalike.journal import QUARANTINE
from removals import MEMORY, NOBODY, as_nobody, passable


def test_a_probe_leaves_nothing_and_says_what_it_met(tmp_path: Path) -> None:
    probe(str(tmp_path))
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        probe(str(tmp_path / "gone"))
    if Path("/proc/self").is_dir():
        with pytest.raises(OSError):  # noqa: PT011 - whatever it is, nothing can be made there
            probe("/proc/self")


def test_a_probe_without_nameless_files_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    probe(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_the_quarantine_is_inside_where_the_parent_is_not_writable(tmp_path: Path) -> None:
    root = tmp_path / "above" / "photos"
    root.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("only root has folders that others may not write to")
    os.chown(root, NOBODY, NOBODY)
    (tmp_path / "above").chmod(0o755)

    def look() -> None:
        (shelf,) = shelves([str(root)], None)
        assert shelf.inside
        assert shelf.folder == str(root / QUARANTINE)
        probe(str(root))
        try:
            probe(str(tmp_path / "above"))
        except PermissionError:
            return
        raise AssertionError

    with passable(str(root)):
        as_nobody(look)


def test_the_quarantine_is_inside_where_the_parent_is_another_file_system() -> None:
    if not os.path.isdir(MEMORY) or os.stat(MEMORY).st_dev == os.stat("/dev").st_dev:
        pytest.skip("no folder here where another file system begins")
    (shelf,) = shelves([MEMORY], None)
    assert (shelf.inside, shelf.folder) == (True, os.path.join(MEMORY, QUARANTINE))


def test_quarantines_of_several_roots(tmp_path: Path) -> None:
    for name in ("a/photos", "b/photos", "b/photos-2", "a/photos/inner", "a/photos-2"):
        (tmp_path / name).mkdir(parents=True)
    names = ["a/photos", "b/photos", "b/photos-2", "a/photos/inner"]
    roots = [str(tmp_path / name) for name in names]
    beside = shelves(roots, None)
    above = [os.path.dirname(root) for root in roots[:3]] + [os.path.dirname(roots[0])]  # never inside an outer root
    assert {shelf.root: shelf.folder for shelf in beside} == {
        root: os.path.join(folder, QUARANTINE) for root, folder in zip(roots, above, strict=True)
    }
    chosen = shelves(roots, str(tmp_path / "q"))
    assert {shelf.folder for shelf in chosen} == {str(tmp_path / "q")}
    assert len({shelf.label for shelf in chosen}) == len(roots)  # equal base names do not meet
    places = {shelf.place("x", os.path.join(shelf.root, "1.png")) for shelf in chosen}
    assert len(places) == len(roots)
    for found in (beside, chosen):
        inner = shelf_of(found, str(tmp_path / "a/photos/inner/x.png"))
        assert inner is not None
        assert inner.root == str(tmp_path / "a/photos/inner")
        assert shelf_of(found, str(tmp_path / "a/photos-2/x.png")) is None
        assert shelf_of(found, str(tmp_path / "a/photos")) is None


def test_quarantines_of_a_file_of_the_top_and_of_a_chosen_symlink(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").touch()
    (shelf,) = shelves([str(tmp_path / "photos" / "a.png")], None)
    assert (shelf.root, shelf.folder) == (str(tmp_path / "photos"), str(tmp_path / QUARANTINE))
    (top,) = shelves(["/"], None)
    assert (top.inside, top.folder, top.label) == (True, f"/{QUARANTINE}", "root")
    assert top.place("x", "/a/b") == f"/{QUARANTINE}/x/root/a/b"
    assert is_within("/a", "/")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    (chosen,) = shelves([str(tmp_path / "photos")], str(tmp_path / "link" / "q"))
    assert chosen.folder == str(tmp_path / "photos" / "q")
