"""The Parquet form of a hash table: its columns, its version, and how to tell such a file from others."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

from lookalike.errors import UsageError
from lookalike.extras import arrow_errors, optional
from lookalike.hashes import algorithm, way
from lookalike.model import DIGEST_BYTES, THUMBNAIL_BYTES, HashSpec
from lookalike.tables.fields import Fields, parse

KEY, RUN_KEY = b"lookalike", b"lookalike.run"
"""Keys of the metadata: what the columns are; what else is to say of the run that wrote them."""
VERSION = 1
"""Rises when what a column holds changes; columns may be added within one version."""
FACTS: dict[str, str] = {
    "width": "int32", "height": "int32", "format": "string", "frames": "int32", "alpha": "bool", "depth": "uint8",
    "colour": "bool", "detail": "uint8", "quality": "uint8", "lossless": "bool", "captured": "string", "exif": "string",
    "truncated": "bool", "decoder": "string",
}  # fmt: skip
"""What is known of an image beside its hashes, as in `lookalike.model.Thumbnail`; column and type."""
PLACE: dict[str, str] = {
    "path": "string",
    "path_bytes": "binary",
    "source": "string",
    "bytes": "int64",
    "mtime_ns": "int64",
}
FAILURE: dict[str, str] = {"stage": "string", "failure": "string", "reason": "string"}
SHORT = ("source", "format", "captured", "decoder", "stage", "failure", "reason")
"""Columns with few values each, which are kept in a dictionary."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the metadata of a hash table says of its columns.

    Attributes
    ----------
    specs : tuple of HashSpec
        Its hashes.
    facts, thumbnails : bool
        Whether it has the columns of `FACTS`, and the column thumbnail.
    decode : int
        Version of the thumbnails that facts and fast hashes were made of; 0 where there were none.
    run : dict
        What else the run said that wrote the file.
    """

    specs: tuple[HashSpec, ...]
    facts: bool = False
    thumbnails: bool = False
    decode: int = 0
    run: dict[str, Any] = field(default_factory=dict)


def arrow_schema(header: Header) -> Any:
    """Return the schema of a hash table for Arrow; needs the extra ``tables``.

    Parameters
    ----------
    header : Header
        What it holds.

    Returns
    -------
    pyarrow.Schema
        With the metadata that `read_header` reads.
    """
    arrow = optional("pyarrow")
    kinds = {"binary": arrow.binary(), "bool": arrow.bool_()}

    def typed(part: dict[str, str]) -> dict[str, Any]:
        return {name: kinds.get(kind) or getattr(arrow, kind)() for name, kind in part.items()}

    columns = typed(PLACE) | {"digest": arrow.binary(DIGEST_BYTES)} | typed(FACTS if header.facts else {})
    for spec in header.specs:
        whole = arrow.binary(-(-spec.bits // 8))
        columns[spec.id] = arrow.list_(whole) if algorithm(spec.algorithm).several else whole
        if way(spec).quality is not None:
            columns[f"{spec.algorithm}_quality"] = arrow.uint8()
    if header.thumbnails:
        columns["thumbnail"] = arrow.binary(THUMBNAIL_BYTES)
    columns |= typed(FAILURE)
    told = {
        "table": "hashes", "version": VERSION, "specs": [asdict(spec) for spec in header.specs], "facts": header.facts,
        "thumbnails": header.thumbnails, "decode": header.decode,
    }  # fmt: skip
    return arrow.schema(list(columns.items()), {KEY: json.dumps(told).encode("ascii")})


def read_header(path: str) -> Header | None:
    """Read what a file says of itself.

    Parameters
    ----------
    path : str
        Any file.

    Returns
    -------
    Header or None
        None for what is no Parquet file with the mark of a hash table.

    Raises
    ------
    OSError
        If it cannot be read.
    UsageError
        If pyarrow is not installed, or a newer lookalike wrote it.
    """
    with open(path, "rb") as file:
        return header_of(file, path)


def header_of(file: BinaryIO, path: str) -> Header | None:
    """Read what an open file says of itself.

    Parameters
    ----------
    file : file
        At its start; may be left anywhere.
    path : str
        What it is called.

    Returns
    -------
    Header or None
        As of `read_header`.

    Raises
    ------
    OSError, UsageError
        As for `read_header`.
    """
    if file.read(4) != b"PAR1":
        return None
    file.seek(0)
    try:
        metadata = optional("pyarrow.parquet").read_metadata(file).metadata or {}
    except arrow_errors():
        return None
    return parse_header(metadata, path)


def parse_header(metadata: Mapping[bytes, bytes], path: str) -> Header | None:
    """Read what the metadata of a Parquet file say.

    Parameters
    ----------
    metadata : mapping of bytes
        By key.
    path : str
        What the file is called.

    Returns
    -------
    Header or None
        None without the mark of a hash table.

    Raises
    ------
    UsageError
        If a newer lookalike wrote it, or it makes no sense.
    """
    if KEY not in metadata:
        return None
    try:
        told = parse(metadata[KEY], "it")
        version = told.take("version", int)
        header = None if version > VERSION else _header(told, metadata.get(RUN_KEY, b"{}"))
    except UsageError as error:
        raise UsageError(
            f"{path} has the mark of a hash table, but not its metadata ({error}): write it again"
        ) from error
    if header is None:
        raise UsageError(
            f"{path} is a hash table of version {version}, this lookalike reads {VERSION}: update lookalike"
        )
    return header


def _header(told: Fields, run: bytes) -> Header:
    specs = tuple(_spec(one) for one in told.objects("specs", "spec"))
    facts, thumbnails = told.take("facts", bool), told.take("thumbnails", bool)
    return Header(specs, facts, thumbnails, told.take("decode", int), _run(run))


def _spec(told: Fields) -> HashSpec:
    """Return a hash of a table: one that can be made here."""
    spec = HashSpec(
        told.take("algorithm", str), told.take("size", int), told.take("filter", str), told.take("decoding", str),
        told.take("version", int), told.optional("options", str, ""),
    )  # fmt: skip
    way(spec)
    return spec


def _run(text: bytes) -> dict[str, Any]:
    """Return what else the run said; what is counted and listed is of the right kind."""
    told = parse(text, "its run")
    made = Fields(told.optional("made", dict, {}), "its run, made")
    if "roots" in made:
        made.texts("roots")
    if "incomplete" in told:
        told.texts("incomplete")
    skipped = told.optional("skipped", dict, {})
    counts = Fields(skipped, "its run, skipped")
    for name in skipped:
        counts.take(name, int)
    for name in ("images", "failures"):
        told.optional(name, int, 0)
    return dict(json.loads(text))


def names(specs: Sequence[HashSpec]) -> str:
    """Return the ids of specs as words.

    Parameters
    ----------
    specs : sequence of HashSpec
        At least one.

    Returns
    -------
    str
        With commas between.

    Examples
    --------
    >>> names([HashSpec("phash"), HashSpec("dhash")])
    'phash-8-lanczos3-fast-v1, dhash-8-lanczos3-fast-v1'
    """
    return ", ".join(spec.id for spec in specs)
