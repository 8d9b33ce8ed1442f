"""Every source gives what a folder of the same files gives, and is not read twice."""

import os
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conftest import encode, scene
from lookalike import find
from lookalike.groups.findings import Findings
from lookalike.model import Tier
from lookalike.sources.folders import Folder
from lookalike.sources.tars import Tar
from lookalike.sources.zips import Zip

FILES: dict[str, bytes] = {
    "cats/a.png": encode(scene(1), "PNG"),
    "cats/a-again.png": encode(scene(1), "PNG"),
    "cats/b.jpg": encode(scene(2), "JPEG", quality=95),
    "dogs/b-small.jpg": encode(scene(2).resize((320, 240)), "JPEG", quality=60),
    "dogs/b-gray.webp": encode(scene(2).convert("L"), "WEBP", quality=80),
    "dogs/c.gif": encode(scene(3), "GIF"),
    "dogs/broken.jpg": encode(scene(4), "JPEG")[:900],
    "notes.txt": b"not a picture",
}
"""In the order in which a folder is walked."""


def _folder(place: Path) -> Path:
    for name, data in FILES.items():
        (place / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "set" / name).write_bytes(data)
    return place / "set"


def _zip(place: Path) -> Path:
    with zipfile.ZipFile(place / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), data)
    return place / "set.zip"


def _tar(place: Path, ending: str) -> Path:
    path = place / f"set{ending}"
    mode: Any = "w:" + ending.removeprefix(".tar").removeprefix(".")
    with tarfile.open(path, mode) as archive:
        files = _folder(place / "unpacked")
        for name in FILES:
            archive.add(files / name, name)
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "zip": _zip,
    **{ending: partial(_tar, ending=ending) for ending in (".tar", ".tar.gz", ".tar.bz2", ".tar.xz")},
}


def settled(path: Path) -> Path:
    """Let a file be older than what a scan trusts not to change again."""
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


def told(findings: Findings, root: Path) -> Any:
    """Return what findings say, without where the images lie, how long it took and when files were written."""
    document = findings.to_dict()

    def inside(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: inside(one) for key, one in value.items() if key not in ("source", "seconds", "cached")}
        if isinstance(value, list):
            return [inside(one) for one in value]
        return value.replace(str(root), "ROOT") if isinstance(value, str) else value

    return {key: inside(document[key]) for key in ("groups", "failures", "stats")}


RULES = "resolution,quality,bytes,name"
"""Keep rules without dates: an archive may not say what a file system does."""


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_source_gives_what_a_folder_gives(kind: str, workers: int, tmp_path: Path) -> None:
    folder, source = _folder(tmp_path), settled(MAKERS[kind](tmp_path))
    expected = find(folder, keep=RULES, use_catalog=False, workers=workers)
    assert expected.stats["groups"] == 2
    assert expected.stats["failed"] == 1
    found = find(source, keep=RULES, use_catalog=False, workers=workers)
    assert told(found, source) == told(expected, folder)
    kinds = {member.ref.source for group in found.groups for member in group.members}
    assert kinds == {"zip" if kind == "zip" else "tar"}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_shard_that_is_known_is_not_opened_again(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, catalog = settled(MAKERS[kind](tmp_path)), tmp_path / "catalog.sqlite"
    first = find(source, catalog=catalog, ledger=tmp_path / "ledger.sqlite")

    def refuse(*_: object) -> None:
        raise AssertionError("a shard was opened that is known as a whole")

    for opened in (Zip, Tar):
        monkeypatch.setattr(opened, "parts", refuse)
        monkeypatch.setattr(opened, "read", refuse)
    again = find(source, catalog=catalog, ledger=tmp_path / "ledger.sqlite")
    assert again.stats["cached"] == first.stats["hashed"]
    assert told(again, source) == told(first, source)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_shard_that_was_changed_is_read_again(kind: str, tmp_path: Path) -> None:
    source, catalog = settled(MAKERS[kind](tmp_path)), tmp_path / "catalog.sqlite"
    find(source, catalog=catalog)
    os.utime(source, (1_600_000_001, 1_600_000_001))
    again = find(source, catalog=catalog)
    assert again.stats["cached"] == 0
    assert again.stats["groups"] == 2


@pytest.mark.parametrize("kind", MAKERS)
def test_globs_hold_in_a_source_and_spoil_no_later_scan(kind: str, tmp_path: Path) -> None:
    source, catalog = settled(MAKERS[kind](tmp_path)), tmp_path / "catalog.sqlite"
    cats = find(source, catalog=catalog, include=["cats/"])
    assert cats.stats["images"] == 3
    assert cats.stats["skipped"]["excluded"] == 5
    assert find(source, catalog=catalog).stats["images"] == 7
    assert find(source, catalog=catalog, exclude=["*.webp"]).stats["images"] == 6


@pytest.mark.parametrize("kind", MAKERS)
def test_images_of_a_folder_and_of_a_source_match(kind: str, tmp_path: Path) -> None:
    folder, source = _folder(tmp_path), settled(MAKERS[kind](tmp_path))
    found = find(source, against=folder, tier="copy", use_catalog=False)
    assert found.stats["against"] == {"matched": 6, "unmatched": 0, "unreadable": 1}
    assert all(member.tier in (None, Tier.EXACT, Tier.COPY) for group in found.groups for member in group.members)
    assert found.unmatched == []


def test_members_are_never_names_of_one_file(tmp_path: Path) -> None:
    one, other = settled(_zip(tmp_path)), settled(_tar(tmp_path, ".tar"))
    found = find([one, other], use_catalog=False)
    relations = {member.relation for group in found.groups for member in group.members}
    assert "same file" not in relations
    assert found.stats["images"] == 14


def test_what_a_member_is_called_leads_nowhere_else() -> None:
    class Nothing:
        kind = path = "x"

    folder = Folder(0, "a.zip", "v", "a.zip", source=Nothing())  # type: ignore[arg-type]
    assert folder.path_of("etc/passwd") == "a.zip/etc/passwd"
