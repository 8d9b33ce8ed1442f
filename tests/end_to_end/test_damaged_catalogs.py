"""A catalog that a disk, a crash or somebody else changed: the findings are those of a sound one, or it is refused.

The searches are those of `lookalike.find`, in this process; what the command says of a refusal is in test_command_damage.py.
"""

import random
import shutil
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from album import copies, jpeg
from command import comparable, write

import lookalike
from conftest import encode, scene
from lookalike.errors import CatalogError, SourceError
from lookalike.opening import open_catalog
from lookalike.stores import contents, locations
from lookalike.stores.catalog import SEALED
from lookalike.upkeep import verify_catalog

PAGE = 4096
SEARCH: dict[str, Any] = {"tier": "similar", "workers": 1, "orient": "mirror", "frames": "all"}


def make(base: Path) -> None:
    """Write pictures of all kinds that leave rows in every table, and the catalog of a search for them; it has free pages."""
    for seed in (1, 2):
        for name, content in copies(seed).items():
            write(base / "photos" / name.partition(".")[2] / f"{seed}-{name}", content)
    write(base / "photos" / "twin.png", copies(1)["best.png"])
    for seed in range(10, 40):
        write(base / "photos" / "other" / f"{seed}.jpg", jpeg(scene(seed, 160, 120)))
    write(base / "photos" / "broken.png", b"\x89PNG\r\n\x1a\nnothing")
    write(base / "photos" / "notes.txt", b"words")
    first, *others = (scene(seed, 160, 120) for seed in (1, 50, 51))
    write(base / "photos" / "moving.gif", encode(first, "GIF", save_all=True, append_images=others))
    with zipfile.ZipFile(base / "photos.zip", "w") as archive:
        archive.writestr("1.jpg", copies(1)["low.jpg"])
        archive.writestr("2.jpg", jpeg(scene(60, 160, 120)))
    search(base)
    with closing(sqlite3.connect(base / "c.sqlite")) as db:
        db.execute("CREATE TABLE passing (content BLOB)")
        db.executemany("INSERT INTO passing VALUES (?)", [(bytes(5000),)] * 20)
        db.execute("DROP TABLE passing")
        db.commit()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures and their catalog."""
    base = tmp_path_factory.mktemp("damage")
    make(base)
    return base


def search(base: Path) -> str:
    """Return what a search with the catalog finds."""
    findings = lookalike.find(
        [base / "photos", base / "photos.zip"], catalog=base / "c.sqlite", ledger=base / "l.sqlite", **SEARCH
    )
    return comparable(findings.to_dict())


def recall(base: Path) -> str:
    """Return what a search of the catalog itself finds."""
    return comparable(lookalike.find(f"catalog:{base / 'c.sqlite'}", ledger=base / "l.sqlite", **SEARCH).to_dict())


@pytest.fixture(scope="module")
def clean(base: Path) -> str:
    """What a search without a catalog finds."""
    found = lookalike.find(
        [base / "photos", base / "photos.zip"], use_catalog=False, ledger=base / "l.sqlite", **SEARCH
    )
    assert found.stats["groups"] >= 2
    assert found.stats["failed"] == 1
    return comparable(found.to_dict())


@pytest.fixture(scope="module")
def content(base: Path, clean: str) -> bytes:
    """The bytes of a sound catalog."""
    assert search(base) == clean
    with closing(sqlite3.connect(base / "c.sqlite")) as db:
        empty = [table for table in SEALED if not db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]]
        assert empty == [], "every table has something to be damaged"
        assert db.execute("PRAGMA freelist_count").fetchone()[0] > 10
    return (base / "c.sqlite").read_bytes()


@pytest.fixture(scope="module")
def recalled(base: Path, content: bytes) -> str:
    """What a search of a sound catalog itself finds."""
    place(base, content)
    return recall(base)


@pytest.fixture
def refuses(base: Path, content: bytes, clean: str, recalled: str) -> Iterator[Callable[[bytes], bool]]:
    """Return a function that searches with a catalog of some bytes, and says whether it was refused; its findings are right."""

    def refused(damaged: bytes, *, recalls: bool = True, **beside: bytes) -> bool:
        told = []
        for look, found in ((recall, recalled), (search, clean)):
            if look is recall and (beside or not recalls):
                continue
            place(base, damaged, **beside)
            try:
                assert look(base) == found
            except CatalogError as error:
                told.append(str(error))
            except SourceError:  # so little is left of it that it knows no image
                assert look is recall
        assert all(str(base / "c.sqlite") in one and "--no-catalog" in one for one in told)
        return bool(told)

    yield refused
    place(base, content)


def place(base: Path, content: bytes, **beside: bytes) -> None:
    """Put a catalog into its place, with nothing beside it but what is given."""
    (base / "c.sqlite").write_bytes(content)
    for end in ("wal", "shm", "journal"):
        (base / f"c.sqlite-{end}").unlink(missing_ok=True)
        if end in beside:
            (base / f"c.sqlite-{end}").write_bytes(beside[end])


def kinds(content: bytes) -> dict[str, list[int]]:
    """Return the pages of a catalog by kind, from 0."""
    found: dict[str, list[int]] = {"header": [0], "schema": [], "interior": [], "leaf": [], "overflow": [], "free": []}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "c.sqlite"
        copy.write_bytes(content)
        with closing(sqlite3.connect(copy)) as db:
            roots = [row[0] for row in db.execute("SELECT rootpage FROM sqlite_master WHERE rootpage")]
    free = _free(content)
    for page in range(1, len(content) // PAGE):
        kind = {2: "interior", 5: "interior", 10: "leaf", 13: "leaf"}.get(content[page * PAGE])
        found["free" if page in free else kind or "overflow"].append(page)
    assert set(roots) - {1} <= {page + 1 for name in ("interior", "leaf") for page in found[name]}
    found["schema"] = [0]
    return found


def _free(content: bytes) -> set[int]:
    found, trunk = set(), struct.unpack(">I", content[32:36])[0]
    while trunk:
        start = (trunk - 1) * PAGE
        after, count = struct.unpack(">II", content[start : start + 8])
        found |= {
            trunk - 1,
            *(one - 1 for one in struct.unpack(f">{count}I", content[start + 8 : start + 8 + 4 * count])),
        }
        trunk = after
    return found


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a catalog as bad memory, a bad disk or lost writes leave it."""
    changed, pages = bytearray(content), len(content) // PAGE
    kind = chance.choice(("bits", "bits", "bits", "bytes", "page", "swap"))
    if kind == "bits":
        for _ in range(chance.choice((1, 1, 1, 5, 50))):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    elif kind == "bytes":
        start = chance.randrange(len(changed))
        changed[start : start + 64] = chance.randbytes(len(changed[start : start + 64]))
    else:
        one, other = (PAGE * page for page in chance.sample(range(pages), 2))
        changed[one : one + PAGE] = content[other : other + PAGE]
        if kind == "swap":
            changed[other : other + PAGE] = content[one : one + PAGE]
    return bytes(changed)


