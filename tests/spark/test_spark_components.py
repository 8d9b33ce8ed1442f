"""Components on the driver and in rounds, against a reference that follows edges."""

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.spark import components as module
from lookalike.spark.components import components, contract, numbered

Edge = tuple[Any, Any]
DRIVER, ROUNDS = module.DRIVER_EDGES, -1


def reference(edges: list[Edge]) -> dict[Any, Any]:
    """Label each node by the least one that can be reached from it."""
    near: dict[Any, set[Any]] = {}
    for one, other in edges:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    label: dict[Any, Any] = {}
    for least in sorted(near):
        found = [] if least in label else [least]
        while found:
            node = found.pop()
            if node not in label:
                label[node] = least
                found += near[node]
    return label


def labelled(spark: Any, edges: list[Edge], most: int, kind: str = "long", parts: int = 3) -> dict[Any, Any]:
    frame = spark.createDataFrame(edges, f"left {kind}, right {kind}").repartition(parts)
    result = components(frame, most=most)
    assert result.columns == ["node", "component"]
    rows = [tuple(row) for row in result.collect()]
    assert len(rows) == len(dict(rows))
    return dict(rows)


nodes = st.integers(0, 25)


def graphs(seed: int) -> list[Edge]:
    """Return many graphs beside each other: at random, paths, stars whose hub is any node, loops, and edges twice."""
    random = np.random.default_rng(seed)
    edges: list[Edge] = []
    for number in range(60):
        names = number * 1000 + random.permutation(int(random.integers(2, 40)))
        for _ in range(int(random.integers(1, 3))):
            some = random.choice(names, (int(random.integers(0, len(names))), 2)).tolist()
            path = random.permutation(names).tolist()
            shapes = [some, [*itertools.pairwise(path)], [(leaf, path[0]) for leaf in path], [(path[0],) * 2]]
            edges += [(one, other) for one, other in shapes[int(random.integers(4))]]
    long = (100_000 + random.permutation(1500)).tolist()
    return [*edges, *edges[::3], *((other, one) for one, other in edges[::5]), *itertools.pairwise(long)]


@pytest.mark.parametrize("most", [DRIVER, ROUNDS])
def test_components_are_those_of_the_reference(spark: Any, most: int) -> None:
    edges = graphs(seed=4)
    assert labelled(spark, [*edges, (None, 3), (4, None)], most) == reference(edges)


@pytest.mark.parametrize("most", [DRIVER, ROUNDS])
@pytest.mark.parametrize(
    ("kind", "named"),
    [("string", "n{:03}é".format), ("binary", lambda node: bytearray([255 - node, node])), ("int", int)],
)
def test_any_type_that_can_be_ordered(spark: Any, most: int, kind: str, named: Any) -> None:
    edges = [(1, 0), (7, 7), (2, 1), (5, 6), (9, 5), (1, 0)]
    frame = spark.createDataFrame([(named(one), named(other)) for one, other in edges], f"left {kind}, right {kind}")
    result = components(frame.coalesce(1), most=most)
    assert [field.dataType for field in result.schema] == [frame.schema["left"].dataType] * 2

    def plain(value: Any) -> Any:
        return bytes(value) if kind == "binary" else value

    expected = reference([(plain(named(one)), plain(named(other))) for one, other in edges])
    assert {plain(node): plain(least) for node, least in result.collect()} == expected


@pytest.mark.parametrize("most", [DRIVER, ROUNDS])
def test_no_edges(spark: Any, most: int) -> None:
    assert labelled(spark, [], most) == {}


def test_rounds_end_on_the_driver_once_the_rest_is_small(
    spark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    # Each partition has a path through all nodes, so that contraction leaves six edges to a node; a round leaves about one.
    path = np.random.default_rng(1).permutation(400).tolist()
    counts = []
    plain = module._on_driver

    def noted(forest: Any, count: int) -> Any:
        counts.append(count)
        return plain(forest, count)

    monkeypatch.setattr(module, "_on_driver", noted)
    spark.sparkContext.setCheckpointDir(str(tmp_path))
    try:
        assert labelled(spark, [*itertools.pairwise(path)] * 6, most=500, parts=6) == dict.fromkeys(range(400), 0)
    finally:
        spark.sparkContext._jsc.sc().setCheckpointDir(None)
    assert len(counts) == 1
    assert 399 <= counts[0] <= 500
    assert [part for part in tmp_path.rglob("part-*") if part.stat().st_size], (
        "a checkpoint, as there is a folder for it"
    )


def batches(edges: list[Edge]) -> list[pa.RecordBatch]:
    schema = pa.schema([("left", pa.int64()), ("right", pa.int64()), ("changed", pa.bool_())])
    return [pa.record_batch([[one], [other], [False]], schema=schema) for one, other in edges]


@given(st.lists(st.tuples(nodes, nodes), max_size=40), st.integers(1, 8))
def test_contraction_connects_the_same_whatever_the_chunks(edges: list[Edge], chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        found = [row for batch in contract(iter(batches(edges))) for row in batch.to_pylist()]
    stars = [(row["left"], row["right"]) for row in found]
    assert reference(stars) == reference(edges)
    assert len(stars) <= len(edges)
    assert all(one >= other for one, other in stars)


@given(st.lists(st.tuples(nodes, nodes), max_size=20), st.integers(1, 4))
def test_edges_come_to_the_driver_whatever_the_chunks(edges: list[Edge], chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        sent = [row["edges"] for batch in module._pack(iter(batches(edges))) for row in batch.to_pylist()]
    tables = [pa.ipc.open_stream(one).read_all() for one in sent]
    assert [(row["left"], row["right"]) for table in tables for row in table.to_pylist()] == edges
    assert len(tables) == -(-len(edges) // chunk)


def test_contraction_says_whether_it_changed_anything() -> None:
    def changed(edges: list[Edge]) -> list[bool]:
        return [row for batch in contract(iter(batches(edges))) for row in batch["changed"].to_pylist()]

    assert changed([(1, 0), (2, 0), (0, 2), (7, 7)]) == [False] * 3
    assert changed([(1, 0), (2, 1)]) == [True] * 2


@given(st.lists(st.tuples(st.text(max_size=2), st.text(max_size=2)), max_size=20))
def test_numbers_are_in_the_order_of_the_nodes(edges: list[Edge]) -> None:
    ends = [pa.chunked_array([[edge[at]] for edge in edges], pa.string()) for at in (0, 1)]
    found, left, right = numbered(*ends)
    names = found.to_pylist()
    assert names == sorted({node for edge in edges for node in edge})
    assert [(names[one], names[other]) for one, other in zip(left, right, strict=True)] == edges
