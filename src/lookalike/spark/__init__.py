"""The same job on Apache Spark: stages that take and return DataFrames. Needs the extra ``spark``."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookalike.spark.grouped import groups
    from lookalike.spark.hashing import hash_images
    from lookalike.spark.inputs import list_shards
    from lookalike.spark.near import near_pairs
    from lookalike.spark.sharding import hash_shards
    from lookalike.spark.stored import read_hashes

_HOME = {
    "groups": "grouped",
    "hash_images": "hashing",
    "hash_shards": "sharding",
    "list_shards": "inputs",
    "near_pairs": "near",
    "read_hashes": "stored",
}

__all__ = [
    "groups",
    "hash_images",
    "hash_shards",
    "list_shards",
    "near_pairs",
    "read_hashes",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.spark' has no attribute {name!r}")
    return getattr(import_module(f"lookalike.spark.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
