"""Findings as one HTML page: groups with pictures, the least certain first; and a few of them for a notebook."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from lookalike.folders import FolderPair
from lookalike.model import Tier
from lookalike.report import SHOWN_FOLDERS, amount, counted
from lookalike.report.fitting import LIMIT, SLOT, Pictures, filled, fitted
from lookalike.report.html import asset, page, part, safe
from lookalike.report.overview import overview
from lookalike.report.prospects import Prospects

Row = Mapping[str, Any]
Key = tuple[str, str | None]
TIERS = ("exact", "copy", "edit", "similar")


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
    folders: Sequence[FolderPair] = (),
    full: bool = False,
    limit: int = LIMIT,
    real: Callable[[Any], Any] | None = None,
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
    folders : sequence of FolderPair
        Folders found again elsewhere, most bytes first.
    full : bool
        Whether the page may take as many bytes as it needs.
    limit : int
        Else how many it may take. Where these do not do, pictures are left out first, those of the most certain groups; then
        groups; and the page says so.
    real : callable, optional
        As for `Prospects`.

    Yields
    ------
    str
        HTML, part by part.
    """
    prospects = Prospects(document, real)
    article = part("group.html", "article")
    ranked = riskiest_first(document["groups"])
    shell = partial(
        page, "findings.html", styles=("looks.css", "page.css"), script="findings.js",
        document=document, folders=folders[:SHOWN_FOLDERS], **overview(document),
    )  # fmt: skip
    yield from fitted(
        shell,
        ranked,
        (article(group_view(group, prospects), safe(SLOT)) for group in ranked),
        pictures,
        failures=document["failures"],
        lines=[*document["warnings"], *(f"incomplete: {line}" for line in incomplete)],
        limit=None if full else limit,
    )


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
    articles = filled((article(group_view(group, prospects), safe(SLOT)) for group in groups), pictures(groups))
    return part("group.html", "fragment")(safe(asset("looks.css")), document["stats"], len(groups), articles)


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
    members = {_key(row, "path"): row for row in group["members"]}
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


def _member_view(member: Row, group: Row, members: Mapping[Key, Row], prospects: Prospects) -> dict[str, Any]:
    keeper = None if member["role"] == "keeper" else members.get(_key(member, "keeper"), group["members"][0])
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


def _key(row: Row, name: str) -> Key:
    """Return what tells a path from all others: two that are not UTF-8 may look the same."""
    return row[name], row.get(f"{name}_bytes")


def _risk(group: Row) -> tuple[int, float, float]:
    rows = group["members"][1:]
    tiers = [Tier.NONE if row["tier"] is None else Tier.parse(row["tier"]) for row in rows]
    scores = [0 if row["score"] is None else row["score"] for row in rows]
    shares = [row["distance_share"] or 0 for row in rows]
    return -max(tiers, default=Tier.EXACT), min(scores, default=1), -max(shares, default=0)
