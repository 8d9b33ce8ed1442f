"""Metadata that were written to a sidecar of the keeper: they are the only ones left once their image is gone."""

import os
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

import lookalike
from conftest import encode, scene
from lookalike.cleaning import apply, purge, undo
from lookalike.files import Disk
from lookalike.removal.acting import LOST
from lookalike.removal.applying import Applied
from lookalike.removal.undoing import SOURCE_LOST
from removal_trees import die, in_child

SIDECAR = "photos/a.png.xmp"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ledger beside two images that go in favour of a third, each with a date that it lacks."""
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:05:06 07:08:09"
    small = scene(1).resize((240, 180))
    Path("photos").mkdir()
    Path("photos/a.png").write_bytes(encode(scene(1), "PNG"))
    small.save("photos/b.jpg", quality=90, exif=exif)
    small.save("photos/c.jpg", quality=80, exif=exif)
    return tmp_path / "ledger.sqlite"


def merged(ledger: Path) -> Applied:
    applied = apply(
        lookalike.find("photos", use_catalog=False, workers=1, ledger=ledger).plan(metadata="merge"), ledger=ledger
    )
    assert (applied.images, applied.files, applied.refused) == (2, 2, ())
    assert Path(SIDECAR).exists()
    return applied


def test_undo_takes_the_sidecar_back(ledger: Path) -> None:
    undone = undo(merged(ledger), ledger=ledger)
    assert (undone.files, undone.refused) == (2, ()), "what was written is no file of anybody"
    assert sorted(os.listdir("photos")) == ["a.png", "b.jpg", "c.jpg"]


def test_of_a_sidecar_that_is_written_again_and_again_every_version_comes_back(ledger: Path) -> None:
    for name, tag, value in (("b.jpg", 0x010E, "a tower"), ("d.jpg", 0x4746, 3)):
        exif = Image.Exif()
        exif[tag] = value
        scene(1).resize((240, 180)).save(f"photos/{name}", quality=70, exif=exif)
    applied = apply(
        lookalike.find("photos", use_catalog=False, workers=1, ledger=ledger).plan(metadata="merge"), ledger=ledger
    )
    assert (applied.images, applied.files, applied.refused) == (3, 3, ())
    written = Path(SIDECAR).read_text("utf-8")
    assert all(said in written for said in ("2019-05-06", "a tower", "Rating"))
    undone = undo(applied, ledger=ledger)
    assert (undone.files, undone.refused) == (3, ())
    assert sorted(os.listdir("photos")) == ["a.png", "b.jpg", "c.jpg", "d.jpg"]
    assert not os.path.lexists(applied.places[0])


def test_no_undo_takes_it_once_the_images_are_purged(ledger: Path) -> None:
    applied = merged(ledger)
    assert purge(applied, ledger=ledger).files == 2
    assert not os.path.lexists(applied.places[0]), "also what comes behind the sidecar"
    assert "purged" in undo(applied, ledger=ledger).refused[0].reason
    assert Path(SIDECAR).exists()


@pytest.mark.parametrize("by_manifest", [False, True])
def test_no_undo_takes_it_where_an_image_is_lost(ledger: Path, by_manifest: bool) -> None:
    applied = merged(ledger)
    (place,) = applied.places
    for name in ("b.jpg", "c.jpg"):
        (Path(place) / "photos" / name).unlink()
    undone = undo(from_folder=place, ledger=ledger) if by_manifest else undo(applied, ledger=ledger)
    assert Path(SIDECAR).exists()
    assert undone.files == 0
    why = {os.path.relpath(item.path): item.reason for item in undone.refused}
    assert why == {"photos/b.jpg": LOST, "photos/c.jpg": LOST} | ({} if by_manifest else {SIDECAR: SOURCE_LOST})


def test_undo_from_a_quarantine_takes_it_back(ledger: Path) -> None:
    (place,) = merged(ledger).places
    shutil.rmtree(ledger.parent / "state", ignore_errors=True)
    undo(from_folder=place, ledger=ledger.with_name("other.sqlite"))
    assert sorted(os.listdir("photos")) == ["a.png", "b.jpg", "c.jpg"]


def test_killed_once_the_sidecar_is_written_the_next_command_takes_it_back(ledger: Path) -> None:
    class Deadly(Disk):
        def write(self, path: str, content: bytes) -> None:
            super().write(path, content)
            if path.endswith(".xmp"):
                die("")

    plan = lookalike.find("photos", use_catalog=False, workers=1, ledger=ledger).plan(metadata="merge")
    assert in_child(partial(apply, plan, ledger=ledger, workers=1, disk=Deadly())) == -9
    assert Path(SIDECAR).exists()
    apply(replace(plan, decisions=tuple(one for one in plan.decisions if one.verdict == "keep")), ledger=ledger)
    assert sorted(os.listdir("photos")) == ["a.png", "b.jpg", "c.jpg"]
