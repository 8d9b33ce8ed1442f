"""What commands read back: findings, decisions, pairs, candidates, baselines, keep lists, lists of paths."""

import io
import json
import os
from collections.abc import Callable  # noqa: TC003 - of a value that is annotated when it runs
from pathlib import Path
from typing import Any

import lookalike as la
from lookalike import deciding, tables
from lookalike.cli.lists import with_listed
from lookalike.errors import SourceError, UsageError
from lookalike.extras import optional
from lookalike.reviewing.subject import of_document
from lookalike.tables import baselines, documents, lists, pairs
from targets.pictures import encoded, picture
from targets.target import HOSTILE, Choices, Run, Target, edited, require, written
from targets.trees import put

SAME = encoded(picture(1))
CSV = b'path_a,path_b,same\r\na.png,b.png,1\r\n"a,""b","c\r\nd",0\r\n'
PATHS = b"a.png\nb c.png\n\xff.png\n"
DIGEST = "ab" * 32
DECISIONS = {
    "version": 1,
    "decisions": [{"kind": "different", "created": "2024-01-01T00:00:00+00:00", "note": "", "images": [
        {"digest": DIGEST, "path": "a.png"}, {"digest": "cd" * 32, "path": "b\ufffd.png", "path_bytes": "Yv8ucG5n"}]}],
}  # fmt: skip


class _Readers:
    """A folder with one file, which every reader takes for its own."""

    def __init__(self, folder: str) -> None:
        self.folder, tree = folder, os.path.join(folder, "tree")
        put(tree, {"a.png": SAME, "b.png": SAME, "c.png": encoded(picture(2))})
        found = la.find(tree, catalog=None, workers=1)
        self.findings = json.loads(found.to_json())
        self.lists = os.path.join(folder, "lists")
        lists.write_lists(found.keep_table(), self.lists, {})
        self.manifest = json.loads(Path(self.lists, lists.MANIFEST).read_bytes())
        self.readers: tuple[tuple[str, Any, Callable[[str], object]], ...] = (
            ("f.json", self.findings, self.document), ("b.json", self.findings, self.baseline), ("d.json", DECISIONS,
            self.decisions),
            ("p.csv", CSV, self.pairs), ("c.csv", CSV, self.candidates), ("l.txt", PATHS, self.listed), ("l.nul",
            PATHS, self.listed),
            ("manifest.json", self.manifest, self.kept), ("g.json", self.findings, self.group),
            ("p.parquet", b"", self.pairs), ("c.parquet", b"", self.candidates),
        )  # fmt: skip

    def run(self, data: bytes) -> None:
        """Write one of the files, changed, and read it."""
        choices = Choices(data)
        name, sound, read = choices.of(self.readers)
        if choices.below(3) == 2 or isinstance(sound, bytes):
            content = choices.rest()
        else:
            content = written(
                edited(sound, choices, (*HOSTILE, DIGEST, "different", "copy", "similar", "keeper", "duplicate"))
            )
        path = os.path.join(self.lists if name == lists.MANIFEST else self.folder, name)
        Path(path).write_bytes(content)
        try:
            read(path)
        except (UsageError, SourceError):
            return

    def document(self, path: str) -> None:
        """Read findings, as review and clean do."""
        document = documents.read_document(path)
        again = documents.document_from_json(Path(path).read_bytes())
        require(again == document, "the same at every reading")
        of_document(document)

    def baseline(self, path: str) -> None:
        """Read a baseline, as leaks does."""
        known = baselines.read_baseline(path)
        for digest in known.groups:
            require(len(digest) == 32 and known.holds(digest, digest) in (True, False), digest)

    def decisions(self, path: str) -> None:
        """Import decisions, export them, and read them again."""
        read = deciding.read_decisions(path)
        ledger = os.path.join(self.folder, "ledger.sqlite")
        for end in ("", "-journal", "-wal"):
            Path(ledger + end).unlink(missing_ok=True)
        deciding.import_decisions(path, ledger=ledger)
        stored = deciding.decisions(ledger=ledger)
        require({(one.kind, one.digests) for one in stored} == {(one.kind, one.digests) for one in read}, stored)
        Path(path).write_text(json.dumps(deciding.to_document(stored)), "ascii")
        again = deciding.read_decisions(path)
        require(
            [(one.kind, one.images, one.note) for one in again] == [(one.kind, one.images, one.note) for one in stored],
            again,
        )

    def pairs(self, path: str) -> None:
        """Read pairs row by row, as tune and features do; write them and read them again."""
        file = pairs.PairFile(path)
        rows = [row for _, row in file]
        for name in (*pairs.SIDES, "same"):
            if name not in file.columns:
                file.check(name)
        require(all(set(row) == set(file.columns) for row in rows), file.columns)
        ending = os.path.splitext(path)[1]
        copy = os.path.join(self.folder, f"again{ending}")
        with open(copy, "wb") as made:
            pairs.write_rows(rows, file.kinds(), made, ending)
        again = [row for _, row in pairs.PairFile(copy)]
        require(repr(again) == repr(rows), rows)  # of which a number may be none

    def candidates(self, path: str) -> None:
        """Read proposed pairs."""
        _, found = pairs.read_candidates(path)
        for one, other in found:
            require(one and other, (one, other))

    def listed(self, path: str) -> None:
        """Read a list of paths, write it, and read it again."""
        names = with_listed(None, [path])
        require(all(names) and not any("\0" in name for name in names), names)
        if not any("\n" in name or name.endswith("\r") for name in names):
            copy = os.path.join(self.folder, "again.nul")
            tables.files.write_paths(names, copy)
            require(with_listed(None, [copy]) == names, names)

    def kept(self, _path: str) -> None:
        """Read keep lists, as `KeepFilter` does."""
        for shard in lists.read_manifest(self.lists):
            require(os.sep not in shard.file, shard.file)
            lists.read_list(self.lists, shard)

    def group(self, path: str) -> None:
        """Decide about a group of findings."""
        deciding.decide_group("keep", path, 1, ledger=os.path.join(self.folder, "other.sqlite"))


