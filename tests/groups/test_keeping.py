"""What is kept, row by row: the table, its files, and the lists by shard with the filter that reads them."""

import csv
import gc
import io
import json
import os
import pickle
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike
from conftest import encode, scene
from lookalike.errors import UnsafeError, UsageError
from lookalike.filtering import KeepFilter
from lookalike.masking import mask_tables
from lookalike.model import Tier
from lookalike.sources.reading import Reader
from lookalike.tables.kept import ROLES, KeepTable, write_masks
from lookalike.tables.lists import MANIFEST, read_list, read_manifest, write_lists

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # webdataset leaves its shards open
Put = Callable[..., Path]
BIG = encode(scene(1), quality=92)
SMALL = encode(scene(1).resize((240, 180)), quality=85)
OTHER = encode(scene(2), quality=90)
THIRD = encode(scene(3), quality=90)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()  # here, where what was left open is no error


def found(*roots: str, **options: Any) -> lookalike.Findings:
    return lookalike.find(list(roots), use_catalog=False, workers=1, **options)


def zipped(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def rows(table: KeepTable) -> dict[str, dict[str, Any]]:
    columns = table.columns()
    return {
        path: dict(zip(columns, values, strict=True))
        for path, values in zip(table.path, zip(*columns.values(), strict=True), strict=True)
    }


def test_one_row_for_every_image_with_what_became_of_it(put: Put) -> None:
    put("p/big.jpg", BIG)
    put("p/small.jpg", SMALL)
    put("p/other.jpg", OTHER)
    put("p/bad.jpg", BIG[:900])
    put("z.zip", zipped({"in/copy.jpg": BIG, "in/third.jpg": THIRD}))
    findings = found("p", "z.zip")
    table = rows(findings.keep_table())
    assert list(table) == [
        "p/big.jpg",
        "p/other.jpg",
        "p/small.jpg",
        "z.zip/in/copy.jpg",
        "z.zip/in/third.jpg",
        "p/bad.jpg",
    ]
    assert {path: row["role"] for path, row in table.items()} == {
        "p/big.jpg": "keeper", "p/other.jpg": "single", "p/small.jpg": "duplicate", "z.zip/in/copy.jpg": "duplicate",
        "z.zip/in/third.jpg": "single", "p/bad.jpg": "failure",
    }  # fmt: skip
    assert [path for path, row in table.items() if not row["keep"]] == findings.duplicate_paths
    small = table["p/small.jpg"]
    assert (small["keeper"], small["tier"], small["group"]) == ("p/big.jpg", "copy", 1)
    assert small["reason"] == "resolution 480x360 > 240x180"
    member = table["z.zip/in/copy.jpg"]
    assert (member["shard"], member["key"], member["source"], member["row"]) == ("z.zip", "in/copy.jpg", "zip", None)
    assert (member["tier"], member["relation"], member["distance"]) == ("exact", "identical bytes", 0)
    assert table["p/bad.jpg"]["reason"].startswith("damaged: ")
    assert table["p/other.jpg"]["group"] is None


def test_the_rows_say_what_the_groups_say(put: Put) -> None:
    for number in range(4):
        put(f"p/{number}.jpg", encode(scene(number), quality=92))
        put(f"p/{number}s.jpg", encode(scene(number).resize((300, 225)), quality=80))
        put(f"p/{number}g.png", encode(scene(number).convert("L"), "PNG"))
    findings = found("p", tier="similar")
    table = rows(findings.keep_table())
    members = {member.ref.path: (group.id, member) for group in findings.groups for member in group.members}
    assert len(members) == 12
    for path, (number, member) in members.items():
        row = table[path]
        assert (row["group"], row["role"], row["distance"], row["keeper"]) == (
            number, member.role, member.distance, member.keeper,
        )  # fmt: skip
        assert (row["relation"], row["reason"], row["score"]) == (member.relation, member.reason, member.score)
        assert row["tier"] == (None if member.tier is None else member.tier.name.lower())
        assert member.ref.digest is not None
        assert row["digest"] == member.ref.digest.hex()


def test_all_images_of_a_unit_go_with_it_and_name_a_keeper_outside(put: Put) -> None:
    put("p/b/1.jpg", SMALL)
    put("p/b/1.dng", b"II*\0" + bytes(60))
    put("p/c/1.jpg", BIG)
    put("p/c/1.dng", b"II*\0" + bytes(61))
    table = rows(found("p").keep_table())
    assert table["p/b/1.jpg"]["role"] == "duplicate"
    raw = table["p/b/1.dng"]
    assert (raw["role"], raw["group"], raw["keep"]) == ("failure", table["p/b/1.jpg"]["group"], True)


def test_references_are_in_no_row(put: Put) -> None:
    put("new/a.jpg", SMALL)
    put("new/b.jpg", OTHER)
    put("old/a.jpg", BIG)
    table = rows(found("new", against=["old"]).keep_table())
    assert list(table) == ["new/a.jpg", "new/b.jpg"]
    assert table["new/a.jpg"]["keeper"] == "old/a.jpg"


def test_without_relations_all_else_is_the_same(put: Put) -> None:
    put("p/big.jpg", BIG)
    put("p/small.jpg", SMALL)
    findings = found("p")
    whole, short = findings.keep_table().columns(), findings.keep_table(relations=False).columns()
    assert [name for name in whole if whole[name] != short[name]] == ["relation"]
    assert set(short["relation"]) == {""}


def test_nothing_at_all_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    table = found("p").keep_table()
    assert len(table) == 0
    assert table.to_pandas().empty
    assert write_lists(table, "lists", {}) == ()


def test_the_forms_agree_and_paths_keep_their_bytes(put: Put) -> None:
    odd = os.fsdecode(b"\xff\n.jpg")
    put(f"p/{odd}", BIG)
    put('p/b, "c".jpg', SMALL)
    findings = found("p")
    table = findings.keep_table()
    table.write("k.parquet")
    table.write("k.csv")
    table.write("k.nul")
    with pytest.raises(UsageError, match=r"\.nul"):
        table.write("k.txt")
    assert not Path("k.txt").exists()
    assert Path("k.nul").read_bytes() == b"p/\xff\n.jpg\0"
    frame = findings.to_pandas()
    parquet = pytest.importorskip("pyarrow.parquet").read_table("k.parquet").to_pylist()
    with Path("k.csv").open(newline="", encoding="utf-8") as file:
        text = list(csv.DictReader(file))
    assert [row["path"] for row in parquet] == list(frame["path"]) == [row["path"] for row in text]
    assert [row["path_bytes"] for row in parquet] == [row["path_bytes"] or None for row in text]
    assert {row["path_bytes"] for row in parquet} == {None, "cC//Ci5qcGc="}
    assert [row["keep"] for row in parquet] == list(frame["keep"]) == [row["keep"] == "true" for row in text]
    assert str(frame["group"].dtype) == "Int64"
    with pytest.raises(UsageError, match="let the name end in"):
        table.write("k.xlsx")


def made(count: int, shards: int, *, numbered: bool = False) -> KeepTable:
    """Return a table of a size, of which every third image goes."""
    row = np.arange(count)
    shard = row * shards // count
    first = np.searchsorted(shard, shard)
    key = [str(one) for one in (row - first).tolist()] if numbered else [f"{one:09}.jpg" for one in range(count)]
    names = [f"s/{one:05}.{'parquet' if numbered else 'tar'}" for one in range(shards)]
    duplicate = row % 3 == 1
    return KeepTable(
        path=[f"{names[one]}/{name}" for one, name in zip(shard.tolist(), key, strict=True)],
        source=["parquet" if numbered else "tar"] * count, size=row, mtime_ns=row, digest=[bytes(32)] * count, shards=names,
        shard=shard, key=key, number=np.array([int(name) for name in key]) if numbered else np.full(count, -1), group=row // 3,
        role=np.where(duplicate, ROLES.index("duplicate"), ROLES.index("single")).astype(np.uint8), keep=~duplicate,
        tier=np.where(duplicate, Tier.COPY, Tier.NONE).astype(np.uint8), distance=np.where(duplicate, 2, -1),
        score=np.where(duplicate, 0.9, np.nan), keeper=[None] * count, relation=[""] * count, reason=[""] * count,
    )  # fmt: skip


def test_lists_name_what_stays_and_goes_and_writing_again_changes_nothing(put: Put) -> None:
    put("p/a.jpg", BIG)
    put("p/b.jpg", SMALL)
    put("z.zip", zipped({"a.jpg": BIG, "\xe9.jpg": OTHER}))
    table = found("p", "z.zip", keep="folder:p,resolution").keep_table()
    shards = write_lists(table, "lists", {"tier": "edit"})
    assert [(shard.path, shard.kind, shard.images, shard.kept, shard.dropped) for shard in shards] == [
        ("p", "files", 2, 1, 1), ("z.zip", "zip", 2, 1, 1),
    ]  # fmt: skip
    assert shards[1].size == Path("z.zip").stat().st_size
    assert read_manifest("lists") == shards
    assert read_list("lists", shards[0]) == (["a.jpg"], ["b.jpg"])
    plain = json.loads(Path("lists", shards[0].file).read_bytes())
    assert (plain["shard"], plain["keep"], plain["drop"]) == ("p", ["a.jpg"], ["b.jpg"])
    before = {path.name: (path.read_bytes(), path.stat().st_ino) for path in Path("lists").iterdir()}
    write_lists(table, "lists", {"tier": "edit"})
    after = {path.name: (path.read_bytes(), path.stat().st_ino) for path in Path("lists").iterdir()}
    assert {name: content for name, (content, _) in before.items()} == {
        name: content for name, (content, _) in after.items()
    }
    assert all(
        before[shard.file] == after[shard.file] for shard in shards
    )  # what was finished is not even written again


def test_lists_are_finished_after_a_run_that_was_stopped_and_old_ones_go() -> None:
    write_lists(made(300, 5), "lists", {})
    whole = {path.name: path.read_bytes() for path in Path("lists").iterdir()}
    Path("lists", MANIFEST).unlink()
    victim = sorted(whole)[2]
    Path("lists", victim).write_bytes(b"half")
    write_lists(made(300, 5), "lists", {})
    assert {path.name: path.read_bytes() for path in Path("lists").iterdir()} == whole
    write_lists(made(300, 2), "lists", {})
    assert len(list(Path("lists").iterdir())) == 3


def test_lists_are_not_put_where_something_else_lies(put: Put) -> None:
    put("mine/letter.txt", b"dear")
    with pytest.raises(UnsafeError, match="holds other files"):
        write_lists(made(3, 1), "mine", {})
    put("also/manifest.json", b'{"version": 1, "batch": "x"}')
    with pytest.raises(UsageError, match="was not written with --keep-lists"):
        write_lists(made(3, 1), "also", {})
    assert [path.name for path in Path("mine").iterdir()] == ["letter.txt"]
    assert [path.name for path in Path("also").iterdir()] == ["manifest.json"]


def test_a_damaged_or_foreign_list_is_refused() -> None:
    (shard,) = write_lists(made(9, 1), "lists", {})
    path = Path("lists", shard.file)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"000000001", b"000000002"))
    with pytest.raises(UsageError, match="not the list that the manifest names"):
        lookalike.keep_filter("lists").keeps(shard.path, "000000001.jpg")
    path.write_bytes(content)
    assert not lookalike.keep_filter("lists").keeps(shard.path, "000000001.jpg")
    manifest = Path("lists", MANIFEST)
    manifest.write_text(manifest.read_text().replace(shard.file, "../" + shard.file))
    with pytest.raises(UsageError, match="name of a list beside the manifest"):
        lookalike.keep_filter("lists")
    with pytest.raises(UsageError, match="cannot read"):
        lookalike.keep_filter("nowhere")


