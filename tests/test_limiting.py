"""What decoding may use, and second looks at files: no decoder is quicker than its limit, and none takes anything along."""

import io
import math
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3
from PIL import Image

import bombs
import lookalike as la
import pool_tasks
from conftest import encode, scene
from lookalike import decode, limiting
from lookalike.comparing import panels
from lookalike.errors import DecodeError, UsageError
from lookalike.limiting import SecondLooks, limits, told_by
from lookalike.model import LEAST_MEMORY, MAX_PIXELS, ImageRef, Tier
from lookalike.opening import open_catalog
from lookalike.options import ScanOptions
from lookalike.pool import Died, Guarded, Limits
from lookalike.showing.previews import Previews, of_file
from lookalike.verdicts.confirming import confirm

GB = 1 << 30
SLOW = bombs.scans_jpeg(3000, 100)
"""Takes some tenths of a second, all of which are in the scans after the first."""
PICTURE = scene(1, 320, 240)
needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers of the system here")
needs_linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits memory as Linux does")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, (10, GB)),
        ({"max_pixels": 10}, (10, GB)),
        ({"max_pixels": 2 * MAX_PIXELS}, (20, 2 * GB)),
        ({"max_seconds": 3, "max_pixels": 2 * MAX_PIXELS}, (3, 2 * GB)),
        ({"max_memory": LEAST_MEMORY}, (10, LEAST_MEMORY)),
    ],
)
def test_who_sets_no_limit_has_more_for_more_pixels(told: dict[str, int], expected: tuple[float, int]) -> None:
    assert limits(ScanOptions(**told)) == Limits(*expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "told",
    [{"max_seconds": value} for value in (0, -1, 0.001, 1e6, math.nan, math.inf)]
    + [{"max_memory": value} for value in (0, LEAST_MEMORY - 1)]
    + [{"read_ahead": value} for value in (0, -5)],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(told: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(told))):
        ScanOptions(**told)  # type: ignore[arg-type]


def test_limits_travel_with_findings_and_what_was_edited_into_nonsense_is_as_if_nobody_had_said_it() -> None:
    told = ScanOptions(max_pixels=5, max_seconds=2.5, max_memory=GB)
    assert told_by({"max_pixels": 5, "max_seconds": 2.5, "max_memory": GB, "tier": "edit"}) == told
    wrong = {"max_pixels": -1, "max_seconds": "soon", "max_memory": math.nan}
    assert told_by(wrong) == told_by({"max_seconds": True, "max_memory": math.inf, "max_pixels": None}) == ScanOptions()


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (encode(PICTURE), True), (encode(PICTURE, progressive=True), True), (encode(PICTURE, "PNG"), True), (SLOW, False),
        (bombs.mpo(2), False), (bombs.apng(3, 4, 64), False), (bombs.png(1 << 21, 1, depth=1), False),
        (encode(PICTURE, "WEBP"), False), (encode(PICTURE, "TIFF"), False), (b"", False),
    ],
)  # fmt: skip
def test_only_what_its_pixels_bound_is_plain(data: bytes, plain: bool) -> None:
    assert decode.is_plain(data) is plain


def test_what_its_pixels_do_not_bound_has_a_process_and_so_has_everything_where_a_limit_is_set() -> None:
    plain, other = (encode(PICTURE), "a.jpg"), (b"GIF89a", "a.gif")
    usual, alone = SecondLooks(), SecondLooks(workers=1)
    assert usual(pool_tasks.worker_of, plain) == alone(pool_tasks.worker_of, other) == os.getpid()
    assert usual(pool_tasks.worker_of, other) != os.getpid()
    for workers in (1, 2):
        assert SecondLooks(ScanOptions(max_memory=GB), workers=workers)(pool_tasks.worker_of, plain) != os.getpid()


@needs_timers
def test_a_second_look_that_takes_too_long_says_which_limit_it_was() -> None:
    looks = SecondLooks(ScanOptions(max_seconds=0.02))
    with pytest.raises(DecodeError) as caught:
        looks(confirm, (SLOW, "a.jpg"), (SLOW + b" ", "b.jpg"))
    assert (caught.value.kind, caught.value.reason) == (
        "limit", "its decoder took longer than 0.04 s: raise --max-seconds"
    )  # fmt: skip
    assert looks(pool_tasks.worker_of, (b"", "a")) != os.getpid(), "and the next one has a process again"


@needs_timers
def test_a_comparison_is_held_to_what_somebody_set() -> None:
    assert la.compare(encode(PICTURE), SLOW, max_seconds=60, algorithms=["phash", "dhash"]) == la.compare(
        encode(PICTURE), SLOW, algorithms=["phash", "dhash"]
    )
    with pytest.raises(DecodeError, match=r"took longer than 0\.04 s: raise --max-seconds"):
        la.compare(encode(PICTURE), SLOW, max_seconds=0.02)
    with pytest.raises(DecodeError, match=r"its decoder took longer than 0\.04 s"):
        panels(encode(PICTURE), SLOW, SecondLooks(ScanOptions(max_seconds=0.02)))
    with pytest.raises(DecodeError, match="more than the limit of 100"):
        la.compare(encode(PICTURE), encode(PICTURE), max_pixels=100)


@needs_linux
def test_a_second_look_that_needs_too_much_memory_says_which_limit_it_was() -> None:
    large = encode(Image.new("RGB", (8000, 8000)), "TIFF", compression="tiff_deflate"), "a.tif"
    with pytest.raises(DecodeError) as caught:
        SecondLooks(ScanOptions(max_memory=LEAST_MEMORY))(limiting.planes, large, side=64)
    assert (caught.value.kind, caught.value.reason) == (
        "limit", "its decoder needed more than 0.125 GB: raise --max-memory"
    )  # fmt: skip
    luma, _ = SecondLooks(ScanOptions(max_memory=GB))(limiting.planes, large, side=64)
    assert luma.shape == (64, 64)


