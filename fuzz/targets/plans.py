"""Plans as JSON, edited by anybody, then applied to a real tree and undone."""

import json
import os
from pathlib import Path
from typing import Any

import lookalike as la
from lookalike.errors import LookalikeError, UnsafeError, UsageError
from lookalike.journal import QUARANTINE
from lookalike.plan import Plan
from lookalike.tables.plans import plan_from_json, plan_to_json
from targets.pictures import encoded, picture
from targets.target import HOSTILE, Choices, Run, Target, edited, require, written
from targets.trees import contents, put, snapshot

SAME = encoded(picture(1, 300, 240), "PNG")
FILES = {
    "photos/a.png": SAME, "photos/b.png": SAME, "photos/deep/c.png": SAME,
    "photos/d.jpg": encoded(picture(1, 300, 240), "JPEG", quality=80), "photos/e.png": encoded(picture(2), "PNG"),
    "photos/a.xmp": b"<x/>", "photos/b.xmp": b"<x/>", "outside/secret.png": SAME, "outside/d.jpg": encoded(picture(1,
    300, 240), "JPEG", quality=80),
}  # fmt: skip
ROOT = "photos"


class _Album:
    """The tree, a sound plan about it, and what an edited one may do there."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(os.path.join(folder, "album"))
        self.ledger = os.path.join(folder, "ledger", "ledger.sqlite")
        self.renew()
        os.chdir(self.folder)
        plan = la.find(ROOT, catalog=None, workers=1).plan()
        self.document: Any = json.loads(plan_to_json(plan))
        inside = [os.path.join(self.folder, name) for name in ("photos", "outside", "photos/a.png", "q", "photos/deep")]
        self.values = (*HOSTILE, *FILES, *inside, "photos/../outside/secret.png", "photos/link/secret.png",
        "photos/lost.png",
                       "quarantine", "hardlink", "symlink", "reflink", "delete", "copy", "edit", "merge",
                       "drop")  # fmt: skip
        require(len(plan.removals) == 3, plan.removals)

    def renew(self) -> None:
        """Make the tree anew."""
        put(self.folder, FILES)
        os.symlink("../outside", os.path.join(self.folder, "photos", "link"))
        put(os.path.dirname(self.ledger), {})
        self.before = snapshot(self.folder)

    def run(self, data: bytes) -> None:
        """Read an edited plan and do what it says."""
        try:
            plan = plan_from_json(self.text(data))
        except (UsageError, UnsafeError):
            return
        text = plan_to_json(plan)  # but for reasons, which are for people, it says all
        require(plan_to_json(plan_from_json(text)) == text, "reads back as the same plan")
        if self.stays_here(plan):
            self.act(plan)

    def text(self, data: bytes) -> bytes:
        """Return JSON: the sound plan with edits, or what the input says."""
        if data[:1] == b"{":
            return data
        return written(edited(self.document, Choices(data), self.values))

    def stays_here(self, plan: Plan) -> bool:
        """Say whether a plan names only roots and quarantines below the scratch folder: a person may name any others."""
        places = [root.absolute for root in plan.roots] + [plan.folder, plan.options.quarantine or self.folder]
        here = (os.path.realpath(os.path.join(plan.folder, place)) for place in places)
        try:
            return plan.options.action != "trash" and all(
                one == self.folder or one.startswith(self.folder + os.sep) for one in here
            )
        except ValueError:
            return False

    def act(self, plan: Plan) -> None:
        """Apply a plan and undo it."""
        tops = [os.path.realpath(root.absolute) for root in plan.roots]
        quarantine = plan.options.quarantine
        shelves = (
            [os.path.join(plan.folder, quarantine)]
            if quarantine
            else [os.path.join(os.path.dirname(top), QUARANTINE) for top in tops]
        )
        allowed = [*tops, *map(os.path.realpath, shelves)]
        try:
            done = la.apply(plan, ledger=self.ledger, workers=1)
        except LookalikeError:
            done = None
        after = snapshot(self.folder)
        for name in {name for name in after.keys() | self.before.keys() if after.get(name) != self.before.get(name)}:
            path = os.path.join(self.folder, name)
            above = os.path.realpath(os.path.dirname(path)) + os.sep
            require(above.startswith(tuple(place + os.sep for place in allowed)), (name, "is in no root"))
        held = contents(self.folder)
        if plan.options.action != "delete":
            require({row[0] for row in self.before.values()} <= held, "a picture is nowhere any more")
        require(SAME in held, "no picture of a group is left")
        require(FILES["photos/e.png"] in held, "a picture that no other is like is gone")
        if (
            done is not None
            and done.batch is not None
            and plan.options.action not in ("delete", "symlink", "hardlink", "reflink")
        ):
            la.undo(done, ledger=self.ledger)
            now = {name: row for name, row in snapshot(self.folder).items() if name in self.before}
            require(now == self.before, "undo brings all back")
        if after != self.before or done is not None:
            self.renew()


def _make(folder: str) -> Run:
    return _Album(folder).run


def _seeds() -> list[bytes]:
    here = os.path.dirname(os.path.abspath(__file__))
    return [bytes([edits, *(Path(here,
    "target.py").read_bytes()[at : at + 40])]) for edits in range(8) for at in range(0, 2000, 250)] + [
        b"\0", b"{}", b'{"version": 1, "version": 1}', b'{"version": NaN}', b'{"a":' * 2000,
    ]  # fmt: skip


TARGET = Target(
    "UsageError, UnsafeError, or a plan that reads back as itself; applied, it changes nothing outside its roots and loses no "
    "picture; undone, the tree is what it was",
    _make, _seeds, (b'"version"', b'"decisions"', b"\0", b"\xff"),
)  # fmt: skip