def sample(url: str, key: str) -> dict[str, str]:
    return {"__url__": url, "__key__": key}


def test_a_sample_goes_only_if_all_its_images_do() -> None:
    table = made(6, 1)
    names = ["./a/1.jpg", "a/1.seg.png", "a/2.jpg", "b.jpg#2", "b.jpg", "c.x.jpg"]
    both = replace(table, key=names, keep=np.array([False, True, False, False, False, True]))
    write_lists(both, "lists", {})
    keep = lookalike.keep_filter("lists")
    url = table.shards[0]
    assert {key: keep(sample(url, key)) for key in ("a/1", "a/2", "b", "c", "never-seen")} == {
        "a/1": True, "a/2": False, "b": False, "c": True, "never-seen": True,
    }  # fmt: skip
    assert keep(sample(url, "./a/2")) is False  # as `tar cf x.tar .` has it


def test_a_shard_is_found_by_path_or_url_and_never_guessed(put: Put) -> None:
    for name in ("set/train/000.tar", "set/val/000.tar", "set/val/001.tar"):
        put(name, tarred([("1.jpg", BIG), ("2.jpg", SMALL if "train" in name else OTHER)]))
    write_lists(found("set/train/000.tar", "set/val/000.tar", "set/val/001.tar").keep_table(), "lists", {})
    keep = lookalike.keep_filter("lists")
    here = os.getcwd()
    for url in ("set/train/000.tar", f"{here}/set/train/000.tar", "file:set/train/000.tar", "train/000.tar",
                "https://host/set/train/000.tar", "pipe:curl -s https://host/set/train/000.tar"):  # fmt: skip
        assert keep(sample(url, "2")) is False, url
    assert keep(sample("s3://bucket/val/000.tar", "2")) is True
    for url, why in (("000.tar", "could be any of"), ("set/test/000.tar", "no keep list"), ("set/test/001.tar", "no keep list"),
                     ("other.tar", "no keep list"), ("", "no keep list")):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            keep(sample(url, "2"))
    kept = lookalike.keep_filter("lists", unknown="keep")
    assert kept(sample("other.tar", "2")) is True
    assert (
        lookalike.keep_filter("lists", by_name=True)(sample("moved/001.tar", "2")) is False
    )  # a copy of what val/000 has
    with pytest.raises(UsageError, match="unknown must be"):
        KeepFilter("lists", unknown="drop")  # type: ignore[arg-type]