def test_what_a_look_raises_is_raised_and_a_crash_is_damage() -> None:
    looks = SecondLooks()
    with pytest.raises(DecodeError) as caught:
        looks(limiting.planes, (b"GIF89a", "a.gif"), side=64)
    assert caught.value.kind == "damaged"
    with pytest.raises(DecodeError, match=r"its decoder crashed \(killed by SIGKILL\)"):
        looks(killed, (b"", "a"))


def killed(_file: tuple[bytes, str]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("number", [0, 3, 9])
def test_a_frame_is_looked_at_as_elsewhere(number: int) -> None:
    frames = [scene(seed, 320, 240) for seed in range(5)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    file = buffer.getvalue(), "a.tif"
    if number > 4:
        with pytest.raises(DecodeError, match="no frame 10"):
            SecondLooks()(limiting.planes, file, side=64, number=number)
        return
    luma, _ = SecondLooks()(limiting.planes, file, side=64, number=number)
    assert (luma == decode.planes(encode(frames[number], "PNG"), "", 64)[0]).all()


def test_one_process_answers_many_calls_and_many_threads_have_as_many() -> None:
    guarded = Guarded(Limits(20, GB))
    assert len({guarded(pool_tasks.worker_of, at) for at in range(5)}) == 1
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda task: guarded(pool_tasks.double, task), range(40))) == [*range(0, 80, 2)]
    with pytest.raises(pool_tasks.OwnError, match="no"):
        guarded(pool_tasks.perform, "raise:no")
    with pytest.raises(Died, match="ended with code 3"):
        guarded(pool_tasks.perform, "exit:3")


@pytest.mark.skipif(not hasattr(os, "kill"), reason="no signals here")
def test_a_process_that_died_between_two_calls_is_replaced_and_none_outlives_its_owner() -> None:
    guarded = Guarded(Limits(20, GB))
    first = guarded(pool_tasks.worker_of, 0)
    os.kill(first, signal.SIGKILL)
    second = guarded(pool_tasks.worker_of, 0)
    assert second != first
    del guarded
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


@needs_timers
def test_the_last_look_before_a_removal_is_held_to_the_limits_of_the_search(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name, quality in (("a.webp", 90), ("b.webp", 60)):
        (tmp_path / "set" / name).write_bytes(encode(scene(1, 1200, 900), "WEBP", quality=quality, method=0))
    found = la.find(tmp_path / "set", max_seconds=20, max_memory=GB, use_catalog=False)
    plan = found.plan()
    assert plan.found["max_seconds"] == 20
    assert plan.found["max_memory"] == GB
    hurried = replace(plan, found={**plan.found, "max_seconds": 0.01})
    (refused,) = la.apply(hurried, ledger=tmp_path / "ledger").refused
    assert refused.reason.endswith("took longer than 0.02 s: raise --max-seconds")
    assert len(list((tmp_path / "set").iterdir())) == 2
    assert la.apply(plan, ledger=tmp_path / "ledger").images == 1


@needs_timers
def test_previews_fall_back_to_the_thumbnail_where_a_file_takes_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(SLOW)
    looks = SecondLooks(ScanOptions(max_seconds=0.02))
    with pytest.raises(DecodeError, match="raise --max-seconds"):
        of_file(str(path), None, 128, looks=looks)
    assert la.find(tmp_path, catalog=tmp_path / "catalog").stats["hashed"] == 1
    asked = ImageRef(str(path), "", "", len(SLOW), 0, 0, 0, blake3(SLOW).digest())
    with open_catalog(str(tmp_path / "catalog")) as store:
        made = Previews(store, looks=looks).get(asked)
    assert made is not None
    assert Image.open(io.BytesIO(made)).size == (128, 128)
    assert Previews(None, looks=looks).get(asked) is None


def test_a_set_limit_holds_with_one_worker_in_python_too(tmp_path: Path) -> None:
    (tmp_path / "slow.jpg").write_bytes(SLOW)
    (tmp_path / "a.png").write_bytes(encode(PICTURE, "PNG"))
    found = la.find(tmp_path, max_seconds=0.02, workers=1, use_catalog=False)
    assert [(one.kind, one.reason) for one in found.failures] == [
        ("limit", "its decoder took longer than 0.02 s: raise --max-seconds")
    ]
    assert (found.stats["images"], found.stats["hashed"], found.stats["failed"]) == (2, 1, 1)
    table = la.hash_images(tmp_path, decode="fast", max_seconds=0.02, workers=1, use_catalog=False)
    assert [one.kind for one in table.failures] == ["limit"]
    assert len(table) == 1


def test_what_is_found_is_the_same_with_limits_and_without(tmp_path: Path) -> None:
    for name, kind in (("a.webp", "WEBP"), ("b.tif", "TIFF"), ("c.jpg", "JPEG"), ("d.png", "PNG")):
        (tmp_path / name).write_bytes(encode(PICTURE, kind))
    told = {"verify": "pixels", "tier": "similar", "use_catalog": False, "frames": "all"}
    free = la.find(tmp_path, workers=1, **told)  # type: ignore[arg-type]
    held = la.find(tmp_path, workers=1, max_seconds=30, max_memory=GB, read_ahead=1, **told)  # type: ignore[arg-type]
    assert free.to_dict()["groups"] == held.to_dict()["groups"]
    (group,) = held.groups
    assert len(group.members) == 4
    assert {member.tier for member in group.members[1:]} <= {Tier.EXACT, Tier.COPY}
