"""Which shard an image lies in."""

import pytest

from lookalike.sources.places import Placer


@pytest.mark.parametrize("roots", [["set/a.tar"], ["set"], ["h/hashes.parquet"]])
def test_all_folders_of_an_archive_are_one_shard_whoever_tells_of_it(roots: list[str]) -> None:
    placer = Placer(roots)
    for name in ("1.jpg", "x/1.jpg", "x/y/1.jpg"):
        assert placer.place(f"set/a.tar/{name}", "tar") == ("set/a.tar", name)
