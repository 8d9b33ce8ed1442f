"""Hash rows for Spark, and findings of either kind in one form."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import lookalike as la
from lookalike.groups.findings import Findings
from lookalike.spark.columns import with_variants
from lookalike.spark.concluded import MEMBERS
from lookalike.spark.finding import Found, find
from lookalike.stores.decisions import Decided

NAMES = [name for name in (column.split(" ")[0] for column in MEMBERS.split(", ")) if not name.endswith("_bytes")]
USUAL: dict[str, Any] = {"keeper_lacks": [], "parts": [], "frames": 1, "source": "files"}
Groups = dict[str, list[tuple[Any, ...]]]
"""By keeper: the members, each as the values of `NAMES`, sorted."""


def hashed(file: Path, *sources: Path, variants: bool = True, thumbnails: bool = True, **options: Any) -> Path:
    """Hash images on this machine and write the rows to a Parquet file."""
    told = {"algorithms": "phash"} | options
    tables = la.hash_batches(list(sources), decode="fast", facts=True, thumbnails=True, use_catalog=False, **told)
    made = [with_variants(one, thumbnails=thumbnails) if variants else one.to_arrow() for one in tables]
    pq.write_table(pa.concat_tables(made), str(file))
    return file


def of_one_machine(findings: Findings) -> Groups:
    """Return the groups of this machine."""
    found = {}
    for group in findings.to_dict()["groups"]:
        rows = [
            {**USUAL, **member, "group": group["keeper"], "digest": bytes.fromhex(member["digest"])}
            | {"parts": [part["path"] for part in member.get("parts", ())]}
            for member in group["members"]
        ]
        found[group["keeper"]] = sorted((tuple(map(row.get, NAMES)) for row in rows), key=repr)
    return found


def of_spark(groups: Any) -> Groups:
    """Return the groups of Spark."""
    found = defaultdict(list)
    for row in groups.toArrow().to_pylist():
        told = USUAL | {name: value for name, value in row.items() if value is not None}
        found[row["group"]].append(tuple(map(told.get, NAMES)))
    return {keeper: sorted(members, key=repr) for keeper, members in found.items()}


def column(groups: Groups, name: str) -> list[Any]:
    """Return one value of all members."""
    return [member[NAMES.index(name)] for members in groups.values() for member in members]


def names(groups: Groups) -> set[frozenset[str]]:
    """Return groups as the last two parts of the paths of their members."""
    at = NAMES.index("path")
    return {frozenset("/".join(Path(one[at]).parts[-2:]) for one in members) for members in groups.values()}


def failures(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return failures of either kind, sorted."""
    return sorted((row["path"], row["stage"], row.get("kind", row.get("failure")), row["reason"]) for row in rows)


def pairs(frame: Any) -> list[tuple[Any, ...]]:
    """Return verified pairs, sorted; left is always less than right, and none comes twice."""
    rows = [tuple(row.values()) for row in frame.toArrow().to_pylist()]
    assert all(row[0] < row[1] for row in rows)
    assert len({row[:2] for row in rows}) == len(rows)
    return sorted(rows)


class Set:
    """Files, and their hash rows on Spark."""

    def __init__(self, folder: Path, spark: Any, **options: Any) -> None:
        self.folder = folder
        self.given = [folder, *sorted(folder.glob("*.tar"))]
        self.roots = list(map(str, self.given))
        self.rows = spark.read.parquet(str(hashed(folder.with_name(f"{folder.name}.parquet"), *self.given, **options)))

    def both(
        self, rows: Any = None, decided: Sequence[Decided] = (), dealt: Mapping[str, Any] | None = None, **options: Any
    ) -> tuple[Groups, Groups, Findings, Found]:
        """Find on one machine and on Spark, there with further options that are to change nothing."""
        findings = la.find(self.given, use_catalog=False, workers=1, **options)
        frame = self.rows if rows is None else rows
        found = find(frame, roots=self.roots, decisions=decided, **(dealt or {}), **options)
        groups = of_spark(found.groups)
        found.release()
        return of_one_machine(findings), groups, findings, found
