"""Tables that hold values beside images: rows and columns of each form, and what is said of those that cannot be read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike as la
from lookalike.errors import SourceError
from lookalike.sources.arrow import validated
from lookalike.sources.columns import column_values
from lookalike.sources.reading import Reader
from lookalike.sources.tabular import Tabular

pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
COLUMNS: dict[str, list[Any]] = {
    "front": [b"GIF89a", None],
    "back": [None, b"GIF89a"],
    "score": [1.5, None],
    "tags": [["a"], []],
}


def parquet(folder: Path) -> str:
    pq.write_table(pa.table(COLUMNS), folder / "t.PARQUET")
    return str(folder / "t.PARQUET")


def saved(folder: Path) -> str:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict(COLUMNS).save_to_disk(folder / "saved")
    return str(folder / "saved")


def arrow(folder: Path) -> str:
    (file,) = Path(saved(folder)).glob("*.arrow")
    return str(file)


@pytest.mark.parametrize("make", [parquet, saved, arrow])
def test_every_form_has_rows_and_columns(make: Any, tmp_path: Path) -> None:
    path = make(tmp_path)
    table = Tabular(path)
    assert (table.rows, table.names) == (2, list(COLUMNS))
    assert {name: table.column(name) for name in table.names} == COLUMNS


def test_values_of_a_table_in_which_no_column_is_the_one_of_images(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    rows, reader = [f"{path}/1", f"{path}/0"], Reader()
    assert column_values("score", rows, ["parquet"] * 2, reader) == [None, 1.5]
    assert column_values("tags", rows, ["parquet"] * 2, reader) == [[], ["a"]]
    with pytest.raises(la.UsageError, match=r"no image has a column 'size'; .* are: back, front, score, tags$"):
        column_values("size", rows, ["parquet"] * 2, reader)


@pytest.mark.parametrize("name", ["gone.parquet", "noise.parquet", "gone.arrow", "noise.arrow", "several"])
def test_what_is_no_table_is_said(name: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    path = tmp_path / name
    if name.startswith("noise"):
        path.write_bytes(b"noise" * 100)
    elif name == "several":
        datasets.DatasetDict({"a": datasets.Dataset.from_dict(COLUMNS)}).save_to_disk(path)
    with pytest.raises(SourceError, match=f"{name} cannot be read as a table: "):
        Tabular(str(path))


def texts(kind: Any) -> Any:
    """Return two texts, one of which is not UTF-8."""
    whole = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}
    return pa.array([b"a", b"\xff"], whole[kind]).view(kind)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_texts_need_not_be_utf8_to_lie_where_they_should(kind: Any) -> None:
    values = texts(kind)
    struct = pa.StructArray.from_arrays([values, pa.array([1, 2])], ["path", "n"])
    for column in (values, struct, pa.chunked_array([values])):
        assert validated(column) is column
    if kind != pa.string_view():
        assert validated(pa.DictionaryArray.from_arrays(pa.array([1, 0, 1]), values))


def test_what_leads_elsewhere_is_told() -> None:
    far = pa.py_buffer(np.array([0, 1 << 30, 2], np.int32).tobytes())
    values = pa.Array.from_buffers(pa.binary(), 2, [None, far, pa.py_buffer(b"ab")])
    struct = pa.Array.from_buffers(pa.struct([("bytes", pa.binary())]), 2, [None], children=[values])
    listed = pa.Array.from_buffers(pa.list_(pa.int8()), 2, [None, far], children=[pa.array([1, 2], pa.int8())])
    index = pa.DictionaryArray.from_arrays(pa.array([5]), pa.array(["a"]), safe=False)
    for column in (values, struct, listed, index, pa.chunked_array([values])):
        with pytest.raises(pa.lib.ArrowException):
            validated(column)
