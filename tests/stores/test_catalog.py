"""The catalog on a real file: contents by digest, locations by folder, hashes, thumbnails and verdicts."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike import bits
from lookalike.errors import CatalogError, FailureKind
from lookalike.model import HashSpec, Thumbnail
from lookalike.stores.catalog import MIGRATIONS, Catalog
from lookalike.stores.locations import Known, Location, signed

DECODER, VERSION = "pillow 1", 3


def thumbnail(seed: int = 0, **facts: Any) -> Thumbnail:
    random = np.random.default_rng(seed)
    luma = random.integers(0, 256, (64, 64), dtype=np.uint8)
    chroma = random.integers(0, 256, (8, 8, 2), dtype=np.uint8)
    return Thumbnail(luma, chroma, **{"width": 800, "height": 600, "format": "JPEG", **facts})


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(str(tmp_path / "catalog.sqlite")) as opened:
        yield opened


def add(catalog: Catalog, number: int, **facts: Any) -> int:
    with catalog.transaction():
        return catalog.add_contents(
            [(digest(number), 100, thumbnail(number, **facts))], decoder=DECODER, version=VERSION
        )[0]


def fail(catalog: Catalog, number: int, kind: FailureKind = "damaged", **options: Any) -> int:
    given_options = {"truncated": False, "pixels": None, "decoder": DECODER, "version": VERSION, **options}
    with catalog.transaction():
        return catalog.add_failure(digest(number), 100, kind, "why", **given_options)


def look(catalog: Catalog, folder: int, **now: Any) -> dict[str, Known]:
    options = {"decoder": DECODER, "version": VERSION, "truncated": False, "max_pixels": 10**6, **now}
    return catalog.locations(folder, **options)


def locate(catalog: Catalog, folder: int, name: str, content: int | None, skipped: str | None = None) -> None:
    with catalog.transaction():
        catalog.remember([Location(folder, name, 100, 5, 1, 2, content, skipped)], version=VERSION)


def test_facts_come_back_as_they_went_in(catalog: Catalog) -> None:
    whole = {
        "width": 30, "height": 40, "format": "PNG", "frames": 7, "alpha": True, "depth": 16, "colour": False, "detail": 12,
        "quality": 85, "lossless": True, "captured": "2019-07-04 12:00:00", "exif": {"make": "Äcme", "tags": 3},
    }  # fmt: skip
    one = add(catalog, 1, **whole)
    other = add(catalog, 2)
    facts = catalog.contents(np.array([one, other]))
    assert facts.id.tolist() == [one, other]
    assert facts.digest == [digest(1), digest(2)]
    assert facts.size.tolist() == [100, 100]
    for name, value in whole.items():
        assert getattr(facts, name)[0] == value, name
    assert (facts.quality[1], facts.captured[1], facts.exif[1]) == (0, "", {})
    assert (facts.alpha.dtype.name, facts.width.dtype.name) == ("bool", "int64")


def test_no_contents(catalog: Catalog) -> None:
    facts = catalog.contents(np.zeros(0, np.int64))
    assert all(len(getattr(facts, field.name)) == 0 for field in dataclasses.fields(facts))
    luma, chroma = catalog.thumbnails(np.zeros(0, np.int64))
    assert (luma.shape, chroma.shape) == ((0, 64, 64), (0, 8, 8, 2))


def test_the_digest_is_the_identity_of_a_content(catalog: Catalog) -> None:
    first = add(catalog, 1, width=10)
    assert add(catalog, 1, width=20) == first
    assert catalog.contents(np.array([first])).width.tolist() == [20]
    assert fail(catalog, 1) == first
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {}
    assert add(catalog, 1, width=30) == first
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {digest(1): first}
    assert add(catalog, 2) != first


def test_digests_of_a_size_are_those_that_need_no_second_look(catalog: Catalog) -> None:
    whole = add(catalog, 1)
    add(catalog, 2, truncated=True)
    fail(catalog, 3)
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {digest(1): whole}
    assert catalog.digests_of_sizes([101], version=VERSION, max_pixels=10**6)[101] == {}
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=800 * 600)[100] == {digest(1): whole}
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=800 * 600 - 1)[100] == {}
    assert catalog.digests_of_sizes([100], version=VERSION + 1, max_pixels=10**6)[100] == {}


def test_thumbnails_come_back_to_the_byte_and_in_order(catalog: Catalog) -> None:
    ids = [add(catalog, number) for number in range(1, 6)]
    luma, chroma = catalog.thumbnails(np.array([ids[0], ids[3], ids[4]]))
    for at, number in enumerate((1, 4, 5)):
        assert np.array_equal(luma[at], thumbnail(number).luma)
        assert np.array_equal(chroma[at], thumbnail(number).chroma)
    with pytest.raises(CatalogError, match="damaged"):
        catalog.thumbnails(np.array([ids[0], 999]))


@given(values=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8), words=st.sampled_from([1, 4]))
@settings(deadline=None, max_examples=20)
def test_hashes_come_back_with_every_bit(values: list[int], words: int) -> None:
    spec = HashSpec(size=8 if words == 1 else 16)
    block = np.array([[value ^ word for word in range(words)] for value in values], np.uint64)
    with Catalog(None) as catalog:
        ids = [add(catalog, number) for number in range(len(values))]
        with catalog.transaction():
            catalog.add_hashes(ids, block, spec)
        found, kept = stored(catalog, np.array([*ids, 999]), spec)
        assert found.tolist() == ids
        assert np.array_equal(kept, block)


def test_hashes_of_other_specs_and_variants_are_other_hashes(catalog: Catalog) -> None:
    ids = [add(catalog, 1), add(catalog, 2)]
    spec, newer = HashSpec(), HashSpec(version=9)
    with catalog.transaction():
        catalog.add_hashes(ids[:1], np.array([[7]], np.uint64), spec)
        catalog.add_hashes(ids, np.array([[8], [9]], np.uint64), newer)
        catalog.add_hashes(ids, np.array([[1], [2]], np.uint64), spec, "mirror")
    wanted = np.array(ids)
    assert stored(catalog, wanted, spec)[0].tolist() == ids[:1]
    assert stored(catalog, wanted, newer)[1].tolist() == [[8], [9]]
    assert stored(catalog, wanted, spec, "mirror")[1].tolist() == [[1], [2]]
    found, block = stored(catalog, wanted, HashSpec(size=16))
    assert (found.shape, block.shape) == ((0,), (0, 4))
    with catalog.transaction():
        catalog.add_hashes(ids[:1], np.array([[70]], np.uint64), spec)
    assert stored(catalog, wanted, spec)[1].tolist() == [[70]]


def test_verdicts_come_back_for_either_order_of_a_pair(catalog: Catalog) -> None:
    one, other, third = (add(catalog, number) for number in (1, 2, 3))
    with catalog.transaction():
        catalog.add_pairs(
            np.array([other, one]),
            np.array([one, third]),
            np.array([1, 4], np.uint8),
            np.array([990, 12]),
            "s1",
            [b"seen", None],
        )
    left, right = np.array([one, third, one, 999]), np.array([other, one, 77, one])
    rows, tier, score = catalog.pairs(left, right, "s1")
    told = dict(zip(rows.tolist(), zip(tier.tolist(), score.tolist(), strict=True), strict=True))
    assert told == {0: (1, 990), 1: (4, 12)}
    assert (tier.dtype.name, score.dtype.name) == ("uint8", "int64")
    rows, evidence = catalog.evidence(left, right, "s1", 4)
    assert (rows.tolist(), evidence.tobytes()) == ([0], b"seen")
    with pytest.raises(CatalogError, match="damaged"):
        catalog.evidence(left, right, "s1", 5)
    assert [len(column) for column in catalog.pairs(left, right, "s2")] == [0, 0, 0]
    assert [len(column) for column in catalog.pairs(left[:0], right[:0], "s1")] == [0, 0, 0]
    assert len(catalog.pairs(left, right, "s1")[0]) == 2  # asking leaves nothing behind


def test_folders_are_told_apart_by_volume_key_and_source(catalog: Catalog) -> None:
    identities = [
        ("files", "v", "a"),
        ("files", "v", "a/b"),
        ("files", "w", "a"),
        ("zip", "v", "a"),
        ("files", "v", "no\udcff"),
    ]
    numbers = [catalog.folder(*identity) for identity in identities]
    assert len(set(numbers)) == len(identities)
    assert [catalog.folder(*identity) for identity in identities] == numbers


def test_a_volume_may_be_named_in_any_bytes(catalog: Catalog) -> None:
    number = catalog.folder("files", "cifs://server/na\udcefve", "a")
    assert catalog.folder("files", "cifs://server/na\udcefve", "a") == number


def test_locations_are_remembered_replaced_and_pruned(catalog: Catalog) -> None:
    content, folder, other = add(catalog, 1), catalog.folder("files", "v", "a"), catalog.folder("files", "v", "b")
    for name in ("a.jpg", "no\udcff.jpg", "line\nbreak"):
        locate(catalog, folder, name, content)
    locate(catalog, folder, "a.txt", None, "not an image")
    locate(catalog, other, "a.jpg", content)
    known = look(catalog, folder)
    assert known.keys() == {"a.jpg", "no\udcff.jpg", "line\nbreak", "a.txt"}
    assert known["a.jpg"] == Known(100, 5, 2, content, None, stale=False, failure=None, reason="")
    assert (known["a.txt"].content, known["a.txt"].skipped) == (None, "not an image")
    with catalog.transaction():
        catalog.remember([Location(folder, "a.jpg", 101, 6, 1, 2**64 - 1, None, "video")], version=VERSION)
        catalog.prune(folder, ["no\udcff.jpg", "never there"])
    known = look(catalog, folder)
    assert known.keys() == {"a.jpg", "line\nbreak", "a.txt"}
    assert (known["a.jpg"].size, known["a.jpg"].mtime_ns, known["a.jpg"].inode) == (101, 6, -1)
    assert look(catalog, other).keys() == {"a.jpg"}
    assert look(catalog, 999) == {}


@given(st.integers(0, 2**64 - 1))
def test_numbers_keep_their_64_bits(number: int) -> None:
    assert -(2**63) <= signed(number) < 2**63
    assert signed(number) % 2**64 == number


STALE: list[tuple[dict[str, Any] | tuple[FailureKind, dict[str, Any]], dict[str, Any], bool]] = [
    ({}, {}, False),
    ({}, {"version": VERSION + 1}, True),
    ({}, {"decoder": "pillow 2"}, False),
    ({}, {"truncated": True}, False),
    ({}, {"max_pixels": 800 * 600}, False),
    ({}, {"max_pixels": 800 * 600 - 1}, True),
    ({"truncated": True}, {"truncated": True}, False),
    ({"truncated": True}, {"truncated": False}, True),
    (("damaged", {}), {}, False),
    (("damaged", {}), {"decoder": "pillow 2"}, False),
    (("damaged", {}), {"truncated": True}, False),
    (("damaged", {"truncated": True}), {"truncated": True}, True),
    (("damaged", {"truncated": True}), {"truncated": False}, False),
    (("damaged", {}), {"version": VERSION + 1}, True),
    (("unsupported", {}), {}, False),
    (("unsupported", {}), {"decoder": "pillow 2"}, True),
    (("limit", {"pixels": (2000, 1000)}), {}, False),
    (("limit", {"pixels": (2000, 1000)}), {"max_pixels": 2_000_000}, True),
    (("limit", {"pixels": (2000, 1000)}), {"max_pixels": 1_999_999}, False),
]


@pytest.mark.parametrize(("content", "now", "stale"), STALE)
def test_what_is_looked_at_again(catalog: Catalog, content: Any, now: dict[str, Any], stale: bool) -> None:
    number = add(catalog, 1, **content) if isinstance(content, dict) else fail(catalog, 1, content[0], **content[1])
    folder = catalog.folder("files", "v", "a")
    locate(catalog, folder, "a.jpg", number)
    known = look(catalog, folder, **now)["a.jpg"]
    assert known.stale is stale
    assert known.failure == (None if isinstance(content, dict) else content[0])
    assert known.reason == ("" if isinstance(content, dict) else "why")


def test_an_aborted_batch_leaves_nothing(catalog: Catalog) -> None:
    folder = catalog.folder("files", "v", "a")
    with pytest.raises(KeyError), catalog.transaction():  # noqa: PT012
        content = catalog.add_contents([(digest(1), 100, thumbnail())], decoder=DECODER, version=VERSION)[0]
        catalog.add_hashes([content], np.array([[7]], np.uint64), HashSpec())
        catalog.remember([Location(folder, "a.jpg", 100, 5, 1, 2, content)], version=VERSION)
        raise KeyError
    assert look(catalog, folder) == {}
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {}
    assert len(stored(catalog, np.array([1]), HashSpec())[0]) == 0


def test_two_connections_share_a_file(catalog: Catalog) -> None:
    assert catalog.path is not None
    with Catalog(catalog.path) as other:
        number = add(catalog, 1)
        assert other.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {digest(1): number}
        assert add(other, 1) == number
        folder = other.folder("files", "v", "a")
        assert catalog.folder("files", "v", "a") == folder
        locate(other, folder, "a.jpg", number)
        assert look(catalog, folder)["a.jpg"].content == number


def test_reading_hashes_never_pages_through_thumbnails(catalog: Catalog) -> None:
    plan = catalog.db.execute("EXPLAIN QUERY PLAN SELECT content, words FROM hash WHERE spec = 1 AND variant = 'plain'")
    assert "thumbnail" not in str(plan.fetchall())
    columns = [row[1] for row in catalog.db.execute("PRAGMA table_info(content)")]
    assert "pixels" not in columns


UNDECODED = {"pixels": (30, 40), "format_": "PNG", "truncated": False, "decoder": DECODER}


def stored(
    catalog: Catalog, ids: NDArray[np.int64], spec: HashSpec, variant: str = "plain"
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the ids that have a hash, and the hashes."""
    rows = catalog.words(ids, spec, variant)
    return np.array(list(rows), np.int64), bits.from_bytes(list(rows.values()), spec.bits)


