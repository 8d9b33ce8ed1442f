"""Datasets of Hugging Face: objects, what they saved, and what is remembered of either."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from conftest import encode, scene
from lookalike import find
from lookalike.errors import SourceError, UsageError
from lookalike.sources.kinds import open_source
from lookalike.sources.rows import Rows, Splits
from lookalike.sources.tabular import Tabular

PICTURES = [encode(scene(seed), quality=quality) for seed, quality in ((1, 90), (2, 90), (1, 50), (3, 90), (2, 90))]
"""Rows 0 and 2 are the same picture, and rows 1 and 4."""
KEPT = [0, 1, 3]


@pytest.fixture(autouse=True, scope="module")
def _no_bars() -> None:
    datasets.disable_progress_bars()


def dataset(pictures: list[Any] = PICTURES, **columns: list[Any]) -> datasets.Dataset:
    cells = [data if data is None or isinstance(data, dict) else {"bytes": data, "path": None} for data in pictures]
    made = datasets.Dataset.from_dict({"image": cells, "label": list(range(len(cells))), **columns})
    return made.cast_column("image", datasets.Image())


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = str(tmp_path / "saved")
    dataset().save_to_disk(path)
    for file in Path(path).iterdir():
        os.utime(file, (1_500_000_000, 1_500_000_000))  # or nothing is remembered of what has only just been written
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_the_rows_that_stay_are_ready_to_be_selected(workers: int) -> None:
    made = dataset()
    found = find(made, column="image", use_catalog=False, workers=workers)
    assert found.keep_indices.tolist() == KEPT
    assert made.select(found.keep_indices)["label"][:] == KEPT
    assert found.duplicate_paths == ["images/2", "images/4"]
    assert {member.ref.source for group in found.groups for member in group.members} == {"huggingface"}


def test_nothing_is_decoded_by_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a picture was decoded by datasets")

    monkeypatch.setattr(datasets.Image, "decode_example", refuse)
    made = dataset().with_transform(refuse)
    assert find(made, use_catalog=False).keep_indices.tolist() == KEPT


def test_rows_that_were_shuffled_selected_or_put_together_count_as_they_are() -> None:
    made = dataset()
    order = [4, 3, 2, 1, 0]
    assert find(made.select(order), use_catalog=False).stats["duplicates"] == 2
    both = datasets.concatenate_datasets([made, made.select(order)])
    found = find(both, use_catalog=False)
    assert len(found.keep_indices) == 3
    assert sorted({both[int(row)]["label"] % 5 for row in found.keep_indices}) == KEPT


def test_broken_and_empty_rows_are_failures() -> None:
    found = find(dataset([PICTURES[0], None, b"no image", PICTURES[2]]), use_catalog=False)
    assert found.keep_indices.tolist() == [0]
    assert [(row.ref.path, row.kind) for row in found.failures] == [("images/1", "not-here"), ("images/2", "damaged")]


def test_files_that_rows_name_are_read_where_they_lie(put: Callable[..., Path]) -> None:
    files = [str(put(f"{row}.jpg", PICTURES[row])) for row in range(3)]
    made = datasets.Dataset.from_dict({"image": files}).cast_column("image", datasets.Image())
    for path in files:
        os.utime(path, (1_600_000_000, 1_600_000_000))
    assert find(made).keep_indices.tolist() == [0, 1]
    assert find(made).stats["cached"] == 3
    put("2.jpg", PICTURES[1])
    again = find(made)
    assert again.stats["cached"] == 2
    assert again.duplicate_indices.tolist() == [2]


def test_splits_go_by_their_names() -> None:
    made = dataset()
    found = find(datasets.DatasetDict({"train": made, "test": made.select([3, 0])}), tier="copy", use_catalog=False)
    assert found.roots == ["train", "test"]
    assert found.keep_rows["test"].tolist() == [0, 1]
    assert found.keep_rows["train"].tolist() == [1]
    assert found.duplicate_rows["train"].tolist() == [0, 2, 3, 4]
    with pytest.raises(UsageError, match=r"one of 2 tables \(train, test\): use keep_rows\[NAME\]"):
        _ = found.keep_indices


def test_one_split_against_another() -> None:
    made = dataset()
    found = find(made, against=made.select([3]), use_catalog=False)
    assert (found.roots, found.references) == (["images"], ["images#2"])
    assert found.keep_indices.tolist() == [0, 1, 2, 4]
    assert found.unmatched == ["images/0", "images/1", "images/2", "images/4"]


def test_a_dataset_is_known_by_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    made = dataset()
    assert find(made).stats["cached"] == 0
    with monkeypatch.context() as patch:
        patch.setattr(Rows, "read", lambda *_: pytest.fail("read again"))
        again = find(made)
    assert again.stats["cached"] == 5
    assert again.keep_indices.tolist() == KEPT
    assert find(made.select([0, 1, 2])).keep_indices.tolist() == [0, 1]


def test_columns_that_are_not_clear_are_asked_for() -> None:
    made = dataset(mask=[{"bytes": data, "path": None} for data in PICTURES])
    assert find(made, use_catalog=False).keep_indices.tolist() == KEPT  # mask is no Image to the package
    unclear = made.cast_column("mask", datasets.Image())
    with pytest.raises(UsageError, match=r"images has images in several columns \(image, mask\)"):
        find(unclear)
    assert find(unclear, column="mask", use_catalog=False).keep_indices.tolist() == KEPT
    with pytest.raises(UsageError, match="images has no column 'photo'; it has image, label, mask"):
        find(unclear, column="photo")


def test_a_dataset_without_rows_has_none_to_keep() -> None:
    assert find(dataset().select([]), use_catalog=False).keep_indices.tolist() == []


def test_a_folder_that_was_saved(saved: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find(saved)
    assert found.keep_indices.tolist() == KEPT
    assert found.keep_paths == [f"{saved}/{row}" for row in KEPT]
    with monkeypatch.context() as patch:
        patch.setattr(Rows, "read", lambda *_: pytest.fail("read again"))
        assert find(saved).stats["cached"] == 5
    (file,) = Path(saved).glob("*.arrow")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    assert find(saved).stats["cached"] == 0
    assert find(str(file), use_catalog=False).keep_indices.tolist() == KEPT


def test_a_folder_of_splits_that_was_saved(tmp_path: Path) -> None:
    made, path = dataset(), str(tmp_path / "set")
    datasets.DatasetDict({"train": made, "test": made.select([3])}).save_to_disk(path)
    source = open_source(path)
    assert isinstance(source, Splits)
    found = find(path, tier="copy", use_catalog=False)
    assert list(found.keep_rows) == [f"{path}/train", f"{path}/test"]
    assert len(found.keep_paths) == 3
    assert (3 in found.keep_rows[f"{path}/train"]) != (0 in found.keep_rows[f"{path}/test"])
    assert find(path, exclude=["test"], use_catalog=False).stats["images"] == 5
    (data,) = source.read([f"{path}/train/3"])
    assert data == PICTURES[3]
    assert source.is_there()
    source.close()


def test_a_folder_that_is_damaged_is_said(saved: str, put: Callable[..., Path]) -> None:
    (file,) = Path(saved).glob("*.arrow")
    file.write_bytes(b"nothing")
    found = find([saved, str(put("a.jpg", PICTURES[0]))], use_catalog=False)
    assert found.missing_roots == [saved]
    assert "not a dataset that can be read" in found.incomplete[0]


def test_the_missing_package_is_named(saved: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"datasets is not installed: pip install 'lookalike\[huggingface\]'"):
        find(saved)


def test_a_stream_has_no_rows_to_number() -> None:
    with pytest.raises(
        UsageError, match="cannot look for images in IterableDataset: give a path, a Hugging Face Dataset"
    ):
        find(dataset().to_iterable_dataset())


def test_other_columns_are_had_by_name(tmp_path: Path) -> None:
    path = str(tmp_path / "set")
    made = datasets.DatasetDict({"train": dataset(), "test": dataset(PICTURES[:2]).rename_column("label", "kind")})
    made.save_to_disk(path)
    source = open_source(path)
    assert isinstance(source, Splits)
    assert source.column_names() == ["image", "label", "kind"]
    assert source.values("label", [f"{path}/train/3", f"{path}/test/1", f"{path}/train/0"]) == [3, None, 0]


def test_a_saved_dataset_without_splits_is_said(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text('{"splits": []}')
    with pytest.raises(OSError, match="without splits"):
        open_source(str(tmp_path))


def test_a_split_without_images_costs_no_other(tmp_path: Path) -> None:
    folder = str(tmp_path / "saved")
    numbers = datasets.Dataset.from_dict({"n": [1, 2]})
    datasets.DatasetDict({"train": dataset(), "meta": numbers}).save_to_disk(folder)
    assert find(folder, use_catalog=False).duplicate_paths == [f"{folder}/train/2", f"{folder}/train/4"]
    assert find(numbers, use_catalog=False).keep_indices.tolist() == []


def test_a_mapped_dataset_that_is_damaged_is_said(tmp_path: Path) -> None:
    folder = str(tmp_path / "saved")
    dataset().save_to_disk(folder)
    (file,) = Path(folder).glob("*.arrow")
    offsets = np.cumsum([0, *map(len, PICTURES)]).astype("<i4").tobytes()
    file.write_bytes(file.read_bytes().replace(offsets, np.full(6, -1, "<i4").tobytes()))
    with pytest.raises(SourceError, match="not a dataset that can be read"):
        find(datasets.Dataset.from_file(str(file)), use_catalog=False)


@pytest.mark.parametrize("column", ["image", "note"])
def test_what_leads_out_of_its_file_is_not_followed(tmp_path: Path, column: str) -> None:
    folder, notes = str(tmp_path / "saved"), ["a" * 31, "b" * 37, "c" * 41, "d" * 43, "e" * 47]
    dataset(note=notes).save_to_disk(folder)
    (file,) = Path(folder).glob("*.arrow")
    values = PICTURES if column == "image" else notes
    offsets = np.cumsum([0, *map(len, values)]).astype("<i4")
    assert file.read_bytes().count(offsets.tobytes()) == 1
    wrong = offsets.copy()
    wrong[2] = (1 << 31) - 1
    file.write_bytes(file.read_bytes().replace(offsets.tobytes(), wrong.tobytes()))
    with pytest.raises(SourceError, match=f"column '{column}' of .* cannot be read"):
        Tabular(str(file)).column(column)
    for source in (folder, str(file), datasets.load_from_disk(folder)):
        found = find(source, column=column, use_catalog=False)
        assert {(failure.kind, "damaged" in failure.reason) for failure in found.failures} == {("damaged", True)}
        assert len(found.failures) == (len(PICTURES) if column == "image" else 1), (
            "a row, or all where paths are listed"
        )
    file.write_bytes(file.read_bytes().replace(wrong.tobytes(), np.full(6, -1, "<i4").tobytes()))
    with pytest.raises(SourceError, match="not a dataset that can be read"):
        find(folder, use_catalog=False)