def test_a_shard_that_was_changed_since_is_refused(put: Put) -> None:
    put("s.tar", tarred([("1.jpg", BIG), ("2.jpg", SMALL)]))
    write_lists(found("s.tar").keep_table(), "lists", {})
    put("s.tar", tarred([("1.jpg", BIG), ("2.jpg", OTHER), ("3.jpg", THIRD * 2)]))
    with pytest.raises(UsageError, match="when its keep list was made"):
        lookalike.keep_filter("lists")(sample("s.tar", "2"))


def test_a_real_webdataset_pipeline(put: Put) -> None:
    webdataset = pytest.importorskip("webdataset")
    meta = b'{"caption": "a picture"}'
    put("set/0.tar", tarred([("a.jpg", BIG), ("a.json", meta), ("b.jpg", OTHER), ("b.json", meta)]))
    put("set/1.tar", tarred([("c.jpg", SMALL), ("c.json", meta), ("d.jpg", THIRD), ("d.json", meta), ("e.json", meta)]))
    findings = found("set/0.tar", "set/1.tar")
    assert findings.duplicate_paths == ["set/1.tar/c.jpg"]
    write_lists(findings.keep_table(), "lists", {})
    keep = lookalike.keep_filter("lists")
    for keep_ in (keep, pickle.loads(pickle.dumps(keep))):
        data = webdataset.WebDataset(["set/0.tar", "set/1.tar"], shardshuffle=False).select(keep_)
        assert [one["__key__"] for one in data] == ["a", "b", "d", "e"]
    everything = webdataset.WebDataset(["set/0.tar", "set/1.tar"], shardshuffle=False)
    assert len(list(everything)) == 5