def add_undecoded(catalog: Catalog, number: int, **facts: Any) -> int:
    with catalog.transaction():
        return catalog.add_undecoded(digest(number), 100, **{**UNDECODED, **facts})


def test_a_content_without_a_thumbnail_is_remembered_until_it_has_one(catalog: Catalog) -> None:
    number = add_undecoded(catalog, 1)
    assert add_undecoded(catalog, 1) == number != add_undecoded(catalog, 2)
    facts = catalog.contents(np.array([number]))
    assert (facts.size[0], facts.width[0], facts.height[0], facts.format[0]) == (100, 30, 40, "PNG")
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {}, "find has to decode it"
    with pytest.raises(CatalogError, match="damaged"):
        catalog.thumbnails(np.array([number]))
    assert add(catalog, 1, width=60) == number
    assert catalog.thumbnails(np.array([number]))[0].shape == (1, 64, 64)
    assert add_undecoded(catalog, 1) == number
    assert catalog.contents(np.array([number])).width.tolist() == [60], "what is known as decoded stays so"
    assert catalog.digests_of_sizes([100], version=VERSION, max_pixels=10**6)[100] == {digest(1): number}


def test_hashing_without_a_thumbnail_ends_a_failure(catalog: Catalog) -> None:
    """What ends early was refused then and is accepted now."""
    number, folder = fail(catalog, 1, truncated=True), catalog.folder("files", "v", "a")
    locate(catalog, folder, "a.jpg", number)
    assert add_undecoded(catalog, 1, truncated=True) == number
    known = look(catalog, folder, truncated=True, thumbnails=False)["a.jpg"]
    assert (known.stale, known.failure) == (False, None)
    assert look(catalog, folder, truncated=False, thumbnails=False)["a.jpg"].stale
    assert look(catalog, folder, truncated=True)["a.jpg"].stale


