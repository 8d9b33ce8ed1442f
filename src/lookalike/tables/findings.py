"""Findings as JSON, JSON Lines and CSV."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from lookalike.model import Failure, Group, Member
from lookalike.options import FindOptions, ScanOptions
from lookalike.tables.files import check_folder, ending_of, path_fields, printable, replace_file

COLUMNS = (
    "group", "role", "path", "path_bytes", "width", "height", "bytes", "format", "quality", "digest", "detail",
    "keeper", "keeper_bytes", "tier", "score", "distance", "distance_share", "relation", "keeper_lacks", "reason",
    "stage", "kind", "parts",
)  # fmt: skip
"""Columns of the CSV form: one row per member of a group, then one per failure (role ``failure``). The paths in ``parts`` are a
JSON list, empty where there are none."""


def group_row(group: Group) -> dict[str, Any]:
    """Return a group as the JSON object of ``find --json``.

    Parameters
    ----------
    group : Group
        A group.

    Returns
    -------
    dict
        Keys id, keeper, saving, diameter, members.
    """
    return {
        "id": group.id,
        **path_fields(group.keeper.ref.path, "keeper"),
        "saving": group.saving,
        "diameter": group.diameter,
        "members": [_member_row(member) for member in group.members],
    }


def option_row(
    options: FindOptions, scan_options: ScanOptions, references: Sequence[str], *, candidates: str | int | None = None
) -> dict[str, Any]:
    """Return the options of a search as a JSON object.

    Parameters
    ----------
    options, scan_options : FindOptions, ScanOptions
        What it was told.
    references : sequence of str
        What it compared against.
    candidates : str, int or None
        Which file of pairs from elsewhere it was given, or how many pairs.

    Returns
    -------
    dict
        What changes results, and nothing else.
    """
    return {
        "tier": options.tier.name.lower(),
        "hash": options.spec.id,
        "radius": options.radius,
        "group": options.group,
        "orient": options.orient,
        "crops": options.crops,
        "candidates": candidates,
        "verify": options.verify,
        "units": options.units,
        "frames": options.frames,
        "keep": options.keep,
        "protect": list(options.protect),
        "exclude": list(scan_options.exclude),
        "include": list(scan_options.include),
        "min_size": "{}x{}".format(*scan_options.min_size),
        "follow_symlinks": scan_options.follow_symlinks,
        "truncated": scan_options.truncated,
        "max_pixels": scan_options.max_pixels,
        "max_seconds": scan_options.max_seconds,
        "max_memory": scan_options.max_memory,
        "against": [printable(path) for path in references],
    }


def image_row(member: Member) -> dict[str, Any]:
    """Return what is known of an image by itself as a JSON object.

    Parameters
    ----------
    member : Member
        The image.

    Returns
    -------
    dict
        Keys path, width, height, bytes, format, quality, digest.
    """
    return {
        **path_fields(member.ref.path),
        "width": member.width,
        "height": member.height,
        "bytes": member.ref.size,
        "format": member.format,
        "quality": member.quality,
        "digest": None if member.ref.digest is None else member.ref.digest.hex(),
    }


def failure_row(failure: Failure) -> dict[str, Any]:
    """Return a failure as a JSON object.

    Parameters
    ----------
    failure : Failure
        A failure.

    Returns
    -------
    dict
        Keys path, stage, kind, reason.
    """
    return {
        **path_fields(failure.ref.path),
        "stage": failure.stage,
        "kind": failure.kind,
        "reason": printable(failure.reason),
    }


def to_json(document: dict[str, Any]) -> str:
    """Return findings as JSON text.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.

    Returns
    -------
    str
        ASCII only, with one trailing newline.
    """
    return json.dumps(document, indent=1) + "\n"


def to_jsonl(document: dict[str, Any]) -> str:
    """Return findings as JSON Lines: first everything but the lists, then a group or a failure per line.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.

    Returns
    -------
    str
        One object per line.
    """
    head = {key: value for key, value in document.items() if key not in ("groups", "failures")}
    lines = [head, *({"group": group} for group in document["groups"])]
    lines += [{"failure": failure} for failure in document["failures"]]
    return "".join(json.dumps(line) + "\n" for line in lines)


def to_csv(document: dict[str, Any]) -> str:
    """Return findings as CSV with the columns `COLUMNS`.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.

    Returns
    -------
    str
        Header and rows, RFC 4180 quoting.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for group in document["groups"]:
        writer.writerows(
            {
                "group": group["id"],
                **member,
                "keeper_lacks": ",".join(member.get("keeper_lacks", ())),
                "parts": json.dumps([part["path"] for part in member["parts"]]) if "parts" in member else "",
            }
            for member in group["members"]
        )
    writer.writerows({"role": "failure", **failure} for failure in document["failures"])
    return text.getvalue()


WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {".json": to_json, ".jsonl": to_jsonl, ".csv": to_csv}
"""File name ending -> form."""


def check_output(path: str, also: Sequence[str] = ()) -> None:
    """Check that findings can be written to a file of that name, before any work is done.

    Parameters
    ----------
    path : str
        An output file.
    also : sequence of str
        Endings that somebody else knows how to write.

    Raises
    ------
    UsageError
        If its ending is unknown or its folder is missing.
    """
    ending_of(path, (*WRITERS, *also))
    check_folder(path)


def write(document: dict[str, Any], path: str) -> None:
    """Write findings to a file whose ending says in which form.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.
    path : str
        ``.json``, ``.jsonl`` or ``.csv``.

    Raises
    ------
    UsageError
        If the ending is unknown or the file cannot be written.
    """
    check_output(path)
    replace_file(path, WRITERS[ending_of(path, WRITERS)](document).encode("utf-8"))


def _member_row(member: Member) -> dict[str, Any]:
    row: dict[str, Any] = {
        **image_row(member),
        "detail": member.detail,
        "role": member.role,
    }
    if member.keeper is not None:
        row |= path_fields(member.keeper, "keeper")
        row |= {
            "distance": member.distance,
            "distance_share": member.share,
            "score": member.score,
            "tier": None if member.tier is None else member.tier.name.lower(),
            "relation": member.relation,
            "keeper_lacks": list(member.keeper_lacks),
        }
    if member.frames > 1:
        row["frames"] = member.frames
    if member.ref.source != "files":
        row["source"] = member.ref.source
    if member.parts:
        row["parts"] = [path_fields(path) for path in member.parts]
    return row | {"reason": printable(member.reason)}
