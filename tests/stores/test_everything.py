"""Reading all hashes at once: the same as reading them by id, and what lacks one is known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike import bits
from lookalike.errors import CatalogError
from lookalike.model import HashSpec, Thumbnail
from lookalike.stores import everything
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import Location

SPECS = HashSpec("phash", 8), HashSpec("dhash", 16)
VERSION = 3


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(str(tmp_path / "catalog.sqlite")) as opened:
        yield opened


def fill(catalog: Catalog, count: int) -> list[int]:
    picture = Thumbnail(np.zeros((64, 64), np.uint8), np.zeros((8, 8, 2), np.uint8), 80, 60, "JPEG")
    decoded = [(number.to_bytes(32, "big"), 100, picture) for number in range(count)]
    with catalog.transaction():
        return catalog.add_contents(decoded, decoder="pillow 1", version=VERSION)


@pytest.mark.parametrize("spec", SPECS)
def test_all_words_are_those_of_each(catalog: Catalog, spec: HashSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everything, "ROWS_AT_ONCE", 7)
    ids = fill(catalog, 30)
    block = np.random.default_rng(0).integers(0, 1 << 64, (30, bits.words(spec.bits)), np.uint64)
    words = bits.to_bytes(block)
    with catalog.transaction():
        catalog.add_words(zip(ids[3:], words[3:], strict=True), spec)
        catalog.add_words(
            ((at, word if at % 3 else b"") for at, word in zip(ids, words, strict=True)), spec, "trimmed-1"
        )
    owner, found = (np.concatenate(column) for column in zip(*catalog.all_words(spec, "plain"), strict=True))
    assert (owner.tolist(), found.tolist()) == (ids[3:], block[3:].tolist())
    assert found.dtype == np.uint64
    by_id = catalog.words(np.array(ids), spec)
    assert by_id == dict(zip(owner.tolist(), bits.to_bytes(found), strict=True))
    owner, found = (np.concatenate(column) for column in zip(*catalog.all_words(spec, "trimmed-1"), strict=True))
    kept = [row for row, at in enumerate(ids) if at % 3]
    assert (owner.tolist(), found.tolist()) == ([ids[row] for row in kept], block[kept].tolist())
    assert list(catalog.all_words(HashSpec("ahash", 8), "plain")) == []
    assert [catalog.count_words(spec, variant) for variant in ("plain", "trimmed-1", "turned")] == [27, 30, 0]


def test_what_lacks_a_hash(catalog: Catalog) -> None:
    spec, ids = SPECS[0], fill(catalog, 6)
    assert catalog.without_words(spec, "plain", version=VERSION).tolist() == ids
    with catalog.transaction():
        catalog.add_words(((at, b"\0" * 8) for at in ids[2:]), spec)
        failed = catalog.add_failure(
            b"f" * 32, 9, "damaged", "why", truncated=False, pixels=None, decoder="pillow 1", version=VERSION
        )
    assert catalog.without_words(spec, "plain", version=VERSION).tolist() == ids[:2]
    assert catalog.without_words(spec, "plain", version=VERSION + 1).tolist() == []
    with catalog.transaction():
        catalog.add_words(((at, b"\0" * 8) for at in (*ids[:2], failed)), spec)
    assert catalog.without_words(spec, "plain", version=VERSION).tolist() == []


def test_what_may_be_a_hit_and_where_it_is(catalog: Catalog) -> None:
    ids = fill(catalog, 4)
    with catalog.transaction():
        catalog.db.execute("UPDATE content SET detail = 2 WHERE id = ?", (ids[1],))
        catalog.db.execute("UPDATE content SET failure = 'damaged' WHERE id = ?", (ids[2],))
        catalog.seal_all()
    wanted = np.array([*ids, 999])
    assert catalog.usable(wanted, version=VERSION, detail=5).tolist() == [ids[0], ids[3]]
    assert catalog.usable(wanted, version=VERSION, detail=0).tolist() == [ids[0], ids[1], ids[3]]
    assert catalog.usable(wanted, version=VERSION + 1, detail=0).tolist() == []
    one, other = catalog.folder("files", "uuid:1", "a"), catalog.folder("files", "uuid:1", "b\udcff")
    places = [(one, "x.jpg", ids[0]), (other, "y\udcff.jpg", ids[0]), (other, "z.jpg", ids[3])]
    with catalog.transaction():
        catalog.remember((Location(folder, name, 1, 2, 3, 4, at) for folder, name, at in places), version=VERSION)
    assert sorted(catalog.named(wanted)) == [
        (ids[0], "files", "uuid:1", "a", "x.jpg"), (ids[0], "files", "uuid:1", "b\udcff", "y\udcff.jpg"),
        (ids[3], "files", "uuid:1", "b\udcff", "z.jpg"),
    ]  # fmt: skip
    assert next(catalog.names_in(other, 9)) == [("y\udcff.jpg", 1, 2, ids[0]), ("z.jpg", 1, 2, ids[3])]
    plan = catalog.db.execute("EXPLAIN QUERY PLAN SELECT name FROM location WHERE content IN (1, 2)").fetchall()
    assert "location_content" in plan[0][3]  # or each hit would look through all names


@pytest.mark.parametrize(
    "damage", ["UPDATE location SET content = 1 WHERE name = x'62'", "UPDATE folder SET key = x'63'"]
)
def test_names_that_are_not_what_was_written_lead_nowhere(catalog: Catalog, damage: str) -> None:
    ids = fill(catalog, 2)
    folder = catalog.folder("files", "uuid:1", "a")
    with catalog.transaction():
        catalog.remember(
            (Location(folder, name, 1, 2, 3, 4, at) for name, at in zip("ab", ids, strict=True)), version=VERSION
        )
    assert len(catalog.named(np.array(ids))) == len(catalog.usable(np.array(ids), version=VERSION, detail=5)) == 2
    catalog.db.execute("UPDATE content SET detail = 0 WHERE id = ?", ids[1:])
    with pytest.raises(CatalogError, match="is damaged"):
        catalog.usable(np.array(ids), version=VERSION, detail=5)
    catalog.db.execute(damage)
    with pytest.raises(CatalogError, match="is damaged"):
        catalog.named(np.array(ids))
    with pytest.raises(CatalogError, match="is damaged"):
        assert not [catalog.shelves(), *catalog.names_in(folder, 9)]