def test_a_new_thumbnail_ends_the_hashes_of_the_old_one_only(catalog: Catalog) -> None:
    number = add_undecoded(catalog, 1)
    full, fast = HashSpec(decoding="full"), HashSpec(decoding="fast")
    with catalog.transaction():
        for spec in (full, fast):
            catalog.add_hashes([number], np.array([[7]], np.uint64), spec)
    assert add(catalog, 1) == number
    ids = np.array([number])
    assert catalog.words(ids, fast) == {}
    assert list(catalog.words(ids, full)) == [number]


def test_words_come_back_as_they_went_in(catalog: Catalog) -> None:
    ids = [add_undecoded(catalog, number) for number in range(1, 5)]
    parts, one = HashSpec("crop_resistant", decoding="full"), HashSpec("pdq", 16, "tent", "pdq")
    rows = [(ids[2], b"\1" * 24), (ids[0], b"\2" * 8)]
    with catalog.transaction():
        catalog.add_words(iter(rows), parts)
        catalog.add_words([(ids[1], b"\3" * 32)], one)
        catalog.add_words([(ids[1], b"\x63")], one, "quality")
    wanted = np.array([*ids, 999])
    assert list(catalog.words(wanted, parts).items()) == sorted(rows), "ascending"
    assert catalog.words(np.array([ids[1]]), one) == {ids[1]: b"\3" * 32}
    assert catalog.words(wanted, one, "quality") == {ids[1]: b"\x63"}
    assert catalog.words(wanted, one, "mirror") == catalog.words(wanted, HashSpec()) == {}
    assert catalog.words(wanted[:0], one) == {}
    with catalog.transaction():
        catalog.add_words([(ids[0], b"\4" * 16)], parts)
    assert catalog.words(wanted, parts)[ids[0]] == b"\4" * 16
    found, block = stored(catalog, wanted, one)
    assert (found.tolist(), block.tolist()) == ([ids[1]], [[0x0303030303030303] * 4])