def test_rows_of_tables_as_positions() -> None:
    write_lists(made(12, 2, numbered=True), "lists", {})
    keep = lookalike.keep_filter("lists")
    first, second = keep.shards
    assert keep.indices(first).tolist() == [0, 2, 3, 5]
    assert keep.indices(second, 8).tolist() == [0, 2, 3, 5, 6, 7]  # what was not looked at stays
    assert keep.indices(first).dtype == np.int64
    assert keep.keeps(first, 1) is False
    with pytest.raises(UsageError, match="no keep list"):
        keep.indices("s/other.parquet")
    assert lookalike.keep_filter("lists", unknown="keep").indices("s/other.parquet", 3).tolist() == [0, 1, 2]
    with pytest.raises(UsageError, match="give count"):
        lookalike.keep_filter("lists", unknown="keep").indices("s/other.parquet")
    write_lists(made(12, 2), "named", {})
    with pytest.raises(UsageError, match="names, not rows"):
        lookalike.keep_filter("named").indices("s/00000.tar")


def test_files_of_a_folder_as_positions(put: Put) -> None:
    put("set/cat/a.jpg", BIG)
    put("set/dog/b.jpg", SMALL)
    put("set/dog/c.jpg", OTHER)
    write_lists(found("set").keep_table(), "lists", {})
    keep = lookalike.keep_filter("lists")
    paths: list[str | Path] = [
        "set/dog/b.jpg",
        Path("set/cat/a.jpg"),
        os.path.abspath("set/dog/b.jpg"),
        "set/dog/new.jpg",
    ]
    assert keep.positions(paths).tolist() == [1, 3]
    with pytest.raises(UsageError, match="no keep list"):
        keep.positions(["elsewhere/a.jpg"])
    assert repr(keep) == "<KeepFilter: 1 shards, 1 images dropped>"


