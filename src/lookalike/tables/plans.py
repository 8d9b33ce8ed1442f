"""Plans as JSON that a person can read and edit."""

import json
from typing import Any, cast, get_args

from lookalike.errors import UsageError
from lookalike.model import Orient, Tier
from lookalike.plan import PLAN_VERSION, Decision, KeepOptions, Part, Plan, PlanRoot, Verdict
from lookalike.tables.fields import Fields, load, parse
from lookalike.tables.files import path_fields, printable, replace_file


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    dict
        Keys version, created, folder, roots, options, orient, found, decisions. Fields that say nothing are left out.
    """
    options = plan.options
    return {
        "version": PLAN_VERSION,
        "created": plan.created,
        **path_fields(plan.folder, "folder"),
        "roots": [
            {**path_fields(root.path), **path_fields(root.absolute, "absolute"), "images": root.images}
            for root in plan.roots
        ],
        "options": {
            "tier": options.tier.name.lower(),
            "action": options.action,
            **({"quarantine": None} if options.quarantine is None else path_fields(options.quarantine, "quarantine")),
            "allow_loss": list(options.allow_loss),
            "flat": options.flat,
            "within": options.within,
            "across_folders": options.across_folders,
            "protect": list(options.protect),
            "metadata": options.metadata,
            "units": options.units,
        },
        "orient": plan.orient,
        "found": plan.found,
        "decisions": [_decision_row(decision) for decision in plan.decisions],
    }


def plan_to_json(plan: Plan) -> str:
    """Return a plan as JSON text.

    Parameters
    ----------
    plan : Plan
        The plan.

    Returns
    -------
    str
        ASCII only, with one trailing newline.
    """
    return json.dumps(plan_to_dict(plan), indent=1) + "\n"


def write_plan(plan: Plan, path: str) -> None:
    """Write a plan to a file.

    Parameters
    ----------
    plan : Plan
        The plan.
    path : str
        The file to write or replace.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    replace_file(path, plan_to_json(plan).encode("ascii"))


def plan_from_json(text: str | bytes) -> Plan:
    """Read a plan from JSON text.

    A field that is unknown is refused, since it may be a misspelt one. An image whose verdict was changed to keep stays
    with all that was to go along with it.

    Parameters
    ----------
    text : str or bytes
        As `plan_to_json` gives it, edited or not.

    Returns
    -------
    Plan
        The plan, checked by `lookalike.plan.check`.

    Raises
    ------
    UsageError
        If it is not JSON, or a field is missing, wrong or unknown; the message names the field and the decision.
    UnsafeError
        If it could lose a picture.
    """
    return _plan(parse(text, "the plan"))


def read_plan(path: str) -> Plan:
    """Read a plan from a file.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    Plan
        As `plan_from_json`.

    Raises
    ------
    UsageError
        If the file cannot be read, or as `plan_from_json`.
    UnsafeError
        If it could lose a picture.
    """
    return _plan(load(path, "the plan"))


def tier_of(fields: Fields, name: str) -> Tier:
    """Return the tier that a field names.

    Parameters
    ----------
    fields : Fields
        An object.
    name : str
        Name of the field.

    Returns
    -------
    Tier
        exact, copy, edit or similar.

    Raises
    ------
    UsageError
        If it names no tier.
    """
    try:
        return Tier.parse(fields.take(name, str))
    except UsageError as error:
        raise UsageError(f"{fields.label}: {error}") from error


def _decision_row(decision: Decision) -> dict[str, Any]:
    row: dict[str, Any] = {
        **path_fields(decision.path),
        "verdict": decision.verdict,
        "reason": printable(decision.reason),
        "group": decision.group,
        "bytes": decision.size,
        "mtime_ns": decision.mtime_ns,
        "digest": decision.digest.hex(),
    }
    if decision.keeper is not None:
        row |= path_fields(decision.keeper, "keeper")
    if decision.tier is not None:
        row |= {"tier": decision.tier.name.lower(), "score": decision.score, "relation": decision.relation}
    if decision.parts:
        row["parts"] = [_part_row(part) for part in decision.parts]
    if decision.metadata:
        row["metadata"] = list(decision.metadata)
    if decision.source != "files":
        row["source"] = decision.source
    return row | ({"symlink": True} if decision.symlink else {})


