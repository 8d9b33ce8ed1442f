"""Moving, linking and removing files so that nothing is overwritten and nothing is lost, whenever the power goes."""

from lookalike.files.calls import is_temporary
from lookalike.files.disk import Disk, make_folders, move, sync_all
from lookalike.files.seen import Seen, contents_of, digest_of, lies_at, look_at, sums_of

__all__ = [
    "Disk", "Seen", "contents_of", "digest_of", "is_temporary", "lies_at", "look_at", "make_folders", "move", "sums_of",
    "sync_all",
]  # fmt: skip