def test_hashes_are_the_words_as_a_block(catalog: Catalog) -> None:
    number = add(catalog, 1)
    with catalog.transaction():
        catalog.add_hashes([number], np.array([[258]], np.uint64), HashSpec())
    assert catalog.words(np.array([number]), HashSpec()) == {number: (258).to_bytes(8, "big")}


def test_pixels_by_content_and_step(catalog: Catalog) -> None:
    ids = [add(catalog, number) for number in (1, 2, 3)]
    wanted = np.array([*ids, 999])
    assert catalog.pixels(wanted, "1") == catalog.pixels(wanted[:0], "1") == {}
    with catalog.transaction():
        catalog.add_pixels([(ids[0], b"a" * 32, None), (ids[1], None, None)], "1")
        catalog.add_pixels([(ids[2], b"c" * 32, b"luma")], "2")
    assert catalog.pixels(wanted, "1") == {ids[0]: (b"a" * 32, None), ids[1]: (None, None)}
    with catalog.transaction():
        catalog.add_pixels([(ids[0], b"b" * 32, None)], "2")
    assert catalog.pixels(wanted, "1") == {ids[1]: (None, None)}, "one step is kept of each"
    assert catalog.pixels(wanted[:1], "2") == {ids[0]: (b"b" * 32, None)}
    assert catalog.pixels(wanted, "2")[ids[2]] == (b"c" * 32, b"luma")


