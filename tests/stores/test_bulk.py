"""Contents by columns: the same rows as one by one, whatever the catalog knew before."""

from typing import Any

import numpy as np

from lookalike import decode
from lookalike.hashes import hash_block
from lookalike.model import HashSpec, Thumbnail
from lookalike.stores.bulk import LOADED
from lookalike.stores.catalog import Catalog

COUNT, NOW = 40, decode.VERSION
SPEC = HashSpec()


def digest(number: int) -> bytes:
    return bytes([number]) * 32


def seen(number: int) -> Thumbnail:
    random = np.random.default_rng(number)
    return Thumbnail(
        random.integers(0, 256, (64, 64), dtype=np.uint8), random.integers(0, 256, (8, 8, 2), dtype=np.uint8),
        100 + number, 80, "JPEG", 1, False, 8, True, 50, 85, False, "2020", {"orientation": number % 8}, False,
    )  # fmt: skip


def columns(numbers: list[int]) -> list[list[Any]]:
    with Catalog(None) as store:
        ids = add(store, numbers)
        rows = store.facts_of(np.array(sorted(set(ids))), LOADED)
    return [list(column) for column in zip(*(rows[number] for number in ids), strict=True)]


def add(store: Catalog, numbers: list[int], version: int = NOW) -> list[int]:
    with store.transaction():
        return store.add_contents([(digest(at), 10 * at, seen(at)) for at in numbers], decoder="x", version=version)


def load(store: Catalog, numbers: list[int], version: int = NOW) -> tuple[list[int], list[bool]]:
    with store.transaction():
        made = store.load(columns(numbers), version=version, present=NOW)
    return made.ids.tolist(), made.taken.tolist()


def told(store: Catalog, ids: list[int]) -> dict[int, Any]:
    return store.facts_of(np.array(sorted(set(ids))), (*LOADED, "version", "failure", "reason"))


def test_columns_are_the_same_rows_as_one_by_one() -> None:
    numbers = list(range(COUNT))
    with Catalog(None) as one, Catalog(None) as other:
        assert load(one, numbers) == (add(other, numbers), [True] * COUNT)
        ids = list(range(1, COUNT + 1))
        assert told(one, ids) == told(other, ids)
        pixels = other.thumbnail_bytes(np.array(ids))
        with one.transaction():
            block = np.stack([np.frombuffer(pixels[number], np.uint8) for number in ids])
            one.load_thumbnails(np.array(ids), block)
        assert one.thumbnail_bytes(np.array(ids)) == pixels
        assert all(map(np.array_equal, one.thumbnails(np.array(ids)), other.thumbnails(np.array(ids))))


def test_what_is_known_as_now_stays_and_what_comes_twice_is_one() -> None:
    with Catalog(None) as store:
        before = add(store, [3, 5])
        kept = told(store, before)
        ids, taken = load(store, [1, 3, 2, 3, 5, 2], version=0)
        assert [ids[1], ids[3], ids[4]] == [before[0], before[0], before[1]]
        assert ids[2] == ids[5]
        assert len(set(ids)) == 4
        assert taken == [True, False, True, False, False, True]
        assert told(store, before) == kept
        assert store.bare().tolist() == sorted({ids[0], ids[2]})


def test_what_is_older_bare_or_a_failure_is_renewed() -> None:
    with Catalog(None) as store:
        (old,) = add(store, [1], version=NOW - 1)
        (bare,), _ = load(store, [2], version=0)
        with store.transaction():
            failed = store.add_failure(
                digest(3), 30, "unsupported", "why", truncated=False, pixels=None, decoder="y", version=NOW
            )
            store.add_hashes([old], hash_block(seen(1).luma[np.newaxis], SPEC), SPEC)
        assert load(store, [1, 2, 3]) == ([old, bare, failed], [True] * 3)
        assert {row[-3:] for row in told(store, [old, bare, failed]).values()} == {(NOW, None, None)}
        assert store.words(np.array([old]), SPEC) == {}, "a hash of another thumbnail"
        assert store.thumbnail_bytes(np.array([old])) == {}
        assert store.bare().tolist() == []
