"""Find the images that are the same picture, say why, and which one is worth keeping."""

from importlib import import_module

TYPE_CHECKING = False  # which type checkers take for true, by its name; `typing` would cost more than all the rest

if TYPE_CHECKING:
    from lookalike.batches import hash_batches, hash_images
    from lookalike.cleaning import apply, history, purge, undo
    from lookalike.comparing import Comparison, compare
    from lookalike.deciding import decide, decide_group, decisions, import_decisions, undecide
    from lookalike.errors import (
        CatalogError,
        DecodeError,
        LedgerError,
        LookalikeError,
        SourceError,
        UnsafeError,
        UsageError,
    )
    from lookalike.experiments.tuned import Tuning
    from lookalike.exporting import Exported, export
    from lookalike.featuring import features
    from lookalike.filtering import KeepFilter, keep_filter
    from lookalike.finding import find
    from lookalike.groups.findings import Findings
    from lookalike.hashes.value import ImageHash
    from lookalike.hashing import (
        ahash,
        colorhash,
        crop_resistant,
        dhash,
        dhash_vertical,
        dihedral,
        hash_image,
        mhash,
        pdq,
        phash,
        phash_simple,
        whash,
        whash8,
    )
    from lookalike.index.hits import Hit
    from lookalike.indexing import Index
    from lookalike.join import iter_near_pairs, near_pairs
    from lookalike.leakage.leaked import Leaks
    from lookalike.leaking import leaks
    from lookalike.model import Failure, Group, HashSpec, ImageRef, Member, Tier
    from lookalike.plan import Decision, KeepOptions, Plan
    from lookalike.removal.applying import Applied
    from lookalike.removal.purging import Purged
    from lookalike.removal.undoing import Undone
    from lookalike.tables.hashes import HashTable
    from lookalike.tables.kept import KeepTable
    from lookalike.tuning import tune
    from lookalike.verdicts.pairing import VerifiedPairs, iter_verified_pairs

    __version__: str

_HOME = {
    "Applied": "removal.applying",
    "CatalogError": "errors",
    "Comparison": "comparing",
    "Decision": "plan",
    "DecodeError": "errors",
    "Exported": "exporting",
    "Failure": "model",
    "Findings": "groups.findings",
    "Group": "model",
    "HashSpec": "model",
    "HashTable": "tables.hashes",
    "Hit": "index.hits",
    "ImageHash": "hashes.value",
    "ImageRef": "model",
    "Index": "indexing",
    "KeepFilter": "filtering",
    "KeepOptions": "plan",
    "KeepTable": "tables.kept",
    "Leaks": "leakage.leaked",
    "LedgerError": "errors",
    "LookalikeError": "errors",
    "Member": "model",
    "Plan": "plan",
    "Purged": "removal.purging",
    "SourceError": "errors",
    "Tier": "model",
    "Tuning": "experiments.tuned",
    "Undone": "removal.undoing",
    "UnsafeError": "errors",
    "UsageError": "errors",
    "VerifiedPairs": "verdicts.pairing",
    "ahash": "hashing",
    "apply": "cleaning",
    "colorhash": "hashing",
    "compare": "comparing",
    "crop_resistant": "hashing",
    "decide": "deciding",
    "decide_group": "deciding",
    "decisions": "deciding",
    "dhash": "hashing",
    "dhash_vertical": "hashing",
    "dihedral": "hashing",
    "export": "exporting",
    "features": "featuring",
    "find": "finding",
    "hash_batches": "batches",
    "hash_image": "hashing",
    "hash_images": "batches",
    "history": "cleaning",
    "import_decisions": "deciding",
    "iter_near_pairs": "join",
    "iter_verified_pairs": "verdicts.pairing",
    "keep_filter": "filtering",
    "leaks": "leaking",
    "mhash": "hashing",
    "near_pairs": "join",
    "pdq": "hashing",
    "phash": "hashing",
    "phash_simple": "hashing",
    "purge": "cleaning",
    "tune": "tuning",
    "undecide": "deciding",
    "undo": "cleaning",
    "whash": "hashing",
    "whash8": "hashing",
}

__all__ = [
    "Applied",
    "CatalogError",
    "Comparison",
    "Decision",
    "DecodeError",
    "Exported",
    "Failure",
    "Findings",
    "Group",
    "HashSpec",
    "HashTable",
    "Hit",
    "ImageHash",
    "ImageRef",
    "Index",
    "KeepFilter",
    "KeepOptions",
    "KeepTable",
    "Leaks",
    "LedgerError",
    "LookalikeError",
    "Member",
    "Plan",
    "Purged",
    "SourceError",
    "Tier",
    "Tuning",
    "Undone",
    "UnsafeError",
    "UsageError",
    "VerifiedPairs",
    "__version__",
    "ahash",
    "apply",
    "colorhash",
    "compare",
    "crop_resistant",
    "decide",
    "decide_group",
    "decisions",
    "dhash",
    "dhash_vertical",
    "dihedral",
    "export",
    "features",
    "find",
    "hash_batches",
    "hash_image",
    "hash_images",
    "history",
    "import_decisions",
    "iter_near_pairs",
    "iter_verified_pairs",
    "keep_filter",
    "leaks",
    "mhash",
    "near_pairs",
    "pdq",
    "phash",
    "phash_simple",
    "purge",
    "tune",
    "undecide",
    "undo",
    "whash",
    "whash8",
]


if not TYPE_CHECKING:  # who sees it takes any name for one of ours

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415 - takes a third as long to import as NumPy

            return version("lookalike")
        if name not in _HOME:
            raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
        return getattr(import_module(f"lookalike.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
