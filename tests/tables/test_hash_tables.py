"""Tables of hashes: columns in memory, and the rows they become as CSV, JSON Lines, Parquet, Arrow and pandas."""

import csv
import io
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hash_forms import as_text
from lookalike import HashTable, ImageHash
from lookalike.batches import make_specs
from lookalike.errors import UsageError
from lookalike.model import Failure, HashSpec, ImageRef
from lookalike.tables.hash_files import WRITERS, write_csv, write_jsonl, writer_of
from lookalike.tables.hashes import Refs, columns_of, join_tables
from lookalike.tables.schema import FACTS, VERSION, Header, arrow_schema, read_header

PATHS = ("a.jpg", 'no\udcff\n,"text".jpg', "\u65e5\u672c \U0001f600.jpg", "\r.png", "=1+2.gif")
SPECS = make_specs(("phash", "pdq", "colorhash", "crop_resistant"))
PARTS = (1, 3, 1, 2, 1)


def table(paths: tuple[str, ...] = PATHS, specs: tuple[HashSpec, ...] = SPECS, failed: int = 1) -> HashTable:
    """Return a table of random hashes."""
    random = np.random.default_rng(len(paths))
    names = [path.encode("utf-8", "surrogateescape") for path in paths]
    count = len(paths)
    refs = Refs(
        b"".join(names), np.cumsum([len(name) for name in names], dtype=np.int64), np.arange(count, dtype=np.int64),
        np.arange(count, dtype=np.int64) * 10**9, random.integers(0, 256, (count, 32), dtype=np.uint8),
    )  # fmt: skip
    parts = list(PARTS[:count])

    def block(spec: HashSpec) -> np.ndarray[Any, np.dtype[np.uint64]]:
        rows = sum(parts) if spec.algorithm == "crop_resistant" else count
        words = random.integers(0, 2**63, (rows, -(-spec.bits // 64)), dtype=np.uint64)
        return words << np.uint64(22) if spec.algorithm == "colorhash" else words

    failures = [
        Failure(ImageRef(f"bad\udcfe{at}.png", "v", "k", 0, 0, 0, 0), "decode", "damaged", "not an\udcffimage")
        for at in range(failed)
    ]
    return HashTable(
        specs,
        refs,
        {spec.algorithm: block(spec) for spec in specs},
        {"crop_resistant": np.cumsum(parts, dtype=np.int64)},
        {"pdq": random.integers(0, 101, count, dtype=np.uint8)},
        failures,
        Counter({"video": count}),
        [f"line {count}"],
    )


def text_of(made: HashTable, row: int, name: str) -> str:
    one = made.hash(row, name)
    return ",".join(map(str, one)) if isinstance(one, tuple) else str(one)


def test_columns_are_named_by_their_spec() -> None:
    assert columns_of(SPECS) == [
        "path", "path_bytes", "digest", "phash-8-lanczos3-full-v1", "pdq-16-tent-pdq-v1", "pdq_quality",
        "colorhash-3-none-full-v1", "crop_resistant-8-lanczos3-full-v1", "stage", "failure", "reason",
    ]  # fmt: skip
    assert "pdq_quality" not in columns_of(make_specs("pdq", decoding="fast"))


def test_references_give_back_every_path() -> None:
    refs = table().refs
    assert len(refs) == 5
    assert refs.paths == [refs.path(row) for row in range(5)] == list(PATHS)


def test_a_row_is_a_value() -> None:
    made = table()
    assert len(made) == 5
    one = made.hash(2)
    assert isinstance(one, ImageHash)
    assert one == made.hash(2, "phash")
    assert (one.spec, int(one)) == (SPECS[0], int(made.blocks["phash"][2, 0]))
    colour = made.hash(4, "colorhash")
    assert isinstance(colour, ImageHash)
    assert (len(colour), int(colour)) == (42, int(made.blocks["colorhash"][4, 0]) >> 22)
    parts = [made.hash(row, "crop_resistant") for row in range(5)]
    assert [len(part) for part in parts if isinstance(part, tuple)] == list(PARTS)
    assert [int(value) for part in parts if isinstance(part, tuple) for value in part] == [
        int(row[0]) for row in made.blocks["crop_resistant"]
    ]
    with pytest.raises(UsageError, match=r"'dhash'.*phash, pdq, colorhash, crop_resistant"):
        made.hash(0, "dhash")


def test_rows_are_images_first_and_failures_then() -> None:
    made = table()
    *images, failure = made.rows()
    assert len(images) == 5
    for at, row in enumerate(images):
        assert row["digest"] == made.refs.digest[at].tobytes().hex()
        assert row["pdq_quality"] == made.quality["pdq"][at]
        for spec in SPECS:
            assert row[spec.id] == text_of(made, at, spec.algorithm)
        assert not {"failure", "stage", "reason"} & row.keys()
        assert set(row) <= set(columns_of(SPECS))
    assert [("path_bytes" in row) for row in images] == [False, True, False, False, False]
    assert failure == {
        "path": "bad\ufffd0.png", "path_bytes": "YmFk/jAucG5n", "stage": "decode", "failure": "damaged",
        "reason": "not an\ufffdimage",
    }  # fmt: skip


def written(ending: str, tables: list[HashTable], specs: tuple[HashSpec, ...] = SPECS) -> bytes:
    file = io.BytesIO()
    WRITERS[ending](iter(tables), specs, file)
    assert not file.closed
    return file.getvalue()


def expected(tables: list[HashTable], empty: Any) -> list[dict[str, Any]]:
    return [{name: row.get(name, empty) for name in columns_of(SPECS)} for made in tables for row in made.rows()]


def test_csv_reads_back() -> None:
    tables = [table(), table(PATHS[:2]), table((), failed=0)]
    data = written(".csv", tables)
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    assert rows == [{name: str(value) for name, value in row.items()} for row in expected(tables, "")]
    assert data.count(b"path_bytes") == 1
    assert data.startswith(b"path,path_bytes,digest,phash-8-lanczos3-full-v1,")


def test_json_lines_read_back() -> None:
    tables = [table(), table(PATHS[:2])]
    data = written(".jsonl", tables)
    assert data.isascii()
    assert [json.loads(line) for line in data.splitlines()] == [row for made in tables for row in made.rows()]


def test_parquet_reads_back() -> None:
    tables = [table(), table(PATHS[:2]), table((), failed=0)]
    data = written(".parquet", tables)
    read = pq.read_table(io.BytesIO(data))
    assert read.column_names == arrow_schema(table().header).names
    assert read.schema.field("pdq_quality").type == pa.uint8()
    assert as_text(read.to_pylist(), SPECS) == expected(tables, None)
    assert read["bytes"].to_pylist() == [0, 1, 2, 3, 4, None, 0, 1, None]
    assert set(read["source"].to_pylist()) == {"files"}
    assert data == written(".parquet", tables), "the same input gives the same bytes"


def test_arrow_and_pandas_hold_the_same_rows() -> None:
    made = table()
    arrow = made.to_arrow()
    assert arrow.schema.equals(arrow_schema(made.header), check_metadata=True)
    assert as_text(arrow.to_pylist(), SPECS) == expected([made], None)
    frame = made.to_pandas()
    assert list(frame.columns) == columns_of(SPECS)
    assert len(frame) == 6
    assert frame["phash-8-lanczos3-full-v1"].tolist()[:5] == [text_of(made, row, "phash") for row in range(5)]
    assert frame["pdq_quality"].tolist()[:5] == made.quality["pdq"].tolist()
    assert frame["failure"].tolist()[5] == "damaged"


def test_an_empty_table_keeps_its_columns() -> None:
    made = table((), failed=0)
    assert made.to_arrow().num_rows == len(made.to_pandas()) == len(made) == 0
    assert made.to_arrow().schema.names == arrow_schema(made.header).names
    assert list(made.to_pandas().columns) == columns_of(SPECS)
    assert written(".csv", [made]).count(b"\r\n") == 1
    assert written(".jsonl", [made]) == b""
    assert pq.read_table(io.BytesIO(written(".parquet", [made]))).num_rows == 0


def test_tables_are_joined_one_below_the_other() -> None:
    tables = [table(), table((), failed=0), table(PATHS[:3], failed=2)]
    whole = join_tables(tables)
    assert len(whole) == 8
    assert whole.refs.paths == [path for made in tables for path in made.refs.paths]
    for name in ("phash", "pdq", "colorhash", "crop_resistant"):
        rows = [made.hash(row, name) for made in tables for row in range(len(made))]
        assert [whole.hash(row, name) for row in range(8)] == rows
    assert whole.quality["pdq"].tolist() == [value for made in tables for value in made.quality["pdq"].tolist()]
    assert whole.refs.size.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert whole.refs.digest.shape == (8, 32)
    assert len(whole.failures) == 3
    assert whole.skipped == {"video": 8}
    assert whole.incomplete == ["line 5", "line 0", "line 3"]
    images = [row for made in tables for row in made.rows() if "digest" in row]
    assert [row for row in whole.rows() if "digest" in row] == images


def test_joining_leaves_its_parts_as_they_were() -> None:
    tables = [table(), table(PATHS[:3])]
    join_tables(tables)
    assert tables[0].skipped == {"video": 5}
    assert len(tables[0].failures) == 1


@pytest.mark.parametrize("name", ["x.csv", "folder/x.JSONL", "x.parquet", "x.tar.csv"])
def test_the_ending_says_what_is_written(name: str) -> None:
    assert writer_of(name) is WRITERS["." + name.rpartition(".")[2].lower()]


@pytest.mark.parametrize("name", ["x", "x.json", "x.csv.gz", "csv", ".csv", "x.", "", "folder.csv/x"])
def test_other_endings_are_refused_with_the_endings(name: str) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.jsonl, \.parquet"):
        writer_of(name)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pyarrow", "pyarrow.parquet", "pandas"):
        monkeypatch.setitem(sys.modules, module, None)
    for call, what in (
        (table().to_arrow, "pyarrow"),
        (table().to_pandas, "pandas"),
        (lambda: writer_of("x.parquet"), "pyarrow"),
        (lambda: written(".parquet", [table()]), "pyarrow"),
    ):
        with pytest.raises(UsageError, match=rf"{what} is not installed: .*lookalike\[tables\]"):
            call()
    assert written(".csv", [table()])
    assert written(".jsonl", [table()])


def test_tables_are_written_as_they_come() -> None:
    for write in (write_csv, write_jsonl):
        file = io.BytesIO()
        sizes: list[int] = []

        def tables(file: io.BytesIO = file, sizes: list[int] = sizes) -> Any:
            for at in range(3):
                sizes.append(len(file.getvalue()))
                yield table((f"{at}.png",))

        write(tables(), SPECS, file)
        assert 0 == sizes[0] < sizes[1] < sizes[2] < len(file.getvalue())


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_stream_that_fails_leaves_the_file_open_for_whoever_opened_it(ending: str) -> None:
    def broken() -> Any:
        yield table()
        raise KeyError

    file = io.BytesIO()
    with pytest.raises(KeyError):
        WRITERS[ending](broken(), SPECS, file)
    assert not file.closed


def with_facts(paths: tuple[str, ...] = PATHS) -> HashTable:
    """Return a table of one fast hash with facts and thumbnails, for some images of a ZIP."""
    made = table(paths, make_specs("phash", decoding="fast"), failed=1)
    values = {"string": "x", "bool": True, "int32": 5, "uint8": 7}
    facts: dict[str, list[Any]] = {name: [values[kind]] * len(paths) for name, kind in FACTS.items()}
    facts["quality"][:1] = [None]
    pixels = np.random.default_rng(1).integers(0, 256, (len(paths), 4224), dtype=np.uint8)
    refs = replace(made.refs, source=["zip"] * len(paths))
    return replace(made, refs=refs, facts=facts, thumbnails=pixels, decode=5, parts={}, quality={})


def test_facts_and_thumbnails_read_back() -> None:
    made = with_facts()
    read = pq.read_table(io.BytesIO(written(".parquet", [made], made.specs)))
    for name in FACTS:
        assert read[name].to_pylist() == [*made.facts[name], None]
    assert made.thumbnails is not None
    assert read["thumbnail"].to_pylist() == [*(row.tobytes() for row in made.thumbnails), None]
    assert read["source"].to_pylist() == [*["zip"] * 5, "files"]
    whole = join_tables([made, with_facts(PATHS[:2])])
    assert whole.facts["quality"] == [None, 7, 7, 7, 7, None, 7]
    assert whole.thumbnails is not None
    assert len(whole.thumbnails) == 7
    assert whole.header == made.header == Header(made.specs, facts=True, thumbnails=True, decode=5)


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    made = with_facts()
    path = tmp_path / "x.parquet"
    path.write_bytes(written(".parquet", [made, with_facts(PATHS[:2])], made.specs))
    header = read_header(str(path))
    assert header is not None
    assert (header.specs, header.facts, header.thumbnails, header.decode) == (made.specs, True, True, 5)
    assert header.run == {"skipped": {"video": 7}, "incomplete": ["line 5", "line 2"]}
    assert b"lookalike" in (pq.read_schema(path).metadata or {}), "how others tell it from a table of images"


def test_what_is_no_hash_table_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    for content in (b"", b"PAR1", b"PAR1 and no more", written(".csv", [table()])):
        path.write_bytes(content)
        assert read_header(str(path)) is None
    pq.write_table(pa.table({"image": [b"x"]}), path)
    assert read_header(str(path)) is None
    for mark, told in (
        (json.dumps({"version": VERSION + 1}), "version 2, this lookalike reads 1"),
        ("no JSON", "write it again"),
        ("{}", "write it again"),
    ):
        pq.write_table(pa.table({"path": ["x"]}).replace_schema_metadata({"lookalike": mark}), path)
        with pytest.raises(UsageError, match=told):
            read_header(str(path))
