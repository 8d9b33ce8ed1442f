"""Samples of WebDataset shards, also as `webdataset` itself writes them."""

import io
import tarfile
from pathlib import Path

import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.units.samples import samples


def test_images_of_one_key_are_one_sample() -> None:
    paths = [f"x.tar/{key}.{kind}" for key in ("a/1", "a/2", "b/1") for kind in ("jpg", "seg.png")]
    assert samples(paths) == {
        "x.tar/a/1.jpg": "x.tar/a/1.jpg", "x.tar/a/1.seg.png": "x.tar/a/1.jpg",
        "x.tar/a/2.jpg": "x.tar/a/2.jpg", "x.tar/a/2.seg.png": "x.tar/a/2.jpg",
    }  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        ["1.jpg", "2.jpg", "3.png"],
        ["2019.05.01.jpg", "2019.05.02.jpg", "2019.06.01.jpg"],
        ["2019.05.01.jpg", "2019.05.02.jpg", "2020.05.03.jpg", "2021.01.01.jpg"],
        ["1.jpg", "1.edited.jpg", "2.jpg", "3.jpg"],
        ["1.jpg", "1.jpg#2", "2.jpg"],
    ],
)
def test_where_names_only_hold_dots_each_is_for_itself(names: list[str]) -> None:
    assert samples([f"x.tar/{name}" for name in names]) == {}


def shard(path: Path, seeds: range) -> str:
    """Write samples of two views and a label."""
    with tarfile.open(path, "w") as archive:
        for seed in seeds:
            members = {"left.jpg": encode(scene(seed)), "right.jpg": encode(scene(seed + 100)), "json": b"{}"}
            for kind, data in members.items():
                info = tarfile.TarInfo(f"{seed:06}.{kind}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return str(path)


def test_a_sample_that_is_twice_is_one_duplicate(tmp_path: Path) -> None:
    one, other = shard(tmp_path / "shard-0.tar", range(4)), shard(tmp_path / "shard-1.tar", range(3, 7))
    findings = la.find(tmp_path / "shard-{0..1}.tar")
    assert findings.roots == [one, other]
    groups = [sorted(member.ref.path for member in group.members) for group in findings.groups]
    assert groups == [[f"{one}/000003.left.jpg", f"{other}/000003.left.jpg"]]
    assert findings.stats["skipped"] == {"not an image": 8}
    apart = la.find([one, other], units=False)
    assert len(apart.groups) == 2
    single = shard(tmp_path / "views.tar", range(2))  # views of one sample are not held against each other
    assert len(la.find(single).groups) == 0


def test_as_webdataset_writes_them(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    path = str(tmp_path / "x.tar")
    with webdataset.TarWriter(path) as sink:
        for seed in range(3):
            sink.write({"__key__": f"set/{seed:03}", "jpg": encode(scene(seed % 2)), "cls": str(seed).encode()})
    (group,) = la.find(path).groups
    assert [member.ref.path for member in group.members] == [f"{path}/set/000.jpg", f"{path}/set/002.jpg"]
