"""Findings read back from the JSON that `find` wrote."""

from dataclasses import dataclass
from typing import Any, cast, get_args

from lookalike import collector
from lookalike.errors import UsageError
from lookalike.labels import Root
from lookalike.model import LOSSES, Group, GroupRule, ImageRef, Member, Orient, Role
from lookalike.tables.fields import Fields, load, parse
from lookalike.tables.files import path_fields
from lookalike.tables.plans import tier_of

FINDINGS_VERSION = 1
UNKNOWN_TIME = -(1 << 63)
"""Modification time of images in findings that were read back: those hold none."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a search found, as far as a plan needs it.

    Attributes
    ----------
    groups : tuple of Group
        As found; of each image only path, size and digest identify it.
    roots : tuple of Root
        What was searched, then what it was compared against.
    orient : str
        Which turns counted as the same picture.
    options : dict
        All options of the search.
    """

    groups: tuple[Group, ...]
    roots: tuple[Root, ...]
    orient: Orient
    options: dict[str, Any]


def document_from_json(text: str | bytes) -> Document:
    """Read findings from JSON text. Fields that are unknown are passed over.

    Parameters
    ----------
    text : str or bytes
        What ``find --json`` writes.

    Returns
    -------
    Document
        Groups and what else a plan is made from.

    Raises
    ------
    UsageError
        If it is not JSON, or a field is missing or wrong; the message names it and the member.
    """
    with collector.paused():
        return _document(parse(text, "findings"))


def read_document(path: str) -> Document:
    """Read findings from a file.

    Parameters
    ----------
    path : str
        A ``.json`` file that ``find --output`` wrote.

    Returns
    -------
    Document
        As `document_from_json`.

    Raises
    ------
    UsageError
        If the file cannot be read, or as `document_from_json`.
    """
    with collector.paused():
        return _document(load(path, "findings"))


def root_rows(roots: list[Root]) -> list[dict[str, Any]]:
    """Return roots as JSON objects.

    Parameters
    ----------
    roots : list of Root
        From `lookalike.labels.survey`.

    Returns
    -------
    list of dict
        Keys path, images, reference, class_depth, class_from.
    """
    return [
        {
            **path_fields(root.path),
            "images": root.images,
            "reference": root.reference,
            "class_depth": root.depth,
            "class_from": root.common,
        }
        for root in roots
    ]


def _document(fields: Fields) -> Document:
    if "decisions" in fields:
        raise UsageError(f"{fields.label} is a plan, not findings: lookalike apply PLAN carries it out")
    version = fields.take("version", int)
    if version != FINDINGS_VERSION:
        raise UsageError(f"{fields.label} has version {version}, and this program reads {FINDINGS_VERSION}: find again")
    options = Fields(fields.take("options", dict), f"{fields.label}, options")
    rule, orient = _one_of(options, "group", get_args(GroupRule)), _one_of(options, "orient", get_args(Orient))
    groups = tuple(_group(row, cast("GroupRule", rule)) for row in fields.objects("groups", "group"))
    return Document(
        groups,
        tuple(_root(row) for row in fields.objects("by_root", "root")),
        cast("Orient", orient),
        fields.take("options", dict),
    )


def _root(fields: Fields) -> Root:
    return Root(
        fields.path("path"), fields.take("images", int), fields.take("reference", bool),
        fields.take("class_depth", int), fields.take("class_from", int),
    )  # fmt: skip


def _group(fields: Fields, rule: GroupRule) -> Group:
    members = tuple(_member(row) for row in fields.objects("members", "member"))
    if not members or members[0].role != "keeper" or any(member.role == "keeper" for member in members[1:]):
        fields.wrong("members", "a list with one keeper, the first")
    return Group(fields.take("id", int), members, rule, fields.take("saving", int), fields.take("diameter", int))


def _member(fields: Fields) -> Member:
    path = fields.path("path")
    ref = ImageRef(
        path, "", "", fields.take("bytes", int), UNKNOWN_TIME, 0, 0, fields.digest("digest"),
        fields.optional("source", str, "files"),
    )  # fmt: skip
    role = cast("Role", _one_of(fields, "role", get_args(Role)))
    beside = {} if role == "keeper" else _beside_keeper(fields)
    return Member(
        ref, fields.take("width", int), fields.take("height", int), fields.take("format", str),
        fields.nullable("quality", int), role, reason=fields.take("reason", str), detail=fields.take("detail", int),
        parts=tuple(part.path("path") for part in fields.objects("parts", "part")) if "parts" in fields else (),
        frames=fields.optional("frames", int, 1), **beside,
    )  # fmt: skip


def _beside_keeper(fields: Fields) -> dict[str, Any]:
    """Return what a member has that is not the keeper."""
    lacks = fields.texts("keeper_lacks")
    if unknown := set(lacks) - set(LOSSES):
        raise UsageError(f"{fields.label}: unknown loss {min(unknown)!r} in keeper_lacks")
    return {
        "keeper": fields.path("keeper"), "distance": fields.take("distance", int),
        "share": fields.take("distance_share", float), "score": fields.share("score"),
        "tier": None if fields.nullable("tier", str) is None else tier_of(fields, "tier"),
        "relation": fields.take("relation", str), "keeper_lacks": lacks,
    }  # fmt: skip


def _one_of(fields: Fields, name: str, known: tuple[str, ...]) -> str:
    text = fields.take(name, str)
    if text not in known:
        fields.wrong(name, f"one of {', '.join(known)}")
    return text
