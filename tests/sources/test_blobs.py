"""Stored files: known by what they are, and only a few of them open."""

import os
from pathlib import Path

import pytest

from lookalike.sources import blobs
from lookalike.sources.blobs import Kept, blob


def test_another_file_of_the_name_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"one")
    stored = blob(str(path))
    with stored.open() as file:
        assert file.read() == b"one"
    assert stored.is_there()
    (tmp_path / "other").write_bytes(b"two")
    os.replace(tmp_path / "other", path)
    assert not stored.is_there()
    with pytest.raises(OSError, match="another one than when it was first looked at"):
        stored.open()
    path.unlink()
    assert not stored.is_there()


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not an ordinary file"):
        blob(str(tmp_path))


def test_those_used_last_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MOST_OPEN", 3)
    closed: list[int] = []

    class One:
        def __init__(self, number: int) -> None:
            self.number = number

        def let_go(self) -> None:
            closed.append(self.number)

    kept, ones = Kept(), [One(number) for number in range(6)]
    for number in (0, 1, 2, 0, 3, 4):
        kept.note(ones[number])
    assert closed == [1, 2]
    del ones[0]  # what is gone needs no closing
    kept.note(ones[4])
    kept.note(ones[0])
    assert closed == [1, 2, 3]