def _part_row(part: Part) -> dict[str, Any]:
    return {
        **path_fields(part.path),
        "bytes": part.size,
        "mtime_ns": part.mtime_ns,
        "digest": part.digest.hex(),
        **({} if part.keeper is None else path_fields(part.keeper, "keeper")),
    }


def _plan(fields: Fields) -> Plan:
    if "groups" in fields:
        raise UsageError(f"{fields.label} holds findings, not a plan: lookalike clean FINDINGS --plan PLAN makes one")
    version = fields.take("version", int)
    if version != PLAN_VERSION:
        raise UsageError(f"{fields.label} has version {version}, and this program reads {PLAN_VERSION}: make it again")
    orient = fields.take("orient", str)
    if orient not in get_args(Orient):
        fields.wrong("orient", f"one of {', '.join(get_args(Orient))}")
    roots = tuple(_root(root) for root in fields.objects("roots", "root"))
    options = _options(Fields(fields.take("options", dict), f"{fields.label}, options"))
    created, folder, found = fields.take("created", str), fields.path("folder"), fields.take("found", dict)
    decisions = tuple(_decision(row) for row in fields.objects("decisions", "decision"))
    fields.end()
    return Plan(created, folder, roots, options, cast("Orient", orient), decisions, found)


def _root(fields: Fields) -> PlanRoot:
    root = PlanRoot(fields.path("path"), fields.path("absolute"), fields.take("images", int))
    fields.end()
    return root


def _options(fields: Fields) -> KeepOptions:
    options: dict[str, Any] = {
        "tier": tier_of(fields, "tier"),
        "quarantine": fields.nullable_path("quarantine"),
        "within": fields.nullable("within", int),
        **{name: fields.texts(name) for name in ("allow_loss", "protect")},
        **{name: fields.take(name, bool) for name in ("flat", "across_folders", "units")},
        **{name: fields.take(name, str) for name in ("action", "metadata")},
    }
    fields.end()
    try:
        return KeepOptions(**options)
    except UsageError as error:
        raise UsageError(f"{fields.label}: {error}") from error


def _decision(fields: Fields) -> Decision:
    path = fields.path("path")
    fields.label += f" ({printable(path)})"
    verdict = fields.take("verdict", str)
    if verdict not in get_args(Verdict):
        fields.wrong("verdict", "keep or remove")
    goes = verdict == "remove"
    tier = None if fields.nullable("tier", str) is None else tier_of(fields, "tier")
    keeper = fields.nullable_path("keeper")
    parts = tuple(_part(part) for part in fields.objects("parts", "part")) if "parts" in fields else ()
    metadata = fields.texts("metadata") if "metadata" in fields else ()
    decision = Decision(
        path, cast("Verdict", verdict), fields.take("group", int), fields.take("bytes", int),
        fields.take("mtime_ns", int), fields.digest("digest"), fields.take("reason", str),
        keeper=keeper if goes else None, tier=tier, score=fields.share("score"),
        relation=fields.optional("relation", str, ""), parts=parts if goes else (), metadata=metadata if goes else (),
        symlink=fields.optional("symlink", bool, False), source=fields.optional("source", str, "files"),
    )  # fmt: skip
    fields.end()
    return decision


def _part(fields: Fields) -> Part:
    path = fields.path("path")
    fields.label += f" ({printable(path)})"
    part = Part(
        path, fields.take("bytes", int), fields.take("mtime_ns", int), fields.digest("digest"),
        fields.nullable_path("keeper"),
    )  # fmt: skip
    fields.end()
    return part
