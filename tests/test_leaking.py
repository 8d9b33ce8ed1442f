"""Leaks between splits of a data set: real searches of pictures made by rule."""

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike.batches import hash_batches
from lookalike.deciding import decide, read_decisions
from lookalike.leakage.leaked import Leaks
from lookalike.model import HashSpec
from lookalike.tables.hash_files import write_parquet
from lookalike.tables.schema import RUN_KEY

Put = Callable[..., Path]


def png(seed: int) -> bytes:
    return encode(scene(seed, 320, 240), "PNG")


def jpeg(seed: int, quality: int = 80) -> bytes:
    return encode(scene(seed, 320, 240), quality=quality)


def small(seed: int) -> bytes:
    return encode(scene(seed, 320, 240).resize((160, 120)), quality=85)


def leaks(*paths: Any, **options: Any) -> Leaks:
    return la.leaks(*paths, **({"use_catalog": False, "workers": 1} | options))


def across(found: Leaks) -> set[tuple[str, ...]]:
    """Return the paths of each pair, sorted."""
    return {tuple(sorted(side.path for side in pair.sides)) for pair in found.pairs}


@pytest.fixture
def data(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three splits of two classes: a copy and a mirrored copy of train in test, equal bytes in val, one label that is wrong."""
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        put(f"data/train/cat/{seed}.png", png(seed))
        put(f"data/train/dog/{10 + seed}.png", png(10 + seed))
        put(f"data/val/{'cat' if seed % 2 else 'dog'}/{20 + seed}.png", png(20 + seed))
        put(f"data/test/{'cat' if seed % 2 else 'dog'}/{30 + seed}.png", png(30 + seed))
    put("data/test/cat/copy.jpg", jpeg(0))
    put("data/test/dog/mirror.jpg", encode(ImageOps.mirror(scene(1, 320, 240)), quality=85))
    put("data/val/dog/same.png", png(10))
    put("data/train/cat/wrong.jpg", jpeg(13))
    return tmp_path / "data"


LEAKING = {
    ("data/test/cat/copy.jpg", "data/train/cat/0.png"),
    ("data/test/dog/mirror.jpg", "data/train/cat/1.png"),
    ("data/train/dog/10.png", "data/val/dog/same.png"),
}


def test_pairs_across_three_splits_by_tier_split_and_class(data: Path) -> None:
    found = leaks("data/train", "data/val", "data/test")
    assert across(found) == LEAKING
    assert found.by_tier == {"exact": 1, "copy": 2, "edit": 0}
    assert [(split.name, len(split.images), split.failed) for split in found.splits] == [
        ("train", 9, 0), ("val", 5, 0), ("test", 6, 0),
    ]  # fmt: skip
    assert [(row["splits"], row["pairs"], row["images"], row["of"]) for row in found.between] == [
        (["train", "val"], 1, [1, 1], [9, 5]),
        (["train", "test"], 2, [2, 2], [9, 6]),
        (["val", "test"], 0, [0, 0], [5, 6]),
    ]
    assert [(row["class"], row["splits"], row["images"], row["of"]) for row in found.by_class] == [
        ("cat", ["train", "test"], [2, 1], [5, 3]),
        ("dog", ["train", "val"], [1, 1], [4, 3]),
        ("dog", ["train", "test"], [0, 1], [4, 3]),
    ]
    mirrored = next(pair for pair in found.pairs if pair.image.path.endswith("mirror.jpg"))
    assert "mirrored" in mirrored.relation
    assert (mirrored.image.label, mirrored.keeper.label, mirrored.known) == ("dog", "cat", False)
    assert [{one.path for one in group} for group in found.contradictions] == [
        {"data/train/cat/1.png", "data/test/dog/mirror.jpg"},
        {"data/train/cat/wrong.jpg", "data/train/dog/13.png"},
    ]
    assert len(found.groups) == 3


def test_a_folder_alone_is_split_by_its_folders(data: Path, put: Put) -> None:
    put("data/extra/1.png", png(0))
    found = leaks("data")
    assert [split.name for split in found.splits] == ["train", "val", "test"]
    assert across(found) == LEAKING
    shutil.rmtree(data / "val")
    shutil.rmtree(data / "test")
    with pytest.raises(la.UsageError, match=r"data alone should hold a folder for each split .* and holds only train"):
        leaks("data")
    with pytest.raises(la.UsageError, match="and holds none"):
        leaks("data/train")
    with pytest.raises(la.SourceError, match="nowhere cannot be read"):
        leaks("nowhere")


def test_a_mirrored_picture_counts_unless_it_is_not_to(data: Path) -> None:
    upright = leaks("data/train", "data/test", orient="upright")
    assert across(upright) == {("data/test/cat/copy.jpg", "data/train/cat/0.png")}
    assert across(leaks("data/train", "data/test", orient="upright", tier="exact")) == set()


def test_a_split_may_lie_in_several_places(data: Path) -> None:
    found = leaks(
        splits={"seen": ["data/train/cat", "data/val"], "new": "data/test/dog", "one": "data/test/cat/copy.jpg"}
    )
    assert [(split.name, len(split.images)) for split in found.splits] == [("seen", 10), ("new", 3), ("one", 1)]
    assert {tuple(sorted(side.split for side in pair.sides)) for pair in found.pairs} == {
        ("new", "seen"),
        ("one", "seen"),
    }


@pytest.mark.parametrize(
    ("paths", "splits", "message"),
    [
        (["data/train", "data/train"], {}, "data/train is given twice"),
        (["data/train", "data/../data/train/"], {}, "is given twice"),
        (["data", "data/test"], {}, r"split data \(data\) holds split test \(data/test\)"),
        (["data/train"], {"a": "data/train/cat"}, r"split train \(data/train\) holds split a"),
        (["data/train"], {"train": "data/test"}, "two splits are called 'train'"),
        ([], {"a": "data/train"}, "name two at least"),
        ([], {}, "name two at least"),
    ],
)
def test_splits_are_apart(data: Path, paths: list[str], splits: dict[str, str], message: str) -> None:
    assert data.is_dir()
    with pytest.raises(la.UsageError, match=message):
        leaks(*paths, splits=splits)


def test_a_link_to_the_folder_of_another_split_is_that_folder(data: Path) -> None:
    os.symlink("train", data / "other")
    with pytest.raises(la.UsageError, match="data/other is given twice"):
        leaks("data/train", "data/other")
    os.symlink("../../train/cat/3.png", data / "test" / "cat" / "link.png")
    pair = next(pair for pair in leaks("data/train", "data/test").pairs if pair.image.path.endswith("link.png"))
    assert (pair.relation, pair.tier) == ("same file", la.Tier.EXACT)


def test_options_that_have_no_meaning_are_refused(data: Path) -> None:
    assert data.is_dir()
    with pytest.raises(la.UsageError, match="holds each split against each other one"):
        leaks("data/train", "data/test", against="data/val")
    with pytest.raises(la.UsageError, match="within must not be negative"):
        leaks("data/train", "data/test", within=-1)


def test_nothing_is_said_of_a_split_without_images(data: Path, put: Put) -> None:
    put("empty/notes.txt", b"none")
    put("broken/1.jpg", jpeg(0)[:200])
    for name in ("empty", "broken", "absent"):
        with pytest.raises(la.SourceError, match=f"split {name} has no image that can be read"):
            leaks("data/train", name)
    put("data/test/cat/broken.jpg", jpeg(0)[:200])
    found = leaks("data/train", "data/test")
    assert (found.unread, [split.failed for split in found.splits]) == (1, [0, 1])
    assert all("broken" not in path for paths in found.fix().values() for path in paths)


def test_a_split_of_one_class_has_classes_as_the_others_have(data: Path) -> None:
    shutil.rmtree(data / "test" / "cat")
    found = leaks("data/train", "data/test")
    assert found.splits[1].label("data/test/dog/mirror.jpg") == "dog"
    assert len(found.contradictions) == 2
    assert leaks("data/train", "data/test", within=0).contradictions == ()


def test_of_a_group_in_several_splits_every_image_is_told_and_the_lists_hold_no_leak(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("train/best.png", png(1)), ("train/again.jpg", jpeg(1)), ("val/a.jpg", jpeg(1, 60)), ("test/a.jpg", small(1)),
        ("train/2.png", png(2)), ("val/3.png", png(3)), ("val/3.jpg", jpeg(3)),
        ("test/4.png", png(4)), ("train/4.jpg", jpeg(4)), ("test/9.png", png(9)),
    ):  # fmt: skip
        put(name, content)
    found = leaks("train", "val", "test")
    told = {(side.path, other.split) for pair in found.pairs for side, other in (pair.sides, pair.sides[::-1])}
    assert told == {
        *((path, name) for path in ("train/best.png", "train/again.jpg") for name in ("val", "test")),
        ("val/a.jpg", "train"), ("val/a.jpg", "test"), ("test/a.jpg", "train"), ("test/a.jpg", "val"),
        ("train/4.jpg", "test"), ("test/4.png", "train"),
    }  # fmt: skip
    assert found.fix() == {
        "train": ("train/2.png",), "val": ("val/3.jpg", "val/3.png"), "test": ("test/4.png", "test/9.png", "test/a.jpg"),
    }  # fmt: skip
    for keep in ("first", "last", "val"):
        for name, paths in found.fix(keep).items():
            for path in paths:
                put(f"{keep}/{path}", Path(path).read_bytes())
            assert paths, name
        mended = leaks(f"{keep}/train", f"{keep}/val", f"{keep}/test")
        assert (mended.pairs, mended.groups) == ((), ())


def test_what_is_not_like_its_keeper_is_found_all_the_same(put: Put, tmp_path: Path) -> None:
    """In a star the copy in train belongs to the best image there, and the one in test is not held against it."""
    best, copy, test = put("train/best.png", png(1)), put("train/copy.jpg", jpeg(1)), put("test/a.jpg", small(1))
    decide("different", [best, test])
    together = la.find([tmp_path / "train", tmp_path / "test"], use_catalog=False, workers=1)
    assert [{member.ref.path for member in group.members} for group in together.groups] == [{str(best), str(copy)}]
    found = leaks(tmp_path / "train", tmp_path / "test")
    assert across(found) == {tuple(sorted((str(copy), str(test))))}, "and not the pair that was decided"
    assert found.fix()["train"] == (), "no group lies in two splits"


def lines(found: Leaks, file: Path) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in found.accept()))
    return file


def test_decisions_of_a_file_accept_pairs_and_leave_the_ledger_alone(data: Path, tmp_path: Path) -> None:
    found = leaks("data")
    file = lines(found, tmp_path / "accepted.jsonl")
    assert [row.kind for row in read_decisions(file)] == ["different", "different", "keep"]
    accepted = leaks("data", decisions=file)
    assert (accepted.pairs, accepted.groups) == ((), ())
    assert [{one.path for one in group} for group in accepted.contradictions] == [
        {"data/train/cat/wrong.jpg", "data/train/dog/13.png"}
    ]
    assert accepted.fix()["train"] == found.splits[0].images
    assert la.decisions() == []
    decide("different", ["data/train/cat/0.png", "data/test/cat/copy.jpg"])
    rest = [row for row in found.accept() if "data/train/cat/0.png" not in [one["path"] for one in row["images"]]]
    file.write_text(json.dumps({"version": 1, "decisions": rest}))
    assert leaks("data", decisions=file).pairs == (), "the file and the ledger together"
    assert len(la.decisions()) == 1
    (data / "test" / "cat" / "copy.jpg").write_bytes(jpeg(0, 70))
    assert len(leaks("data", decisions=file).pairs) == 1, "another content was never accepted"


def test_accepting_a_whole_group_is_enough(put: Put, tmp_path: Path) -> None:
    for name, content in (("a.png", png(1)), ("b.jpg", jpeg(1))):
        put(f"train/{name}", content)
    for name, content in (("c.jpg", jpeg(1, 60)), ("d.jpg", small(1)), ("same.png", png(1))):
        put(f"test/{name}", content)
    paths = tmp_path / "train", tmp_path / "test"
    assert leaks(*paths, decisions=lines(leaks(*paths), tmp_path / "accepted.jsonl")).pairs == ()


def test_a_baseline_knows_old_pairs_wherever_their_files_go(data: Path, tmp_path: Path, put: Put) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(leaks("data").to_json())
    again = leaks("data", baseline=file)
    assert (len(again.pairs), again.new, again.accept()) == (3, (), [])
    (data / "test" / "cat" / "copy.jpg").rename(data / "test" / "dog" / "renamed.jpg")
    put("data/test/cat/new.jpg", jpeg(2))
    put("data/train/cat/better.png", encode(scene(0, 640, 480), "PNG"))  # another keeper for an old pair
    later = leaks("data", baseline=file)
    new = {tuple(sorted(side.path for side in pair.sides)) for pair in later.new}
    assert new == {
        ("data/test/cat/new.jpg", "data/train/cat/2.png"), ("data/test/dog/renamed.jpg", "data/train/cat/better.png"),
    }  # fmt: skip
    assert ("data/test/dog/renamed.jpg", "data/train/cat/0.png") in across(later) - new


def test_what_was_twice_in_one_split_is_no_old_leak(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("train/a.png", png(1)),
        ("train/b.jpg", jpeg(1)),
        ("test/c.jpg", small(1)),
        ("test/d.png", png(2)),
    ):
        put(name, content)
    Path("before.json").write_text(leaks("train", "test").to_json())
    Path("train/b.jpg").rename("test/b.jpg")
    assert {
        tuple(sorted(side.path for side in pair.sides)) for pair in leaks("train", "test", baseline="before.json").new
    } == {("test/b.jpg", "train/a.png")}


def test_what_find_wrote_is_a_baseline_too(data: Path) -> None:
    Path("found.json").write_text(la.find("data", orient="mirror", use_catalog=False, workers=1).to_json())
    assert data.is_dir()
    assert leaks("data", baseline="found.json").new == ()


def test_similar_pictures_count_only_when_asked(put: Put, tmp_path: Path) -> None:
    wide = scene(3, 840, 640)
    for name, at in (("train/cat/1.png", 0), ("test/dog/1.png", 1)):  # two frames of a burst
        frame = wide.crop((16 * at, 10 * at, 800 + 16 * at, 600 + 10 * at))
        ImageDraw.Draw(frame).ellipse((200 + 60 * at, 300, 300 + 60 * at, 400), fill=(240, 230, 90))
        put(name, encode(frame, "PNG"))
        put(name.replace("1.png", "2.png").replace("cat", "dog"), png(10 + at))
    paths = tmp_path / "train", tmp_path / "test"
    usual, loose = leaks(*paths), leaks(*paths, tier="similar")
    assert (usual.pairs, usual.groups, "similar" in usual.by_tier) == ((), (), False)
    assert [pair.tier for pair in loose.pairs] == [la.Tier.SIMILAR]
    assert loose.by_tier["similar"] == 1
    assert loose.contradictions == (), "two pictures may be of two classes"
    assert loose.pairs[0].image.label != loose.pairs[0].keeper.label


def test_the_page_has_pictures_of_the_files_or_of_the_catalog(data: Path, tmp_path: Path) -> None:
    found = la.leaks("data", catalog=tmp_path / "c.sqlite", workers=1)
    page = found.to_html()
    assert page == "".join(found.html_parts())
    assert page.count("data:image/webp;base64,") == 3 * 2 + 2, "three leaks, and a contradiction within train"
    shutil.rmtree(data)
    assert found.to_html().count("data:image/webp;base64,") == 8


SPLITS = {"train": [png(0), png(1), jpeg(2)], "test": [small(1), png(9), jpeg(2)]}
"""Row 1 of train is row 0 of test, and row 2 is row 2."""


def hugging_face() -> Any:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image()})
    return datasets.DatasetDict(
        {
            name: datasets.Dataset.from_dict(
                {"image": [{"bytes": data, "path": None} for data in files]}, features=features, split=name
            )
            for name, files in SPLITS.items()
        }
    )


def frames() -> Any:
    pandas = pytest.importorskip("pandas")
    return {name: pandas.DataFrame({"image": files, "mask": files[::-1]}) for name, files in SPLITS.items()}


def arrays() -> Any:
    return {name: [np.asarray(Image.open(io.BytesIO(data))) for data in files] for name, files in SPLITS.items()}


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda: [dict(SPLITS)], {}),
        (lambda: [hugging_face()], {}),
        (lambda: list(hugging_face().values()), {}),
        (lambda: [frames()], {"column": "image"}),
        (lambda: [arrays()], {}),
    ],
    ids=["bytes", "DatasetDict", "datasets", "data frames", "arrays"],
)
def test_splits_in_memory_are_named_by_their_keys(make: Callable[[], list[Any]], options: dict[str, Any]) -> None:
    found = leaks(*make(), **options)
    assert across(found) == {("test/0", "train/1"), ("test/2", "train/2")}
    assert [(split.name, len(split.images)) for split in found.splits] == [("train", 3), ("test", 3)]
    assert {name: rows.tolist() for name, rows in found.fix_rows().items()} == {"train": [0], "test": [0, 1, 2]}
    assert {name: rows.tolist() for name, rows in found.fix_rows("first").items()} == {"train": [0, 1, 2], "test": [1]}
    assert found.to_html().count("data:image/webp;base64,") == 4, "pictures are made of the rows themselves"


def test_splits_in_memory_and_on_disk(data: Path) -> None:
    found = leaks("data/test", splits={"train": [png(0), png(30)], "more": [Path("data/train"), "data/val"]})
    assert ("data/test/cat/copy.jpg", "train/0") in across(found)
    assert ("data/test/dog/30.png", "train/1") in across(found)
    assert ("data/train/cat/0.png", "train/0") in across(found)
    assert [split.name for split in found.splits] == ["test", "train", "more"]
    assert {name: rows.tolist() for name, rows in found.fix_rows("train").items()} == {"train": [0, 1]}


def test_a_split_in_memory_has_a_name_of_its_own(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    found = leaks(splits={"train": [png(0)], "disk": "train"})
    assert across(found) == {("train#2/0", "train/cat/0.png")}


def test_one_dataset_under_two_names_leaks_as_a_whole() -> None:
    found = leaks({"train": SPLITS["train"], "test": SPLITS["train"]})
    assert found.by_tier == {"exact": 3, "copy": 0, "edit": 0}


def test_what_comes_again_and_again_is_known_by_its_bytes(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    first = leaks(hugging_face(), use_catalog=True, catalog=catalog)
    again = leaks(hugging_face(), use_catalog=True, catalog=catalog)
    assert (first.to_dict()["stats"]["cached"], again.to_dict()["stats"]["cached"]) == (0, 6)
    assert across(again) == across(first)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[png(0)], [png(1)]], r"a split that is no path needs a name, got list: give a dict"),
        ([{"train": [png(0)]}], "name two at least"),
        ([{"train": [png(0)]}, {"train": [png(1)]}], "two splits are called 'train'"),
        ([{"train": [png(0)], "test": 3}], "cannot look for images in int"),
    ],
)
def test_what_is_no_split_is_refused(given: list[Any], message: str) -> None:
    with pytest.raises(la.UsageError, match=message):
        leaks(*given)


def test_a_split_in_memory_without_images_says_nothing(data: Path) -> None:
    with pytest.raises(la.SourceError, match="split test has no image that can be read"):
        leaks({"train": [png(0)], "test": [b"no image"]})


def test_a_split_that_is_called_like_a_row_of_another_loses_nothing() -> None:
    shown = [scene(seed, 240, 160) for seed in range(4)]
    found = leaks({"a": shown[:3], "a/0": [shown[3], shown[0].resize((120, 80))]}, use_catalog=False, workers=1)
    assert [(pair.image.split, pair.keeper.split) for pair in found.pairs] == [("a/0", "a")]
    assert {name: len(paths) for name, paths in found.fix().items()} == {"a": 2, "a/0": 2}


def told(found: Leaks) -> list[Any]:
    """Return what must not depend on whether images or hash tables of them are searched."""
    document = found.to_dict()
    splits = [{name: split[name] for name in ("name", "images", "failed", "classes")} for split in document["splits"]]
    same = ("groups", "pairs", "contradictions", "between", "by_class", "accept", "failures", "incomplete")
    return [splits, *(document[name] for name in same)]


@pytest.fixture
def hashed(data: Path, put: Put) -> Path:
    """A hash table of each split, of train two."""
    put("data/test/dog/broken.jpg", b"no image")
    for name, folder in (("train-cat", "train/cat"), ("train-dog", "train/dog"), ("val", "val"), ("test", "test")):
        root = f"data/{folder.partition('/')[0]}"
        tables = hash_batches(
            f"data/{folder}", decode="fast", facts=True, thumbnails=True, use_catalog=False, workers=1
        )
        with open(f"{name}.parquet", "wb") as file:
            write_parquet(tables, [HashSpec()], file, {"made": {"roots": [root]}})
    return data.parent


TRAIN = {"train": ["train-cat.parquet", "train-dog.parquet"]}


def test_tables_leak_as_the_folders_that_they_were_made_of(hashed: Path) -> None:
    folders = leaks("data/train", "data/val", "data/test")
    assert folders.contradictions
    assert folders.unread == 1
    tables = leaks(TRAIN, "val.parquet", "test.parquet")
    assert told(tables) == told(folders)
    assert told(leaks("data/train", "val.parquet", "data/test")) == told(folders)
    assert tables.fix() == folders.fix()
    shutil.rmtree(hashed / "data")
    assert across(leaks(TRAIN, "val.parquet", "test.parquet")) == LEAKING


def test_tables_that_do_not_say_what_they_were_made_of_have_no_classes(hashed: Path) -> None:
    for name in ("val", "test"):
        table = pq.read_table(f"{name}.parquet")
        marks = {key: value for key, value in table.schema.metadata.items() if key != RUN_KEY}
        pq.write_table(table.replace_schema_metadata(marks), hashed / f"{name}.parquet")
    found = leaks(TRAIN, "val.parquet", "test.parquet")
    assert across(found) == LEAKING
    assert {side.label for pair in found.pairs for side in pair.sides if side.split != "train"} == {""}


def test_an_image_is_in_one_split_only(hashed: Path) -> None:
    shutil.copy("test.parquet", "more.parquet")
    both = r"is in test.parquet, of split test, and in more.parquet, of split more"
    with pytest.raises(la.UsageError, match=both):
        leaks("test.parquet", "more.parquet")
    with pytest.raises(la.UsageError, match=r"is in data/test, of split test, and in more.parquet, of split more"):
        leaks("data/test", "more.parquet")
    twice = leaks({"train": TRAIN["train"], "test": ["test.parquet", "more.parquet"]})
    assert [len(split.images) for split in twice.splits] == [9, 6], "one split may name an image twice"


def test_decisions_may_be_given_as_values_in_the_place_of_the_ledger(hashed: Path) -> None:
    decide("different", ["data/test/cat/copy.jpg", "data/train/cat/0.png"])
    decide("keep", "data/train/dog/10.png")
    assert len(leaks("data/train", "data/test").pairs) == len(leaks("data/train", "data/val").pairs) + 1 == 1
    given = la.decisions()
    assert len(leaks("data/train", "data/test", decided=[]).pairs) == 2
    assert len(leaks(TRAIN, "test.parquet", decided=given, ledger=hashed / "none.sqlite").pairs) == 1
    assert not (hashed / "none.sqlite").exists()
