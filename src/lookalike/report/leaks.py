"""Leaks as text for a terminal, and as one HTML page with pictures."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from lookalike import report
from lookalike.report import amount, counted, plain
from lookalike.report.fitting import LIMIT, SLOT, Pictures, fitted
from lookalike.report.html import page, part, safe

Row = Mapping[str, Any]

SHOWN_PAIRS = 20
SHOWN_MEMBERS = 20
"""Most images of a contradiction that are told one by one."""
MOST_ROWS = 1000
"""Most rows of a table on the page."""
NOT_VERIFIED = "not verified"
NO_CLASSES = (
    "no folders look like classes, so that labels are not compared (--within DEPTH: so many folder names make a class)"
)


def lines(
    document: Row, *, show: int | None = SHOWN_PAIRS, accept: str | None = None, suggested: str | None = None
) -> Iterator[str]:
    """Render leaks: splits, counts, classes, contradictions, pairs, and what would accept them.

    Parameters
    ----------
    document : dict
        From `lookalike.Leaks.to_dict`.
    show : int or None
        Most pairs, classes, contradictions and decisions to show; None for all.
    accept : str, optional
        The file to which the decisions that accept new pairs are to be added; None leaves them out.
    suggested : str, optional
        The command line that writes lists without leaks.

    Yields
    ------
    str
        One line without its end.
    """
    yield from _pairs(document, show)
    yield from _contradictions(document["contradictions"], show)
    yield from _by_class(document["by_class"], show)
    yield from _between(document)
    yield from _seen(document)
    if accept is not None and document["accept"]:
        yield ""
        yield f"To accept what is new, add these lines to {plain(accept)}:"
        yield from (json.dumps(row) for row in document["accept"][:show])
        yield from _more(document["accept"], show, "decision")
    if suggested is not None:
        yield ""
        yield f"Next: {suggested}   (a list of images per split, so that no group lies in two)"


def leaks_page(document: Row, pictures: Pictures, *, full: bool = False, limit: int = LIMIT) -> Iterator[str]:
    """Render leaks as a page that needs nothing else.

    Parameters
    ----------
    document : dict
        From `lookalike.Leaks.to_dict`.
    pictures : callable
        Makes the pictures of some groups; asked once, for the groups that are shown.
    full : bool
        Whether the page may take as many bytes as it needs.
    limit : int
        Else how many it may take.

    Yields
    ------
    str
        HTML, part by part.
    """
    article = part("leak.html", "article")
    groups = _least_certain_first(document)
    shell = partial(
        page, "leaks.html", styles=("looks.css", "page.css"), script="findings.js" if groups else None,
        document=document, names=[split["name"] for split in document["splits"]], facts=_facts(document),
        skipped=", ".join(f"{count:,} {kind}" for kind, count in document["stats"]["skipped"].items()),
        matrix=_matrix(document), unlabelled=None if _labelled(document) else NO_CLASSES,
        classes=document["by_class"][:MOST_ROWS], share=_share, shown=bool(groups),
        contradictions=[_shortened(row) for row in document["contradictions"][:MOST_ROWS]],
    )  # fmt: skip
    yield from fitted(
        shell,
        groups,
        (article(view, safe(SLOT)) for view in _views(document, groups)),
        pictures,
        failures=document["failures"],
        lines=[*document["warnings"], *(f"incomplete: {line}" for line in document["incomplete"])],
        limit=None if full else limit,
    )


def _pairs(document: Row, show: int | None) -> Iterator[str]:
    pairs = [pair for pair in document["pairs"] if not pair["known"]]
    for pair in pairs[:show]:
        sides = [pair["image"], pair["keeper"]]
        first, second = (f"{plain(side['path'])} ({plain(side['split'])})" for side in sides)
        met = pair["through"]
        what = f"{pair['relation']} of" if met is None else f"by way of {plain(met)}:"
        score = "" if pair["score"] is None or pair["tier"] == "exact" else f", score {pair['score']:.3f}"
        labels = [plain(side["class"]) for side in sides]
        differ = f", labelled {labels[0]} and {labels[1]}" if all(labels) and labels[0] != labels[1] else ""
        yield f"  {pair['tier'] or NOT_VERIFIED:<7} {first}  {what} {second}{score}{differ}"
    yield from _more(pairs, show, "pair")
    if pairs:
        yield ""


def _contradictions(rows: Sequence[Row], show: int | None) -> Iterator[str]:
    if not rows:
        return
    yield f"{counted(len(rows), 'contradiction')}, the same picture in different classes:"
    for row in rows[:show]:
        short = _shortened(row)
        members = [f"{plain(one['path'])} ({plain(one['split'])})" for one in short["members"]]
        more = f", and {counted(short['more'], 'more image')}" if short["more"] else ""
        yield f"  {plain(', '.join(row['classes']))}: {', '.join(members)}{more}"
    yield from _more(rows, show, "contradiction")
    yield ""


def _by_class(rows: Sequence[Row], show: int | None) -> Iterator[str]:
    if not rows:
        return
    names = [plain(row["class"]) for row in rows[:show]]
    width = max(len(name) for name in (*names, "class"))
    yield f"{'class':<{width}}  pairs  images in both"
    for name, row in zip(names, rows[:show], strict=True):
        yield f"{name:<{width}}  {row['pairs']:>5,}  {_both(row)}"
    yield from _more(rows, show, "row")
    yield ""


def _between(document: Row) -> Iterator[str]:
    tiers = list(document["stats"]["by_tier"])
    names = [plain(", ".join(row["splits"])) for row in document["between"]]
    width = max(len(name) for name in (*names, "splits"))
    heads = "  ".join(f"{tier:>7}" for tier in tiers)
    yield f"{'splits':<{width}}  pairs  {heads}  images in both"
    for name, row in zip(names, document["between"], strict=True):
        cells = "  ".join(f"{row['by_tier'].get(tier, 0):>{max(len(tier), 7)},}" for tier in tiers)
        yield f"{name:<{width}}  {row['pairs']:>5,}  {cells}  {_both(row)}"
    yield ""


def _both(row: Row) -> str:
    parts = zip(row["images"], row["of"], row["splits"], strict=True)
    return "; ".join(f"{plain(name)} {_share(count, of)}" for count, of, name in parts)


def _seen(document: Row) -> Iterator[str]:
    stats = document["stats"]
    cached = f", {stats['cached']:,} of them known from before" if stats["cached"] else ""
    yield f"{counted(stats['images'], 'image')}{cached}, in {stats['seconds']:.1f} s"
    known = stats["pairs"] - stats["new"]
    if stats["pairs"]:
        beside = f", {known:,} of them in the baseline" if known else ""
        yield f"{counted(stats['pairs'], 'pair')} across splits in {counted(stats['groups'], 'group')}{beside}"
    else:
        unread = stats["failed"] or stats["failed_folders"] or document["incomplete"]
        yield "no picture of one split is in another" + (", as far as they could be read" if unread else "")
    if not _labelled(document):
        yield NO_CLASSES
    if stats["skipped"]:
        yield "skipped: " + ", ".join(f"{count:,} {kind}" for kind, count in stats["skipped"].items())
    yield from report.unread(document["failures"])
    yield from (f"incomplete: {plain(line)}" for line in document["incomplete"])


def _labelled(document: Row) -> bool:
    return any(split["classes"] for split in document["splits"])


def _more(rows: Sequence[Any], show: int | None, noun: str) -> Iterator[str]:
    hidden = len(rows) - len(rows[:show])
    if hidden > 0:
        yield f"... and {counted(hidden, f'more {noun}')}: --show all, or --output FILE.json"


def _share(count: int, of: int) -> str:
    return f"{count:,} of {of:,}" + (f" ({count / of:.1%})" if count else "")


def _facts(document: Row) -> list[tuple[str, str]]:
    stats = document["stats"]
    facts = [(split["name"], f"{split['images']:,}") for split in document["splits"]]
    facts.append(("pairs across splits", f"{stats['pairs']:,}"))
    facts += [(tier, f"{count:,}") for tier, count in stats["by_tier"].items()]
    if stats["new"] != stats["pairs"]:
        facts.append(("not in the baseline", f"{stats['new']:,}"))
    return [*facts, ("contradictions", f"{stats['contradictions']:,}"), ("not read", f"{len(document['failures']):,}")]


def _matrix(document: Row) -> list[list[str]]:
    """Return for each split how many of its images are in each split."""
    names = [split["name"] for split in document["splits"]]
    shares = {
        pair: _share(count, of)
        for row in document["between"]
        for pair, count, of in zip(
            (tuple(row["splits"]), tuple(row["splits"][::-1])), row["images"], row["of"], strict=True
        )
    }
    return [[shares.get((name, other), "") for other in names] for name in names]


def _shortened(row: Row) -> dict[str, Any]:
    members = row["members"]
    return {**row, "members": members[:SHOWN_MEMBERS], "more": len(members[SHOWN_MEMBERS:])}


def _key(row: Row, name: str = "path") -> tuple[str, str | None]:
    return row[name], row.get(f"{name}_bytes")


def _least_certain_first(document: Row) -> list[Row]:
    """Return groups in the order of their least certain pairs, then contradictions that none of them shows."""
    groups = {group["id"]: group for group in document["groups"]}
    ranked = [groups[number] for number in dict.fromkeys(pair["group"] for pair in document["pairs"])]
    shown = {_key(member) for group in ranked for member in group["members"]}
    return ranked + [row for row in document["contradictions"] if not shown.issuperset(map(_key, row["members"]))]


def _views(document: Row, groups: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield what the page says of groups."""
    pairs: dict[int, list[Row]] = defaultdict(list)
    for pair in document["pairs"]:
        pairs[pair["group"]].append(pair)
    classes: dict[tuple[str, str | None], list[str]] = {}
    for row in document["contradictions"]:
        classes |= dict.fromkeys(map(_key, row["members"]), row["classes"])
    for at, group in enumerate(groups):
        own = pairs[group["id"]] if "id" in group else []
        of: dict[tuple[str, str | None], list[dict[str, Any]]] = defaultdict(list)
        for pair in own:
            of[_key(pair["image"])].append(_pair_view(pair))
        scores = [pair["score"] for pair in own if pair["score"] is not None and pair["tier"] != "exact"]
        members = group["members"]
        yield {
            "id": f"g{group['id']}" if "id" in group else f"c{at}",
            "title": f"Group {group['id']}" if "id" in group else "Contradiction",
            "splits": list(dict.fromkeys(member["split"] for member in members)),
            "tiers": list(dict.fromkeys(pair["tier"] or NOT_VERIFIED for pair in own)),
            "lowest": f"{min(scores):.3f}" if scores else None,
            "classes": next((classes[_key(member)] for member in members if _key(member) in classes), []),
            "members": [_member_view(member, of[_key(member)]) for member in members],
        }


def _pair_view(pair: Row) -> dict[str, Any]:
    measured = []
    if pair["distance"] is not None:
        measured.append(f"{counted(pair['distance'], 'bit')} ({pair['distance_share']:.1%})")
    if pair["score"] is not None:
        measured.append(f"score {pair['score']:.3f}")
    return {
        "tier": pair["tier"] or NOT_VERIFIED, "relation": "" if pair["relation"] == pair["tier"] else pair["relation"],
        "of": pair["through"] or pair["keeper"]["path"], "through": pair["through"] is not None,
        "measured": ", ".join(measured),
    }  # fmt: skip


def _member_view(member: Row, pairs: Sequence[Row]) -> dict[str, Any]:
    folder, slash, name = member["path"].rpartition("/")
    quality = "" if member["quality"] is None else f", quality {member['quality']}"
    return {
        "folder": folder + slash,
        "name": name,
        "split": member["split"],
        "label": member["class"],
        "size": f"{member['width']:,} × {member['height']:,}, {amount(member['bytes'])}",  # noqa: RUF001 - it is what is meant
        "format": f"{member['format']}{quality}",
        "pairs": pairs,
    }