def test_a_catalog_of_before_gets_the_new_tables_and_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "old.sqlite")
    with monkeypatch.context() as then:
        then.setattr(Catalog, "MIGRATIONS", MIGRATIONS[:2])
        with Catalog(path) as old:
            columns = "id, digest, size, width, height, decoder, version"
            old.db.execute(f"INSERT INTO content ({columns}) VALUES (1, ?, 9, 800, 600, 'd', 1)", (b"d" * 32,))
            assert "pixels" not in {row[0] for row in old.db.execute("SELECT name FROM sqlite_master")}
    for _ in range(2):
        with Catalog(path) as catalog:
            assert [row[0] for row in catalog.db.execute("SELECT name FROM migration ORDER BY rowid")] == [
                name for name, _ in MIGRATIONS
            ]
            assert catalog.contents(np.array([1])).width.tolist() == [800]
            assert catalog.pixels(np.array([1]), "1") == {}


WITHOUT_THUMBNAILS: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("undecoded", {}, {}, False),
    ("undecoded", {}, {"version": VERSION + 1}, False),
    ("undecoded", {}, {"thumbnails": True}, True),
    ("undecoded", {}, {"max_pixels": 1200}, False),
    ("undecoded", {}, {"max_pixels": 1199}, True),
    ("undecoded", {}, {"decoder": "pillow 2"}, False),
    ("undecoded", {"truncated": True}, {}, True),
    ("undecoded", {"truncated": True}, {"truncated": True}, False),
    ("decoded", {}, {}, False),
    ("decoded", {}, {"version": VERSION + 1}, False),
    ("decoded", {}, {"version": VERSION + 1, "thumbnails": True}, True),
    ("failed", {}, {}, True),  # no thumbnail could be had; the picture perhaps
    ("failed", {}, {"version": VERSION + 1}, True),
    ("failed", {"truncated": True}, {"truncated": True}, True),
    ("skipped", {}, {}, False),
    ("skipped", {}, {"version": VERSION + 1}, True),
]


@pytest.mark.parametrize(("kind", "facts", "now", "stale"), WITHOUT_THUMBNAILS)
def test_what_is_looked_at_again_where_no_thumbnail_is_wanted(
    catalog: Catalog, kind: str, facts: dict[str, Any], now: dict[str, Any], stale: bool
) -> None:
    make = {"undecoded": add_undecoded, "decoded": add, "failed": fail}
    number = make[kind](catalog, 1, **facts) if kind in make else None
    folder = catalog.folder("files", "v", "a")
    locate(catalog, folder, "a.jpg", number, None if kind in make else "not an image")
    assert look(catalog, folder, **{"thumbnails": False, **now})["a.jpg"].stale is stale
