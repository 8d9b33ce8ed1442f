"""`catalog:FILE`: what a catalog knows is found as a search of its folders finds it, and no file is touched."""

import io
import os
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookalike as la
from conftest import aged, encode, scene
from lookalike.errors import SourceError, UsageError
from lookalike.opening import open_catalog
from lookalike.planning.making import plan_document
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import of_document, of_findings
from lookalike.tables import document_from_json


def saved(path: Path, seed: int, size: tuple[int, int] = (240, 160), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    scene(seed, 240, 160).resize(size).save(path, **options)
    return aged(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for seed in range(6):
        saved(root / "a" / f"{seed}.png", seed)
    for seed in range(3):
        saved(root / "b" / f"{seed}.jpg", seed, (120, 80), quality=85)
    aged(Path(shutil.copy(root / "a" / "5.png", root / "b" / "same.png")))
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (root / "words.txt").write_text("no image")
    for name in ("broken.jpg", "words.txt"):
        aged(root / name)
    return root


def tiers(findings: la.Findings) -> dict[str, tuple[str, Any]]:
    """Return keeper and tier of each member by path."""
    return {
        member.ref.path: (member.keeper or "", member.tier) for group in findings.groups for member in group.members
    }


def test_a_catalog_gives_what_its_folders_gave(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    scanned = la.find(folder, catalog=catalog, ledger=ledger)
    recalled = la.find(f"catalog:{catalog}", ledger=ledger)
    assert len(scanned.groups) == 4
    assert tiers(recalled) == tiers(scanned), "the paths are those of the files, too"
    assert [row.ref for row in recalled.failures] == [row.ref for row in scanned.failures]
    same = ("images", "hashed", "failed", "groups", "duplicates", "by_tier", "bytes_in_duplicates")
    assert {name: recalled.stats[name] for name in same} == {name: scanned.stats[name] for name in same}
    assert recalled.stats["cached"] == recalled.stats["hashed"] == 10


def test_files_that_are_gone_are_found_all_the_same(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    before = tiers(la.find(folder, catalog=catalog, ledger=ledger))
    shutil.rmtree(folder)
    assert tiers(la.find(f"catalog:{catalog}", ledger=ledger)) == before


def test_a_volume_that_is_not_mounted_goes_by_its_name(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    with open_catalog(str(catalog)) as store:
        store.db.execute("UPDATE folder SET volume = ?", (b"uuid:elsewhere",))
        store.seal_all()
    paths = list(tiers(la.find(f"catalog:{catalog}", ledger=ledger)))
    assert len(paths) == 8
    assert all(path.startswith(f"catalog:{catalog}/uuid:elsewhere/") for path in paths)


@pytest.mark.parametrize(
    ("options", "images", "skipped"),
    [
        ({"min_size": (200, 100)}, 7, {"smaller than 200x100": 3}),
        ({"exclude": ["b/"]}, 6, {"excluded": 4}),
        ({"include": ["*.jpg"]}, 3, {"excluded": 7}),
        ({"max_pixels": 10_000}, 3, {}),
    ],
)
def test_what_is_not_wanted_is_left_out(
    options: dict[str, Any], images: int, skipped: dict[str, int], folder: Path, tmp_path: Path
) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    stats = la.find(f"catalog:{catalog}", ledger=ledger, **options).stats
    assert stats["hashed"] == images
    assert {name: count for name, count in stats["skipped"].items() if name in skipped} == skipped


def test_a_protected_path_is_relative_to_its_volume(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    keepers = {
        group.members[0].ref.path for group in la.find(f"catalog:{catalog}", ledger=ledger, protect=["b/"]).groups
    }
    assert {Path(path).parent.name for path in keepers} == {"b"}


def test_a_content_without_a_thumbnail_is_a_failure_that_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.sqlite"
    la.hash_images(folder, catalog=catalog)
    with pytest.raises(SourceError, match="nothing to read"):
        la.find(f"catalog:{tmp_path / 'other.sqlite'}")
    found = la.find(f"catalog:{catalog}", ledger=tmp_path / "ledger.sqlite")
    assert found.stats["hashed"] == 0
    assert "run find on its folder" in {row.reason for row in found.failures}.pop()


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A folder of two pictures that `folder` has, and one that it has not."""
    saved(tmp_path / "new" / "again.jpg", 1, (180, 120), quality=90)
    saved(tmp_path / "new" / "moved.png", 2)
    saved(tmp_path / "new" / "fresh.png", 40)
    return tmp_path / "new"


def test_new_images_are_held_against_all_that_a_catalog_knows(folder: Path, new: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find([folder, zipped(tmp_path / "a.zip")], catalog=catalog, ledger=ledger)
    os.remove(tmp_path / "a.zip")
    for _ in range(2):  # the second time, it knows the new ones, too
        found = la.find(new, against=f"catalog:{catalog}", ledger=ledger)
        assert found.unmatched == [str(new / "fresh.png")]
        assert found.duplicate_paths == [str(new / "again.jpg"), str(new / "moved.png")]
        kept = {member.ref.path for group in found.groups for member in group.members if member.role == "keeper"}
        assert all(path.startswith((str(folder), str(tmp_path / "a.zip"))) for path in kept)
        assert len(found.failures) == 1, "what the catalog could not read"
    assert (found.stats["images"], found.stats["cached"]) == (17, 16)
    with pytest.raises(UsageError, match="name their folders to clean them"):
        found.plan()


def test_what_a_catalog_knows_is_held_against_a_folder(folder: Path, new: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find([folder, new], catalog=catalog, ledger=ledger)
    recalled = la.find(f"catalog:{catalog}", against=new, ledger=ledger)
    scanned = la.find(folder, against=new, catalog=catalog, ledger=ledger)
    assert tiers(recalled) == tiers(scanned)
    assert recalled.duplicate_paths == scanned.duplicate_paths != []
    assert recalled.unmatched == scanned.unmatched


def test_a_catalog_and_what_is_scanned_are_one_search_and_each_name_is_there_once(
    folder: Path, new: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find([folder, zipped(tmp_path / "a.zip")], catalog=catalog, ledger=ledger)
    whole = la.find([folder, tmp_path / "a.zip", new, zipped(tmp_path / "b.zip")], use_catalog=False, ledger=ledger)
    monkeypatch.chdir(tmp_path)
    for roots in (["new", "b.zip"], ["new", "b.zip", "set"], ["b.zip", "set", "new", "a.zip"]):
        found = la.find([f"catalog:{catalog}", *roots], ledger=ledger)
        assert {os.path.abspath(path): tier for path, (_, tier) in tiers(found).items()} == {
            path: tier for path, (_, tier) in tiers(whole).items()
        }
        assert sum(path.startswith("set/") for path in tiers(found)) == ("set" in roots) * 8
        same = ("images", "failed", "groups", "duplicates", "by_tier", "bytes_in_duplicates")
        assert {name: found.stats[name] for name in same} == {name: whole.stats[name] for name in same}
        for path in tiers(found):
            assert found.reader.read(path) == whole.reader.read(os.path.abspath(path))


def test_globs_are_relative_to_folders_and_to_volumes(folder: Path, new: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find(folder, catalog=catalog, ledger=ledger)
    both = [str(new), f"catalog:{catalog}"]
    for glob, stays in (
        ("again.jpg", "again.jpg"),
        ("/again.jpg", "again.jpg"),
        ("new/", "1.png"),
        ("b/", "1.jpg"),
    ):
        found = la.find(both, ledger=ledger, protect=[glob])
        (group,) = [group for group in found.groups if any(one.ref.path.endswith("again.jpg") for one in group.members)]
        assert Path(group.members[0].ref.path).name == stays
    assert la.find(both, ledger=ledger, exclude=["/again.jpg", "b/"]).stats["hashed"] == 8


def test_what_is_not_wanted_of_a_scanned_folder_does_not_come_back(folder: Path, new: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    la.find([folder, new], catalog=catalog, ledger=ledger)
    (tmp_path / "link").symlink_to(folder)
    shutil.move(new, tmp_path / "new too")  # not new as a path begins
    la.find(tmp_path / "new too", catalog=catalog, ledger=ledger)
    os.remove(folder / "a" / "0.png")
    for root in (folder, f"{folder}/", tmp_path / "link"):
        found = la.find([root, f"catalog:{catalog}"], exclude=["/b"], ledger=ledger)
        assert sorted(os.path.relpath(path, tmp_path) for path in found.keep_paths + found.duplicate_paths) == sorted(
            [
                *(f"{'link' if root == tmp_path / 'link' else 'set'}/a/{seed}.png" for seed in range(1, 6)),
                *(
                    f"{place}/{name}"
                    for place in ("new", "new too")
                    for name in ("again.jpg", "fresh.png", "moved.png")
                ),
            ]
        )


def test_a_folder_that_is_gone_does_not_keep_a_catalog_from_being_searched(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    before = tiers(la.find(folder, catalog=catalog, ledger=ledger))
    found = la.find([tmp_path / "absent", f"catalog:{catalog}"], ledger=ledger)
    assert tiers(found) == before
    assert found.missing_roots == [str(tmp_path / "absent")]
    assert len(found.incomplete) == 1


def test_a_catalog_is_no_split(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"catalog:c\.sqlite knows of no splits"):
        la.leaks(folder / "a", "catalog:c.sqlite")


@pytest.mark.parametrize("side", ["alone", "beside", "tested", "reference"])
def test_what_was_not_looked_at_is_not_cleaned_on_any_road(side: str, folder: Path, new: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", str(tmp_path / "ledger.sqlite")
    la.find(folder, catalog=catalog, ledger=ledger)
    root, refused = f"catalog:{catalog}", "name their folders to clean them"
    found = {
        "alone": lambda: la.find(root, ledger=ledger),
        "beside": lambda: la.find([new, root], ledger=ledger),
        "tested": lambda: la.find(root, against=new, ledger=ledger),
        "reference": lambda: la.find(new, against=root, ledger=ledger),
    }[side]()
    assert found.groups
    with pytest.raises(UsageError, match=refused):
        found.plan()
    document = document_from_json(found.to_json())
    with pytest.raises(UsageError, match=refused):
        plan_document(document, options=la.KeepOptions())
    for subject in (of_findings(found), of_document(document)):
        review = Review(subject, la.KeepOptions(), ledger=ledger)
        review.accept(0)
        assert review.decisions(0), "it can be looked at, and decided"
        with pytest.raises(UsageError, match=refused):
            review.plan()


def pictures(start: int, size: tuple[int, int] = (240, 160)) -> list[bytes]:
    """Return three files that hold the same pictures for any size."""
    return [encode(scene(seed, 240, 160).resize(size), "PNG") for seed in range(start, start + 3)]


def zipped(path: Path) -> str:
    with zipfile.ZipFile(path, "w") as file:
        for number, data in enumerate(pictures(0)):
            file.writestr(f"in/{number}.png", data)
    return str(aged(path))


def tarred(path: Path) -> str:
    with tarfile.open(path, "w:gz") as file:
        for number, data in enumerate(pictures(0, (120, 80))):
            info = tarfile.TarInfo(f"in/{number}.png")
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return str(aged(path))


def tabled(path: Path) -> str:
    """Write a table in which only the user knows which column is meant."""
    pq = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    pq.write_table(arrow.table({"image": pictures(0, (230, 150)), "mask": pictures(10)}), path)
    return str(aged(path))


def saved_dataset(path: Path) -> str:
    datasets = pytest.importorskip("datasets")
    parts = {"train": pictures(0, (180, 120)), "test": pictures(3)}
    features = datasets.Features({"image": datasets.Image()})
    made = {
        name: datasets.Dataset.from_dict(
            {"image": [{"bytes": data, "path": None} for data in files]}, features=features
        )
        for name, files in parts.items()
    }
    datasets.DatasetDict(made).save_to_disk(str(path))
    for file in path.rglob("*.*"):
        aged(file)
    return str(path)


def in_a_bucket(_path: Path) -> str:
    files = pytest.importorskip("fsspec").filesystem("memory")
    for number, data in enumerate(pictures(0)):
        files.pipe(f"/recalled/sub/{number}.png", data)
    time.sleep(0.05)  # until times are settled
    return "memory:///recalled"


def zipped_in_a_bucket(path: Path) -> str:
    files = pytest.importorskip("fsspec").filesystem("memory")
    files.pipe("/recalled-zip/a.zip", Path(zipped(path)).read_bytes())
    time.sleep(0.05)
    return "memory:///recalled-zip/a.zip"


@pytest.mark.parametrize(
    ("make", "name", "options"),
    [
        (zipped, "a.zip", {}),
        (tarred, "a.tar.gz", {}),
        (tabled, "a.parquet", {"column": "image"}),
        (saved_dataset, "dataset", {}),
        (in_a_bucket, "", {}),
        (zipped_in_a_bucket, "a.zip", {}),
    ],
)
def test_what_lies_in_sources_is_found_as_a_scan_finds_it(
    make: Callable[[Path], str], name: str, options: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    root = make(tmp_path / name)
    scanned = la.find([str(folder), root], catalog=catalog, ledger=ledger, **options)
    recalled = la.find(f"catalog:{catalog}", ledger=ledger)
    assert tiers(recalled) == tiers(scanned)
    own = [path for path in tiers(scanned) if path.startswith(f"{root}/")]
    assert len(own) >= 3

    def sources(findings: la.Findings) -> dict[str, str]:
        return {member.ref.path: member.ref.source for group in findings.groups for member in group.members}

    assert sources(recalled) == sources(scanned)
    assert recalled.stats["cached"] == recalled.stats["hashed"] == scanned.stats["hashed"]
    for path in own:  # a second look finds them where they lie
        assert recalled.reader.read(path) == scanned.reader.read(path)
        assert not recalled.reader.is_file(path)
    with la.Index.open(catalog) as index:
        hits = {
            hit.path for seed in range(6) for hit in index.search(scene(seed, 240, 160)) if hit.tier <= la.Tier.EDIT
        }
    assert hits == set(tiers(recalled)) | set(recalled.keep_paths), "a search by picture calls them the same"


def test_archives_that_are_gone_are_no_more_than_files_that_are(folder: Path, tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    archive = zipped(tmp_path / "a.zip")
    before = tiers(la.find([folder, archive], catalog=catalog, ledger=ledger))
    assert any(path.startswith(archive) for path in before)
    os.remove(archive)
    assert tiers(la.find(f"catalog:{catalog}", ledger=ledger)) == before
    thorough = la.find(f"catalog:{catalog}", ledger=ledger, verify="pixels")
    assert any(path.startswith(archive) for path in tiers(thorough))


def test_two_archives_of_two_runs_hold_no_names_of_one_file(tmp_path: Path) -> None:
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    for name in ("a.zip", "b.zip"):
        la.find(zipped(tmp_path / name), catalog=catalog, ledger=ledger)
    found = la.find(f"catalog:{catalog}", ledger=ledger)
    relations = {member.relation for group in found.groups for member in group.members[1:]}
    assert relations == {"identical bytes"}
    assert found.stats["bytes_in_duplicates"] == sum(map(len, pictures(0)))


def test_a_dataset_in_memory_goes_by_its_fingerprint(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    catalog, ledger = tmp_path / "catalog.sqlite", tmp_path / "ledger.sqlite"
    features = datasets.Features({"image": datasets.Image()})
    made = [
        datasets.Dataset.from_dict(
            {"image": [{"bytes": data, "path": None} for data in pictures(0, size)]}, features=features
        )
        for size in ((240, 160), (120, 80))
    ]
    for one in made:  # both are called images
        la.find(one, catalog=catalog, ledger=ledger)
    paths = set(tiers(la.find(f"catalog:{catalog}", ledger=ledger)))
    assert paths == {f"catalog:{catalog}//images//{one._fingerprint}/{row}" for one in made for row in range(3)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda at: {"paths": [f"catalog:{at}", "catalog:other.sqlite"]}, "one catalog is searched at a time"),
        (lambda at: {"paths": f"catalog:{at}", "against": f"catalog:{at}"}, "name one, once"),
        (lambda at: {"paths": f"catalog:{at}", "use_catalog": False}, "leave --no-catalog out"),
        (lambda at: {"paths": f"catalog:{at}", "catalog": at.parent / "other.sqlite"}, "leave --catalog out"),
    ],
)
def test_what_cannot_be_combined_is_refused(
    arguments: Callable[[Path], dict[str, Any]], message: str, folder: Path, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog.sqlite"
    la.find(folder, catalog=catalog, ledger=tmp_path / "ledger.sqlite")
    with pytest.raises(UsageError, match=message):
        la.find(**arguments(catalog))


def test_the_verified_pairs_of_a_catalog_are_those_that_a_search_finds(tmp_path: Path) -> None:
    catalog, root = tmp_path / "catalog.sqlite", tmp_path / "set"
    for seed in range(8):
        saved(root / f"{seed}.png", seed)
        saved(root / f"{seed}-small.jpg", seed, (200, 133), quality=90)
    for name, side in ("white.png", 100), ("white-too.png", 90):
        Image.new("RGB", (side, side), "white").save(root / name)
        aged(root / name)
    findings = la.find(root, catalog=catalog, ledger=tmp_path / "ledger.sqlite")
    expected = {
        (frozenset((group.members[0].ref.digest, member.ref.digest)), member.tier)
        for group in findings.groups
        for member in group.members[1:]
    }
    assert len(expected) == 8
    for workers in (1, 2):
        blocks = list(la.iter_verified_pairs(catalog, tier="copy", workers=workers))
        with open_catalog(str(catalog)) as store:
            found = set()
            for block in blocks:
                assert (block.left < block.right).all()
                assert (block.distance <= 10).all()
                digests = store.facts_of(np.unique(np.concatenate([block.left, block.right])), ["digest"])
                for left, right, tier in zip(
                    block.left.tolist(), block.right.tolist(), block.tier.tolist(), strict=True
                ):
                    found.add((frozenset((*digests[left], *digests[right])), la.Tier(tier)))
        assert found == expected
    with pytest.raises(SourceError, match="there is no catalog"):
        la.iter_verified_pairs(tmp_path / "missing.sqlite")
    with pytest.raises(UsageError, match="workers must be at least 1, got 0"):
        la.iter_verified_pairs(tmp_path / "missing.sqlite", workers=0)
