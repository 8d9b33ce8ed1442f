"""What an owner of a data set gets back from the command line: keep tables, keep lists, masks, exports, and no harm."""

import csv
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from command import Argument, Result, run, write

import lookalike
from conftest import encode, scene

BIG = encode(scene(1), quality=92)
SMALL = encode(scene(1).resize((240, 180)), quality=85)
OTHER = encode(scene(2), quality=90)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a folder with a folder of files, an archive and both."""
    write(tmp_path / "set/cat/big.jpg", BIG)
    write(tmp_path / "set/cat/big.txt", b"a cat")
    write(tmp_path / "set/cat/small.jpg", SMALL)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("a.jpg", SMALL), ("a.json", b"{}"), ("b.jpg", OTHER), ("b.json", b"{}")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    write(tmp_path / "shard.tar", file.getvalue())
    return tmp_path


def command(base: Path, verb: str, *arguments: Argument) -> Result:
    result = run(verb, *arguments, "--no-catalog", "--workers", "1", cwd=base, PYTHONWARNINGS="default")
    assert "Traceback" not in result.errors, result.errors
    return result


def test_find_suggests_clean_only_where_files_can_go(base: Path) -> None:
    with zipfile.ZipFile(base / "twice.zip", "w") as file:
        file.writestr("a.jpg", BIG)
        file.writestr("b.jpg", SMALL)
    assert "clean set --no-catalog --workers 1   (what would go" in command(base, "find", "set").text
    text = command(base, "find", "twice.zip").text
    assert "clean" not in text
    assert "--keep-lists lists   (what stays, a list per archive and table)" in text
    assert "Next: " not in command(base, "find", "twice.zip", "--keep-lists", "lists").text


def test_find_writes_rows_paths_and_lists(base: Path) -> None:
    names = ("keep.csv", "k.parquet", "keep.txt", "groups.csv")
    outputs = [part for name in names for part in ("--output", name)]
    result = command(
        base, "find", "set", "shard.tar", *outputs, "--keep-table", "t.csv", "--keep-lists", "lists", "--quiet"
    )
    assert (result.code, result.text) == (0, "")
    with (base / "keep.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    assert {path: (row["role"], row["keep"]) for path, row in rows.items()} == {
        "set/cat/big.jpg": ("keeper", "true"), "set/cat/small.jpg": ("duplicate", "false"),
        "shard.tar/a.jpg": ("duplicate", "false"), "shard.tar/b.jpg": ("single", "true"),
    }  # fmt: skip
    assert (base / "t.csv").read_bytes() == (base / "keep.csv").read_bytes()
    assert (base / "keep.txt").read_text() == "set/cat/big.jpg\nshard.tar/b.jpg\n"
    assert (base / "k.parquet").read_bytes()[:4] == b"PAR1"
    assert (base / "groups.csv").read_text().startswith("group,role,path,")
    keep = lookalike.keep_filter(base / "lists")
    assert not keep({"__url__": "shard.tar", "__key__": "a"})
    assert keep({"__url__": "shard.tar", "__key__": "b"})
    assert sorted(path.name for path in base.iterdir()) == [
        "groups.csv", "k.parquet", "keep.csv", "keep.txt", "lists", "set", "shard.tar", "t.csv",
    ]  # fmt: skip


def test_outputs_are_checked_before_the_search(base: Path) -> None:
    for arguments, code, said in (
        (("--output", "keep.xml"), 2, ".parquet, .txt, .nul"),
        (("--keep-table", "k.json"), 2, "let the name end in .parquet, .csv, .txt, .nul"),
        (("--keep-lists", "no/lists"), 2, "does not exist"),
        (("--keep-lists", ""), 2, "cannot make the folder '': No such file or directory"),
        (("--keep-lists", "set"), 4, "holds other files"),
        (("--mask", "no/mask.parquet"), 2, "does not exist"),
    ):
        result = command(base, "find", "set", "not-there", *arguments)
        assert (result.code, result.text) == (code, ""), result.errors
        assert said in result.errors
    result = command(base, "find", "set", "--mask", "mask.parquet", "--quiet")
    assert result.code == 2
    assert "no image comes from one" in result.errors
    assert not (base / "mask.parquet").exists()


def test_clean_says_what_would_go_of_an_archive_and_does_nothing(base: Path) -> None:
    before = (base / "shard.tar").read_bytes()
    result = command(base, "clean", "set", "shard.tar")
    assert result.code == 0
    assert "1 image of them lies in an archive, a table or a bucket" in result.text
    assert "goes  shard.tar/a.jpg" in result.text
    assert "--apply" not in result.text
    for arguments in (
        ("--apply", "--yes"),
        ("--script", "go.sh"),
        ("--apply", "--plan", "plan.json", "--keep-lists", "lists"),
    ):
        result = command(base, "clean", "set", "shard.tar", *arguments)
        assert (result.code, result.text) == (2, ""), result.text
        assert "only those can be acted on: shard.tar/a.jpg" in result.errors
    assert sorted(path.name for path in base.iterdir()) == ["set", "shard.tar"]
    assert len(list((base / "set/cat").iterdir())) == 3
    assert (base / "shard.tar").read_bytes() == before


def test_a_plan_that_was_written_is_refused_too(base: Path) -> None:
    result = command(base, "clean", "set", "shard.tar", "--plan", "plan.json", "--quiet")
    assert result.code == 0
    result = run("apply", "plan.json", "--yes", cwd=base)
    assert (result.code, result.text) == (2, "")
    assert "only those can be acted on" in result.errors
    assert len(list((base / "set/cat").iterdir())) == 3


def test_clean_writes_lists_of_what_it_would_leave(base: Path) -> None:
    command(base, "find", "set", "shard.tar", "--output", "findings.json", "--quiet")
    written = ("--keep-lists", "lists", "--keep-table", "k.txt", "--quiet")
    rules = ("--tier", "exact", "--keep", "folder:set,resolution")
    result = command(base, "clean", "set", "shard.tar", *rules, *written)
    assert (result.code, result.text) == (0, "")
    told = json.loads((base / "lists/manifest.json").read_text())
    assert (told["images"], told["dropped"]) == (4, 1)  # the two small ones are equal
    assert len((base / "k.txt").read_text().splitlines()) == 3
    result = run("clean", "findings.json", "--keep-lists", "lists", cwd=base)
    assert result.code == 2
    assert "name what it searched" in result.errors


def test_export(base: Path) -> None:
    result = command(base, "export", "set", "shard.tar", "--copy-to", "out")
    assert result.code == 0, result.errors
    assert result.text.endswith("Copied to out: 2 images and 2 files beside them, " + result.text.rpartition(", ")[2])
    files = {str(path.relative_to(base / "out")) for path in (base / "out").rglob("*") if path.is_file()}
    assert files == {"set/cat/big.jpg", "set/cat/big.txt", "shard/b.jpg", "shard/b.json"}
    result = command(base, "export", "set", "shard.tar", "--copy-to", "out")
    assert (result.code, result.text) == (4, "")
    result = command(base, "export", "set", "--hardlink-to", "links", "--json")
    assert result.document["images"] == 1
    assert result.document["missing"] == []
    result = command(base, "export", "set")
    assert result.code == 2
    assert "--copy-to, --tar, --hardlink-to, --symlink-to" in result.errors
    result = command(base, "export", "set", "shard.tar", "--symlink-to", "soft")
    assert result.code == 2
    assert not (base / "soft").exists()


def test_an_export_with_keep_rules_over_columns(base: Path) -> None:
    write(base / "set/cat/big.json", b'{"score": 1}')
    write(base / "set/cat/small.json", b'{"score": 2}')
    result = command(base, "export", "set", "--keep", "column:score", "--tar", "out.tar", "--quiet")
    assert (result.code, result.text) == (0, "")
    with tarfile.open(base / "out.tar") as archive:
        assert archive.getnames() == ["cat/small.jpg", "cat/small.json"]
    result = command(base, "find", "set", "--keep", "column:nothing")
    assert result.code == 2
    assert "are: score" in result.errors
