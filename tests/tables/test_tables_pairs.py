"""Pair files are read row by row, in CSV and Parquet alike, and rows are written as they come."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookalike.errors import UsageError
from lookalike.tables.pairs import PairFile, check_rows_file, read_candidates, write_rows

COLUMNS = {"path_a": str, "path_b": str, "number": int, "share": float, "flag": bool}
ROWS = st.lists(
    st.fixed_dictionaries({
        "path_a": st.text(min_size=1).filter(lambda text: "\0" not in text and "\r" not in text),
        "path_b": st.sampled_from(["b.jpg", "x,y.png", 'quote".gif', "line\nbreak"]),
        "number": st.none() | st.integers(-(2**40), 2**40),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "flag": st.none() | st.booleans(),
    }),
    max_size=20,
)  # fmt: skip


def written(rows: list[dict[str, Any]], ending: str) -> bytes:
    file = io.BytesIO()
    write_rows(iter(rows), COLUMNS, file, ending)
    assert not file.closed
    return file.getvalue()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_rows_read_back_as_they_were_written(rows: list[dict[str, Any]]) -> None:
    read = list(csv.DictReader(io.StringIO(written(rows, ".csv").decode("utf-8"), newline="")))
    assert read == [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    assert [json.loads(line) for line in written(rows, ".jsonl").splitlines()] == rows


def test_parquet_reads_back_as_it_was_written(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = [
        {"path_a": f"{at}.jpg", "path_b": "b", "number": at, "share": None, "flag": bool(at % 2)} for at in range(3000)
    ]
    path = tmp_path / "pairs.parquet"
    path.write_bytes(written(rows, ".parquet"))
    file = PairFile(str(path))
    assert file.columns == list(COLUMNS)
    assert list(file) == list(enumerate(rows, 1))
    assert file.where(7) == f"{path}, row 7"
    again = io.BytesIO()
    write_rows((row for _, row in file), file.kinds(), again, ".parquet")
    (tmp_path / "again.parquet").write_bytes(again.getvalue())
    assert list(PairFile(str(tmp_path / "again.parquet"))) == list(file)
    empty = tmp_path / "empty.parquet"
    empty.write_bytes(written([], ".parquet"))
    assert list(PairFile(str(empty))) == []


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff.jpg")
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"\xef\xbb\xbfpath_a,path_b\na\xff.jpg,b.jpg\n")  # with a mark in front, as spreadsheets write it
    ((number, row),) = PairFile(str(path))
    assert (number, row) == (2, {"path_a": name, "path_b": "b.jpg"})
    assert written([row], ".csv").splitlines()[1].startswith(b"a\xff.jpg,b.jpg,")
    told = json.loads(written([row], ".jsonl"))
    assert (told["path_a"], told["path_a_bytes"]) == ("a\ufffd.jpg", "Yf8uanBn")
    pytest.importorskip("pyarrow")
    (tmp_path / "pairs.parquet").write_bytes(written([row], ".parquet"))
    assert next(iter(PairFile(str(tmp_path / "pairs.parquet"))))[1]["path_a"] == "a\ufffd.jpg"


def test_paths_lie_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("path_a,path_b\na,b\n")
    file = PairFile(str(path))
    assert (file.beside("a"), file.beside("/b")) == (str(tmp_path / "a"), "/b")


def test_what_is_no_pair_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    with pytest.raises(UsageError, match=r"cannot read .*: No such file"):
        PairFile(str(path))
    path.write_text("")
    with pytest.raises(UsageError, match="lacks the column path_a, path_b: it needs path_a, path_b, got none"):
        PairFile(str(path)).check("path_a", "path_b")
    for text in ("path_a,path_b\na\n", "path_a,path_b\na,b,c\n"):
        path.write_text(text)
        with pytest.raises(UsageError, match="line 2: a row needs a value for each column, and no more"):
            list(PairFile(str(path)))
    path.write_text('path_a,path_b\n"a"b,c\n')
    with pytest.raises(UsageError, match="is not a CSV file"):
        list(PairFile(str(path)))
    with pytest.raises(UsageError, match=r"let the name end in .csv, .jsonl, .parquet"):
        check_rows_file("features.xlsx")
    pytest.importorskip("pyarrow")
    for content in (b"", b"no table"):
        (tmp_path / "pairs.parquet").write_bytes(content)
        with pytest.raises(UsageError, match="cannot read"):
            PairFile(str(tmp_path / "pairs.parquet"))
    with pytest.raises(UsageError, match="cannot read"):
        PairFile(str(tmp_path / "absent.parquet"))


def test_candidates_are_paths_or_digests(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("path_a,path_b,score\na,b,0.5\n")
    by, pairs = read_candidates(str(path))
    assert (by, list(pairs)) == ("path", [("a", "b")])
    path.write_text("digest_b,digest_a\nff,00\n")
    by, pairs = read_candidates(str(path))
    assert (by, list(pairs)) == ("digest", [("00", "ff")])
    path.write_text("digest_a,path_b\nff,00\n")
    with pytest.raises(UsageError, match="lacks the column path_a"):
        read_candidates(str(path))
    path.write_text("path_a,path_b\n,b\n")
    _, pairs = read_candidates(str(path))
    with pytest.raises(UsageError, match="line 2: path_a and path_b must be texts that are not empty"):
        list(pairs)


@pytest.mark.parametrize("damage", ["text", "page", "name"])
def test_pairs_in_a_damaged_file_are_wrong_usage(tmp_path: Path, damage: str) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "pairs.parquet"
    texts = pa.array([b"\xff" if damage == "text" else b"a.png"], pa.binary()).view(pa.string())
    pq.write_table(
        pa.table({"path_a": texts, "path_b": ["b.png"]}),
        path,
        compression="none",
        store_schema=False,
        write_statistics=False,
    )
    content = path.read_bytes()
    if damage == "page":
        content = content[:4] + b"\xff" * 20 + content[24:]
    if damage == "name":
        content = content.replace(b"path_a", b"path\xffa")
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f"cannot read {path}"):
        list(read_candidates(str(path))[1])
