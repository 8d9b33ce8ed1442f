"""Hash rows for Spark, and findings of either kind in one form."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lookalike as la
from lookalike.findings import Findings
from lookalike.spark.columns import with_variants
from lookalike.spark.concluded import MEMBERS

NAMES = [column.split(" ")[0] for column in MEMBERS.split(", ")]
MISSING = {"keeper_lacks": [], "parts": [], "frames": 1, "source": "files"}
Groups = dict[str, list[tuple[Any, ...]]]


def hashed(
    spark: Any, file: Path, *sources: Path, variants: bool = True, thumbnails: bool = True, algorithms: Any = "phash", **options: Any
) -> Any:  # fmt: skip
    """Hash images on this machine, write the rows to a Parquet file, and return what Spark reads of it."""
    arrow, parquet = __import__("pyarrow"), __import__("pyarrow.parquet").parquet
    tables = la.hash_batches(
        list(sources), algorithms=algorithms, decode="fast", facts=True, thumbnails=True, use_catalog=False, **options
    )
    made = [with_variants(one, thumbnails=thumbnails) if variants else one.to_arrow() for one in tables]
    parquet.write_table(arrow.concat_tables(made), str(file))
    return spark.read.parquet(str(file))


def of_one_machine(findings: Findings) -> Groups:
    """Return groups by keeper, their members sorted."""
    found = {}
    for group in findings.to_dict()["groups"]:
        members = []
        for member in group["members"]:
            parts = [part["path"] for part in member.get("parts", ())]
            row = {
                **MISSING,
                **member,
                "parts": parts,
                "group": group["keeper"],
                "digest": bytes.fromhex(member["digest"]),
            }
            members.append(_values(row))
        found[group["keeper"]] = sorted(members, key=repr)
    return found


def of_spark(groups: Any) -> Groups:
    """Return groups by keeper, their members sorted."""
    found = defaultdict(list)
    for row in groups.toArrow().to_pylist():
        found[row["group"]].append(_values(MISSING | {name: value for name, value in row.items() if value is not None}))
    return {keeper: sorted(members, key=repr) for keeper, members in found.items()}


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in NAMES if not name.endswith("_bytes"))


def roles(groups: Groups, name: str) -> set[tuple[str, str]]:
    """Return role and another value of each member."""
    return {(member[NAMES.index("role")], member[_plain().index(name)]) for one in groups.values() for member in one}


def _plain() -> list[str]:
    return [name for name in NAMES if not name.endswith("_bytes")]


def column(groups: Groups, name: str) -> list[Any]:
    """Return one value of all members."""
    return [member[_plain().index(name)] for one in groups.values() for member in one]


def failures_of(rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return failures, sorted."""
    return sorted((row["path"], row["stage"], row.get("kind", row.get("failure")), row["reason"]) for row in rows)


def pairs_of(frame: Any) -> list[tuple[Any, ...]]:
    """Return pairs, sorted."""
    return sorted(map(tuple, frame.toArrow().to_pylist() and [row.values() for row in frame.toArrow().to_pylist()]))
