"""Whatever the tree and whatever the plan: apply and undo give the identical tree, and a purge leaves every picture."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from conftest import encode, scene
from lookalike import cleaning
from lookalike.journal import QUARANTINE
from lookalike.model import Tier
from lookalike.plan import Plan
from lookalike.removal.applying import Applied
from removal_trees import pictures, plan_of, put, scratch, snapshot, states

NAMES = (
    "a.png", "-rf.png", "--.png", "new\nline.png", "\udcff\udcfe.png", "A.png", "e\u0301.png", "\u00e9.png", "x" * 251 + ".png",
    " .png", "manifest.jsonl", "manifest.png", "b.restored.png", "gIE=", "\udc80\udc81", ".hidden", "2026.jpg",
    ".lookalike-part-of.jpg",
)  # fmt: skip
FOLDERS = ("", "sub", "sub/deep", "-s", "new\nfolder", "\udcfd", "other", "sub/" + "y" * 255)
ROOTS = (("photos",), ("photos", "photos/sub"), ("photos", "more"), ("photos/sub", "photos/other", "more"), (".",))
ACTIONS = ("quarantine", "hardlink", "symlink")
COPIES = [encode(scene(5), quality=95), encode(scene(5), quality=60)]
"""Two files of one picture."""


@dataclass(frozen=True)
class Picked:
    """A tree and what is to be done to it: files by path with content, mode and time; links; batches."""

    files: dict[str, tuple[int, int, int]]
    hard: dict[str, str]
    soft: dict[str, str]
    roots: tuple[str, ...]
    batches: tuple[tuple[str, int], ...]
    inside: bool


@st.composite
def picked(draw: st.DrawFn) -> Picked:
    """Pick a tree of up to a dozen files with few contents, links among them, and up to three batches."""
    paths = st.builds(os.path.join, st.just("photos"), st.sampled_from(FOLDERS), st.sampled_from(NAMES)) | st.builds(
        os.path.join, st.just("more"), st.sampled_from(NAMES)
    )
    count = draw(st.integers(3, 12))
    names = draw(st.lists(paths.map(os.path.normpath), min_size=count, max_size=count, unique=True))
    files: dict[str, tuple[int, int, int]] = {}
    hard: dict[str, str] = {}
    soft: dict[str, str] = {}
    for name in names:
        how = draw(st.integers(0, 9))
        if files and how == 0:
            hard[name] = draw(st.sampled_from(sorted(files)))
        elif files and how == 1:
            soft[name] = draw(st.sampled_from(sorted(files)))
        else:
            mode, mtime = (
                draw(st.sampled_from((0o644, 0o600, 0o444, 0o755))),
                draw(st.integers(0, 2_000_000_000_999_999_999)),
            )
            files[name] = draw(st.integers(0, 3)), mode, mtime
    batches = draw(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1 << 30)), min_size=1, max_size=3))
    return Picked(files, hard, soft, draw(st.sampled_from(ROOTS)), tuple(batches), draw(st.booleans()))


@contextmanager
def made(pick: Picked) -> Iterator[str]:
    """Make the tree."""
    base = str(scratch(Path(tempfile.gettempdir())))
    try:
        for folder in ("photos/sub", "photos/other", "more"):
            os.makedirs(os.path.join(base, "data", folder))
        data = os.path.join(base, "data")
        for name, (content, mode, mtime) in pick.files.items():
            put(
                os.path.join(data, name),
                COPIES[content - 2] if content > 1 else b"%d" % content,
                mode=mode,
                mtime_ns=mtime,
            )
        for name, target in (pick.hard | pick.soft).items():
            path, other = os.path.join(data, name), os.path.join(data, target)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if name in pick.hard:
                os.link(other, path)
            else:
                os.symlink(os.path.relpath(other, os.path.dirname(path)), path)
        yield base
    finally:
        shutil.rmtree(base)


def planned(data: str, pick: Picked, action: str, seed: int, **options: Any) -> Plan:
    """Return a plan over what is there now: the first of each content that is an ordinary file stays, some others go."""
    keepers: dict[object, str] = {}
    removals: dict[str, str] = {}
    names = [name for name in (*pick.files, *pick.hard, *pick.soft) if os.path.exists(os.path.join(data, name))]
    turn = seed % max(1, len(names))
    for number, name in enumerate(names[turn:] + names[:turn]):
        path = os.path.join(data, name)
        content = Path(path).read_bytes()
        what = b"copies" if content in COPIES and action == "quarantine" else content
        if what not in keepers and not os.path.islink(path):
            keepers[what] = name
        elif what in keepers and seed >> number & 1:
            removals[name] = keepers[what]
    return plan_of(data, pick.roots, removals, tier=Tier.COPY, action=action, **options)


def carry_out(base: str, pick: Picked) -> list[Applied]:
    """Apply one batch after the other."""
    data, ledger = os.path.join(base, "data"), os.path.join(base, "ledger")
    chosen = {"quarantine": os.path.join(base, "away")} if pick.inside else {}
    done = [
        cleaning.apply(planned(data, pick, action, seed, **chosen), ledger=ledger, workers=1)
        for action, seed in pick.batches
    ]
    for applied in done:
        for refusal in applied.refused:
            known = (
                "same file as its keeper",
                "keeper goes itself",
                "outside the roots",
                "symlink",
                "keeper carries less",
            )
            assert any(words in refusal.reason for words in known), refusal
    return done


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(picked())
def test_undoing_all_batches_gives_the_identical_tree(pick: Picked) -> None:
    with made(pick) as base:
        data, ledger = os.path.join(base, "data"), os.path.join(base, "ledger")
        before, all_pictures = snapshot(data), pictures(data)
        done = carry_out(base, pick)
        assert all_pictures <= pictures(base)
        for applied in reversed(done):
            if applied.images:
                undone = cleaning.undo(applied, ledger=ledger)
                assert (undone.files, undone.refused, undone.beside) == (applied.files, (), ())
        assert snapshot(data) == before
        assert not [folder for folder, _, _ in os.walk(base) if os.path.basename(folder) == QUARANTINE]
        assert not {"doing", "done"} & states(ledger).keys()


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(picked(), st.booleans())
def test_undoing_by_the_manifests_gives_the_identical_tree_elsewhere(pick: Picked, moved: bool) -> None:
    with made(pick) as base:
        before = snapshot(os.path.join(base, "data"))
        done = carry_out(base, pick)
        os.remove(os.path.join(base, "ledger"))
        places = [applied.places for applied in done]
        if moved:
            home = f"{base}-moved"
            os.rename(base, home)
            os.mkdir(base)
        else:
            home = base
        try:
            for folders in reversed(places):
                for folder in folders:
                    undone = cleaning.undo(
                        from_folder=os.path.join(home, os.path.relpath(folder, base)), ledger=os.path.join(home, "new")
                    )
                    assert (undone.refused, undone.beside) == ((), ())
            assert snapshot(os.path.join(home, "data")) == before
        finally:
            if moved:
                shutil.rmtree(home)


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(picked())
def test_a_purge_leaves_every_picture(pick: Picked) -> None:
    with made(pick) as base:
        data, ledger = os.path.join(base, "data"), os.path.join(base, "ledger")
        contents = {c for c, _, _ in pick.files.values()}
        carry_out(base, pick)
        kept = pictures(data, quarantined=False)
        for row in cleaning.history(ledger=ledger):
            cleaning.purge(row.name, ledger=ledger)
            assert pictures(data, quarantined=False) == kept  # nothing of the tree itself is touched
        paths = [Path(folder, name) for folder, _, names in os.walk(data) for name in names]
        left = {path.read_bytes() for path in paths if not path.is_symlink()}
        for content in contents:
            forms = COPIES if content > 1 else [b"%d" % content]
            assert left & set(forms)


def test_two_files_of_one_picture_go_and_come_back(tmp_path: Path) -> None:
    for name, content in zip(("a.jpg", "b.jpg"), COPIES, strict=True):
        put(str(tmp_path / "photos" / name), content)
    plan = plan_of(tmp_path, ["photos"], {"photos/b.jpg": "photos/a.jpg"}, tier=Tier.COPY)
    before = snapshot(tmp_path / "photos")
    ledger = tmp_path / "ledger"
    assert cleaning.apply(plan, ledger=ledger).images == 1
    assert not (tmp_path / "photos" / "b.jpg").exists()
    cleaning.undo(ledger=ledger)
    assert snapshot(tmp_path / "photos") == before


@pytest.mark.parametrize("name", ["manifest.jsonl", ".lookalike-part-of.jpg"])
def test_names_of_our_own_files_are_names_of_pictures_too(tmp_path: Path, name: str) -> None:
    base = str(tmp_path)
    put(f"{base}/photos/keeper.png", b"picture")
    for picture in (name, "other.png"):
        put(f"{base}/photos/sub/{picture}", b"picture")
    removals = dict.fromkeys((f"photos/sub/{name}", "photos/sub/other.png"), "photos/keeper.png")
    cleaning.apply(plan_of(base, ["photos"], removals), ledger=f"{base}/ledger")
    os.remove(f"{base}/photos/keeper.png")
    shutil.rmtree(f"{base}/photos/sub")
    put(f"{base}/photos/sub/{name}", b"new")
    undone = cleaning.undo(ledger=f"{base}/ledger")
    assert undone.files == 2
    assert Path(f"{base}/photos/sub/{name}").read_bytes() == b"new"
    assert Path(undone.beside[0][1]).read_bytes() == b"picture"