@pytest.mark.parametrize("seed", range(4))
def test_random_damage(content: bytes, refuses: Callable[..., bool], seed: int) -> None:
    chance = random.Random(seed)
    assert sum(refuses(damaged(content, chance)) for _ in range(20)), (
        "thumbnails, hashes and facts that changed are noticed"
    )


@pytest.mark.parametrize("kind", ["header", "schema", "interior", "leaf", "overflow", "free"])
def test_pages_of_each_kind(content: bytes, refuses: Callable[..., bool], kind: str) -> None:
    chance = random.Random(kind)
    pages = kinds(content)
    start, end = {"header": (0, 100), "schema": (100, PAGE)}.get(kind, (0, PAGE))
    seen = []
    for _ in range(4):
        page, other = chance.choice(pages[kind]), chance.choice(pages[chance.choice(("interior", "leaf", "overflow"))])
        own, theirs = page * PAGE, other * PAGE
        ends = [bytes(end - start), bytes([0xFF]) * (end - start), chance.randbytes(end - start)]
        changed = [content[: own + start] + what + content[own + end :] for what in ends]
        swapped = bytearray(content)
        swapped[own : own + PAGE], swapped[theirs : theirs + PAGE] = (
            content[theirs : theirs + PAGE],
            content[own : own + PAGE],
        )
        seen += [refuses(damaged) for damaged in (*changed, bytes(swapped))]
    assert any(seen) == (kind != "free") or kind == "free"


def test_cut_at_any_length(content: bytes, refuses: Callable[..., bool]) -> None:
    chance = random.Random(1)
    pages = len(content) // PAGE
    lengths = [1, 15, 16, 99, 100, 101, PAGE - 1, PAGE, PAGE + 1, len(content) - 1, len(content) - PAGE]
    lengths += [chance.randrange(pages) * PAGE for _ in range(8)] + [chance.randrange(len(content)) for _ in range(8)]
    assert not refuses(b""), "an empty file becomes a catalog"
    assert sum(refuses(content[:length]) for length in lengths) >= len(lengths) - 4, "free pages at the end are no loss"


