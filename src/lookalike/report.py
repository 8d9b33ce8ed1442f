"""Findings as text for a terminal."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from lookalike.plan import Decision, Plan

SHOWN_GROUPS = 20
SHOWN_CONFLICTS = 20
CONFLICT = "label conflict: "
"""How the reason of a duplicate begins that lies in another class than its keeper."""
SHOWN_FOLDERS = 5


class FolderShare(Protocol):
    """How much of one folder is found again in another; see `lookalike.folders.FolderPair`."""

    @property
    def folder(self) -> str:
        """The folder whose images are found again."""

    @property
    def other(self) -> str:
        """Where they are found."""

    @property
    def contained(self) -> int:
        """How many are."""

    @property
    def images(self) -> int:
        """Of how many."""

    @property
    def size(self) -> int:
        """Bytes of those."""


def plain(text: str) -> str:
    """Return text that cannot move the cursor: control characters and undecodable bytes are written as escapes.

    Parameters
    ----------
    text : str
        Any text, such as a path.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> plain("a\\nb\\x1b[2J\\udcff.jpg")
    'a\\\\nb\\\\x1b[2J\\\\udcff.jpg'
    """
    return re.sub(
        "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]",
        lambda found: repr(found[0])[1:-1],
        text,
    )


def amount(size: int) -> str:
    """Return bytes as people read them.

    Parameters
    ----------
    size : int
        Bytes.

    Returns
    -------
    str
        In units of 1,000, one decimal.

    Examples
    --------
    >>> amount(14_200_000_000), amount(999)
    ('14.2 GB', '999 B')
    """
    number = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 999.95 or unit == "TB":
            return f"{size} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError


def lines(
    document: dict[str, Any],
    *,
    folders: Sequence[FolderShare],
    incomplete: Sequence[str],
    show: int | None = SHOWN_GROUPS,
    next_command: str | None = None,
) -> Iterator[str]:
    """Render findings: folder pairs, groups, summary, what to do next.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.
    folders : sequence of FolderShare
        Folders found again elsewhere, most bytes first.
    incomplete : sequence of str
        What could not be seen.
    show : int or None
        Most groups to show; None for all.
    next_command : str, optional
        A command to suggest, complete.

    Yields
    ------
    str
        One line without its end.
    """
    for pair in folders[:SHOWN_FOLDERS]:
        yield (
            f"{plain(pair.folder) or '.'} -> {plain(pair.other) or '.'}: "
            f"{pair.contained:,} of {pair.images:,} contained, {amount(pair.size)}"
        )
    if folders:
        yield ""
    groups = document["groups"]
    for group in groups[:show]:
        yield from _group(group)
        yield ""
    hidden = document["stats"]["groups"] - len(groups[:show])
    if hidden > 0:
        yield f"... and {hidden:,} more {_plural(hidden, 'group')}: --show all, or --output FILE.json"
        yield ""
    yield from _summary(document["stats"], document["failures"], incomplete)
    if next_command is not None:
        yield ""
        yield f"Next: {next_command}"


def _group(group: dict[str, Any]) -> Iterator[str]:
    members = group["members"]
    saving = f", {amount(group['saving'])} in duplicates" if group["saving"] else ""
    yield f"Group {group['id']}: {len(members)} images{saving}"
    for member in members:
        size = f"{member['width']}x{member['height']} {member['format']}, {amount(member['bytes'])}"
        for part in member.get("parts", ()):
            size += f", with {plain(part['path'].rpartition('/')[2])}"
        if member["role"] == "keeper":
            yield f"  keep  {plain(member['path'])}  ({size})  {plain(member['reason'])}"
            continue
        tier = member["tier"] or "not verified"
        score = "" if member["score"] is None or tier == "exact" else f", score {member['score']:.3f}"
        against = "" if member["keeper"] == group["keeper"] else f" of {plain(member['keeper'])}"
        lacks = f", the keeper carries less: {', '.join(member['keeper_lacks'])}" if member["keeper_lacks"] else ""
        yield f"  {tier:<5} {plain(member['path'])}  ({size})  {member['relation']}{against}{score}{lacks}"


def _summary(stats: dict[str, Any], failures: list[dict[str, Any]], incomplete: Sequence[str]) -> Iterator[str]:
    cached = f", {stats['cached']:,} of them known from before" if stats["cached"] else ""
    yield f"{stats['images']:,} {_plural(stats['images'], 'image')}{cached}, in {stats['seconds']:.1f} s"
    if not stats["images"]:
        yield "nothing to read: no images there"
    tiers = ", ".join(f"{count:,} {tier}" for tier, count in stats["by_tier"].items())
    if stats["groups"]:
        yield (
            f"{stats['groups']:,} {_plural(stats['groups'], 'group')} with {stats['duplicates']:,} "
            f"{_plural(stats['duplicates'], 'duplicate')} ({tiers}), {amount(stats['bytes_in_duplicates'])} in duplicates"
        )
    elif stats["images"]:
        yield "no duplicates found"
    if "against" in stats:
        counts = stats["against"]
        yield (
            f"of the images under test {counts['matched']:,} are in the reference, {counts['unmatched']:,} are not, "
            f"{counts['unreadable']:,} could not be read"
        )
    if stats["skipped"]:
        yield "skipped: " + ", ".join(f"{count:,} {kind}" for kind, count in stats["skipped"].items())
    yield from _failures(failures)
    for line in incomplete:
        yield f"incomplete: {plain(line)}"


def _failures(failures: list[dict[str, Any]]) -> Iterator[str]:
    """One line per kind; what an extra would read says so, by format."""
    needs = Counter(
        row["reason"] for row in failures if row["kind"] == "unsupported" and "pip install" in row["reason"]
    )
    for reason, count in sorted(needs.items()):
        name, _, rest = reason.partition(" needs a decoder: ")
        yield f"{count:,} {name} not read: {rest}"
    others = [row for row in failures if row["reason"] not in needs]
    for kind in sorted({row["kind"] for row in others}):
        rows = [row for row in others if row["kind"] == kind]
        example = f"{plain(rows[0]['path'])}: {plain(rows[0]['reason'])}"
        yield f"{len(rows):,} not read, {kind} ({'for example ' if len(rows) > 1 else ''}{example})"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"


def plan_lines(plan: Plan, freed: Mapping[str, int], *, show: int | None = SHOWN_GROUPS) -> Iterator[str]:
    """Render a plan: who stays, who goes, why, and how much space that is; then what stays although it is a duplicate.

    Parameters
    ----------
    plan : Plan
        The plan.
    freed : mapping of str to int
        Bytes that become free with each file, once it is purged.
    show : int or None
        Most groups to show; None for all.

    Yields
    ------
    str
        One line without its end.
    """
    groups = [list(found) for _, found in groupby(plan.decisions, key=lambda decision: decision.group)]
    for group in groups[:show]:
        yield f"Group {group[0].group}"
        for decision in group:
            yield from _decision(decision)
        yield ""
    if len(groups) > len(groups[:show]):
        hidden = len(groups) - len(groups[:show])
        yield f"... and {hidden:,} more {_plural(hidden, 'group')}: --show all, or --plan FILE.json"
        yield ""
    conflicts = [one for one in plan.decisions if one.verdict == "keep" and one.reason.startswith(CONFLICT)]
    for decision in conflicts[: show and SHOWN_CONFLICTS]:
        yield f"{plain(decision.path)}: {plain(decision.reason)}"
    parts = sum(len(decision.parts) for decision in plan.removals)
    along = (
        f" and {parts:,} {_plural(parts, 'file')} that {'belongs' if parts == 1 else 'belong'} to them" if parts else ""
    )
    count = len(plan.removals)
    yield (
        f"{count:,} {_plural(count, 'image')}{along} would go ({plan.options.action}), "
        f"{amount(sum(freed.values()))} {'at once' if plan.options.action == 'delete' else 'once that is purged'}"
        if count
        else "no image would go"
    )
    stay = Counter(_kind(one.reason) for one in plan.decisions if one.verdict == "keep" and one.tier is not None)
    for reason, number in stay.most_common():
        yield f"stays: {number:,} {_plural(number, 'duplicate')}, {plain(reason)}"


def _decision(decision: Decision) -> Iterator[str]:
    """One line for an image, and one for each file that goes along with it."""
    size = amount(decision.size)
    if decision.verdict == "keep":
        alike = "" if decision.tier is None else f"{decision.tier.name.lower()}, {decision.relation}; "
        verb = "keep " if decision.tier is None else "stays"
        yield f"  {verb}  {plain(decision.path)}  ({size})  {alike}{plain(decision.reason)}"
        return
    assert decision.tier is not None
    assert decision.keeper is not None
    link = "symlink, " if decision.symlink else ""
    merged = f"; its {', '.join(decision.metadata)} go to a sidecar of the keeper" if decision.metadata else ""
    alike = f"{decision.tier.name.lower()} of {plain(decision.keeper)}: {decision.relation}"
    yield f"  goes   {plain(decision.path)}  ({link}{size})  {alike}; {plain(decision.reason)}{merged}"
    for part in decision.parts:
        yield f"         {plain(part.path)}  ({amount(part.size)})  goes along with it"


def _kind(reason: str) -> str:
    return reason.partition(":")[0].partition(" (")[0]
