"""Damaged rows, blobs and bytes of a real catalog, before a search and before ``catalog verify``."""

import io
import json
import os
import zipfile
from contextlib import suppress
from typing import Any

import lookalike as la
from lookalike import upkeep
from lookalike.errors import CatalogError
from targets.damage import Damaged
from targets.pictures import encoded, picture
from targets.target import Choices, Run, Target, require
from targets.trees import put

ONE = picture(1, 300, 240)
CHANGING = ("seconds", "cached")
RULES = ("version", "step", "decoder", "limit_seconds", "limit_memory", "text", "variant", "spec")
"""Columns that say by which rules a row was made, and have no seal."""


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("in/f.png"), encoded(picture(3, 260, 200)))
        archive.writestr(zipfile.ZipInfo("g.jpg"), encoded(ONE, "JPEG", quality=60))
    return buffer.getvalue()


class _Searched:
    """A tree, what a search finds in it, and the catalog of that."""

    def __init__(self, folder: str) -> None:
        self.folder, self.catalog = os.path.join(folder, "tree"), os.path.join(folder, "catalog.sqlite")
        crop = ONE.crop((20, 20, 290, 230))
        files = {
            "a.png": encoded(ONE), "b.png": encoded(ONE), "c.jpg": encoded(ONE, "JPEG", quality=70),
            "deep/d.png": encoded(crop),
            "e.png": encoded(picture(2, 280, 220)), "set.zip": _zip(), "note.txt": b"no image",
        }  # fmt: skip
        put(self.folder, files)
        self.document = self.search()
        require(self.document["groups"] and self.search() == self.document, "a search is repeatable")
        self.damaged = Damaged(self.catalog)

    def search(self) -> Any:
        """Return the findings, without what may change."""
        document = la.find(self.folder, catalog=self.catalog, workers=1, tier="similar").to_dict()
        stats = {name: value for name, value in document["stats"].items() if name not in CHANGING}
        return json.loads(json.dumps({**document, "stats": stats}))

    def run(self, data: bytes) -> None:
        """Damage the catalog, look through it, and search."""
        choices = Choices(data)
        shaped = self.damaged.apply(choices)
        if anew := choices.below(2) == 1:  # or hardly a changed row would be read
            with suppress(CatalogError), upkeep.existing(self.catalog) as store, store.transaction():
                store.seal_all()
        with suppress(CatalogError), upkeep.existing(self.catalog) as store:
            upkeep.info(store)
            upkeep.verify_catalog(store)
        try:
            found = self.search()
        except CatalogError:
            return
        rules = any(edit[1] in RULES for edit in self.damaged.edits if isinstance(edit, tuple))
        require(found == self.document or (shaped and (anew or rules)), self.damaged.edits)


def _make(folder: str) -> Run:
    return _Searched(folder).run


def _seeds() -> list[bytes]:
    return [bytes([0, 0, table, column, value, row, 0]) for table in range(10) for column in (1, 5, 9) for value,
    row in ((0, 0), (25, 1))] + [
        bytes([2, 3, *range(at, at + 60)]) for at in range(0, 160, 40)
    ]  # fmt: skip


TARGET = Target(
    "CatalogError or the answer of before; where all is sealed anew, and a value has the type and length of the right one, any",
    _make, _seeds,
)  # fmt: skip
