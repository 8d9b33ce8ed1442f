"""Hash tables whose values, columns and metadata others changed, as sources of a search."""

import json
import os
from pathlib import Path
from typing import Any

import lookalike as la
from lookalike.errors import LookalikeError
from lookalike.extras import optional
from targets.pictures import encoded, picture
from targets.target import HOSTILE, Choices, Run, Target, edited, require

VALUES = (
    *(value for value in HOSTILE if not isinstance(value, (list, dict))), b"", b"\xff", bytes(8), bytes(32), bytes(4224),
    "photos/b.png", "decode", "corrupt", "files", '{"make": 1}', '{"tags": "x"}', "[1]", "PNG", 255, 65_535, -(1 << 31),
)  # fmt: skip
SEARCHES: tuple[dict[str, Any], ...] = (
    {}, {"tier": "similar"}, {"orient": "all", "crops": True}, {"truncated": "accept"}, {"min_size": (1, 1)},
    {"max_pixels": 1000}, {"exclude": ("b*",)}, {"algorithm": "dhash"},
)  # fmt: skip
RUN = {
    "made": {"roots": ["photos"], "options": {}, "images": "00"}, "skipped": {"video": 1}, "incomplete": ["photos/x"],
    "images": 4, "failures": 1,
}  # fmt: skip
KEYS = (b"lookalike", b"lookalike.run")


class _Tables:
    """A folder with a hash table in it."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.join(folder, "in")
        os.makedirs(self.folder)
        photos = os.path.join(folder, "photos")
        os.makedirs(photos)
        one = picture(1, 64, 48)
        files = {
            "a.png": encoded(one), "b.png": encoded(one), "c.jpg": encoded(one, "JPEG", quality=70),
            "d.png": encoded(picture(2, 64, 48)), "e.jpg": encoded(picture(3, 64, 48), "JPEG")[:700],
        }  # fmt: skip
        for name, content in files.items():
            Path(photos, name).write_bytes(content)
        self.arrow, self.parquet = optional("pyarrow"), optional("pyarrow.parquet")
        self.path = os.path.join(self.folder, "x.parquet")
        made = la.hash_images(photos, decode="fast", facts=True, thumbnails=True).to_arrow()
        self.sound = made.replace_schema_metadata({**made.schema.metadata, b"lookalike.run": json.dumps(RUN).encode()})
        self.write(self.sound)
        document = self.search({})
        require(len(document["groups"]) == 1 and len(document["groups"][0]["members"]) == 3, document["groups"])

    def run(self, data: bytes) -> None:
        """Change a table, and search it."""
        choices = Choices(data)
        search = choices.of(SEARCHES)
        rows = self.sound
        for _ in range(choices.below(4)):
            rows = self.changed(rows, choices)
        self.write(self.renamed(rows, choices) if choices.below(4) == 3 else rows)
        try:
            document = self.search(search)
        except LookalikeError:
            return
        stats = document["stats"]
        require(stats["images"] == stats["hashed"] + stats["failed"], stats)
        require(stats["images"] <= len(rows), stats)
        require(json.loads(json.dumps(document)) == document, "what is found can be written")

    def search(self, options: dict[str, Any]) -> Any:
        """Return the findings."""
        return la.find(self.path, use_catalog=False, workers=1, **options).to_dict()

    def write(self, rows: Any) -> None:
        """Write a table."""
        self.parquet.write_table(rows, self.path)

    def changed(self, rows: Any, choices: Choices) -> Any:
        """Return a table with another value in a column, another type of it, another order, twice or without it."""
        at = choices.below(rows.num_columns)
        name = rows.column_names[at]
        match choices.below(8):
            case 0 if rows.num_columns > 1:
                return rows.remove_column(at)
            case 1:
                order = [choices.below(max(1, len(rows))) for _ in range(choices.below(9) if len(rows) else 0)]
                return rows.take(self.arrow.array(order, self.arrow.int64()))
            case 2:
                text = [None if value is None else str(value) for value in rows.column(at).to_pylist()]
                return rows.set_column(at, name, self.arrow.array(text, self.arrow.string()))
            case 3:
                return rows.append_column(name, rows.column(choices.below(rows.num_columns)))
        values, kind = rows.column(at).to_pylist(), rows.schema.field(at).type
        if not values:
            return rows
        values[choices.below(len(values))] = value = choices.of(VALUES)
        try:
            column = self.arrow.array(values, kind)
        except (self.arrow.ArrowException, OverflowError, TypeError, ValueError):
            try:
                column = self.arrow.array([value] * len(values))
            except (self.arrow.ArrowException, OverflowError, TypeError, ValueError):
                return rows
        return rows.set_column(at, name, column)

    def renamed(self, rows: Any, choices: Choices) -> Any:
        """Return a table whose metadata say something else."""
        told, key = self.sound.schema.metadata, choices.of(KEYS)
        about = json.dumps(edited(json.loads(told[key]), choices)).encode("ascii")
        return rows.replace_schema_metadata({**told, key: about})


def _make(folder: str) -> Run:
    return _Tables(folder).run


def _seeds() -> list[bytes]:
    return [
        bytes([search, 1, column, 4, 0, value, 0])
        for search in (0, 1)
        for column in range(27)
        for value in (0, 4, 20, 28)
    ]


TARGET = Target(
    "an error of ours, or each row is an image or a failure at most, and findings that can be written", _make, _seeds
)
