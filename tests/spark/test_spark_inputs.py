"""What inputs are cut into; nothing of Spark is needed for that."""

from pathlib import Path

import pytest
from spark_inputs import folder, parquet, settle, shard

from conftest import encode, scene
from lookalike.errors import SourceError
from lookalike.options import ScanOptions
from lookalike.spark.inputs import FEWEST_NAMES, IN_FOLDERS, MOST_NAMES, Shard, chunks, list_shards


def loose(shards: list[Shard]) -> list[str]:
    return [path for one in shards if one.loose for path in one.paths]


def test_archives_and_tables_are_a_shard_each_and_loose_images_go_together(tmp_path: Path) -> None:
    photos, tar = folder(tmp_path / "photos"), shard(tmp_path / "a.tar", 10)
    table = parquet(tmp_path / "b.parquet", 20)
    listing = list_shards([str(photos), str(tar), str(table), str(tar)])
    assert [one.paths for one in listing.shards if not one.loose] == [(str(tar),), (str(table),)]
    names = [f"{number % 2}/{number}.jpg" for number in (0, 2, 4, 1, 3, 5)]
    assert loose(listing.shards) == [str(photos / name) for name in ("broken.jpg", "notes.txt", *names)]
    assert listing.skipped == {IN_FOLDERS: 1}
    assert {root for one in listing.shards if one.loose for root in one.roots} == {str(photos)}
    assert list_shards([str(photos), str(tar), str(table)]).shards == listing.shards


def test_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        shard(tmp_path / f"s-{number}.tar", number)
    monkeypatch.chdir(tmp_path)
    whole = [(str(tmp_path / f"s-{number}.tar"),) for number in range(3)]
    assert [one.paths for one in list_shards(["*.tar"]).shards] == whole
    assert [one.paths for one in list_shards(["s-{0..1}.tar"]).shards] == whole[:2]
    assert [one.paths for one in list_shards([f"file://{tmp_path}/s-?.tar"]).shards] == [
        (f"file://{path}",) for (path,) in whole
    ]


def test_globs_choose_among_loose_images(tmp_path: Path) -> None:
    photos = folder(tmp_path / "photos")
    listing = list_shards([str(photos)], ScanOptions(exclude=("/1/",), include=("*.jpg",)))
    assert [Path(path).name for path in loose(listing.shards)] == ["broken.jpg", "0.jpg", "2.jpg", "4.jpg"]


def test_a_file_that_is_named_beside_its_folder_is_listed_once(tmp_path: Path) -> None:
    photos = folder(tmp_path / "photos")
    names = loose(list_shards([str(photos / "0" / "2.jpg"), str(photos)]).shards)
    assert len(names) == len(set(names)) == 8


def test_a_name_more_changes_one_shard(tmp_path: Path) -> None:
    names = [(f"/photos/{number:06}.jpg", "/photos", None) for number in range(20_000)]
    before = list(chunks(names))
    assert all(FEWEST_NAMES <= len(chunk) <= MOST_NAMES for chunk in before[:-1])
    after = list(chunks([*names[:9000], ("/photos/008999-2.jpg", "/photos", None), *names[9000:]]))
    assert len([chunk for chunk in after if chunk not in before]) <= 2
    assert sum(map(len, after)) == 20_001


def test_what_is_not_there_is_a_line_and_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    settle(tmp_path / "a.jpg", encode(scene(1)))
    gone = str(tmp_path / "gone")
    listing = list_shards([str(tmp_path / "a.jpg"), gone])
    assert (len(listing.shards), listing.incomplete) == (1, [f"{gone}: No such file or directory"])
    with pytest.raises(SourceError, match=r"nothing to read: .*gone: No such file"):
        list_shards([gone])


def test_a_broken_link_goes_along_as_what_could_not_be_listed(tmp_path: Path) -> None:
    settle(tmp_path / "a.jpg", encode(scene(1)))
    (tmp_path / "b.jpg").symlink_to(tmp_path / "gone.jpg")
    (only,) = list_shards([str(tmp_path)]).shards
    assert only.paths == (str(tmp_path / "a.jpg"),)
    assert [unread.path for unread in only.unread] == [str(tmp_path / "b.jpg")]
