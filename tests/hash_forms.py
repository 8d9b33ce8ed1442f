"""The rows of a hash table in Parquet, written as CSV and JSON Lines have them."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from lookalike import bits
from lookalike.model import HashSpec
from lookalike.tables.hashes import columns_of


def _hex(value: bytes, spec: HashSpec) -> str:
    return bits.to_hex(int.from_bytes(value, "big") >> 8 * len(value) - spec.bits, spec.bits)


def as_text(rows: Iterable[dict[str, Any]], specs: Sequence[HashSpec]) -> list[dict[str, Any]]:
    """Return the columns that every form has."""
    told = []
    for row in rows:
        texts = {name: row[name] for name in columns_of(specs)}
        texts["path_bytes"] = row["path_bytes"] and base64.b64encode(row["path_bytes"]).decode()
        texts["digest"] = row["digest"] and row["digest"].hex()
        for spec in specs:
            value = row[spec.id]
            parts = value if isinstance(value, list) else [value]
            texts[spec.id] = None if value is None else ",".join(_hex(part, spec) for part in parts)
        told.append(texts)
    return told
