"""Joins cut into tasks: all tasks together find what one machine finds, each pair once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike import bits, join
from lookalike.join.bands import MADE, MOST_JOINS, MOST_PARTS, OLD, Bands, _mixed, meet, task_of

Block = NDArray[np.uint64]
Found = list[tuple[int, ...]]


def _hashes(seed: int, count: int, words: int = 1, *, crowd: int = 0) -> Block:
    """Make hashes in clusters; `crowd` of them share most of their bits."""
    random = np.random.default_rng(seed)
    block = random.integers(0, 1 << 63, (count, words), np.uint64) << np.uint64(1)
    copies = count // 3
    for row in range(copies):
        near = block[row].copy()
        for bit in random.integers(0, 64 * words, random.integers(0, 9)).tolist():
            near[bit // 64] ^= np.uint64(1 << bit % 64)
        block[count - 1 - row] = near
    block[:crowd] = np.uint64(0xFFFF0000FFFF0000) | block[:crowd] & np.uint64(0xFFFF)
    return join.collapse(block)[0]


def _joined(plan: Bands, dealt: list[NDArray[np.void]], tasks: int = 5) -> Found:
    """Run every task by itself."""
    records = np.concatenate(dealt)
    home = task_of(records, tasks)
    found: Found = []
    for task in range(tasks):
        for number, left, right, distance in meet((plan,), records[home == task], limit=50):
            assert number == 0
            found += [
                (*one, *other, far)
                for one, other, far in zip(left.tolist(), right.tolist(), distance.tolist(), strict=True)
            ]
    return sorted(found)


def _expected(block: Block, radius: int) -> Found:
    left, right, distance = join.near_pairs(block, radius, kernel="reference")
    return sorted(
        (*block[one].tolist(), *block[two].tolist(), far)
        for one, two, far in zip(left, right, distance.tolist(), strict=True)
    )


@pytest.mark.parametrize("words", [1, 4])
@pytest.mark.parametrize("radius", [0, 3, 8])
@pytest.mark.parametrize("most", [30, 100, 1 << 20])
def test_tasks_find_each_pair_once(words: int, radius: int, most: int) -> None:
    block = _hashes(radius, 900, words)
    plan = Bands.of(block, radius, len(block), most=most)
    found = _joined(plan, [plan.deal(block)])
    assert found == _expected(block, radius)
    assert found or not radius


def test_hot_buckets_are_cut_into_parts() -> None:
    block = _hashes(2, 1500, crowd=600)
    plan = Bands.of(block, 4, len(block), most=100)
    assert any(len(keys) for keys, _ in plan.hot)
    assert max(int(parts.max()) for keys, parts in plan.hot if len(keys)) > 2
    assert _joined(plan, [plan.deal(block)]) == _expected(block, 4)


def test_low_entropy_hashes() -> None:
    block = np.arange(1 << 10, dtype=np.uint64)[:, np.newaxis] << np.uint64(20)
    plan = Bands.of(block, 3, len(block), most=64)
    assert _joined(plan, [plan.deal(block)]) == _expected(block, 3)
    assert all(int(parts.max()) <= MOST_PARTS for keys, parts in plan.hot if len(keys))


def test_a_sample_of_others_changes_no_pair() -> None:
    block = _hashes(5, 700)
    plan = Bands.of(_hashes(6, 40, crowd=20), 6, 700, most=50)
    assert _joined(plan, [plan.deal(block)]) == _expected(block, 6)


def test_an_empty_sample_will_do() -> None:
    block = _hashes(5, 300)
    plan = Bands.of(block[:0], 2, 300, most=10)
    assert _joined(plan, [plan.deal(block)]) == _expected(block, 2)


def test_bits_with_little_in_them_are_spread_over_the_bands() -> None:
    random = np.random.default_rng(8)
    block = join.collapse(random.integers(0, 1 << 40, (4000, 1), np.uint64))[0]  # 24 bits that are always 0
    plan = Bands.of(block, 7, len(block), most=100)
    telling = [(int(mask) & (1 << 40) - 1).bit_count() for mask in plan.masks[:, 0]]
    assert sum(telling) == 40
    assert max(telling) - min(telling) <= 1
    assert sum(int(mask).bit_count() for mask in plan.masks[:, 0]) == 64


@pytest.mark.parametrize("most", [40, 1 << 20])
def test_what_is_old_does_not_meet_what_is_old(most: int) -> None:
    block = _hashes(11, 900, crowd=300)
    old = np.arange(len(block)) % 3 > 0
    plan = Bands.of(block, 6, len(block), most=most)
    is_old = {tuple(row) for row in block[old].tolist()}
    expected = [pair for pair in _expected(block, 6) if not (pair[:1] in is_old and pair[1:2] in is_old)]
    assert _joined(plan, [plan.deal(block[~old]), plan.deal(block[old], OLD)]) == expected


@pytest.mark.parametrize("most", [40, 1 << 20])
@pytest.mark.parametrize("with_old", [False, True])
def test_crossed_joins(most: int, *, with_old: bool) -> None:
    own, made = _hashes(1, 500, crowd=100), _hashes(2, 400, crowd=90)
    made[:200] = own[:200] ^ np.uint64(0b101)
    own_old, made_old = (
        np.arange(len(block)) % 2 == 1 if with_old else np.zeros(len(block), np.bool_) for block in (own, made)
    )
    plan = Bands.of(np.concatenate([own, made]), 5, len(own) + len(made), crossed=True, most=most)
    dealt = [
        plan.deal(block[old == flag], side | OLD * flag)
        for block, old, side in ((own, own_old, 0), (made, made_old, MADE))
        for flag in (False, True)
    ]
    distance = bits.distance(made[:, np.newaxis], own[np.newaxis])
    near = (distance <= 5) & ~(made_old[:, np.newaxis] & own_old[np.newaxis])
    expected = sorted(
        (int(made[one, 0]), int(own[two, 0]), int(distance[one, two])) for one, two in np.argwhere(near).tolist()
    )
    assert _joined(plan, dealt) == expected
    assert len(expected) >= 50


@pytest.mark.parametrize("most", [60, 1 << 20])
def test_a_second_hash_is_asked_too(most: int) -> None:
    first = _hashes(3, 800, crowd=200)
    second = np.random.default_rng(4).integers(0, 1 << 10, (len(first), 1), np.uint64)
    both = np.concatenate([first, second], axis=1)
    both = np.concatenate([both, both[:50] ^ np.array([[0, 3]], np.uint64)])  # equal first hashes
    plan = Bands.of(both, 8, len(both), words=1, second=3, most=most)
    left, right, distance = join.near_pairs(both[:, :1].copy(), 8, second=(both[:, 1:].copy(), 3))
    pairs = zip(both[left].tolist(), both[right].tolist(), distance.tolist(), strict=True)
    expected = sorted((*min(one, other), *max(one, other), far) for one, other, far in pairs)
    assert _joined(plan, [plan.deal(both)]) == expected
    assert len(expected) > 50


def test_a_radius_over_all_bits_joins_everything() -> None:
    block = _hashes(9, 30)
    plan = Bands.of(block, 64, len(block), most=5)
    assert len(_joined(plan, [plan.deal(block)])) == len(block) * (len(block) - 1) // 2


def test_a_radius_that_takes_too_many_bands_is_refused() -> None:
    with pytest.raises(ValueError, match="radius must be 0 to 255 bits"):
        Bands.of(np.zeros((1, 8), np.uint64), 256, 1)


@given(st.lists(st.integers(0, 1 << 12), min_size=2, max_size=60, unique=True), st.integers(0, 5), st.integers(2, 40))
def test_any_hashes(values: list[int], radius: int, most: int) -> None:
    block = np.sort(np.array(values, np.uint64))[:, np.newaxis]
    plan = Bands.of(block[::2], radius, len(block), most=most)
    assert _joined(plan, [plan.deal(block)], 3) == _expected(block, radius)


def test_more_joins_than_buckets_have_numbers_for_are_refused() -> None:
    block = _hashes(1, 5)
    plan = Bands.of(block, 3, len(block))
    assert len(plan.deal(block, number=MOST_JOINS - 1)) == len(block)
    for number in (-1, MOST_JOINS):
        with pytest.raises(ValueError, match=f"0 to {MOST_JOINS - 1}, got {number}"):
            plan.deal(block, number=number)


def test_a_plan_says_how_many_records_there_are_and_how_buckets_are_cut() -> None:
    block = _hashes(2, 1500, crowd=600)
    rows = len(block)  # so few are in one bucket of each band
    assert len(Bands.of(block, 4, rows, most=rows).masks) == 1
    for most, parts in ((100, -(-rows // 100)), (rows - 1, 2), (2, MOST_PARTS)):
        plan = Bands.of(block, 4, rows, most=most)
        assert [cut.tolist() for _, cut in plan.hot] == [[parts]] * 5
        assert plan.records == 5 * rows * parts == len(plan.deal(block))
        half = Bands.of(block[::2], 4, rows, most=most)
        assert [cut.tolist() for _, cut in half.hot] == [[parts]] * 5
        assert half.records == plan.records


def test_each_bit_is_in_one_band() -> None:
    block = _hashes(7, 300, 2)
    for radius in (0, 5, 126, 127):
        masks = Bands.of(block, radius, len(block), most=10).masks
        assert len(masks) == radius + 1
        assert np.bitwise_count(masks).sum() == 128
        assert (np.bitwise_or.reduce(masks) == np.uint64(0xFFFFFFFFFFFFFFFF)).all()
    assert not Bands.of(block, 128, len(block), most=10).masks.any()


def test_joins_share_buckets() -> None:
    one, other = _hashes(1, 400, crowd=100), _hashes(2, 300)
    plans = Bands.of(one, 4, len(one), most=50), Bands.of(other, 6, len(other), most=80)
    records = np.concatenate([plans[0].deal(one), plans[1].deal(other, number=1)])
    home = task_of(records, 3)
    found: list[Found] = [[], []]
    for task in range(3):
        for number, left, right, distance in meet(plans, records[home == task]):
            found[number] += zip(left[:, 0].tolist(), right[:, 0].tolist(), distance.tolist(), strict=True)
    assert [sorted(pairs) for pairs in found] == [_expected(one, 4), _expected(other, 6)]


def test_near_hashes_share_one_of_many_buckets() -> None:
    block = _hashes(3, 1500)
    plan = Bands.of(block, 6, 40_960, most=2000)
    records = plan.deal(block)
    key = records["bucket"] >> np.uint64(17) & np.uint64((1 << 34) - 1)
    assert set(key.tolist()) == set(range(10))
    assert _joined(plan, [records]) == _expected(block, 6)


@pytest.mark.parametrize("most", [1000, 4200])
def test_several_of_many_buckets_are_hot(most: int) -> None:
    first = _hashes(4, 1500, crowd=60)
    second = np.random.default_rng(4).integers(0, 1 << 10, (len(first), 1), np.uint64)
    plan = Bands.of(first, 6, 40_960, most=most)
    assert min(len(keys) for keys, _ in plan.hot) > 1
    assert _joined(plan, [plan.deal(first)]) == _expected(first, 6)
    both = np.concatenate([first, second], axis=1)
    plan = Bands.of(both, 6, 40_960, words=1, second=64, most=most)
    left, _, _ = join.near_pairs(first, 6)
    assert len(_joined(plan, [plan.deal(both)])) == len(left)


def test_one_of_many_buckets_is_hot() -> None:
    block = _hashes(4, 1500, crowd=600)
    plan = Bands.of(block, 6, 40_960, most=8000)
    assert 1 in {len(keys) for keys, _ in plan.hot}
    assert _joined(plan, [plan.deal(block)]) == _expected(block, 6)


def test_a_bucket_of_over_a_million_pairs_comes_whole() -> None:
    random = np.random.default_rng(6)
    own, made = (join.collapse(random.integers(0, 1 << 63, (1100, 1), np.uint64))[0] for _ in range(2))
    plan = Bands.of(own, 64, len(own) + len(made), crossed=True)
    records = np.concatenate([plan.deal(own), plan.deal(made, MADE)])
    parts = [len(distance) for *_, distance in meet((plan,), records, limit=50)]
    assert len(parts) > 1
    assert sum(parts) == len(own) * len(made)


def test_hashes_are_mixed_as_published() -> None:
    steps = np.array([[0], [0x9E3779B97F4A7C15], [0x3C6EF372FE94F82A]], np.uint64)  # states of SplitMix64 from seed 0
    assert _mixed(steps, 0).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert len({*_mixed(steps, 1).tolist(), *_mixed(steps, 2).tolist(), *_mixed(steps, 0).tolist()}) == 9
