"""Damaged rows and bytes of a real ledger, and manifests that anybody may have written, before history, undo and purge."""

import json
import os
from pathlib import Path

import lookalike as la
from lookalike import cleaning
from lookalike.errors import LookalikeError
from lookalike.journal import QUARANTINE
from lookalike.removal import repairing
from targets.damage import Damaged
from targets.pictures import encoded, picture
from targets.target import HOSTILE, Choices, Run, Target, edited, require
from targets.trees import contents, put, snapshot

SAME = encoded(picture(1, 300, 240))
FILES = {
    "photos/a.png": SAME,
    "photos/b.png": SAME,
    "photos/c/d.png": SAME,
    "outside/x.png": b"x",
    "outside/x.xmp": b"<x/>",
}


class _Applied:
    """A tree of which a batch lies in the quarantine, with its ledger and its manifest."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(os.path.join(folder, "album"))
        self.ledger = os.path.join(folder, "state", "ledger.sqlite")
        put(self.folder, FILES)
        root = os.path.join(self.folder, "photos")
        findings = la.find(root, catalog=None, workers=1)
        self.batch = la.apply(findings.plan(), ledger=self.ledger, workers=1)
        la.decide(
            "different", [os.path.join(root, "a.png"), os.path.join(self.folder, "outside/x.png")], ledger=self.ledger
        )
        self.before = snapshot(self.folder)
        self.damaged = Damaged(self.ledger)
        self.shelf = os.path.join(self.folder, QUARANTINE, str(self.batch.batch))
        self.manifest = Path(self.shelf, "manifest.jsonl")
        self.lines = self.manifest.read_bytes().splitlines()
        self.values = (*HOSTILE, root, self.folder, "photos/../outside/x.png", "photos/c/../../outside/x.xmp",
        "../../outside/x.png",
                       "write", "move", "hardlink", "symlink", "reflink", "photos/new.xmp", "photos/a.png")  # fmt: skip

    def run(self, data: bytes) -> None:
        """Damage ledger or manifest, then run every command on it."""
        choices = Choices(data)
        by_manifest = choices.below(2)
        self.damaged.renew()
        if by_manifest:
            self.forge(choices)
        else:
            self.damaged.apply(choices)
        for act in (self.read, self.back, self.repair)[: 1 + choices.below(3)]:
            try:
                act(by_manifest, choices.below(4) == 1)
            except LookalikeError:
                continue
        self.check()

    def forge(self, choices: Choices) -> None:
        """Write a manifest with some of its lines changed."""
        lines = [
            json.dumps(edited(json.loads(line), choices, self.values)).encode() if choices.below(2) else line
            for line in self.lines
        ]
        if choices.below(8) == 1:
            lines.append(choices.some())
        self.manifest.write_bytes(b"\n".join(lines) + (b"" if choices.below(8) == 1 else b"\n"))

    def read(self, *_: object) -> None:
        """Read what there is."""
        la.history(ledger=self.ledger)
        la.decisions(ledger=self.ledger)

    def back(self, by_manifest: int, purge: bool) -> None:  # noqa: FBT001 - handed over by place
        """Undo or purge."""
        if purge:
            cleaning.purge(str(self.batch.batch), ledger=self.ledger)
        elif by_manifest:
            la.undo(from_folder=self.shelf, ledger=self.ledger)
        else:
            la.undo(ledger=self.ledger)

    def repair(self, *_: object) -> None:
        """Save what can still be read of the ledger."""
        repairing.repair(self.ledger)

    def check(self) -> None:
        """Nothing outside has changed, no picture is lost; then all is as before."""
        after = snapshot(self.folder)
        changed = {name for name in after.keys() | self.before.keys() if after.get(name) != self.before.get(name)}
        strange = [name for name in changed if not name.startswith(("photos/", QUARANTINE))]
        require(not strange, (strange, self.damaged.edits, self.manifest.exists() and self.manifest.read_bytes()))
        require(SAME in contents(os.path.join(self.folder, "photos")), "no picture of the group is left")
        if changed:
            put(self.folder, {name: row[0] for name, row in self.before.items() if isinstance(row[0], bytes)})
            for name, row in self.before.items():
                os.utime(os.path.join(self.folder, name), ns=(row[1], row[1]))  # type: ignore[arg-type]  # a number


def _make(folder: str) -> Run:
    return _Applied(folder).run


def _seeds() -> list[bytes]:
    rows = [
        bytes([0, 0, 0, table, column, value, 0, 0, 2, 0])
        for table in range(5)
        for column in range(0, 16, 3)
        for value in (0, 12, 40)
    ]
    return (
        rows
        + [bytes([1, edit, 1, edit, place, 3, 1, 20, 1, 2, 0, 1, 0]) for edit in range(4) for place in range(6)]
        + [b"\0\2" + bytes(range(60))]
    )


TARGET = Target(
    "an error of ours or an answer; no file outside the roots changes, and one of equal pictures stays",
    _make, _seeds,
)  # fmt: skip
