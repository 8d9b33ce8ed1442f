"""Findings as text for a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from lookalike.escaping import plain as plain  # all that is made for a terminal uses it
from lookalike.folders import FolderPair

SHOWN_GROUPS = 20
SHOWN_FOLDERS = 5


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
    folders: Sequence[FolderPair],
    incomplete: Sequence[str],
    show: int | None = SHOWN_GROUPS,
    next_command: str | None = None,
) -> Iterator[str]:
    """Render findings: folder pairs, groups, summary, what to do next.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.
    folders : sequence of FolderPair
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
    yield from summary(document["stats"], document["failures"], incomplete)
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


def summary(stats: dict[str, Any], failures: list[dict[str, Any]], incomplete: Sequence[str]) -> Iterator[str]:
    """Say what was seen, found, skipped and not readable.

    Parameters
    ----------
    stats : dict
        As in the document of findings.
    failures : list of dict
        Likewise.
    incomplete : sequence of str
        What could not be seen.

    Yields
    ------
    str
        One line without its end.
    """
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
    yield from unread(failures)
    for line in incomplete:
        yield f"incomplete: {plain(line)}"


def unread(failures: list[dict[str, Any]]) -> Iterator[str]:
    """Say what could not be read, a line per kind; what an extra would read says so, by format.

    Parameters
    ----------
    failures : list of dict
        As in the document of findings.

    Yields
    ------
    str
        One line without its end.
    """
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


def counted(count: int, noun: str) -> str:
    """Return how many there are of something.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        Of what, for one.

    Returns
    -------
    str
        Both, with the noun in the plural where it belongs there.

    Examples
    --------
    >>> counted(1, "file"), counted(2000, "more group")
    ('1 file', '2,000 more groups')
    """
    return f"{count:,} {_plural(count, noun)}"
