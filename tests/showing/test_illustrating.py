"""Findings with their pictures: made of the files, or of thumbnails where these are gone or too many."""

import base64
import io
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import lookalike
from conftest import encode, scene
from lookalike.opening import open_catalog
from lookalike.showing import illustrating
from lookalike.showing.previews import Previews

Put = Callable[..., Path]


@pytest.fixture
def found(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> lookalike.Findings:
    """Three groups of two images each; the catalog is kept."""
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        put(f"p/{seed}.png", encode(scene(seed, 640, 480), "PNG"))
        put(f"p/{seed}.jpg", encode(scene(seed, 640, 480), quality=80))
    put("p/broken.jpg", encode(scene(9))[:400])
    return lookalike.find("p", catalog="c.sqlite", workers=1)


def images(page: str) -> list[Image.Image]:
    data = re.findall(r'src="data:image/webp;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in data]


def test_a_page_of_findings_has_all_of_it(found: lookalike.Findings) -> None:
    page = found.to_html()
    shown = images(page)
    assert [(image.format, image.size) for image in shown] == [("WEBP", (128, 96))] * 6
    assert page == "".join(found.html_parts())
    assert "p/broken.jpg" in re.sub(r"</?(span|b)>", "", page)
    assert page.count("<article") == 3
    assert 'id="left-out"' not in page


def test_the_first_groups_are_made_of_files_and_the_others_of_thumbnails(found: lookalike.Findings) -> None:
    groups = found.to_dict()["groups"]
    with open_catalog("c.sqlite") as store:
        previews = Previews(store)
        files = list(illustrating.pictures(previews, groups, decoded=None))
        some = list(illustrating.pictures(previews, groups, decoded=1))
        none = list(illustrating.pictures(previews, groups, decoded=0))
    assert None not in files
    assert some[:2] == files[:2]
    assert some[2:] == none[2:]
    assert not set(files) & set(none)


def test_pictures_are_there_when_the_files_are_gone(found: lookalike.Findings) -> None:
    shutil.rmtree("p")
    assert len(images(found.to_html())) == 6
    os.unlink("c.sqlite")
    page = found.to_html()
    assert images(page) == []
    assert page.count("<img") == 6, "a place is kept for each"


def test_without_a_catalog_all_pictures_are_made_of_files(
    found: lookalike.Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(illustrating, "DECODED", 0)
    kept = found.to_html()
    alone = lookalike.find("p", use_catalog=False, workers=1).to_html()
    full = found.to_html(full_pictures=True)
    assert len(images(kept)) == len(images(alone)) == len(images(full)) == 6
    sources = [re.findall(r'src="([^"]+)"', page) for page in (kept, alone, full)]
    assert sources[0] != sources[1] == sources[2]


def test_files_that_have_changed_are_not_shown(found: lookalike.Findings, put: Put) -> None:
    before = images(found.to_html(full_pictures=True))
    for seed in range(3):
        put(f"p/{seed}.png", encode(Image.new("RGB", (640, 480), "red"), "PNG"))
    after = images(found.to_html(full_pictures=True))
    for one, other in zip(before, after, strict=True):
        difference = sum(
            abs(a - b) for a, b in zip(one.resize((1, 1)).tobytes(), other.resize((1, 1)).tobytes(), strict=True)
        )
        assert difference < 20


def test_whoever_has_enough_waits_for_nothing(found: lookalike.Findings) -> None:
    made = illustrating.pictures(Previews(None), found.to_dict()["groups"] * 1000, decoded=None)
    assert next(made) is not None
    made.close()


def test_a_notebook_shows_pictures_and_a_terminal_text(found: lookalike.Findings) -> None:
    shown = found.show(2)
    assert len(images(shown._repr_html_())) == 4
    assert "the first 2 groups" in shown._repr_html_()
    assert repr(shown).startswith("Group 1: 2 images")
    assert "... and 1 more group" in repr(shown)
    assert len(images(found._repr_html_())) == len(images(found.show(None)._repr_html_())) == 6
    assert repr(found) == "<Findings: 7 images, 3 groups, 3 duplicates>"
