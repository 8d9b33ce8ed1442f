"""What pages say that `clean` would do, and what it does."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

import lookalike
from conftest import encode, scene
from lookalike.report.prospects import Prospects
from report_documents import findings, group, member

Put = Callable[..., Path]


def said(other: dict[str, Any], **options: Any) -> str:
    document = findings([group(1, other)])
    document["options"] |= options
    keeper, row = document["groups"][0]["members"]
    prospect = Prospects(document).of(row, keeper)
    return f"{prospect.text} {prospect.command}".strip()


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, "goes with clean"),
        ({"tier": "exact"}, "goes with clean"),
        ({"tier": "edit"}, "goes with clean --tier edit"),
        ({"tier": "similar", "role": "similar"}, "similar only: never goes"),
        ({"tier": None, "role": "similar"}, "stays: never verified against its keeper"),
        ({"tier": "copy", "role": "similar"}, "stays: not all of its shot has a keeper"),
        ({"tier": "exact", "detail": 4}, "flat or nearly blank, goes only with clean --flat"),
        (
            {"keeper_lacks": ["alpha", "frames"]},
            "stays: the keeper carries less: alpha, frames (--allow-loss alpha,frames)",
        ),
        ({"relation": "same file", "tier": "exact"}, "stays: same file as its keeper"),
    ],
)
def test_each_reason_has_its_words(other: dict[str, Any], expected: str) -> None:
    assert said(other) == expected


def test_what_is_no_ordinary_file_is_never_removed() -> None:
    assert said({"source": "zip"}) == "only left out of keep lists and export"
    assert said({"source": "zip", "tier": "edit"}) == "only left out of keep lists and export --tier edit"
    document = findings([group(1, {})])
    keeper, row = document["groups"][0]["members"]
    assert Prospects(document).of(row, keeper | {"source": "zip"}).text == "stays: its keeper is no ordinary file"


def test_equal_bytes_lack_nothing() -> None:
    same = member("photos/1.jpg")["digest"]
    assert said({"keeper_lacks": ["alpha"], "digest": same}) == "goes with clean"


def test_the_keeper_stays_for_its_reason() -> None:
    document = findings([group(1, {})])
    prospect = Prospects(document).of(document["groups"][0]["members"][0], None)
    assert prospect == (False, "stays: resolution 800x600 > 400x300", "")


def test_what_is_protected_stays() -> None:
    assert said({}, protect=["1-*"]) == "stays: protected"
    assert said({}, protect=["/other/"]) == "goes with clean"


def drawn(image: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(ImageOps.grayscale(image)).convert("RGB")


def test_it_is_what_clean_does(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for root in ("set/cat", "set/dog"):  # two classes
        put(f"{root}/0.jpg", encode(scene(80 + len(root) + ord(root[4]), 320, 240)))
    put("set/cat/a.png", encode(scene(1), "PNG"))
    put("set/cat/a copy.png", encode(scene(1), "PNG"))
    put("set/cat/half.jpg", encode(scene(1).resize((240, 180)), quality=85))
    put("set/cat/toned.jpg", encode(drawn(scene(1)), quality=80))
    put("set/dog/half.jpg", encode(scene(1).resize((240, 180)), quality=70))
    os.link("set/cat/a.png", "set/cat/name.png")
    flat = encode(Image.new("RGB", (300, 300), "white"), "PNG")
    put("set/dog/flat.png", flat)
    put("set/dog/flat copy.png", flat)
    clear = np.dstack([np.asarray(scene(2, 240, 180)), np.tile(np.linspace(0, 255, 240).astype(np.uint8), (180, 1))])
    put("set/dog/opaque.png", encode(Image.fromarray(clear).convert("RGBA").resize((480, 360)).convert("RGB"), "PNG"))
    put("set/dog/small.png", encode(Image.fromarray(clear), "PNG"))
    over = Image.new("RGBA", (480, 360), "white")
    over.alpha_composite(Image.fromarray(clear).resize((480, 360)))
    put("set/dog/opaque.png", encode(over.convert("RGB"), "PNG"))
    put("set/cat/keep/b.jpg", encode(scene(3), quality=80))
    put("set/cat/b.png", encode(scene(3), "PNG"))
    put("set/cat/c.jpg", encode(scene(4), quality=80))
    put("reference/c.png", encode(scene(4), "PNG"))

    against: dict[str, Any] = {"against": ["reference"]}
    seen = set()
    for options in ({}, {"protect": ["keep/"]}, against, {"tier": "similar"}):
        found = lookalike.find(["set"], use_catalog=False, workers=1, **options)
        document = found.to_dict()
        prospects = Prospects(document)
        plans: dict[str, dict[str, Any]] = {
            "clean": {},
            "clean --tier edit": {"tier": "edit"},
            "clean --flat": {"flat": True},
            "": {"tier": "edit", "flat": True},
        }
        goes = {name: {decision.path for decision in found.plan(**wanted).removals} for name, wanted in plans.items()}
        for one in document["groups"]:
            rows = {row["path"]: row for row in one["members"]}
            for row in one["members"]:
                prospect = prospects.of(row, rows.get(row.get("keeper", "")))
                seen.add(f"{prospect.text.partition(':')[0]} {prospect.command}".strip())
                assert (row["path"] in goes[prospect.command]) == prospect.goes, (row["path"], prospect)
                assert (row["path"] in goes["clean"]) == (prospect.command == "clean"), (row["path"], prospect)
    assert seen == {
        "stays", "goes with clean", "goes with clean --tier edit", "flat or nearly blank, goes only with clean --flat",
    } | (seen & {"similar only"})  # fmt: skip
