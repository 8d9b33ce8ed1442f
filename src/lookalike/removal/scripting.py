"""A plan as a shell script, for roots that only somebody else may write to; it checks every digest again before it acts."""

import json
import os
import shlex
from collections.abc import Iterator

from lookalike.errors import UnsafeError, UsageError
from lookalike.files import Disk, sums_of
from lookalike.files.quarantine import shelves
from lookalike.journal import Batch, Entry
from lookalike.plan import LINKS, Action, Decision, Plan
from lookalike.removal.applying import Refusal
from lookalike.removal.readying import KINDS
from lookalike.removal.rechecking import Ready, Rechecker, check_folder
from lookalike.removal.shelving import Shelving
from lookalike.tables import NO_MAP, PathMap
from lookalike.tables.manifest import MANIFEST

FUNCTIONS = """# Needs sh, sha256sum, mkdir, cat, mv, rm, ln. Files and keepers are read again first, and left alone if changed.
# `lookalike undo --from FOLDER` brings a quarantine back.
set -u
failed=0
digest() { sha256sum < "$1" 2>/dev/null | cut -c -64; }
skip() { printf '%s\\n' "left alone, $2: $1" >&2; failed=4; }
# manifest FOLDER FILE PART: once, although the script may be run again for what it left alone
manifest() { [ -e "$2" ] || { mkdir -p "$1" && cat > "$3" && mv "$3" "$2"; }; }
# go SUM FILE KEEPER_SUM KEEPER FOLDER PLACE [COMMAND...]
go() {
  sum=$1 file=$2 keeper_sum=$3 keeper=$4 folder=$5 place=$6
  shift 6
  if [ -e "$place" ] || [ -L "$place" ]; then skip "$file" 'its place is taken'; return; fi
  if [ "$(digest "$keeper")" != "$keeper_sum" ]; then skip "$file" 'its keeper has changed'; return; fi
  if [ "$(digest "$file")" != "$sum" ]; then skip "$file" 'it has changed'; return; fi
  mkdir -p "$folder" && mv -n "$file" "$place" && [ ! -e "$file" ] || { skip "$file" 'it cannot be moved'; return; }
  [ "$keeper" = "$file" ] || [ -e "$keeper" ] || { mv -n "$place" "$file"; skip "$file" 'its keeper went with it'; return; }
  [ $# -eq 0 ] || "$@" && return
  [ -s "$file" ] || rm -f "$file" # cp leaves an empty file where nothing can be cloned
  mv -n "$place" "$file"
  skip "$file" 'no link can be made'
}
"""
TAIL = "exit $failed\n"
LINKERS = {"hardlink": "ln", "symlink": "ln -s", "reflink": "cp --reflink=always -p"}


def script_of(plan: Plan, name: str, version: str, shown: PathMap = NO_MAP) -> tuple[bytes, list[Refusal]]:
    """Write a plan as a shell script.

    Parameters
    ----------
    plan : Plan
        The plan; every file is checked now as before an act, pixels included, and by digest again when the script runs.
    name : str
        Of the batch in the quarantine.
    version : str
        Of lookalike.
    shown : PathMap
        What paths are called where the script will run.

    Returns
    -------
    bytes
        The script; paths byte for byte.
    list of Refusal
        What is not in it, and why.

    Raises
    ------
    UsageError
        If the action is one that no script can do, or something has no path where the script will run.
    SourceError
        If the plan was made elsewhere.
    """
    action = plan.options.action
    if action in ("trash", "delete"):
        raise UsageError(f"no script is written for the action {action}: use quarantine, which can be undone")
    check_folder(plan)
    found = shelves([root.absolute for root in plan.roots], plan.options.quarantine)
    check, shelving = Rechecker(plan, found), Shelving(Disk(), found, Batch(0, name, plan.created, action, ""))
    refused: list[Refusal] = []
    ready: list[tuple[Entry, bytes]] = []
    for number, decision in enumerate(plan.removals):
        try:
            ready += list(_entries(decision, number, check, action, shelving, shown))  # all of a unit, or nothing
        except UnsafeError as error:
            refused.append(Refusal(decision.path, str(error)))
    text = f"#!/bin/sh\n# Written by lookalike {version}: {action}, {len(ready)} files.\n{FUNCTIONS}".encode("ascii")
    for folder, manifest in shelving.manifests(entry for entry, _ in ready).items():
        text += _manifest(_there(folder, shown), _told(manifest, shown))
    return text + b"".join(line for _, line in ready) + TAIL.encode("ascii"), refused


def _entries(
    decision: Decision, number: int, check: Rechecker, action: Action, shelving: Shelving, shown: PathMap
) -> Iterator[tuple[Entry, bytes]]:
    """Yield what goes, and the line that does it."""
    if decision.metadata:
        raise UnsafeError("its metadata would have to be merged, which a script does not do")
    for one in check(decision):
        seen = one.seen
        entry = Entry(
            number, KINDS[action], one.origin, shelving.place(one.origin), one.keeper, one.digest, one.keeper_digest,
            seen.size, seen.mtime_ns, seen.mode, seen.target,
        )  # fmt: skip
        yield entry, _line(entry, one, shown)


def _there(path: str, shown: PathMap) -> str:
    """Return what a path is called where the script will run; one that is nowhere there would lead the script astray."""
    if shown.pairs and not shown.covers(path):
        raise UsageError(
            f"{path} is below no FROM of --map, so that a script elsewhere cannot act on it: say what it is there"
        )
    return shown.path(path)


def _told(manifest: bytes, shown: PathMap) -> bytes:
    if not shown.pairs:
        return manifest
    return b"".join(json.dumps(shown(json.loads(row))).encode("ascii") + b"\n" for row in manifest.splitlines())


def _manifest(folder: str, content: bytes) -> bytes:
    target = os.path.join(folder, MANIFEST)
    words = _quoted(folder), _quoted(target), _quoted(f"{target}.part"), content
    return b"manifest %s %s %s <<'LINES' || exit 4\n%sLINES\n" % words


def _line(entry: Entry, ready: Ready, shown: PathMap) -> bytes:
    assert entry.place is not None
    keeper = ready.keeper or ready.origin
    origin, kept, place = (_there(path, shown) for path in (entry.origin, keeper, entry.place))
    words = [
        _sum(ready.origin, ready.digest), _quoted(origin), _sum(keeper, ready.keeper_digest or ready.digest), _quoted(kept),
        _quoted(os.path.dirname(place)), _quoted(place),
    ]  # fmt: skip
    if entry.kind in LINKS:
        text = os.path.relpath(kept, os.path.dirname(origin)) if entry.kind == "symlink" else kept
        words += [LINKERS[entry.kind].encode("ascii"), b"--", _quoted(text), _quoted(origin)]
    return b"go " + b" ".join(words) + b"\n"


def _sum(path: str, digest: bytes) -> bytes:
    """Return the SHA-256 of a file in hex: of the very bytes that have the digest of the plan."""
    try:
        made, now = sums_of(path)
    except OSError as error:
        raise UnsafeError(f"{path} cannot be read: {error.strerror}") from error
    if now != digest:
        raise UnsafeError(f"{path} was changed while it was being checked")
    return made.hex().encode("ascii")


def _quoted(path: str) -> bytes:
    return os.fsencode(shlex.quote(path))