def test_a_mask_has_the_rows_of_its_table() -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    Path("s").mkdir()
    for name in ("s/00000.parquet", "s/00001.parquet"):
        parquet.write_table(arrow.table({"x": list(range(9))}), name)
    before = Path("s/00000.parquet").read_bytes()
    table = made(12, 2, numbered=True)
    written = mask_tables(table, "masks", Reader())
    assert written == ["masks/00000.parquet", "masks/00001.parquet"]
    mask = parquet.read_table(written[0])
    assert mask.schema.names == ["keep"]
    assert mask.column("keep").to_pylist() == [True, False, True, True, False, True, True, True, True]
    assert Path("s/00000.parquet").read_bytes() == before
    with pytest.raises(UsageError, match="name a folder"):
        mask_tables(table, "mask.parquet", Reader())
    one = made(6, 1, numbered=True)
    assert mask_tables(one, "mask.parquet", Reader()) == ["mask.parquet"]
    with pytest.raises(UsageError, match="no image comes from one"):
        mask_tables(made(6, 1), "mask.parquet", Reader())
    assert write_masks(one, {"a/t.parquet": 1, "b/t.parquet": 2}, "same") == [
        "same/00000-t.parquet",
        "same/00001-t.parquet",
    ]


def test_a_million_rows_are_written_in_seconds() -> None:
    table = made(1_000_000, 100)
    started = time.monotonic()
    table.write("k.parquet")
    write_lists(table, "lists", {})
    keep = lookalike.keep_filter("lists")
    assert sum(shard.dropped for shard in read_manifest("lists")) == 333_333
    assert keep(sample(table.shards[7], "000070001")) is bool(table.keep[70_001])
    assert time.monotonic() - started < 60  # about 6 s on two cores


@pytest.mark.parametrize("mask", ["set", "set/train.parquet"])
def test_no_mask_takes_the_place_of_its_table(mask: str) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    Path("set").mkdir()
    parquet.write_table(arrow.table({"image": [BIG, BIG]}), "set/train.parquet")
    before = Path("set/train.parquet").read_bytes()
    table = found("set/train.parquet").keep_table()
    with pytest.raises(UnsafeError, match="no mask"):
        mask_tables(table, mask, Reader())
    with pytest.raises(UnsafeError, match="holds the images"):
        table.write("set/train.parquet")
    assert Path("set/train.parquet").read_bytes() == before
    for _ in range(2):  # a mask takes the place of a mask
        assert mask_tables(table, "masks", Reader()) == ["masks/train.parquet"]