def _make(folder: str) -> Run:
    return _Readers(folder).run


def _tables() -> list[bytes]:
    """Return pairs as Parquet files, with and without the schema of Arrow."""
    try:
        arrow, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    except UsageError:
        return []
    buffers = [io.BytesIO() for _ in range(2)]
    rows = arrow.table({"path_a": ["a.png", "b.png"], "path_b": ["b.png", "c.png"], "same": [1, 0]})
    for buffer, schema in zip(buffers, (False, True), strict=True):
        parquet.write_table(rows, buffer, compression="none", store_schema=schema, write_statistics=False)
    return [buffer.getvalue() for buffer in buffers]


def _seeds() -> list[bytes]:
    raw = [
        bytes([number, 2]) + content
        for number in range(9)
        for content in (CSV, PATHS, json.dumps(DECISIONS).encode(), b"[" * 3000)
    ]
    raw += [bytes([number, 2]) + table for number in (9, 10) for table in _tables()]
    lines = b"\n".join(json.dumps(row).encode() for row in [DECISIONS["decisions"][0]] * 2)  # type: ignore[index]  # a list
    return raw + [bytes([number, 0, edits, *range(start, start + 30)]) for number in range(9) for edits, start in ((0,
    0), (2, 9), (5, 40))] + [
        b"\2\2" + lines
    ]  # fmt: skip


TARGET = Target(
    "UsageError or SourceError, or values that are written and read back as the same",
    _make, _seeds,
    (b'"', b'""', b"\r\n", b"\0", b"path_a", b"digest_a", b"digest_b", b'"images"', b"\xef\xbb\xbf", b"\\ud800", b"1e9"),
)  # fmt: skip
