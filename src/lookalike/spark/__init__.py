"""The same job on Apache Spark: stages that take and return DataFrames. Needs the extra ``spark``."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookalike.spark.finding import Found, find
    from lookalike.spark.grouped import groups
    from lookalike.spark.leaking import Leaked, leaks
    from lookalike.spark.near import near_pairs

_HOME = {
    "Found": "finding",
    "Leaked": "leaking",
    "find": "finding",
    "groups": "grouped",
    "leaks": "leaking",
    "near_pairs": "near",
}

__all__ = [
    "Found",
    "Leaked",
    "find",
    "groups",
    "leaks",
    "near_pairs",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.spark' has no attribute {name!r}")
    return getattr(import_module(f"lookalike.spark.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
