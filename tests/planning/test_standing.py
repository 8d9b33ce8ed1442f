"""How single files stand: what became of them, which root and class they are of, and what holds them."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lookalike.labels import Root
from lookalike.model import MIN_DETAIL, ImageRef, Member, Tier
from lookalike.plan import KeepOptions
from lookalike.planning.standing import OUTSIDE, Standing, Surroundings, held
from lookalike.tables import UNKNOWN_TIME

Put = Callable[..., Path]
SOUND = Standing(9, 5, (1, 2), symlink=False, altered=None, apart=None, label=())


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def around(*roots: Root, **options: Any) -> Surroundings:
    return Surroundings(roots, KeepOptions(**options))


def member(path: str = "p/b.png", source: str = "files", **facts: Any) -> Member:
    """Return a copy as found, of nine bytes unless a file lies there."""
    size, time = (os.stat(path).st_size, os.stat(path).st_mtime_ns) if os.path.exists(path) else (9, 5)
    ref = ImageRef(path, "v", path, size, time, 1, 2, bytes(32), source)
    told: dict[str, Any] = {"tier": Tier.COPY, "reason": "because", "detail": MIN_DETAIL, **facts}
    return Member(ref, 8, 8, "PNG", None, told.pop("role", "duplicate"), **told)


def test_what_holds_an_image_whatever_its_keeper_is() -> None:
    options = KeepOptions(tier=Tier.COPY)
    assert held(member(), SOUND, options) is None
    assert held(member(role="keeper", tier=None), SOUND, options) == "because"
    assert held(member(tier=None), SOUND, options) == "never verified against its keeper"
    assert held(member(role="similar", tier=Tier.SIMILAR), SOUND, options) == "similar only: another picture"
    assert held(member(role="similar"), SOUND, options) == "not all of its shot has a keeper"
    assert held(member(tier=Tier.EDIT), SOUND, options) == "of tier edit only (--tier edit)"
    assert held(member(tier=Tier.EDIT), SOUND, KeepOptions(tier=Tier.EDIT)) is None
    assert held(member(), SOUND._replace(apart="protected"), options) == "protected"
    assert held(member(), SOUND._replace(altered="is gone"), options) == "it is gone since it was found"
    assert held(member(detail=MIN_DETAIL - 1), SOUND, options) == "flat or nearly blank (--flat)"
    assert held(member(detail=0), SOUND, KeepOptions(flat=True)) is None


def test_a_file_is_what_was_found_or_has_changed_or_is_gone(put: Put) -> None:
    path = put("p/b.png", b"a picture")
    now = os.stat(path)
    found, look = member(), around(Root("p", 1))
    own = now.st_dev, now.st_ino
    assert look.stand(found) == Standing(9, now.st_mtime_ns, own, False, None, None, ())
    for changed in (replace(found.ref, size=8), replace(found.ref, mtime_ns=7)):
        altered = look.stand(replace(found, ref=changed))
        assert altered == Standing(9, now.st_mtime_ns, own, False, "has changed", None, ())
    unknown = replace(found, ref=replace(found.ref, mtime_ns=UNKNOWN_TIME))
    assert look.stand(unknown).altered is None
    os.symlink("b.png", "p/link.png")
    assert look.stand(member("p/link.png")) == Standing(9, now.st_mtime_ns, own, True, None, None, ())
    path.unlink()
    assert look.stand(found) == Standing(9, now.st_mtime_ns, None, False, "is gone", None, ())
    assert look.stand(unknown) == Standing(9, 0, None, False, "is gone", None, ())
    path.mkdir()
    assert look.stand(found).altered == "has changed"


def test_each_member_of_an_archive_is_a_file_of_its_own() -> None:
    look = around(Root("p.zip", 2))
    one, other = (member(f"p.zip/{name}.png", source="zip") for name in "ab")
    first = look.stand(one)
    assert (first.size, first.mtime_ns, first.symlink, first.altered) == (9, 5, False, None)
    assert look.stand(replace(one, ref=replace(one.ref, mtime_ns=UNKNOWN_TIME))).mtime_ns == 0
    assert first.file is not None
    assert first.file == look.stand(one).file != look.stand(other).file


def test_files_of_one_folder_may_be_roots_of_both_kinds(put: Put) -> None:
    for name in ("a.png", "b.png", "c.png"):
        put("p/" + name, b"a picture")
    for first in ("p/a.png", "p/b.png"):
        look = around(Root("p/a.png", 1, reference=True), Root("p/b.png", 1))
        look.apart(first)
        assert (look.apart("p/a.png"), look.apart("p/b.png"), look.apart("p/c.png")) == ("a reference", None, OUTSIDE)
        assert look.place("p/b.png").label == ()


def test_neighbouring_folders_are_told_apart(put: Put) -> None:
    put("p/x1/a.png", b"a picture")
    put("p/x2/a.png", b"a picture")
    look = around(Root("p/x1", 1), Root("p/x2", 1, reference=True))
    assert (look.apart("p/x1/a.png"), look.apart("p/x2/a.png")) == (None, "a reference")
    assert look.place("p/x1/b.png") is look.place("p/x1/a.png")


def test_a_reference_is_one_by_its_name_and_by_where_it_lies(put: Put) -> None:
    put("p/cat/a.png", b"a picture")
    put("ref/dog/a.png", b"a picture")
    os.symlink("../ref/dog", "p/to")
    os.symlink("../p/cat", "ref/from")
    look = around(Root("p", 1, depth=1), Root("ref", 1, reference=True, depth=1))
    for path in ("ref/dog/a.png", "p/to/a.png", "ref/from/a.png"):
        assert look.apart(path) == "a reference"
    assert look.apart("p/cat/a.png") is None
    assert (look.place("p/cat/a.png").label, look.place("ref/dog/a.png").label) == (("cat",), ("dog",))
