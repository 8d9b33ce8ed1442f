"""Results as JSON, JSON Lines and CSV; files are replaced whole or not at all."""

import base64
import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lookalike.errors import UsageError
from lookalike.model import Failure, Group, ImageRef, Member

COLUMNS = (
    "group", "role", "path", "path_bytes", "width", "height", "bytes", "format", "quality", "digest", "keeper",
    "keeper_bytes", "tier", "score", "distance", "distance_share", "relation", "reason", "stage", "kind",
)  # fmt: skip
"""Columns of the CSV form: one row per member of a group, then one per failure (role ``failure``)."""


def printable(path: str) -> str:
    """Return a path that can be written as UTF-8; bytes that are not become U+FFFD.

    Parameters
    ----------
    path : str
        As `os.fsdecode` gives it.

    Returns
    -------
    str
        The same text wherever it is valid.

    Examples
    --------
    >>> printable("a\\udcffb.jpg")
    'a\\ufffdb.jpg'
    """
    return os.fsencode(path).decode("utf-8", "replace")


def path_fields(path: str, name: str = "path") -> dict[str, str]:
    """Return a path as JSON fields, with its bytes in base64 beside it where it is not UTF-8.

    Parameters
    ----------
    path : str
        As `os.fsdecode` gives it.
    name : str
        Name of the field.

    Returns
    -------
    dict
        ``{name: text}`` or ``{name: text, name_bytes: base64}``.

    Examples
    --------
    >>> path_fields("a\\udcff", "keeper")
    {'keeper': 'a\\ufffd', 'keeper_bytes': 'Yf8='}
    """
    text = printable(path)
    if text == path:
        return {name: text}
    return {name: text, f"{name}_bytes": base64.b64encode(os.fsencode(path)).decode("ascii")}


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
        writer.writerows({"group": group["id"], **member} for member in group["members"])
    writer.writerows({"role": "failure", **failure} for failure in document["failures"])
    return text.getvalue()


WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {".json": to_json, ".jsonl": to_jsonl, ".csv": to_csv}
"""File name ending -> form."""


def check_output(path: str) -> None:
    """Check that findings can be written to a file of that name, before any work is done.

    Parameters
    ----------
    path : str
        An output file.

    Raises
    ------
    UsageError
        If its ending is unknown or its folder is missing.
    """
    if Path(path).suffix.lower() not in WRITERS:
        raise UsageError(f"cannot tell what to write to {path}: let the name end in {', '.join(WRITERS)}")
    check_folder(path)


def check_folder(path: str) -> None:
    """Check that the folder of an output file is there, before any work is done.

    Parameters
    ----------
    path : str
        An output file.

    Raises
    ------
    UsageError
        If its folder is missing.
    """
    if not Path(path).resolve().parent.is_dir():
        raise UsageError(f"the folder of {path} does not exist")


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
    replace_file(path, WRITERS[Path(path).suffix.lower()](document).encode("utf-8"))


def write_paths(paths: Iterable[str], path: str) -> None:
    """Write a list of paths byte for byte, one per line; NUL after each where the name ends in ``.nul``.

    Parameters
    ----------
    paths : iterable of str
        Paths as `os.fsdecode` gives them.
    path : str
        The file to write.

    Raises
    ------
    UsageError
        If a path holds a line break and the form is lines, or the file cannot be written.
    """
    end = b"\0" if path.lower().endswith(".nul") else b"\n"
    names = [os.fsencode(name) for name in paths]
    broken = next((name for name in names if end in name), None)
    if broken is not None:
        raise UsageError(f"{os.fsdecode(broken)!r} holds a line break: give the list a name that ends in .nul")
    replace_file(path, b"".join(name + end for name in names))


def replace_file(path: str, content: bytes) -> None:
    """Write a file beside its place and move it there whole; a pipe or device is written to.

    Parameters
    ----------
    path : str
        The file to write or replace.
    content : bytes
        What it shall hold.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    target = os.path.realpath(path)  # a symlink stays one
    folder = os.path.dirname(target)
    try:
        if os.path.exists(target) and not os.path.isfile(target):  # a pipe or a device is written to, never replaced
            Path(target).write_bytes(content)
            return
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".lookalike-")
        try:
            with open(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _member_row(member: Member) -> dict[str, Any]:
    row: dict[str, Any] = {
        **_image_row(member.ref, member.width, member.height, member.format, member.quality),
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
        }
    return row | {"reason": printable(member.reason)}


def _image_row(ref: ImageRef, width: int, height: int, format_: str, quality: int | None) -> dict[str, Any]:
    return {
        **path_fields(ref.path),
        "width": width,
        "height": height,
        "bytes": ref.size,
        "format": format_,
        "quality": quality,
        "digest": None if ref.digest is None else ref.digest.hex(),
    }
