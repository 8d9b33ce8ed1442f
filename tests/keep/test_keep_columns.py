"""Keep rules over columns: what a table or the JSON file beside an image says of it."""

import gc
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike
from conftest import encode, scene
from lookalike.errors import UsageError
from lookalike.keep import columns_of, parse_rules
from lookalike.keep.keys import keys_of
from lookalike.sources.columns import column_values
from lookalike.sources.reading import Reader

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
Put = Callable[..., Path]
PICTURES = [encode(scene(1), quality=quality) for quality in (95, 90, 85)]
"""The same picture, the best one first by quality."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()


def keeper(*roots: str, keep: str, **options: Any) -> tuple[str, str]:
    """Return the keeper of the only group, and why it is that."""
    (group,) = lookalike.find(list(roots), use_catalog=False, workers=1, keep=keep, **options).groups
    return group.keeper.ref.path, group.keeper.reason


def said(**values: object) -> bytes:
    return json.dumps({**values, "caption": "words " * 60}).encode()  # longer than what tells that it is no image


def test_files_with_json_beside_them(put: Put) -> None:
    for name, picture, score in (("a", PICTURES[0], 4.2), ("b", PICTURES[1], 6.1), ("c", PICTURES[2], 5)):
        put(f"p/{name}.jpg", picture)
        put(f"p/{name}.json" if name != "c" else "p/c.jpg.json", said(aesthetic=score, nsfw=score / 10))
    assert keeper("p", keep="column:aesthetic") == ("p/b.jpg", "column aesthetic 6.1 > 5")
    assert keeper("p", keep="column:nsfw:min,resolution") == ("p/a.jpg", "column nsfw 0.42 < 0.5")
    assert keeper("p", keep="resolution,column:aesthetic,quality")[0] == "p/b.jpg"


def test_what_has_no_number_comes_last(put: Put) -> None:
    for name, picture, value in (("a", PICTURES[0], None), ("b", PICTURES[1], -3), ("c", PICTURES[2], "n/a")):
        put(f"p/{name}.jpg", picture)
        put(f"p/{name}.json", said(score=value))
    assert keeper("p", keep="column:score") == ("p/b.jpg", "column score -3 > none")
    assert keeper("p", keep="column:score:min") == ("p/b.jpg", "column score -3 < none")


def test_samples_of_archives() -> None:
    with zipfile.ZipFile("z.zip", "w") as archive:
        for name, picture, score in (("1", PICTURES[0], "0.5"), ("2", PICTURES[1], 0.75)):
            archive.writestr(f"s/{name}.jpg", picture)
            archive.writestr(f"s/{name}.json", said(similarity=score))
    assert keeper("z.zip", keep="column:similarity") == ("z.zip/s/2.jpg", "column similarity 0.75 > 0.5")
    for mode in ("w", "w:gz"):
        with tarfile.open("t.tar" + ".gz" * (mode == "w:gz"), mode) as archive_:
            for name, content in (
                ("1.seg.jpg", PICTURES[0]), ("1.json", said(similarity=1)), ("2.json", said(similarity=2)),
                ("2.jpg", PICTURES[1]),
            ):  # fmt: skip
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive_.addfile(info, io.BytesIO(content))
    assert keeper("t.tar", keep="column:similarity") == ("t.tar/2.jpg", "column similarity 2 > 1")
    assert keeper("t.tar.gz", keep="column:similarity:min") == ("t.tar.gz/1.seg.jpg", "column similarity 1 < 2")


def test_rows_of_a_parquet_file() -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"image": [b"a", b"b", b"c"], "score": [1.5, None, 0.5]}), "t.parquet")
    paths, kinds = ["t.parquet/2", "t.parquet/0", "t.parquet/1"], ["parquet"] * 3
    assert column_values("score", paths, kinds, Reader()) == [0.5, 1.5, None]
    with pytest.raises(UsageError, match=r"no image has a column 'beauty'; .* are: image, score"):
        column_values("beauty", paths, kinds, Reader())


def test_a_column_that_is_nowhere_or_holds_no_numbers(put: Put) -> None:
    for name in "ab":
        put(f"p/{name}.jpg", PICTURES["ab".index(name)])
        put(f"p/{name}.json", said(score=1, zebra=2))
    put("p/a.jpg.json", b"[1, 2")
    with pytest.raises(UsageError, match=r"no image has a column 'beauty'; .* are: caption, score, zebra"):
        keeper("p", keep="column:beauty")
    with pytest.raises(UsageError, match="the column 'caption' holds no numbers, such as 'words"):
        keeper("p", keep="column:caption")
    put("q/a.jpg", PICTURES[0])
    put("q/a.json", b"[" * 100_000)
    with pytest.raises(UsageError, match="are: none"):
        keeper("q", keep="column:beauty")


def test_the_names_of_rules() -> None:
    assert parse_rules("column:a b,resolution") == ["column:a b", "resolution"]
    assert columns_of("column:a,oldest,column:b:min,column:a:min,column:c:d") == ["a", "b", "c:d"]
    for wrong in ("column", "column:", "column::min", "column: "):
        with pytest.raises(UsageError, match="column:NAME, column:NAME:min"):
            parse_rules(wrong)


def test_order_of_any_numbers() -> None:
    values = [3, float("nan"), True, -float("inf"), "2.5", None, 1e300, "x", float("inf")]
    (key,) = keys_of(None, "column:v", None, {"v": values})  # type: ignore[arg-type]  # which are not looked at
    assert np.argsort(-key.values.astype(np.int64), kind="stable").tolist() == [8, 6, 0, 4, 2, 3, 1, 5, 7]
    (least,) = keys_of(None, "column:v:min", None, {"v": values})  # type: ignore[arg-type]
    assert np.argsort(-least.values.astype(np.int64), kind="stable").tolist() == [3, 2, 4, 0, 6, 8, 1, 5, 7]
    assert (least.text(0), least.text(1), least.sign) == ("3", "none", "<")
