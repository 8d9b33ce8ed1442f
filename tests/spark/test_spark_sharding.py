"""Shards to tables: what they hold, what `find` makes of them, and what happens when they are made again."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from spark_inputs import SETTLED, folder, parquet, same_columns, settle, shard, single, tar_of

import lookalike as la
from conftest import encode, scene
from lookalike.batches import make_specs
from lookalike.errors import UsageError
from lookalike.options import ScanOptions
from lookalike.scan.tabling import Wanted
from lookalike.spark import hash_shards, list_shards, read_hashes
from lookalike.spark.places import header_at, tables_in
from lookalike.spark.sharding import HashSummary, attempts_of
from lookalike.spark.stored import header_of_table, table_files
from lookalike.spark.tasks import KILLED, Job, _blame, hash_shard, hash_some

WANTED = Wanted(make_specs(("phash", "dhash"), decoding="fast"))


def run(spark: Any, inputs: Sequence[Path | str], output: Path | str, **options: Any) -> HashSummary:
    scan = options.pop("options", ScanOptions())
    return hash_shards(spark, list_shards([str(one) for one in inputs], scan), str(output), WANTED, scan, **options)


def rows_of(output: Path) -> dict[str, dict[str, Any]]:
    read = pytest.importorskip("pyarrow.parquet").read_table
    return {row["path"]: row for name in tables_in(str(output)) for row in read(output / name).to_pylist()}


def groups(paths: Sequence[Path | str]) -> list[list[tuple[str, str]]]:
    found = la.find([str(path) for path in paths], use_catalog=False, workers=1)
    return sorted(sorted((member.ref.path, str(member.tier)) for member in group.members) for group in found.groups)


def counts(summary: HashSummary) -> tuple[int, int, int, int]:
    return summary.images, summary.failures, summary.hashed, summary.before


def test_tables_are_those_of_the_single_machine_and_find_makes_the_same_groups_of_them(
    spark: Any, tmp_path: Path
) -> None:
    photos, output = folder(tmp_path / "photos"), tmp_path / "out" / "hashes"
    inputs = [photos, shard(tmp_path / "a.tar", 10), shard(tmp_path / "b.tar", 12), parquet(tmp_path / "c.parquet", 20)]
    summary = run(spark, inputs, output)
    expected = single([str(path) for path in inputs], ("phash", "dhash"))
    assert counts(summary) == (15, 2, 4, 0)
    assert (summary.skipped["not an image"], summary.incomplete, summary.others) == (1, [], 0)
    same_columns(rows_of(output), expected)
    tables = [str(output / name) for name in tables_in(str(output))]
    assert groups(tables) == groups(inputs)
    assert any(len(group) > 1 for group in groups(tables))
    stored = {row["path"]: row.asDict() for row in read_hashes(spark, str(output)).collect()}
    same_columns(stored, expected)
    assert {
        name: bytes(value) if isinstance(value, bytearray) else value
        for name, value in stored[f"{inputs[1]}/010.jpg"].items()
    } == rows_of(output)[f"{inputs[1]}/010.jpg"]


def said(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    return [record.fields for record in caplog.records if record.event == event]  # type: ignore[attr-defined]


def test_what_is_done_is_not_done_again_and_what_changed_only_if_told(
    spark: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = [shard(tmp_path / f"{number}.tar", 10 * number) for number in range(3)]
    output = tmp_path / "out"
    assert counts(run(spark, inputs[:2], output)) == (6, 0, 2, 0)
    before = {name: (output / name).stat().st_mtime_ns for name in tables_in(str(output))}
    summary = run(spark, [*inputs[1:]], output)
    assert (*counts(summary), summary.others) == (6, 0, 1, 1, 1)
    assert {name: (output / name).stat().st_mtime_ns for name in before} == before
    settle(inputs[0], tar_of({"new.jpg": encode(scene(50))}))
    with caplog.at_level(logging.INFO, "lookalike"):
        summary = run(spark, inputs, output)
    assert counts(summary) == (6, 0, 0, 2)
    (refused,) = said(caplog, "shard.refused")
    assert (refused["shard"][:6], [refused["reason"]]) == ("0.tar-", summary.refused)
    told = said(caplog, "shard.ended")
    assert sorted((one["shard"][:6], one["state"], one["images"]) for one in told) == [
        ("1.tar-", "before", 3), ("2.tar-", "before", 3),
    ]  # fmt: skip
    assert {one["shards"] for one in told} == {3}
    assert [(one["stage"], one["count"]) for one in said(caplog, "stage.ended")] == [("list", 3), ("hash", 6)]
    assert [
        line.endswith("before something under its roots was changed: lookalike spark hash --overwrite makes it anew")
        for line in summary.refused
    ] == [True]
    assert counts(run(spark, inputs, output, overwrite=True)) == (7, 0, 1, 2)
    inputs[0].unlink()
    summary = run(spark, inputs, output, overwrite=True)
    assert [line.endswith("stays: what it was made of cannot be read now") for line in summary.refused] == [True]
    with pytest.raises(UsageError, match="was made with other options: lookalike spark hash --overwrite"):
        run(spark, inputs, output, thumbnails="none")


def test_the_same_input_gives_the_same_bytes(spark: Any, tmp_path: Path) -> None:
    inputs = [folder(tmp_path / "photos"), shard(tmp_path / "a.tar", 1)]
    for name in ("one", "other"):
        run(spark, inputs, tmp_path / name)
    tables = tables_in(str(tmp_path / "one"))
    assert tables == tables_in(str(tmp_path / "other"))
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes() for name in tables)


def test_poisoned_shards_are_failures_that_the_next_run_tries_again(spark: Any, tmp_path: Path) -> None:
    sound = shard(tmp_path / "a.tar", 1, 6)
    cut = settle(tmp_path / "b.tar", sound.read_bytes()[: sound.stat().st_size // 2])
    garbage = settle(tmp_path / "c.parquet", b"PAR1 and nothing more")
    gone = tmp_path / "d.tar"
    no_images = tmp_path / "e.parquet"
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(arrow.table({"caption": ["a"]}), no_images)
    inputs, output = [sound, cut, garbage, gone, no_images], tmp_path / "out"
    summary = run(spark, inputs, output, thumbnails="candidates")
    assert {line.partition(": ")[0] for line in summary.incomplete} == set(map(str, inputs[1:]))
    rows = rows_of(output)
    failed = {path: row["failure"] for path, row in rows.items() if row["failure"]}
    assert set(map(str, inputs[1:])) <= set(failed)
    assert (failed[str(cut)], failed[str(gone)]) == ("damaged", "transient")
    assert len(rows) - len(failed) == summary.images >= 8
    assert "thumbnail" not in rows[f"{sound}/001.jpg"]
    assert {header_at(str(output / name)).run["thumbnails"] for name in tables_in(str(output))} == {"candidates"}  # type: ignore[union-attr]
    settle(cut, sound.read_bytes())
    shard(gone, 30)
    summary = run(spark, inputs, output, thumbnails="candidates")
    assert (summary.hashed, summary.before, summary.images) == (4, 1, 15)
    assert {line.partition(": ")[0] for line in summary.incomplete} == {str(garbage), str(no_images)}


def test_files_that_are_named_and_vanish(spark: Any, tmp_path: Path) -> None:
    names = [settle(tmp_path / f"{number}.jpg", encode(scene(number, 160, 120))) for number in range(4)]
    listing = list_shards([str(path) for path in names])
    names[2].unlink()
    summary = hash_shards(spark, listing, str(tmp_path / "out"), WANTED)
    assert counts(summary) == (3, 1, 1, 0)
    assert summary.incomplete == [f"{names[2]}: No such file or directory"]
    assert rows_of(tmp_path / "out")[str(names[2])]["stage"] == "list"
    settle(names[2], encode(scene(2, 160, 120)))
    assert counts(run(spark, names, tmp_path / "out")) == (4, 0, 1, 0)
    assert counts(run(spark, names, tmp_path / "out")) == (4, 0, 0, 1)


def test_what_is_no_hash_table_is_never_replaced(spark: Any, tmp_path: Path) -> None:
    tar = shard(tmp_path / "a.tar", 1)
    with pytest.raises(UsageError, match=r"tables cannot go to .*a\.tar: File exists"):
        run(spark, [tar], tar)
    with pytest.raises(UsageError, match="thumbnails must be all, candidates or none, got 'some'"):
        run(spark, [tar], tmp_path / "out", thumbnails="some")
    with pytest.raises(UsageError, match="of the decoding fast"):
        hash_shards(spark, list_shards([str(tar)]), str(tmp_path / "out"), Wanted(make_specs("phash", decoding="full")))
    (only,) = list_shards([str(tar)]).shards
    other = settle(tmp_path / "out" / f"{only.name}.parquet", b"mine")
    with pytest.raises(UsageError, match="is there and no hash table"):
        run(spark, [tar], tmp_path / "out", overwrite=True)
    assert other.read_bytes() == b"mine"


def test_attempts_are_what_spark_says(spark: Any) -> None:
    assert attempts_of(spark) == 1


def test_loose_images_that_ended_the_process_are_a_failure_each(tmp_path: Path) -> None:
    for number in range(3):
        settle(tmp_path / "photos" / f"{number}.jpg", encode(scene(number, 160, 120)))
    (tmp_path / "photos" / "x.jpg").symlink_to(tmp_path / "gone.jpg")
    (only,) = list_shards([str(tmp_path / "photos")]).shards
    job = Job(str(tmp_path), Wanted(WANTED.specs, facts=True, thumbnails=True), ScanOptions())
    done = _blame(only, job)
    assert (done.images, done.failures) == (0, 4)
    assert done.incomplete == (f"{only.paths[0]} and 2 others: {KILLED}",)
    told = {path: row["reason"] for path, row in rows_of(tmp_path).items()}
    assert [told.pop(path) for path in only.paths] == [KILLED] * 3
    assert list(told) == [str(tmp_path / "photos" / "x.jpg")]
    assert (again := hash_shard(only, job)).state == "hashed", again.reason


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 server of this machine with a bucket."""
    moto_server = pytest.importorskip("moto.server")
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs")
    server = moto_server.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    told = {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "do-not-tell", "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    files = fsspec.filesystem("s3", use_listings_cache=False)
    files.mkdir("photos")
    yield files
    server.stop()
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_buckets(s3: Any, tmp_path: Path) -> None:
    """The server is for this process, so what a task does is done here."""
    expected = {}
    for number in range(5):
        path = settle(tmp_path / f"{number}.jpg", encode(scene(number // 2, 160, 120), quality=70 + number))
        s3.pipe(f"photos/set/{number % 2}/{number}.jpg", path.read_bytes())
        expected[f"s3://photos/set/{number % 2}/{number}.jpg"] = single(str(path))[str(path)]["digest"]
    tar = shard(tmp_path / "a.tar", 5)
    s3.pipe("photos/shards/a.tar", tar.read_bytes())
    expected |= {
        path.replace(str(tmp_path), "s3://photos/shards"): row["digest"] for path, row in single(str(tar)).items()
    }
    listing = list_shards(["s3://photos/set", "s3://photos/shards/*.tar", "s3://photos/gone.jpg"])
    job = Job("s3://photos/hashes", Wanted(WANTED.specs, facts=True, thumbnails=True), ScanOptions())
    done = list(hash_some(listing.shards, job))
    assert [(one.state, one.images, one.failures, one.incomplete) for one in done] == [
        ("hashed", 3, 0, ()), ("hashed", 5, 1, ()),
    ]  # fmt: skip
    names = tables_in("s3://photos/hashes")
    assert s3.ls("photos/hashes", detail=False) == [f"photos/hashes/{name}" for name in names]
    s3.get([f"photos/hashes/{name}" for name in names], str(tmp_path / "hashes") + "/")
    rows = rows_of(tmp_path / "hashes")
    assert rows.pop("s3://photos/gone.jpg")["failure"] == "not-here"
    assert {path: row["digest"] for path, row in rows.items()} == expected
    assert {one.state for one in hash_some(listing.shards, job)} == {"before"}
    assert [header_of_table(path).specs for path in table_files("s3://photos/hashes")] == [WANTED.specs] * 2
    nowhere = list_shards(["s3://no-such-bucket/*.tar", "s3://photos/set"])
    assert [one.paths[0] for one in nowhere.shards if not one.loose] == ["s3://no-such-bucket/*.tar"]
    assert next(hash_some(nowhere.shards[:1], job)).incomplete


def test_a_url_of_this_machine_is_written_whole(spark: Any, tmp_path: Path) -> None:
    tar = shard(tmp_path / "a.tar", 1)
    assert counts(run(spark, [tar], f"file://{tmp_path}/out")) == (3, 0, 1, 0)
    assert [name.partition("-")[0] for name in os.listdir(tmp_path / "out")] == ["a.tar"]
    assert counts(run(spark, [tar], f"file://{tmp_path}/out")) == (3, 0, 0, 1)
    assert tar.stat().st_mtime == SETTLED
