"""Find the images that are the same picture, say why, and which one is worth keeping."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookalike.errors import (
        CatalogError,
        DecodeError,
        LookalikeError,
        SourceError,
        UnsafeError,
        UsageError,
    )
    from lookalike.finding import find
    from lookalike.findings import Findings
    from lookalike.join import iter_near_pairs, near_pairs
    from lookalike.model import Failure, Group, HashSpec, ImageRef, Member, Tier

__version__ = version("lookalike")

_HOME = {
    "CatalogError": "errors", "DecodeError": "errors", "Failure": "model", "Findings": "findings", "Group": "model",
    "HashSpec": "model", "ImageRef": "model", "LookalikeError": "errors", "Member": "model", "SourceError": "errors",
    "Tier": "model", "UnsafeError": "errors", "UsageError": "errors", "find": "finding", "iter_near_pairs": "join",
    "near_pairs": "join",
}  # fmt: skip

__all__ = [
    "CatalogError",
    "DecodeError",
    "Failure",
    "Findings",
    "Group",
    "HashSpec",
    "ImageRef",
    "LookalikeError",
    "Member",
    "SourceError",
    "Tier",
    "UnsafeError",
    "UsageError",
    "__version__",
    "find",
    "iter_near_pairs",
    "near_pairs",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
    return getattr(import_module(f"lookalike.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
