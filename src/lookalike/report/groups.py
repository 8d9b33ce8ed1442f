"""Findings as one HTML page: groups with pictures, the least certain first; and a few of them for a notebook."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from lookalike.model import Tier
from lookalike.report import SHOWN_FOLDERS, FolderShare, amount, counted
from lookalike.report.charts import Bar, bars
from lookalike.report.html import NO_PICTURE, page, part, safe, source, style
from lookalike.report.prospects import Prospects

Row = Mapping[str, Any]
Pictures = Callable[[Sequence[Row]], Iterator[bytes | None]]
"""Groups in the order shown -> a WebP file for each of their members, in order; None where there is none."""

LIMIT = 40_000_000
"""Bytes that a page may take."""
FAILURES_LIMIT, LINES_LIMIT = LIMIT // 5, LIMIT // 40
"""Of these, bytes of rows of failures, and of warnings and other lines."""
SLOT = "\0"
"""Stands where a picture will be; text from elsewhere holds none, as control characters are written as escapes."""
LEFT = ("failures", "lines", "groups", "pictures")
"""What may be left out."""
TIERS = ("exact", "copy", "edit", "similar")
SIZES = ((2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 99), (100, None))
MOST_BARS = 12


def riskiest_first(groups: Sequence[Row]) -> list[Row]:
    """Sort groups by how uncertain they are.

    Parameters
    ----------
    groups : sequence of dict
        As in the document of findings.

    Returns
    -------
    list of dict
        By the loosest tier of a member (never verified is looser than all), then the lowest score, then the largest distance
        share; the rest in the order given.

    Examples
    --------
    >>> def group(name, tier, score, share):
    ...     return {"id": name, "members": [{}, {"tier": tier, "score": score, "distance_share": share}]}
    >>> given = [group(1, "copy", 0.9, 0.1), group(2, "edit", 1, 0), group(3, "copy", 0.8, 0), group(4, "copy", 0.9, 0.2)]
    >>> [group["id"] for group in riskiest_first(given)]
    [2, 3, 4, 1]
    """
    return sorted(groups, key=_risk)


def findings_page(
    document: Row,
    pictures: Pictures,
    *,
    incomplete: Sequence[str] = (),
    folders: Sequence[FolderShare] = (),
    full: bool = False,
    limit: int = LIMIT,
) -> Iterator[str]:
    """Render findings as a page that needs nothing else: no other file, no network, and no script to be read.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.
    pictures : callable
        Makes the pictures of some groups; asked once, for the groups that are shown.
    incomplete : sequence of str
        What could not be seen.
    folders : sequence of FolderShare
        Folders found again elsewhere, most bytes first.
    full : bool
        Whether the page may take as many bytes as it needs.
    limit : int
        Else how many it may take. Where these do not do, pictures are left out first, those of the most certain groups; then
        groups; and the page says so.

    Yields
    ------
    str
        HTML, part by part.
    """
    prospects = Prospects(document)
    article, failure_row = part("group.html", "article"), part("group.html", "failure")
    ranked = riskiest_first(document["groups"])
    lines = [*document["warnings"], *(f"incomplete: {line}" for line in incomplete)]
    values: dict[str, Any] = {
        "document": document, "charts": _charts(document), "folders": folders[:SHOWN_FOLDERS],
        "lines": lines, "facts": _facts(document), "skipped": _skipped(document),
    }  # fmt: skip
    rows = (safe(failure_row(failure)) for failure in document["failures"])
    made = ((group, article(group_view(group, prospects), safe(SLOT)).split(SLOT)) for group in ranked)
    if full:
        drawn = pictures(ranked)
        yield from _page(
            values, rows, _filled((pieces for _, pieces in made), map(source, drawn)), dict.fromkeys(LEFT, 0)
        )
        return
    failed = _prefix(rows, FAILURES_LIMIT)
    values["lines"] = _prefix(lines, LINES_LIMIT)
    left = {"failures": len(document["failures"]) - len(failed), "lines": len(lines) - len(values["lines"])}
    # What was left out is said in words whose length hardly varies: measured with the largest numbers.
    counts = dict.fromkeys(LEFT, 10**9)
    room = limit - sum(len(text.encode("utf-8")) for text in _page(values, failed, iter(()), counts))
    shown, members = [], 0
    for group, pieces in made:
        size = sum(len(piece.encode("utf-8")) for piece in pieces) + len(NO_PICTURE) * (len(pieces) - 1)
        if size <= room:
            room -= size
            members += len(pieces) - 1
            shown.append((group, pieces))
    sources = []
    for picture in pictures([group for group, _ in shown]):
        sources.append(source(picture))
        room -= len(sources[-1]) - len(NO_PICTURE)
        if room < 0:
            sources.pop()
            break
    left |= {"groups": len(ranked) - len(shown), "pictures": members - len(sources)}
    sources += [NO_PICTURE] * left["pictures"]
    yield from _page(values, failed, _filled((pieces for _, pieces in shown), iter(sources)), left)


def fragment(document: Row, pictures: Pictures) -> str:
    """Render the groups of a document for a notebook: a piece of HTML with its own style.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`, with as many groups as are to be shown.
    pictures : callable
        Makes their pictures.

    Returns
    -------
    str
        HTML; the groups in the order of the document.
    """
    prospects, article = Prospects(document), part("group.html", "article")
    groups = document["groups"]
    made = (article(group_view(group, prospects), safe(SLOT)).split(SLOT) for group in groups)
    articles = _filled(made, map(source, pictures(groups)))
    return part("group.html", "fragment")(safe(style("looks.css")), document["stats"], len(groups), articles)


def group_view(group: Row, prospects: Prospects) -> dict[str, Any]:
    """Return what a page says of a group.

    Parameters
    ----------
    group : dict
        As in the document of findings.
    prospects : Prospects
        Of the document.

    Returns
    -------
    dict
        Keys id, saving, tiers, score, members, as the template wants them.
    """
    members = {row["path"]: row for row in group["members"]}
    tiers = Counter(row["tier"] or "not verified" for row in group["members"][1:])
    scores = [row["score"] for row in group["members"][1:] if row["score"] is not None and row["tier"] != "exact"]
    return {
        "id": group["id"],
        "saving": group["saving"],
        "count": len(group["members"]),
        "tiers": [tier for tier in (*TIERS, "not verified") if tier in tiers],
        "lowest": f"{min(scores):.3f}" if scores else None,
        "members": [_member_view(row, group, members, prospects) for row in group["members"]],
    }


def _member_view(member: Row, group: Row, members: Mapping[str, Row], prospects: Prospects) -> dict[str, Any]:
    keeper = None if member["role"] == "keeper" else members.get(member["keeper"], group["members"][0])
    folder, slash, name = member["path"].rpartition("/")
    quality = "" if member["quality"] is None else f", quality {member['quality']}"
    frames = f", {counted(member['frames'], 'frame')}" if member.get("frames", 1) > 1 else ""
    beside = "".join(f", with {row['path'].rpartition('/')[2]}" for row in member.get("parts", ()))
    view = {
        "folder": folder + slash,
        "name": name,
        "size": f"{member['width']:,} × {member['height']:,}, {amount(member['bytes'])}",  # noqa: RUF001 - it is what is meant
        "format": f"{member['format']}{quality}{frames}{beside}",
        "tier": "keeper" if keeper is None else member["tier"] or "not verified",
        "prospect": prospects.of(member, keeper),
    }
    if keeper is not None:
        bits, share = member["distance"], member["distance_share"]
        view["relation"] = "" if member["relation"] == member["tier"] else member["relation"]
        view["against"] = "" if member["keeper"] == group["keeper"] else member["keeper"]
        view["distance"] = f"{counted(bits, 'bit')} ({share:.1%})"
        view["score"] = None if member["score"] is None else f"{member['score']:.3f}"
        view["reason"] = member["reason"]
    return view


def _risk(group: Row) -> tuple[int, float, float]:
    rows = group["members"][1:]
    tiers = [Tier.NONE if row["tier"] is None else Tier.parse(row["tier"]) for row in rows]
    scores = [0 if row["score"] is None else row["score"] for row in rows]
    shares = [row["distance_share"] or 0 for row in rows]
    return -max(tiers), min(scores), -max(shares)


def _page(values: Mapping[str, Any], failures: Any, articles: Iterator[str], left: Mapping[str, int]) -> Iterator[str]:
    return page(
        "findings.html", styles=("looks.css", "page.css"), script="findings.js",
        failures=failures, articles=articles, left=left, **values,
    )  # fmt: skip


def _filled(articles: Iterator[list[str]], sources: Iterator[str]) -> Iterator[str]:
    """Yield articles with their pictures, of which each takes as many as it has slots."""
    for first, *others in articles:
        yield safe(first + "".join(next(sources) + piece for piece in others))


def _prefix(texts: Any, most: int) -> list[str]:
    """Return the first texts, as many as fit."""
    taken = []
    for text in texts:
        most -= len(text.encode("utf-8", "replace")) + 40  # the element around it
        if most < 0:
            break
        taken.append(text)
    return taken


def _charts(document: Row) -> list[str]:
    groups = document["groups"]
    members = list(chain.from_iterable(group["members"][1:] for group in groups))
    if not members:
        return []
    sizes = Counter(len(group["members"]) for group in groups)
    rows = [
        (f"{low} images" if low == high else f"{low}-{high}" if high else f"{low} or more", low, high)
        for low, high in SIZES
    ]
    counts = [
        (label, sum(sizes[size] for size in sizes if size >= low and size <= (high or size)))
        for label, low, high in rows
    ]
    space = dict.fromkeys(TIERS[:3], 0)
    for row in members:
        if row["role"] == "duplicate" and row["relation"] != "same file":
            space[row["tier"]] += row["bytes"]
    return [
        safe(bars("sizes", "Groups by size", [Bar(label, count, f"{count:,}") for label, count in counts if count])),
        safe(bars("distances", "Images by distance to their keeper, in bits", _distances(members))),
        safe(bars("space", "Bytes of duplicates by tier", [Bar(tier, of, amount(of), tier) for tier, of in space.items()])),
    ]  # fmt: skip


def _distances(members: Sequence[Row]) -> list[Bar]:
    distances = Counter(row["distance"] for row in members)
    step = max(distances) // MOST_BARS + 1
    binned = Counter(distance // step for distance in distances.elements())
    return [
        Bar(f"{at * step}" if step == 1 else f"{at * step}-{at * step + step - 1}", binned[at], f"{binned[at]:,}")
        for at in range(max(binned) + 1)
    ]


def _facts(document: Row) -> list[tuple[str, str]]:
    stats = document["stats"]
    facts = [
        ("images", f"{stats['images']:,}"),
        ("groups", f"{stats['groups']:,}"),
        ("duplicates", f"{stats['duplicates']:,}"),
        ("in duplicates", amount(stats["bytes_in_duplicates"])),
    ]
    facts += [(tier, f"{count:,}") for tier, count in stats["by_tier"].items()]
    if "against" in stats:
        facts += [(f"{name}, against the reference", f"{count:,}") for name, count in stats["against"].items()]
    return [*facts, ("not read", f"{len(document['failures']):,}")]


def _skipped(document: Row) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in document["stats"]["skipped"].items())