COLUMNS = {
    "folder": ("volume", "key"), "location": locations.SEALED[1:], "shard": ("stamp", "complete"),
    "content": contents.SEALED, "thumbnail": ("pixels",), "hash": ("words",), "pair": ("tier", "score", "evidence"),
    "pixels": ("digest", "luma"), "origin": ("found",), "frame": ("picture",),
}  # fmt: skip
RULES = {"content": ("decoder",), "location": ("version",), "pair": ("step",), "pixels": ("step",)}
"""Columns that say by which rules a row was made: of another value, it is made again."""
FLIP = """CASE typeof({0}) WHEN 'integer' THEN {0} + 1 WHEN 'text' THEN {0} || 'x' WHEN 'null' THEN 7
    ELSE CAST(hex({0}) AS BLOB) END"""


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for known in (COLUMNS, RULES) for table, own in known.items() for column in own],
)
def test_any_value_that_changed(
    base: Path, content: bytes, refuses: Callable[..., bool], table: str, column: str
) -> None:
    place(base, content)
    with closing(sqlite3.connect(base / "c.sqlite")) as db:
        db.execute(f'UPDATE OR IGNORE {table} SET "{column}" = {FLIP.format(f"{column!r}".replace(chr(39), chr(34)))}')
        assert db.total_changes > 0
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = (base / "c.sqlite").read_bytes()
    if column in COLUMNS.get(table, ()):
        with pytest.raises(CatalogError, match="is damaged"), open_catalog(str(base / "c.sqlite")) as store:
            verify_catalog(store)
    refuses(damaged, recalls=column in COLUMNS.get(table, ()))  # else it says that its thumbnails are of other rules


def test_hashes_of_a_number_that_nobody_gave(base: Path, content: bytes, refuses: Callable[..., bool]) -> None:
    place(base, content)
    with closing(sqlite3.connect(base / "c.sqlite")) as db:
        db.execute("UPDATE spec SET id = -1")
        db.commit()
    assert not refuses((base / "c.sqlite").read_bytes())


def test_a_log_that_is_cut_foreign_or_stale(base: Path, content: bytes, refuses: Callable[..., bool]) -> None:
    place(base, content)
    write(base / "photos" / "new.jpg", jpeg(scene(70, 160, 120)))
    try:
        with open_catalog(str(base / "c.sqlite")) as other:  # the last one to leave would empty the log
            other.db.execute("SELECT count(*) FROM content").fetchone()
            search(base)
            log = (base / "c.sqlite-wal").read_bytes()
    finally:
        (base / "photos" / "new.jpg").unlink()
    assert len(log) > PAGE
    chance = random.Random(1)
    cuts = [0, 10, 32, 100, len(log) - 1, *(chance.randrange(len(log)) for _ in range(8))]
    assert not any(refuses(content, wal=log[:cut]) for cut in cuts), "what is cut off did not happen"
    flipped = bytearray(log)
    flipped[len(log) // 2] ^= 1
    assert not refuses(content, wal=bytes(flipped)), "the log has checksums"
    refuses(content, wal=chance.randbytes(20_000))
    refuses(content, wal=log, shm=chance.randbytes(32768))
    with closing(sqlite3.connect(base / "theirs.sqlite")) as theirs:
        theirs.execute("PRAGMA journal_mode = WAL")
        theirs.execute("CREATE TABLE songs (title TEXT)")
        theirs.commit()
        assert refuses(content, wal=(base / "theirs.sqlite-wal").read_bytes()), "of another program"


def test_a_log_of_another_catalog(base: Path, content: bytes, refuses: Callable[..., bool], tmp_path: Path) -> None:
    """Its rows are sound, only not of this catalog: each seal says of which one it is."""
    for seed in range(80, 110):
        write(tmp_path / "photos" / f"{seed}.jpg", jpeg(scene(seed, 160, 120)))
    logs = []
    with open_catalog(str(tmp_path / "c.sqlite")) as other:
        for part in range(3):
            lookalike.find(tmp_path / "photos", catalog=tmp_path / "c.sqlite", ledger=base / "l.sqlite", workers=1)
            logs.append((tmp_path / "c.sqlite-wal").read_bytes())
            write(tmp_path / "photos" / f"more-{part}.jpg", jpeg(scene(200 + part, 160, 120)))
            if part == 1:
                other.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the last log holds some pages only
    for log in logs:
        refuses(content, wal=log)


def test_pages_of_an_older_state(base: Path, content: bytes, refuses: Callable[..., bool]) -> None:
    """A disk that kept some writes and lost others."""
    place(base, content)
    for seed in range(120, 135):
        write(base / "photos" / "later" / f"{seed}.jpg", jpeg(scene(seed, 160, 120)))
    search(base)
    shutil.rmtree(base / "photos" / "later")
    later = (base / "c.sqlite").read_bytes()
    chance = random.Random(1)
    for _ in range(15):
        mixed = bytearray(later)
        for page in chance.sample(range(len(content) // PAGE), chance.choice((1, 3, 10))):
            mixed[page * PAGE : (page + 1) * PAGE] = content[page * PAGE : (page + 1) * PAGE]
        refuses(bytes(mixed), recalls=False)  # which knows names that are gone
